package sqlstore

import (
	"context"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

const accountColumns = `a.id, a.program_id, a.number, a.reference, a.kind, a.owner_kind, a.owner_id, a.parent_id, a.status,
	a.currency, a.created_at, a.updated_at, a.version`

const (
	selectAccount            = `SELECT ` + accountColumns + ` FROM accounts a WHERE a.id = $2 AND a.program_id = $1`
	selectAccountByNumber    = `SELECT ` + accountColumns + ` FROM accounts a WHERE a.program_id = $1 AND a.number = $2`
	selectAccountByReference = `SELECT ` + accountColumns + ` FROM accounts a WHERE a.program_id = $1 AND a.reference = $2 AND a.reference <> ''`
	listAccounts             = `SELECT ` + accountColumns + ` FROM accounts a WHERE a.program_id = $1`
	insertAccount            = `INSERT INTO accounts (id, program_id, number, reference, kind, owner_kind, owner_id, parent_id, status, currency,
	created_at, updated_at, version)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
	ON CONFLICT DO NOTHING`
	updateAccount = `UPDATE accounts SET owner_kind = $3, owner_id = $4, parent_id = $5, status = $6, currency = $7,
	updated_at = $8, version = $2 + 1
	WHERE id = $1 AND version = $2`
)

func accountDest(a *account.Account) []any {
	return []any{
		&a.ID.UUID, &a.Program.UUID, &a.Number, (*string)(&a.Reference), (*string)(&a.Kind), (*string)(&a.OwnerKind),
		&a.Owner.UUID, &a.Parent.UUID, (*string)(&a.Status), &a.Currency, &a.CreatedAt,
		&a.UpdatedAt, &a.Version,
	}
}

func accountArgs(a account.Account) []any {
	return []any{
		a.ID.UUID, a.Program.UUID, a.Number, string(a.Reference), string(a.Kind), string(a.OwnerKind),
		a.Owner.UUID, a.Parent.UUID, string(a.Status), a.Currency, a.CreatedAt,
		a.UpdatedAt, a.Version,
	}
}

func scanAccount(r row, a *account.Account) error { return r.scan(accountDest(a)...) }

func (t tx) Account(_ context.Context, p ident.ProgramID, id ident.AccountID) (account.Account, bool, error) {
	var a account.Account
	found, err := one(t, selectAccount, []any{p.UUID, id.UUID}, accountDest(&a)...)
	return a, found, err
}

func (t tx) AccountByNumber(_ context.Context, p ident.ProgramID, number int64) (account.Account, bool, error) {
	var a account.Account
	found, err := one(t, selectAccountByNumber, []any{p.UUID, number}, accountDest(&a)...)
	return a, found, err
}

func (t tx) AccountByReference(_ context.Context, p ident.ProgramID, ref ident.Reference) (account.Account, bool, error) {
	var a account.Account
	found, err := one(t, selectAccountByReference, []any{p.UUID, string(ref)}, accountDest(&a)...)
	return a, found, err
}

func (t tx) Accounts(_ context.Context, p ident.ProgramID, f issuance.AccountFilter, page issuance.Page) ([]account.Account, error) {
	l := newListing(listAccounts, p.UUID)
	if !f.Owner.IsZero() {
		l.and("a.owner_id = ", f.Owner.UUID)
	}
	sql, args := l.paged("a", page)
	return all(t, sql, args, scanAccount)
}

func (t tx) InsertAccount(_ context.Context, a account.Account) error {
	var b batch
	b.write(insertAccount, accountArgs(a), free(issuance.ErrNumberTaken))
	return t.run(b)
}

func (t tx) UpdateAccount(_ context.Context, a account.Account) error {
	return update(t, updateAccount, a.ID.UUID, a.Version, string(a.OwnerKind), a.Owner.UUID, a.Parent.UUID,
		string(a.Status), a.Currency, a.UpdatedAt)
}
