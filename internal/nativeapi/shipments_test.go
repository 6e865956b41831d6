package nativeapi_test

import (
	"testing"

	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/shipment"
)

// newBox gives a shipment with one card whose plastic is in that state.
func (h *house) newBox(st shipment.Status, plastic card.PlasticState) (shipment.Shipment, card.Plastic) {
	h.t.Helper()
	w := h.world
	holder := w.NewCustomer()
	c := w.NewCard(func(c *card.Card) {
		c.Customer, c.Account, c.HolderName = holder.ID, w.NewAccount(holder).ID, "LAURA PEREZ"
	})
	box := w.NewShipment(func(s *shipment.Shipment) { s.Status = st })
	p := w.NewPlastic(c.ID, func(p *card.Plastic) {
		if p.State = plastic; st != shipment.Draft {
			p.Shipment, p.Custody = box.ID, card.CustodyBureau
		}
	})
	w.Pack(box.ID, p)
	return box, p
}

const (
	elsewhere      = `{"destination":{"line1":"Insurgentes 5","city":"CDMX","country":"MX"},"reason":"The office moved"}`
	elsewhereAgain = `{"destination":{"line1":"Insurgentes 5","city":"CDMX","country":"MX"},"reason":"Nobody was there"}`
)

func TestShipments_AreListedOfBothKinds(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	box, p := h.newBox(shipment.Placed, card.Requested)
	order := h.world.NewBatch(func(b *batch.Batch) { b.Status = batch.Completed })
	ofBatch := h.world.NewShipment(func(s *shipment.Shipment) { s.Kind, s.Batch, s.Status = shipment.OfBatch, order.ID, shipment.Placed })
	first := h.get("/v1/shipments?status=placed&limit=1").want(200)
	if first.text("items", "0", "id") != ofBatch.ID.String() || first.text("items", "0", "batch_id") != order.ID.String() {
		t.Errorf("%s", first.body)
	}
	rest := h.get("/v1/shipments?status=placed&limit=1&cursor=" + first.text("next_cursor")).want(200)
	if rest.text("items", "0", "id") != box.ID.String() || rest.raw("next_cursor") != "null" {
		t.Errorf("%s", rest.body)
	}
	h.get("/v1/shipments?status=eaten&courier=DHL").wrong("query.courier unknown", "query.status invalid_enum")
	one := h.get("/v1/shipments/" + box.ID.String()).want(200)
	if one.text("members", "0", "card_id") != p.Card.String() || one.raw("allowed_actions") != `["cancel","change_destination"]` {
		t.Errorf("%s", one.body)
	}
}

func TestShipments_AreCanceledUntilTheBureauBegins(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, c := range []struct {
		status  shipment.Status
		plastic card.PlasticState
		then    card.PlasticState // "": refused
	}{
		{shipment.Draft, card.Planned, card.Planned},
		{shipment.Placed, card.Requested, card.Canceled},
		{shipment.InProduction, card.InProduction, ""},
		{shipment.InTransit, card.HandedOver, ""},
		{shipment.Canceled, card.Canceled, ""},
	} {
		box, p := h.newBox(c.status, c.plastic)
		path := "/v1/shipments/" + box.ID.String()
		if a := h.post(path+"/cancel", `{"reason":"Ordered twice"}`); c.then == "" {
			if a.refused(409, "shipment_too_late"); a.text("context", "cause") != string(c.status) {
				t.Errorf("%s", a.body)
			}
			h.do("PATCH", path, elsewhere).refused(409, "shipment_too_late")
			continue
		} else if a.want(200).text("status") != "canceled" || a.text("members", "0", "plastic_state") != string(c.then) || a.raw("allowed_actions") != "[]" {
			t.Errorf("%s: %s", c.status, a.body)
		}
		if v := h.world.View(p.Card); v.Plastic.State != c.then || v.Canceled() != (c.then == card.Canceled) {
			t.Errorf("%s: the plastic is %+v", c.status, v.Plastic)
		}
		h.get(path).want(200)
	}
	h.post("/v1/shipments/"+h.world.IDs.UUID().String()+"/cancel", `{}`).wrong("body.reason required")
}

