package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/outbox"
	"github.com/firsttap/firsttap/internal/program"
)

const lease = time.Minute

func clockBy(d time.Duration) program.Clock {
	return program.Clock{}.Advance(d)
}

var outboxRules = []contract{
	{"endpoints that are not known to be quick get a part of the places, and those that were slow a part of that", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		paces := map[ident.EndpointID]outbox.Pace{}
		for _, pace := range []outbox.Pace{outbox.Slow, outbox.Slow, outbox.Unknown, outbox.Quick} { // the newest is the last to be asked
			paces[w.NewEndpoint(event.CardsDoor).ID] = pace
		}
		for range 5 {
			w.NewMessage(event.CardsDoor)
		}
		w.fanOut(w.Store)
		room := outbox.NewRoom(3, 6)
		room.Unsure, room.Slow, room.Pace = 3, 1, func(id ident.EndpointID) outbox.Pace { return paces[id] }
		held, err := w.Store.Outbox().Claim(t.Context(), "a", w.Clock.Now(), lease, room)
		must(t, err)
		got := map[outbox.Pace]int{}
		for _, d := range held {
			got[paces[d.Endpoint.ID]]++
		}
		if got[outbox.Slow] != 1 || got[outbox.Unknown] != 2 || got[outbox.Quick] != 3 {
			t.Errorf("leased by pace %v", got)
		}
		room.All, room.Unsure, room.Slow = 9, 9, 9
		held, err = w.Store.Outbox().Claim(t.Context(), "b", w.Clock.Now(), lease, room)
		must(t, err)
		for _, d := range held {
			got[paces[d.Endpoint.ID]]++
		}
		if got[outbox.Slow] != 2 || got[outbox.Unknown] != 3 || got[outbox.Quick] != 3 {
			t.Errorf("leased by pace %v: one at a time to each that was slow, three to others", got)
		}
	}},
	{"a worker that has a swift endpoint to itself leases ahead, and others wait until no more is leased than may run", leasesAhead},
	{"a message is taken once, and goes to each enabled endpoint of its programme and door that was there", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		one, two := w.NewEndpoint(event.CardsDoor), w.NewEndpoint(event.CardsDoor)
		w.NewEndpoint(event.DebitDoor)
		w.NewEndpoint(event.CardsDoor, func(e *issuance.Endpoint) { e.Disabled = true })
		foreign := *w
		foreign.Program = w.Foreign
		foreign.NewEndpoint(event.CardsDoor)
		m := w.NewMessage(event.CardsDoor)
		w.NewEndpoint(event.CardsDoor, func(e *issuance.Endpoint) { e.CreatedAt = w.Now() }) // came too late
		if got := w.fanOut(w.Store); got != 1 {
			t.Errorf("%d messages were taken, want 1", got)
		}
		if got := w.fanOut(w.Store); got != 0 {
			t.Errorf("%d messages were taken again", got)
		}
		held := w.claim(w.Store, "a", 10, 10)
		to := map[ident.EndpointID]bool{}
		for _, d := range held {
			to[d.Endpoint.ID] = true
			same(t, "the message", m, d.Message)
			if d.Attempt != 1 || d.Fence < 1 || d.Program.ID != w.Program.ID || d.ID.IsZero() {
				t.Errorf("delivery %+v: want attempt 1, a fence, its programme, an id", d)
			}
		}
		if len(held) != 2 || !to[one.ID] || !to[two.ID] {
			t.Errorf("%d deliveries to %v, want one each to %s and %s", len(held), to, one.ID, two.ID)
		}
	}},
	{"messages are taken oldest first, up to the limit, and those of the native door need no taking", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		w.NewEndpoint(event.CardsDoor)
		w.NewMessage(event.NativeDoor)
		first := w.NewMessage(event.CardsDoor)
		second := w.NewMessage(event.CardsDoor)
		for turn, want := range []event.Message{first, second} {
			n, err := w.Store.Outbox().FanOut(t.Context(), 1)
			must(t, err)
			held := w.claim(w.Store, "a", 10, 10)
			if n != 1 || len(held) != 1 || held[0].Message.ID != want.ID {
				t.Errorf("turn %d: %d messages were taken and %d deliveries made, want the oldest that waits", turn, n, len(held))
			}
		}
		if rest := w.fanOut(w.Store); rest != 0 {
			t.Errorf("%d messages were left", rest)
		}
	}},
	{"a delivery is held by one worker until its lease has passed; then an older outcome is refused", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		w.delivery(t)
		other := f.Again(t, w.Store)
		first := w.claim(w.Store, "a", 10, 10)
		if len(first) != 1 || len(w.claim(other, "b", 10, 10)) != 0 || len(w.claim(w.Store, "a", 10, 10)) != 0 {
			t.Fatal("a leased delivery was given again, or none was given")
		}
		w.Clock.Advance(lease + time.Second)
		second := w.claim(other, "b", 10, 10)
		if len(second) != 1 || second[0].Fence <= first[0].Fence || second[0].ID != first[0].ID {
			t.Fatalf("after the lease: %+v, want the delivery under a higher fence than %d", second, first[0].Fence)
		}
		w.finish(t, w.Store, first[0], outbox.Outcome{State: outbox.Delivered, At: w.Now(), HTTPStatus: 200}, false)
		w.finish(t, other, second[0], outbox.Outcome{State: outbox.Pending, At: w.Now(), NextAt: w.Now(), Failure: "timeout"}, true)
		if third := w.claim(w.Store, "a", 10, 10); len(third) != 1 || third[0].Attempt != second[0].Attempt+1 || third[0].Fence <= second[0].Fence {
			t.Errorf("the next attempt: %+v", third)
		}
	}},
	{"a delivery that has its outcome is never due again", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		w.NewEndpoint(event.CardsDoor)
		for _, state := range []outbox.State{outbox.Delivered, outbox.Exhausted, outbox.Dropped} {
			w.NewMessage(event.CardsDoor)
			w.fanOut(w.Store)
			held := w.claim(w.Store, "a", 10, 10)
			w.finish(t, w.Store, held[0], outbox.Outcome{State: state, At: w.Now(), HTTPStatus: 503, Failure: "status"}, true)
			w.Clock.Advance(48 * time.Hour)
			if again := w.claim(w.Store, "a", 10, 10); len(again) != 0 {
				t.Errorf("a delivery that is %s is due again", state)
			}
		}
	}},
	{"a delivery is due on its own programme's clock", dueOnTheProgramsClock},
	{"deliveries are given oldest due first, at most so many of one endpoint, those leased before included", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		busy := w.NewEndpoint(event.CardsDoor)
		var messages []event.Message
		for range 5 {
			messages = append(messages, w.NewMessage(event.CardsDoor))
		}
		quiet := w.NewEndpoint(event.DebitDoor)
		w.NewMessage(event.DebitDoor)
		w.fanOut(w.Store)
		one := w.claim(w.Store, "a", 3, 2)
		if len(one) != 2 || one[0].Message.ID != messages[0].ID || one[1].Message.ID != messages[1].ID {
			t.Fatalf("%d deliveries, want the two oldest", len(one))
		}
		two := w.claim(w.Store, "b", 3, 10)
		count := map[ident.EndpointID]int{}
		for _, d := range two {
			count[d.Endpoint.ID]++
		}
		if count[busy.ID] != 1 || count[quiet.ID] != 1 {
			t.Errorf("with two of three leased: %d more of the busy endpoint and %d of the quiet one, want 1 and 1", count[busy.ID], count[quiet.ID])
		}
	}},
	{"a lease that is handed back makes the delivery due at once, as the same attempt", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		w.delivery(t)
		first := w.claim(w.Store, "a", 10, 10)
		must(t, w.Store.Outbox().Release(t.Context(), first))
		second := w.claim(w.Store, "b", 10, 10)
		if len(second) != 1 || second[0].Attempt != first[0].Attempt || second[0].Fence <= first[0].Fence {
			t.Fatalf("after the release: %+v", second)
		}
		must(t, w.Store.Outbox().Release(t.Context(), first)) // a lease that is another's by now
		if len(w.claim(w.Store, "c", 10, 10)) != 0 {
			t.Error("a worker handed back the lease of another")
		}
		must(t, w.Store.Outbox().Release(t.Context(), nil))
	}},
	{"an endpoint serves as it is now: a new address serves older messages, a disabled one has its deliveries dropped", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		e := w.delivery(t)
		change := func(change func(e *issuance.Endpoint)) {
			w.Write(func(ctx context.Context, tx issuance.Tx) error {
				now, err := found(tx.Endpoint(ctx, e.Program, e.ID))
				must(t, err)
				change(&now)
				return tx.UpdateEndpoint(ctx, now)
			})
		}
		change(func(e *issuance.Endpoint) { e.URL, e.SecretSealed = "https://new.example/", []byte("new") })
		held := w.claim(w.Store, "a", 10, 10)
		if len(held) != 1 || held[0].Endpoint.URL != "https://new.example/" || string(held[0].Endpoint.SecretSealed) != "new" {
			t.Fatalf("the endpoint is not as it is now: %+v", held)
		}
		must(t, w.Store.Outbox().Release(t.Context(), held))
		for _, disabled := range []bool{true, false} {
			change(func(e *issuance.Endpoint) { e.Disabled = disabled })
			if held := w.claim(w.Store, "a", 10, 10); len(held) != 0 {
				t.Errorf("disabled %v: %d deliveries, want them dropped", disabled, len(held))
			}
		}
	}},
}

