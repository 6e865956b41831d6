package sqlstore

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/ledger"
	"github.com/firsttap/firsttap/internal/pgtest"
	"github.com/firsttap/firsttap/internal/redact"
)

// migrateTo applies the migrations up to a number, as an older release would have.
func (d *DB) migrateTo(ctx context.Context, last int) error {
	return d.engine.migrate(ctx, func(c conn, script func(string) error) error {
		if _, err := c.exec(createMigrations); err != nil {
			return err
		}
		known, err := readMigrations(migrationFiles, d.dialect.migrations)
		if err != nil {
			return err
		}
		for _, m := range known[:last] {
			if err := script(m.text); err != nil {
				return err
			}
			if _, err := c.exec(insertMigration, m.Number, m.Name, m.Checksum, d.now()); err != nil {
				return err
			}
		}
		return nil
	})
}

// The accounts of the older release.
var (
	oldProgram = ident.UUID{1}
	oldOwner   = ident.UUID{2}
	oldSpent   = ident.UUID{3} // opened with 1000 and a line of 300; 100 came in, 250 are held
	oldIdle    = ident.UUID{4} // opened with 500; nothing moved
	oldParent  = ident.UUID{5} // a line of 9000
	oldEmpty   = ident.UUID{6}
)

func openOldBook(t *testing.T, d *DB) {
	t.Helper()
	err := d.engine.write(t.Context(), func(s *session) error {
		run := func(sql string, args ...any) {
			if _, err := s.exec(sql, args...); err != nil {
				t.Fatalf("%s: %v", sql, err)
			}
		}
		run(`INSERT INTO programs (id, name, kind, suspended, overrides, clock_offset_ns, created_at, version) VALUES ($1, 'p', 'sandbox', $2, '{}', 0, 1, 1)`, oldProgram, false)
		for i, a := range []struct {
			id              ident.UUID
			kind, reference string
			credit, opening int64
		}{
			{oldSpent, "wallet", "", 300, 1000}, {oldIdle, "wallet", "", 0, 500}, {oldParent, "composite_parent", "r", 9000, 0}, {oldEmpty, "wallet", "", 0, 0},
		} {
			run(`INSERT INTO accounts (id, program_id, number, reference, kind, owner_kind, owner_id, status, currency, credit_cents, opening_cents, created_at, version)
			VALUES ($1, $2, $3, $4, $5, 'user', $6, 'active', 'MXN', $7, $8, 1, 1)`, a.id, oldProgram, 10_000_001+i, a.reference, a.kind, oldOwner, a.credit, a.opening)
		}
		for i, j := range []struct {
			kind  string
			c, at ledger.Sums
		}{
			{"deposited", ledger.Deposit(100), ledger.Sums{Spendable: 100, Funding: -100}},
			{"authorized", ledger.Hold(250), ledger.Sums{Spendable: -150, Held: 250, Funding: -100}},
		} {
			id := ident.UUID{7, byte(i)}
			run(`INSERT INTO journals (id, program_id, kind, memo, at) VALUES ($1, $2, $3, '{}', $4)`, id, oldProgram, j.kind, time.UnixMicro(int64(10+i)))
			run(`INSERT INTO journal_entries (account_id, seq, journal_id, spendable, held, network, funding, spendable_after, held_after, network_after, funding_after)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`, oldSpent, i+1, id, j.c.Spendable, j.c.Held, j.c.Network, j.c.Funding,
				j.at.Spendable, j.at.Held, j.at.Network, j.at.Funding)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What an older release kept beside the book is in it after the migration: the same balances, and a list of movements.
func TestMigrate_OpeningBalancesGoIntoTheBook(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"SQLite", "Postgres"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := Config{Now: time.Now}
			if name == "SQLite" {
				c.Path = filepath.Join(t.TempDir(), "old.db")
			} else {
				cluster := pgtest.Start(t)
				c.URL = redact.NewText(cluster.URL(cluster.Database(t)))
			}
			d, err := Open(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = d.Close() })
			const before = 8
			if err := d.migrateTo(t.Context(), before); err != nil {
				t.Fatal(err)
			}
			openOldBook(t, d)
			if err := d.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			checkBook(t, d)
		})
	}
}

func checkBook(t *testing.T, d *DB) {
	t.Helper()
	want := map[ident.UUID]ledger.Position{
		oldSpent:  {Seq: 2, Sums: ledger.Sums{Spendable: 850, Held: 250, Funding: -1100, Line: 300, Granted: -300}},
		oldIdle:   {Sums: ledger.Sums{Spendable: 500, Funding: -500}},
		oldParent: {Sums: ledger.Sums{Line: 9000, Granted: -9000}},
		oldEmpty:  {},
	}
	p := ident.ProgramID{UUID: oldProgram}
	err := d.Issuance().Read(t.Context(), func(tx issuance.ReadTx) error {
		for id, at := range want {
			at.Account = ident.AccountID{UUID: id}
			got, err := tx.Position(t.Context(), at.Account)
			if err != nil || got != at || got.Sums.Total() != 0 {
				t.Errorf("%v stands at %+v, want %+v (%v)", id, got, at, err)
			}
		}
		list, err := tx.Movements(t.Context(), p, issuance.MovementFilter{Customer: ident.CustomerID{UUID: oldOwner}}, 10, 0)
		if len(list) != 1 || list[0].Cents != 100 || list[0].Journal.Number == 0 || list[0].Account != 10_000_001 {
			t.Errorf("movements: %+v", list)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	// What was opened may go on, and the book may not be rewritten.
	entry := ledger.Position{Account: ident.AccountID{UUID: oldIdle}, Sums: want[oldIdle].Sums}.Move(ledger.Hold(5))
	err = d.Issuance().Write(t.Context(), func(tx issuance.Tx) error {
		return tx.Post(t.Context(), ledger.Journal{
			ID: ident.JournalID{UUID: ident.UUID{8}}, Program: p, Kind: ledger.Authorized, At: time.UnixMicro(20), Entries: []ledger.Entry{entry},
		})
	})
	if err != nil {
		t.Error(err)
	}
	for _, table := range []string{"journals", "journal_entries"} {
		for _, sql := range []string{fmt.Sprintf(`UPDATE %s SET at = 0`, table), `DELETE FROM ` + table} {
			if err := d.engine.write(t.Context(), func(s *session) error { _, err := s.exec(sql); return err }); err == nil {
				t.Errorf("%s is done", sql)
			}
		}
	}
}
