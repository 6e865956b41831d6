package issuance

import (
	"context"
	"fmt"
	"time"

	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/shipment"
)

// FunnelsWaiting lists programmes whose audit trail goes on behind what was counted, at most limit, behind the given one.
func (s *Service) FunnelsWaiting(ctx context.Context, after ident.ProgramID, limit int) (out []ident.ProgramID, err error) {
	err = s.store.Read(ctx, func(tx ReadTx) error {
		out, err = tx.FunnelsWaiting(ctx, after, limit)
		return err
	})
	return out, err
}

// CountFunnel counts the next rows of a programme's audit trail into its funnel, at most limit. It reads what the rows are about
// first, and writes in one short transaction: when somebody else counted meanwhile, it writes nothing. The trail is the one thing
// that every command leaves, and its places have no gaps; so nothing is counted twice or forgotten, and no command pays for it.
func (s *Service) CountFunnel(ctx context.Context, p ident.ProgramID, limit int) (more bool, err error) {
	var c *funnelCounter
	var mark FunnelMark
	err = s.store.Read(ctx, func(tx ReadTx) (err error) {
		c = newFunnelCounter(tx, p)
		if mark, err = tx.FunnelMark(ctx, p); err != nil {
			return err
		}
		c.from, c.to = mark.Counted, min(mark.Counted+int64(limit), mark.Sealed)
		rows, err := tx.SealedRows(ctx, p, c.from, c.to)
		c.rows = int64(len(rows))
		for _, r := range rows {
			if err == nil {
				err = c.count(ctx, r)
			}
		}
		return err
	})
	if err != nil || c.rows == 0 {
		return false, err
	}
	err = s.store.Write(ctx, func(tx Tx) error {
		now, err := tx.FunnelMark(ctx, p)
		if err != nil || now.Counted != mark.Counted {
			return err
		}
		days, parts := c.sums()
		if err := tx.AddFunnel(ctx, p, days, parts); err != nil {
			return err
		}
		return tx.MoveFunnelMark(ctx, p, mark.Counted, mark.Counted+c.rows)
	})
	return err == nil && c.rows == int64(limit), err
}

// funnelCounter adds up what rows of the trail tell.
type funnelCounter struct {
	tx      ReadTx
	program ident.ProgramID
	from    int64 // the first place of the rows
	to      int64 // behind the last one
	rows    int64
	days    map[funnelKey]*FunnelCounts
	parts   map[ident.UUID]*FunnelCounts // what is added
	known   map[ident.UUID]*FunnelCounts // what was counted before, and what is added
	// Of all rows; nil until one is asked for. Activations ask for the first, new cards for the second.
	cards    map[ident.CardID]FunnelCard
	physical map[ident.CardID]bool
}

type funnelKey struct {
	day  time.Time
	lane Lane
}

func newFunnelCounter(tx ReadTx, p ident.ProgramID) *funnelCounter {
	return &funnelCounter{
		tx: tx, program: p, days: map[funnelKey]*FunnelCounts{}, parts: map[ident.UUID]*FunnelCounts{},
		known: map[ident.UUID]*FunnelCounts{},
	}
}

func (c *funnelCounter) sums() (days []FunnelDay, parts []FunnelPart) {
	for k, n := range c.days {
		days = append(days, FunnelDay{Day: k.day, Lane: k.lane, FunnelCounts: *n})
	}
	for id, n := range c.parts {
		parts = append(parts, FunnelPart{ID: id, FunnelCounts: *n})
	}
	return days, parts
}

// count takes one row. Refused commands changed nothing, but for the tries that an activation or a second factor cost.
func (c *funnelCounter) count(ctx context.Context, r audit.Row) error {
	switch {
	case r.Action == actionActivate, r.Action == actionOpenByMailer && r.Outcome != audit.OK:
		return c.activation(ctx, r)
	case r.Outcome != audit.OK:
		return nil
	case r.Action == actionBatchAccept || r.Action == actionBatchMake || r.Action == actionOrderCard:
		return c.order(ctx, r)
	case r.Action == actionCreateCard || r.Action == actionReplace || r.Action == actionReissue || r.Action == actionRenew:
		physical, err := c.isPhysical(ctx, r.Card)
		if physical {
			c.add(r.At, SingleLane, ident.UUID{}, FunnelCounts{Ordered: 1, Made: 1})
		}
		return err
	case !r.Shipment.IsZero():
		return c.journey(ctx, r)
	}
	return nil
}

func (c *funnelCounter) activation(ctx context.Context, r audit.Row) error {
	var n FunnelCounts
	if r.Outcome == audit.OK {
		n.Activated = 1
	} else {
		n.Wrong, n.Locked = triesIn(r.Note)
	}
	if n == (FunnelCounts{}) {
		return nil
	}
	if r.Card.IsZero() { // several cards have the label, which only those of batches have
		c.add(r.At, BulkLane, ident.UUID{}, n)
		return nil
	}
	in, err := c.card(ctx, r.Card)
	if err == nil {
		c.add(r.At, in.lane(), in.part(), n)
	}
	return err
}

