package sqlstore

import (
	"context"
	"errors"
	"time"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
)

// errConflict says that a row changed since it was read; the body is run again.
var errConflict = errors.New("the row changed meanwhile")

// row is one row of a result.
type row interface {
	// scan reads the columns in order. It takes *int64, **int64 (nil for NULL), *int, *bool (0 or 1), *string, **string, *[]byte (its own
	// copy), *ident.UUID, *time.Time (microseconds), *time.Duration (nanoseconds) and text; NULL gives
	// the zero value.
	scan(dest ...any) error
}

// text reads a text column through a function; it is not called for NULL and the empty text.
type text func(string) error

// conn is a connection that is inside a transaction. Arguments are of the types that row.scan knows,
// by value; zero ids, zero times and nil bytes are NULL.
type conn interface {
	exec(sql string, args ...any) (rows int64, err error)
	// query calls each for every row. each must not use the connection.
	query(sql string, args []any, each func(row) error) error
	// run runs statements in order and stops at the first error. An engine may send them all at once, so
	// none may depend on what the callbacks of another saw.
	run(batch) error
	// later is run for statements whose results the body does not need: whether their guards hold, and what the callbacks of
	// queries see, is told at the latest with the commit. An engine may keep them until the next statement, or the commit.
	later(batch) error
}

// statement is one of a batch. One of each and affected is set, or none.
type statement struct {
	sql      string
	args     []any
	rows     [][]any // of what is to be done, or asked, for many; then there are no args
	each     func(row) error
	affected func(rows int64) error
}

// batch is statements that travel together.
type batch []statement

func (b *batch) read(sql string, args []any, each func(row) error) {
	*b = append(*b, statement{sql: sql, args: args, each: each})
}

func (b *batch) write(sql string, args []any, affected func(int64) error) {
	*b = append(*b, statement{sql: sql, args: args, affected: affected})
}

// repeat does an INSERT of one row, or an UPDATE of one, for many rows of values. affected is told how many it touched, once.
func (b *batch) repeat(sql string, rows [][]any, affected func(int64) error) {
	if len(rows) > 0 {
		*b = append(*b, statement{sql: sql, rows: rows, affected: affected})
	}
}

// askEach asks what a SELECT, or an UPDATE of one row with RETURNING, has for many rows of values. each is not told for which of
// them it is called: what it reads has to say so.
func (b *batch) askEach(sql string, rows [][]any, each func(row) error) {
	if len(rows) > 0 {
		*b = append(*b, statement{sql: sql, rows: rows, each: each})
	}
}

// guarded is what an update with a version expects: exactly one row.
func guarded(rows int64) error {
	if rows != 1 {
		return errConflict
	}
	return nil
}

// free is what an insert with a random number expects: that it was not there.
func free(taken error) func(int64) error {
	return func(rows int64) error {
		if rows == 0 {
			return taken
		}
		return nil
	}
}

// session is a transaction as the views see it: the connection, what engines disagree about, and what the
// transaction did that others want to hear of after the commit.
type session struct {
	conn
	dialect  *dialect
	policies *policies
	// programs are those that were read in this group and did not change; nil when nothing may be kept.
	programs map[ident.ProgramID]program.Program
	messages bool // messages were inserted that wait for a worker
	accepted bool // a batch was accepted
	answered bool // the record of an idempotency key was written
}

// forget drops what was kept of programmes, because one of them, or an endpoint, changed.
func (s *session) forget() { clear(s.programs) }

// engine runs transactions.
type engine interface {
	// write runs body in a transaction, alone or beside others of its group. body may run several times.
	write(ctx context.Context, body func(*session) error) error
	// guarded is write for a body that depends on nothing but the rows whose guards it checks: it need not be
	// serializable, and so meets nobody who reads or adds rows beside it.
	guarded(ctx context.Context, body func(*session) error) error
	// activate runs one activation, alone or beside others of its group.
	activate(ctx context.Context, key issuance.ActivationKey, decide func(issuance.ActivationState) (issuance.ActivationChanges, error)) error
	// read runs body on one snapshot.
	read(ctx context.Context, body func(*session) error) error
	// ask is read for a body that asks one thing, in one statement: that is a snapshot of its own, and needs no
	// transaction around it. A second one is a fault. body may run several times.
	ask(ctx context.Context, body func(*session) error) error
	// lookUp is read for callers that may hold a transaction of read or write already.
	lookUp(ctx context.Context, body func(*session) error) error
	// migrate runs body while no other process migrates, and commits.
	migrate(ctx context.Context, body func(c conn, script func(string) error) error) error
	// giveWay rests after a step of long work that a command line does beside a server, where the machine does not see to it that
	// the server goes first.
	giveWay(ctx context.Context, took time.Duration) error
	ready() error
	failed() <-chan error
	stats() Stats
	close() error
}

// question is a connection for one statement.
type question struct {
	conn
	asked bool
}

var errOneQuestion = errors.New("one statement is all that may be asked")

func (q *question) exec(string, ...any) (int64, error) { return 0, fault.Wrap(errOneQuestion, "ask") }

func (q *question) query(sql string, args []any, each func(row) error) error {
	return q.run(batch{{sql: sql, args: args, each: each}})
}

func (q *question) run(b batch) error {
	if q.asked || len(expand(b)) > 1 {
		return fault.Wrap(errOneQuestion, "ask")
	}
	q.asked = true
	return q.conn.run(b)
}

func (q *question) later(batch) error { return fault.Wrap(errOneQuestion, "ask") }

// one runs a query for at most one row.
func one(c conn, sql string, args []any, dest ...any) (bool, error) {
	found := false
	err := c.query(sql, args, func(r row) error {
		found = true
		return r.scan(dest...)
	})
	return found && err == nil, err
}

// all runs a query and gathers its rows.
func all[T any](c conn, sql string, args []any, scan func(row, *T) error) ([]T, error) {
	var out []T
	err := c.query(sql, args, func(r row) error {
		var v T
		if err := scan(r, &v); err != nil {
			return err
		}
		out = append(out, v)
		return nil
	})
	return out, err
}

// update runs a guarded update, which may travel later.
func update(c conn, sql string, args ...any) error {
	return c.later(batch{{sql: sql, args: args, affected: guarded}})
}