func dueOnTheProgramsClock(t *testing.T, f Factory) {
	w := NewWorld(t, f.Open(t), WithProgramClock(program.Clock{}.Freeze(NewClock().Now().AddDate(-1, 0, 0))))
	w.NewEndpoint(event.CardsDoor, func(e *issuance.Endpoint) { e.CreatedAt = w.Now().Add(-time.Hour) })
	w.NewMessage(event.CardsDoor)
	w.fanOut(w.Store)
	held := w.claim(w.Store, "a", 10, 10)
	if len(held) != 1 {
		t.Fatalf("%d deliveries of a programme whose clock stands still, want 1", len(held))
	}
	same(t, "the delivery's programme", w.program(w.Program.ID), held[0].Program)
	w.finish(t, w.Store, held[0], outbox.Outcome{State: outbox.Pending, At: w.Now(), NextAt: w.Now().Add(5 * time.Minute), HTTPStatus: 500, Failure: "status"}, true)
	w.Clock.Advance(time.Hour)
	if len(w.claim(w.Store, "a", 10, 10)) != 0 {
		t.Error("due although its programme's clock stands still")
	}
	move := func(d time.Duration) {
		w.Admin(func(ctx context.Context, tx access.Tx) error {
			p, err := found(tx.Program(ctx, w.Program.ID))
			must(t, err)
			p.Clock = p.Clock.Advance(d)
			return tx.UpdateProgram(ctx, p, nil)
		})
	}
	move(5*time.Minute - time.Microsecond)
	if len(w.claim(w.Store, "a", 10, 10)) != 0 {
		t.Error("due a microsecond early")
	}
	move(time.Microsecond)
	held = w.claim(w.Store, "a", 10, 10)
	if len(held) != 1 || held[0].Late != 0 {
		t.Fatalf("not due when its programme's clock says so, or said to be late: %+v", held)
	}
	must(t, w.Store.Outbox().Release(t.Context(), held))
	move(time.Hour)
	if held = w.claim(w.Store, "a", 10, 10); len(held) != 1 || held[0].Late != time.Hour {
		t.Errorf("an hour late by its programme's clock, which stands still, and is told as %+v", held)
	}
}

