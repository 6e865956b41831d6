package sqlstore

import (
	"context"
	"errors"
	"sync"

	"github.com/firsttap/firsttap/internal/fault"
)

const (
	roundsAtOnce = 2  // more go to the server with fewer questions each, and cost more
	roundMost    = 64 // questions in one
)

// inquiry is one question that waits for a round.
type inquiry struct {
	job
	statement statement
	told      error // what reading the rows said
}

// rounds lets questions travel together: what callers ask while others are on their way goes in the next round, and what they
// ask in the same words is one statement there. There is no timer and no worker: who finds a place free goes at once, and takes along all who wait.
type rounds struct {
	places chan struct{} // holds one for each round under way
	mu     sync.Mutex
	queue  []*inquiry
}

func newRounds() *rounds { return &rounds{places: make(chan struct{}, roundsAtOnce)} }

// errApart says that a round failed, which need not be the fault of each of its questions: it is asked alone.
var errApart = errors.New("the round failed")

// ask waits until the question was asked, in a round that run makes. A caller who goes away while it waits takes it with him; once it is on
// its way he waits, because its rows are read into what is his.
func (r *rounds) ask(ctx context.Context, s statement, run func([]*inquiry)) error {
	if err := ctx.Err(); err != nil {
		return fault.NotNow(err, "use the database", retryLater)
	}
	q := &inquiry{job: job{done: make(chan struct{})}, statement: s}
	q.statement.each = func(row row) error {
		if q.told == nil {
			q.told = s.each(row)
		}
		return nil // the others' rows follow
	}
	r.mu.Lock()
	r.queue = append(r.queue, q)
	r.mu.Unlock()
	for q.state.Load() == waiting { // as long as it is behind the longest round
		select {
		case r.places <- struct{}{}:
			r.lead(q, run)
		case <-q.done:
		case <-ctx.Done():
			if q.state.CompareAndSwap(waiting, abandoned) {
				return fault.NotNow(ctx.Err(), "wait for the database", retryLater)
			}
		}
	}
	<-q.done
	if q.err != nil {
		return q.err
	}
	return q.told
}

// lead makes a round of all who wait, unless somebody else took the question along meanwhile.
func (r *rounds) lead(q *inquiry, run func([]*inquiry)) {
	defer func() { <-r.places }()
	if q.state.Load() != waiting {
		return
	}
	group := r.take()
	defer func() { // also when reading a row left the goroutine
		for _, q := range group {
			select {
			case <-q.done:
			default:
				q.finish(errApart)
			}
		}
	}()
	run(group)
}

// take takes those who wait, in the order of coming.
func (r *rounds) take() []*inquiry {
	r.mu.Lock()
	defer r.mu.Unlock()
	group := make([]*inquiry, 0, min(len(r.queue), roundMost))
	taken := 0
	for _, q := range r.queue {
		if len(group) == roundMost {
			break
		}
		if taken++; q.state.CompareAndSwap(waiting, running) {
			group = append(group, q)
		}
	}
	left := copy(r.queue, r.queue[taken:])
	clear(r.queue[left:])
	r.queue = r.queue[:left]
	return group
}

// inRound is the connection of one who asks in a round.
type inRound struct {
	conn   // none: all that may be done with it is run
	ctx    context.Context
	engine *postgresEngine
}

func (r inRound) run(b batch) error {
	if len(b) != 1 || b[0].each == nil || b[0].rows != nil {
		return errApart
	}
	return r.engine.rounds.ask(r.ctx, b[0], func(group []*inquiry) { r.engine.askAll(r.ctx, group) })
}

// askAll makes a round. What fails once the questions were sent may be the fault of one of them.
func (e *postgresEngine) askAll(ctx context.Context, group []*inquiry) {
	var b batch
	for _, q := range group {
		b = append(b, q.statement)
	}
	sent := false
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), e.patience*3/4)
	defer cancel()
	err := e.transaction(ctx, e.pool, e.beginAsking(), func(c *postgresConn) error {
		sent = true
		return c.run(gatherReads(b))
	})
	if err != nil && sent {
		err = errApart
	}
	for _, q := range group {
		q.finish(err)
	}
}

// beginAsking is how a question begins: it needs no transaction, but for what every transaction brings along behind a pooler.
func (e *postgresEngine) beginAsking() string {
	if e.local != "" {
		return beginAsk
	}
	return ""
}

// ask asks in a round, and alone when that fails.
func (e *postgresEngine) ask(ctx context.Context, body func(*session) error) error {
	ctx, cancel := context.WithTimeout(ctx, e.patience) // a line may be silent for ever
	defer cancel()
	s := &session{conn: &question{conn: inRound{ctx: ctx, engine: e}}, dialect: e.dialect, policies: e.policies}
	if err := body(s); !errors.Is(err, errApart) {
		return err
	}
	return e.readIn(ctx, e.pool, e.beginAsking(), func(s *session) error {
		s.conn = &question{conn: s.conn}
		return body(s)
	})
}
