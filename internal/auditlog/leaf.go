package auditlog

import (
	"strings"
	"unicode/utf8"

	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/ident"
)

// momentForm is how a leaf writes the time of a row: UTC, always six digits of a second.
const momentForm = "2006-01-02T15:04:05.000000Z"

// Leaf is the canonical text of a row, which the tree commits to: a JSON object in the canonical form of RFC
// 8785, of texts only, without members that are empty.
func Leaf(r audit.Row) []byte {
	b := make([]byte, 1, 512)
	b[0] = '{'
	for _, m := range []struct{ name, value string }{ // in the order of names
		{"action", r.Action},
		{"actor", r.Actor},
		{"at", r.At.UTC().Format(momentForm)},
		{"batch", idText(r.Batch.UUID)},
		{"card", idText(r.Card.UUID)},
		{"channel", r.Channel},
		{"customer", idText(r.Customer.UUID)},
		{"id", idText(r.ID)},
		{"note", r.Note},
		{"on_behalf_of", r.OnBehalfOf},
		{"outcome", r.Outcome},
		{"program", idText(r.Program.UUID)},
		{"request_id", r.RequestID},
		{"shipment", idText(r.Shipment.UUID)},
		{"source", r.Source},
	} {
		if m.value == "" {
			continue
		}
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = appendText(append(appendText(b, m.name), ':'), m.value)
	}
	return append(b, '}')
}

func idText(u ident.UUID) string {
	if u.IsZero() {
		return ""
	}
	return u.String()
}

// appendText adds a JSON text as RFC 8785 writes it. encoding/json escapes other characters, and which ones
// has changed between releases. What is no UTF-8 cannot stand in JSON, and becomes U+FFFD.
func appendText(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	b = append(b, '"')
	for i := range len(s) {
		c := s[i]
		if short := strings.IndexByte("\b\t\n\f\r\"\\", c); short >= 0 {
			b = append(b, '\\', "btnfr\"\\"[short])
		} else if c < ' ' {
			b = append(b, `\u00`...)
			b = append(b, hex[c>>4], hex[c&15])
		} else {
			b = append(b, c)
		}
	}
	return append(b, '"')
}
