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

// boxChange is a box after something happened to it, beside what it was before.
type boxChange struct {
	before, after card.Box
	at            time.Time // what the change is marked with; after every change before
}

// changeBox begins a change: after is a copy that the steps below may write to.
func changeBox(box card.Box, now time.Time) boxChange {
	return boxChange{at: program.Later(now, box.LastChange()), before: box, after: card.Box{Shipment: box.Shipment, Packed: slices.Clone(box.Packed)}}
}

// livingMember reports whether a member still goes its way in this box, and its plastic is not canceled or void.
func livingMember(p card.Packed) bool {
	return p.Here() && p.Plastic.State != card.Rejected && p.Plastic.State != card.Canceled && p.Plastic.State != card.Void
}

// bureauStatus is how far the bureau is with a box (cards contract §13.2): canceled when nobody in it is
// alive, ready when all who are have been produced, in production when one has begun.
func bureauStatus(packed []card.Packed) shipment.Status {
	alive, begun, made := 0, 0, 0
	for _, p := range packed {
		if !livingMember(p) {
			continue
		}
		alive++
		switch p.Plastic.State {
		case card.InProduction, card.OnHold:
			begun++
		case card.Produced, card.HandedOver, card.Activated, card.Retired:
			made++
		case card.Planned, card.Requested, card.Rejected, card.Canceled, card.Void:
		}
	}
	switch {
	case alive == 0:
		return shipment.Canceled
	case made == alive:
		return shipment.ReadyToShip
	case begun+made > 0:
		return shipment.InProduction
	}
	return shipment.Placed
}

// atBureau reports whether the box has not left the bureau.
func atBureau(s shipment.Status) bool {
	return s == shipment.Placed || s == shipment.InProduction || s == shipment.ReadyToShip
}

// settle derives the state of the box from its plastics and all scans. What the bureau canceled stays
// canceled; a parcel that has left is not stopped by what becomes of its plastics.
func (b *boxChange) settle(scans []shipment.Scan) {
	base := bureauStatus(b.after.Packed)
	switch {
	case b.before.Shipment.Status == shipment.Canceled:
		base = shipment.Canceled
	case base == shipment.Canceled && !atBureau(b.before.Shipment.Status):
		base = shipment.ReadyToShip
	}
	out := shipment.Settle(base, scans)
	b.after.Shipment.Status, b.after.Shipment.DeliveredAt = out.Status, out.DeliveredAt
}

// take moves a plastic by a step that the table allows; one that it does not stays as it is.
func (b *boxChange) take(i int, step card.Step) {
	p := b.after.Packed[i].Plastic
	next, legal := p.State.Move(step)
	if !legal || next == p.State {
		return
	}
	p.State, p.UpdatedAt = next, b.at
	switch step {
	case card.Cancel, card.Kill:
		p.Guard = p.Guard.Kill()
		if next == card.Void {
			p.VoidReason = card.VoidCanceled
		}
	case card.HandOver:
		p.Custody = card.CustodyCourier
	case card.Request, card.Start, card.Hold, card.Complete, card.Activate, card.Retire, card.Reject:
	}
	b.after.Packed[i].Plastic = p
}

// reject is the bureau's refusal after it had accepted: the card is free again, without a code.
func (b *boxChange) reject(i int, now time.Time) {
	packed := &b.after.Packed[i]
	next, legal := packed.Plastic.State.Move(card.Reject)
	if !legal {
		return
	}
	p := packed.Plastic
	p.State, p.Custody, p.Shipment, p.UpdatedAt = next, card.CustodyNone, ident.ShipmentID{}, b.at
	p.Guard = card.Guard{Method: p.Guard.Method, State: card.Unset}
	packed.Plastic = p
	packed.Member.RejectedAt, packed.Member.RejectionReason, packed.Member.UpdatedAt = now, refusedByBureau, b.at
}

// follow lets the plastics follow a box that a courier has: what is made is handed over (what lies on hold
// is not in the box), and what was handed over is where the box is.
func (b *boxChange) follow() {
	where, on := custodyOn(b.after.Shipment.Status)
	if !on {
		return
	}
	for i := range b.after.Packed {
		if !b.after.Packed[i].Here() {
			continue
		}
		b.take(i, card.HandOver)
		if p := &b.after.Packed[i].Plastic; p.State == card.HandedOver && p.Custody != where {
			p.Custody, p.UpdatedAt = where, b.at
		}
	}
}

