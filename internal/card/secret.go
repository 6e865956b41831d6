package card

import (
	"github.com/firsttap/firsttap/internal/redact"
)

// CodeLength is the number of digits of an activation code.
const CodeLength = 6

// Code is an activation code: exactly six ASCII digits, behind a wrapper that does not print. The zero
// Code is "none was sent".
type Code struct{ redact.Text }

// ParseCode reads exactly six ASCII digits; nothing is trimmed.
func ParseCode(s string) (Code, bool) {
	if len(s) != CodeLength || !digits(s) {
		return Code{}, false
	}
	return Code{redact.NewText(s)}, true
}

// PIN is 4 to 12 ASCII digits, behind a wrapper that does not print. The zero PIN is "none was sent".
type PIN struct{ redact.Text }

// ParsePIN reads between low and high ASCII digits; nothing is trimmed.
func ParsePIN(s string, low, high int) (PIN, bool) {
	if len(s) < low || len(s) > high || !digits(s) {
		return PIN{}, false
	}
	return PIN{redact.NewText(s)}, true
}

// HasRun reports whether three digits in a row anywhere are equal, rise by one or fall by one, without
// wrapping (cards contract §10.6).
func (p PIN) HasRun() bool {
	d := p.Bytes()
	defer clear(d)
	for i := 2; i < len(d); i++ {
		a, b := int(d[i-1])-int(d[i-2]), int(d[i])-int(d[i-1])
		if a == b && a >= -1 && a <= 1 {
			return true
		}
	}
	return false
}

// Guessable reports whether a 4-digit PIN is among the easily guessed (debit contract §7.4): four equal
// digits, runs up or down by one, 19xx and 20xx, and the last four of the card number.
func (p PIN) Guessable(last4 string) bool {
	d := p.Bytes()
	defer clear(d)
	if len(d) != 4 {
		return false
	}
	for _, step := range []int{-1, 0, 1} {
		run := true
		for i := 1; i < len(d); i++ {
			run = run && int(d[i])-int(d[i-1]) == step
		}
		if run {
			return true
		}
	}
	century := string(d[:2])
	return century == "19" || century == "20" || string(d) == last4
}

// IsLast4 reports whether the PIN is the last four digits of the card number.
func (p PIN) IsLast4(last4 string) bool {
	return p.Len() == len(last4) && p.Reveal() == last4 && last4 != ""
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
