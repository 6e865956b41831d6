package app

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/bulkworker"
	"github.com/firsttap/firsttap/internal/httpd"
)

// checks are what readiness asks: the tables are there, the store takes writes, the workers move.
func (a *App) checks() []httpd.Check {
	list := []httpd.Check{
		{Name: "migrations", Run: a.db.Ready},
		{Name: "store", Run: func(ctx context.Context) error {
			// An empty write goes the whole way through the only writer, and leaves nothing.
			return a.db.Access().Write(ctx, func(access.Tx) error { return nil })
		}},
	}
	if a.cfg.Workers {
		list = append(list, httpd.Check{Name: "workers", Run: a.pulses.check})
	}
	return list
}

// pulses remembers when each worker last got to its queue.
type pulses struct {
	now  func() time.Time
	mu   sync.Mutex
	last map[string]time.Time
}

func newPulses(now func() time.Time) *pulses {
	return &pulses{now: now, last: map[string]time.Time{}}
}

// of gives the function that a worker calls to say that it lives. It counts as alive from now on.
func (p *pulses) of(worker string) (beat func()) {
	beat = func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.last[worker] = p.now()
	}
	beat()
	return beat
}

// check fails when a worker has been silent for too long.
func (p *pulses) check(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for worker, at := range p.last {
		if quiet := p.now().Sub(at); quiet > silence {
			return fmt.Errorf("the %s worker has been silent for %s", worker, quiet.Round(time.Second))
		}
	}
	return nil
}

// beatingQueue is the queue of batches that tells when the worker got to it.
type beatingQueue struct {
	bulkworker.Queue
	beat func()
}

// Claim leases a batch, and says that the worker lives.
func (q beatingQueue) Claim(ctx context.Context, owner string, realNow time.Time, lease time.Duration) (bulkworker.Claim, bool, error) {
	c, ok, err := q.Queue.Claim(ctx, owner, realNow, lease)
	if err == nil {
		q.beat()
	}
	return c, ok, err
}

// Renew keeps a lease: a long batch is no silence either.
func (q beatingQueue) Renew(ctx context.Context, c bulkworker.Claim, realNow time.Time, lease time.Duration) (bool, error) {
	held, err := q.Queue.Renew(ctx, c, realNow, lease)
	if err == nil {
		q.beat()
	}
	return held, err
}
