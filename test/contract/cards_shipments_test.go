package contract

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

func shipments() []check {
	return []check{
		{[]int{109, 114}, "drafts of 1 and of 200 cards, not of 0, 201 or one twice; members come and go until submit", drafts},
		only(110, "every problem of addresses, recipient and courier at once", problemsOfDrafts),
		only(111, "MEX is answered as MX, a phone number as its national digits", readings),
		only(112, "virtual, unknown, in another draft, ordered, activated, canceled, expired, blocked, not eligible: nothing is made", refusedMembers),
		only(113, "PATCH each part; null; nothing; after submit", editedDrafts),
		only(115, "a deleted draft sets its cards free; after submit it stays", deletedDrafts),
		only(116, "submit wants a key; PLACED, REQUESTED, dates, one event", submitted),
		only(117, "submit again: replay, refusal, ten at once place one order", submittedAgain),
		only(118, "one refused of three: 207, and its card is free again", partlyRefused),
		only(119, "all refused: 400, still a draft; corrected it goes under a new key", allRefused),
		only(120, "the bureau is down: 503, still a draft; the same key works later", bureauDown),
		only(121, "members are looked at again at submit", lookedAtAgain),
		only(122, "a refusal of the bureau that comes later", refusedLater),
		only(123, "the cut-off of this or of the next working day", cutOffs),
		only(124, "lists have no cards, a GET has", listedShipments),
	}
}

const notEditable = "CARD_SHIPMENT_NOT_EDITABLE"

// several makes physical cards for one holder.
func (a api) several(n int) (cards []string) {
	a.t.Helper()
	owner := a.holder()
	for range n {
		cards = append(cards, a.cardOf(owner, "PHYSICAL"))
	}
	return cards
}

// nothingOf wants no shipment, a draft included, to hold any of the cards.
func (a api) nothingOf(cards ...string) {
	a.t.Helper()
	for _, card := range cards {
		a.get("/card-shipments?cardId="+card).is(200).has("items", []any{}, "nextCursor", nil)
	}
}

func drafts(t *testing.T, h *house) {
	a := h.program(t).cards()
	cards := a.several(201)
	listener := a.listen()
	a.post("/card-shipments", parcelOf()).invalid("body", "cards too_short")
	a.post("/card-shipments", parcel(cards...)).invalid("body", "cards too_long")
	a.post("/card-shipments", parcel(cards[0], cards[1], strings.ToUpper(cards[0]))).invalid("body", "cards.2.cardId duplicate")
	a.nothingOf(cards[0], cards[200])

	one := a.post("/card-shipments", parcel(cards[200])).is(200)
	whole := mexico()
	whole["line2"] = nil
	recipient, courier := ana(), object{"type": "DHL", "name": nil}
	one.has("status", "DRAFT", "destinationAddress", whole, "recipient", recipient, "courier", courier, "trackingNumber", nil, "trackingUrl", nil,
		"cutoffDate", nil, "submittedAt", nil, "deliveredAt", nil)
	one.has("cards.0.cardId", cards[200], "cards.0.cardDesignId", a.get("/cards/"+cards[200]).at("cardDesignId"), "cards.0.shippingAddress", whole,
		"cards.0.productionStatus", "PENDING", "cards.0.rejectedAt", nil, "cards.0.rejectionReason", nil)
	holdsJust(t, one.json().(object), "id", "status", "destinationAddress", "recipient", "courier", "trackingNumber", "trackingUrl", "cutoffDate",
		"createdAt", "updatedAt", "submittedAt", "deliveredAt", "cards")
	holdsJust(t, one.list("cards")[0], "id", "cardId", "cardDesignId", "shippingAddress", "productionStatus", "rejectedAt", "rejectionReason", "createdAt", "updatedAt")

	many := a.post("/card-shipments", parcel(cards[:200]...)).is(200).has("status", "DRAFT")
	members := many.list("cards")
	if len(members) != 200 {
		t.Fatalf("%d members", len(members))
	}
	for i, m := range members {
		if m["cardId"] != cards[i] || m["productionStatus"] != "PENDING" {
			t.Errorf("member %d is %v", i, m)
		}
	}
	if got := a.get("/card-shipments/" + many.text("id")).is(200); got.body != many.body {
		t.Error("a GET differs from what was created")
	}
	listener.settled()
	if n := len(listener.told()); n != 0 {
		t.Errorf("%d events about drafts", n)
	}
	a.delete("/card-shipments/" + one.text("id")).is(204)
	editedMembers(t, a, many.text("id"), cards)
}

