package sqlstore

import (
	"context"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/ident"
)

const (
	insertBlockChange = `INSERT INTO block_changes (card_id, at, id, actor, channel, was, became, note) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`
	selectBlocks      = `SELECT h.card_id, h.at, h.id, h.actor, h.channel, h.was, h.became, h.note FROM block_changes h
	WHERE h.card_id = $1 ORDER BY h.at DESC, h.id DESC LIMIT $2`
)

func (t tx) InsertBlockChange(_ context.Context, c card.BlockChange) error {
	return t.later(batch{{sql: insertBlockChange, args: []any{c.Card.UUID, c.At, c.ID, c.Actor, c.Channel, string(c.Was), string(c.Is), c.Note}}})
}

func (t tx) BlockHistory(_ context.Context, id ident.CardID, limit int) ([]card.BlockChange, error) {
	return all(t, selectBlocks, []any{id.UUID, limit}, func(r row, c *card.BlockChange) error {
		return r.scan(&c.Card.UUID, &c.At, &c.ID, &c.Actor, &c.Channel, (*string)(&c.Was), (*string)(&c.Is), &c.Note)
	})
}
