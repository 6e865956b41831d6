package sqlstore_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/pgtest"
	"github.com/firsttap/firsttap/internal/sqlstore"
	"github.com/firsttap/firsttap/internal/storetest"
)

// BenchmarkActivate measures activations by code, through the rules, with a durable commit.
func BenchmarkActivate(b *testing.B) {
	engines := []struct {
		name string
		open func(b *testing.B) *sqlstore.DB
	}{
		{"sqlite", func(b *testing.B) *sqlstore.DB { return openSQLite(b, filepath.Join(b.TempDir(), "firsttap.db")).DB }},
		{"postgres", func(b *testing.B) *sqlstore.DB {
			cluster := pgtest.Start(b)
			return openPostgres(b, cluster.URL(cluster.Database(b))).DB
		}},
	}
	for _, engine := range engines {
		for _, callers := range []int{1, 8, 64, 256} {
			b.Run(fmt.Sprintf("%s/callers=%d", engine.name, callers), func(b *testing.B) { benchActivate(b, engine.open(b), callers) })
		}
	}
}

// BenchmarkActivate_OnASlowDisk adds a millisecond to each sync: what sharing a commit is for.
func BenchmarkActivate_OnASlowDisk(b *testing.B) {
	for _, callers := range []int{1, 8, 64, 256} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			db := openSQLite(b, filepath.Join(b.TempDir(), "firsttap.db")).DB
			sqlstore.SlowDisk(b, db, time.Millisecond)
			benchActivate(b, db, callers)
		})
	}
}

type mailed struct {
	card ident.CardID
	code card.Code
}

func benchActivate(b *testing.B, db *sqlstore.DB, callers int) {
	if err := db.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	w := storetest.NewWorld(b, db)
	cards := mail(w, b.N)
	rules := w.Service(db)
	before := db.Stats()
	var next atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for range callers {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(b.N); i = next.Add(1) - 1 {
				cmd := issuance.ActivateCard{Command: issuance.Command{Caller: w.Caller()}, Card: cards[i].card, Code: cards[i].code}
				if err := rules.Activate(b.Context(), cmd); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	after := db.Stats()
	b.ReportMetric(float64(after.Commits-before.Commits)/float64(b.N), "commits/op")
	b.ReportMetric(float64(after.Conflicts-before.Conflicts)/float64(b.N), "conflicts/op")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "activations/s")
}

// mail makes cards that are on their way to the world's customer, all in the world's one parcel.
func mail(w *storetest.World, n int) []mailed {
	out := make([]mailed, 0, n)
	for len(out) < n {
		w.Write(func(ctx context.Context, tx issuance.Tx) error {
			for range min(1000, n-len(out)) {
				c, p := w.Card.Card, w.Card.Plastic
				c.ID, c.Number = ident.CardID{UUID: w.IDs.UUID()}, w.IDs.Number(ident.MinCardNumber, ident.MaxNumber53)
				c.Reference = w.IDs.Reference()
				p.ID, p.Card, p.Version = ident.PlasticID{UUID: w.IDs.UUID()}, c.ID, 0
				code, _ := card.ParseCode(w.IDs.Digits(card.CodeLength))
				p.Guard = w.Armed(p, code)
				if err := tx.InsertCard(ctx, c); err != nil {
					return err
				}
				if err := tx.InsertPlastic(ctx, p); err != nil {
					return err
				}
				out = append(out, mailed{c.ID, code})
			}
			return nil
		})
	}
	return out
}
