package form

import (
	"mime"
	"slices"
	"strings"
)

// maxKey is the most characters of an idempotency key.
const maxKey = 255

// Distinct gives the values without repeats.
func Distinct(values []string) []string {
	if len(values) < 2 {
		return values
	}
	var out []string
	for _, v := range values {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// IdempotencyKey reads the values of the header. Without one, key and problem are both "".
func IdempotencyKey(values []string) (key, problem string) {
	sent := Distinct(values)
	switch {
	case len(sent) == 0:
		return "", ""
	case len(sent) > 1:
		return "", Duplicate
	case sent[0] == "":
		return "", TooShort
	case len(sent[0]) > maxKey:
		return "", TooLong
	case strings.ContainsFunc(sent[0], func(r rune) bool { return r < 0x21 || r > 0x7e }):
		return "", InvalidFormat
	}
	return sent[0], ""
}

// IsMedia reports whether the values of the header Content-Type say that media type, in UTF-8 if they say how.
func IsMedia(values []string, want string) bool {
	if len(Distinct(values)) != 1 {
		return false
	}
	kind, params, err := mime.ParseMediaType(values[0])
	charset, said := params["charset"]
	return err == nil && kind == want && (!said || strings.EqualFold(charset, "utf-8"))
}

// IsJSON reports whether the values of the header Content-Type say JSON in UTF-8. None at all does.
func IsJSON(values []string) bool {
	if len(values) == 0 || len(values) == 1 && values[0] == "application/json" { // what nearly everybody sends
		return true
	}
	kind, params, err := mime.ParseMediaType(values[0])
	if err != nil || len(Distinct(values)) > 1 {
		return false
	}
	if charset, said := params["charset"]; said && !strings.EqualFold(charset, "utf-8") {
		return false
	}
	sub, isApplication := strings.CutPrefix(kind, "application/")
	return isApplication && (sub == "json" || strings.HasSuffix(sub, "+json") && len(sub) > len("+json"))
}
