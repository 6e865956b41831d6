package sqlstore

import (
	"path/filepath"
	"testing"
	"time"
)

// BenchmarkLoneWrite asks what the queue of group commit costs a write that nobody shares it with: the same
// smallest durable transaction, once through the queue and once straight on the connection, in turns. A
// ratio of 1 means that it costs nothing.
func BenchmarkLoneWrite(b *testing.B) {
	db, err := Open(b.Context(), Config{Path: filepath.Join(b.TempDir(), "firsttap.db"), Now: time.Now})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if err := db.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	e, ok := db.engine.(*sqliteEngine)
	if !ok {
		b.Fatal("not the embedded engine")
	}
	n := int64(0)
	body := func(s *session) error {
		n++
		id := make([]byte, 16)
		for i := range 8 {
			id[i] = byte(n >> (8 * i))
		}
		_, err := s.exec("INSERT INTO guard_misses (program_id, at, id) VALUES ($1, $2, $3)", id, n, id)
		return err
	}
	straight := func() error {
		if err := e.writer.begin(); err != nil {
			return err
		}
		defer e.writer.ended()
		if err := body(&session{conn: e.writer.conn, dialect: e.dialect, policies: e.policies}); err != nil {
			return err
		}
		return e.writer.commit()
	}
	var queued, bare time.Duration
	for b.Loop() {
		begin := time.Now()
		if err := e.write(b.Context(), body); err != nil {
			b.Fatal(err)
		}
		middle := time.Now()
		if err := straight(); err != nil {
			b.Fatal(err)
		}
		queued, bare = queued+middle.Sub(begin), bare+time.Since(middle)
	}
	b.ReportMetric(float64(queued)/float64(b.N), "queued-ns/op")
	b.ReportMetric(float64(bare)/float64(b.N), "straight-ns/op")
	b.ReportMetric(float64(queued)/float64(bare), "queued/straight")
}
