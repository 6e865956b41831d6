package wirejson

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// Canonical gives the one form that all equal bodies share: members sorted, no white space, strings
// and numbers written in one way, and of a repeated name only the last member. It is RFC 8785 with one
// exception: an integer keeps all of its digits, where the RFC would round it to a double.
// Two bodies that differ in a 17th digit are two requests, and must never pass for one.
//
// The error is that of [Parse].
func Canonical(body []byte, o Options) ([]byte, error) {
	v, err := Parse(body, o)
	if err != nil {
		return nil, err
	}
	return v.AppendCanonical(nil), nil
}

// AppendCanonical appends the canonical form of v to dst, as [Canonical] describes it, and nothing when v
// is absent.
func (v Value) AppendCanonical(dst []byte) []byte {
	if v.Kind() == Absent {
		return dst
	}
	raw := v.raw
	if v.lastWins && !jsontext.Value(raw).IsValid() { // some name is repeated
		raw = appendLastOnly(nil, v)
	}
	canonical, err := jsontext.AppendFormat(dst, raw,
		jsontext.CanonicalizeRawInts(false),
		jsontext.CanonicalizeRawFloats(true),
		jsontext.ReorderRawObjects(true))
	if err != nil {
		panic("wirejson: a value that was checked has no canonical form")
	}
	return canonical
}

// appendLastOnly copies v without the members that a later one of the same name replaces. It goes no
// deeper than the limit that v was checked against.
func appendLastOnly(dst []byte, v Value) []byte {
	switch v.Kind() {
	case Object:
		last := map[string]int{}
		n := 0
		for name := range v.Members() {
			last[name] = n
			n++
		}
		dst, n = append(dst, '{'), 0
		for quoted, member := range v.members() {
			if last[unquote(quoted)] == n {
				dst = append(append(dst, quoted...), ':')
				dst = append(appendLastOnly(dst, member), ',')
			}
			n++
		}
		return append(bytes.TrimSuffix(dst, []byte{','}), '}')
	case Array:
		dst = append(dst, '[')
		for _, element := range v.Elements() {
			dst = append(appendLastOnly(dst, element), ',')
		}
		return append(bytes.TrimSuffix(dst, []byte{','}), ']')
	default:
		return append(dst, v.raw...)
	}
}
