package sqlstore

import (
	"sync"
	"testing"
)

// Two handles of a file are as two processes. One of them writes all the time, so that hardly a moment is left between two of its
// transactions; the other one comes to its turn all the same.
func TestTurnstile_WhoWritesNowAndThenComesToHisTurn(t *testing.T) {
	t.Parallel()
	busy := newFile(t)
	other := openFile(t, fileOf(t, busy))
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for caller := range 8 {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				if err := busy.engine.write(t.Context(), func(s *session) error { return note(s, caller*1_000_000+n) }); err != nil {
					t.Errorf("the busy one: %v", err)
					return
				}
			}
		})
	}
	const most = 500 // commits of the busy one while the other waits; on a busy machine it was 46 at most, and 2,565 without a turnstile
	for n := range 100 {
		before := busy.Stats().Commits
		if err := other.engine.write(t.Context(), func(s *session) error { return note(s, 100_000_000+n) }); err != nil {
			t.Errorf("the other: %v", err)
		}
		if waited := busy.Stats().Commits - before; waited > most {
			t.Errorf("write %d waited for %d commits", n, waited)
		}
	}
	close(stop)
	wg.Wait()
	if t.Failed() {
		return
	}
	found := notes(t, other)
	for n := range 100 {
		if !found[100_000_000+n] {
			t.Errorf("write %d is not there", n)
		}
	}
}

// A process that stands still in the turnstile, stopped by somebody, keeps nobody from writing for longer than he waits.
func TestTurnstile_IsNotNeededToWrite(t *testing.T) {
	t.Parallel()
	d := newFile(t)
	stopped, err := openTurnstile(fileOf(t, d))
	if err != nil {
		t.Fatal(err)
	}
	in, out, ended := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		ended <- stopped.pass(busyWait, func() error { close(in); <-out; return nil })
	}()
	<-in
	d.engine.(*sqliteEngine).waitFor(20 * turnPause)
	if err := d.engine.write(t.Context(), func(s *session) error { return note(s, 1) }); err != nil || !notes(t, d)[1] {
		t.Errorf("a write beside a process that stands still: %v", err)
	}
	close(out)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := stopped.close(); err != nil {
		t.Error(err)
	}
}

func fileOf(t testing.TB, d *DB) (path string) {
	t.Helper()
	err := d.engine.read(t.Context(), func(s *session) error {
		_, err := one(s, `SELECT file FROM pragma_database_list WHERE name = 'main'`, nil, &path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return path
}