// holdsJust wants an object to have these members and no others.
func holdsJust(t *testing.T, o object, names ...string) {
	t.Helper()
	got := slices.Sorted(maps.Keys(o))
	slices.Sort(names)
	if !slices.Equal(got, names) {
		t.Errorf("members %v, want %v", got, names)
	}
}

func problemsOfDrafts(t *testing.T, h *house) {
	a := h.program(t, "shipping.countries=MX,US,HK", "shipping.couriers=DHL,POSTAL").cards()
	card := a.fresh()
	elsewhere := mexico()
	elsewhere["country"] = "FR"
	body := object{
		"destinationAddress": object{"line1": "Av. Reforma 222", "city": "Ciudad de Mexico", "country": "MX"},
		"recipient":          object{"firstName": "北京", "lastName": "Torres", "phoneNumber": "55 CALL 5678", "dialCode": 999, "email": "ana.example.com"},
		"courier":            object{"type": "UPS"},
		"cards":              []any{object{"cardId": card, "shippingAddress": elsewhere}, object{"cardId": "x", "cardDesignId": ""}},
	}
	a.post("/card-shipments", body).invalid("body",
		"cards.0.shippingAddress.country unsupported_country", "cards.1.cardDesignId too_short", "cards.1.cardId invalid_format", "courier.type invalid_enum",
		"destinationAddress.postalCode postal_code_required", "destinationAddress.zone zone_required",
		"recipient.dialCode invalid_dial_code", "recipient.email invalid_format", "recipient.firstName invalid_format", "recipient.phoneNumber invalid_phone",
	).lacks("UPS", "CALL", "北京", "ana.example.com")
	a.post("/card-shipments", object{}).invalid("body", "cards required", "courier required", "destinationAddress required", "recipient required")

	// One problem each, in a body that is good otherwise.
	for _, c := range []struct {
		part, name string
		value      any
		problem    string
	}{
		{"destinationAddress", "line1", "", "too_short"},
		{"destinationAddress", "line1", strings.Repeat("x", 101), "too_long"},
		{"destinationAddress", "line1", "Calle 北京", "invalid_format"},
		{"destinationAddress", "line2", strings.Repeat("x", 101), "too_long"},
		{"destinationAddress", "city", strings.Repeat("x", 61), "too_long"},
		{"destinationAddress", "zone", strings.Repeat("x", 61), "too_long"},
		{"destinationAddress", "zone", "  ", "zone_required"},
		{"destinationAddress", "postalCode", strings.Repeat("1", 17), "too_long"},
		{"destinationAddress", "country", "FR", "unsupported_country"},
		{"destinationAddress", "country", "XX", "invalid_enum"},
		{"destinationAddress", "country", "mx", "invalid_enum"},
		{"recipient", "firstName", strings.Repeat("x", 51), "too_long"},
		{"recipient", "lastName", "", "too_short"},
		{"recipient", "phoneNumber", "123", "invalid_phone"},
		{"recipient", "phoneNumber", "12345678901234", "invalid_phone"}, // 16 digits with the dial code
		{"recipient", "phoneNumber", "+49 55 1234 5678", "invalid_phone"},
		{"recipient", "dialCode", "52", "invalid_type"},
		{"recipient", "email", strings.Repeat("x", 250) + "@example.com", "too_long"},
		{"courier", "type", "SF_EXPRESS", "invalid_enum"},
		{"courier", "type", "FEDEX", "unsupported_courier"},
		{"courier", "name", strings.Repeat("x", 61), "too_long"},
	} {
		body := parcel(card)
		body[c.part].(object)[c.name] = c.value
		a.post("/card-shipments", body).invalid("body", c.part+"."+c.name+" "+c.problem)
	}
	a.nothingOf(card)
	body = parcel(card) // nor does Hong Kong have zones or postal codes
	body["destinationAddress"] = object{"line1": "1 Queen's Road Central", "city": "Hong Kong", "country": "HK"}
	a.post("/card-shipments", body).is(200).has("destinationAddress.zone", nil, "destinationAddress.postalCode", nil)
}

