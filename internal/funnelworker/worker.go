package funnelworker

import (
	"context"
	"log/slog"
	"time"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
)

// Counter counts the trails of programmes.
type Counter interface {
	// FunnelsWaiting lists programmes with rows that can be counted, at most limit, behind the given one.
	FunnelsWaiting(ctx context.Context, after ident.ProgramID, limit int) ([]ident.ProgramID, error)
	// CountFunnel counts up to limit rows of one; more says that there may be others.
	CountFunnel(ctx context.Context, p ident.ProgramID, limit int) (more bool, err error)
}

// Options are what a worker is made of. The first group must be given; the second has defaults.
type Options struct {
	Counter Counter
	Logger  *slog.Logger

	Beat func()        // called after every pass that got to the database
	Poll time.Duration // between two passes; 2 s
	Step int           // rows that are counted in one transaction; 2000
}

// Worker counts until it is told to stop.
type Worker struct{ o Options }

// New makes a Worker. It starts nothing.
func New(o Options) *Worker {
	if o.Beat == nil {
		o.Beat = func() {}
	}
	if o.Poll <= 0 {
		o.Poll = 2 * time.Second
	}
	if o.Step <= 0 {
		o.Step = 2000
	}
	return &Worker{o: o}
}

// Run works until ctx ends. It gives no error: what fails is logged and tried again.
func (w *Worker) Run(ctx context.Context) {
	poll := time.NewTimer(0)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-poll.C:
		}
		w.Pass(ctx)
		poll.Reset(w.o.Poll)
	}
}

const programsAtOnce = 100

// Pass counts everything that waits.
func (w *Worker) Pass(ctx context.Context) {
	for after := (ident.ProgramID{}); ctx.Err() == nil; {
		waiting, err := w.o.Counter.FunnelsWaiting(ctx, after, programsAtOnce)
		if err != nil {
			w.failed(ctx, err, "look for audit rows to count")
			return
		}
		for _, p := range waiting {
			w.one(ctx, p)
			after = p
		}
		w.o.Beat()
		if len(waiting) < programsAtOnce {
			return
		}
	}
}

func (w *Worker) one(ctx context.Context, p ident.ProgramID) {
	for more := true; more && ctx.Err() == nil; w.o.Beat() {
		var err error
		if more, err = w.o.Counter.CountFunnel(ctx, p, w.o.Step); err != nil {
			w.failed(ctx, err, "count the audit rows of a programme")
			return
		}
	}
}

func (w *Worker) failed(ctx context.Context, err error, attempted string) {
	if ctx.Err() != nil {
		return
	}
	e := fault.Of(err)
	w.o.Logger.LogAttrs(ctx, slog.LevelError, "the funnel worker failed", slog.String("attempted", attempted),
		slog.String("reason", e.Reason.Name()), slog.String("cause", e.Error()))
}
