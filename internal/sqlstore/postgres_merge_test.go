package sqlstore

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMerge_GathersPlainRowsAndLeavesTheRest(t *testing.T) {
	t.Parallel()
	var b batch
	for n := range 7 {
		b.write("INSERT INTO a (x, y)\n\tVALUES ($1, $2)", []any{n, -n}, nil)
		b.write("UPDATE c SET x = $1", []any{n}, nil)
	}
	b.write("INSERT INTO d (x) VALUES ($1) ON CONFLICT DO NOTHING", []any{1}, nil)
	b.write("INSERT INTO e (x) VALUES ($1)", []any{1}, guarded)
	type line struct {
		SQL  string
		Args []any
	}
	var got []line
	for _, s := range merge(b) {
		got = append(got, line{s.sql, s.args})
	}
	want := []line{}
	for n := range 7 {
		want = append(want, line{"UPDATE c SET x = $1", []any{n}})
	}
	want = append(want,
		line{"INSERT INTO d (x) VALUES ($1) ON CONFLICT DO NOTHING", []any{1}},
		line{"INSERT INTO e (x) VALUES ($1)", []any{1}},
		line{"INSERT INTO a (x, y)\n\tVALUES ($1, $2), ($3, $4), ($5, $6), ($7, $8)", []any{0, 0, 1, -1, 2, -2, 3, -3}},
		line{"INSERT INTO a (x, y)\n\tVALUES ($1, $2), ($3, $4)", []any{4, -4, 5, -5}},
		line{"INSERT INTO a (x, y)\n\tVALUES ($1, $2)", []any{6, -6}},
	)
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
