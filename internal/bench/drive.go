package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Task is what the generator is told to do. It gets one a line, and answers each with one line.
type Task struct {
	Access  *Access `json:",omitempty"` // the first one
	Prepare *Stock  `json:",omitempty"` // the second one
	Window  *Window `json:",omitempty"`
}

// Window is one stretch of load. Without a rate each connection sends its next request when it has the answer of
// the one before; with a rate requests are due at their times, whether earlier ones were answered or not.
type Window struct {
	Workload    string
	Connections int
	Rate        int // requests a second that are offered; 0 is as many as the server answers
	Length      time.Duration
	Most        int // requests, for a workload that uses cards up; 0 is no limit
	From        int // number of the first request
}

// Outcome is what came of a window.
type Outcome struct {
	Sent, Failed int
	Took         time.Duration
	Latency      Percentiles // from the intended start
	Refusals     Percentiles // of failed requests alone
	FirstFailure string
	Error        string `json:",omitempty"` // the task could not be done
}

// Percentiles of latencies.
type Percentiles struct {
	P50, P95, P99, P999, Worst time.Duration
}

// Done is how many requests had the answer that the workload is about.
func (o Outcome) Done() int { return o.Sent - o.Failed }

// PerSecond is the rate of those.
func (o Outcome) PerSecond() float64 {
	if o.Took <= 0 {
		return 0
	}
	return float64(o.Done()) / o.Took.Seconds()
}

// Generate does the tasks that come from in until it ends.
func Generate(ctx context.Context, in io.Reader, out io.Writer, now func() time.Time) error {
	tasks, answers := json.NewDecoder(in), json.NewEncoder(out)
	g := &generator{now: now}
	for {
		var t Task
		if err := tasks.Decode(&t); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		o, err := g.do(ctx, t)
		if err != nil {
			o.Error = err.Error()
		}
		if err := answers.Encode(o); err != nil {
			return err
		}
	}
}

// generator sends the requests.
type generator struct {
	now     func() time.Time
	access  Access
	shooter *shooter
	wires   map[string][]*wire // kept connections, by server and source
}

func (g *generator) do(ctx context.Context, t Task) (Outcome, error) {
	switch {
	case t.Access != nil:
		g.access, g.wires = *t.Access, map[string][]*wire{}
		return Outcome{}, nil
	case t.Prepare != nil:
		s, err := prepare(ctx, g.access, *t.Prepare)
		g.shooter = newShooter(g.access, s)
		return Outcome{}, err
	case t.Window != nil && g.shooter != nil:
		return g.window(ctx, *t.Window), nil
	}
	return Outcome{}, errors.New("the generator knows no such task, or not yet")
}

// connections gives kept connections to the server of a workload.
func (g *generator) connections(w Window) []*wire {
	url, source := g.access.URL, ""
	switch w.Workload {
	case FloorPost, FloorGet:
		url = g.access.Floor
	case Refused:
		source = ProxyAddress
	}
	if peer := peerOf(w.Workload); peer != "" {
		url = g.access.Peers[peer]
	}
	to := url + source
	for len(g.wires[to]) < w.Connections {
		g.wires[to] = append(g.wires[to], newWire(url, source, g.now))
	}
	return g.wires[to][:w.Connections]
}

// window runs one window: each connection takes the number that is next. The first request is sent however late it is.
// Connections are opened before: two thousand of them are work of a tenth of a second for both sides.
func (g *generator) window(ctx context.Context, w Window) Outcome {
	r := newRecord()
	lines := g.connections(w)
	for _, line := range lines {
		_ = line.open(ctx) // one that fails is opened again by its first request, which tells
	}
	begin := g.now()
	end := begin.Add(w.Length)
	var next atomic.Int64
	var sending sync.WaitGroup
	for _, line := range lines {
		sending.Go(func() {
			var text []byte
			timer := time.NewTimer(0)
			defer timer.Stop()
			for {
				n := int(next.Add(1)) - 1
				intended := w.due(begin, g.now(), n)
				over := !intended.Before(end) || (w.Most > 0 && n >= w.Most)
				if (over && n > 0) || !g.await(ctx, timer, intended) {
					return
				}
				s, ok := g.shooter.next(w.Workload, w.From+n)
				if !ok {
					return
				}
				text = s.appendTo(text[:0])
				status, body, err := line.do(context.WithoutCancel(ctx), text)
				if err == nil && status != s.want {
					err = unexpected(status, body)
				}
				r.note(g.now().Sub(intended), err)
			}
		})
	}
	sending.Wait()
	return r.outcome(g.now().Sub(begin))
}

// due says when the n-th request is to leave.
func (w Window) due(begin, now time.Time, n int) time.Time {
	if w.Rate == 0 {
		return now
	}
	return begin.Add(time.Duration(float64(n) / float64(w.Rate) * float64(time.Second)))
}

// await waits for a time; false when ctx ends before.
func (g *generator) await(ctx context.Context, timer *time.Timer, at time.Time) bool {
	left := at.Sub(g.now())
	if left <= 0 {
		return ctx.Err() == nil
	}
	timer.Reset(left)
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// record gathers what came back.
type record struct {
	mu           sync.Mutex
	sent, failed int
	first        string
	all, bad     *hdrhistogram.Histogram
}

const longest = int64(10 * time.Minute / time.Microsecond) // latencies are kept in microseconds, to three digits

func newRecord() *record {
	return &record{all: hdrhistogram.New(1, longest, 3), bad: hdrhistogram.New(1, longest, 3)}
}

func (r *record) note(took time.Duration, err error) {
	us := min(max(took.Microseconds(), 1), longest)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent++
	_ = r.all.RecordValue(us) // it lies within the bounds
	if err != nil {
		if r.failed++; r.first == "" {
			r.first = err.Error()
		}
		_ = r.bad.RecordValue(us)
	}
}

func (r *record) outcome(took time.Duration) Outcome {
	return Outcome{
		Sent: r.sent, Failed: r.failed, Took: took, FirstFailure: r.first,
		Latency: percentiles(r.all), Refusals: percentiles(r.bad),
	}
}

func percentiles(h *hdrhistogram.Histogram) Percentiles {
	at := func(p float64) time.Duration { return time.Duration(h.ValueAtPercentile(p)) * time.Microsecond }
	return Percentiles{P50: at(50), P95: at(95), P99: at(99), P999: at(99.9), Worst: time.Duration(h.Max()) * time.Microsecond}
}

// Generator is a generator that runs as a process of its own.
type Generator struct {
	*child
}

// Do gives the generator a task and waits for what came of it.
func (g *Generator) Do(t Task) (Outcome, error) {
	var o Outcome
	if err := g.tasks.Encode(t); err != nil {
		return o, fmt.Errorf("the generator: %w", err)
	}
	if err := g.answers.Decode(&o); err != nil {
		return o, fmt.Errorf("the generator: %w", err)
	}
	if o.Error != "" {
		return o, errors.New(o.Error)
	}
	return o, nil
}
