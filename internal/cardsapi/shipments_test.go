package cardsapi_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/storetest"
)

func replaced(body string, pairs ...string) string {
	return strings.NewReplacer(pairs...).Replace(body)
}

// TestShipments_Form is contract §14.2 and §26.13, items 109 and 110: every problem at once, nothing made.
func TestShipments_Form(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.WithPolicy("shipping.countries", "MX,HK,US,ES"), storetest.WithPolicy("shipping.couriers", "DHL,POSTAL"))
	card := h.fresh()
	good := draftOf(member(card))
	for name, c := range map[string]struct {
		body     string
		problems []string
	}{
		"empty":               {`{}`, []string{"cards required", "courier required", "destinationAddress required", "recipient required"}},
		"empty parts":         {`{"cards":[],"courier":{},"destinationAddress":{},"recipient":{}}`, []string{"cards too_short", "courier.type required", "destinationAddress.city required", "destinationAddress.country required", "destinationAddress.line1 required", "recipient.dialCode required", "recipient.email required", "recipient.firstName required", "recipient.lastName required", "recipient.phoneNumber required"}},
		"not served":          {replaced(good, `"MEX"`, `"FR"`), []string{"destinationAddress.country unsupported_country"}},
		"no such country":     {replaced(good, `"MEX"`, `"XX"`), []string{"destinationAddress.country invalid_enum"}},
		"a country's name":    {replaced(good, `"MEX"`, `"Mexico"`), []string{"destinationAddress.country invalid_enum"}},
		"lower case":          {replaced(good, `"MEX"`, `"mx"`), []string{"destinationAddress.country invalid_enum"}},
		"no zone":             {replaced(good, `"zone":"CMX",`, ``), []string{"destinationAddress.zone zone_required"}},
		"empty zone and code": {replaced(good, `"CMX"`, `" "`, `"06600"`, `""`), []string{"destinationAddress.postalCode postal_code_required", "destinationAddress.zone zone_required"}},
		"dial code":           {replaced(good, `:52,`, `:999,`), []string{"recipient.dialCode invalid_dial_code"}},
		"dial code as text":   {replaced(good, `:52,`, `:"52",`), []string{"recipient.dialCode invalid_type"}},
		"dial code of 52.5":   {replaced(good, `:52,`, `:52.5,`), []string{"recipient.dialCode invalid_type"}},
		"dial code of 10^30":  {replaced(good, `:52,`, `:1000000000000000000000000000000,`), []string{"recipient.dialCode invalid_dial_code"}},
		"dial code of 1e30":   {replaced(good, `:52,`, `:1e30,`), []string{"recipient.dialCode invalid_dial_code"}},
		"phone with letters":  {replaced(good, `+52 55 1234-5678`, `55 CALL 5678`), []string{"recipient.phoneNumber invalid_phone"}},
		"phone too long":      {replaced(good, `+52 55 1234-5678`, `12345678901234`), []string{"recipient.phoneNumber invalid_phone"}},
		"courier":             {replaced(good, `"DHL"`, `"UPS"`), []string{"courier.type invalid_enum"}},
		"courier not offered": {replaced(good, `"DHL"`, `"FEDEX"`), []string{"courier.type unsupported_courier"}},
		"unprintable":         {replaced(good, `"Ana"`, `"北京"`, `Reforma`, `🙂`), []string{"destinationAddress.line1 invalid_format", "recipient.firstName invalid_format"}},
		"twice":               {draftOf(member(card), member(strings.ToUpper(card))), []string{"cards.1.cardId duplicate"}},
		"201 cards":           {draftOf(strings.Split(strings.Repeat(member(card)+" ", 201), " ")[:201]...), []string{"cards too_long"}},
		"members":             {draftOf(`1`, `{"cardId":"x","cardDesignId":"","shippingAddress":{}}`), []string{"cards.0 invalid_type", "cards.1.cardDesignId too_short", "cards.1.cardId invalid_format", "cards.1.shippingAddress.city required", "cards.1.shippingAddress.country required", "cards.1.shippingAddress.line1 required"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := h.post("/card-shipments", c.body)
			a.t = t
			a.wrong("body", c.problems...)
		})
	}
	if a := h.get("/card-shipments?cardId=" + card).want(200); a.body != `{"items":[],"nextCursor":null}` {
		t.Errorf("%s", a.body)
	}
	for _, form := range []string{`:52.0,`, `:5.2e1,`} {
		a := h.post("/card-shipments", replaced(draftOf(member(h.fresh())), `:52,`, form)).want(200)
		if a.raw("recipient", "dialCode") != "52" {
			t.Errorf("%s is stored as %s", form, a.raw("recipient", "dialCode"))
		}
	}
	h.post("/card-shipments", replaced(good, `"MEX"`, `"HK"`, `"zone":"CMX",`, ``, `"06600"`, `""`)).want(200)
}

