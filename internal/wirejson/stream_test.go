package wirejson

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func bulk(maxElement, maxOther int) StreamOptions {
	return StreamOptions{
		Options:         Options{MaxDepth: 16, AllowDuplicateNames: true},
		Array:           "batch",
		MaxElementBytes: maxElement,
		MaxOtherBytes:   maxOther,
	}
}

func collect(r io.Reader, o StreamOptions) (Streamed, []string, error) {
	var elements []string
	s, err := Stream(r, o, func(i int, element Value) error {
		elements = append(elements, fmt.Sprint(i)+string(element.Raw()))
		return nil
	})
	return s, elements, err
}

func TestStream_HandsOutElementsAndKeepsTheRest(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		body     string
		elements []string
		others   string
		found    bool
	}{
		"others before":  {`{"campaign_id":"A","batch":[{"pin":"1234"}]}`, []string{`0{"pin":"1234"}`}, `{"campaign_id":"A"}`, true},
		"others after":   {`{"batch":[1,"x"],"l":{"street":"y"}}`, []string{`01`, `1"x"`}, `{"l":{"street":"y"}}`, true},
		"both, spaced":   {" {\n \"a\" : 1 , \"batch\" : [ [ ] , { \"b\" : [ ] } ] , \"c\" : null } \n", []string{`0[ ]`, `1{ "b" : [ ] }`}, `{"a":1,"c":null}`, true},
		"empty":          {`{"batch":[]}`, nil, `{}`, true},
		"missing":        {`{"a":"batch"}`, nil, `{"a":"batch"}`, false},
		"no array":       {`{"batch":null}`, nil, `{"batch":null}`, false},
		"first no array": {`{"batch":7,"batch":[8]}`, []string{`08`}, `{"batch":7}`, true},
		"escaped name":   {`{"b\u0061tch":[1]}`, []string{`01`}, `{}`, true},
		"deeper name":    {`{"a":{"batch":[1]},"batch":[{"batch":[2]}]}`, []string{`0{"batch":[2]}`}, `{"a":{"batch":[1]}}`, true},
		"repeated":       {`{"a":1,"a":2,"batch":[]}`, nil, `{"a":1,"a":2}`, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, r := range []io.Reader{
				strings.NewReader(tt.body),
				iotest.OneByteReader(strings.NewReader(tt.body)),
				iotest.DataErrReader(strings.NewReader(tt.body)),
			} {
				s, elements, err := collect(r, bulk(1<<10, 1<<10))
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(elements, tt.elements) || string(s.Others.Raw()) != tt.others || s.Found != tt.found || s.Count != len(tt.elements) {
					t.Errorf("elements %q, others %s, found %v, count %d", elements, s.Others.Raw(), s.Found, s.Count)
				}
			}
		})
	}
	s, _, err := collect(strings.NewReader(`{"a":1,"a":2,"batch":[]}`), bulk(100, 100))
	if n, _ := s.Others.Get("a").Int64(); err != nil || n != 2 {
		t.Errorf("of a repeated member %d counts, %v", n, err)
	}
}

