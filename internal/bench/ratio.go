package bench

import (
	"fmt"
	"time"
)

// Ratio is one of the measures that the project holds itself to.
type Ratio struct {
	Name, Measure string
	Value         float64
	Floor, Aim    float64
	Unit          string // empty for a ratio
	Below         bool   // the value should be below, not above
}

// Verdict says in a word how the value stands to its goals.
func (r Ratio) Verdict() string {
	reaches := func(goal float64) bool {
		if r.Below {
			return r.Value <= goal
		}
		return r.Value >= goal
	}
	switch {
	case reaches(r.Aim):
		return "aim"
	case reaches(r.Floor):
		return "floor"
	default:
		return "below"
	}
}

// The references of the engines.
const (
	LoopOfOne  = "bare loop, 1 a transaction"
	LoopOf64   = "bare loop, 64 a transaction"
	Library64  = "C library, 64 a transaction" // a program of its own (bench/peers/csqlite); only who names it has it
	pgFunction = "pgbench, one function, "
)

// PgFunction names the reference of one function with so many clients.
func PgFunction(clients int) string { return fmt.Sprintf("%s%d clients", pgFunction, clients) }

const (
	sqlite   = "sqlite"
	postgres = "postgres"
	many     = 64 // connections at which most ratios are taken
)

// ratios gives those that the run measured both parts of.
func ratios(r Report) (out []Ratio) {
	add := func(x Ratio, above, under float64) {
		if above > 0 && under > 0 {
			x.Value = above / under
			out = append(out, x)
		}
	}
	byEngine := func(lite, server float64) float64 {
		if r.Engine == postgres {
			return server
		}
		return lite
	}
	activate := r.perSecond(Activate, many)
	add(Ratio{Name: "P1", Measure: "activation, 64 connections ÷ bare loop with 64 a transaction", Floor: 0.35, Aim: 0.5}, activate, r.reference(LoopOf64))
	add(Ratio{Name: "P1", Measure: "activation, 64 connections ÷ SQLite's C library with 64 a transaction", Floor: 0.35, Aim: 0.5}, activate, r.reference(Library64))
	add(Ratio{Name: "P2", Measure: "activation, 64 or 256 connections ÷ best of pgbench with one function", Floor: 1.3, Aim: 2},
		max(activate, r.perSecond(Activate, 256)), r.reference(PgFunction(1), PgFunction(8), PgFunction(32), PgFunction(64)))
	add(Ratio{Name: "P3", Measure: "activation, one connection ÷ fdatasync, one thread", Floor: byEngine(0.2, 0.13), Aim: byEngine(0.3, 0.18)},
		r.perSecond(Activate, 1), r.Syncs.Median)
	best, node := r.best(Activate), r.best(peerActivate+PeerNode)
	add(Ratio{Name: "P4", Measure: "activation ÷ the same by hand in Node, each at its best", Floor: 3, Aim: 5}, best.PerSecond.Median, node.PerSecond.Median)
	add(Ratio{Name: "P4", Measure: "p99 there ÷ p99 of Node", Floor: 1, Aim: 0.25, Below: true}, float64(best.Latency.P99), float64(node.Latency.P99))
	add(Ratio{Name: "P6", Measure: "activation ÷ a bare PATCH of one record in Go, each at its best", Floor: 3, Aim: 5},
		best.PerSecond.Median, r.best(peerPatch+PeerGo).PerSecond.Median)
	out = append(out, openRatios(r)...)
	post := r.perSecond(FloorPost, many)
	add(Ratio{Name: "P11", Measure: "replay ÷ empty POST", Floor: 0.3, Aim: 0.5}, r.perSecond(Replay, many), post)
	add(Ratio{Name: "P11", Measure: "already activated ÷ empty POST", Floor: 0.3, Aim: 0.5}, r.perSecond(Already, many), post)
	add(Ratio{Name: "P12", Measure: "GET card ÷ empty GET", Floor: byEngine(0.4, 0.3), Aim: byEngine(0.6, 0.4)}, r.perSecond(GetCard, many), r.perSecond(FloorGet, many))
	add(Ratio{Name: "P13", Measure: "refused credential ÷ empty POST", Floor: 0.6, Aim: 0.8}, r.perSecond(Refused, many), post)
	add(Ratio{Name: "P14", Measure: "wrong code ÷ activation", Floor: 0.8, Aim: 1}, r.perSecond(WrongCode, many), activate)
	add(Ratio{Name: "P17", Measure: "activation, 64 connections, while commits wait for a standby ÷ while they do not", Floor: 0.75, Aim: 0.85},
		r.perSecond(Activate+standbyAwaited, many), activate)
	return append(append(out, hookGoals(r)...), processGoals(r)...)
}

