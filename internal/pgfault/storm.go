package pgfault

import (
	"context"
	"maps"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/firsttap/firsttap/internal/pgtest"
)

// How long faults last, in milliseconds: from the least, and up to so much more.
const (
	shortest = 50
	spread   = 450
	calm     = 120 // between two faults, at most
	comes    = time.Second
)

// Storm is a line and its server, and how they break.
type Storm struct {
	Line     *Line
	Cluster  *pgtest.Cluster
	Database string          // its tables get locked
	Tables   []string        // these
	Below    func(n int) int // a random number from 0 to n-1: the same numbers make the same storm
	Gentle   bool            // the server itself is not ended: no crash and no restart
}

// fault is one kind of fault.
type fault struct {
	name   string
	strike func(ctx context.Context, t testing.TB) bool // false when it did not come to it
}

// Blow strikes that many times, with a little calm between, and gives how often each fault struck. In the
// end everything is well.
func (s *Storm) Blow(t testing.TB, strikes int) map[string]int {
	t.Helper()
	struck := map[string]int{}
	all := append(s.ofTheLine(), s.ofTheServer()...)
	if !s.Gentle {
		all = append(all, s.endings()...)
	}
	for n := 0; n < strikes && t.Context().Err() == nil; {
		pause(t.Context(), s.while(calm))
		f := all[s.Below(len(all))]
		if f.strike(t.Context(), t) {
			struck[f.name]++
			n++
		}
		s.Line.Mend()
	}
	return struck
}

// Sum is how many faults struck in all.
func Sum(struck map[string]int) int {
	n := 0
	for count := range maps.Values(struck) {
		n += count
	}
	return n
}

func (s *Storm) while(most int) time.Duration { return time.Duration(s.Below(most)) * time.Millisecond }

func (s *Storm) lasting() time.Duration { return shortest*time.Millisecond + s.while(spread) }

// pause waits.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// ofTheLine are the faults of the way.
func (s *Storm) ofTheLine() []fault {
	lasts := func(name string, begin func()) fault {
		return fault{name, func(ctx context.Context, _ testing.TB) bool {
			begin()
			pause(ctx, s.lasting())
			return true
		}}
	}
	all := []fault{
		lasts("frozen line", s.Line.Freeze),
		lasts("slow line", func() { s.Line.Slow(s.while(30)) }),
		lasts("connections refused", func() { s.Line.Cut(); s.Line.Refuse() }),
		lasts("connections lost in a black hole", s.Line.Lose),
		lasts("all connections cut", s.Line.Cut),
	}
	for _, m := range Moments() {
		all = append(all, fault{string(m), func(ctx context.Context, _ testing.TB) bool { return s.await(ctx, m) }})
	}
	return all
}

// await arms a moment and waits until it comes, within bounds.
func (s *Storm) await(ctx context.Context, m Moment) bool {
	before := s.Line.Struck(m)
	s.Line.Arm(m)
	limit, cancel := context.WithTimeout(ctx, comes)
	defer cancel()
	for s.Line.Struck(m) == before && limit.Err() == nil {
		pause(limit, time.Millisecond)
	}
	return s.Line.Struck(m) > before
}

// ofTheServer are the faults of a server that goes on.
func (s *Storm) ofTheServer() []fault {
	return []fault{
		{"server paused", func(ctx context.Context, t testing.TB) bool {
			s.Cluster.Pause(t)
			pause(ctx, s.lasting())
			s.Cluster.Continue(t)
			return true
		}},
		{"sessions ended by the server", func(_ context.Context, t testing.TB) bool {
			s.Cluster.Exec(t, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()")
			return true
		}},
		{"statements cancelled by the server", func(ctx context.Context, t testing.TB) bool {
			for range 10 {
				s.Cluster.Exec(t, "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND state <> 'idle' AND pid <> pg_backend_pid()")
				pause(ctx, 10*time.Millisecond)
			}
			return true
		}},
		{"tables locked until statements time out", s.lock},
		{"no connection left at the server", s.exhaust},
	}
}

// lock keeps everybody from the tables.
func (s *Storm) lock(ctx context.Context, t testing.TB) bool {
	conn, err := pgx.Connect(ctx, s.Cluster.URL(s.Database))
	if err != nil {
		t.Error(err)
		return false
	}
	defer func() { _ = conn.Close(ctx) }() // the lock goes with it
	locked := 0
	for _, sql := range append([]string{"BEGIN"}, s.locks()...) {
		if _, err := conn.Exec(ctx, sql); err == nil {
			locked++
		}
	}
	pause(ctx, s.lasting()+500*time.Millisecond)
	return locked > 1
}

func (s *Storm) locks() (all []string) {
	for _, table := range s.Tables {
		all = append(all, "LOCK TABLE "+table)
	}
	return all
}

// exhaust takes every connection that the server has left, and cuts the others, so that they must wait.
func (s *Storm) exhaust(ctx context.Context, t testing.TB) bool {
	s.Line.Refuse()
	s.Line.Cut()
	var taken []*pgx.Conn
	for {
		conn, err := pgx.Connect(ctx, s.Cluster.URL(s.Database))
		if err != nil {
			break
		}
		taken = append(taken, conn)
	}
	s.Line.Mend()
	pause(ctx, s.lasting())
	for _, conn := range taken {
		if err := conn.Close(context.WithoutCancel(ctx)); err != nil {
			t.Error(err)
		}
	}
	return len(taken) > 0
}

// endings are the faults that end the server, which then starts again.
func (s *Storm) endings() []fault {
	return []fault{
		{"server crashed", func(ctx context.Context, t testing.TB) bool {
			s.Cluster.Crash(t)
			pause(ctx, s.while(spread))
			s.Cluster.Resume(t)
			return true
		}},
		{"server killed", func(ctx context.Context, t testing.TB) bool {
			s.Cluster.Kill(t)
			pause(ctx, s.while(spread))
			s.Cluster.Resume(t)
			return true
		}},
		{"server restarted", func(_ context.Context, t testing.TB) bool {
			s.Cluster.Shut(t)
			s.Cluster.Resume(t)
			return true
		}},
	}
}
