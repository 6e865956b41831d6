package sqlstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/firsttap/firsttap/internal/fault"
)

const (
	connections  = 16              // to the server, unless the URL says otherwise with pool_max_conns
	spares       = 2               // beyond these, for what callers ask while they hold one
	connectWait  = 2 * time.Second // for each server that is named
	pingWait     = time.Second     // for a sign of life of a connection that was idle
	commitWait   = 6 * time.Second // for the answer to a commit, whether the caller waits or not
	cancelWait   = time.Second     // for the server to stop a statement whose caller went away
	rollbackWait = time.Second
)

// A connection whose other end went away without a word is found by the system within these.
const (
	aliveIdle  = 5 * time.Second
	aliveEvery = 2 * time.Second
	aliveTries = 3
)

// How a transaction begins. Serializable makes the server do what the contract says (no other writer
// interleaves); a read needs no more than one snapshot.
const (
	beginWrite   = "BEGIN ISOLATION LEVEL SERIALIZABLE"
	beginRead    = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
	beginAsk     = "BEGIN READ ONLY"
	beginGuarded = "BEGIN ISOLATION LEVEL READ COMMITTED"
	beginMigrate = "BEGIN ISOLATION LEVEL READ COMMITTED"
)

// planEach is for reads in a transaction, as lists are, whose best plan depends on what is asked for. Work in the background asks the
// same all the time, and keeps its plans.
const planEach = "SET LOCAL plan_cache_mode = auto"

// serverSettings hold for every connection, unless the URL says otherwise. Times are in milliseconds.
var serverSettings = map[string]string{
	"application_name":                    "firsttap",
	"statement_timeout":                   "5000",
	"lock_timeout":                        "4000",
	"idle_in_transaction_session_timeout": "10000", // ends what a dead instance holds
	// Every query is for few rows, by an index. These keep the planner to that while tables are small or
	// their statistics old: a plan that reads a whole table is slow and, when serializable, makes the
	// transaction depend on every row of it.
	"enable_seqscan":   "off",
	"enable_hashjoin":  "off",
	"enable_mergejoin": "off",
	// A plan that must read a whole small table, as the list of programmes does, looks so expensive then that the server would
	// compile it, for a tenth of a second.
	"jit": "off",
	// Everything but lists has one plan that is good for all values. Left alone the server would plan again and again what is asked
	// for few in one statement, because a plan for few looks cheaper than the one that it keeps: most of a millisecond each time.
	"plan_cache_mode": "force_generic_plan",
}

// postgresDialect is what PostgreSQL brings, and every server that speaks its protocol.
func postgresDialect() *dialect {
	return &dialect{
		skipLocked: " FOR UPDATE SKIP LOCKED",
		migrations: "migrations/postgres",
		hasTable:   "SELECT 1 FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = $1",
		layout:     postgresLayout,
		parents:    postgresParents,
		open:       openPostgres,
	}
}

// postgresEngine is one instance among several on one server.
type postgresEngine struct {
	pool     *pgxpool.Pool
	spare    *pgxpool.Pool
	local    string // settings that every transaction brings along; none when the connection has them
	dialect  *dialect
	policies *policies
	patience time.Duration
	hooks    func(messages, accepted bool)
	counts   counts
	lanes    *lanes
	turn     chan struct{} // held by a write that met conflicts again and again
	ticket   atomic.Uint32 // spreads the pauses between tries
	desk     *desk
	rounds   *rounds
	counted  statistics
	programs keptPrograms
	failures chan error // never told: what fails here passes
}

func openPostgres(ctx context.Context, d *dialect, c Config) (engine, error) {
	e := &postgresEngine{
		dialect: d, policies: newPolicies(), patience: cmp.Or(c.Patience, patience), hooks: c.hooks, turn: make(chan struct{}, 1), failures: make(chan error), desk: newDesk(), rounds: newRounds(),
	}
	var err error
	if e.pool, e.local, err = newPool(ctx, c.URL.Reveal(), 0); err != nil {
		return nil, err
	}
	if e.spare, _, err = newPool(ctx, c.URL.Reveal(), spares); err != nil {
		e.pool.Close()
		return nil, err
	}
	e.lanes = newLanes(int(e.pool.Config().MaxConns))
	conn, err := e.acquire(ctx, e.pool)
	if err != nil {
		e.pool.Close()
		e.spare.Close()
		return nil, err
	}
	e.ticket.Store(conn.Conn().PgConn().PID()) // another one in every instance
	conn.Release()
	e.desk.open(groupWorkers, e.runGroup)
	e.counted.start(ctx, e)
	return e, nil
}

