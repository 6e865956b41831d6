package card

import (
	"time"

	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/shipment"
)

// PlasticState is where a physical piece is in its making and its life.
type PlasticState string

// The states of a plastic.
const (
	Planned      PlasticState = "planned"
	Requested    PlasticState = "requested"
	InProduction PlasticState = "in_production"
	OnHold       PlasticState = "on_hold"
	Produced     PlasticState = "produced"
	HandedOver   PlasticState = "handed_over"
	Activated    PlasticState = "activated"
	Retired      PlasticState = "retired"
	Rejected     PlasticState = "rejected"
	Canceled     PlasticState = "canceled"
	Void         PlasticState = "void"
)

// PlasticStates lists the states.
func PlasticStates() []PlasticState {
	return []PlasticState{Planned, Requested, InProduction, OnHold, Produced, HandedOver, Activated, Retired, Rejected, Canceled, Void}
}

// VoidReason is why a plastic that was never activated is dead.
type VoidReason string

// The reasons of a void.
const (
	VoidCanceled   VoidReason = "canceled"
	VoidDestroyed  VoidReason = "returned_destroyed"
	VoidLost       VoidReason = "lost"
	VoidSuperseded VoidReason = "superseded"
	VoidRepLost    VoidReason = "reported_lost"
	VoidRepStolen  VoidReason = "reported_stolen"
)

// Custody says who holds the plastic.
type Custody string

// Who may hold a plastic.
const (
	CustodyNone    Custody = ""
	CustodyBureau  Custody = "bureau"
	CustodyCourier Custody = "courier"
	CustodyStock   Custody = "stock" // the programme hands it out
	CustodyHolder  Custody = "holder"
	CustodyReturn  Custody = "returned"
	CustodyDead    Custody = "destroyed"
	CustodyLost    Custody = "lost"
)

// Plastic is one physical piece of a card, with its guard.
type Plastic struct {
	ID              ident.PlasticID
	Program         ident.ProgramID
	Card            ident.CardID
	State           PlasticState
	VoidReason      VoidReason // of Void
	Custody         Custody
	CustodyPresumed bool             // nobody reported it: a bulk order's card counts as in stock once made
	ActivatedAt     time.Time        // written once, never changed
	Shipment        ident.ShipmentID // the newest submitted shipment that has it and did not refuse it
	Batch           ident.BatchID    // of a bulk order; zero otherwise
	Identifier      string           // its label in the batch; "" otherwise
	DamagedAt       time.Time        // reported damaged; it may be used until its successor is activated
	Link            Link             // to the piece whose place it is to take
	RetiresAt       time.Time        // when it dies by a date; zero: by none
	Guard           Guard
	CreatedAt       time.Time
	UpdatedAt       time.Time
	Version         int64
}

// RetireSource is when a piece dies whose place another one of the same card takes.
type RetireSource string

// The moments of that.
const (
	RetireNow          RetireSource = "now"
	RetireOnActivation RetireSource = "on_activation" // of the one that takes its place
	RetireOnDate       RetireSource = "on_date"       // whether the other one is there by then or not
)

// RetireSources lists the moments.
func RetireSources() []RetireSource {
	return []RetireSource{RetireNow, RetireOnActivation, RetireOnDate}
}

// Link leads from a piece to the one whose place it is to take, with what its activation changes. The zero Link is that of a
// card's first piece.
type Link struct {
	Supersedes   ident.PlasticID
	RetireSource RetireSource
	// Of a renewed piece: what the card has from its activation on. Zero: what it has.
	ExpiresAt time.Time
	CVVSeries int64
}

// At is the piece as it stands at now: one whose date has come is retired.
func (p Plastic) At(now time.Time) Plastic {
	if p.State == Activated && !p.RetiresAt.IsZero() && !now.Before(p.RetiresAt) {
		p.State = Retired
	}
	return p
}

// InUse reports whether a terminal may take this piece at now.
func (p Plastic) InUse(now time.Time) bool { return p.At(now).State == Activated }

// EverActivated reports whether this piece was activated, also when it was retired later.
func (p Plastic) EverActivated() bool { return !p.ActivatedAt.IsZero() }

// Step is a command to a plastic.
type Step string

// The commands to a plastic.
const (
	Request  Step = "request"  // the bureau was asked for it
	Start    Step = "start"    // personalisation began
	Hold     Step = "hold"     // stopped at the bureau
	Complete Step = "complete" // produced
	HandOver Step = "handover" // left the bureau in its box
	Activate Step = "activate"
	Retire   Step = "retire" // replaced in the holder's hand
	Reject   Step = "reject" // the bureau refused it
	Cancel   Step = "cancel" // the bureau was told not to make it
	Kill     Step = "void"   // dead before activation
)

