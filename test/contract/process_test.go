package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/pgtest"
)

// TestMain lets more checks run side by side than there are cores, unless told otherwise: they wait more than they work.
func TestMain(m *testing.M) {
	flag.Parse()
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "test.parallel" })
	if !asked {
		if err := flag.Set("test.parallel", strconv.Itoa(4*runtime.NumCPU())); err != nil {
			panic(err)
		}
	}
	m.Run()
}

// binary is built once a run.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "firsttap-contract-")
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

// sqliteFile is the database of a house with SQLite, in its folder.
const sqliteFile = "firsttap.db"

// engine opens databases of one kind.
type engine struct {
	name    string
	nodes   int
	open    func(t *testing.T, dir string) (url string)
	cluster *pgtest.Cluster // of PostgreSQL; nil for SQLite
}

// engines are what every check runs on.
func engines(t *testing.T) []engine {
	t.Helper()
	cluster := pgtest.Start(t)
	return []engine{
		{"sqlite", 1, func(_ *testing.T, dir string) string { return "sqlite://" + filepath.Join(dir, sqliteFile) }, nil},
		{"postgres", 2, func(t *testing.T, _ string) string { return cluster.URL(cluster.Database(t)) }, cluster},
	}
}

// house is an installation of the product with its running nodes.
type house struct {
	engine   engine
	bin      string
	dir      string
	database string
	settings []string
	nodes    []*node
	turn     atomic.Int64 // which node takes the next call
	programs atomic.Int64
}

// newHouse makes an empty installation and starts its nodes. settings are flags of serve.
func newHouse(t *testing.T, e engine, settings ...string) *house {
	t.Helper()
	bin, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	h := &house{engine: e, bin: bin, dir: t.TempDir(), settings: settings}
	h.database = e.open(t, h.dir)
	h.command(t, "migrate", "up")
	for i := range e.nodes {
		h.nodes = append(h.nodes, h.start(t, i))
	}
	return h
}

// own is an installation of its own on the same engine, for a check that kills, restarts or breaks what it runs on.
func (h *house) own(t *testing.T, settings ...string) *house {
	t.Helper()
	return newHouse(t, h.engine, settings...)
}

// node is one running process.
type node struct {
	listen, admin string
	cmd           *exec.Cmd
	done          chan struct{}
	logs          string
}

// start runs `firsttap serve` and returns once it is ready. A node that starts again keeps its log.
func (h *house) start(t *testing.T, number int) *node {
	t.Helper()
	n := &node{done: make(chan struct{}), logs: filepath.Join(h.dir, fmt.Sprintf("node%d.log", number))}
	n.listen, n.admin = freeAddresses(t)
	logs, err := os.OpenFile(n.logs, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = logs.Close() }()
	args := append([]string{"serve", "--listen", n.listen, "--admin-listen", n.admin, "--log-format", "json"}, h.settings...)
	n.cmd = exec.Command(h.bin, args...)
	n.cmd.Env = h.environment()
	n.cmd.Stdout, n.cmd.Stderr = logs, logs
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = n.cmd.Wait() // a killed process is what some checks want
		close(n.done)
	}()
	t.Cleanup(n.kill)
	n.awaitReady(t)
	return n
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

func (n *node) awaitReady(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); {
		select {
		case <-n.done:
			text, _ := os.ReadFile(n.logs)
			t.Fatalf("the node ended before it was ready:\n%s", text)
		case <-time.After(10 * time.Millisecond):
		}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+n.admin+"/readyz", nil)
		if err != nil {
			t.Fatal(err)
		}
		if res, err := client.Do(req); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
	}
	t.Fatal("the node was not ready within 60 s")
}

// kill ends the process at once, as a power cut would, and waits for its end.
func (n *node) kill() {
	_ = n.cmd.Process.Signal(syscall.SIGKILL) // it may have ended already
	<-n.done
}

// stop asks for a graceful end and waits for it.
func (n *node) stop(t *testing.T) {
	t.Helper()
	if err := n.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-n.done:
	case <-time.After(40 * time.Second):
		t.Fatal("the node did not stop within 40 s")
	}
}

// restart kills every node and starts it again.
func (h *house) restart(t *testing.T) {
	t.Helper()
	for i, n := range h.nodes {
		n.kill()
		h.nodes[i] = h.start(t, i)
	}
}