// TestShipments_Drafts is contract §14.3 to §14.9 and §26.13, items 112 to 115 and 124.
func TestShipments_Drafts(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	one, two, three := h.fresh(), h.fresh(), h.fresh()
	h.events()
	box := h.post("/card-shipments", draftOf(member(one), member(two))).want(200)
	path := "/card-shipments/" + box.text("id")
	if got := h.get(path).want(200); got.body != box.body || kinds(h.events()) != "" {
		t.Errorf("created\n%s, got\n%s", box.body, got.body)
	}
	for _, name := range []string{"trackingNumber", "trackingUrl", "cutoffDate", "submittedAt", "deliveredAt"} {
		if box.raw(name) != "null" {
			t.Errorf("%s is %s", name, box.raw(name))
		}
	}
	create := func(cards ...string) answer {
		for i := range cards {
			cards[i] = member(cards[i])
		}
		return h.post("/card-shipments", draftOf(cards...))
	}
	create(three, someID).refused(404, "CARD_NOT_FOUND", `{"cardId":"`+someID+`"}`)
	user, account := h.approved()
	virtual := h.post("/cards", `{"userId":"`+user+`","accountId":"`+account+`","type":"VIRTUAL"}`).want(200).text("id")
	create(three, virtual).refused(400, "CARD_TYPE_NOT_SUPPORTED", `{"type":"VIRTUAL"}`)
	create(three, one).refused(400, "CARD_ALREADY_IN_SHIPMENT", `{"cardId":"`+one+`","shipmentId":"`+box.text("id")+`"}`)
	h.post("/cards/"+three+"/block", "").want(200)
	create(three).refused(400, "CARD_NOT_SHIPPABLE", `{"cardId":"`+three+`","reason":"BLOCKED"}`)
	h.post("/cards/"+three+"/unblock", "").want(200)
	h.post("/cards/"+three+"/freeze", "").want(200)

	h.post(path+"/cards", member(one)).refused(400, "CARD_ALREADY_IN_SHIPMENT", "")
	added := h.post(path+"/cards", `{"cardId":"`+three+`","shippingAddress":`+replaced(addressMX, "Reforma", "Juarez")+`}`).want(200)
	if added.text("cards", "2", "cardId") != three || added.text("cards", "2", "shippingAddress", "line1") != "Av. Juarez 222" {
		t.Errorf("%s", added.body)
	}
	h.do("DELETE", path+"/cards/"+someID, "").refused(404, "CARD_SHIPMENT_MEMBER_NOT_FOUND", "null")
	h.do("DELETE", path+"/cards/"+added.text("cards", "0", "id"), "").want(200)
	h.do("DELETE", path+"/cards/"+added.text("cards", "1", "id"), "").want(200)
	h.do("DELETE", path+"/cards/"+added.text("cards", "2", "id"), "").refused(400, "CARD_SHIPMENT_LAST_CARD", "null")

	h.world.Clock.Advance(time.Minute)
	same := h.do("PATCH", path, `{}`).want(200)
	if same.body != h.get(path).body {
		t.Error("an empty PATCH changed something")
	}
	h.do("PATCH", path, `{"courier":null,"recipient":null,"destinationAddress":null}`).wrong("body", "courier required", "destinationAddress required", "recipient required")
	patched := h.do("PATCH", path, `{"destinationAddress":`+replaced(addressMX, "Reforma", "Hidalgo")+`,"courier":{"type":"POSTAL"}}`).want(200)
	if patched.text("destinationAddress", "line1") != "Av. Hidalgo 222" || patched.raw("courier") != `{"type":"POSTAL","name":null}` ||
		patched.text("cards", "0", "shippingAddress", "line1") != "Av. Juarez 222" || patched.text("updatedAt") <= same.text("updatedAt") {
		t.Errorf("%s", patched.body)
	}
	h.do("DELETE", path, "").want(204)
	h.get(path).refused(404, "CARD_SHIPMENT_NOT_FOUND", "null")

	id := h.placed(one, three)
	path = "/card-shipments/" + id
	for _, a := range []answer{
		h.do("PATCH", path, `{}`), h.do("DELETE", path, ""), h.post(path+"/cards", member(two)), h.do("DELETE", path+"/cards/"+someID, ""),
	} {
		a.refused(400, "CARD_SHIPMENT_NOT_EDITABLE", `{"status":"PLACED"}`)
	}
	create(one).refused(400, "CARD_NOT_SHIPPABLE", `{"cardId":"`+one+`","reason":"ALREADY_ORDERED"}`)
	for filter, want := range map[string]int{"cardId=" + one: 1, "cardId=" + two: 0, "status=PLACED": 1, "status=DRAFT": 0, "status=PLACED&cardId=" + three: 1} {
		a := h.get("/card-shipments?" + filter).want(200)
		if strings.Count(a.body, `"submittedAt"`) != want || strings.Contains(a.body, `"cards"`) {
			t.Errorf("%s: %s", filter, a.body)
		}
	}
}