// Steps lists the commands.
func Steps() []Step {
	return []Step{Request, Start, Hold, Complete, HandOver, Activate, Retire, Reject, Cancel, Kill}
}

// moves is the whole table: state × step → next state. What is not in it is refused.
var moves = map[PlasticState]map[Step]PlasticState{
	Planned:      {Request: Requested, Activate: Activated, Kill: Void},
	Requested:    {Start: InProduction, Hold: OnHold, Complete: Produced, HandOver: HandedOver, Activate: Activated, Reject: Rejected, Cancel: Canceled, Kill: Void},
	InProduction: {Start: InProduction, Hold: OnHold, Complete: Produced, HandOver: HandedOver, Activate: Activated, Reject: Rejected, Cancel: Canceled, Kill: Void},
	OnHold:       {Start: InProduction, Hold: OnHold, Complete: Produced, Reject: Rejected, Cancel: Canceled, Kill: Void},
	Produced:     {Start: Produced, Complete: Produced, Hold: OnHold, HandOver: HandedOver, Activate: Activated, Reject: Rejected, Cancel: Canceled, Kill: Void},
	HandedOver:   {HandOver: HandedOver, Activate: Activated, Kill: Void},
	Activated:    {Retire: Retired},
	Rejected:     {Request: Requested, Kill: Void},
}

// Move gives the state after a step, and whether the step is legal. Whether activation is open is a
// rule of its own; here it only says from which states a plastic can be activated at all.
func (s PlasticState) Move(step Step) (PlasticState, bool) {
	next, ok := moves[s][step]
	if !ok {
		return s, false
	}
	return next, true
}

// AtBureau reports whether the bureau still has the piece in hand.
func (s PlasticState) AtBureau() bool {
	return s == Requested || s == InProduction || s == OnHold || s == Produced
}

// Dead reports whether the piece can never be activated.
func (s PlasticState) Dead() bool { return s == Canceled || s == Void || s == Retired }

// PhysicalState is the derived answer to "where is the plastic", by its wire name of the cards API.
type PhysicalState string

// The values of physicalCardStatus. NoPhysical is a virtual card.
const (
	NoPhysical             PhysicalState = ""
	PhysicalNotOrdered     PhysicalState = "NOT_ORDERED"
	PhysicalRequested      PhysicalState = "REQUESTED"
	PhysicalInProduction   PhysicalState = "IN_PRODUCTION"
	PhysicalProduced       PhysicalState = "PRODUCTION_COMPLETED"
	PhysicalInTransit      PhysicalState = "IN_TRANSIT"
	PhysicalOutForDelivery PhysicalState = "OUT_FOR_DELIVERY"
	PhysicalDelivered      PhysicalState = "DELIVERED"
	PhysicalActivated      PhysicalState = "ACTIVATED"
	PhysicalCanceled       PhysicalState = "CANCELED"
	PhysicalDeliveryFailed PhysicalState = "DELIVERY_FAILED"
	PhysicalException      PhysicalState = "EXCEPTION"
)

// PhysicalStatus derives where the plastic of a card is (cards contract §13; first match wins). box is
// the state of the plastic's shipment, "" when it has none; a draft does not count.
func PhysicalStatus(c Card, p Plastic, box shipment.Status) PhysicalState {
	if box == shipment.Draft {
		box = ""
	}
	switch {
	case c.Type == Virtual:
		return NoPhysical
	case p.EverActivated():
		return PhysicalActivated
	case p.State == Canceled || p.State == Void || !c.ClosedAt.IsZero():
		return PhysicalCanceled
	case p.State == Rejected:
		return PhysicalNotOrdered
	case p.State == OnHold:
		return PhysicalInProduction
	}
	switch box {
	case shipment.Canceled:
		return PhysicalCanceled
	case shipment.Returned, shipment.DeliveryFailed:
		return PhysicalDeliveryFailed
	case shipment.Lost, shipment.Exception:
		return PhysicalException
	case shipment.Delivered:
		return PhysicalDelivered
	case shipment.OutForDelivery:
		return PhysicalOutForDelivery
	case shipment.InTransit:
		return PhysicalInTransit
	case "":
		if p.Custody == CustodyStock || p.Custody == CustodyHolder {
			return PhysicalDelivered
		}
	case shipment.Draft, shipment.Placed, shipment.InProduction, shipment.ReadyToShip:
	}
	switch p.State {
	case Produced, HandedOver:
		return PhysicalProduced
	case InProduction:
		return PhysicalInProduction
	case Requested:
		return PhysicalRequested
	case Planned, OnHold, Activated, Retired, Rejected, Canceled, Void:
	}
	return PhysicalNotOrdered
}
