package sqlstore

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/bulkworker"
	"github.com/firsttap/firsttap/internal/ident"
)

const (
	selectWaitingBatch = `SELECT b.id FROM batches b
	WHERE b.status IN ('accepted', 'processing') AND (b.lease_until IS NULL OR b.lease_until <= $1) ORDER BY b.id LIMIT 1`
	leaseBatch = `UPDATE batches SET lease_owner = $2, lease_until = $3, fence = fence + 1
	WHERE id = $1 AND status IN ('accepted', 'processing') AND (lease_until IS NULL OR lease_until <= $4)
	RETURNING program_id, id, fence`
	renewBatch = `UPDATE batches SET lease_until = $3 WHERE id = $1 AND fence = $2 AND lease_until IS NOT NULL
	AND status IN ('accepted', 'processing')`
	releaseBatch = `UPDATE batches SET lease_owner = NULL, lease_until = NULL WHERE id = $1 AND fence = $2`
	selectStaged = `SELECT b.id FROM batches b WHERE b.status = 'staging' AND b.id < $1 ORDER BY b.id LIMIT $2`
	trimStaged   = `DELETE FROM batch_items WHERE batch_id = $1 AND idx IN
	(SELECT i.idx FROM batch_items i JOIN batches b ON b.id = i.batch_id AND b.status = 'staging' WHERE i.batch_id = $1 ORDER BY i.idx LIMIT $2)`
)

// sweepChunk is how many rows one write of a sweep removes, so that nobody waits long behind it.
const sweepChunk = 1000

type bulkQueue struct{ *DB }

// Claim looks on a reader first: most polls find nothing and never reach the writer.
func (d bulkQueue) Claim(ctx context.Context, owner string, realNow time.Time, lease time.Duration) (bulkworker.Claim, bool, error) {
	var id ident.UUID
	waits := false
	err := d.engine.read(ctx, func(s *session) (err error) {
		waits, err = one(s, selectWaitingBatch, []any{realNow}, &id)
		return err
	})
	if err != nil || !waits {
		return bulkworker.Claim{}, false, err
	}
	var c bulkworker.Claim
	var held bool
	err = d.engine.write(ctx, func(s *session) (err error) {
		c, held = bulkworker.Claim{Owner: owner}, false
		// Again, because another may have taken it meanwhile and the next one is as good.
		if waits, err = one(s, selectWaitingBatch+s.dialect.skipLocked, []any{realNow}, &id); err != nil || !waits {
			return err
		}
		held, err = one(s, leaseBatch, []any{id, owner, realNow.Add(lease), realNow}, &c.Program.UUID, &c.Batch.UUID, &c.Fence)
		return err
	})
	if err != nil || !held {
		return bulkworker.Claim{}, false, err
	}
	return c, true, nil
}

func (d bulkQueue) Renew(ctx context.Context, c bulkworker.Claim, realNow time.Time, lease time.Duration) (bool, error) {
	return d.changed(ctx, renewBatch, c.Batch.UUID, c.Fence, realNow.Add(lease))
}

func (d bulkQueue) Release(ctx context.Context, c bulkworker.Claim) error {
	_, err := d.changed(ctx, releaseBatch, c.Batch.UUID, c.Fence)
	return err
}

// SweepStaged goes by the real time inside the ids: a batch's own times are on its programme's clock.
func (d bulkQueue) SweepStaged(ctx context.Context, before time.Time) (int, error) {
	staged, err := d.stagedBefore(ctx, before)
	if err != nil {
		return 0, err
	}
	removed := 0
	for _, id := range staged {
		for more := true; more; {
			if more, err = d.changed(ctx, trimStaged, id, sweepChunk); err != nil {
				return removed, err
			}
		}
		gone, err := d.changed(ctx, deleteStaged, id)
		if err != nil {
			return removed, err
		}
		if gone {
			removed++
		}
	}
	return removed, nil
}

func (d bulkQueue) stagedBefore(ctx context.Context, before time.Time) ([]ident.UUID, error) {
	var staged []ident.UUID
	err := d.engine.read(ctx, func(s *session) (err error) {
		staged, err = all(s, selectStaged, []any{ident.LowestUUID(before), sweepChunk}, func(r row, id *ident.UUID) error { return r.scan(id) })
		return err
	})
	return staged, err
}

// changed runs one statement as a write of its own, and reports whether it touched a row.
func (d *DB) changed(ctx context.Context, sql string, args ...any) (bool, error) {
	var rows int64
	err := d.engine.write(ctx, func(s *session) (err error) {
		rows, err = s.exec(sql, args...)
		return err
	})
	return rows > 0, err
}

// change runs one statement that must touch its row.
func (d *DB) change(ctx context.Context, sql string, args ...any) error {
	return d.engine.write(ctx, func(s *session) error { return update(s, sql, args...) })
}
