package storetest

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
)

// counter makes a guarded thing count: load reads the number and gives a save, which writes another number
// under the version that was read.
type counter struct {
	name string
	load func(ctx context.Context, tx issuance.Tx, w *World) (n int, save func(ctx context.Context, tx issuance.Tx, n int) error, err error)
}

var counters = []counter{
	{"customer", func(ctx context.Context, tx issuance.Tx, w *World) (int, func(context.Context, issuance.Tx, int) error, error) {
		c, err := found(tx.Customer(ctx, w.Program.ID, w.Customer.ID))
		return digits(c.TermsVersion), func(ctx context.Context, tx issuance.Tx, n int) error {
			c.TermsVersion = strconv.Itoa(n)
			return tx.UpdateCustomer(ctx, c, nil, nil)
		}, err
	}},
	{"account", func(ctx context.Context, tx issuance.Tx, w *World) (int, func(context.Context, issuance.Tx, int) error, error) {
		a, err := found(tx.Account(ctx, w.Program.ID, w.Account.ID))
		return digits(a.Currency), func(ctx context.Context, tx issuance.Tx, n int) error {
			a.Currency = strconv.Itoa(n)
			return tx.UpdateAccount(ctx, a)
		}, err
	}},
	{"card", func(ctx context.Context, tx issuance.Tx, w *World) (int, func(context.Context, issuance.Tx, int) error, error) {
		v, err := found(tx.CardView(ctx, w.Program.ID, w.BatchCard.Card.ID))
		return digits(v.Card.HolderName), func(ctx context.Context, tx issuance.Tx, n int) error {
			v.Card.HolderName = strconv.Itoa(n)
			return tx.UpdateCard(ctx, v.Card)
		}, err
	}},
	{"plastic", func(ctx context.Context, tx issuance.Tx, w *World) (int, func(context.Context, issuance.Tx, int) error, error) {
		v, err := found(tx.CardView(ctx, w.Program.ID, w.Card.Card.ID))
		return v.Plastic.Guard.LifetimeWrong, func(ctx context.Context, tx issuance.Tx, n int) error {
			v.Plastic.Guard.LifetimeWrong = n
			return tx.UpdatePlastic(ctx, v.Plastic)
		}, err
	}},
	{"shipment", func(ctx context.Context, tx issuance.Tx, w *World) (int, func(context.Context, issuance.Tx, int) error, error) {
		s, err := found(tx.Shipment(ctx, w.Program.ID, w.Shipment.ID))
		return digits(s.TrackingNumber), func(ctx context.Context, tx issuance.Tx, n int) error {
			s.TrackingNumber = strconv.Itoa(n)
			return tx.UpdateShipment(ctx, s)
		}, err
	}},
	{"batch", func(ctx context.Context, tx issuance.Tx, w *World) (int, func(context.Context, issuance.Tx, int) error, error) {
		b, err := found(tx.BatchByID(ctx, w.Program.ID, w.Batch.ID))
		return b.Failed, func(ctx context.Context, tx issuance.Tx, n int) error {
			b.Failed = n
			return tx.UpdateBatch(ctx, b)
		}, err
	}},
	{"design", func(ctx context.Context, tx issuance.Tx, w *World) (int, func(context.Context, issuance.Tx, int) error, error) {
		d, err := found(tx.DefaultDesign(ctx, w.Program.ID))
		return digits(d.Name), func(ctx context.Context, tx issuance.Tx, n int) error {
			d.Name = strconv.Itoa(n)
			return tx.UpdateDesign(ctx, d)
		}, err
	}},
	{"endpoint", func(ctx context.Context, tx issuance.Tx, w *World) (int, func(context.Context, issuance.Tx, int) error, error) {
		list, err := tx.Endpoints(ctx, w.Program.ID, event.CardsDoor)
		if err != nil {
			return 0, nil, err
		}
		return digits(list[0].Name), func(ctx context.Context, tx issuance.Tx, n int) error {
			list[0].Name = strconv.Itoa(n)
			return tx.UpdateEndpoint(ctx, list[0])
		}, nil
	}},
}

// digits reads a number from a text field; any other text is 0.
func digits(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}

const increments = 4 // by each of the crowd

var guardRaces = func() []contract {
	out := []contract{
		{"as many increments of a programme as there are writers", func(t *testing.T, f Factory) {
			w := NewWorld(t, f.Open(t))
			countsTogether(t, f, w, func(s Store) error {
				return s.Access().Write(t.Context(), func(tx access.Tx) error {
					p, err := found(tx.Program(t.Context(), w.Program.ID))
					if err != nil {
						return err
					}
					p.Clock = p.Clock.Advance(time.Second)
					return tx.UpdateProgram(t.Context(), p, nil)
				})
			})
			if got := w.program(w.Program.ID); got.Clock != (program.Clock{Offset: crowd * increments * time.Second}) || got.Version != w.Program.Version+crowd*increments {
				t.Errorf("counted %v in %d versions", got.Clock.Offset, got.Version-w.Program.Version)
			}
		}},
	}
	for _, c := range counters {
		out = append(out, contract{"as many increments of one " + c.name + " as there are writers", func(t *testing.T, f Factory) {
			w := NewWorld(t, f.Open(t))
			w.NewEndpoint(event.CardsDoor)
			var before int
			w.Write(func(ctx context.Context, tx issuance.Tx) (err error) {
				before, _, err = c.load(ctx, tx, w)
				return err
			})
			countsTogether(t, f, w, func(s Store) error {
				return s.Issuance().Write(t.Context(), func(tx issuance.Tx) error {
					n, save, err := c.load(t.Context(), tx, w)
					if err != nil {
						return err
					}
					return save(t.Context(), tx, n+1)
				})
			})
			w.Write(func(ctx context.Context, tx issuance.Tx) error {
				after, _, err := c.load(ctx, tx, w)
				if after-before != crowd*increments {
					t.Errorf("counted %d, want %d", after-before, crowd*increments)
				}
				return err
			})
		}})
	}
	return out
}()

// countsTogether lets a crowd on two handles count, each several times.
func countsTogether(t *testing.T, f Factory, w *World, count func(s Store) error) {
	t.Helper()
	handles := []Store{w.Store, f.Again(t, w.Store)}
	for _, err := range together(crowd, func(i int) error {
		for range increments {
			if err := count(handles[i%2]); err != nil {
				return err
			}
		}
		return nil
	}) {
		must(t, err)
	}
}
