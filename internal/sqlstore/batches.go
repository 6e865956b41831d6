package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	orders "github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

const (
	batchColumns = `b.id, b.program_id, b.reference, b.status, b.campaign, b.location, b.requested, b.created, b.failed,
	b.next_index, b.shipment_id, b.credential_id, b.body_hash, b.created_at, b.finished_at, b.updated_at,
	b.version`
	itemColumns = `i.batch_id, i.idx, i.identifier, i.front_name, i.qr, i.pin_sealed, i.campaign, i.outcome, i.reason,
	i.card_id, i.card_number`
)

const (
	selectBatch     = `SELECT ` + batchColumns + ` FROM batches b WHERE b.program_id = $1 AND b.reference = $2 AND b.status <> 'staging'`
	selectBatchByID = `SELECT ` + batchColumns + ` FROM batches b WHERE b.id = $2 AND b.program_id = $1 AND b.status <> 'staging'`
	selectRecent    = `SELECT ` + batchColumns + ` FROM batches b
	WHERE b.program_id = $1 AND b.credential_id = $2 AND b.body_hash = $3 AND b.body_hash IS NOT NULL AND b.created_at >= $4 AND b.status <> 'staging'
	ORDER BY b.created_at DESC, b.id DESC LIMIT 1`
	listBatches = `SELECT ` + batchColumns + ` FROM batches b WHERE b.program_id = $1 AND b.status <> 'staging'`
	insertBatch = `INSERT INTO batches (id, program_id, reference, status, campaign, location, requested, created, failed, next_index,
	shipment_id, credential_id, body_hash, created_at, finished_at, updated_at, version, fence)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
	ON CONFLICT (program_id, reference) DO NOTHING`
	updateBatch = `UPDATE batches SET status = $3, campaign = $4, location = $5, requested = $6, created = $7, failed = $8, next_index = $9,
	shipment_id = $10, credential_id = $11, body_hash = $12, created_at = $13, finished_at = $14,
	updated_at = $15, version = $2 + 1
	WHERE id = $1 AND version = $2`
	selectItems = `SELECT ` + itemColumns + ` FROM batch_items i
	WHERE i.batch_id = $1 AND i.idx >= $2 AND ($3 = '' OR i.outcome = $3) ORDER BY i.idx LIMIT $4`
	// The outcome is asked of the row apart: otherwise SQLite would walk the whole batch in its order.
	selectFirstWith = `SELECT i.idx FROM batch_items i WHERE i.batch_id = $1 AND i.identifier = $2
	AND EXISTS (SELECT 1 FROM batch_items f WHERE f.batch_id = i.batch_id AND f.idx = i.idx AND f.outcome <> 'failed')
	ORDER BY i.idx LIMIT 1`
	insertItem = `INSERT INTO batch_items (batch_id, idx, identifier, front_name, qr, pin_sealed, campaign, outcome, reason, card_id, card_number)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`
	updateItem = `UPDATE batch_items SET pin_sealed = $3, outcome = $4, reason = $5, card_id = $6, card_number = $7
	WHERE batch_id = $1 AND idx = $2 AND outcome = 'pending'`
	deleteItems  = `DELETE FROM batch_items WHERE batch_id IN (SELECT b.id FROM batches b WHERE b.id = $1 AND b.status = 'staging')`
	deleteStaged = `DELETE FROM batches WHERE id = $1 AND status = 'staging'`
)

func batchDest(b *orders.Batch) []any {
	return []any{
		&b.ID.UUID, &b.Program.UUID, (*string)(&b.Reference), (*string)(&b.Status), &b.Campaign, asJSON(&b.Location),
		&b.Requested, &b.Created, &b.Failed, &b.NextIndex, &b.Shipment.UUID, &b.Credential.UUID, &b.BodyHash, &b.CreatedAt,
		&b.FinishedAt, &b.UpdatedAt, &b.Version,
	}
}

func scanBatch(r row, b *orders.Batch) error { return r.scan(batchDest(b)...) }

func scanItem(r row, i *orders.Item) error {
	return r.scan(&i.Batch.UUID, &i.Index, &i.Identifier, &i.FrontName, &i.QR, &i.PINSealed, &i.Campaign,
		(*string)(&i.Outcome), (*string)(&i.Reason), &i.Card.UUID, &i.CardNumber)
}

func (t tx) batch(sql string, args ...any) (orders.Batch, bool, error) {
	var b orders.Batch
	found, err := one(t, sql, args, batchDest(&b)...)
	return b, found, err
}

