package storetest

import (
	"context"
	"fmt"
	"testing"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/issuance"
)

// holderRaces are the calls about a holder's cards at one instant, through two handles.
var holderRaces = []contract{
	{"a stop and the end of a weaker one at once leave the stop, and a history without a gap", stopAndUnstop},
	{"many stops at once leave the strongest, and each change is in the history", manyStops},
	{"a card that is retired and activated at once is retired, and was activated or never can be", retireAndActivate},
	{"two re-orders of a linked card at once leave one that lives", twoReorders},
	{"two designs that become the default at once, while another is retired, leave one default at most", twoDefaults},
	{"orders at once stop at the number of cards that a customer may hold", ordersAtTheLimit},
}

// about names the card of a view as its holder does.
func (r race) about(v card.View) issuance.HolderCard {
	return issuance.HolderCard{Card: v.Card.Number, Holder: r.Customer.ID}
}

func (r race) command() issuance.Command { return issuance.Command{Caller: r.Caller()} }

func (r race) stop(i int, v card.View, s card.Stop) error {
	_, err := r.rules[i%2].StopCard(r.t.Context(), issuance.StopCard{Command: r.command(), Which: r.about(v), Stop: s})
	return err
}

// ownCard is an active card of the customer.
func (r race) ownCard() card.View {
	return r.View(r.NewCard(func(c *card.Card) { c.Type, c.Customer, c.Account = card.Virtual, r.Customer.ID, r.Account.ID }).ID)
}

// history reads the block history, and wants each change to begin where another ended.
func (r race) history(t *testing.T, v card.View) []card.BlockChange {
	t.Helper()
	var all []card.BlockChange
	r.Read(func(ctx context.Context, tx issuance.ReadTx) (err error) {
		all, err = tx.BlockHistory(ctx, v.Card.ID, 1000)
		return err
	})
	// Several changes may have one time. Whatever their order, each state is left as often as it is entered, but for
	// the first and the last.
	left := map[card.Stop]int{}
	for _, c := range all {
		left[c.Was]++
		left[c.Is]--
	}
	left[card.StopNone]--
	left[r.View(v.Card.ID).Card.Stop()]++
	for state, n := range left {
		if n != 0 {
			t.Errorf("the history %v has a gap at %q", all, state)
		}
	}
	return all
}

func stopAndUnstop(t *testing.T, f Factory) {
	r := newRace(t, f)
	for n := range rounds {
		v := r.ownCard()
		must(t, r.stop(0, v, card.StopQuery))
		r.Clock.Advance(1e6)
		results := together(2, func(i int) error {
			if i == 0 {
				return r.stop(n, v, card.StopSuspectedFraud)
			}
			_, err := r.rules[(n+1)%2].UnstopCard(t.Context(), issuance.UnstopCard{Command: r.command(), Which: r.about(v)})
			return err
		})
		must(t, results[0])
		lifted := results[1] == nil
		if !lifted && fault.Of(results[1]).Reason != card.StopOfProgram {
			t.Errorf("the end of the weaker stop: %v", results[1])
		}
		if got := r.View(v.Card.ID).Card.Stop(); got != card.StopSuspectedFraud {
			t.Errorf("the card is stopped with %q", got)
		}
		want := 2
		if lifted {
			want = 3
		}
		if got := len(r.history(t, v)); got != want {
			t.Errorf("%d changes in the history, want %d", got, want)
		}
	}
}

func manyStops(t *testing.T, f Factory) {
	r := newRace(t, f)
	levels := []card.Stop{card.StopFrozenByHolder, card.StopQuery, card.StopPINTries, card.StopCompliance}
	for range rounds {
		v := r.ownCard()
		r.wants(t, together(crowd, func(i int) error { return r.stop(i, v, levels[i%len(levels)]) }), map[string]int{"ok": crowd})
		if got := r.View(v.Card.ID).Card.Stop(); got != card.StopCompliance {
			t.Errorf("the card is stopped with %q", got)
		}
		if got := len(r.history(t, v)); got < 1 || got > len(levels) {
			t.Errorf("%d changes in the history, want one for each level at most", got)
		}
	}
}

func retireAndActivate(t *testing.T, f Factory) {
	r := newRace(t, f)
	for n := range rounds {
		v := r.NewBatchCard(r.Batch, fmt.Sprint("BOTH-", n))
		var refused error
		results := together(2, func(i int) error {
			if i == 0 {
				_, err := r.bind(n, v, func(c *issuance.ActivateForCustomer) { c.Holder = r.Customer.ID })
				return err
			}
			// The programme retires it: as a card of nobody, or, if that is too late, as the customer's.
			which := issuance.HolderCard{Card: v.Card.Number}
			for {
				_, err := r.rules[(n+1)%2].RetireCard(t.Context(), issuance.RetireCard{Command: r.command(), Which: which})
				if err == nil || which.Named != 0 {
					return err
				}
				refused, which.Named = err, r.Customer.Number
			}
		})
		must(t, results[1])
		got := r.View(v.Card.ID)
		if got.Card.ClosedReason != card.ClosedRetired {
			t.Errorf("the card is closed as %q", got.Card.ClosedReason)
		}
		switch {
		case results[0] == nil && got.Plastic.State == card.Activated && got.Card.Customer == r.Customer.ID:
		case fault.Of(results[0]) != nil && fault.Of(results[0]).Reason == card.IsCanceled && got.Plastic.State == card.Void && got.Plastic.Guard.State == card.GuardVoid && refused == nil:
		default:
			t.Errorf("activation %v, plastic %s, guard %s", results[0], got.Plastic.State, got.Plastic.Guard.State)
		}
	}
}

