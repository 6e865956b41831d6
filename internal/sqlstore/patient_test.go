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

// TestWriter_PatientWritesShareACommitWhenNobodyElseWrites holds the writer until several patient ones wait.
func TestWriter_PatientWritesShareACommitWhenNobodyElseWrites(t *testing.T) {
	t.Parallel()
	d := newFile(t)
	before := d.Stats().Commits
	ctx := Patient(context.WithoutCancel(t.Context()))
	hold, held := make(chan struct{}), make(chan struct{})
	var writes sync.WaitGroup
	write := func(n int, meanwhile func()) {
		writes.Go(func() {
			if err := d.engine.write(ctx, func(s *session) error { meanwhile(); return note(s, n) }); err != nil {
				t.Error(err)
			}
		})
	}
	write(0, func() { close(held); <-hold })
	<-held
	for n := 1; n <= 3; n++ {
		write(n, func() {})
		for d.Stats().Waiting < int64(n) {
			runtime.Gosched()
		}
	}
	close(hold)
	writes.Wait()
	if n := d.Stats().Commits - before; n != 2 {
		t.Errorf("%d commits, want one to hold the writer and one for the three that waited", n)
	}
	wantNotes(t, d, 0, 1, 2, 3)
}

// TestWriter_OnePatientWriteAtMostIsBeforeAnother has a write come while the first of two patient ones runs: it goes before the second.
func TestWriter_OnePatientWriteAtMostIsBeforeAnother(t *testing.T) {
	t.Parallel()
	d := newFile(t)
	ctx := context.WithoutCancel(t.Context())
	var order []string // on the writer's goroutine
	var writes sync.WaitGroup
	write := func(ctx context.Context, name string, meanwhile func()) {
		waiting := d.Stats().Waiting
		writes.Go(func() {
			err := d.engine.write(ctx, func(s *session) error {
				order = append(order, name)
				meanwhile()
				return note(s, len(order))
			})
			if err != nil {
				t.Error(err)
			}
		})
		for name != "hold" && d.Stats().Waiting == waiting {
			runtime.Gosched()
		}
	}
	hold, held := make(chan struct{}), make(chan struct{})
	write(ctx, "hold", func() { close(held); <-hold })
	<-held
	nothing := func() {}
	write(Patient(ctx), "patient", func() { write(ctx, "late", nothing) })
	write(Patient(ctx), "second patient", nothing)
	write(ctx, "early", nothing)
	close(hold)
	writes.Wait()
	if want := []string{"hold", "early", "patient", "late", "second patient"}; !slices.Equal(order, want) {
		t.Errorf("the order is %v, want %v", order, want)
	}
}
