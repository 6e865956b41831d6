package sqlstore

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/keyring"
)

// place is where a sealed value lies: up to three parts of a key. Parts that a table does not have are
// zero.
type place struct {
	id     []byte
	door   string
	key    string
	number int64
}

// sealedColumn is one column of sealed values. list gives, beyond a place and in its order, values whose
// seal key is not $1; $2 to $5 are the place, $6 the limit. swap puts $1 in the place of $6. Each must use
// all its placeholders, and every column that the rules seal into must have a row in sealedColumns.
type sealedColumn struct {
	table, column string
	purpose       keyring.Purpose
	list, swap    string
	subject       func(place) string
}

// The shape of every list: the key, the programme, the value.
const (
	beyond     = ` AND substr(%[1]s, 2, 4) <> $1 AND (%[2]s, '', '', 0) > ($2, $3, $4, $5) ORDER BY %[2]s LIMIT $6`
	simpleList = `SELECT id, '', '', 0, program_id, %[1]s FROM %[3]s WHERE %[1]s IS NOT NULL` + beyond
	simpleSwap = `UPDATE %[3]s SET %[1]s = $1, version = version + 1 WHERE (id, '', '', 0) = ($2, $3, $4, $5) AND %[1]s = $6`
)

func simpleColumn(table, column string, purpose keyring.Purpose) sealedColumn {
	return sealedColumn{
		table: table, column: column, purpose: purpose, subject: func(p place) string { return uuidOf(p.id).String() },
		list: fmt.Sprintf(simpleList, column, "id", table), swap: fmt.Sprintf(simpleSwap, column, "id", table),
	}
}

// answerColumn is the column of answers in the table of keys, or in that of the long ones.
func answerColumn(table string) sealedColumn {
	return sealedColumn{
		table: table, column: "body", purpose: keyring.StoredAnswer,
		subject: func(p place) string { return p.door + " " + p.key },
		list: `SELECT program_id, door, idem_key, 0, program_id, body FROM ` + table + `
	WHERE sealed = 1 AND body IS NOT NULL AND substr(body, 2, 4) <> $1 AND (program_id, door, idem_key, 0) > ($2, $3, $4, $5)
	ORDER BY program_id, door, idem_key LIMIT $6`,
		swap: `UPDATE ` + table + ` SET body = $1 WHERE (program_id, door, idem_key, 0) = ($2, $3, $4, $5) AND sealed = 1 AND body = $6`,
	}
}

func uuidOf(b []byte) ident.UUID {
	u, _ := ident.UUIDFromBytes(b)
	return u
}

// sealedColumns is every column that holds sealed values, with the binding that they were sealed under.
func sealedColumns() []sealedColumn {
	return []sealedColumn{
		simpleColumn("plastics", "code_sealed", keyring.ActivationCode),
		simpleColumn("cards", "pin_sealed", keyring.PIN),
		simpleColumn("card_numbers", "pan_sealed", keyring.CardNumber),
		simpleColumn("endpoints", "secret_sealed", keyring.WebhookSecret),
		simpleColumn("endpoints", "previous_sealed", keyring.WebhookSecret),
		{
			table: "batch_items", column: "pin_sealed", purpose: keyring.PIN,
			subject: func(p place) string { return fmt.Sprintf("staged %s %d", uuidOf(p.id), p.number) },
			list: `SELECT i.batch_id, '', '', i.idx, b.program_id, i.pin_sealed FROM batch_items i JOIN batches b ON b.id = i.batch_id
	WHERE i.pin_sealed IS NOT NULL AND substr(i.pin_sealed, 2, 4) <> $1 AND (i.batch_id, '', '', i.idx) > ($2, $3, $4, $5)
	ORDER BY i.batch_id, i.idx LIMIT $6`,
			swap: `UPDATE batch_items SET pin_sealed = $1 WHERE (batch_id, '', '', idx) = ($2, $3, $4, $5) AND pin_sealed = $6`,
		},
		answerColumn("idempotency"),
		answerColumn("idempotency_bodies"),
	}
}

// resealChunk is how many values get their new key in one transaction. They lie all over the file, so that each costs the log a
// page, and a server beside the rotation waits meanwhile.
const resealChunk = 50

// sealed walks the columns in order and remembers where it is, so that a rotation reads each table once
// and then once more, however many batches that takes. Replacements are gathered and written together.
type sealed struct {
	db      *DB
	mu      sync.Mutex
	columns []sealedColumn
	at      int   // column that is walked
	after   place // last value that was given
	keep    uint32
	pending []swap
}

