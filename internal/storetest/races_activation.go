package storetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

// rounds is how often each race of activations is run, each time over fresh cards.
const rounds = 12

var activationRaces = []contract{
	{"a card that everybody activates is activated once, announced once, audited once", func(t *testing.T, f Factory) {
		r := newRace(t, f)
		for range rounds {
			v, code := r.NewShippedCard(r.Customer, r.Account)
			r.wants(t, together(crowd, func(i int) error { return r.activate(i, v.Card.ID, code) }),
				map[string]int{"ok": 1, card.AlreadyActivated.Name(): crowd - 1})
			r.activated(t, v.Card.ID, 1)
		}
		r.announced(t, map[event.Name]int{event.CardActivated: rounds})
	}},
	{"wrong codes of one card are counted one by one, and the fifth locks", func(t *testing.T, f Factory) {
		r := newRace(t, f)
		for range rounds {
			v, code := r.NewShippedCard(r.Customer, r.Account)
			r.wants(t, together(crowd, func(i int) error { return r.activate(i, v.Card.ID, WrongCode(code)) }),
				map[string]int{card.CodeWrong.Name(): 5, card.GuardLocked.Name(): crowd - 5})
			g := r.View(v.Card.ID).Plastic.Guard
			if g.State != card.Locked || g.Tries != 5 || g.LifetimeWrong != 5 || g.Locks != 1 {
				t.Errorf("the guard is %s after %d tries, %d of its lifetime, %d locks", g.State, g.Tries, g.LifetimeWrong, g.Locks)
			}
			r.activated(t, v.Card.ID, 0)
		}
		r.announced(t, map[event.Name]int{event.ActivationFailed: 5 * rounds, event.ActivationLocked: rounds})
	}},
	{"a right code among wrong ones wins before the lock or never", func(t *testing.T, f Factory) {
		r := newRace(t, f)
		for range rounds {
			v, code := r.NewShippedCard(r.Customer, r.Account)
			got := tally(together(crowd, func(i int) error {
				if i%8 == 0 {
					return r.activate(i, v.Card.ID, code)
				}
				return r.activate(i, v.Card.ID, WrongCode(code))
			}))
			won, wrong := got["ok"], got[card.CodeWrong.Name()]
			rest := got[card.AlreadyActivated.Name()]*won + got[card.GuardLocked.Name()]*(1-won)
			if won > 1 || wrong > 5 || (won == 0 && wrong != 5) || (won == 1 && wrong > 4) || won+wrong+rest != crowd {
				t.Errorf("outcomes %v", got)
			}
			if tries := r.View(v.Card.ID).Plastic.Guard.LifetimeWrong; tries != wrong {
				t.Errorf("%d wrong codes were answered and %d counted", wrong, tries)
			}
			r.activated(t, v.Card.ID, won)
		}
	}},
	{"a card that many customers claim by identifier and batch is bound to one", func(t *testing.T, f Factory) {
		r := newRace(t, f)
		var people [crowd]customer.Customer
		for i := range people {
			people[i] = r.NewCustomer()
		}
		for n := range rounds {
			v := r.NewBatchCard(r.Batch, fmt.Sprint("SHARED-", n))
			results := together(crowd, func(i int) error {
				_, err := r.bind(i, v, func(c *issuance.ActivateForCustomer) { c.Holder = people[i].ID })
				return err
			})
			r.wants(t, results, map[string]int{"ok": 1, card.AlreadyActivated.Name(): crowd - 1})
			for i, err := range results {
				if holder := r.View(v.Card.ID).Card.Customer; (err == nil) != (holder == people[i].ID) {
					t.Errorf("customer %d was answered %v, and the holder is %s", i, err, holder)
				}
			}
			r.activated(t, v.Card.ID, 1)
		}
	}},
	{"activations that create the same customer create one; the others are told that it exists", sameNewCustomer},
	{"commands with one idempotency key run once, and every repeat gets the first answer", sameKey},
	{"repeats that meet are all given the answer of a command that is over, and told of one that still runs", meetingRepeats},
}

func sameNewCustomer(t *testing.T, f Factory) {
	r := newRace(t, f)
	for n := range rounds / 3 {
		var views [crowd]card.View
		for i := range views {
			views[i] = r.NewBatchCard(r.Batch, fmt.Sprintf("NEW-%d-%d", n, i))
		}
		person := issuance.NewHolder{FirstName: "Ana", Email: fmt.Sprintf("Ana%d@example.com", n), Phone: fmt.Sprintf("+5255000000%02d", n)}
		results := together(crowd, func(i int) error {
			fresh := person
			_, err := r.bind(i, views[i], func(c *issuance.ActivateForCustomer) { c.New = &fresh })
			if e := fault.Of(err); e != nil {
				if taken, isTaken := e.Detail.([]customer.Field); !isTaken || len(taken) != 2 {
					return fmt.Errorf("refused with the detail %v: %w", e.Detail, err)
				}
			}
			return err
		})
		r.wants(t, results, map[string]int{"ok": 1, customer.Exists.Name(): crowd - 1})
		bound := 0
		for _, v := range views {
			if now := r.View(v.Card.ID); !now.Card.Customer.IsZero() || now.Plastic.EverActivated() {
				bound++
			}
		}
		r.Read(func(ctx context.Context, tx issuance.ReadTx) error {
			made, err := tx.Customers(ctx, r.Program.ID, issuance.CustomerFilter{EmailKey: customer.EmailKey(person.Email)}, all)
			if len(made) != 1 || bound != 1 {
				t.Errorf("%d customers were made and %d cards bound, want 1 and 1", len(made), bound)
			}
			return err
		})
	}
	r.announced(t, map[event.Name]int{event.CustomerCreated: rounds / 3, event.CardActivated: rounds / 3})
}

