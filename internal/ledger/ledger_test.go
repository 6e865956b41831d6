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
	a := account.Account{ID: ana, Currency: "USD", Kind: account.Wallet, OpeningCents: 1000}
	p := ledger.Position{Account: ana}
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
		if got := ledger.BalanceOf(a, p); got != want || got.Assets-got.Pending-got.Cleared != got.Available {
			t.Errorf("%s: %+v, want %+v", c.name, got, want)
		}
	}
	child := account.Account{Kind: account.CompositeChild, CreditCents: 500}
	if got := ledger.BalanceOf(child, ledger.Position{}).Available; got != 500 {
		t.Errorf("a child has %d", got)
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
