package bench

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestSpreadOf_IsLowestMedianHighest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		figures []float64
		want    Spread
	}{
		{nil, Spread{}},
		{[]float64{4}, Spread{4, 4, 4}},
		{[]float64{9, 1, 5}, Spread{1, 5, 9}},
		{[]float64{100, 2, 3, 4, 1, 5, 6}, Spread{1, 4, 100}},
	} {
		if got := spreadOf(c.figures); got != c.want {
			t.Errorf("%v: %v, want %v", c.figures, got, c.want)
		}
	}
}

func TestMiddle_IsTheMedianOfEachPercentile(t *testing.T) {
	t.Parallel()
	got := middle([]Percentiles{{1, 20, 30, 40, 500}, {2, 10, 31, 44, 90}, {3, 15, 32, 41, 95}})
	if want := (Percentiles{2, 15, 31, 41, 95}); got != want {
		t.Errorf("%v, want %v", got, want)
	}
	if middle(nil) != (Percentiles{}) {
		t.Error("no windows have percentiles")
	}
}

// measured is a run with plain figures.
func measured(engine string) Report {
	cell := func(workload string, connections int, perSecond float64) Cell {
		return Cell{Workload: workload, Connections: connections, PerSecond: Spread{Median: perSecond}, Sent: 1}
	}
	return Report{
		Engine: engine, Syncs: Spread{Median: 10_000},
		References: []Rate{{LoopOf64, Spread{Median: 20_000}}},
		Cells: []Cell{
			cell(FloorPost, 64, 40_000), cell(FloorGet, 64, 50_000), cell(Activate, 1, 2_500), cell(Activate, 64, 8_000), cell(Activate, 256, 9_000),
			cell(WrongCode, 64, 6_000), cell(Replay, 64, 20_000), cell(Already, 64, 4_000), cell(GetCard, 64, 25_000), cell(Refused, 64, 36_000),
			{Workload: openSteady, Rate: 1000, Sent: 1, Latency: Percentiles{P50: time.Millisecond, P99: 6 * time.Millisecond, P999: 31 * time.Millisecond}},
			{Workload: openHalf, Rate: 4500, Sent: 1, Latency: Percentiles{P50: time.Millisecond, P99: 6 * time.Millisecond}},
			{Workload: openOverload, Rate: 18_000, Sent: 9, Failed: 4, PerSecond: Spread{Median: 8_100}, Refusals: Percentiles{P99: 70 * time.Millisecond}},
		},
	}
}