func sameKey(t *testing.T, f Factory) {
	r := newRace(t, f)
	for n := range rounds {
		v := r.NewBatchCard(r.Batch, fmt.Sprint("KEYED-", n))
		key := &issuance.Key{
			Door: "debit", Value: fmt.Sprint("key-", n), Fingerprint: []byte("the request"),
			Record: func(result any, _ error) (issuance.Answer, bool) {
				made, _ := result.(issuance.Activation)
				return issuance.Answer{Status: 200, Body: []byte(made.Customer.ID.String()), Secret: true}, true
			},
		}
		var bodies [crowd]string
		results := together(crowd, func(i int) error {
			for {
				made, err := r.bind(i, v, func(c *issuance.ActivateForCustomer) {
					c.Key, c.New = key, &issuance.NewHolder{FirstName: "Ana"}
				})
				bodies[i] = made.Customer.ID.String()
				var replay *issuance.Replayed
				if errors.As(err, &replay) {
					bodies[i] = string(replay.Answer.Body)
				}
				if !errors.Is(err, issuance.KeyInProgress) {
					return err
				}
				runtime.Gosched()
			}
		})
		r.wants(t, results, map[string]int{"ok": 1, "replayed": crowd - 1})
		holder := r.View(v.Card.ID).Card.Customer
		for i, body := range bodies {
			if body != holder.String() {
				t.Errorf("caller %d was answered %q, and the holder is %s", i, body, holder)
			}
		}
		r.activated(t, v.Card.ID, 1)
	}
	r.announced(t, map[event.Name]int{event.CustomerCreated: rounds, event.CardActivated: rounds})
}

// race is a world with the real rules on two handles, and somebody who listens.
type race struct {
	*World
	rules [2]*issuance.Service
}

func newRace(t *testing.T, f Factory) race {
	t.Helper()
	w := NewWorld(t, f.Open(t))
	w.NewEndpoint(event.CardsDoor)
	return race{World: w, rules: [2]*issuance.Service{w.Service(w.Store), w.Service(f.Again(t, w.Store))}}
}

func (r race) activate(i int, id ident.CardID, code card.Code) error {
	return r.rules[i%2].Activate(r.t.Context(), issuance.ActivateCard{Command: issuance.Command{Caller: r.Caller()}, Card: id, Code: code})
}

func (r race) bind(i int, v card.View, change func(*issuance.ActivateForCustomer)) (issuance.Activation, error) {
	cmd := issuance.ActivateForCustomer{
		Command: issuance.Command{Caller: r.Caller()}, Identifier: v.Plastic.Identifier, Reference: string(r.Batch.Reference),
	}
	change(&cmd)
	return r.rules[i%2].ActivateForCustomer(r.t.Context(), cmd)
}

func (r race) wants(t *testing.T, results []error, want map[string]int) {
	t.Helper()
	same(t, "the outcomes", want, tally(results))
}

// activated wants the card to be activated that often, by its plastic and by its audit trail.
func (r race) activated(t *testing.T, id ident.CardID, times int) {
	t.Helper()
	p := r.View(id).Plastic
	if (times == 1) != (p.State == card.Activated && p.EverActivated() && p.Guard.State == card.Consumed) {
		t.Errorf("the plastic is %s and its guard %s, activated %d times", p.State, p.Guard.State, times)
	}
	r.counts(t, r.Program.ID, audit.Row{Card: id, Action: "card.activate", Outcome: audit.OK}, time.Time{}.AddDate(1969, 0, 0), times)
}

// announced wants exactly these messages of the cards door; the native ones need no taking.
func (r race) announced(t *testing.T, want map[event.Name]int) {
	t.Helper()
	total := 0
	for _, n := range want {
		total += n
	}
	if got := r.fanOut(r.Store); got != total {
		t.Errorf("%d messages were written, want %d in the words of the one door with endpoints", got, total)
	}
	got := map[event.Name]int{}
	for _, d := range r.claim(r.Store, "reader", 10_000, 10_000) {
		got[event.Name(d.Message.Type)]++
	}
	same(t, "the messages", want, got)
}
