package contract

import (
	"sync"
	"testing"
)

// nativeShipments follows parcels until the bureau begins, and finds the doors of both published APIs agreeing.
func nativeShipments(t *testing.T, h *house) {
	p := h.program(t)
	a, n, foreign := p.cards(), p.native("all"), h.program(t).native("all")
	first, second := a.fresh(), a.fresh()
	draft, box := a.draft(first), a.placed(second)
	path, why := "/v1/shipments/"+box, object{"reason": "ordered twice"}
	if got := n.get("/v1/shipments?status=placed").is(200).list("items"); len(got) != 1 || got[0]["id"] != box {
		t.Errorf("placed are %v", got)
	}
	foreign.get(path).told(404, "shipment_not_found")
	foreign.post(path+"/cancel", why).told(404, "shipment_not_found")
	p.native("shipments:read").post(path+"/cancel", why).told(403, "scope_missing")
	n.get(path).is(200).has("kind", "cards", "members.0.card_id", second, "members.0.plastic_state", "requested", "allowed_actions.0", "cancel")

	to := object{"destination": object{"line1": "Insurgentes 5", "city": "CDMX", "postal_code": "06600", "country": "MX"}, "reason": "she moved"}
	n.patch(path, to).is(200).has("destination.line1", "Insurgentes 5", "members.0.address.line1", "Insurgentes 5")
	a.get("/card-shipments/"+box).is(200).has("destinationAddress.line1", "Insurgentes 5", "cards.0.shippingAddress.line1", "Insurgentes 5")
	n.patch(path, object{"destination": object{"line1": "カード", "city": "CDMX", "country": "MX"}, "reason": "x"}).told(422, "address_invalid")

	n.post("/v1/shipments/"+draft+"/cancel", why).is(200).has("status", "canceled")
	a.get("/cards/"+first).is(200).has("physicalCardStatus", "NOT_ORDERED")
	a.placed(first)
	once := n.keyed("end").post(path+"/cancel", why).is(200).has("status", "canceled", "members.0.plastic_state", "canceled")
	if again := n.keyed("end").post(path+"/cancel", why).is(200).replayed(true); again.body != once.body {
		t.Errorf("%s, and again %s", once.body, again.body)
	}
	n.post(path+"/cancel", why).told(409, "shipment_too_late").has("context.cause", "canceled")
	a.get("/cards/"+second).is(200).has("physicalCardStatus", "CANCELED")

	begun := a.placed(a.fresh())
	a.scan(begun, "IN_TRANSIT")
	path = "/v1/shipments/" + begun
	n.patch(path, to).told(409, "shipment_too_late").has("context.cause", "in_transit")
	n.get(path).is(200).has("scans.0.status", "in_transit", "members.0.custody", "courier")

	stock := p.debit().stock(2)
	listed := n.get("/v1/shipments?limit=1").is(200).has("items.0.kind", "batch", "items.0.status", "placed")
	path = "/v1/shipments/" + listed.text("items.0.id")
	n.patch(path, to).is(200).has("destination.line1", "Insurgentes 5")
	n.get("/v1/batches/"+listed.text("items.0.batch_id")).is(200).has("reference_batch", stock[0].batch, "delivery_location.street", "Insurgentes 5")
	var all sync.WaitGroup
	answers := make([]reply, 4)
	for i := range answers {
		all.Go(func() { answers[i] = n.post(path+"/cancel", why) })
	}
	all.Wait()
	canceled := 0
	for _, r := range answers {
		if r.status == 200 {
			canceled++
		} else {
			r.told(409, "shipment_too_late")
		}
	}
	if canceled != 1 {
		t.Errorf("%d of four at once canceled the box", canceled)
	}
	n.keyed("tap").post("/v1/activations", object{"items": []any{object{"identifier": stock[0].identifier, "reference_batch": stock[0].batch, "customer_id": a.user()}}}).
		is(207).has("items.0.problem.reason", "canceled")
}
