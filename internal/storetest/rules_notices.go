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
)

var noticeRules = []contract{
	{"a notice tells how the delivery of a message stands, from its making to its end", noticesAreTold},
	{"of several endpoints the newest tells how a message stands", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		w.NewEndpoint(event.CardsDoor)
		newest := w.NewEndpoint(event.CardsDoor)
		m := w.NewMessage(event.CardsDoor)
		w.fanOut(w.Store)
		for _, d := range w.claim(w.Store, "a", 10, 10) {
			o := outbox.Outcome{State: outbox.Exhausted, At: w.Now(), HTTPStatus: 500, Failure: "status"}
			if d.Endpoint.ID == newest.ID {
				o = outbox.Outcome{State: outbox.Delivered, At: w.Now(), HTTPStatus: 202}
			}
			w.finish(t, w.Store, d, o, true)
		}
		w.notice(t, "with two endpoints", m, &issuance.Notice{State: issuance.NoticeDelivered, Attempts: 1, HTTPStatus: 202})
	}},
	{"an endpoint fails since its oldest message that failed after the last one that was acknowledged", failingSince},
	{"a credential remembers the latest time that it was used", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		c := w.NewCredential()
		earlier, later := w.next(), w.next()
		for _, at := range []time.Time{later, earlier} {
			w.Admin(func(ctx context.Context, tx access.Tx) error {
				must(t, tx.TouchCredential(ctx, ident.CredentialID{UUID: w.IDs.UUID()}, at)) // gone, and no error
				return tx.TouchCredential(ctx, c.ID, at)
			})
		}
		c.LastUsed = later
		w.readsCredential(t, c)
	}},
}

func noticesAreTold(t *testing.T, f Factory) {
	w := NewWorld(t, f.Open(t))
	w.NewEndpoint(event.DebitDoor)
	reference := event.Message{ // the notice of a batch is named by its reference
		ID: ident.EventID(w.Batch.Reference), Program: w.Program.ID, Door: event.DebitDoor, Type: "batch", Body: []byte("{}"), CreatedAt: w.next(),
	}
	w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.InsertMessages(ctx, reference) })
	w.notice(t, "before it has a delivery", reference, nil)
	w.next()
	w.fanOut(w.Store)
	w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
		n, err := found(tx.Notice(ctx, w.Program.ID, reference.ID))
		if n.State != issuance.NoticePending || n.Attempts != 0 || n.HTTPStatus != 0 || n.NextAt.After(w.Now()) {
			t.Errorf("before the first attempt: %+v", n)
		}
		return err
	})
	again := w.Now().Add(time.Minute)
	held := w.claim(w.Store, "a", 10, 10)
	w.finish(t, w.Store, held[0], outbox.Outcome{State: outbox.Pending, At: w.Now(), NextAt: again, HTTPStatus: 503, Failure: "status"}, true)
	w.notice(t, "after a failure", reference, &issuance.Notice{State: issuance.NoticePending, Attempts: 1, HTTPStatus: 503, NextAt: again})
	w.Clock.Advance(time.Hour)
	held = w.claim(w.Store, "a", 10, 10)
	w.finish(t, w.Store, held[0], outbox.Outcome{State: outbox.Delivered, At: w.Now(), HTTPStatus: 200}, true)
	w.notice(t, "at its end", reference, &issuance.Notice{State: issuance.NoticeDelivered, Attempts: 2, HTTPStatus: 200})

	for _, state := range []outbox.State{outbox.Exhausted, outbox.Dropped} {
		m := w.NewMessage(event.DebitDoor)
		w.fanOut(w.Store)
		held = w.claim(w.Store, "a", 10, 10)
		w.finish(t, w.Store, held[0], outbox.Outcome{State: state, At: w.Now(), Failure: "timeout"}, true)
		w.notice(t, "when it is "+string(state), m, &issuance.Notice{State: issuance.NoticeFailed, Attempts: 1})
	}
}

// notice wants the message to stand like that; nil is no notice.
func (w *World) notice(t *testing.T, when string, m event.Message, want *issuance.Notice) {
	t.Helper()
	w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
		got, there, err := tx.Notice(ctx, w.Program.ID, m.ID)
		if there != (want != nil) {
			t.Errorf("the notice %s: found %v", when, there)
		} else if there {
			same(t, "the notice "+when, *want, got)
		}
		if _, there, err := tx.Notice(ctx, w.Foreign.ID, m.ID); there || err != nil {
			t.Errorf("the notice %s, to another programme: %v, %v", when, there, err)
		}
		return err
	})
}

func failingSince(t *testing.T, f Factory) {
	w := NewWorld(t, f.Open(t))
	e := w.NewEndpoint(event.CardsDoor)
	other := w.NewEndpoint(event.DebitDoor)
	since := func(when string, want time.Time) {
		t.Helper()
		w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
			got, failing, err := tx.FailingSince(ctx, w.Program.ID, e.ID)
			if failing == want.IsZero() || !got.Equal(want) {
				t.Errorf("%s: failing %v since %s, want %s", when, failing, got, want)
			}
			if _, failing, err := tx.FailingSince(ctx, w.Program.ID, other.ID); failing || err != nil {
				t.Errorf("%s: another endpoint fails: %v, %v", when, failing, err)
			}
			return err
		})
	}
	attempt := func(works func(event.Message) bool) {
		w.Clock.Advance(time.Hour)
		w.fanOut(w.Store)
		for _, d := range w.claim(w.Store, "a", 10, 10) {
			o := outbox.Outcome{State: outbox.Pending, At: w.Now(), NextAt: w.Now().Add(time.Minute), Failure: "timeout"}
			if works(d.Message) {
				o = outbox.Outcome{State: outbox.Delivered, At: w.Now(), HTTPStatus: 200}
			}
			w.finish(t, w.Store, d, o, true)
		}
	}
	never, always := func(event.Message) bool { return false }, func(event.Message) bool { return true }
	since("at first", time.Time{})
	w.NewMessage(event.CardsDoor)
	w.fanOut(w.Store)
	since("before any attempt", time.Time{})
	attempt(always)
	since("after a delivery", time.Time{})
	first := w.NewMessage(event.CardsDoor)
	attempt(never)
	since("after a failure", first.CreatedAt)
	second := w.NewMessage(event.CardsDoor)
	attempt(never)
	since("after more failures", first.CreatedAt)
	attempt(func(m event.Message) bool { return m.ID == second.ID })
	since("when a later message was acknowledged", time.Time{})
}
