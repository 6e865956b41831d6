package contract

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

func debitCards() []check {
	return []check{
		only(80, "stop with 3, unstop", stopAndUnstop),
		only(81, "a weaker stop changes nothing, or conflicts", weakerStop),
		only(82, "a stronger stop; who lifts 7", strongerStop),
		only(83, "1 is for good; numbers and notes that are wrong", stopForGood),
		only(84, "unstop of what is not stopped, and of what was never activated", unstopOthers),
		only(85, "retire twice; a retired card", retireTwice),
		only(86, "change-pin", changePIN),
		only(87, "viewPinForCustomer", viewPIN),
		only(88, "info", debitInfo),
		only(89, "infoForCustomer", debitInfoForCustomer),
		only(90, "delivery-info follows the scans", deliveryInfo),
		only(91, "linked cards and their CVV", linkedCards),
		only(92, "re-order-linked-card, in one step", reorderLinked),
		only(93, "another's card in each call", anothersCard),
	}
}

func stopAndUnstop(t *testing.T, h *house) {
	p := h.program(t)
	o := p.debit().owner()
	id := o.plastic.id
	o.on("stop", "new_card_status", 3, "note", "I lost sight of it").like(fmt.Sprintf(`"payload":\{"message":"Card stopped","card_id":%d,"status":3\}\}$`, id))
	if shown := o.info(); shown["status"] != 3.0 {
		t.Errorf("stopped: %v", shown["status"])
	}
	o.on("unstop").like(fmt.Sprintf(`"payload":\{"message":"Card unstopped","card_id":%d,"status":22\}\}$`, id))
	if shown := o.info(); shown["status"] != 22.0 {
		t.Errorf("lifted: %v", shown["status"])
	}
	history, _ := p.shown(fmt.Sprint(id))["stops"].([]any)
	if len(history) != 2 {
		t.Fatalf("%d rows of history: %v", len(history), history)
	}
	notes := fmt.Sprint(history[0].(object)["note"], history[1].(object)["note"])
	if !strings.Contains(notes, "I lost sight of it") {
		t.Errorf("the history is %v", history)
	}
}

func weakerStop(t *testing.T, h *house) {
	p := h.program(t)
	o := p.debit().owner()
	o.on("stop", "new_card_status", 7).gives("status", 7)
	o.on("stop", "new_card_status", 3).gives("message", "Card already stopped", "status", 7)
	if history, _ := p.shown(fmt.Sprint(o.plastic.id))["stops"].([]any); len(history) != 1 {
		t.Errorf("the history is %v", history)
	}
	o = h.program(t, "debit.stop_repeat=conflict").debit().owner()
	o.on("stop", "new_card_status", 7).gives("status", 7)
	o.on("stop", "new_card_status", 3).fails(409, 4448)
	o.on("stop", "new_card_status", 7).fails(409, 4448)
}

func strongerStop(t *testing.T, h *house) {
	p := h.program(t)
	o, admin := p.debit().owner(), p.debit("--admin")
	o.on("stop", "new_card_status", 3).gives("status", 3)
	o.on("stop", "new_card_status", 7).gives("message", "Card stopped", "status", 7)
	o.on("unstop").fails(403, 4403, "scope:A")
	admin.post("/debit/v1/unstop", object{"card_id": o.plastic.id, "customer_id": o.person.id}).gives("message", "Card unstopped", "status", 22)
}

func stopForGood(t *testing.T, h *house) {
	p := h.program(t)
	o, admin := p.debit().owner(), p.debit("--admin")
	for _, bad := range []any{0, 19, -1, "x", 1.5} {
		o.on("stop", "new_card_status", bad).fails(400, 4400, "new_card_status:invalid")
	}
	o.on("stop").fails(400, 4400, "new_card_status:required")
	o.on("stop", "new_card_status", 3, "note", strings.Repeat("ñ", 256)).fails(400, 4400, "note:too_long")
	if shown := o.info(); shown["status"] != 22.0 {
		t.Errorf("refusals stopped it: %v", shown["status"])
	}
	o.on("stop", "new_card_status", 3, "note", strings.Repeat("ñ", 255)).gives("status", 3)
	o.on("stop", "new_card_status", 1).gives("status", 1)
	o.on("unstop").fails(400, 4450)
	admin.post("/debit/v1/unstop", object{"card_id": o.plastic.id, "customer_id": o.person.id}).fails(400, 4450)
}

