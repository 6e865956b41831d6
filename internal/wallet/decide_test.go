package wallet

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/ledger"
)

// refused wants a refusal with a detail; the zero reason wants none.
func refused(t *testing.T, what string, err error, reason fault.Reason, detail any) {
	t.Helper()
	if reason == (fault.Reason{}) {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
		return
	}
	if !errors.Is(err, reason) || fault.Of(err).Detail != detail {
		t.Errorf("%s: %v with %v, want %v with %v", what, err, fault.Of(err), reason, detail)
	}
}

func TestDecideTransfer(t *testing.T) {
	t.Parallel()
	of := func(n byte, change ...func(*side)) side {
		s := side{account: account.Account{ID: ident.AccountID{UUID: ident.UUID{n}}, Status: account.Active, Currency: "MXN"}}
		s.at.Sums = ledger.Sums{Spendable: 1000, Line: 500, Funding: -1000, Granted: -500}
		for _, f := range change {
			f(&s)
		}
		return s
	}
	inactive := func(s *side) { s.account.Status = account.Inactive }
	closed := func(s *side) { s.account.Status = account.Closed }
	dollars := func(s *side) { s.account.Currency = "USD" }
	spent := func(s *side) { s.at.Sums.Spendable = -100 }
	var ok fault.Reason
	for _, c := range []struct {
		name               string
		from, to           side
		cents, sent, limit int64
		reason             fault.Reason
		detail             any
	}{
		{"all own money", of(1), of(2), 1000, 0, 0, ok, nil},
		{"a cent of the line", of(1), of(2), 1001, 0, 0, Insufficient, ShortOfMoney},
		{"no own money at all", of(1, spent), of(2), 1, 0, 0, Insufficient, ShortOfMoney},
		{"to itself", of(1), of(1), 1, 0, 0, Invalid, WrongTarget},
		{"into another currency", of(1), of(2, dollars), 1, 0, 0, Invalid, WrongTarget},
		{"out of an inactive wallet", of(1, inactive), of(2), 1, 0, 0, account.NotActive, account.Inactive},
		{"into a closed wallet", of(1), of(2, closed), 1, 0, 0, account.NotActive, account.Closed},
		{"just the month's limit", of(1), of(2), 100, 900, 1000, ok, nil},
		{"beyond the month's limit", of(1), of(2), 101, 900, 1000, MonthlyLimit, nil},
		{"the limit is told before the money", of(1, spent), of(2), 101, 900, 1000, MonthlyLimit, nil},
		{"the state is told before the limit", of(1, inactive), of(2), 101, 900, 1000, account.NotActive, account.Inactive},
	} {
		refused(t, c.name, decideTransfer(c.from, c.to, c.cents, c.sent, c.limit), c.reason, c.detail)
	}
}

func TestDecideTopUp(t *testing.T) {
	t.Parallel()
	var ok fault.Reason
	for _, c := range []struct {
		name   string
		kind   account.Kind
		status account.Status
		owned  bool
		reason fault.Reason
		detail any
	}{
		{"a wallet", account.Wallet, account.Active, true, ok, nil},
		{"a child", account.CompositeChild, account.Active, true, ok, nil},
		{"a parent", account.CompositeParent, account.Active, true, Invalid, WrongBalance},
		{"another's", account.Wallet, account.Active, false, Invalid, WrongBalance},
		{"another's, inactive", account.Wallet, account.Inactive, false, Invalid, WrongBalance},
		{"an inactive one", account.Wallet, account.Inactive, true, account.NotActive, account.Inactive},
		{"a closed one", account.CompositeChild, account.Closed, true, account.NotActive, account.Closed},
	} {
		refused(t, c.name, decideTopUp(account.Account{Kind: c.kind, Status: c.status}, c.owned), c.reason, c.detail)
	}
}

