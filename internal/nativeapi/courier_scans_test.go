package nativeapi_test

import (
	"testing"

	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/shipment"
	"github.com/firsttap/firsttap/internal/storetest"
)

func TestCourierScans_InTheCouriersWords(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.WithPolicy("couriers.scans", "DHL:PU=in_transit,DHL:OK=delivered,DHL:INFO=ignored"))
	box, p := h.newBox(shipment.Placed, card.Requested)
	const dhl = "/v1/couriers/DHL/scans"
	h.post(dhl, `{"tracking_number":"77","status":"PU"}`).refused(404, "tracking_number_unknown")
	h.post(dhl, `{"tracking_number":"77","status":"PU","shipment_id":"`+h.world.IDs.UUID().String()+`"}`).refused(404, "shipment_not_found")
	first := h.post(dhl, `{"tracking_number":"77","status":"PU","shipment_id":"`+box.ID.String()+`","tracking_url":"https://dhl.example.com/77"}`).want(200)
	if first.text("shipment_id") != box.ID.String() || first.text("status") != "in_transit" {
		t.Errorf("%s", first.body)
	}
	h.post(dhl, `{"tracking_number":"77","status":"XX"}`).refused(422, "courier_word_unknown")
	h.post("/v1/couriers/FEDEX/scans", `{"tracking_number":"77","status":"OK"}`).refused(422, "courier_word_unknown")
	h.post("/v1/couriers/FEDEX/scans", `{"tracking_number":"77","status":"delivered"}`).refused(404, "tracking_number_unknown")
	h.post("/v1/couriers/UPS/scans", `{"tracking_number":"77","status":"delivered"}`).refused(404, "courier_unknown")
	h.post(dhl, `{"tracking_number":"77","status":"canceled"}`).refused(422, "courier_word_unknown") // the bureau's word
	h.post(dhl, `{"at":"yesterday","status":""}`).wrong("body.tracking_number required", "body.status too_short", "body.at invalid_format")
	if a := h.post(dhl, `{"tracking_number":"77","status":"INFO"}`).want(200); a.text("status") != "in_transit" {
		t.Errorf("%s", a.body)
	}
	for _, status := range []string{"OK", "PU", "OK"} { // delivered, then late and repeated ones
		at := map[string]string{"OK": "2026-03-09T10:00:00Z", "PU": "2026-03-08T10:00:00Z"}[status]
		if a := h.post(dhl, `{"tracking_number":"77","status":"`+status+`","at":"`+at+`"}`).want(200); a.text("status") != "delivered" {
			t.Errorf("%s", a.body)
		}
	}
	if v := h.world.View(p.Card); v.Plastic.Custody != card.CustodyHolder || v.Box.TrackingURL != "https://dhl.example.com/77" {
		t.Errorf("%+v", v.Plastic)
	}
	draft, _ := h.newBox(shipment.Draft, card.Planned)
	h.post(dhl, `{"tracking_number":"78","status":"PU","shipment_id":"`+draft.ID.String()+`"}`).refused(409, "delivery_not_started")

	order := h.world.NewBatch(func(b *batch.Batch) { b.Status = batch.Completed })
	ofBatch := h.world.NewShipment(func(s *shipment.Shipment) {
		s.Kind, s.Batch, s.Status, s.Courier, s.TrackingNumber = shipment.OfBatch, order.ID, shipment.Placed, shipment.Courier{}, "88"
	})
	if a := h.post(dhl, `{"tracking_number":"88","status":"exception"}`).want(200); a.text("status") != "exception" || a.text("shipment_id") != ofBatch.ID.String() {
		t.Errorf("%s", a.body)
	}
}
