package nativeapi_test

import (
	"context"
	"strings"
	"testing"
	"time"
)

func TestEvents_AreFollowedFromTheCursorOn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	v, code := h.newCard()
	start := h.get("/v1/events").want(200)
	cursor := start.text("next_cursor")
	if a := h.get("/v1/events?cursor=" + cursor).want(200); a.raw("items") != "[]" || a.text("next_cursor") != cursor || a.raw("has_more") != "false" {
		t.Errorf("%s", a.body)
	}
	path := "/v1/cards/" + v.Card.ID.String()
	h.post(path+"/freeze", "").want(200)
	h.world.Clock.Advance(time.Millisecond) // within one, events have no order
	h.post(path+"/unfreeze", "").want(200)
	h.world.Clock.Advance(time.Millisecond)
	h.post(path+"/activation", `{"code":"`+code.Reveal()+`"}`).want(200)
	a := h.get("/v1/events?limit=2&cursor=" + cursor).want(200)
	if a.text("items", "0", "type") != "card.frozen" || a.text("items", "1", "type") != "card.unfrozen" || a.raw("has_more") != "true" ||
		a.text("items", "0", "data", "card_id") != v.Card.ID.String() {
		t.Errorf("%s", a.body)
	}
	b := h.get("/v1/events?cursor=" + a.text("next_cursor")).want(200)
	if b.text("items", "0", "type") != "card.activated" || b.text("items", "1", "type") != "" {
		t.Errorf("%s", b.body)
	}
	if a := h.get("/v1/events?types=card.activated,card.closed&cursor=" + cursor).want(200); a.text("items", "0", "id") != b.text("items", "0", "id") || a.text("next_cursor") != b.text("next_cursor") {
		t.Errorf("%s", a.body)
	}
	h.get("/v1/events?types=card.eaten&limit=101&wait=16").wrong("query.limit too_big", "query.wait too_big", "query.types invalid_enum")
	h.get("/v1/events?cursor="+cursor, "Authorization", "Bearer "+h.foreign).wrong("query.cursor invalid_cursor")
	if a := h.get("/v1/events", "Authorization", "Bearer "+h.foreign).want(200); strings.Contains(a.body, v.Card.ID.String()) {
		t.Errorf("another programme sees %s", a.body)
	}
}

// TestEvents_Wait: what happens while a request waits ends its waiting; without anything it ends by itself.
func TestEvents_Wait(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	v, _ := h.newCard()
	cursor := h.get("/v1/events").want(200).text("next_cursor")
	looks := 0
	h.pause = func(_ context.Context, d time.Duration) error {
		if looks++; looks == 3 {
			h.post("/v1/cards/"+v.Card.ID.String()+"/freeze", "").want(200)
		}
		return nil
	}
	if a := h.get("/v1/events?wait=5&cursor=" + cursor).want(200); a.text("items", "0", "type") != "card.frozen" || looks != 3 {
		t.Errorf("after %d looks: %s", looks, a.body)
	}
	looks = 10
	a := h.get("/v1/events?wait=2&types=card.closed&cursor=" + cursor).want(200)
	if a.raw("items") != "[]" || a.text("next_cursor") == cursor || looks != 14 {
		t.Errorf("after %d looks: %s", looks, a.body)
	}
	h.pause = func(context.Context, time.Duration) error { return context.Canceled }
	h.get("/v1/events?wait=15&cursor=" + a.text("next_cursor")).want(200)
}