// hookGoals are those of webhooks. The lag of a backlog says nothing: it is as old as it is long.
func hookGoals(r Report) (out []Ratio) {
	for _, endpoints := range fans {
		if c := r.cell(backlogTo(endpoints), 0); c.Sent > 0 {
			out = append(out, Ratio{"P16", c.Workload, c.PerSecond.Median, 2000, 5000, "/s", false})
		}
	}
	if c := r.cell(openHooks, 0); c.Sent > 0 {
		lag := float64(c.Latency.P99) / float64(time.Millisecond)
		out = append(out, Ratio{"P16", fmt.Sprintf("%d events a second: p99 from the event to its receipt", c.Rate), lag, 500, 100, "ms", true})
	}
	return out
}

// processGoals are those of the server as a process.
func processGoals(r Report) (out []Ratio) {
	p := r.Process
	if p.Ready <= 0 {
		return nil
	}
	mb := func(n int64) float64 { return float64(n) / (1 << 20) }
	return []Ratio{
		{"P20", fmt.Sprintf("from start to ready, beside %d cards", r.Filled), p.Ready.Seconds(), 1, 0.3, "s", true},
		{"P20", "memory before the first request", mb(p.Idle), 64, 32, "MB", true},
		{"P20", "memory at most", mb(p.Peak), 256, 160, "MB", true},
		{"P20", "size of the program", mb(p.Binary), 30, 22, "MB", true},
	}
}

// openRatios are those of the open loop.
func openRatios(r Report) (out []Ratio) {
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	if c := r.cell(openSteady, 0); c.Sent > 0 {
		what := fmt.Sprintf("%d a second offered: ", c.Rate)
		out = append(out,
			Ratio{"P7", what + "p50", ms(c.Latency.P50), 2, 1.5, "ms", true},
			Ratio{"P7", what + "p99", ms(c.Latency.P99), 10, 5, "ms", true},
			Ratio{"P7", what + "p99.9", ms(c.Latency.P999), 30, 15, "ms", true})
	}
	if c := r.cell(openHalf, 0); c.Sent > 0 && c.Latency.P50 > 0 {
		out = append(out, Ratio{"P8", "half of capacity offered: p99 ÷ p50", ms(c.Latency.P99) / ms(c.Latency.P50), 10, 5, "", true})
	}
	if c := r.cell(openOverload, 0); c.Sent > 0 && r.capacity() > 0 {
		out = append(out, Ratio{"P10", "twice capacity offered: answered as it should ÷ capacity", c.PerSecond.Median / r.capacity(), 0.85, 0.95, "", false})
		if c.Failed > 0 {
			out = append(out, Ratio{"P10", "twice capacity offered: p99 of refusals", ms(c.Refusals.P99), 100, 50, "ms", true})
		}
	}
	return out
}

// Change is how one figure moved between two runs.
type Change struct {
	What        string
	Before, Now float64
}

// Compare sets the ratios and rates of two runs side by side, where both have them. Only the ratios say much:
// rates move with everything else that the machine does.
func Compare(before, now Report) (out []Change) {
	for _, n := range now.Ratios {
		for _, b := range before.Ratios {
			if b.Name == n.Name && b.Measure == n.Measure {
				out = append(out, Change{n.Name + " " + n.Measure, b.Value, n.Value})
			}
		}
	}
	for _, n := range now.Cells {
		if b := before.cell(n.Workload, n.Connections); b.Sent > 0 {
			out = append(out, Change{fmt.Sprintf("%s, %d connections", n.Workload, n.Connections), b.PerSecond.Median, n.PerSecond.Median})
		}
	}
	return out
}
