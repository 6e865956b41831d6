package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// RunOptions say what a run measures, and with what.
type RunOptions struct {
	Program    string    // this program, to start the others with
	Settings   []string  // of the server
	Access     Access    // the addresses are filled in
	Folder     string    // on the disk that counts
	Engine     string    // sqlite or postgres
	Log        io.Writer // of everything but the server
	ServerLog  io.Writer
	Now        func() time.Time
	Note       func(format string, args ...any)
	References []Reference // of the engine
	Peers      []Peer

	Standby func(ctx context.Context, awaited bool) error // has commits wait for a standby, or not; nil without one

	PeerDatabase string // postgres://…; empty is a file of SQLite for each

	Workloads   []string
	Connections []int // in the order in which they are shown
	Windows     int   // of each workload with each number of connections, in turns with the references
	Length      time.Duration
	Filled      int // cards that are there already, with their history
	Cards       int // that each workload may use up; a window ends early when its share is used
	Rate        int // activations a second that are offered in the open loop; 0 leaves the open loop out
	OpenLength  time.Duration
}

// Reference is something that the same machine does without the server, to measure the server against.
type Reference struct {
	Name    string
	Measure func(ctx context.Context, length time.Duration) (float64, error)
}

// Connections that an open loop has at most: enough that a request never waits for one, and, where more is offered
// than can be answered, more than the 1024 requests that the server serves at one time, so that it has to refuse.
const (
	openConnections     = 256
	overloadConnections = 2048
)

// weight tells how much of a workload's cards go to windows with so many connections: few connections use few.
func weight(connections int) int {
	switch {
	case connections < 8:
		return 1
	case connections < 64:
		return 2
	default:
		return 3
	}
}

// most is how many requests a window of a workload may send.
func (o RunOptions) most(workload string, connections int) int {
	if !uses(workload) {
		return 0
	}
	all := 0
	for _, c := range o.Connections {
		all += weight(c)
	}
	return max(1, o.Cards*weight(connections)/(all*o.Windows))
}

// stock is what has to be prepared.
func (o RunOptions) stock() Stock {
	// Two requests at once with one idempotency key would be another workload.
	s := Stock{Used: max(256, 4*slices.Max(o.Connections)), Parcels: 256}
	for _, workload := range o.Workloads {
		total := 0
		for _, c := range o.Connections {
			total += o.Windows * o.most(workload, c)
		}
		if o.Standby != nil {
			total *= 2
		}
		switch workload {
		case Activate:
			s.Cards += total
		case ActivateBy:
			s.Debit += total
		case WrongCode:
			s.Wrong = total/guesses + 1
		case Mix: // see shooter.mix
			s.Cards += total/5 + o.Windows
			s.Debit += total/10 + o.Windows
		}
	}
	if o.Rate > 0 {
		s.Cards += int(float64(o.Rate)*o.OpenLength.Seconds()) + 2*o.Cards/2
	}
	return s
}

// run is a run under way.
type run struct {
	RunOptions
	server    *Server
	floor     *Floor
	generator *Generator
	peers     map[string]*startedPeer
	disk      disk
	syncs     []float64
	rates     map[string][]float64 // of references
	cells     []*cell
	from      map[string]int // the number that is next, by workload
	process   Process
}

// cell gathers the windows of one row.
type cell struct {
	Cell
	rates, server, generator, flushes []float64
	during, after                     []float64 // nanoseconds of the server for a request
	latencies, refusals               []Percentiles
}

// Run starts the server and everything beside it, and measures.
func Run(ctx context.Context, o RunOptions) (report Report, err error) {
	r := &run{RunOptions: o, disk: diskUnder(o.Folder), rates: map[string][]float64{}, from: map[string]int{}}
	defer func() { err = errors.Join(err, r.stop()) }()
	if err := r.start(ctx); err != nil {
		return report, err
	}
	for n := range o.Windows {
		o.Note("round %d of %d", n+1, o.Windows)
		if err := r.round(ctx); err != nil {
			return report, err
		}
	}
	if o.Rate > 0 {
		if err := r.openLoop(ctx); err != nil {
			return report, err
		}
	}
	return r.report(), nil
}

