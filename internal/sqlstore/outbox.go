package sqlstore

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"
	"time"

	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/outbox"
	"github.com/firsttap/firsttap/internal/program"
)

const (
	selectWaiting = `SELECT m.id, m.program_id, m.door, m.created_at, m.type FROM messages m WHERE m.fanned = 0 ORDER BY m.created_at, m.id LIMIT $1`
	// markFanned, lease, finishDelivery and releaseDelivery go by the primary key: by a bare condition PostgreSQL would rather go through all that
	// waits, for each row of many.
	markFanned    = `UPDATE messages SET fanned = 1 WHERE id = $1 AND COALESCE(fanned, 0) = 0`
	selectTargets = `SELECT e.id, e.types, e.created_at FROM endpoints e
	WHERE e.program_id = $1 AND e.door = $2 AND e.disabled = 0 ORDER BY e.created_at, e.id`
	insertDelivery = `INSERT INTO deliveries (id, message_id, endpoint_id, message_at, state, attempts, due_at, fence, http_status, failure)
	VALUES ($1, $2, $3, $4, 'pending', 0, $4, 0, 0, '') ON CONFLICT (id) DO NOTHING`

	// selectBusyEndpoints and selectDead ask for a time, so that they go by deliveries_due and never walk
	// through what was delivered.
	selectBusyEndpoints = `SELECT ` + endpointColumns + `, ` + programColumns + ` FROM endpoints e JOIN programs pr ON pr.id = e.program_id
	WHERE e.disabled = 0 AND e.paused = 0 AND EXISTS (SELECT 1 FROM deliveries d WHERE d.endpoint_id = e.id AND d.state = 'pending' AND d.due_at >= 0)`
	selectDue = `SELECT d.id, d.due_at, d.fence FROM deliveries d
	WHERE d.endpoint_id = $1 AND d.state = 'pending' AND d.due_at <= $2 AND (d.lease_until IS NULL OR d.lease_until <= $3)
	ORDER BY d.due_at, d.id LIMIT $4`
	countLeased = `SELECT count(CASE WHEN d.lease_owner = $3 THEN 1 END), count(CASE WHEN d.lease_owner <> $3 THEN 1 END)
	FROM deliveries d WHERE d.endpoint_id = $1 AND d.lease_until > $2 AND d.lease_until IS NOT NULL`
	isEnabled = `SELECT 1 FROM endpoints e WHERE e.id = $1 AND e.disabled = 0 AND e.paused = 0`
	lease     = `UPDATE deliveries SET lease_owner = $3, lease_until = $4, fence = fence + 1 WHERE id = $1 AND fence = $2
	AND COALESCE(state, '') = 'pending' RETURNING id`
	// selectEnded and selectDead are two, because a server that does not know how few endpoints have ended may walk through
	// all that is pending to join them.
	selectEnded = `SELECT e.id FROM endpoints e
	WHERE e.disabled = 1 AND EXISTS (SELECT 1 FROM deliveries d WHERE d.endpoint_id = e.id AND d.state = 'pending' AND d.due_at >= 0)`
	selectDead = `SELECT d.id FROM deliveries d WHERE d.endpoint_id = $1 AND d.state = 'pending' AND d.due_at >= 0
	AND (d.lease_until IS NULL OR d.lease_until <= $2) LIMIT $3`
	dropDelivery = `UPDATE deliveries SET state = 'dropped', lease_owner = NULL, lease_until = NULL WHERE id = $1 AND state = 'pending'`
	selectLetter = `SELECT d.id, d.attempts, d.tries, d.fence, m.id, m.program_id, m.door, m.type, m.body, m.created_at
	FROM deliveries d JOIN messages m ON m.id = d.message_id WHERE d.id = $1`
	finishDelivery = `UPDATE deliveries SET state = $3, attempts = $4, tries = $9, due_at = COALESCE($5, due_at), http_status = $6, failure = $7, updated_at = $8,
	lease_owner = NULL, lease_until = NULL WHERE id = $1 AND fence = $2 AND COALESCE(state, '') = 'pending' AND COALESCE(lease_until, 0) > 0
	RETURNING id, fence`
	insertAttempt = `INSERT INTO attempts (delivery_id, number, at, sent_at, result, http_status, took)
	VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (delivery_id, number) DO NOTHING`
	deleteAttempt   = `DELETE FROM attempts WHERE delivery_id = $1 AND number = $2`
	releaseDelivery = `UPDATE deliveries SET lease_owner = NULL, lease_until = NULL WHERE id = $1 AND fence = $2 AND COALESCE(state, '') = 'pending'`
)