func readings(t *testing.T, h *house) {
	a := h.program(t).cards()
	for _, c := range []struct{ country, phone string }{
		{"MEX", "+52 55 1234 5678"}, {"MX", "55-1234-5678"}, {"MEX", "+525512345678"}, {"MX", "5512345678"},
	} {
		body := parcel(a.fresh())
		body["destinationAddress"].(object)["country"] = c.country
		body["destinationAddress"].(object)["line1"] = "  Av. Reforma 222 "
		body["recipient"].(object)["phoneNumber"] = c.phone
		made := a.post("/card-shipments", body).is(200)
		for _, r := range []reply{made, a.get("/card-shipments/" + made.text("id")).is(200)} {
			r.has("destinationAddress.country", "MX", "cards.0.shippingAddress.country", "MX", "destinationAddress.line1", "Av. Reforma 222",
				"recipient.phoneNumber", "5512345678", "recipient.dialCode", 52)
		}
	}
}

func refusedMembers(t *testing.T, h *house) {
	a := h.program(t).cards()
	good := a.fresh()
	virtual := a.cardOf(a.holder(), "VIRTUAL")
	taken := a.fresh()
	other := a.draft(taken)
	blocked := a.fresh()
	a.post("/cards/"+blocked+"/block", nil).is(200)
	expired := a.fresh()
	a.simulate(expired, "EXPIRED").is(204)
	canceled := a.fresh()
	a.scan(a.placed(canceled), "CANCELED")
	ordered := a.fresh()
	a.placed(ordered)
	rejected := a.fresh()
	a.decide(a.get("/cards/"+rejected).text("userId"), "REJECTED")
	foreign := h.program(t).cards().fresh()

	create := func(card string) reply { t.Helper(); return a.post("/card-shipments", parcel(good, card)) }
	mine := a.post("/card-shipments", parcel(a.fresh())).is(200).text("id")
	add := func(card string) reply {
		t.Helper()
		return a.post("/card-shipments/"+mine+"/cards", object{"cardId": card})
	}
	before := a.get("/card-shipments/" + mine)
	for _, try := range []func(string) reply{create, add} {
		try(nobody).refused(404, "CARD_NOT_FOUND").has("error.detail", object{"cardId": nobody})
		try(foreign).refused(404, "CARD_NOT_FOUND").has("error.detail", object{"cardId": foreign})
		try(virtual).refused(400, "CARD_TYPE_NOT_SUPPORTED").has("error.detail", object{"type": "VIRTUAL"})
		try(taken).refused(400, "CARD_ALREADY_IN_SHIPMENT").has("error.detail", object{"cardId": taken, "shipmentId": other})
		for reason, card := range map[string]string{
			"BLOCKED": blocked, "EXPIRED": expired, "CANCELED": canceled, "ALREADY_ORDERED": ordered, "USER_NOT_ELIGIBLE": rejected, "ACTIVATED": a.active(),
		} {
			try(card).refused(400, "CARD_NOT_SHIPPABLE").has("error.detail", object{"cardId": card, "reason": reason})
		}
	}
	design := parcel(good)
	design["cards"].([]any)[0].(object)["cardDesignId"] = nobody
	a.post("/card-shipments", design).refused(404, "CARD_DESIGN_NOT_FOUND").has("error.detail", nil)
	// The first that offends, in the order of the body, is the one that is told.
	a.post("/card-shipments", parcel(good, virtual, nobody)).refused(400, "CARD_TYPE_NOT_SUPPORTED")
	a.post("/card-shipments", parcel(good, nobody, virtual)).refused(404, "CARD_NOT_FOUND")

	a.nothingOf(good, virtual, blocked, expired, rejected)
	if now := a.get("/card-shipments/" + mine); now.body != before.body {
		t.Errorf("%s after refusals, was %s", now.body, before.body)
	}
	a.post("/cards/"+good+"/freeze", nil).is(200) // which is no hindrance
	a.draft(good)
}

