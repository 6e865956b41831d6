package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/ledger"
	"github.com/firsttap/firsttap/internal/spending"
	"github.com/firsttap/firsttap/internal/transaction"
	"github.com/firsttap/firsttap/internal/wallet"
)

var walletRaces = []contract{
	{"whatever is moved, held and lent at random, at once and through two instances, the book adds up to zero at every moment, and no balance passes its line", bookHolds},
	{"fifty raises at once, through two instances, never overdraw the parent", raisesStopTogether},
	{"top-ups of one name at once, through two instances, are one movement", toppedUpOnce},
	{"two customers who pay each other at once never stop each other for good", paidBothWays},
}

// bank is a till with people who have wallets, and a composite parent whose children are theirs.
type bank struct {
	till
	wallets  []*wallet.Service
	people   []customer.Customer
	own      []account.Account // a wallet for each
	parent   account.Account
	children []account.Account // likewise
	cards    []ident.CardID    // one for each wallet, then for each child

	mu      sync.Mutex
	pending []held
}

// held is an authorisation that nobody has settled yet.
type held struct {
	card  ident.CardID
	id    ident.TransactionID
	cents int64
}

const (
	bankPeople = 3
	bankLine   = 1000 // cents that the parent has
)

func newBank(t *testing.T, f Factory) *bank {
	t.Helper()
	b := &bank{till: newTill(t, f)}
	for _, rules := range b.rules {
		b.wallets = append(b.wallets, wallet.New(rules, b.IDs))
	}
	b.parent = b.NewAccount(b.Customer, func(a *account.Account) { a.Kind, a.Reference = account.CompositeParent, b.IDs.Reference() })
	granted := b.journal(ledger.Opened, b.position(b.parent.ID).Move(ledger.Grant(bankLine)))
	b.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.Post(ctx, granted) })
	for range bankPeople {
		who := b.NewCustomer()
		b.people = append(b.people, who)
		b.own = append(b.own, b.NewAccount(who))
		b.children = append(b.children, b.NewAccount(who, func(a *account.Account) { a.Kind, a.Parent = account.CompositeChild, b.parent.ID }))
	}
	for _, a := range append(append([]account.Account(nil), b.own...), b.children...) {
		v, _ := b.NewShippedCard(customer.Customer{ID: a.Owner}, a)
		b.cards = append(b.cards, v.Card.ID)
	}
	return b
}

// act is one thing that somebody does.
type act struct {
	Do, A, B int
	Cents    int64
}

// The things that are done.
const (
	doTransfer = iota
	doTopUp
	doLine
	doOpen
	doHold
	doSettle
	doRelease
	doKinds
)

var acts = rapid.Custom(func(t *rapid.T) act {
	return act{
		Do: rapid.IntRange(0, doKinds-1).Draw(t, "do"), A: rapid.IntRange(0, 2*bankPeople-1).Draw(t, "a"), B: rapid.IntRange(0, bankPeople-1).Draw(t, "b"),
		Cents: rapid.Int64Range(1, bankLine).Draw(t, "cents"),
	}
})

// do does it through one of the instances.
func (b *bank) do(ctx context.Context, through int, a act) error {
	cmd, money, cards := b.command(), b.wallets[through%2], b.services[through%2]
	var err error
	switch one := a.A % bankPeople; a.Do {
	case doTransfer:
		_, err = money.Transfer(ctx, wallet.Transfer{Command: cmd, Source: b.people[one].Number, Target: b.people[a.B].Number, Cents: a.Cents})
	case doTopUp:
		to := append(b.own, b.children...)[a.A]
		_, err = money.TopUp(ctx, wallet.TopUp{Command: cmd, External: fmt.Sprint(a), Balance: to.Number, Customer: b.people[one].Number, Cents: a.Cents})
	case doLine:
		_, err = money.SetLine(ctx, wallet.SetLine{Command: cmd, Child: b.children[one].Number, Cents: a.Cents - 1})
	case doOpen:
		_, err = money.OpenChild(ctx, wallet.OpenChild{Command: cmd, Parent: b.parent.Reference, Cents: a.Cents / 50, Customer: b.people[one].Number})
	case doHold:
		var x transaction.Transaction
		if x, err = cards.Authorize(ctx, spending.Authorize{Command: cmd, Card: b.cards[a.A], Ask: b.ask(a.Cents)}); err == nil {
			b.mu.Lock()
			b.pending = append(b.pending, held{b.cards[a.A], x.ID, a.Cents})
			b.mu.Unlock()
		}
	case doSettle, doRelease:
		h, ok := b.waiting()
		if !ok {
			return nil
		}
		settle := spending.Settle{Command: cmd, Card: h.card, Transaction: h.id, Ask: b.ask(h.cents)}
		if a.Do == doRelease {
			_, err = cards.Reverse(ctx, settle)
		} else {
			settle.Ask.Cents = min(h.cents, a.Cents) // never more than was held: nothing stops a merchant from that
			_, err = cards.Clear(ctx, settle)
		}
	}
	return err
}

// waiting takes an authorisation that waits.
func (b *bank) waiting() (held, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.pending) == 0 {
		return held{}, false
	}
	h := b.pending[0]
	b.pending = b.pending[1:]
	return h, true
}

// unexpected is what came of an act that is neither done nor a refusal for want of money.
func unexpected(err error) error {
	for _, known := range []fault.Reason{wallet.Insufficient, wallet.Invalid, wallet.Duplicate, transaction.BalanceTooSmall} {
		if errors.Is(err, known) {
			return nil
		}
	}
	return err
}

