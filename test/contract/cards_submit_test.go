package contract

import (
	"testing"
	"time"
)

const (
	rejected     = "BULK_SHIP_REJECTED"
	allRejected  = "CARD_SHIPMENT_REJECTED"
	wasSubmitted = "CARD_SHIPMENT_ALREADY_SUBMITTED"
)

// order submits a draft under a key.
func (a api) order(shipment, key string) reply {
	a.t.Helper()
	return a.keyed(key).post("/card-shipments/"+shipment+"/submit", nil)
}

// mailedTo is a member whose address has that second line, which the sandbox's bureau may read as a trigger.
func mailedTo(card, line2 string) object {
	there := mexico()
	there["line2"] = line2
	return object{"cardId": card, "shippingAddress": there}
}

// parcelOf is a draft's body around members.
func parcelOf(members ...object) object {
	body, all := parcel(), []any{}
	for _, m := range members {
		all = append(all, m)
	}
	body["cards"] = all
	return body
}

// member gives the member of a card.
func (r reply) member(card string) object {
	r.t.Helper()
	for _, m := range r.list("cards") {
		if m["cardId"] == card {
			return m
		}
	}
	r.t.Fatalf("%s: no member %s: %s", r.call, card, r.body)
	return nil
}

// accepted wants a card's member to be ordered, and the card to have a code.
func (r reply) accepted(a api, card string) {
	r.t.Helper()
	if m := r.member(card); m["productionStatus"] != "REQUESTED" || m["rejectedAt"] != nil || m["rejectionReason"] != nil {
		r.t.Fatalf("member %v, want it accepted", m)
	}
	a.get("/cards/"+card).has("physicalCardStatus", "REQUESTED")
	a.code(card)
}

// turnedDown wants a card's member to be refused for a reason, and the card to be as if it had never been ordered.
func (r reply) turnedDown(a api, card, reason string) {
	r.t.Helper()
	m := r.member(card)
	at, _ := m["rejectedAt"].(string)
	if _, err := time.Parse(time.RFC3339, at); err != nil || m["productionStatus"] != rejected || m["rejectionReason"] != reason {
		r.t.Fatalf("member %v, want it refused with %s", m, reason)
	}
	a.get("/cards/"+card).has("physicalCardStatus", "NOT_ORDERED")
}

func submitted(t *testing.T, h *house) {
	a := h.program(t).cards()
	listener := a.listen()
	cards := a.several(2)
	box := a.draft(cards...)
	before := a.get("/card-shipments/" + box)
	a.post("/card-shipments/"+box+"/submit", nil).invalid("headers", "idempotency-key required")
	if now := a.get("/card-shipments/" + box); now.body != before.body {
		t.Errorf("%s after a refusal, was %s", now.body, before.body)
	}
	placed := a.order(box, "K").is(200).replayed(false).has("id", box, "status", "PLACED", "deliveredAt", nil, "trackingNumber", nil, "trackingUrl", nil,
		"destinationAddress", before.at("destinationAddress"), "recipient", before.at("recipient"), "createdAt", before.at("createdAt"))
	for _, card := range cards {
		placed.accepted(a, card)
	}
	if !placed.moment("cutoffDate").After(placed.moment("submittedAt")) {
		t.Errorf("cut-off %v of what was submitted at %v", placed.at("cutoffDate"), placed.at("submittedAt"))
	}
	if now := a.get("/card-shipments/" + box); now.body != placed.body {
		t.Errorf("a GET gives %s, submit %s", now.body, placed.body)
	}
	if told := listener.await("CARD_SHIPMENT_STATUS_UPDATED", 1); !equal(told[0]["data"], placed.json()) {
		t.Errorf("the event has %v, the answer %s", told[0]["data"], placed.body)
	}
	listener.settled()
	if n := len(listener.events("CARD_SHIPMENT_STATUS_UPDATED")); n != 1 {
		t.Errorf("%d events about one order", n)
	}
}

// moment is at for a time.
func (r reply) moment(path string) time.Time {
	r.t.Helper()
	at, err := time.Parse("2006-01-02T15:04:05.000Z", r.text(path))
	if err != nil {
		r.t.Fatalf("%s: %s: %v", r.call, path, err)
	}
	return at
}