// custodyOn says who holds what lies in a box of that state; ok is false while the bureau has it, and
// after it was canceled.
func custodyOn(s shipment.Status) (who card.Custody, ok bool) {
	switch s {
	case shipment.InTransit, shipment.OutForDelivery, shipment.DeliveryFailed, shipment.Exception:
		return card.CustodyCourier, true
	case shipment.Delivered:
		return card.CustodyHolder, true
	case shipment.Returned:
		return card.CustodyReturn, true
	case shipment.Lost:
		return card.CustodyLost, true
	case shipment.Draft, shipment.Placed, shipment.InProduction, shipment.ReadyToShip, shipment.Canceled:
	}
	return card.CustodyNone, false
}

// cancel is the end of a box by the bureau: what it has is not made, what left is dead.
func (b *boxChange) cancel() {
	for i, p := range b.after.Packed {
		if !p.Here() {
			continue
		}
		if p.Plastic.State.AtBureau() {
			b.take(i, card.Cancel)
		} else if p.Plastic.State == card.HandedOver {
			b.take(i, card.Kill)
		}
	}
}

// membersMoved reports whether any plastic or member is not as it was.
func (b *boxChange) membersMoved() bool {
	for i, p := range b.after.Packed {
		if p.Plastic.State != b.before.Packed[i].Plastic.State || p.Member != b.before.Packed[i].Member {
			return true
		}
	}
	return false
}

// told reports what of the box is announced: its state, its courier's number, where it goes, or its members. Of a draft nothing
// is but its end.
func (b *boxChange) told() (event.Name, bool) {
	was, is := b.before.Shipment, b.after.Shipment
	switch {
	case is.Status == shipment.Draft:
		return "", false
	case was.Status != is.Status || was.Destination != is.Destination || was.TrackingNumber != is.TrackingNumber || was.Courier != is.Courier || !was.CutoffAt.Equal(is.CutoffAt):
		return event.ShipmentMoved, true
	case b.membersMoved():
		return event.ShipmentMemberMoved, true
	}
	return "", false
}

// writeBox writes what changed and announces it: one event for the box, and one for each card that is
// canceled now.
func (s *Service) writeBox(ctx context.Context, w *Work, b boxChange) error {
	name, tell := b.told()
	if !tell && b.after.Shipment == b.before.Shipment {
		return nil
	}
	b.after.Shipment.UpdatedAt = b.at
	for _, i := range byCard(b.after.Packed) {
		p := b.after.Packed[i]
		if p.Member != b.before.Packed[i].Member {
			if err := w.Tx.UpdateMember(ctx, p.Member); err != nil {
				return err
			}
		}
		if was := b.before.Packed[i].Plastic; p.Plastic.State != was.State || p.Plastic.Custody != was.Custody {
			if err := w.Tx.UpdatePlastic(ctx, p.Plastic); err != nil {
				return err
			}
		}
	}
	if err := w.Tx.UpdateShipment(ctx, b.after.Shipment); err != nil {
		return err
	}
	if tell {
		box := b.after
		w.Announce(event.Event{Name: name, Box: &box})
	}
	return announceCanceled(ctx, w, b)
}

// announceCanceled tells of the cards whose plastic became canceled. The views are loaded after the
// writes, so that they are as people see them now.
func announceCanceled(ctx context.Context, w *Work, b boxChange) error {
	for i, p := range b.after.Packed {
		if !p.Here() || p.Plastic.EverActivated() || !turnedCanceled(b, i) {
			continue
		}
		v, ok, err := w.Tx.CardView(ctx, w.Program.ID, p.Member.Card)
		if err != nil {
			return err
		}
		if ok && visible(v.Card) && v.Plastic.ID == p.Plastic.ID {
			w.Announce(event.Event{Name: event.CardCanceled, Card: &v})
		}
	}
	return nil
}

func turnedCanceled(b boxChange, i int) bool {
	physical := func(box card.Box) card.PhysicalState {
		return card.PhysicalStatus(card.Card{Type: card.Physical}, box.Packed[i].Plastic, box.Shipment.Status)
	}
	return physical(b.before) != card.PhysicalCanceled && physical(b.after) == card.PhysicalCanceled
}
