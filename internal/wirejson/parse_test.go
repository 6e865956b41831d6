package wirejson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestParse_RefusesWhatIsNotStrictJSON(t *testing.T) {
	t.Parallel()
	deep := func(n int) string { return strings.Repeat(`[`, n) + strings.Repeat(`]`, n) }
	tests := map[string]struct {
		body string
		o    Options
		want Problem
	}{
		"nothing at all":                {``, Options{}, Malformed},
		"only white space":              {" \n", Options{}, Malformed},
		"cut short":                     {`{"activationCode":"048213"`, Options{}, Malformed},
		"a trailing comma":              {`{"a":1,}`, Options{}, Malformed},
		"a second value":                {`{} {}`, Options{}, Malformed},
		"something after the value":     {`{}x`, Options{}, Malformed},
		"a NUL after the value":         {"{}\x00", Options{}, Malformed},
		"a byte order mark":             {"\ufeff{}", Options{}, Malformed},
		"not a number":                  {`{"a":NaN}`, Options{}, Malformed},
		"infinity":                      {`{"a":-Infinity}`, Options{}, Malformed},
		"a leading zero":                {`{"a":048213}`, Options{}, Malformed},
		"a leading plus":                {`{"a":+1}`, Options{}, Malformed},
		"single quotes":                 {`{'a':1}`, Options{}, Malformed},
		"a comment":                     {`{/**/}`, Options{}, Malformed},
		"a raw line feed in a string":   {"{\"a\":\"\n\"}", Options{}, Malformed},
		"a value that is no UTF-8":      {"{\"a\":\"\xff\"}", Options{}, Malformed},
		"a name that is no UTF-8":       {"{\"\xc0\xaf\":1}", Options{}, Malformed},
		"half a surrogate pair":         {`{"a":"\ud800"}`, Options{}, Malformed},
		"a repeated name":               {`{"pin":"1111","pin":"2222"}`, Options{}, DuplicateName},
		"a repeated name, deeper":       {`[{"a":{"b":1,"b":1}}]`, Options{}, DuplicateName},
		"a repeated name, escaped":      {`{"a":1,"\u0061":2}`, Options{}, DuplicateName},
		"one level over the default":    {deep(DefaultMaxDepth + 1), Options{}, TooDeep},
		"one level over the limit":      {`{"a":[{}]}`, Options{MaxDepth: 2}, TooDeep},
		"far over any limit":            {deep(200_000), Options{}, TooDeep},
		"far over, and never closed":    {strings.Repeat(`{"a":`, 100_000), Options{}, TooDeep},
		"an array instead of an object": {`[]`, Options{RequireObject: true}, NotObject},
		"null instead of an object":     {`null`, Options{RequireObject: true}, NotObject},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, err := Parse([]byte(tt.body), tt.o)
			if got := ProblemOf(err); got != tt.want {
				t.Errorf("problem = %v (%v), want %v", got, err, tt.want)
			}
			if v.Kind() != Absent {
				t.Errorf("a refused body gave a value of kind %v", v.Kind())
			}
		})
	}
}

func TestParse_AcceptsUpToTheLimits(t *testing.T) {
	t.Parallel()
	for body, o := range map[string]Options{
		" \t\r\n{ \"a\" : [ 1 , { } ] } \n": {RequireObject: true, MaxDepth: 3},
		`{"a":{},"b":{},"c":[[]]}`:          {MaxDepth: 3},
		`{"a":1,"a":2}`:                     {AllowDuplicateNames: true},
		`"[[[[[["`:                          {MaxDepth: 1},
		`"\"[\\"`:                           {MaxDepth: 1},
		`"\ud83d\ude00"`:                    {},
		`1e1000`:                            {},
		`null`:                              {},
	} {
		if _, err := Parse([]byte(body), o); err != nil {
			t.Errorf("Parse(%q) = %v", body, err)
		}
	}
}

func TestErrors_TellNothingOfTheBody(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		`{"activationCode":"048213"`,
		`{"048213":1,"048213":2}`,
		`{"activationCode":048213}`,
		`{"activationCode":"048213"}048213`,
	} {
		_, err := Parse([]byte(body), Options{})
		if err == nil || strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), "048213") {
			t.Errorf("Parse(%q) = %#v, want an error without the code", body, err)
		}
	}
}

