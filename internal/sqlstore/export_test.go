package sqlstore

import (
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
