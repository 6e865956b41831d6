package sqlstore

import (
	"bytes"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
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

// A command line that root runs may come before a server that is another user's.
func TestTurnstile_BelongsToWhomTheDatabaseBelongs(t *testing.T) {
	t.Parallel()
	d := newFile(t)
	path := fileOf(t, d)
	if err := os.Remove(path + "-turn"); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(path, 65534, 65534); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	openFile(t, path)
	about := func(name string) (uid, gid uint32, mode fs.FileMode) {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		of, _ := info.Sys().(*syscall.Stat_t)
		return of.Uid, of.Gid, info.Mode()
	}
	uid, gid, mode := about(path)
	if u, g, m := about(path + "-turn"); u != uid || g != gid || m != mode {
		t.Errorf("the turnstile is %d:%d %v, and the database %d:%d %v", u, g, m, uid, gid, mode)
	}
}

// Without a turnstile everything works, and the log tells.
func TestTurnstile_ThatCannotBeOpenedIsTold(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "firsttap.db")
	if err := os.Symlink(filepath.Join(path, "nowhere"), path+"-turn"); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	d := openFile(t, path, func(c *Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	if err := d.engine.write(t.Context(), func(s *session) error { return note(s, 1) }); err != nil || !notes(t, d)[1] {
		t.Errorf("a write without a turnstile: %v", err)
	}
	if !strings.Contains(log.String(), "cannot take turns") {
		t.Errorf("the log tells:\n%s", log.String())
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
