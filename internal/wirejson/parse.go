package wirejson

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// DefaultMaxDepth is the depth that a body may have when [Options] names none.
const DefaultMaxDepth = 32

// Options are a door's rules for the bodies it reads. The zero value is the strictest.
type Options struct {
	MaxDepth            int  // how deep objects and arrays may nest; 0 means DefaultMaxDepth
	AllowDuplicateNames bool // of a repeated member name the last one counts; otherwise it is a problem
	RequireObject       bool // any value but an object is a problem
}

func (o Options) maxDepth() int {
	if o.MaxDepth <= 0 {
		return DefaultMaxDepth
	}
	return o.MaxDepth
}

// Parse checks body and gives a view on it. The Value shares body's bytes: body must not change
// while the Value is in use. The error is an [*Error].
func Parse(body []byte, o Options) (Value, error) {
	raw := jsontext.Value(body)
	if !raw.IsValid(jsontext.AllowDuplicateNames(o.AllowDuplicateNames)) {
		return Value{}, diagnose(body, o)
	}
	v := Value{raw: bytes.Trim(body, " \t\r\n"), lastWins: o.AllowDuplicateNames}
	if at := tooDeep(v.raw, o.maxDepth()); at >= 0 {
		return Value{}, &Error{Problem: TooDeep, Offset: int64(at)}
	}
	if o.RequireObject && v.Kind() != Object {
		return Value{}, &Error{Problem: NotObject}
	}
	return v, nil
}

// diagnose says what is wrong with a body that is known to be invalid. It is apart from Parse so that
// good bodies pay nothing for it.
func diagnose(body []byte, o Options) *Error {
	if at := tooDeep(body, o.maxDepth()); at >= 0 {
		return &Error{Problem: TooDeep, Offset: int64(at)}
	}
	dec := jsontext.NewDecoder(bytes.NewReader(body), jsontext.AllowDuplicateNames(o.AllowDuplicateNames))
	if _, err := dec.ReadValue(); err != nil {
		return fromSyntax(err)
	}
	return &Error{Problem: Malformed, Offset: dec.InputOffset()} // a second value
}

// tooDeep gives the position of the bracket that goes over the limit, or -1. It needs no valid JSON.
func tooDeep(raw []byte, limit int) int {
	depth := 0
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '"':
			i = stringEnd(raw, i) - 1
		case '{', '[':
			if depth++; depth > limit {
				return i
			}
		case '}', ']':
			depth--
		}
	}
	return -1
}

// stringEnd gives the position after the string that begins at i.
func stringEnd(raw []byte, i int) int {
	for i++; i < len(raw); i++ {
		switch raw[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(raw)
}
