package sqlstore

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/shipment"
)

const (
	shipmentColumns = `s.id, s.program_id, s.kind, s.batch_id, s.status, s.destination, s.recipient, s.courier_type,
	s.courier_name, s.tracking_number, s.tracking_url, s.cutoff_at, s.submitted_at, s.delivered_at,
	s.created_at, s.updated_at, s.version`
	memberColumns = `m.id, m.shipment_id, m.position, m.card_id, m.plastic_id, m.design_id, m.address, m.rejected_at,
	m.rejection_reason, m.created_at, m.updated_at`
)

const (
	selectShipment = `SELECT ` + shipmentColumns + ` FROM shipments s WHERE s.id = $2 AND s.program_id = $1`
	selectTracked  = `SELECT ` + shipmentColumns + ` FROM shipments s WHERE s.program_id = $1 AND s.tracking_number = $2 AND s.tracking_number <> ''`
	selectPacked   = `SELECT ` + memberColumns + `, ` + plasticColumns + `, c.updated_at
	FROM shipment_members m LEFT JOIN plastics p ON p.id = m.plastic_id LEFT JOIN cards c ON c.id = m.card_id WHERE m.shipment_id = $1 ORDER BY m.position, m.id`
	// listShipments tells of the members only when one of them, or its plastic, changed last.
	listShipments = `SELECT ` + shipmentColumns + `, (SELECT MAX(m.updated_at) FROM shipment_members m WHERE m.shipment_id = s.id),
	(SELECT MAX(p.updated_at) FROM shipment_members m JOIN plastics p ON p.id = m.plastic_id WHERE m.shipment_id = s.id AND m.rejected_at IS NULL)
	FROM shipments s WHERE s.program_id = $1`
	ofCards        = ` AND s.kind = 'cards'`
	withCard       = `s.id IN (SELECT m.shipment_id FROM shipment_members m WHERE m.card_id = `
	insertShipment = `INSERT INTO shipments (id, program_id, kind, batch_id, status, destination, recipient, courier_type, courier_name,
	tracking_number, tracking_url, cutoff_at, submitted_at, delivered_at, created_at, updated_at, version)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`
	updateShipment = `UPDATE shipments SET status = $3, destination = $4, recipient = $5, courier_type = $6, courier_name = $7,
	tracking_number = $8, tracking_url = $9, cutoff_at = $10, submitted_at = $11, delivered_at = $12,
	updated_at = $13, version = $2 + 1
	WHERE id = $1 AND version = $2`
	selectDraft   = `SELECT s.version FROM shipments s WHERE s.id = $1 AND s.status = 'draft'`
	deleteMembers = `DELETE FROM shipment_members WHERE shipment_id = $1`
	deleteDraft   = `DELETE FROM shipments WHERE id = $1 AND version = $2 AND status = 'draft'`
	insertMember  = `INSERT INTO shipment_members (id, shipment_id, position, card_id, plastic_id, design_id, address, rejected_at, rejection_reason,
	created_at, updated_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`
	updateMember = `UPDATE shipment_members SET position = $3, design_id = $4, address = $5, rejected_at = $6, rejection_reason = $7, updated_at = $8,
	plastic_id = $9 WHERE id = $1 AND shipment_id = $2`
	deleteMember   = `DELETE FROM shipment_members WHERE id = $1 AND shipment_id = $2`
	selectOccupied = `SELECT s.id FROM shipment_members m JOIN shipments s ON s.id = m.shipment_id
	WHERE m.card_id = $2 AND m.plastic_id = $3 AND s.program_id = $1
	AND s.status NOT IN ('delivered', 'canceled', 'returned', 'lost') AND m.rejected_at IS NULL
	ORDER BY s.created_at, s.id LIMIT 1`
	selectScans = `SELECT scan_key, status, at, recorded_at FROM scans WHERE shipment_id = $1`
	insertScan  = `INSERT INTO scans (shipment_id, scan_key, status, at, recorded_at) VALUES ($1, $2, $3, $4, $5)
	ON CONFLICT (shipment_id, scan_key) DO NOTHING`
	selectPlasticsIn = `SELECT ` + plasticColumns + ` FROM plastics p WHERE p.shipment_id = $1 ORDER BY p.id LIMIT $2`
	selectPlasticsOn = `SELECT ` + plasticColumns + ` FROM plastics p WHERE p.shipment_id = $1 AND p.id > $3 ORDER BY p.id LIMIT $2`
)

