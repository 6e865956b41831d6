package sqlstore

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

const deliveryColumns = `d.id, d.endpoint_id, m.id, m.type, d.state, d.attempts, d.http_status, d.failure, d.due_at, d.message_at, d.updated_at`

const (
	selectDelivery   = `SELECT ` + deliveryColumns + `, m.body FROM deliveries d JOIN messages m ON m.id = d.message_id WHERE d.id = $1`
	listDeliveries   = `SELECT ` + deliveryColumns + ` FROM deliveries d JOIN messages m ON m.id = d.message_id WHERE d.endpoint_id = $1`
	selectAttempts   = `SELECT a.number, a.at, a.sent_at, a.result, a.http_status, a.took FROM attempts a WHERE a.delivery_id = $1 ORDER BY a.number`
	replayDelivery   = `UPDATE deliveries SET state = 'pending', tries = 0, due_at = $2 WHERE id = $1`
	replayDeliveries = `UPDATE deliveries SET state = 'pending', tries = 0, due_at = $5 WHERE id IN
	(SELECT d.id FROM deliveries d WHERE d.endpoint_id = $1 AND d.state = $2 AND d.message_at >= $3 AND d.message_at < $4
	ORDER BY d.message_at, d.id LIMIT $6)`
)

func deliveryDest(d *issuance.Delivery) []any {
	return []any{
		&d.ID.UUID, &d.Endpoint.UUID, (*string)(&d.Message), &d.Type, (*string)(&d.State), &d.Attempts, &d.HTTPStatus,
		&d.Failure, &d.NextAt, &d.CreatedAt, &d.UpdatedAt,
	}
}

func scanDelivery(r row, d *issuance.Delivery) error {
	err := r.scan(deliveryDest(d)...)
	if d.State != issuance.DeliveryPending {
		d.NextAt = time.Time{}
	}
	return err
}

func (t tx) Deliveries(_ context.Context, to ident.EndpointID, state issuance.DeliveryState, page issuance.Page) ([]issuance.Delivery, error) {
	sql, args := deliveriesPage(to, state, page)
	return all(t, sql, args, scanDelivery)
}

func deliveriesPage(to ident.EndpointID, state issuance.DeliveryState, page issuance.Page) (string, []any) {
	l := newListing(listDeliveries, to.UUID)
	if state != "" {
		l.and("d.state = ", string(state))
	}
	l.behind("d.message_at", "d.id", page)
	return l.ordered("d.message_at", "d.id", page)
}

func (t tx) Delivery(_ context.Context, id ident.DeliveryID) (issuance.Delivery, bool, error) {
	var d issuance.Delivery
	found, err := one(t, selectDelivery, []any{id.UUID}, append(deliveryDest(&d), &d.Body)...)
	if d.State != issuance.DeliveryPending {
		d.NextAt = time.Time{}
	}
	return d, found, err
}

// SendTo writes a message as taken, with its one delivery.
func (t tx) SendTo(_ context.Context, m event.Message, to ident.EndpointID) error {
	t.messages = true
	args := messageArgs(m)
	args[len(args)-1] = true
	var b batch
	b.write(insertMessage, args, nil)
	b.write(insertDelivery, []any{deliveryID(m, to.UUID), string(m.ID), to.UUID, m.CreatedAt}, nil)
	return t.run(b)
}

func (t tx) Attempts(_ context.Context, id ident.DeliveryID) ([]issuance.Attempt, error) {
	return all(t, selectAttempts, []any{id.UUID}, func(r row, a *issuance.Attempt) error {
		return r.scan(&a.Number, &a.At, &a.SentAt, &a.Result, &a.HTTPStatus, &a.Took)
	})
}

// Replay wakes the worker after the commit, as new messages do.
func (t tx) Replay(_ context.Context, id ident.DeliveryID, now time.Time) error {
	t.messages = true
	return update(t, replayDelivery, id.UUID, now)
}

func (t tx) ReplayRange(_ context.Context, to ident.EndpointID, state issuance.DeliveryState, from, until, now time.Time, limit int) (int, error) {
	t.messages = true
	rows, err := t.exec(replayDeliveries, to.UUID, string(state), from, until, now, limit)
	return int(rows), err
}
