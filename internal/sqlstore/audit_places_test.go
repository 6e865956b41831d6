package sqlstore

import (
	"bytes"
	"path/filepath"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/auditlog"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/pgtest"
	"github.com/firsttap/firsttap/internal/redact"
)

// addTrail writes rows into the trail of the installation, from one number to before another.
func addTrail(t *testing.T, d *DB, from, to int) {
	t.Helper()
	err := d.Issuance().Write(t.Context(), func(tx issuance.Tx) error {
		for i := from; i < to; i++ {
			if err := tx.InsertAudit(t.Context(), audit.Row{ID: ident.UUID{1, byte(i)}, At: time.UnixMicro(int64(i)), Actor: "a", Action: "b", Outcome: audit.OK}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// provesTrail wants the trail of the installation to be sealed, with so many rows in the order in which they were written.
func provesTrail(t *testing.T, d *DB, rows int) {
	t.Helper()
	head := sealTrail(t, d)
	page, err := d.AuditLog().Sealed(t.Context(), ident.ProgramID{}, 0, head.Size)
	if err != nil || len(page.Rows) != rows || head.Size != int64(rows) {
		t.Fatalf("%d rows, and a log of %d, want %d (%v)", len(page.Rows), head.Size, rows, err)
	}
	for i, r := range page.Rows {
		if page.Places[i] != int64(i) || r.ID != (ident.UUID{1, byte(i)}) {
			t.Errorf("at the place %d is the row %x, want row %d at %d", page.Places[i], r.ID[:2], i, i)
		}
	}
	if _, err := auditlog.Verify(bytes.NewReader(page.Append(nil)), []auditlog.Checkpoint{head.Checkpoint()}); err != nil {
		t.Error(err)
	}
}

func TestMove_TakesRowsOfTheTrailThatAreNotSealed(t *testing.T) {
	t.Parallel()
	file := Config{Path: filepath.Join(t.TempDir(), "a.db"), Now: time.Now}
	server := Config{URL: redact.NewText(serverURL(t)), Now: time.Now}
	back := Config{Path: filepath.Join(t.TempDir(), "b.db"), Now: time.Now}
	again := Config{Path: filepath.Join(t.TempDir(), "c.db"), Now: time.Now}
	move := func(from, to Config) {
		t.Helper()
		if _, err := Move(t.Context(), from, to, nil); err != nil {
			t.Fatal(err)
		}
	}
	d := openFile(t, file.Path)
	addTrail(t, d, 0, 5)
	sealTrail(t, d)
	addTrail(t, d, 5, 8)
	_ = d.Close()

	move(file, server)
	d = openServer(t, server.URL.Reveal())
	addTrail(t, d, 8, 10)
	provesTrail(t, d, 10)
	addTrail(t, d, 10, 13)
	_ = d.Close()

	move(server, back)
	d = openFile(t, back.Path)
	addTrail(t, d, 13, 15)
	_ = d.Close() // nothing was sealed since

	move(back, again)
	d = openFile(t, again.Path)
	addTrail(t, d, 15, 17)
	provesTrail(t, d, 17)
}

func serverURL(t *testing.T) string {
	cluster := pgtest.Start(t)
	return cluster.URL(cluster.Database(t))
}

// An older release gave rows their places when it sealed them: those that waited when it ended get theirs by the migration.
func TestMigrate_GivesRowsOfTheTrailTheirPlaces(t *testing.T) {
	t.Parallel()
	const before = 31
	for name, where := range map[string]Config{
		"SQLite":     {Path: filepath.Join(t.TempDir(), "old.db"), Now: time.Now},
		"PostgreSQL": {URL: redact.NewText(serverURL(t)), Now: time.Now},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := Open(t.Context(), where)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = d.Close() })
			if err := d.migrateTo(t.Context(), before); err != nil {
				t.Fatal(err)
			}
			born := d.dialect.oneByOne
			d.dialect.oneByOne = false // as the older release
			addTrail(t, d, 0, 5)
			sealTrail(t, d)
			addTrail(t, d, 5, 8)
			d.dialect.oneByOne = born
			if err := d.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			addTrail(t, d, 8, 10)
			d.dialect.oneByOne = false // a server of the older release goes on for a moment
			addTrail(t, d, 10, 12)
			d.dialect.oneByOne = born
			provesTrail(t, d, 12)
			d.dialect.oneByOne = false
			addTrail(t, d, 12, 13)
			d.dialect.oneByOne = born
			provesTrail(t, d, 13)
		})
	}
}
