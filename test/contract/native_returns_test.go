package contract

import (
	"sync"
	"testing"
)

// nativeReturns sends again what came back, follows it to the first tap, and destroys what came back twice.
func nativeReturns(t *testing.T, h *house) {
	p := h.program(t)
	a, n, foreign := p.cards(), p.native("all"), h.program(t).native("all")
	card := a.fresh()
	box := a.placed(card)
	code := a.code(card)
	a.scan(box, "IN_TRANSIT")
	path, why := "/v1/shipments/"+box, object{"reason": "nobody was at home", "tracking_number": "SECOND"}
	n.post(path+"/reship", why).told(409, "shipment_not_returned").has("context.cause", "in_transit")
	a.scan(box, "RETURNED")
	foreign.post(path+"/reship", why).told(404, "shipment_not_found")
	p.native("shipments:read").post(path+"/destroy", object{"reason": "x"}).told(403, "scope_missing")

	cursor := n.get("/v1/events").is(200).text("next_cursor")
	var all sync.WaitGroup
	answers := make([]reply, 4)
	for i := range answers {
		all.Go(func() { answers[i] = n.post(path+"/reship", why) })
	}
	all.Wait()
	again := ""
	for _, r := range answers {
		switch {
		case r.status != 201:
			r.told(409, "shipment_emptied")
		case again != "":
			t.Errorf("sent again twice: %s", r.body)
		default:
			again = r.has("status", "ready_to_ship", "tracking_number", "SECOND", "members.0.card_id", card).text("id")
		}
	}
	n.get("/v1/events?types=shipment.reshipped&cursor="+cursor).is(200).has("items.0.data.shipment_id", again)
	if got := n.get("/v1/cards/" + card + "/activation/eligibility").obstacles(); got != "not_shipped" {
		t.Errorf("before its second journey: %q", got)
	}
	a.scan(box, "DELIVERED") // late, of the first journey
	n.get("/v1/shipments/"+again).is(200).has("status", "ready_to_ship")
	a.get("/card-shipments/"+again).is(200).has("status", "READY_TO_SHIP", "trackingNumber", "SECOND")
	a.scan(again, "IN_TRANSIT")
	n.get("/v1/cards/"+card).is(200).has("parcel.id", again, "plastic.custody", "courier")
	a.scan(box, "IN_TRANSIT")
	n.get("/v1/cards/"+card).is(200).has("plastic.custody", "courier")
	n.post("/v1/cards/"+card+"/activation", object{"code": code}).is(200)

	gone := a.fresh()
	box = a.placed(gone)
	code = a.code(gone)
	a.scan(box, "RETURNED")
	n.post("/v1/shipments/"+box+"/destroy", object{"reason": "no such address"}).is(200).has("members.0.plastic_state", "void", "members.0.custody", "destroyed")
	n.get("/v1/cards/"+gone).is(200).has("plastic.void_reason", "returned_destroyed", "status", "open")
	a.get("/cards/"+gone).is(200).has("physicalCardStatus", "CANCELED")
	n.post("/v1/cards/"+gone+"/activation", object{"code": code}).told(409, "canceled")
	n.post("/v1/shipments/"+box+"/reship", object{"reason": "x"}).told(409, "shipment_emptied")
}
