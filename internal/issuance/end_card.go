package issuance

import (
	"context"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/shipment"
)

// endCard writes a card that ended: after is the card as it is then. A plastic that was never activated is void
// for the reason why, a draft loses it (and goes when it was the last), the bureau does not make it, a
// parcel on the way goes on without activation, and a challenge that waits for its holder is over. The events tell of the card as it is at the end.
func (s *Service) endCard(ctx context.Context, w *Work, v card.View, after card.Card, why card.VoidReason, names ...event.Name) (card.View, error) {
	if err := leaveDraft(ctx, w, v.Card.ID); err != nil {
		return card.View{}, err
	}
	var scans []shipment.Scan
	box, boxed, err := submittedBox(ctx, w, v)
	if err == nil && boxed {
		scans, err = w.Tx.Scans(ctx, box.Shipment.ID)
	}
	if err != nil {
		return card.View{}, err
	}
	wasPlastic, changed := v.Plastic, program.Later(w.Now, v.UpdatedAt())
	v.Card, v.Plastic = after, killPlastic(v.Plastic, why)
	v.Card.UpdatedAt, v.Plastic.UpdatedAt = changed, changed
	if err := w.Tx.ExpireChallenges(ctx, v.Card.ID, w.Now); err != nil {
		return card.View{}, err
	}
	if err := w.Tx.UpdateCard(ctx, v.Card); err != nil { // the card first, as everywhere: nobody waits in a circle
		return card.View{}, err
	}
	if v.Plastic.State != wasPlastic.State || v.Plastic.Guard.State != wasPlastic.Guard.State {
		if err := w.Tx.UpdatePlastic(ctx, v.Plastic); err != nil {
			return card.View{}, err
		}
	}
	last := event.Event{Card: &v}
	if boxed {
		change := unpack(box, v.Plastic, scans, w.Now)
		if err := w.Tx.UpdateShipment(ctx, change.after.Shipment); err != nil {
			return card.View{}, err
		}
		v.Box, last.Box = change.after.Shipment, &change.after
	} else if err := cancelOwnBox(ctx, w, &v); err != nil {
		return card.View{}, err
	}
	for _, name := range names {
		last.Name = name
		w.Announce(last)
	}
	return v, nil
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
