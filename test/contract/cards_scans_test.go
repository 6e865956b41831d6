package contract

import (
	"slices"
	"testing"
	"time"
)

func rollUp() []check {
	return []check{
		only(125, "the walk from NOT_ORDERED to ACTIVATED; updatedAt rises", walk),
		only(126, "each row of the tables of physicalCardStatus and productionStatus", rollUpTables),
		only(127, "a jump from PLACED to DELIVERED", jump),
		only(128, "all orders of the same scans, with repeats, end the same", allOrders),
		only(129, "IN_TRANSIT after DELIVERED moves nothing", lateScan),
	}
}

func walk(t *testing.T, h *house) {
	a := h.program(t).cards()
	card := a.fresh()
	last := ""
	step := func(want string) {
		t.Helper()
		r := a.get("/cards/"+card).is(200).has("physicalCardStatus", want, "status", "ACTIVE")
		if now := r.text("updatedAt"); now <= last {
			t.Errorf("%s: updatedAt %s after %s", want, now, last)
		} else {
			last = now
		}
	}
	step("NOT_ORDERED")
	box := a.draft(card)
	a.get("/cards/"+card).has("physicalCardStatus", "NOT_ORDERED")
	a.submit(box).is(200)
	step("REQUESTED")
	a.produce(box, "IN_PRODUCTION")
	step("IN_PRODUCTION")
	a.produce(box, "COMPLETED")
	step("PRODUCTION_COMPLETED")
	for _, scan := range []string{"IN_TRANSIT", "OUT_FOR_DELIVERY", "DELIVERED"} {
		a.scan(box, scan)
		step(scan)
	}
	a.activate(card, a.code(card)).is(204)
	step("ACTIVATED")
}

// row is one way to a state: what is done with a placed card, and what is shown then.
type row struct {
	name                string
	do                  func(a api, card, box string)
	physical, member    string
	shipment, activates string // "" activates, else the reason
}

func scans(statuses ...string) func(a api, card, box string) {
	return func(a api, _, box string) {
		a.t.Helper()
		for _, s := range statuses {
			a.scan(box, s)
		}
	}
}

func steps(statuses ...string) func(a api, card, box string) {
	return func(a api, _, box string) {
		a.t.Helper()
		for _, s := range statuses {
			a.produce(box, s)
		}
	}
}

// rollUpRows are the rows of §13 with the statuses of §13.1 and §13.2 beside them. Virtual cards, drafts and cards in
// stock without a shipment stand in other checks of their own (37, 109, 62).
func rollUpRows() []row {
	activate := func(a api, card, box string) {
		a.t.Helper()
		a.scan(box, "IN_TRANSIT")
		a.activate(card, a.code(card)).is(204)
	}
	return []row{
		{"requested", scans(), "REQUESTED", "REQUESTED", "PLACED", "NOT_SHIPPED"},
		{"in production", steps("IN_PRODUCTION"), "IN_PRODUCTION", "IN_PRODUCTION", "IN_PRODUCTION", "NOT_SHIPPED"},
		{"on hold", steps("IN_PRODUCTION", "ON_HOLD"), "IN_PRODUCTION", "ON_HOLD", "IN_PRODUCTION", "NOT_SHIPPED"},
		{"produced", steps("COMPLETED"), "PRODUCTION_COMPLETED", "COMPLETED", "READY_TO_SHIP", "NOT_SHIPPED"},
		{"in transit", scans("IN_TRANSIT"), "IN_TRANSIT", "COMPLETED", "IN_TRANSIT", ""},
		{"out for delivery", scans("OUT_FOR_DELIVERY"), "OUT_FOR_DELIVERY", "COMPLETED", "OUT_FOR_DELIVERY", ""},
		{"delivered", scans("DELIVERED"), "DELIVERED", "COMPLETED", "DELIVERED", ""},
		{"failed", scans("DELIVERY_FAILED"), "DELIVERY_FAILED", "COMPLETED", "DELIVERY_FAILED", "DELIVERY_FAILED"},
		{"returned", scans("IN_TRANSIT", "RETURNED"), "DELIVERY_FAILED", "COMPLETED", "DELIVERY_FAILED", "RETURNED"},
		{"exception", scans("EXCEPTION"), "EXCEPTION", "COMPLETED", "EXCEPTION", "DELIVERY_EXCEPTION"},
		{"lost", scans("IN_TRANSIT", "LOST"), "EXCEPTION", "COMPLETED", "EXCEPTION", "LOST_IN_TRANSIT"},
		{"shipment canceled", scans("CANCELED"), "CANCELED", "CANCELED", "CANCELED", "CANCELED"},
		{"plastic canceled", steps("CANCELED"), "CANCELED", "CANCELED", "CANCELED", "CANCELED"},
		{"rejected", steps("REJECTED"), "NOT_ORDERED", "BULK_SHIP_REJECTED", "CANCELED", "NOT_SHIPPED"},
		{"activated", activate, "ACTIVATED", "ACTIVATED", "IN_TRANSIT", "ALREADY_ACTIVATED"},
		{"activated, then delivered", func(a api, card, box string) { activate(a, card, box); a.scan(box, "DELIVERED") }, "ACTIVATED", "ACTIVATED", "DELIVERED", "ALREADY_ACTIVATED"},
		{"recovered", scans("DELIVERY_FAILED", "EXCEPTION", "IN_TRANSIT"), "IN_TRANSIT", "COMPLETED", "IN_TRANSIT", ""},
		{"on hold, and the box left", func(a api, card, box string) {
			other := a.fresh()
			b := a.placed(card, other)
			a.produce(b, "ON_HOLD", card)
			a.scan(b, "IN_TRANSIT")
		}, "IN_PRODUCTION", "ON_HOLD", "IN_TRANSIT", "NOT_SHIPPED"},
	}
}