// FuzzParse holds Parse against the standard library's reader plus the strict rules.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"activationCode":"048213"}`, `{"a":1,"a":2}`, `[[[[[]]]]]`, `{"a":"\ud800"}`, `"\\u"`, "\"\xff\"",
		`{"a":[1,2.50,-0,1e400,true,null]} `, `{}{}`, `NaN`, `{"\u0061":1,"a":2}`, ``, `"\"[\\"`,
	} {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	f.Fuzz(func(t *testing.T, body []byte, duplicates bool) {
		o := Options{MaxDepth: 4, AllowDuplicateNames: duplicates}
		v, err := Parse(body, o)
		want := json.Valid(body) && utf8.Valid(body) && !halfSurrogate(body)
		if want {
			depth, repeated := shape(t, body)
			want = depth <= o.MaxDepth && (duplicates || !repeated)
		}
		if (err == nil) != want {
			t.Fatalf("Parse(%q) = %v, accepted should be %v", body, err, want)
		}
		if err != nil {
			if ProblemOf(err) == 0 {
				t.Fatalf("Parse(%q) = %v, which names no problem", body, err)
			}
			return
		}
		if got, want := plain(v), standard(t, body); !equal(got, want) {
			t.Fatalf("read %#v, want %#v", got, want)
		}
	})
}

// shape gives the depth of a valid body, and whether some object repeats a name.
func shape(t *testing.T, body []byte) (depth int, repeated bool) {
	t.Helper()
	type level struct {
		names  map[string]bool // nil for an array
		isName bool
	}
	var open []level
	dec := json.NewDecoder(bytes.NewReader(body))
	for {
		token, err := dec.Token()
		if err != nil {
			return depth, repeated // io.EOF: the body is valid
		}
		top := len(open) - 1
		if delim, ok := token.(json.Delim); ok && (delim == '}' || delim == ']') {
			open = open[:top]
			continue
		}
		if top >= 0 && open[top].names != nil {
			open[top].isName = !open[top].isName
			if open[top].isName {
				name, _ := token.(string)
				repeated = repeated || open[top].names[name]
				open[top].names[name] = true
				continue
			}
		}
		switch token {
		case json.Delim('{'):
			open = append(open, level{names: map[string]bool{}})
		case json.Delim('['):
			open = append(open, level{})
		}
		depth = max(depth, len(open))
	}
}

// halfSurrogate reports whether a valid body escapes half a surrogate pair.
func halfSurrogate(body []byte) bool {
	for i := 0; i < len(body); i++ {
		if body[i] != '\\' {
			continue
		}
		if body[i+1] != 'u' {
			i++
			continue
		}
		switch first := strings.ToLower(string(body[i+2 : i+6])); {
		case first >= "d800" && first < "dc00":
			if i+12 > len(body) || body[i+6] != '\\' || body[i+7] != 'u' {
				return true
			}
			if second := strings.ToLower(string(body[i+8 : i+12])); second < "dc00" || second >= "e000" {
				return true
			}
			i += 11
		case first >= "dc00" && first < "e000":
			return true
		default:
			i += 5
		}
	}
	return false
}

func standard(t *testing.T, body []byte) any {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// plain reads a Value with its readers into what the standard library would make of it.
func plain(v Value) any {
	switch v.Kind() {
	case Bool:
		b, _ := v.Bool()
		return b
	case Number:
		n, _ := v.Number()
		return json.Number(n)
	case String:
		s, _ := v.String()
		return s
	case Object:
		m := map[string]any{}
		for name := range v.Members() {
			m[name] = plain(v.Get(name))
		}
		return m
	case Array:
		a := []any{}
		for _, e := range v.Elements() {
			a = append(a, plain(e))
		}
		return a
	default:
		return nil
	}
}

func equal(a, b any) bool { return fmt.Sprintf("%#v", a) == fmt.Sprintf("%#v", b) }

func BenchmarkParse_Activation(b *testing.B) {
	body := []byte(`{"activationCode":"048213"}`)
	b.ReportAllocs()
	for b.Loop() {
		v, err := Parse(body, Options{RequireObject: true})
		if err != nil {
			b.Fatal(err)
		}
		if code, ok := v.Get("activationCode").String(); !ok || len(code) != 6 {
			b.Fatal("wrong code")
		}
	}
}

// TestParse_AllocatesAHandful keeps the hot path of activation cheap.
func TestParse_AllocatesAHandful(t *testing.T) { //nolint:paralleltest // AllocsPerRun counts for the whole process
	body := []byte(`{"activationCode":"048213","note":"unknown members are ignored"}`)
	got := testing.AllocsPerRun(200, func() {
		v, err := Parse(body, Options{RequireObject: true})
		if _, ok := v.Get("activationCode").String(); err != nil || !ok {
			t.Fatal("not read")
		}
	})
	if got > 4 {
		t.Errorf("reading an activation body allocates %v times, want at most 4", got)
	}
}
