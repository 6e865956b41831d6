package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/outbox"
)

var deliveryRules = []contract{
	{"each attempt is kept with its outcome, also one whose lease was lost", attemptsAreKept},
	{"deliveries are listed by endpoint, newest first, page by page, and by state", deliveriesAreListed},
	{"a replay makes a delivery due as the next attempt, its timetable beginning again, and keeps id and bytes", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		w.delivery(t)
		first := w.claim(w.Store, "a", 10, 10)[0]
		w.finish(t, w.Store, first, outbox.Outcome{State: outbox.Exhausted, At: w.Now(), HTTPStatus: 500, Failure: "status"}, true)
		w.Clock.Advance(time.Hour)
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.Replay(ctx, first.ID, w.Now()) })
		again := w.claim(w.Store, "a", 10, 10)
		if len(again) != 1 || again[0].ID != first.ID || again[0].Attempt != 2 || again[0].Try != 1 {
			t.Fatalf("after the replay: %+v", again)
		}
		same(t, "the message", first.Message, again[0].Message)
	}},
	{"a native message goes only where it is awaited, to endpoints that want its type and are not paused", nativeMessagesAreChosen},
	{"a message that is sent to one endpoint goes there alone, whatever that wants", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		w.NewEndpoint(event.NativeDoor)
		one := w.NewEndpoint(event.NativeDoor, func(e *issuance.Endpoint) { e.Types = []string{"card.closed"} })
		m := w.nativeMessage("webhook.test", false)
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.SendTo(ctx, m, one.ID) })
		if n := w.fanOut(w.Store); n != 0 {
			t.Errorf("%d messages waited to be taken", n)
		}
		held := w.claim(w.Store, "a", 10, 10)
		if len(held) != 1 || held[0].Endpoint.ID != one.ID {
			t.Fatalf("%+v", held)
		}
		same(t, "the message", m, held[0].Message)
		if d, _ := w.storedDelivery(held[0].ID); string(d.Body) != string(m.Body) {
			t.Errorf("the delivery shows %q", d.Body)
		}
	}},
	{"a replay of a range takes the oldest of one endpoint and one state, within the time and the limit", replaysARange},
}

func (w *World) nativeMessage(kind string, awaited bool) event.Message {
	return event.Message{
		ID: w.IDs.EventID(), Program: w.Program.ID, Door: event.NativeDoor, Type: kind, Body: []byte(`{"type":"` + kind + `"}`), CreatedAt: w.next(), Awaited: awaited,
	}
}

func nativeMessagesAreChosen(t *testing.T, f Factory) {
	w := NewWorld(t, f.Open(t))
	all := w.NewEndpoint(event.NativeDoor)
	some := w.NewEndpoint(event.NativeDoor, func(e *issuance.Endpoint) { e.Types = []string{"card.closed", "card.activated"} })
	w.NewEndpoint(event.NativeDoor, func(e *issuance.Endpoint) { e.Types = []string{"card"} })
	asleep := w.NewEndpoint(event.NativeDoor, func(e *issuance.Endpoint) { e.Paused = true })
	unasked, wanted, other := w.nativeMessage("card.activated", false), w.nativeMessage("card.activated", true), w.nativeMessage("card.frozen", true)
	w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.InsertMessages(ctx, unasked, wanted, other) })
	if n := w.fanOut(w.Store); n != 2 {
		t.Errorf("%d messages were taken, want the 2 that are awaited", n)
	}
	got := map[string]bool{}
	for _, d := range w.claim(w.Store, "a", 10, 10) {
		got[d.Endpoint.ID.String()+d.Message.Type] = true
	}
	same(t, "what is due", map[string]bool{
		all.ID.String() + "card.activated": true, all.ID.String() + "card.frozen": true, some.ID.String() + "card.activated": true,
	}, got)
	w.Write(func(ctx context.Context, tx issuance.Tx) error {
		e, err := found(tx.Endpoint(ctx, w.Program.ID, asleep.ID))
		must(t, err)
		e.Paused = false
		return tx.UpdateEndpoint(ctx, e)
	})
	if late := w.claim(w.Store, "a", 10, 10); len(late) != 2 || late[0].Endpoint.ID != asleep.ID || late[1].Endpoint.ID != asleep.ID {
		t.Errorf("when it goes on: %+v", late)
	}
}

func (w *World) storedDelivery(id ident.DeliveryID) (d issuance.Delivery, attempts []issuance.Attempt) {
	w.t.Helper()
	w.Read(func(ctx context.Context, tx issuance.ReadTx) (err error) {
		if d, err = found(tx.Delivery(ctx, id)); err != nil {
			return err
		}
		attempts, err = tx.Attempts(ctx, id)
		return err
	})
	return d, attempts
}

