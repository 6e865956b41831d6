package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/ledger"
	"github.com/firsttap/firsttap/internal/wallet"
)

var ledgerRules = []contract{
	{"movements are listed for the customer who owned the account, told ones only, in either order, by page, by time and by number", movementsAreListed},
	{"a movement belongs to whom the account belonged when the money moved", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		w.moves(ledger.Deposited, ledger.Deposit(5))
		heir := w.NewCustomer()
		passed := w.Account
		passed.Owner = heir.ID
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.UpdateAccount(ctx, passed) })
		w.moves(ledger.Deposited, ledger.Deposit(7))
		w.lists(t, issuance.MovementFilter{Customer: w.Customer.ID}, 1, 5)
		w.lists(t, issuance.MovementFilter{Customer: heir.ID}, 1, 7)
	}},
	{"a number or a name that is taken makes the transaction run again", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		first := w.journal(ledger.ToppedUp, w.position(w.Account.ID).Move(ledger.Deposit(5)))
		first.External = "same"
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.Post(ctx, first) })
		for name, taken := range map[string]func(j *ledger.Journal){
			"number": func(j *ledger.Journal) { j.Number = first.Number },
			"name":   func(j *ledger.Journal) { j.External = first.External },
		} {
			runs := 0
			j := w.journal(ledger.ToppedUp, w.position(w.Account.ID).Move(ledger.Deposit(7)))
			w.Write(func(ctx context.Context, tx issuance.Tx) error {
				if runs++; runs > 1 {
					return nil
				}
				again := j
				taken(&again)
				return tx.Post(ctx, again)
			})
			if at := w.position(w.Account.ID); runs < 2 || at.Sums.Spendable != 5 {
				t.Errorf("a taken %s: %d runs, the account stands at %+v", name, runs, at)
			}
		}
	}},
	{"another programme may use the same name and number", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		other := w.NewAccount(w.Customer, func(a *account.Account) { a.Program = w.Foreign.ID })
		ours := w.journal(ledger.ToppedUp, w.position(w.Account.ID).Move(ledger.Deposit(5)))
		ours.External = "same"
		theirs := w.journal(ledger.ToppedUp, w.position(other.ID).Move(ledger.Deposit(5)))
		theirs.Program, theirs.External, theirs.Number = w.Foreign.ID, ours.External, ours.Number
		w.Write(func(ctx context.Context, tx issuance.Tx) error {
			must(t, tx.Post(ctx, ours))
			return tx.Post(ctx, theirs)
		})
		journals.readsBack(t, w, ours, "beside another programme's")
	}},
	{"what transfers sent away is summed from an instant on", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		other := w.NewAccount(w.NewCustomer())
		w.moves(ledger.Deposited, ledger.Deposit(1000))
		var times []time.Time
		for _, cents := range []int64{10, 20, 40} {
			from, to := ledger.Pay(cents)
			j := w.journal(ledger.Transferred, w.position(w.Account.ID).Move(from), w.position(other.ID).Move(to))
			times = append(times, j.At)
			w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.Post(ctx, j) })
		}
		w.moves(ledger.Cleared, ledger.Collect(0, 500))
		w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
			for since, want := range map[time.Time]int64{times[0]: 70, times[1]: 60, times[2]: 40, times[2].Add(time.Microsecond): 0} {
				got, err := tx.PaidSince(ctx, w.Customer.ID, since)
				must(t, err)
				if got != want {
					t.Errorf("since %s: %d, want %d", since, got, want)
				}
			}
			got, err := tx.PaidSince(ctx, other.Owner, times[0])
			if got != 0 {
				t.Errorf("who got it sent %d", got)
			}
			return err
		})
	}},
	{"what is owed is that of an account and its children, before an instant and not paid since", owedIsSummed},
	{"a child has no more than is left of its parent's line, however its siblings passed theirs", childHasWhatIsLeft},
}

// moves posts a movement of the world's account.
func (w *World) moves(kind ledger.Kind, c ledger.Change) ledger.Journal {
	w.t.Helper()
	j := w.journal(kind, w.position(w.Account.ID).Move(c))
	w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.Post(ctx, j) })
	return j
}

// lists wants the filter to choose so many movements, and a page of ten to show these amounts.
func (w *World) lists(t *testing.T, f issuance.MovementFilter, count int, cents ...int64) []issuance.Movement {
	t.Helper()
	var list []issuance.Movement
	w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
		n, err := tx.CountMovements(ctx, w.Program.ID, f)
		must(t, err)
		list, err = tx.Movements(ctx, w.Program.ID, f, 10, 0)
		if n != count || len(list) != len(cents) {
			t.Fatalf("%+v: counted %d, listed %d, want %d and %d", f, n, len(list), count, len(cents))
		}
		return err
	})
	for i, m := range list {
		if m.Cents != cents[i] || m.Account != w.Account.Number {
			t.Errorf("movement %d: %d in %d, want %d", i, m.Cents, m.Account, cents[i])
		}
	}
	return list
}

