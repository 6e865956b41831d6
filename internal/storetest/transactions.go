package storetest

import (
	"context"
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

// crowd is how many goroutines race.
const crowd = 64

var transactionRules = []contract{
	{"an error of the body rolls everything back and comes out as it is", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		row, c := w.trace(), w.fullCustomer()
		err := w.Store.Issuance().Write(t.Context(), func(tx issuance.Tx) error {
			w.writeAll(t.Context(), t, tx, row, c)
			return errOfTheBody
		})
		if !errors.Is(err, errOfTheBody) {
			t.Errorf("the error is %v", err)
		}
		w.nothingLeft(t, row, c)
		err = w.Store.Access().Write(t.Context(), func(tx access.Tx) error {
			must(t, tx.InsertAudit(t.Context(), row))
			return errOfTheBody
		})
		if !errors.Is(err, errOfTheBody) {
			t.Errorf("the error of access is %v", err)
		}
		w.nothingLeft(t, row, c)
		err = w.Store.Issuance().Read(t.Context(), func(issuance.ReadTx) error { return errOfTheBody })
		if !errors.Is(err, errOfTheBody) {
			t.Errorf("the error of a read is %v", err)
		}
	}},
	{"a refusal is no error of the body: what it costs is committed", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		row := w.trace()
		var refusal error
		w.Write(func(ctx context.Context, tx issuance.Tx) error {
			refusal = card.CodeWrong
			return tx.InsertAudit(ctx, row)
		})
		auditRows.readsBack(t, w, row, "of the refusal "+refusal.Error())
	}},
	{"what the engine refuses is a fault, and rolls back", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		row, c := w.trace(), w.fullCustomer()
		isFault(t, "a second design with the id of the first", w.Store.Issuance().Write(t.Context(), func(tx issuance.Tx) error {
			w.writeAll(t.Context(), t, tx, row, c)
			return tx.InsertDesign(t.Context(), w.Design)
		}))
		w.nothingLeft(t, row, c)
	}},
	{"a transaction whose context has ended writes nothing", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		row := w.trace()
		ctx, cancel := context.WithCancel(t.Context())
		err := w.Store.Issuance().Write(ctx, func(tx issuance.Tx) error {
			cancel()
			return tx.InsertAudit(ctx, row)
		})
		if err == nil {
			auditRows.readsBack(t, w, row, "that was acknowledged") // the commit was faster than the end
		} else {
			auditRows.readsNothing(t, w, w.Program.ID, row, "after an error")
		}
		late := w.trace()
		if err := w.Store.Issuance().Write(ctx, func(tx issuance.Tx) error { return tx.InsertAudit(ctx, late) }); err == nil {
			t.Error("a transaction began after its context had ended")
		}
		auditRows.readsNothing(t, w, w.Program.ID, late, "of a transaction that never began")
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.InsertAudit(ctx, late) })
	}},
	{"a panic of the body rolls back, and the store goes on", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		row, c := w.trace(), w.fullCustomer()
		for range 20 { // more often than there are connections
			survives(func() {
				_ = w.Store.Issuance().Write(t.Context(), func(tx issuance.Tx) error {
					w.writeAll(t.Context(), t, tx, row, c)
					panic("the body")
				})
			})
			survives(func() { _ = w.Store.Issuance().Read(t.Context(), func(issuance.ReadTx) error { panic("the body") }) })
			survives(func() { _ = w.Store.Access().Write(t.Context(), func(access.Tx) error { panic("the body") }) })
		}
		w.nothingLeft(t, row, c)
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.InsertAudit(ctx, row) })
		auditRows.readsBack(t, w, row, "after the panics")
	}},
	{"an update of what changed meanwhile makes the transaction run again, and only the last run leaves effects", staleUpdates},
	{"an update of a programme that changed meanwhile makes the transaction run again, which sees nothing of the run before", staleProgram},
	{"a read sees every commit that was acknowledged before it, on every handle", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		handles := []Store{w.Store, f.Again(t, w.Store)}
		for _, err := range together(8, func(i int) error {
			for n := range 25 {
				row := w.trace()
				write, read := handles[(i+n)%2], handles[n/2%2]
				if err := write.Issuance().Write(t.Context(), func(tx issuance.Tx) error { return tx.InsertAudit(t.Context(), row) }); err != nil {
					return err
				}
				if err := read.Issuance().Read(t.Context(), func(tx issuance.ReadTx) error {
					_, err := found(auditRows.readers[0].read(t.Context(), tx, w.Program.ID, row))
					return err
				}); err != nil {
					return err
				}
			}
			return nil
		}) {
			must(t, err)
		}
	}},
	{"a read is one snapshot: it sees all of a commit or nothing, to its end", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		other := f.Again(t, w.Store)
		row, c := w.trace(), w.fullCustomer()
		w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
			before, err := found(tx.Customer(ctx, w.Program.ID, w.Customer.ID))
			must(t, err)
			for _, err := range together(1, func(int) error {
				return other.Issuance().Write(ctx, func(tx issuance.Tx) error {
					w.writeAll(ctx, t, tx, row, c)
					changed := w.Customer
					changed.FirstName = "Changed"
					return tx.UpdateCustomer(ctx, changed, nil, nil)
				})
			}) {
				must(t, err)
			}
			after, err := found(tx.Customer(ctx, w.Program.ID, w.Customer.ID))
			same(t, "the customer, read again", before, after)
			if _, there, err := tx.Customer(ctx, w.Program.ID, c.ID); there || err != nil {
				t.Errorf("a customer of a later commit is seen: %v, %v", there, err)
			}
			return err
		})
		customers.readsBack(t, w, c, "by the next read")
	}},
	{"a read of one thing gives it, and nothing after it", oneQuestion},
	{"a card and a record of a key come with the clock that their programme goes by", timed},
}

