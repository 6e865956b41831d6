package bulkworker_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firsttap/firsttap/internal/bulkworker"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

// pass lets synthetic time pass.
func pass(d time.Duration) { <-time.After(d) }

// line is a queue in memory with the promises of the real one: leases by real time, and fences that rise.
type line struct {
	mu      sync.Mutex
	waiting []*waiting
	swept   int
	claims  int
	down    error
}

type waiting struct {
	id    byte
	until time.Time
	owner string
	fence int64
	done  bool
}

func (l *line) Claim(_ context.Context, owner string, now time.Time, lease time.Duration) (bulkworker.Claim, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.claims++
	if l.down != nil {
		return bulkworker.Claim{}, false, l.down
	}
	for _, w := range l.waiting {
		if !w.done && !now.Before(w.until) {
			w.owner, w.until = owner, now.Add(lease)
			w.fence++
			return bulkworker.Claim{Batch: ident.BatchID{UUID: ident.UUID{w.id}}, Owner: owner, Fence: w.fence}, true, nil
		}
	}
	return bulkworker.Claim{}, false, nil
}

func (l *line) find(c bulkworker.Claim) *waiting {
	for _, w := range l.waiting {
		if w.id == c.Batch.UUID[0] && w.fence == c.Fence {
			return w
		}
	}
	return nil
}

func (l *line) Renew(_ context.Context, c bulkworker.Claim, now time.Time, lease time.Duration) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.find(c)
	if w != nil {
		w.until = now.Add(lease)
	}
	return w != nil, nil
}

func (l *line) Release(_ context.Context, c bulkworker.Claim) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if w := l.find(c); w != nil {
		w.until = time.Time{}
	}
	return nil
}

func (l *line) SweepStaged(context.Context, time.Time) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.swept++
	return 1, nil
}

// mill makes batches: each takes a number of steps, and each step its time.
type mill struct {
	l      *line
	took   time.Duration
	left   map[byte]int
	broken map[byte]int // steps that fail first
	made   []byte
	limits []int              // of the steps
	slow   map[byte]time.Time // until when the bureau leaves an order untouched
}

func (m *mill) MakeBatchStep(ctx context.Context, _ ident.ProgramID, b ident.BatchID, limit int) (issuance.BatchStep, error) {
	pass(m.took)
	if err := ctx.Err(); err != nil {
		return issuance.BatchStep{}, err
	}
	m.l.mu.Lock()
	defer m.l.mu.Unlock()
	id := b.UUID[0]
	if m.broken[id] > 0 {
		m.broken[id]--
		return issuance.BatchStep{}, errors.New("the disk is gone")
	}
	if time.Now().Before(m.slow[id]) {
		return issuance.BatchStep{Waits: true}, nil
	}
	m.made, m.limits = append(m.made, id), append(m.limits, limit)
	m.left[id]--
	if m.left[id] > 0 {
		return issuance.BatchStep{Created: limit}, nil
	}
	for _, w := range m.l.waiting {
		w.done = w.done || w.id == id
	}
	return issuance.BatchStep{Created: limit, Done: true}, nil
}

type scene struct {
	*line
	*mill
	log    *strings.Builder
	worker *bulkworker.Worker
}

func newScene(steps ...int) *scene {
	s := &scene{line: &line{}, log: &strings.Builder{}}
	s.mill = &mill{l: s.line, took: time.Second, left: map[byte]int{}, broken: map[byte]int{}}
	for i, n := range steps {
		s.waiting = append(s.waiting, &waiting{id: byte(i + 1)})
		s.left[byte(i+1)] = n
	}
	s.worker = s.newWorker("first")
	return s
}

// look reads or changes the scene while a worker is in it.
func (s *scene) look(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *scene) newWorker(owner string) *bulkworker.Worker {
	return bulkworker.New(bulkworker.Options{
		Queue: s.line, Maker: s.mill, Now: time.Now, Logger: slog.New(slog.NewTextHandler(s.log, nil)), Owner: owner,
	})
}

// run lets a worker work for a while, and gives how long it took to stop.
func run(t *testing.T, w *bulkworker.Worker, during func()) time.Duration {
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	go func() { defer close(stopped); w.Run(ctx) }()
	during()
	began := time.Now()
	cancel()
	<-stopped
	return time.Since(began)
}

func TestWorker_MakesTheOldestFirstAndAllOfThem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(3, 1, 2)
		run(t, s.worker, func() { pass(7 * time.Second) })
		if string(s.made) != "\x01\x01\x01\x02\x03\x03" {
			t.Errorf("made %v", s.made)
		}
	})
}

func TestWorker_SleepsUntilWokenOrThePollIsDue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScene()
		run(t, s.worker, func() {
			pass(time.Second)
			s.look(func() {
				if s.claims != 1 {
					t.Errorf("%d claims at the start", s.claims)
				}
				s.waiting, s.left[1] = append(s.waiting, &waiting{id: 1}), 1
			})
			s.worker.Wake()
			s.worker.Wake() // a second bell before the first is heard is no second round
			pass(1500 * time.Millisecond)
			s.look(func() {
				if len(s.made) != 1 {
					t.Error("the bell was not heard")
				}
				s.waiting, s.left[2] = append(s.waiting, &waiting{id: 2}), 1
			})
			pass(7 * time.Second)
			s.look(func() {
				if len(s.made) != 2 {
					t.Error("without a bell the queue was never asked")
				}
				if s.swept == 0 {
					t.Error("nothing was swept")
				}
			})
		})
	})
}