func movementsAreListed(t *testing.T, f Factory) {
	w := NewWorld(t, f.Open(t))
	w.moves(ledger.Opened, ledger.Deposit(1000))
	w.moves(ledger.Lined, ledger.Grant(500))
	in := w.moves(ledger.Deposited, ledger.Deposit(100))
	w.moves(ledger.Authorized, ledger.Hold(60))
	cleared := w.moves(ledger.Cleared, ledger.Collect(60, 55))
	back := w.moves(ledger.Refunded, ledger.GiveBack(5))
	who := issuance.MovementFilter{Customer: w.Customer.ID}
	all := w.lists(t, who, 3, 5, -55, 100)
	for i, want := range []ledger.Journal{back, cleared, in} {
		want.Entries = nil
		same(t, "a movement in the list", want, all[i].Journal)
	}
	oldest, since, until, one, nobody := who, who, who, who, who
	oldest.Oldest = true
	w.lists(t, oldest, 3, 100, -55, 5)
	since.From = cleared.At
	w.lists(t, since, 2, 5, -55)
	until.To = cleared.At
	w.lists(t, until, 1, 100)
	one.Number = cleared.Number
	w.lists(t, one, 1, -55)
	one.Number = w.number()
	w.lists(t, one, 0)
	nobody.Customer = ident.CustomerID{UUID: w.IDs.UUID()}
	w.lists(t, nobody, 0)
	w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
		page, err := tx.Movements(ctx, w.Program.ID, who, 1, 1)
		must(t, err)
		if len(page) != 1 || page[0].Cents != -55 {
			t.Errorf("the second of them: %+v", page)
		}
		foreign, err := tx.Movements(ctx, w.Foreign.ID, who, 10, 0)
		must(t, err)
		n, err := tx.CountMovements(ctx, w.Foreign.ID, who)
		if n != 0 || len(foreign) != 0 {
			t.Errorf("another programme sees %d, counts %d", len(foreign), n)
		}
		return err
	})
}

func owedIsSummed(t *testing.T, f Factory) {
	w := NewWorld(t, f.Open(t))
	parent := w.NewAccount(w.Customer, func(a *account.Account) { a.Kind, a.Reference = account.CompositeParent, w.IDs.Reference() })
	w.Account = w.NewAccount(w.Customer, func(a *account.Account) { a.Kind, a.Parent = account.CompositeChild, parent.ID })
	second := w.NewAccount(w.Customer, func(a *account.Account) { a.Kind, a.Parent = account.CompositeChild, parent.ID })
	owes := func(before time.Time, billed, debt int64) {
		t.Helper()
		w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
			got, err := tx.Owed(ctx, parent.ID, before)
			if want := (issuance.Owing{Debt: debt, Billed: billed}); got != want {
				t.Errorf("owed before %s: %+v, want %+v", before, got, want)
			}
			return err
		})
	}
	owes(w.next(), 0, 0)
	w.moves(ledger.Authorized, ledger.Hold(100))
	owes(w.next(), 0, 100) // it is held, and not owed
	w.moves(ledger.Cleared, ledger.Collect(100, 100))
	billed := w.next()
	owes(billed, 100, 100)
	w.moves(ledger.Cleared, ledger.Collect(0, 50))
	owes(billed, 100, 150)
	owes(w.next(), 150, 150)
	j := w.journal(ledger.Cleared, w.position(second.ID).Move(ledger.Collect(0, 30)))
	w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.Post(ctx, j) })
	owes(billed, 100, 180)
	owes(w.next(), 180, 180)
	w.moves(ledger.ToppedUp, ledger.Deposit(90))
	owes(billed, 60, 90)
	w.moves(ledger.ToppedUp, ledger.Deposit(90))
	owes(billed, 0, 30)
}

func childHasWhatIsLeft(t *testing.T, f Factory) {
	b := newBank(t, f)
	has := func(what string, of account.Account, want int64) {
		t.Helper()
		got, err := b.services[0].Balance(t.Context(), b.Program.ID, of.ID)
		must(t, err)
		if got.Available != want {
			t.Errorf("%s: %d, want %d", what, got.Available, want)
		}
	}
	one, two := b.children[0], b.children[1]
	for child, cents := range map[int64]int64{one.Number: 600, two.Number: 300} {
		_, err := b.wallets[0].SetLine(t.Context(), wallet.SetLine{Command: b.command(), Child: child, Cents: cents})
		must(t, err)
	}
	spends := func(of account.Account, c ledger.Change) {
		t.Helper()
		j := b.journal(ledger.Cleared, b.position(of.ID).Move(c))
		b.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.Post(ctx, j) })
	}
	has("its line", two, 300)
	spends(one, ledger.Collect(0, 600))
	has("a sibling spent its own", two, 300)
	spends(one, ledger.Collect(0, 100))
	has("a sibling spent what nobody has", two, 300)
	spends(one, ledger.Collect(0, 50))
	has("a sibling spent of this one's", two, 250)
	has("the sibling", one, -150)
	spends(two, ledger.Deposit(70))
	has("own money beside it", two, 320)
	spends(one, ledger.Collect(0, 1000))
	has("nothing is left but own money", two, 70)
}