// NewMessage adds a message of the programme for a door.
func (w *World) NewMessage(door event.Door) event.Message {
	w.t.Helper()
	m := event.Message{ID: w.IDs.EventID(), Program: w.Program.ID, Door: door, Type: "card.created", Body: []byte("{}"), CreatedAt: w.next()}
	w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.InsertMessages(ctx, m) })
	w.next()
	return m
}

// delivery adds an endpoint and a message that is due there.
func (w *World) delivery(t *testing.T) issuance.Endpoint {
	t.Helper()
	e := w.NewEndpoint(event.CardsDoor)
	w.NewMessage(event.CardsDoor)
	w.fanOut(w.Store)
	return e
}

// fanOut takes all messages that wait.
func (w *World) fanOut(on Store) (taken int) {
	w.t.Helper()
	for {
		n, err := on.Outbox().FanOut(w.t.Context(), 100)
		must(w.t, err)
		if taken += n; n < 100 {
			return taken
		}
	}
}

func leasesAhead(t *testing.T, f Factory) {
	w := NewWorld(t, f.Open(t))
	w.NewEndpoint(event.CardsDoor)
	w.messages(40)
	w.fanOut(w.Store)
	running := map[string]int{}
	take := func(owner string, want int) []outbox.Delivery {
		t.Helper()
		room := outbox.NewRoom(4, 100)
		room.Depth, room.Pace = 5, func(ident.EndpointID) outbox.Pace { return outbox.Swift }
		room.Running = func(ident.EndpointID) int { return running[owner] }
		held, err := w.Store.Outbox().Claim(t.Context(), owner, w.Clock.Now(), lease, room)
		must(t, err)
		if len(held) != want {
			t.Errorf("%s leased %d, want %d", owner, len(held), want)
		}
		return held
	}
	done := func(ds []outbox.Delivery) {
		t.Helper()
		for _, d := range ds {
			w.finish(t, w.Store, d, outbox.Outcome{State: outbox.Delivered, At: w.Now(), HTTPStatus: 200}, true)
		}
	}
	first := take("a", 20)
	running["a"] = 4
	take("a", 0)
	take("b", 0)
	done(first[:17])
	running["a"] = 3
	second := take("b", 1)
	running["b"] = 1
	take("a", 0)
	done(first[17:])
	running["a"] = 0
	third := take("a", 3)
	done(second)
	done(third)
	running["b"] = 0
	take("b", 16)
}