func TestShipments_HoldTwoHundred(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	user, account := h.approved()
	members := make([]string, 201)
	for i := range members {
		members[i] = member(h.post("/cards", `{"userId":"`+user+`","accountId":"`+account+`","type":"PHYSICAL"}`).want(200).text("id"))
	}
	box := h.post("/card-shipments", draftOf(members[:200]...)).want(200)
	h.post("/card-shipments/"+box.text("id")+"/cards", members[200]).refused(400, "CARD_SHIPMENT_FULL", `{"max":200}`)
	h.post("/card-shipments/"+box.text("id")+"/submit", "").want(200)
	h.scanned(box.text("id"), "DELIVERED")
	if b := h.get("/card-shipments/" + box.text("id")).want(200); b.text("cards", "199", "productionStatus") != "COMPLETED" {
		t.Errorf("%s", b.raw("cards", "199"))
	}
}

// TestShipments_Submit is contract §14.10 and §26.13, items 116 to 122.
func TestShipments_Submit(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	at := func(line2 string) string { return replaced(addressMX, "Piso 5", line2) }
	refusedMember := func(card string) string {
		return `{"cardId":"` + card + `","shippingAddress":` + at("SANDBOX-REJECT") + `}`
	}
	submit := func(box, key string) answer {
		return h.do("POST", "/card-shipments/"+box+"/submit", "", "Idempotency-Key", key)
	}
	submit(someID, "none").refused(404, "CARD_SHIPMENT_NOT_FOUND", "null")

	one, two, three := h.fresh(), h.fresh(), h.fresh()
	box := h.post("/card-shipments", draftOf(member(one), refusedMember(two), member(three))).want(200).text("id")
	h.post("/cards/"+three+"/block", "").want(200)
	h.events()
	partial := submit(box, "partial").want(207)
	for i, want := range []string{"REQUESTED null", "BULK_SHIP_REJECTED \"MANUFACTURER_REJECTED\"", "BULK_SHIP_REJECTED \"CARD_BLOCKED\""} {
		m := string(rune('0' + i))
		if got := partial.text("cards", m, "productionStatus") + " " + partial.raw("cards", m, "rejectionReason"); got != want || (i > 0) != (partial.raw("cards", m, "rejectedAt") != "null") {
			t.Errorf("member %d: %s", i, partial.raw("cards", m))
		}
	}
	if all := h.events(); kinds(all) != "CARD_SHIPMENT_STATUS_UPDATED" || all[0].raw("data") != partial.body {
		t.Errorf("%v", all)
	}
	submit(box, "partial").replays(partial)
	submit(box, "other").refused(400, "CARD_SHIPMENT_ALREADY_SUBMITTED", `{"status":"PLACED"}`)
	if h.physical(two) != "NOT_ORDERED" {
		t.Error("a refused card is not free")
	}

	elsewhere := h.placed(two)
	h.scanned(box, "IN_TRANSIT")
	if h.physical(one) != "IN_TRANSIT" || h.physical(two) != "REQUESTED" {
		t.Errorf("a box that refused a card took it along: %s", h.physical(two))
	}
	h.post("/simulation/card-shipments/"+elsewhere+"/production-status", `{"status":"REJECTED"}`).want(204)

	all := h.post("/card-shipments", draftOf(refusedMember(two))).want(200)
	path := "/card-shipments/" + all.text("id")
	no := submit(all.text("id"), "all").refused(400, "CARD_SHIPMENT_REJECTED",
		`{"rejections":[{"memberId":"`+all.text("cards", "0", "id")+`","cardId":"`+two+`","reason":"MANUFACTURER_REJECTED"}]}`)
	if h.get(path).text("status") != "DRAFT" {
		t.Error("a refused draft did not stay")
	}
	h.post(path+"/cards", member(h.fresh())).want(200)
	h.do("DELETE", path+"/cards/"+all.text("cards", "0", "id"), "").want(200)
	submit(all.text("id"), "all").replays(no)
	submit(all.text("id"), "corrected").want(200)

	down := h.post("/card-shipments", replaced(draftOf(member(two)), "Piso 5", "SANDBOX-DOWN")).want(200).text("id")
	if a := submit(down, "down").refused(503, "MANUFACTURER_UNAVAILABLE", "null"); a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	h.do("PATCH", "/card-shipments/"+down, `{"destinationAddress":`+addressMX+`}`).want(200)
	submit(down, "down").want(200)

	late := h.fresh()
	box = h.post("/card-shipments", draftOf(`{"cardId":"`+late+`","shippingAddress":`+at("SANDBOX-REJECT-LATER")+`}`)).want(200).text("id")
	submit(box, "late").want(200)
	h.events()
	h.post("/simulation/card-shipments/"+box+"/production-status", `{"status":"IN_PRODUCTION"}`).want(204)
	told := h.events()
	if kinds(told) != "CARD_SHIPMENT_STATUS_UPDATED" || told[0].text("data", "status") != "CANCELED" || told[0].text("data", "cards", "0", "productionStatus") != "BULK_SHIP_REJECTED" {
		t.Errorf("%v", told)
	}
	if h.physical(late) != "NOT_ORDERED" {
		t.Errorf("%s", h.physical(late))
	}
	again := h.placed(late)
	h.scanned(again, "IN_TRANSIT")
	code := h.get("/cards/" + late + "/activation-code").want(200).text("activationCode")
	h.post("/cards/"+late+"/activate", codeBody(code)).want(204)
	if old := h.get("/card-shipments/" + box); old.text("cards", "0", "productionStatus") != "BULK_SHIP_REJECTED" {
		t.Errorf("%s", old.body)
	}
}

func TestShipments_ParallelSubmitsPlaceOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	box := h.post("/card-shipments", draftOf(member(h.fresh()))).want(200).text("id")
	h.events()
	answers := make([]answer, 10)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() { answers[i] = h.post("/card-shipments/"+box+"/submit", "") })
	}
	all.Wait()
	placed := 0
	for _, a := range answers {
		if a.status == 200 {
			placed++
			continue
		}
		a.refused(400, "CARD_SHIPMENT_ALREADY_SUBMITTED", "")
	}
	if placed != 1 || kinds(h.events()) != "CARD_SHIPMENT_STATUS_UPDATED" {
		t.Errorf("placed %d times", placed)
	}
}

// TestSimulation_OfShipments is contract §23.2 and §26.17, item 150.
func TestSimulation_OfShipments(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	bad := func(a answer, reason string) {
		t.Helper()
		a.refused(400, "SIMULATION_INVALID_STATE", `{"reason":"`+reason+`"}`)
	}
	one, two := h.fresh(), h.fresh()
	scan := func(path, body string) answer { return h.post("/simulation/"+path+"/shipping-status", body) }
	make := func(path, body string) answer { return h.post("/simulation/"+path+"/production-status", body) }
	bad(scan("cards/"+one, `{"status":"IN_TRANSIT"}`), "NO_SHIPMENT")
	draft := h.post("/card-shipments", draftOf(member(one), member(two))).want(200).text("id")
	for _, path := range []string{"card-shipments/" + draft, "cards/" + one} {
		bad(scan(path, `{"status":"IN_TRANSIT"}`), "NOT_SUBMITTED")
		bad(make(path, `{"status":"IN_PRODUCTION"}`), "NOT_SUBMITTED")
	}
	h.post("/card-shipments/"+draft+"/submit", "").want(200)
	box := "card-shipments/" + draft
	bad(scan("cards/"+one, `{"status":"IN_TRANSIT"}`), "SEVERAL_CARDS")
	make(box, `{"status":"ON_HOLD","cardIds":["`+two+`"]}`).want(204)
	make(box, `{"status":"COMPLETED","cardIds":["`+one+`"]}`).want(204)
	bad(make(box, `{"status":"COMPLETED","cardIds":["`+someID+`"]}`), "NO_SHIPMENT")
	make(box, `{"status":"COMPLETED","cardIds":["x",1]}`).wrong("body", "cardIds.0 invalid_format", "cardIds.1 invalid_type")
	make(box, `{"status":"DONE"}`).wrong("body", "status invalid_enum")
	scan(box, `{"shippingStatus":"PLACED","occurredAt":"yesterday"}`).wrong("body", "occurredAt invalid_format", "shippingStatus invalid_enum")
	h.world.Clock.Advance(2 * time.Hour) // no scan lies in the future
	scan(box, `{"status":"IN_TRANSIT","occurredAt":"2026-03-06T10:00:00-06:00","scanId":"s1","trackingUrl":"https://track.example.com/1"}`).want(204)
	h.events()
	scan(box, `{"status":"IN_TRANSIT","scanId":"s1"}`).want(204)
	scan(box, `{"status":"IN_TRANSIT","occurredAt":"2026-03-06T09:00:00-06:00"}`).want(204)
	if kinds(h.events()) != "" {
		t.Error("a repeated or late scan was announced")
	}
	bad(make(box, `{"status":"COMPLETED"}`), "TOO_LATE")
	bad(scan(box, `{"status":"READY_TO_SHIP"}`), "TOO_LATE")
	if h.physical(one) != "IN_TRANSIT" || h.physical(two) != "IN_PRODUCTION" {
		t.Errorf("%s, %s", h.physical(one), h.physical(two))
	}
	scan(box, `{"status":"DELIVERED","occurredAt":"2026-03-06T12:00:00-06:00"}`).want(204)
	if b := h.get("/" + box); b.text("deliveredAt") != "2026-03-06T18:00:00.000Z" || b.text("trackingUrl") != "https://track.example.com/1" {
		t.Errorf("%s", b.body)
	}
	h.events()
	scan(box, `{"status":"RETURNED","occurredAt":"2026-03-06T13:00:00-06:00"}`).want(204)
	bad(scan(box, `{"status":"CANCELED"}`), "TOO_LATE")
	if kinds(h.events()) != "" || h.physical(one) != "DELIVERED" {
		t.Error("a scan after the end moved something")
	}
	canceled, again, _ := h.shipped()
	h.events()
	h.scanned(again, "CANCELED")
	if kinds(h.events()) != "CARD_SHIPMENT_STATUS_UPDATED "+cardEvent || h.physical(canceled) != "CANCELED" {
		t.Errorf("%s", h.physical(canceled))
	}
}

