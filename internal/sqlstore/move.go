package sqlstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/firsttap/firsttap/internal/fault"
)

const (
	moveChunk = 1000 // rows that are read, and written in one transaction
	// The numbers of migrations that stand for a move: no release may use such a database.
	markMoving = 1_000_000 // this database is half filled; the checksum says from where
	markMoved  = 1_000_001 // this installation was moved to another database
)

// MoveProgress is told after every chunk of a move.
type MoveProgress struct {
	Table       string
	Done, Total int64 // rows of all tables
	Verifying   bool  // everything was copied and is compared now
}

// MoveReport is what a move did.
type MoveReport struct {
	Tables  int
	Rows    int64
	Resumed bool // an earlier move was open, and is finished now
}

// The ways in which a move is refused; ErrMoveRefused is in all of them.
var (
	ErrMoveRefused  = errors.New("not moved")
	ErrMoveInUse    = refusedMove("a server still uses the database that is to be moved: stop it first")
	ErrMoveNotEmpty = refusedMove("the database to move to is not empty")
	ErrMoveOther    = refusedMove("another installation was being moved into that database")
	ErrMoveDone     = refusedMove("this installation was moved already")
	ErrMoveSchema   = refusedMove("the two databases have not the same tables")
)

func refusedMove(why string) error { return fmt.Errorf("%w: %s", ErrMoveRefused, why) }

// mover is one move under way.
type mover struct {
	from   *source
	to     *DB
	tables []layout
	told   func(MoveProgress)
	state  MoveProgress
}

// Move moves a whole installation into another database, table by table in the order of keys, and then
// compares every row. What was copied before a kill stays copied: run it again. Meanwhile nobody else may
// use the source, and no server starts on the target. At the end the source is closed to servers too; see
// [Reopen].
func Move(ctx context.Context, from, to Config, told func(MoveProgress)) (report MoveReport, err error) {
	target, err := Open(ctx, to)
	if err != nil {
		return MoveReport{}, err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	src, err := openSource(ctx, from)
	if err != nil {
		return MoveReport{}, err
	}
	defer func() { err = errors.Join(err, src.close()) }()

	m := &mover{from: src, to: target, told: told}
	if report.Resumed, err = m.begin(ctx); err != nil {
		return report, err
	}
	if err := m.copyAll(ctx); err != nil {
		return report, err
	}
	if err := m.verifyAll(ctx); err != nil {
		return report, err
	}
	report.Tables, report.Rows = len(m.tables), m.state.Total
	// The source first: so two databases are never open to servers at once.
	if err := src.mark(to.Now()); err != nil {
		return report, fmt.Errorf("close the old database: %w", err)
	}
	if target.dialect.oneByOne { // rows that are not sealed get their places before new ones come
		if err := (auditLog{target}).settle(ctx); err != nil {
			return report, fmt.Errorf("give audit rows their places: %w", err)
		}
	}
	return report, target.change(ctx, `DELETE FROM schema_migrations WHERE number = $1`, markMoving)
}

// begin checks both sides and marks the target.
func (m *mover) begin(ctx context.Context) (resumed bool, err error) {
	status, err := m.from.status()
	if err != nil {
		return false, err
	}
	moved := status.moved
	status.moved = false
	if err := status.missing(); err != nil {
		return false, fmt.Errorf("the database that is to be moved: %w", err)
	}
	if len(status.Newer) > 0 {
		return false, fmt.Errorf("the database that is to be moved has migrations %v of a newer release: move it with that one", status.Newer)
	}
	if m.tables, err = readLayouts(m.from.conn, m.from.dialect); err != nil {
		return false, err
	}
	installed, err := m.fingerprint()
	if err != nil {
		return false, err
	}
	at, err := m.to.Status(ctx)
	if err != nil {
		return false, err
	}
	switch {
	case at.moving == installed:
		resumed = true
	case at.moving != "":
		return false, ErrMoveOther
	case moved:
		return false, ErrMoveDone
	default:
		if err := m.mark(ctx, installed); err != nil {
			return false, err
		}
	}
	for _, t := range m.tables {
		n := int64(0)
		if _, err := one(m.from.conn, "SELECT count(*) FROM "+t.name, nil, &n); err != nil {
			return false, err
		}
		m.state.Total += n
	}
	return resumed, m.sameTables(ctx)
}

// mark makes the tables of the target, makes sure that they are empty, and closes it to servers.
func (m *mover) mark(ctx context.Context, installed string) error {
	if err := m.to.Migrate(ctx); err != nil {
		return err
	}
	return m.to.engine.write(ctx, func(s *session) error {
		for _, t := range m.tables {
			found, err := one(s, "SELECT 1 FROM "+t.name+" LIMIT 1", nil, new(int))
			if err != nil {
				return err
			}
			if found {
				return fmt.Errorf("%w: there are rows in %s", ErrMoveNotEmpty, t.name)
			}
		}
		_, err := s.exec(insertMigration, markMoving, "moving", installed, m.to.now())
		return err
	})
}

// sameTables makes sure that no table and no column is left out.
func (m *mover) sameTables(ctx context.Context) error {
	var there []layout
	err := m.to.engine.read(ctx, func(s *session) (err error) {
		there, err = readLayouts(s, m.to.dialect)
		return err
	})
	if err != nil {
		return err
	}
	describe := func(all []layout) map[string]string {
		out := map[string]string{}
		for _, l := range all {
			out[l.name] = fmt.Sprint(names(l.columns), names(l.key))
		}
		return out
	}
	from, to := describe(m.tables), describe(there)
	for name, columns := range from {
		if to[name] != columns {
			return fmt.Errorf("%w: %s", ErrMoveSchema, name)
		}
	}
	if len(from) != len(to) {
		return ErrMoveSchema
	}
	return nil
}

// fingerprint tells installations apart: by their data keys, which are random.
func (m *mover) fingerprint() (string, error) {
	sum := sha256.New()
	err := m.from.conn.query(selectDataKeys, nil, func(r row) error {
		var id, created, retired int64
		var purpose, kek string
		var wrapped []byte
		err := r.scan(&id, &purpose, &kek, &wrapped, &created, &retired)
		_, _ = fmt.Fprintf(sum, "%d %s %x %d\n", id, purpose, wrapped, created)
		return err
	})
	return hex.EncodeToString(sum.Sum(nil)), err
}

func (m *mover) copyAll(ctx context.Context) error {
	for _, t := range m.tables {
		if err := m.copyTable(ctx, t); err != nil {
			return fmt.Errorf("copy %s: %w", t.name, err)
		}
	}
	return nil
}

// copyTable goes on behind the last row that is there: rows come in the order of their key, and whole
// chunks are committed.
func (m *mover) copyTable(ctx context.Context, t layout) error {
	var after []any
	var done int64
	err := m.to.engine.read(ctx, func(s *session) (err error) {
		after, err = t.lastKey(s)
		return err
	})
	if err != nil {
		return err
	}
	if after != nil {
		if done, err = t.countUpTo(m.from.conn, after); err != nil {
			return err
		}
	}
	m.tell(t, done, false)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		rows, err := t.readPage(m.from.conn, after, moveChunk)
		if err != nil || len(rows) == 0 {
			return err
		}
		args := make([][]any, len(rows))
		for i, v := range rows {
			args[i] = v
		}
		err = m.to.engine.write(ctx, func(s *session) error {
			var b batch
			b.repeat(t.insert(), args, nil)
			return s.run(b)
		})
		if err != nil {
			return err
		}
		after = t.keyOf(rows[len(rows)-1])
		m.tell(t, int64(len(rows)), false)
	}
}

