package issuance

import (
	"context"
	"slices"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/ident"
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
		_, err = s.endCard(ctx, w, v, v.Card.Close(card.ClosedDeleted, w.Now), card.VoidCanceled, event.CardClosed)
		return struct{}{}, err
	})
	return err
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

// leaveDraft takes a plastic out of the draft that holds it; a draft that loses its last card goes too.
func leaveDraft(ctx context.Context, w *Work, p card.Plastic) error {
	in, held, err := w.Tx.OccupiedBy(ctx, w.Program.ID, p)
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
	at := slices.IndexFunc(box.Packed, func(in card.Packed) bool { return in.Member.Plastic == p.ID })
	if at < 0 {
		return nil
	}
	_, err = dropMember(ctx, w, box, at)
	return err
}
