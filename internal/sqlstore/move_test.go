package sqlstore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/pgtest"
	"github.com/firsttap/firsttap/internal/redact"
)

// furnish fills every table of an installation with rows of every kind of value, whatever tables there are:
// texts with every sort of character, numbers at both ends, NULL where it is allowed.
func furnish(t testing.TB, d *DB, rows int) (tables []layout) {
	t.Helper()
	err := d.engine.write(context.WithoutCancel(t.Context()), func(s *session) error {
		nullable := map[string]bool{}
		if err := s.query(sqliteNullable, nil, func(r row) error {
			var name string
			err := r.scan(&name)
			nullable[name] = true
			return err
		}); err != nil {
			return err
		}
		var err error
		if tables, err = readLayouts(s, d.dialect); err != nil {
			return err
		}
		for n := range tables {
			for i := range rows {
				args := make([]any, len(tables[n].columns))
				for c, col := range tables[n].columns {
					args[c] = thing(tables[n], col, i, nullable[tables[n].name+"."+col.name])
				}
				if _, err := s.exec(tables[n].insert(), args...); err != nil {
					return fmt.Errorf("%s: %w", tables[n].name, err)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return tables
}

const sqliteNullable = `SELECT m.name || '.' || c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND c."notnull" = 0`

// thing is a value for row i; those of keys and of references follow from i alone, so that references resolve.
func thing(l layout, c column, i int, nullable bool) any {
	if l.name+"."+c.name == "audit_logs.size" { // its row has the place 0, or waits for it
		return int64(min(i%3, 1))
	}
	if l.name+"."+c.name == "audit.log_index" && i%3 > 0 {
		return int64(0)
	}
	if nullable && (i+len(c.name))%3 == 0 {
		return nil
	}
	switch c.kind {
	case ofBlobs:
		id := make([]byte, 16)
		binary.BigEndian.PutUint64(id, uint64(i)*0x9E3779B97F4A7C15) // in no order
		if c.key == 0 && !strings.HasSuffix(c.name, "_id") {
			id = slices.Concat(id, []byte(c.name))
		}
		return id
	case ofTexts:
		if c.key > 0 || strings.HasSuffix(c.name, "_id") {
			return fmt.Sprintf("key %06d", i)
		}
		return fmt.Sprintf("%s Ñ'\"\\ \t𝄞 %d", c.name, i)
	case ofNumbers:
		if c.key > 0 || c.name == "number" {
			return int64(i)
		}
	}
	return []int64{0, -1, 1 << 62, -1 << 62, int64(i) + 2}[(i+len(l.name)+len(c.name))%5]
}

// contents is every row of every table, in order.
func contents(t testing.TB, d *DB) map[string][]values {
	t.Helper()
	out := map[string][]values{}
	err := d.engine.read(t.Context(), func(s *session) error {
		tables, err := readLayouts(s, d.dialect)
		if err != nil {
			return err
		}
		for _, l := range tables {
			if out[l.name], err = l.readPage(s, nil, 1<<20); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func sameContents(t testing.TB, want, got map[string][]values) {
	t.Helper()
	if len(want) != len(got) || len(want) < 20 {
		t.Errorf("%d tables there, %d here", len(got), len(want))
	}
	for name, rows := range want {
		if !slices.EqualFunc(rows, got[name], same) {
			t.Errorf("%s: %d rows differ from %d", name, len(got[name]), len(rows))
		}
	}
}

// wantAllTables asks the database for its tables in the plainest way: none may be left out but the list of
// migrations.
func wantAllTables(t testing.TB, d *DB, tables []layout) {
	t.Helper()
	n := 0
	err := d.engine.read(t.Context(), func(s *session) error {
		_, err := one(s, `SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name <> 'schema_migrations'`, nil, &n)
		return err
	})
	if err != nil || n != len(tables) {
		t.Errorf("%d tables are moved of %d (%v)", len(tables), n, err)
	}
}

// moveBroken runs moves that are cut off at random places until one goes through, each with connections of its
// own, as after a kill.
func moveBroken(t testing.TB, from, to Config, cuts int) MoveReport {
	t.Helper()
	for n := 0; ; n++ {
		ctx, cut := context.WithCancel(t.Context())
		left := 1 + rand.IntN(60) // the first attempt is always cut
		report, err := Move(ctx, from, to, func(MoveProgress) {
			if left--; left == 0 && n < cuts {
				cut()
			}
		})
		cut()
		if err == nil {
			return report
		}
		if n >= cuts {
			t.Fatal(err)
		}
	}
}

func TestMove_TakesEveryRowToPostgresAndBack(t *testing.T) {
	t.Parallel()
	cluster := pgtest.Start(t)
	file := Config{Path: filepath.Join(t.TempDir(), "a.db"), Now: time.Now}
	server := Config{URL: redact.NewText(cluster.URL(cluster.Database(t))), Now: time.Now, Patience: time.Minute}
	back := Config{Path: filepath.Join(t.TempDir(), "b.db"), Now: time.Now}

	d := openFile(t, file.Path)
	const rows = 2500
	tables := furnish(t, d, rows)
	want := contents(t, d)
	wantAllTables(t, d, tables)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	report := moveBroken(t, file, server, 8)
	if !report.Resumed || report.Tables != len(tables) || report.Rows != int64(len(tables)*rows) {
		t.Errorf("%+v of %d tables", report, len(tables))
	}
	there := openServer(t, server.URL.Reveal(), func(c *Config) { c.Patience = server.Patience }) // it is read whole
	if err := there.Ready(t.Context()); err != nil {
		t.Errorf("the new database is not ready: %v", err)
	}
	sameContents(t, want, contents(t, there))
	_ = there.Close()
	moveBroken(t, server, back, 5)
	again := openFile(t, back.Path)
	sameContents(t, want, contents(t, again))
}

func TestMove_RefusesWhatIsNotEmptyOrInUseOrDone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config := func(name string) Config { return Config{Path: filepath.Join(dir, name), Now: time.Now} }
	fill := func(name string) *DB {
		d := openFile(t, config(name).Path)
		err := d.engine.write(t.Context(), func(s *session) error {
			_, err := s.exec(insertDataKey, 1, "seal", name, []byte(name), time.Now(), false)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	move := func(what string, want error, from, to string) {
		t.Helper()
		if _, err := Move(t.Context(), config(from), config(to), nil); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
	}
	a, b := fill("a"), fill("b")
	move("while a server has it open", ErrMoveInUse, "a", "new")
	_ = a.Close()
	move("into a database that has rows", ErrMoveNotEmpty, "a", "b")
	_ = b.Close()
	cut, cancel := context.WithCancel(t.Context())
	if _, err := Move(cut, config("a"), config("new"), func(MoveProgress) { cancel() }); err == nil {
		t.Fatal("a move that was cut off succeeded")
	}
	half, err := Open(t.Context(), config("new"))
	if err != nil {
		t.Fatal(err)
	}
	if half.Migrate(t.Context()) == nil || half.Ready(t.Context()) == nil {
		t.Error("a server may start on a half-filled database")
	}
	_ = half.Close()
	move("another installation into a half-filled database", ErrMoveOther, "b", "new")
	move("again", nil, "a", "new")
	move("once more", ErrMoveDone, "a", "newer")

	old, err := Open(t.Context(), config("a"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = old.Close() }()
	if old.Migrate(t.Context()) == nil {
		t.Error("a server may start on the database that was left")
	}
	if err := errors.Join(old.Reopen(t.Context()), old.Migrate(t.Context()), old.Ready(t.Context())); err != nil {
		t.Errorf("reopened: %v", err)
	}
}

// TestMove_SeesWhatDiffers changes one value of one row behind the move's back.
func TestMove_SeesWhatDiffers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	from, to := Config{Path: filepath.Join(dir, "a.db"), Now: time.Now}, Config{Path: filepath.Join(dir, "b.db"), Now: time.Now}
	d := openFile(t, from.Path)
	furnish(t, d, 30)
	_ = d.Close()
	spoiler, err := Open(t.Context(), to)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = spoiler.Close() }()
	spoilt := false
	_, err = Move(t.Context(), from, to, func(p MoveProgress) {
		if p.Table == "cards" && !p.Verifying && p.Done > 0 && !spoilt {
			spoilt = spoiler.change(t.Context(), `UPDATE cards SET last4 = 'xxxx' WHERE id = (SELECT max(id) FROM cards) AND $1 = 1`, 1) == nil
		}
	})
	if err == nil || !strings.Contains(err.Error(), "compare cards") || !spoilt {
		t.Errorf("%v, spoilt %v", err, spoilt)
	}
}
