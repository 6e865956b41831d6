package issuance

import (
	"context"
	"slices"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/shipment"
)

// The actions of audit rows of the simulation.
const (
	actionSimulateCard       = "card.simulate_status"
	actionSimulateProduction = "shipment.simulate_production"
	actionSimulateScan       = "shipment.scan"
)

// The details of SimulationState (cards contract §23.2).
const (
	notSubmitted = "NOT_SUBMITTED"
	noShipment   = "NO_SHIPMENT"
	severalCards = "SEVERAL_CARDS"
	tooLate      = "TOO_LATE"
	bureauSlow   = "BUREAU_SLOW"
)

// rejectLater on the second line of a member's address makes the sandbox's bureau refuse the member when
// its production would begin.
const rejectLater = "SANDBOX-REJECT-LATER"

// SetCardStatus puts a card into a state (cards contract §23.1).
type SetCardStatus struct {
	Command
	Card   ident.CardID
	Status card.Status // Open, Frozen, Blocked or Expired
	Block  card.Block  // of Blocked
}

// SetCardStatus puts a card into a state. Open takes away freeze, block and a simulated expiry. A card
// that cannot take the state is SimulationState.
func (s *Service) SetCardStatus(ctx context.Context, cmd SetCardStatus) (CardAt, error) {
	return Run(ctx, s, cmd.Command, actionSimulateCard, func(w *Work) (CardAt, error) {
		v, err := loadCard(ctx, w, cmd.Card)
		if err != nil {
			return CardAt{}, err
		}
		after, name, no := decideCardStatus(v.Card, cmd, w.Program, w.Now)
		if no != nil {
			return CardAt{}, no
		}
		return s.writeSwitched(ctx, w, v, after, name)
	})
}

func decideCardStatus(c card.Card, cmd SetCardStatus, p program.Program, now time.Time) (card.Card, event.Name, error) {
	st := c.Status(now)
	if st == card.Closed {
		return c, "", fault.RefuseWith(SimulationState, "CLOSED")
	}
	if st == card.Expired && (cmd.Status == card.Frozen || cmd.Status == card.Blocked) {
		return c, "", fault.RefuseWith(SimulationState, "EXPIRED")
	}
	switch cmd.Status {
	case card.Frozen:
		if c.FrozenBy == "" {
			c.FrozenBy = card.ByHolder
		}
		return c, event.CardFrozen, nil
	case card.Blocked:
		c.Block = cmd.Block
		return c, event.CardBlocked, nil
	case card.Expired:
		if st != card.Expired {
			c.ExpiresAt = now
		}
		return c, event.CardExpired, nil
	case card.Open, card.Closed, card.Unassigned:
	}
	c.FrozenBy, c.Block = "", card.Block{}
	if st == card.Expired {
		if c.ExpiresAt = expiryOf(p, c.CreatedAt); !now.Before(c.ExpiresAt) {
			return c, "", fault.RefuseWith(SimulationState, "EXPIRED") // its time is really over
		}
	}
	return c, event.CardRestored, nil
}

// Target is the box of a step: by its own id, or by a card that lies in it.
type Target struct {
	Shipment ident.ShipmentID
	Card     ident.CardID // zero when the shipment is named
}

// loadTarget finds the submitted box that a step is about.
func loadTarget(ctx context.Context, w *Work, t Target) (card.Box, error) {
	id := t.Shipment
	if !t.Card.IsZero() {
		v, err := loadCard(ctx, w, t.Card)
		if err != nil {
			return card.Box{}, err
		}
		if id, err = shipmentOf(ctx, w, v.Coming()); err != nil {
			return card.Box{}, err
		}
	}
	box, err := loadBox(ctx, w, id)
	if err == nil && box.Shipment.Status == shipment.Draft {
		return card.Box{}, fault.RefuseWith(SimulationState, notSubmitted)
	}
	return box, err
}

// loadWalking finds the box that a step moves, unless the bureau has not looked at it yet.
func loadWalking(ctx context.Context, w *Work, t Target) (card.Box, error) {
	box, err := loadTarget(ctx, w, t)
	if err == nil && waitsForBureau(box.Shipment, w.Program, w.Now) {
		err = fault.RefuseWith(SimulationState, bureauSlow)
	}
	return box, err
}

