package contract

import (
	"sync"
	"testing"
)

// nativeReissue gives a card another plastic with the same number, and follows it to the first tap.
func nativeReissue(t *testing.T, h *house) {
	p := h.program(t)
	a, n, foreign := p.cards(), p.native("all"), h.program(t).native("all")
	card := a.active()
	path, order := "/v1/cards/"+card, object{"for": "damaged", "reason": "the chip does not read"}
	foreign.post(path+"/reissue", order).told(404, "card_not_found")
	p.native("cards:read").post(path+"/reissue", order).told(403, "scope_missing")
	number := n.get(path).is(200).text("last4")

	var all sync.WaitGroup
	answers := make([]reply, 6)
	for i := range answers {
		all.Go(func() { answers[i] = n.post(path+"/reissue", order) })
	}
	all.Wait()
	next := ""
	for _, r := range answers {
		if r.status == 201 {
			if next != "" {
				t.Error("two successors of one card")
			}
			next = r.has("retire_source", "on_activation", "source_plastic_state", "activated", "plastic_state", "planned").text("plastic_id")
			continue
		}
		r.told(409, "successor_underway")
	}
	old := n.get(path).is(200).has("next_plastic.id", next, "plastic.state", "activated", "guard.state", "unset").text("plastic.id")
	a.get("/cards/"+card).is(200).has("status", "ACTIVE", "physicalCardStatus", "ACTIVATED")
	a.askCode(card).refused(400, noCode, "NOT_ISSUED")

	box := a.placed(card)
	code := a.code(card)
	if got := n.get(path + "/activation/eligibility").obstacles(); got != "not_shipped" {
		t.Errorf("before its journey: %q", got)
	}
	a.scan(box, "IN_TRANSIT")
	n.get(path).is(200).has("next_plastic.physical_status", "IN_TRANSIT", "next_plastic.parcel.id", box, "guard.state", "armed", "plastic.id", old)
	a.get("/cards/"+card).is(200).has("status", "ACTIVE", "physicalCardStatus", "ACTIVATED")
	a.approves(card, "POS")
	a.activate(card, wrong(code, 0)).refused(400, "INVALID_ACTIVATION_CODE")
	n.get(path+"/activation").is(200).has("tries_used", 1, "activated_at", nil)
	n.post(path+"/activation", object{"code": code}).is(200)
	n.get(path).is(200).has("plastic.id", next, "plastic.state", "activated", "next_plastic", nil, "last4", number)
	a.approves(card, "POS")
	n.post(path+"/activation", object{"code": code}).told(409, "already_activated")

	// A freeze is the card's, and so is a theft: it ends the number, with the plastic on its way.
	n.post(path+"/freeze", object{}).is(200)
	n.post(path+"/reissue", object{"for": "design_change", "reason": "a new look"}).is(201).has("status", "frozen")
	box = a.placed(card)
	code = a.code(card)
	a.scan(box, "IN_TRANSIT")
	a.activate(card, code).is(204)
	n.get(path).is(200).has("status", "frozen", "plastic.state", "activated")
	n.post(path+"/unfreeze", object{}).is(200)
	n.post(path+"/reissue", order).is(201)
	box = a.placed(card)
	code = a.code(card)
	n.post(path+"/report", object{"as": "stolen", "reason": "her bag was taken"}).is(200)
	n.get("/v1/shipments/"+box).is(200).has("status", "canceled", "members.0.plastic_state", "void")
	n.post(path+"/activation", object{"code": code}).told(409, "already_activated") // by the plastic that was stolen
	a.declines(card, "POS", "CARD_BLOCKED")
	n.post(path+"/reissue", order).told(409, "already_stopped")
	n.post(path+"/replacement", object{"for": "stolen", "reason": "her bag was taken"}).is(201)
}

// approves wants a use to be approved; declines, to be declined for that reason.
func (a api) approves(card, channel string) {
	a.t.Helper()
	a.pay(card, 1, channel).has("status", "PENDING")
}

func (a api) declines(card, channel, why string) {
	a.t.Helper()
	a.pay(card, 1, channel).has("status", "DECLINED", "declineReason.code", why)
}

