package contract

import "testing"

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
