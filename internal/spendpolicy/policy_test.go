package spendpolicy_test

import (
	"testing"

	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/spendpolicy"
	"github.com/firsttap/firsttap/internal/transaction"
)

func TestChosen(t *testing.T) {
	t.Parallel()
	policy := func(name string, disabled bool, channels ...transaction.Channel) spendpolicy.Policy {
		return spendpolicy.Policy{ID: ident.PolicyID{UUID: ident.UUID{1}}, Type: spendpolicy.ChannelRestriction, Name: name, Disabled: disabled, Channels: channels}
	}
	for want, list := range map[string][]spendpolicy.Policy{
		"":       {policy("other", false, transaction.POS), policy("off", true, transaction.ATM), {Channels: []transaction.Channel{transaction.ATM}}},
		"first":  {policy("first", false, transaction.POS, transaction.ATM), policy("second", false, transaction.ATM)},
		"second": {policy("first", true, transaction.ATM), policy("second", false, transaction.ATM)},
	} {
		got, found := spendpolicy.Chosen(list, transaction.ATM)
		if got.Name != want || found != (want != "") {
			t.Errorf("%q is chosen, want %q", got.Name, want)
		}
	}
}
