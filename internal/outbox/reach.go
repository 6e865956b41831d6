package outbox

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/webhook"
)

// An endpoint that takes no connection is not tried as often as events come: with three of them beside 500 activations a second that
// was five times as many attempts, and as much work as the activations.
const (
	outOfReach = 20                     // attempts in a row that met nobody, from which an endpoint is
	rest       = 500 * time.Millisecond // between the attempts, at most ten, that such an endpoint is given at once
)

// missed are attempts in a row that met nobody.
type missed struct {
	attempts     int
	since, until time.Time // real time; when there are enough of them: since when that is so, and how long the endpoint rests now
}

// rests reports whether an endpoint that is out of reach is left alone at a time.
func (p *paces) rests(id ident.EndpointID, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return now.Before(p.missed[id].until)
}

// lost tells for how long an endpoint has been out of reach, in real time; zero when it is not.
func (p *paces) lost(id ident.EndpointID, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if m := p.missed[id]; m.attempts >= outOfReach {
		return now.Sub(m.since)
	}
	return 0
}

// resting reports whether some endpoint is left alone at a time.
func (p *paces) resting(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.missed {
		if now.Before(m.until) {
			return true
		}
	}
	return false
}

// met remembers that an attempt reached somebody; again tells that the endpoint was out of reach before.
func (p *paces) met(id ident.EndpointID) (again bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	again = p.missed[id].attempts >= outOfReach
	delete(p.missed, id)
	return again
}

// miss remembers that an attempt met nobody, however soon that was clear; lost tells that the endpoint is out of reach from now on.
func (p *paces) miss(id ident.EndpointID, now time.Time) (lost bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.missed) >= mostKnown {
		clear(p.missed)
	}
	m := p.missed[id]
	m.attempts++
	if m.attempts == outOfReach {
		m.since = now
	}
	if m.attempts >= outOfReach {
		m.until = now.Add(rest)
	}
	p.missed[id] = m
	return m.attempts == outOfReach
}

// judge remembers how an endpoint answered. One that takes no connection has no pace, and is not swift: what it is to get waits here,
// not in a queue behind attempts.
func (w *Worker) judge(ctx context.Context, d Delivery, r webhook.Result) {
	id := d.Endpoint.ID
	switch r.Err {
	case webhook.FailureConnect, webhook.FailureTLS, webhook.FailureRefusedTarget:
		w.paces.know(id, Unknown)
		if w.paces.miss(id, w.Now()) {
			w.Logger.WarnContext(ctx, "an endpoint is out of reach, and is tried less often",
				"endpoint", id.String(), "program", d.Program.ID.String(), "failure", string(r.Err))
		}
		return
	case webhook.FailureTimeout, webhook.FailureCancelled, failureLost, failureHeld, failureUnsigned: // whether somebody is there, nobody knows
	default:
		if w.paces.met(id) {
			w.Logger.InfoContext(ctx, "an endpoint is within reach again", "endpoint", id.String(), "program", d.Program.ID.String())
		}
	}
	w.paces.answered(id, r.Took)
}

// inTime is the number that an attempt has by its time. Where deliveries wait in line for an endpoint that is out of reach, the tries
// whose times passed meanwhile are left out, so that none is tried for longer than its timetable says. What is late for another
// reason, as after a pause, an outage of ours or a clock that was moved, loses no try by that: only the time since the endpoint was lost counts.
func inTime(d Delivery, lost time.Duration) int {
	how, _ := courses(d.Message.Door)
	try, late := d.Try, min(d.Late, lost)
	for late > 0 {
		wait, more := how.timetable.Next(try, nil)
		if !more || late < wait {
			break
		}
		try, late = try+1, late-wait
	}
	return try
}
