package ledger

import (
	"encoding/json"
	"time"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/ident"
)

// Kind is what moved the money.
type Kind string

// The kinds of movement.
const (
	Opened      Kind = "opened"      // what an account began with
	Lined       Kind = "lined"       // a credit line was granted, raised or lowered
	Authorized  Kind = "authorized"  // held for a card transaction
	Reversed    Kind = "reversed"    // a hold was given back
	Cleared     Kind = "cleared"     // collected by a merchant, with or without a hold
	Refunded    Kind = "refunded"    // given back by a merchant
	Deposited   Kind = "deposited"   // came in from outside
	ToppedUp    Kind = "topped_up"   // likewise, by the programme, under a name of its own
	Transferred Kind = "transferred" // from one customer to another
)

// Told reports whether people find the movement in their list: money came, or went. Such a journal has a
// public number.
func (k Kind) Told() bool {
	switch k {
	case Cleared, Refunded, Deposited, ToppedUp, Transferred:
		return true
	case Opened, Lined, Authorized, Reversed:
	}
	return false
}

// Sums are the books of an account, in cents of its currency.
type Sums struct {
	Spendable int64 // own money; less than zero is what was spent of the line
	Held      int64 // for authorisations that wait
	Network   int64 // collected by merchants less what they gave back
	Funding   int64 // where money comes from: less than zero by all that came in
	Line      int64 // the credit line; of a composite parent, what no child has
	Granted   int64 // where lines come from: less than zero by what the programme granted
}

// Change is what an entry does to the books of an account.
type Change = Sums

func (s Sums) plus(c Change) Sums {
	return Sums{
		s.Spendable + c.Spendable, s.Held + c.Held, s.Network + c.Network, s.Funding + c.Funding, s.Line + c.Line, s.Granted + c.Granted,
	}
}

// Total is zero for everything that was ever written, taken together.
func (s Sums) Total() int64 { return s.Spendable + s.Held + s.Network + s.Funding + s.Line + s.Granted }

// Available is what can still be spent: own money, and what is left of the line.
func (s Sums) Available() int64 { return s.Spendable + s.Line }

// AvailableWithin is Available where no more than left is left of the line that this one is a part of. Own money counts
// beside it.
func (s Sums) AvailableWithin(left int64) int64 {
	return s.Available() - max(0, s.Left()-max(0, left))
}

// Left is what is left of the line: of a composite parent, what no child has.
func (s Sums) Left() int64 { return s.Line - s.Debt() }

// Whole is the whole line that the programme granted, with what was lent of it.
func (s Sums) Whole() int64 { return -s.Granted }

// Debt is what was spent of the line, held money included.
func (s Sums) Debt() int64 { return max(0, -s.Spendable) }

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
	Deposit     string          `json:"deposit,omitempty"`
	Sender      string          `json:"sender,omitempty"`
	Reference   string          `json:"reference,omitempty"`
	Description json.RawMessage `json:"description,omitempty"` // an object, as it was sent
}

// Journal is one movement.
type Journal struct {
	ID          ident.JournalID
	Program     ident.ProgramID
	Kind        Kind
	Number      int64               // public; 0 when nobody is told of it
	External    string              // the caller's own name of it, unique in the programme for ever; "" when it has none
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
		seen[e.Account], sum = true, sum+e.Change.Total()
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

// BalanceOf gives the balance of an account at a position, of which so much can be spent. A credit line counts among
// what it has.
func BalanceOf(a account.Account, p Position, available int64) Balance {
	return Balance{
		Currency: a.Currency, Assets: p.Sums.Available() + p.Sums.Held + p.Sums.Network, Pending: p.Sums.Held, Cleared: p.Sums.Network,
		Available: available,
	}
}
