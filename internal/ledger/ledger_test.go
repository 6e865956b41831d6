package ledger_test

import (
	"testing"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/ledger"
)

var (
	ana = ident.AccountID{UUID: ident.UUID{1}}
	ben = ident.AccountID{UUID: ident.UUID{2}}
)

func TestMoves_BalanceAndShow(t *testing.T) {
	t.Parallel()
	a := account.Account{ID: ana, Currency: "USD", Kind: account.Wallet}
	p := ledger.Position{Account: ana, Sums: ledger.Sums{Spendable: 1000, Funding: -1000}}
	for _, c := range []struct {
		name                                string
		change                              ledger.Change
		assets, pending, cleared, available int64
	}{
		{"a hold", ledger.Hold(300), 1000, 300, 0, 700},
		{"part is given back", ledger.Release(50), 1000, 250, 0, 750},
		{"a clearing of more than was held", ledger.Collect(250, 400), 1000, 0, 400, 600},
		{"a clearing without a hold", ledger.Collect(0, 100), 1000, 0, 500, 500},
		{"a refund", ledger.GiveBack(200), 1000, 0, 300, 700},
		{"a deposit", ledger.Deposit(1000), 2000, 0, 300, 1700},
		{"a clearing beyond all money", ledger.Collect(0, 2000), 2000, 0, 2300, -300},
	} {
		e := p.Move(c.change)
		j := ledger.Journal{Entries: []ledger.Entry{e}}
		if !j.Balanced() || e.Seq != p.Seq+1 || e.Account != ana {
			t.Errorf("%s: %+v", c.name, e)
		}
		p = ledger.Position{Account: ana, Seq: e.Seq, Sums: e.After}
		want := ledger.Balance{Currency: "USD", Assets: c.assets, Pending: c.pending, Cleared: c.cleared, Available: c.available}
		if got := ledger.BalanceOf(a, p, p.Sums.Available()); got != want || got.Assets-got.Pending-got.Cleared != got.Available {
			t.Errorf("%s: %+v, want %+v", c.name, got, want)
		}
	}
}

func TestAvailableWithin(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name              string
		own, line         int64
		left, want, alone int64
	}{
		{"all is there", -100, 500, 5000, 400, 400},
		{"just enough", -100, 500, 400, 400, 400},
		{"others spent some", -100, 500, 300, 300, 400},
		{"others spent all", -100, 500, 0, 0, 400},
		{"others spent more than all", -100, 500, -50, 0, 400},
		{"own money is nobody else's", 70, 500, 300, 370, 570},
		{"own money is left", 70, 500, -50, 70, 570},
		{"beyond the line", -600, 500, 300, -100, -100},
		{"beyond the line, and nothing left", -600, 500, -100, -100, -100},
		{"no line", 70, 0, -50, 70, 70},
	} {
		s := ledger.Sums{Spendable: c.own, Line: c.line}
		if got := s.AvailableWithin(c.left); got != c.want || s.Available() != c.alone {
			t.Errorf("%s: %d of %d, want %d of %d", c.name, got, s.Available(), c.want, c.alone)
		}
	}
}

func TestLines_AreLentAndPaidFor(t *testing.T) {
	t.Parallel()
	parent, child := ledger.Position{Account: ana}, ledger.Position{Account: ben}
	step := func(name string, fromParent, toChild ledger.Change, line, childLine, available, debt int64) {
		t.Helper()
		j := ledger.Journal{Entries: []ledger.Entry{parent.Move(fromParent), child.Move(toChild)}}
		if !j.Balanced() {
			t.Errorf("%s is not balanced", name)
		}
		parent.Seq, parent.Sums, child.Seq, child.Sums = j.Entries[0].Seq, j.Entries[0].After, j.Entries[1].Seq, j.Entries[1].After
		if s := child.Sums; parent.Sums.Line != line || s.Line != childLine || s.Available() != available || s.Debt() != debt {
			t.Errorf("%s: parent %+v, child %+v", name, parent.Sums, s)
		}
		if sum := parent.Sums.Total() + child.Sums.Total(); sum != 0 {
			t.Errorf("%s: everything adds up to %d", name, sum)
		}
	}
	step("a line is granted", ledger.Grant(1000), ledger.Change{}, 1000, 0, 0, 0)
	less, more := ledger.Lend(600)
	step("a part is lent", less, more, 400, 600, 600, 0)
	step("some is held", ledger.Change{}, ledger.Hold(250), 400, 600, 350, 250)
	step("it is collected", ledger.Change{}, ledger.Collect(250, 250), 400, 600, 350, 250)
	back, lower := ledger.Lend(-100)
	step("a part goes back", back, lower, 500, 500, 250, 250)
	step("money comes in", ledger.Change{}, ledger.Deposit(300), 500, 500, 550, 0)
	get, give := ledger.Pay(-50)
	step("own money is sent on", get, give, 500, 500, 500, 0)
}

func TestOwnMoney_IsSpentBeforeTheLine(t *testing.T) {
	t.Parallel()
	begun := ledger.Position{}.Move(ledger.Change{Spendable: 1000, Funding: -1000, Line: 4000, Granted: -4000}).After
	for spent, want := range map[int64]struct{ available, debt int64 }{
		0: {5000, 0}, 500: {4500, 0}, 1000: {4000, 0}, 3500: {1500, 2500}, 5000: {0, 4000}, 5100: {-100, 4100},
	} {
		s := ledger.Position{Sums: begun}.Move(ledger.Collect(0, spent)).After
		if s.Available() != want.available || s.Debt() != want.debt || s.Line != 4000 || s.Whole() != 4000 {
			t.Errorf("%d spent: %+v", spent, s)
		}
	}
}

func TestKinds_ThatAreTold(t *testing.T) {
	t.Parallel()
	for kind, want := range map[ledger.Kind]bool{
		ledger.Opened: false, ledger.Lined: false, ledger.Authorized: false, ledger.Reversed: false, ledger.Cleared: true,
		ledger.Refunded: true, ledger.Deposited: true, ledger.ToppedUp: true, ledger.Transferred: true,
	} {
		if kind.Told() != want {
			t.Errorf("%s: %v", kind, !want)
		}
	}
}

func TestBalanced(t *testing.T) {
	t.Parallel()
	e := func(id ident.AccountID, spendable int64) ledger.Entry {
		return ledger.Position{Account: id}.Move(ledger.Change{Spendable: spendable})
	}
	for name, c := range map[string]struct {
		entries []ledger.Entry
		want    bool
	}{
		"nothing":        {nil, false},
		"money is made":  {[]ledger.Entry{e(ana, 5)}, false},
		"a transfer":     {[]ledger.Entry{e(ana, -5), e(ben, 5)}, true},
		"some is lost":   {[]ledger.Entry{e(ana, -5), e(ben, 4)}, false},
		"the same twice": {[]ledger.Entry{e(ana, -5), e(ana, 5)}, false},
		"of nobody":      {[]ledger.Entry{e(ident.AccountID{}, 0)}, false},
	} {
		if got := (ledger.Journal{Entries: c.entries}).Balanced(); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
