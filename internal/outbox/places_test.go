package outbox_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/outbox"
	"github.com/firsttap/firsttap/internal/webhook"
)

// gate is a sender to receivers that answer at once, until it is shut.
type gate struct {
	shut          atomic.Bool
	running, most atomic.Int64
	began         chan struct{} // rings when an attempt begins
	answered      chan struct{} // rings when one has ended
}

func (g *gate) Send(ctx context.Context, _ webhook.Request) webhook.Result {
	n := g.running.Add(1)
	defer g.running.Add(-1)
	for most := g.most.Load(); n > most && !g.most.CompareAndSwap(most, n); {
		most = g.most.Load()
	}
	g.began <- struct{}{}
	if g.shut.Load() {
		<-ctx.Done()
		return webhook.Result{Err: webhook.FailureCancelled}
	}
	return webhook.Result{Acknowledged: true, Status: http.StatusOK}
}

func (p *post) through(g *gate, owner string) *outbox.Worker {
	return outbox.New(outbox.Config{
		Queue: p.db.Outbox(), Sender: g, Secrets: p.Sealer, Now: time.Now, Random: rand.Reader, Logger: slog.New(slog.DiscardHandler),
		Owner: owner, StopGrace: time.Millisecond, Observe: func(outbox.Attempt) { g.answered <- struct{}{} },
	})
}

func newGate(messages int) *gate {
	return &gate{began: make(chan struct{}), answered: make(chan struct{}, messages)}
}

func TestWorker_RunsTenAttemptsOfASwiftEndpointAtOnce(t *testing.T) {
	t.Parallel()
	const messages = 200
	p := newPost(t)
	p.endpoint("https://swift.example.com")
	g := newGate(messages)
	p.announce(messages)
	defer run(t, p.through(g, "one"))()
	for range messages {
		<-g.began
	}
	if n := g.most.Load(); n > 10 {
		t.Errorf("%d attempts ran at once", n)
	}
}

func TestWorker_HandsBackWhatQueuesBehindAnAttempt(t *testing.T) {
	t.Parallel()
	const messages = 40
	p := newPost(t)
	p.endpoint("https://swift.example.com")
	g := newGate(messages)
	p.announce(1)
	w := p.through(g, "one")
	stop := run(t, w)
	<-g.began
	<-g.answered // and is known to be swift
	g.shut.Store(true)
	p.announce(messages)
	w.Wake()
	for range 10 {
		<-g.began // and thirty queue behind them
	}
	stop()
	list, err := p.db.Outbox().Claim(t.Context(), "two", time.Now(), time.Minute, outbox.NewRoom(messages, messages))
	if err != nil || len(list) != messages {
		t.Errorf("%d deliveries can be leased at once, error %v", len(list), err)
	}
}