func editedDrafts(t *testing.T, h *house) {
	a := h.program(t).cards()
	card := a.fresh()
	made := a.post("/card-shipments", parcel(card)).is(200)
	path := "/card-shipments/" + made.text("id")
	if same := a.patch(path, object{}).is(200); same.body != made.body {
		t.Errorf("%s after an empty PATCH, was %s", same.body, made.body)
	}
	there := mexico()
	there["line1"], there["line2"] = "Av. Hidalgo 7", nil
	luis := object{"firstName": "Luis", "lastName": "Paz", "phoneNumber": "5587654321", "dialCode": 52, "email": "luis@example.com"}
	post := object{"type": "POSTAL", "name": "Registered"}
	want := object{"destinationAddress": made.at("destinationAddress"), "recipient": made.at("recipient"), "courier": made.at("courier")}
	last := made
	for _, part := range []struct {
		name  string
		value object
	}{{"destinationAddress", there}, {"recipient", luis}, {"courier", post}, {"courier", object{"type": "DHL", "name": nil}}} {
		want[part.name] = part.value
		now := a.patch(path, object{part.name: part.value}).is(200)
		now.has("destinationAddress", want["destinationAddress"], "recipient", want["recipient"], "courier", want["courier"],
			"status", "DRAFT", "cards", made.at("cards"), "createdAt", made.at("createdAt"))
		if now.text("updatedAt") < last.text("updatedAt") {
			t.Errorf("updatedAt %s after %s", now.text("updatedAt"), last.text("updatedAt"))
		}
		last = now
	}
	a.patch(path, object{"destinationAddress": nil, "recipient": nil, "courier": nil}).
		invalid("body", "courier required", "destinationAddress required", "recipient required")
	a.patch(path, object{"recipient": object{"firstName": "Eva"}, "courier": object{"type": "UPS"}}).invalid("body",
		"courier.type invalid_enum", "recipient.dialCode required", "recipient.email required", "recipient.lastName required", "recipient.phoneNumber required")
	if now := a.get(path).is(200); now.body != last.body {
		t.Errorf("%s after refusals, was %s", now.body, last.body)
	}
	a.patch("/card-shipments/"+nobody, object{}).refused(404, "CARD_SHIPMENT_NOT_FOUND")

	placed := a.submit(made.text("id")).is(200)
	for _, body := range []object{{}, {"courier": post}, {"recipient": luis}, {"destinationAddress": mexico()}} {
		a.patch(path, body).refused(400, notEditable).has("error.detail", object{"status": "PLACED"})
	}
	a.scan(made.text("id"), "IN_TRANSIT")
	a.patch(path, object{"courier": post}).refused(400, notEditable).has("error.detail", object{"status": "IN_TRANSIT"})
	a.get(path).has("courier", placed.at("courier"), "recipient", placed.at("recipient"), "destinationAddress", placed.at("destinationAddress"))
}

