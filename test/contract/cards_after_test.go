package contract

import "testing"

func afterActivation() []check {
	return []check{
		only(94, "POS and ATM decline before the activation and pay right after", terminals),
		only(95, "online use does not depend on it, unless digital_first is off", online),
		only(96, "scans after the activation move the shipment, never the card", scansAfter),
		only(97, "block and expiry leave ACTIVATED", statusAfter),
		only(98, "one event of the card and one of the shipment; none on refusals and replays", eventsOfActivation),
	}
}

const notActivated = "CARD_NOT_ACTIVATED"

func terminals(t *testing.T, h *house) {
	a := h.program(t).cards()
	card, code := a.shipped()
	for _, channel := range []string{"POS", "ATM"} {
		a.pay(card, 5, channel).has("status", "DECLINED", "declineReason.code", notActivated)
	}
	a.activate(card, code).is(204)
	for _, channel := range []string{"POS", "ATM"} {
		a.pay(card, 5, channel).has("status", "PENDING")
	}
}

func online(t *testing.T, h *house) {
	a := h.program(t).cards()
	card, code := a.shipped()
	a.pay(card, 5, "ECOMMERCE").has("status", "PENDING")
	a.activate(card, code).is(204)
	a.pay(card, 5, "ECOMMERCE").has("status", "PENDING")

	late := h.program(t, "digital_first=false").cards()
	card, code = late.shipped()
	late.pay(card, 5, "ECOMMERCE").has("status", "DECLINED", "declineReason.code", notActivated)
	late.activate(card, code).is(204)
	late.pay(card, 5, "ECOMMERCE").has("status", "PENDING")
}

func scansAfter(t *testing.T, h *house) {
	a := h.program(t).cards()
	for _, scan := range []string{"DELIVERED", "RETURNED", "LOST"} {
		card := a.fresh()
		box := a.placed(card)
		a.scan(box, "IN_TRANSIT")
		a.activate(card, a.code(card)).is(204)
		a.scan(box, scan)
		a.get("/cards/"+card).has("physicalCardStatus", "ACTIVATED", "status", "ACTIVE")
		// Returned and lost parcels have no word of their own on this door (§13.2).
		shown := map[string]string{"DELIVERED": "DELIVERED", "RETURNED": "DELIVERY_FAILED", "LOST": "EXCEPTION"}[scan]
		before := a.get("/card-shipments/"+box).has("status", shown, "cards.0.productionStatus", "ACTIVATED")
		if scan == "DELIVERED" {
			a.scan(box, "RETURNED")
			if after := a.get("/card-shipments/" + box); after.body != before.body {
				t.Errorf("RETURNED after DELIVERED: %s, then %s", before.body, after.body)
			}
		}
	}
}

func statusAfter(t *testing.T, h *house) {
	a := h.program(t).cards()
	card := a.active()
	a.post("/cards/"+card+"/block", nil).is(200).has("physicalCardStatus", "ACTIVATED", "status", "BLOCKED")
	a.post("/cards/"+card+"/unblock", nil).is(200).has("physicalCardStatus", "ACTIVATED")
	a.simulate(card, "EXPIRED").is(204)
	a.get("/cards/"+card).has("physicalCardStatus", "ACTIVATED", "status", "EXPIRED")
}

func eventsOfActivation(t *testing.T, h *house) {
	try := func(boxes int, policies ...string) {
		t.Helper()
		a := h.program(t, policies...).cards()
		card := a.fresh()
		box := a.placed(card)
		a.scan(box, "IN_TRANSIT")
		code := a.code(card)
		listener := a.listen()
		a.activate(card, wrong(code, 0)).refused(400, "INVALID_ACTIVATION_CODE")
		key := "activation-" + itoa(int(unique()))
		a.keyed(key).activate(card, code).is(204)
		a.keyed(key).activate(card, code).is(204).replayed(true)
		a.activate(card, code).refused(400, cannot, "ALREADY_ACTIVATED")
		told := listener.await("CARD_STATUS_UPDATED", 1)
		listener.heardOfCards(1)
		if now := a.get("/cards/"+card).has("physicalCardStatus", "ACTIVATED"); !equal(told[0]["data"], now.json()) {
			t.Errorf("announced %v, the card is %s", told[0], now.body)
		}
		parcels := listener.events("CARD_SHIPMENT_STATUS_UPDATED")
		if len(parcels) != boxes {
			t.Fatalf("%v: %d events of the shipment, want %d", policies, len(parcels), boxes)
		}
		now := a.get("/card-shipments/"+box).has("status", "IN_TRANSIT", "cards.0.productionStatus", "ACTIVATED")
		if boxes == 1 && !equal(parcels[0]["data"], now.json()) {
			t.Errorf("announced %v, the shipment is %s", parcels[0], now.body)
		}
	}
	try(1)
	try(0, "webhooks.shipment_event_on_activation=false")
}