func (w *World) claim(on Store, owner string, perEndpoint, limit int) []outbox.Delivery {
	w.t.Helper()
	held, err := on.Outbox().Claim(w.t.Context(), owner, w.Clock.Now(), lease, outbox.NewRoom(perEndpoint, limit))
	must(w.t, err)
	return held
}

// FailDeliveries lets each delivery that is due fail once; it stays due.
func (w *World) FailDeliveries() {
	w.t.Helper()
	w.fanOut(w.Store)
	var ended []outbox.Ended
	for _, d := range w.claim(w.Store, "failing", 100, 100) {
		o := outbox.Outcome{State: outbox.Pending, At: w.Now(), NextAt: w.Now(), Failure: "timeout"}
		ended = append(ended, outbox.Ended{Delivery: d, Outcome: o, SentAt: w.Clock.Now()})
	}
	_, err := w.Store.Outbox().Finish(w.t.Context(), ended)
	must(w.t, err)
}

func (w *World) finish(t *testing.T, on Store, d outbox.Delivery, o outbox.Outcome, want bool) {
	t.Helper()
	held, err := on.Outbox().Finish(t.Context(), []outbox.Ended{{Delivery: d, Outcome: o, SentAt: w.Clock.Now(), Took: time.Millisecond}})
	must(t, err)
	if len(held) != 1 || held[0] != want {
		t.Errorf("an outcome under fence %d is held: %v, want %v", d.Fence, held, want)
	}
}
