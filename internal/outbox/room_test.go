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
	if r := p.room(inFlight); began != Unknown || r.Unsure != unsure-1 || r.Slow != slow || r.At(id(1)) != perEndpoint {
		t.Errorf("began %d, room %+v", began, r)
	}
	p.end(id(1), began, slowAnswer)
	began = p.begin(id(1))
	if r := p.room(inFlight); began != Slow || r.Unsure != unsure-1 || r.Slow != slow-1 || r.At(id(1)) != 1 {
		t.Errorf("began %d, room %+v", began, r)
	}
	p.end(id(1), began, time.Millisecond)
	if r := p.room(inFlight); p.of(id(1)) != Quick || r.Unsure != unsure || r.Slow != slow {
		t.Errorf("pace %d, room %+v", p.of(id(1)), r)
	}
}

// TestRoom_KeepsPlacesForThoseWhoAnswer asks for every kind of endpoint at once.
func TestRoom_KeepsPlacesForThoseWhoAnswer(t *testing.T) {
	t.Parallel()
	pace := Slow
	r := Room{All: 10, Unsure: 5, Slow: 2, Pace: func(ident.EndpointID) Pace { return pace }}
	taken := map[Pace]int{}
	for _, pace = range []Pace{Slow, Unknown, Quick} {
		for range 20 {
			if r.Take(ident.EndpointID{}) {
				taken[pace]++
			}
		}
	}
	if taken[Slow] != 2 || taken[Unknown] != 3 || taken[Quick] != 5 {
		t.Errorf("taken %v", taken)
	}
}