func TestSimulation_FormOfAScan(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, box, _ := h.shipped()
	scan := func(body string) answer { return h.post("/simulation/card-shipments/"+box+"/shipping-status", body) }
	for _, url := range []string{
		"x", "javascript:alert(1)", "ftp://track.example.com/1", "https:///1", "//track.example.com/1", "https://track.example.com/a b", "https://%zz", "https:track.example.com",
	} {
		scan(`{"status":"DELIVERED","trackingUrl":"`+url+`"}`).wrong("body", "trackingUrl invalid_url")
	}
	scan(`{"status":"DELIVERED","occurredAt":"x","trackingUrl":"x"}`).wrong("body", "occurredAt invalid_format", "trackingUrl invalid_url")
	ahead := h.world.Clock.Now().Add(time.Millisecond)
	body := `{"status":"DELIVERED","trackingUrl":"HTTP://track.example.com/ü?n=1","occurredAt":"` + ahead.Format(time.RFC3339Nano) + `"}`
	scan(body).wrong("body", "occurredAt too_big")
	if got := h.get("/card-shipments/" + box); got.text("status") != "IN_TRANSIT" {
		t.Errorf("%s", got.body)
	}
	h.world.Clock.Advance(time.Millisecond)
	scan(body).want(204)
	if got := h.get("/card-shipments/" + box); got.text("status") != "DELIVERED" || got.text("trackingUrl") != "HTTP://track.example.com/ü?n=1" {
		t.Errorf("%s", got.body)
	}
}

func TestSimulation_ACardCanceledInProductionIsTold(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	one, two := h.fresh(), h.fresh()
	box := h.placed(one, two)
	h.events()
	h.post("/simulation/cards/"+one+"/production-status", `{"status":"CANCELED"}`).want(204)
	all := h.events()
	if kinds(all) != "CARD_SHIPMENT_STATUS_UPDATED "+cardEvent || all[1].raw("data") != h.get("/cards/"+one).body || all[1].text("data", "physicalCardStatus") != "CANCELED" {
		t.Errorf("%v", all)
	}
	if all[0].raw("data") != h.get("/card-shipments/"+box).body {
		t.Errorf("%s", all[0].body)
	}
	if h.physical(two) != "REQUESTED" {
		t.Errorf("%s", h.physical(two))
	}
}
