package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/bulkworker"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

var bulkRules = []contract{
	{"the oldest accepted batch is given; staged, canceled and finished ones are not", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		w.noWork(t, w.Store, "in a world whose batch is finished")
		for _, status := range batch.Statuses() {
			if status != batch.Accepted && status != batch.Processing {
				w.NewBatch(func(b *batch.Batch) { b.Status = status })
			}
		}
		w.noWork(t, w.Store, "among staged, canceled and finished batches")
		older, newer := w.accepted(), w.accepted()
		first, second := w.take(t, w.Store, "a"), w.take(t, w.Store, "a")
		if first.Batch != older.ID || second.Batch != newer.ID || first.Program != w.Program.ID || first.Owner != "a" {
			t.Errorf("claimed %+v, then %+v", first, second)
		}
		w.noWork(t, w.Store, "when both are leased")
	}},
	{"a batch is held by one worker until its lease has passed; then it is another's, under a higher fence", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		other := f.Again(t, w.Store)
		b := w.accepted()
		first := w.take(t, w.Store, "a")
		w.noWork(t, other, "while it is leased")
		w.move(b.ID, batch.Processing)
		w.noWork(t, other, "while it is leased and processing")
		w.Clock.Advance(lease - time.Second)
		w.noWork(t, other, "just before the lease ends")
		w.Clock.Advance(2 * time.Second)
		second := w.take(t, other, "b")
		if second.Batch != b.ID || second.Fence <= first.Fence || second.Owner != "b" {
			t.Errorf("the second lease %+v, after %+v", second, first)
		}
		w.renew(t, w.Store, first, false)
		w.renew(t, other, second, true)
		must(t, w.Store.Bulk().Release(t.Context(), first)) // the old lease cannot be handed back
		w.noWork(t, w.Store, "after the old holder released")
	}},
	{"a renewed lease lasts from the renewal", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		w.accepted()
		c := w.take(t, w.Store, "a")
		for range 3 {
			w.Clock.Advance(lease - time.Second)
			w.renew(t, w.Store, c, true)
		}
		w.Clock.Advance(lease - time.Second)
		w.noWork(t, w.Store, "before the renewed lease ends")
		w.Clock.Advance(2 * time.Second)
		w.take(t, w.Store, "b")
	}},
	{"a lease that is handed back can be taken at once, unless the batch is finished", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		b := w.accepted()
		first := w.take(t, w.Store, "a")
		w.move(b.ID, batch.Processing)
		must(t, w.Store.Bulk().Release(t.Context(), first))
		second := w.take(t, w.Store, "b")
		if second.Fence <= first.Fence {
			t.Errorf("fence %d after %d", second.Fence, first.Fence)
		}
		w.move(b.ID, batch.Failed)
		must(t, w.Store.Bulk().Release(t.Context(), second))
		w.Clock.Advance(time.Hour)
		w.noWork(t, w.Store, "when it is finished")
	}},
	{"uploads that were staged before an instant and never accepted are swept, with their items", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		old := w.NewBatch(func(b *batch.Batch) { b.Status = batch.Staging })
		turned := w.NewBatch(func(b *batch.Batch) { b.Status = batch.Staging })
		turned.Status = batch.Accepted
		w.Write(func(ctx context.Context, tx issuance.Tx) error {
			must(t, tx.InsertItems(ctx, []batch.Item{{Batch: old.ID, Outcome: batch.Pending}}))
			return tx.UpdateBatch(ctx, turned)
		})
		before := w.Clock.Advance(time.Hour)
		young := w.NewBatch(func(b *batch.Batch) { b.Status = batch.Staging })
		for i, want := range []int{1, 0} {
			if n, err := w.Store.Bulk().SweepStaged(t.Context(), before); n != want || err != nil {
				t.Errorf("sweep %d removed %d, %v, want %d", i, n, err, want)
			}
		}
		w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
			left, err := tx.Items(ctx, old.ID, 0, "", 10)
			if len(left) != 0 {
				t.Errorf("%d items of a swept batch are left", len(left))
			}
			return err
		})
		batches.readsBack(t, w, turned, "after the sweep")
		young.Status = batch.Accepted
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.UpdateBatch(ctx, young) })
		batches.readsBack(t, w, young, "which was staged later")
	}},
}

func (w *World) accepted() batch.Batch {
	w.t.Helper()
	return w.NewBatch(func(b *batch.Batch) {
		b.Status, b.Created, b.NextIndex, b.FinishedAt = batch.Accepted, 0, 0, time.Time{}
	})
}

// move takes a batch to another status.
func (w *World) move(id ident.BatchID, to batch.Status) {
	w.t.Helper()
	w.Write(func(ctx context.Context, tx issuance.Tx) error {
		b, err := found(tx.BatchByID(ctx, w.Program.ID, id))
		if err != nil {
			return err
		}
		b.Status = to
		return tx.UpdateBatch(ctx, b)
	})
}

func (w *World) take(t *testing.T, on Store, owner string) bulkworker.Claim {
	t.Helper()
	c, there, err := on.Bulk().Claim(t.Context(), owner, w.Clock.Now(), lease)
	must(t, err)
	if !there {
		t.Fatal("there is no batch to take")
	}
	return c
}

func (w *World) noWork(t *testing.T, on Store, when string) {
	t.Helper()
	if c, there, err := on.Bulk().Claim(t.Context(), "z", w.Clock.Now(), lease); there || err != nil {
		t.Errorf("%s: claimed %+v, %v", when, c, err)
	}
}

func (w *World) renew(t *testing.T, on Store, c bulkworker.Claim, want bool) {
	t.Helper()
	held, err := on.Bulk().Renew(t.Context(), c, w.Clock.Now(), lease)
	must(t, err)
	if held != want {
		t.Errorf("the lease under fence %d is held: %v, want %v", c.Fence, held, want)
	}
}