func shipmentDest(s *shipment.Shipment) []any {
	return []any{
		&s.ID.UUID, &s.Program.UUID, (*string)(&s.Kind), &s.Batch.UUID, (*string)(&s.Status), asAddress(&s.Destination),
		asRecipient(&s.Recipient), &s.Courier.Type, &s.Courier.Name, &s.TrackingNumber, &s.TrackingURL, &s.CutoffAt,
		&s.SubmittedAt, &s.DeliveredAt, &s.CreatedAt, &s.UpdatedAt, &s.Version,
	}
}

func shipmentArgs(s shipment.Shipment) []any {
	return []any{
		s.ID.UUID, s.Program.UUID, string(s.Kind), s.Batch.UUID, string(s.Status), toJSON(s.Destination),
		toJSON(s.Recipient), s.Courier.Type, s.Courier.Name, s.TrackingNumber, s.TrackingURL, s.CutoffAt,
		s.SubmittedAt, s.DeliveredAt, s.CreatedAt, s.UpdatedAt, s.Version,
	}
}

func scanListed(r row, s *issuance.ListedShipment) error {
	var member, plastic time.Time
	err := r.scan(append(shipmentDest(&s.Shipment), &member, &plastic)...)
	s.ChangedAt = slices.MaxFunc([]time.Time{s.UpdatedAt, member, plastic}, time.Time.Compare)
	return err
}

func memberDest(m *shipment.Member) []any {
	return []any{
		&m.ID.UUID, &m.Shipment.UUID, &m.Position, &m.Card.UUID, &m.Plastic.UUID, &m.Design.UUID, asAddress(&m.Address),
		&m.RejectedAt, &m.RejectionReason, &m.CreatedAt, &m.UpdatedAt,
	}
}

func scanPacked(r row, p *card.Packed) error {
	return r.scan(append(append(memberDest(&p.Member), plasticDest(&p.Plastic)...), &p.CardUpdatedAt)...)
}

func (t tx) Shipment(_ context.Context, p ident.ProgramID, id ident.ShipmentID) (shipment.Shipment, bool, error) {
	var s shipment.Shipment
	found, err := one(t, selectShipment, []any{p.UUID, id.UUID}, shipmentDest(&s)...)
	return s, found, err
}

// Tracked sorts what it finds itself: the few of one number, where a sorted query would walk all shipments of the programme.
func (t tx) Tracked(_ context.Context, p ident.ProgramID, number string) ([]shipment.Shipment, error) {
	list, err := all(t, selectTracked, []any{p.UUID, number}, func(r row, s *shipment.Shipment) error { return r.scan(shipmentDest(s)...) })
	slices.SortFunc(list, func(a, b shipment.Shipment) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), bytes.Compare(b.ID.UUID[:], a.ID.UUID[:]))
	})
	return list, err
}

func (t tx) Box(_ context.Context, p ident.ProgramID, id ident.ShipmentID) (card.Box, bool, error) {
	var box card.Box
	var b batch
	b.read(selectShipment, []any{p.UUID, id.UUID}, func(r row) error { return r.scan(shipmentDest(&box.Shipment)...) })
	b.read(selectPacked, []any{id.UUID}, func(r row) error {
		var m card.Packed
		err := scanPacked(r, &m)
		box.Packed = append(box.Packed, m)
		return err
	})
	if err := t.run(b); err != nil || box.Shipment.Kind != shipment.OfCards {
		return card.Box{}, false, err
	}
	return box, true, nil
}

