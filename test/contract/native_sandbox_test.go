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