// countUpTo counts the rows that were copied before.
func (l layout) countUpTo(c conn, key []any) (n int64, err error) {
	columns := ""
	for i, k := range l.key {
		if i > 0 {
			columns += ", "
		}
		columns += k.name
	}
	_, err = one(c, "SELECT count(*) FROM "+l.name+" WHERE ("+columns+") <= ("+placeholders(1, len(l.key))+")", key, &n)
	return n, err
}

// verifyAll compares every row of both sides.
func (m *mover) verifyAll(ctx context.Context) error {
	m.state.Done = 0
	for _, t := range m.tables {
		if err := m.verifyTable(ctx, t); err != nil {
			return fmt.Errorf("compare %s: %w", t.name, err)
		}
	}
	return nil
}

func (m *mover) verifyTable(ctx context.Context, t layout) error {
	var after []any
	for {
		want, err := t.readPage(m.from.conn, after, moveChunk)
		if err != nil {
			return err
		}
		var got []values
		err = m.to.engine.read(ctx, func(s *session) (err error) {
			got, err = t.readPage(s, after, moveChunk)
			return err
		})
		if err != nil {
			return err
		}
		if len(want) != len(got) {
			return fault.Wrap(fmt.Errorf("%d rows there where there are %d here", len(got), len(want)), "compare")
		}
		for i := range want {
			if !same(want[i], got[i]) {
				return fault.Wrap(fmt.Errorf("the row with the key %x differs", t.keyOf(want[i])), "compare")
			}
		}
		if len(want) == 0 {
			return nil
		}
		after = t.keyOf(want[len(want)-1])
		m.tell(t, int64(len(want)), true)
	}
}

func same(a, b values) bool {
	for i := range a {
		x, isBlob := a[i].([]byte)
		y, alsoBlob := b[i].([]byte)
		switch {
		case isBlob != alsoBlob:
			return false
		case isBlob:
			if !bytes.Equal(x, y) {
				return false
			}
		case a[i] != b[i]:
			return false
		}
	}
	return true
}

func (m *mover) tell(t layout, more int64, verifying bool) {
	m.state.Table, m.state.Verifying = t.name, verifying
	m.state.Done += more
	if m.told != nil {
		m.told(m.state)
	}
}

// Reopen opens a database again that a move has closed to servers. Whoever does so must not use the other
// one any more.
func (d *DB) Reopen(ctx context.Context) error {
	return d.change(ctx, `DELETE FROM schema_migrations WHERE number = $1`, markMoved)
}

// markRow is the row that closes a database after a move.
func markRow(at time.Time) []any { return []any{markMoved, "moved", "", at} }
