package issuance

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/shipment"
)

const (
	// QuietFor is how long a parcel on its way may be silent before somebody should ask its courier.
	QuietFor = 7 * 24 * time.Hour

	mostTroubled  = 10
	mostFunnelled = 10
	mostBacklog   = 1000
)

// OverviewReader reads what the overview has besides the funnel. Everything in it is bounded, however much there is.
type OverviewReader interface {
	// FailedShipments lists shipments whose delivery failed, which met an exception, or which came back or got lost and still
	// hold plastics that somebody must decide about; the newest news first.
	FailedShipments(ctx context.Context, p ident.ProgramID, limit int) ([]shipment.Shipment, error)
	// QuietShipments lists shipments with their courier without news since then, the oldest news first.
	QuietShipments(ctx context.Context, p ident.ProgramID, since time.Time, limit int) ([]shipment.Shipment, error)
	// Backlog counts the deliveries to an endpoint that wait, and those that were tried and have not arrived; each up to most.
	Backlog(ctx context.Context, id ident.EndpointID, most int) (Backlog, error)
}

// Backlog is what has not arrived at an endpoint.
type Backlog struct{ Waiting, Failing int }

// EndpointHealth is how an endpoint fares.
type EndpointHealth struct {
	Endpoint
	Backlog
	FailingSince time.Time // zero: the last attempts were good, or there were none
}

// BatchFunnel is a batch with what became of its cards.
type BatchFunnel struct {
	batch.Batch
	FunnelCounts
}

// Overview is how a programme fares.
type Overview struct {
	Now     time.Time // on the programme's clock
	Days    []FunnelDay
	Mark    FunnelMark
	Batches []BatchFunnel       // the newest of the bulk lane
	Failed  []shipment.Shipment // at most ten
	Quiet   []shipment.Shipment // likewise
	Hooks   []EndpointHealth    // of all doors, without disabled ones
	Most    int                 // where the numbers of a Backlog end
}

// Overview shows how a programme fares since a day.
func (s *Service) Overview(ctx context.Context, p ident.ProgramID, days int) (Overview, error) {
	_, now, err := s.programNow(ctx, p)
	if err != nil {
		return Overview{}, err
	}
	var out Overview
	err = s.store.Read(ctx, func(tx ReadTx) (err error) {
		out = Overview{Now: now, Most: mostBacklog}
		if out.Mark, err = tx.FunnelMark(ctx, p); err != nil {
			return err
		}
		if out.Days, err = tx.FunnelDays(ctx, p, dayOf(now).AddDate(0, 0, 1-days)); err != nil {
			return err
		}
		if out.Batches, err = newestBatches(ctx, tx, p); err != nil {
			return err
		}
		if out.Failed, err = tx.FailedShipments(ctx, p, mostTroubled); err != nil {
			return err
		}
		if out.Quiet, err = tx.QuietShipments(ctx, p, now.Add(-QuietFor), mostTroubled); err != nil {
			return err
		}
		out.Hooks, err = healthOf(ctx, tx, p)
		return err
	})
	return out, err
}

// newestBatches looks among the newest orders for those of more than one card.
func newestBatches(ctx context.Context, tx ReadTx, p ident.ProgramID) ([]BatchFunnel, error) {
	list, err := tx.Batches(ctx, p, BatchFilter{}, Page{Limit: 10 * mostFunnelled})
	var out []BatchFunnel
	for _, b := range list {
		if err != nil || len(out) == mostFunnelled {
			break
		}
		if laneOf(b.Requested) != BulkLane {
			continue
		}
		var part FunnelPart
		part, err = tx.FunnelPart(ctx, b.ID.UUID)
		out = append(out, BatchFunnel{b, part.FunnelCounts})
	}
	return out, err
}

func healthOf(ctx context.Context, tx ReadTx, p ident.ProgramID) (out []EndpointHealth, err error) {
	for _, door := range []event.Door{event.NativeDoor, event.CardsDoor, event.DebitDoor} {
		all, err := tx.Endpoints(ctx, p, door)
		if err != nil {
			return nil, err
		}
		for _, e := range living(all) {
			h := EndpointHealth{Endpoint: e}
			if h.Backlog, err = tx.Backlog(ctx, e.ID, mostBacklog); err != nil {
				return nil, err
			}
			if h.FailingSince, _, err = tx.FailingSince(ctx, p, e.ID); err != nil {
				return nil, err
			}
			out = append(out, h)
		}
	}
	return out, nil
}

// BatchFunnelOf tells what became of the cards of one batch, as far as it was counted.
func (s *Service) BatchFunnelOf(ctx context.Context, id ident.BatchID) (out FunnelCounts, err error) {
	err = s.store.Read(ctx, func(tx ReadTx) error {
		part, err := tx.FunnelPart(ctx, id.UUID)
		out = part.FunnelCounts
		return err
	})
	return out, err
}

// EndpointsHealth tells how the endpoints of all doors fare, without disabled ones.
func (s *Service) EndpointsHealth(ctx context.Context, p ident.ProgramID) (out []EndpointHealth, most int, err error) {
	err = s.store.Read(ctx, func(tx ReadTx) error {
		out, err = healthOf(ctx, tx, p)
		return err
	})
	return out, mostBacklog, err
}
