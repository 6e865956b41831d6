package funnelworker_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firsttap/firsttap/internal/funnelworker"
	"github.com/firsttap/firsttap/internal/ident"
)

// trails are rows that wait to be counted, as the rules would keep them.
type trails struct {
	mu     sync.Mutex
	order  []ident.ProgramID
	left   map[ident.ProgramID]int
	broken ident.ProgramID // cannot be counted
	down   error
	steps  int
}

func programs(n int) *trails {
	l := &trails{left: map[ident.ProgramID]int{}}
	for i := range n {
		p := ident.ProgramID{UUID: ident.UUID{byte(i/200 + 1), byte(i % 200)}}
		l.order = append(l.order, p)
		l.left[p] = 7
	}
	return l
}

func (l *trails) FunnelsWaiting(_ context.Context, after ident.ProgramID, limit int) (out []ident.ProgramID, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.order {
		if l.left[p] > 0 && bytes.Compare(p.UUID[:], after.UUID[:]) > 0 && len(out) < limit {
			out = append(out, p)
		}
	}
	return out, l.down
}

func (l *trails) CountFunnel(_ context.Context, p ident.ProgramID, limit int) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p == l.broken {
		return false, errors.New("this one is broken")
	}
	l.steps++
	n := min(limit, l.left[p])
	l.left[p] -= n
	return n == limit, nil
}

func (l *trails) waiting() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, left := range l.left {
		n += left
	}
	return n
}

func TestWorker_CountsAllThatWaits(t *testing.T) {
	t.Parallel()
	for name, n := range map[string]int{"nobody": 0, "one": 1, "as many as it asks for at once": 100, "several pages": 250} {
		l, beats := programs(n), 0
		var logged bytes.Buffer
		w := funnelworker.New(funnelworker.Options{Counter: l, Logger: slog.New(slog.NewTextHandler(&logged, nil)), Step: 3, Beat: func() { beats++ }})
		w.Pass(t.Context())
		if l.waiting() != 0 || l.steps != 3*n || beats == 0 || logged.Len() != 0 {
			t.Errorf("%s: %d rows wait after %d steps and %d beats: %s", name, l.waiting(), l.steps, beats, &logged)
		}
	}
}

func TestWorker_GoesOnWhenOneFailsOrAllDo(t *testing.T) {
	t.Parallel()
	l := programs(3)
	l.broken = l.order[1]
	var logged bytes.Buffer
	beats := 0
	w := funnelworker.New(funnelworker.Options{Counter: l, Logger: slog.New(slog.NewTextHandler(&logged, nil)), Beat: func() { beats++ }})
	w.Pass(t.Context())
	if l.waiting() != 7 || !strings.Contains(logged.String(), "this one is broken") {
		t.Errorf("%d rows wait, of one programme there are 7: %s", l.waiting(), &logged)
	}
	l.down, beats = errors.New("nobody is there"), 0
	w.Pass(t.Context())
	if beats != 0 || !strings.Contains(logged.String(), "nobody is there") {
		t.Errorf("without a database there are %d beats: %s", beats, &logged)
	}
}

func TestWorker_CountsUntilItIsStopped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := programs(1)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		w := funnelworker.New(funnelworker.Options{Counter: l, Logger: slog.New(slog.DiscardHandler)})
		go func() { w.Run(ctx); close(ended) }()
		for range 3 {
			l.mu.Lock()
			l.left[l.order[0]] += 1000
			l.mu.Unlock()
			<-time.After(2 * time.Second)
			synctest.Wait()
			if n := l.waiting(); n != 0 {
				t.Errorf("after two seconds %d rows wait", n)
			}
		}
		stop()
		<-ended
	})
}
