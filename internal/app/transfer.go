package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/firsttap/firsttap/internal/config"
	"github.com/firsttap/firsttap/internal/sqlstore"
)

// ErrOnlySQLite says that a command is about databases that are one file.
var ErrOnlySQLite = errors.New("this is for a database in one file")

// ErrMoveRefused is in every error of a move that did not begin.
var ErrMoveRefused = sqlstore.ErrMoveRefused

// MoveProgress tells how far a move is.
type MoveProgress = sqlstore.MoveProgress

// MoveReport is what a move did.
type MoveReport = sqlstore.MoveReport

// Move moves an installation from one database to another; see [sqlstore.Move]. The keys stay where they are.
func Move(ctx context.Context, from, to config.Config, deps Deps, told func(MoveProgress)) (MoveReport, error) {
	if from.Database.Engine == config.EngineSQLite {
		if _, err := os.Stat(from.Database.Path); errors.Is(err, fs.ErrNotExist) {
			return MoveReport{}, fmt.Errorf("%w at %s", ErrNoDatabase, from.Database.Path)
		}
	}
	if to.Database.Engine == config.EngineSQLite {
		if err := makePrivate(to.Database.Path); err != nil {
			return MoveReport{}, fmt.Errorf("make the database: %w", err)
		}
	}
	return sqlstore.Move(ctx, storeConfig(from, deps, &bells{}), storeConfig(to, deps, &bells{}), told)
}

// Reopen opens a database to servers again that a move has closed.
func Reopen(ctx context.Context, cfg config.Config, deps Deps) error {
	db, err := sqlstore.Open(ctx, storeConfig(cfg, deps, &bells{}))
	if err != nil {
		return fmt.Errorf("open the database %s: %w", databaseName(cfg), err)
	}
	return errors.Join(db.Reopen(ctx), db.Close())
}

// Backup copies the database to a new file while servers work on it; with keys it copies the key file too.
func Backup(ctx context.Context, cfg config.Config, to, keys string, told func(done, total int)) error {
	if cfg.Database.Engine != config.EngineSQLite {
		return ErrOnlySQLite
	}
	if keys != "" { // the keys first: a copy of the database is never newer than its keys
		if err := copyPrivate(cfg.KeyPath(), keys); err != nil {
			return fmt.Errorf("copy the keys: %w", err)
		}
	}
	return sqlstore.Backup(ctx, cfg.Database.Path, to, told)
}

// Restore puts a copy in the place of a database that is not there any more, and makes sure that the keys
// open it.
func Restore(ctx context.Context, cfg config.Config, deps Deps, from string, told func(done, total int)) error {
	if cfg.Database.Engine != config.EngineSQLite {
		return ErrOnlySQLite
	}
	if _, err := os.Stat(cfg.KeyPath()); err != nil {
		return fmt.Errorf("the key file must be there before the database: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(cfg.Database.Path), 0o700); err != nil {
		return err
	}
	for _, left := range []string{"-wal", "-shm"} {
		if _, err := os.Stat(cfg.Database.Path + left); err == nil {
			return fmt.Errorf("%s%s is there: it belongs to another database; move it away first", cfg.Database.Path, left)
		}
	}
	if err := sqlstore.Backup(ctx, from, cfg.Database.Path, told); err != nil {
		return err
	}
	house, err := Open(ctx, cfg, deps)
	if err != nil {
		return fmt.Errorf("the copy is in its place, but does not open: %w", err)
	}
	return house.Close()
}

// copyPrivate copies a small file to a new one that only its owner may read.
func copyPrivate(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	defer clear(text)
	f, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Sync(), f.Close())
}
