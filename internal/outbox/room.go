package outbox

import (
	"sync"
	"time"

	"github.com/firsttap/firsttap/internal/ident"
)

// Pace is how an endpoint has answered this worker of late.
type Pace int

// The paces. What is not known is trusted with less than what is.
const (
	Quick Pace = iota
	Unknown
	Slow
)

// Room is how much a worker can carry now. Endpoints that hang hold a place for as long as an attempt may take, so
// those that are not known to be quick share a part of the places, and those that were slow a part of that: whoever
// answers always finds a place.
type Room struct {
	PerEndpoint int // attempts to one endpoint at a time, whoever makes them; to a slow one only one
	All         int // attempts in all
	Unsure      int // of these, to endpoints that are not known to be quick
	Slow        int // of these, to endpoints that were slow
	Pace        func(ident.EndpointID) Pace
}

// NewRoom is room for that many attempts, whatever the pace of their endpoints is.
func NewRoom(perEndpoint, all int) Room {
	return Room{PerEndpoint: perEndpoint, All: all, Unsure: all, Slow: all, Pace: func(ident.EndpointID) Pace { return Quick }}
}

// At is how many attempts to an endpoint may run at a time.
func (r *Room) At(id ident.EndpointID) int {
	if r.Pace(id) == Slow {
		return min(1, r.PerEndpoint)
	}
	return r.PerEndpoint
}

// Take takes a place for an attempt; false when there is none for an endpoint of that pace.
func (r *Room) Take(id ident.EndpointID) bool {
	pace := r.Pace(id)
	if r.All <= 0 || pace != Quick && r.Unsure <= 0 || pace == Slow && r.Slow <= 0 {
		return false
	}
	r.All--
	if pace != Quick {
		r.Unsure--
	}
	if pace == Slow {
		r.Slow--
	}
	return true
}

// The limits of what hangs.
const (
	unsure     = inFlight / 2
	slow       = inFlight / 4
	slowAnswer = 3 * time.Second // the time-out of a connection, too
	mostKnown  = 10_000          // endpoints whose pace is remembered
)

// paces remembers how endpoints answered, and counts the attempts that run to those that are not known to be quick.
type paces struct {
	mu      sync.Mutex
	known   map[ident.EndpointID]Pace
	running map[Pace]int
}

func newPaces() *paces {
	return &paces{known: map[ident.EndpointID]Pace{}, running: map[Pace]int{}}
}

func (p *paces) of(id ident.EndpointID) Pace {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.look(id)
}

func (p *paces) look(id ident.EndpointID) Pace {
	if pace, ok := p.known[id]; ok {
		return pace
	}
	return Unknown
}

// room is what is left beside what runs, of so many places in all.
func (p *paces) room(places int) Room {
	p.mu.Lock()
	defer p.mu.Unlock()
	return Room{
		PerEndpoint: perEndpoint, All: places, Pace: p.of,
		Unsure: unsure - p.running[Unknown] - p.running[Slow], Slow: slow - p.running[Slow],
	}
}

// begin counts an attempt, as of the pace that its endpoint has now.
func (p *paces) begin(id ident.EndpointID) Pace {
	p.mu.Lock()
	defer p.mu.Unlock()
	pace := p.look(id)
	p.running[pace]++
	return pace
}

// end takes an attempt off the count that begin put it on, and remembers how long it took.
func (p *paces) end(id ident.EndpointID, began Pace, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running[began]--
	if len(p.known) >= mostKnown {
		clear(p.known)
	}
	p.known[id] = Quick
	if took >= slowAnswer {
		p.known[id] = Slow
	}
}
