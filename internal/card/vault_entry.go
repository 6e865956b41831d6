package card

import (
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/redact"
)

// PANLength is the number of digits of a card number.
const PANLength = 16

// VaultEntry is the number of a card as the vault keeps it: nothing in it can be read or tried without the
// keys. A card without one has its number elsewhere, or nowhere.
type VaultEntry struct {
	Card      ident.CardID
	Program   ident.ProgramID
	Index     []byte // keyed hash of the number, unique in the whole installation
	Sealed    []byte // the number, bound to programme and card
	CVVSeries int64  // the CVV is derived from the number and this; a new CVV has a higher one
	Version   int64
}

// Details are the number and the CVV in clear, behind wrappers that do not print.
type Details struct {
	PAN redact.Text
	CVV redact.Text
}

// ParsePAN reads a card number: 12 to 19 ASCII digits whose last one checks the others.
func ParsePAN(s string) (redact.Text, bool) {
	if len(s) < 12 || len(s) > 19 || !digits(s) || Luhn(s[:len(s)-1]) != s[len(s)-1] {
		return redact.Text{}, false
	}
	return redact.NewText(s), true
}