func TestRatios_AreWhatTheGoalsSay(t *testing.T) {
	t.Parallel()
	server := measured(postgres)
	server.References = []Rate{{PgFunction(1), Spread{Median: 3_000}}, {PgFunction(8), Spread{Median: 6_000}}, {"pgbench, one CTE, 8 clients", Spread{Median: 99_999}}}
	for _, c := range []struct {
		name string
		run  Report
		want []string
	}{
		{"SQLite", measured(sqlite), []string{
			"P1 0.4 floor", "P3 0.25 floor", "P7 1 aim", "P7 6 floor", "P7 31 below", "P8 6 floor", "P10 0.9 floor", "P10 70 floor",
			"P11 0.5 aim", "P11 0.1 below", "P12 0.5 floor", "P13 0.9 aim", "P14 0.75 below",
		}},
		{"PostgreSQL", server, []string{
			"P2 1.5 floor", "P3 0.25 aim", "P7 1 aim", "P7 6 floor", "P7 31 below", "P8 6 floor", "P10 0.9 floor", "P10 70 floor",
			"P11 0.5 aim", "P11 0.1 below", "P12 0.5 aim", "P13 0.9 aim", "P14 0.75 below",
		}},
		{"peers", Report{Engine: postgres, Cells: []Cell{
			{Workload: Activate, Connections: 64, PerSecond: Spread{Median: 8_000}, Latency: Percentiles{P99: 20 * time.Millisecond}},
			{Workload: Activate, Connections: 256, PerSecond: Spread{Median: 9_000}, Latency: Percentiles{P99: 30 * time.Millisecond}},
			{Workload: "activate, node", Connections: 64, PerSecond: Spread{Median: 2_000}, Latency: Percentiles{P99: 60 * time.Millisecond}},
			{Workload: "PATCH, go", Connections: 64, PerSecond: Spread{Median: 1_000}},
		}}, []string{"P4 4.5 floor", "P4 0.5 floor", "P6 9 aim"}},
		{"the C library", Report{Engine: sqlite, References: []Rate{{Library64, Spread{Median: 16_000}}}, Cells: []Cell{
			{Workload: Activate, Connections: 64, PerSecond: Spread{Median: 8_000}},
		}}, []string{"P1 0.5 aim"}},
		{"a process", Report{Engine: sqlite, Process: Process{Ready: 200 * time.Millisecond, Idle: 40 << 20, Peak: 300 << 20, Binary: 35 << 20}}, []string{
			"P20 0.2 aim", "P20 40 floor", "P20 300 below", "P20 35 below",
		}},
		{"a standby", Report{Engine: postgres, Cells: []Cell{
			{Workload: Activate, Connections: 64, PerSecond: Spread{Median: 5_000}}, {Workload: Activate + standbyAwaited, Connections: 64, PerSecond: Spread{Median: 4_000}},
		}}, []string{"P17 0.8 floor"}},
		{"webhooks", Report{Engine: sqlite, Cells: []Cell{
			{Workload: "webhooks, backlog to 1 endpoint", PerSecond: Spread{Median: 1_900}, Sent: 1},
			{Workload: "webhooks, backlog to 5 endpoints", PerSecond: Spread{Median: 2_500}, Sent: 1},
			{Workload: openHooks, Rate: 500, Sent: 1, Latency: Percentiles{P99: 20 * time.Millisecond}},
		}}, []string{"P16 1900 below", "P16 2500 floor", "P16 20 aim"}},
		{"nothing", Report{Engine: sqlite}, nil},
	} {
		var got []string
		for _, r := range ratios(c.run) {
			got = append(got, r.Name+" "+trim(r.Value)+" "+r.Verdict())
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
	}
}

// trim writes a figure with at most two decimals.
func trim(v float64) string {
	return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64)
}

func TestCompare_SetsSideBySideWhatBothHave(t *testing.T) {
	t.Parallel()
	before, now := measured(sqlite), measured(sqlite)
	before.Ratios, now.Ratios = ratios(before), ratios(now)
	now.Ratios[0].Value = 0.2
	before.Cells = before.Cells[:3]
	changes := Compare(before, now)
	if len(changes) != len(now.Ratios)+3 {
		t.Errorf("%d changes: %v", len(changes), changes)
	}
	if first := changes[0]; !strings.HasPrefix(first.What, "P1 ") || first.Before != 0.4 || first.Now != 0.2 {
		t.Errorf("%+v", first)
	}
}

func TestMost_SharesTheCards(t *testing.T) {
	t.Parallel()
	o := RunOptions{Workloads: Workloads(), Connections: []int{1, 8, 64, 256}, Windows: 7, Cards: 6300}
	if got := []int{o.most(Activate, 1), o.most(Activate, 8), o.most(Activate, 64), o.most(Activate, 256), o.most(GetCard, 64)}; !slices.Equal(got, []int{100, 200, 300, 300, 0}) {
		t.Errorf("%v", got)
	}
	s := o.stock()
	if s.Cards < 6300+6300/5 || s.Debit < 6300+6300/10 || s.Wrong*guesses < 6300 {
		t.Errorf("%+v", s)
	}
	if s.Used != 1024 {
		t.Errorf("%d cards for replays over 256 connections", s.Used)
	}
	cards := s.Cards
	o.Standby = func(context.Context, bool) error { return nil }
	if s := o.stock(); s.Cards < 2*(cards-o.Windows) {
		t.Errorf("%d cards for windows with a standby, %d for those without", s.Cards, cards)
	}
	o.Workloads = []string{GetCard}
	if s := o.stock(); s.Cards != 0 || s.Debit != 0 || s.Wrong != 0 || s.Used == 0 {
		t.Errorf("%+v", s)
	}
}