type outboxQueue struct{ *DB }

// FanOut makes deliveries. Most looks find nothing and never reach the writer.
func (d outboxQueue) FanOut(ctx context.Context, limit int) (int, error) {
	waits := false
	err := d.engine.ask(ctx, func(s *session) error {
		waiting, err := waitingMessages(s, selectWaiting, 1)
		waits = len(waiting) > 0
		return err
	})
	if err != nil || !waits {
		return 0, err
	}
	taken := 0
	err = d.engine.guarded(ctx, func(s *session) error { // what it marks it has locked
		waiting, err := waitingMessages(s, selectWaiting+s.dialect.skipLocked, limit)
		if err != nil {
			return err
		}
		taken = len(waiting)
		return fanOut(s, waiting)
	})
	return taken, err
}

func waitingMessages(s *session, sql string, limit int) ([]event.Message, error) {
	return all(s, sql, []any{limit}, func(r row, m *event.Message) error {
		return r.scan((*string)(&m.ID), &m.Program.UUID, (*string)(&m.Door), &m.CreatedAt, &m.Type)
	})
}

// fanOut makes the deliveries of messages, all in one trip once it knows who listens.
func fanOut(s *session, waiting []event.Message) error {
	listen := map[listener][]target{}
	var made, taken [][]any
	for _, m := range waiting {
		to := listener{m.Program, m.Door}
		targets, known := listen[to]
		if !known {
			var err error
			if targets, err = targetsOf(s, to); err != nil {
				return err
			}
			listen[to] = targets
		}
		for _, t := range targets {
			if t.wants(m) {
				made = append(made, []any{deliveryID(m, t.endpoint), string(m.ID), t.endpoint, m.CreatedAt})
			}
		}
		taken = append(taken, []any{string(m.ID)})
	}
	var b batch
	b.repeat(insertDelivery, made, nil)
	b.repeat(markFanned, taken, nil)
	return s.later(b)
}

// listener is whose endpoints a message goes to.
type listener struct {
	program ident.ProgramID
	door    event.Door
}

// target is an endpoint that messages may go to: those of its types, from when it was there.
type target struct {
	endpoint ident.UUID
	types    []string
	since    time.Time
}

func (t target) wants(m event.Message) bool {
	return !t.since.After(m.CreatedAt) && (len(t.types) == 0 || slices.Contains(t.types, m.Type))
}

func targetsOf(s *session, l listener) ([]target, error) {
	return all(s, selectTargets, []any{l.program.UUID, string(l.door)}, func(r row, t *target) error {
		return r.scan(&t.endpoint, asNames(&t.types), &t.since)
	})
}

// deliveryID follows from what is delivered where: making it twice gives one row. It begins with the time of the message, as ids
// do that are minted: deliveries are made, leased and ended about in the order of that time, and rows that lie together change few
// pages. With the bare hash each of those writes changed a page of its own.
func deliveryID(m event.Message, endpoint ident.UUID) ident.UUID {
	sum := sha256.Sum256(append([]byte(m.ID), endpoint[:]...))
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(m.CreatedAt.UnixMilli()))
	return ident.UUID(append(ms[2:], sum[:10]...))
}

// candidate is a delivery that is due, before it is leased.
type candidate struct {
	id       ident.UUID
	fence    int64
	late     time.Duration // how long it is due, whatever clock it is on
	endpoint issuance.Endpoint
	program  program.Program
}

// Claim looks for what is due on a reader, where a storm of dead endpoints disturbs nobody, and leases it
// on the writer, where everything that counts is looked at again.
func (d outboxQueue) Claim(ctx context.Context, owner string, realNow time.Time, length time.Duration, room outbox.Room) ([]outbox.Delivery, error) {
	var due []candidate
	var dead []ident.UUID
	err := d.engine.read(ctx, func(s *session) error {
		var err error
		due, dead, err = find(s, owner, realNow, room)
		return err
	})
	if err != nil || len(due)+len(dead) == 0 {
		return nil, err
	}
	var leased taking
	err = d.engine.write(ctx, func(s *session) error {
		var drops [][]any
		for _, id := range slices.SortedFunc(slices.Values(dead), byID) {
			drops = append(drops, []any{id})
		}
		var b batch
		b.repeat(dropDelivery, drops, nil)
		err := s.later(b)
		if err != nil {
			return err
		}
		chosen, err := stillRoom(s, due, owner, realNow, room)
		if err != nil {
			return err
		}
		leased = taking{chosen: chosen, held: map[ident.UUID]bool{}, letters: map[ident.UUID]outbox.Delivery{}}
		return leased.take(s, owner, realNow.Add(length))
	})
	if err != nil {
		return nil, err
	}
	return leased.deliveries(), nil
}

