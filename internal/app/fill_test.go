package app_test

import (
	"io"
	"path/filepath"
	"testing"

	"github.com/firsttap/firsttap/internal/app"
	"github.com/firsttap/firsttap/internal/pgtest"
)

// What a fill makes has card numbers and movements that the hot queries find, each by an index.
func TestFill_IsFoundByTheHotQueries(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{"SQLite", "PostgreSQL"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			more := []string{"--key-file=" + filepath.Join(dir, "keys.json")}
			if engine == "PostgreSQL" {
				cluster := pgtest.Start(t)
				more = append(more, "--database="+cluster.URL(cluster.Database(t)))
			}
			house, err := app.Create(t.Context(), settings(t, dir, more...), deps(io.Discard))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = house.Close() })
			_, err = house.Fill(t.Context(), operator, app.FillPlan{Cards: 200, Active: 100}, func(int) {})
			if err != nil {
				t.Fatal(err)
			}
			if cards, err := house.MadeUp(t.Context()); err != nil || cards != 200 {
				t.Errorf("%d cards are made up, %v", cards, err)
			}
			found := map[string]int{}
			cards, plans, err := house.Plans(t.Context())
			if err != nil || cards != 200 {
				t.Fatalf("%d cards, %v", cards, err)
			}
			for _, p := range plans {
				found[p.Query] = p.Rows
				if len(p.Whole) > 0 || len(p.Indexes) == 0 {
					t.Errorf("%s goes by %v and reads all of %v", p.Query, p.Indexes, p.Whole)
				}
			}
			for _, query := range []string{"card by card number", "card number of a card", "where the book stands", "cards held"} {
				if found[query] != 1 {
					t.Errorf("%s finds %d", query, found[query])
				}
			}
		})
	}
}