func TestStream_RefusesWhatParseRefuses(t *testing.T) {
	t.Parallel()
	strict := bulk(100, 100)
	strict.AllowDuplicateNames = false
	shallow := bulk(100, 100)
	shallow.MaxDepth = 2
	flat := bulk(100, 100)
	flat.MaxDepth = 1
	tests := map[string]struct {
		body string
		o    StreamOptions
		want Problem
	}{
		"nothing":                   {``, strict, Malformed},
		"cut short in the array":    {`{"batch":[{"a":1},`, strict, Malformed},
		"cut short after the array": {`{"batch":[1]`, strict, Malformed},
		"a trailing comma":          {`{"batch":[1,]}`, strict, Malformed},
		"a comma too few":           {`{"batch":[1 2]}`, strict, Malformed},
		"a name that is a number":   {`{1:2}`, strict, Malformed},
		"something after it":        {`{"batch":[]}{}`, strict, Malformed},
		"garbage after it":          {`{"batch":[]}x`, strict, Malformed},
		"no UTF-8":                  {"{\"batch\":[\"\xff\"]}", strict, Malformed},
		"an array":                  {`[1]`, strict, NotObject},
		"a string":                  {`"batch"`, strict, NotObject},
		"a repeated name":           {`{"a":1,"a":2}`, strict, DuplicateName},
		"a repeated name inside":    {`{"batch":[{"a":1,"a":2}]}`, strict, DuplicateName},
		"the array twice":           {`{"batch":[1],"batch":[2]}`, strict, DuplicateName},
		"the array twice, allowed":  {`{"batch":[1],"batch":[2]}`, bulk(100, 100), DuplicateName},
		"the array, then null":      {`{"batch":[1],"batch":null}`, bulk(100, 100), DuplicateName},
		"an element too deep":       {`{"batch":[{}]}`, shallow, TooDeep},
		"a member too deep":         {`{"a":{"b":{}}}`, shallow, TooDeep},
		"the array too deep":        {`{"batch":[]}`, flat, TooDeep},
		"a large element":           {`{"batch":["` + strings.Repeat("x", 99) + `"]}`, strict, TooLarge},
		"an endless element":        {`{"batch":["` + strings.Repeat("x", 9999), strict, TooLarge},
		"a large member":            {`{"a":"` + strings.Repeat("x", 99) + `"}`, strict, TooLarge},
		"an endless name":           {`{"` + strings.Repeat("x", 9999), strict, TooLarge},
		"many small members":        {`{"a":["` + strings.Repeat("x", 60) + `"],"batch":[1],"b":"` + strings.Repeat("x", 30) + `"}`, strict, TooLarge},
		"endless white space":       {`{"batch":[1` + strings.Repeat(" ", 9999) + `]}`, strict, TooLarge},
		"endless white space first": {strings.Repeat(" ", 9999) + `{}`, strict, TooLarge},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, r := range []io.Reader{strings.NewReader(tt.body), iotest.OneByteReader(strings.NewReader(tt.body))} {
				if _, _, err := collect(r, tt.o); ProblemOf(err) != tt.want {
					t.Errorf("err = %v, want %v", err, tt.want)
				}
			}
		})
	}
}

func TestStream_TakesPartsUpToTheirLimit(t *testing.T) {
	t.Parallel()
	element := `"` + strings.Repeat("x", 98) + `"`
	body := `{"a":"` + strings.Repeat("y", 93) + `","batch":[` + element + `,` + element + `]}`
	if s, _, err := collect(strings.NewReader(body), bulk(100, 100)); err != nil || s.Count != 2 {
		t.Errorf("count %d, %v", s.Count, err)
	}
}

func TestStream_HandsBackOtherErrorsAsTheyAre(t *testing.T) {
	t.Parallel()
	errStop := errors.New("stop")
	calls := 0
	_, err := Stream(strings.NewReader(`{"batch":[1,2,3]}`), bulk(100, 100), func(i int, _ Value) error {
		if calls++; i == 1 {
			return errStop
		}
		return nil
	})
	if !errors.Is(err, errStop) || calls != 2 {
		t.Errorf("err = %v after %d calls", err, calls)
	}
	// A connection that breaks is not a malformed body, also when it breaks with io.ErrUnexpectedEOF.
	for _, broken := range []error{errStop, io.ErrUnexpectedEOF} {
		for _, begin := range []string{``, `{"ba`, `{"batch":[1,`, `{"batch":[1]`, `{"batch":[1]}`} {
			r := io.MultiReader(strings.NewReader(begin), iotest.ErrReader(broken))
			if _, _, err := collect(r, bulk(100, 100)); !errors.Is(err, broken) || ProblemOf(err) != 0 {
				t.Errorf("after %q: err = %v, want %v", begin, err, broken)
			}
		}
	}
}

// orders is a body of n items that is made while it is read.
type orders struct {
	n, at int
	rest  []byte
}