func oneQuestion(t *testing.T, f Factory) {
	w := NewWorld(t, f.Open(t))
	id, ctx := w.Card.Card.ID, t.Context()
	ask := func(ctx context.Context, body func(issuance.ReadTx) error) error {
		return w.Store.Issuance().ReadOnce(ctx, body)
	}
	for range 20 { // more often than there are connections
		must(t, ask(ctx, func(tx issuance.ReadTx) error {
			clock, v, ok, err := tx.TimedCard(ctx, w.Program.ID, id)
			if err == nil && !ok {
				t.Error("the card is not there")
			}
			same(t, "the card", w.Card, v)
			same(t, "its clock", w.Program.Goes(), clock)
			return err
		}))
		isFault(t, "a second question", ask(ctx, func(tx issuance.ReadTx) error {
			must(t, sound(tx.Program(ctx, w.Program.ID)))
			return sound(tx.Program(ctx, w.Program.ID))
		}))
		if err := ask(ctx, func(issuance.ReadTx) error { return errOfTheBody }); !errors.Is(err, errOfTheBody) {
			t.Errorf("the error of the body came out as %v", err)
		}
		survives(func() { _ = ask(ctx, func(issuance.ReadTx) error { panic("the body") }) })
		over, cancel := context.WithCancel(ctx)
		cancel()
		if ask(over, func(tx issuance.ReadTx) error { return sound(tx.Program(over, w.Program.ID)) }) == nil {
			t.Error("a question was answered after its context had ended")
		}
	}
	if _, there, err := w.owned(w.Foreign.ID, id); there || err != nil {
		t.Errorf("another programme sees the card: %v, %v", there, err)
	}
	p := w.Card.Plastic
	p.Guard.Tries = 2
	w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.UpdatePlastic(ctx, p) })
	v, _, err := w.owned(w.Program.ID, id)
	must(t, err)
	same(t, "the card after a commit", w.View(id), v)
}

// owned asks for a card as one question.
func (w *World) owned(p ident.ProgramID, id ident.CardID) (v card.View, ok bool, err error) {
	w.t.Helper()
	ctx := w.t.Context()
	must(w.t, w.Store.Issuance().ReadOnce(ctx, func(tx issuance.ReadTx) error {
		_, v, ok, err = tx.TimedCard(ctx, p, id)
		return nil
	}))
	return v, ok, err
}

func timed(t *testing.T, f Factory) {
	frozen := program.Clock{}.Freeze(clockAhead.Now(NewClock().Now()))
	for want, options := range map[program.Clock][]Option{
		clockAhead: {WithProgramClock(clockAhead)}, frozen: {WithProgramClock(frozen)}, {}: {WithLiveProgram(), WithProgramClock(clockAhead)},
	} {
		w := NewWorld(t, f.Open(t), options...)
		a := w.answer("k")
		answers.holds(t, w, a, nil)
		w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
			ofCard, _, _, err := tx.TimedCard(ctx, w.Program.ID, w.Card.Card.ID)
			must(t, err)
			ofAnswer, _, _, err := tx.TimedAnswer(ctx, w.Program.ID, a.Door, a.Key)
			same(t, "the clocks of a card and of a record", []program.Clock{want, want}, []program.Clock{ofCard, ofAnswer})
			return err
		})
	}
}

