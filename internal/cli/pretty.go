package cli

import (
	"bytes"
	"encoding/json"
	"strings"
)

// lineLength is how long a piece of JSON may be to stay on one line.
const lineLength = 96

// pretty lays JSON out for reading, in the order that it came in: what fits on a line stays on one. What is
// no JSON is given as it is.
func pretty(body []byte) string {
	var compact bytes.Buffer
	if err := json.Compact(&compact, body); err != nil {
		return strings.TrimSpace(string(body))
	}
	var out strings.Builder
	layOut(&out, compact.Bytes(), "")
	return out.String()
}

// layOut writes one compact value, its further lines moved in.
func layOut(out *strings.Builder, v []byte, indent string) {
	if len(indent)+len(v) <= lineLength || (v[0] != '{' && v[0] != '[') {
		out.WriteString(spaced(v))
		return
	}
	out.WriteByte(v[0])
	for i, part := range members(v) {
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString("\n" + indent + "  ")
		if name, value, ok := cutName(v[0], part); ok {
			out.Write(name)
			out.WriteString(": ")
			part = value
		}
		layOut(out, part, indent+"  ")
	}
	out.WriteString("\n" + indent)
	out.WriteByte(v[len(v)-1])
}

// members cuts a compact object or array at its own commas.
func members(v []byte) (parts [][]byte) {
	inner := v[1 : len(v)-1]
	start := 0
	walk(inner, func(i, depth int) {
		if depth == 0 && inner[i] == ',' {
			parts = append(parts, inner[start:i])
			start = i + 1
		}
	})
	if len(inner) > 0 {
		parts = append(parts, inner[start:])
	}
	return parts
}

// cutName splits a member of an object into its quoted name and its value.
func cutName(kind byte, member []byte) (name, value []byte, ok bool) {
	if kind != '{' {
		return nil, nil, false
	}
	at := -1
	walk(member, func(i, depth int) {
		if at < 0 && depth == 0 && member[i] == ':' {
			at = i
		}
	})
	if at < 0 {
		return nil, nil, false
	}
	return member[:at], member[at+1:], true
}

// spaced gives compact JSON with a space after each colon and comma.
func spaced(v []byte) string {
	var out strings.Builder
	last := 0
	walk(v, func(i, _ int) {
		if v[i] == ',' || v[i] == ':' {
			out.Write(v[last : i+1])
			out.WriteByte(' ')
			last = i + 1
		}
	})
	out.Write(v[last:])
	return out.String()
}

// walk visits the bytes outside of strings, with how deep they lie in objects and arrays.
func walk(v []byte, visit func(i, depth int)) {
	depth, inString, escaped := 0, false, false
	for i, c := range v {
		switch {
		case escaped:
			escaped = false
		case inString:
			escaped = c == '\\'
			inString = c != '"'
		case c == '"':
			inString = true
		default:
			if c == '}' || c == ']' {
				depth--
			}
			visit(i, depth)
			if c == '{' || c == '[' {
				depth++
			}
		}
	}
}
