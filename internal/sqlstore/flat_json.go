package sqlstore

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/firsttap/firsttap/internal/shipment"
)

// Every card that is read brings its parcel's address and recipient, which are kept as JSON. Reading them with reflection
// took half as long as the whole rest of the row; and what we wrote ourselves is flat. Whatever is not, is read by encoding/json.

// flatColumn reads a column of a flat value. text and number say where a member of that name goes; nil: there is none.
func flatColumn[T any](to *T, text func(*T, string) *string, number func(*T, string) *int) text {
	return func(s string) error {
		*to = *new(T)
		if flatJSON(s, to, text, number) {
			return nil
		}
		*to = *new(T)
		return asJSON(to)(s)
	}
}

// flatJSON reads an object of texts and whole numbers, and reports whether all of it was plain: no blanks, no escapes, nothing nested,
// and no member that is not known.
func flatJSON[T any](s string, to *T, text func(*T, string) *string, number func(*T, string) *int) bool {
	rest, ok := strings.CutPrefix(s, "{")
	for ok {
		var name string
		if name, rest, ok = quoted(rest); !ok {
			return false
		}
		if rest, ok = strings.CutPrefix(rest, ":"); !ok {
			return false
		}
		if strings.HasPrefix(rest, `"`) {
			rest, ok = keep(text(to, name), rest, quoted)
		} else {
			rest, ok = keep(number(to, name), rest, digits)
		}
		if ok && rest == "}" {
			return true
		}
		if ok {
			rest, ok = strings.CutPrefix(rest, ",")
		}
	}
	return false
}

// keep cuts a value off the front of s, and puts it where it goes.
func keep[V any](to *V, s string, cut func(string) (V, string, bool)) (rest string, ok bool) {
	value, rest, ok := cut(s)
	if !ok || to == nil {
		return s, false
	}
	*to = value
	return rest, true
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

// asAddress reads a column of shipment.Address.
func asAddress(a *shipment.Address) text {
	return flatColumn(a, addressText, func(*shipment.Address, string) *int { return nil })
}

func addressText(a *shipment.Address, name string) *string {
	switch name {
	case "line1":
		return &a.Line1
	case "line2":
		return &a.Line2
	case "zone":
		return &a.Zone
	case "city":
		return &a.City
	case "postalCode":
		return &a.PostalCode
	case "country":
		return &a.Country
	}
	return nil
}

// asRecipient reads a column of shipment.Recipient.
func asRecipient(r *shipment.Recipient) text { return flatColumn(r, recipientText, recipientNumber) }

func recipientText(r *shipment.Recipient, name string) *string {
	switch name {
	case "firstName":
		return &r.FirstName
	case "lastName":
		return &r.LastName
	case "phoneNumber":
		return &r.PhoneNumber
	case "email":
		return &r.Email
	}
	return nil
}

func recipientNumber(r *shipment.Recipient, name string) *int {
	if name == "dialCode" {
		return &r.DialCode
	}
	return nil
}
