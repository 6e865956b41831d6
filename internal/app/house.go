package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/bureau"
	"github.com/firsttap/firsttap/internal/config"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/keyring"
	"github.com/firsttap/firsttap/internal/scenario"
	"github.com/firsttap/firsttap/internal/spending"
	"github.com/firsttap/firsttap/internal/sqlstore"
	"github.com/firsttap/firsttap/internal/staff"
	"github.com/firsttap/firsttap/internal/vault"
)

// Deps is the world: what no room takes for itself.
type Deps struct {
	Now     func() time.Time
	Random  io.Reader
	Logger  *slog.Logger
	Version string
}

// ErrNoDatabase says that there is nothing at the place where the data should be.
var ErrNoDatabase = errors.New("there is no database")

// House is an open installation.
type House struct {
	Access    *access.Service
	Rules     *issuance.Service
	Scenarios *scenario.Player
	Spending  *spending.Service
	Staff     *staff.Service
	Store     issuance.Store

	cfg       config.Config
	deps      Deps
	ids       *ident.Source
	bureau    *bureau.Sandbox
	passwords *access.Passwords // shared: each comparison costs memory, and few run at a time
	db        *sqlstore.DB
	file      *keyring.KeyFile
	keys      *keyring.Keyring
	bells     *bells
}

// bells wake the workers after a commit. They are hung up before the workers exist.
type bells struct{ messages, batches func() }

// Open opens an installation that exists; [ErrNoDatabase] when there is none.
func Open(ctx context.Context, cfg config.Config, deps Deps) (*House, error) {
	done, err := Migrations(ctx, cfg, deps)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(done, func(m Migration) bool { return !m.AppliedAt.IsZero() }) {
		return nil, fmt.Errorf("%w: it has no tables", ErrNoDatabase)
	}
	return Create(ctx, cfg, deps)
}

// Create opens an installation, and makes it when there is none: folder, database, keys.
func Create(ctx context.Context, cfg config.Config, deps Deps) (*House, error) {
	if err := os.MkdirAll(filepath.Dir(cfg.KeyPath()), 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the keys: %w", err)
	}
	if cfg.Database.Engine == config.EngineSQLite {
		if err := makePrivate(cfg.Database.Path); err != nil {
			return nil, fmt.Errorf("make the database: %w", err)
		}
	}
	h := &House{cfg: cfg, deps: deps, ids: ident.NewSource(deps.Random, deps.Now), bells: &bells{}}
	if err := h.openStore(ctx); err != nil {
		return nil, err
	}
	if err := h.openRules(ctx); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

// makePrivate makes a folder and in it an empty file that only its owner may read, unless it is there. The files that SQLite
// keeps beside the database get the same rights.
func makePrivate(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func (h *House) openStore(ctx context.Context) (err error) {
	h.db, err = sqlstore.Open(ctx, storeConfig(h.cfg, h.deps, h.bells))
	if err != nil {
		return fmt.Errorf("open the database %s: %w", databaseName(h.cfg), err)
	}
	if err := h.db.Migrate(ctx); err != nil {
		return errors.Join(fmt.Errorf("bring the database up to date: %w", err), h.db.Close())
	}
	return nil
}

func storeConfig(cfg config.Config, deps Deps, b *bells) sqlstore.Config {
	c := sqlstore.Config{
		Path: cfg.Database.Path, Now: deps.Now, Log: deps.Logger,
		OnMessages: func() { ring(b.messages) }, OnBatches: func() { ring(b.batches) },
	}
	if cfg.Database.Engine == config.EnginePostgres {
		c.URL = cfg.Database.URL
	}
	return c
}

// databaseName is what may be told of the database: a file, or that it is a server.
func databaseName(cfg config.Config) string {
	if cfg.Database.Engine == config.EngineSQLite {
		return cfg.Database.Path
	}
	return cfg.Database.Engine
}

func ring(bell func()) {
	if bell != nil {
		bell()
	}
}

// openRules opens the keys and makes the rules over them.
func (h *House) openRules(ctx context.Context) (err error) {
	if h.file, err = keyring.OpenFile(h.cfg.KeyPath(), h.deps.Random, h.deps.Now); err != nil {
		return err
	}
	if h.keys, err = keyring.Open(ctx, h.file, h.db.Keys(), h.deps.Random, h.deps.Now); err != nil {
		return fmt.Errorf("the key file %s does not open this database: %w", h.cfg.KeyPath(), err)
	}
	if h.bureau, err = bureau.New(bureau.Settings{
		CutOff: h.cfg.Bureau.CutOff, Zone: h.cfg.Bureau.Zone, Weekdays: h.cfg.Bureau.Weekdays,
	}); err != nil {
		return fmt.Errorf("the bureau's settings: %w", err)
	}
	h.Store = h.db.Issuance()
	rules := func(store issuance.Store, ids *ident.Source) *issuance.Service {
		return issuance.New(issuance.Config{
			Store: store, Sealer: sealer{h.keys}, Vault: vault.New(sealer{h.keys}, ids), IDs: ids, Trail: h.ids, Now: h.deps.Now, Bureau: h.bureau,
			Announcers: announcers(),
		})
	}
	h.Rules = rules(h.Store, h.ids)
	h.Scenarios = scenario.New(func(ids *ident.Source, keep func(issuance.Store) issuance.Store) *issuance.Service {
		return rules(keep(h.Store), ids)
	})
	h.Spending = spending.New(h.Rules, h.ids)
	h.passwords = access.NewPasswords(h.ids)
	h.Staff = staff.New(staff.Config{Store: h.db.Staff(), Hasher: h.Rules, Passwords: h.passwords, IDs: h.ids, Now: h.deps.Now})
	h.Access = access.NewService(access.ServiceConfig{Store: h.db.Access(), Hasher: h.Rules, IDs: h.ids, Now: h.deps.Now})
	return nil
}

// Close closes the store. Nothing may use the House any more.
func (h *House) Close() error { return h.db.Close() }

// LoadFixture puts the things of the published examples into a sandbox programme.
func (h *House) LoadFixture(ctx context.Context, by access.Operator, p ident.ProgramID) error {
	return h.Rules.Seed(ctx, issuance.PublishedExamples(issuance.Command{Caller: issuance.Caller{
		Program: p, Actor: "operator:" + by.Name, Channel: by.Channel,
	}}))
}

// Migration is one step of the layout of the database.
type Migration struct {
	Version   int       `json:"version"`
	Name      string    `json:"name"`
	AppliedAt time.Time `json:"applied_at,omitzero"`
}

// Migrations tells which steps the database has, and changes nothing.
func Migrations(ctx context.Context, cfg config.Config, deps Deps) ([]Migration, error) {
	if cfg.Database.Engine == config.EngineSQLite {
		if _, err := os.Stat(cfg.Database.Path); errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("%w at %s", ErrNoDatabase, cfg.Database.Path)
		}
	}
	db, err := sqlstore.Open(ctx, storeConfig(cfg, deps, &bells{}))
	if err != nil {
		return nil, fmt.Errorf("open the database %s: %w", databaseName(cfg), err)
	}
	status, err := db.Status(ctx)
	if err = errors.Join(err, db.Close()); err != nil {
		return nil, err
	}
	list := make([]Migration, len(status.Migrations))
	for i, m := range status.Migrations {
		list[i] = Migration{Version: m.Number, Name: m.Name, AppliedAt: m.AppliedAt}
	}
	return list, nil
}
