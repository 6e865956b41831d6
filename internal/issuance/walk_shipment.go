package issuance

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/shipment"
)

const actionWalk = "shipment.walk"

// The details of SimulationState that only WalkShipment gives.
const (
	stepInFuture   = "IN_THE_FUTURE"
	stepNotOfBatch = "BOX_OF_A_BATCH"
)

// Step is what happens next to a parcel of a sandbox: a step of its bureau or a report of its courier.
type Step string

// The steps that are no report of a courier. All others have the name of the state that they report.
const (
	StepNext     Step = ""              // the next one of the way from the bureau to the holder
	StepProduce  Step = "in_production" // the bureau begins
	StepRejected Step = "rejected"      // the bureau refuses members
)

// Steps lists the steps by their names.
func Steps() []Step {
	steps := []Step{StepProduce, StepRejected}
	for _, s := range shipment.Statuses() {
		if shipment.Scannable(s) {
			steps = append(steps, Step(s))
		}
	}
	return steps
}

// WalkShipment moves a parcel of a sandbox programme on.
type WalkShipment struct {
	Command
	Shipment       ident.ShipmentID // of either kind
	Step           Step
	Cards          []ident.CardID // that are refused, of StepRejected; none: all
	At             time.Time      // of a report: when it happened; zero is now
	TrackingNumber string         // "": as before; the first one that is needed is drawn
	ScanID         string         // the courier's own; "" when it has none
}

// Walked is a parcel after a step.
type Walked struct {
	card.Box                 // of a batch: without its plastics
	From     shipment.Status // before the step
}

// WalkShipment takes a step by the rules of RecordProduction, RecordScan and ScanBatch. A report that is late or repeated is recorded
// and moves nothing. Refusals, in order: LiveProgram, shipment.NotFound, SimulationState.
func (s *Service) WalkShipment(ctx context.Context, cmd WalkShipment) (Walked, error) {
	return Run(ctx, s, cmd.Command, actionWalk, func(w *Work) (Walked, error) {
		if w.Program.Kind != program.Sandbox {
			return Walked{}, fault.Refuse(LiveProgram)
		}
		box, ok, err := w.Tx.Shipment(ctx, w.Program.ID, cmd.Shipment)
		if err != nil {
			return Walked{}, err
		}
		if !ok {
			return Walked{}, fault.Refuse(shipment.NotFound)
		}
		w.Audit.Shipment, w.Audit.Batch = box.ID, box.Batch
		scans, err := w.Tx.Scans(ctx, box.ID)
		if err != nil {
			return Walked{}, err
		}
		step, no := decideStep(box, cmd, w.Program, w.Now)
		if no != nil {
			return Walked{}, no
		}
		w.Audit.Note = string(step)
		out, err := s.takeStep(ctx, w, cmd, box, step, scans)
		return Walked{Box: out, From: box.Status}, err
	})
}

// decideStep finds the step that is meant.
func decideStep(box shipment.Shipment, cmd WalkShipment, p program.Program, now time.Time) (Step, error) {
	step := cmd.Step
	if step == StepNext {
		step = nextStep(box)
	}
	ofBureau := step == StepProduce || step == StepRejected || step == Step(shipment.Canceled)
	switch {
	case box.Status == shipment.Draft:
		return "", fault.RefuseWith(SimulationState, notSubmitted)
	case step == StepNext:
		return "", fault.RefuseWith(SimulationState, tooLate)
	case cmd.At.After(now):
		return "", fault.RefuseWith(SimulationState, stepInFuture)
	case box.Kind == shipment.OfBatch && ofBureau:
		return "", fault.RefuseWith(SimulationState, stepNotOfBatch)
	case waitsForBureau(box, p, now):
		return "", fault.RefuseWith(SimulationState, bureauSlow)
	case step == Step(shipment.Canceled) && !atBureau(box.Status):
		return "", fault.RefuseWith(SimulationState, tooLate) // its courier has it
	}
	return step, nil
}

// nextStep is the way from the bureau to the holder; StepNext where it ends.
func nextStep(box shipment.Shipment) Step {
	switch box.Status {
	case shipment.Placed:
		if box.Kind == shipment.OfBatch {
			return Step(shipment.ReadyToShip) // its bureau tells nothing before
		}
		return StepProduce
	case shipment.InProduction:
		return Step(shipment.ReadyToShip)
	case shipment.ReadyToShip:
		return Step(shipment.InTransit)
	case shipment.InTransit, shipment.DeliveryFailed, shipment.Exception:
		return Step(shipment.OutForDelivery)
	case shipment.OutForDelivery:
		return Step(shipment.Delivered)
	case shipment.Draft, shipment.Delivered, shipment.Canceled, shipment.Returned, shipment.Lost:
	}
	return StepNext
}

func (s *Service) takeStep(ctx context.Context, w *Work, cmd WalkShipment, box shipment.Shipment, step Step, scans []shipment.Scan) (card.Box, error) {
	to := Target{Shipment: box.ID}
	switch step {
	case StepProduce:
		return s.produce(ctx, w, RecordProduction{Target: to, Step: card.Start})
	case StepRejected:
		return s.produce(ctx, w, RecordProduction{Target: to, Step: card.Reject, Cards: cmd.Cards})
	case StepNext:
	}
	scan := RecordScan{
		Target: to, Status: shipment.Status(step), At: cmd.At, TrackingNumber: cmd.TrackingNumber, ScanID: cmd.ScanID,
	}
	if scan.At.IsZero() {
		scan.At = w.Now
		for _, before := range scans { // a clock that stands still must not let this report come before those that it follows
			scan.At = program.Later(scan.At, before.At)
		}
	}
	if scan.TrackingNumber == "" && box.TrackingNumber == "" && scan.Status == shipment.InTransit {
		scan.TrackingNumber = "SBX" + s.ids.Digits(10)
	}
	if box.Kind == shipment.OfCards {
		return s.scan(ctx, w, scan)
	}
	after, err := s.scanBatchBox(ctx, w, box, ScanBatch{
		Status: scan.Status, At: scan.At, TrackingNumber: scan.TrackingNumber, ScanID: scan.ScanID,
	})
	return card.Box{Shipment: after}, err
}