// nativeRetirement lets the old plastic die at once and on a date, and frees the place of a successor that never comes.
func nativeRetirement(t *testing.T, h *house) {
	p := h.program(t)
	a, n := p.cards(), p.native("all")
	card := a.active()
	path := "/v1/cards/" + card
	now := object{"for": "damaged", "reason": "it was cut", "retire_source": "now"}
	n.post(path+"/reissue", now).is(201).has("source_plastic_state", "retired", "retire_source", "now")
	a.declines(card, "POS", "CARD_NOT_ACTIVATED")
	a.approves(card, "ECOMMERCE")
	a.get("/cards/"+card).is(200).has("status", "ACTIVE", "physicalCardStatus", "ACTIVATED")
	box := a.placed(card)
	n.post("/v1/shipments/"+box+"/cancel", object{"reason": "the wrong address"}).is(200)
	n.get(path).is(200).has("next_plastic", nil, "status", "open")
	n.post(path+"/reissue", now).is(201)
	box = a.placed(card)
	a.scan(box, "RETURNED")
	n.post(path+"/reissue", now).told(409, "successor_underway")
	n.post("/v1/shipments/"+box+"/destroy", object{"reason": "no such address"}).is(200)
	n.post(path+"/reissue", now).is(201)
	box = a.placed(card)
	code := a.code(card)
	a.scan(box, "DELIVERED")
	a.activate(card, code).is(204)
	a.approves(card, "POS")

	// On a date of the programme's clock, whether the new one is there or not.
	at := n.post("/v1/sandbox/clock", object{"action": "advance", "by": "24h"}).is(200).text("now")
	n.post(path+"/reissue", object{"for": "name_change", "reason": "married", "retire_source": "on_date", "retire_on": at}).is(201).has("source_plastic_state", "retired")
	a.declines(card, "POS", "CARD_NOT_ACTIVATED")
	box = a.placed(card)
	code = a.code(card)
	a.scan(box, "IN_TRANSIT")
	n.post(path+"/activation", object{"code": code}).is(200)
	a.approves(card, "ATM")

	// What was never activated dies at once, and its code with it.
	young, first := a.shipped()
	path = "/v1/cards/" + young
	n.post(path+"/reissue", object{"for": "damaged", "reason": "bent", "retire_source": "on_activation"}).told(409, "card_operation_not_allowed")
	source := n.get(path).is(200).text("plastic.id")
	n.post(path+"/reissue", object{"for": "damaged", "reason": "bent in the letter"}).is(201).has("retire_source", "now", "source_plastic_state", "void", "supersedes", source)
	n.get(path).is(200).has("plastic.state", "planned", "next_plastic", nil, "plastic.physical_status", "NOT_ORDERED")
	a.cannotActivate(young, first, "NOT_SHIPPED")
	a.scan(a.placed(young), "IN_TRANSIT")
	if second := a.code(young); second != first {
		a.activate(young, first).refused(400, "INVALID_ACTIVATION_CODE")
		a.activate(young, second).is(204)
	}
	// What came back may be made again, before it is destroyed or after.
	for _, destroyed := range []bool{false, true} {
		gone := a.fresh()
		box := a.placed(gone)
		path := "/v1/cards/" + gone
		n.post(path+"/reissue", object{"for": "returned", "reason": "x"}).told(409, "shipment_not_returned")
		a.scan(box, "RETURNED")
		if destroyed {
			n.post("/v1/shipments/"+box+"/destroy", object{"reason": "no such address"}).is(200)
		}
		n.post(path+"/reissue", object{"for": "returned", "reason": "it came back unopened"}).is(201)
		box = a.placed(gone)
		code := a.code(gone)
		a.scan(box, "DELIVERED")
		a.activate(gone, code).is(204)
	}
	// A successor that the courier loses shows the number of a card in use to whoever finds it.
	used := a.active()
	n.post("/v1/cards/"+used+"/reissue", object{"for": "damaged", "reason": "x"}).is(201)
	a.scan(a.placed(used), "LOST")
	n.get("/v1/cards/"+used).is(200).has("next_plastic", nil, "plastic.state", "activated")
	n.post("/v1/cards/"+used+"/reissue", object{"for": "damaged", "reason": "x"}).told(409, "lost_in_transit")
	n.post("/v1/cards/"+used+"/renewal", object{"reason": "x"}).told(409, "lost_in_transit")
	a.approves(used, "POS")
	n.post("/v1/cards/"+used+"/replacement", object{"for": "lost_in_post", "reason": "the courier lost it"}).is(201)
	a.declines(used, "POS", "CARD_BLOCKED")
	lost := a.fresh()
	a.scan(a.placed(lost), "LOST")
	n.post("/v1/cards/"+lost+"/reissue", object{"for": "damaged", "reason": "x"}).told(409, "lost_in_transit")
	n.post("/v1/cards/"+lost+"/replacement", object{"for": "lost_in_post", "reason": "the courier lost it"}).is(201).has("source_stop", "lost")
	opened := a.fresh()
	a.scan(a.placed(opened), "RETURNED")
	n.post("/v1/cards/"+opened+"/replacement", object{"for": "returned_opened", "reason": "the seal was broken"}).is(201).has("source_stop", "replaced", "source_status", "closed")
}

