package ledger

import (
	"time"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/ident"
)

// Kind is what moved the money.
type Kind string

// The kinds of movement.
const (
	Authorized Kind = "authorized" // held for a card transaction
	Reversed   Kind = "reversed"   // a hold was given back
	Cleared    Kind = "cleared"    // collected by a merchant, with or without a hold
	Refunded   Kind = "refunded"   // given back by a merchant
	Deposited  Kind = "deposited"  // came in from outside
)

// Sums are the four books of an account, in cents of its currency.
type Sums struct {
	Spendable int64 // beyond what the account was opened with
	Held      int64 // for authorisations that wait
	Network   int64 // collected by merchants less what they gave back
	Funding   int64 // where money comes from: less than zero by all that came in
}

// Change is what an entry does to the books of an account.
type Change = Sums

func (s Sums) plus(c Change) Sums {
	return Sums{s.Spendable + c.Spendable, s.Held + c.Held, s.Network + c.Network, s.Funding + c.Funding}
}

func (s Sums) total() int64 { return s.Spendable + s.Held + s.Network + s.Funding }

// Position is where an account stands: its last entry. The zero Position of an account has none.
type Position struct {
	Account ident.AccountID
	Seq     int64 // of the last entry
	Sums    Sums
}

// Entry is the change of one account in a journal.
type Entry struct {
	Account ident.AccountID
	Seq     int64 // rises by one from entry to entry of the account
	Change  Change
	After   Sums
}

// Move gives the next entry of the account.
func (p Position) Move(c Change) Entry {
	return Entry{Account: p.Account, Seq: p.Seq + 1, Change: c, After: p.Sums.plus(c)}
}

// Memo is what people want to know of a movement. Empty members are not known.
type Memo struct {
	Deposit   string `json:"deposit,omitempty"`
	Sender    string `json:"sender,omitempty"`
	Reference string `json:"reference,omitempty"`
}

// Journal is one movement.
type Journal struct {
	ID          ident.JournalID
	Program     ident.ProgramID
	Kind        Kind
	Transaction ident.TransactionID // of a card; zero when none was used
	Memo        Memo
	At          time.Time // on the programme's clock
	Entries     []Entry   // one for each account
}

// Balanced reports whether the changes add up to zero, each account once.
func (j Journal) Balanced() bool {
	var sum int64
	seen := map[ident.AccountID]bool{}
	for _, e := range j.Entries {
		if seen[e.Account] || e.Account.IsZero() {
			return false
		}
		seen[e.Account], sum = true, sum+e.Change.total()
	}
	return sum == 0 && len(j.Entries) > 0
}

// Balance is what people see of an account.
type Balance struct {
	Currency  string
	Assets    int64 // all that the account has, held and collected money included
	Pending   int64 // of it held
	Cleared   int64 // of it collected
	Available int64 // what can be spent
}

// BalanceOf gives the balance of an account at a position. A child of a composite balance spends its own
// credit line.
func BalanceOf(a account.Account, p Position) Balance {
	available := a.OpeningCents + p.Sums.Spendable
	if a.Kind == account.CompositeChild {
		available += a.CreditCents
	}
	return Balance{
		Currency: a.Currency, Assets: available + p.Sums.Held + p.Sums.Network, Pending: p.Sums.Held, Cleared: p.Sums.Network,
		Available: available,
	}
}