func submittedAgain(t *testing.T, h *house) {
	p := h.program(t)
	a := p.cards()
	card := a.fresh()
	box := a.draft(card)
	first := a.order(box, "K").is(200)
	code := a.code(card)
	if again := a.order(box, "K").is(200).replayed(true); again.body != first.body {
		t.Errorf("%s, first %s", again.body, first.body)
	}
	a.order(box, "L").refused(400, wasSubmitted).has("error.detail", object{"status": "PLACED"})
	a.scan(box, "IN_TRANSIT")
	a.order(box, "M").refused(400, wasSubmitted).has("error.detail", object{"status": "IN_TRANSIT"})
	if again := a.order(box, "K").is(200).replayed(true); again.body != first.body {
		t.Errorf("%s, first %s", again.body, first.body)
	}
	if a.code(card) != code {
		t.Error("another submit made another code")
	}

	card = a.fresh()
	box = a.draft(card)
	listener := a.listen()
	counts(t, together(t, 10, func(i int) reply { return a.order(box, "race-"+itoa(i)) }), map[string]int{"200": 1, "400 " + wasSubmitted: 9})
	orders := map[any]int{}
	for _, row := range p.trail() {
		if row["action"] == "shipment.submit" && row["shipment_id"] == box {
			orders[row["outcome"]]++
		}
	}
	if orders["ok"] != 1 || len(orders) != 2 {
		t.Errorf("the trail has %v of the order", orders)
	}
	listener.await("CARD_SHIPMENT_STATUS_UPDATED", 1)
	listener.settled()
	if n := len(listener.told()); n != 1 {
		t.Errorf("%d events about one order", n)
	}
	a.get("/card-shipments/"+box).accepted(a, card)
}

func partlyRefused(t *testing.T, h *house) {
	a := h.program(t).cards()
	listener := a.listen()
	cards := a.several(3)
	box := a.post("/card-shipments", parcelOf(object{"cardId": cards[0]}, mailedTo(cards[1], "SANDBOX-REJECT"), object{"cardId": cards[2]})).is(200).text("id")
	first := a.order(box, "K").is(207).replayed(false).has("status", "PLACED")
	first.moment("submittedAt")
	first.moment("cutoffDate")
	first.accepted(a, cards[0])
	first.turnedDown(a, cards[1], "MANUFACTURER_REJECTED")
	first.accepted(a, cards[2])
	a.askCode(cards[1]).refused(400, noCode, "NOT_ISSUED")
	if told := listener.await("CARD_SHIPMENT_STATUS_UPDATED", 1); !equal(told[0]["data"], first.json()) {
		t.Errorf("the event has %v, the answer %s", told[0]["data"], first.body)
	}
	if again := a.order(box, "K").is(207).replayed(true); again.body != first.body {
		t.Errorf("%s, first %s", again.body, first.body)
	}
	a.order(box, "L").refused(400, wasSubmitted)

	second := a.draft(cards[1])
	a.submit(second).is(200).accepted(a, cards[1])
	a.scan(box, "IN_TRANSIT") // without the refused card
	for i, want := range []string{"IN_TRANSIT", "REQUESTED", "IN_TRANSIT"} {
		a.get("/cards/"+cards[i]).has("physicalCardStatus", want)
	}
	a.scan(second, "DELIVERED")
	a.activate(cards[1], a.code(cards[1])).is(204)
	if m := a.get("/card-shipments/" + box).member(cards[1]); m["productionStatus"] != rejected || m["rejectedAt"] != first.member(cards[1])["rejectedAt"] {
		t.Errorf("in the shipment that had refused it, the card is now %v", m)
	}
}

