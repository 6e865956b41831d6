package program

import (
	"time"

	"github.com/firsttap/firsttap/internal/ident"
)

// Kind says whether cards, money and parcels are real.
type Kind string

// The kinds of programme.
const (
	Sandbox Kind = "sandbox"
	Live    Kind = "live"
)

// Program is a tenant: it owns keys, designs, policies, webhooks, customers and cards.
type Program struct {
	ID        ident.ProgramID
	Name      string
	Kind      Kind
	Suspended bool
	Policy    Policy
	Clock     Clock
	// Listeners tells which doors have a webhook endpoint that listens now ("cards", "debit"), so that
	// no body is made for nobody.
	Listeners map[string]bool
	CreatedAt time.Time
	UpdatedAt time.Time
	Version   int64
}

// Goes is the clock that the programme goes by. Live programmes have real time, whatever their clock says.
func (p Program) Goes() Clock {
	if p.Kind != Sandbox {
		return Clock{}
	}
	return p.Clock
}

// Now is the programme's time for a given real time.
func (p Program) Now(real time.Time) time.Time { return p.Goes().Now(real) }

// Later is the time that a change is marked with: now, but at least a millisecond (the precision of the
// wire) after every change before. A sandbox's clock may stand still or go back, and receivers drop what
// looks older than what they have.
func Later(now time.Time, before ...time.Time) time.Time {
	for _, b := range before {
		if after := b.Add(time.Millisecond); !b.IsZero() && after.After(now) {
			now = after
		}
	}
	return now
}

// Clock is a sandbox programme's own time: real time moved by Offset, or standing still at Frozen.
// The zero Clock is real time.
type Clock struct {
	Offset time.Duration
	Frozen time.Time // zero: the clock runs
}

// LastTime is the latest that a clock may show: stores keep microseconds in 64 bits, and cards expire within that.
var LastTime = time.Date(2099, 12, 31, 23, 59, 59, 0, time.UTC)

// Now is the clock's time for a given real time, in UTC. A clock that was moved stands still at [LastTime].
func (c Clock) Now(real time.Time) time.Time {
	now := real.Add(c.Offset).UTC()
	switch {
	case !c.Frozen.IsZero():
		return c.Frozen.UTC()
	case c.Offset != 0 && now.After(LastTime):
		return LastTime
	}
	return now
}

// Set gives a clock that shows at when real time is real, and runs on from there.
func (c Clock) Set(real, at time.Time) Clock { return Clock{Offset: at.Sub(real)} }

// Freeze gives a clock that stands still at at.
func (c Clock) Freeze(at time.Time) Clock { return Clock{Frozen: at.UTC()} }

// Advance gives the clock moved forward by d, running or frozen as before.
func (c Clock) Advance(d time.Duration) Clock {
	if !c.Frozen.IsZero() {
		return Clock{Frozen: c.Frozen.Add(d)}
	}
	return Clock{Offset: c.Offset + d}
}
