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
	Next    *Piece            // the living one that is to take the place of Plastic; nil: none

	NextLost bool // one that was to take its place was lost on its way: whoever finds it reads the number
}

// Piece is a plastic with its newest submitted shipment.
type Piece struct {
	Plastic Plastic
	Box     shipment.Shipment
}

// Coming is the card with the plastic that is to be made, sent and activated in the place of the one that speaks for it.
// What is asked about making, shipping, code, guard and activation is asked about that one.
func (v View) Coming() View {
	if v.Next == nil {
		return v
	}
	return View{Card: v.Card, Plastic: v.Next.Plastic, Box: v.Next.Box}
}

// ExpiresAt is when the card expires if this plastic is in use: a renewed one brings its own expiry.
func (v View) ExpiresAt() time.Time {
	if own := v.Plastic.Link.ExpiresAt; !own.IsZero() && !v.Plastic.EverActivated() {
		return own
	}
	return v.Card.ExpiresAt
}

// Physical derives where the plastic is.
func (v View) Physical() PhysicalState { return PhysicalStatus(v.Card, v.Plastic, v.Box.Status) }

// Canceled reports whether the card ended, and no stop ended it: it is closed, or the plastic that was to be its first is
// canceled or void. A plastic that was in use and is retired ends no card.
func (v View) Canceled() bool {
	if !v.Card.ClosedAt.IsZero() {
		_, byStop := stopByClose[v.Card.ClosedReason]
		return !byStop
	}
	if v.Stop().ForGood() {
		return false
	}
	return !v.Plastic.EverActivated() && (v.Plastic.State.Dead() || v.Box.Status == shipment.Canceled)
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

// Speaker picks the plastic that speaks for a card (cards contract §13): the newest that is activated, else
// the newest that ever was, else the newest that is not void, else the newest. The list is in the order of making; none gives the
// zero Plastic.
func Speaker(plastics []Plastic) Plastic {
	var newest, living, used Plastic
	for _, p := range plastics {
		newest = p
		if p.State != Void {
			living = p
		}
		if p.EverActivated() && (p.State == Activated || used.State != Activated) {
			used = p
		}
	}
	switch {
	case !used.ID.IsZero():
		return used
	case !living.ID.IsZero():
		return living
	}
	return newest
}

// Living reports whether the piece was never activated and still may be.
func (p Piece) Living() bool {
	if p.Plastic.EverActivated() || p.Plastic.State.Dead() {
		return false
	}
	gone := p.Plastic.Custody == CustodyDead || p.Plastic.Custody == CustodyLost
	return !gone && p.Box.Status != shipment.Canceled && p.Box.Status != shipment.Lost
}

// NewView puts a card and its pieces together, which come in the order of making.
func NewView(c Card, pieces []Piece) View {
	if len(pieces) == 1 { // as nearly every card has
		return View{Card: c, Plastic: pieces[0].Plastic, Box: pieces[0].Box}
	}
	plastics := make([]Plastic, len(pieces))
	for i, p := range pieces {
		plastics[i] = p.Plastic
	}
	v, speaker := View{Card: c}, Speaker(plastics)
	for i, p := range pieces {
		switch {
		case p.Plastic.ID == speaker.ID:
			v.Plastic, v.Box = p.Plastic, p.Box
		case !p.Plastic.Link.Supersedes.IsZero() && p.Living():
			v.Next = &pieces[i]
		case p.Plastic.Link.Supersedes == speaker.ID && !speaker.ID.IsZero() && p.LostOnWay():
			v.NextLost = true
		}
	}
	return v
}

// LostOnWay reports whether the piece was lost before anybody activated it.
func (p Piece) LostOnWay() bool {
	return !p.Plastic.EverActivated() && (p.Box.Status == shipment.Lost || p.Plastic.VoidReason == VoidLost || p.Plastic.Custody == CustodyLost)
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
