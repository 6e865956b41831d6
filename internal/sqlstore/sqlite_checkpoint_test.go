package sqlstore

import (
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// logged is a file with a log that nobody moves by himself: who writes, who reads, and a checkpointer that does what it is told.
type logged struct {
	path           string
	writer, reader *sqliteConn
	c              *checkpointer
	turn           sync.Mutex
}

func newLogged(t *testing.T) *logged {
	t.Helper()
	l := &logged{path: filepath.Join(t.TempDir(), "one.db")}
	open := func() *sqliteConn {
		conn, err := openSQLiteConn(l.path, readerCache)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.db.Close() })
		return conn
	}
	l.writer, l.reader = open(), open()
	l.c = newCheckpointer(open(), &l.turn, new(atomic.Int64))
	l.exec(t, l.writer, "CREATE TABLE some (page BLOB)")
	return l
}

func (l *logged) exec(t *testing.T, conn *sqliteConn, sql string) {
	t.Helper()
	if err := conn.query(sql, nil, func(row) error { return nil }); err != nil {
		t.Fatal(err)
	}
}

// write puts at least so many pages into the log.
func (l *logged) write(t *testing.T, pages int) {
	t.Helper()
	for range pages {
		l.exec(t, l.writer, "INSERT INTO some VALUES (randomblob(3000))")
	}
}

func (l *logged) size(t *testing.T) int64 {
	t.Helper()
	info, err := os.Stat(l.path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// Who reads for long holds the log. While he does, the writer is not made to stand still for it: here it has its turn all the time.
func TestCheckpointer_LeavesTheWriterAloneWhileAReaderHoldsTheLog(t *testing.T) {
	t.Parallel()
	l := newLogged(t)
	l.write(t, 10)
	l.exec(t, l.reader, "BEGIN")
	l.exec(t, l.reader, "SELECT count(*) FROM some")
	l.write(t, 2*restPages)
	l.turn.Lock()
	l.c.restart() // would never come back if it waited for the turn
	if left := l.c.pages.Load() - l.c.moved; left < 2*restPages {
		t.Errorf("%d pages are left in the log, though somebody reads what was there before them", left)
	}
	l.turn.Unlock()
	l.exec(t, l.reader, "ROLLBACK")
	l.c.restart()
	if l.c.moved != l.c.pages.Load() {
		t.Errorf("%d pages of %d were moved once nobody read", l.c.moved, l.c.pages.Load())
	}
	before := l.size(t)
	l.write(t, restPages)
	if now := l.size(t); now != before {
		t.Errorf("the log did not begin anew: it grew from %d to %d", before, now)
	}
}

// A log that goes on after it could have begun anew, because somebody reads it, is left alone until as much was added again.
func TestCheckpointer_SyncsTheFileOnceForEachLengthOfTheLog(t *testing.T) {
	t.Parallel()
	c := newCheckpointer(nil, nil, nil)
	for i, look := range []struct {
		pages int64
		due   bool
	}{
		{pausePages, false},
		{pausePages + 1, true},
		{pausePages + 9, false}, // held by who reads
		{2*pausePages + 1, false},
		{2*pausePages + 2, true},
		{9, false}, // it has begun anew
		{pausePages, false},
		{pausePages + 1, true},
	} {
		c.pages.Store(look.pages)
		if due := c.due(); due != look.due {
			t.Errorf("look %d, %d pages: due is %t", i, look.pages, due)
		}
	}
}

// The log is cut by the process that wrote last; another one would keep it from writing meanwhile.
func TestCheckpointer_CutsTheLogOnlyWhenNobodyElseWrites(t *testing.T) {
	t.Parallel()
	l := newLogged(t)
	l.write(t, 10)
	l.c.passive()
	l.write(t, 1) // another process
	l.c.cut()
	if l.size(t) == 0 {
		t.Error("the log was cut under one who writes")
	}
	l.c.cut()
	if n := l.size(t); n != 0 {
		t.Errorf("the log of one who writes no more has still %d bytes", n)
	}
}

// A command line that ends beside a server leaves the log to it.
func TestCheckpointer_LeavesTheLogToWhoStaysWhenItsProcessEnds(t *testing.T) {
	t.Parallel()
	stays := newFile(t)
	path := fileOf(t, stays)
	ends, err := Open(t.Context(), Config{Path: path, Now: stays.now})
	if err != nil {
		t.Fatal(err)
	}
	if err := stays.engine.write(t.Context(), func(s *session) error { return note(s, 1) }); err != nil {
		t.Fatal(err)
	}
	if err := ends.Close(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path + "-wal"); err != nil || info.Size() == 0 {
		t.Errorf("the log was cut by a process that ended: %v, %v", info, err)
	}
	if err := stays.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + "-wal"); !os.IsNotExist(err) {
		t.Errorf("the last one left the log behind: %v", err)
	}
}
