package sqlstore

import (
	"context"
	"errors"
	"runtime"
	"sync"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

const (
	groupWorkers    = 1  // groups that are under way at once in one instance: more meet conflicts (decision 0009)
	groupActivation = 64 // activations that share a commit at most
)

// subject is one thing that an activation names, so that two about the same thing do not share a group.
type subject struct {
	what    byte
	program ident.ProgramID
	id      ident.UUID
	number  int64
	text    string
}

// activation is one call of Activate on its way through the desk.
type activation struct {
	job
	ctx      context.Context // of the caller: its values and its end
	key      issuance.ActivationKey
	decide   func(issuance.ActivationState) (issuance.ActivationChanges, error)
	subjects []subject
	deferred bool // it met another in its group and goes with a later one
}

// subjectsOf lists what a key names.
func subjectsOf(k issuance.ActivationKey) []subject {
	var out []subject
	if !k.Card.IsZero() {
		out = append(out, subject{what: 'c', id: k.Card.UUID})
	}
	if k.Identifier != "" {
		out = append(out, subject{what: 'i', program: k.Program, text: k.Identifier})
	}
	if !k.Holder.IsZero() {
		out = append(out, subject{what: 'h', id: k.Holder.UUID})
	}
	if k.Number != 0 {
		out = append(out, subject{what: 'n', program: k.Program, number: k.Number})
	}
	if k.Balance != 0 {
		out = append(out, subject{what: 'b', program: k.Program, number: k.Balance})
	}
	for _, f := range k.Facts {
		out = append(out, subject{what: 'f', program: k.Program, text: string(f.Field) + "\n" + normal(f)})
	}
	if k.IdempotencyKey != "" {
		out = append(out, subject{what: 'k', program: k.Program, text: k.Door + "\n" + k.IdempotencyKey})
	}
	return out
}

// desk is where activations wait. A worker that is free takes all that wait, up to a group's length, in
// the order of coming; only those stay behind that name what a group under way names too. There is no
// timer: a lone activation goes at once, and what arrives during a group is the next one.
type desk struct {
	mu      sync.Mutex
	changed *sync.Cond // something came, something was finished, or the desk shut
	queue   []*activation
	busy    map[subject]bool
	closed  bool
	workers sync.WaitGroup
}

func newDesk() *desk {
	d := &desk{busy: map[subject]bool{}}
	d.changed = sync.NewCond(&d.mu)
	return d
}

// open starts the workers.
func (d *desk) open(workers int, run func([]*activation)) {
	for range workers {
		d.workers.Go(func() { d.work(run) })
	}
}

// work runs groups in its own goroutine, whose stack has grown to what they need. A decision may leave it: then another takes its
// place.
func (d *desk) work(run func([]*activation)) {
	var group []*activation
	defer func() {
		if group != nil {
			d.give(group)
			d.workers.Go(func() { d.work(run) })
		}
	}()
	for group = d.take(); group != nil; group = d.take() {
		run(group)
		d.give(group)
	}
}

// submit hands an activation in and waits for its end. A caller who goes away while his activation waits
// takes it with him; once it runs, its outcome is waited for, because it may commit.
func (d *desk) submit(a *activation) error {
	if err := d.put(a); err != nil {
		return err
	}
	select {
	case <-a.done:
	case <-a.ctx.Done():
		if a.state.CompareAndSwap(waiting, abandoned) {
			return fault.NotNow(a.ctx.Err(), "wait for the database", retryLater)
		}
		<-a.done
	}
	if a.panicked != nil {
		panic(a.panicked)
	}
	if a.exited {
		runtime.Goexit()
	}
	return a.err
}

func (d *desk) put(a *activation) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return fault.NotNow(errClosed, "write", retryLater)
	}
	if len(d.queue) >= queueLength {
		return fault.NotNow(errors.New("the queue of writes is full"), "write", retryLater)
	}
	d.queue = append(d.queue, a)
	d.changed.Signal()
	return nil
}

// take waits for a group; nil when the desk is shut and nothing waits any more.
func (d *desk) take() []*activation {
	d.mu.Lock()
	defer d.mu.Unlock()
	for {
		if group := d.gather(); len(group) > 0 {
			if len(d.queue) > 0 {
				d.changed.Signal()
			}
			return group
		}
		if d.closed && len(d.queue) == 0 {
			d.changed.Broadcast()
			return nil
		}
		d.changed.Wait()
	}
}

// gather takes from the queue what may go together now.
func (d *desk) gather() []*activation {
	var group []*activation
	rest := d.queue[:0]
	for _, a := range d.queue {
		switch {
		case len(group) == groupActivation || d.isBusy(a.subjects):
			rest = append(rest, a)
		case a.state.CompareAndSwap(waiting, running):
			group = append(group, a)
			for _, s := range a.subjects {
				d.busy[s] = true
			}
		}
	}
	clear(d.queue[len(rest):])
	d.queue = rest
	return group
}

func (d *desk) isBusy(subjects []subject) bool {
	for _, s := range subjects {
		if d.busy[s] {
			return true
		}
	}
	return false
}

// give ends a group; what it put off goes to the head of the queue.
func (d *desk) give(group []*activation) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var again []*activation
	for _, a := range group {
		for _, s := range a.subjects {
			delete(d.busy, s)
		}
		if a.deferred {
			a.deferred = false
			a.state.Store(waiting)
			again = append(again, a)
		}
	}
	d.queue = append(again, d.queue...)
	d.changed.Broadcast()
}

func (d *desk) length() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.queue)
}

// shut refuses what comes now and waits for what is here; false when it was shut already.
func (d *desk) shut() bool {
	d.mu.Lock()
	was := d.closed
	d.closed = true
	d.changed.Broadcast()
	d.mu.Unlock()
	d.workers.Wait()
	return !was
}