// editedMembers is about a draft that is full with all cards but the last.
func editedMembers(t *testing.T, a api, full string, cards []string) {
	t.Helper()
	add := func(box, card string) reply {
		t.Helper()
		return a.post("/card-shipments/"+box+"/cards", object{"cardId": card})
	}
	add(full, cards[200]).refused(400, "CARD_SHIPMENT_FULL").has("error.detail", object{"max": 200})
	first := a.get("/card-shipments/" + full).text("cards.0.id")
	a.delete("/card-shipments/" + full + "/cards/" + first).is(200)
	if now := add(full, cards[200]).is(200); len(now.list("cards")) != 200 || now.text("cards.199.cardId") != cards[200] {
		t.Error("the place of a removed card was not filled")
	}
	a.nothingOf(cards[0])

	box := a.draft(cards[0])
	path := "/card-shipments/" + box
	add(box, cards[0]).refused(400, "CARD_ALREADY_IN_SHIPMENT").has("error.detail", object{"cardId": cards[0], "shipmentId": box})
	only := a.get(path).text("cards.0.id")
	a.delete(path+"/cards/"+only).refused(400, "CARD_SHIPMENT_LAST_CARD").has("error.detail", nil)
	a.delete(path+"/cards/"+nobody).refused(404, "CARD_SHIPMENT_MEMBER_NOT_FOUND")
	a.delete(path+"/cards/"+cards[0]).refused(404, "CARD_SHIPMENT_MEMBER_NOT_FOUND") // the card's id is not the member's
	a.delete(path+"/cards/"+a.get("/card-shipments/"+full).text("cards.0.id")).refused(404, "CARD_SHIPMENT_MEMBER_NOT_FOUND")
	a.delete("/card-shipments/"+nobody+"/cards/"+only).refused(404, "CARD_SHIPMENT_NOT_FOUND")
	add(nobody, cards[0]).refused(404, "CARD_SHIPMENT_NOT_FOUND")

	second := a.fresh()
	there := mexico()
	there["line1"] = "Av. Juarez 9"
	added := a.post(path+"/cards", object{"cardId": second, "shippingAddress": there}).is(200)
	there["line2"] = nil
	added.has("cards.1.cardId", second, "cards.1.shippingAddress", there, "cards.1.productionStatus", "PENDING")
	left := a.delete(path+"/cards/"+only).is(200).has("cards.0.cardId", second)
	if len(left.list("cards")) != 1 {
		t.Errorf("%d cards are left", len(left.list("cards")))
	}
	a.submit(box).is(200)
	add(box, cards[0]).refused(400, notEditable).has("error.detail", object{"status": "PLACED"})
	a.delete(path+"/cards/"+left.text("cards.0.id")).refused(400, notEditable)
	a.delete(path+"/cards/"+nobody).refused(400, notEditable)
	a.delete(path).refused(400, notEditable)
	a.nothingOf(cards[0])
}

func deletedDrafts(t *testing.T, h *house) {
	a := h.program(t).cards()
	cards := a.several(2)
	box := a.draft(cards...)
	a.delete("/card-shipments/" + box).is(204)
	a.get("/card-shipments/"+box).refused(404, "CARD_SHIPMENT_NOT_FOUND")
	a.delete("/card-shipments/"+box).refused(404, "CARD_SHIPMENT_NOT_FOUND")
	a.submit(box).refused(404, "CARD_SHIPMENT_NOT_FOUND")
	a.nothingOf(cards...)
	box = a.placed(cards...)
	a.delete("/card-shipments/"+box).refused(400, notEditable).has("error.detail", object{"status": "PLACED"})
	a.get("/card-shipments/"+box).is(200).has("status", "PLACED")
	a.scan(box, "DELIVERED")
	a.delete("/card-shipments/"+box).refused(400, notEditable).has("error.detail", object{"status": "DELIVERED"})
}

func listedShipments(t *testing.T, h *house) {
	a := h.program(t).cards()
	cards := a.several(2)
	refused := a.placed(cards[0])
	a.produce(refused, "REJECTED")
	ended := a.placed(cards[1])
	a.scan(ended, "DELIVERED")
	open := a.draft(cards[0])
	for query, want := range map[string][]string{
		"cardId=" + cards[0]: {open, refused}, "cardId=" + cards[1]: {ended}, "cardId=" + nobody: nil,
		"status=DRAFT": {open}, "status=CANCELED": {refused}, "status=PLACED": nil,
		"cardId=" + cards[0] + "&status=DRAFT": {open}, "cardId=" + cards[1] + "&status=DRAFT": nil, "limit=100": {open, ended, refused},
	} {
		items := a.get("/card-shipments?" + query).is(200).list("items")
		var got []string
		for _, item := range items {
			got = append(got, item["id"].(string))
			whole := a.get("/card-shipments/" + item["id"].(string)).is(200).json().(object)
			if len(whole["cards"].([]any)) != 1 {
				t.Errorf("a GET has the cards %v", whole["cards"])
			}
			delete(whole, "cards")
			if !equal(item, whole) {
				t.Errorf("%s: item %v, the shipment is %v", query, item, whole)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
	a.get("/card-shipments?status=LOST").invalid("query", "status invalid_enum")
}
