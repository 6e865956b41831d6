package outbox

import (
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/ident"
)

func TestPaces_JudgeByTheLastAttempt(t *testing.T) {
	t.Parallel()
	p := newPaces()
	id := func(n int) ident.EndpointID { return ident.EndpointID{UUID: ident.UUID{byte(n >> 8), byte(n)}} }
	began := p.begin(id(1))
	if r := p.room(inFlight, time.Time{}); began != Unknown || r.Unsure != unsure-1 || r.Slow != slow || r.at(id(1)) != perEndpoint {
		t.Errorf("began %d, room %+v", began, r)
	}
	p.answered(id(1), slowAnswer)
	p.end(id(1), began)
	began = p.begin(id(1))
	if r := p.room(inFlight, time.Time{}); began != Slow || r.Unsure != unsure-1 || r.Slow != slow-1 || r.at(id(1)) != 1 {
		t.Errorf("began %d, room %+v", began, r)
	}
	p.answered(id(1), swiftAnswer+1)
	p.end(id(1), began)
	if r := p.room(inFlight, time.Time{}); p.of(id(1)) != Quick || r.Unsure != unsure || r.Slow != slow {
		t.Errorf("pace %d, room %+v", p.of(id(1)), r)
	}
}

// TestRoom_KeepsPlacesForThoseWhoAnswer asks for every kind of endpoint at once.
func TestRoom_KeepsPlacesForThoseWhoAnswer(t *testing.T) {
	t.Parallel()
	pace := Slow
	r := NewRoom(20, 10)
	r.Unsure, r.Slow, r.Pace = 5, 2, func(ident.EndpointID) Pace { return pace }
	taken := map[Pace]int{}
	for _, pace = range []Pace{Slow, Unknown, Quick} {
		for n := range 20 {
			if r.Take(ident.EndpointID{UUID: ident.UUID{byte(n), byte(pace)}}) == Place {
				taken[pace]++
			}
		}
	}
	if taken[Slow] != 2 || taken[Unknown] != 3 || taken[Quick] != 5 {
		t.Errorf("taken %v", taken)
	}
}

// TestRoom_LetsDeliveriesQueueAtSwiftEndpoints has two places and ten deliveries.
func TestRoom_LetsDeliveriesQueueAtSwiftEndpoints(t *testing.T) {
	t.Parallel()
	var id ident.EndpointID
	for pace, want := range map[Pace]struct{ left, beside, places, behind int }{
		Swift: {6, 1, 2, 4}, Quick: {2, 1, 2, 0}, Unknown: {2, 1, 2, 0}, Slow: {1, 0, 1, 0},
	} {
		r := NewRoom(2, 10)
		r.Depth, r.Pace = 3, func(ident.EndpointID) Pace { return pace }
		if left, beside := r.Left(id, 0, 0), r.Left(id, 0, 1); left != want.left || beside != want.beside {
			t.Errorf("pace %d: %d may be leased, and %d beside one of another's", pace, left, beside)
		}
		taken := map[Seat]int{}
		for range 10 {
			taken[r.Take(id)]++
		}
		if taken[Place] != want.places || taken[Behind] != want.behind {
			t.Errorf("pace %d: taken %v", pace, taken)
		}
		r.Running = func(ident.EndpointID) int { return 2 }
		if left := r.Left(id, 2, 0); left > 0 {
			t.Errorf("pace %d: %d may be leased when all places are taken", pace, left)
		}
	}
}

// TestPaces_SpareWhatIsOutOfReach counts attempts that met nobody, in a row.
func TestPaces_SpareWhatIsOutOfReach(t *testing.T) {
	t.Parallel()
	p, now := newPaces(), time.Unix(1_800_000_000, 0)
	var id, other ident.EndpointID
	other.UUID[0] = 1
	missing := func(n int) (lost int) {
		for range n {
			if p.miss(id, now) {
				lost++
			}
		}
		return lost
	}
	if n := missing(outOfReach - 1); n != 0 || p.met(id) {
		t.Error("out of reach too soon")
	}
	if n := missing(outOfReach + 5); n != 1 {
		t.Errorf("was lost %d times", n)
	}
	for after, rests := range map[time.Duration]bool{0: true, rest - 1: true, rest: false} {
		r := p.room(inFlight, now.Add(after))
		if left := r.Left(id, 0, 0); (left == 0) != rests {
			t.Errorf("after %s there is room for %d", after, left)
		}
		if seat := r.Take(id); (seat == NoSeat) != rests {
			t.Errorf("after %s it takes seat %d", after, seat)
		}
		if left := r.Left(other, 0, 0); left != perEndpoint {
			t.Errorf("another one has room for %d", left)
		}
	}
	if !p.met(id) || p.met(id) || p.rests(id, now) {
		t.Error("it is not back")
	}
}