// newPool makes a pool of at most size connections; 0 is what the URL says. Nothing is connected yet. local is
// what every transaction begins with.
func newPool(ctx context.Context, url string, size int32) (pool *pgxpool.Pool, local string, err error) {
	c, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, "", fault.Wrap(err, "read the database's URL")
	}
	switch {
	case size != 0:
		c.MaxConns, c.MinConns, c.MinIdleConns = size, 0, 0
	case !strings.Contains(url, "pool_max_conns"):
		c.MaxConns = connections
	}
	if local, err = settle(c.ConnConfig, serverSettings); err != nil {
		return nil, "", err
	}
	if c.ConnConfig.ConnectTimeout == 0 {
		c.ConnConfig.ConnectTimeout = connectWait
	}
	c.PingTimeout = pingWait
	c.ConnConfig.DialFunc = (&net.Dialer{Timeout: c.ConnConfig.ConnectTimeout, KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: aliveIdle, Interval: aliveEvery, Count: aliveTries,
	}}).DialContext
	c.ConnConfig.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: conn, DeadlineDelay: cancelWait}
	}
	c.ConnConfig.OnNotice = noteDoubt
	c.AfterConnect, c.BeforeClose = wantDurable, giveUp
	if local != "" {
		leaveStatements(c)
	} else {
		c.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
			return errors.Join(wantDurable(ctx, conn), wantSettings(ctx, conn))
		}
	}
	if pool, err = pgxpool.NewWithConfig(ctx, c); err != nil {
		return nil, "", fault.Wrap(err, "open the database")
	}
	return pool, local, nil
}

// giveUp ends a broken connection for good after a moment. The driver would take leave of the server for 15
// seconds, and meanwhile the connection would keep its place in the pool.
func giveUp(conn *pgx.Conn) {
	if conn.IsClosed() {
		time.AfterFunc(cancelWait, func() { _ = conn.PgConn().Conn().Close() }) // nobody is left to tell
	}
}

// doubt is where a connection keeps that its server told of a commit without its standby.
const doubt = "firsttap.doubt"

// noteDoubt hears the warning of a server that stopped waiting for its standby: the commit is on one disk
// only, and may be lost when a standby takes over.
func noteDoubt(conn *pgconn.PgConn, n *pgconn.Notice) {
	if n.Code == "57014" || n.Code == "57P01" {
		conn.CustomData()[doubt] = true
	}
}

// acquire takes a connection, for which it waits a little while.
func (e *postgresEngine) acquire(ctx context.Context, pool *pgxpool.Pool) (*pgxpool.Conn, error) {
	wait, cancel := context.WithTimeout(ctx, e.patience*3/8)
	defer cancel()
	conn, err := pool.Acquire(wait)
	if err != nil {
		return nil, fault.NotNow(advised(err), "get a connection to the database", retryLater)
	}
	return conn, nil
}

// transaction lends a transaction to body, or statements without one when nothing begins it. What body leaves open is
// rolled back, however it ends.
func (e *postgresEngine) transaction(ctx context.Context, pool *pgxpool.Pool, begin string, body func(*postgresConn) error) error {
	conn, err := e.acquire(ctx, pool)
	if err != nil {
		return err
	}
	c := &postgresConn{ctx: ctx, conn: conn.Conn()}
	if begin != "" {
		c.begin = []string{begin}
	}
	if e.local != "" {
		c.begin = append(c.begin, e.local)
	}
	if begin == beginRead && !isPatient(ctx) {
		c.begin = append(c.begin, planEach)
	}
	defer func() {
		c.rollback()
		conn.Release()
	}()
	return body(c)
}

// rollback ends a transaction that was not committed. The pool drops a connection on which that fails.
func (c *postgresConn) rollback() {
	if !c.begun || c.conn.IsClosed() || c.conn.PgConn().TxStatus() == 'I' {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), rollbackWait)
	defer cancel()
	_, _ = c.bare(ctx, "ROLLBACK") // without it the connection is still inside, and the pool sees that
}

// commit ends a transaction. It does not hear a caller who goes away.
func (c *postgresConn) commit() error {
	if !c.begun && len(c.kept) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), commitWait)
	defer cancel()
	if len(c.kept) == 0 {
		tag, err := c.bare(ctx, "COMMIT")
		return c.committed(tag, err)
	}
	c.ctx = ctx
	b := expand(c.kept)
	for i, s := range b {
		if s.affected != nil {
			b[i] = statement{sql: insist(s.sql), args: s.args}
		}
	}
	done, err := c.send(append(b, statement{sql: "COMMIT"}))
	if err != nil && done < len(b) && toldBy(err) && !c.conn.IsClosed() {
		return lateFault(err)
	}
	return c.committed(c.tag, err)
}

