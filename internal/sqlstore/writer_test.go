package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"zombiezen.com/go/sqlite"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
)

// newFile opens a fresh database with its schema.
func newFile(t testing.TB, change ...func(*Config)) *DB {
	t.Helper()
	return openFile(t, filepath.Join(t.TempDir(), "firsttap.db"), change...)
}

func openFile(t testing.TB, path string, change ...func(*Config)) *DB {
	t.Helper()
	c := Config{Path: path, Now: time.Now}
	for _, f := range change {
		f(&c)
	}
	db, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	if err := db.Migrate(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	return db
}

// note writes a row whose number can be found again: a miss of a programme at that microsecond.
func note(s *session, n int) error {
	_, err := s.exec(insertMiss, ident.UUID{1}, time.UnixMicro(int64(n)), ident.UUID{2})
	return err
}

// notes gives the numbers of the rows that are there.
func notes(t testing.TB, d *DB) map[int]bool {
	t.Helper()
	out := map[int]bool{}
	err := d.engine.read(t.Context(), func(s *session) error {
		return s.query(`SELECT at FROM guard_misses WHERE program_id = $1`, []any{ident.UUID{1}}, func(r row) error {
			var n int
			err := r.scan(&n)
			out[n] = true
			return err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func wantNotes(t testing.TB, d *DB, want ...int) {
	t.Helper()
	got := notes(t, d)
	if len(got) != len(want) {
		t.Errorf("rows %v, want %v", got, want)
	}
	for _, n := range want {
		if !got[n] {
			t.Errorf("row %d is not there; there are %v", n, got)
		}
	}
}

// together runs bodies in one group: the first holds the writer until all others wait behind it.
func together(t testing.TB, d *DB, bodies ...func(*session) error) []error {
	t.Helper()
	w := d.engine.(*sqliteEngine).writer
	holding, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = d.engine.write(context.WithoutCancel(t.Context()), func(*session) error {
			close(holding)
			<-release
			return errors.New("this one only holds the writer")
		})
	})
	<-holding
	errs := make([]error, len(bodies))
	for i, body := range bodies {
		wg.Go(func() { errs[i] = d.engine.write(t.Context(), body) })
		for len(w.queue) != i+1 {
			runtime.Gosched()
		}
	}
	close(release)
	wg.Wait()
	return errs
}

func TestWriter_SharesOneCommitAmongThoseThatArriveTogether(t *testing.T) {
	t.Parallel()
	d := newFile(t)
	before := d.Stats()
	var bodies []func(*session) error
	for n := range 50 {
		bodies = append(bodies, func(s *session) error { return note(s, n) })
	}
	for i, err := range together(t, d, bodies...) {
		if err != nil {
			t.Errorf("write %d: %v", i, err)
		}
	}
	after := d.Stats()
	if n := after.Commits - before.Commits; n != 1 {
		t.Errorf("50 writes took %d commits, want 1", n)
	}
	if n := after.Jobs - before.Jobs; n != 51 {
		t.Errorf("%d jobs, want 51", n)
	}
	if n := len(notes(t, d)); n != 50 {
		t.Errorf("%d rows, want 50", n)
	}
}

func TestWriter_TakesBackOnlyTheBodyThatFails(t *testing.T) {
	t.Parallel()
	d := newFile(t)
	no := errors.New("no")
	errs := together(
		t, d,
		func(s *session) error { return note(s, 1) },
		func(s *session) error { return errors.Join(note(s, 2), no) },
		func(s *session) error { return note(s, 3) },
	)
	if errs[0] != nil || !errors.Is(errs[1], no) || errs[2] != nil {
		t.Errorf("errors %v", errs)
	}
	wantNotes(t, d, 1, 3)
}

func TestWriter_RunsAGroupAgainOnlyWhenABodyFailsThatWrote(t *testing.T) {
	t.Parallel()
	no := errors.New("no")
	for name, c := range map[string]struct {
		fails func(*session) error
		runs  int // of the body before it
	}{
		"it failed before it wrote": {func(s *session) error { _, _ = one(s, `SELECT 1`, nil, new(int)); return no }, 1},
		"it failed after it wrote":  {func(s *session) error { return errors.Join(note(s, 2), no) }, 2},
	} {
		d := newFile(t)
		runs := 0
		errs := together(t, d, func(s *session) error { runs++; return note(s, 1) }, c.fails, func(s *session) error { return note(s, 3) })
		if errs[0] != nil || !errors.Is(errs[1], no) || errs[2] != nil || runs != c.runs {
			t.Errorf("%s: errors %v, the one before was run %d times, want %d", name, errs, runs, c.runs)
		}
		wantNotes(t, d, 1, 3)
	}
}

func TestWriter_RaisesAPanicInTheCallersGoroutineAndKeepsTheOthers(t *testing.T) {
	t.Parallel()
	d := newFile(t)
	var caught any
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(func() {
		defer func() { caught = recover() }()
		_ = d.engine.write(t.Context(), func(s *session) error {
			if err := note(s, 1); err != nil {
				return err
			}
			panic("the body broke")
		})
	})
	wg.Wait()
	if caught != "the body broke" {
		t.Errorf("the caller saw %v", caught)
	}
	if err := d.engine.write(t.Context(), func(s *session) error { return note(s, 2) }); err != nil {
		t.Error(err)
	}
	wantNotes(t, d, 2)
}

func TestWriter_SurvivesABodyThatEndsItsGoroutine(t *testing.T) {
	t.Parallel()
	d := newFile(t)
	returned := false
	var wg sync.WaitGroup
	wg.Go(func() {
		inner := &testing.T{}
		_ = d.engine.write(t.Context(), func(s *session) error {
			_ = note(s, 1)
			inner.FailNow()
			return nil
		})
		returned = true
	})
	wg.Wait()
	if returned {
		t.Error("the caller went on after its body had ended the goroutine")
	}
	if err := d.engine.write(t.Context(), func(s *session) error { return note(s, 2) }); err != nil {
		t.Error(err)
	}
	wantNotes(t, d, 2)
}

func TestWriter_RunsABodyAgainAfterAConflict(t *testing.T) {
	t.Parallel()
	d := newFile(t)
	p := program.Program{ID: ident.ProgramID{UUID: ident.UUID{7}}, Name: "one", Kind: program.Sandbox, CreatedAt: time.UnixMicro(1), UpdatedAt: time.UnixMicro(1)}
	if err := d.engine.write(t.Context(), func(s *session) error { return tx{s}.InsertProgram(t.Context(), p, nil) }); err != nil {
		t.Fatal(err)
	}
	runs := 0
	err := d.engine.write(t.Context(), func(s *session) error {
		runs++
		now, _, err := s.program(p.ID)
		if runs < 3 {
			now.Version += 5
		}
		now.Name = fmt.Sprintf("run %d", runs)
		return errors.Join(err, note(s, runs), tx{s}.UpdateProgram(t.Context(), now, nil))
	})
	if err != nil || runs != 3 {
		t.Errorf("%d runs, %v", runs, err)
	}
	wantNotes(t, d, 3)

	runs = 0
	err = d.engine.write(t.Context(), func(*session) error { runs++; return errConflict })
	if runs != maxConflicts || !errors.Is(err, fault.ReasonUnavailable) {
		t.Errorf("%d runs, %v; want %d and a passing fault", runs, err, maxConflicts)
	}
}

func TestWriter_LetsACallerGoThatStillWaits(t *testing.T) {
	t.Parallel()
	d := newFile(t)
	ctx, cancel := context.WithCancel(t.Context())
	ran := false
	var gone error
	together(t, d, func(s *session) error {
		// The next one waits behind this one; its caller leaves before its turn.
		done := make(chan struct{})
		go func() {
			defer close(done)
			gone = d.engine.write(ctx, func(*session) error { ran = true; return nil })
		}()
		cancel()
		<-done
		return note(s, 1)
	})
	if !errors.Is(gone, fault.ReasonUnavailable) || !errors.Is(gone, context.Canceled) {
		t.Errorf("the caller that left got %v", gone)
	}
	if err := d.engine.write(t.Context(), func(s *session) error { return note(s, 2) }); err != nil {
		t.Error(err)
	}
	if ran {
		t.Error("a body ran whose caller had gone")
	}
	wantNotes(t, d, 1, 2)
}

func TestWriter_CommitsWhatRunsWhenItsCallerLeaves(t *testing.T) {
	t.Parallel()
	d := newFile(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := d.engine.write(ctx, func(s *session) error {
		cancel()
		return note(s, 1)
	})
	if err != nil {
		t.Errorf("the outcome of a body that ran: %v", err)
	}
	wantNotes(t, d, 1)
}

func TestWriter_StopsForGoodWhenTheDiskFailsAtCommit(t *testing.T) {
	t.Parallel()
	d := newFile(t)
	w := d.engine.(*sqliteEngine).writer
	if err := d.engine.write(t.Context(), func(s *session) error { return note(s, 1) }); err != nil {
		t.Fatal(err)
	}
	together(t, d, func(*session) error { // on the writer's goroutine, so that nothing races
		w.commit = func() error { return sqliteFault(sqlite.ResultIOErrFsync.ToError()) }
		return nil
	})
	for n := range 3 {
		if err := d.engine.write(t.Context(), func(s *session) error { return note(s, 10+n) }); !errors.Is(err, fault.ReasonUnavailable) {
			t.Errorf("write %d after the failure: %v, want a passing fault", n, err)
		}
	}
	select {
	case err := <-d.Failed():
		if !errors.Is(err, fault.ReasonUnavailable) {
			t.Errorf("failed with %v", err)
		}
	default:
		t.Error("nobody was told that the store has stopped")
	}
	if err := d.Ready(t.Context()); err == nil {
		t.Error("a store that has stopped says that it is ready")
	}
	wantNotes(t, d, 1)
}

func TestWriter_AnswersAFullDiskAndWorksAgainLater(t *testing.T) {
	t.Parallel()
	d := newFile(t)
	w := d.engine.(*sqliteEngine).writer
	limit := func(pages string) error {
		return d.engine.write(t.Context(), func(*session) error {
			return w.conn.query("PRAGMA max_page_count = "+pages, nil, func(row) error { return nil })
		})
	}
	if err := limit("1"); err != nil { // the file cannot grow: SQLite sets the limit to what there is
		t.Fatal(err)
	}
	var full error
	n := 0
	for ; n < 10_000 && full == nil; n++ {
		full = d.engine.write(t.Context(), func(s *session) error { return note(s, n) })
	}
	if !errors.Is(full, fault.ReasonUnavailable) {
		t.Fatalf("after %d writes: %v, want a passing fault", n, full)
	}
	if len(notes(t, d)) != n-1 {
		t.Errorf("%d rows after %d good writes", len(notes(t, d)), n-1)
	}
	if err := limit("1000000"); err != nil {
		t.Fatal(err)
	}
	if err := d.engine.write(t.Context(), func(s *session) error { return note(s, n) }); err != nil {
		t.Errorf("after there was room again: %v", err)
	}
	if err := d.Ready(t.Context()); err != nil {
		t.Errorf("after there was room again: %v", err)
	}
}

func TestWriter_TellsLaterOnesToComeBackWhenTheQueueIsFull(t *testing.T) {
	t.Parallel()
	d := newFile(t)
	w := d.engine.(*sqliteEngine).writer
	var refused error
	together(t, d, func(*session) error {
		for range queueLength {
			w.queue <- abandonedJob()
		}
		refused = d.engine.write(t.Context(), func(*session) error { return nil })
		return nil
	})
	if f := fault.Of(refused); f == nil || f.Reason != fault.ReasonUnavailable || f.RetryAfter <= 0 {
		t.Errorf("a write too many got %v", refused)
	}
}

func abandonedJob() *job {
	j := &job{done: make(chan struct{})}
	j.state.Store(abandoned)
	return j
}

func TestWriter_ServesSeveralProcessesOnOneFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "firsttap.db")
	var dbs []*DB
	for range 3 {
		dbs = append(dbs, openFile(t, path))
	}
	var wg sync.WaitGroup
	for i, d := range dbs {
		for k := range 20 {
			wg.Go(func() {
				if err := d.engine.write(t.Context(), func(s *session) error { return note(s, i*100+k) }); err != nil {
					t.Errorf("process %d, write %d: %v", i, k, err)
				}
			})
		}
	}
	wg.Wait()
	for _, d := range dbs {
		if n := len(notes(t, d)); n != 60 {
			t.Errorf("%d rows, want 60", n)
		}
	}
}

func TestHooks_AreCalledAfterTheCommitThatTheyAreAbout(t *testing.T) {
	t.Parallel()
	var d *DB
	var messages, batches int
	d = newFile(t, func(c *Config) {
		c.OnMessages, c.OnBatches = func() { messages++ }, func() { batches++ }
	})
	together(
		t, d,
		func(s *session) error { s.messages = true; return errors.New("taken back") },
		func(s *session) error { s.accepted = true; return note(s, 1) },
		func(s *session) error { s.accepted = true; return note(s, 2) },
	)
	_ = d.engine.write(t.Context(), func(*session) error { return nil }) // the hooks of the group before have ended
	if messages != 0 || batches != 1 {
		t.Errorf("OnMessages %d times, OnBatches %d times; want 0 and 1", messages, batches)
	}
}

func TestMigrations_RefuseWhatIsNotTheirs(t *testing.T) {
	t.Parallel()
	for name, files := range map[string]fs.FS{
		"a gap":           fstest.MapFS{"m/0001_a.sql": {}, "m/0003_b.sql": {}},
		"no number":       fstest.MapFS{"m/first.sql": {}},
		"another file":    fstest.MapFS{"m/0001_a.txt": {}},
		"no such folder":  fstest.MapFS{},
		"number too high": fstest.MapFS{"m/0002_a.sql": {}},
	} {
		if _, err := readMigrations(files, "m"); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	change := func(d *DB, sql string) {
		t.Helper()
		if err := d.engine.write(t.Context(), func(s *session) error { _, err := s.exec(sql); return err }); err != nil {
			t.Fatal(err)
		}
	}
	for name, sql := range map[string]string{
		"a changed text":              `UPDATE schema_migrations SET checksum = 'other' WHERE number = 1`,
		"a newer release that breaks": `INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES (999, 'later.breaking', '', 0)`,
	} {
		d := newFile(t)
		if err := d.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		change(d, sql)
		if err := d.Migrate(t.Context()); err == nil {
			t.Errorf("%s: migrated", name)
		}
		if err := d.Ready(t.Context()); err == nil {
			t.Errorf("%s: ready", name)
		}
	}
}

func TestMigrations_RunOnceWhenSeveralProcessesStartTogether(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "firsttap.db")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			d, err := Open(t.Context(), Config{Path: path, Now: time.Now})
			if err != nil {
				t.Error(err)
				return
			}
			if err := errors.Join(d.Migrate(t.Context()), d.Ready(t.Context()), d.Close()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestOpen_IsNotReadyBeforeItsMigrations(t *testing.T) {
	t.Parallel()
	d, err := Open(t.Context(), Config{Path: filepath.Join(t.TempDir(), "firsttap.db"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Ready(t.Context()); !errors.Is(err, fault.ReasonUnavailable) {
		t.Errorf("ready: %v", err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if err := d.engine.write(t.Context(), func(*session) error { return nil }); !errors.Is(err, fault.ReasonUnavailable) {
		t.Errorf("a write after the close: %v", err)
	}
	if err := d.engine.read(t.Context(), func(*session) error { return nil }); !errors.Is(err, fault.ReasonUnavailable) {
		t.Errorf("a read after the close: %v", err)
	}
	if err := d.Close(); err != nil {
		t.Errorf("a second close: %v", err)
	}
}
