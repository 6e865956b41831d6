package httpd

import (
	"context"
	"sync"
	"time"
)

// deadline is the context of a request that is over when its time is up. The timer begins when somebody first asks for
// the end: a request that is refused at the door is answered before anybody does, and needs none.
type deadline struct {
	request context.Context // without the deadline
	timeout time.Duration
	started time.Time
	now     func() time.Time

	mu     sync.Mutex
	timed  context.Context // with it; nil until somebody asks
	cancel context.CancelFunc
	over   bool
}

// context is the request's context with the deadline, which counts from the start of the request whoever asks when.
func (d *deadline) context() context.Context {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timed == nil {
		d.timed, d.cancel = context.WithTimeout(d.request, d.timeout-d.now().Sub(d.started))
		if d.over {
			d.cancel()
		}
	}
	return d.timed
}

// end tells all who wait that the request is over.
func (d *deadline) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.over = true; d.cancel != nil {
		d.cancel()
	}
}

// Deadline, Done and Err are those of the context with the deadline.
func (d *deadline) Deadline() (time.Time, bool) { return d.context().Deadline() }
func (d *deadline) Done() <-chan struct{}       { return d.context().Done() }
func (d *deadline) Err() error                  { return d.context().Err() }

// Value asks the context with the deadline if there is one, so that a context made from this one finds out whom it hangs on.
func (d *deadline) Value(key any) any {
	d.mu.Lock()
	ctx := d.timed
	d.mu.Unlock()
	if ctx == nil {
		ctx = d.request
	}
	return ctx.Value(key)
}
