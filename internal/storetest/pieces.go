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
	{"a plastic that expired on its way makes room for a renewal, and is void", func(t *testing.T, f Factory) {
		for _, activated := range []bool{true, false} {
			w := NewWorld(t, f.Open(t))
			rules := w.Service(w.Store)
			v, code := w.NewShippedCard(w.Customer, w.Account)
			if activated {
				must(t, rules.Activate(t.Context(), issuance.ActivateCard{Command: w.by(), Card: v.Card.ID, Code: code}))
			}
			_, err := rules.ReissueCard(t.Context(), issuance.ReissueCard{Command: w.by(), Card: v.Card.ID, For: issuance.ReissueDamaged, Reason: "bent"})
			must(t, err)
			late := w.View(v.Card.ID).Coming().Plastic
			box := w.NewShipment()
			late.State, late.Custody, late.Shipment, late.Guard = card.HandedOver, card.CustodyCourier, box.ID, w.Armed(late, code)
			w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.UpdatePlastic(ctx, late) })
			w.Pack(box.ID, late)
			renewal := issuance.ReissueCard{Command: w.by(), Card: v.Card.ID, For: issuance.ReissueRenewal, Reason: "late"}
			_, err = rules.ReissueCard(t.Context(), renewal)
			w.says("before the expiry", err, "successor_underway")
			w.Clock.Advance(v.Card.ExpiresAt.Sub(w.Now()))
			_, err = rules.ReissueCard(t.Context(), renewal)
			must(t, err)
			now := w.View(v.Card.ID).Coming().Plastic
			if now.ID == late.ID || now.State != card.Planned || !now.Link.ExpiresAt.After(w.Now()) {
				t.Errorf("activated %v: %s is to come, until %s", activated, now.State, now.Link.ExpiresAt)
			}
			w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
				in, err := found(tx.Box(ctx, w.Program.ID, box.ID))
				if p := in.Packed[0].Plastic; p.State != card.Void || p.VoidReason != card.VoidSuperseded || p.Guard.State != card.GuardVoid {
					t.Errorf("activated %v: the late one is %s (%s), its guard %s", activated, p.State, p.VoidReason, p.Guard.State)
				}
				return err
			})
		}
	}},
}

// pieceRaces are about those who make, activate and end several plastics of one card at once.
var pieceRaces = []contract{
	{"of those who ask for another plastic of a card at once one gets it, whatever for", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		handles := []*issuance.Service{w.Service(w.Store), w.Service(f.Again(t, w.Store))}
		causes := append(issuance.ReissueCauses()[:4], issuance.ReissueRenewal)
		for _, activated := range []bool{true, false} {
			v, code := w.NewShippedCard(w.Customer, w.Account)
			if activated {
				must(t, handles[0].Activate(t.Context(), issuance.ActivateCard{Command: w.by(), Card: v.Card.ID, Code: code}))
			}
			counts := tally(together(crowd, func(i int) error {
				_, err := handles[i%2].ReissueCard(t.Context(), issuance.ReissueCard{Command: w.by(), Card: v.Card.ID, For: causes[i%len(causes)], Reason: "bent"})
				return err
			}))
			if counts["ok"] != 1 || counts[card.SuccessorOnWay.Name()] != crowd-1 {
				t.Errorf("activated %v: %d callers are told %v", activated, crowd, counts)
			}
			if now := w.View(v.Card.ID); (now.Next != nil) != activated || now.Coming().Plastic.Link.Supersedes != v.Plastic.ID || now.Plastic.InUse(w.Now()) != activated {
				t.Errorf("activated %v: %s speaks, next is %+v", activated, now.Plastic.State, now.Next)
			}
		}
	}},
	{"of those who activate a successor at once one does, and the plastic before is retired; a report at once leaves none to come", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		handles := []*issuance.Service{w.Service(w.Store), w.Service(f.Again(t, w.Store))}
		for round := range rounds {
			v, code := w.NewShippedCard(w.Customer, w.Account)
			must(t, handles[0].Activate(t.Context(), issuance.ActivateCard{Command: w.by(), Card: v.Card.ID, Code: code}))
			_, err := handles[0].ReissueCard(t.Context(), issuance.ReissueCard{Command: w.by(), Card: v.Card.ID, For: issuance.ReissueDamaged, Reason: "bent"})
			must(t, err)
			next := w.View(v.Card.ID).Next.Plastic
			box := w.NewShipment()
			next.State, next.Custody, next.Shipment, next.Guard = card.HandedOver, card.CustodyCourier, box.ID, w.Armed(next, code)
			w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.UpdatePlastic(ctx, next) })
			w.Pack(box.ID, next)
			reported := round%2 == 1
			results := together(crowd, func(i int) error {
				if reported && i == 0 {
					_, err := handles[0].ReportCard(t.Context(), issuance.ReportCard{Command: w.by(), Card: v.Card.ID, As: issuance.ReportStolen, Reason: "gone"})
					return err
				}
				return handles[i%2].Activate(t.Context(), issuance.ActivateCard{Command: w.by(), Card: v.Card.ID, Code: code})
			})
			now := w.View(v.Card.ID)
			if reported {
				must(t, results[0])
				results = results[1:]
				if now.Stop() != card.StopStolen || now.Next != nil {
					t.Errorf("the stop is %s, next is %+v", now.Stop(), now.Next)
				}
			}
			activated := tally(results)["ok"]
			if activated > 1 || activated == 0 && !reported || (now.Plastic.ID == next.ID) != (activated == 1) {
				t.Errorf("reported %v: %d activated, %s of %s speaks", reported, activated, now.Plastic.State, now.Plastic.ID)
			}
			if activated == 1 {
				w.retired(t, v.Plastic.ID, v.Box.ID)
			}
		}
	}},
}

// by is a command of somebody.
func (w *World) by() issuance.Command { return issuance.Command{Caller: w.Caller()} }

// retired wants a plastic of that box to be retired.
func (w *World) retired(t *testing.T, id ident.PlasticID, box ident.ShipmentID) {
	t.Helper()
	w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
		in, err := found(tx.Box(ctx, w.Program.ID, box))
		for _, p := range in.Packed {
			if p.Plastic.ID == id && p.Plastic.State != card.Retired {
				t.Errorf("the plastic before is %s", p.Plastic.State)
			}
		}
		return err
	})
}
