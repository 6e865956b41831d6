package issuance

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/shipment"
)

// endCard writes a card that ended: after is the card as it is then. A plastic that was never activated is void
// for the reason why, a draft loses it (and goes when it was the last), the bureau does not make it, a
// parcel on the way goes on without activation, and a challenge that waits for its holder is over. So ends the plastic that was to
// take the place of another one. The events tell of the card as it is at the end.
func (s *Service) endCard(ctx context.Context, w *Work, v card.View, after card.Card, why card.VoidReason, names ...event.Name) (card.View, error) {
	pieces := []card.View{v}
	if v.Next != nil {
		pieces = append(pieces, v.Coming())
	}
	for _, piece := range pieces {
		if err := leaveDraft(ctx, w, piece.Plastic); err != nil {
			return card.View{}, err
		}
	}
	changed := program.Later(w.Now, v.UpdatedAt())
	v.Card, v.Next = after, nil
	v.Card.UpdatedAt = changed
	if err := w.Tx.ExpireChallenges(ctx, v.Card.ID, w.Now); err != nil {
		return card.View{}, err
	}
	if err := w.Tx.UpdateCard(ctx, v.Card); err != nil { // the card first, as everywhere: nobody waits in a circle
		return card.View{}, err
	}
	last := event.Event{Card: &v}
	for i, piece := range pieces {
		piece.Card = v.Card
		change, boxed, err := endPiece(ctx, w, &piece, why, changed)
		switch {
		case err != nil:
			return card.View{}, err
		case i == 0:
			v.Plastic, v.Box = piece.Plastic, piece.Box
			if boxed {
				last.Box = &change.after
			}
		case boxed:
			tellOfBox(w, change)
		}
	}
	for _, name := range names {
		last.Name = name
		w.Announce(last)
	}
	return v, nil
}

// endPiece writes the end of the plastic of a view, which is in no draft, and what that means for its box. boxed is false when it has
// none of the cards API.
func endPiece(ctx context.Context, w *Work, v *card.View, why card.VoidReason, changed time.Time) (change boxChange, boxed bool, err error) {
	box, boxed, err := submittedBox(ctx, w, *v)
	if err != nil {
		return change, false, err
	}
	var scans []shipment.Scan
	if boxed {
		if scans, err = w.Tx.Scans(ctx, box.Shipment.ID); err != nil {
			return change, false, err
		}
	}
	was := v.Plastic
	v.Plastic = killPlastic(v.Plastic, why)
	v.Plastic.UpdatedAt = changed
	if v.Plastic.State != was.State || v.Plastic.Guard.State != was.Guard.State {
		if err := w.Tx.UpdatePlastic(ctx, v.Plastic); err != nil {
			return change, false, err
		}
	}
	if !boxed {
		return change, false, cancelOwnBox(ctx, w, v)
	}
	change = unpack(box, v.Plastic, scans, w.Now)
	v.Box = change.after.Shipment
	return change, true, w.Tx.UpdateShipment(ctx, change.after.Shipment)
}

// tellOfBox announces what became of a box, where nothing else does.
func tellOfBox(w *Work, change boxChange) {
	if name, tell := change.told(); tell {
		box := change.after
		w.Announce(event.Event{Name: name, Box: &box})
	}
}

// killPlastic is a piece whose card ended: void with its code erased, unless it was activated.
func killPlastic(p card.Plastic, why card.VoidReason) card.Plastic {
	if next, legal := p.State.Move(card.Kill); legal {
		p.State, p.VoidReason = next, why
	}
	if p.Guard.State != card.Consumed && p.State != "" {
		p.Guard = p.Guard.Kill()
	}
	return p
}

// cancelOwnBox cancels the box of a card that was ordered alone, while the bureau still has it.
func cancelOwnBox(ctx context.Context, w *Work, v *card.View) error {
	if v.Box.Kind != shipment.OfBatch || v.Card.ReservedFor.IsZero() || !atBureau(v.Box.Status) {
		return nil
	}
	v.Box.Status, v.Box.UpdatedAt = shipment.Canceled, program.Later(w.Now, v.Box.UpdatedAt)
	if err := w.Tx.UpdateShipment(ctx, v.Box); err != nil {
		return err
	}
	v.Box.Version++
	w.Announce(event.Event{Name: event.ShipmentMoved, Box: &card.Box{Shipment: v.Box}})
	return nil
}
