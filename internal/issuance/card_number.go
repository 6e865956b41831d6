package issuance

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/redact"
)

// The actions of audit rows about card numbers.
const (
	actionReveal    = "card.reveal_number"
	actionRotateCVV = "card.rotate_cvv"
)

// Revealed is what is printed on a card, in clear.
type Revealed struct {
	card.Details
	LastMonth time.Time // of the expiry, in the programme's time zone
}

// open gives what is printed on a card.
func (s *Service) open(w *Work, c card.Card, e card.VaultEntry) (Revealed, error) {
	d, err := s.vault.Open(e)
	if err != nil {
		return Revealed{}, fault.Wrap(err, "open a card number")
	}
	return Revealed{Details: d, LastMonth: LastMonth(w.Program, c)}, nil
}

// loadEntry loads the number of a card, or refuses with card.NoNumberKept.
func loadEntry(ctx context.Context, w *Work, id ident.CardID) (card.VaultEntry, error) {
	e, ok, err := w.Tx.VaultEntry(ctx, w.Program.ID, id)
	if err == nil && !ok {
		err = fault.Refuse(card.NoNumberKept)
	}
	return e, err
}

// RotateCVV gives a card a new CVV; the old one is dead at the commit.
type RotateCVV struct {
	Command
	Card ident.CardID
}

// RotateCVV draws another CVV than the card had and gives what is printed on the card now. Whether the card
// may have a new one its caller has decided. Refusals: card.NotFound, card.NoNumberKept.
func (s *Service) RotateCVV(ctx context.Context, cmd RotateCVV) (Revealed, error) {
	return Run(ctx, s, cmd.Command, actionRotateCVV, func(w *Work) (Revealed, error) {
		v, err := loadCard(ctx, w, cmd.Card)
		if err != nil {
			return Revealed{}, err
		}
		return s.rotateCVV(ctx, w, v)
	})
}

// rotateCVV writes the next CVV of a card.
func (s *Service) rotateCVV(ctx context.Context, w *Work, v card.View) (Revealed, error) {
	e, err := loadEntry(ctx, w, v.Card.ID)
	if err != nil {
		return Revealed{}, err
	}
	if e, err = s.vault.NextCVV(e); err != nil {
		return Revealed{}, fault.Wrap(err, "make a new CVV")
	}
	if err := w.Tx.UpdateVaultEntry(ctx, e); err != nil {
		return Revealed{}, err
	}
	w.Announce(event.Event{Name: event.CVVRotated, Card: &v})
	return s.open(w, v.Card, e)
}

// CardByNumber finds the card of a programme that bears a card number, or card.NotFound.
func (s *Service) CardByNumber(ctx context.Context, p ident.ProgramID, pan redact.Text) (CardAt, error) {
	return Look(ctx, s, card.NotFound, func(tx ReadTx) (CardAt, bool, error) {
		owner, ok, err := tx.Program(ctx, p)
		if err != nil || !ok {
			return CardAt{}, false, err
		}
		e, ok, err := tx.VaultEntryByIndex(ctx, p, s.vault.Index(pan))
		if err != nil || !ok {
			return CardAt{}, false, err
		}
		v, ok, err := tx.CardView(ctx, p, e.Card)
		return CardAt{v, owner.Now(s.now())}, ok, err
	})
}
