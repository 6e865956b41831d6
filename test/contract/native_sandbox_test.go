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
	list := n.get("/v1/sandbox/scenarios").is(200).list("items")
	if len(list) < 4 {
		t.Errorf("%d scenarios", len(list))
	}
	for _, s := range list {
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
	bulk := object{"script": "order box ana ben\nstep box returned\nreship box again\nstep again delivered\nactivate ana box\nactivate ben box\n", "seed": "42"}
	ordered := n.post(run, bulk).is(200).has("passed", true)
	if other, _ := transcripts.LoadOrStore("bulk", ordered.body); other != ordered.body || again.post(run, bulk).is(200).body != ordered.body {
		t.Errorf("a bulk order leaves\n%s\nand elsewhere\n%s", ordered.body, other)
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

// nativeFaults switches faults on, and does what an integrator should do about them.
func nativeFaults(t *testing.T, h *house) {
	p := h.program(t, "sandbox.answer_fault=fail_after_commit", "sandbox.webhook_fault=duplicate")
	n := p.native("all")
	r := newReceiver(t, nil)
	hook := object{"name": "main", "url": r.url}
	n.keyed("hook").post("/v1/webhooks", hook).told(500, "internal")
	id := n.keyed("hook").post("/v1/webhooks", hook).is(200).replayed(true).text("id")
	n.post("/v1/webhooks/"+id+"/test", object{}).told(500, "internal")
	if got := r.requests(2); got[0].body != got[1].body || got[0].header.Get("Webhook-Id") != got[1].header.Get("Webhook-Id") {
		t.Errorf("not the same twice: %s %s", got[0].body, got[1].body)
	}
	user := newUserBody()
	p.cards().keyed("user").post("/users", user).is(500)
	p.cards().keyed("user").post("/users", user).is(200).replayed(true)

	p.set("sandbox.answer_fault=none", "sandbox.webhook_fault=lose")
	n.post("/v1/webhooks/"+id+"/test", object{}).is(200)
	lost := "/v1/webhooks/" + id + "/deliveries?status=exhausted"
	eventually(t, "a webhook is lost", func() bool {
		list := n.get(lost).is(200).list("items")
		return len(list) == 1 && list[0]["last_failure"] == "lost"
	})
	if _, err := h.try(t, "program", "create", "live with faults", "--kind", "live", "--policy", "sandbox.webhook_fault=lose"); err == nil || !strings.Contains(err.Error(), "only a sandbox") {
		t.Errorf("a live programme with faults: %v", err)
	}
}

// nativeSeparation has a sandbox and a live programme in one installation: neither key sees or moves what is the other's.
func nativeSeparation(t *testing.T, h *house) {
	sandbox, live := h.program(t), h.programOf(t, "live", "users.review=auto")
	s, l := sandbox.native("all"), live.native("all")
	theirs := sandbox.cards().fresh()
	a := live.cards()
	user := a.pendingUser()
	a.post("/users/"+user+"/application", object{}).is(200)
	eventually(t, "the user is approved", func() bool { return a.get("/users/"+user).is(200).at("application.status") == "APPROVED" })
	ours := a.cardOf(holder{user, a.account(user)}, "PHYSICAL")
	box := a.placed(ours)
	before := l.get("/v1/cards/" + ours).is(200).body

	for _, foreign := range []struct {
		speaks api
		card   string
	}{{s, ours}, {l, theirs}} {
		path := "/v1/cards/" + foreign.card
		for _, read := range []string{"", "/activation", "/activation/eligibility"} {
			foreign.speaks.get(path+read).told(404, "card_not_found")
		}
		for act, body := range map[string]object{
			"freeze": {}, "activation": {"code": "123456"}, "report": {"as": "lost", "reason": "x"}, "activation/guard/reset": {"reason": "x"},
			"activation/code/recovery": {"reason": "x"}, "replacement": {"for": "lost", "reason": "x"},
		} {
			foreign.speaks.post(path+"/"+act, body).told(404, "card_not_found")
		}
		if list := foreign.speaks.get("/v1/cards").is(200); strings.Contains(list.body, foreign.card) {
			t.Errorf("the list of the other programme has the card %s", foreign.card)
		}
	}
	s.post("/v1/sandbox/shipments/"+box+"/advance", object{}).told(404, "shipment_not_found")
	s.post("/v1/sandbox/clock", object{"action": "set", "at": "2040-01-01T00:00:00Z"}).is(200)
	s.post("/v1/sandbox/scenarios/run", object{"name": "guess_until_locked", "seed": "1"}).is(200).has("passed", true)
	l.get("/v1/sandbox/clock").told(403, "clock_of_sandbox_only")
	l.post("/v1/sandbox/clock", object{"action": "freeze"}).told(403, "clock_of_sandbox_only")
	l.post("/v1/sandbox/shipments/"+box+"/advance", object{}).told(403, "simulation_not_available")
	l.post("/v1/sandbox/scenarios/run", object{"name": "guess_until_locked", "seed": "1"}).told(403, "simulation_not_available")
	if after := l.get("/v1/cards/" + ours).is(200).body; after != before {
		t.Errorf("the live card was\n%s\nand is\n%s", before, after)
	}
}
