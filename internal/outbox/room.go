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
	Swift Pace = iota
	Quick
	Unknown
	Slow
)

// Room is how much a worker can carry now. Endpoints that hang hold a place for as long as an attempt may take, so
// those that are not known to be quick share a part of the places, and those that were slow a part of that: whoever
// answers always finds a place.
//
// A worker that has a swift endpoint to itself leases more than it sends at a time: the rest queues behind the attempts
// that have a place. So many deliveries share the two commits of a lease and its end.
type Room struct {
	PerEndpoint int // attempts to one endpoint at a time, whoever makes them; to a slow one only one
	Depth       int // deliveries to a swift endpoint that one place may carry, one after the other
	All         int // attempts in all
	Unsure      int // of these, to endpoints that are not known to be quick
	Slow        int // of these, to endpoints that were slow
	Pace        func(ident.EndpointID) Pace
	Rests       func(ident.EndpointID) bool // it is out of reach, and is not to be tried right now
	Running     func(ident.EndpointID) int  // places that this worker has given to an endpoint

	taken map[ident.EndpointID]seats
}

// seats are what an endpoint took of a room.
type seats struct{ places, behind int }

// Seat is what a room has for a delivery.
type Seat int

// The seats.
const (
	NoSeat Seat = iota
	Place       // it is sent at once
	Behind      // it is sent after one of its endpoint that took a place
)

// NewRoom is room for that many attempts, whatever the pace of their endpoints is.
func NewRoom(perEndpoint, all int) Room {
	return Room{
		PerEndpoint: perEndpoint, Depth: 1, All: all, Unsure: all, Slow: all,
		Pace: func(ident.EndpointID) Pace { return Quick }, Rests: func(ident.EndpointID) bool { return false },
		Running: func(ident.EndpointID) int { return 0 },
	}
}

// Left is how many deliveries to an endpoint may be leased, beside those that are: of the worker itself, and of others.
// Either one worker has all leases of an endpoint, or there are no more of them than attempts may run.
func (r *Room) Left(id ident.EndpointID, own, others int) int {
	free, left := r.Free(id), r.at(id)-own-others
	if others == 0 && r.Pace(id) == Swift {
		free, left = free*r.Depth, r.PerEndpoint*r.Depth-own
	}
	return max(0, min(free, left))
}

// at is how many attempts to an endpoint may run at a time.
func (r *Room) at(id ident.EndpointID) int {
	if r.Pace(id) == Slow {
		return min(1, r.PerEndpoint)
	}
	return r.PerEndpoint
}

// Free is how many places an endpoint may take beside those that it has; none while it rests.
func (r *Room) Free(id ident.EndpointID) int {
	if r.Rests(id) {
		return 0
	}
	return r.at(id) - r.Running(id)
}

// Take takes a seat for a delivery.
func (r *Room) Take(id ident.EndpointID) Seat {
	if r.taken == nil {
		r.taken = map[ident.EndpointID]seats{}
	}
	pace, had := r.Pace(id), r.taken[id]
	switch {
	case had.places < r.Free(id) && r.place(pace):
		had.places++
		r.taken[id] = had
		return Place
	case pace == Swift && had.behind < had.places*(r.Depth-1):
		had.behind++
		r.taken[id] = had
		return Behind
	default:
		return NoSeat
	}
}

// place takes a place; false when there is none for an endpoint of that pace.
func (r *Room) place(pace Pace) bool {
	if r.All <= 0 || pace > Quick && r.Unsure <= 0 || pace == Slow && r.Slow <= 0 {
		return false
	}
	r.All--
	if pace > Quick {
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

	swiftAnswer = freshLease / depth
)

// paces remembers how endpoints answered, and counts the places that are taken, by pace and by endpoint.
type paces struct {
	mu      sync.Mutex
	known   map[ident.EndpointID]Pace
	missed  map[ident.EndpointID]missed
	running map[Pace]int
	places  map[ident.EndpointID]int
}

func newPaces() *paces {
	return &paces{known: map[ident.EndpointID]Pace{}, missed: map[ident.EndpointID]missed{}, running: map[Pace]int{}, places: map[ident.EndpointID]int{}}
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

// room is what is left beside what runs, of so many places in all. Where places are scarce each carries one delivery,
// so that they go round.
func (p *paces) room(places int, now time.Time) Room {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := Room{
		PerEndpoint: perEndpoint, Depth: 1, All: places, Pace: p.of, Running: p.at,
		Rests:  func(id ident.EndpointID) bool { return p.rests(id, now) },
		Unsure: unsure - p.running[Unknown] - p.running[Slow], Slow: slow - p.running[Slow],
	}
	if places >= inFlight/2 {
		r.Depth = depth
	}
	return r
}

// at is how many places an endpoint has.
func (p *paces) at(id ident.EndpointID) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.places[id]
}

// begin counts a place, as of the pace that its endpoint has now.
func (p *paces) begin(id ident.EndpointID) Pace {
	p.mu.Lock()
	defer p.mu.Unlock()
	pace := p.look(id)
	p.running[pace]++
	p.places[id]++
	return pace
}

// answered remembers how long an attempt took.
func (p *paces) answered(id ident.EndpointID, took time.Duration) {
	switch {
	case took >= slowAnswer:
		p.know(id, Slow)
	case took > swiftAnswer:
		p.know(id, Quick)
	default:
		p.know(id, Swift)
	}
}

// know remembers the pace of an endpoint.
func (p *paces) know(id ident.EndpointID, pace Pace) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.known) >= mostKnown {
		clear(p.known)
	}
	p.known[id] = pace
}

// end takes a place off the counts that begin put it on.
func (p *paces) end(id ident.EndpointID, began Pace) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running[began]--
	if p.places[id]--; p.places[id] == 0 {
		delete(p.places, id)
	}
}
