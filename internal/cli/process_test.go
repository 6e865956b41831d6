package cli_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/bench"
)

// binary builds the program as users have it.
func binary(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "firsttap")
	build := exec.CommandContext(t.Context(), "go", "build", "-ldflags", "-X main.version=v9", "-o", path, "../../cmd/firsttap")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

func TestProcess_ServesUntilItIsToldToStop(t *testing.T) {
	t.Parallel()
	program, dir := binary(t), t.TempDir()
	serve := exec.CommandContext(t.Context(), program, "serve", "--listen=127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--log-format=json")
	serve.Env = append(os.Environ(), "FIRSTTAP_DATABASE=sqlite://"+filepath.Join(dir, "firsttap.db"))
	log, err := serve.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(log)
	var start struct {
		Msg     string
		Address string
		Admin   string `json:"admin_address"`
		Version string
	}
	for start.Msg != "listening" {
		if !lines.Scan() {
			t.Fatal("the server ended before it listened")
		}
		if err := json.Unmarshal(lines.Bytes(), &start); err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
	}
	if start.Version != "v9" {
		t.Errorf("version %q", start.Version)
	}
	client := &http.Client{Timeout: 10 * time.Second}
	for _, url := range []string{"http://" + start.Address + "/healthz", "http://" + start.Admin + "/readyz"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if _ = resp.Body.Close(); resp.StatusCode != http.StatusOK {
			t.Errorf("%s answers %d", url, resp.StatusCode)
		}
	}
	// A command beside the running server works on the same database.
	beside := exec.CommandContext(t.Context(), program, "program", "create", "Acme")
	beside.Env = serve.Env
	if out, err := beside.CombinedOutput(); err != nil || !strings.Contains(string(out), "Acme") {
		t.Errorf("program create: %v\n%s", err, out)
	}
	if err := serve.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(log)
	if err != nil {
		t.Fatal(err)
	}
	if err := serve.Wait(); err != nil || !strings.Contains(string(rest)+lines.Text(), `"msg":"stopped","clean":true`) {
		t.Errorf("the stop: %v\n%s", err, rest)
	}
}

func TestProcess_TwoOnOneAddress(t *testing.T) {
	t.Parallel()
	program, dir := binary(t), t.TempDir()
	taken := newListener(t)
	serve := exec.CommandContext(t.Context(), program, "serve", "--listen", taken, "--admin-listen=127.0.0.1:0")
	serve.Env = append(os.Environ(), "FIRSTTAP_DATABASE=sqlite://"+filepath.Join(dir, "firsttap.db"))
	out, err := serve.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(string(out), "another process listens there") {
		t.Errorf("%v\n%s", err, out)
	}
}

// newListener takes a free address, and keeps it until the end of the test.
func newListener(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

// TestProcess_BenchMeasuresBulkOrders runs the whole measurement with few cards.
func TestProcess_BenchMeasuresBulkOrders(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), binary(t), "bench", "bulk", "--orders=2", "--items=300", "--quiet=300ms", "--rate=50", "--chores", "--json")
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	var got struct {
		Cards    int
		MakeTook time.Duration
		Alone    struct{ Offered, Failed int }
		Chores   []bench.Chored
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	if got.Cards != 600 || got.MakeTook <= 0 || got.Alone.Offered == 0 || got.Alone.Failed != 0 {
		t.Errorf("%+v\n%s", got, errs.String())
	}
	for _, c := range got.Chores {
		if c.Done == 0 || c.Failed != 0 {
			t.Errorf("%+v", c)
		}
	}
	if len(got.Chores) != 3 {
		t.Errorf("chores: %+v", got.Chores)
	}
}

// TestProcess_BenchRunCounts runs the whole measurement with few cards, and compares a second one with it. It says
// nothing about times.
func TestProcess_BenchRunCounts(t *testing.T) {
	t.Parallel()
	program := binary(t)
	measure := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), program, append([]string{"bench", "run", "--windows=1", "--length=50ms", "--cards=300", "--connections=1,8"}, args...)...)
		var errs strings.Builder
		cmd.Stderr = &errs
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v\n%s", err, errs.String())
		}
		return string(out)
	}
	first := measure("--rate=50", "--open-length=200ms", "--json")
	var got bench.Report
	if err := json.Unmarshal([]byte(first), &got); err != nil {
		t.Fatal(err)
	}
	rows := 2*(2+len(bench.Workloads())) + 3
	if len(got.Cells) != rows || len(got.References) != 2 || len(got.Ratios) == 0 || got.Syncs.Median <= 0 {
		t.Errorf("%d of %d rows, references %v, ratios %v, syncs %v", len(got.Cells), rows, got.References, got.Ratios, got.Syncs)
	}
	for _, c := range got.Cells {
		refusing := strings.Contains(c.Workload, "twice") // it may be refused what is beyond the capacity
		if c.Sent == 0 || (c.Failed > 0 && !refusing) {
			t.Errorf("%s, %d connections: %d sent, %d failed: %s", c.Workload, c.Connections, c.Sent, c.Failed, c.FirstFailure)
		}
	}
	for _, r := range got.References {
		if r.PerSecond.Median <= 0 {
			t.Errorf("%s did nothing", r.Name)
		}
	}
	file := filepath.Join(t.TempDir(), "first.json")
	if err := os.WriteFile(file, []byte(first), 0o600); err != nil {
		t.Fatal(err)
	}
	if text := measure("--workloads=GET card", "--rate=0", "--compare="+file); !strings.Contains(text, "SINCE THEN") || !strings.Contains(text, "GET card, 8 connections") {
		t.Errorf("%s", text)
	}
}

// TestProcess_BenchRunHasPeers measures beside the endpoint that was written by hand.
func TestProcess_BenchRunHasPeers(t *testing.T) {
	t.Parallel()
	peer := filepath.Join(t.TempDir(), "gopeer")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-C", "../../bench/peers/gopeer", "-o", peer, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), binary(t), "bench", "run", "--windows=1", "--length=50ms", "--cards=300", "--connections=4", "--rate=0", "--fill=2000",
		"--workloads=activate by code", "--peer=go="+peer, "--json")
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	var got bench.Report
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	done := map[string]int{}
	for _, c := range got.Cells {
		done[c.Workload] = c.Sent - c.Failed
	}
	if done["activate, go"] == 0 || done["PATCH, go"] == 0 || done["activate by code"] == 0 {
		t.Errorf("%v\n%s", done, errs.String())
	}
	if p := got.Process; got.Filled != 2000 || p.Ready <= 0 || p.Idle <= 0 || p.Peak < p.Idle || p.Binary <= 0 {
		t.Errorf("%+v beside %d cards", p, got.Filled)
	}
	if len(got.Ratios) == 0 || !slices.ContainsFunc(got.Ratios, func(r bench.Ratio) bool { return r.Name == "P6" }) {
		t.Errorf("%v", got.Ratios)
	}
}
