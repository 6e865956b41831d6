package nativeapi_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/shipment"
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
	h.post("/v1/sandbox/shipments/"+h.world.Shipment.ID.String()+"/advance", `{}`).refused(403, "simulation_not_available")
	h.get("/v1/sandbox/scenarios").refused(403, "simulation_not_available")
	h.post("/v1/sandbox/scenarios/run", `{"name":"guess_until_locked","seed":"1"}`).refused(403, "simulation_not_available")
}

func TestSandbox_NeedsItsScope(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	key := h.newKey(h.world.Program, access.CardsWrite)
	h.get("/v1/sandbox/clock", "Authorization", "Bearer "+key).refused(403, "scope_missing")
}

// parcel is a placed box with two members.
func (h *house) parcel() (path string, one, two string) {
	h.t.Helper()
	box := h.world.NewShipment(func(s *shipment.Shipment) { s.Status = shipment.Placed })
	var ids [2]string
	for i := range ids {
		c := h.world.NewCard()
		h.world.Pack(box.ID, h.world.NewPlastic(c.ID, func(p *card.Plastic) { p.State, p.Shipment = card.Requested, box.ID }))
		ids[i] = c.ID.String()
	}
	return "/v1/sandbox/shipments/" + box.ID.String() + "/advance", ids[0], ids[1]
}

func TestAdvance_StepByStep(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.post("/v1/sandbox/clock", `{"action":"freeze","at":"2026-04-01T10:00:00Z"}`).want(200)
	path, _, _ := h.parcel()
	before := "placed"
	for _, next := range []string{"in_production", "ready_to_ship", "in_transit", "out_for_delivery"} {
		if a := h.post(path, `{}`).want(200); a.text("status_before") != before || a.text("status") != next {
			t.Errorf("%s, want from %s to %s", a.body, before, next)
		}
		before = next
	}
	for _, step := range []struct{ send, becomes string }{
		{`{"to":"delivery_failed"}`, "delivery_failed"},
		{`{}`, "out_for_delivery"},
		{`{"to":"exception"}`, "exception"},
		{`{}`, "out_for_delivery"},
		{`{}`, "delivered"},
		{`{"to":"in_transit","at":"2026-03-31T10:00:00Z"}`, "delivered"}, // late: recorded, and moves nothing
	} {
		if a := h.post(path, step.send).want(200); a.text("status") != step.becomes || !strings.HasPrefix(a.text("tracking_number"), "SBX") {
			t.Errorf("%s gives %s, want %s", step.send, a.body, step.becomes)
		}
	}
	if a := h.post(path, `{}`).refused(409, "simulation_invalid_state"); a.text("context", "cause") != "too_late" {
		t.Errorf("%s", a.body)
	}
}

func TestAdvance_RefusalsOfTheBureauAndOfTheForm(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	path, one, two := h.parcel()
	a := h.post(path, `{"to":"rejected","cards":["`+one+`"]}`).want(200)
	if a.text("cards", "0", "rejection_reason") != "MANUFACTURER_REJECTED" || a.raw("cards", "0", "plastic_state") != "null" || a.text("cards", "1", "plastic_state") != "requested" {
		t.Errorf("%s", a.body)
	}
	for send, cause := range map[string]string{
		`{"to":"rejected","cards":["` + one + `"]}`:                           "too_late",
		`{"to":"rejected","cards":["` + h.world.Card.Card.ID.String() + `"]}`: "no_shipment",
		`{"to":"lost","at":"2036-03-31T10:00:00Z"}`:                           "in_the_future",
	} {
		if a := h.post(path, send).refused(409, "simulation_invalid_state"); a.text("context", "cause") != cause {
			t.Errorf("%s: %s", send, a.body)
		}
	}
	gone, _, _ := h.parcel()
	h.post(gone, `{"to":"in_transit"}`).want(200)
	if a := h.post(gone, `{"to":"canceled"}`).refused(409, "simulation_invalid_state"); a.text("context", "cause") != "too_late" {
		t.Errorf("a bureau gives up what a courier has: %s", a.body)
	}
	h.post(path, `{"to":"eaten"}`).wrong("body.to invalid_enum")
	h.post(path, `{"to":"rejected","cards":[],"at":"2026-03-01T10:00:00Z"}`).wrong("body.cards too_short", "body.at not_allowed")
	h.post(path, `{"cards":["`+two+`","x"],"where":1}`).wrong("body.where unknown", "body.cards.1 invalid_format", "body.cards not_allowed")
	if a := h.post(path, `{"to":"in_transit","tracking_number":"JD 1"}`).want(200); a.text("tracking_number") != "JD 1" || a.text("cards", "1", "plastic_state") != "handed_over" {
		t.Errorf("%s", a.body)
	}
	draft := h.world.NewShipment(func(s *shipment.Shipment) { s.Status = shipment.Draft })
	if a := h.post("/v1/sandbox/shipments/"+draft.ID.String()+"/advance", `{}`).refused(409, "simulation_invalid_state"); a.text("context", "cause") != "not_submitted" {
		t.Errorf("%s", a.body)
	}
}

