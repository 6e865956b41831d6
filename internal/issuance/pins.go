package issuance

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/redact"
)

// The actions of audit rows about PINs.
const (
	actionChangePIN = "card.change_pin"
	actionViewPIN   = "card.view_pin"
)

// pinViewsPerDay is how often the PIN of one card is shown in 24 hours (debit contract §9.8).
const pinViewsPerDay = 5

// setPIN gives a card a PIN: a keyed hash for whoever verifies it and, where the programme lets holders read
// their PINs back, a sealed copy for that.
func (s *Service) setPIN(c *card.Card, pin card.PIN, p program.Program, now time.Time) error {
	digits := pin.Bytes()
	defer clear(digits)
	c.PINHash, c.PINSetAt = s.sealer.Hash(pinBound(*c), digits), now
	c.PINSealed, c.PINViewable = nil, p.Policy.Debit.ViewPIN
	if !c.PINViewable {
		return nil
	}
	return s.sealPIN(c, pin)
}

// setOrderedPIN is setPIN for a card that the bureau will make: it has to be told the PIN, so a sealed copy waits
// until the card is activated.
func (s *Service) setOrderedPIN(c *card.Card, pin card.PIN, p program.Program, now time.Time) error {
	if err := s.setPIN(c, pin, p, now); err != nil {
		return err
	}
	return s.sealPIN(c, pin)
}

// forgetOrderedPIN erases a PIN that waited for the bureau, which has had it. One that its holder may read stays.
func forgetOrderedPIN(c *card.Card) (changed bool) {
	if c.PINSealed == nil || c.PINHash == nil || c.PINViewable {
		return false
	}
	c.PINSealed = nil
	return true
}

func (s *Service) sealPIN(c *card.Card, pin card.PIN) error {
	sealed, err := s.sealer.Seal(pinBound(*c), pin.Text)
	if err != nil {
		return fault.Wrap(err, "seal a PIN")
	}
	c.PINSealed = sealed
	return nil
}

// ChangePIN gives an active card another PIN (debit contract §9.8).
type ChangePIN struct {
	Command
	Which HolderCard
	PIN   card.PIN
}

// ChangePIN sets the PIN; without success the old one stays. Refusals, in order: card.NotFound, customer.Unnamed,
// card.IsCanceled, card.StoppedForGood, card.PINBlocked, card.IsNotActive, card.PINWeak.
func (s *Service) ChangePIN(ctx context.Context, cmd ChangePIN) (CardAt, error) {
	return Run(ctx, s, cmd.Command, actionChangePIN, func(w *Work) (CardAt, error) {
		c, err := loadHolderCard(ctx, w, cmd.Which)
		if err != nil {
			return CardAt{}, err
		}
		v := c.View
		if no := decideChangePIN(v, cmd.PIN, w.Program.Policy.PIN, w.Now); no != nil {
			return CardAt{}, no
		}
		if err := s.setPIN(&v.Card, cmd.PIN, w.Program, w.Now); err != nil {
			return CardAt{}, err
		}
		v.Card.UpdatedAt = program.Later(w.Now, v.UpdatedAt())
		w.Announce(event.Event{Name: event.CardPINSet, Card: &v})
		return CardAt{v, w.Now}, w.Tx.UpdateCard(ctx, v.Card)
	})
}

// decideChangePIN refuses a PIN; the first check that fails answers.
func decideChangePIN(v card.View, pin card.PIN, policy program.PIN, now time.Time) error {
	switch stop := v.Stop(); {
	case v.Canceled():
		return fault.Refuse(card.IsCanceled)
	case stop.ForGood():
		return fault.Refuse(card.StoppedForGood)
	case stop == card.StopPINTries, stop == card.StopOfflinePINTries:
		return fault.Refuse(card.PINBlocked)
	case !isActive(v, now):
		return fault.Refuse(card.IsNotActive)
	case policy.RejectWeak && pin.Guessable(v.Card.Last4):
		return fault.RefuseWith(card.PINWeak, "new_pin")
	}
	return nil
}

// ViewPIN asks for the PIN of one's own card.
type ViewPIN struct {
	Command
	Which HolderCard // with the holder of a customer's token
}

// ViewPIN gives the PIN in clear, for the one answer that carries it. Every call leaves an audit row; the sealed
// copy is opened only after all checks. Refusals, in order: card.PINViewOff, card.NotFound, card.IsCanceled,
// card.IsNotActive, card.PINUnset, card.PINViewTooOften.
func (s *Service) ViewPIN(ctx context.Context, cmd ViewPIN) (redact.Text, error) {
	return Run(ctx, s, cmd.Command, actionViewPIN, func(w *Work) (redact.Text, error) {
		if !w.Program.Policy.Debit.ViewPIN {
			return redact.Text{}, fault.Refuse(card.PINViewOff)
		}
		c, err := loadHolderCard(ctx, w, cmd.Which)
		if err != nil {
			return redact.Text{}, err
		}
		v := c.View
		views, err := w.Tx.CountAudit(ctx, w.Program.ID, v.Card.ID, actionViewPIN, audit.OK, w.Now.Add(-readsWindow))
		if err != nil {
			return redact.Text{}, err
		}
		if no := decideViewPIN(v, views, w.Now); no != nil {
			if no.Reason == card.PINViewTooOften {
				no.RetryAfter, err = untilFewer(pinViewsPerDay, func(since time.Duration) (int, error) {
					return w.Tx.CountAudit(ctx, w.Program.ID, v.Card.ID, actionViewPIN, audit.OK, w.Now.Add(since))
				})
			}
			if err != nil {
				return redact.Text{}, err
			}
			return redact.Text{}, no
		}
		w.Announce(event.Event{Name: event.CardPINViewed, Card: &v})
		pin, err := s.sealer.Open(pinBound(v.Card), v.Card.PINSealed)
		if err != nil {
			return redact.Text{}, fault.Wrap(err, "open a PIN")
		}
		return pin, nil
	})
}

// decideViewPIN refuses to show a PIN; the first check that fails answers. One that was set while the programme
// did not let holders read PINs back is as good as none.
func decideViewPIN(v card.View, views int, now time.Time) *fault.Error {
	switch {
	case v.Canceled():
		return fault.Refuse(card.IsCanceled)
	case !isActive(v, now):
		return fault.Refuse(card.IsNotActive)
	case !v.Card.PINViewable || v.Card.PINSealed == nil:
		return fault.Refuse(card.PINUnset)
	case views >= pinViewsPerDay:
		return fault.Refuse(card.PINViewTooOften)
	}
	return nil
}
