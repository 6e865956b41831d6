package outbox

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/redact"
	"github.com/firsttap/firsttap/internal/webhook"
)

// The limits of a worker.
const (
	perEndpoint = 10                     // attempts to one endpoint at one time (cards contract §21.3)
	inFlight    = 128                    // attempts in all at one time
	depth       = 8                      // deliveries to a swift endpoint that one place carries, one after the other
	freshLease  = 200 * time.Millisecond // what queues longer is leased again: the endpoint may have changed
	fanOutBatch = 200                    // messages that one transaction takes
	poll        = time.Second            // between looks at a queue that nobody has woken
	lease       = 15 * time.Second       // above what an attempt can take, with the writing of its end
	writeBatch  = 256                    // ends of attempts that one commit takes
	gatherEnds  = 2 * time.Millisecond   // in which ends of attempts come together for a commit, while more are under way
	handBack    = 5 * time.Second        // to write the end when told to stop
	slowest     = 30 * time.Second       // between looks at a queue that fails
)

// failureUnsigned says that an attempt was not made, because its secret did not open.
const failureUnsigned = "unsigned"

// Sender makes one attempt; [webhook.Sender] does.
type Sender interface {
	Send(ctx context.Context, r webhook.Request) webhook.Result
}

// Opener opens the signing secrets of endpoints.
type Opener interface {
	Open(to issuance.Bound, sealed []byte) (redact.Text, error)
}

// Attempt is what is told of an attempt, for metrics.
type Attempt struct {
	Door   event.Door
	Result string // "acknowledged", or the class of the failure
	Took   time.Duration
	Waited time.Duration // of a first attempt: since the message was made, on the programme's clock
	First  bool
}

// defaultStopGrace is how long attempts that run may take to end when the worker is told to stop.
const defaultStopGrace = 5 * time.Second

// Config is what a [Worker] is made of. The last three may be left out.
type Config struct {
	Queue   Queue
	Sender  Sender
	Secrets Opener
	Now     func() time.Time // real time
	Random  io.Reader        // moves the retries of live programmes a little
	Logger  *slog.Logger
	Owner   string        // names this worker among all processes
	Observe func(Attempt) // is told of every attempt
	Beat    func()        // is called after every look at the queue that went well

	StopGrace time.Duration // how long attempts that run may take to end when told to stop; 5 s
}

// Worker carries messages. Make it with [New], and run it once.
type Worker struct {
	Config
	wake  chan struct{}
	slots chan struct{}
	paces *paces
	ended chan Ended // to the one who writes
	done  sync.WaitGroup
}

// New makes a worker. It starts nothing.
func New(c Config) *Worker {
	if c.StopGrace <= 0 {
		c.StopGrace = defaultStopGrace
	}
	return &Worker{Config: c, wake: make(chan struct{}, 1), slots: make(chan struct{}, inFlight), paces: newPaces(), ended: make(chan Ended, inFlight)}
}

// Wake tells the worker that there may be messages. It never blocks.
func (w *Worker) Wake() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Run works until ctx ends, then lets the attempts that run end, cuts off those that take too long, and
// hands their leases back. It returns when nothing of it runs any more.
func (w *Worker) Run(ctx context.Context) {
	sending, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	written := make(chan struct{})
	go func() {
		defer close(written)
		w.write(sending)
	}()
	pause := poll
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
			continue
		case <-w.wake:
		case <-timer.C:
		}
		more, err := w.look(ctx, sending)
		switch {
		case err == nil:
			pause = poll
			w.beat()
		case ctx.Err() == nil:
			pause = min(2*pause, slowest)
			w.Logger.ErrorContext(ctx, "the outbox did not get to its queue", "cause", err.Error())
		}
		if more {
			w.Wake()
		}
		next := pause
		if w.paces.resting(w.Now()) {
			next = min(pause, rest) // it is over by then, and nobody tells
		}
		timer.Reset(next)
	}
	patience := time.AfterFunc(w.StopGrace, cut)
	defer patience.Stop()
	w.done.Wait()
	close(w.ended)
	<-written
}

func (w *Worker) beat() {
	if w.Beat != nil {
		w.Beat()
	}
}