func (t tx) Shipments(_ context.Context, p ident.ProgramID, f issuance.ShipmentFilter, page issuance.Page) ([]issuance.ListedShipment, error) {
	l := newListing(listShipments, p.UUID)
	if !f.Batches {
		l.sql.WriteString(ofCards)
	}
	if !f.Card.IsZero() {
		l.and(withCard, f.Card.UUID)
		l.sql.WriteString(")")
	}
	if len(f.Statuses) > 0 {
		l.sql.WriteString(" AND " + l.arg(oneOf(f.Statuses)) + " LIKE '%,' || s.status || ',%'")
	}
	sql, args := l.paged("s", page)
	return all(t, sql, args, scanListed)
}

func (t tx) OccupiedBy(_ context.Context, p ident.ProgramID, c card.Plastic) (ident.ShipmentID, bool, error) {
	var in ident.ShipmentID
	found, err := one(t, selectOccupied, []any{p.UUID, c.Card.UUID, c.ID.UUID}, &in.UUID)
	return in, found, err
}

func (t tx) Scans(_ context.Context, id ident.ShipmentID) ([]shipment.Scan, error) {
	return all(t, selectScans, []any{id.UUID}, func(r row, s *shipment.Scan) error {
		return r.scan(&s.Key, (*string)(&s.Status), &s.At, &s.RecordedAt)
	})
}

func (t tx) PlasticsIn(_ context.Context, id ident.ShipmentID, after ident.PlasticID, limit int) ([]card.Plastic, error) {
	if after.IsZero() {
		return all(t, selectPlasticsIn, []any{id.UUID, limit}, scanPlastic)
	}
	return all(t, selectPlasticsOn, []any{id.UUID, limit, after.UUID}, scanPlastic)
}

func (t tx) InsertShipment(_ context.Context, s shipment.Shipment) error {
	_, err := t.exec(insertShipment, shipmentArgs(s)...)
	return err
}

func (t tx) UpdateShipment(_ context.Context, s shipment.Shipment) error {
	return update(t, updateShipment, s.ID.UUID, s.Version, string(s.Status), toJSON(s.Destination), toJSON(s.Recipient),
		s.Courier.Type, s.Courier.Name, s.TrackingNumber, s.TrackingURL, s.CutoffAt, s.SubmittedAt, s.DeliveredAt, s.UpdatedAt)
}

var errNoDraft = errors.New("the shipment is no draft")

func (t tx) DeleteShipment(_ context.Context, s shipment.Shipment) error {
	var version int64
	draft, err := one(t, selectDraft, []any{s.ID.UUID}, &version)
	if err != nil {
		return err
	}
	if !draft {
		return fault.Wrap(errNoDraft, "delete a shipment")
	}
	if version != s.Version {
		return errConflict
	}
	if _, err := t.exec(deleteMembers, s.ID.UUID); err != nil {
		return err
	}
	return update(t, deleteDraft, s.ID.UUID, s.Version)
}

func (t tx) InsertMember(_ context.Context, m shipment.Member) error {
	_, err := t.exec(insertMember, m.ID.UUID, m.Shipment.UUID, m.Position, m.Card.UUID, m.Plastic.UUID, m.Design.UUID,
		toJSON(m.Address), m.RejectedAt, m.RejectionReason, m.CreatedAt, m.UpdatedAt)
	return err
}

func (t tx) UpdateMember(_ context.Context, m shipment.Member) error {
	return update(t, updateMember, m.ID.UUID, m.Shipment.UUID, m.Position, m.Design.UUID, toJSON(m.Address),
		m.RejectedAt, m.RejectionReason, m.UpdatedAt, m.Plastic.UUID)
}

func (t tx) DeleteMember(_ context.Context, m shipment.Member) error {
	return update(t, deleteMember, m.ID.UUID, m.Shipment.UUID)
}

func (t tx) InsertScan(_ context.Context, id ident.ShipmentID, s shipment.Scan) (bool, error) {
	rows, err := t.exec(insertScan, id.UUID, s.Key, string(s.Status), s.At, s.RecordedAt)
	return rows == 1, err
}