// find lists what may be leased: of each endpoint its oldest, and of all these the most overdue. Beside it some deliveries that
// wait for endpoints which have ended, and that nobody holds.
func find(s *session, owner string, realNow time.Time, room outbox.Room) (due []candidate, dead []ident.UUID, err error) {
	busy, ended, err := findEndpoints(s)
	if err != nil {
		return nil, nil, err
	}
	var b batch
	for _, e := range ended {
		b.read(selectDead, []any{e, realNow, sweepChunk}, func(r row) error {
			var id ident.UUID
			err := r.scan(&id)
			dead = append(dead, id)
			return err
		})
	}
	leased := make([]leases, len(busy))
	found := make([][]candidate, len(busy))
	for i, of := range busy {
		most := room.Left(of.endpoint.ID, 0, 0)
		if most == 0 {
			continue
		}
		now := of.program.Now(realNow)
		leased[i].ask(&b, of.endpoint.ID, owner, realNow)
		b.read(selectDue, []any{of.endpoint.ID.UUID, now, realNow, most}, func(r row) error {
			c := of
			var at time.Time
			if err := r.scan(&c.id, &at, &c.fence); err != nil {
				return err
			}
			c.late = now.Sub(at)
			found[i] = append(found[i], c)
			return nil
		})
	}
	if err := s.run(b); err != nil {
		return nil, nil, err
	}
	for i, some := range found {
		due = append(due, some[:min(len(some), leased[i].left(room, busy[i].endpoint.ID))]...)
	}
	slices.SortStableFunc(due, func(a, b candidate) int { return cmp.Compare(b.late, a.late) })
	return slices.DeleteFunc(due, func(c candidate) bool { return room.Take(c.endpoint.ID) == outbox.NoSeat }), dead, nil
}

// findEndpoints lists the endpoints that deliveries wait for: those that take them, and those that have ended.
func findEndpoints(s *session) (busy []candidate, ended []ident.UUID, err error) {
	var b batch
	b.read(selectEnded, nil, func(r row) error {
		var id ident.UUID
		err := r.scan(&id)
		ended = append(ended, id)
		return err
	})
	b.read(selectBusyEndpoints, nil, func(r row) error {
		var c candidate
		var p programScan
		if err := r.scan(append(endpointDest(&c.endpoint), p.dest()...)...); err != nil {
			return err
		}
		var err error
		c.program, err = p.read(s.policies)
		busy = append(busy, c)
		return err
	})
	return busy, ended, s.run(b)
}

// byID is the order in which rows of deliveries and endpoints are written, so that instances do not wait for each
// other in a circle.
func byID(a, b ident.UUID) int { return bytes.Compare(a[:], b[:]) }

// taking is leases on their way, with what goes with them. What was leased is known after the commit.
type taking struct {
	chosen  []candidate
	held    map[ident.UUID]bool
	letters map[ident.UUID]outbox.Delivery
}

// take leases candidates that nobody took meanwhile, and loads what goes with them, in one trip with the commit.
func (t *taking) take(s *session, owner string, until time.Time) error {
	var takes, asks [][]any
	for _, c := range slices.SortedFunc(slices.Values(t.chosen), func(a, b candidate) int { return byID(a.id, b.id) }) {
		takes = append(takes, []any{c.id, c.fence, owner, until})
		asks = append(asks, []any{c.id})
	}
	var b batch
	b.askEach(lease, takes, func(r row) error {
		var id ident.UUID
		err := r.scan(&id)
		t.held[id] = true
		return err
	})
	b.askEach(selectLetter, asks, func(r row) error {
		var d outbox.Delivery
		m := &d.Message
		err := r.scan(&d.ID.UUID, &d.Attempt, &d.Try, &d.Fence, (*string)(&m.ID), &m.Program.UUID, (*string)(&m.Door), &m.Type, &m.Body, &m.CreatedAt)
		d.Attempt++
		d.Try++
		t.letters[d.ID.UUID] = d
		return err
	})
	return s.later(b)
}

func (t *taking) deliveries() (out []outbox.Delivery) {
	for _, c := range t.chosen {
		if d, ok := t.letters[c.id]; ok && t.held[c.id] {
			d.Endpoint, d.Program, d.Late = c.endpoint, c.program, c.late
			out = append(out, d)
		}
	}
	return out
}

