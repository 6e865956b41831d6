package wallet

import (
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
// have left of its line, and what was spent of a line stays in it.
func decideLine(parent, child ledger.Sums, want int64) (more int64, no error) {
	more = want - child.Line
	switch {
	case more < 0 && child.Left()+more < 0:
		return 0, fault.RefuseWith(Invalid, BelowDebt)
	case more > 0 && parent.Left() < more:
		return 0, fault.RefuseWith(Insufficient, ShortOfLine)
	}
	return more, nil
}
