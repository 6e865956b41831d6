package sqlstore

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
)

const (
	answerColumns = `y.program_id, y.door, y.idem_key, y.fingerprint, y.status, CASE WHEN y.apart = 1 THEN
	(SELECT z.body FROM idempotency_bodies z WHERE z.program_id = y.program_id AND z.door = y.door AND z.idem_key = y.idem_key)
	ELSE y.body END, y.sealed, y.mismatches, y.created_at, y.expires_at`
	auditColumns = `t.program_id, t.at, t.id, t.actor, t.channel, t.source, t.request_id, t.action, t.card_id,
	t.customer_id, t.shipment_id, t.batch_id, t.outcome, t.note, t.on_behalf_of`
)

const (
	selectAnswer      = `SELECT ` + answerColumns + ` FROM idempotency y WHERE y.program_id = $1 AND y.door = $2 AND y.idem_key = $3`
	selectTimedAnswer = `SELECT ` + clockColumns + `, ` + answerColumns + ` FROM idempotency y JOIN programs pr ON pr.id = y.program_id
	WHERE y.program_id = $1 AND y.door = $2 AND y.idem_key = $3`
	// saveAnswer takes the place of a record whose window has passed, and of no other.
	saveAnswer = `INSERT INTO idempotency (program_id, door, idem_key, fingerprint, status, body, sealed, mismatches, created_at, expires_at, apart)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
	ON CONFLICT (program_id, door, idem_key) DO UPDATE SET fingerprint = excluded.fingerprint, status = excluded.status,
	body = excluded.body, sealed = excluded.sealed, mismatches = excluded.mismatches, created_at = excluded.created_at,
	expires_at = excluded.expires_at, apart = excluded.apart WHERE idempotency.expires_at <= excluded.created_at`
	// saveBody goes with saveAnswer, which lets one through: what it finds is of the record whose window has passed.
	saveBody = `INSERT INTO idempotency_bodies (program_id, door, idem_key, body, sealed) VALUES ($1, $2, $3, $4, $5)
	ON CONFLICT (program_id, door, idem_key) DO UPDATE SET body = excluded.body, sealed = excluded.sealed`
	countMismatch = `UPDATE idempotency SET mismatches = mismatches + 1 WHERE program_id = $1 AND door = $2 AND idem_key = $3`
	insertAudit   = `INSERT INTO audit (program_id, at, id, actor, channel, source, request_id, action, card_id, customer_id, shipment_id,
	batch_id, outcome, note, on_behalf_of)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`
	// insertPlaced is insertAudit with the next place of the log, for an engine whose write transactions never overlap.
	insertPlaced = `INSERT INTO audit (program_id, at, id, actor, channel, source, request_id, action, card_id, customer_id, shipment_id,
	batch_id, outcome, note, on_behalf_of, log_index)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
	(SELECT COALESCE(MAX(t.log_index), -1) + 1 FROM audit t WHERE t.program_id = $1 AND t.log_index IS NOT NULL))`
	// countAudit keeps the programme out of the condition, so that it goes by the card.
	countAudit = `SELECT count(CASE WHEN t.program_id = $1 AND t.action = $3 AND t.outcome = $4 THEN 1 END)
	FROM audit t WHERE t.card_id = $2 AND t.at >= $5`
	// countReads goes by the index of the rows that tell of reads, which names their action and outcome as they are here.
	countReads = `SELECT count(*) FROM audit t WHERE t.program_id = $1 AND t.actor = $2 AND t.at >= $3
	AND t.action = '` + issuance.ActionReadCode + `' AND t.outcome = 'ok'`
	// lastAudit goes by the card, like countAudit.
	lastAudit = `SELECT t.at FROM audit t WHERE t.card_id = $2 AND t.at >= $5
	AND CASE WHEN t.program_id = $1 AND t.action = $3 AND t.outcome = $4 THEN 1 END = 1 ORDER BY t.at DESC LIMIT 1`
	insertMessage = `INSERT INTO messages (id, program_id, door, type, body, created_at, fanned)
	VALUES ($1, $2, $3, $4, $5, $6, $7)`
)

// installation stands for the whole installation where a row belongs to no programme: a key column is never NULL.
var installation = make([]byte, len(ident.UUID{}))

