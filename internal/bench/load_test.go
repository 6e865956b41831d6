package bench

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// A server that stands still for half a second is seen by every request that was to leave meanwhile.
func TestLoad_CountsFromTheIntendedTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		l := &load{now: time.Now, rate: 10, send: func(ctx context.Context, n int) error {
			l := 10 * time.Millisecond
			if late := time.Since(begin); late < 500*time.Millisecond {
				l += 500*time.Millisecond - late
			}
			if err := wait(ctx, l); err != nil {
				return err
			}
			if n == 7 {
				return errors.New("no")
			}
			return nil
		}}
		if next := l.run(t.Context(), 5, 15); next != 15 {
			t.Errorf("the next is %d", next)
		}
		r := l.result()
		if r.Offered != 10 || r.Failed != 1 || r.FirstFailure != "no" {
			t.Errorf("%+v", r)
		}
		if r.P50 != 10*time.Millisecond || r.Worst != 510*time.Millisecond {
			t.Errorf("p50 %v, worst %v", r.P50, r.Worst)
		}
	})
}

func TestLoad_SendsEachNumberOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		numbers := make(chan int, 1000)
		l := &load{now: time.Now, rate: 1000, send: func(_ context.Context, n int) error { numbers <- n; return nil }}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		next := l.run(ctx, 0, 1000)
		next = l.run(t.Context(), next, next+50)
		close(numbers)
		seen := map[int]bool{}
		for n := range numbers {
			if seen[n] {
				t.Errorf("%d was sent twice", n)
			}
			seen[n] = true
		}
		if len(seen) != next {
			t.Errorf("%d numbers below %d were sent", len(seen), next)
		}
	})
}

func TestAt_GivesTheValueThatAShareDoesNotPass(t *testing.T) {
	t.Parallel()
	values := []time.Duration{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	for percent, want := range map[int]time.Duration{50: 5, 99: 10, 100: 10, 1: 1} {
		if got := at(values, percent); got != want {
			t.Errorf("%d %%: %d, want %d", percent, got, want)
		}
	}
	if at(nil, 50) != 0 {
		t.Error("no values have a percentile")
	}
}
