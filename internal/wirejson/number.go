package wirejson

import (
	"bytes"
	"strconv"
	"strings"
)

// Number gives the literal of a number as it was sent, such as 12.50; ok is false for every other kind.
func (v Value) Number() (literal string, ok bool) {
	if v.Kind() != Number {
		return "", false
	}
	return string(v.raw), true
}

// IntegerForm reports whether v is a number written without fraction and exponent: 12, but not 12.0
// or 1.2e1.
func (v Value) IntegerForm() bool {
	return v.Kind() == Number && !bytes.ContainsAny(v.raw, ".eE")
}

// Int64 gives the exact value of a whole number in whatever form it was written (12, 12.0, 1.2e1); ask
// [Value.IntegerForm] when only the first will do. ok is false for every other kind, for a number
// with a fraction, and for one beyond 64 bits: nothing is ever rounded.
func (v Value) Int64() (n int64, ok bool) {
	if v.Kind() != Number {
		return 0, false
	}
	if v.IntegerForm() {
		n, err := strconv.ParseInt(string(v.raw), 10, 64)
		return n, err == nil
	}
	return wholeNumber(string(v.raw))
}

// Whole reports whether v is a number without a fraction, in whatever form it was written and however
// large: 12, 12.0, 1.2e1 and 1e30, but not 12.5.
func (v Value) Whole() bool {
	if v.Kind() != Number {
		return false
	}
	_, digits, zeros, _ := decimal(string(v.raw))
	return digits == "" || zeros >= 0
}

// wholeNumber reads a literal with a fraction or an exponent.
func wholeNumber(literal string) (int64, bool) {
	sign, digits, zeros, ok := decimal(literal)
	const maxDigits = 19 // of an int64
	switch {
	case digits == "":
		return 0, true
	case !ok || zeros < 0 || zeros > maxDigits:
		return 0, false
	}
	n, err := strconv.ParseInt(sign+digits+strings.Repeat("0", zeros), 10, 64)
	return n, err == nil
}

// decimal takes a literal apart: its digits without the zeros at both ends, "" for zero, and how many zeros
// follow them, below none for a fraction. ok is false when the exponent is beyond counting; zeros then says
// its direction only.
func decimal(literal string) (sign, digits string, zeros int, ok bool) {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(literal), "e")
	sign, mantissa = cutSign(mantissa)
	whole, fraction, _ := strings.Cut(mantissa, ".")
	all := strings.TrimLeft(whole+fraction, "0")
	digits = strings.TrimRight(all, "0")
	const maxShift = 1 << 30 // no body holds as many digits
	shift := 0
	if exponent != "" {
		var err error
		if shift, err = strconv.Atoi(exponent); err != nil || shift > maxShift || shift < -maxShift {
			return sign, digits, shift, false
		}
	}
	return sign, digits, shift - len(fraction) + len(all) - len(digits), true
}

func cutSign(literal string) (sign, rest string) {
	if rest, ok := strings.CutPrefix(literal, "-"); ok {
		return "-", rest
	}
	return "", literal
}
