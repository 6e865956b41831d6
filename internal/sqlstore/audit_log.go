package sqlstore

import (
	"context"
	"errors"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/auditlog"
	"github.com/firsttap/firsttap/internal/auditworker"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
)

const (
	// The orders begin with the column that is NULL in all of these rows, as their index does: PostgreSQL would else read
	// and sort everything that waits.
	selectUnsealedLog = `SELECT t.program_id FROM audit t WHERE t.log_index IS NULL AND t.program_id >= $1 ORDER BY t.log_index, t.program_id LIMIT 1`
	// selectUnsealed goes by the index of rows that wait, which has nothing else. Only PostgreSQL is asked; SQLite would go by the
	// primary key, over all that are sealed. So would PostgreSQL if it were asked for a range of one programme: it takes any
	// range for a two-hundredth of the table, and an index that rows enter and leave for a large one.
	selectUnsealed = `SELECT ` + auditColumns + ` FROM audit t WHERE t.log_index IS NULL AND t.program_id = $1
	ORDER BY t.log_index, t.program_id, t.at, t.id LIMIT $2`
	// selectBehind finds a log whose rows have their places from birth and that has more of them than were sealed, and
	// selectLogsBehind all such logs of programmes.
	selectBehind = `SELECT 1 FROM audit t WHERE t.program_id = $1 AND t.log_index >= COALESCE((SELECT g.size FROM audit_logs g
	WHERE g.program_id = $1), 0) LIMIT 1`
	selectLogsBehind = `SELECT pr.id FROM programs pr WHERE EXISTS (SELECT 1 FROM audit t WHERE t.program_id = pr.id AND t.log_index >=
	COALESCE((SELECT g.size FROM audit_logs g WHERE g.program_id = pr.id), 0)) ORDER BY pr.id LIMIT $1`
	// placeWaiting gives all rows without a place the next ones of their logs.
	placeWaiting = `UPDATE audit SET log_index = w.place FROM (
	SELECT t.program_id, t.at, t.id, COALESCE((SELECT MAX(x.log_index) + 1 FROM audit x WHERE x.program_id = t.program_id AND x.log_index IS NOT NULL), 0)
		+ ROW_NUMBER() OVER (PARTITION BY t.program_id ORDER BY t.at, t.id) - 1 AS place
	FROM audit t WHERE t.log_index IS NULL) w
	WHERE audit.log_index IS NULL AND audit.program_id = w.program_id AND audit.at = w.at AND audit.id = w.id`
	selectHead  = `SELECT g.size, g.root FROM audit_logs g WHERE g.program_id = $1`
	selectHeads = `SELECT g.program_id, g.size, g.root FROM audit_logs g WHERE g.program_id > $1 ORDER BY g.program_id LIMIT $2`
	insertHead  = `INSERT INTO audit_logs (program_id, size, root) VALUES ($1, 0, $2) ON CONFLICT (program_id) DO NOTHING`
	moveHead    = `UPDATE audit_logs SET size = $3, root = $4 WHERE program_id = $1 AND size = $2`
	// placeRow goes by the primary key: with IS NULL PostgreSQL would rather go through all rows that wait, for each.
	placeRow       = `UPDATE audit SET log_index = $4 WHERE program_id = $1 AND at = $2 AND id = $3 AND COALESCE(log_index, -1) = -1`
	selectTile     = `SELECT i.hashes FROM audit_tiles i WHERE i.program_id = $1 AND i.level = $2 AND i.n = $3`
	selectLastTile = `SELECT i.n, i.hashes FROM audit_tiles i WHERE i.program_id = $1 AND i.level = $2 ORDER BY i.n DESC LIMIT 1`
	saveTile       = `INSERT INTO audit_tiles (program_id, level, n, hashes) VALUES ($1, $2, $3, $4)
	ON CONFLICT (program_id, level, n) DO UPDATE SET hashes = excluded.hashes`
	selectPlaces = `SELECT t.id FROM audit t WHERE t.program_id = $1 AND t.log_index >= $2 AND t.log_index < $3 ORDER BY t.log_index`
	selectSealed = `SELECT t.log_index, ` + auditColumns + ` FROM audit t
	WHERE t.program_id = $1 AND t.log_index >= $2 AND t.log_index < $3 ORDER BY t.log_index`
)

const (
	mostLogs  = 1000 // that wait, in one look
	headsPage = 500
)

// auditLog keeps the Merkle logs of audit rows. Where write transactions never overlap, a row is born with its place, and what
// waits are the rows behind the size of their log; elsewhere it gets its place here, and what waits are the rows without one.
type auditLog struct{ *DB }

