package sqlstore

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/shipment"
)

const (
	funnelCounts = `f.ordered, f.made, f.shipped, f.delivered, f.activated, f.wrong, f.locked`

	// selectFunnelsWaiting leaves the installation itself out, whose id is zero: it has no cards.
	selectFunnelsWaiting = `SELECT g.program_id FROM audit_logs g WHERE g.program_id > $1
	AND g.size > COALESCE((SELECT m.counted FROM funnel_marks m WHERE m.program_id = g.program_id), 0) ORDER BY g.program_id LIMIT $2`
	selectFunnelMark = `SELECT g.size, COALESCE((SELECT m.counted FROM funnel_marks m WHERE m.program_id = g.program_id), 0)
	FROM audit_logs g WHERE g.program_id = $1`
	selectFunnelDays = `SELECT f.day, f.lane, ` + funnelCounts + ` FROM funnel_days f WHERE f.program_id = $1 AND f.day >= $2 ORDER BY f.day, f.lane`
	selectFunnelPart = `SELECT ` + funnelCounts + ` FROM funnel_parts f WHERE f.id = $1`
	// selectFunnelCards has a row for each plastic of a card.
	selectFunnelCards = `SELECT p.card_id, p.batch_id, COALESCE(b.requested, 0), p.shipment_id, p.activated_at
	FROM plastics p LEFT JOIN batches b ON b.id = p.batch_id
	WHERE p.card_id IN (SELECT t.card_id FROM audit t WHERE t.program_id = $1 AND t.log_index >= $2 AND t.log_index < $3)
	ORDER BY p.card_id, p.created_at, p.id`
	selectPhysicalCards = `SELECT c.id FROM cards c
	WHERE c.id IN (SELECT t.card_id FROM audit t WHERE t.program_id = $1 AND t.log_index >= $2 AND t.log_index < $3) AND c.type = 'physical'`
	selectBoxSize = `SELECT COUNT(*) FROM shipment_members m WHERE m.shipment_id = $1 AND m.rejected_at IS NULL`
	insertMark    = `INSERT INTO funnel_marks (program_id, counted) VALUES ($1, 0) ON CONFLICT (program_id) DO NOTHING`
	moveMark      = `UPDATE funnel_marks SET counted = $3 WHERE program_id = $1 AND counted = $2`
	addFunnelDay  = `INSERT INTO funnel_days (program_id, day, lane, ordered, made, shipped, delivered, activated, wrong, locked)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (program_id, day, lane) DO UPDATE SET ordered = funnel_days.ordered + excluded.ordered,
	made = funnel_days.made + excluded.made, shipped = funnel_days.shipped + excluded.shipped, delivered = funnel_days.delivered + excluded.delivered,
	activated = funnel_days.activated + excluded.activated, wrong = funnel_days.wrong + excluded.wrong, locked = funnel_days.locked + excluded.locked`
	addFunnelPart = `INSERT INTO funnel_parts (id, program_id, ordered, made, shipped, delivered, activated, wrong, locked)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO UPDATE SET ordered = funnel_parts.ordered + excluded.ordered,
	made = funnel_parts.made + excluded.made, shipped = funnel_parts.shipped + excluded.shipped, delivered = funnel_parts.delivered + excluded.delivered,
	activated = funnel_parts.activated + excluded.activated, wrong = funnel_parts.wrong + excluded.wrong, locked = funnel_parts.locked + excluded.locked`

	selectFailedShipments = `SELECT ` + shipmentColumns + ` FROM shipments s
	WHERE s.program_id = $1 AND s.status IN ('delivery_failed', 'exception', 'returned', 'lost')
	AND (s.status IN ('delivery_failed', 'exception') OR EXISTS (SELECT 1 FROM plastics p WHERE p.shipment_id = s.id AND p.custody <> 'destroyed' AND p.state NOT IN ('canceled', 'void', 'retired')))
	ORDER BY s.updated_at DESC, s.id DESC LIMIT $2`
	selectQuietShipments = `SELECT ` + shipmentColumns + ` FROM shipments s
	WHERE s.program_id = $1 AND s.status IN ('in_transit', 'out_for_delivery') AND s.updated_at < $2 ORDER BY s.updated_at, s.id LIMIT $3`
	countWaiting = `SELECT COUNT(*) FROM (SELECT 1 FROM deliveries d WHERE d.endpoint_id = $1 AND d.state = 'pending' LIMIT $2) x`
	countFailing = `SELECT COUNT(*) FROM (SELECT 1 FROM deliveries d WHERE d.endpoint_id = $1 AND d.attempts > 0 AND d.state <> 'delivered' LIMIT $2) x`
)

func funnelDest(c *issuance.FunnelCounts) []any {
	return []any{&c.Ordered, &c.Made, &c.Shipped, &c.Delivered, &c.Activated, &c.Wrong, &c.Locked}
}

func funnelArgs(c issuance.FunnelCounts, of ...any) []any {
	return append(of, c.Ordered, c.Made, c.Shipped, c.Delivered, c.Activated, c.Wrong, c.Locked)
}

