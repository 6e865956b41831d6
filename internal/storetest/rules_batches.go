package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

var batchRules = []contract{
	{"a staged batch is seen by nobody until it is accepted", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		b := w.NewBatch(func(b *batch.Batch) {
			b.Status, b.Credential, b.BodyHash = batch.Staging, w.NewCredential().ID, []byte("h")
		})
		batches.readsNothing(t, w, w.Program.ID, b, "while it is staged")
		w.recent(t, "while it is staged", b, b.CreatedAt, ident.BatchID{})
		b.Status = batch.Accepted
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.UpdateBatch(ctx, b) })
		batches.readsBack(t, w, b, "once it is accepted")
		w.recent(t, "once it is accepted", b, b.CreatedAt, b.ID)
	}},
	{"a recent batch is the newest of that credential with that body", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		by, other := w.NewCredential().ID, w.NewCredential().ID
		order := func(credential ident.CredentialID, hash string) batch.Batch {
			return w.NewBatch(func(b *batch.Batch) { b.Credential, b.BodyHash = credential, []byte(hash) })
		}
		older, newer := order(by, "h"), order(by, "h")
		order(by, "i")
		theirs := order(other, "h")
		w.recent(t, "since the first", newer, older.CreatedAt, newer.ID)
		w.recent(t, "since the second, its own instant included", newer, newer.CreatedAt, newer.ID)
		w.recent(t, "since later", newer, newer.CreatedAt.Add(time.Microsecond), ident.BatchID{})
		w.recent(t, "of another credential", theirs, older.CreatedAt, theirs.ID)
		unknown := newer
		unknown.BodyHash = []byte("j")
		w.recent(t, "with another body", unknown, older.CreatedAt, ident.BatchID{})
	}},
	{"an item gets its outcome once", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		b := w.NewBatch(func(b *batch.Batch) { b.Status, b.Requested = batch.Processing, 2 })
		items := []batch.Item{
			{Batch: b.ID, Identifier: "A", Outcome: batch.Pending}, {Batch: b.ID, Index: 1, Identifier: "B", Outcome: batch.Pending},
		}
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.InsertItems(ctx, items) })
		items[0].Outcome, items[0].Reason = batch.ItemFailed, batch.PINWeak
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.UpdateItems(ctx, items[:1]) })
		again := append([]batch.Item(nil), items...)
		again[0].Outcome, again[1].Outcome = batch.ItemCreated, batch.ItemCreated
		isFault(t, "a second outcome", w.Store.Issuance().Write(t.Context(), func(tx issuance.Tx) error {
			return tx.UpdateItems(t.Context(), again)
		}))
		w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
			got, err := tx.Items(ctx, b.ID, 0, "", 10)
			same(t, "the items", items, got)
			return err
		})
	}},
	{"the first item with an identifier is the lowest below the index that did not fail", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		b, other := w.NewBatch(), w.NewBatch()
		w.Write(func(ctx context.Context, tx issuance.Tx) error {
			must(t, tx.InsertItems(ctx, []batch.Item{{Batch: other.ID, Identifier: "A", Outcome: batch.Pending}}))
			return tx.InsertItems(ctx, []batch.Item{
				{Batch: b.ID, Index: 0, Identifier: "A", Outcome: batch.ItemFailed, Reason: batch.QRInvalid},
				{Batch: b.ID, Index: 1, Identifier: "B", Outcome: batch.ItemCreated},
				{Batch: b.ID, Index: 2, Identifier: "A", Outcome: batch.Pending},
				{Batch: b.ID, Index: 3, Identifier: "A", Outcome: batch.ItemCreated},
			})
		})
		for _, tt := range []struct {
			identifier  string
			below, want int // -1: none
		}{{"A", 4, 2}, {"A", 3, 2}, {"A", 2, -1}, {"B", 4, 1}, {"B", 1, -1}, {"C", 4, -1}} {
			w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
				first, err := tx.FirstWith(ctx, b.ID, []string{"none", tt.identifier}, tt.below)
				got, there := first[tt.identifier]
				if there != (tt.want >= 0) || (there && got != tt.want) {
					t.Errorf("first %s below %d: %v %d, want %d", tt.identifier, tt.below, there, got, tt.want)
				}
				return err
			})
		}
	}},
	{"deleting a staged batch removes it with its items, and touches no accepted one", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		staged := w.NewBatch(func(b *batch.Batch) { b.Status = batch.Staging })
		w.Write(func(ctx context.Context, tx issuance.Tx) error {
			return tx.InsertItems(ctx, []batch.Item{{Batch: staged.ID, Outcome: batch.Pending}, {Batch: staged.ID, Index: 1, Outcome: batch.Pending}})
		})
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.DeleteStaged(ctx, staged.ID) })
		w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
			left, err := tx.Items(ctx, staged.ID, 0, "", 10)
			if len(left) != 0 {
				t.Errorf("%d items are left", len(left))
			}
			return err
		})
		batches.holds(t, w, batch.Batch{ // the reference is free again
			ID: ident.BatchID{UUID: w.IDs.UUID()}, Program: w.Program.ID, Reference: staged.Reference, Status: batch.Accepted,
			CreatedAt: w.next(), UpdatedAt: w.next(),
		}, func(b *batch.Batch) { b.Requested = 1 })
		_ = w.Store.Issuance().Write(t.Context(), func(tx issuance.Tx) error { return tx.DeleteStaged(t.Context(), w.Batch.ID) }) // may be a fault
		batches.readsBack(t, w, w.Batch, "after DeleteStaged was told its id")
	}},
}

// recent wants RecentBatch to give that batch for the credential and body of b; the zero id is none.
func (w *World) recent(t *testing.T, when string, b batch.Batch, since time.Time, want ident.BatchID) {
	t.Helper()
	w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
		got, there, err := tx.RecentBatch(ctx, w.Program.ID, b.Credential, b.BodyHash, since)
		if there == want.IsZero() || got.ID != want {
			t.Errorf("the recent batch %s: %v %s, want %s", when, there, got.ID, want)
		}
		if _, there, err := tx.RecentBatch(ctx, w.Foreign.ID, b.Credential, b.BodyHash, since); there || err != nil {
			t.Errorf("the recent batch %s, to another programme: %v, %v", when, there, err)
		}
		return err
	})
}