// AuditLog is where audit rows get their places.
func (d *DB) AuditLog() auditworker.Log { return auditLog{d} }

// Waiting gives places to rows that came without, where rows are born with theirs: a move brought them, or a server of an older
// release that went on for a moment.
func (d auditLog) Waiting(ctx context.Context) (out []ident.ProgramID, err error) {
	look := func(from func(*session) ([]ident.ProgramID, error)) error {
		return d.engine.read(ctx, func(s *session) (err error) {
			out, err = from(s)
			return err
		})
	}
	if err = look(waitingWithout); err != nil || !d.dialect.oneByOne {
		return out, err
	}
	if len(out) > 0 {
		if err = d.settle(ctx); err != nil {
			return nil, err
		}
	}
	err = look(waitingBehind)
	return out, err
}

// settle gives places to all rows that came without.
func (d auditLog) settle(ctx context.Context) error {
	return d.engine.write(ctx, func(s *session) error { _, err := s.exec(placeWaiting); return err })
}

// waitingWithout jumps from log to log, so that it costs the same however many rows wait.
func waitingWithout(s *session) (out []ident.ProgramID, err error) {
	for from := (ident.UUID{}); len(out) < mostLogs; {
		var p ident.ProgramID
		found, err := one(s, selectUnsealedLog, []any{keyID(from)}, &p.UUID)
		if err != nil || !found {
			return out, err
		}
		out = append(out, p)
		if from = next(p.UUID); from.IsZero() {
			break
		}
	}
	return out, nil
}

// waitingBehind looks at the end of each log.
func waitingBehind(s *session) (out []ident.ProgramID, err error) {
	out, err = all(s, selectLogsBehind, []any{mostLogs - 1}, func(r row, p *ident.ProgramID) error { return r.scan(&p.UUID) })
	if err != nil {
		return nil, err
	}
	found, err := one(s, selectBehind, []any{installation}, new(int))
	if found {
		out = slices.Insert(out, 0, ident.ProgramID{})
	}
	return out, err
}

// next is the id behind one; the zero id behind the last.
func next(u ident.UUID) ident.UUID {
	for i := len(u) - 1; i >= 0; i-- {
		if u[i]++; u[i] != 0 {
			break
		}
	}
	return u
}

func (d auditLog) Load(ctx context.Context, p ident.ProgramID, limit int) (auditworker.Pending, error) {
	var out auditworker.Pending
	err := d.engine.read(ctx, func(s *session) (err error) {
		out = auditworker.Pending{}
		if out.Head, err = readHead(s, p); err != nil {
			return err
		}
		for level := 0; out.Head.Size>>(auditlog.TileHeight*level) > 0; level++ {
			tile := auditlog.Tile{Level: level}
			if _, err := one(s, selectLastTile, []any{keyID(p.UUID), level}, &tile.N, &tile.Hashes); err != nil {
				return err
			}
			out.Tiles = append(out.Tiles, tile)
		}
		if !d.dialect.oneByOne {
			out.Rows, err = all(s, selectUnsealed, []any{keyID(p.UUID), limit}, scanAudit)
			return err
		}
		page, err := between(s, p, out.Head.Size, out.Head.Size+int64(limit))
		out.Rows = page.Rows
		if n := len(page.Places); n > 0 && page.Places[n-1] != out.Head.Size+int64(n)-1 {
			return fault.Wrap(errHole, "seal audit rows")
		}
		return err
	})
	return out, err
}

var errHole = errors.New("a place of an audit log has no row")

func readHead(c conn, p ident.ProgramID) (auditlog.Head, error) {
	head := auditlog.EmptyHead(p)
	err := c.query(selectHead, []any{keyID(p.UUID)}, func(r row) error {
		var root []byte
		if err := r.scan(&head.Size, &root); err != nil {
			return err
		}
		return setRoot(&head, root)
	})
	return head, err
}

func setRoot(head *auditlog.Head, root []byte) error {
	if len(root) != tlog.HashSize {
		return fault.Wrap(errors.New("a root has another length"), "read the head of an audit log")
	}
	head.Root = tlog.Hash(root)
	return nil
}

// Place takes the head first: on PostgreSQL a second worker waits there until the first has committed.
func (d auditLog) Place(ctx context.Context, step auditworker.Step) (placed bool, err error) {
	key := keyID(step.Old.Log.UUID)
	err = d.engine.guarded(ctx, func(s *session) error {
		placed = false
		moved, err := moveTrail(s, step)
		if err != nil || !moved {
			return err
		}
		var b batch
		if d.dialect.oneByOne {
			if err := stand(s, step); err != nil {
				return err
			}
		} else {
			rows := make([][]any, len(step.Rows))
			for i, r := range step.Rows {
				rows[i] = []any{key, r.At, keyID(r.ID), step.Old.Size + int64(i)}
			}
			b.repeat(placeRow, rows, expectRows(len(rows)))
		}
		saveTiles(&b, step)
		placed = true
		return s.run(b)
	})
	return placed && err == nil, err
}

