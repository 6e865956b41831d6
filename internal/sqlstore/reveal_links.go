package sqlstore

import (
	"context"

	"github.com/firsttap/firsttap/internal/card"
)

const revealLinkColumns = `r.token_hash, r.program_id, r.card_id, r.stylesheet, r.copy_button, r.created_at, r.expires_at, r.used_at, r.version`

const (
	selectRevealLink = `SELECT ` + revealLinkColumns + ` FROM reveal_links r WHERE r.token_hash = $1`
	insertRevealLink = `INSERT INTO reveal_links (token_hash, program_id, card_id, stylesheet, copy_button, created_at, expires_at, used_at, version)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`
	updateRevealLink = `UPDATE reveal_links SET used_at = $3, version = $2 + 1 WHERE token_hash = $1 AND version = $2`
)

func (t tx) RevealLink(_ context.Context, hash []byte) (card.RevealLink, bool, error) {
	var l card.RevealLink
	found, err := one(t, selectRevealLink, []any{hash}, &l.Hash, &l.Program.UUID, &l.Card.UUID, &l.Stylesheet, &l.CopyButton,
		&l.CreatedAt, &l.ExpiresAt, &l.UsedAt, &l.Version)
	return l, found, err
}

func (t tx) InsertRevealLink(_ context.Context, l card.RevealLink) error {
	_, err := t.exec(insertRevealLink, l.Hash, l.Program.UUID, l.Card.UUID, l.Stylesheet, l.CopyButton, l.CreatedAt, l.ExpiresAt, l.UsedAt, l.Version)
	return err
}

func (t tx) UpdateRevealLink(_ context.Context, l card.RevealLink) error {
	return update(t, updateRevealLink, l.Hash, l.Version, l.UsedAt)
}