func TestWorker_AnOrderWhoseBureauTakesItsTimeWaitsWhileOthersGoOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(1, 2)
		s.slow = map[byte]time.Time{1: time.Now().Add(30 * time.Second)}
		run(t, s.worker, func() {
			pass(29 * time.Second)
			s.look(func() {
				if string(s.made) != "\x02\x02" || s.claims < 10 {
					t.Errorf("made %v, after %d claims", s.made, s.claims)
				}
			})
			pass(4 * time.Second)
		})
		if string(s.made) != "\x02\x02\x01" {
			t.Errorf("made %v", s.made)
		}
	})
}

func TestWorker_StopsAfterTheStepAndHandsBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(100)
		took := run(t, s.worker, func() { pass(2500 * time.Millisecond) })
		if len(s.made) != 3 || took != 500*time.Millisecond {
			t.Errorf("%d steps, stopped after %v: the step that began is finished, and no other begins", len(s.made), took)
		}
		if !s.waiting[0].until.IsZero() {
			t.Error("the batch was not handed back")
		}
		run(t, s.newWorker("second"), func() { pass(97500 * time.Millisecond) })
		if !s.waiting[0].done || len(s.made) != 100 {
			t.Errorf("the next worker made up to %d of 100", len(s.made))
		}
	})
}

func TestWorker_ADeadWorkersBatchGoesOnWhenItsLeaseHasPassed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(2)
		s.waiting[0].owner, s.waiting[0].until, s.waiting[0].fence = "dead", time.Now().Add(time.Minute), 7
		run(t, s.worker, func() {
			pass(59 * time.Second)
			s.look(func() {
				if len(s.made) != 0 {
					t.Error("a leased batch was made")
				}
			})
			pass(10 * time.Second)
			s.look(func() {
				if !s.waiting[0].done {
					t.Error("nobody went on")
				}
			})
		})
	})
}

func TestWorker_LetsGoOfABatchThatIsAnothers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(100)
		run(t, s.worker, func() {
			pass(2500 * time.Millisecond)
			s.look(func() { s.waiting[0].fence, s.waiting[0].until = 99, time.Now().Add(time.Hour) }) // taken over
			pass(time.Minute)
		})
		if len(s.made) != 3 || s.waiting[0].until.IsZero() {
			t.Errorf("%d steps made; the other's lease is touched: %v", len(s.made), s.waiting[0].until.IsZero())
		}
	})
}

// Steps are small from the first write of others until none has written for a while; each is followed by a pause of half its length.
func TestWorker_MakesSmallStepsWhileOthersWrite(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(100)
		s.took = 10 * time.Millisecond
		others := int64(7) // before
		w := bulkworker.New(bulkworker.Options{
			Queue: s.line, Maker: s.mill, Now: time.Now, Logger: slog.New(slog.DiscardHandler), Owner: "first",
			Others: func() int64 { s.mu.Lock(); defer s.mu.Unlock(); return others },
		})
		steps := func() (small, large int) {
			s.mu.Lock()
			defer s.mu.Unlock()
			for _, limit := range s.limits {
				switch limit {
				case 25:
					small++
				case 500:
					large++
				default:
					t.Errorf("a step of %d", limit)
				}
			}
			s.limits = nil
			return small, large
		}
		run(t, w, func() {
			pass(251 * time.Millisecond) // 17 steps of 10 ms with 5 ms after each, until 250 ms are over
			if small, large := steps(); small != 17 || large != 0 {
				t.Errorf("nobody knows yet who writes beside: %d small steps, %d large", small, large)
			}
			pass(98 * time.Millisecond) // to 349 ms; a large step ends at each 5 ms behind a full ten
			if small, large := steps(); small != 0 || large != 9 {
				t.Errorf("nobody writes: %d small steps, %d large", small, large)
			}
			s.look(func() { others++ })
			pass(281 * time.Millisecond) // to 630 ms: the step in hand, then small ones
			if small, large := steps(); small < 17 || large > 3 {
				t.Errorf("one wrote: %d small steps, %d large", small, large)
			}
		})
	})
}

func TestWorker_AFailingBatchWaitsWhileOthersGoOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(1, 2)
		s.broken[1] = 2
		run(t, s.worker, func() {
			pass(5 * time.Second)
			s.look(func() {
				if string(s.made) != "\x02\x02" {
					t.Errorf("made %v beside a failing batch", s.made)
				}
			})
			pass(3 * time.Minute)
			s.look(func() {
				if !s.waiting[0].done {
					t.Error("the failing batch was given up")
				}
			})
		})
		if n := strings.Count(s.log.String(), `attempted="make a step of a batch"`); n != 2 {
			t.Errorf("%d failures logged, want 2:\n%s", n, s.log)
		}
	})
}

func TestWorker_AStoreThatIsDownIsAskedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newScene(1)
		s.down = errors.New("no store")
		run(t, s.worker, func() {
			pass(12 * time.Second)
			s.look(func() { s.down = nil })
			pass(6 * time.Second)
		})
		if !s.waiting[0].done || s.claims > 6 {
			t.Errorf("done %v after %d claims", s.waiting[0].done, s.claims)
		}
	})
}
