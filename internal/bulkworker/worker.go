package bulkworker

import (
	"context"
	"log/slog"
	"time"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

// Maker makes up to limit items of a batch in one transaction.
type Maker interface {
	MakeBatchStep(ctx context.Context, p ident.ProgramID, b ident.BatchID, limit int) (issuance.BatchStep, error)
}

// Options are what a worker is made of. The first group must be given; the second has defaults.
type Options struct {
	Queue  Queue
	Maker  Maker
	Now    func() time.Time // real time, for leases
	Logger *slog.Logger
	Owner  string // who holds the leases: unique among all workers of one database

	// Others tells how many writes somebody waited for: not this worker's. While there are some, steps are
	// small, so that nobody waits long behind one. nil: nobody else writes.
	Others func() int64

	Step        int           // items made in one transaction while nobody else writes; 500
	SmallStep   int           // while others do, with a pause of half its length after each; 25
	Calm        time.Duration // how long nobody else must have written until steps are large again; 250 ms
	Recheck     time.Duration // when an order is looked at again whose bureau takes its time; 1 s
	Poll        time.Duration // how often the queue is asked when nothing wakes the worker; 5 s
	Lease       time.Duration // how long a batch stays with a worker that went silent; 10 s, far above what a step can take
	StagedLife  time.Duration // after which an upload that was never accepted is swept; 1 h
	StopTimeout time.Duration // most time for handing a batch back when told to stop; 5 s
}

// Worker makes batches until it is told to stop. It is safe to wake it from anywhere.
type Worker struct {
	o    Options
	wake chan struct{}
}

// New makes a Worker. It starts nothing.
func New(o Options) *Worker {
	if o.Step <= 0 {
		o.Step = 500
	}
	if o.SmallStep <= 0 {
		o.SmallStep = 25
	}
	for _, d := range []struct {
		value *time.Duration
		or    time.Duration
	}{{&o.Recheck, time.Second}, {&o.Poll, 5 * time.Second}, {&o.Lease, 10 * time.Second}, {&o.StagedLife, time.Hour}, {&o.StopTimeout, 5 * time.Second}, {&o.Calm, 250 * time.Millisecond}} {
		if *d.value <= 0 {
			*d.value = d.or
		}
	}
	return &Worker{o: o, wake: make(chan struct{}, 1)}
}

// Wake tells the worker that a batch may wait. It never blocks.
func (w *Worker) Wake() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Run works until ctx ends, and returns when the batch in hand was handed back. It gives no error: what
// fails is logged and tried again.
func (w *Worker) Run(ctx context.Context) {
	poll := time.NewTimer(0)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.wake:
		case <-poll.C:
			w.sweep(ctx)
		}
		next := w.o.Poll
		for more := true; more && ctx.Err() == nil; {
			var put bool
			if more, put = w.one(ctx); put {
				next = w.o.Recheck
			}
		}
		poll.Reset(next)
	}
}

// one claims a batch and makes it, or puts it off. more says that the queue may hold another one.
func (w *Worker) one(ctx context.Context) (more, put bool) {
	c, ok, err := w.o.Queue.Claim(ctx, w.o.Owner, w.o.Now(), w.o.Lease)
	if err != nil {
		w.failed(ctx, err, "claim a batch")
		return false, false
	}
	if !ok {
		return false, false
	}
	switch w.make(ctx, c) {
	case handBack:
		w.release(ctx, c)
	case putOff:
		if _, err := w.o.Queue.Renew(ctx, c, w.o.Now(), w.o.Recheck); err != nil {
			w.failed(ctx, err, "put a batch off", slog.String("batch", c.Batch.String()))
		}
		return true, true
	case keep:
	}
	return true, false
}

// after is what becomes of a batch that was claimed.
type after int

const (
	keep     after = iota // its lease passes, and the others come first
	handBack              // at its end, or when the worker is told to stop
	putOff                // its bureau takes its time: it is looked at again soon
)

func stopped(ctx context.Context) after {
	if ctx.Err() != nil {
		return handBack
	}
	return keep
}

// make runs the steps of a claimed batch, and tells what becomes of it. A batch that failed keeps its lease, so that the others come
// first and it is tried again when the lease has passed.
func (w *Worker) make(ctx context.Context, c Claim) after {
	of := slog.String("batch", c.Batch.String())
	pace := pace{o: w.o}
	var renewed time.Time
	for ctx.Err() == nil {
		now := w.o.Now()
		if now.Sub(renewed) >= w.o.Lease/renewals {
			held, err := w.o.Queue.Renew(ctx, c, now, w.o.Lease)
			if err != nil {
				w.failed(ctx, err, "renew a lease", of)
				return stopped(ctx)
			}
			if !held {
				w.o.Logger.WarnContext(ctx, "a batch was taken over", of)
				return keep
			}
			renewed = now
		}
		// A step that began is finished, whatever happens: it is one short transaction.
		step, err := w.o.Maker.MakeBatchStep(context.WithoutCancel(ctx), c.Program, c.Batch, pace.next(now))
		if err != nil {
			w.failed(ctx, err, "make a step of a batch", of)
			return stopped(ctx)
		}
		if step.Waits {
			return putOff
		}
		if step.Done {
			w.o.Logger.InfoContext(ctx, "batch made", of)
			return handBack
		}
		if pace.small() {
			pause(ctx, w.o.Now().Sub(now)/2)
		}
	}
	return handBack
}

// pause leaves the disk and the processors to others for a while, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// renewals is how often a lease is renewed in its length: each costs a commit, so not before every step.
const renewals = 4

// pace chooses the size of steps.
type pace struct {
	o     Options
	seen  int64     // writes of others at the last look
	since time.Time // when they were last seen to grow
	calm  bool      // nobody else has written for a while
}

func (p *pace) small() bool { return !p.calm }

// next is how many items the next step makes. A batch begins with small steps: who writes beside is not known yet.
func (p *pace) next(now time.Time) int {
	if p.calm = p.o.Others == nil; p.calm {
		return p.o.Step
	}
	if others := p.o.Others(); others != p.seen || p.since.IsZero() {
		p.seen, p.since = others, now
	}
	if p.calm = now.Sub(p.since) >= p.o.Calm; p.calm {
		return p.o.Step
	}
	return p.o.SmallStep
}

// release hands a batch back, also when the worker is being stopped.
func (w *Worker) release(ctx context.Context, c Claim) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.o.StopTimeout)
	defer cancel()
	if err := w.o.Queue.Release(ctx, c); err != nil {
		w.failed(ctx, err, "hand a batch back", slog.String("batch", c.Batch.String()))
	}
}

// sweep removes uploads that broke off.
func (w *Worker) sweep(ctx context.Context) {
	n, err := w.o.Queue.SweepStaged(ctx, w.o.Now().Add(-w.o.StagedLife))
	if err != nil {
		w.failed(ctx, err, "sweep staged uploads")
	} else if n > 0 {
		w.o.Logger.InfoContext(ctx, "staged uploads swept", slog.Int("uploads", n))
	}
}

// failed logs why something did not happen; a worker that was told to stop has nothing to say.
func (w *Worker) failed(ctx context.Context, err error, attempted string, attrs ...slog.Attr) {
	if ctx.Err() != nil {
		return
	}
	e := fault.Of(err)
	attrs = append(attrs, slog.String("attempted", attempted), slog.String("reason", e.Reason.Name()), slog.String("cause", e.Error()))
	w.o.Logger.LogAttrs(ctx, slog.LevelError, "bulk worker failed", attrs...)
}