func TestDecideLine(t *testing.T) {
	t.Parallel()
	var ok fault.Reason
	for _, c := range []struct {
		name            string
		left, line, own int64 // of the parent; of the child
		want, more      int64
		reason          fault.Reason
		detail          any
	}{
		{"all that is left", 400, 600, 0, 1000, 400, ok, nil},
		{"a cent too much", 400, 600, 0, 1001, 0, Insufficient, ShortOfLine},
		{"the same", 0, 600, -600, 600, 0, ok, nil},
		{"the same, of a child beyond its line", -5, 600, -700, 600, 0, ok, nil},
		{"down to nothing", 400, 600, 0, 0, -600, ok, nil},
		{"down to the debt", 400, 600, -250, 250, -350, ok, nil},
		{"below the debt", 400, 600, -250, 249, 0, Invalid, BelowDebt},
		{"own money is no debt", 400, 600, 100, 0, -600, ok, nil},
		{"a child beyond its line may have more", 400, 600, -700, 700, 100, ok, nil},
		{"and not less", 400, 600, -700, 599, 0, Invalid, BelowDebt},
		{"the parent gave all away", 0, 600, 0, 601, 0, Insufficient, ShortOfLine},
	} {
		rich := int64(len(c.name)) // own money of the parent is no line
		more, err := decideLine(ledger.Sums{Line: c.left, Spendable: rich}, ledger.Sums{Line: c.line, Spendable: c.own}, c.want)
		refused(t, c.name, err, c.reason, c.detail)
		if more != c.more {
			t.Errorf("%s: %d more, want %d", c.name, more, c.more)
		}
	}
	_, err := decideLine(ledger.Sums{Line: 100, Spendable: -60}, ledger.Sums{}, 41)
	refused(t, "what the parent owes itself is not left", err, Insufficient, ShortOfLine)
}

// TestDecisions_KeepTheBook lets the decisions meet everything in every order: the sum over all entries is zero after
// every movement, no line is passed, and the children never have more than their parent was granted.
func TestDecisions_KeepTheBook(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		const accounts, granted = 4, 1000 // the parent, two children, a wallet
		var at [accounts]ledger.Position
		var entries ledger.Sums
		for i := range at {
			at[i].Account.UUID[0] = byte(i + 1)
		}
		post := func(moves map[int]ledger.Change) {
			var j ledger.Journal
			for i, c := range moves {
				e := at[i].Move(c)
				j.Entries = append(j.Entries, e)
				at[i].Seq, at[i].Sums = e.Seq, e.After
				entries.Spendable += c.Total()
			}
			if !j.Balanced() {
				t.Fatalf("not balanced: %+v", moves)
			}
		}
		post(map[int]ledger.Change{0: ledger.Grant(granted)})
		who, cents := rapid.IntRange(1, accounts-1), rapid.Int64Range(1, granted*2)
		sideOf := func(i int) side { return side{account.Account{ID: at[i].Account, Status: account.Active}, at[i]} }
		t.Repeat(map[string]func(*rapid.T){
			"line": func(t *rapid.T) {
				child := rapid.IntRange(1, 2).Draw(t, "child")
				if more, err := decideLine(at[0].Sums, at[child].Sums, cents.Draw(t, "cents")-1); err == nil && more != 0 {
					less, plus := ledger.Lend(more)
					post(map[int]ledger.Change{0: less, child: plus})
				}
			},
			"transfer": func(t *rapid.T) {
				from, to, n := who.Draw(t, "from"), who.Draw(t, "to"), cents.Draw(t, "cents")
				if decideTransfer(sideOf(from), sideOf(to), n, 0, 0) == nil {
					less, more := ledger.Pay(n)
					post(map[int]ledger.Change{from: less, to: more})
				}
			},
			"top up": func(t *rapid.T) {
				post(map[int]ledger.Change{who.Draw(t, "who"): ledger.Deposit(cents.Draw(t, "cents"))})
			},
			"hold": func(t *rapid.T) {
				i, n := who.Draw(t, "who"), cents.Draw(t, "cents")
				if n <= at[i].Sums.Available() {
					post(map[int]ledger.Change{i: ledger.Hold(n)})
				}
			},
			"settle": func(t *rapid.T) {
				i := who.Draw(t, "who")
				if h := at[i].Sums.Held; h > 0 {
					post(map[int]ledger.Change{i: ledger.Collect(h, rapid.Int64Range(0, h).Draw(t, "of it"))})
				}
			},
			"": func(t *rapid.T) {
				var lines int64
				for i, p := range at {
					lines += p.Sums.Line
					if p.Sums.Left() < 0 || p.Sums.Line < 0 {
						t.Fatalf("account %d passes its line: %+v", i, p.Sums)
					}
				}
				if entries.Total() != 0 || lines != granted {
					t.Fatalf("the entries add up to %d, the lines to %d", entries.Total(), lines)
				}
			},
		})
	})
}