func allRefused(t *testing.T, h *house) {
	a := h.program(t).cards()
	cards := a.several(3)
	listener := a.listen()
	made := a.post("/card-shipments", parcelOf(mailedTo(cards[0], "SANDBOX-REJECT"), mailedTo(cards[1], "SANDBOX-REJECT"))).is(200)
	box := made.text("id")
	path := "/card-shipments/" + box
	no := a.order(box, "old").refused(400, allRejected).replayed(false).has("error.detail", object{"rejections": []object{
		{"memberId": made.at("cards.0.id"), "cardId": cards[0], "reason": "MANUFACTURER_REJECTED"},
		{"memberId": made.at("cards.1.id"), "cardId": cards[1], "reason": "MANUFACTURER_REJECTED"},
	}})
	if now := a.get(path).is(200); now.body != made.body {
		t.Errorf("%s after a refusal, was %s", now.body, made.body)
	}
	for _, card := range cards[:2] {
		a.get("/cards/"+card).has("physicalCardStatus", "NOT_ORDERED")
		a.askCode(card).refused(400, noCode, "NOT_ISSUED")
	}
	a.post(path+"/cards", object{"cardId": cards[2]}).is(200)
	for i := range 2 {
		a.delete(path + "/cards/" + made.text("cards."+itoa(i)+".id")).is(200)
	}
	a.post(path+"/cards", object{"cardId": cards[0]}).is(200)
	if again := a.order(box, "old").refused(400, allRejected).replayed(true); again.body != no.body {
		t.Errorf("%s, first %s", again.body, no.body)
	}
	a.get(path).has("status", "DRAFT")
	listener.settled()
	if n := len(listener.told()); n != 0 {
		t.Errorf("%d events about what was never placed", n)
	}
	placed := a.order(box, "new").is(200).replayed(false).has("status", "PLACED")
	placed.accepted(a, cards[2])
	placed.accepted(a, cards[0])
	if again := a.order(box, "old").refused(400, allRejected).replayed(true); again.body != no.body {
		t.Errorf("%s, first %s", again.body, no.body)
	}
}

func bureauDown(t *testing.T, h *house) {
	a := h.program(t).cards()
	card := a.fresh()
	body := parcel(card)
	body["destinationAddress"].(object)["line2"] = "SANDBOX-DOWN"
	body["cards"].([]any)[0].(object)["shippingAddress"] = mexico()
	made := a.post("/card-shipments", body).is(200)
	box := made.text("id")
	for range 2 {
		a.order(box, "K").refused(503, "MANUFACTURER_UNAVAILABLE").replayed(false).waits(1, 3600).has("error.detail", nil)
		if now := a.get("/card-shipments/" + box).is(200); now.body != made.body {
			t.Errorf("%s after a refusal, was %s", now.body, made.body)
		}
	}
	a.get("/cards/"+card).has("physicalCardStatus", "NOT_ORDERED")
	a.askCode(card).refused(400, noCode, "NOT_ISSUED")
	a.patch("/card-shipments/"+box, object{"destinationAddress": mexico()}).is(200)
	placed := a.order(box, "K").is(200).replayed(false).has("status", "PLACED")
	placed.accepted(a, card)
	a.order(box, "K").is(200).replayed(true)
}

func lookedAtAgain(t *testing.T, h *house) {
	a := h.program(t).cards()
	block := func(card string) { t.Helper(); a.post("/cards/"+card+"/block", nil).is(200) }
	good, blocked, expired, unwelcome, frozen := a.fresh(), a.fresh(), a.fresh(), a.fresh(), a.fresh()
	box := a.draft(blocked, good, expired, unwelcome, frozen)
	block(blocked)
	a.simulate(expired, "EXPIRED").is(204)
	a.decide(a.get("/cards/"+unwelcome).text("userId"), "REJECTED")
	a.post("/cards/"+frozen+"/freeze", nil).is(200)
	partly := a.order(box, "K").is(207).has("status", "PLACED")
	partly.turnedDown(a, blocked, "CARD_BLOCKED")
	partly.turnedDown(a, expired, "CARD_EXPIRED")
	partly.turnedDown(a, unwelcome, "USER_NOT_ELIGIBLE")
	partly.accepted(a, good)
	partly.accepted(a, frozen)

	// Our own checks come first: the bureau, which is down, is not asked about a box without a card.
	card := a.fresh()
	body := parcel(card)
	body["destinationAddress"].(object)["line2"] = "SANDBOX-DOWN"
	alone := a.post("/card-shipments", body).is(200)
	block(card)
	a.submit(alone.text("id")).refused(400, allRejected).has("error.detail", object{"rejections": []object{
		{"memberId": alone.at("cards.0.id"), "cardId": card, "reason": "CARD_BLOCKED"},
	}})
	a.get("/card-shipments/"+alone.text("id")).has("status", "DRAFT", "cards.0.productionStatus", "PENDING")
}

