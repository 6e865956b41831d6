package console_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/staff"
)

func TestConsole_ShowsWebhooksAndSendsAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.desk(staff.Operator)
	b.get(h.at("/webhooks"))
	b.shows(200, "No endpoint is set up.")
	e, sent := h.hook()
	page := h.at("/webhooks/native/" + e.ID.String())
	b.get(h.at("/webhooks"))
	b.shows(200, page, e.URL, "good")
	b.get(page)
	b.shows(200, "/deliveries/"+sent.ID.String(), sent.Type, "pending", "Send a test event", "Pause")
	h.world.FailDeliveries()
	for _, at := range []string{h.at("/webhooks"), page} {
		b.get(at)
		b.shows(200, "failing since ")
		b.hides(">good<")
	}
	b.get(page + "?state=delivered")
	b.shows(200, "No such delivery.")
	one := page + "/deliveries/" + sent.ID.String()
	b.get(one)
	b.shows(200, "webhook.test", string(sent.Message), "timeout")
	b.post(one + "/retry")
	b.shows(200, "Say why")
	b.post(one+"/retry", "reason", "they were down")
	b.shows(200, "It is sent again now")
	if notes := h.notes("webhook.replay"); len(notes) != 1 || notes[0] != sent.ID.String()+": they were down" {
		t.Errorf("the trail of the retry: %q", notes)
	}

	now := h.world.Now()
	minute := func(at time.Time) string { return at.UTC().Format("2006-01-02T15:04") }
	for name, fields := range map[string][]string{
		"no times": {"state", "pending"}, "no such state": {"state", "dropped", "from", minute(now), "to", minute(now.Add(time.Hour))},
		"backwards": {"state", "pending", "from", minute(now.Add(time.Hour)), "to", minute(now)},
	} {
		b.get(page)
		if b.post(page+"/replay", append(fields, "reason", "x")...); !strings.Contains(b.text, "the earlier one first") {
			t.Errorf("%s: %s", name, b.text)
		}
	}
	b.post(page+"/replay", "state", "pending", "from", minute(now.Add(-time.Hour)), "to", minute(now.Add(time.Hour)), "reason", "all of them")
	b.shows(200, "They are sent again")
	b.post(page+"/pause", "reason", "they move house")
	b.shows(200, "paused", "Let it go on")
	h.world.Clock.Advance(time.Second)
	b.post(page+"/resume", "reason", "they are back")
	b.shows(200, "The webhook goes on.")
	b.post(page+"/test", "reason", "do they hear us")
	b.shows(200, "A test event is on its way.")
	if notes := h.notes("webhook.update"); !slices.Equal(notes, []string{e.ID.String() + ": they are back", e.ID.String() + ": they move house"}) {
		t.Errorf("the trail of pausing: %q", notes)
	}
	b.post(page+"/dance", "reason", "x")
	b.shows(200, "was not complete")

	viewer := h.desk(staff.Viewer)
	viewer.get(one)
	viewer.shows(200, "a body may name persons")
	viewer.hides("Send it again")
	for _, none := range []string{"/webhooks/native/x", "/webhooks/cards/" + e.ID.String(), "/webhooks/native/" + h.world.IDs.UUID().String()} {
		viewer.get(h.at(none))
		viewer.shows(404, "no such webhook")
	}
	for _, none := range []string{"x", h.world.IDs.UUID().String()} {
		viewer.get(page + "/deliveries/" + none)
		viewer.shows(404, "no such delivery")
	}
	e.Disabled = true
	e.Version += 2
	h.world.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.UpdateEndpoint(ctx, e) })
	b.get(page)
	b.shows(200, "ended")
	b.hides("Send a range again")
	b.post(one+"/retry", "reason", "once more")
	b.shows(200, "This webhook has ended")
	cards := h.world.NewEndpoint(event.CardsDoor)
	b.get(h.at("/webhooks/cards/" + cards.ID.String()))
	b.shows(200, "Send a range again")
	b.hides("Send a test event")
}