// look takes new messages and starts what is due, as far as there is room. more says that it may be worth
// looking again at once.
func (w *Worker) look(ctx, sending context.Context) (more bool, err error) {
	taken, err := w.Queue.FanOut(ctx, fanOutBatch)
	if err != nil {
		return false, err
	}
	places := cap(w.slots) - len(w.slots)
	if places == 0 {
		return false, nil // an attempt that ends wakes the worker
	}
	now := w.Now()
	room := w.paces.room(places, now)
	claimed, err := w.Queue.Claim(ctx, w.Owner, now, lease, room)
	if err != nil {
		return false, err
	}
	for _, ds := range seat(room, claimed) {
		w.slots <- struct{}{}                    // there is room: only this goroutine takes places
		pace := w.paces.begin(ds[0].Endpoint.ID) // before the next look asks for room
		w.done.Go(func() {
			w.carry(ctx, sending, ds, pace, now)
			<-w.slots
			if len(w.slots) == cap(w.slots)-1 {
				w.Wake() // there was no room; else the end of the attempt wakes the worker once it is written
			}
		})
	}
	return taken == fanOutBatch || len(claimed) >= places, nil
}

// seat gives every delivery a place of its own, or lets it queue behind one of its endpoint, as the queue counted them.
func seat(room Room, claimed []Delivery) [][]Delivery {
	var places [][]Delivery
	at := map[ident.EndpointID][]int{} // the places of an endpoint, the next to take a delivery first
	for _, d := range claimed {
		id := d.Endpoint.ID
		if mine := at[id]; room.Take(id) == Behind {
			places[mine[0]] = append(places[mine[0]], d)
			at[id] = append(mine[1:], mine[0])
			continue
		}
		at[id] = append(at[id], len(places))
		places = append(places, []Delivery{d})
	}
	return places
}

// carry makes one attempt of each delivery and hands its end to the one who writes. What it cannot begin soon enough,
// or what queues behind an endpoint that turned slow, is handed back.
func (w *Worker) carry(ctx, sending context.Context, ds []Delivery, pace Pace, leased time.Time) {
	id := ds[0].Endpoint.ID
	defer w.paces.end(id, pace)
	var line webhook.Line
	defer line.Close()
	for i, d := range ds {
		started := w.Now()
		if i > 0 && (ctx.Err() != nil || w.paces.of(id) == Slow || started.Sub(leased) > freshLease) {
			w.release(sending, ds[i:])
			return
		}
		result := w.attempt(sending, d, &line, i < len(ds)-1)
		w.judge(sending, d, result)
		if result.Err == webhook.FailureCancelled {
			w.release(sending, ds[i:])
			return
		}
		w.observe(d, result, started)
		d.Try = inTime(d, w.paces.lost(id, w.Now()))
		w.ended <- Ended{Delivery: d, Outcome: w.outcome(d, result), SentAt: started, Took: result.Took}
	}
}

// release hands leases back also when we are told to stop, but not for ever.
func (w *Worker) release(ctx context.Context, ds []Delivery) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), handBack)
	defer cancel()
	if err := w.Queue.Release(ctx, ds); err != nil {
		w.fail(ctx, ds[0], "hand leases back", err)
	}
}

// write writes the ends of attempts until there are no more. Those that come while one commit runs, or soon after the first, share
// the next.
func (w *Worker) write(ctx context.Context) {
	batch := make([]Ended, 0, writeBatch)
	for first := range w.ended {
		batch = w.gather(append(batch[:0], first))
		w.finish(ctx, batch)
		w.Wake() // each end makes room at its endpoint
	}
}

// gather waits a moment for the ends of attempts that are under way. Without it the first of those that were begun together had a
// commit of its own, and the next look leased as few as that made room for.
func (w *Worker) gather(batch []Ended) []Ended {
	late := time.NewTimer(gatherEnds)
	defer late.Stop()
	for len(batch) < writeBatch {
		if len(w.slots) == 0 && len(w.ended) == 0 {
			return batch
		}
		select {
		case e, open := <-w.ended:
			if !open {
				return batch
			}
			batch = append(batch, e)
		case <-late.C:
			return batch
		}
	}
	return batch
}

