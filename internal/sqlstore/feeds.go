package sqlstore

import (
	"context"

	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

const (
	// holdFeed makes the others who would give places wait, or try again.
	holdFeed       = `INSERT INTO feeds (program_id, last) VALUES ($1, 0) ON CONFLICT (program_id) DO UPDATE SET last = feeds.last`
	selectLast     = `SELECT f.last FROM feeds f WHERE f.program_id = $1`
	saveLast       = `UPDATE feeds SET last = $2 WHERE program_id = $1 AND last = $3`
	selectUnplaced = `SELECT m.id FROM messages m WHERE m.program_id = $1 AND m.door = 'native' AND m.position IS NULL ORDER BY m.id LIMIT $2`
	placeMessage   = `UPDATE messages SET position = $2 WHERE id = $1 AND position IS NULL`
	selectFeed     = `SELECT m.position, m.id, m.program_id, m.door, m.type, m.body, m.created_at FROM messages m
	WHERE m.program_id = $1 AND m.position > $2 AND m.position IS NOT NULL ORDER BY m.position LIMIT $3`
)

func (t tx) Feed(_ context.Context, p ident.ProgramID, after int64, limit int) ([]issuance.FeedItem, error) {
	return all(t, selectFeed, []any{p.UUID, after, limit}, func(r row, i *issuance.FeedItem) error {
		m := &i.Message
		return r.scan(&i.Position, (*string)(&m.ID), &m.Program.UUID, (*string)(&m.Door), &m.Type, &m.Body, &m.CreatedAt)
	})
}

func (t tx) FeedWaits(_ context.Context, p ident.ProgramID) (bool, error) {
	var id string
	return one(t, selectUnplaced, []any{p.UUID, 1}, &id)
}

func (t tx) PlaceMessages(_ context.Context, p ident.ProgramID, limit int) error {
	if _, err := t.exec(holdFeed, p.UUID); err != nil {
		return err
	}
	var last int64
	if _, err := one(t, selectLast, []any{p.UUID}, &last); err != nil {
		return err
	}
	waiting, err := all(t, selectUnplaced, []any{p.UUID, limit}, func(r row, id *string) error { return r.scan(id) })
	if err != nil || len(waiting) == 0 {
		return err
	}
	var b batch
	for i, id := range waiting {
		b.write(placeMessage, []any{id, last + int64(i) + 1}, guarded)
	}
	b.write(saveLast, []any{p.UUID, last + int64(len(waiting)), last}, guarded)
	return t.run(b)
}