func (r *run) start(ctx context.Context) (err error) {
	begin := r.Now()
	if r.server, err = StartServer(ctx, r.Program, r.ServerLog, r.Settings...); err != nil {
		return err
	}
	r.process = Process{Ready: r.Now().Sub(begin), Idle: r.server.Memory()}
	if info, err := os.Stat(r.Program); err == nil {
		r.process.Binary = info.Size()
	}
	if r.floor, err = StartFloor(ctx, r.Program, r.Log); err != nil {
		return err
	}
	if r.generator, err = StartGenerator(ctx, r.Program, r.Log); err != nil {
		return err
	}
	r.Access.URL, r.Access.Floor = r.server.URL, r.floor.URL
	if err := r.startPeers(ctx); err != nil {
		return err
	}
	if _, err := r.generator.Do(Task{Access: &r.Access}); err != nil {
		return err
	}
	want := r.stock()
	r.Note("preparing %d cards by code, %d by identifier, %d to guess at", want.Cards, want.Debit, want.Wrong)
	began := r.Now()
	if _, err := r.generator.Do(Task{Prepare: &want}); err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	r.Note("prepared in %s", r.Now().Sub(began).Round(time.Second/10))
	return nil
}

// startPeers starts each with the cards that its windows may use up.
func (r *run) startPeers(ctx context.Context) error {
	r.peers, r.Access.Peers, r.Access.PeerCards = map[string]*startedPeer{}, map[string]string{}, map[string]int{}
	for _, p := range r.Peers {
		cards := patched
		for _, connections := range r.Connections {
			cards += r.Windows * r.most(peerActivate+p.Name, connections)
		}
		r.Note("peer %s makes %d cards", p.Name, cards)
		started, err := r.startPeer(ctx, p, cards, r.Log)
		if err != nil {
			return err
		}
		r.peers[p.Name], r.Access.Peers[p.Name], r.Access.PeerCards[p.Name] = started, started.url, cards
	}
	return nil
}

func (r *run) stop() (err error) {
	for _, p := range r.peers {
		err = errors.Join(err, p.Stop())
	}
	if r.generator != nil {
		err = errors.Join(err, r.generator.Stop())
	}
	if r.floor != nil {
		err = errors.Join(err, r.floor.Stop())
	}
	if r.server != nil {
		err = errors.Join(err, r.server.Stop())
	}
	return err
}

// round measures everything once.
func (r *run) round(ctx context.Context) error {
	syncs, err := SyncRate(r.Folder, min(r.Length, time.Second/2), r.Now)
	if err != nil {
		return err
	}
	r.syncs = append(r.syncs, syncs)
	for _, reference := range r.References {
		rate, err := reference.Measure(ctx, r.Length)
		if err != nil {
			return fmt.Errorf("%s: %w", reference.Name, err)
		}
		r.rates[reference.Name] = append(r.rates[reference.Name], rate)
	}
	for _, connections := range r.Connections {
		for _, workload := range slices.Concat([]string{FloorPost, FloorGet}, r.peerWorkloads(), r.Workloads) {
			w := Window{Workload: workload, Connections: connections, Length: r.Length, Most: r.most(workload, connections)}
			if err := r.window(ctx, w, w.Workload); err != nil {
				return err
			}
			if err := r.awaiting(ctx, w); err != nil {
				return err
			}
		}
	}
	return nil
}

// standbyAwaited is what the row of a workload is called while commits wait for the standby.
const standbyAwaited = ", standby awaited"

// awaiting measures a window of the server again while commits wait for the standby.
func (r *run) awaiting(ctx context.Context, w Window) error {
	if r.Standby == nil || !slices.Contains(r.Workloads, w.Workload) {
		return nil
	}
	if err := r.Standby(ctx, true); err != nil {
		return err
	}
	return errors.Join(r.window(ctx, w, w.Workload+standbyAwaited), r.Standby(context.WithoutCancel(ctx), false))
}

// The rows of the open loop.
const (
	openSteady   = "activate, offered"
	openHalf     = "activate, half of capacity"
	openOverload = "activate, twice capacity"
)

