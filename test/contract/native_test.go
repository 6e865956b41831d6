package contract

import (
	"slices"
	"strings"
	"testing"
)

// The native API has no published checklist; this one is its own.
func nativeChapters() []chapter {
	return []chapter{{"native", []check{
		only(1, "a card from the order to the first tap: obstacles, guard, activation, replay, feed", nativeLife),
		only(2, "cards of a batch are activated together, one outcome each, and a repeat repeats", nativeMany),
		only(4, "webhooks: the events that were chosen, signed, paused, rotated, sent again", nativeWebhooks),
		only(3, "a foreign key and an unknown id answer alike; a scope is needed; problems are pages", nativeRefusals),
		only(5, "a lost code is recovered with a reason, counted, announced and never remembered; of hashes a new one is made", nativeRecovery),
		only(11, "cards are ordered in bulk: dry run, repeat, items in pages and as CSV, what failed again", nativeBatches),
		only(25, "who scans a mailer knows a second factor first, whose tries are the guard's; a card of a batch is activated on the page for the customer that is named", nativePage),
		only(6, "a card is reported lost, stolen or damaged before its activation and after it; the same again changes nothing", nativeReports),
		only(7, "a card that is lost, stolen or known to others gets one successor with another number, which is shipped and activated through every door", nativeReplacement),
		only(8, "a card gets another plastic with the same number, once at a time; the old one works until the new one is activated", nativeReissue),
		only(9, "the old plastic dies at once, or on a date of the clock; one that never comes frees the place; what came back is made again", nativeRetirement),
		only(10, "a renewed card has another expiry and CVV from its activation on, also when it had expired", nativeRenewal),
		only(17, "a card of a batch that is made again is activated by its label and batch, and by the code where that is wanted", nativeReissuedStock),
		only(21, "a parcel of either kind is found, sent elsewhere and canceled until the bureau begins, and both published APIs see it", nativeShipments),
		only(22, "what came back goes out again in a new parcel, once, and late scans of the old one move nothing; or it is destroyed", nativeReturns),
		only(24, "a customer is added once, found by each fact, and seen with cards and accounts like through the cards API", nativePeople),
		only(23, "a courier reports scans in its own words; any order, repeats and reports at once lead to the same state", nativeScans),
		only(12, "the clock of a sandbox is the programme's: a locked guard opens when it is advanced", nativeClock),
		only(13, "a parcel is walked step by step, with refusals of the bureau and reports that come late", nativeParcels),
		only(14, "a scenario leaves the same transcript, byte for byte, by the same seed in every installation and on both engines", nativeScenarios),
		only(15, "webhooks are lost and doubled, and answers fail after the commit, where a sandbox wants it; a live programme cannot", nativeFaults),
		only(16, "a key of a sandbox never sees or moves what is live, and the reverse", nativeSeparation),
		only(22, "the audit trail is listed, and proved outside from an export, a checkpoint and a key", nativeAudit),
		only(23, "what can hurt waits for another key: asked once, decided once, used once, and for that request alone", nativeApprovals),
		only(24, "a block for fraud is lifted by two, through no door by one", nativeFraud),
		only(32, "every list is read from either end, and pages leave no gap and repeat nothing", nativeLists),
		only(31, "a programme is made, given a key and suspended from outside; it sees to its own policies, designs and keys, and no key gives more than it has", nativePrograms),
	}}}
}

func TestNativeAPI(t *testing.T) { run(t, nativeChapters()) }

// native speaks the native API with a new key of the programme.
func (p *program) native(scopes string) api {
	p.t.Helper()
	return api{t: p.t, base: p.h.base, headers: []string{"Authorization", "Bearer " + p.key("--door", "native", "--scope", scopes)}}
}

// told checks a problem of the native API.
func (r reply) told(status int, reason string) reply {
	r.t.Helper()
	r.is(status).has("reason", reason, "type", "/problems/"+reason)
	if kind := r.header.Get("Content-Type"); kind != "application/problem+json" {
		r.t.Errorf("a problem of type %q", kind)
	}
	return r
}

// obstacles are the reasons why a card cannot be activated now.
func (r reply) obstacles() string {
	r.t.Helper()
	var out []string
	for _, o := range r.is(200).list("obstacles") {
		out = append(out, o["reason"].(string))
	}
	return strings.Join(out, " ")
}

