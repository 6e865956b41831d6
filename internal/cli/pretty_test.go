package cli

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestPretty_LaysOutWhatIsLongAndKeepsTheOrder(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		``:                  ``,
		`not JSON`:          `not JSON`,
		`{"b":1,"a":[1,2]}`: `{"b": 1, "a": [1, 2]}`,
		`{"a":"x,y:z\"{"}`:  `{"a": "x,y:z\"{"}`,
		`{"long":"` + strings.Repeat("x", 100) + `","o":{"c":3,"b":{}}}`: "{\n  \"long\": \"" + strings.Repeat("x", 100) + "\",\n  \"o\": {\"c\": 3, \"b\": {}}\n}",
	} {
		if got := pretty([]byte(in)); got != want {
			t.Errorf("%s\n got %s\nwant %s", in, got, want)
		}
	}
}

// FuzzPretty holds that laying out changes nothing but white space.
func FuzzPretty(f *testing.F) {
	for _, seed := range []string{`{}`, `[]`, `{"a":{"b":[1,"x",null]}}`, `"s"`, `[[[[]]]]`, `{"` + strings.Repeat("a", 120) + `":[{},{"x":1}]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var before, after bytes.Buffer
		if json.Compact(&before, in) != nil {
			return
		}
		if err := json.Compact(&after, []byte(pretty(in))); err != nil || !bytes.Equal(before.Bytes(), after.Bytes()) {
			t.Fatalf("%s became %s (%v)", in, pretty(in), err)
		}
	})
}

func TestMask_ShortensSecretsInTheMiddle(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("0123456789abcdef", 4)
	for in, want := range map[string]string{
		"Bearer ftk_sandbox_4fT9aB2cD3eF_0123456789": "Bearer ftk_sandbox_4fT9…6789",
		`"signingSecret": "whsec_0123456789abcdef"`:  `"signingSecret": "whsec_0123…cdef"`,
		`"customer_oauth_token": "` + long + `"`:     `"customer_oauth_token": "0123…cdef"`,
		`"device_id": "` + long + `"`:                `"device_id": "` + long + `"`,
		"nothing secret":                             "nothing secret",
	} {
		if got := maskWords(in); got != want {
			t.Errorf("%s became %s", in, got)
		}
	}
}