// goes wants a clock to be the one that the programme goes by, as it is read alone; nobody's goes by real time.
func goes(ctx context.Context, tx issuance.ReadTx, got program.Clock, id ident.ProgramID) error {
	p, _, err := tx.Program(ctx, id)
	if want := p.Goes(); err == nil && got != want {
		err = fmt.Errorf("the clock is %v, want %v", got, want)
	}
	return err
}

// trace is an audit row to look for, not written yet.
func (w *World) trace() audit.Row {
	return audit.Row{ID: w.IDs.UUID(), Program: w.Program.ID, At: w.next(), Actor: "key:a", Channel: "cards", Action: "a.b", Outcome: audit.OK}
}

// writeAll writes into several tables, claims included.
func (w *World) writeAll(ctx context.Context, t *testing.T, tx issuance.Tx, row audit.Row, c customer.Customer) {
	t.Helper()
	must(t, tx.InsertAudit(ctx, row))
	must(t, tx.InsertCustomer(ctx, c, anna))
	p := w.Card.Plastic
	p.Guard.Tries++
	must(t, tx.UpdatePlastic(ctx, p))
}

// nothingLeft wants nothing of writeAll to be there.
func (w *World) nothingLeft(t *testing.T, row audit.Row, c customer.Customer) {
	t.Helper()
	auditRows.readsNothing(t, w, w.Program.ID, row, "after the roll-back")
	customers.readsNothing(t, w, w.Program.ID, c, "after the roll-back")
	w.taken(t, anna)
	same(t, "the card", w.Card, w.View(w.Card.Card.ID))
}

// survives runs body and swallows its panic. Whether the store hands a panic on or makes it a fault is its
// own affair.
func survives(body func()) {
	defer func() { _ = recover() }()
	body()
}

func staleUpdates(t *testing.T, f Factory) {
	w := NewWorld(t, f.Open(t))
	w.NewEndpoint("cards")
	for _, c := range counters {
		var stale func(ctx context.Context, tx issuance.Tx, n int) error
		w.Write(func(ctx context.Context, tx issuance.Tx) (err error) {
			_, stale, err = c.load(ctx, tx, w)
			return err
		})
		w.Write(func(ctx context.Context, tx issuance.Tx) error {
			n, save, err := c.load(ctx, tx, w)
			must(t, err)
			return save(ctx, tx, n+40)
		})
		runs, last := 0, audit.Row{}
		var before []audit.Row
		w.Write(func(ctx context.Context, tx issuance.Tx) error {
			if runs++; last.Action != "" {
				before = append(before, last)
			}
			last = w.trace()
			must(t, tx.InsertAudit(ctx, last))
			if runs == 1 {
				return stale(ctx, tx, 1)
			}
			n, save, err := c.load(ctx, tx, w)
			must(t, err)
			return save(ctx, tx, n+2)
		})
		w.Write(func(ctx context.Context, tx issuance.Tx) error {
			if n, _, err := c.load(ctx, tx, w); n != 42 || runs != 2 || err != nil {
				t.Errorf("%s: counted %d in %d runs (%v), want 42 in 2", c.name, n, runs, err)
			}
			return nil
		})
		auditRows.readsBack(t, w, last, "of the last run")
		for _, row := range before {
			auditRows.readsNothing(t, w, w.Program.ID, row, "of a run that was repeated")
		}
	}
}

func staleProgram(t *testing.T, f Factory) {
	w := NewWorld(t, f.Open(t))
	stale, runs := w.Program, 0
	w.Admin(func(ctx context.Context, tx access.Tx) error {
		p := w.Program
		p.Name = "meanwhile"
		return tx.UpdateProgram(ctx, p, nil)
	})
	w.Admin(func(ctx context.Context, tx access.Tx) error {
		runs++
		p, err := found(tx.Program(ctx, stale.ID))
		if err != nil || p.Name != "meanwhile" || p.Clock != (program.Clock{}) {
			t.Errorf("run %d sees %q with clock %v: %v", runs, p.Name, p.Clock, err)
		}
		p.Clock = clockAhead
		must(t, tx.UpdateProgram(ctx, p, nil))
		if p, err = found(tx.Program(ctx, stale.ID)); err != nil || p.Clock != clockAhead {
			t.Errorf("run %d does not see its own change: %v, %v", runs, p.Clock, err)
		}
		if runs == 1 {
			return tx.UpdateProgram(ctx, stale, nil)
		}
		return nil
	})
	if got := w.program(w.Program.ID); runs != 2 || got.Name != "meanwhile" || got.Clock != clockAhead {
		t.Errorf("after %d runs the programme is %q with clock %v", runs, got.Name, got.Clock)
	}
}
