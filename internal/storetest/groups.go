package storetest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
)

var groupRules = []contract{
	{"an error of one decision is handed through and rolls back that activation only", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		other := f.Again(t, w.Store)
		cards, keys := w.shipped()
		results := together(crowd, func(i int) error {
			err := w.Store.Issuance().Activate(t.Context(), keys[i], func(st issuance.ActivationState) (issuance.ActivationChanges, error) {
				p := st.Candidates[0].View.Plastic
				p.Guard.Tries = 3
				if i%2 == 1 {
					return issuance.ActivationChanges{Guards: []card.Plastic{p}}, errOfTheBody
				}
				return issuance.ActivationChanges{Guards: []card.Plastic{p}}, nil
			})
			if err != nil {
				return err
			}
			return other.Issuance().Read(t.Context(), func(tx issuance.ReadTx) error { // it is committed when it returns
				v, err := found(tx.CardView(t.Context(), w.Program.ID, cards[i].ID))
				if err == nil && v.Plastic.Guard.Tries != 3 {
					err = fmt.Errorf("activation %d has returned, and its changes are not there", i)
				}
				return err
			})
		})
		for i, err := range results {
			switch tries := w.View(cards[i].ID).Plastic.Guard.Tries; {
			case i%2 == 0 && err != nil:
				t.Errorf("activation %d: %v", i, err)
			case i%2 == 1 && !errors.Is(err, errOfTheBody):
				t.Errorf("activation %d: %v, want the error of its decision", i, err)
			case i%2 == 1 && tries != 0:
				t.Errorf("activation %d failed and counted %d tries", i, tries)
			}
		}
	}},
	{"a panic of one decision harms no other, and the store goes on", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		cards, keys := w.shipped()
		results := together(crowd, func(i int) (err error) {
			err = errOfTheBody
			survives(func() {
				err = w.Store.Issuance().Activate(t.Context(), keys[i], func(st issuance.ActivationState) (issuance.ActivationChanges, error) {
					if i%8 == 0 {
						panic("a decision")
					}
					p := st.Candidates[0].View.Plastic
					p.Guard.Tries = 3
					return issuance.ActivationChanges{Guards: []card.Plastic{p}}, nil
				})
			})
			return err
		})
		for i, err := range results {
			if tries := w.View(cards[i].ID).Plastic.Guard.Tries; (i%8 == 0) != (err != nil) || (i%8 == 0) != (tries == 0) {
				t.Errorf("activation %d: %v, tries %d", i, err, tries)
			}
		}
	}},
	{"writes and activations that fail leave nothing, also when they meet others that commit", failuresAmongOthers},
	{"what a failed write changed is seen by no other that meets it", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		results := together(crowd*increments, func(i int) error {
			switch i % 3 {
			case 0: // changes the programme, looks at it, and fails
				err := w.Store.Access().Write(t.Context(), func(tx access.Tx) error {
					p := w.Program
					p.Suspended = true
					if err := tx.UpdateProgram(t.Context(), p, nil); err != nil {
						return err
					}
					if _, err := found(tx.Program(t.Context(), p.ID)); err != nil {
						return err
					}
					return errOfTheBody
				})
				if errors.Is(err, errOfTheBody) {
					return nil
				}
				return fmt.Errorf("a write that fails gave %w", err)
			case 1:
				return w.Store.Issuance().Write(t.Context(), func(tx issuance.Tx) error { return sound(tx.Program(t.Context(), w.Program.ID)) })
			default:
				return w.Store.Issuance().Activate(t.Context(), w.byCard(), func(st issuance.ActivationState) (issuance.ActivationChanges, error) {
					return issuance.ActivationChanges{}, sound(st.Program, true, nil)
				})
			}
		})
		for _, err := range results {
			must(t, err)
		}
	}},
	{"an activation whose changes are stale is decided again", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		for what, put := range map[string]func(*issuance.ActivationChanges, *card.View){
			"guard":   func(ch *issuance.ActivationChanges, v *card.View) { ch.Guards = []card.Plastic{v.Plastic} },
			"plastic": func(ch *issuance.ActivationChanges, v *card.View) { ch.Plastic = &v.Plastic },
			"card":    func(ch *issuance.ActivationChanges, v *card.View) { ch.Card = &v.Card },
		} {
			runs, first, second := 0, w.trace(), w.trace()
			must(t, w.Store.Issuance().Activate(t.Context(), w.byCard(), func(st issuance.ActivationState) (issuance.ActivationChanges, error) {
				ch, v := issuance.ActivationChanges{Audit: []audit.Row{second}}, st.Candidates[0].View
				if runs++; runs == 1 {
					v.Card.Version--
					v.Plastic.Version--
					ch.Audit[0] = first
				}
				put(&ch, &v)
				return ch, nil
			}))
			if runs != 2 {
				t.Errorf("a stale %s: decided %d times, want 2", what, runs)
			}
			auditRows.readsNothing(t, w, w.Program.ID, first, "of the stale decision")
			auditRows.readsBack(t, w, second, "of the decision that was written")
		}
	}},
	{"activations that meet in one transaction see each other's changes", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		for _, err := range together(crowd, func(int) error {
			return w.Store.Issuance().Activate(t.Context(), w.byCard(), func(st issuance.ActivationState) (issuance.ActivationChanges, error) {
				p := st.Candidates[0].View.Plastic
				p.Guard.LifetimeWrong++
				return issuance.ActivationChanges{Guards: []card.Plastic{p}, Misses: []issuance.Miss{{ID: w.IDs.UUID(), Program: w.Program.ID, At: w.Now()}}}, nil
			})
		}) {
			must(t, err)
		}
		st := w.stateOf(t, w.byCard())
		if got := st.Candidates[0].View.Plastic.Guard.LifetimeWrong; got != crowd || st.Misses != crowd {
			t.Errorf("%d tries and %d misses were counted, want %d", got, st.Misses, crowd)
		}
	}},
}

