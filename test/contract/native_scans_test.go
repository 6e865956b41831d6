package contract

import (
	"sync"
	"testing"
)

// nativeScans lets a courier report in its own words: late, twice, in any order, and several at once.
func nativeScans(t *testing.T, h *house) {
	p := h.program(t)
	p.set("couriers.scans=DHL:PU=in_transit,DHL:LM=out_for_delivery,DHL:ND=delivery_failed,DHL:OK=delivered,DHL:INFO=ignored")
	a, courier := p.cards(), p.native("scans:write")
	reports := []object{
		{"status": "PU", "at": "2026-03-06T08:00:00Z"},
		{"status": "LM", "at": "2026-03-07T08:00:00Z"},
		{"status": "ND", "at": "2026-03-07T12:00:00Z"},
		{"status": "LM", "at": "2026-03-08T08:00:00Z", "scan_id": "4"},
		{"status": "OK", "at": "2026-03-08T12:00:00Z"},
		{"status": "INFO", "at": "2026-03-09T08:00:00Z"},
	}
	var boxes, cards []string
	for _, number := range []string{"FORWARD", "BACKWARD", "AT-ONCE"} {
		cards = append(cards, a.fresh())
		boxes = append(boxes, a.placed(cards[len(cards)-1]))
		courier.post("/v1/couriers/DHL/scans", object{"tracking_number": number, "shipment_id": boxes[len(boxes)-1], "status": "INFO"}).is(200).has("status", "placed")
	}
	tell := func(number, box string, report object) {
		body := object{"tracking_number": number, "shipment_id": box}
		for k, v := range report {
			body[k] = v
		}
		courier.post("/v1/couriers/DHL/scans", body).is(200).has("shipment_id", box)
	}
	for i := range reports {
		tell("FORWARD", boxes[0], reports[i])
		tell("BACKWARD", boxes[1], reports[len(reports)-1-i])
		tell("BACKWARD", boxes[1], reports[len(reports)-1-i])
	}
	var all sync.WaitGroup
	for _, r := range reports {
		all.Go(func() { tell("AT-ONCE", boxes[2], r) })
	}
	all.Wait()
	reader := p.native("shipments:read")
	for i, box := range boxes {
		r := reader.get("/v1/shipments/"+box).is(200).has("status", "delivered", "delivered_at", "2026-03-08T12:00:00.000Z", "scans.4.status", "delivered")
		if n := len(r.list("scans")); n != 5 {
			t.Errorf("%d scans: %s", n, r.body)
		}
		a.get("/cards/"+cards[i]).is(200).has("physicalCardStatus", "DELIVERED")
	}
	courier.post("/v1/couriers/DHL/scans", object{"tracking_number": "FORWARD", "status": "OK"}).is(200).has("shipment_id", boxes[0])
	courier.post("/v1/couriers/DHL/scans", object{"tracking_number": "NOBODYS", "status": "OK"}).told(404, "tracking_number_unknown")
	h.program(t).native("all").post("/v1/couriers/DHL/scans", object{"tracking_number": "FORWARD", "status": "delivered"}).told(404, "tracking_number_unknown")
	courier.post("/v1/couriers/DHL/scans", object{"tracking_number": "FORWARD", "status": "EATEN"}).told(422, "courier_word_unknown")
	courier.get("/v1/shipments/"+boxes[0]).told(403, "scope_missing")

	box := a.placed(a.fresh())
	first := object{"tracking_number": "AHEAD", "shipment_id": box, "status": "ND"}
	courier.post("/v1/couriers/FEDEX/scans", object{"tracking_number": "AHEAD", "shipment_id": box, "status": "delivered"}).told(404, "shipment_not_found")
	for _, at := range []string{"0001-01-01T00:00:00Z", "yesterday"} {
		courier.post("/v1/couriers/DHL/scans", object{"tracking_number": "AHEAD", "shipment_id": box, "status": "PU", "at": at}).told(422, "native_form_invalid")
	}
	first["tracking_url"] = "javascript:alert(1)"
	courier.post("/v1/couriers/DHL/scans", first).told(422, "native_form_invalid")
	first["tracking_url"], first["at"] = "https://dhl.example.com/AHEAD", "2090-01-01T00:00:00Z"
	courier.post("/v1/couriers/DHL/scans", first).is(200).has("status", "delivery_failed")
	p.advance("1m")
	courier.post("/v1/couriers/DHL/scans", object{"tracking_number": "AHEAD", "status": "LM"}).is(200).has("status", "out_for_delivery")
	other := a.placed(a.fresh())
	courier.post("/v1/couriers/DHL/scans", object{"tracking_number": "AHEAD", "shipment_id": other, "status": "PU"}).told(409, "tracking_number_taken")
	courier.post("/v1/couriers/DHL/scans", object{"tracking_number": "AHEAD", "status": "OK"}).is(200).has("status", "delivered", "shipment_id", box)
	courier.post("/v1/couriers/DHL/scans", object{"tracking_number": "AHEAD", "shipment_id": other, "status": "PU"}).is(200).has("status", "in_transit")
	third := a.placed(a.fresh()) // the newest with the number ends; an older one is still under way with it
	courier.post("/v1/couriers/DHL/scans", object{"tracking_number": "LATER", "shipment_id": third, "status": "OK"}).is(200)
	courier.post("/v1/couriers/DHL/scans", object{"tracking_number": "LATER", "shipment_id": other, "status": "LM"}).is(200).has("status", "out_for_delivery")
	fourth := object{"tracking_number": "LATER", "shipment_id": a.placed(a.fresh()), "status": "PU"}
	courier.post("/v1/couriers/DHL/scans", fourth).told(409, "tracking_number_taken")
	gone := a.placed(a.fresh())
	p.native("shipments:write").post("/v1/shipments/"+gone+"/cancel", object{"reason": "No need"}).is(200)
	courier.post("/v1/couriers/DHL/scans", object{"tracking_number": "GONE", "shipment_id": gone, "status": "PU"}).told(409, "shipment_too_late")
}
