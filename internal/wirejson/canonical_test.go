package wirejson

import (
	"bytes"
	"testing"
)

func TestCanonical_IsOneFormForEqualBodies(t *testing.T) {
	t.Parallel()
	last := Options{AllowDuplicateNames: true}
	tests := map[string]struct {
		body string
		o    Options
		want string
	}{
		"members are sorted":                {`{"b":1,"a":{"d":1,"c":2}}`, Options{}, `{"a":{"c":2,"d":1},"b":1}`},
		"arrays keep their order":           {`[3,1,2]`, Options{}, `[3,1,2]`},
		"white space goes":                  {" { \"a\" :\n[ 1 , 2 ] } ", Options{}, `{"a":[1,2]}`},
		"strings are written in one way":    {`"\u0061\/\u00e9\u001f"`, Options{}, `"a/é\u001f"`},
		"names sort by UTF-16, as RFC 8785": {`{"\ufb33":1,"\ud83d\ude00":2,"\u20ac":3}`, Options{}, "{\"\u20ac\":3,\"\U0001f600\":2,\"\ufb33\":1}"},
		"numbers are written in one way":    {`[1.0,1e2,1.50,-0,0.000001,1e21]`, Options{}, `[1,100,1.5,0,0.000001,1e+21]`},
		"large integers keep all digits":    {`[9007199254740993,1234567890123456789]`, Options{}, `[9007199254740993,1234567890123456789]`},
		"beyond a double stays as sent":     {`[1e400,2e400,-1E+400,1.5,{"a":1.0e-400}]`, Options{}, `[1e400,2e400,-1E+400,1.5,{"a":1.0e-400}]`},
		"zero is zero":                      {`[0e400,0.0,-0.0,0.00e-9]`, Options{}, `[0,0,0,0]`},
		"digits in strings are no numbers":  {`{"1.0":"1.0e5 \"2.0","t":[true,false,null]}`, Options{}, `{"1.0":"1.0e5 \"2.0","t":[true,false,null]}`},
		"null is not absent":                {`{"a":null}`, Options{}, `{"a":null}`},
		"the last of repeated names counts": {`{"a":1,"b":[{"x":1,"\u0078":2}],"a":{"a":3,"a":4}}`, last, `{"a":{"a":4},"b":[{"x":2}]}`},
		"nothing repeated":                  {`{"b":{},"a":[]}`, last, `{"a":[],"b":{}}`},
		"empty things, repeated":            {`{"a":1,"a":{},"b":[[],[{}]]}`, last, `{"a":{},"b":[[],[{}]]}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Canonical([]byte(tt.body), tt.o)
			if err != nil || string(got) != tt.want {
				t.Errorf("Canonical(%s) = %s, %v, want %s", tt.body, got, err, tt.want)
			}
		})
	}
}

func TestCanonical_RefusesAsParseDoes(t *testing.T) {
	t.Parallel()
	if _, err := Canonical([]byte(`{"a":1,"a":2}`), Options{}); ProblemOf(err) != DuplicateName {
		t.Errorf("err = %v, want a duplicate name", err)
	}
	if got := (Value{}).AppendCanonical([]byte("x")); string(got) != "x" {
		t.Errorf("an absent value appended %q", got)
	}
}

func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{
		`{"b":1,"a":2}`, `{"a":1,"a":{"b":2,"b":3}}`, `[1.0,1e2,-0,1e400,9007199254740993]`, `"\u00e9\/"`, `{"a":[{}],"a":[]}`,
		`{"\u0061":1,"a":2}`,
	} {
		f.Add([]byte(seed), true)
		f.Add([]byte(seed), false)
	}
	f.Fuzz(func(t *testing.T, body []byte, duplicates bool) {
		o := Options{AllowDuplicateNames: duplicates}
		before := bytes.Clone(body)
		once, err := Canonical(body, o)
		if !bytes.Equal(before, body) {
			t.Fatal("the body was changed")
		}
		if err != nil {
			return
		}
		twice, err := Canonical(once, Options{}) // its names are unique, so the strict rules accept it
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("Canonical(%q) = %q, and of that %q, %v", body, once, twice, err)
		}
		if v, w := standard(t, once), plain(mustParse(t, once)); !equal(v, w) {
			t.Fatalf("Canonical(%q) reads as %#v and %#v", body, v, w)
		}
	})
}

func mustParse(t *testing.T, body []byte) Value {
	t.Helper()
	v, err := Parse(body, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return v
}
