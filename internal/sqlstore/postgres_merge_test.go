package sqlstore

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/firsttap/firsttap/internal/ident"
)

type line struct {
	SQL  string
	Args []any
}

func linesOf(b batch) (out []line) {
	for _, s := range b {
		out = append(out, line{s.sql, s.args})
	}
	return out
}

func TestMerge_GathersWhatIsSaidInTheSameWords(t *testing.T) {
	t.Parallel()
	var b batch
	for n := range 3 {
		b.write("INSERT INTO a (x, y)\n\tVALUES ($1, $2)", []any{n, string(rune('a' + n))}, nil)
		b.write("UPDATE c SET x = $1", []any{n}, nil)
		b.write(countMismatch, []any{ident.UUID{1}, "cards", "k"}, guarded)
	}
	for n := range 2 {
		b.write(activatePlastic, []any{
			ident.UUID{byte(n + 1)}, n, "activated", "held", false, time.UnixMicro(5), "off", 0, 0, 0, time.Time{}, []byte(nil), []byte{7}, time.UnixMicro(int64(n)),
		}, guarded)
	}
	b.write(bindCard, []any{
		ident.UUID{9}, 1, ident.UUID{8}, ident.UUID{}, "", []byte(nil), time.Time{}, time.UnixMicro(3), []byte(nil), false, time.Time{},
	}, guarded)
	got := linesOf(merge(b))
	want := []line{}
	for n := range 3 {
		want = append(want, line{"UPDATE c SET x = $1", []any{n}}, line{insist(countMismatch), []any{ident.UUID{1}, "cards", "k"}})
	}
	want = append(want,
		line{insist(bindCard), []any{
			ident.UUID{9}, 1, ident.UUID{8}, ident.UUID{}, "", []byte(nil), time.Time{}, time.UnixMicro(3), []byte(nil), false, time.Time{},
		}},
		line{`WITH touched AS (UPDATE plastics SET state = given.a3, custody = given.a4, custody_presumed = given.a5, activated_at = given.a6, ` +
			`guard_state = given.a7, guard_tries = given.a8,
	guard_lifetime_wrong = given.a9, guard_locks = given.a10, guard_locked_until = given.a11, code_hash = given.a12,
	code_sealed = given.a13, updated_at = given.a14, version = given.a2 + 1 FROM unnest($1::bytea[], $2::bigint[], $3::text[], $4::text[], ` +
			`$5::bigint[], $6::bigint[], $7::text[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bytea[], $13::bytea[], $14::bigint[]) ` +
			`AS given (a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14)
	WHERE id = given.a1 AND version = given.a2
	AND (activated_at IS NULL OR activated_at = given.a6) RETURNING 1) SELECT 1 / (count(*) = $15::bigint)::int FROM touched`, []any{
			[][]byte{{1, 15: 0}, {2, 15: 0}},
			[]int64{0, 1},
			[]string{"activated", "activated"},
			[]string{"held", "held"},
			[]int64{0, 0},
			[]int64{5, 5},
			[]string{"off", "off"},
			[]int64{0, 0},
			[]int64{0, 0},
			[]int64{0, 0},
			make([]pgtype.Int8, 2), make([][]byte, 2),
			[][]byte{{7}, {7}},
			[]int64{0, 1},
			2,
		}},
		line{
			"INSERT INTO a (x, y)\n\tSELECT given.a1, given.a2 FROM unnest($1::bigint[], $2::text[]) AS given (a1, a2) WHERE true",
			[]any{[]int64{0, 1, 2}, []string{"a", "b", "c"}},
		},
	)
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// Two instances may have the same activations in another order: what locks rows is the same for both.
func TestMerge_WritesGuardedRowsInOneOrder(t *testing.T) {
	t.Parallel()
	program, card, plastic := ident.UUID{1}, ident.UUID{2}, ident.UUID{3}
	var all batch
	for _, id := range []ident.UUID{plastic, {4}} {
		all.write(countTry, []any{id, 1, "on", 1, 1, 0, time.Time{}, time.UnixMicro(1)}, guarded)
	}
	all.write(bindCard, []any{
		card, 1, ident.UUID{8}, ident.UUID{}, "", []byte(nil), time.Time{}, time.UnixMicro(3), []byte(nil), false, time.Time{},
	}, guarded)
	for _, key := range []string{"a", "b", "c"} {
		all.write(saveAnswer, []any{program, "cards", key, []byte("f"), 204, []byte(nil), false, 0, time.UnixMicro(1), time.UnixMicro(2), false}, guarded)
	}
	back := slices.Clone(all)
	slices.Reverse(back)
	if d := cmp.Diff(linesOf(merge(all)), linesOf(merge(back))); d != "" {
		t.Error(d)
	}
}
