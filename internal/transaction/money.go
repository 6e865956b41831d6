package transaction

import (
	"math/bits"
	"strconv"
	"strings"
)

// currencies are the codes of ISO 4217 that money is paid in, by the decimals that they have.
var currencies = map[int]string{
	0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
	2: "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK " +
		"DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT " +
		"LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR " +
		"RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST " +
		"XCD XCG YER ZAR ZMW ZWG",
	3: "BHD IQD JOD KWD LYD OMR TND",
}

// Decimals tells how many decimals a currency has, and whether it is one.
func Decimals(currency string) (decimals int, known bool) {
	if len(currency) != 3 || strings.Contains(currency, " ") {
		return 0, false
	}
	for decimals, codes := range currencies {
		if strings.Contains(codes, currency) {
			return decimals, true
		}
	}
	return 0, false
}

// MaxOriginal is the largest amount that a merchant may ask for, in the minor units of whatever currency.
const MaxOriginal = 1_000_000_000_000_000

// Problem is why a number is no amount.
type Problem string

// The problems of amounts.
const (
	NoProblem   Problem = ""
	TooPrecise  Problem = "more decimals than the currency has"
	TooLarge    Problem = "too large"
	IsNegative  Problem = "negative"
	NoSuchMoney Problem = "no such currency"
)

// ParseAmount reads a JSON number of major units into minor units of the currency: exactly, or not at all.
func ParseAmount(literal, currency string, most int64) (int64, Problem) {
	decimals, known := Decimals(currency)
	if !known {
		return 0, NoSuchMoney
	}
	mantissa, exponent, _ := strings.Cut(strings.ToLower(literal), "e")
	rest, negative := strings.CutPrefix(mantissa, "-")
	whole, fraction, _ := strings.Cut(rest, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	if digits == "" {
		return 0, NoProblem
	}
	if negative {
		return 0, IsNegative
	}
	shift, err := strconv.Atoi(exponent)
	if exponent != "" && err != nil || shift > 1<<20 || shift < -1<<20 {
		if strings.HasPrefix(exponent, "-") {
			return 0, TooPrecise
		}
		return 0, TooLarge
	}
	zeros := shift - len(fraction) + decimals // that follow the digits as minor units
	for zeros < 0 && strings.HasSuffix(digits, "0") {
		digits, zeros = digits[:len(digits)-1], zeros+1
	}
	switch {
	case zeros < 0:
		return 0, TooPrecise
	case len(digits)+zeros > 18:
		return 0, TooLarge
	}
	minor, err := strconv.ParseInt(digits+strings.Repeat("0", zeros), 10, 64)
	if err != nil || minor > most {
		return 0, TooLarge
	}
	return minor, NoProblem
}

// Print writes minor units as major units, with all the decimals of the currency.
func Print(minor int64, currency string) string {
	decimals, _ := Decimals(currency)
	sign, n := "", uint64(minor) //nolint:gosec // the sign is taken apart
	if minor < 0 {
		sign, n = "-", -n
	}
	digits := strconv.FormatUint(n, 10)
	if decimals == 0 {
		return sign + digits
	}
	for len(digits) <= decimals {
		digits = "0" + digits
	}
	at := len(digits) - decimals
	return sign + digits[:at] + "." + digits[at:]
}

// rateDecimals is how many decimals a rate has.
const rateDecimals = 6

// Rate writes how much of the account's currency one unit of the original currency was, with up to six
// decimals. Without an amount to tell it from, it is 1.
func Rate(a Amount, currency, original string) string {
	if a.Billed <= 0 || a.Original <= 0 {
		return "1"
	}
	ours, _ := Decimals(currency)
	theirs, _ := Decimals(original)
	num, den := uint64(a.Billed), uint64(a.Original)
	scale := rateDecimals + theirs - ours
	for ; scale > 0; scale-- {
		if den%10 == 0 {
			den /= 10
			continue
		}
		hi, lo := bits.Mul64(num, 10)
		if hi != 0 {
			return strconv.FormatUint(num/den, 10) // beyond any money: whole units tell enough
		}
		num = lo
	}
	millionths := (num + den/2) / den
	fraction := strings.TrimRight(strconv.FormatUint(millionths%1_000_000+1_000_000, 10)[1:], "0")
	whole := strconv.FormatUint(millionths/1_000_000, 10)
	if fraction == "" {
		return whole
	}
	return whole + "." + fraction
}
