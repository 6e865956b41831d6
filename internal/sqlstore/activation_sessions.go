package sqlstore

import (
	"context"

	"github.com/firsttap/firsttap/internal/card"
)

const (
	sessionColumns = `s.token_hash, s.cookie_hash, s.program_id, s.card_id, s.return_url, s.language, s.pin, s.created_at, s.expires_at, s.opened_at, s.version, s.customer_id`

	selectSession   = `SELECT ` + sessionColumns + ` FROM activation_sessions s WHERE s.token_hash = $1`
	selectSessionOf = `SELECT ` + sessionColumns + ` FROM activation_sessions s WHERE s.cookie_hash = $1`
	insertSession   = `INSERT INTO activation_sessions (token_hash, cookie_hash, program_id, card_id, return_url, language, pin, created_at, expires_at, opened_at, version, customer_id)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`
	updateSession = `UPDATE activation_sessions SET cookie_hash = $3, opened_at = $4, version = $2 + 1 WHERE token_hash = $1 AND version = $2`
)

func (t tx) ActivationSession(_ context.Context, hash []byte) (card.ActivationSession, bool, error) {
	return t.activationSession(selectSession, hash)
}

func (t tx) ActivationSessionOf(_ context.Context, cookie []byte) (card.ActivationSession, bool, error) {
	return t.activationSession(selectSessionOf, cookie)
}

func (t tx) activationSession(sql string, hash []byte) (card.ActivationSession, bool, error) {
	var s card.ActivationSession
	found, err := one(t, sql, []any{hash}, &s.Hash, &s.CookieHash, &s.Program.UUID, &s.Card.UUID, &s.ReturnURL, (*string)(&s.Language), (*string)(&s.PIN),
		&s.CreatedAt, &s.ExpiresAt, &s.OpenedAt, &s.Version, &s.Customer.UUID)
	return s, found, err
}

func (t tx) InsertActivationSession(_ context.Context, s card.ActivationSession) error {
	_, err := t.exec(insertSession, s.Hash, s.CookieHash, s.Program.UUID, s.Card.UUID, s.ReturnURL, string(s.Language), string(s.PIN),
		s.CreatedAt, s.ExpiresAt, s.OpenedAt, s.Version, s.Customer.UUID)
	return err
}

func (t tx) UpdateActivationSession(_ context.Context, s card.ActivationSession) error {
	return update(t, updateSession, s.Hash, s.Version, s.CookieHash, s.OpenedAt)
}
