package issuance

import (
	"context"
	"slices"
	"time"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/shipment"
)

const actionCourierScan = "shipment.courier_scan"

// CourierScan is a report of a courier, or of somebody between it and us, in the courier's own words.
type CourierScan struct {
	Command
	Courier        string // one of shipment.Couriers
	TrackingNumber string
	Shipment       ident.ShipmentID // zero: the one with that number; else the number is its from now on
	Word           string           // what happened; policy couriers.scans explains it
	At             time.Time        // when it happened; zero is now, and so is what lies ahead
	TrackingURL    string           // "": as before
	ScanID         string           // the courier's own; "" when it has none
}

// CourierScan records a report. One that is late, repeated or means nothing to us moves nothing. Refusals, in order:
// shipment.CourierUnknown, shipment.WordUnknown, shipment.NotFound or shipment.TrackingUnknown, shipment.NotStarted,
// shipment.TooLate for a parcel that was canceled, shipment.TrackingTaken.
func (s *Service) CourierScan(ctx context.Context, cmd CourierScan) (shipment.Shipment, error) {
	return Run(ctx, s, cmd.Command, actionCourierScan, func(w *Work) (shipment.Shipment, error) {
		w.Audit.Note = cmd.Courier + " " + cmd.Word
		meaning, no := decideWord(cmd, w.Program.Policy)
		if no != nil {
			return shipment.Shipment{}, no
		}
		box, err := loadTracked(ctx, w, cmd)
		if err != nil || meaning == program.ScanIgnored {
			return box, err
		}
		if cmd.At.After(w.Now) {
			cmd.At = w.Now // the courier's clock is ahead; a report from the future would outlast all that come after it
		}
		if box.Kind == shipment.OfCards {
			after, err := s.scan(ctx, w, RecordScan{
				Target: Target{Shipment: box.ID}, Status: shipment.Status(meaning), At: cmd.At,
				TrackingNumber: cmd.TrackingNumber, TrackingURL: cmd.TrackingURL, ScanID: cmd.ScanID,
			})
			return after.Shipment, err
		}
		return s.scanBatchBox(ctx, w, box, ScanBatch{
			Status: shipment.Status(meaning), At: cmd.At, TrackingNumber: cmd.TrackingNumber, TrackingURL: cmd.TrackingURL, ScanID: cmd.ScanID,
		})
	})
}

// decideWord finds what the courier says in the words of the programme's policy.
func decideWord(cmd CourierScan, policy program.Policy) (string, error) {
	if !slices.Contains(shipment.Couriers(), cmd.Courier) {
		return "", fault.Refuse(shipment.CourierUnknown)
	}
	meaning, ok := policy.CourierScan(cmd.Courier, cmd.Word)
	if !ok {
		return "", fault.Refuse(shipment.WordUnknown)
	}
	return meaning, nil
}

// loadTracked finds the box that a report is about.
func loadTracked(ctx context.Context, w *Work, cmd CourierScan) (shipment.Shipment, error) {
	var box shipment.Shipment
	var ok bool
	var err error
	missing := shipment.TrackingUnknown
	if cmd.Shipment.IsZero() {
		box, ok, err = trackedBy(ctx, w, cmd.Courier, cmd.TrackingNumber)
	} else {
		missing = shipment.NotFound
		box, ok, err = w.Tx.Shipment(ctx, w.Program.ID, cmd.Shipment)
		ok = ok && carriedBy(box, cmd.Courier)
	}
	switch {
	case err != nil:
		return shipment.Shipment{}, err
	case !ok:
		return shipment.Shipment{}, fault.Refuse(missing)
	case box.Status == shipment.Draft:
		return shipment.Shipment{}, fault.Refuse(shipment.NotStarted)
	case box.Status == shipment.Canceled:
		return shipment.Shipment{}, fault.RefuseWith(shipment.TooLate, box.Status)
	}
	if err := freeNumber(ctx, w, box.ID, cmd.Courier, cmd.TrackingNumber); err != nil {
		return shipment.Shipment{}, err
	}
	w.Audit.Shipment, w.Audit.Batch = box.ID, box.Batch
	return box, nil
}

// freeNumber refuses a tracking number that another parcel under way has: the reports of both would go to one.
func freeNumber(ctx context.Context, w *Work, id ident.ShipmentID, courier, number string) error {
	if number == "" {
		return nil
	}
	list, err := w.Tx.Tracked(ctx, w.Program.ID, number)
	if err != nil {
		return err
	}
	for _, other := range list {
		if other.ID != id && carriedBy(other, courier) && !other.Status.Ended() {
			return fault.Refuse(shipment.TrackingTaken)
		}
	}
	return nil
}

// trackedBy finds the newest shipment with that number of that courier.
func trackedBy(ctx context.Context, w *Work, courier, number string) (shipment.Shipment, bool, error) {
	list, err := w.Tx.Tracked(ctx, w.Program.ID, number)
	i := slices.IndexFunc(list, func(box shipment.Shipment) bool { return carriedBy(box, courier) })
	if err != nil || i < 0 {
		return shipment.Shipment{}, false, err
	}
	return list[i], true, nil
}

// carriedBy reports whether a shipment may be that courier's: of one whose courier was not told, any may be it.
func carriedBy(box shipment.Shipment, courier string) bool {
	return box.Courier.Type == "" || box.Courier.Type == courier
}
