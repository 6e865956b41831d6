package wallet

import (
	"time"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ledger"
)

// side is one account of a transfer.
type side struct {
	account account.Account
	at      ledger.Position
}

// decideTransfer says whether own money may go from one wallet to another. sent is what went this month, and
// limit what may go; 0 is no limit.
func decideTransfer(from, to side, cents, sent, limit int64) error {
	switch {
	case from.account.ID == to.account.ID, from.account.Currency != to.account.Currency:
		return fault.RefuseWith(Invalid, WrongTarget)
	case from.account.Status != account.Active:
		return fault.RefuseWith(account.NotActive, from.account.Status)
	case to.account.Status != account.Active:
		return fault.RefuseWith(account.NotActive, to.account.Status)
	case limit > 0 && sent+cents > limit:
		return fault.Refuse(MonthlyLimit)
	case from.at.Sums.Spendable < cents:
		return fault.RefuseWith(Insufficient, ShortOfMoney)
	}
	return nil
}

// decideTopUp says whether money may come into a balance: a wallet, or a child, of the customer who is named.
func decideTopUp(a account.Account, owned bool) error {
	switch {
	case !owned, a.Kind == account.CompositeParent:
		return fault.RefuseWith(Invalid, WrongBalance)
	case a.Status != account.Active:
		return fault.RefuseWith(account.NotActive, a.Status)
	}
	return nil
}

// decideLine says by how much a child's line changes so that it is as wanted. What the child gets its parent must
// have, and what was spent of a line stays in it.
func decideLine(parent, child ledger.Sums, want int64) (more int64, no error) {
	more = want - child.Line
	switch {
	case more < 0 && child.Available()+more < 0:
		return 0, fault.RefuseWith(Invalid, BelowDebt)
	case more > 0 && parent.Available() < more:
		return 0, fault.RefuseWith(Insufficient, ShortOfLine)
	}
	return more, nil
}

// Cycle is where a day lies between two billing days.
type Cycle struct {
	Billed time.Time // the last billing day, which may be this one; what was collected before it was billed
	Due    time.Time // when that is due
	Next   time.Time // the next billing day
}

// CycleOf finds the cycle of an instant: billing on that day of each month, due so many days later. Days begin at
// midnight where the instant's zone is.
func CycleOf(at time.Time, day, dueDays int) Cycle {
	year, month, today := at.Date()
	if today < day {
		month--
	}
	billed := time.Date(year, month, day, 0, 0, 0, 0, at.Location())
	return Cycle{Billed: billed, Due: billed.AddDate(0, 0, dueDays), Next: billed.AddDate(0, 1, 0)}
}