// order brings a batch up to what was ordered and made by now.
func (c *funnelCounter) order(ctx context.Context, r audit.Row) error {
	b, ok, err := c.tx.BatchByID(ctx, c.program, r.Batch)
	if err != nil || !ok {
		return err
	}
	return c.raise(ctx, r.At, laneOf(b.Requested), b.ID.UUID, FunnelCounts{Ordered: int64(b.Requested), Made: int64(b.Created)})
}

// journey brings what lies in a box up to where the box is by now. That of a batch belongs to the batch.
func (c *funnelCounter) journey(ctx context.Context, r audit.Row) error {
	box, ok, err := c.tx.Shipment(ctx, c.program, r.Shipment)
	if err != nil || !ok || !shipped(box.Status) {
		return err
	}
	lane, part := SingleLane, box.ID.UUID
	var cards int
	if box.Batch.IsZero() {
		cards, err = c.tx.BoxSize(ctx, box.ID)
	} else {
		var b batch.Batch
		b, _, err = c.tx.BatchByID(ctx, c.program, box.Batch)
		lane, part, cards = laneOf(b.Requested), b.ID.UUID, b.Created
	}
	if err != nil {
		return err
	}
	n := FunnelCounts{Shipped: int64(cards)}
	if box.Status == shipment.Delivered {
		n.Delivered = n.Shipped
	}
	return c.raise(ctx, r.At, lane, part, n)
}

// shipped reports whether a courier has, or had, the box.
func shipped(s shipment.Status) bool {
	switch s {
	case shipment.InTransit, shipment.OutForDelivery, shipment.Delivered, shipment.DeliveryFailed, shipment.Exception, shipment.Returned, shipment.Lost:
		return true
	case shipment.Draft, shipment.Placed, shipment.InProduction, shipment.ReadyToShip, shipment.Canceled:
	}
	return false
}

func (c *funnelCounter) card(ctx context.Context, id ident.CardID) (in FunnelCard, err error) {
	if c.cards == nil {
		c.cards, err = c.tx.FunnelCards(ctx, c.program, c.from, c.to)
	}
	return c.cards[id], err
}

func (c *funnelCounter) isPhysical(ctx context.Context, id ident.CardID) (is bool, err error) {
	if c.physical == nil {
		c.physical, err = c.tx.PhysicalCards(ctx, c.program, c.from, c.to)
	}
	return c.physical[id] && err == nil, err
}

// raise adds what a part lacks of the given counts.
func (c *funnelCounter) raise(ctx context.Context, at time.Time, lane Lane, part ident.UUID, now FunnelCounts) error {
	known := c.known[part]
	if known == nil {
		before, err := c.tx.FunnelPart(ctx, part)
		if err != nil {
			return err
		}
		known = &before.FunnelCounts
		known.Add(c.partSoFar(part))
		c.known[part] = known
	}
	lack := FunnelCounts{
		Ordered: max(0, now.Ordered-known.Ordered), Made: max(0, now.Made-known.Made),
		Shipped: max(0, now.Shipped-known.Shipped), Delivered: max(0, now.Delivered-known.Delivered),
	}
	c.add(at, lane, part, lack)
	return nil
}

func (c *funnelCounter) partSoFar(part ident.UUID) FunnelCounts {
	if n := c.parts[part]; n != nil {
		return *n
	}
	return FunnelCounts{}
}

func (c *funnelCounter) add(at time.Time, lane Lane, part ident.UUID, n FunnelCounts) {
	if n == (FunnelCounts{}) {
		return
	}
	key := funnelKey{dayOf(at), lane}
	if c.days[key] == nil {
		c.days[key] = &FunnelCounts{}
	}
	c.days[key].Add(n)
	if part.IsZero() {
		return
	}
	if c.parts[part] == nil {
		c.parts[part] = &FunnelCounts{}
	}
	c.parts[part].Add(n)
	if known := c.known[part]; known != nil {
		known.Add(n)
	}
}

// dayOf is the midnight before, in UTC.
func dayOf(t time.Time) time.Time {
	y, m, d := t.UTC().Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// triesNote is what the trail keeps of the tries that an activation cost; triesIn reads it.
func triesNote(d Decision) string {
	if len(d.Tried) == 0 {
		return ""
	}
	locked := 0
	for _, p := range d.Tried {
		if lockedNow(p) {
			locked++
		}
	}
	return fmt.Sprintf("tries counted: %d, locked by them: %d", len(d.Tried), locked)
}

func triesIn(note string) (tries, locked int64) {
	if n, _ := fmt.Sscanf(note, "tries counted: %d, locked by them: %d", &tries, &locked); n == 0 { // of an older release: without the second
		return 0, 0
	}
	return tries, locked
}
