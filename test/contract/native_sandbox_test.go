package contract

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// nativeClock guesses until a card is locked, and waits for nothing.
func nativeClock(t *testing.T, h *house) {
	p := h.program(t)
	card, code := p.cards().shipped()
	n, path := p.native("all"), "/v1/cards/"+card+"/activation"
	const clock = "/v1/sandbox/clock"
	n.get(clock).is(200).has("mode", "real")
	n.post(clock, object{"action": "freeze", "at": "2027-03-06T17:40:00Z"}).is(200).has("mode", "frozen", "now", "2027-03-06T17:40:00.000Z")
	for i := range 5 {
		n.post(path, object{"code": wrong(code, i)}).told(409, "code_mismatch")
	}
	n.post(path, object{"code": code}).told(429, "activation_locked")
	n.get(path).is(200).has("state", "locked", "locked_until", "2027-03-06T17:55:00.000Z")
	first := n.keyed("later").post(clock, object{"action": "advance", "by": "15m"}).is(200)
	again := n.keyed("later").post(clock, object{"action": "advance", "by": "15m"}).is(200).replayed(true)
	if first.body != again.body || first.text("now") != "2027-03-06T17:55:00.000Z" {
		t.Errorf("%s, and again %s", first.body, again.body)
	}
	n.post(path, object{"code": code}).is(200).has("activated", true)
	n.post(clock, object{"action": "follow"}).is(200).has("mode", "real")

	p.native("cards:write").post(clock, object{"action": "freeze"}).told(403, "scope_missing").has("context.scope", "sandbox:write")
	h.program(t).native("all").get(clock).is(200).has("mode", "real")
}

// nativeParcels walks parcels of both kinds, and keeps programmes apart.
func nativeParcels(t *testing.T, h *house) {
	p := h.program(t)
	a, n, foreign := p.cards(), p.native("all"), h.program(t).native("all")
	one, two := a.fresh(), a.fresh()
	path := "/v1/sandbox/shipments/" + a.placed(one, two) + "/advance"
	foreign.post(path, object{}).told(404, "shipment_not_found")
	p.native("cards:write").post(path, object{}).told(403, "scope_missing").has("context.scope", "sandbox:write")
	n.post(path, object{"to": "rejected", "cards": []any{two}}).is(200).has("cards.1.rejection_reason", "MANUFACTURER_REJECTED")
	first := n.keyed("step").post(path, object{}).is(200).has("status_before", "placed", "status", "in_production")
	if again := n.keyed("step").post(path, object{}).is(200).replayed(true); again.body != first.body {
		t.Errorf("%s, and again %s", first.body, again.body)
	}
	n.post(path, object{}).is(200).has("status", "ready_to_ship")
	number := n.post(path, object{}).is(200).has("status", "in_transit", "cards.0.plastic_state", "handed_over").text("tracking_number")
	n.get("/v1/cards/"+one).is(200).has("parcel.status", "in_transit", "parcel.tracking_number", number)
	n.post(path, object{"to": "returned"}).is(200).has("status", "returned")
	n.post(path, object{"to": "in_transit"}).is(200).has("status", "returned")
	n.post("/v1/cards/"+one+"/activation", object{"code": a.code(one)}).told(409, "returned")
	n.post(path, object{}).told(409, "simulation_invalid_state").has("context.cause", "too_late")
	a.placed(two) // its refusal has made it free

	stock := p.debit().stock(1)[0]
	boxed := n.get("/v1/batches?limit=1").is(200).list("items")[0]["id"].(string)
	card := n.get("/v1/batches/" + boxed + "/items").is(200).list("items")[0]["card_id"].(string)
	path = "/v1/sandbox/shipments/" + n.get("/v1/cards/"+card).is(200).has("plastic.identifier", stock.identifier).text("parcel.id") + "/advance"
	n.post(path, object{"to": "in_production"}).told(409, "simulation_invalid_state").has("context.cause", "box_of_a_batch")
	n.post(path, object{"to": "delivered"}).is(200).has("status", "delivered")
	n.get("/v1/cards/"+card).is(200).has("parcel.status", "delivered")

	live := h.programOf(t, "live")
	key := live.key("--door", "native", "--scope", "all")
	l := n.with("Authorization", "Bearer "+key)
	l.post(path, object{"to": "lost"}).told(403, "simulation_not_available")
	l.get("/v1/sandbox/clock").told(403, "clock_of_sandbox_only")
	l.post("/v1/sandbox/clock", object{"action": "freeze"}).told(403, "clock_of_sandbox_only")
	l.get("/v1/cards/"+card).told(404, "card_not_found")
	n.get("/v1/cards/"+card).is(200).has("parcel.status", "delivered")
}

// transcripts are what scenarios left on the engine that came first, by their names.
var transcripts sync.Map

// nativeScenarios plays all scenarios in two installations of each engine, and compares what they leave.
func nativeScenarios(t *testing.T, h *house) {
	const run = "/v1/sandbox/scenarios/run"
	one, two := h.own(t).program(t), h.own(t).program(t)
	n, again := one.native("all"), two.native("all")
	for _, s := range n.get("/v1/sandbox/scenarios").is(200).list("items") {
		body := object{"name": s["name"], "seed": "42"}
		first := n.post(run, body).is(200).has("passed", true)
		if second := again.post(run, body).is(200); first.body != second.body {
			t.Errorf("%s leaves\n%s\nand in another installation\n%s", s["name"], first.body, second.body)
		}
		if other, _ := transcripts.LoadOrStore(s["name"], first.body); other != first.body {
			t.Errorf("%s leaves\n%s\nand on the other engine\n%s", s["name"], first.body, other)
		}
		n.post(run, body).told(409, "scenario_seed_used")
	}
	own := object{"script": "card ana\nparcel box ana\nstep box in_transit\n", "seed": "7"}
	first, second := n.post(run, own).is(200), again.post(run, own).is(200)
	card := first.text("steps.0.facts.card_id")
	if first.body != second.body || one.cards().code(card) != two.cards().code(card) {
		t.Errorf("%s\n%s", first.body, second.body)
	}
	n.post("/v1/cards/"+card+"/activation", object{"code": one.cards().code(card)}).is(200).has("activated", true)
	n.get("/v1/cards/"+card).is(200).has("parcel.tracking_number", first.text("steps.2.facts.tracking_number"))
	feed := n.get("/v1/events?types=shipment.placed&limit=100").is(200)
	if len(feed.list("items")) == 0 {
		t.Error("the feed tells no parcel of the scenarios")
	}

	file := filepath.Join(t.TempDir(), "mine.txt")
	if err := os.WriteFile(file, []byte("card ana\nactivate ana -> not_shipped\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := one.h.command(t, "sandbox", "run", file, "--program", one.name, "--seed", "9"); !strings.Contains(out, "activate ana -> not_shipped") {
		t.Errorf("the command line prints %q", out)
	}
	if _, err := one.h.try(t, "sandbox", "run", file, "--program", one.name, "--seed", "9"); err == nil || !strings.Contains(err.Error(), "another --seed") {
		t.Errorf("the same seed again: %v", err)
	}
}
