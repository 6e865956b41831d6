package auditworker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/firsttap/firsttap/internal/auditlog"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
)

// Publisher keeps the newest signed checkpoint of each log, outside the database.
type Publisher interface {
	// Publish puts what next returns in the place of the checkpoint that was published last (nil when there
	// is none), which next is given; nil leaves it. Meanwhile nobody else publishes. After a crash there is
	// the old one or the new one.
	Publish(origin string, at time.Time, next func(latest []byte) ([]byte, error)) error
}

// Options are what a worker is made of. The first group must be given; the second has defaults.
type Options struct {
	Log       Log
	Publisher Publisher
	Signer    auditlog.Signer
	Now       func() time.Time // real time, for the history of checkpoints
	Logger    *slog.Logger

	// GiveWay is called between two steps, with how long the first took, by who seals beside a server; none by default.
	GiveWay     func(context.Context, time.Duration) error
	Beat        func()        // called after every pass that got to the database
	Poll        time.Duration // between two passes; half a second
	Step        int           // rows that are sealed in one transaction; 1000. The more, the fewer times the tiles at the end of a log are written anew
	StopTimeout time.Duration // most time for the last pass; 5 s
}

// Worker seals audit rows until it is told to stop.
type Worker struct {
	o         Options
	verifier  auditlog.Verifier
	published map[ident.ProgramID]int64 // sizes, of this process
	told      string                    // the failure that was logged last
	toldAt    time.Time
}

// tellEvery is how often a failure that stays is logged.
const tellEvery = time.Minute

// New makes a Worker. It starts nothing.
func New(o Options) (*Worker, error) {
	if o.Beat == nil {
		o.Beat = func() {}
	}
	if o.GiveWay == nil {
		o.GiveWay = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	}
	if o.Step <= 0 {
		o.Step = 1000
	}
	if o.Poll <= 0 {
		o.Poll = 500 * time.Millisecond
	}
	if o.StopTimeout <= 0 {
		o.StopTimeout = 5 * time.Second
	}
	v, err := auditlog.NewVerifier(o.Signer.VerifierKey())
	return &Worker{o: o, verifier: v, published: map[ident.ProgramID]int64{}}, err
}

// Run works until ctx ends, and then seals what still waits. It gives no error: what fails is logged and
// tried again.
func (w *Worker) Run(ctx context.Context) {
	poll := time.NewTimer(0)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.o.StopTimeout)
			defer cancel()
			w.tell(last, w.Pass(last))
			return
		case <-poll.C:
		}
		if err := w.Pass(ctx); ctx.Err() == nil {
			w.tell(ctx, err)
		}
		poll.Reset(w.o.Poll)
	}
}

// tell logs what failed: at once, and then once a minute while it is the same.
func (w *Worker) tell(ctx context.Context, err error) {
	if err == nil {
		w.told = ""
		return
	}
	now := w.o.Now()
	if err.Error() == w.told && now.Sub(w.toldAt) < tellEvery {
		return
	}
	w.told, w.toldAt = err.Error(), now
	w.o.Logger.LogAttrs(ctx, slog.LevelError, "the audit worker failed", slog.String("reason", fault.Of(err).Reason.Name()), slog.String("cause", err.Error()))
}

// Pass seals every row that waits, and publishes the checkpoint of each log that grew, whoever sealed it. A log
// in trouble does not keep the others from it.
func (w *Worker) Pass(ctx context.Context) error {
	waiting, err := w.o.Log.Waiting(ctx)
	if err != nil {
		return fmt.Errorf("look for audit rows: %w", err)
	}
	var problems []error
	for _, p := range waiting {
		if err := w.seal(ctx, p); err != nil {
			problems = append(problems, fmt.Errorf("seal %s: %w", auditlog.Origin(p), err))
		}
	}
	heads, err := w.o.Log.Heads(ctx)
	if err != nil {
		return errors.Join(append(problems, fmt.Errorf("read the heads of audit logs: %w", err))...)
	}
	for _, head := range heads {
		if size, known := w.published[head.Log]; known && size == head.Size {
			continue
		}
		if err := w.publish(ctx, head); err != nil {
			problems = append(problems, fmt.Errorf("publish the checkpoint of %s: %w", auditlog.Origin(head.Log), err))
			continue
		}
		w.published[head.Log] = head.Size
	}
	w.o.Beat()
	return errors.Join(problems...)
}

// seal seals the rows of one log. When another worker was faster, it looks again.
func (w *Worker) seal(ctx context.Context, p ident.ProgramID) error {
	for {
		began := w.o.Now()
		pending, err := w.o.Log.Load(ctx, p, w.o.Step)
		if err != nil || len(pending.Rows) == 0 {
			return err
		}
		step, err := pending.Step()
		if err != nil {
			return err
		}
		placed, err := w.o.Log.Place(ctx, step)
		if err != nil {
			return err
		}
		if placed && len(pending.Rows) < w.o.Step {
			return nil
		}
		if err := w.o.GiveWay(ctx, w.o.Now().Sub(began)); err != nil {
			return err
		}
	}
}

// publish signs a head, unless the log does not continue the checkpoint that is there.
func (w *Worker) publish(ctx context.Context, head auditlog.Head) error {
	return w.o.Publisher.Publish(auditlog.Origin(head.Log), w.o.Now(), func(latest []byte) ([]byte, error) {
		if latest != nil {
			list, err := w.verifier.Checkpoints(latest)
			if err != nil {
				return nil, err
			}
			older := list[len(list)-1]
			if err := w.continues(ctx, older, head); err != nil || older.Size == head.Size {
				return nil, err
			}
		}
		return w.o.Signer.Sign(head.Checkpoint())
	})
}

func (w *Worker) continues(ctx context.Context, older auditlog.Checkpoint, head auditlog.Head) error {
	return auditlog.Continues(older, head, func(wanted []tlog.Tile) ([]auditlog.Tile, error) {
		return w.o.Log.Tiles(ctx, head.Log, wanted)
	})
}
