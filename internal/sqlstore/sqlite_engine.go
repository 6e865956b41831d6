package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/pagecache"
)

const (
	busyWait    = 5 * time.Second // how long a statement waits for another process that holds the file
	migrateWait = 5 * time.Minute // how long those who start wait for the one who migrates, on either engine
)

// How many KB of pages a connection keeps in memory at most.
const (
	writerCache = 32 << 10
	readerCache = 4 << 10
)

// sqliteDialect is what SQLite brings. It needs no locks: the writer is alone in its transaction.
func sqliteDialect() *dialect {
	return &dialect{
		migrations: "migrations/sqlite",
		hasTable:   "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = $1",
		layout:     sqliteLayout,
		parents:    sqliteParents,
		oneByOne:   true,
		open:       openSQLite,
	}
}

// sqliteEngine is one process on one file: a connection that writes, a pool that reads, and a
// connection that checkpoints.
type sqliteEngine struct {
	writer      *writer
	readers     chan *sqliteConn
	spare       chan *sqliteConn // one reader for what callers ask while they hold another
	count       int              // readers
	checkpoints *checkpointer
	dialect     *dialect
	policies    *policies
	turn        sync.Mutex // held while the writer's connection is in use
	turnstile   turnstile
	patience    time.Duration // of the writer with other processes; changed in its turn
}

func openSQLite(ctx context.Context, d *dialect, c Config) (engine, error) {
	e := &sqliteEngine{count: c.Readers, readers: make(chan *sqliteConn, c.Readers), spare: make(chan *sqliteConn, 1), dialect: d, policies: newPolicies()}
	conns := make([]*sqliteConn, 0, c.Readers+3)
	fail := func(err error) (engine, error) {
		for _, conn := range conns {
			_ = conn.db.Close() // the first error is the one that tells
		}
		return nil, err
	}
	for i := range c.Readers + 3 {
		cache := readerCache
		if i == 0 {
			cache = writerCache
		}
		conn, err := openSQLiteConn(c.Path, cache)
		if err != nil {
			return fail(err)
		}
		conns = append(conns, conn)
	}
	for _, reader := range conns[2:] {
		if _, err := reader.exec("PRAGMA query_only = ON"); err != nil {
			return fail(err)
		}
		select {
		case e.spare <- reader:
		default:
			e.readers <- reader
		}
	}
	conns[0].db.SetBusyTimeout(0) // it waits at the turnstile
	conns[1].db.SetBusyTimeout(checkpointPatience)
	var err error
	if e.turnstile, err = openTurnstile(c.Path); err != nil {
		c.Log.WarnContext(ctx, "processes that write the database cannot take turns for certain", slog.String("cause", err.Error()))
	}
	e.patience = busyWait
	e.writer = &writer{
		conn: conns[0], queue: make(chan *job, queueLength), stopped: make(chan struct{}), dialect: d, policies: e.policies,
		hooks: c.hooks, failures: make(chan error, 1),
	}
	e.checkpoints = newCheckpointer(conns[1], &e.turn, &e.writer.counts.commits)
	e.checkpoints.file = descriptorOf(c.Path)
	e.writer.written = e.checkpoints.wake
	e.writer.open = func() error {
		return e.turnstile.pass(e.patience, func() error { _, err := e.writer.conn.exec("BEGIN IMMEDIATE"); return err })
	}
	e.writer.begin = func() error {
		e.turn.Lock()
		err := e.writer.open()
		if err != nil {
			e.turn.Unlock()
		}
		return err
	}
	e.writer.ended = e.turn.Unlock
	e.writer.commit = func() error { _, err := e.writer.conn.exec("COMMIT"); return err }
	go e.writer.loop()
	go e.checkpoints.loop()
	return e, nil
}

// openSQLiteConn opens a connection and makes sure that it is durable.
func openSQLiteConn(path string, cache int) (*sqliteConn, error) {
	db, err := pagecache.Open(path, sqlite.OpenReadWrite, sqlite.OpenCreate)
	if err != nil {
		return nil, sqliteFault(err)
	}
	conn := newSQLiteConn(db)
	db.SetBusyTimeout(busyWait)
	err = func() error {
		for _, p := range []struct{ set, check, want string }{
			{"PRAGMA journal_mode = WAL", "PRAGMA journal_mode", "wal"},
			{"PRAGMA synchronous = FULL", "PRAGMA synchronous", "2"},
			{"PRAGMA foreign_keys = ON", "PRAGMA foreign_keys", "1"},
			{"PRAGMA wal_autocheckpoint = 0", "PRAGMA wal_autocheckpoint", "0"},
			{"PRAGMA temp_store = MEMORY", "PRAGMA temp_store", "2"},
			{fmt.Sprintf("PRAGMA cache_size = -%d", cache), "PRAGMA cache_size", fmt.Sprintf("-%d", cache)},
		} {
			if err := conn.query(p.set, nil, func(row) error { return nil }); err != nil {
				return err
			}
			var got string
			if _, err := one(conn, p.check, nil, &got); err != nil {
				return err
			}
			if got != p.want {
				return fault.Wrap(fmt.Errorf("%s gives %q, not %q", p.check, got, p.want), "open the database")
			}
		}
		return nil
	}()
	if err != nil {
		_ = db.Close() // the first error is the one that tells
		return nil, err
	}
	return conn, nil
}

