package issuance

import (
	"context"
	"slices"
	"time"

	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/shipment"
)

// ParcelOf asks where a card is on its way to its holder (debit contract §9.4).
type ParcelOf struct {
	Program ident.ProgramID
	Who     HolderRef
	Card    int64 // 0: the newest physical card of the customer
	Virtual bool  // a virtual card is meant, which nobody carries
}

// Parcel is how a card reaches its holder.
type Parcel struct {
	CardAt
	Kind     ParcelKind
	Location *batch.Location // of the order; nil for a box of the cards API, whose own address counts
	Scans    []shipment.Scan // in the order in which they happened
}

// ParcelKind says to whom a box goes.
type ParcelKind string

// The kinds of parcel.
const (
	ParcelHome          ParcelKind = "home"   // to the holder
	ParcelOffice        ParcelKind = "office" // to the programme, which hands the cards out
	ParcelOutOfCoverage ParcelKind = "out_of_coverage"
)

// Parcel tells where a card is. Refusals, in order: customer.NotFound, card.NotFound, customer.Unnamed,
// card.NotPhysical, shipment.NotStarted, shipment.NoCourier.
func (s *Service) Parcel(ctx context.Context, q ParcelOf) (Parcel, error) {
	var out Parcel
	err := s.store.Read(ctx, func(tx ReadTx) error {
		p, ok, err := tx.Program(ctx, q.Program)
		if err != nil {
			return err
		}
		if !ok {
			return fault.Refuse(ProgramUnknown)
		}
		c, err := parcelCard(ctx, tx, q)
		if err != nil {
			return err
		}
		if no := decideParcel(c.View, q.Virtual, p.Policy); no != nil {
			return no
		}
		out = Parcel{CardAt: CardAt{c.View, p.Now(s.now())}, Kind: s.parcelKind(c.View, p.Policy)}
		if b, ok, err := tx.BatchByID(ctx, p.ID, c.View.Box.Batch); err != nil || ok {
			out.Location = &b.Location
			if err != nil {
				return err
			}
		}
		out.Scans, err = tx.Scans(ctx, c.View.Box.ID)
		slices.SortStableFunc(out.Scans, func(a, b shipment.Scan) int { return a.At.Compare(b.At) })
		return err
	})
	return out, err
}

// parcelCard finds the card that is meant.
func parcelCard(ctx context.Context, tx ReadTx, q ParcelOf) (Candidate, error) {
	who, err := q.Who.find(ctx, tx, q.Program)
	if err != nil {
		return Candidate{}, err
	}
	if q.Card != 0 {
		return findHolderCard(ctx, tx, q.Program, HolderCard{Card: q.Card, Holder: who.ID})
	}
	all, err := tx.Holdings(ctx, q.Program, who.ID, mostHoldings)
	if err != nil {
		return Candidate{}, err
	}
	for _, c := range all {
		if q.Virtual || c.View.Card.Type == card.Physical {
			return c, nil
		}
	}
	return Candidate{}, fault.Refuse(card.NotFound)
}

// decideParcel refuses a card that is not on its way; the first check that fails answers.
func decideParcel(v card.View, virtual bool, policy program.Policy) error {
	switch {
	case virtual, v.Card.Type != card.Physical:
		return fault.Refuse(card.NotPhysical)
	case v.Box.ID.IsZero(), v.Box.Status == shipment.Draft:
		return fault.Refuse(shipment.NotStarted)
	case policy.NoCourier:
		return fault.Refuse(shipment.NoCourier)
	}
	return nil
}

func (s *Service) parcelKind(v card.View, policy program.Policy) ParcelKind {
	country := v.Box.Destination.Country
	served, _ := s.bureau.Serves(country, v.Box.Courier.Type)
	switch {
	case !served, len(policy.ShippingCountries) > 0 && !slices.Contains(policy.ShippingCountries, country):
		return ParcelOutOfCoverage
	case v.Box.Kind == shipment.OfBatch && v.Card.ReservedFor.IsZero():
		return ParcelOffice
	}
	return ParcelHome
}

const actionScanBatch = "shipment.scan_batch"

// ScanBatch is one report about the box of a batch: its courier's, or the bureau's word that it is ready.
type ScanBatch struct {
	Command
	Reference      ident.Reference
	Status         shipment.Status // one that shipment.Scannable allows, but canceled
	At             time.Time       // when it happened; zero is now
	Courier        string          // who carries the box; "": as before
	TrackingNumber string          // "": as before
	TrackingURL    string          // "": as before
	ScanID         string          // the courier's own; "" when it has none
}

// ScanBatch records a scan of the box of a batch. One that is late or repeated is recorded and moves nothing.
// Refusals: batch.NotFound, shipment.NotStarted when the batch has no box yet.
func (s *Service) ScanBatch(ctx context.Context, cmd ScanBatch) (shipment.Shipment, error) {
	return Run(ctx, s, cmd.Command, actionScanBatch, func(w *Work) (shipment.Shipment, error) {
		b, err := readBatch(ctx, w.Tx, w.Program.ID, cmd.Reference)
		if err != nil {
			return shipment.Shipment{}, err
		}
		w.Audit.Batch, w.Audit.Shipment = b.ID, b.Shipment
		box, ok, err := w.Tx.Shipment(ctx, w.Program.ID, b.Shipment)
		if err != nil {
			return shipment.Shipment{}, err
		}
		if !ok {
			return shipment.Shipment{}, fault.Refuse(shipment.NotStarted)
		}
		return s.scanBatchBox(ctx, w, box, cmd)
	})
}

func (s *Service) scanBatchBox(ctx context.Context, w *Work, box shipment.Shipment, cmd ScanBatch) (shipment.Shipment, error) {
	scans, err := w.Tx.Scans(ctx, box.ID)
	if err != nil {
		return shipment.Shipment{}, err
	}
	scan := RecordScan{Status: cmd.Status, At: cmd.At, ScanID: cmd.ScanID}.scan(w.Now)
	after := decideBatchScan(box, cmd, scan, scans, w.Now)
	if _, err := w.Tx.InsertScan(ctx, box.ID, scan); err != nil || after == box {
		return after, err
	}
	w.Announce(event.Event{Name: event.ShipmentMoved, Box: &card.Box{Shipment: after}})
	return after, w.Tx.UpdateShipment(ctx, after)
}

// decideBatchScan derives the box of a batch from its scans with the new one among them. Its plastics may be very
// many, so they are not followed: the state of the box speaks for them.
func decideBatchScan(box shipment.Shipment, cmd ScanBatch, scan shipment.Scan, scans []shipment.Scan, now time.Time) shipment.Shipment {
	after := box
	for _, fact := range []struct {
		to   *string
		sent string
	}{{&after.Courier.Name, cmd.Courier}, {&after.TrackingNumber, cmd.TrackingNumber}, {&after.TrackingURL, cmd.TrackingURL}} {
		if fact.sent != "" {
			*fact.to = fact.sent
		}
	}
	base := shipment.Placed
	if box.Status == shipment.Canceled {
		base = box.Status
	}
	settled := shipment.Settle(base, append(slices.Clone(scans), scan))
	after.Status, after.DeliveredAt = settled.Status, settled.DeliveredAt
	if after != box {
		after.UpdatedAt = program.Later(now, box.UpdatedAt)
	}
	return after
}
