package pgtest

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// StartStandby makes a server that follows another one. From then on the other confirms a commit only when
// the standby has it on its disk too.
func StartStandby(t testing.TB, primary *Cluster) *Cluster {
	t.Helper()
	c := prepare(t, primary.options)
	c.Follow(t, primary)
	return c
}

// Follow makes a server that has ended the synchronous standby of another one, from a fresh copy of it.
func (c *Cluster) Follow(t testing.TB, primary *Cluster) {
	t.Helper()
	if err := os.RemoveAll(c.data()); err != nil {
		t.Fatal(err)
	}
	primary.Exec(t, "ALTER SYSTEM RESET synchronous_standby_names") // the copy must wait for nobody when it leads
	c.mustRun(t, "pg_basebackup", "--pgdata="+c.data(), "--host="+primary.folder, "--username=postgres",
		"--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync")
	c.Resume(t)
	primary.Exec(t, "ALTER SYSTEM SET synchronous_standby_names = '*'")
	primary.Exec(t, "SELECT pg_reload_conf()")
	primary.await(t, "SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync' AND state = 'streaming'")
}

// Promote makes a standby the primary, and returns when it takes writes.
func (c *Cluster) Promote(t testing.TB) {
	t.Helper()
	c.Exec(t, "SELECT pg_promote(true, 60)")
	c.await(t, "SELECT NOT pg_is_in_recovery()")
}

// await asks until the answer is true.
func (c *Cluster) await(t testing.TB, question string) {
	t.Helper()
	limit, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), startWait)
	defer cancel()
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for {
		answer := false
		conn, err := pgx.Connect(limit, c.URL("postgres"))
		if err == nil {
			err = conn.QueryRow(limit, question).Scan(&answer)
			_ = conn.Close(limit) // it has answered
		}
		if answer {
			return
		}
		select {
		case <-poll.C:
		case <-limit.Done():
			t.Fatalf("%s: never, %v", question, err)
		}
	}
}
