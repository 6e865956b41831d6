package issuance

import (
	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/approval"
	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/shipment"
	"github.com/firsttap/firsttap/internal/spendpolicy"
	"github.com/firsttap/firsttap/internal/transaction"
)

// Reasons is the closed list of everything that the rules may say no with. A test of each door walks it
// and fails when the door has no answer for one.
func Reasons() []fault.Reason {
	var all []fault.Reason
	for _, list := range [][]fault.Reason{
		fault.Reasons(), reasons(), card.Reasons(), customer.Reasons(), account.Reasons(), shipment.Reasons(), batch.Reasons(),
		transaction.Reasons(), spendpolicy.Reasons(), approval.Reasons(),
	} {
		all = append(all, list...)
	}
	return all
}