// wrong says what is wrong with the book in one look at all of it; "" when nothing is.
func (b *bank) wrong(ctx context.Context) (string, error) {
	var all, lines, granted int64
	problem := ""
	err := b.Store.Issuance().Read(ctx, func(tx issuance.ReadTx) error {
		all, lines, granted, problem = 0, 0, 0, ""
		list, err := tx.Accounts(ctx, b.Program.ID, issuance.AccountFilter{}, issuance.Page{Limit: 10_000})
		for _, a := range list {
			at, failed := tx.Position(ctx, a.ID)
			if failed != nil {
				return failed
			}
			s := at.Sums
			all, lines, granted = all+s.Total(), lines+s.Line, granted-s.Granted
			if s.Available() < 0 || s.Line < 0 || s.Held < 0 || (a.Kind == account.Wallet && s.Spendable < 0) {
				problem = fmt.Sprintf("%s %d passes its line: %+v", a.Kind, a.Number, s)
			}
		}
		return err
	})
	switch {
	case all != 0:
		problem = fmt.Sprintf("the books add up to %d", all)
	case lines != granted || granted != bankLine:
		problem = fmt.Sprintf("lines of %d, granted %d", lines, granted)
	}
	return problem, err
}

func bookHolds(t *testing.T, f Factory) {
	b := newBank(t, f)
	const callers = 4
	done := map[int]int{}
	rapid.Check(t, func(rt *rapid.T) {
		ctx := t.Context()
		plans := make([][]act, callers)
		for i := range plans {
			plans[i] = rapid.SliceOfN(acts, 1, 5).Draw(rt, fmt.Sprintf("caller %d", i))
		}
		finished := make(chan struct{})
		looked := make(chan error, 1)
		go func() { looked <- b.watch(ctx, finished) }()
		for _, err := range together(callers, func(i int) error {
			for _, a := range plans[i] {
				err := b.do(ctx, i, a)
				if wrong := unexpected(err); wrong != nil {
					return fmt.Errorf("%+v: %w", a, wrong)
				}
				if err == nil {
					b.mu.Lock()
					done[a.Do]++
					b.mu.Unlock()
				}
			}
			return nil
		}) {
			if err != nil {
				rt.Error(err)
			}
		}
		close(finished)
		if err := <-looked; err != nil {
			rt.Error(err)
		}
	})
	for kind := range doKinds {
		if done[kind] == 0 {
			t.Errorf("thing %d was never done: %v", kind, done)
		}
	}
}

// watch looks at the book again and again until all is done, and once more.
func (b *bank) watch(ctx context.Context, finished <-chan struct{}) error {
	for last := false; ; {
		problem, err := b.wrong(ctx)
		if err == nil && problem != "" {
			err = errors.New(problem)
		}
		if err != nil || last {
			return err
		}
		select {
		case <-finished:
			last = true
		default:
		}
	}
}

func raisesStopTogether(t *testing.T, f Factory) {
	b := newBank(t, f)
	const raises, cents = 50, 90
	children := make([]account.Account, raises)
	for i := range children {
		children[i] = b.NewAccount(b.Customer, func(a *account.Account) { a.Kind, a.Parent = account.CompositeChild, b.parent.ID })
	}
	results := tally(together(raises, func(i int) error {
		_, err := b.wallets[i%2].SetLine(t.Context(), wallet.SetLine{Command: b.command(), Child: children[i].Number, Cents: cents})
		return err
	}))
	if fit := bankLine / cents; results["ok"] != fit || results["insufficient_balance"] != raises-fit {
		t.Errorf("results %v, want %d raises", results, fit)
	}
	if left := b.position(b.parent.ID).Sums.Line; left != bankLine%cents {
		t.Errorf("%d is left of the line", left)
	}
}

func toppedUpOnce(t *testing.T, f Factory) {
	b := newBank(t, f)
	for n := range rounds {
		numbers := make([]int64, 8)
		results := tally(together(len(numbers), func(i int) error {
			got, err := b.wallets[i%2].TopUp(t.Context(), wallet.TopUp{
				Command: b.command(), External: fmt.Sprint("round ", n), Balance: b.own[0].Number, Customer: b.people[0].Number, Cents: 5,
			})
			numbers[i] = got.Number
			return err
		}))
		if results["ok"] != len(numbers) {
			t.Errorf("round %d: %v", n, results)
		}
		for _, number := range numbers {
			if number != numbers[0] {
				t.Errorf("round %d: two movements of one name: %v", n, numbers)
			}
		}
	}
	if have := b.position(b.own[0].ID).Sums.Spendable; have != rounds*5 {
		t.Errorf("%d came in, want %d", have, rounds*5)
	}
}

func paidBothWays(t *testing.T, f Factory) {
	b := newBank(t, f)
	for i := range 2 {
		_, err := b.wallets[0].TopUp(t.Context(), wallet.TopUp{
			Command: b.command(), External: fmt.Sprint("first ", i), Balance: b.own[i].Number, Customer: b.people[i].Number, Cents: 1000,
		})
		must(t, err)
	}
	results := tally(together(crowd, func(i int) error {
		_, err := b.wallets[i/2%2].Transfer(t.Context(), wallet.Transfer{
			Command: b.command(), Source: b.people[i%2].Number, Target: b.people[1-i%2].Number, Cents: 10,
		})
		return err
	}))
	if results["ok"] != crowd {
		t.Errorf("results %v", results)
	}
	for i := range 2 {
		if have := b.position(b.own[i].ID).Sums.Spendable; have != 1000 {
			t.Errorf("customer %d has %d", i, have)
		}
	}
}