func (o *orders) Read(p []byte) (int, error) {
	if len(o.rest) == 0 {
		switch {
		case o.at == 0:
			o.rest = []byte(`{"campaign_id":"A","batch":[`)
		case o.at <= o.n:
			o.rest = fmt.Appendf(nil, `{"card_identifier":"FT%012d","front_name":"NAME","pin":"4821"}`, o.at)
			if o.at < o.n {
				o.rest = append(o.rest, ',')
			}
		case o.at == o.n+1:
			o.rest = []byte(`],"delivery_location":{"street":"Reforma"}}`)
		default:
			return 0, io.EOF
		}
		o.at++
	}
	n := copy(p, o.rest)
	o.rest = o.rest[n:]
	return n, nil
}

// TestStream_MemoryDoesNotGrowWithTheBody reads the largest order that the debit door takes, about
// 3.5 MB, and looks at the live heap on the way.
func TestStream_MemoryDoesNotGrowWithTheBody(t *testing.T) { //nolint:paralleltest // it measures the heap of the whole process
	const items, bound = 50_000, 256 << 10
	live := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, most := live(), uint64(0)
	s, err := Stream(&orders{n: items}, bulk(2<<10, 64<<10), func(i int, element Value) error {
		if pin, ok := element.Get("pin").String(); !ok || pin != "4821" {
			return fmt.Errorf("item %d has no PIN", i)
		}
		if i%10_000 == 9_999 {
			most = max(most, live())
		}
		return nil
	})
	if err != nil || s.Count != items {
		t.Fatalf("%d items, %v", s.Count, err)
	}
	if street, _ := s.Others.Get("delivery_location").Get("street").String(); street != "Reforma" {
		t.Errorf("the member after the array reads %q", street)
	}
	if most > before+bound {
		t.Errorf("the heap grew from %d to %d bytes, want at most %d more", before, most, bound)
	}
}

// FuzzStream holds Stream against Parse: what one accepts, the other does, with the same content.
func FuzzStream(f *testing.F) {
	for _, seed := range []string{
		`{"a":1,"batch":[{"pin":"1"},2],"b":[]}`, `{"batch":[]}`, `{"batch":[1],"batch":[2]}`, `{"batch":null,"a":1}`,
		`{"b\u0061tch":[[[]]]}`, `{"a":1,"a":2}`, `[1]`, `{"batch":[1 2]}`, `{"batch":[1]} x`, "{\"batch\":[\"\xff\"]}",
	} {
		f.Add([]byte(seed), true)
		f.Add([]byte(seed), false)
	}
	f.Fuzz(func(t *testing.T, body []byte, duplicates bool) {
		o := bulk(1<<20, 1<<20)
		o.MaxDepth, o.AllowDuplicateNames, o.RequireObject = 4, duplicates, true
		want, parseErr := Parse(body, o.Options)
		s, elements, err := collect(bytes.NewReader(body), o)
		if err != nil {
			problem := ProblemOf(err)
			twice := problem == DuplicateName && duplicates // the array itself: Stream is stricter there
			if parseErr == nil && !twice && problem != TooLarge {
				t.Fatalf("Stream(%q) = %v, which Parse accepts", body, err)
			}
			if problem == 0 {
				t.Fatalf("Stream(%q) = %v, which names no problem", body, err)
			}
			return
		}
		if parseErr != nil {
			t.Fatalf("Stream accepts %q, Parse says %v", body, parseErr)
		}
		var expected []string
		for i, element := range want.Get("batch").Elements() {
			expected = append(expected, fmt.Sprint(i)+string(element.Raw()))
		}
		if !slices.Equal(elements, expected) {
			t.Fatalf("elements %q, want %q", elements, expected)
		}
		for name, member := range s.Others.Members() {
			if name != "batch" && !bytes.Equal(s.Others.Get(name).Raw(), want.Get(name).Raw()) {
				t.Fatalf("member %q reads %s, want %s", name, member.Raw(), want.Get(name).Raw())
			}
		}
	})
}
