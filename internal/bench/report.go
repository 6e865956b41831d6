package bench

import (
	"slices"
	"time"
)

// Report is what a run measured. Every figure is a median over windows, unless it says otherwise.
type Report struct {
	Version    string
	Engine     string
	At         time.Time
	Windows    int
	Length     time.Duration
	Filled     int // cards that were there before, with their history
	Process    Process
	Syncs      Spread // writes of 4 KiB that one thread has the disk keep, a second
	References []Rate
	Cells      []Cell
	Ratios     []Ratio
}

// Process is what the server needed as a process.
type Process struct {
	Ready              time.Duration // from the start of the process until it was ready
	Idle, Peak, Binary int64         // memory before the first request and at most, and the size of the program, in bytes
}

// Spread is the lowest, the median and the highest of several figures.
type Spread struct{ Low, Median, High float64 }

// Rate is how many a second a reference did.
type Rate struct {
	Name      string
	PerSecond Spread
}

// Cell is one workload with a number of connections.
type Cell struct {
	Workload     string
	Connections  int
	Rate         int    // that was offered; 0 is as many as were answered
	PerSecond    Spread // that had the answer that they should
	Latency      Percentiles
	Refusals     Percentiles // of requests that had another answer
	Sent, Failed int
	FirstFailure string `json:",omitempty"`

	ServerCPU, GeneratorCPU       float64       // in processors
	During, After                 time.Duration // of the server's processors for a request: in the window, and for what it had put off, until it rested
	ServerMemory, GeneratorMemory int64         // highest, in bytes
	Flushes                       float64       // that the disk did in a second
}

// spreadOf sums up figures; with none, everything is 0.
func spreadOf(figures []float64) Spread {
	if len(figures) == 0 {
		return Spread{}
	}
	s := slices.Sorted(slices.Values(figures))
	return Spread{s[0], s[len(s)/2], s[len(s)-1]}
}

// middle is the median of each percentile.
func middle(all []Percentiles) Percentiles {
	of := func(pick func(Percentiles) time.Duration) time.Duration {
		if len(all) == 0 {
			return 0
		}
		values := make([]time.Duration, len(all))
		for i, p := range all {
			values[i] = pick(p)
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	return Percentiles{
		P50: of(func(p Percentiles) time.Duration { return p.P50 }), P95: of(func(p Percentiles) time.Duration { return p.P95 }),
		P99: of(func(p Percentiles) time.Duration { return p.P99 }), P999: of(func(p Percentiles) time.Duration { return p.P999 }),
		Worst: of(func(p Percentiles) time.Duration { return p.Worst }),
	}
}

// cell finds a row; one that was not measured is empty.
func (r Report) cell(workload string, connections int) Cell {
	for _, c := range r.Cells {
		if c.Workload == workload && (connections == 0 || c.Connections == connections) {
			return c
		}
	}
	return Cell{}
}

func (r Report) perSecond(workload string, connections int) float64 {
	return r.cell(workload, connections).PerSecond.Median
}

// capacity is the most activations by code a second, whatever the number of connections.
func (r Report) capacity() float64 { return r.best(Activate).PerSecond.Median }

// best is the row of a workload that did the most a second, whatever its number of connections.
func (r Report) best(workload string) (best Cell) {
	for _, c := range r.Cells {
		if c.Workload == workload && c.Rate == 0 && c.PerSecond.Median > best.PerSecond.Median {
			best = c
		}
	}
	return best
}

// reference is the highest rate of the references that are named.
func (r Report) reference(names ...string) (most float64) {
	for _, reference := range r.References {
		if slices.Contains(names, reference.Name) {
			most = max(most, reference.PerSecond.Median)
		}
	}
	return most
}
