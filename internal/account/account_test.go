package account_test

import (
	"testing"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/ident"
)

func TestAccount_SpendableBy(t *testing.T) {
	t.Parallel()
	ana, ben, none := ident.CustomerID{UUID: ident.UUID{1}}, ident.CustomerID{UUID: ident.UUID{2}}, ident.CustomerID{}
	for _, c := range []struct {
		name   string
		a      account.Account
		who    ident.CustomerID
		parent ident.CustomerID
		want   bool
	}{
		{"own wallet", account.Account{Kind: account.Wallet, Owner: ana}, ana, none, true},
		{"another's wallet", account.Account{Kind: account.Wallet, Owner: ben}, ana, none, false},
		{"own parent", account.Account{Kind: account.CompositeParent, Owner: ana}, ana, none, false},
		{"own child", account.Account{Kind: account.CompositeChild, Owner: ana}, ana, ben, true},
		{"child of own parent", account.Account{Kind: account.CompositeChild, Owner: ben}, ana, ana, true},
		{"child of another's parent", account.Account{Kind: account.CompositeChild, Owner: ben}, ana, ben, false},
		{"wallet with a parent's owner", account.Account{Kind: account.Wallet, Owner: ben}, ana, ana, false},
		{"programme's own", account.Account{Kind: account.Wallet, OwnerKind: account.OwnerProgram}, none, none, false},
	} {
		if got := c.a.SpendableBy(c.who, c.parent); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