func attemptsAreKept(t *testing.T, f Factory) {
	w := NewWorld(t, f.Open(t))
	e := w.delivery(t)
	lost := w.claim(w.Store, "a", 10, 10)[0]
	fresh, none := w.storedDelivery(lost.ID)
	if fresh.State != outbox.Pending || fresh.Attempts != 0 || fresh.Endpoint != e.ID || fresh.Message != lost.Message.ID || len(none) != 0 {
		t.Errorf("before the first attempt: %+v with %d attempts", fresh, len(none))
	}
	w.Clock.Advance(lease + time.Second)
	held := w.claim(w.Store, "b", 10, 10)[0]
	next := w.Now().Add(10 * time.Second)
	w.finish(t, w.Store, held, outbox.Outcome{State: outbox.Pending, At: w.Now(), NextAt: next, HTTPStatus: 503, Failure: "status"}, true)
	failed := issuance.Attempt{Number: 1, At: w.Now(), SentAt: w.Clock.Now(), Result: "status", HTTPStatus: 503, Took: time.Millisecond}
	w.finish(t, w.Store, lost, outbox.Outcome{State: outbox.Delivered, At: w.Now(), HTTPStatus: 200}, false)
	w.Clock.Advance(time.Minute)
	last := w.claim(w.Store, "b", 10, 10)[0]
	w.finish(t, w.Store, last, outbox.Outcome{State: outbox.Delivered, At: w.Now(), HTTPStatus: 204}, true)
	done := issuance.Attempt{Number: 2, At: w.Now(), SentAt: w.Clock.Now(), Result: outbox.Acknowledged, HTTPStatus: 204, Took: time.Millisecond}
	d, attempts := w.storedDelivery(held.ID)
	if d.State != outbox.Delivered || d.Attempts != 2 || d.HTTPStatus != 204 || d.Failure != "" || !d.NextAt.IsZero() || !d.UpdatedAt.Equal(w.Now()) {
		t.Errorf("at its end: %+v", d)
	}
	same(t, "the attempts", []issuance.Attempt{failed, done}, attempts)
}

func deliveriesAreListed(t *testing.T, f Factory) {
	w := NewWorld(t, f.Open(t))
	one, two := w.NewEndpoint(event.CardsDoor), w.NewEndpoint(event.CardsDoor)
	var made []ident.EventID
	for range 5 {
		made = append(made, w.NewMessage(event.CardsDoor).ID)
	}
	w.fanOut(w.Store)
	for _, d := range w.claim(w.Store, "a", 10, 10) {
		if d.Endpoint.ID == one.ID && d.Message.ID != made[2] {
			w.finish(t, w.Store, d, outbox.Outcome{State: outbox.Delivered, At: w.Now(), HTTPStatus: 200}, true)
		}
	}
	list := func(to ident.EndpointID, state issuance.DeliveryState, limit int) (got []ident.EventID) {
		page := issuance.Page{Limit: limit}
		for {
			var all []issuance.Delivery
			w.Read(func(ctx context.Context, tx issuance.ReadTx) (err error) {
				all, err = tx.Deliveries(ctx, to, state, page)
				return err
			})
			for _, d := range all {
				got = append(got, d.Message)
				page.After = issuance.Mark{CreatedAt: d.CreatedAt, ID: d.ID.UUID}
			}
			if len(all) < limit {
				return got
			}
		}
	}
	newest := []ident.EventID{made[4], made[3], made[2], made[1], made[0]}
	same(t, "all of one", newest, list(one.ID, "", 2))
	same(t, "all of the other", newest, list(two.ID, "", 10))
	same(t, "those that wait", []ident.EventID{made[2]}, list(one.ID, outbox.Pending, 10))
	same(t, "those that were delivered", []ident.EventID{made[4], made[3], made[1], made[0]}, list(one.ID, outbox.Delivered, 3))
}

func replaysARange(t *testing.T, f Factory) {
	w := NewWorld(t, f.Open(t))
	one := w.NewEndpoint(event.CardsDoor)
	w.NewEndpoint(event.CardsDoor)
	var made []event.Message
	for range 6 {
		made = append(made, w.NewMessage(event.CardsDoor))
	}
	w.fanOut(w.Store)
	for _, d := range w.claim(w.Store, "a", 10, 100) {
		state := outbox.Exhausted
		if d.Message.ID == made[2].ID {
			state = outbox.Delivered
		}
		w.finish(t, w.Store, d, outbox.Outcome{State: state, At: w.Now(), HTTPStatus: 500, Failure: "status"}, true)
	}
	w.Write(func(ctx context.Context, tx issuance.Tx) error {
		n, err := tx.ReplayRange(ctx, one.ID, outbox.Exhausted, made[1].CreatedAt, made[5].CreatedAt, w.Now(), 2)
		if n != 2 {
			t.Errorf("%d were replayed, want the limit", n)
		}
		return err
	})
	var got []ident.EventID
	for _, d := range w.claim(w.Store, "a", 10, 100) {
		if d.Endpoint.ID != one.ID {
			t.Error("a delivery of another endpoint was replayed")
		}
		got = append(got, d.Message.ID)
	}
	if len(got) != 2 || got[0] == got[1] || (got[0] != made[1].ID && got[0] != made[3].ID) || (got[1] != made[1].ID && got[1] != made[3].ID) {
		t.Errorf("replayed %v, want %s and %s", got, made[1].ID, made[3].ID)
	}
}