// stillRoom looks again, on the writer, for which candidates there is room at their endpoints; none at those that were
// disabled meanwhile.
func stillRoom(s *session, due []candidate, owner string, realNow time.Time, room outbox.Room) ([]candidate, error) {
	var b batch
	enabled, leased := map[ident.EndpointID]bool{}, map[ident.EndpointID]*leases{}
	for _, c := range due {
		id := c.endpoint.ID
		if leased[id] != nil {
			continue
		}
		leased[id] = &leases{}
		b.read(isEnabled, []any{id.UUID}, func(row) error {
			enabled[id] = true
			return nil
		})
		leased[id].ask(&b, id, owner, realNow)
	}
	if err := s.run(b); err != nil {
		return nil, err
	}
	var chosen []candidate
	taken := map[ident.EndpointID]int{}
	for _, c := range due {
		if id := c.endpoint.ID; enabled[id] && taken[id] < leased[id].left(room, id) {
			taken[id]++
			chosen = append(chosen, c)
		}
	}
	return chosen, nil
}

// leases are the deliveries of an endpoint that are leased.
type leases struct{ own, others int }

func (l *leases) ask(b *batch, id ident.EndpointID, owner string, realNow time.Time) {
	b.read(countLeased, []any{id.UUID, realNow, owner}, func(r row) error { return r.scan(&l.own, &l.others) })
}

// left is how many more the owner may lease now.
func (l *leases) left(room outbox.Room, id ident.EndpointID) int {
	return room.Left(id, l.own, l.others)
}

// keepAttempts is how many attempts of one delivery are kept: a timetable has 13, and replays begin it again.
const keepAttempts = 100

// Finish writes all outcomes in one transaction, in the order of ids, and depends on nothing but the fences. An endpoint's
// row is touched once.
func (d outboxQueue) Finish(ctx context.Context, ended []outbox.Ended) ([]bool, error) {
	var held []bool
	err := d.engine.guarded(ctx, func(s *session) error {
		held = make([]bool, len(ended))
		used := map[ident.UUID]time.Time{}
		type leased struct {
			id    ident.UUID
			fence int64
		}
		at := map[leased]int{}
		var ends, attempts, old, touched [][]any
		for _, i := range inOrder(ended, func(e outbox.Ended) ident.UUID { return e.Delivery.ID.UUID }) {
			e := ended[i]
			id, o := e.Delivery.ID.UUID, e.Outcome
			at[leased{id, e.Delivery.Fence}] = i
			ends = append(ends, []any{
				id, e.Delivery.Fence, string(o.State), e.Delivery.Attempt, o.NextAt, o.HTTPStatus, o.Failure, o.At, e.Delivery.Try,
			})
			attempts = append(attempts, []any{id, e.Delivery.Attempt, o.At, e.SentAt, e.Result(), o.HTTPStatus, e.Took})
			if n := e.Delivery.Attempt - keepAttempts; n > 0 {
				old = append(old, []any{id, n})
			}
			if to := e.Delivery.Endpoint.ID.UUID; o.State == outbox.Delivered && used[to].Before(o.At) {
				used[to] = o.At
			}
		}
		for _, to := range slices.SortedFunc(maps.Keys(used), byID) {
			touched = append(touched, []any{to, used[to]})
		}
		var b batch
		b.askEach(finishDelivery, ends, func(r row) error {
			var l leased
			err := r.scan(&l.id, &l.fence)
			held[at[l]] = true
			return err
		})
		b.repeat(insertAttempt, attempts, nil)
		for _, args := range old {
			b.write(deleteAttempt, args, nil)
		}
		b.repeat(usedEndpoint, touched, nil)
		return s.later(b)
	})
	if err != nil {
		return nil, err
	}
	return held, nil
}

// inOrder gives the indexes of things in the order of their ids.
func inOrder[T any](things []T, id func(T) ident.UUID) []int {
	order := make([]int, len(things))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return byID(id(things[a]), id(things[b])) })
	return order
}

func (d outboxQueue) Release(ctx context.Context, ds []outbox.Delivery) error {
	if len(ds) == 0 {
		return nil
	}
	return d.engine.guarded(ctx, func(s *session) error {
		var rows [][]any
		for _, i := range inOrder(ds, func(d outbox.Delivery) ident.UUID { return d.ID.UUID }) {
			rows = append(rows, []any{ds[i].ID.UUID, ds[i].Fence})
		}
		var b batch
		b.repeat(releaseDelivery, rows, nil)
		return s.later(b)
	})
}
