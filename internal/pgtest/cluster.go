package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	startWait = 30 * time.Second
	stopWait  = 90 * time.Second // its last checkpoint may wait for a busy disk
	pollEvery = 20 * time.Millisecond
)

// settings are what the server is given beyond its defaults.
var settings = map[string]string{
	"listen_addresses":        "",
	"max_connections":         "300",
	"unix_socket_permissions": "0700",
	"log_min_messages":        "error", // a deadlock is told there, and who waited for whom
	"log_min_error_statement": "panic",
	"shared_buffers":          "64MB",
}

// Cluster is a running server.
type Cluster struct {
	options []string
	folder  string // of data, socket and log
	bin     string
	as      *syscall.Credential // whom the server runs as; nil is us
	server  *exec.Cmd
	ended   chan struct{} // closed when the server has ended
	made    atomic.Int64  // databases
}

// Start makes a cluster and stops it when the test ends. options are settings of the server, as name=value.
func Start(t testing.TB, options ...string) *Cluster {
	t.Helper()
	c := prepare(t, options)
	c.mustRun(t, "initdb", "--pgdata="+c.data(), "--username=postgres", "--auth=trust", "--encoding=UTF8",
		"--locale=C", "--no-sync", "--no-instructions")
	c.Resume(t)
	return c
}

