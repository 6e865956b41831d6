package sqlstore

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/pgtest"
)

func TestStatistics_TellThePlannerOfATableThatHasGrown(t *testing.T) {
	t.Parallel()
	cluster := pgtest.Start(t)
	d := openServer(t, cluster.URL(cluster.Database(t)))
	if err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	e := serverEngine(t, d)
	ask := func(sql string, args ...any) (out string) {
		t.Helper()
		err := e.read(t.Context(), func(s *session) error {
			lines, err := all(s, sql, args, func(r row, line *string) error { return r.scan(line) })
			out = strings.Join(lines, "\n")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	const known = `SELECT (reltuples::bigint)::text FROM pg_class WHERE relname = 'guard_misses'`
	grow := func(from, to int) {
		t.Helper()
		rows := make([][]any, 0, to-from)
		for n := from; n < to; n++ {
			id := ident.UUID{1}
			binary.BigEndian.PutUint64(id[8:], uint64(n))
			rows = append(rows, []any{ident.UUID{1}, time.UnixMicro(int64(n)), id})
		}
		err := e.write(t.Context(), func(s *session) error {
			var b batch
			b.repeat(insertMiss, rows, nil)
			return s.run(b)
		})
		if err == nil {
			err = e.countGrown(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		from, to int
		want     string
	}{
		{0, 10, ask(known)}, // a block or two
		{10, 5000, "5000"},
		{5000, 5500, "5000"}, // not twice as many
		{5500, 15000, "15000"},
	} {
		grow(step.from, step.to)
		if got := ask(known); got != step.want {
			t.Errorf("with %d rows the planner knows of %s, not %s", step.to, got, step.want)
		}
	}
}
