package storetest

import (
	"context"
	"testing"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

// successors are about cards that take the place of others.
var successors = []contract{
	{"the successor of a card is the newest that took its place and is not closed, and no other programme's", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		source := w.NewCard()
		is := func(what string, p ident.ProgramID, want ident.CardID) {
			t.Helper()
			w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
				got, ok, err := tx.Successor(ctx, p, source.ID)
				if got.Card.ID != want || ok == want.IsZero() {
					t.Errorf("%s: the successor is %s (%v), want %s", what, got.Card.ID, ok, want)
				}
				return err
			})
		}
		is("before any", w.Program.ID, ident.CardID{})
		older := w.NewCard(func(c *card.Card) { c.Replaces = source.ID })
		is("one", w.Program.ID, older.ID)
		w.NewCard(func(c *card.Card) {
			c.Replaces, c.ClosedAt, c.ClosedReason = source.ID, w.next(), card.ClosedRetired
		})
		is("a newer one that is closed", w.Program.ID, older.ID)
		newer := w.NewCard(func(c *card.Card) { c.Replaces = source.ID })
		is("a newer one that lives", w.Program.ID, newer.ID)
		is("of another programme", w.Foreign.ID, ident.CardID{})
	}},
	{"of those who replace one card at once one makes its successor, whether the card was stopped before or not", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		handles := []*issuance.Service{w.Service(w.Store), w.Service(f.Again(t, w.Store))}
		for _, stopped := range []bool{false, true} {
			v, _ := w.NewShippedCard(w.Customer, w.Account)
			by := issuance.Command{Caller: w.Caller()}
			if stopped {
				_, err := handles[0].ReportCard(t.Context(), issuance.ReportCard{Command: by, Card: v.Card.ID, As: issuance.ReportLost, Reason: "gone"})
				must(t, err)
			}
			got := make([]issuance.Replaced, crowd)
			counts := tally(together(crowd, func(i int) (err error) {
				got[i], err = handles[i%2].ReplaceCard(t.Context(), issuance.ReplaceCard{Command: by, Card: v.Card.ID, For: issuance.ReplaceLost, Reason: "gone"})
				return err
			}))
			if counts["ok"] != 1 || counts[card.AlreadyReplaced.Name()] != crowd-1 {
				t.Errorf("%d callers are told %v", crowd, counts)
			}
			source := w.View(v.Card.ID)
			if source.Stop() != card.StopLost || source.Plastic.State != card.Void {
				t.Errorf("the source has the stop %s, its plastic is %s", source.Stop(), source.Plastic.State)
			}
			for _, r := range got {
				if id := r.Successor.Card.ID; !id.IsZero() {
					next := w.View(id)
					if next.Card.Replaces != v.Card.ID || next.Card.Customer != v.Card.Customer || next.Plastic.State != card.Planned {
						t.Errorf("the successor is %+v", next.Card)
					}
				}
			}
		}
	}},
}
