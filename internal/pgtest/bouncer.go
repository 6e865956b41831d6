package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// bouncerForm is all that a PgBouncer is told: the defaults, and few connections of the server for many clients.
// The name of the database and that of the user are the client's.
const bouncerForm = `[databases]
* = host=%s port=5432 user=postgres
[pgbouncer]
pool_mode = transaction
default_pool_size = 4
reserve_pool_size = 2
reserve_pool_timeout = 1
max_client_conn = 1000
auth_type = any
listen_port = 5432
unix_socket_dir = %s
log_connections = 0
log_disconnections = 0
log_stats = 0
%s
`

const lastLines = 40 // of its log

// Bouncer is a running PgBouncer in transaction mode, before a cluster.
type Bouncer struct {
	folder  string // of its socket and its settings
	process *exec.Cmd
	ended   chan struct{}
}

// StartBouncer puts a PgBouncer before a cluster and stops it when the test ends. options are lines of its
// settings.
func StartBouncer(t testing.TB, before *Cluster, options ...string) *Bouncer {
	t.Helper()
	path := bouncerBinary(t)
	folder, err := os.MkdirTemp("", "firsttap-pb-") //nolint:usetesting // another user must reach it, by a short name
	if err != nil {
		t.Fatal(err)
	}
	b := &Bouncer{folder: folder, ended: make(chan struct{})}
	t.Cleanup(func() { b.remove(t) })
	settings := filepath.Join(folder, "pgbouncer.ini")
	form := fmt.Sprintf(bouncerForm, before.folder, folder, strings.Join(options, "\n"))
	if err := os.WriteFile(settings, []byte(form), 0o600); err != nil {
		t.Fatal(err)
	}
	if before.as != nil { // it refuses to run as root, as the server does
		for _, name := range []string{folder, settings} {
			if err := os.Chown(name, int(before.as.Uid), int(before.as.Gid)); err != nil {
				t.Fatal(err)
			}
		}
	}
	log, err := os.OpenFile(b.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	b.process = exec.CommandContext(context.WithoutCancel(t.Context()), path, settings) //nolint:gosec // the binary that we found
	b.process.Dir, b.process.SysProcAttr = folder, attributes(before.as)
	b.process.Stdout, b.process.Stderr = log, log
	if err = errors.Join(b.process.Start(), log.Close()); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = b.process.Wait() // how it ended is in its log
		close(b.ended)
	}()
	answers(t, "the bouncer", b.URL("postgres"), b.ended, b.log())
	return b
}

// bouncerBinary finds PgBouncer, which Debian puts where only root looks.
func bouncerBinary(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"pgbouncer", "/usr/sbin/pgbouncer"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("PgBouncer is not installed, and these tests are about it: apt-get install -y pgbouncer")
	return ""
}

// URL names a database of the cluster by way of the bouncer. parameters are added, as name=value.
func (b *Bouncer) URL(database string, parameters ...string) string {
	return (&Cluster{folder: b.folder}).URL(database, parameters...)
}

func (b *Bouncer) log() string { return filepath.Join(b.folder, "log") }

// Told is what the bouncer has written to its log: the last lines.
func (b *Bouncer) Told(t testing.TB) []string {
	t.Helper()
	text, err := os.ReadFile(b.log())
	if err != nil {
		t.Error(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[max(0, len(lines)-lastLines):]
}

// remove ends the bouncer at once, and removes everything.
func (b *Bouncer) remove(t testing.TB) {
	t.Helper()
	if b.process != nil && b.process.Process != nil {
		select {
		case <-b.ended:
			t.Errorf("the bouncer ended before the test: %v\n%s", b.process.ProcessState, strings.Join(b.Told(t), "\n"))
		default:
		}
		_ = b.process.Process.Signal(syscall.SIGTERM) // it may have ended
		timer := time.NewTimer(stopWait)
		defer timer.Stop()
		select {
		case <-b.ended:
		case <-timer.C:
			t.Error("the bouncer does not stop")
			_ = b.process.Process.Kill() // it ends here either way
			<-b.ended
		}
	}
	if err := os.RemoveAll(b.folder); err != nil {
		t.Error(err)
	}
}
