package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
)

// retryLater is after how long a caller may try again when the store is busy.
const retryLater = time.Second

// sqliteConn is a connection to SQLite, for one goroutine at a time.
type sqliteConn struct {
	db         *sqlite.Conn
	ready      map[string]prepared // by the text that we write
	firstWrite func() error        // called once, before the next statement that may write; nil for nothing
	interrupt  chan struct{}       // closed to stop what runs; nil until somebody may want that
}

type prepared struct {
	*sqlite.Stmt
	reads bool // it changes nothing
}

func newSQLiteConn(db *sqlite.Conn) *sqliteConn {
	return &sqliteConn{db: db, ready: map[string]prepared{}}
}

// interruptible lets statements be stopped when ctx ends, until over is called. The driver starts a goroutine for each channel
// that it watches, and looks through all its statements: so it watches one, which is made anew only when it was closed.
func (c *sqliteConn) interruptible(ctx context.Context) (over func()) {
	if c.interrupt == nil {
		c.interrupt = make(chan struct{})
		c.db.SetInterrupt(c.interrupt)
	}
	watched := c.interrupt
	stop := context.AfterFunc(ctx, func() { close(watched) })
	return func() {
		if !stop() {
			<-watched
			c.interrupt = nil
			c.db.SetInterrupt(nil)
		}
	}
}

var parameter = regexp.MustCompile(`\$([0-9]+)`)

// prepare gives the statement of a text. It is about to be run.
func (c *sqliteConn) prepare(sql string) (*sqlite.Stmt, error) {
	p, ok := c.ready[sql]
	if !ok {
		stmt, err := c.db.Prepare(parameter.ReplaceAllString(sql, "?$1"))
		if err != nil {
			return nil, sqliteFault(err)
		}
		p = prepared{stmt, strings.HasPrefix(sql, "SELECT")}
		c.ready[sql] = p
	}
	if p.reads {
		return p.Stmt, nil
	}
	return p.Stmt, c.writing()
}

// writing calls firstWrite.
func (c *sqliteConn) writing() error {
	f := c.firstWrite
	if f == nil {
		return nil
	}
	c.firstWrite = nil
	return f()
}

func (c *sqliteConn) exec(sql string, args ...any) (int64, error) {
	stmt, err := c.prepare(sql)
	if err != nil {
		return 0, err
	}
	if err := bind(stmt, args); err != nil {
		return 0, err
	}
	_, err = stmt.Step()
	if err == nil {
		err = stmt.Reset()
	}
	if err != nil {
		return 0, sqliteFault(err)
	}
	return int64(c.db.Changes()), nil
}

func (c *sqliteConn) query(sql string, args []any, each func(row) error) (err error) {
	stmt, err := c.prepare(sql)
	if err != nil {
		return err
	}
	if err := bind(stmt, args); err != nil {
		return err
	}
	defer func() {
		if again := stmt.Reset(); again != nil && err == nil {
			err = sqliteFault(again)
		}
	}()
	for {
		more, err := stmt.Step()
		if err != nil {
			return sqliteFault(err)
		}
		if !more {
			return nil
		}
		if err := each(sqliteRow{stmt}); err != nil {
			return err
		}
	}
}

