package issuance

import (
	"context"
	"slices"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/shipment"
)

const actionDeleteCard = "card.delete"

// DeleteCard names the card to delete (cards contract §10.5).
type DeleteCard struct {
	Command
	Card ident.CardID
}

// DeleteCard closes a card for good, in whatever state it is; afterwards nobody sees it. Its plastic is
// void unless it was activated, a draft loses it (and goes when it was the last), the bureau does not make
// it, and a parcel on the way goes on without activation. Refusal: card.NotFound.
func (s *Service) DeleteCard(ctx context.Context, cmd DeleteCard) error {
	_, err := Run(ctx, s, cmd.Command, actionDeleteCard, func(w *Work) (struct{}, error) {
		v, err := loadCard(ctx, w, cmd.Card)
		if err != nil {
			return struct{}{}, err
		}
		return struct{}{}, s.deleteCard(ctx, w, v)
	})
	return err
}

func (s *Service) deleteCard(ctx context.Context, w *Work, v card.View) error {
	if err := leaveDraft(ctx, w, v.Card.ID); err != nil {
		return err
	}
	var scans []shipment.Scan
	box, boxed, err := submittedBox(ctx, w, v)
	if err == nil && boxed {
		scans, err = w.Tx.Scans(ctx, box.Shipment.ID)
	}
	if err != nil {
		return err
	}
	wasPlastic, changed := v.Plastic, program.Later(w.Now, v.UpdatedAt())
	v.Card, v.Plastic = decideDelete(v.Card, v.Plastic, w.Now)
	v.Card.UpdatedAt, v.Plastic.UpdatedAt = changed, changed
	if err := w.Tx.ExpireChallenges(ctx, v.Card.ID, w.Now); err != nil {
		return err
	}
	if v.Plastic.State != wasPlastic.State || v.Plastic.Guard.State != wasPlastic.Guard.State {
		if err := w.Tx.UpdatePlastic(ctx, v.Plastic); err != nil {
			return err
		}
	}
	if err := w.Tx.UpdateCard(ctx, v.Card); err != nil {
		return err
	}
	last := event.Event{Name: event.CardClosed, Card: &v}
	if boxed {
		change := unpack(box, v.Plastic, scans, w.Now)
		if err := w.Tx.UpdateShipment(ctx, change.after.Shipment); err != nil {
			return err
		}
		v.Box, last.Box = change.after.Shipment, &change.after
	}
	w.Announce(last)
	return nil
}

// decideDelete closes the card; a plastic that was never activated is void, its code erased.
func decideDelete(c card.Card, p card.Plastic, now time.Time) (card.Card, card.Plastic) {
	c.ClosedAt, c.ClosedReason = now, card.ClosedDeleted
	if next, legal := p.State.Move(card.Kill); legal {
		p.State, p.VoidReason = next, card.VoidCanceled
	}
	if p.Guard.State != card.Consumed && p.State != "" {
		p.Guard = p.Guard.Kill()
	}
	return c, p
}

// unpack is the box once one of its plastics is dead. A box at the bureau may be ready now, or have nobody
// left; a parcel on the way is not stopped.
func unpack(box card.Box, dead card.Plastic, scans []shipment.Scan, now time.Time) boxChange {
	change := changeBox(box, now)
	for i := range change.after.Packed {
		if change.after.Packed[i].Plastic.ID == dead.ID {
			change.after.Packed[i].Plastic = dead
		}
	}
	if atBureau(box.Shipment.Status) {
		change.settle(scans)
	}
	change.after.Shipment.UpdatedAt = change.at
	return change
}

// submittedBox loads the submitted shipment of the cards API that has the card's plastic.
func submittedBox(ctx context.Context, w *Work, v card.View) (card.Box, bool, error) {
	if v.Box.ID.IsZero() || v.Box.Kind != shipment.OfCards {
		return card.Box{}, false, nil
	}
	box, ok, err := w.Tx.Box(ctx, w.Program.ID, v.Box.ID)
	return box, ok, err
}

// leaveDraft takes a card out of the draft that holds it; a draft that loses its last card goes too.
func leaveDraft(ctx context.Context, w *Work, id ident.CardID) error {
	in, held, err := w.Tx.OccupiedBy(ctx, w.Program.ID, id)
	if err != nil || !held {
		return err
	}
	box, ok, err := w.Tx.Box(ctx, w.Program.ID, in)
	if err != nil || !ok || box.Shipment.Status != shipment.Draft {
		return err
	}
	if len(box.Packed) == 1 {
		return w.Tx.DeleteShipment(ctx, box.Shipment)
	}
	at := slices.IndexFunc(box.Packed, func(p card.Packed) bool { return p.Member.Card == id })
	if at < 0 {
		return nil
	}
	_, err = dropMember(ctx, w, box, at)
	return err
}
