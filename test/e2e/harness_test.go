package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/pgtest"
)

var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "firsttap-e2e-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "firsttap")
	out, err := exec.Command("go", "build", "-o", path, "github.com/firsttap/firsttap/cmd/firsttap").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return path, nil
})

// installation is one database, one key file and the logs of every server that ran on them.
type installation struct {
	t    *testing.T
	dir  string
	bin  string
	logs string
	url  string // of the database

	files func() string // the folder of the database's server; nil without one
}

func newInstallation(t *testing.T) *installation {
	t.Helper()
	bin, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	return &installation{t: t, dir: dir, bin: bin, logs: filepath.Join(dir, "server.log"), url: "sqlite://" + filepath.Join(dir, "firsttap.db")}
}

// engines runs a test on a file and on a server.
func engines(t *testing.T, try func(t *testing.T, in *installation)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		try(t, newInstallation(t))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		in := newInstallation(t)
		cluster := pgtest.Start(t)
		in.url = cluster.URL(cluster.Database(t))
		in.files = func() string { return cluster.Files(t) }
		try(t, in)
	})
}

// environment is what every process of the installation is given.
func (in *installation) environment() []string {
	return append(os.Environ(), "FIRSTTAP_DATABASE="+in.url, "FIRSTTAP_KEY_FILE="+filepath.Join(in.dir, "keys.json"))
}

// command runs a subcommand to its end and gives what it printed.
func (in *installation) command(args ...string) string {
	in.t.Helper()
	cmd := exec.CommandContext(in.t.Context(), in.bin, args...)
	cmd.Env = in.environment()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		in.t.Fatalf("firsttap %v: %v\n%s", args, err, stderr.String())
	}
	return stdout.String()
}

// client gives up on a server that does not answer at all.
var client = &http.Client{Timeout: 30 * time.Second}

// pause waits for another process, which no fake clock reaches.
func pause(d time.Duration) { <-time.After(d) }

// server is a running process.
type server struct {
	in    *installation
	cmd   *exec.Cmd
	url   string
	admin string
	done  chan error
}

// freeAddresses gives two that differ: both are held until both are known.
func freeAddresses(t *testing.T) (one, other string) {
	t.Helper()
	var lc net.ListenConfig
	hold := func() net.Listener {
		for {
			// Below the ports that the system gives to who dials: one of those may be taken again before the server listens there.
			l, err := lc.Listen(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", 10_000+rand.IntN(22_000)))
			if err == nil {
				return l
			}
			if !errors.Is(err, syscall.EADDRINUSE) {
				t.Fatal(err)
			}
		}
	}
	a, b := hold(), hold()
	defer func() { _, _ = a.Close(), b.Close() }()
	return a.Addr().String(), b.Addr().String()
}

// start runs `firsttap serve` and returns once it is ready.
func (in *installation) start() *server {
	in.t.Helper()
	logs, err := os.OpenFile(in.logs, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		in.t.Fatal(err)
	}
	defer func() { _ = logs.Close() }()
	listen, admin := freeAddresses(in.t)
	cmd := exec.Command(in.bin, "serve", "--listen", listen, "--admin-listen", admin, "--log-format", "json")
	cmd.Env = in.environment()
	cmd.Stdout, cmd.Stderr = logs, logs
	if err := cmd.Start(); err != nil {
		in.t.Fatal(err)
	}
	s := &server{in: in, cmd: cmd, url: "http://" + listen, admin: "http://" + admin, done: make(chan error, 1)}
	go func() { s.done <- cmd.Wait() }()
	in.t.Cleanup(s.kill)
	s.awaitReady()
	return s
}

func (s *server) awaitReady() {
	s.in.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		select {
		case err := <-s.done:
			s.done <- err
			text, _ := os.ReadFile(s.in.logs)
			s.in.t.Fatalf("the server ended before it was ready: %v\n%s", err, text)
		case <-time.After(10 * time.Millisecond):
		}
		ctx, cancel := context.WithTimeout(s.in.t.Context(), time.Second)
		req, _ := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/readyz", nil)
		if res, err := client.Do(req); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				cancel()
				return
			}
		}
		cancel()
	}
	s.in.t.Fatal("the server was not ready within 30 s")
}

// kill ends the process at once, as a power cut of the process would.
func (s *server) kill() {
	_ = s.cmd.Process.Signal(syscall.SIGKILL)
	err := <-s.done
	s.done <- err
}

// stop asks for a graceful stop and waits for it.
func (s *server) stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case err := <-s.done:
		s.done <- err
		return err
	case <-time.After(40 * time.Second):
		return fmt.Errorf("the server did not stop within 40 s")
	}
}

// answer is what came back: status, headers and body.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) json(t *testing.T) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(a.body, &m); err != nil {
		t.Fatalf("not JSON (status %d): %s", a.status, a.body)
	}
	return m
}

// caller speaks one API with its key.
type caller struct {
	headers map[string]string
}

func cardsCaller(key string) caller {
	return caller{map[string]string{"Authorization": "Bearer " + key, "Reap-Version": "2025-02-14"}}
}

func debitCaller(token string) caller {
	return caller{map[string]string{"Authorization-ecommerce": token}}
}

// try makes one call; an error is a connection that broke, so that the outcome is unknown.
func (c caller) try(ctx context.Context, method, url string, body any, extra ...string) (answer, error) {
	var reader io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return answer{}, err
		}
		reader = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, reader)
	if err != nil {
		return answer{}, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for k, v := range c.headers {
		req.Header.Set(k, v)
	}
	for i := 0; i+1 < len(extra); i += 2 {
		req.Header.Set(extra[i], extra[i+1])
	}
	res, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{}, err
	}
	return answer{res.StatusCode, res.Header, b}, nil
}

// must makes one call that has to give that status.
func (c caller) must(t *testing.T, want int, method, url string, body any, extra ...string) answer {
	t.Helper()
	a, err := c.try(t.Context(), method, url, body, extra...)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	if a.status != want {
		t.Fatalf("%s %s: %d, want %d: %s", method, url, a.status, want, a.body)
	}
	return a
}
