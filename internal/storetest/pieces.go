package storetest

import (
	"context"
	"testing"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

// pieceRules are about several plastics of one card.
var pieceRules = []contract{
	{"a card has one plastic in use and one to come, by whatever it is found", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		old := w.BatchCard
		old.Plastic.State, old.Plastic.ActivatedAt, old.Plastic.Guard = card.Activated, w.next(), old.Plastic.Guard.Consume()
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.UpdatePlastic(ctx, old.Plastic) })
		box := w.NewShipment()
		next := w.NewPlastic(old.Card.ID, func(p *card.Plastic) {
			p.State, p.Shipment, p.Batch, p.Identifier = card.HandedOver, box.ID, old.Plastic.Batch, old.Plastic.Identifier
			p.Link = card.Link{Supersedes: old.Plastic.ID, RetireSource: card.RetireOnActivation}
		})
		w.Pack(box.ID, next)
		is := func(how string, v card.View, err error) {
			t.Helper()
			must(t, err)
			if v.Plastic.ID != old.Plastic.ID || v.Next == nil {
				t.Fatalf("%s: %s speaks, next is %+v", how, v.Plastic.ID, v.Next)
			}
			same(t, how, card.Piece{Plastic: next, Box: box}, *v.Next)
		}
		w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
			v, err := found(tx.CardView(ctx, w.Program.ID, old.Card.ID))
			is("by its id", v, err)
			c, err := found(tx.CardByNumber(ctx, w.Program.ID, old.Card.Number))
			is("by its number", c.View, err)
			labelled, err := tx.LabelledCards(ctx, w.Program.ID, old.Plastic.Identifier, 5)
			if len(labelled) != 1 {
				t.Fatalf("%d cards by the label", len(labelled))
			}
			is("by its label", labelled[0], err)
			return nil
		})
		st := w.stateOf(t, w.byLabel(old.Plastic.Identifier))
		if len(st.Candidates) != 1 || st.Candidates[0].Reference != w.Batch.Reference {
			t.Fatalf("%d candidates by the label", len(st.Candidates))
		}
		is("to an activation", st.Candidates[0].View, nil)
		w.occupied(t, "the one in use", old.Plastic, ident.ShipmentID{})
		w.occupied(t, "the one to come", next, box.ID)
	}},
	{"an activation retires what it supersedes and renews expiry and CVV, and lets be what ended otherwise", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		old := w.Card
		entry := card.VaultEntry{Card: old.Card.ID, Program: w.Program.ID, Index: w.IDs.Bytes(32), Sealed: w.IDs.Bytes(40), CVVSeries: 2}
		old.Plastic.State, old.Plastic.ActivatedAt, old.Plastic.Guard = card.Activated, w.next(), old.Plastic.Guard.Consume()
		w.Write(func(ctx context.Context, tx issuance.Tx) error {
			must(t, tx.InsertVaultEntry(ctx, entry))
			return tx.UpdatePlastic(ctx, old.Plastic)
		})
		old.Plastic.Version++
		for _, ended := range []bool{false, true} {
			next := w.NewPlastic(old.Card.ID, func(p *card.Plastic) {
				p.State = card.HandedOver
				p.Link = card.Link{Supersedes: old.Plastic.ID, RetireSource: card.RetireOnActivation, ExpiresAt: w.next(), CVVSeries: 4}
			})
			now := w.View(old.Card.ID).Card
			now.ExpiresAt = next.Link.ExpiresAt
			next.State, next.ActivatedAt, next.UpdatedAt = card.Activated, w.next(), w.next()
			gone := old.Plastic
			gone.State, gone.UpdatedAt = card.Retired, w.next()
			gone.Version += 100 // nobody asks for it
			must(t, w.settle(t, issuance.ActivationChanges{Card: &now, Plastic: &next, Retired: &gone}))
			next.Version, now.Version = next.Version+1, now.Version+1
			v := w.View(old.Card.ID)
			same(t, "the one in use", next, v.Plastic)
			same(t, "the card", now, v.Card)
			w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
				kept, err := found(tx.VaultEntry(ctx, w.Program.ID, old.Card.ID))
				if kept.CVVSeries != 4 {
					t.Errorf("the CVV is of series %d (ended otherwise: %v)", kept.CVVSeries, ended)
				}
				return err
			})
		}
	}},
}