// swap is a replacement that waits to be written.
type swap struct {
	sql        string
	at         place
	old, fresh []byte
}

func newSealed(d *DB) *sealed { return &sealed{db: d, columns: sealedColumns()} }

// SealedBatch gives values that lie beyond the last ones; at the end it begins anew, and none is told only
// when a whole round has found none.
func (v *sealed) SealedBatch(ctx context.Context, keep uint32, limit int) ([]keyring.SealedValue, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := v.flush(ctx); err != nil {
		return nil, err
	}
	if keep != v.keep {
		v.keep, v.at, v.after = keep, 0, place{}
	}
	whole := v.at == 0 && v.after.id == nil
	for {
		found, err := v.walk(ctx, limit)
		if err != nil || len(found) > 0 {
			return found, err
		}
		v.at, v.after = 0, place{}
		if whole {
			return nil, nil
		}
		whole = true
	}
}

// walk goes on from where it is to the end.
func (v *sealed) walk(ctx context.Context, limit int) ([]keyring.SealedValue, error) {
	var found []keyring.SealedValue
	err := v.db.engine.read(ctx, func(s *session) error {
		for v.at < len(v.columns) {
			var err error
			if found, err = v.list(s, v.columns[v.at], limit); err != nil || len(found) > 0 {
				return err
			}
			v.at++
			v.after = place{}
		}
		return nil
	})
	return found, err
}

func (v *sealed) list(s *session, c sealedColumn, limit int) ([]keyring.SealedValue, error) {
	var key [4]byte
	binary.BigEndian.PutUint32(key[:], v.keep)
	after := v.after
	if after.id == nil {
		after.id = []byte{}
	}
	return all(s, c.list, append([]any{key[:]}, append(after.args(), limit)...), func(r row, out *keyring.SealedValue) error {
		var at place
		var p ident.UUID
		if err := r.scan(&at.id, &at.door, &at.key, &at.number, &p, &out.Blob); err != nil {
			return err
		}
		v.after = at
		out.Table, out.Column, out.ID = c.table, c.column, at.print()
		out.Binding = keyring.Binding{Purpose: c.purpose, Program: p.String(), Subject: c.subject(at)}
		return nil
	})
}

// ReplaceSealed gathers; the next SealedBatch writes.
func (v *sealed) ReplaceSealed(ctx context.Context, old keyring.SealedValue, fresh []byte) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	at, err := parsePlace(old.ID)
	if err != nil {
		return err
	}
	for _, c := range v.columns {
		if c.table == old.Table && c.column == old.Column {
			v.pending = append(v.pending, swap{sql: c.swap, at: at, old: old.Blob, fresh: fresh})
		}
	}
	if len(v.pending) < resealChunk {
		return nil
	}
	return v.flush(ctx)
}

func (v *sealed) flush(ctx context.Context) error {
	if len(v.pending) == 0 {
		return nil
	}
	began := v.db.now()
	var waited time.Duration
	err := v.db.engine.write(ctx, func(s *session) error {
		waited = v.db.now().Sub(began)
		var b batch
		for _, w := range v.pending {
			b.write(w.sql, append([]any{w.fresh}, append(w.at.args(), w.old)...), nil)
		}
		return s.run(b)
	})
	if err != nil {
		return err
	}
	v.pending = nil
	took := v.db.now().Sub(began)
	if err := v.db.engine.giveWay(ctx, took); err != nil {
		return err
	}
	return rest(ctx, resealRest(waited, took))
}

const (
	restPerWait = 20
	mostReseal  = 200 * time.Millisecond
)

// resealRest is how long the file is left to others after a step. Each step costs a server that writes beside it more than the
// time in which it cannot write: its connection forgets all pages that it keeps whenever another process has written. Who waited
// for others is not alone, and rests for much longer than that.
func resealRest(waited, took time.Duration) time.Duration {
	return took + min(restPerWait*waited, mostReseal)
}

func (p place) args() []any { return []any{p.id, p.door, p.key, p.number} }

// print writes a place for SealedValue.ID; parsePlace reads it back.
func (p place) print() string { return fmt.Sprintf("%x %d %q %q", p.id, p.number, p.door, p.key) }

func parsePlace(s string) (place, error) {
	var p place
	if _, err := fmt.Sscanf(s, "%x %d %q %q", &p.id, &p.number, &p.door, &p.key); err != nil {
		return place{}, fault.Wrap(err, "find a sealed value")
	}
	return p, nil
}