func rollUpTables(t *testing.T, h *house) {
	a := h.program(t).cards()
	for _, r := range rollUpRows() {
		card, box := a.fresh(), ""
		if r.name != "on hold, and the box left" {
			box = a.placed(card)
		}
		r.do(a, card, box)
		a.get("/cards/"+card).has("physicalCardStatus", r.physical)
		if box == "" {
			box = a.get("/card-shipments?cardId=" + card).text("items.0.id")
		}
		if m := a.get("/card-shipments/"+box).has("status", r.shipment).member(card); m["productionStatus"] != r.member {
			t.Errorf("%s: member %v, want %s", r.name, m["productionStatus"], r.member)
		}
		answer := a.activate(card, "123456")
		switch {
		case r.activates != "":
			answer.refused(400, cannot, r.activates)
		case answer.status != 204: // one in a million is the right code
			answer.refused(400, wrongCode)
		}
	}
}

func jump(t *testing.T, h *house) {
	a := h.program(t).cards()
	card := a.fresh()
	box := a.placed(card)
	a.scan(box, "DELIVERED")
	a.get("/card-shipments/"+box).has("status", "DELIVERED", "cards.0.productionStatus", "COMPLETED")
	a.get("/cards/"+card).has("physicalCardStatus", "DELIVERED")
	a.activate(card, a.code(card)).is(204)
}

// orders gives every order of the numbers below n.
func orders(n int) [][]int {
	if n == 0 {
		return [][]int{nil}
	}
	var all [][]int
	for _, shorter := range orders(n - 1) {
		for at := range n {
			all = append(all, slices.Insert(slices.Clone(shorter), at, n-1))
		}
	}
	return all
}

func allOrders(t *testing.T, h *house) {
	a := h.program(t).cards()
	owner := a.holder()
	now := time.Now().UTC().Truncate(time.Second)
	statuses := []string{"IN_TRANSIT", "DELIVERY_FAILED", "OUT_FOR_DELIVERY", "DELIVERED"}
	at := make([]string, len(statuses))
	for i := range at {
		at[i] = now.Add(time.Duration(i-10) * time.Minute).Format("2006-01-02T15:04:05.000Z")
	}
	for n, order := range orders(len(statuses)) {
		card := a.cardOf(owner, "PHYSICAL")
		box := a.placed(card)
		latest := 0
		for i, scan := range order {
			a.scan(box, statuses[scan], "occurredAt", at[scan])
			if i == n%len(order) {
				a.scan(box, statuses[order[0]], "occurredAt", at[order[0]]) // the first again
			}
			latest = max(latest, scan) // what happened last decides, whenever it came
			a.get("/card-shipments/"+box).has("status", statuses[latest])
		}
		a.get("/card-shipments/"+box).has("status", "DELIVERED", "deliveredAt", at[3])
		a.get("/cards/"+card).has("physicalCardStatus", "DELIVERED")
	}
}

func lateScan(t *testing.T, h *house) {
	a := h.program(t).cards()
	card := a.fresh()
	box := a.placed(card)
	listener := a.listen()
	a.scan(box, "DELIVERED")
	listener.await("CARD_SHIPMENT_STATUS_UPDATED", 1)
	before := a.get("/card-shipments/" + box).is(200)
	a.scan(box, "IN_TRANSIT")
	a.scan(box, "IN_TRANSIT", "scanId", "X1", "occurredAt", time.Now().Add(-time.Hour).UTC().Format(time.RFC3339))
	a.post("/simulation/cards/"+card+"/shipping-status", object{"shippingStatus": "RETURNED"}).is(204)
	if after := a.get("/card-shipments/" + box); after.body != before.body {
		t.Errorf("%s after a late scan, was %s", after.body, before.body)
	}
	listener.settled()
	if n := len(listener.told()); n != 1 {
		t.Errorf("%d events, want 1", n)
	}
}