// stand makes sure that the rows of a step stand at its places.
func stand(s *session, step auditworker.Step) error {
	key, at := keyID(step.Old.Log.UUID), 0
	err := s.query(selectPlaces, []any{key, step.Old.Size, step.Old.Size + int64(len(step.Rows))}, func(r row) error {
		var id ident.UUID
		if err := r.scan(&id); err != nil {
			return err
		}
		if id == step.Rows[at].ID {
			at++
		}
		return nil
	})
	if err != nil {
		return err
	}
	return expectRows(len(step.Rows))(int64(at))
}

// moveTrail gives a log its new head, unless it has grown meanwhile.
func moveTrail(s *session, step auditworker.Step) (moved bool, err error) {
	key := keyID(step.Old.Log.UUID)
	if step.Old.Size == 0 {
		if _, err := s.exec(insertHead, key, step.Old.Root[:]); err != nil {
			return false, err
		}
	}
	rows, err := s.exec(moveHead, key, step.Old.Size, step.New.Size, step.New.Root[:])
	return rows > 0, err
}

func saveTiles(b *batch, step auditworker.Step) {
	for _, t := range step.Tiles {
		b.write(saveTile, []any{keyID(step.Old.Log.UUID), t.Level, t.N, t.Hashes}, nil)
	}
}

var errNotWaiting = errors.New("an audit row that waited for its place is gone, or has one")

func expectRows(want int) func(int64) error {
	return func(rows int64) error {
		if rows != int64(want) {
			return fault.Wrap(errNotWaiting, "seal audit rows")
		}
		return nil
	}
}

func (d auditLog) Heads(ctx context.Context) ([]auditlog.Head, error) {
	var out []auditlog.Head
	err := d.engine.read(ctx, func(s *session) error {
		out = nil
		if head, err := readHead(s, ident.ProgramID{}); err != nil {
			return err
		} else if head.Size > 0 {
			out = append(out, head)
		}
		for after := (ident.UUID{}); ; after = out[len(out)-1].Log.UUID {
			page, err := all(s, selectHeads, []any{keyID(after), headsPage}, func(r row, h *auditlog.Head) error {
				var root []byte
				if err := r.scan(&h.Log.UUID, &h.Size, &root); err != nil {
					return err
				}
				return setRoot(h, root)
			})
			if err != nil {
				return err
			}
			out = append(out, page...)
			if len(page) < headsPage {
				return nil
			}
		}
	})
	return out, err
}

func (d auditLog) Tiles(ctx context.Context, p ident.ProgramID, wanted []tlog.Tile) ([]auditlog.Tile, error) {
	var out []auditlog.Tile
	err := d.engine.read(ctx, func(s *session) error {
		out = make([]auditlog.Tile, len(wanted))
		for i, w := range wanted {
			out[i] = auditlog.Tile{Level: w.L, N: w.N}
			if _, err := one(s, selectTile, []any{keyID(p.UUID), w.L, w.N}, &out[i].Hashes); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

func (d auditLog) Sealed(ctx context.Context, p ident.ProgramID, from, to int64) (auditlog.Page, error) {
	var out auditlog.Page
	err := d.engine.read(ctx, func(s *session) error {
		head, err := readHead(s, p)
		if err != nil {
			return err
		}
		if out, err = between(s, p, from, min(to, head.Size)); err != nil || len(out.Places) == 0 {
			return err
		}
		last := out.Places[len(out.Places)-1] >> auditlog.TileHeight
		for n := out.Places[0] >> auditlog.TileHeight; n <= last; n++ {
			tile := auditlog.Tile{N: n}
			if _, err := one(s, selectTile, []any{keyID(p.UUID), 0, n}, &tile.Hashes); err != nil {
				return err
			}
			out.Tiles = append(out.Tiles, tile)
		}
		return nil
	})
	return out, err
}

// between gives the rows from one place to before another, without tiles.
func between(s *session, p ident.ProgramID, from, to int64) (out auditlog.Page, err error) {
	err = s.query(selectSealed, []any{keyID(p.UUID), from, to}, func(r row) error {
		var n int64
		var a audit.Row
		if err := r.scan(append([]any{&n}, auditDest(&a)...)...); err != nil {
			return err
		}
		out.Places, out.Rows = append(out.Places, n), append(out.Rows, a)
		return nil
	})
	return out, err
}
