package issuance

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/approval"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
)

// The actions of audit rows about stops.
const (
	actionStop   = "card.stop"
	actionUnstop = "card.unstop"
	actionRetire = "card.retire"
)

// StopCard stops a card for use at once (debit contract §9.5).
type StopCard struct {
	Command
	Which HolderCard
	Stop  card.Stop
	Note  string
}

// Stopped is a card after a stop was asked for.
type Stopped struct {
	CardAt
	Changed bool // false: it was stopped already, as strongly or more
}

// StopCard sets a stop in the place of any weaker one. Under one as strong, or stronger, nothing changes.
// Refusals, in order: card.NotFound, customer.Unnamed, card.IsCanceled, card.IsExpired, card.AlreadyStopped
// (policy debit.stop_repeat).
func (s *Service) StopCard(ctx context.Context, cmd StopCard) (Stopped, error) {
	return Run(ctx, s, cmd.Command, actionStop, func(w *Work) (Stopped, error) {
		c, err := loadHolderCard(ctx, w, cmd.Which)
		if err != nil {
			return Stopped{}, err
		}
		v := c.View
		w.Audit.Note = stopNote(v.Stop(), cmd.Stop, cmd.Note)
		changes, no := decideStop(v, cmd.Stop, w.Program.Policy.Debit.StopRepeatConflicts, w.Now)
		if no != nil || !changes {
			return Stopped{CardAt: CardAt{v, w.Now}}, no
		}
		if err := s.noteBlock(ctx, w, v, cmd.Stop, cmd.Note); err != nil {
			return Stopped{}, err
		}
		v, err = s.setStop(ctx, w, v, v.Card.Stopped(cmd.Stop, cmd.Which.side(), w.Now), cmd.Stop)
		return Stopped{CardAt{v, w.Now}, true}, err
	})
}

// decideStop tells whether a stop changes anything, or refuses it; the first check that fails answers.
func decideStop(v card.View, stop card.Stop, repeatConflicts bool, now time.Time) (changes bool, no error) {
	switch {
	case v.Canceled():
		return false, fault.Refuse(card.IsCanceled)
	case v.Card.Status(now) == card.Expired:
		return false, fault.Refuse(card.IsExpired)
	case v.Stop().Level() < stop.Level():
		return true, nil
	case repeatConflicts:
		return false, fault.Refuse(card.AlreadyStopped)
	}
	return false, nil
}

// setStop writes a card under its new stop. One for good ends it, with its plastic.
func (s *Service) setStop(ctx context.Context, w *Work, v card.View, after card.Card, stop card.Stop) (card.View, error) {
	if stop.ForGood() {
		return s.endCard(ctx, w, v, after, voidReason(stop), event.CardStopped, event.CardClosed)
	}
	after.UpdatedAt = program.Later(w.Now, v.UpdatedAt())
	v.Card = after
	w.Announce(event.Event{Name: event.CardStopped, Card: &v})
	return v, w.Tx.UpdateCard(ctx, after)
}

// voidReason is why a plastic that was never activated is dead after a stop for good.
func voidReason(stop card.Stop) card.VoidReason {
	switch stop {
	case card.StopLost:
		return card.VoidRepLost
	case card.StopStolen:
		return card.VoidRepStolen
	default:
		return card.VoidCanceled
	}
}

// side says who sets a stop: the holder at its own card, or the programme.
func (h HolderCard) side() card.By {
	if h.Holder.IsZero() {
		return card.ByPartner
	}
	return card.ByHolder
}

// UnstopCard lifts the stop that stands on a card (debit contract §9.6).
type UnstopCard struct {
	Command
	Which HolderCard
	Note  string
	Asked Asked
}

