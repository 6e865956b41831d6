package sqlstore_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/storetest"
)

// BenchmarkActivate measures activations by code, through the rules, with a durable commit.
func BenchmarkActivate(b *testing.B) {
	for _, callers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) { benchActivate(b, callers) })
	}
}

type mailed struct {
	card ident.CardID
	code card.Code
}

func benchActivate(b *testing.B, callers int) {
	db := openSQLite(b, filepath.Join(b.TempDir(), "firsttap.db"))
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