// sound wants a programme that nobody suspended.
func sound(p program.Program, there bool, err error) error {
	if p, err = found(p, there, err); err == nil && p.Suspended {
		err = errors.New("a change that was rolled back is seen")
	}
	return err
}

func failuresAmongOthers(t *testing.T, f Factory) {
	w := NewWorld(t, f.Open(t))
	cards, keys := w.shipped()
	rows := make([]audit.Row, crowd)
	for i := range rows {
		rows[i] = w.trace()
	}
	write := func(i int) error { // the row comes first, the failure after it
		return w.Store.Issuance().Write(t.Context(), func(tx issuance.Tx) error {
			if err := tx.InsertAudit(t.Context(), rows[i]); err != nil || i%4 == 0 {
				return err
			}
			return errOfTheBody
		})
	}
	activate := func(i int) error {
		return w.Store.Issuance().Activate(t.Context(), keys[i], func(st issuance.ActivationState) (issuance.ActivationChanges, error) {
			p := st.Candidates[0].View.Plastic
			p.Guard.Tries = 3
			ch := issuance.ActivationChanges{Guards: []card.Plastic{p}, Audit: []audit.Row{rows[i]}}
			if i%4 == 3 {
				taken := customer.Customer{ID: ident.CustomerID{UUID: w.IDs.UUID()}, Program: w.Program.ID, Number: w.Customer.Number, Kind: customer.Person, CreatedAt: w.Now(), UpdatedAt: w.Now()}
				ch.Customer = &taken
			}
			return ch, nil
		})
	}
	results := together(crowd, func(i int) error {
		if i%2 == 0 {
			return write(i)
		}
		return activate(i)
	})
	for i, want := range []error{nil, nil, errOfTheBody, issuance.ErrNumberTaken} {
		for ; i < crowd; i += 4 {
			if !errors.Is(results[i], want) {
				t.Errorf("%d: %v, want %v", i, results[i], want)
			}
			if tries := w.View(cards[i].ID).Plastic.Guard.Tries; (tries == 3) != (i%4 == 1) {
				t.Errorf("%d: %d tries were counted", i, tries)
			}
			if want == nil {
				auditRows.readsBack(t, w, rows[i], "of what was committed")
			} else {
				auditRows.readsNothing(t, w, w.Program.ID, rows[i], "of what failed")
			}
		}
	}
}

// shipped adds a crowd of shipped cards of the world's customer, with the keys that name them.
func (w *World) shipped() ([]card.Card, []issuance.ActivationKey) {
	cards, keys := make([]card.Card, crowd), make([]issuance.ActivationKey, crowd)
	for i := range crowd {
		v, _ := w.NewShippedCard(w.Customer, w.Account)
		cards[i], keys[i] = v.Card, w.byCard()
		keys[i].Card = v.Card.ID
	}
	return cards, keys
}