func unstopOthers(t *testing.T, h *house) {
	p := h.program(t)
	a, admin := p.debit(), p.debit("--admin")
	o, bare := a.owner(), a.one()
	o.on("unstop").fails(400, 4449)
	admin.post("/debit/v1/unstop", object{"card_id": bare.id}).fails(400, 4449)
	admin.post("/debit/v1/stop", object{"card_id": bare.id, "new_card_status": 3}).gives("status", 3)
	admin.post("/debit/v1/unstop", object{"card_id": bare.id}).gives("status", 21)
	if shown := p.shown(fmt.Sprint(bare.id)); shown["activated_at"] != nil {
		t.Error("lifting a stop activated a card")
	}
}

func retireTwice(t *testing.T, h *house) {
	p := h.program(t)
	a, admin := p.debit(), p.debit("--admin")
	o, bare := a.owner(), a.one()
	o.on("retire-card", "note", "old").like(fmt.Sprintf(`"payload":\{"message":"Card retired","card_id":%d,"status":23\}\}$`, o.plastic.id))
	o.on("retire-card").fails(400, 4451)
	o.on("stop", "new_card_status", 3).fails(400, 4432)
	o.on("unstop").fails(400, 4432)
	if shown := o.info(); shown["status"] != 23.0 {
		t.Errorf("status %v", shown["status"])
	}
	admin.post("/debit/v1/retire-card", object{"card_id": bare.id}).gives("status", 23)
	admin.post("/debit/v1/retire-card", object{"card_id": bare.id}).fails(400, 4451)
	a.activation(claim(bare, o.person.id)).fails(400, 4432)
}

func changePIN(t *testing.T, h *house) {
	p := h.program(t, "debit.view_pin=on")
	a, admin := p.debit(), p.debit("--admin")
	o, bare := a.owner("pin", "1111"), a.one()
	o.on("change-pin", "new_pin", "7391").like(fmt.Sprintf(`"payload":\{"message":"PIN changed","card_id":%d\}\}$`, o.plastic.id))
	o.on("viewPinForCustomer").gives("pin", "7391")
	for _, bad := range []any{"12345", "123", "12a4", "", 12} {
		o.on("change-pin", "new_pin", bad).fails(400, 4400, "new_pin:invalid")
	}
	admin.post("/debit/v1/change-pin", object{"card_id": bare.id, "new_pin": "7392"}).fails(400, 4445)
	o.on("stop", "new_card_status", 6).gives("status", 6)
	o.on("change-pin", "new_pin", "7392").fails(400, 4444)
	admin.post("/debit/v1/unstop", object{"card_id": o.plastic.id, "customer_id": o.person.id}).ok()
	o.on("viewPinForCustomer").gives("pin", "7391") // on failure the old PIN stays
	o.on("retire-card").ok()
	o.on("change-pin", "new_pin", "7392").fails(400, 4432)
}

func viewPIN(t *testing.T, h *house) {
	p := h.program(t)
	a := p.debit()
	o := a.owner("pin", "7391")
	o.on("viewPinForCustomer").fails(403, 4443).lacks("7391")
	p.set("debit.view_pin=on")
	o.on("viewPinForCustomer").fails(400, 4442)
	o.on("change-pin", "new_pin", "0007").ok()
	for range 5 {
		o.on("viewPinForCustomer").like(`"payload":\{"pin":"0007"\}\}$`)
	}
	o.on("viewPinForCustomer").fails(429, 4429).waits(86000, 86400).lacks("0007")
	p.debit("--admin").post("/debit/v1/viewPinForCustomer", object{"card_id": o.plastic.id, "customer_id": o.person.id}).fails(403, 4403, "scope:C")
	a.post("/debit/v1/viewPinForCustomer", object{"card_id": o.plastic.id}).fails(401, 4401, "Authorization-customer:required")
}

