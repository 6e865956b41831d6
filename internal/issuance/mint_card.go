package issuance

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
)

// cardYears is how long a new card lives: to the end of the month, that many years on.
const cardYears = 4

// mintCard draws a new card of a design, bound to nobody. Its number is drawn by [Service.giveNumber].
func (s *Service) mintCard(p program.Program, t card.Type, d ident.DesignID, now time.Time) card.Card {
	return card.Card{
		ID: ident.CardID{UUID: s.ids.UUID()}, Program: p.ID,
		Number: s.ids.Number(ident.MinCardNumber, MaxNumber(p)), Reference: s.ids.Reference(),
		Type: t, Design: d, ThreeDS: "SMS", ExpiresAt: expiryOf(p, now),
		CreatedAt: now, UpdatedAt: now,
	}
}

// giveNumber draws the card number of a new card and keeps it, before the card itself is written; a
// programme that keeps no card numbers leaves the card without. A number that is taken is drawn again. Where
// easily guessed PINs are refused, a number that ends in the card's PIN is drawn again too.
func (s *Service) giveNumber(ctx context.Context, w *Work, c *card.Card, pin card.PIN) error {
	for range numberDraws {
		e, kept, err := s.drawEntry(w.Program, c, pin)
		if err != nil || !kept {
			return err
		}
		if err = w.Tx.InsertVaultEntry(ctx, e); !isNumberTaken(err) {
			return err
		}
	}
	return fault.Wrap(ErrNumberTaken, "draw a free card number")
}

// drawEntry draws a card number and notes its end on the card; kept is false when the programme keeps none.
func (s *Service) drawEntry(p program.Program, c *card.Card, pin card.PIN) (e card.VaultEntry, kept bool, err error) {
	if p.Policy.Vault.Mode != program.VaultBuiltIn {
		return card.VaultEntry{}, false, nil
	}
	for range numberDraws {
		e, c.Last4, err = s.vault.Draw(c.Program, c.ID, p.Policy.Vault.BIN)
		if err != nil || !p.Policy.PIN.RejectWeak || !pin.IsLast4(c.Last4) {
			return e, true, err
		}
	}
	return card.VaultEntry{}, false, fault.Wrap(ErrNumberTaken, "draw a card number that does not end in its PIN")
}

// expiryOf is the first instant after a new card's last month, in the programme's time zone.
func expiryOf(p program.Program, now time.Time) time.Time {
	y, m, _ := now.In(p.Policy.Debit.TimeZone).Date()
	return time.Date(y+cardYears, m+1, 1, 0, 0, 0, 0, p.Policy.Debit.TimeZone).UTC()
}

// LastMonth is the month that is printed on a card as its expiry: its last one, in the programme's time zone.
func LastMonth(p program.Program, c card.Card) time.Time {
	return c.ExpiresAt.Add(-time.Nanosecond).In(p.Policy.Debit.TimeZone)
}