func keyID(u ident.UUID) any {
	if u.IsZero() {
		return installation
	}
	return u
}

func answerDest(a *issuance.StoredAnswer) []any {
	return []any{
		&a.Program.UUID, &a.Door, &a.Key, &a.Fingerprint, &a.Status, &a.Body, &a.Sealed, &a.Mismatches, &a.CreatedAt, &a.ExpiresAt,
	}
}

// longBody is how long an answer is that lies apart from its record. With it the record has still less than the 1,002 bytes which SQLite
// keeps in one page of a tree.
const longBody = 512

// keepAnswer adds the record of a key to a batch.
func keepAnswer(b *batch, a issuance.StoredAnswer) {
	id, body, apart := keyID(a.Program.UUID), a.Body, len(a.Body) > longBody
	if apart {
		body = nil
	}
	b.write(saveAnswer, []any{
		id, a.Door, a.Key, a.Fingerprint, a.Status, body, a.Sealed, a.Mismatches, a.CreatedAt, a.ExpiresAt, apart,
	}, guarded)
	if apart {
		b.write(saveBody, []any{id, a.Door, a.Key, a.Body, a.Sealed}, nil)
	}
}

func auditArgs(r audit.Row) []any {
	return []any{
		keyID(r.Program.UUID), r.At, keyID(r.ID), r.Actor, r.Channel, r.Source, r.RequestID, r.Action, r.Card.UUID,
		r.Customer.UUID, r.Shipment.UUID, r.Batch.UUID, r.Outcome, r.Note, r.OnBehalfOf,
	}
}

// trail adds audit rows to a batch.
func (s *session) trail(b *batch, rows []audit.Row) {
	insert := insertAudit
	if s.dialect.oneByOne {
		insert = insertPlaced
	}
	for _, r := range rows {
		b.write(insert, auditArgs(r), nil)
	}
}

func auditDest(a *audit.Row) []any {
	return []any{
		&a.Program.UUID, &a.At, &a.ID, &a.Actor, &a.Channel, &a.Source, &a.RequestID, &a.Action,
		&a.Card.UUID, &a.Customer.UUID, &a.Shipment.UUID, &a.Batch.UUID, &a.Outcome, &a.Note, &a.OnBehalfOf,
	}
}

func scanAudit(r row, a *audit.Row) error { return r.scan(auditDest(a)...) }

// messageArgs marks native words that no endpoint awaits as taken at once: they are the programme's own record.
func messageArgs(m event.Message) []any {
	return []any{string(m.ID), m.Program.UUID, string(m.Door), m.Type, notNilBytes(m.Body), m.CreatedAt, m.Door == event.NativeDoor && !m.Awaited}
}