func TestAdvance_TheBoxOfABatchTakesReports(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	box := h.world.NewShipment(func(s *shipment.Shipment) {
		s.Kind, s.Batch, s.Status = shipment.OfBatch, h.world.Batch.ID, shipment.Placed
	})
	path := "/v1/sandbox/shipments/" + box.ID.String() + "/advance"
	for _, to := range []string{"in_production", "rejected", "canceled"} {
		if a := h.post(path, `{"to":"`+to+`"}`).refused(409, "simulation_invalid_state"); a.text("context", "cause") != "box_of_a_batch" {
			t.Errorf("%s: %s", to, a.body)
		}
	}
	for _, next := range []string{"ready_to_ship", "in_transit"} {
		if a := h.post(path, `{}`).want(200); a.text("status") != next || a.raw("cards") != "[]" {
			t.Errorf("%s", a.body)
		}
	}
}

func TestScenarios_ArePlayedOnceWithASeed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	const run = "/v1/sandbox/scenarios/run"
	var list struct {
		Items []struct{ Name, Summary, Script string }
	}
	if err := json.Unmarshal([]byte(h.get("/v1/sandbox/scenarios").want(200).body), &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Items) != 4 {
		t.Errorf("%d built-in scenarios", len(list.Items))
	}
	for _, s := range list.Items {
		a := h.post(run, `{"name":"`+s.Name+`","seed":"7"}`).want(200)
		if a.raw("passed") != "true" || a.text("name") != s.Name || s.Summary == "" {
			t.Errorf("%s: %s", s.Name, a.body)
		}
		h.post(run, `{"name":"`+s.Name+`","seed":"7"}`).refused(409, "scenario_seed_used")
	}
	own := h.post(run, `{"script":"card ana\nfreeze ana\nexpect ana status open","seed":"7"}`).want(200)
	if own.raw("passed") != "false" || own.raw("name") != "null" || own.text("steps", "2", "got") != "unexpected" || own.text("steps", "2", "facts", "status") != "frozen" {
		t.Errorf("%s", own.body)
	}
	h.post(run, `{"name":"nothing","seed":"7"}`).refused(404, "scenario_not_found")
	h.post(run, `{"name":"guess_until_locked","script":"card a"}`).wrong("body.seed required", "body.script not_allowed")
	h.post(run, `{"seed":"7"}`).wrong("body.name required")
	h.post(run, `{"script":"card ana\nfly ana","seed":"7"}`).told("scenario_invalid", "line 2 invalid_format")
}

func TestFaults_AnAnswerIsLostAfterTheCommit(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.WithPolicy("sandbox.answer_fault", "fail_after_commit"))
	v, _ := h.newCard()
	path := "/v1/cards/" + v.Card.ID.String()
	if a := h.post(path+"/freeze", `{}`, "Idempotency-Key", "once").refused(500, "internal"); a.raw("retryable") != "true" {
		t.Errorf("%s", a.body)
	}
	if a := h.get(path).want(200); a.text("status") != "frozen" {
		t.Errorf("the command did not take effect: %s", a.body)
	}
	if a := h.post(path+"/freeze", `{}`, "Idempotency-Key", "once").want(200); a.header.Get("Idempotent-Replayed") != "true" || a.text("status") != "frozen" {
		t.Errorf("%s", a.body)
	}
	h.post(path+"/report", `{"as":"eaten","reason":"x"}`).wrong("body.as invalid_enum")
}

func TestFaults_TheBureauTakesItsTime(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.WithPolicy("sandbox.bureau_delay", "48h"))
	h.campaign("SUMMER")
	h.post("/v1/sandbox/clock", `{"action":"freeze"}`).want(200)
	path, one, _ := h.parcel()
	order := h.post("/v1/batches", orderOf(`{}`)).want(201)
	id, err := ident.ParseUUID(order.text("id"))
	if err != nil {
		t.Fatal(err)
	}
	for _, send := range []string{`{}`, `{"to":"in_production"}`, `{"to":"rejected","cards":["` + one + `"]}`, `{"to":"in_transit"}`, `{"to":"canceled"}`} {
		if a := h.post(path, send).refused(409, "simulation_invalid_state"); a.text("context", "cause") != "bureau_slow" {
			t.Errorf("%s: %s", send, a.body)
		}
	}
	step, err := h.service.MakeBatchStep(t.Context(), h.world.Program.ID, ident.BatchID{UUID: id}, 100)
	if a := h.get("/v1/batches/" + order.text("id")).want(200); err != nil || !step.Waits || a.text("status") != "accepted" {
		t.Errorf("%+v, %v, %s", step, err, a.body)
	}
	h.post("/v1/sandbox/clock", `{"action":"advance","by":"49h"}`).want(200)
	h.post(path, `{}`).want(200)
	h.makeCards(order.text("id"))
	if a := h.get("/v1/batches/" + order.text("id")).want(200); a.text("status") != "completed" {
		t.Errorf("%s", a.body)
	}
}
