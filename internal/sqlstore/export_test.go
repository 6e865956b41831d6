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

// ViewPlan is how a server that has counted what has grown, or has not, looks a card up.
func ViewPlan(t testing.TB, d *DB, counted bool) (out string) {
	t.Helper()
	e, ok := d.engine.(*postgresEngine)
	if !ok {
		t.Fatal("not the server's engine")
	}
	if counted {
		if err := e.countGrown(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	err := e.write(t.Context(), func(s *session) error {
		for _, sql := range []string{"DEALLOCATE ALL", "PREPARE asked AS " + selectView} {
			if _, err := s.exec(sql); err != nil {
				return err
			}
		}
		lines, err := all(s, "EXPLAIN EXECUTE asked (NULL, NULL)", nil, func(r row, line *string) error { return r.scan(line) })
		out = strings.Join(lines, "\n")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
