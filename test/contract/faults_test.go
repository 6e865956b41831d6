package contract

import (
	"path/filepath"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/firsttap/firsttap/internal/pgfault"
)

// breakable is a house of its own, with one node without workers, whose store a check breaks from outside: on SQLite
// another process holds the lock for writing, on PostgreSQL the way to the server is cut.
type breakable struct {
	*house
	line *pgfault.Line // to PostgreSQL; nil for SQLite
}

// breakable makes such a house. Its node gives up early, and late enough for calls on a loaded machine.
func (h *house) breakable(t *testing.T) *breakable {
	t.Helper()
	e, b := h.engine, &breakable{}
	e.nodes = 1
	if e.cluster != nil {
		b.line = pgfault.NewLine(t, e.cluster)
		e.open = func(t *testing.T, _ string) string { return b.line.URL(e.cluster.Database(t)) }
	}
	b.house = newHouse(t, e, "--workers=false", "--request-timeout", "4s")
	return b
}

// tries is more often than a node tries a transaction again.
const tries = 1000

// commits lets each commit that f asks for fail, before anything is kept.
func (b *breakable) commits(t *testing.T, f func()) {
	t.Helper()
	if b.line == nil {
		conn := b.file(t)
		defer func() { _ = conn.Close() }()
		execute(t, conn, "BEGIN IMMEDIATE")
		f()
		execute(t, conn, "ROLLBACK")
		return
	}
	struck := b.line.Struck(pgfault.BeforeCommit)
	for range tries {
		b.line.Arm(pgfault.BeforeCommit)
	}
	f()
	if b.line.Struck(pgfault.BeforeCommit) == struck {
		t.Fatal("the line was not cut before a commit")
	}
	b.line.Mend()
}

// file opens the database of SQLite beside the node.
func (b *breakable) file(t *testing.T) *sqlite.Conn {
	t.Helper()
	conn, err := sqlite.OpenConn(filepath.Join(b.dir, sqliteFile), sqlite.OpenReadWrite)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetBlockOnBusy()
	return conn
}

func execute(t *testing.T, conn *sqlite.Conn, sql string) {
	t.Helper()
	if err := sqlitex.ExecuteTransient(conn, sql, nil); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// killAfterCommit starts a call and kills the node as soon as its commit is in the database, so that the answer does not
// leave, and starts the node again. answered tells that the answer was quicker; only SQLite, whose commit can only be
// watched, lets that happen.
func (b *breakable) killAfterCommit(t *testing.T, call func() (reply, error)) (answered bool) {
	t.Helper()
	var committed func() bool
	if b.line == nil {
		conn := b.file(t)
		defer func() { _ = conn.Close() }()
		before := version(t, conn)
		committed = func() bool { return version(t, conn) != before }
	} else {
		struck := b.line.Struck(pgfault.AfterCommit)
		b.line.Arm(pgfault.AfterCommit)
		committed = func() bool { return b.line.Struck(pgfault.AfterCommit) != struck }
	}
	done := make(chan bool, 1)
	go func() {
		r, err := call()
		done <- err == nil && r.status < 500
	}()
	for deadline := time.Now().Add(30 * time.Second); !committed(); {
		if time.Now().After(deadline) {
			t.Fatal("no commit within 30 s")
		}
	}
	b.nodes[0].kill()
	answered = <-done
	if b.line != nil {
		b.line.Mend()
	}
	b.nodes[0] = b.start(t, 0)
	return answered
}

// mayMistake tells that killAfterCommit may have seen the commit of another: a file tells that there was one, and not
// whose, and the server notes by itself when a key was used.
func (b *breakable) mayMistake() bool { return b.line == nil }

// version changes with each commit of another process.
func version(t *testing.T, conn *sqlite.Conn) (n int64) {
	t.Helper()
	if err := sqlitex.ExecuteTransient(conn, "PRAGMA data_version", &sqlitex.ExecOptions{ResultFunc: func(s *sqlite.Stmt) error {
		n = s.ColumnInt64(0)
		return nil
	}}); err != nil {
		t.Fatal(err)
	}
	return n
}
