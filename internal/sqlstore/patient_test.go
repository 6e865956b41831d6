package sqlstore

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"testing"
)

// TestWriter_PatientWritesLetOthersGoFirst holds the writer until a patient write and two others wait: the
// others are committed before the patient one begins.
func TestWriter_PatientWritesLetOthersGoFirst(t *testing.T) {
	t.Parallel()
	d := newFile(t)
	before := d.Stats().Commits
	var mu sync.Mutex
	var order []string
	body := func(name string) func(*session) error {
		return func(s *session) error {
			mu.Lock()
			defer mu.Unlock()
			order = append(order, name)
			return note(s, len(order))
		}
	}
	hold, held := make(chan struct{}), make(chan struct{})
	var writes sync.WaitGroup
	write := func(ctx context.Context, b func(*session) error) {
		writes.Go(func() {
			if err := d.engine.write(ctx, b); err != nil {
				t.Error(err)
			}
		})
	}
	ctx := context.WithoutCancel(t.Context())
	write(ctx, func(*session) error { close(held); <-hold; return nil })
	<-held
	for n, waits := range []struct {
		ctx  context.Context //nolint:containedctx // a table of calls
		name string
	}{{Patient(ctx), "patient"}, {ctx, "quick"}, {ctx, "quick"}} {
		write(waits.ctx, body(waits.name))
		for d.Stats().Waiting <= int64(n) {
			runtime.Gosched()
		}
	}
	close(hold)
	writes.Wait()
	if want := []string{"quick", "quick", "patient"}; !slices.Equal(order, want) {
		t.Errorf("the order is %v, want %v", order, want)
	}
	if n := d.Stats().Commits - before; n != 3 {
		t.Errorf("%d commits, want one to hold the writer, one for both quick writes and one for the patient", n)
	}
}

// TestWriter_APatientWriteHasItsTurn has each of many writes bring the next one along, so that the writer never
// rests: those that come while a patient write waits go first, but only so many.
func TestWriter_APatientWriteHasItsTurn(t *testing.T) {
	t.Parallel()
	d := newFile(t)
	ctx := context.WithoutCancel(t.Context())
	var order []string // the writer's alone until all have ended
	var writes sync.WaitGroup
	bring := func(ctx context.Context, body func(*session) error) {
		writes.Go(func() {
			if err := d.engine.write(ctx, body); err != nil {
				t.Error(err)
			}
		})
		for d.Stats().Waiting == 0 {
			runtime.Gosched()
		}
	}
	var quick func(left int) func(*session) error
	quick = func(left int) func(*session) error {
		return func(s *session) error {
			order = append(order, "quick")
			if left > 0 {
				bring(ctx, quick(left-1))
			}
			return note(s, len(order))
		}
	}
	err := d.engine.write(ctx, func(s *session) error {
		bring(Patient(ctx), func(s *session) error {
			order = append(order, "patient")
			return note(s, len(order))
		})
		writes.Go(func() {
			if err := d.engine.write(ctx, quick(2*mostPassed)); err != nil {
				t.Error(err)
			}
		})
		for d.Stats().Waiting < 2 {
			runtime.Gosched()
		}
		return note(s, 0)
	})
	if err != nil {
		t.Fatal(err)
	}
	writes.Wait() // each brings the next along before it ends
	if at := slices.Index(order, "patient"); at != mostPassed {
		t.Errorf("the patient write came after %d others, want %d: %v", at, mostPassed, order)
	}
}