func TestShipments_GoElsewhere(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	box, _ := h.newBox(shipment.Placed, card.Requested)
	path := "/v1/shipments/" + box.ID.String()
	moved := h.do("PATCH", path, elsewhere).want(200)
	if moved.text("destination", "line1") != "Insurgentes 5" || moved.text("members", "0", "address", "line1") != "Insurgentes 5" {
		t.Errorf("%s", moved.body)
	}
	if again := h.do("PATCH", path, elsewhere).want(200); again.text("updated_at") != moved.text("updated_at") {
		t.Errorf("the same destination again: %s", again.body)
	}
	h.do("PATCH", path, `{"destination":{"line1":"寿司","city":"CDMX","country":"MX"},"reason":"x"}`).told("address_invalid", "body.destination not_printable")
	h.do("PATCH", path, `{"destination":{"line1":"A","country":"mx","floor":3}}`).
		wrong("body.reason required", "body.destination.floor unknown", "body.destination.city required", "body.destination.country invalid_format")

	filled := h.world.NewBatch(func(b *batch.Batch) { b.Status = batch.Processing })
	order := h.world.NewBatch(func(b *batch.Batch) { b.Status = batch.Completed })
	boxOf := func(b ident.BatchID) string {
		return "/v1/shipments/" + h.world.NewShipment(func(s *shipment.Shipment) { s.Kind, s.Batch, s.Status = shipment.OfBatch, b, shipment.Placed }).ID.String()
	}
	h.do("PATCH", boxOf(filled.ID), elsewhere).refused(409, "shipment_still_filled")
	path = boxOf(order.ID)
	h.do("PATCH", path, elsewhere).want(200)
	if a := h.get("/v1/batches/" + order.ID.String()).want(200); a.text("delivery_location", "street") != "Insurgentes 5" {
		t.Errorf("%s", a.body)
	}
	if a := h.post(path+"/cancel", `{"reason":"Ordered twice"}`).want(200); a.text("status") != "canceled" {
		t.Errorf("%s", a.body)
	}
}

func TestShipments_WhatCameBackGoesOutAgainInANewOne(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, st := range []shipment.Status{shipment.Draft, shipment.Placed, shipment.InTransit, shipment.DeliveryFailed, shipment.Lost, shipment.Delivered} {
		box, _ := h.newBox(st, card.HandedOver)
		for _, act := range []string{"/reship", "/destroy"} {
			if a := h.post("/v1/shipments/"+box.ID.String()+act, `{"reason":"x"}`).refused(409, "shipment_not_returned"); a.text("context", "cause") != string(st) {
				t.Errorf("%s", a.body)
			}
		}
	}
	box, p := h.newBox(shipment.Returned, card.HandedOver)
	void := h.world.NewPlastic(h.world.NewCard().ID, func(p *card.Plastic) { p.State, p.Shipment = card.Void, box.ID })
	h.world.Pack(box.ID, void)
	path := "/v1/shipments/" + box.ID.String()
	if a := h.get(path).want(200); a.raw("allowed_actions") != `["reship","destroy"]` {
		t.Errorf("%s", a.body)
	}
	h.post(path+"/reship", `{"destination":{"city":"CDMX"},"tracking_number":""}`).
		wrong("body.tracking_number too_short", "body.reason required", "body.destination.line1 required", "body.destination.country required")
	next := h.post(path+"/reship", `{"destination":{"line1":"Insurgentes 5","city":"CDMX","country":"MX"},"tracking_number":"77","reason":"Nobody was there"}`).want(201)
	if next.text("status") != "ready_to_ship" || next.text("tracking_number") != "77" || next.text("destination", "line1") != "Insurgentes 5" ||
		next.text("members", "0", "card_id") != p.Card.String() || next.raw("members", "1") != "" || next.raw("allowed_actions") != "[]" {
		t.Errorf("%s", next.body)
	}
	if v := h.world.View(p.Card); v.Box.ID.String() != next.text("id") || v.Plastic.State != card.HandedOver || v.Plastic.Guard.State != p.Guard.State {
		t.Errorf("%+v", v)
	}
	if a := h.get("/v1/shipments/" + next.text("id")).want(200); a.body != next.body {
		t.Errorf("%s, then %s", next.body, a.body)
	}
	h.post(path+"/reship", `{"reason":"again"}`).refused(409, "shipment_emptied")
	if a := h.get(path).want(200); a.text("status") != "returned" || a.raw("allowed_actions") != `["destroy"]` { // the void one lies there still
		t.Errorf("%s", a.body)
	}
}