func debitInfo(t *testing.T, h *house) {
	a := h.program(t).debit()
	who := a.person()
	own := a.as(who)
	own.get("/debit/v1/info").like(`"payload":\{"cards":\[\]\}\}$`)
	own.post("/debit/v1/orderCard", object{"balance_id": who.wallet, "delivery_location": cancun()}).gives("status", 20)
	ordered := own.get("/debit/v1/info").ok().list("payload.cards")
	if len(ordered) != 1 || ordered[0]["card_number"] != "" || ordered[0]["status"] != 20.0 || ordered[0]["cardholderName"] != "" || ordered[0]["current_balance"] != "0.00" {
		t.Errorf("ordered: %v", ordered)
	}
	card := a.one()
	a.hold(card, who)
	shown := owner{who, own, card}.info()
	for name, form := range map[string]string{
		"card_number": `^\*{12}\d{4}$`, "cardNumber": `^\*{12}\d{4}$`, "valid_date": `^\d\d/\d\d$`, "current_balance": `^\d+\.\d\d$`, "credit_limit": `^0\.00$`, "cardholderName": `^ANA RUIZ$`,
	} {
		if s, _ := shown[name].(string); !regexp.MustCompile(form).MatchString(s) {
			t.Errorf("%s is %v", name, shown[name])
		}
	}
	if shown["cvv2"] != nil || shown["card_identifier"] != card.identifier || shown["reference_batch"] != card.batch || shown["balance_id"] != float64(who.wallet) {
		t.Errorf("%v", shown)
	}
	a.as(a.person()).get(fmt.Sprintf("/debit/v1/info?card_id=%d", card.id)).fails(404, 4404).said("Card not found")
	full := h.program(t, "debit.reveal_card=full").debit().owner()
	if shown := full.info(); !regexp.MustCompile(`^\d{16}$`).MatchString(shown["card_number"].(string)) || !regexp.MustCompile(`^\d{3}$`).MatchString(shown["cvv2"].(string)) {
		t.Error("in full it is not full")
	}
}

func debitInfoForCustomer(t *testing.T, h *house) {
	p := h.published(t)
	a, admin := p.debit(), p.debit("--admin")
	a.activation(publishedBody1).ok()
	admin.get("/debit/v1/infoForCustomer?customer_id=12345678&card_id=NaN").fails(400, 4400, "card_id:invalid")
	admin.get("/debit/v1/infoForCustomer?customer_id=12345678&card_id=card_987654321").
		like(`"payload":\{"cards":\[\{"card_id":987654321,"card_number":"\*{12}\d{4}","card_type":1,"cvv":"","valid_date":"\d\d/\d\d","status":22\}\]\}\}$`)
	admin.get("/debit/v1/infoForCustomer?customer_id=85&card_id=987654321").fails(404, 4404)
}

func deliveryInfo(t *testing.T, h *house) {
	p := h.program(t)
	a, admin, cards := p.debit(), p.debit("--admin"), p.cards()
	o := a.owner()
	shown := p.shown(fmt.Sprint(o.plastic.id))
	// The cards API makes a plastic whose box is not submitted yet.
	fresh := cards.cardOf(holder{shown["customer_id"].(string), shown["account_id"].(string)}, "PHYSICAL")
	number := int64(p.shown(fresh)["number"].(float64))
	ask := func() reply { return o.post("/debit/v1/delivery-info", object{"card_type": 1, "card_id": number}) }
	ask().fails(400, 4452)
	box := cards.draft(fresh)
	ask().fails(400, 4452)
	cards.submit(box).is(200)
	ask().gives("card_id", number, "card_type", 1, "delivery_status", 1, "delivery_status_text", "placed", "delivery_type", "home")
	cards.scan(box, "OUT_FOR_DELIVERY")
	cards.scan(box, "IN_TRANSIT") // late: moves nothing back
	ask().gives("delivery_status", 5, "delivery_status_text", "out_for_delivery", "delivered_at", nil)
	cards.scan(box, "DELIVERED")
	last := ask().gives("delivery_status", 6).like(`"delivered_at":"\d{4}-\d\d-\d\d"`)
	if strings.Contains(last.body, "scans") || strings.Contains(last.body, "shipment_id") {
		t.Errorf("a customer sees the scans: %s", last.body)
	}
	r := admin.post("/debit/v1/delivery-info", object{"card_type": 1, "card_id": number, "customer_id": o.person.id}).ok()
	if len(r.list("payload.scans")) != 3 || r.text("payload.shipment_id") == "" {
		t.Errorf("for the admin: %s", r.body)
	}
	o.post("/debit/v1/delivery-info", object{"card_type": 2}).fails(400, 4430)
}

