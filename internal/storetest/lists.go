package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/shipment"
)

// pile is a list that is read in pages: how one thing is added at a time, and how a page is read as marks.
type pile struct {
	name string
	add  func(w *World, at time.Time)
	page func(ctx context.Context, tx issuance.ReadTx, w *World, p issuance.Page) ([]issuance.Mark, error)
}

var lists = func() []contract {
	var out []contract
	for _, p := range append(piles, spendingPiles...) {
		out = append(out, contract{p.name + " are listed newest or oldest first, and pages leave no gap and repeat nothing", p.pages})
	}
	return out
}()

// pages adds ten things, several of them at one instant, and reads them three at a time.
func (p pile) pages(t *testing.T, f Factory) {
	w := NewWorld(t, f.Open(t))
	at := w.next().Add(time.Hour)
	for i := range 10 {
		p.add(w, at.Add(time.Duration(i*7%10/4)*time.Microsecond)) // out of order, and four share each instant
	}
	w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
		whole, err := p.page(ctx, tx, w, all)
		must(t, err)
		if len(whole) < 10 {
			t.Fatalf("the list has %d entries, want the ten that were added", len(whole))
		}
		for i, m := range whole[1:] {
			if !comesBefore(whole[i], m) {
				t.Errorf("entry %d %v comes before %v", i, whole[i], m)
			}
		}
		var paged []issuance.Mark
		for after := (issuance.Mark{}); ; after = paged[len(paged)-1] {
			three, err := p.page(ctx, tx, w, issuance.Page{Limit: 3, After: after})
			must(t, err)
			if len(three) == 0 {
				break
			}
			if paged = append(paged, three...); len(three) > 3 || len(paged) > len(whole) {
				t.Fatalf("pages of 3 gave %d and in all %d of %d", len(three), len(paged), len(whole))
			}
		}
		same(t, "the pages together", whole, paged)
		var back []issuance.Mark
		for after := (issuance.Mark{}); ; after = back[len(back)-1] {
			three, err := p.page(ctx, tx, w, issuance.Page{Limit: 3, After: after, Oldest: true})
			must(t, err)
			if len(three) == 0 {
				break
			}
			if back = append(back, three...); len(three) > 3 || len(back) > len(whole) {
				t.Fatalf("pages of 3, the oldest first, gave %d and in all %d of %d", len(three), len(back), len(whole))
			}
		}
		slices.Reverse(back)
		same(t, "the pages together, the oldest first", whole, back)
		foreign := *w
		foreign.Program = w.Foreign
		none, err := p.page(ctx, tx, &foreign, all)
		if len(none) != 0 {
			t.Errorf("another programme sees %d entries", len(none))
		}
		return err
	})
}

// comesBefore is the order of lists: newest first, then the highest id.
func comesBefore(a, b issuance.Mark) bool {
	if !a.CreatedAt.Equal(b.CreatedAt) {
		return a.CreatedAt.After(b.CreatedAt)
	}
	return a.ID.String() > b.ID.String()
}

// marks turns a page of things into the marks of its entries.
func marks[T any](page []T, err error) func(mark func(T) (time.Time, ident.UUID)) ([]issuance.Mark, error) {
	return func(mark func(T) (time.Time, ident.UUID)) ([]issuance.Mark, error) {
		var out []issuance.Mark
		for _, v := range page {
			at, id := mark(v)
			out = append(out, issuance.Mark{CreatedAt: at, ID: id})
		}
		return out, err
	}
}

