package contract

import (
	"testing"
)

func activationStates() []check {
	return []check{
		only(50, "what has not left the bureau is NOT_SHIPPED, and nothing else happens", notShipped),
		only(51, "IN_TRANSIT: 204 without a body; ACTIVATED at once, still ACTIVE", inTransit),
		only(52, "OUT_FOR_DELIVERY: 204", func(t *testing.T, h *house) { activatesAfter(t, h, "OUT_FOR_DELIVERY") }),
		only(53, "DELIVERED: 204", func(t *testing.T, h *house) { activatesAfter(t, h, "DELIVERED") }),
		only(54, "DELIVERY_FAILED: refused, opened by the policy", func(t *testing.T, h *house) { openedByPolicy(t, h, "DELIVERY_FAILED", "DELIVERY_FAILED") }),
		only(55, "EXCEPTION: refused, opened by the policy", func(t *testing.T, h *house) { openedByPolicy(t, h, "EXCEPTION", "DELIVERY_EXCEPTION") }),
		only(56, "RETURNED and LOST_IN_TRANSIT, with and without the policy", neverOpened),
		only(57, "a new try of delivery after a failed one opens activation", secondTry),
		only(58, "CANCELED, NOT_PHYSICAL, unknown, CODE_NOT_ISSUED", otherStates),
		only(59, "a frozen card is activated, stays FROZEN, and pays once it is unfrozen", frozenActivates),
		only(60, "BLOCKED, EXPIRED, a restricted account, a rejected user", statusStates),
		only(61, "each row of the precedence table", precedence),
		only(62, "activated through the debit door: ACTIVATED here", activatedElsewhere),
		only(63, "untracked post: the hand-over alone opens activation", untrackedPost),
		only(64, "a box of several: each card for itself, one on hold stays behind", severalInABox),
	}
}

const cannot = "CARD_CANNOT_BE_ACTIVATED"

// cannotActivate wants a refusal by the state of the card.
func (a api) cannotActivate(card, code, reason string) {
	a.t.Helper()
	a.activate(card, code).refused(400, cannot, reason)
}

// unspent wants a wrong code to be the first one.
func (a api) unspent(card, code string) {
	a.t.Helper()
	a.activate(card, wrong(code, 0)).refused(400, "INVALID_ACTIVATION_CODE").has("error.detail.attemptsRemaining", 4)
}

func notShipped(t *testing.T, h *house) {
	a := h.program(t).cards()
	listener := a.listen()
	card := a.fresh()
	refused := func(state, code string) {
		t.Helper()
		before := a.get("/cards/"+card).is(200).has("physicalCardStatus", state)
		listener.settled()
		heard := len(listener.told())
		for range 6 { // one more than a guard allows wrong codes
			a.cannotActivate(card, code, "NOT_SHIPPED")
		}
		listener.settled()
		if after := a.get("/cards/" + card); after.body != before.body || len(listener.told()) != heard {
			t.Errorf("%s: a refusal changed the card or was announced: %s, then %s", state, before.body, after.body)
		}
	}
	refused("NOT_ORDERED", "123456")
	box := a.placed(card)
	code := a.code(card)
	refused("REQUESTED", code)
	a.produce(box, "IN_PRODUCTION")
	refused("IN_PRODUCTION", wrong(code, 0))
	a.produce(box, "ON_HOLD")
	refused("IN_PRODUCTION", code)
	a.produce(box, "COMPLETED")
	refused("PRODUCTION_COMPLETED", wrong(code, 0))
	a.scan(box, "IN_TRANSIT")
	a.unspent(card, code)
}

func inTransit(t *testing.T, h *house) {
	a := h.program(t).cards()
	card, code := a.shipped()
	r := a.activate(card, code).is(204)
	if _, typed := r.header["Content-Type"]; typed || r.body != "" {
		t.Errorf("204 with a body or its type: %q %v", r.body, r.header)
	}
	r.lacks(code)
	a.get("/cards/"+card).is(200).has("physicalCardStatus", "ACTIVATED", "status", "ACTIVE")
}

// activatesAfter lets a parcel go to a state at once and activates.
func activatesAfter(t *testing.T, h *house, scan string) {
	a := h.program(t).cards()
	card := a.fresh()
	a.scan(a.placed(card), scan)
	a.get("/cards/"+card).has("physicalCardStatus", scan)
	a.activate(card, a.code(card)).is(204)
	a.get("/cards/"+card).has("physicalCardStatus", "ACTIVATED", "status", "ACTIVE")
}