// linked makes a virtual card of the owner's wallet.
func (o owner) linked() (id int64) {
	o.t.Helper()
	return int64(o.post(fmt.Sprintf("/debit/v1/create-linked-card?balance_id=%d&campaign_id=", o.wallet), object{}).
		gives("status", 22, "card_type", 2, "cvv", "").number("payload.card_id"))
}

func linkedCards(t *testing.T, h *house) {
	a := h.program(t).debit()
	o := a.owner()
	id := o.linked()
	cvv := func() string {
		r := o.post("/debit/v1/update-cvv-linked-card", object{"card_id": id}).gives("expiration_time_in_minutes", 10).like(`"cvv2":"\d{3}"`)
		return r.text("payload.cvv2")
	}
	if one, two := cvv(), cvv(); one == two {
		t.Error("the CVV stayed the same")
	}
	o.post("/debit/v1/update-cvv-linked-card", object{"card_id": o.plastic.id}).fails(400, 4446)
	o.post("/debit/v1/create-linked-card", object{}).fails(400, 4400, "balance_id:required")
	o.post(fmt.Sprintf("/debit/v1/create-linked-card?balance_id=%d", a.person().wallet), object{}).fails(400, 4400, "balance_id:not_found")
}

func reorderLinked(t *testing.T, h *house) {
	p := h.program(t)
	o := p.debit().owner()
	reorder := func() reply { return o.post("/debit/v1/re-order-linked-card", nil) }
	status := func(id int64) any {
		t.Helper()
		return o.get(fmt.Sprintf("/debit/v1/info?card_id=%d", id)).ok().list("payload.cards")[0]["status"]
	}
	reorder().fails(400, 4447)
	old := o.linked()
	fresh := int64(reorder().gives("status", 22, "card_type", 2, "replaced_card_id", old).number("payload.card_id"))
	if status(old) != 23.0 || status(fresh) != 22.0 {
		t.Errorf("the old card is %v, the new one %v", status(old), status(fresh))
	}
	o.restrict(p)
	reorder().fails(400, 5002)
	if status(fresh) != 22.0 || len(o.get("/debit/v1/info?card_type=2").ok().list("payload.cards")) != 2 {
		t.Errorf("after a refusal the card is %v", status(fresh))
	}
}

func anothersCard(t *testing.T, h *house) {
	a := h.program(t, "debit.view_pin=on").debit()
	theirs, me := a.owner("pin", "7391"), a.person()
	mine := a.as(me)
	linked := theirs.linked()
	for path, more := range map[string][]any{
		"stop": {"new_card_status", 3}, "unstop": nil, "retire-card": nil, "change-pin": {"new_pin", "1234"}, "viewPinForCustomer": nil,
		"delivery-info": {"card_type", 1}, "update-cvv-linked-card": nil,
	} {
		first := ""
		for _, id := range []int64{theirs.plastic.id, linked, 5} {
			r := mine.post("/debit/v1/"+path, also(object{"card_id": id}, more...)).fails(404, 4404).said("Card not found")
			if first == "" {
				first = r.timeless()
			}
			if r.timeless() != first {
				t.Errorf("%s: %s and %s", path, first, r.body)
			}
		}
	}
	for _, path := range []string{"info", "infoForCustomer"} {
		mine.get(fmt.Sprintf("/debit/v1/%s?card_id=%d", path, theirs.plastic.id)).fails(404, 4404).said("Card not found")
	}
	if shown := theirs.info(); shown["status"] != 22.0 {
		t.Errorf("somebody else changed it: %v", shown)
	}
	theirs.on("viewPinForCustomer").gives("pin", "7391")
}