// prepare makes the folder of a cluster, which goes with everything in it when the test ends.
func prepare(t testing.TB, options []string) *Cluster {
	t.Helper()
	c := &Cluster{bin: binaries(t), as: servant(t), options: options}
	var err error
	if c.folder, err = os.MkdirTemp("", "firsttap-pg-"); err != nil { //nolint:usetesting // another user must reach it
		t.Fatal(err)
	}
	t.Cleanup(func() { c.remove(t) })
	if c.as != nil {
		if err := os.Chown(c.folder, int(c.as.Uid), int(c.as.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// mustRun runs one of the server's tools to its end.
func (c *Cluster) mustRun(t testing.TB, name string, args ...string) {
	t.Helper()
	if out, err := c.command(t.Context(), name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

func (c *Cluster) data() string { return filepath.Join(c.folder, "data") }
func (c *Cluster) log() string  { return filepath.Join(c.folder, "log") }

// Files is the folder of everything that the server keeps, its log of writes included. A checkpoint brings what was
// committed into it.
func (c *Cluster) Files(t testing.TB) string {
	t.Helper()
	c.Exec(t, "CHECKPOINT")
	return c.data()
}

// binaries finds the newest server of this machine.
func binaries(t testing.TB) string {
	t.Helper()
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(found, func(a, b string) int { return version(a) - version(b) })
	if len(found) > 0 {
		return filepath.Dir(found[len(found)-1])
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		t.Fatal("PostgreSQL is not installed, and these tests are about it: apt-get install -y postgresql")
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		t.Fatal(err)
	}
	return filepath.Dir(path)
}

// version reads the number in /usr/lib/postgresql/15/bin/initdb.
func version(path string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path)))) // another form sorts first
	return n
}

// servant is whom the server runs as, because it refuses to run as root.
func servant(t testing.TB) *syscall.Credential {
	t.Helper()
	if os.Geteuid() != 0 {
		return nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.ParseUint(u.Uid, 10, 32)
		gid, errGID := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(errUID, errGID); err != nil {
			t.Fatal(err)
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	t.Fatal("the server does not run as root, and there is no user postgres or nobody")
	return nil
}

func (c *Cluster) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, name), args...) //nolint:gosec // a binary of the server, with our arguments
	cmd.Dir = c.folder
	cmd.Env = []string{"PATH=" + c.bin + ":/usr/bin:/bin", "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = attributes(c.as)
	return cmd
}

// Socket is the file at which the server listens.
func (c *Cluster) Socket() string { return filepath.Join(c.folder, ".s.PGSQL.5432") }

// Resume runs the server, again after [Cluster.Crash], and returns when it answers.
func (c *Cluster) Resume(t testing.TB) {
	t.Helper()
	args := []string{"-D", c.data(), "-k", c.folder}
	for name, value := range settings {
		args = append(args, "-c", name+"="+value)
	}
	for _, option := range c.options {
		args = append(args, "-c", option)
	}
	log, err := os.OpenFile(c.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	c.server = c.command(context.WithoutCancel(t.Context()), "postgres", args...)
	c.server.Stdout, c.server.Stderr = log, log
	if err = errors.Join(c.server.Start(), log.Close()); err != nil {
		t.Fatal(err)
	}
	c.ended = make(chan struct{})
	go func() {
		_ = c.server.Wait() // how it ended is seen by who needs it
		close(c.ended)
	}()
	answers(t, "the server", c.URL("postgres"), c.ended, c.log())
}

// answers returns when what was started answers at url, and fails the test when it ends before, with its log.
func answers(t testing.TB, what, url string, ended <-chan struct{}, log string) {
	t.Helper()
	limit, cancel := context.WithTimeout(t.Context(), startWait)
	defer cancel()
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for {
		conn, err := pgx.Connect(limit, url)
		if err == nil {
			_ = conn.Close(limit) // it has answered
			return
		}
		select {
		case <-poll.C:
		case <-limit.Done():
			t.Fatalf("%s does not answer: %v", what, err)
		case <-ended:
			text, err := os.ReadFile(log)
			t.Fatalf("%s ended: %v\n%s", what, err, text)
		}
	}
}

// URL names a database of the cluster. parameters are added, as name=value.
func (c *Cluster) URL(database string, parameters ...string) string {
	query := url.Values{"host": {c.folder}}
	for _, p := range parameters {
		name, value, _ := strings.Cut(p, "=")
		query.Set(name, value)
	}
	return "postgres://postgres@/" + database + "?" + query.Encode()
}

// Database makes a fresh database and gives its name.
func (c *Cluster) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test_%d", c.made.Add(1))
	c.Exec(t, "CREATE DATABASE "+name)
	return name
}

// Copy makes a fresh database like another one, to which nobody is connected, and gives its name.
func (c *Cluster) Copy(t testing.TB, of string) string {
	t.Helper()
	name := fmt.Sprintf("test_%d", c.made.Add(1))
	c.Exec(t, "CREATE DATABASE "+name+" TEMPLATE "+of)
	return name
}

// Exec runs one statement as the owner of the cluster.
func (c *Cluster) Exec(t testing.TB, sql string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), startWait)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.Exec(ctx, sql)
	if err = errors.Join(err, conn.Close(ctx)); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// Deadlocks tells of each circle of waiting that the server had to break since it started: which statements waited for
// which.
func (c *Cluster) Deadlocks(t testing.TB) (each []string) {
	t.Helper()
	log, err := os.ReadFile(c.log())
	if err != nil {
		t.Fatal(err)
	}
	for _, told := range strings.Split(string(log), "deadlock detected\n")[1:] {
		told, _, _ = strings.Cut(told, "HINT:")
		each = append(each, told)
	}
	return each
}

// remove stops the server, at once if it must be, and removes everything.
func (c *Cluster) remove(t testing.TB) {
	t.Helper()
	if c.ended != nil {
		c.Continue(t)
		c.stop(t, syscall.SIGINT)
	}
	if err := os.RemoveAll(c.folder); err != nil {
		t.Error(err)
	}
}

// stop asks the server to end, in the words that its manual has for signals, and waits for it.
func (c *Cluster) stop(t testing.TB, how syscall.Signal) {
	t.Helper()
	if err := c.server.Process.Signal(how); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Error(err)
	}
	timer := time.NewTimer(stopWait)
	defer timer.Stop()
	select {
	case <-c.ended:
	case <-timer.C:
		t.Error("the server does not stop")
		_ = c.server.Process.Kill() // it ends here either way
		<-c.ended
	}
}