// lateFault tells the guard of a statement that travelled with the commit from what else may fail there: the guard divides by
// the rows that it found.
func lateFault(err error) error {
	if told := new(pgconn.PgError); errors.As(err, &told) && told.Code == divisionByZero {
		return errLate
	}
	return err
}

var errRolledBack = errors.New("the server rolled back instead")

// committed judges the answer to a commit.
func (c *postgresConn) committed(tag string, err error) error {
	if err != nil {
		return commitFault(err, c.conn.IsClosed())
	}
	notes := c.conn.PgConn().CustomData()
	if _, doubted := notes[doubt]; doubted {
		delete(notes, doubt)
		return fault.NotNow(fmt.Errorf("%w: the standby has not confirmed it", errUnknown), "commit", retryLater)
	}
	if tag != "COMMIT" {
		return fault.Wrap(errRolledBack, "commit")
	}
	return nil
}

func (e *postgresEngine) read(ctx context.Context, body func(*session) error) error {
	return e.readOn(ctx, e.pool, body)
}

func (e *postgresEngine) lookUp(ctx context.Context, body func(*session) error) error {
	return e.readOn(ctx, e.spare, body)
}

func (e *postgresEngine) readOn(ctx context.Context, pool *pgxpool.Pool, body func(*session) error) error {
	return e.readIn(ctx, pool, beginRead, body)
}

func (e *postgresEngine) readIn(ctx context.Context, pool *pgxpool.Pool, begin string, body func(*session) error) error {
	ctx, cancel := context.WithTimeout(ctx, e.patience) // a line may be silent for ever
	defer cancel()
	return passing(e.transaction(ctx, pool, begin, func(c *postgresConn) error {
		err := body(e.session(c))
		if err == nil {
			err = c.lost
		}
		return err
	}))
}

func (e *postgresEngine) session(c *postgresConn) *session {
	return &session{conn: c, dialect: e.dialect, policies: e.policies}
}

// passing turns a conflict that is not tried again into a fault that passes.
func passing(err error) error {
	if errors.Is(err, errConflict) {
		return fault.NotNow(err, "use the database", retryLater)
	}
	return err
}

// The row that those who migrate hold, one after the other.
const (
	createLock = `CREATE TABLE IF NOT EXISTS schema_lock (id BIGINT NOT NULL PRIMARY KEY)`
	insertLock = `INSERT INTO schema_lock (id) VALUES (1) ON CONFLICT (id) DO NOTHING`
	takeLock   = `SELECT id FROM schema_lock WHERE id = 1 FOR UPDATE`
)

// migrate runs body alone among all instances. Making the lock's table may meet another who makes it.
func (e *postgresEngine) migrate(ctx context.Context, body func(conn, func(string) error) error) error {
	return e.again(ctx, migrateWait, func(ctx context.Context) error {
		return e.transaction(ctx, e.pool, beginMigrate, func(c *postgresConn) error {
			for _, sql := range []string{createLock, insertLock} {
				if _, err := c.conn.Exec(ctx, sql); err != nil {
					return fmt.Errorf("%w: %w", errConflict, postgresFault(err, c.conn.IsClosed()))
				}
			}
			for _, sql := range []string{"SET LOCAL statement_timeout = 0", "SET LOCAL lock_timeout = 0", takeLock} {
				if _, err := c.exec(sql); err != nil {
					return err
				}
			}
			// Who waits for a table that others use keeps everybody who comes later waiting: not for long, then again.
			if _, err := c.exec("SET LOCAL lock_timeout = 1000"); err != nil {
				return err
			}
			err := body(c, c.script)
			if told := new(pgconn.PgError); errors.As(err, &told) && told.Code == lockNotAvailable {
				return fmt.Errorf("%w: %w", errConflict, err)
			}
			if err != nil {
				return err
			}
			return c.commit()
		})
	})
}

func (e *postgresEngine) ready() error { return nil }

func (e *postgresEngine) failed() <-chan error { return e.failures }

func (e *postgresEngine) stats() Stats {
	c := &e.counts
	return Stats{
		Groups: c.groups.Load(), Jobs: c.jobs.Load(), Patient: c.patient.Load(), Commits: c.commits.Load(), Conflicts: c.conflicts.Load(),
		Waiting: int64(e.desk.length()),
	}
}

// close lets the activations that wait finish, and closes every connection once it is given back.
func (e *postgresEngine) close() error {
	if e.desk.shut() {
		e.counted.end()
		e.pool.Close()
		e.spare.Close()
	}
	return nil
}