// waitsForBureau reports whether a parcel lies untouched because policy sandbox.bureau_delay wants it.
func waitsForBureau(box shipment.Shipment, p program.Program, now time.Time) bool {
	return box.Kind == shipment.OfCards && box.Status == shipment.Placed && p.Policy.Faults.BureauWaits(box.SubmittedAt, now)
}

// shipmentOf is the shipment of a card: the submitted one, else the draft that holds it.
func shipmentOf(ctx context.Context, w *Work, v card.View) (ident.ShipmentID, error) {
	if v.Box.Kind == shipment.OfCards && !v.Box.ID.IsZero() {
		return v.Box.ID, nil
	}
	id, held, err := w.Tx.OccupiedBy(ctx, w.Program.ID, v.Plastic)
	if err == nil && !held {
		err = fault.RefuseWith(SimulationState, noShipment)
	}
	return id, err
}

// RecordProduction is a step of the bureau (cards contract §23.2).
type RecordProduction struct {
	Command
	Target Target
	Step   card.Step      // Start, Complete, Hold, Cancel or Reject
	Cards  []ident.CardID // none: every living member
}

// RecordProduction moves plastics at the bureau. A plastic that is past it refuses the whole step.
func (s *Service) RecordProduction(ctx context.Context, cmd RecordProduction) (card.Box, error) {
	return Run(ctx, s, cmd.Command, actionSimulateProduction, func(w *Work) (card.Box, error) { return s.produce(ctx, w, cmd) })
}

func (s *Service) produce(ctx context.Context, w *Work, cmd RecordProduction) (card.Box, error) {
	box, err := loadWalking(ctx, w, cmd.Target)
	if err != nil {
		return card.Box{}, err
	}
	scans, err := w.Tx.Scans(ctx, box.Shipment.ID)
	if err != nil {
		return card.Box{}, err
	}
	only := cmd.Cards
	if !cmd.Target.Card.IsZero() {
		only = []ident.CardID{cmd.Target.Card}
	}
	change, no := decideProduction(box, cmd.Step, only, scans, w.Now)
	if no != nil {
		return card.Box{}, no
	}
	return change.after, s.writeBox(ctx, w, change)
}

// decideProduction moves the plastics that are meant, and derives the state of the box.
func decideProduction(box card.Box, step card.Step, only []ident.CardID, scans []shipment.Scan, now time.Time) (boxChange, error) {
	change := changeBox(box, now)
	meant, no := meantMembers(box, only)
	if no != nil {
		return change, no
	}
	for _, i := range meant {
		if _, legal := box.Packed[i].Plastic.State.Move(step); !legal || !box.Packed[i].Plastic.State.AtBureau() {
			return change, fault.RefuseWith(SimulationState, tooLate)
		}
	}
	for _, i := range meant {
		switch {
		case step == card.Reject || step != card.Cancel && refusesLater(box.Packed[i]):
			change.reject(i, now)
		default:
			change.take(i, step)
		}
	}
	change.settle(scans)
	return change, nil
}

// refusesLater reports whether the sandbox's bureau will refuse a member that it has accepted.
func refusesLater(p card.Packed) bool {
	return p.Plastic.State == card.Requested && p.Member.Address.Line2 == rejectLater
}

// meantMembers gives the places of the members that a step is about: those named, or all who live.
func meantMembers(box card.Box, only []ident.CardID) ([]int, error) {
	var meant []int
	for i, p := range box.Packed {
		if slices.Contains(only, p.Member.Card) || len(only) == 0 && livingMember(p) {
			meant = append(meant, i)
		}
	}
	for _, id := range only {
		if !slices.ContainsFunc(box.Packed, func(p card.Packed) bool { return p.Member.Card == id }) {
			return nil, fault.RefuseWith(SimulationState, noShipment)
		}
	}
	for _, i := range meant {
		if !livingMember(box.Packed[i]) {
			return nil, fault.RefuseWith(SimulationState, tooLate)
		}
	}
	if len(meant) == 0 {
		return nil, fault.RefuseWith(SimulationState, tooLate)
	}
	return meant, nil
}

// RecordScan is one report about a box: the courier's, or the bureau's word that it is ready or canceled.
type RecordScan struct {
	Command
	Target         Target
	Status         shipment.Status // one that shipment.Scannable allows
	At             time.Time       // when it happened; zero is now
	TrackingNumber string          // "": as before
	TrackingURL    string          // "": as before
	ScanID         string          // the courier's own; "" when it has none
}

