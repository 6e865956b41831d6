package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/firsttap/firsttap/internal/fault"
)

// source is a database that nobody else may use: one connection in one transaction, from the first row to
// the mark at the end.
type source struct {
	conn    conn
	dialect *dialect
	commit  func() error
	closing func() error
}

// sourceWait is for a command that is about to end; a server does not go away by waiting.
const sourceWait = time.Second

// openSource takes a database for a move. A server that uses it is a refusal.
func openSource(ctx context.Context, c Config) (*source, error) {
	if c.URL.IsZero() {
		return openSQLiteSource(c)
	}
	return openPostgresSource(ctx, c)
}

// openSQLiteSource holds the file for itself: every open connection of another process, however idle, is
// noticed, and none can come.
func openSQLiteSource(c Config) (*source, error) {
	conn, err := openSQLiteConn(c.Path, writerCache)
	if err != nil {
		return nil, err
	}
	conn.db.SetBusyTimeout(sourceWait)
	for _, sql := range []string{"PRAGMA locking_mode = EXCLUSIVE", "BEGIN IMMEDIATE"} {
		if err := conn.query(sql, nil, func(row) error { return nil }); err != nil {
			if driverClass(err) == unavailable {
				err = ErrMoveInUse
			}
			return nil, errors.Join(err, conn.db.Close())
		}
	}
	return &source{
		conn: conn, dialect: sqliteDialect(), closing: conn.db.Close,
		commit: func() error { _, err := conn.exec("COMMIT"); return err },
	}, nil
}

// othersThere counts the connections of servers and commands to this database, beside the asker's own.
const othersThere = `SELECT count(*) FROM pg_stat_activity
	WHERE datname = current_database() AND application_name = 'firsttap' AND pid <> pg_backend_pid()`

// openPostgresSource locks every table against writing.
func openPostgresSource(ctx context.Context, c Config) (*source, error) {
	config, err := pgx.ParseConfig(c.URL.Reveal())
	if err != nil {
		return nil, fault.Wrap(err, "read the database's URL")
	}
	settings := maps.Clone(serverSettings)
	for _, name := range []string{"statement_timeout", "idle_in_transaction_session_timeout"} {
		settings[name] = "0" // counting takes long, and so does what is done between two pages
		delete(config.RuntimeParams, name)
	}
	settings["application_name"] = "firsttap migrate"
	delete(config.RuntimeParams, "application_name")
	local, err := settle(config, settings)
	if err == nil && local != "" {
		err = refusedMove("behind a pooler nobody sees who else uses the database: name the server itself")
	}
	if err != nil {
		return nil, err
	}
	on, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fault.NotNow(advised(err), "open the database", retryLater)
	}
	s := &source{dialect: postgresDialect(), closing: func() error { return on.Close(context.WithoutCancel(ctx)) }}
	if err := wantSettings(ctx, on); err != nil {
		return nil, errors.Join(err, s.close())
	}
	pc := &postgresConn{ctx: context.WithoutCancel(ctx), conn: on, begin: []string{"BEGIN ISOLATION LEVEL REPEATABLE READ"}}
	s.conn, s.commit = pc, pc.commit
	if err := s.lockTables(); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *source) lockTables() error {
	others := 0
	tables, err := readLayouts(s.conn, s.dialect)
	if err == nil {
		_, err = one(s.conn, othersThere, nil, &others)
	}
	switch {
	case err != nil:
		return err
	case others > 0:
		return fmt.Errorf("%w (%d connections)", ErrMoveInUse, others)
	}
	for _, t := range tables {
		if _, err := s.conn.exec("LOCK TABLE " + t.name + " IN EXCLUSIVE MODE"); err != nil {
			return err
		}
	}
	return nil
}

func (s *source) status() (MigrationStatus, error) {
	return statusOf(s.conn, s.dialect, migrationFiles)
}

// mark closes the database to servers, and ends the transaction.
func (s *source) mark(at time.Time) error {
	status, err := s.status()
	if err != nil {
		return err
	}
	if !status.moved {
		if _, err := s.conn.exec(insertMigration, markRow(at)...); err != nil {
			return err
		}
	}
	return s.commit()
}

func (s *source) close() error { return s.closing() }
