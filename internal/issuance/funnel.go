package issuance

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/ident"
)

// Lane is how cards are ordered.
type Lane string

// The lanes.
const (
	SingleLane Lane = "single" // one at a time
	BulkLane   Lane = "bulk"   // in a batch of two or more
)

// Lanes lists the lanes.
func Lanes() []Lane { return []Lane{SingleLane, BulkLane} }

// FunnelCounts are physical cards on their way, and what went wrong at their guards. Only additions are counted: a card that
// is canceled later was ordered all the same.
type FunnelCounts struct {
	Ordered   int64
	Made      int64 // have their number
	Shipped   int64 // are with the courier
	Delivered int64
	Activated int64
	Wrong     int64 // tries that a guard counted
	Locked    int64 // times that a guard locked
}

// Add sums up.
func (c *FunnelCounts) Add(more FunnelCounts) {
	c.Ordered += more.Ordered
	c.Made += more.Made
	c.Shipped += more.Shipped
	c.Delivered += more.Delivered
	c.Activated += more.Activated
	c.Wrong += more.Wrong
	c.Locked += more.Locked
}

// FunnelDay is what was added on one day, on the programme's clock, in UTC.
type FunnelDay struct {
	Day  time.Time // its midnight
	Lane Lane
	FunnelCounts
}

// FunnelPart is all that was counted of one batch, or of one shipment of single cards.
type FunnelPart struct {
	ID ident.UUID
	FunnelCounts
}

// FunnelMark is how far the audit trail has been counted.
type FunnelMark struct {
	Counted int64 // rows
	Sealed  int64 // rows that are sealed, and can be counted
}

// Behind is how many rows wait to be counted.
func (m FunnelMark) Behind() int64 { return m.Sealed - m.Counted }

// FunnelCard is where a card stands in the funnel.
type FunnelCard struct {
	Batch    ident.BatchID // of the plastic that was activated last, or else of the first; zero: it was ordered by itself
	Of       int           // cards that the batch was ordered for
	Shipment ident.ShipmentID
	Later    bool // the plastic took the place of another one, and was ordered by itself, whatever batch it names
}

func (c FunnelCard) lane() Lane {
	if c.Later {
		return SingleLane
	}
	return laneOf(c.Of)
}

// part is what the card's counts are added to; zero is none.
func (c FunnelCard) part() ident.UUID {
	if !c.Batch.IsZero() && !c.Later {
		return c.Batch.UUID
	}
	return c.Shipment.UUID
}

func laneOf(requested int) Lane {
	if requested > 1 {
		return BulkLane
	}
	return SingleLane
}

// FunnelReader reads the funnel, and what is counted into it.
type FunnelReader interface {
	// FunnelsWaiting lists programmes with audit rows that can be counted and were not, at most limit, behind the given one.
	FunnelsWaiting(ctx context.Context, after ident.ProgramID, limit int) ([]ident.ProgramID, error)
	FunnelMark(ctx context.Context, p ident.ProgramID) (FunnelMark, error)
	// FunnelDays gives the days from the given one on, in their order; a day without anything has no row.
	FunnelDays(ctx context.Context, p ident.ProgramID, from time.Time) ([]FunnelDay, error)
	// FunnelPart gives what was counted of a batch or shipment; zero counts when nothing was.
	FunnelPart(ctx context.Context, id ident.UUID) (FunnelPart, error)
	// SealedRows gives audit rows of a programme by their places: from one, the first is 0, to before another, which is sealed.
	SealedRows(ctx context.Context, p ident.ProgramID, from, to int64) ([]audit.Row, error)
	// FunnelCards gives where the cards stand that audit rows name, by the places of the rows as SealedRows. One without a plastic
	// is not among them.
	FunnelCards(ctx context.Context, p ident.ProgramID, from, to int64) (map[ident.CardID]FunnelCard, error)
	// PhysicalCards tells which of the cards are physical.
	PhysicalCards(ctx context.Context, p ident.ProgramID, from, to int64) (map[ident.CardID]bool, error)
	// BoxSize counts the members of a shipment that were not refused.
	BoxSize(ctx context.Context, id ident.ShipmentID) (int, error)
}

// FunnelWriter counts.
type FunnelWriter interface {
	// AddFunnel adds to days and parts.
	AddFunnel(ctx context.Context, p ident.ProgramID, days []FunnelDay, parts []FunnelPart) error
	// MoveFunnelMark says how far was counted, guarded by how far it was.
	MoveFunnelMark(ctx context.Context, p ident.ProgramID, from, to int64) error
}
