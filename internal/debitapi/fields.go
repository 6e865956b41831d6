package debitapi

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// The problems of fields (debit contract §5.1).
const (
	required   = "required"
	invalid    = "invalid"
	tooLong    = "too_long"
	tooShort   = "too_short"
	tooMany    = "too_many"
	duplicated = "duplicated"
	notAllowed = "not_allowed"
	malformed  = "malformed"
)

// fields collects the problems of a request, in the order of asking.
type fields struct{ problems []fault.Field }

// add notes a problem. It is not inlined, for the sake of the program's size: a hundred places may find one.
//
//go:noinline
func (f *fields) add(path, problem string) {
	if len(f.problems) <= mostHints { // one more than are told, so that it shows that there are more
		f.problems = append(f.problems, fault.Field{Path: path, Code: problem})
	}
}

// refusal is nil when there are no problems.
func (f *fields) refusal() error {
	if len(f.problems) == 0 {
		return nil
	}
	return &fault.Error{Reason: requestInvalid, Fields: f.problems}
}

// text reads a string of low to high characters after trimming. A missing one is a problem when low is
// above 0.
func (f *fields) text(path string, v wirejson.Value, low, high int) string {
	if !v.Given() {
		if low > 0 {
			f.add(path, required)
		}
		return ""
	}
	s, ok := v.String()
	if !ok || strings.ContainsFunc(s, unicode.IsControl) {
		f.add(path, invalid)
		return ""
	}
	s = strings.TrimSpace(s)
	switch n := utf8.RuneCountInString(s); {
	case n < low:
		f.add(path, tooShort)
	case n > high:
		f.add(path, tooLong)
	default:
		return s
	}
	return ""
}

// number reads a number that may come as an integer, as its digits, or with a prefix before them; 0 when
// it is missing or wrong. low is the least that is good.
func (f *fields) number(path string, v wirejson.Value, prefix string) int64 {
	if !v.Given() {
		return 0
	}
	n, ok := parseNumber(v, prefix)
	if !ok || n < 1 {
		f.add(path, invalid)
		return 0
	}
	return n
}

// mostDigits is how many digits a number in a string may have.
const mostDigits = 19

func parseNumber(v wirejson.Value, prefix string) (int64, bool) {
	if v.IntegerForm() {
		return v.Int64()
	}
	s, ok := v.String()
	if !ok {
		return 0, false
	}
	if prefix != "" {
		s = strings.TrimPrefix(s, prefix)
	}
	if s == "" || len(s) > mostDigits || !allDigits(s) {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

// digitsOf reads digits that may come as a string or as an integer.
func digitsOf(v wirejson.Value) (string, bool) {
	if s, ok := v.String(); ok {
		return s, s != "" && allDigits(s)
	}
	if !v.IntegerForm() {
		return "", false
	}
	s, _ := v.Number()
	return s, allDigits(s)
}

// textOrDigits reads a string, or an integer as its digits.
func textOrDigits(v wirejson.Value) (string, bool) {
	if s, ok := v.String(); ok {
		return s, true
	}
	return digitsOf(v)
}

func allDigits(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

// pinLength is the number of digits of a PIN of this API.
const pinLength = 4

// parsePIN reads exactly four ASCII digits, or an integer that prints so.
func parsePIN(v wirejson.Value) (card.PIN, bool) {
	s, ok := digitsOf(v)
	if !ok {
		return card.PIN{}, false
	}
	return card.ParsePIN(s, pinLength, pinLength)
}

// pin reads a PIN; the zero one when it is missing or wrong.
func (f *fields) pin(path string, v wirejson.Value) card.PIN {
	if !v.Given() {
		return card.PIN{}
	}
	p, ok := parsePIN(v)
	if !ok {
		f.add(path, invalid)
	}
	return p
}

// flag reads a boolean; false when it is missing.
func (f *fields) flag(path string, v wirejson.Value) bool {
	if !v.Given() {
		return false
	}
	b, ok := v.Bool()
	if !ok {
		f.add(path, invalid)
	}
	return b
}

// object reads an object; absent when it is missing or something else.
func (f *fields) object(path string, v wirejson.Value) wirejson.Value {
	switch {
	case !v.Given():
		return wirejson.Value{}
	case v.Kind() != wirejson.Object:
		f.add(path, invalid)
		return wirejson.Value{}
	}
	return v
}

func itemPath(i int) string { return fmt.Sprintf("batch[%d]", i) }