// openLoop offers activations at the rate that was asked for, at half of what the server can, and at twice that.
func (r *run) openLoop(ctx context.Context) error {
	capacity := int(r.report().capacity())
	r.Note("open loop: %d a second, and a half and twice the capacity of %d", r.Rate, capacity)
	for _, o := range []struct {
		name                    string
		rate, most, connections int
	}{
		{openSteady, r.Rate, 0, openConnections},
		{openHalf, capacity / 2, r.Cards / 2, openConnections},
		{openOverload, capacity * 2, r.Cards / 2, overloadConnections},
	} {
		if o.rate < 1 {
			continue
		}
		w := Window{Workload: Activate, Connections: o.connections, Rate: o.rate, Length: r.OpenLength, Most: o.most}
		if err := r.window(ctx, w, o.name); err != nil {
			return err
		}
	}
	return nil
}

// window measures one window and adds it to its row.
func (r *run) window(ctx context.Context, w Window, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	target := &r.server.meter
	if w.Workload == FloorPost || w.Workload == FloorGet {
		target = &r.floor.meter
	}
	if peer := peerOf(w.Workload); peer != "" {
		target = &r.peers[peer].meter
	}
	w.From = r.from[w.Workload]
	target.ResetPeak()
	r.generator.ResetPeak()
	server, generator, flushes := target.processorTime(), r.generator.processorTime(), r.disk.flushes()
	o, err := r.generator.Do(Task{Window: &w})
	if err != nil {
		return err
	}
	r.from[w.Workload] += o.Sent
	c := r.row(name, w)
	seconds := o.Took.Seconds()
	c.rates = append(c.rates, o.PerSecond())
	c.server = append(c.server, (target.processorTime()-server).Seconds()/seconds)
	c.generator = append(c.generator, (r.generator.processorTime()-generator).Seconds()/seconds)
	c.flushes = append(c.flushes, float64(r.disk.flushes()-flushes)/seconds)
	sent := float64(max(1, o.Sent))
	c.during = append(c.during, float64(target.processorTime()-server)/sent)
	c.latencies, c.refusals = append(c.latencies, o.Latency), append(c.refusals, o.Refusals)
	c.ServerMemory, c.GeneratorMemory = max(c.ServerMemory, target.PeakMemory()), max(c.GeneratorMemory, r.generator.PeakMemory())
	c.Sent, c.Failed = c.Sent+o.Sent, c.Failed+o.Failed
	if c.FirstFailure == "" {
		c.FirstFailure = o.FirstFailure
	}
	if target != &r.server.meter {
		return nil
	}
	after, err := r.server.rest(ctx, r.Now)
	c.after = append(c.after, float64(after)/sent)
	return err
}

func (r *run) row(name string, w Window) *cell {
	for _, c := range r.cells {
		if c.Workload == name && c.Connections == w.Connections {
			return c
		}
	}
	c := &cell{Cell: Cell{Workload: name, Connections: w.Connections, Rate: w.Rate}}
	r.cells = append(r.cells, c)
	return c
}

// report sums up what was measured so far.
func (r *run) report() Report {
	out := Report{Engine: r.Engine, Windows: r.Windows, Length: r.Length, Filled: r.Filled, Process: r.process, Syncs: spreadOf(r.syncs)}
	for _, reference := range r.References {
		out.References = append(out.References, Rate{reference.Name, spreadOf(r.rates[reference.Name])})
	}
	for _, c := range r.cells {
		c.PerSecond, c.Latency, c.Refusals = spreadOf(c.rates), middle(c.latencies), middle(c.refusals)
		c.ServerCPU, c.GeneratorCPU, c.Flushes = spreadOf(c.server).Median, spreadOf(c.generator).Median, spreadOf(c.flushes).Median
		c.During, c.After = time.Duration(spreadOf(c.during).Median), time.Duration(spreadOf(c.after).Median)
		out.Cells = append(out.Cells, c.Cell)
		if slices.Contains(r.Workloads, strings.TrimSuffix(c.Workload, standbyAwaited)) || c.Rate > 0 {
			out.Process.Peak = max(out.Process.Peak, c.ServerMemory)
		}
	}
	out.Ratios = ratios(out)
	return out
}