// base is the address of the node whose turn it is.
func (h *house) base() string {
	return "http://" + h.nodes[int(h.turn.Add(1))%len(h.nodes)].listen
}

// log is everything that the nodes logged.
func (h *house) log(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	for _, n := range h.nodes {
		text, err := os.ReadFile(n.logs)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

func (h *house) environment() []string {
	return append(os.Environ(), "FIRSTTAP_DATABASE="+h.database, "FIRSTTAP_KEY_FILE="+filepath.Join(h.dir, "keys.json"))
}

// command runs a subcommand to its end and gives what it printed.
func (h *house) command(t *testing.T, args ...string) string {
	t.Helper()
	out, err := h.try(t, args...)
	if err != nil {
		t.Fatalf("firsttap %v: %v", args, err)
	}
	return out
}

// try runs a subcommand that may fail; the error holds what it said.
func (h *house) try(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), h.bin, args...)
	cmd.Env = h.environment()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%w: %s", err, stderr.String())
	}
	return stdout.String(), nil
}

// program is a programme of its own for one check.
type program struct {
	t    *testing.T
	h    *house
	name string
}

// program makes a sandbox programme without rate limits whose webhooks may go to this machine. policies are
// further ones, as name=value.
func (h *house) program(t *testing.T, policies ...string) *program {
	t.Helper()
	args := []string{"webhooks.allow_private_targets=true", "debit.rate_per_second=0"}
	for _, tier := range []string{"default", "issuance", "operations", "identity", "account", "recovery"} {
		args = append(args, "rate_limits."+tier+"=unlimited")
	}
	return h.limited(t, append(args, policies...)...)
}

// limited makes a sandbox programme with just these policies.
func (h *house) limited(t *testing.T, policies ...string) *program {
	t.Helper()
	return h.programOf(t, "sandbox", policies...)
}

func (h *house) programOf(t *testing.T, kind string, policies ...string) *program {
	t.Helper()
	p := &program{t: t, h: h, name: fmt.Sprintf("programme %d", h.programs.Add(1))}
	args := []string{"program", "create", p.name, "--kind", kind}
	for _, policy := range policies {
		args = append(args, "--policy", policy)
	}
	h.command(t, args...)
	return p
}

// set changes policies, as name=value, and waits until all nodes must have heard of it.
func (p *program) set(policies ...string) {
	p.t.Helper()
	p.h.command(p.t, append([]string{"program", "set", p.name}, policies...)...)
	pause(heard)
}

// heard is how long nodes may go on with what they knew of a programme or a key.
const heard = 2500 * time.Millisecond

// pause waits for another process, which no fake clock reaches.
func pause(d time.Duration) { <-time.After(d) }

// eventually waits until done says so, at most half a minute: the machine may be loaded.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !done(); pause(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 30 s: %s", what)
		}
	}
}

// advance moves the programme's clock.
func (p *program) advance(by string) {
	p.t.Helper()
	p.h.command(p.t, "sandbox", "clock", "advance", p.name, by)
}

// key issues a key and gives its secret. more are flags of `key create`.
func (p *program) key(more ...string) string {
	p.t.Helper()
	var issued struct{ Secret string }
	text := p.h.command(p.t, append([]string{"key", "create", "--program", p.name, "--json"}, more...)...)
	if err := json.Unmarshal([]byte(text), &issued); err != nil || issued.Secret == "" {
		p.t.Fatalf("no key: %v", err)
	}
	return issued.Secret
}

// trail gives the newest audit rows of the programme, oldest first.
func (p *program) trail() (rows []object) {
	p.t.Helper()
	for line := range strings.Lines(p.h.command(p.t, "audit", "tail", "--program", p.name, "--lines", "1000", "--json")) {
		var row object
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			p.t.Fatalf("an audit row is not JSON: %q", line)
		}
		rows = append(rows, row)
	}
	return rows
}

// traced gives the audit rows of an action on a card, oldest first.
func (p *program) traced(action, card string) (rows []object) {
	p.t.Helper()
	for _, row := range p.trail() {
		if row["action"] == action && row["card_id"] == card {
			rows = append(rows, row)
		}
	}
	return rows
}

// shown is what the operator sees of a card.
func (p *program) shown(card string) (facts object) {
	p.t.Helper()
	if err := json.Unmarshal([]byte(p.h.command(p.t, "card", "show", card, "--json")), &facts); err != nil {
		p.t.Fatal(err)
	}
	return facts
}
