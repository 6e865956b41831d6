package card

import (
	"time"

	"github.com/firsttap/firsttap/internal/shipment"
)

// View is a card as people see it: the credential, the plastic that speaks for it, and the state of the
// box which that plastic travels in.
type View struct {
	Card    Card
	Plastic Plastic           // zero for a virtual card
	Box     shipment.Shipment // the newest submitted shipment of the plastic; zero when it has none
}

// Physical derives where the plastic is.
func (v View) Physical() PhysicalState { return PhysicalStatus(v.Card, v.Plastic, v.Box.Status) }

// Canceled reports whether the card is retired, superseded or void: it ended, and no stop ended it.
func (v View) Canceled() bool {
	if !v.Card.ClosedAt.IsZero() {
		_, byStop := stopByClose[v.Card.ClosedReason]
		return !byStop
	}
	if v.Stop().ForGood() {
		return false
	}
	return v.Plastic.State.Dead() || v.Box.Status == shipment.Canceled && !v.Plastic.EverActivated()
}

// Stop is the strongest stop that stands on the card. A plastic that is void because it was reported lost
// or stolen counts as a report.
func (v View) Stop() Stop {
	if s := v.Card.Stop(); s.ForGood() || v.Plastic.State != Void {
		return s
	}
	switch v.Plastic.VoidReason {
	case VoidRepLost:
		return StopLost
	case VoidRepStolen:
		return StopStolen
	case VoidCanceled, VoidDestroyed, VoidLost, VoidSuperseded:
	}
	return v.Card.Stop()
}

// UpdatedAt is the newest change of anything visible of the card; it never goes down.
func (v View) UpdatedAt() time.Time {
	at := v.Card.UpdatedAt
	for _, t := range []time.Time{v.Plastic.UpdatedAt, v.boxUpdatedAt()} {
		if t.After(at) {
			at = t
		}
	}
	return at
}

// boxUpdatedAt counts only while the box speaks for the card: once activated, later scans move nothing.
func (v View) boxUpdatedAt() time.Time {
	if v.Plastic.EverActivated() {
		return time.Time{}
	}
	return v.Box.UpdatedAt
}

// Speaker picks the plastic that speaks for a card (cards contract §13): the one that was ever activated,
// else the newest that is not void, else the newest. The list is in the order of making; none gives the
// zero Plastic.
func Speaker(plastics []Plastic) Plastic {
	var newest, living Plastic
	for _, p := range plastics {
		if p.EverActivated() {
			return p
		}
		newest = p
		if p.State != Void {
			living = p
		}
	}
	if !living.ID.IsZero() {
		return living
	}
	return newest
}

// Packed is one plastic in its place in a box.
type Packed struct {
	Member        shipment.Member
	Plastic       Plastic
	CardUpdatedAt time.Time // last change of the card itself
}

// Here reports whether the plastic still lies in this box: the box has not refused it, and it is in no other by now.
func (p Packed) Here() bool { return !p.Member.Rejected() && p.Plastic.Shipment == p.Member.Shipment }

// Box is a shipment together with what lies in it, in the order of the request.
type Box struct {
	Shipment shipment.Shipment
	Packed   []Packed
}

// LastChange is the newest change of the box and of everything in it.
func (b Box) LastChange() time.Time {
	at := b.Shipment.UpdatedAt
	for _, p := range b.Packed {
		for _, t := range []time.Time{p.Member.UpdatedAt, p.Plastic.UpdatedAt, p.CardUpdatedAt} {
			if t.After(at) {
				at = t
			}
		}
	}
	return at
}