func openedByPolicy(t *testing.T, h *house, scan, reason string) {
	closed := h.program(t).cards()
	card := closed.fresh()
	closed.scan(closed.placed(card), scan)
	closed.get("/cards/"+card).has("physicalCardStatus", scan)
	closed.cannotActivate(card, closed.code(card), reason)

	open := h.program(t, "activation.accept_after_failed_delivery=true").cards()
	card = open.fresh()
	open.scan(open.placed(card), scan)
	open.activate(card, open.code(card)).is(204)
}

func neverOpened(t *testing.T, h *house) {
	for _, policy := range []string{"false", "true"} {
		a := h.program(t, "activation.accept_after_failed_delivery="+policy).cards()
		for _, end := range []struct{ scan, physical, reason string }{
			{"RETURNED", "DELIVERY_FAILED", "RETURNED"}, {"LOST", "EXCEPTION", "LOST_IN_TRANSIT"},
		} {
			card := a.fresh()
			box := a.placed(card)
			a.scan(box, "IN_TRANSIT")
			a.scan(box, end.scan)
			a.get("/cards/"+card).has("physicalCardStatus", end.physical)
			a.cannotActivate(card, a.code(card), end.reason)
		}
	}
}

func secondTry(t *testing.T, h *house) {
	a := h.program(t).cards()
	card := a.fresh()
	box := a.placed(card)
	a.scan(box, "DELIVERY_FAILED")
	code := a.code(card)
	a.cannotActivate(card, code, "DELIVERY_FAILED")
	a.scan(box, "OUT_FOR_DELIVERY")
	a.activate(card, code).is(204)
}

// otherStates tells of a card without a code what it sees: cards of batches, which have none, get their customer when
// they are activated, and until then nobody finds them through this door. The reason CODE_NOT_ISSUED behind that is held
// by the table of decisions in the room of issuance.
func otherStates(t *testing.T, h *house) {
	p := h.program(t)
	a := p.cards()
	card := a.fresh()
	box := a.placed(card)
	code := a.code(card)
	a.scan(box, "CANCELED")
	a.get("/card-shipments/"+box).has("status", "CANCELED")
	a.get("/cards/"+card).has("physicalCardStatus", "CANCELED")
	a.cannotActivate(card, code, "CANCELED")

	a.cannotActivate(a.cardOf(a.holder(), "VIRTUAL"), code, "NOT_PHYSICAL")
	a.activate(nobody, code).refused(404, "CARD_NOT_FOUND")

	stocked, _, _ := p.stocked()
	a.activate(stocked, code).refused(404, "CARD_NOT_FOUND")
}

func frozenActivates(t *testing.T, h *house) {
	a := h.program(t).cards()
	card, code := a.shipped()
	a.post("/cards/"+card+"/freeze", nil).is(200)
	a.activate(card, code).is(204)
	a.get("/cards/"+card).has("status", "FROZEN", "frozen", true, "physicalCardStatus", "ACTIVATED")
	a.pay(card, 5, "POS").has("status", "DECLINED", "declineReason.code", "CARD_FROZEN")
	a.post("/cards/"+card+"/unfreeze", nil).is(200)
	a.pay(card, 5, "POS").has("status", "PENDING")
}

func statusStates(t *testing.T, h *house) {
	a := h.program(t).cards()
	card, code := a.shipped()
	a.post("/cards/"+card+"/block", nil).is(200)
	a.cannotActivate(card, code, "BLOCKED")
	a.post("/cards/"+card+"/unblock", nil).is(200)
	a.activate(card, code).is(204)

	card, code = a.shipped()
	a.simulate(card, "EXPIRED").is(204)
	a.cannotActivate(card, code, "EXPIRED")

	card, code = a.shipped()
	a.restrict(a.get("/cards/" + card).text("accountId"))
	a.activate(card, code).is(204)
	a.pay(card, 5, "POS").has("status", "DECLINED", "declineReason.code", "ACCOUNT_NOT_ACTIVE")

	card, code = a.shipped()
	a.decide(a.get("/cards/"+card).text("userId"), "REJECTED")
	a.cannotActivate(card, code, "USER_NOT_ELIGIBLE")
}

