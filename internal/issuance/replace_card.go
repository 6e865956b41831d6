package issuance

import (
	"context"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
)

const actionReplace = "card.replace"

// ReplacementCause is why a card gets a successor with another number: somebody else may know or hold the old one.
type ReplacementCause string

// The causes of a replacement.
const (
	ReplaceLost   ReplacementCause = "lost"
	ReplaceStolen ReplacementCause = "stolen"
	ReplaceFraud  ReplacementCause = "fraud"
	ReplaceInPost ReplacementCause = "lost_in_post"
	ReplaceOpened ReplacementCause = "returned_opened" // whoever opened it could read the number
)

// ReplacementCauses lists the causes.
func ReplacementCauses() []ReplacementCause {
	return []ReplacementCause{ReplaceLost, ReplaceStolen, ReplaceFraud, ReplaceInPost, ReplaceOpened}
}

// replacementStops is how each cause ends the old number, at once.
var replacementStops = map[ReplacementCause]card.Stop{
	ReplaceLost: card.StopLost, ReplaceStolen: card.StopStolen, ReplaceFraud: card.StopFraudConfirmed,
	ReplaceInPost: card.StopLost, ReplaceOpened: card.StopReplaced,
}

// ReplaceCard asks for a successor of a card, with another number.
type ReplaceCard struct {
	Command
	Card   ident.CardID
	For    ReplacementCause
	Reason string // what the caller tells; kept in the audit row and in the history of stops
}

// Replaced is a card and its successor.
type Replaced struct {
	Source    CardAt
	Successor CardAt
}

// ReplaceCard ends a card for good, unless that was done, and makes its successor for the same customer, account and design: another
// number, no PIN yet, and a plastic that waits to be ordered, with a code of its own then. The old plastic dies at once. A card
// has one successor that is not closed, at most. Refusals, in order: card.NotFound, card.NotAllowed (nobody holds it),
// card.IsCanceled, card.IsExpired, card.AlreadyStopped (for good, for another cause), card.AlreadyReplaced, and those of a new card.
func (s *Service) ReplaceCard(ctx context.Context, cmd ReplaceCard) (Replaced, error) {
	return RunDrawing(ctx, s, cmd.Command, actionReplace, func(w *Work) (Replaced, error) {
		w.Audit.Card, w.Audit.Note = cmd.Card, string(cmd.For)+": "+cmd.Reason
		v, err := anyCard(ctx, w, cmd.Card)
		if err != nil {
			return Replaced{}, err
		}
		next, _, err := w.Tx.Successor(ctx, w.Program.ID, cmd.Card)
		if err != nil {
			return Replaced{}, err
		}
		order, err := loadOrder(ctx, w, CreateCard{Customer: v.Card.Customer, Account: v.Card.Account, Design: v.Card.Design.String()})
		if err != nil {
			return Replaced{}, err
		}
		if no := decideReplace(CardAt{v, w.Now}, next.Card.ID, cmd.For); no != nil {
			return Replaced{}, no
		}
		if no := decideCard(order, v.Card.Type); no != nil {
			return Replaced{}, no
		}
		if v, err = s.endSource(ctx, w, v, cmd); err != nil {
			return Replaced{}, err
		}
		successor, err := s.makeSuccessor(ctx, w, v.Card, order)
		return Replaced{CardAt{v, w.Now}, CardAt{successor, w.Now}}, err
	})
}

// decideReplace refuses a card that gets no successor; the first check that fails answers.
func decideReplace(v CardAt, successor ident.CardID, why ReplacementCause) error {
	status := v.Card.Status(v.At)
	switch {
	case v.Card.Customer.IsZero():
		return fault.RefuseWith(card.NotAllowed, card.OperationState{Status: status, Cause: "UNASSIGNED"})
	case v.Canceled():
		return fault.Refuse(card.IsCanceled)
	case status == card.Expired:
		return fault.Refuse(card.IsExpired)
	case v.Stop().ForGood() && v.Stop() != replacementStops[why]:
		return fault.RefuseWith(card.AlreadyStopped, v.Stop())
	case !successor.IsZero():
		return fault.RefuseWith(card.AlreadyReplaced, successor)
	}
	return nil
}

// endSource stops the old number, and takes the old plastic out of use.
func (s *Service) endSource(ctx context.Context, w *Work, v card.View, cmd ReplaceCard) (card.View, error) {
	if stop := replacementStops[cmd.For]; v.Stop() != stop {
		if err := s.noteBlock(ctx, w, v, stop, cmd.Reason); err != nil {
			return card.View{}, err
		}
		var err error
		if v, err = s.setStop(ctx, w, v, v.Card.Stopped(stop, card.ByPartner, w.Now), stop); err != nil {
			return card.View{}, err
		}
	}
	next, legal := v.Plastic.State.Move(card.Retire)
	if !legal {
		return v, nil
	}
	v.Plastic.State, v.Plastic.UpdatedAt = next, program.Later(w.Now, v.UpdatedAt())
	return v, w.Tx.UpdatePlastic(ctx, v.Plastic)
}

// makeSuccessor makes the card that takes the place of another one.
func (s *Service) makeSuccessor(ctx context.Context, w *Work, source card.Card, order cardOrder) (card.View, error) {
	v := card.View{Card: s.mintCard(w.Program, source.Type, order.design.design.ID, w.Now)}
	v.Card.Customer, v.Card.Account, v.Card.Replaces = order.holder.ID, order.account.ID, source.ID
	v.Card.HolderName, v.Card.ThreeDS = embossedName(s.bureau, *order.holder), source.ThreeDS
	if err := s.giveNumber(ctx, w, &v.Card, card.PIN{}); err != nil {
		return card.View{}, err
	}
	if err := w.Tx.InsertCard(ctx, v.Card); err != nil {
		return card.View{}, err
	}
	if v.Card.Type == card.Physical {
		v.Plastic = s.planPlastic(v.Card, w.Now)
		if err := w.Tx.InsertPlastic(ctx, v.Plastic); err != nil {
			return card.View{}, err
		}
	}
	w.Announce(event.Event{Name: event.CardCreated, Card: &v})
	return v, nil
}

// replaceable reports whether the card gets a successor now, for whatever cause. What is wrong with its account or design is
// told when it is asked for.
func replaceable(st Standing) bool {
	for _, why := range ReplacementCauses() {
		if decideReplace(st.CardAt, st.Successor, why) == nil {
			return st.Holder != nil && st.Holder.Eligible()
		}
	}
	return false
}
