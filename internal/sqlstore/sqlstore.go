package sqlstore

import (
	"context"
	"io/fs"
	"log/slog"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/bulkworker"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/keyring"
	"github.com/firsttap/firsttap/internal/outbox"
	"github.com/firsttap/firsttap/internal/redact"
)

// Config says where the database is and who wants to hear of it.
type Config struct {
	Path string      // the SQLite file; made when it is not there
	URL  redact.Text // of PostgreSQL, with several hosts if need be; then there is no Path. It may hold a password
	// Patience is for a read, or for a write with all its tries, on a server; 0 is 8 seconds, which leaves time
	// to answer a caller. A file has nobody to wait for but its own writers.
	Patience time.Duration
	Readers  int // connections that read a file; 0 is 4. To a server: pool_max_conns of the URL, or 16
	Now      func() time.Time
	Log      *slog.Logger // nil discards; told once, at open, how the database is set
	// OnMessages is called after a commit that inserted messages for endpoints, and OnBatches after one
	// that accepted a batch. They wake workers: they must return at once and not use the store.
	OnMessages func()
	OnBatches  func()
}

// Stats are counters since the store was opened.
type Stats struct {
	Groups      int64 // groups of writes that were run
	Jobs        int64 // writes in them
	Patient     int64 // those of them that let others go first
	Commits     int64
	Conflicts   int64 // bodies that were run again
	Waiting     int64 // writes that wait now
	WALPages    int64 // pages in the write-ahead log after the last checkpoint
	Checkpoints int64
}

// DB is an open database. It is safe for concurrent use.
type DB struct {
	engine  engine
	dialect *dialect
	now     func() time.Time
	files   fs.FS // the migrations of this release
	vault   *vault
	sealed  *sealed
}

// Open opens the database. It changes no tables: see [DB.Migrate].
func Open(ctx context.Context, c Config) (*DB, error) {
	if c.Readers <= 0 {
		c.Readers = 4
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	dialect := sqliteDialect()
	if !c.URL.IsZero() {
		dialect = postgresDialect()
	}
	e, err := dialect.open(ctx, dialect, c)
	if err != nil {
		return nil, err
	}
	d := &DB{engine: e, dialect: dialect, now: c.Now, files: migrationFiles}
	c.Log.InfoContext(ctx, "database opened", slog.String("schema", dialect.migrations), slog.String("path", c.Path),
		slog.Int("queue_length", queueLength))
	d.vault = &vault{db: d}
	d.sealed = newSealed(d)
	return d, nil
}

func (c Config) hooks(messages, accepted bool) {
	if messages && c.OnMessages != nil {
		c.OnMessages()
	}
	if accepted && c.OnBatches != nil {
		c.OnBatches()
	}
}

// Issuance is the store of the rules about cards.
func (d *DB) Issuance() issuance.Store { return issuanceStore{d} }

// Access is the store of programmes and credentials.
func (d *DB) Access() access.Store { return accessStore{d} }

// Outbox is the queue of messages and deliveries.
func (d *DB) Outbox() outbox.Queue { return outboxQueue{d} }

// Bulk is the queue of batches.
func (d *DB) Bulk() bulkworker.Queue { return bulkQueue{d} }

// Keys keeps the wrapped data keys.
func (d *DB) Keys() keyring.Vault { return d.vault }

// Sealed is every sealed value, for moving them to a new key.
func (d *DB) Sealed() keyring.Sealed { return d.sealed }

// GiveWay rests between two steps of long work that is done beside a server, as that engine needs it for the server to go first.
// took is how long the first of them took. It ends with ctx.
func (d *DB) GiveWay(ctx context.Context, took time.Duration) error {
	return d.engine.giveWay(ctx, took)
}

// Ready reports whether the store works and has all migrations.
func (d *DB) Ready(ctx context.Context) error {
	if err := d.engine.ready(); err != nil {
		return err
	}
	status, err := d.Status(ctx)
	if err != nil {
		return err
	}
	return status.missing()
}

// Failed gives one error when the store has stopped for good; the process should end and start again.
func (d *DB) Failed() <-chan error { return d.engine.failed() }

// Stats gives the counters.
func (d *DB) Stats() Stats { return d.engine.stats() }

// Close lets the writes that wait finish and closes the database. Reads must have ended.
func (d *DB) Close() error { return d.engine.close() }

// tx is a transaction as every user of the store sees it.
type tx struct{ *session }

var (
	_ issuance.Tx = tx{}
	_ access.Tx   = tx{}
)

type issuanceStore struct{ *DB }

func (d issuanceStore) Write(ctx context.Context, body func(issuance.Tx) error) error {
	return d.engine.write(ctx, func(s *session) error { return body(tx{s}) })
}

func (d issuanceStore) Read(ctx context.Context, body func(issuance.ReadTx) error) error {
	return d.engine.read(ctx, func(s *session) error { return body(tx{s}) })
}

func (d issuanceStore) ReadOnce(ctx context.Context, body func(issuance.ReadTx) error) error {
	return d.engine.ask(ctx, func(s *session) error { return body(tx{s}) })
}

type accessStore struct{ *DB }

func (d accessStore) Write(ctx context.Context, body func(access.Tx) error) error {
	return d.engine.write(ctx, func(s *session) error { return body(tx{s}) })
}

func (d accessStore) Read(ctx context.Context, body func(access.ReadTx) error) error {
	return d.engine.read(ctx, func(s *session) error { return body(tx{s}) })
}