var piles = []pile{
	{
		"customers", func(w *World, at time.Time) { w.NewCustomer(func(c *customer.Customer) { c.CreatedAt = at }) },
		func(ctx context.Context, tx issuance.ReadTx, w *World, p issuance.Page) ([]issuance.Mark, error) {
			return marks(tx.Customers(ctx, w.Program.ID, issuance.CustomerFilter{}, p))(func(c customer.Customer) (time.Time, ident.UUID) { return c.CreatedAt, c.ID.UUID })
		},
	},
	{
		"accounts", func(w *World, at time.Time) { w.NewAccount(w.Customer, func(a *account.Account) { a.CreatedAt = at }) },
		func(ctx context.Context, tx issuance.ReadTx, w *World, p issuance.Page) ([]issuance.Mark, error) {
			return marks(tx.Accounts(ctx, w.Program.ID, issuance.AccountFilter{}, p))(func(a account.Account) (time.Time, ident.UUID) { return a.CreatedAt, a.ID.UUID })
		},
	},
	{
		"designs", func(w *World, at time.Time) { w.NewDesign(func(d *card.Design) { d.CreatedAt = at }) },
		func(ctx context.Context, tx issuance.ReadTx, w *World, p issuance.Page) ([]issuance.Mark, error) {
			return marks(tx.Designs(ctx, w.Program.ID, p))(func(d card.Design) (time.Time, ident.UUID) { return d.CreatedAt, d.ID.UUID })
		},
	},
	{
		"cards that end in four digits", func(w *World, at time.Time) {
			w.NewCard(func(c *card.Card) { c.CreatedAt, c.Customer, c.Last4 = at, w.Customer.ID, "0007" })
			w.NewCard(func(c *card.Card) { c.CreatedAt, c.Customer = at, w.Customer.ID })
		},
		func(ctx context.Context, tx issuance.ReadTx, w *World, p issuance.Page) ([]issuance.Mark, error) {
			return marks(tx.CardViews(ctx, w.Program.ID, issuance.CardFilter{Last4: "0007"}, p))(func(v card.View) (time.Time, ident.UUID) { return v.Card.CreatedAt, v.Card.ID.UUID })
		},
	},
	{
		"cards", func(w *World, at time.Time) {
			w.NewCard(func(c *card.Card) { c.CreatedAt, c.Customer = at, w.Customer.ID })
		},
		func(ctx context.Context, tx issuance.ReadTx, w *World, p issuance.Page) ([]issuance.Mark, error) {
			return marks(tx.CardViews(ctx, w.Program.ID, issuance.CardFilter{}, p))(func(v card.View) (time.Time, ident.UUID) { return v.Card.CreatedAt, v.Card.ID.UUID })
		},
	},
	{"cards of one status", func(w *World, at time.Time) {
		w.NewCard(func(c *card.Card) { c.CreatedAt, c.Customer, c.FrozenBy = at, w.Customer.ID, card.ByHolder })
		w.NewCard(func(c *card.Card) { c.CreatedAt, c.Customer = at, w.Customer.ID })
	}, func(ctx context.Context, tx issuance.ReadTx, w *World, p issuance.Page) ([]issuance.Mark, error) {
		only := issuance.CardFilter{Statuses: []card.Status{card.Frozen}, At: w.Now()}
		return marks(tx.CardViews(ctx, w.Program.ID, only, p))(func(v card.View) (time.Time, ident.UUID) { return v.Card.CreatedAt, v.Card.ID.UUID })
	}},
	{
		"shipments", func(w *World, at time.Time) { w.NewShipment(func(s *shipment.Shipment) { s.CreatedAt = at }) },
		func(ctx context.Context, tx issuance.ReadTx, w *World, p issuance.Page) ([]issuance.Mark, error) {
			return marks(tx.Shipments(ctx, w.Program.ID, issuance.ShipmentFilter{}, p))(func(s issuance.ListedShipment) (time.Time, ident.UUID) { return s.CreatedAt, s.ID.UUID })
		},
	},
	{
		"batches", func(w *World, at time.Time) { w.NewBatch(func(b *batch.Batch) { b.CreatedAt = at }) },
		func(ctx context.Context, tx issuance.ReadTx, w *World, p issuance.Page) ([]issuance.Mark, error) {
			return marks(tx.Batches(ctx, w.Program.ID, issuance.BatchFilter{}, p))(func(b batch.Batch) (time.Time, ident.UUID) { return b.CreatedAt, b.ID.UUID })
		},
	},
	{"batches of one status", func(w *World, at time.Time) {
		w.NewBatch(func(b *batch.Batch) { b.CreatedAt, b.Status = at, batch.Canceled })
		w.NewBatch(func(b *batch.Batch) { b.CreatedAt, b.Status = at, batch.Accepted })
	}, func(ctx context.Context, tx issuance.ReadTx, w *World, p issuance.Page) ([]issuance.Mark, error) {
		list, err := tx.Batches(ctx, w.Program.ID, issuance.BatchFilter{Statuses: []batch.Status{batch.Canceled}}, p)
		for _, b := range list {
			if b.Status != batch.Canceled {
				return nil, fmt.Errorf("a batch that is %s among the canceled", b.Status)
			}
		}
		return marks(list, err)(func(b batch.Batch) (time.Time, ident.UUID) { return b.CreatedAt, b.ID.UUID })
	}},
	{"audit rows", func(w *World, at time.Time) {
		w.Write(func(ctx context.Context, tx issuance.Tx) error {
			return tx.InsertAudit(ctx, audit.Row{ID: w.IDs.UUID(), Program: w.Program.ID, At: at, Actor: "key:a", Channel: audit.ChannelCards, Action: "a.b", Outcome: audit.OK})
		})
	}, func(ctx context.Context, tx issuance.ReadTx, w *World, p issuance.Page) ([]issuance.Mark, error) {
		return marks(tx.AuditTrail(ctx, w.Program.ID, issuance.AuditFilter{}, p))(func(r audit.Row) (time.Time, ident.UUID) { return r.At, r.ID })
	}},
}