func (e *sqliteEngine) write(ctx context.Context, body func(*session) error) error {
	if isPatient(ctx) {
		e.checkpoints.letCatchUp()
	}
	return e.writer.write(ctx, body)
}

// guarded is write: a file has one writer at a time.
func (e *sqliteEngine) guarded(ctx context.Context, body func(*session) error) error {
	return e.write(ctx, body)
}

func (e *sqliteEngine) activate(ctx context.Context, key issuance.ActivationKey,
	decide func(issuance.ActivationState) (issuance.ActivationChanges, error),
) error {
	return e.writer.write(ctx, activationBody(key, decide))
}

func (e *sqliteEngine) read(ctx context.Context, body func(*session) error) error {
	return e.readOn(ctx, e.readers, body)
}

func (e *sqliteEngine) ask(ctx context.Context, body func(*session) error) error {
	return e.lend(ctx, e.readers, func(conn *sqliteConn) error {
		defer conn.interruptible(ctx)()
		return body(&session{conn: &question{conn: conn}, dialect: e.dialect, policies: e.policies})
	})
}

func (e *sqliteEngine) lookUp(ctx context.Context, body func(*session) error) error {
	return e.readOn(ctx, e.spare, body)
}

// lend gives body a connection of a pool.
func (e *sqliteEngine) lend(ctx context.Context, pool chan *sqliteConn, body func(*sqliteConn) error) error {
	if err := ctx.Err(); err != nil {
		return fault.NotNow(err, "read", retryLater)
	}
	var conn *sqliteConn
	select {
	case conn = <-pool:
	case <-ctx.Done():
		return fault.NotNow(ctx.Err(), "wait for a reader", retryLater)
	}
	if conn == nil {
		return fault.NotNow(errClosed, "read", retryLater)
	}
	defer func() { pool <- conn }()
	return body(conn)
}

// readOn runs body on a connection of a pool. Its statements are interrupted when ctx ends.
func (e *sqliteEngine) readOn(ctx context.Context, pool chan *sqliteConn, body func(*session) error) error {
	return e.lend(ctx, pool, func(conn *sqliteConn) (err error) {
		if _, err := conn.exec("BEGIN"); err != nil {
			return err
		}
		over := conn.interruptible(ctx)
		defer func() {
			over()
			if _, undo := conn.exec("ROLLBACK"); undo != nil && err == nil {
				err = undo
			}
		}()
		return body(&session{conn: conn, dialect: e.dialect, policies: e.policies})
	})
}

// migrate runs on the writer's connection while the writer stands still, and waits for other processes.
func (e *sqliteEngine) migrate(ctx context.Context, body func(conn, func(string) error) error) error {
	e.waitFor(migrateWait)
	defer e.waitFor(busyWait)
	return e.writer.write(ctx, func(*session) error { return body(e.writer.conn, e.writer.conn.script) })
}

// waitFor sets how long the writer waits for other processes.
func (e *sqliteEngine) waitFor(length time.Duration) {
	e.turn.Lock()
	defer e.turn.Unlock()
	e.patience = length
}

// giveWay does not rest: a command line does all of its work itself, at the lowest priority if it is that sort of work.
func (e *sqliteEngine) giveWay(ctx context.Context, _ time.Duration) error { return ctx.Err() }

func (e *sqliteEngine) ready() error {
	if broken := e.writer.broken.Load(); broken != nil {
		return broken
	}
	return nil
}

func (e *sqliteEngine) failed() <-chan error { return e.writer.failures }

func (e *sqliteEngine) stats() Stats {
	c := &e.writer.counts
	return Stats{
		Groups: c.groups.Load(), Jobs: c.jobs.Load(), Patient: c.patient.Load(), Commits: c.commits.Load(), Conflicts: c.conflicts.Load(),
		Waiting: int64(len(e.writer.queue)), WALPages: e.checkpoints.pages.Load(), Checkpoints: e.checkpoints.done.Load(),
	}
}

// close lets the writes that wait finish, checkpoints, and closes every connection.
func (e *sqliteEngine) close() error {
	if !e.writer.gate.close() {
		return nil
	}
	close(e.writer.queue)
	<-e.writer.stopped
	errs := []error{e.checkpoints.stop()}
	for range e.count {
		errs = append(errs, (<-e.readers).db.Close())
	}
	errs = append(errs, (<-e.spare).db.Close())
	close(e.readers)
	close(e.spare)
	return errors.Join(append(errs, e.writer.conn.db.Close(), e.turnstile.close())...)
}
