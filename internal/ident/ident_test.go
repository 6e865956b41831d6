package ident_test

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/firsttap/firsttap/internal/ident"
)

func source() *ident.Source {
	at := time.Date(2026, 3, 6, 17, 40, 0, 0, time.UTC)
	return ident.NewSource(rand.Reader, func() time.Time { return at })
}

func TestUUID_PrintsAndParsesToItself(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		u := ident.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "bytes"))
		for _, s := range []string{u.String(), strings.ToUpper(u.String())} {
			if got, err := ident.ParseUUID(s); err != nil || got != u {
				t.Fatalf("parse(%s) = %v, %v", s, got, err)
			}
		}
	})
}

func FuzzParseUUID(f *testing.F) {
	f.Add("0b0f7f0e-5a53-4e0c-9d0e-2f6f1f3f7c11")
	f.Add("0b0f7f0e5a534e0c9d0e2f6f1f3f7c11")
	f.Fuzz(func(t *testing.T, s string) {
		u, err := ident.ParseUUID(s)
		if err != nil && !u.IsZero() {
			t.Fatal("a refused text gave a value")
		}
		if err == nil && u.String() != strings.ToLower(s) {
			t.Fatalf("%q parsed but prints %q", s, u)
		}
	})
}

func TestSource_UUIDsAreVersionSevenAndDiffer(t *testing.T) {
	t.Parallel()
	s, seen := source(), map[ident.UUID]bool{}
	for range 1000 {
		u := s.UUID()
		if seen[u] || u[6]>>4 != 7 || u[8]>>6 != 2 {
			t.Fatalf("bad uuid %v", u)
		}
		seen[u] = true
	}
}

func TestSource_BelowIsUniformAndInRange(t *testing.T) {
	t.Parallel()
	s := source()
	const n, draws = 10, 100_000
	var hits [n]int
	for range draws {
		hits[s.Below(n)]++
	}
	chi := 0.0
	for _, h := range hits {
		d := float64(h) - draws/n
		chi += d * d / (draws / n)
	}
	if chi > 40 { // 9 degrees of freedom: p < 0.00001
		t.Fatalf("chi-square %.1f: not uniform: %v", chi, hits)
	}
}

func TestSource_BelowRejectsTheBiasedTail(t *testing.T) {
	t.Parallel()
	// 2^64 mod 3 = 1, so the very last value must be drawn again.
	r := bytes.NewReader(append(bytes.Repeat([]byte{0xff}, 8), 0, 0, 0, 0, 0, 0, 0, 5))
	s := ident.NewSource(r, time.Now)
	if got := s.Below(3); got != 2 {
		t.Fatalf("got %d, want 5 mod 3", got)
	}
}

func TestSource_NumbersStayInTheirRange(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		low := rapid.Int64Range(0, ident.MaxNumber53-1).Draw(t, "low")
		high := rapid.Int64Range(low, ident.MaxNumber53).Draw(t, "high")
		if n := source().Number(low, high); n < low || n > high {
			t.Fatalf("%d outside %d..%d", n, low, high)
		}
	})
}

func TestReference_ParsesAnyCaseIntoLower(t *testing.T) {
	t.Parallel()
	ref := source().Reference()
	if got, err := ident.ParseReference(strings.ToUpper(string(ref))); err != nil || got != ref {
		t.Fatalf("got %v, %v", got, err)
	}
	for _, bad := range []string{"", "abc", strings.Repeat("g", 32), strings.Repeat("0", 33)} {
		if got, err := ident.ParseReference(bad); err == nil || got != "" {
			t.Errorf("%q was taken as %q", bad, got)
		}
	}
}

func TestEventID_HasTheFormOfTheContract(t *testing.T) {
	t.Parallel()
	id := string(source().EventID())
	if len(id) != 30 || !strings.HasPrefix(id, "evt_01") {
		t.Fatalf("event id %q", id)
	}
	if rest := strings.Trim(id[4:], "0123456789ABCDEFGHJKMNPQRSTVWXYZ"); rest != "" {
		t.Fatalf("event id %q has characters outside Crockford's alphabet", id)
	}
}