func (c *sqliteConn) run(b batch) error {
	for _, s := range b {
		if s.each != nil {
			if err := c.queryRows(s); err != nil {
				return err
			}
			continue
		}
		rows, err := c.execRows(s)
		if err == nil && s.affected != nil {
			err = s.affected(rows)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *sqliteConn) later(b batch) error { return c.run(b) }

// queryRows asks once, or once for each of its rows.
func (c *sqliteConn) queryRows(s statement) error {
	if s.rows == nil {
		return c.query(s.sql, s.args, s.each)
	}
	for _, args := range s.rows {
		if err := c.query(s.sql, args, s.each); err != nil {
			return err
		}
	}
	return nil
}

// execRows runs a statement once, or once for each of its rows.
func (c *sqliteConn) execRows(s statement) (total int64, err error) {
	if s.rows == nil {
		return c.exec(s.sql, s.args...)
	}
	for _, args := range s.rows {
		n, err := c.exec(s.sql, args...)
		if err != nil {
			return total, err
		}
		total += n
	}
	return total, nil
}

// script runs the statements of a migration.
func (c *sqliteConn) script(text string) error {
	if err := c.writing(); err != nil {
		return err
	}
	for {
		stmt, rest, err := c.db.PrepareTransient(text)
		if err != nil {
			return sqliteFault(err)
		}
		if stmt.BindParamCount() == 0 {
			_, err = stmt.Step()
		}
		if closeErr := stmt.Finalize(); err == nil {
			err = closeErr
		}
		if err != nil {
			return sqliteFault(err)
		}
		text = text[len(text)-rest:]
		if blank.MatchString(text) {
			return nil
		}
	}
}

var blank = regexp.MustCompile(`^(\s|--[^\n]*(\n|$))*$`)

func bind(stmt *sqlite.Stmt, args []any) error {
	if n := stmt.BindParamCount(); n != len(args) {
		return fault.Wrap(fmt.Errorf("the statement takes %d values and got %d", n, len(args)), "bind")
	}
	for i, arg := range args {
		at := i + 1
		switch v := arg.(type) {
		case nil:
			stmt.BindNull(at)
		case int64:
			stmt.BindInt64(at, v)
		case int:
			stmt.BindInt64(at, int64(v))
		case bool:
			stmt.BindBool(at, v)
		case string:
			stmt.BindText(at, v)
		case []byte:
			if v == nil {
				stmt.BindNull(at)
			} else {
				stmt.BindBytes(at, v)
			}
		case ident.UUID:
			if v.IsZero() {
				stmt.BindNull(at)
			} else {
				stmt.BindBytes(at, v[:])
			}
		case time.Time:
			if v.IsZero() {
				stmt.BindNull(at)
			} else {
				stmt.BindInt64(at, v.UnixMicro())
			}
		case time.Duration:
			stmt.BindInt64(at, int64(v))
		default:
			return fault.Wrap(fmt.Errorf("value %d has type %T", at, arg), "bind")
		}
	}
	return nil
}

type sqliteRow struct{ stmt *sqlite.Stmt }

func (r sqliteRow) scan(dest ...any) error {
	if n := r.stmt.ColumnCount(); n != len(dest) {
		return fault.Wrap(fmt.Errorf("the row has %d columns and %d are asked for", n, len(dest)), "scan")
	}
	for i, to := range dest {
		switch v := to.(type) {
		case *int64:
			*v = r.stmt.ColumnInt64(i)
		case **int64:
			*v = nil
			if !r.stmt.ColumnIsNull(i) {
				n := r.stmt.ColumnInt64(i)
				*v = &n
			}
		case *int:
			*v = r.stmt.ColumnInt(i)
		case *bool:
			*v = r.stmt.ColumnInt64(i) != 0
		case *string:
			*v = r.stmt.ColumnText(i)
		case **string:
			*v = nil
			if !r.stmt.ColumnIsNull(i) {
				s := r.stmt.ColumnText(i)
				*v = &s
			}
		case *[]byte:
			*v = r.bytes(i)
		case *ident.UUID:
			if err := r.id(i, v); err != nil {
				return err
			}
		case *time.Time:
			*v = time.Time{}
			if !r.stmt.ColumnIsNull(i) {
				*v = time.UnixMicro(r.stmt.ColumnInt64(i)).UTC()
			}
		case *time.Duration:
			*v = time.Duration(r.stmt.ColumnInt64(i))
		case text:
			if s := r.stmt.ColumnText(i); s != "" {
				if err := v(s); err != nil {
					return fault.Wrap(err, "read a stored text")
				}
			}
		default:
			return fault.Wrap(fmt.Errorf("column %d is asked for as %T", i, to), "scan")
		}
	}
	return nil
}

func (r sqliteRow) bytes(i int) []byte {
	if r.stmt.ColumnIsNull(i) {
		return nil
	}
	b := make([]byte, r.stmt.ColumnLen(i))
	r.stmt.ColumnBytes(i, b)
	return b
}

func (r sqliteRow) id(i int, to *ident.UUID) error {
	*to = ident.UUID{}
	if n := r.stmt.ColumnLen(i); n != 0 && n != len(to) {
		return fault.Wrap(fmt.Errorf("column %d holds %d bytes where an id has 16", i, n), "scan")
	}
	r.stmt.ColumnBytes(i, to[:])
	return nil
}

// classifySQLite looks at the primary result code: the extended ones grow with every release.
func classifySQLite(err error) class {
	switch sqlite.ErrCode(err) & 0xff {
	case sqlite.ResultBusy, sqlite.ResultLocked, sqlite.ResultFull, sqlite.ResultInterrupt, sqlite.ResultNoMem:
		return unavailable
	case sqlite.ResultConstraint:
		if code := sqlite.ErrCode(err); code == sqlite.ResultConstraintUnique || code == sqlite.ResultConstraintPrimaryKey {
			return duplicate
		}
		return other
	case sqlite.ResultIOErr, sqlite.ResultCorrupt, sqlite.ResultNotADB:
		return damaged
	default: // the engine has a hundred more, and none of them is ours to answer
		return other
	}
}

// sqliteFault turns an error of the driver into a fault.
func sqliteFault(err error) error {
	switch classifySQLite(err) {
	case unavailable:
		return fault.NotNow(err, "use the database", retryLater)
	case other, duplicate, damaged, conflicting, gone, unknown:
	}
	return fault.Wrap(err, "use the database")
}

// driverClass is the class of the driver's error inside a fault; other when there is none.
func driverClass(err error) class {
	var f *fault.Error
	if errors.As(err, &f) && f.Cause != nil {
		err = f.Cause
	}
	return classifySQLite(err)
}
