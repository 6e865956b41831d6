package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/pgtest"
)

// roundsOf runs askers against a server that answers once it is let go, and gives how many asked in each round.
type roundsOf struct {
	*rounds
	letGo  chan struct{}
	mu     sync.Mutex
	groups []int
	failed error
}

func (r *roundsOf) question(ctx context.Context) error {
	s := statement{each: func(row) error { return nil }}
	return r.ask(ctx, s, func(group []*inquiry) {
		r.mu.Lock()
		r.groups = append(r.groups, len(group))
		r.mu.Unlock()
		<-r.letGo
		for _, q := range group {
			_ = q.statement.each(nil) // told to whom it belongs
			q.finish(r.failed)
		}
	})
}

func TestRounds_WhatComesMeanwhileGoesTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &roundsOf{rounds: newRounds(), letGo: make(chan struct{})}
		var wg sync.WaitGroup
		answered := 0
		ask := func(n int) {
			for range n {
				wg.Go(func() {
					if err := r.question(t.Context()); err != nil {
						t.Error(err)
					}
					r.mu.Lock()
					answered++
					r.mu.Unlock()
				})
			}
			synctest.Wait()
		}
		ask(1)
		ask(1)
		ask(100)
		if want := []int{1, 1}; !slices.Equal(r.groups, want) {
			t.Fatalf("before an answer there are rounds of %v, want %v", r.groups, want)
		}
		close(r.letGo)
		wg.Wait()
		if slices.Sort(r.groups); answered != 102 || !slices.Equal(r.groups, []int{1, 1, 36, 64}) {
			t.Errorf("%d were answered, in rounds of %v", answered, r.groups)
		}
	})
}

func TestRounds_WhoGoesAwayTakesAQuestionThatWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := &roundsOf{rounds: newRounds(), letGo: make(chan struct{})}
		ctx, leave := context.WithCancel(t.Context())
		errs := make(chan error, 4)
		for range roundsAtOnce {
			go func() { errs <- r.question(ctx) }()
		}
		synctest.Wait()
		go func() { errs <- r.question(ctx) }()
		go func() { errs <- r.question(t.Context()) }()
		synctest.Wait()
		leave()
		if err := <-errs; fault.Of(err).Reason != fault.ReasonUnavailable || !errors.Is(err, context.Canceled) {
			t.Errorf("who goes away while his question waits is told %v", err)
		}
		synctest.Wait()
		if len(errs) > 0 {
			t.Error("a question that is on its way was left alone")
		}
		close(r.letGo)
		for range 3 {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		if slices.Sort(r.groups); !slices.Equal(r.groups, []int{1, 1, 1}) {
			t.Errorf("rounds of %v, want one for each question that was not taken away", r.groups)
		}
	})
}

func TestRounds_ALeaderWhoLeavesItsGoroutineLeavesNobodyBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRounds()
		for range roundsAtOnce {
			r.places <- struct{}{} // so that the three meet
		}
		ended := make(chan error, 3)
		for range 3 {
			go func() {
				err := errors.New("it left")
				defer func() { ended <- err }()
				err = errors.Join(err, r.ask(t.Context(), statement{}, func([]*inquiry) { runtime.Goexit() }))
			}()
		}
		synctest.Wait()
		<-r.places
		apart := 0
		for range 3 {
			if errors.Is(<-ended, errApart) {
				apart++
			}
		}
		if apart != 2 || len(r.places) != roundsAtOnce-1 {
			t.Errorf("%d of the two others were told to ask alone, and %d rounds are still under way", apart, len(r.places))
		}
	})
}

// One question that the server cannot answer is no harm to those that travel with it, and each has its own rows.
func TestPostgres_QuestionsOfOneRoundAreNoHarmToEachOther(t *testing.T) {
	t.Parallel()
	cluster := pgtest.Start(t)
	for name, parameters := range map[string][]string{"prepared": nil, "in words": {"default_query_exec_mode=exec"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := openServer(t, cluster.URL(cluster.Database(t), parameters...))
			e, ok := d.engine.(*postgresEngine)
			if !ok {
				t.Fatal("another engine")
			}
			ask := func(n int, sql string, scan func(row) error) error {
				return e.ask(t.Context(), func(s *session) error { return s.query(sql, []any{n}, scan) })
			}
			errOwn := errors.New("its own")
			for _, bad := range []bool{false, true} {
				var wg sync.WaitGroup
				heldBack(e.rounds, func() {
					for n := range 40 {
						wg.Go(func() {
							if bad && n%8 == 0 {
								if err := ask(n, "SELECT 1 / ($1::bigint - $1::bigint)", func(row) error { return nil }); err == nil {
									t.Error("a question without an answer was answered")
								}
								return
							}
							got, rows := 0, 0
							err := ask(n, "SELECT $1::bigint * k, k FROM generate_series(1, 3) k", func(r row) error {
								if n == 7 {
									return errOwn
								}
								return r.scan(&got, &rows)
							})
							if n == 7 && !errors.Is(err, errOwn) || n != 7 && (err != nil || rows != 3 || got != 3*n) {
								t.Error(fmt.Errorf("question %d: %d in the last row, the %dth: %w", n, got, rows, err))
							}
						})
					}
				}, 40)
				wg.Wait()
			}
		})
	}
}

// heldBack holds back every round until so many questions wait.
func heldBack(r *rounds, ask func(), want int) {
	for range roundsAtOnce {
		r.places <- struct{}{}
	}
	ask()
	for waiting := 0; waiting < want; runtime.Gosched() {
		r.mu.Lock()
		waiting = len(r.queue)
		r.mu.Unlock()
	}
	for range roundsAtOnce {
		<-r.places
	}
}