func refusedLater(t *testing.T, h *house) {
	a := h.program(t).cards()
	cards := a.several(4)
	box := a.post("/card-shipments", parcelOf(mailedTo(cards[0], "SANDBOX-REJECT-LATER"), object{"cardId": cards[1]})).is(200).text("id")
	placed := a.order(box, "K").is(200)
	placed.accepted(a, cards[0])
	placed.accepted(a, cards[1])
	listener := a.listen()
	a.produce(box, "IN_PRODUCTION")
	now := a.get("/card-shipments/"+box).has("status", "IN_PRODUCTION")
	now.turnedDown(a, cards[0], "MANUFACTURER_REJECTED")
	a.get("/cards/"+cards[1]).has("physicalCardStatus", "IN_PRODUCTION")
	told := listener.await("CARD_SHIPMENT_STATUS_UPDATED", 1)
	if !equal(told[len(told)-1]["data"], now.json()) {
		t.Errorf("the event has %v, a GET %s", told[len(told)-1]["data"], now.body)
	}

	// A jump past production refuses too, and the last living member takes its box along.
	box = a.post("/card-shipments", parcelOf(mailedTo(cards[2], "SANDBOX-REJECT-LATER"), object{"cardId": cards[3]})).is(200).text("id")
	a.submit(box).is(200)
	a.scan(box, "IN_TRANSIT")
	a.get("/card-shipments/"+box).has("status", "IN_TRANSIT").turnedDown(a, cards[2], "MANUFACTURER_REJECTED")
	a.get("/cards/"+cards[3]).has("physicalCardStatus", "IN_TRANSIT")
	box = a.post("/card-shipments", parcelOf(mailedTo(cards[0], "SANDBOX-REJECT-LATER"))).is(200).text("id") // it is free again
	a.submit(box).is(200)
	heard := len(listener.events("CARD_SHIPMENT_STATUS_UPDATED"))
	a.produce(box, "IN_PRODUCTION")
	a.get("/card-shipments/"+box).has("status", "CANCELED").turnedDown(a, cards[0], "MANUFACTURER_REJECTED")
	eventually(t, "the end of the box is told", func() bool {
		for _, e := range listener.events("CARD_SHIPMENT_STATUS_UPDATED") {
			if e["data"].(object)["id"] == box && e["data"].(object)["status"] == "CANCELED" {
				return true
			}
		}
		return false
	})
	if heard == 0 {
		t.Error("no event came before")
	}
}

// cutOffs goes to fixed hours of the working week; the bureau closes its file at 16:00 UTC from Monday to Friday.
func cutOffs(t *testing.T, h *house) {
	p := h.program(t)
	a := p.cards()
	card := a.fresh()
	now := a.get("/cards/" + card).moment("createdAt")
	day := now.Truncate(24 * time.Hour)
	for day = day.AddDate(0, 0, 1); day.Weekday() != time.Wednesday; day = day.AddDate(0, 0, 1) {
	}
	for _, c := range []struct {
		at     time.Duration // since midnight before that Wednesday
		cutOff int           // days after it
	}{
		{15*time.Hour + 50*time.Minute, 0}, // Wednesday, before
		{16*time.Hour + 1*time.Minute, 1},  // Wednesday, after: Thursday
		{39 * time.Hour, 1},                // Thursday, 15:00
		{63 * time.Hour, 2},                // Friday, 15:00
		{65 * time.Hour, 5},                // Friday, 17:00: Monday
		{84 * time.Hour, 5},                // Saturday, noon
		{108 * time.Hour, 5},               // Sunday, noon
		{135 * time.Hour, 5},               // Monday, 15:00
	} {
		card = a.fresh()
		now = a.get("/cards/" + card).moment("createdAt")
		p.advance(day.Add(c.at).Sub(now).Round(time.Second).String())
		placed := a.submit(a.draft(card)).is(200)
		if late := placed.moment("submittedAt").Sub(day.Add(c.at)); late < -time.Minute || late > 8*time.Minute {
			t.Fatalf("submitted %s from the hour that was meant", late)
		}
		if want := day.AddDate(0, 0, c.cutOff).Add(16 * time.Hour); !placed.moment("cutoffDate").Equal(want) {
			t.Errorf("submitted on %s: cut-off %v, want %v", placed.moment("submittedAt").Format("Mon 15:04"), placed.at("cutoffDate"), want)
		}
	}
}
