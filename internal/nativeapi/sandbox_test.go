package nativeapi_test

import (
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/storetest"
)

func TestClock_IsSetFrozenAdvancedAndFollowed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	const clock = "/v1/sandbox/clock"
	wants := func(a answer, now, mode string) {
		t.Helper()
		if a.want(200); a.text("now") != now || a.text("mode") != mode {
			t.Errorf("%s, want %s %s", a.body, now, mode)
		}
	}
	real := func() string { return h.world.Clock.Now().Format("2006-01-02T15:04:05.000Z") }
	wants(h.get(clock), real(), "real")
	wants(h.post(clock, `{"action":"set","at":"2027-01-01T00:00:00Z"}`), "2027-01-01T00:00:00.000Z", "moved")
	h.world.Clock.Advance(time.Second)
	wants(h.post(clock, `{"action":"freeze"}`), "2027-01-01T00:00:01.000Z", "frozen")
	h.world.Clock.Advance(time.Second)
	first := h.post(clock, `{"action":"advance","by":"48h"}`, "Idempotency-Key", "once")
	wants(first, "2027-01-03T00:00:01.000Z", "frozen")
	wants(h.post(clock, `{"action":"advance","by":"48h"}`, "Idempotency-Key", "once"), "2027-01-03T00:00:01.000Z", "frozen")
	wants(h.get(clock), "2027-01-03T00:00:01.000Z", "frozen")
	wants(h.post(clock, `{"action":"freeze","at":"2027-06-01T12:00:00Z"}`), "2027-06-01T12:00:00.000Z", "frozen")
	wants(h.post(clock, `{"action":"follow"}`), real(), "real")

	h.post(clock, `{"action":"stop"}`).wrong("body.action invalid_enum")
	h.post(clock, `{"action":"set"}`).wrong("body.at required")
	h.post(clock, `{"action":"set","at":"now"}`).wrong("body.at invalid_format")
	h.post(clock, `{"action":"follow","at":"2027-06-01T12:00:00Z","by":"1h"}`).wrong("body.at not_allowed", "body.by not_allowed")
	h.post(clock, `{"action":"advance","by":"a while"}`).wrong("body.by invalid_format")
	h.post(clock, `{"action":"advance","by":"-1h"}`).refused(422, "clock_invalid")
	if a := h.post(clock, `{"action":"set","at":"1999-12-31T23:59:59Z"}`).refused(422, "clock_invalid"); a.text("context", "cause") == "" {
		t.Errorf("%s", a.body)
	}
}

func TestSandbox_ALiveProgrammeIsRefusedWithItsOwnReason(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.WithLiveProgram())
	h.get("/v1/sandbox/clock").refused(403, "clock_of_sandbox_only")
	h.post("/v1/sandbox/clock", `{"action":"advance","by":"1h"}`).refused(403, "clock_of_sandbox_only")
}

func TestSandbox_NeedsItsScope(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	key := h.newKey(h.world.Program, access.CardsWrite)
	h.get("/v1/sandbox/clock", "Authorization", "Bearer "+key).refused(403, "scope_missing")
}