func notNilBytes(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

func (t tx) Stored(_ context.Context, p ident.ProgramID, door, key string) (issuance.StoredAnswer, bool, error) {
	var a issuance.StoredAnswer
	found, err := one(t, selectAnswer, []any{keyID(p.UUID), door, key}, answerDest(&a)...)
	return a, found, err
}

func (t tx) TimedAnswer(_ context.Context, p ident.ProgramID, door, key string) (program.Clock, issuance.StoredAnswer, bool, error) {
	var clock clockScan
	var a issuance.StoredAnswer
	found, err := one(t, selectTimedAnswer, []any{keyID(p.UUID), door, key}, append(clock.dest(), answerDest(&a)...)...)
	return clock.read(), a, found, err
}

func (t tx) CountAudit(_ context.Context, p ident.ProgramID, id ident.CardID, action, outcome string, since time.Time) (int, error) {
	var n int
	_, err := one(t, countAudit, []any{p.UUID, id.UUID, action, outcome, since}, &n)
	return n, err
}

func (t tx) CodeReads(_ context.Context, p ident.ProgramID, actor string, since time.Time) (int, error) {
	var n int
	_, err := one(t, countReads, []any{p.UUID, actor, since}, &n)
	return n, err
}

func (t tx) LastAudit(_ context.Context, p ident.ProgramID, id ident.CardID, action, outcome string, since time.Time) (time.Time, bool, error) {
	var at time.Time
	found, err := one(t, lastAudit, []any{p.UUID, id.UUID, action, outcome, since}, &at)
	return at, found, err
}

func (t tx) AuditTrail(_ context.Context, p ident.ProgramID, f issuance.AuditFilter, page issuance.Page) ([]audit.Row, error) {
	sql, args := auditPage(p, f, page)
	return all(t, sql, args, scanAudit)
}

// auditPage goes by the card when there is one, and else by the time in the programme.
func auditPage(p ident.ProgramID, f issuance.AuditFilter, page issuance.Page) (string, []any) {
	var l *listing
	switch {
	case !f.Card.IsZero():
		l = newListing(`SELECT `+auditColumns+` FROM audit t WHERE CASE WHEN t.program_id = $1 THEN 1 END = 1`, keyID(p.UUID))
		l.and("t.card_id = ", f.Card.UUID)
		l.auditTimes(f, page)
	case f.Through > 0:
		l = newListing(`SELECT `+auditColumns+` FROM (SELECT * FROM audit t WHERE t.program_id = $1`, keyID(p.UUID))
		l.auditTimes(f, page)
		l.sql.WriteString(" ORDER BY " + orderOf(page, "t.at", "t.id") + " LIMIT " + l.arg(f.Through) + ") t WHERE 1 = 1")
	default:
		l = newListing(`SELECT `+auditColumns+` FROM audit t WHERE t.program_id = $1`, keyID(p.UUID))
		l.auditTimes(f, page)
	}
	for _, x := range []struct{ column, want string }{
		{"t.actor = ", f.Actor}, {"t.on_behalf_of = ", f.OnBehalfOf}, {"t.action = ", f.Action}, {"t.outcome = ", f.Outcome},
	} {
		if x.want != "" {
			l.and(x.column, x.want)
		}
	}
	return l.ordered("t.at", "t.id", page)
}

// auditTimes keeps to the times of a filter, and behind the page before.
func (l *listing) auditTimes(f issuance.AuditFilter, page issuance.Page) {
	if !f.From.IsZero() {
		l.and("t.at >= ", f.From)
	}
	if !f.To.IsZero() {
		l.and("t.at < ", f.To)
	}
	l.behind("t.at", "t.id", page)
}

func (t tx) AuditReach(_ context.Context, p ident.ProgramID, f issuance.AuditFilter, after issuance.Mark) (reach issuance.Mark, ok bool, err error) {
	sql, args := auditReach(p, f, after)
	ok, err = one(t, sql, args, &reach.CreatedAt, &reach.ID)
	return reach, ok, err
}

func auditReach(p ident.ProgramID, f issuance.AuditFilter, after issuance.Mark) (string, []any) {
	l := newListing(`SELECT t.at, t.id FROM audit t WHERE t.program_id = $1`, keyID(p.UUID))
	page := issuance.Page{Limit: 1, After: after}
	l.auditTimes(f, page)
	l.ordered("t.at", "t.id", page)
	l.sql.WriteString(" OFFSET " + l.arg(max(0, f.Through-1)))
	return l.sql.String(), l.args
}

func (t tx) SaveAnswer(_ context.Context, a issuance.StoredAnswer) error {
	t.answered = true
	var b batch
	keepAnswer(&b, a)
	return t.later(b)
}

func (t tx) CountMismatch(_ context.Context, a issuance.StoredAnswer) error {
	return update(t, countMismatch, keyID(a.Program.UUID), a.Door, a.Key)
}

func (t tx) InsertAudit(_ context.Context, rows ...audit.Row) error {
	var b batch
	t.trail(&b, rows)
	return t.later(b)
}

func (t tx) InsertMessages(_ context.Context, messages ...event.Message) error {
	var b batch
	t.announce(&b, messages)
	return t.later(b)
}

// announce adds messages, and notes that somebody waits for them. Nobody is woken for native words
// that no endpoint awaits: they go nowhere, and to take them at once would cost a commit for each.
func (s *session) announce(b *batch, messages []event.Message) {
	rows := make([][]any, len(messages))
	for i, m := range messages {
		rows[i] = messageArgs(m)
		s.messages = s.messages || m.Door != event.NativeDoor || m.Awaited
	}
	b.repeat(insertMessage, rows, nil)
}
