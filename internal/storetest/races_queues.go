package storetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/bulkworker"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/outbox"
)

const (
	workers = 8
	maxIdle = 20_000 // claims in vain until a queue counts as stuck
)

var queueRaces = []contract{
	{"a batch that everybody wants is held by one; when the lease has passed, by one other", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		handles := []Store{w.Store, f.Again(t, w.Store)}
		for range rounds {
			b := w.accepted()
			var last bulkworker.Claim
			for turn := range 3 {
				c := w.claimTogether(t, handles)
				if c.Batch != b.ID || c.Fence <= last.Fence {
					t.Fatalf("turn %d: %+v after %+v", turn, c, last)
				}
				if turn > 0 {
					w.renew(t, w.Store, last, false)
				}
				last = c
				w.Clock.Advance(lease + time.Second)
			}
			b.Status = "canceled"
			w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.UpdateBatch(ctx, b) })
		}
	}},
	{"many batches that everybody wants are each held by one", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		handles := []Store{w.Store, f.Again(t, w.Store)}
		for range 40 {
			w.accepted()
		}
		var mu sync.Mutex
		holders := map[ident.BatchID]int{}
		for _, err := range together(workers, func(i int) error {
			for {
				c, there, err := handles[i%2].Bulk().Claim(t.Context(), fmt.Sprint("w", i), w.Clock.Now(), lease)
				if err != nil || !there {
					return err
				}
				mu.Lock()
				holders[c.Batch]++
				mu.Unlock()
			}
		}) {
			must(t, err)
		}
		for id, n := range holders {
			if n != 1 {
				t.Errorf("batch %s has %d holders", id, n)
			}
		}
		if len(holders) != 40 {
			t.Errorf("%d batches are held, want 40", len(holders))
		}
	}},
	{"messages that everybody fans out are taken once", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		handles := []Store{w.Store, f.Again(t, w.Store)}
		w.NewEndpoint(event.CardsDoor)
		w.messages(200)
		var mu sync.Mutex
		taken := 0
		for _, err := range together(workers, func(i int) error {
			for {
				n, err := handles[i%2].Outbox().FanOut(t.Context(), 7)
				if err != nil || n == 0 {
					return err
				}
				mu.Lock()
				taken += n
				mu.Unlock()
			}
		}) {
			must(t, err)
		}
		taken += w.fanOut(w.Store)
		if held := w.claim(w.Store, "a", 1000, 1000); len(held) != 200 || taken != 200 {
			t.Errorf("%d messages were taken and %d deliveries made, want 200 and 200", taken, len(held))
		}
	}},
	{"a delivery is held by one worker at a time, and no endpoint gets more at once than it may", deliveriesAreHeldOnce},
}

// claimTogether lets all workers ask at once, and wants one of them to get a batch.
func (w *World) claimTogether(t *testing.T, handles []Store) bulkworker.Claim {
	t.Helper()
	claims, got := make([]bulkworker.Claim, workers), make([]bool, workers)
	for _, err := range together(workers, func(i int) (err error) {
		claims[i], got[i], err = handles[i%2].Bulk().Claim(t.Context(), fmt.Sprint("w", i), w.Clock.Now(), lease)
		return err
	}) {
		must(t, err)
	}
	var held []bulkworker.Claim
	for i, c := range claims {
		if got[i] {
			held = append(held, c)
		}
	}
	if len(held) != 1 {
		t.Fatalf("%d workers hold the batch, want 1: %+v", len(held), held)
	}
	return held[0]
}

// messages adds messages of the cards door in one commit.
func (w *World) messages(n int) {
	w.t.Helper()
	list := make([]event.Message, n)
	for i := range list {
		list[i] = event.Message{ID: w.IDs.EventID(), Program: w.Program.ID, Door: event.CardsDoor, Type: "card.created", Body: []byte("{}"), CreatedAt: w.next()}
	}
	w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.InsertMessages(ctx, list...) })
}

// leases is what the workers together believe to hold.
type leases struct {
	mu       sync.Mutex
	held     map[ident.DeliveryID]bool
	attempts map[ident.DeliveryID]int
	busy     map[ident.EndpointID]int
	left     int // deliveries without an outcome
	idle     int // claims that gave nothing
	failed   bool
}

// take notes what a worker was given. It holds no more than the store leased, so what it finds is true.
func (l *leases) take(held []outbox.Delivery, most int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(held) == 0 {
		if l.idle++; l.idle > maxIdle {
			return fmt.Errorf("nothing is given any more, and %d deliveries have no outcome", l.left)
		}
	}
	for _, d := range held {
		if l.held[d.ID] {
			return fmt.Errorf("delivery %s is held twice", d.ID)
		}
		l.held[d.ID] = true
		if l.attempts[d.ID]++; l.attempts[d.ID] != d.Attempt {
			return fmt.Errorf("delivery %s is told as attempt %d and is number %d", d.ID, d.Attempt, l.attempts[d.ID])
		}
		if l.busy[d.Endpoint.ID]++; l.busy[d.Endpoint.ID] > most {
			return errors.New("an endpoint gets more deliveries at once than it may")
		}
	}
	return nil
}

// give notes that a worker is about to write an outcome.
func (l *leases) give(d outbox.Delivery, last bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.held, d.ID)
	l.busy[d.Endpoint.ID]--
	if last {
		l.left--
	}
}

func (l *leases) done() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.left == 0 || l.failed
}

// fail makes all workers stop.
func (l *leases) fail(err error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed = true
	return err
}

func deliveriesAreHeldOnce(t *testing.T, f Factory) {
	w := NewWorld(t, f.Open(t))
	handles := []Store{w.Store, f.Again(t, w.Store)}
	const hooks, letters, tries, most = 3, 40, 2, 4
	for range hooks {
		w.NewEndpoint(event.CardsDoor)
	}
	w.messages(letters)
	w.fanOut(w.Store)
	l := &leases{held: map[ident.DeliveryID]bool{}, attempts: map[ident.DeliveryID]int{}, busy: map[ident.EndpointID]int{}, left: hooks * letters}
	work := func(i int) error {
		queue := handles[i%2].Outbox()
		for !l.done() {
			held, err := queue.Claim(t.Context(), fmt.Sprint("w", i), w.Clock.Now(), lease, outbox.NewRoom(most, 5))
			if err == nil {
				err = l.take(held, most)
			}
			if err != nil {
				return l.fail(err)
			}
			for _, d := range held {
				o := outbox.Outcome{State: outbox.Pending, At: w.Now(), NextAt: w.Now(), HTTPStatus: 500, Failure: "status"}
				if d.Attempt == tries {
					o = outbox.Outcome{State: outbox.Delivered, At: w.Now(), HTTPStatus: 200}
				}
				l.give(d, d.Attempt == tries)
				if mine, err := queue.Finish(t.Context(), []outbox.Ended{{Delivery: d, Outcome: o, SentAt: w.Clock.Now()}}); err != nil || !mine[0] {
					return l.fail(fmt.Errorf("an outcome under a lease that lives: held %v, error %w", mine, err))
				}
			}
			runtime.Gosched()
		}
		return nil
	}
	for _, err := range together(workers, work) {
		if err != nil {
			t.Error(err)
		}
	}
	if len(l.attempts) != hooks*letters {
		t.Errorf("%d deliveries were given, want %d", len(l.attempts), hooks*letters)
	}
	if again := w.claim(w.Store, "a", 100, 1000); len(again) != 0 {
		t.Errorf("%d deliveries are due after their end", len(again))
	}
}
