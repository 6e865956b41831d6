package issuance

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
)

// The actions of audit rows about how a card is set up.
const (
	actionSetPIN     = "card.set_pin"
	actionSetThreeDS = "card.set_3ds_method"
	actionProvision  = "card.push_provision"
)

// SetPIN gives a physical card a PIN (cards contract §10.6).
type SetPIN struct {
	Command
	Card ident.CardID
	PIN  card.PIN
}

// SetPIN sets the PIN, whether the card is activated or frozen or not. A plastic that has not left the bureau gets it
// with its making: a sealed copy waits for that until the card is activated. Refusals, in order: card.NotFound,
// card.TypeNotSupported, card.NotAllowed, account.NotActive.
func (s *Service) SetPIN(ctx context.Context, cmd SetPIN) error {
	_, err := Run(ctx, s, cmd.Command, actionSetPIN, func(w *Work) (struct{}, error) {
		v, err := loadCard(ctx, w, cmd.Card)
		if err != nil {
			return struct{}{}, err
		}
		spends, _, err := w.Tx.Account(ctx, w.Program.ID, v.Card.Account)
		if err != nil {
			return struct{}{}, err
		}
		if no := decideSetPIN(v, spends.Status, w.Now); no != nil {
			return struct{}{}, no
		}
		set := s.setPIN
		if madeLater(v.Coming().Plastic) {
			set = s.setOrderedPIN
		}
		if err := set(&v.Card, cmd.PIN, w.Program, w.Now); err != nil {
			return struct{}{}, err
		}
		w.Announce(event.Event{Name: event.CardPINSet, Card: &v})
		return struct{}{}, w.Tx.UpdateCard(ctx, v.Card)
	})
	return err
}

// madeLater reports whether the bureau has not finished the piece.
func madeLater(p card.Plastic) bool {
	return p.State == card.Planned || p.State == card.Rejected || p.State.AtBureau()
}

// decideSetPIN refuses a PIN; the first check that fails answers.
func decideSetPIN(v card.View, spends account.Status, now time.Time) error {
	if v.Card.Type != card.Physical {
		return fault.RefuseWith(card.TypeNotSupported, v.Card.Type)
	}
	if no := decideUsable(v.Card, now); no != nil {
		return no
	}
	if v.Physical() == card.PhysicalCanceled {
		return fault.RefuseWith(card.NotAllowed, card.OperationState{Status: v.Card.Status(now), Cause: "CANCELED"})
	}
	if spends != account.Active {
		return fault.RefuseWith(account.NotActive, spends)
	}
	return nil
}

// decideUsable refuses what nobody does with a card that is closed, expired or blocked.
func decideUsable(c card.Card, now time.Time) error {
	switch st := c.Status(now); st {
	case card.Closed:
		return fault.RefuseWith(card.NotAllowed, card.OperationState{Status: st, Cause: "CLOSED"})
	case card.Expired:
		return fault.RefuseWith(card.NotAllowed, card.OperationState{Status: st, Cause: "EXPIRED"})
	case card.Blocked:
		return fault.RefuseWith(card.NotAllowed, card.OperationState{Status: st, Cause: "BLOCKED"})
	case card.Frozen, card.Open, card.Unassigned:
	}
	return nil
}

// SetThreeDS chooses how the holder is asked about purchases from now on (cards contract §10.11).
type SetThreeDS struct {
	Command
	Card   ident.CardID
	Method string // SMS, WEBHOOK
}

// SetThreeDS sets the method, in whatever state the card is. Refusal: card.NotFound.
func (s *Service) SetThreeDS(ctx context.Context, cmd SetThreeDS) error {
	_, err := Run(ctx, s, cmd.Command, actionSetThreeDS, func(w *Work) (struct{}, error) {
		v, err := loadCard(ctx, w, cmd.Card)
		if err != nil || v.Card.ThreeDS == cmd.Method {
			return struct{}{}, err
		}
		w.Audit.Note = "from " + v.Card.ThreeDS + " to " + cmd.Method
		v.Card.ThreeDS, v.Card.UpdatedAt = cmd.Method, program.Later(w.Now, v.UpdatedAt())
		return struct{}{}, w.Tx.UpdateCard(ctx, v.Card)
	})
	return err
}

// PushProvision asks for a card in the wallet of a phone (cards contract §10.10).
type PushProvision struct {
	Command
	Card ident.CardID
}

// PushProvision is always refused: card.NotFound, card.NoProvisioning.
func (s *Service) PushProvision(ctx context.Context, cmd PushProvision) error {
	_, err := Run(ctx, s, cmd.Command, actionProvision, func(w *Work) (struct{}, error) {
		if _, err := loadCard(ctx, w, cmd.Card); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, fault.Refuse(card.NoProvisioning)
	})
	return err
}