// linked gives the customer's linked cards, those that live and all.
func (r race) linked() (living, all []card.View) {
	r.Read(func(ctx context.Context, tx issuance.ReadTx) error {
		held, err := tx.Holdings(ctx, r.Program.ID, r.Customer.ID, 1000)
		living, all = nil, nil
		for _, c := range held {
			if c.View.Card.Type != card.Virtual {
				continue
			}
			if all = append(all, c.View); c.View.Card.ClosedAt.IsZero() {
				living = append(living, c.View)
			}
		}
		return err
	})
	return living, all
}

func twoReorders(t *testing.T, f Factory) {
	r := newRace(t, f)
	who := issuance.HolderRef{Holder: r.Customer.ID}
	_, err := r.rules[0].CreateLinkedCard(t.Context(), issuance.CreateLinkedCard{Command: r.command(), Who: who, Balance: r.Account.Number})
	must(t, err)
	for n := range rounds {
		r.Clock.Advance(1e6)
		r.wants(t, together(2, func(i int) error {
			_, err := r.rules[i].ReorderLinkedCard(t.Context(), issuance.ReorderLinkedCard{Command: r.command(), Who: who})
			return err
		}), map[string]int{"ok": 2})
		living, all := r.linked()
		if len(living) != 1 || len(all) != 1+2*(n+1) {
			t.Fatalf("%d linked cards live of %d, want 1 of %d", len(living), len(all), 1+2*(n+1))
		}
		replaced := map[string]bool{}
		for _, v := range all {
			if !v.Card.Replaces.IsZero() && replaced[v.Card.Replaces.String()] {
				t.Error("a card was replaced twice")
			}
			replaced[v.Card.Replaces.String()] = true
		}
	}
}

// twoDefaults lets the programme choose two designs while the operator retires one of them: whoever is last, one
// default at most is left, it is not retired, and every move of the flag shows in the times of both designs.
func twoDefaults(t *testing.T, f Factory) {
	r := newRace(t, f)
	designs := []card.Design{r.NewDesign(), r.NewDesign()}
	for n := range rounds {
		r.Clock.Advance(1e9)
		change := func(i int) issuance.ChangeDesign {
			return issuance.ChangeDesign{Command: r.command(), Design: designs[i].ID}
		}
		for i := range designs {
			_, err := r.rules[0].RestoreDesign(t.Context(), change(i))
			must(t, err)
		}
		results := together(3, func(i int) error {
			var err error
			if i == 2 {
				_, err = r.rules[n%2].RetireDesign(t.Context(), change(0))
			} else {
				_, err = r.rules[i%2].SetDefaultDesign(t.Context(), change(i))
			}
			return err
		})
		must(t, results[1])
		must(t, results[2])
		if results[0] != nil && fault.Of(results[0]).Reason != card.DesignNotUsable {
			t.Fatal(results[0])
		}
		r.Read(func(ctx context.Context, tx issuance.ReadTx) error {
			list, err := tx.Designs(ctx, r.Program.ID, all)
			must(t, err)
			var defaults []card.Design
			for _, d := range list {
				if d.Default {
					defaults = append(defaults, d)
				}
				if d.ID == designs[0].ID && d.Active {
					t.Error("the retired design is active")
				}
			}
			if len(defaults) > 1 || len(defaults) == 1 && !defaults[0].Active {
				t.Errorf("defaults %+v", defaults)
			}
			return nil
		})
	}
}

func ordersAtTheLimit(t *testing.T, f Factory) {
	w := NewWorld(t, f.Open(t), WithPolicy("debit.max_cards_per_customer", "5"))
	r := race{World: w, rules: [2]*issuance.Service{w.Service(w.Store), w.Service(f.Again(t, w.Store))}}
	who := issuance.HolderRef{Holder: r.Customer.ID}
	got := tally(together(crowd, func(i int) error {
		var err error
		if i%4 < 2 {
			_, err = r.rules[i%2].CreateLinkedCard(t.Context(), issuance.CreateLinkedCard{Command: r.command(), Who: who, Balance: r.Account.Number})
		} else {
			_, err = r.rules[i%2].OrderCard(t.Context(), issuance.OrderCard{Command: r.command(), Who: who, Balance: r.Account.Number, Type: card.Physical})
		}
		return err
	}))
	if got["ok"] != 4 || got["customer_not_eligible"] != crowd-4 { // the world's customer has one card
		t.Errorf("outcomes %v", got)
	}
	w.holds(t, 5)
}
