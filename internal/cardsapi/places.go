package cardsapi

import (
	"slices"
	"strconv"
	"strings"

	"github.com/biter777/countries"

	"github.com/firsttap/firsttap/internal/shipment"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// zoned are the countries whose addresses need a zone: state, province, prefecture.
var zoned = []string{"US", "CA", "AU", "BR", "MX", "IN", "MY", "CN", "JP"}

// withoutPostalCodes are the countries that have none (Universal Postal Union, addressing systems).
var withoutPostalCodes = []string{
	"AE", "AG", "AO", "AW", "BF", "BI", "BJ", "BO", "BS", "BW", "BZ", "CD", "CF", "CG", "CI", "CK", "CM", "DJ", "DM",
	"ER", "FJ", "GA", "GD", "GM", "GQ", "GY", "HK", "KI", "KM", "KN", "KP", "LY", "ML", "MO", "MR", "NR", "NU", "PA", "QA", "RW",
	"SB", "SC", "SL", "SR", "ST", "SY", "TD", "TG", "TK", "TL", "TO", "TV", "UG", "VU", "WS", "YE", "ZW",
}

// country reads ISO 3166-1 alpha-2 or alpha-3, in capitals, and gives alpha-2.
func (o object) country(name string, n need) string {
	v, given := o.member(name, n, wirejson.String)
	if !given {
		return ""
	}
	s, _ := v.String()
	alpha2, known := parseCountry(strings.TrimSpace(s))
	if !known {
		o.bad(name, "invalid_enum")
	}
	return alpha2
}

func parseCountry(s string) (alpha2 string, known bool) {
	if !countryForm.MatchString(s) {
		return "", false
	}
	code := countries.ByName(s)
	if !code.IsValid() || s != code.Alpha2() && s != code.Alpha3() {
		return "", false
	}
	return code.Alpha2(), true
}

// printed reads a line that the bureau prints.
func (d *Door) printed(o object, name string, n need, low, high int) string {
	s, given := o.text(name, n, low, high)
	if given && !d.bureau.Printable(s) {
		o.bad(name, "invalid_format")
	}
	return s
}

// address reads an Address (contract §14.2).
func (d *Door) address(o object) shipment.Address {
	a := shipment.Address{
		Line1: d.printed(o, "line1", required, 1, 100), Line2: d.printed(o, "line2", optional, 0, 100),
		City: d.printed(o, "city", required, 1, 60), Zone: d.printed(o, "zone", optional, 0, 60),
		PostalCode: d.printed(o, "postalCode", optional, 0, 16), Country: o.country("country", required),
	}
	if a.Country == "" {
		return a
	}
	if empty(o, "zone") && slices.Contains(zoned, a.Country) {
		o.bad("zone", "zone_required")
	}
	if empty(o, "postalCode") && !slices.Contains(withoutPostalCodes, a.Country) {
		o.bad("postalCode", "postal_code_required")
	}
	if served, _ := d.bureau.Serves(a.Country, ""); !served || !allowed(o.c.program().Policy.ShippingCountries, a.Country) {
		o.bad("country", "unsupported_country")
	}
	return a
}

// empty reports whether a text is missing, null or nothing but white space.
func empty(o object, name string) bool {
	v := o.v.Get(name)
	s, isText := v.String()
	return !v.Given() || isText && strings.TrimSpace(s) == ""
}

// allowed reports whether a list of a policy allows the value; an empty list allows all.
func allowed(list []string, value string) bool { return len(list) == 0 || slices.Contains(list, value) }

// recipient reads a Recipient.
func (d *Door) recipient(o object) shipment.Recipient {
	r := shipment.Recipient{
		FirstName: d.printed(o, "firstName", required, 1, 50), LastName: d.printed(o, "lastName", required, 1, 50), Email: o.email("email"),
	}
	v, given := o.member("dialCode", required, wirejson.Number)
	if given {
		n, _ := v.Int64() // 0, which nobody has, for one that is too large
		switch {
		case !v.Whole():
			o.bad("dialCode", "invalid_type")
		case !isDialCode(n):
			o.bad("dialCode", "invalid_dial_code")
		default:
			r.DialCode = int(n)
		}
	}
	if s, given := o.text("phoneNumber", required, 1, 40); given {
		national, valid := parseNational(s, r.DialCode)
		if !valid {
			o.bad("phoneNumber", "invalid_phone")
		}
		r.PhoneNumber = national
	}
	return r
}

// parseNational reads a national number: spaces, dashes and a leading +<dialCode> are dropped; 4 to 14
// digits, at most 15 together with the dial code. Without a dial code only the digits are looked at.
func parseNational(s string, dialCode int) (string, bool) {
	s = strings.NewReplacer(" ", "", "-", "").Replace(s)
	code := ""
	if dialCode > 0 {
		code = strconv.Itoa(dialCode)
		s = strings.TrimPrefix(s, "+"+code)
	} else {
		s = strings.TrimPrefix(s, "+")
	}
	if len(s) < 4 || len(s) > 14 && dialCode > 0 || len(s) > 15 || len(s)+len(code) > 15 {
		return "", false
	}
	return s, strings.Trim(s, "0123456789") == ""
}

// courier reads a Courier for a box that goes to that country.
func (d *Door) courier(o object, country string) shipment.Courier {
	out := shipment.Courier{Type: o.choice("type", required, "DHL", "FEDEX", "POSTAL")}
	out.Name, _ = o.text("name", optional, 0, 60)
	if out.Type != "" {
		if _, carries := d.bureau.Serves(country, out.Type); !carries || o.c.program().Policy.NoCourier || !allowed(o.c.program().Policy.ShippingCouriers, out.Type) {
			o.bad("type", "unsupported_courier")
		}
	}
	return out
}
