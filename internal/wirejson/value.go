package wirejson

import (
	"bytes"
	"fmt"
	"iter"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Kind is the kind of a value.
type Kind uint8

// The kinds. The zero value is Absent: a member that the object does not have.
const (
	Absent Kind = iota
	Null
	Bool
	Number
	String
	Object
	Array
)

// String gives the kind in words, as in "must be a string".
func (k Kind) String() string {
	return [...]string{"absent", "null", "boolean", "number", "string", "object", "array"}[k]
}

// Value is a view on one JSON value that was checked before. The zero Value is absent.
// It costs nothing to copy. It prints as its kind and never as its content.
type Value struct {
	raw      []byte // valid JSON without white space around it; empty when absent
	lastWins bool   // names may repeat: a lookup must read to the end
}

// Kind gives the kind of v.
func (v Value) Kind() Kind {
	if len(v.raw) == 0 {
		return Absent
	}
	switch v.raw[0] {
	case 'n':
		return Null
	case 't', 'f':
		return Bool
	case '"':
		return String
	case '{':
		return Object
	case '[':
		return Array
	default:
		return Number
	}
}

// Given reports whether v is there and is not null.
func (v Value) Given() bool {
	k := v.Kind()
	return k != Absent && k != Null
}

// Raw gives the bytes of v as they were sent. The caller must not change them.
func (v Value) Raw() []byte { return v.raw }

// Format prints the kind of v whatever the verb, so that no body ever reaches a log by accident.
func (v Value) Format(s fmt.State, _ rune) {
	_, _ = s.Write([]byte("json " + v.Kind().String()))
}

// Bool gives the value of a boolean; ok is false for every other kind.
func (v Value) Bool() (value, ok bool) {
	return v.Kind() == Bool && v.raw[0] == 't', v.Kind() == Bool
}

// String gives the text of a string; ok is false for every other kind.
func (v Value) String() (text string, ok bool) {
	if v.Kind() != String {
		return "", false
	}
	return unquote(v.raw), true
}

// Get gives the member of an object with that name. It is absent when the object has none, and when
// v is no object. Of a repeated name the last one counts.
func (v Value) Get(name string) Value {
	found := Value{}
	for quoted, member := range v.members() {
		if !sameName(quoted, name) {
			continue
		}
		found = member
		if !v.lastWins {
			break
		}
	}
	return found
}

// Members walks the members of an object in the order in which they were sent, and nothing when v is no
// object. A name that is repeated comes each time; who keeps the last keeps what counts.
func (v Value) Members() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		for quoted, member := range v.members() {
			if !yield(unquote(quoted), member) {
				return
			}
		}
	}
}

// Elements walks the elements of an array, and nothing when v is no array.
func (v Value) Elements() iter.Seq2[int, Value] {
	return func(yield func(int, Value) bool) {
		if v.Kind() != Array {
			return
		}
		at := skipTo(v.raw, 1)
		for n := 0; v.raw[at] != ']'; n++ {
			end := valueEnd(v.raw, at)
			if !yield(n, v.part(at, end)) {
				return
			}
			at = skipTo(v.raw, end)
		}
	}
}

// Len counts the elements of an array or the members of an object, repeated names each time; 0 for
// every other kind.
func (v Value) Len() int {
	n := 0
	for range v.Elements() {
		n++
	}
	for range v.members() {
		n++
	}
	return n
}

// members walks an object and gives the names as they were sent, in quotes.
func (v Value) members() iter.Seq2[[]byte, Value] {
	return func(yield func([]byte, Value) bool) {
		if v.Kind() != Object {
			return
		}
		at := skipTo(v.raw, 1)
		for v.raw[at] != '}' {
			nameEnd := stringEnd(v.raw, at)
			start := skipTo(v.raw, nameEnd)
			end := valueEnd(v.raw, start)
			if !yield(v.raw[at:nameEnd], v.part(start, end)) {
				return
			}
			at = skipTo(v.raw, end)
		}
	}
}

func (v Value) part(start, end int) Value {
	return Value{raw: v.raw[start:end:end], lastWins: v.lastWins}
}

// skipTo gives the position of the next value, name or closing bracket. In valid JSON only white space,
// one comma or one colon can stand before it.
func skipTo(raw []byte, i int) int {
	for {
		switch raw[i] {
		case ' ', '\t', '\r', '\n', ',', ':':
			i++
		default:
			return i
		}
	}
}

// valueEnd gives the position after the value that begins at i.
func valueEnd(raw []byte, i int) int {
	switch raw[i] {
	case '"':
		return stringEnd(raw, i)
	case '{', '[':
		return bracketEnd(raw, i)
	}
	for i < len(raw) && strings.IndexByte(",]} \t\r\n", raw[i]) < 0 {
		i++
	}
	return i
}

func bracketEnd(raw []byte, i int) int {
	for depth := 0; ; i++ {
		switch raw[i] {
		case '"':
			i = stringEnd(raw, i) - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
}

func sameName(quoted []byte, name string) bool {
	inner := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return string(inner) == name
	}
	return unquote(quoted) == name
}

// unquote gives the text of a valid JSON string.
func unquote(quoted []byte) string {
	inner := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return string(inner)
	}
	text, err := jsontext.AppendUnquote(nil, quoted)
	if err != nil {
		panic("wirejson: a string that was checked does not unquote")
	}
	return string(text)
}
