package form_test

import (
	"crypto/sha256"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/form"
	"github.com/firsttap/firsttap/internal/ident"
)

func hash(parts ...[]byte) []byte {
	h := sha256.New()
	for _, p := range parts {
		h.Write(append(p, 0))
	}
	return h.Sum(nil)
}

func TestCursor_OpensForItsOwnListOnly(t *testing.T) {
	t.Parallel()
	list := form.Cursors{Hash: hash, Route: "GET /things", Asked: []string{"a", ""}}
	at, id := time.Date(2026, 3, 6, 17, 55, 0, 1000, time.UTC), ident.UUID{15: 7}
	sealed := list.Seal(at, id)
	gotAt, gotID, ok := list.Open(sealed)
	if !ok || !gotAt.Equal(at) || gotID != id {
		t.Fatalf("%v %v %v", gotAt, gotID, ok)
	}
	for what, c := range map[string]form.Cursors{
		"another route":  {Hash: hash, Route: "GET /other", Asked: list.Asked},
		"another filter": {Hash: hash, Route: list.Route, Asked: []string{"b", ""}},
		"fewer filters":  {Hash: hash, Route: list.Route, Asked: []string{"a"}},
	} {
		if _, _, ok := c.Open(sealed); ok {
			t.Errorf("%s: the cursor opens", what)
		}
	}
	for i := range sealed {
		other := byte('A')
		if sealed[i] == other {
			other = 'B'
		}
		if _, _, ok := list.Open(sealed[:i] + string(other) + sealed[i+1:]); ok {
			t.Errorf("changed at %d, the cursor opens", i)
		}
	}
	for _, short := range []string{"", "?", sealed[1:], sealed + "A"} {
		if _, _, ok := list.Open(short); ok {
			t.Errorf("%q opens", short)
		}
	}
}

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	for want, values := range map[[2]string][]string{
		{"", ""}:               nil,
		{"k1", ""}:             {"k1", "k1"},
		{"", "duplicate"}:      {"k1", "k2"},
		{"", "too_short"}:      {""},
		{"", "too_long"}:       {strings.Repeat("k", 256)},
		{"", "invalid_format"}: {"k 1"},
	} {
		if key, problem := form.IdempotencyKey(values); key != want[0] || problem != want[1] {
			t.Errorf("%q: %q %q, want %q", values, key, problem, want)
		}
	}
}

func TestTextProblem(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"á": "", "": "too_short", "abc": "too_long", "a\n": "invalid_format", "\u202ea": "invalid_format", "\xff": "invalid_format",
	} {
		if got := form.TextProblem(s, 1, 2); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}

func TestIsJSON(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]bool{
		"application/json": true, "application/json; charset=UTF-8": true, "application/x+json": true,
		"application/json; charset=latin1": false, "text/json": false, "application/+json": false, "": false,
	} {
		if form.IsJSON([]string{kind}) != want {
			t.Errorf("%q", kind)
		}
	}
	if !form.IsJSON(nil) || form.IsJSON([]string{"application/json", "text/plain"}) {
		t.Error("none is JSON, and two that differ are not")
	}
}
