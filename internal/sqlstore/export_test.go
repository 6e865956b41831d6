package sqlstore

import (
	"strings"
	"testing"
	"time"
)

// Widen migrates a database as a newer release would, that gives every table a column more.
func Widen(t testing.TB, d *DB) {
	t.Helper()
	newer := *d
	newer.files = release(t, d, "more", widen(t, d))
	if err := newer.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// SlowDisk lets every commit take so much longer, as a disk does whose syncs take that long.
func SlowDisk(b *testing.B, d *DB, sync time.Duration) {
	b.Helper()
	e, ok := d.engine.(*sqliteEngine)
	if !ok {
		b.Fatal("not the embedded engine")
	}
	commit := e.writer.commit
	e.writer.commit = func() error {
		<-time.NewTimer(sync).C
		return commit()
	}
}

// serverEngine is the engine of a database on PostgreSQL, which counts nothing by itself any more.
func serverEngine(t testing.TB, d *DB) *postgresEngine {
	t.Helper()
	e, ok := d.engine.(*postgresEngine)
	if !ok {
		t.Fatal("not the server's engine")
	}
	e.counted.end()
	return e
}

// CountGrown has the server count the rows of what has grown.
func CountGrown(t testing.TB, d *DB) {
	t.Helper()
	if err := serverEngine(t, d).countGrown(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// KeepViewPlan has the one connection of a database keep a plan for looking a card up. The result tells the plan.
func KeepViewPlan(t testing.TB, d *DB) (plan func() string) {
	t.Helper()
	e := serverEngine(t, d)
	if err := e.write(t.Context(), func(s *session) error { _, err := s.exec("PREPARE asked AS " + selectView); return err }); err != nil {
		t.Fatal(err)
	}
	return func() (out string) {
		t.Helper()
		err := e.write(t.Context(), func(s *session) error {
			lines, err := all(s, "EXPLAIN EXECUTE asked (NULL, NULL)", nil, func(r row, line *string) error { return r.scan(line) })
			out = strings.Join(lines, "\n")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}
