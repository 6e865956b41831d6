package cli_test

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/firsttap/firsttap/internal/bench"
)

// TestProcess_BenchWebhooksCounts runs the whole measurement with few deliveries. It says nothing about times.
func TestProcess_BenchWebhooksCounts(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), binary(t), "bench", "webhooks", "--deliveries=300", "--windows=1", "--length=50ms", "--rate=100", "--open-length=500ms", "--json")
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
	want := map[string]int{"webhooks, backlog to 1 endpoint": 300, "webhooks, backlog to 5 endpoints": 300, "webhooks, offered": 50}
	for _, c := range got.Cells {
		if n, ok := want[c.Workload]; ok && (c.Sent != n || c.Failed > 0 || c.PerSecond.Median <= 0 || c.Latency.P99 <= 0) {
			t.Errorf("%+v, want %d deliveries", c, n)
		}
		delete(want, c.Workload)
	}
	if len(want) > 0 || len(got.Ratios) != 3 || got.Syncs.Median <= 0 {
		t.Errorf("without %v: %+v", want, got)
	}
}

// TestProcess_BenchRunsInWhatWasFilled fills an installation once, and measures in it twice.
func TestProcess_BenchRunsInWhatWasFilled(t *testing.T) {
	t.Parallel()
	program, dir := binary(t), t.TempDir()
	here := []string{"--database=sqlite://" + filepath.Join(dir, "firsttap.db"), "--key-file=" + filepath.Join(dir, "keys.json")}
	do := func(args ...string) []byte {
		cmd := exec.CommandContext(t.Context(), program, append(args, here...)...)
		var errs strings.Builder
		cmd.Stderr = &errs
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, errs.String())
		}
		return out
	}
	do("bench", "fill", "--cards=6000")
	for range 2 {
		var got bench.Report
		out := do("bench", "run", "--windows=1", "--length=50ms", "--cards=200", "--connections=4", "--rate=0", "--workloads=activate by code", "--json")
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatal(err)
		}
		last := got.Cells[len(got.Cells)-1]
		if got.Filled != 6000 || last.Sent == 0 || last.Failed > 0 {
			t.Errorf("beside %d cards: %+v", got.Filled, last)
		}
	}
}
