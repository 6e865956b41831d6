package issuance

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/approval"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
)

const actionResetGuard = "card.reset_guard"

// ResetGuard gives a card's guard its tries back. It is an operator's act: no published door has it.
type ResetGuard struct {
	Command
	Card   ident.CardID
	Reason string // why; kept in the audit row
	Asked  Asked
}

// ResetGuard arms a guard that is armed, locked or locked hard, with all tries and a fresh lifetime count.
// Refusals, in order: card.NotFound, card.NotPhysical, card.AlreadyActivated, card.CodeNotIssued (the
// plastic has no guard yet), card.IsCanceled (it has none any more); approval.Needed and its kin, where the policy wants an approval.
func (s *Service) ResetGuard(ctx context.Context, cmd ResetGuard) (card.View, error) {
	return Run(ctx, s, cmd.Command, actionResetGuard, func(w *Work) (card.View, error) {
		w.Audit.Card, w.Audit.Note = cmd.Card, cmd.Reason
		v, err := anyCard(ctx, w, cmd.Card)
		if err != nil {
			return card.View{}, err
		}
		v = v.Coming()
		if no := decideReset(v); no != nil {
			return card.View{}, no
		}
		if err := s.approved(ctx, w, approval.GuardReset, cmd.Asked); err != nil {
			return card.View{}, err
		}
		v.Plastic.Guard = v.Plastic.Guard.Reset()
		w.Announce(event.Event{Name: event.GuardReset, Card: &v})
		return v, w.Tx.UpdatePlastic(ctx, v.Plastic)
	})
}

// decideReset refuses where there is no guard that could be armed again.
func decideReset(v card.View) error {
	if v.Card.Type != card.Physical {
		return fault.Refuse(card.NotPhysical)
	}
	switch v.Plastic.Guard.State {
	case card.Consumed:
		return fault.Refuse(card.AlreadyActivated)
	case card.Unset, "":
		return fault.Refuse(card.CodeNotIssued)
	case card.GuardVoid:
		return fault.Refuse(card.IsCanceled)
	case card.Armed, card.Locked, card.HardLocked:
	}
	return nil
}

// resettable reports whether a reset gives back anything: a try, or a lock that made the next one longer.
func resettable(v card.View, now time.Time) bool {
	g := v.Plastic.Guard.At(now)
	return decideReset(v) == nil && (g.State != card.Armed || g.Tries > 0 || g.LifetimeWrong > 0 || g.Locks > 0)
}

// anyCard loads a card that is not deleted, whoever holds it, and names who does in the audit row. Refusals: card.NotFound.
func anyCard(ctx context.Context, w *Work, id ident.CardID) (card.View, error) {
	v, ok, err := w.Tx.CardView(ctx, w.Program.ID, id)
	if err != nil {
		return card.View{}, err
	}
	if !ok || v.Card.Deleted() {
		return card.View{}, fault.Refuse(card.NotFound)
	}
	w.Audit.Customer = v.Card.Customer
	return v, nil
}
