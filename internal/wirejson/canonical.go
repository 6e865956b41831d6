package wirejson

import (
	"bytes"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// Canonical gives the one form that all equal bodies share: members sorted, no white space, strings
// and numbers written in one way, and of a repeated name only the last member. It is RFC 8785 with two
// exceptions: an integer keeps all of its digits, where the RFC would round it to a double, and a number
// that no double comes near (1e400, 1e-400) stays as it was sent.
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
	return appendNumbers(slices.Grow(dst, len(raw)), format(make([]byte, 0, len(raw)), raw, false))
}

// format writes JSON that was checked in one way, but its numbers with a fraction or an exponent only when
// asked: beyond a double they would all become the largest one.
func format(dst, raw []byte, floats bool) []byte {
	canonical, err := jsontext.AppendFormat(dst, raw,
		jsontext.CanonicalizeRawInts(false),
		jsontext.CanonicalizeRawFloats(floats),
		jsontext.ReorderRawObjects(true))
	if err != nil {
		panic("wirejson: a value that was checked has no canonical form")
	}
	return canonical
}

// appendNumbers copies formatted JSON with its numbers written in one way.
func appendNumbers(dst, raw []byte) []byte {
	for i := 0; i < len(raw); {
		end := i + 1
		switch c := raw[i]; {
		case c == '"':
			end = stringEnd(raw, i)
		case c == '-' || '0' <= c && c <= '9':
			end = valueEnd(raw, i)
			if literal := raw[i:end]; !beyondDouble(literal) {
				dst, i = format(dst, literal, true), end
				continue
			}
		}
		dst, i = append(dst, raw[i:end]...), end
	}
	return dst
}

// beyondDouble reports whether a number with a fraction or an exponent is too large for a double, or too
// near to zero for any double but zero.
func beyondDouble(literal []byte) bool {
	if !bytes.ContainsAny(literal, ".eE") {
		return false
	}
	f, err := strconv.ParseFloat(string(literal), 64)
	if err != nil {
		return true
	}
	_, digits, _, _ := decimal(string(literal))
	return f == 0 && digits != ""
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
