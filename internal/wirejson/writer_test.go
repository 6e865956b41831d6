package wirejson

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"
)

func TestWriter_WritesToTheLetter(t *testing.T) {
	t.Parallel()
	w := NewWriter([]byte("before:"))
	w.BeginObject()
	w.Key("z").String("<b>&\"\\/\n\u2028é\x00")
	w.Key("a").Int(-9007199254740993)
	w.Key("amount").Number("12.50")
	w.Key("flags").BeginArray()
	w.Bool(true)
	w.Bool(false)
	w.Null()
	w.BeginArray()
	w.EndArray()
	w.BeginObject()
	w.EndObject()
	w.EndArray()
	w.Key("none").StringOrNull("")
	w.Key("some").StringOrNull("x")
	w.Key("raw").Raw([]byte(`{"kept": 1}`))
	w.EndObject()
	want := `before:{"z":"<b>&\"\\/\n` + "\u2028é" + `\u0000","a":-9007199254740993,"amount":12.50,` +
		`"flags":[true,false,null,[],{}],"none":null,"some":"x","raw":{"kept": 1}}`
	if got := string(w.Bytes()); got != want {
		t.Errorf("wrote\n%s\nwant\n%s", got, want)
	}
}

func TestWriter_ReplacesWhatIsNoUTF8(t *testing.T) {
	t.Parallel()
	if got := string(AppendString(nil, "a\xffb")); got != "\"a\ufffdb\"" {
		t.Errorf("AppendString = %q", got)
	}
}

func TestWriter_NumberPanicsOnWhatIsNoNumber(t *testing.T) {
	t.Parallel()
	for _, literal := range []string{"", "NaN", "01", "1 2", "\"1\"", "null", "1,2"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("Number(%q) did not panic", literal)
				}
			}()
			NewWriter(nil).Number(literal)
		}()
	}
}

// TestWriter_RoundTrips writes random trees and reads them back.
func TestWriter_RoundTrips(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := NewWriter(nil)
		want := writeTree(t, w, 3)
		if !json.Valid(w.Bytes()) {
			t.Fatalf("wrote %s", w.Bytes())
		}
		v, err := Parse(w.Bytes(), Options{AllowDuplicateNames: true})
		if err != nil {
			t.Fatal(err)
		}
		if got := plain(v); !equal(got, want) {
			t.Fatalf("read %#v, want %#v", got, want)
		}
	})
}

func writeTree(t *rapid.T, w *Writer, depth int) any {
	kinds := 4
	if depth > 0 {
		kinds = 6
	}
	switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
	case 0:
		w.Null()
		return nil
	case 1:
		b := rapid.Bool().Draw(t, "bool")
		w.Bool(b)
		return b
	case 2:
		n := rapid.Int64().Draw(t, "int")
		w.Int(n)
		literal, _ := json.Marshal(n) //nolint:errchkjson // an int64 always marshals
		return json.Number(literal)
	case 3:
		s := rapid.String().Draw(t, "string")
		w.String(s)
		return s
	case 4:
		a := []any{}
		w.BeginArray()
		for range rapid.IntRange(0, 3).Draw(t, "elements") {
			a = append(a, writeTree(t, w, depth-1))
		}
		w.EndArray()
		return a
	default:
		m := map[string]any{}
		w.BeginObject()
		for range rapid.IntRange(0, 3).Draw(t, "members") {
			name := rapid.String().Draw(t, "name")
			m[name] = writeTree(t, w.Key(name), depth-1)
		}
		w.EndObject()
		return m
	}
}