func precedence(t *testing.T, h *house) {
	p := h.program(t)
	a := p.cards()
	block := func(card string) { t.Helper(); a.post("/cards/"+card+"/block", nil).is(200) }

	virtual := a.cardOf(a.holder(), "VIRTUAL")
	block(virtual)
	a.cannotActivate(virtual, "123456", "NOT_PHYSICAL")

	card := a.active()
	a.cannotActivate(card, "000000", "ALREADY_ACTIVATED")
	a.simulate(card, "EXPIRED").is(204)
	a.cannotActivate(card, "000000", "ALREADY_ACTIVATED")
	card = a.active()
	block(card)
	a.cannotActivate(card, "000000", "ALREADY_ACTIVATED")
	a.activate(card, "12345").invalid("body", "activationCode invalid_format")

	card = a.fresh()
	a.scan(a.placed(card), "CANCELED")
	block(card)
	a.cannotActivate(card, "123456", "CANCELED")

	card = a.fresh()
	block(card)
	a.cannotActivate(card, "123456", "BLOCKED")
	a.simulate(card, "EXPIRED").is(204)
	a.cannotActivate(card, "123456", "EXPIRED")

	card, code := a.shipped()
	block(card)
	a.cannotActivate(card, wrong(code, 0), "BLOCKED")
	a.post("/cards/"+card+"/unblock", nil).is(200)
	a.unspent(card, code)

	card = a.fresh()
	a.decide(a.get("/cards/"+card).text("userId"), "REJECTED")
	a.cannotActivate(card, "123456", "USER_NOT_ELIGIBLE")

	card = a.fresh()
	box := a.placed(card)
	code = a.code(card)
	a.cannotActivate(card, wrong(code, 0), "NOT_SHIPPED")
	a.scan(box, "IN_TRANSIT")
	a.unspent(card, code)

	card, code = a.shipped()
	a.post("/cards/"+card+"/freeze", nil).is(200)
	a.unspent(card, code)
	precedenceOfLocks(t, p, a)
}

// precedenceOfLocks are the rows with a locked guard. A guard is locked after the parcel has left and no parcel goes back
// to the bureau, so the row of "not shipped" is tried with another answer of the same check.
func precedenceOfLocks(t *testing.T, p *program, a api) {
	card, code := a.shipped()
	a.lock(card, code)
	a.activate(card, code).refused(429, "ACTIVATION_LOCKED", "TOO_MANY_ATTEMPTS")
	p.advance("15m1s")
	a.activate(card, code).is(204)
	a.cannotActivate(card, code, "ALREADY_ACTIVATED")

	card, code = a.shipped()
	a.lock(card, code)
	a.cardScan(card, "DELIVERY_FAILED")
	a.cannotActivate(card, code, "DELIVERY_FAILED")
}

func activatedElsewhere(t *testing.T, h *house) {
	p := h.program(t)
	card := p.activatedByDebit()
	a := p.cards()
	a.get("/cards/"+card).is(200).has("physicalCardStatus", "ACTIVATED", "status", "ACTIVE")
	a.cannotActivate(card, "123456", "ALREADY_ACTIVATED")
}

func untrackedPost(t *testing.T, h *house) {
	a := h.program(t).cards()
	card := a.fresh()
	parcel := parcel(card)
	parcel["courier"] = object{"type": "POSTAL"}
	box := a.post("/card-shipments", parcel).is(200).text("id")
	a.submit(box).is(200)
	a.produce(box, "COMPLETED")
	a.scan(box, "IN_TRANSIT")
	a.get("/card-shipments/"+box).has("status", "IN_TRANSIT", "trackingNumber", nil, "trackingUrl", nil)
	a.get("/cards/"+card).has("physicalCardStatus", "IN_TRANSIT")
	a.activate(card, a.code(card)).is(204)
}

func severalInABox(t *testing.T, h *house) {
	a := h.program(t).cards()
	owner := a.holder()
	cards := []string{a.cardOf(owner, "PHYSICAL"), a.cardOf(owner, "PHYSICAL"), a.cardOf(owner, "PHYSICAL")}
	box := a.placed(cards...)
	a.produce(box, "IN_PRODUCTION")
	a.produce(box, "ON_HOLD", cards[2])
	a.scan(box, "IN_TRANSIT")
	a.activate(cards[0], a.code(cards[0])).is(204)
	for i, want := range []string{"ACTIVATED", "IN_TRANSIT", "IN_PRODUCTION"} {
		a.get("/cards/"+cards[i]).has("physicalCardStatus", want)
	}
	a.cannotActivate(cards[2], a.code(cards[2]), "NOT_SHIPPED")
	a.activate(cards[1], a.code(cards[1])).is(204)
}
