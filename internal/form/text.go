package form

import (
	"unicode"
	"unicode/utf8"
)

// The codes of problems that this package finds.
const (
	TooShort      = "too_short"
	TooLong       = "too_long"
	InvalidFormat = "invalid_format"
	Duplicate     = "duplicate"
)

// TextProblem says what is wrong with a text that must have low to high characters and no hidden ones; "" when
// nothing is.
func TextProblem(s string, low, high int) string {
	length := utf8.RuneCountInString(s)
	switch {
	case length < low:
		return TooShort
	case length > high:
		return TooLong
	case HasHidden(s):
		return InvalidFormat
	}
	return ""
}

// HasHidden reports whether a text has a character that steers the text around it instead of being read: a control, a
// separator of lines or paragraphs, a change of direction; or bytes that are no text.
func HasHidden(s string) bool {
	for _, r := range s {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || '\u202a' <= r && r <= '\u202e' || '\u2066' <= r && r <= '\u2069' {
			return true
		}
	}
	return !utf8.ValidString(s)
}