func nativeLife(t *testing.T, h *house) {
	p := h.program(t)
	a, n := p.cards(), p.native("all")
	card := a.fresh()
	box := a.placed(card)
	code := a.code(card)
	path := "/v1/cards/" + card
	cursor := n.get("/v1/events").is(200).text("next_cursor")
	if got := n.get(path + "/activation/eligibility").obstacles(); got != "not_shipped" {
		t.Errorf("before the parcel has left: %q", got)
	}
	n.post(path+"/activation", object{"code": code}).told(409, "not_shipped")
	a.scan(box, "IN_TRANSIT")
	if got := n.get(path + "/activation/eligibility").obstacles(); got != "" {
		t.Errorf("on its way: %q", got)
	}
	n.post(path+"/activation", object{"code": wrong(code, 0)}).told(409, "code_mismatch")
	n.get(path+"/activation").is(200).has("state", "armed", "tries_left", 4.0, "lifetime_tries_used", 1.0, "code_reads", 1.0)
	n.post(path+"/activation/guard/reset", object{"reason": "She called"}).is(200).has("tries_left", 5.0)
	first := n.keyed("tap").post(path+"/activation", object{"code": code}).is(200)
	again := n.keyed("tap").post(path+"/activation", object{"code": code}).is(200).replayed(true)
	if first.body != again.body {
		t.Errorf("a repeat answers %s, the first %s", again.body, first.body)
	}
	n.post(path+"/activation", object{"code": code}).told(409, "already_activated")
	n.get(path).is(200).has("status", "open", "plastic.state", "activated", "guard.state", "consumed")
	a.get("/cards/"+card).is(200).has("physicalCardStatus", "ACTIVATED")

	feed := n.get("/v1/events?wait=5&types=card.activation.failed,card.guard_reset,card.activated&cursor=" + cursor).is(200)
	var kinds []string
	for _, e := range feed.list("items") {
		kinds = append(kinds, e["type"].(string))
	}
	slices.Sort(kinds) // within a millisecond events have no order
	if got := strings.Join(kinds, " "); got != "card.activated card.activation.failed card.guard_reset" {
		t.Errorf("the feed tells %q", got)
	}
}

func nativeMany(t *testing.T, h *house) {
	p := h.program(t)
	d, n := p.debit(), p.native("activations:write")
	cards := d.stock(20)
	holder := p.cards().user()
	var list []any
	for _, c := range cards {
		list = append(list, object{"identifier": c.identifier, "reference_batch": c.batch, "customer_id": holder})
	}
	list[3].(object)["reference_batch"] = strings.Repeat("0", 32)
	list[4] = object{"identifier": "NOBODY", "reference_batch": cards[4].batch, "customer_id": holder}
	body := object{"items": list}
	first := n.keyed("all").post("/v1/activations", body).is(207).has("activated", 18.0, "not_activated", 2.0)
	first.has("items.3.problem.reason", "batch_mismatch", "items.4.problem.reason", "card_not_found")
	again := n.keyed("all").post("/v1/activations", body).is(207).has("activated", 18.0, "items.0.replayed", true, "items.3.problem.reason", "batch_mismatch")
	if first.text("items.0.card_id") == "" || again.at("items.7.activated") != true {
		t.Errorf("%s", again.body)
	}
	n.keyed("anew").post("/v1/activations", body).is(207).has("activated", 0.0, "items.0.problem.reason", "already_activated")
}

func nativeRefusals(t *testing.T, h *house) {
	p := h.program(t)
	card, code := p.cards().shipped()
	foreign := h.program(t).native("all")
	for _, path := range []string{"", "/activation", "/activation/eligibility"} {
		theirs, none := foreign.get("/v1/cards/"+card+path).told(404, "card_not_found"), foreign.get("/v1/cards/"+nobody+path).is(404)
		if theirs.body != none.body {
			t.Errorf("%s answers %s for a card of another programme, %s for none", path, theirs.body, none.body)
		}
	}
	foreign.post("/v1/cards/"+card+"/activation", object{"code": code}).told(404, "card_not_found")
	reader := p.native("cards:read,activations:read")
	reader.get("/v1/cards/" + card).is(200)
	reader.post("/v1/cards/"+card+"/activation", object{"code": code}).told(403, "scope_missing").has("context.scope", "activations:write")
	reader.get("/v1/events").told(403, "scope_missing")
	p.cards().with("Authorization", reader.headers[1]).get("/cards").is(401)
	anybody := reader.with("Authorization", absent)
	anybody.get("/v1/cards").told(401, "api_key_required")
	anybody.get("/problems/scope_missing").is(200).has("status", 403.0, "retryable", false)
	if doc := anybody.get("/openapi/native.yaml").is(200); !strings.HasPrefix(doc.body, "openapi: 3.1.0") {
		t.Errorf("the document begins with %.40s", doc.body)
	}
}
