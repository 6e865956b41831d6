package sqlstore

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/storetest"
)

// beforeRecords is the last migration of a release that kept the records in the order of their keys.
const beforeRecords = 32

// openBeforeRecords opens a file as that release would.
func openBeforeRecords(t *testing.T, path string) *DB {
	t.Helper()
	d, err := Open(t.Context(), Config{Path: path, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	list, err := readMigrations(migrationFiles, d.dialect.migrations)
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{}
	for _, m := range list[:beforeRecords] {
		files[fmt.Sprintf("%s/%04d_%s.sql", d.dialect.migrations, m.Number, m.Name)] = &fstest.MapFile{Data: []byte(m.text)}
	}
	d.files = files
	if err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return d
}

// What an older release recorded for its idempotency keys is there after the tables were made anew, long answers with the records that they
// belong to, and a record that is swept takes its long answer with it.
func TestMigrate_RecordsOfKeysGoIntoTheNewTables(t *testing.T) {
	t.Parallel()
	d := openBeforeRecords(t, filepath.Join(t.TempDir(), "old.db"))
	program, long := ident.UUID{1}, []byte(strings.Repeat("x", 5000))
	dump := func() (rows []string) {
		t.Helper()
		err := d.engine.read(t.Context(), func(s *session) (err error) {
			rows, err = all(s, `SELECT y.idem_key, y.status, y.mismatches, y.expires_at, y.apart, COALESCE(length(y.body), 0), COALESCE(length(z.body), 0), COALESCE(z.sealed, 7)
			FROM idempotency y LEFT JOIN idempotency_bodies z ON z.program_id = y.program_id AND z.door = y.door AND z.idem_key = y.idem_key
			ORDER BY y.idem_key`, nil, func(r row, text *string) error {
				var key string
				var n [7]int64
				err := r.scan(&key, &n[0], &n[1], &n[2], &n[3], &n[4], &n[5], &n[6])
				*text = fmt.Sprint(key, n)
				return err
			})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	err := d.engine.write(t.Context(), func(s *session) error {
		run := func(sql string, args ...any) {
			if _, err := s.exec(sql, args...); err != nil {
				t.Fatalf("%s: %v", sql, err)
			}
		}
		run(`INSERT INTO programs (id, name, kind, suspended, overrides, clock_offset_ns, created_at, version) VALUES ($1, 'p', 'sandbox', $2, '{}', 0, 1, 1)`, program, false)
		for i, body := range [][]byte{nil, []byte("short"), nil} {
			run(`INSERT INTO idempotency (program_id, door, idem_key, fingerprint, status, body, sealed, mismatches, created_at, expires_at, apart)
			VALUES ($1, 'cards', $2, $3, $4, $5, 0, $6, 10, $7, $8)`, program, fmt.Sprintf("key-%d", 9-i), []byte("print"), 200+i, body, i, int64(1000+i), i/2)
		}
		run(`INSERT INTO idempotency_bodies (program_id, door, idem_key, body, sealed) VALUES ($1, 'cards', 'key-7', $2, 1)`, program, long)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	before := dump()
	d.files = migrationFiles
	if err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after := dump(); len(after) != 3 || fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("before %v, after %v", before, after)
	}
	err = d.engine.write(t.Context(), func(s *session) error {
		_, err := s.exec(`DELETE FROM idempotency WHERE idem_key = 'key-7'`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var left int
	err = d.engine.read(t.Context(), func(s *session) error {
		_, err := one(s, `SELECT count(*) FROM idempotency_bodies`, nil, &left)
		return err
	})
	if err != nil || left != 0 {
		t.Errorf("%d long answers are left: %v", left, err)
	}
}

// The tables have the columns that they had, so the older release goes on beside the newer one, with the statements that it knows by then.
func TestMigrate_RecordsOfKeysLeaveTheOlderReleaseAtWork(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "old.db")
	older := openBeforeRecords(t, path)
	w := storetest.NewWorld(t, older)
	rules := w.Service(older)
	activate := func(name string) {
		t.Helper()
		v, code := w.NewShippedCard(w.Customer, w.Account)
		key := &issuance.Key{Door: "native", Value: name, Fingerprint: []byte("f"), Record: func(any, error) (issuance.Answer, bool) {
			return issuance.Answer{Status: 204}, true
		}}
		cmd := issuance.ActivateCard{Command: issuance.Command{Caller: w.Caller(), Key: key}, Card: v.Card.ID, Code: code}
		var again *issuance.Replayed
		if err := rules.Activate(t.Context(), cmd); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := rules.Activate(t.Context(), cmd); !errors.As(err, &again) || again.Answer.Status != 204 {
			t.Errorf("%s, repeated: %v", name, err)
		}
	}
	activate("before")
	columns := func(d *DB) (text string) {
		t.Helper()
		err := d.engine.read(t.Context(), func(s *session) error {
			all, err := readLayouts(s, d.dialect)
			for _, l := range all {
				if strings.HasPrefix(l.name, "idempotency") {
					text += fmt.Sprintln(l.name, l.columns, l.parents)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	before := columns(older)
	newer := openFile(t, path)
	if after := columns(newer); before == "" || after != before {
		t.Errorf("the columns were\n%sand are\n%s", before, after)
	}
	activate("after")
	if err := errors.Join(older.Ready(t.Context()), newer.Ready(t.Context())); err != nil {
		t.Error(err)
	}
}
