package sqlstore

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/fault"
)

// Each engine has a folder here, with the same numbers and names in each. A migration only adds what the release
// before does not miss, so that its instances go on beside the new ones. One that cannot says so with its name,
// 0012_name.breaking.sql: then they stop.
//
//go:embed migrations
var migrationFiles embed.FS

const breaking = ".breaking"

// reworded has the checksum of a text that was applied somewhere, and then changed in a comment: the one it was recorded under, by the
// one it has now. What is applied is frozen (testdata/migrations.sums), so that there will be no second one.
var reworded = map[string]string{
	"bb2c3885645d96163a5afcc0450ba5827034f6db66aaf8f902e200a07ddcd685": "62418fb885c404f7150ed5a35c72a1a62bcf3f34bcb2b3783293d8ceed84fa18", // 0032, SQLite
}

// Migration is one step of the schema.
type Migration struct {
	Number    int
	Name      string
	Checksum  string    // SHA-256 of the text, in hex
	AppliedAt time.Time // zero: not yet
	text      string
}

// MigrationStatus is where the schema stands.
type MigrationStatus struct {
	Migrations []Migration // in order
	Newer      []int       // applied by a newer release: this one does not know them, and works beside them
	Breaking   []int       // applied by a newer release, and this one does not work on what they made
	Changed    []int       // their text is not what was applied
	moving     string      // a move into this database is open, from there
	moved      bool        // a move out of this database is done
}

// Pending are the numbers that are not applied yet.
func (s MigrationStatus) Pending() []int {
	var out []int
	for _, m := range s.Migrations {
		if m.AppliedAt.IsZero() {
			out = append(out, m.Number)
		}
	}
	return out
}

// usable says why the schema is not one that this release may touch.
func (s MigrationStatus) usable() error {
	if s.moving != "" {
		return fault.Wrap(errors.New("a move into this database is not finished: run firsttap migrate again"), "check the schema")
	}
	if s.moved {
		return fault.Wrap(errors.New("this installation was moved to another database; to go back to this one, see firsttap migrate reopen"), "check the schema")
	}
	if len(s.Breaking) > 0 {
		return fault.Wrap(fmt.Errorf("the database has migrations %v of a newer release, which end the work of this one", s.Breaking), "check the schema")
	}
	if len(s.Changed) > 0 {
		return fault.Wrap(fmt.Errorf("migrations %v differ from what was applied", s.Changed), "check the schema")
	}
	return nil
}

func (s MigrationStatus) missing() error {
	if err := s.usable(); err != nil {
		return err
	}
	if pending := s.Pending(); len(pending) > 0 {
		return fault.NotNow(fmt.Errorf("migrations %v are not applied", pending), "check the schema", retryLater)
	}
	return nil
}

const (
	createMigrations = `CREATE TABLE IF NOT EXISTS schema_migrations (
		number INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)`
	selectMigrations = `SELECT number, name, checksum, applied_at FROM schema_migrations ORDER BY number`
	insertMigration  = `INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES ($1, $2, $3, $4)`
)

// Migrate brings the schema up to this release, forward only and all or nothing. Several processes may
// call it at once: one works, the others wait and find it done.
func (d *DB) Migrate(ctx context.Context) error {
	return d.engine.migrate(ctx, func(c conn, script func(string) error) error {
		if _, err := c.exec(createMigrations); err != nil {
			return err
		}
		status, err := d.status(c)
		if err != nil {
			return err
		}
		if err := status.usable(); err != nil {
			return err
		}
		for _, m := range status.Migrations {
			if !m.AppliedAt.IsZero() {
				continue
			}
			if err := script(m.text); err != nil {
				return fault.Wrap(err, fmt.Sprintf("apply migration %04d_%s", m.Number, m.Name))
			}
			if _, err := c.exec(insertMigration, m.Number, m.Name, m.Checksum, d.now()); err != nil {
				return err
			}
		}
		return nil
	})
}

// Status tells where the schema stands.
func (d *DB) Status(ctx context.Context) (MigrationStatus, error) {
	var out MigrationStatus
	err := d.engine.read(ctx, func(s *session) error {
		var err error
		out, err = d.status(s)
		return err
	})
	return out, err
}

func (d *DB) status(c conn) (MigrationStatus, error) { return statusOf(c, d.dialect, d.files) }

func statusOf(c conn, d *dialect, files fs.FS) (MigrationStatus, error) {
	known, err := readMigrations(files, d.migrations)
	if err != nil {
		return MigrationStatus{}, err
	}
	status := MigrationStatus{Migrations: known}
	there, err := one(c, d.hasTable, []any{"schema_migrations"}, new(int))
	if err != nil || !there {
		return status, err
	}
	err = c.query(selectMigrations, nil, func(r row) error {
		var number int
		var name, checksum string
		var at time.Time
		if err := r.scan(&number, &name, &checksum, &at); err != nil {
			return err
		}
		switch {
		case number == markMoving:
			status.moving = checksum
		case number == markMoved:
			status.moved = true
		case number > len(known) && strings.HasSuffix(name, breaking):
			status.Breaking = append(status.Breaking, number)
		case number > len(known):
			status.Newer = append(status.Newer, number)
		case known[number-1].Checksum != checksum && reworded[known[number-1].Checksum] != checksum:
			status.Changed = append(status.Changed, number)
		}
		if number <= len(known) {
			known[number-1].AppliedAt = at
		}
		return nil
	})
	return status, err
}

// readMigrations reads a folder of files named 0001_name.sql, numbered from 1 without a gap.
func readMigrations(files fs.FS, folder string) ([]Migration, error) {
	entries, err := fs.ReadDir(files, folder)
	if err != nil {
		return nil, fault.Wrap(err, "read the migrations")
	}
	var out []Migration
	for _, entry := range entries {
		number, name, ok := strings.Cut(strings.TrimSuffix(entry.Name(), ".sql"), "_")
		n, err := strconv.Atoi(number)
		if !ok || err != nil || n != len(out)+1 || !strings.HasSuffix(entry.Name(), ".sql") {
			return nil, fault.Wrap(errors.New(entry.Name()+" is not the next migration"), "read the migrations")
		}
		text, err := fs.ReadFile(files, path.Join(folder, entry.Name()))
		if err != nil {
			return nil, fault.Wrap(err, "read the migrations")
		}
		sum := sha256.Sum256(text)
		out = append(out, Migration{Number: n, Name: name, Checksum: hex.EncodeToString(sum[:]), text: string(text)})
	}
	return out, nil
}