func (t tx) FunnelsWaiting(_ context.Context, after ident.ProgramID, limit int) ([]ident.ProgramID, error) {
	return all(t, selectFunnelsWaiting, []any{keyID(after.UUID), limit}, func(r row, p *ident.ProgramID) error { return r.scan(&p.UUID) })
}

func (t tx) FunnelMark(_ context.Context, p ident.ProgramID) (m issuance.FunnelMark, err error) {
	_, err = one(t, selectFunnelMark, []any{keyID(p.UUID)}, &m.Sealed, &m.Counted)
	return m, err
}

func (t tx) FunnelDays(_ context.Context, p ident.ProgramID, from time.Time) ([]issuance.FunnelDay, error) {
	return all(t, selectFunnelDays, []any{p.UUID, from}, func(r row, d *issuance.FunnelDay) error {
		return r.scan(append([]any{&d.Day, (*string)(&d.Lane)}, funnelDest(&d.FunnelCounts)...)...)
	})
}

func (t tx) FunnelPart(_ context.Context, id ident.UUID) (issuance.FunnelPart, error) {
	part := issuance.FunnelPart{ID: id}
	_, err := one(t, selectFunnelPart, []any{id}, funnelDest(&part.FunnelCounts)...)
	return part, err
}

func (t tx) SealedRows(_ context.Context, p ident.ProgramID, from, to int64) ([]audit.Row, error) {
	return all(t, selectSealed, []any{keyID(p.UUID), from, to}, func(r row, a *audit.Row) error {
		var place int64
		return r.scan(append([]any{&place}, auditDest(a)...)...)
	})
}

// FunnelCards takes of each card the plastic that was activated last, and else the first one.
func (t tx) FunnelCards(_ context.Context, p ident.ProgramID, from, to int64) (map[ident.CardID]issuance.FunnelCard, error) {
	cards := map[ident.CardID]issuance.FunnelCard{}
	var before ident.CardID
	var latest time.Time // when the one that was taken of that card was activated
	err := t.query(selectFunnelCards, []any{keyID(p.UUID), from, to}, func(r row) error {
		var id ident.CardID
		var c issuance.FunnelCard
		var activated time.Time
		if err := r.scan(&id.UUID, &c.Batch.UUID, &c.Of, &c.Shipment.UUID, &activated); err != nil {
			return err
		}
		c.Later = id == before
		if !c.Later || activated.After(latest) {
			cards[id], latest = c, activated
		}
		before = id
		return nil
	})
	return cards, err
}

func (t tx) PhysicalCards(_ context.Context, p ident.ProgramID, from, to int64) (map[ident.CardID]bool, error) {
	cards := map[ident.CardID]bool{}
	err := t.query(selectPhysicalCards, []any{keyID(p.UUID), from, to}, func(r row) error {
		var id ident.CardID
		err := r.scan(&id.UUID)
		cards[id] = true
		return err
	})
	return cards, err
}

func (t tx) BoxSize(_ context.Context, id ident.ShipmentID) (n int, err error) {
	_, err = one(t, selectBoxSize, []any{id.UUID}, &n)
	return n, err
}

func (t tx) MoveFunnelMark(_ context.Context, p ident.ProgramID, from, to int64) error {
	if from == 0 {
		if _, err := t.exec(insertMark, p.UUID); err != nil {
			return err
		}
	}
	return update(t, moveMark, p.UUID, from, to)
}

func (t tx) AddFunnel(_ context.Context, p ident.ProgramID, days []issuance.FunnelDay, parts []issuance.FunnelPart) error {
	var b batch
	for _, d := range days {
		b.write(addFunnelDay, funnelArgs(d.FunnelCounts, p.UUID, d.Day, string(d.Lane)), nil)
	}
	rows := make([][]any, len(parts))
	for i, part := range parts {
		rows[i] = funnelArgs(part.FunnelCounts, part.ID, p.UUID)
	}
	b.repeat(addFunnelPart, rows, nil)
	return t.run(b)
}

func (t tx) FailedShipments(_ context.Context, p ident.ProgramID, limit int) ([]shipment.Shipment, error) {
	return all(t, selectFailedShipments, []any{p.UUID, limit}, scanShipment)
}

func (t tx) QuietShipments(_ context.Context, p ident.ProgramID, since time.Time, limit int) ([]shipment.Shipment, error) {
	return all(t, selectQuietShipments, []any{p.UUID, since, limit}, scanShipment)
}

func scanShipment(r row, s *shipment.Shipment) error { return r.scan(shipmentDest(s)...) }

func (t tx) Backlog(_ context.Context, id ident.EndpointID, most int) (b issuance.Backlog, err error) {
	if _, err = one(t, countWaiting, []any{id.UUID, most}, &b.Waiting); err == nil {
		_, err = one(t, countFailing, []any{id.UUID, most}, &b.Failing)
	}
	return b, err
}
