package sqlstore

import (
	"context"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/ident"
)

const (
	selectProfile = `SELECT data FROM customer_profiles WHERE program_id = $1 AND customer_id = $2`
	saveProfile   = `INSERT INTO customer_profiles (program_id, customer_id, data) VALUES ($1, $2, $3)
	ON CONFLICT (program_id, customer_id) DO UPDATE SET data = excluded.data`
	selectWalletOf = `SELECT ` + accountColumns + ` FROM accounts a
	WHERE a.program_id = $1 AND a.owner_id = $2 AND a.owner_id IS NOT NULL AND a.kind = 'wallet' ORDER BY a.created_at, a.id LIMIT 1`
)

func (t tx) Profile(_ context.Context, p ident.ProgramID, id ident.CustomerID) (customer.Profile, bool, error) {
	var out customer.Profile
	found, err := one(t, selectProfile, []any{p.UUID, id.UUID}, asJSON(&out))
	return out, found, err
}

func (t tx) SaveProfile(_ context.Context, p ident.ProgramID, id ident.CustomerID, v customer.Profile) error {
	return update(t, saveProfile, p.UUID, id.UUID, toJSON(v))
}

func (t tx) WalletOf(_ context.Context, p ident.ProgramID, owner ident.CustomerID) (account.Account, bool, error) {
	var a account.Account
	found, err := one(t, selectWalletOf, []any{p.UUID, owner.UUID}, accountDest(&a)...)
	return a, found, err
}
