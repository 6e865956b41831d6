package sqlstore

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

func TestLanes_NarrowWhereWritesConflictAndWidenAgain(t *testing.T) {
	t.Parallel()
	l := newLanes(16)
	wide := func() (free int) {
		for l.busy < int(l.width) {
			if err := l.enter(t.Context()); err != nil {
				t.Fatal(err)
			}
			free++
		}
		for range free { // back, as if nothing was written
			l.busy--
		}
		return free
	}
	write := func(writes, tries int) {
		for range writes {
			if err := l.enter(t.Context()); err != nil {
				t.Fatal(err)
			}
			l.leave(tries)
		}
	}
	for _, step := range []struct{ writes, tries, want int }{
		{100, 1, 16}, {1, 3, 15}, {200, 2, fewestLanes}, {31, 1, fewestLanes}, {33, 1, fewestLanes + 2}, {1000, 1, 16},
	} {
		if write(step.writes, step.tries); wide() != step.want {
			t.Errorf("after %d writes of %d tries: %d lanes, want %d", step.writes, step.tries, wide(), step.want)
		}
	}
	if one := newLanes(1); true {
		one.busy++
		if one.leave(9); one.width != 1 {
			t.Errorf("%v lanes for one connection", one.width)
		}
	}
}

// TestLanes_AreGivenInTheOrderOfComing has one lane and callers who come one after the other; some of them go away.
func TestLanes_AreGivenInTheOrderOfComing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLanes(1)
		if err := l.enter(t.Context()); err != nil {
			t.Fatal(err)
		}
		const callers = 6
		got := make(chan int, callers)
		gone := 0
		for i := range callers {
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				switch err := l.enter(ctx); {
				case err == nil:
					got <- i
				case !errors.Is(err, context.Canceled):
					t.Error(err)
				}
			}()
			synctest.Wait()
			if i%3 == 1 {
				cancel()
				gone++
				synctest.Wait()
			}
			defer cancel()
		}
		for last, left := -1, callers-gone; left > 0; left-- {
			l.leave(1)
			synctest.Wait()
			if i := <-got; i <= last || i%3 == 1 {
				t.Errorf("caller %d has the lane after %d", i, last)
			} else {
				last = i
			}
		}
		if l.leave(1); l.busy != 0 || len(l.queue) != 0 {
			t.Errorf("%d lanes are held and %d wait at the end", l.busy, len(l.queue))
		}
	})
}

// TestLanes_WhoIsCalledAndGoesAwayPassesItOn lets a caller's time end at the moment at which it is called.
func TestLanes_WhoIsCalledAndGoesAwayPassesItOn(t *testing.T) {
	t.Parallel()
	for range 200 {
		l := newLanes(1)
		if err := l.enter(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() {
			err := l.enter(ctx)
			if err == nil {
				l.leave(1)
			}
			ended <- err
		}()
		go cancel()
		l.leave(1)
		<-ended
		if err := l.enter(t.Context()); err != nil || l.busy != 1 {
			t.Fatalf("error %v, %d lanes are held by one", err, l.busy)
		}
	}
}
