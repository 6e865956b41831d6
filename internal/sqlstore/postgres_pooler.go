package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/firsttap/firsttap/internal/fault"
)

// pooler is the parameter of a database's URL which tells that a pooler stands before the server. The one value
// is transaction: each transaction may meet another connection of the server, so nothing may stay behind in one.
const pooler = "pooler"

// errPooler is the advice for who did not tell of the pooler.
var errPooler = errors.New("settings do not reach the server; when a pooler stands before it, add pooler=transaction to the URL")

// settle gives a connection its settings. A server gets them once, when the connection is made, and keeps
// prepared statements. Behind a pooler every transaction brings its settings along, in the text that this
// returns, and no statement is prepared.
func settle(c *pgx.ConnConfig, settings map[string]string) (local string, err error) {
	for name, value := range settings {
		if _, given := c.RuntimeParams[name]; !given {
			c.RuntimeParams[name] = value
		}
	}
	mode, pooled := c.RuntimeParams[pooler]
	delete(c.RuntimeParams, pooler)
	switch {
	case !pooled:
		return "", nil
	case mode != "transaction":
		return "", fault.Wrap(fmt.Errorf("pooler=%s: the one value is transaction", mode), "read the database's URL")
	}
	c.DefaultQueryExecMode = pgx.QueryExecModeExec
	var sets []string
	for _, name := range slices.Sorted(maps.Keys(c.RuntimeParams)) {
		if name == "application_name" {
			continue // a pooler knows it
		}
		sets = append(sets, fmt.Sprintf("set_config('%s', '%s', true)", doubled(name), doubled(c.RuntimeParams[name])))
		delete(c.RuntimeParams, name)
	}
	return "SELECT " + strings.Join(sets, ", "), nil
}

func doubled(text string) string { return strings.ReplaceAll(text, "'", "''") }

// errLeft is what the driver hears when it would have a pooler stop a statement.
var errLeft = errors.New("no statement is stopped behind a pooler")

// leaveStatements makes connections that ask nobody to stop a statement whose caller went away. Such a request is a connection
// of its own, and PgBouncer 1.18, which Debian 12 has, may end with every client of it when one comes: "bad client state" (its
// issues 801, 822 and 904). The statement has the time that it would have to stop, and the limits of the server.
func leaveStatements(c *pgxpool.Config) {
	c.ConnConfig.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.DeadlineContextWatcherHandler{Conn: conn.Conn(), DeadlineDelay: cancelWait}
	}
	c.BeforeConnect = func(_ context.Context, one *pgx.ConnConfig) error {
		var made atomic.Bool // what a connection dials later is such a request: the driver sends one before it closes
		dial := one.DialFunc
		one.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
			if made.Load() {
				return nil, errLeft
			}
			return dial(ctx, network, address)
		}
		one.AfterConnect = func(context.Context, *pgconn.PgConn) error {
			made.Store(true)
			return nil
		}
		return nil
	}
}

const (
	selectUnsafe = `SELECT name FROM pg_settings
	WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off'`
	// selectIgnored finds a setting that came from elsewhere, though the connection asked for it.
	selectIgnored = `SELECT name FROM pg_settings WHERE name = 'statement_timeout' AND source <> 'client'`
)

// wantDurable refuses a server that would acknowledge what is not on its disk.
func wantDurable(ctx context.Context, conn *pgx.Conn) error {
	names, err := namesOf(ctx, conn, selectUnsafe)
	if err == nil && len(names) > 0 {
		err = fmt.Errorf("the server has %s off: what it acknowledges may be lost", strings.Join(names, ", "))
	}
	return err
}

// wantSettings refuses a connection on which the settings that it began with are not in force.
func wantSettings(ctx context.Context, conn *pgx.Conn) error {
	names, err := namesOf(ctx, conn, selectIgnored)
	if err == nil && len(names) > 0 {
		err = errPooler
	}
	return err
}

func namesOf(ctx context.Context, conn *pgx.Conn, sql string) ([]string, error) {
	rows, err := conn.Query(ctx, sql, pgx.QueryExecModeExec) // nothing is prepared yet behind what may be a pooler
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// advised adds the advice to the words with which a pooler refuses settings.
func advised(err error) error {
	var told *pgconn.PgError
	if errors.As(err, &told) && strings.Contains(told.Message, "unsupported startup parameter") {
		return fmt.Errorf("%w: %w", errPooler, err)
	}
	return err
}
