package secrettest_test

import (
	"testing"

	"github.com/firsttap/firsttap/internal/secrettest"
)

func TestDigits_FindsASecretAndNoNumberThatLooksLikeIt(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		`{"pin":"7391"}`: 1, `{"pin":7391}`: 1, "code=7391 ": 1, "7391": 1, "the PIN 7391, or 7391": 2, "/activate?code=7391": 1,
		`{"body":"{\"pin\":\"7391\"}"}`: 1, `"cause":"PIN 7391: weak"`: 1, "%5B7391": 0, // an escaped bracket ends in a letter
		"a17391b": 0, "17391": 0, "73910": 0, "0.7391": 0, "12:00:00.7391": 0, `"time":"2026-12-01T10:00:07.739150Z"`: 0,
		"01990000-7391-7000-8000-000000000000": 0, "127.0.0.1:7391": 0, "evt_01JNNZ7Q5T3H8M2C4V6X9B7391": 0,
		`"duration_us":7391,"bytes_out":7391`: 0, "duration_us=7391": 0, `"duration_us":17391`: 0,
	} {
		if n := secrettest.Digits(text, "7391"); n != want {
			t.Errorf("%q: %d, want %d", text, n, want)
		}
		if n := secrettest.Digits([]byte(text), "7391"); n != want {
			t.Errorf("%q as bytes: %d, want %d", text, n, want)
		}
	}
}
