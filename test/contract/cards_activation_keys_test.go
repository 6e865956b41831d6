package contract

import "testing"

func activationKeys() []check {
	return []check{
		only(79, "no key: 204, then ALREADY_ACTIVATED with any code", noKey),
		only(80, "key K: 204; K again: replay; a new key: ALREADY_ACTIVATED", keyThenReplay),
		only(81, "K with a wrong code is replayed, costs once, and does not take another code", keyOfWrong),
		only(82, "K while not shipped stays NOT_SHIPPED", keyNotShipped),
		only(83, "K while locked is not remembered", keyWhileLocked),
		only(84, "K for another card is a mismatch", keyOfOtherCard),
		only(85, "K is replayed after the card was deleted", keyOfDeleted),
		only(86, "require_idempotency_key: 422 without one, no try spent", keyRequired),
	}
}

const mismatch = "IDEMPOTENT_PARAMETER_MISMATCH"

func noKey(t *testing.T, h *house) {
	a := h.program(t).cards()
	card, code := a.shipped()
	a.activate(card, code).is(204)
	for _, sent := range []string{code, wrong(code, 0), code} {
		a.cannotActivate(card, sent, "ALREADY_ACTIVATED")
	}
}

func keyThenReplay(t *testing.T, h *house) {
	a := h.program(t).cards()
	card, code := a.shipped()
	a.keyed("K").activate(card, code).is(204).replayed(false)
	a.keyed("K").activate(card, code).is(204).replayed(true)
	a.keyed("L").activate(card, code).refused(400, cannot, "ALREADY_ACTIVATED").replayed(false)
	a.keyed("L").activate(card, code).refused(400, cannot, "ALREADY_ACTIVATED").replayed(true)
}

func keyOfWrong(t *testing.T, h *house) {
	a := h.program(t).cards()
	card, code := a.shipped()
	first := a.keyed("K").activate(card, wrong(code, 0)).refused(400, wrongCode).has("error.detail.attemptsRemaining", 4).replayed(false)
	again := a.keyed("K").activate(card, wrong(code, 0)).is(400).replayed(true)
	if first.body != again.body {
		t.Errorf("replayed %s, was %s", again.body, first.body)
	}
	a.wrongly(card, code, 3)
	a.keyed("K").activate(card, code).refused(400, mismatch)
	a.keyed("L").activate(card, code).is(204)
}

func keyNotShipped(t *testing.T, h *house) {
	a := h.program(t).cards()
	card := a.fresh()
	box := a.placed(card)
	code := a.code(card)
	a.keyed("K").activate(card, code).refused(400, cannot, "NOT_SHIPPED").replayed(false)
	a.scan(box, "IN_TRANSIT")
	a.keyed("K").activate(card, code).refused(400, cannot, "NOT_SHIPPED").replayed(true)
	a.keyed("L").activate(card, code).is(204)
}

func keyWhileLocked(t *testing.T, h *house) {
	p := h.program(t)
	a := p.cards()
	card, code := a.shipped()
	a.lock(card, code)
	a.keyed("K").activate(card, code).refused(429, "ACTIVATION_LOCKED")
	p.advance("15m")
	a.keyed("K").activate(card, code).is(204).replayed(false)
}

func keyOfOtherCard(t *testing.T, h *house) {
	a := h.program(t).cards()
	card, code := a.shipped()
	other, _ := a.shipped()
	a.keyed("K").activate(card, code).is(204)
	a.keyed("K").activate(other, code).refused(400, mismatch)
	a.keyed("K").activate(card, code).is(204).replayed(true)
}

func keyOfDeleted(t *testing.T, h *house) {
	a := h.program(t).cards()
	card, code := a.shipped()
	a.keyed("K").activate(card, code).is(204)
	a.delete("/cards/" + card).is(204)
	a.keyed("K").activate(card, code).is(204).replayed(true)
	a.get("/cards/"+card).refused(404, "CARD_NOT_FOUND")
}

func keyRequired(t *testing.T, h *house) {
	a := h.program(t, "activation.require_idempotency_key=true").cards()
	card, code := a.shipped()
	a.activate(card, wrong(code, 0)).invalid("headers", "idempotency-key required")
	a.activate(card, code).invalid("headers", "idempotency-key required")
	a.keyed("K").activate(card, wrong(code, 0)).refused(400, wrongCode).has("error.detail.attemptsRemaining", 4)
	a.keyed("L").activate(card, code).is(204)
}