// UnstopCard lifts a stop; a plastic is not activated by that. Refusals, in order: card.NotFound, customer.Unnamed,
// card.IsCanceled, card.IsNotStopped, card.StoppedForGood, card.StopOfProgram; of a stop for fraud approval.Needed
// and its kin, where the policy wants it.
func (s *Service) UnstopCard(ctx context.Context, cmd UnstopCard) (CardAt, error) {
	return Run(ctx, s, cmd.Command, actionUnstop, func(w *Work) (CardAt, error) {
		c, err := loadHolderCard(ctx, w, cmd.Which)
		if err != nil {
			return CardAt{}, err
		}
		v := c.View
		if no := decideUnstop(v, cmd.Which.side()); no != nil {
			w.Audit.Note = stopNote(v.Stop(), v.Stop(), cmd.Note)
			return CardAt{}, no
		}
		after := v.Card.Lifted()
		w.Audit.Note = stopNote(v.Stop(), after.Stop(), cmd.Note)
		if v.Card.Block.OfFraud() {
			asked, err := s.ofThisBlock(ctx, w, v.Card.ID, cmd.Asked)
			if err != nil {
				return CardAt{}, err
			}
			if err := s.approved(ctx, w, approval.UnblockAfterFraud, asked); err != nil {
				return CardAt{}, err
			}
		}
		if err := s.noteBlock(ctx, w, v, after.Stop(), cmd.Note); err != nil {
			return CardAt{}, err
		}
		after.UpdatedAt = program.Later(w.Now, v.UpdatedAt())
		v.Card = after
		w.Announce(event.Event{Name: event.CardUnstopped, Card: &v})
		return CardAt{v, w.Now}, w.Tx.UpdateCard(ctx, after)
	})
}

// decideUnstop refuses to lift a stop; the first check that fails answers. A block that another door set for good
// is not lifted here either.
func decideUnstop(v card.View, by card.By) error {
	switch stop := v.Stop(); {
	case v.Canceled():
		return fault.Refuse(card.IsCanceled)
	case stop == card.StopNone:
		return fault.Refuse(card.IsNotStopped)
	case stop.ForGood(), v.Card.Block != card.Block{} && !v.Card.Block.Liftable:
		return fault.Refuse(card.StoppedForGood)
	case by == card.ByHolder && !stop.HolderLifts():
		return fault.Refuse(card.StopOfProgram)
	}
	return nil
}

// RetireCard ends a card for good (debit contract §9.7).
type RetireCard struct {
	Command
	Which HolderCard
	Note  string
}

// RetireCard closes a card in whatever state it is. Refusals: card.NotFound, customer.Unnamed,
// card.AlreadyRetired when it is closed already.
func (s *Service) RetireCard(ctx context.Context, cmd RetireCard) (CardAt, error) {
	return Run(ctx, s, cmd.Command, actionRetire, func(w *Work) (CardAt, error) {
		w.Audit.Note = cmd.Note
		c, err := loadHolderCard(ctx, w, cmd.Which)
		if err != nil {
			return CardAt{}, err
		}
		v := c.View
		if !v.Card.ClosedAt.IsZero() {
			return CardAt{}, fault.Refuse(card.AlreadyRetired)
		}
		v, err = s.endCard(ctx, w, v, v.Card.Close(card.ClosedRetired, w.Now), card.VoidCanceled, event.CardClosed)
		return CardAt{v, w.Now}, err
	})
}

// mostBlocks bounds how much of a block history is told.
const mostBlocks = 1000

// BlockHistory lists the changes of a card's stops, newest first.
func (s *Service) BlockHistory(ctx context.Context, id ident.CardID) (all []card.BlockChange, err error) {
	err = s.store.Read(ctx, func(tx ReadTx) error {
		all, err = tx.BlockHistory(ctx, id, mostBlocks)
		return err
	})
	return all, err
}

// noteBlock adds a row to the block history of a card.
func (s *Service) noteBlock(ctx context.Context, w *Work, v card.View, is card.Stop, note string) error {
	return w.Tx.InsertBlockChange(ctx, card.BlockChange{
		Card: v.Card.ID, ID: s.ids.UUID(), At: w.Now, Actor: w.Audit.Actor, Channel: w.Audit.Channel,
		Was: v.Stop(), Is: is, Note: note,
	})
}

// stopNote is what the audit row of a stop keeps beside its outcome.
func stopNote(was, asked card.Stop, note string) string {
	text := "from " + stopWord(was) + " to " + stopWord(asked)
	if note == "" {
		return text
	}
	return text + ": " + note
}

func stopWord(s card.Stop) string {
	if s == card.StopNone {
		return "none"
	}
	return string(s)
}
