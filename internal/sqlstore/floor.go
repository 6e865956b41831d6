package sqlstore

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/firsttap/firsttap/internal/ident"
)

// Floor is the same engine without anything above it: a bare loop over the driver that reads a card's plastic,
// activates it, and writes the audit row, the message and the idempotency record, in our own tables with all
// their indexes. There is no HTTP, no rule, no queue and no seal. Cards are taken in no order, as their holders
// take them: neighbours would share pages. It is what an activation is measured against.
type Floor struct {
	engine *sqliteEngine
	cards  []floorCard
	next   int
	now    func() time.Time
}

type floorCard struct{ id, program ident.UUID }

// ErrNoFloor says that the bare loop is written for a file; a server has one of its own, see [FloorScripts].
var ErrNoFloor = errors.New("the bare loop over the driver measures SQLite")

const (
	floorCards = `SELECT c.id, c.program_id FROM cards c JOIN plastics p ON p.card_id = c.id WHERE p.activated_at IS NULL
ORDER BY substr(c.id, 9)` // the half of an id that is random
	floorSelect = `SELECT p.id, p.version, p.guard_state, p.code_hash FROM plastics p WHERE p.card_id = $1`
	floorBody   = 800 // bytes of a message, about as many as card.activated has
)

// NewFloor measures with the cards of a filled database that are not activated.
func (d *DB) NewFloor(ctx context.Context) (*Floor, error) {
	e, ok := d.engine.(*sqliteEngine)
	if !ok {
		return nil, ErrNoFloor
	}
	f := &Floor{engine: e, now: d.now}
	err := e.read(ctx, func(s *session) error {
		var err error
		f.cards, err = all(s, floorCards, nil, func(r row, c *floorCard) error { return r.scan(&c.id, &c.program) })
		return err
	})
	return f, err
}

// Rate activates cards for a while, so many in each transaction, and tells how many a second. It ends early when
// there are no more cards.
func (f *Floor) Rate(each int, length time.Duration) (float64, error) {
	begin, first := f.now(), f.next
	for (f.next == first || f.now().Sub(begin) < length) && f.next+each <= len(f.cards) {
		if err := f.transaction(each); err != nil {
			return 0, err
		}
	}
	if f.next == first {
		return 0, errors.New("the bare loop has no more cards")
	}
	return float64(f.next-first) / f.now().Sub(begin).Seconds(), nil
}

func (f *Floor) transaction(each int) error {
	w := f.engine.writer
	if err := w.begin(); err != nil {
		return err
	}
	defer w.ended()
	for range each {
		if err := f.one(w.conn, f.cards[f.next]); err != nil {
			_, undo := w.conn.exec("ROLLBACK")
			return errors.Join(err, undo)
		}
		f.next++
	}
	if err := w.commit(); err != nil {
		return err
	}
	w.written()
	return nil
}

// one does what an activation by code does to the tables.
func (f *Floor) one(c *sqliteConn, card floorCard) error {
	var (
		plastic ident.UUID
		version int64
		state   string
		hash    []byte
	)
	if _, err := one(c, floorSelect, []any{card.id}, &plastic, &version, &state, &hash); err != nil {
		return err
	}
	now := f.now()
	name := fmt.Sprintf("floor-%020d", f.next)
	id := card.id
	id[15] ^= 1
	var b batch
	b.write(activatePlastic, []any{
		plastic, version, "activated", "holder", false, now, "consumed", 0, 0, 0, time.Time{}, []byte(nil), []byte(nil), now,
	}, guarded)
	b.write(insertPlaced, []any{
		card.program, now, id, "key:floor", "cards", "127.0.0.1", name, "card.activate", card.id, ident.UUID{}, ident.UUID{}, ident.UUID{}, "ok", "", "",
	}, nil)
	b.write(insertMessage, []any{name, card.program, "native", "card.activated", make([]byte, floorBody), now, true}, nil)
	b.write(saveAnswer, []any{
		card.program, "cards", fmt.Sprintf("floor-%x", id[8:]), id[:], 204, []byte(nil), false, 0, now, now.Add(24 * time.Hour), false,
	}, guarded)
	return c.run(b)
}

//go:embed floor/*.sql
var floorScripts embed.FS

// FloorScripts are scripts for pgbench, by name: "setup" makes tables of its own with cards, and each other does
// one activation in the way that its name tells.
func FloorScripts() (map[string]string, error) {
	out := map[string]string{}
	files, err := fs.Glob(floorScripts, "floor/*.sql")
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		text, err := floorScripts.ReadFile(name)
		if err != nil {
			return nil, err
		}
		out[name[len("floor/"):len(name)-len(".sql")]] = string(text)
	}
	return out, nil
}