func (t tx) Batch(_ context.Context, p ident.ProgramID, ref ident.Reference) (orders.Batch, bool, error) {
	return t.batch(selectBatch, p.UUID, string(ref))
}

func (t tx) BatchByID(_ context.Context, p ident.ProgramID, id ident.BatchID) (orders.Batch, bool, error) {
	return t.batch(selectBatchByID, p.UUID, id.UUID)
}

func (t tx) RecentBatch(_ context.Context, p ident.ProgramID, by ident.CredentialID, bodyHash []byte, since time.Time) (orders.Batch, bool, error) {
	return t.batch(selectRecent, p.UUID, by.UUID, bodyHash, since)
}

func (t tx) Items(_ context.Context, id ident.BatchID, from int, outcome orders.Outcome, limit int) ([]orders.Item, error) {
	return all(t, selectItems, []any{id.UUID, from, string(outcome), limit}, scanItem)
}

// FirstWith compares the index here: in the query it would lead a planner to walk the whole batch.
func (t tx) FirstWith(_ context.Context, id ident.BatchID, identifiers []string, below int) (map[string]int, error) {
	first := map[string]int{}
	var b batch
	for _, identifier := range identifiers {
		b.read(selectFirstWith, []any{id.UUID, identifier}, func(r row) error {
			var index int
			if err := r.scan(&index); err != nil || index >= below {
				return err
			}
			first[identifier] = index
			return nil
		})
	}
	return first, t.run(b)
}

func (t tx) Batches(_ context.Context, p ident.ProgramID, f issuance.BatchFilter, page issuance.Page) ([]orders.Batch, error) {
	l := newListing(listBatches, p.UUID)
	if len(f.Statuses) > 0 {
		l.sql.WriteString(" AND " + l.arg(oneOf(f.Statuses)) + " LIKE '%,' || b.status || ',%'")
	}
	sql, args := l.paged("b", page)
	return all(t, sql, args, scanBatch)
}

func batchArgs(b orders.Batch) []any {
	return []any{
		b.ID.UUID, b.Program.UUID, string(b.Reference), string(b.Status), b.Campaign, toJSON(b.Location), b.Requested,
		b.Created, b.Failed, b.NextIndex, b.Shipment.UUID, b.Credential.UUID, b.BodyHash, b.CreatedAt, b.FinishedAt,
		b.UpdatedAt, b.Version, 0,
	}
}

func itemArgs(i orders.Item) []any {
	return []any{
		i.Batch.UUID, i.Index, i.Identifier, i.FrontName, i.QR, i.PINSealed, i.Campaign, string(i.Outcome),
		string(i.Reason), i.Card.UUID, i.CardNumber,
	}
}

func (t tx) InsertBatch(_ context.Context, b orders.Batch) error {
	var out batch
	out.write(insertBatch, batchArgs(b), free(issuance.ErrNumberTaken))
	t.accepted = t.accepted || b.Status == orders.Accepted
	return t.run(out)
}

func (t tx) UpdateBatch(_ context.Context, b orders.Batch) error {
	t.accepted = t.accepted || b.Status == orders.Accepted
	return update(t, updateBatch, b.ID.UUID, b.Version, string(b.Status), b.Campaign, toJSON(b.Location), b.Requested,
		b.Created, b.Failed, b.NextIndex, b.Shipment.UUID, b.Credential.UUID, b.BodyHash, b.CreatedAt, b.FinishedAt, b.UpdatedAt)
}

func (t tx) InsertItems(_ context.Context, items []orders.Item) error {
	rows := rowsOf(items, itemArgs)
	var b batch
	b.repeat(insertItem, rows, nil)
	return t.run(b)
}

var errNotPending = errors.New("the item is not pending")

func (t tx) UpdateItems(_ context.Context, items []orders.Item) error {
	var b batch
	for _, i := range items {
		b.write(updateItem, []any{
			i.Batch.UUID, i.Index, i.PINSealed, string(i.Outcome), string(i.Reason), i.Card.UUID, i.CardNumber,
		}, func(rows int64) error {
			if rows != 1 {
				return fault.Wrap(errNotPending, fmt.Sprintf("write the outcome of item %d", i.Index))
			}
			return nil
		})
	}
	return t.run(b)
}

func (t tx) DeleteStaged(_ context.Context, id ident.BatchID) error {
	if _, err := t.exec(deleteItems, id.UUID); err != nil {
		return err
	}
	_, err := t.exec(deleteStaged, id.UUID)
	return err
}
