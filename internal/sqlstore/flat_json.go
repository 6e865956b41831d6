package sqlstore

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/firsttap/firsttap/internal/shipment"
)

// Every card that is read brings its parcel's address and recipient, which are kept as JSON. Reading them with reflection
// took half as long as the whole rest of the row; and what we wrote ourselves is flat. Whatever is not, is read by encoding/json.

// flatJSON gives every member of an object of texts and whole numbers to one of two, and reports whether all of it was plain: no
// blanks, no escapes, nothing nested, and nothing that they do not know.
func flatJSON(s string, set func(name, text string) bool, count func(name string, number int) bool) bool {
	rest, ok := strings.CutPrefix(s, "{")
	if !ok {
		return false
	}
	for {
		var name, value string
		known := false
		if name, rest, ok = quoted(rest); !ok {
			return false
		}
		if rest, ok = strings.CutPrefix(rest, ":"); !ok || rest == "" {
			return false
		}
		if rest[0] == '"' {
			if value, rest, ok = quoted(rest); ok {
				known = set(name, value)
			}
		} else {
			var number int
			if number, rest, ok = digits(rest); ok {
				known = count(name, number)
			}
		}
		if !known || rest == "" {
			return false
		}
		switch rest[0] {
		case ',':
			rest = rest[1:]
		case '}':
			return len(rest) == 1
		default:
			return false
		}
	}
}

// quoted cuts a text without escapes off the front of s.
func quoted(s string) (text, rest string, ok bool) {
	if s == "" || s[0] != '"' {
		return "", s, false
	}
	s = s[1:]
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"':
			return s[:i], s[i+1:], utf8.ValidString(s[:i])
		case c == '\\' || c < ' ':
			return "", s, false
		}
	}
	return "", s, false
}

// digits cuts a number without a sign off the front of s.
func digits(s string) (number int, rest string, ok bool) {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	number, err := strconv.Atoi(s[:n])
	return number, s[n:], err == nil && (n == 1 || s[0] != '0')
}

func noNumber(string, int) bool { return false }

// asAddress reads a column of shipment.Address.
func asAddress(a *shipment.Address) text {
	return func(s string) error {
		*a = shipment.Address{}
		if flatJSON(s, func(name, value string) bool {
			switch name {
			case "line1":
				a.Line1 = value
			case "line2":
				a.Line2 = value
			case "zone":
				a.Zone = value
			case "city":
				a.City = value
			case "postalCode":
				a.PostalCode = value
			case "country":
				a.Country = value
			default:
				return false
			}
			return true
		}, noNumber) {
			return nil
		}
		*a = shipment.Address{}
		return asJSON(a)(s)
	}
}

// asRecipient reads a column of shipment.Recipient.
func asRecipient(r *shipment.Recipient) text {
	return func(s string) error {
		*r = shipment.Recipient{}
		if flatJSON(s, func(name, value string) bool {
			switch name {
			case "firstName":
				r.FirstName = value
			case "lastName":
				r.LastName = value
			case "phoneNumber":
				r.PhoneNumber = value
			case "email":
				r.Email = value
			default:
				return false
			}
			return true
		}, func(name string, number int) bool {
			r.DialCode = number
			return name == "dialCode"
		}) {
			return nil
		}
		*r = shipment.Recipient{}
		return asJSON(r)(s)
	}
}
