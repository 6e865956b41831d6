package customer

import (
	"regexp"
	"strings"
	"time"
)

var (
	rfcPerson  = regexp.MustCompile(`^[A-ZÑ&]{4}([0-9]{6})[A-Z0-9]{3}$`)
	rfcCompany = regexp.MustCompile(`^[A-ZÑ&]{3}([0-9]{6})[A-Z0-9]{3}$`)
	curpForm   = regexp.MustCompile(`^[A-Z][AEIOUX][A-Z]{2}([0-9]{6})[HMX](AS|BC|BS|CC|CL|CM|CS|CH|DF|DG|GT|GR|HG|JC|MC|MN|MS|NT|NL|OC|PL|QT|QR|SP|SL|SR|TC|TS|TL|VZ|YN|ZS|NE)[B-DF-HJ-NP-TV-Z]{3}([A-Z0-9])[0-9]$`)
)

// The generic RFCs: valid for persons, and shared by many.
const (
	GenericRFC        = "XAXX010101000"
	GenericForeignRFC = "XEXX010101000"
)

// NormalTaxID is the form in which RFC and CURP are kept and compared: upper case, without outer white
// space, spaces and hyphens.
func NormalTaxID(s string) string {
	return strings.NewReplacer(" ", "", "-", "").Replace(strings.ToUpper(strings.TrimSpace(s)))
}

// ValidRFC checks the form of a normal RFC: 13 characters for a person, 12 for a company, with a real
// date. The check digit is tested only when asked, since published samples fail it.
func ValidRFC(kind Kind, rfc string, checkDigit bool) bool {
	form := rfcPerson
	if kind == Company {
		form = rfcCompany
	}
	m := form.FindStringSubmatch(rfc)
	if m == nil || !realDate(m[1]) {
		return false
	}
	if kind == Person && IsGenericRFC(rfc) {
		return true
	}
	return !checkDigit || rfcDigit(rfc) == lastRune(rfc)
}

// IsGenericRFC tells the two RFCs that stand for nobody in particular.
func IsGenericRFC(rfc string) bool { return rfc == GenericRFC || rfc == GenericForeignRFC }

// ValidCURP checks a normal CURP: form, date, state code and check digit.
func ValidCURP(curp string) bool {
	m := curpForm.FindStringSubmatch(curp)
	if m == nil || !realDate(m[1]) {
		return false
	}
	const alphabet = "0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ"
	index := runeIndex(alphabet)
	sum := 0
	for i, r := range []rune(curp)[:17] {
		sum += index[r] * (18 - i)
	}
	return rune('0'+(10-sum%10)%10) == lastRune(curp)
}

// rfcDigit is the check digit of an RFC of 12 or 13 characters.
func rfcDigit(rfc string) rune {
	const alphabet = "0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ Ñ"
	index := runeIndex(alphabet)
	runes := []rune(rfc)
	if len(runes) == 12 {
		runes = append([]rune{' '}, runes...)
	}
	sum := 0
	for i, r := range runes[:12] {
		sum += index[r] * (13 - i)
	}
	switch d := 11 - sum%11; d {
	case 11:
		return '0'
	case 10:
		return 'A'
	default:
		return rune('0' + d)
	}
}

func runeIndex(alphabet string) map[rune]int {
	m, i := make(map[rune]int, 40), 0
	for _, r := range alphabet {
		m[r] = i
		i++
	}
	return m
}

func lastRune(s string) rune {
	r := []rune(s)
	return r[len(r)-1]
}

// realDate reports whether YYMMDD is a date of this century or the last.
func realDate(yymmdd string) bool {
	for _, century := range []string{"19", "20"} {
		if _, err := time.Parse("20060102", century+yymmdd); err == nil {
			return true
		}
	}
	return false
}
