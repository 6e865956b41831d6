package httpd

import (
	"net/url"
	"strings"
)

// splitPath appends the segments of an escaped path to room, each percent-decoded once. One trailing slash is
// ignored; an empty segment anywhere else stays, so that `//` matches nothing. ok is false for a path
// that does not start with a slash or holds a broken escape.
func splitPath(room []string, escaped string) (segments []string, ok bool) {
	rest, ok := strings.CutPrefix(escaped, "/")
	if !ok {
		return nil, false
	}
	if rest == "" {
		return nil, true
	}
	segments = room
	for s := range strings.SplitSeq(strings.TrimSuffix(rest, "/"), "/") {
		segments = append(segments, s)
	}
	if !strings.Contains(rest, "%") {
		return segments, true
	}
	for i, s := range segments {
		decoded, err := url.PathUnescape(s)
		if err != nil {
			return nil, false
		}
		segments[i] = decoded
	}
	return segments, true
}

// PathUnder reports whether the escaped path is one of the prefixes or lies below one, compared
// segment by segment as the [Router] does. Doors use it to say which requests are their own, so it allocates nothing
// for a path without escapes. Prefixes are written plainly, as in "/debit/v1".
func PathUnder(c Case, escapedPath string, prefixes ...string) bool {
	path := escapedPath
	if !strings.HasPrefix(path, "/") {
		return false
	}
	if strings.Contains(path, "%") {
		segments, ok := splitPath(nil, path)
		if !ok {
			return false
		}
		for i, s := range segments { // a slash that was escaped parts no segments, and no prefix has one
			segments[i] = strings.ReplaceAll(s, "/", "%")
		}
		path = "/" + strings.Join(segments, "/")
	}
	for _, p := range prefixes {
		if under(c, path, p) {
			return true
		}
	}
	return false
}

// under compares the segments of a prefix, one after the other.
func under(c Case, path, prefix string) bool {
	prefix = strings.TrimSuffix(prefix, "/")
	for prefix != "" {
		var got, want string
		var more bool
		if path, more = strings.CutPrefix(path, "/"); !more {
			return false
		}
		got, path = head(path)
		want, prefix = head(prefix[1:])
		if len(got) != len(want) || c.fold(got) != c.fold(want) {
			return false
		}
	}
	return strings.HasPrefix(path, "/") || path == ""
}

// head cuts the first segment off; what is left begins with the slash after it.
func head(path string) (segment, rest string) {
	if i := strings.IndexByte(path, '/'); i >= 0 {
		return path[:i], path[i:]
	}
	return path, ""
}

// Case says how literal segments are compared.
type Case uint8

// The two ways. Folding is for ASCII letters only, so no look-alike of another script ever matches.
const (
	MatchCase Case = iota
	FoldCase
)

func (c Case) fold(s string) string {
	if c == MatchCase {
		return s
	}
	for i := range len(s) {
		if 'A' <= s[i] && s[i] <= 'Z' {
			return lowerASCII(s)
		}
	}
	return s
}

func lowerASCII(s string) string {
	b := []byte(s)
	for i, ch := range b {
		if 'A' <= ch && ch <= 'Z' {
			b[i] = ch + ('a' - 'A')
		}
	}
	return string(b)
}
