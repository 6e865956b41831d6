package sqlstore

import (
	"context"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/redact"
)

const (
	selectCredentialWith = `SELECT ` + credentialColumns + ` FROM credentials k WHERE k.hash = $2 AND k.program_id = $1`
	selectLiving         = `SELECT ` + credentialColumns + ` FROM credentials k
	WHERE k.program_id = $1 AND k.customer_id = $2 AND k.customer_id IS NOT NULL AND k.status <> 'revoked' ORDER BY k.created_at, k.id`
	selectDeviceToken = `SELECT ` + credentialColumns + ` FROM credentials k
	WHERE k.parent_id = $1 AND k.device = $2 AND k.parent_id IS NOT NULL ORDER BY k.created_at DESC, k.id DESC LIMIT 1`
	changeCredential = `UPDATE credentials SET status = $3, expires_at = $4, revoked_at = $5, tries = $6, allowlist = $7 WHERE id = $1 AND status = $2`
	dropDeviceTokens = `DELETE FROM credentials WHERE parent_id = $1 AND device = $2 AND parent_id IS NOT NULL`

	selectCustomerLogin = `SELECT program_id, customer_id, password_hash, wrong, wrong_since, version FROM customer_logins
	WHERE program_id = $1 AND customer_id = $2`
	insertCustomerLogin = `INSERT INTO customer_logins (program_id, customer_id, version, password_hash, wrong, wrong_since) VALUES ($1, $2, $3, $4, $5, $6)
	ON CONFLICT (program_id, customer_id) DO NOTHING`
	updateCustomerLogin = `UPDATE customer_logins SET password_hash = $4, wrong = $5, wrong_since = $6, version = $3 + 1
	WHERE program_id = $1 AND customer_id = $2 AND version = $3`
)

func (t tx) CredentialWith(_ context.Context, p ident.ProgramID, hash []byte) (access.Credential, bool, error) {
	var c access.Credential
	found, err := one(t, selectCredentialWith, []any{p.UUID, hash}, credentialDest(&c)...)
	return c, found, err
}

func (t tx) CustomerCredentials(_ context.Context, p ident.ProgramID, id ident.CustomerID) ([]access.Credential, error) {
	return all(t, selectLiving, []any{p.UUID, id.UUID}, scanCredential)
}

func (t tx) DeviceToken(_ context.Context, refresh ident.CredentialID, device string) (access.Credential, bool, error) {
	var c access.Credential
	found, err := one(t, selectDeviceToken, []any{refresh.UUID, device}, credentialDest(&c)...)
	return c, found, err
}

func (t tx) ChangeCredential(_ context.Context, c access.Credential, from access.Status) error {
	return update(t, changeCredential, c.ID.UUID, string(from), string(c.Status), c.ExpiresAt, c.RevokedAt, c.Tries, fromPrefixes(c.Allowlist))
}

func (t tx) DropDeviceTokens(_ context.Context, refresh ident.CredentialID, device string) error {
	_, err := t.exec(dropDeviceTokens, refresh.UUID, device)
	return err
}

func (t tx) CustomerLogin(_ context.Context, p ident.ProgramID, id ident.CustomerID) (customer.Login, bool, error) {
	var l customer.Login
	found, err := one(t, selectCustomerLogin, []any{p.UUID, id.UUID},
		&l.Program.UUID, &l.Customer.UUID, asSecret(&l.Password), &l.Wrong, &l.WrongSince, &l.Version)
	return l, found, err
}

func (t tx) SaveCustomerLogin(_ context.Context, l customer.Login) error {
	sql := updateCustomerLogin
	if l.Version == 0 {
		sql, l.Version = insertCustomerLogin, 1
	}
	return update(t, sql, l.Program.UUID, l.Customer.UUID, l.Version, l.Password.Reveal(), l.Wrong, l.WrongSince)
}

// asSecret reads a text column into a wrapped text; the empty text is none.
func asSecret(to *redact.Text) text {
	return func(s string) error {
		*to = redact.NewText(s)
		return nil
	}
}