// finish writes the ends also after a stop has cut attempts off, but not for ever. What cannot be written is
// due again when its lease has passed.
func (w *Worker) finish(ctx context.Context, batch []Ended) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), handBack)
	defer cancel()
	held, err := w.Queue.Finish(ctx, batch)
	for i, e := range batch {
		switch {
		case err != nil:
			w.fail(ctx, e.Delivery, "write the end of an attempt", err)
		case !held[i]:
			w.fail(ctx, e.Delivery, "write the end of an attempt", errLost)
		}
	}
}

func (w *Worker) observe(d Delivery, r webhook.Result, started time.Time) {
	if w.Observe == nil {
		return
	}
	a := Attempt{Door: d.Message.Door, Result: Acknowledged, Took: r.Took, First: d.Attempt == 1}
	if !r.Acknowledged {
		a.Result = string(r.Err)
	}
	if a.First {
		a.Waited = max(0, d.Program.Now(started).Sub(d.Message.CreatedAt))
	}
	w.Observe(a)
}

// errLost says that the lease passed while the attempt ran, and another worker has the delivery.
var errLost = errors.New("the lease was lost")

func (w *Worker) fail(ctx context.Context, d Delivery, attempted string, err error) {
	w.Logger.ErrorContext(ctx, "a delivery met a failure", "attempted", attempted, "delivery", d.ID.String(),
		"program", d.Program.ID.String(), "endpoint", d.Endpoint.ID.String(), "cause", err.Error())
}

// attempt signs and sends, over the line; more says that another one follows.
func (w *Worker) attempt(ctx context.Context, d Delivery, line *webhook.Line, more bool) webhook.Result {
	if failure, wanted := upset(d); wanted {
		return webhook.Result{Err: failure}
	}
	how, ok := courses(d.Message.Door)
	if !ok {
		return webhook.Result{Err: failureUnsigned}
	}
	secrets, err := w.secrets(d)
	if err != nil {
		w.fail(ctx, d, "open the secret of an endpoint", err)
		return webhook.Result{Err: failureUnsigned}
	}
	defer func() {
		for _, s := range secrets {
			s.Wipe()
		}
	}()
	header, err := how.scheme.Sign(string(d.Message.ID), w.Now(), d.Message.Body, secrets)
	if err != nil {
		w.fail(ctx, d, "sign", err)
		return webhook.Result{Err: failureUnsigned}
	}
	request := webhook.Request{
		URL: d.Endpoint.URL, Header: header, Body: d.Message.Body,
		Policy: webhook.TargetPolicy{AllowPrivate: privateTargets(d.Message.Door, d.Program)},
		Line:   line, More: more,
	}
	result := w.Sender.Send(ctx, request)
	if result.Acknowledged && d.Program.Policy.Faults.Webhooks == program.WebhooksDoubled {
		w.Sender.Send(ctx, request) // what comes of it changes nothing
	}
	return result
}

// secrets opens what signs now: the endpoint's secret, and the one before it during their overlap.
func (w *Worker) secrets(d Delivery) ([]redact.Text, error) {
	bound := d.Endpoint.SecretBound()
	newest, err := w.Secrets.Open(bound, d.Endpoint.SecretSealed)
	if err != nil {
		return nil, err
	}
	list := []redact.Text{newest}
	if d.Endpoint.PreviousSealed == nil || !d.Program.Now(w.Now()).Before(d.Endpoint.PreviousUntil) {
		return list, nil
	}
	previous, err := w.Secrets.Open(bound, d.Endpoint.PreviousSealed)
	if err != nil {
		return nil, err
	}
	return append(list, previous), nil
}

// outcome decides what becomes of a delivery after an attempt. Retries of a sandbox come at exact times.
func (w *Worker) outcome(d Delivery, r webhook.Result) Outcome {
	at := d.Program.Now(w.Now())
	o := Outcome{State: Delivered, At: at, HTTPStatus: r.Status, Failure: string(r.Err)}
	if r.Acknowledged {
		return o
	}
	if upset, ok := o.after(r.Err); ok {
		return upset
	}
	how, _ := courses(d.Message.Door)
	random := w.Random
	if d.Program.Kind != program.Live {
		random = nil
	}
	wait, more := how.timetable.Next(d.Try, random)
	if !more {
		o.State = Exhausted
		return o
	}
	o.State, o.NextAt = Pending, at.Add(wait)
	return o
}
