package vault

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/redact"
)

// cvvRange is how many CVVs there are: three digits.
const cvvRange = 1000

// BuiltIn is the vault. It is safe for concurrent use.
type BuiltIn struct {
	keys issuance.Sealer
	ids  *ident.Source
}

var _ issuance.Vault = (*BuiltIn)(nil)

// New makes the vault over the keys and the randomness of the house.
func New(keys issuance.Sealer, ids *ident.Source) *BuiltIn { return &BuiltIn{keys: keys, ids: ids} }

// Draw draws a number below a BIN.
func (v *BuiltIn) Draw(p ident.ProgramID, id ident.CardID, bin string) (card.VaultEntry, string, error) {
	free := card.PANLength - 1 - len(bin)
	if free < 1 {
		return card.VaultEntry{}, "", fmt.Errorf("a BIN of %d digits leaves no room for numbers", len(bin))
	}
	digits := fmt.Sprintf("%s%0*d", bin, free, v.ids.Below(uint64(math.Pow10(free))))
	number := digits + string(card.Luhn(digits))
	pan := redact.NewText(number)
	defer pan.Wipe()
	sealed, err := v.keys.Seal(numberBound(p, id), pan)
	if err != nil {
		return card.VaultEntry{}, "", err
	}
	e := card.VaultEntry{Card: id, Program: p, Index: v.Index(pan), Sealed: sealed}
	return e, number[len(number)-4:], nil
}

// Index is the keyed hash that a number is found by, the same in every programme: no two cards of the
// installation have one number.
func (v *BuiltIn) Index(pan redact.Text) []byte {
	return v.keys.Hash(issuance.Bound{Purpose: issuance.PurposeNumberIndex}, pan.Bytes())
}

// Open gives number and CVV.
func (v *BuiltIn) Open(e card.VaultEntry) (card.Details, error) {
	pan, err := v.keys.Open(numberBound(e.Program, e.Card), e.Sealed)
	if err != nil {
		return card.Details{}, err
	}
	return card.Details{PAN: pan, CVV: redact.NewText(v.cvv(e, pan, e.CVVSeries))}, nil
}

// NextCVV goes on in the series to the first CVV that differs.
func (v *BuiltIn) NextCVV(e card.VaultEntry) (card.VaultEntry, error) {
	pan, err := v.keys.Open(numberBound(e.Program, e.Card), e.Sealed)
	if err != nil {
		return card.VaultEntry{}, err
	}
	last := v.cvv(e, pan, e.CVVSeries)
	for e.CVVSeries++; v.cvv(e, pan, e.CVVSeries) == last; e.CVVSeries++ {
	}
	return e, nil
}

func (v *BuiltIn) cvv(e card.VaultEntry, pan redact.Text, series int64) string {
	to := issuance.Bound{Purpose: issuance.PurposeCVV, Program: e.Program, Subject: e.Card.String()}
	hash := v.keys.Hash(to, pan.Bytes(), binary.BigEndian.AppendUint64(nil, uint64(series))) //nolint:gosec // a series counts up from 0
	return fmt.Sprintf("%03d", binary.BigEndian.Uint64(hash)%cvvRange)
}

func numberBound(p ident.ProgramID, id ident.CardID) issuance.Bound {
	return issuance.Bound{Purpose: issuance.PurposeCardNumber, Program: p, Subject: id.String()}
}