func TestShipments_WhatCameBackIsDestroyed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	box, p := h.newBox(shipment.Returned, card.HandedOver)
	used := h.world.NewPlastic(h.world.NewCard().ID, func(p *card.Plastic) { p.State, p.Shipment, p.ActivatedAt = card.Activated, box.ID, h.world.Now() })
	h.world.Pack(box.ID, used)
	path := "/v1/shipments/" + box.ID.String()
	a := h.post(path+"/destroy", `{"reason":"No such address"}`).want(200)
	if a.text("members", "0", "plastic_state") != "void" || a.text("members", "0", "custody") != "destroyed" ||
		a.text("members", "1", "plastic_state") != "activated" || a.text("members", "1", "custody") != "destroyed" || a.raw("allowed_actions") != "[]" {
		t.Errorf("%s", a.body)
	}
	if v := h.world.View(p.Card); v.Plastic.VoidReason != card.VoidDestroyed || v.Plastic.Guard.State != card.GuardVoid || v.Card.Status(h.world.Now()) != card.Open {
		t.Errorf("%+v", v)
	}
	h.post(path+"/destroy", `{"reason":"x"}`).refused(409, "shipment_emptied")
	h.post(path+"/reship", `{"reason":"x"}`).refused(409, "shipment_emptied")
}

func TestShipments_TheBoxOfABatchComesBackToo(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	order := h.world.NewBatch(func(b *batch.Batch) { b.Status = batch.Completed })
	box := h.world.NewShipment(func(s *shipment.Shipment) { s.Kind, s.Batch, s.Status = shipment.OfBatch, order.ID, shipment.Returned })
	var cards []ident.CardID
	fill := func(n int) {
		for range n {
			c := h.world.NewCard()
			h.world.NewPlastic(c.ID, func(p *card.Plastic) {
				p.State, p.Custody, p.Batch, p.Shipment = card.Requested, card.CustodyStock, order.ID, box.ID
			})
			cards = append(cards, c.ID)
		}
	}
	fill(2)
	path := "/v1/shipments/" + box.ID.String()
	next := h.post(path+"/reship", elsewhereAgain).want(201)
	if next.text("status") != "ready_to_ship" || next.raw("members") != "[]" || next.text("batch_id") != order.ID.String() {
		t.Errorf("%s", next.body)
	}
	if a := h.get("/v1/batches/" + order.ID.String()).want(200); a.text("shipment_id") != next.text("id") || a.text("delivery_location", "street") != "Insurgentes 5" {
		t.Errorf("%s", a.body)
	}
	for _, id := range cards {
		if v := h.world.View(id); v.Box.ID.String() != next.text("id") {
			t.Errorf("%+v", v.Box)
		}
	}
	h.post(path+"/destroy", `{"reason":"x"}`).refused(409, "shipment_emptied")
	fill(1)
	if a := h.post(path+"/destroy", `{"reason":"x"}`).want(200); a.raw("members") != "[]" || a.raw("allowed_actions") != "[]" {
		t.Errorf("%s", a.body)
	}
	if v := h.world.View(cards[2]); v.Plastic.State != card.Void || v.Plastic.Custody != card.CustodyDead {
		t.Errorf("%+v", v.Plastic)
	}
	fill(1001)
	if a := h.post(path+"/reship", elsewhereAgain).refused(409, "shipment_too_large"); a.raw("context", "most") != "1000" {
		t.Errorf("%s", a.body)
	}
}