// RecordScan records a scan. One that is late or repeated is recorded and moves nothing.
func (s *Service) RecordScan(ctx context.Context, cmd RecordScan) (card.Box, error) {
	return Run(ctx, s, cmd.Command, actionSimulateScan, func(w *Work) (card.Box, error) {
		box, err := loadWalking(ctx, w, cmd.Target)
		if err != nil {
			return card.Box{}, err
		}
		return s.scanBox(ctx, w, box, cmd)
	})
}

// scan records a report about a box, however slow its bureau is: who has a parcel in hand knows better.
func (s *Service) scan(ctx context.Context, w *Work, cmd RecordScan) (card.Box, error) {
	box, err := loadTarget(ctx, w, cmd.Target)
	if err != nil {
		return card.Box{}, err
	}
	return s.scanBox(ctx, w, box, cmd)
}

func (s *Service) scanBox(ctx context.Context, w *Work, box card.Box, cmd RecordScan) (card.Box, error) {
	scans, err := w.Tx.Scans(ctx, box.Shipment.ID)
	if err != nil {
		return card.Box{}, err
	}
	scan := cmd.scan(w.Now)
	change, no := decideScan(box, cmd, scan, scans, w.Now)
	if no != nil {
		return card.Box{}, no
	}
	if _, err := w.Tx.InsertScan(ctx, box.Shipment.ID, scan); err != nil {
		return card.Box{}, err
	}
	return change.after, s.writeBox(ctx, w, change)
}

// scan is the report as it is kept: known again by the courier's id, or by its status and time.
func (cmd RecordScan) scan(now time.Time) shipment.Scan {
	out := shipment.Scan{Status: cmd.Status, At: cmd.At, RecordedAt: now}
	if out.At.IsZero() {
		out.At = now
	}
	out.At = out.At.UTC().Truncate(time.Microsecond)
	if out.Key = "id " + cmd.ScanID; cmd.ScanID == "" {
		out.Key = string(cmd.Status) + " " + out.At.Format(time.RFC3339Nano)
	}
	return out
}

// decideScan derives the box from its scans with the new one among them.
func decideScan(box card.Box, cmd RecordScan, scan shipment.Scan, scans []shipment.Scan, now time.Time) (boxChange, error) {
	change := changeBox(box, now)
	if !cmd.Target.Card.IsZero() {
		alive := 0
		for _, p := range box.Packed {
			if livingMember(p) {
				alive++
			}
		}
		if alive > 1 {
			return change, fault.RefuseWith(SimulationState, severalCards)
		}
	}
	if isTooLate(box.Shipment.Status, scan.Status) {
		return change, fault.RefuseWith(SimulationState, tooLate)
	}
	if cmd.TrackingNumber != "" {
		change.after.Shipment.TrackingNumber = cmd.TrackingNumber
	}
	if cmd.TrackingURL != "" {
		change.after.Shipment.TrackingURL = cmd.TrackingURL
	}
	if slices.ContainsFunc(scans, func(old shipment.Scan) bool { return old.Key == scan.Key }) {
		return change, nil
	}
	if scan.Status == shipment.Canceled {
		change.cancel()
	} else {
		change.passProduction(scan.Status, now)
	}
	change.settle(append(slices.Clone(scans), scan))
	change.follow()
	return change, nil
}

// isTooLate reports whether a step of the bureau comes after its time. A courier's scan never does.
func isTooLate(is, step shipment.Status) bool {
	switch step {
	case shipment.ReadyToShip:
		return !atBureau(is)
	case shipment.Canceled:
		return is.Ended()
	case shipment.Draft, shipment.Placed, shipment.InProduction, shipment.InTransit, shipment.OutForDelivery,
		shipment.Delivered, shipment.DeliveryFailed, shipment.Exception, shipment.Returned, shipment.Lost:
	}
	return false
}

// passProduction is what a jump past production does to the members: the bureau refuses whom it would have
// refused, and a box that is ready has everything made that is not on hold.
func (b *boxChange) passProduction(to shipment.Status, now time.Time) {
	if !atBureau(b.before.Shipment.Status) {
		return
	}
	for i, p := range b.after.Packed {
		switch {
		case !p.Here():
		case refusesLater(p):
			b.reject(i, now)
		case to == shipment.ReadyToShip && p.Plastic.State != card.OnHold:
			b.take(i, card.Complete)
		}
	}
}
