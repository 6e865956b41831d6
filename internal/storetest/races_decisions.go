package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/issuance"
)

// decisionRaces are about decisions that no version guards: each is made from rows that it does not change.
var decisionRaces = []contract{
	{"writers that count rows and add one stop at the limit together", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		handles := []Store{w.Store, f.Again(t, w.Store)}
		const most = 20
		like := audit.Row{Card: w.Card.Card.ID, Action: "a.b", Outcome: audit.OK}
		for _, err := range together(crowd, func(i int) error {
			return handles[i%2].Issuance().Write(t.Context(), func(tx issuance.Tx) error {
				n, err := tx.CountAudit(t.Context(), w.Program.ID, like.Card, like.Action, like.Outcome, time.Time{}.AddDate(1969, 0, 0))
				if err != nil || n >= most {
					return err
				}
				row := w.trace()
				row.Card = like.Card
				return tx.InsertAudit(t.Context(), row)
			})
		}) {
			must(t, err)
		}
		w.counts(t, w.Program.ID, like, time.Time{}.AddDate(1969, 0, 0), most)
	}},
	{"activations of different cards that count the programme's wrong tries stop at the limit together", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		handles := []Store{w.Store, f.Again(t, w.Store)}
		const most = 20
		_, keys := w.shipped()
		for _, err := range together(crowd, func(i int) error {
			return handles[i%2].Issuance().Activate(t.Context(), keys[i], func(st issuance.ActivationState) (issuance.ActivationChanges, error) {
				if st.Misses >= most {
					return issuance.ActivationChanges{}, nil
				}
				return issuance.ActivationChanges{Misses: []issuance.Miss{{ID: w.IDs.UUID(), Program: w.Program.ID, At: w.Now()}}}, nil
			})
		}) {
			must(t, err)
		}
		if got := w.stateOf(t, w.byCard()).Misses; got != most {
			t.Errorf("%d wrong tries are counted, want %d", got, most)
		}
	}},
	{"activations that bind different cards to one customer stop at the limit together, however they name the customer", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		handles := []Store{w.Store, f.Again(t, w.Store)}
		const most = 20
		views := make([]card.View, crowd)
		for i := range views {
			views[i] = w.NewBatchCard(w.Batch, fmt.Sprint("LIMIT-", i))
		}
		for _, err := range together(crowd, func(i int) error {
			key := w.byLabel(views[i].Plastic.Identifier)
			if i/2%2 == 0 {
				key.Holder = w.Customer.ID
			} else {
				key.Number = w.Customer.Number
			}
			return handles[i%2].Issuance().Activate(t.Context(), key, func(st issuance.ActivationState) (issuance.ActivationChanges, error) {
				if st.CardsHeld >= most {
					return issuance.ActivationChanges{}, nil
				}
				bound := st.Candidates[0].View.Card
				bound.Customer = w.Customer.ID
				return issuance.ActivationChanges{Card: &bound}, nil
			})
		}) {
			must(t, err)
		}
		w.holds(t, most)
	}},
	{"a customer who has no card and is deleted gets none at the same time", deletedOrBound},
}

// holds wants the world's customer to hold so many cards.
func (w *World) holds(t *testing.T, want int) {
	t.Helper()
	w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
		got, err := tx.CardsHeld(ctx, w.Program.ID, w.Customer.ID)
		if got != want {
			t.Errorf("the customer holds %d cards, want %d", got, want)
		}
		return err
	})
}

func deletedOrBound(t *testing.T, f Factory) {
	w := NewWorld(t, f.Open(t))
	handles := []Store{w.Store, f.Again(t, w.Store)}
	for n := range rounds {
		person := w.NewCustomer()
		v := w.NewBatchCard(w.Batch, fmt.Sprint("LATE-", n))
		deleted, bound := false, false
		for _, err := range together(2, func(i int) error {
			if i == 0 {
				return handles[n%2].Issuance().Write(t.Context(), func(tx issuance.Tx) error {
					deleted = false
					held, err := tx.CardsHeld(t.Context(), w.Program.ID, person.ID)
					if err != nil || held > 0 {
						return err
					}
					gone := person
					gone.DeletedAt = w.Now()
					deleted = true
					return tx.UpdateCustomer(t.Context(), gone, nil, nil)
				})
			}
			key := w.byLabel(v.Plastic.Identifier)
			key.Holder = person.ID
			return handles[n/2%2].Issuance().Activate(t.Context(), key, func(st issuance.ActivationState) (issuance.ActivationChanges, error) {
				bound = st.Holder != nil
				if !bound {
					return issuance.ActivationChanges{}, nil
				}
				c := st.Candidates[0].View.Card
				c.Customer = person.ID
				return issuance.ActivationChanges{Card: &c}, nil
			})
		}) {
			must(t, err)
		}
		if deleted == bound {
			t.Errorf("round %d: deleted %v, bound %v", n, deleted, bound)
		}
	}
}