// details reads number, expiry and CVV of a card.
func (a api) details(card string) (number, expiry, cvv string) {
	a.t.Helper()
	found := cardPage.FindStringSubmatch(a.browser().get(a.link(card, nil)).is(200).body)
	if found == nil {
		a.t.Fatal("the page shows no card")
	}
	return found[1], found[3], found[4]
}

// nativeRenewal renews cards: before they expire and after, with the old plastic in use until it expires.
func nativeRenewal(t *testing.T, h *house) {
	p := h.program(t)
	a, n := p.cards(), p.native("all")
	card := a.active()
	path, soon := "/v1/cards/"+card, object{"action": "advance", "by": "8760h"}
	number, expiry, cvv := a.details(card)
	expires := n.get(path).is(200).text("expires_at")
	n.post("/v1/sandbox/clock", soon).is(200)
	made := n.keyed("renew").post(path+"/renewal", object{"reason": "it expires", "retire_source": "on_date"}).is(201).has("source_retires_at", expires, "source_plastic_state", "activated")
	if again := n.keyed("renew").post(path+"/renewal", object{"reason": "it expires", "retire_source": "on_date"}).is(201).replayed(true); again.body != made.body {
		t.Errorf("%s, and again %s", made.body, again.body)
	}
	if made.text("expires_at") <= expires {
		t.Errorf("renewed from %s until %s", expires, made.text("expires_at"))
	}
	box := a.placed(card)
	code := a.code(card)
	a.scan(box, "IN_TRANSIT")
	if sameNumber, before, same := a.details(card); sameNumber != number || before != expiry || same != cvv {
		t.Error("a renewal that is on its way changes what the card shows")
	}
	n.post(path+"/activation", object{"code": code}).is(200)
	n.get(path).is(200).has("expires_at", made.text("expires_at"), "plastic.id", made.text("plastic_id"))
	if sameNumber, after, other := a.details(card); sameNumber != number || after == expiry || other == cvv {
		t.Errorf("the renewed card shows the old number %v, the old expiry %v, the old CVV %v", sameNumber == number, after == expiry, other == cvv)
	}
	a.approves(card, "POS")

	// An expired card is renewed, shipped and activated, and works again.
	late := a.active()
	path = "/v1/cards/" + late
	for range 5 {
		n.post("/v1/sandbox/clock", soon).is(200)
	}
	a.declines(late, "POS", "CARD_NOT_ACTIVE")
	n.post(path+"/reissue", object{"for": "damaged", "reason": "x"}).told(409, "expired")
	n.post(path+"/renewal", object{"reason": "it has expired"}).is(201).has("status", "expired")
	box = a.placed(late)
	code = a.code(late)
	a.scan(box, "DELIVERED")
	a.activate(late, code).is(204)
	a.approves(late, "POS")
}

// nativeReissuedStock gives a card of a batch another plastic, which its label and batch activate, with the code where the programme
// wants it.
func nativeReissuedStock(t *testing.T, h *house) {
	p := h.program(t)
	a, n := p.cards(), p.native("all")
	card, identifier, batch := p.stocked()
	partner := p.debit()
	who := partner.person()
	stock := plastic{batch: batch, identifier: identifier}
	partner.hold(stock, who)
	path := "/v1/cards/" + card
	before := n.get(path).is(200)
	n.post(path+"/reissue", object{"for": "named", "reason": "she wants her name on it"}).is(201)
	partner.activation(claim(stock, who.id)).is(400)
	box := a.placed(card)
	a.scan(box, "IN_TRANSIT")
	n.get("/v1/cards/"+card+"/activation/eligibility").is(200).has("eligible", true, "method", "identifier_batch")
	if p.debit().activation(claim(stock, partner.person().id)).status == 200 {
		t.Error("somebody else activates the new plastic")
	}
	partner.hold(stock, who)
	after := n.get(path).is(200).has("plastic.identifier", identifier, "plastic.state", "activated", "next_plastic", nil)
	if after.text("plastic.id") == before.text("plastic.id") || after.text("account_id") != before.text("account_id") || after.text("customer_id") != before.text("customer_id") {
		t.Errorf("%s, and before %s", after.body, before.body)
	}
	p.set("debit.require_activation_code=true")
	n.post(path+"/reissue", object{"for": "damaged", "reason": "bent"}).is(201)
	box = a.placed(card)
	code := a.code(card)
	a.scan(box, "IN_TRANSIT")
	if partner.activation(claim(stock, who.id)).status == 200 {
		t.Error("activated without the code that the programme wants")
	}
	partner.hold(stock, who, "activation_code", code)
	n.get(path).is(200).has("plastic.state", "activated", "next_plastic", nil)
}
