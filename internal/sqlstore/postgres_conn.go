package sqlstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/firsttap/firsttap/internal/fault"
)

// postgresConn is one transaction on a connection, for one goroutine at a time. Whatever it is asked goes
// out as one pipeline, and the first of them begins the transaction.
type postgresConn struct {
	ctx   context.Context // ends the statements; a commit has a context of its own
	conn  *pgx.Conn
	begin []string // sent with the first statements
	begun bool
	tag   string // of the last statement
	kept  batch  // what travels with the next statements, or with the commit
	haste bool   // nothing is kept
	lost  error  // the first error of the server or the network: nothing can follow but a roll-back
}

// errLate says that a guard failed of a statement that was kept: run again without keeping any, the body is told where.
var errLate = fmt.Errorf("%w: a statement that travelled later found it", errConflict)

func (c *postgresConn) exec(sql string, args ...any) (int64, error) {
	var touched int64
	err := c.run(batch{{sql: sql, args: args, affected: func(rows int64) error {
		touched = rows
		return nil
	}}})
	return touched, err
}

func (c *postgresConn) query(sql string, args []any, each func(row) error) error {
	return c.run(batch{{sql: sql, args: args, each: each}})
}

// run sends what was kept, and then b. When a guard of what was kept fails, the transaction is over, whatever the body makes of it.
func (c *postgresConn) run(b batch) error {
	all := make(batch, 0, len(c.kept)+len(b))
	for _, s := range c.kept {
		if holds := s.affected; holds != nil {
			s.affected = func(rows int64) error {
				if holds(rows) != nil {
					c.lost = errLate
				}
				return c.lost
			}
		}
		all = append(all, s)
	}
	c.kept = nil
	_, err := c.send(expand(append(all, b...)))
	return err
}

// later keeps statements: each trip to the server that is saved shortens the transaction, and so the time in which it may
// meet others.
func (c *postgresConn) later(b batch) error {
	if c.haste || c.lost != nil {
		return c.run(b)
	}
	c.kept = append(c.kept, b...)
	return nil
}

// send runs statements in one round trip. When the server or the network fails, it tells how many
// statements had succeeded before. An error of a callback leaves the transaction as it is, with all
// statements done.
func (c *postgresConn) send(b batch) (done int, err error) {
	if c.lost != nil || len(b) == 0 {
		return 0, c.lost
	}
	var out pgx.Batch
	if !c.begun {
		for _, sql := range c.begin {
			out.Queue(sql)
		}
	}
	for _, s := range b {
		args, err := postgresArgs(s.args)
		if err != nil {
			return 0, err
		}
		out.Queue(s.sql, args...)
	}
	results := c.conn.SendBatch(c.ctx, &out)
	if !c.begun {
		c.begun = true
		for range c.begin {
			if _, err := results.Exec(); err != nil {
				return 0, c.fail(errors.Join(err, results.Close()))
			}
		}
	}
	told, done, err := c.collect(results, b)
	if closeErr := results.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return done, c.fail(err)
	}
	return done, told
}

// collect reads the results in order: told is the first error of a callback, after which none is called.
func (c *postgresConn) collect(results pgx.BatchResults, b batch) (told error, done int, err error) {
	for _, s := range b {
		rows, err := results.Query()
		if err != nil {
			return told, done, err
		}
		for rows.Next() {
			if s.each != nil && told == nil {
				told = s.each(postgresRow{rows: rows})
			}
		}
		if err := rows.Err(); err != nil {
			return told, done, err
		}
		if s.affected != nil && told == nil {
			told = s.affected(rows.CommandTag().RowsAffected())
		}
		c.tag = rows.CommandTag().String()
		done++
	}
	return told, done, nil
}

// fail remembers that the transaction is lost. A connection to a server that goes away, or that became a
// standby, is closed, so that the pool looks for another one.
func (c *postgresConn) fail(err error) error {
	c.lost = postgresFault(err, c.conn.IsClosed())
	if errors.Is(c.lost, errGone) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), rollbackWait)
		defer cancel()
		_ = c.conn.Close(ctx) // it is of no use, whatever it says
	}
	return c.lost
}

// script runs a migration, which may hold several statements.
func (c *postgresConn) script(text string) error {
	if _, err := c.conn.PgConn().Exec(c.ctx, text).ReadAll(); err != nil {
		return c.fail(err)
	}
	return nil
}

// bare is a statement without values, outside of the statements that are counted.
func (c *postgresConn) bare(ctx context.Context, sql string) (string, error) {
	tag, err := c.conn.Exec(ctx, sql)
	return tag.String(), err
}

// postgresArgs gives the values as the driver takes them.
func postgresArgs(args []any) ([]any, error) {
	out := make([]any, len(args))
	for i, arg := range args {
		v, err := postgresArg(arg)
		if err != nil {
			return nil, fault.Wrap(fmt.Errorf("value %d: %w", i+1, err), "bind")
		}
		out[i] = v
	}
	return out, nil
}
