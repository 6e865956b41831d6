package sqlstore

import (
	"context"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/outbox"
)

const endpointColumns = `e.id, e.program_id, e.door, e.name, e.url, e.disabled, e.secret_sealed, e.previous_sealed,
	e.previous_until, e.last_used_at, e.created_at, e.updated_at, e.version, e.types, e.paused`

const (
	selectEndpoint  = `SELECT ` + endpointColumns + ` FROM endpoints e WHERE e.id = $2 AND e.program_id = $1`
	selectEndpoints = `SELECT ` + endpointColumns + ` FROM endpoints e WHERE e.program_id = $1 AND e.door = $2 ORDER BY e.created_at, e.id`
	insertEndpoint  = `INSERT INTO endpoints (id, program_id, door, name, url, disabled, secret_sealed, previous_sealed, previous_until,
	last_used_at, created_at, updated_at, version, types, paused)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`
	// updateEndpoint leaves last_used_at to the outbox, unless it goes forward.
	updateEndpoint = `UPDATE endpoints SET name = $3, url = $4, disabled = $5, secret_sealed = $6, previous_sealed = $7, previous_until = $8,
	updated_at = $9, types = $10, paused = $11, version = $2 + 1
	WHERE id = $1 AND version = $2`
	selectNotice = `SELECT d.state, d.attempts, d.http_status, d.due_at
	FROM messages m JOIN deliveries d ON d.message_id = m.id JOIN endpoints e ON e.id = d.endpoint_id
	WHERE m.id = $2 AND m.program_id = $1 ORDER BY e.created_at DESC, e.id DESC LIMIT 1`
	selectFailing = `SELECT d.message_at FROM endpoints e JOIN deliveries d ON d.endpoint_id = e.id
	WHERE e.id = $2 AND e.program_id = $1 AND d.attempts > 0 AND d.state <> 'delivered'
	AND (e.last_used_at IS NULL OR d.message_at > e.last_used_at) ORDER BY d.message_at LIMIT 1`
	usedEndpoint = `UPDATE endpoints SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)`
)

func endpointDest(e *issuance.Endpoint) []any {
	return []any{
		&e.ID.UUID, &e.Program.UUID, (*string)(&e.Door), &e.Name, &e.URL, &e.Disabled, &e.SecretSealed, &e.PreviousSealed,
		&e.PreviousUntil, &e.LastUsedAt, &e.CreatedAt, &e.UpdatedAt, &e.Version, asNames(&e.Types), &e.Paused,
	}
}

// asNames reads what a column holds with commas between.
func asNames(to *[]string) text {
	*to = nil
	return func(s string) error {
		*to = strings.Split(s, ",")
		return nil
	}
}

func scanEndpoint(r row, e *issuance.Endpoint) error { return r.scan(endpointDest(e)...) }

func (t tx) Endpoint(_ context.Context, p ident.ProgramID, id ident.EndpointID) (issuance.Endpoint, bool, error) {
	var e issuance.Endpoint
	found, err := one(t, selectEndpoint, []any{p.UUID, id.UUID}, endpointDest(&e)...)
	return e, found, err
}

func (t tx) Endpoints(_ context.Context, p ident.ProgramID, door event.Door) ([]issuance.Endpoint, error) {
	return all(t, selectEndpoints, []any{p.UUID, string(door)}, scanEndpoint)
}

// Notice tells the state of a delivery in the words of the rules.
func (t tx) Notice(_ context.Context, p ident.ProgramID, message ident.EventID) (issuance.Notice, bool, error) {
	var n issuance.Notice
	var state string
	found, err := one(t, selectNotice, []any{p.UUID, string(message)}, &state, &n.Attempts, &n.HTTPStatus, &n.NextAt)
	switch {
	case err != nil || !found:
		return issuance.Notice{}, false, err
	case outbox.State(state) == outbox.Pending:
		n.State = issuance.NoticePending
		return n, true, nil
	case outbox.State(state) == outbox.Delivered:
		n.State = issuance.NoticeDelivered
	default:
		n.State = issuance.NoticeFailed
	}
	n.NextAt = time.Time{}
	return n, true, nil
}

func (t tx) FailingSince(_ context.Context, p ident.ProgramID, id ident.EndpointID) (time.Time, bool, error) {
	var since time.Time
	found, err := one(t, selectFailing, []any{p.UUID, id.UUID}, &since)
	return since, found, err
}

func (t tx) InsertEndpoint(_ context.Context, e issuance.Endpoint) error {
	t.forget()
	_, err := t.exec(insertEndpoint, e.ID.UUID, e.Program.UUID, string(e.Door), e.Name, e.URL, e.Disabled, e.SecretSealed,
		e.PreviousSealed, e.PreviousUntil, e.LastUsedAt, e.CreatedAt, e.UpdatedAt, e.Version, strings.Join(e.Types, ","), e.Paused)
	return err
}

func (t tx) UpdateEndpoint(_ context.Context, e issuance.Endpoint) error {
	t.forget()
	err := update(t, updateEndpoint, e.ID.UUID, e.Version, e.Name, e.URL, e.Disabled, e.SecretSealed, e.PreviousSealed,
		e.PreviousUntil, e.UpdatedAt, strings.Join(e.Types, ","), e.Paused)
	if err != nil || e.LastUsedAt.IsZero() {
		return err
	}
	_, err = t.exec(usedEndpoint, e.ID.UUID, e.LastUsedAt)
	return err
}
