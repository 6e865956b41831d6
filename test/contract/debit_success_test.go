package contract

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

func debitSuccess() []check {
	return []check{
		only(1, "R1 gives the success sample member by member", publishedR1),
		only(2, "R2 gives 200 with customer 85; info shows balance 10249", publishedR2),
		only(3, "customer_id as a number and with its prefix", formsOfCustomer),
		only(4, "card_identifier as an integer", identifierAsNumber),
		only(5, "reference_batch in capitals", referenceInCapitals),
		only(6, "PINs as text, with zeros, as a number", formsOfPIN),
		only(7, "no PIN: that of the order is kept; none at all is none", noPIN),
		only(8, "unknown members and null are ignored", debitUnknownMembers),
		only(9, "a customer object makes a customer with keys", newCustomer),
		only(10, "with device_id a token too, which works", newCustomerWithDevice),
		only(11, "customer_id wins over an invalid customer object", idWins),
		only(12, "a customer token stands for its customer", boundToToken),
		only(13, "three cards for one customer", threeCards),
		only(14, "a plain customer names the own wallet", ownWallet),
		only(15, "the path in other letters and with a slash", canonicalPath),
		only(16, "documented, strict, numeric", payloadModes),
		only(17, "endpoint and time of a success", formOfSuccess),
		only(18, "a frozen card is activated and stays frozen", frozenCard),
		only(19, "a card of orderCard: 4431 until the first scan", orderedCard),
	}
}

const (
	publishedSuccess = `{"text":"Success","timestamp":"2024-11-15T14:32:18.123Z","endpoint":"debit/v1/activateCardForCustomer","error":{},` +
		`"payload":{"card_id":"card_987654321","customer_id":"12345678","status":"activated"}}`
	publishedBody1 = `{"customer_id":"12345678","card_identifier":"CARD-001","reference_batch":"7e4b85e27c4610824900af48f340394d"}`
	publishedBody2 = `{"pin":"1234","card_identifier":"CARD001","reference_batch":"7e4b85e27c4610824900af48f340394d",` +
		`"device_id":"2fc54683d5fad405360419f720457ccbcf9bacac414f6296f846e2e4fad99d47","customer_id":"85","balance":{"id":10249}}`
)

func publishedR1(t *testing.T, h *house) {
	p := h.published(t)
	p.freeze(activatedAt)
	p.debit().activation(publishedBody1).exactly(200, publishedSuccess)
}

func publishedR2(t *testing.T, h *house) {
	p := h.published(t)
	p.freeze(activatedAt)
	r := p.debit().activation(publishedBody2).like(`^\{"text":"Success","timestamp":"2024-11-15T14:32:18.123Z","endpoint":"debit/v1/activateCardForCustomer",` +
		`"error":\{\},"payload":\{"card_id":"card_\d+","customer_id":"85","status":"activated"\}\}$`)
	cards := p.debit("--admin").get("/debit/v1/info?customer_id=85").ok().list("payload.cards")
	if len(cards) != 1 || cards[0]["balance_id"] != 10249.0 || fmt.Sprintf("card_%.0f", cards[0]["card_id"]) != r.text("payload.card_id") {
		t.Errorf("info shows %v", cards)
	}
}

func formsOfCustomer(t *testing.T, h *house) {
	for _, form := range []string{`12345678`, `"cust_12345678"`} {
		p := h.published(t)
		p.freeze(activatedAt)
		p.debit().activation(strings.Replace(publishedBody1, `"12345678"`, form, 1)).exactly(200, publishedSuccess)
	}
}

func identifierAsNumber(t *testing.T, h *house) {
	a := h.program(t).debit()
	n := 700000000 + unique()
	batch := a.ordered(orderBody(object{"card_identifier": fmt.Sprint(n)}))
	a.activation(object{"customer_id": a.person().id, "card_identifier": n, "reference_batch": batch}).ok()
}

func referenceInCapitals(t *testing.T, h *house) {
	a := h.program(t).debit()
	c := a.one()
	c.batch = strings.ToUpper(c.batch)
	a.activation(claim(c, a.person().id)).ok()
}

func formsOfPIN(t *testing.T, h *house) {
	a := h.program(t, "debit.view_pin=on").debit()
	for i, pin := range []any{"1234", "0007", 4321} {
		o := a.owner("pin", pin)
		o.on("viewPinForCustomer").gives("pin", []string{"1234", "0007", "4321"}[i])
	}
}

func noPIN(t *testing.T, h *house) {
	p := h.program(t, "debit.view_pin=on")
	a := p.debit()
	who := a.person()
	card := a.stock(1, "pin", "4826")[0]
	a.hold(card, who)
	owner{who, a.as(who), card}.on("viewPinForCustomer").gives("pin", "4826")

	bare := a.owner()
	if shown := p.shown(fmt.Sprint(bare.plastic.id)); shown["pin_set_at"] != nil {
		t.Errorf("a PIN from nowhere: %v", shown)
	}
	bare.on("viewPinForCustomer").fails(400, 4442)
}

func debitUnknownMembers(t *testing.T, h *house) {
	a := h.program(t).debit()
	a.activation(claim(a.one(), a.person().id, "balance", nil, "colour", "red", "card_product_id", 7, "customer", nil, "pin", nil)).ok()
}

// stranger is a customer object of an activation.
func stranger(more ...any) object {
	n := unique()
	return also(object{"first_name": "Eva", "last_name": "Luna", "email": fmt.Sprintf("eva%d@example.com", n)}, more...)
}

// firstClaim is the body of an activation that makes its customer.
func firstClaim(c plastic, who object, more ...any) object {
	return without(claim(c, nil, append([]any{"customer", who}, more...)...), "customer_id")
}

func newCustomer(t *testing.T, h *house) {
	a := h.program(t).debit()
	who := stranger("middle_name", "María", "phone_number", fmt.Sprintf("+52551%07d", unique()))
	r := a.activation(firstClaim(a.one(), who)).ok()
	if !regexp.MustCompile(`^sk_[0-9a-f]{64}$`).MatchString(r.text("payload.customer_private_key")) ||
		!regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(r.text("payload.customer_refresh_token")) || strings.Contains(r.body, "customer_oauth_token") {
		t.Errorf("the keys: %s", r.body)
	}
	a.get("/user/v1/account/"+r.text("payload.customer_id")).is(200).
		has("rs.email", who["email"], "rs.first_name", "Eva", "rs.middle_name", "María", "rs.last_name", "Luna", "rs.customer_status", 1)
}

func newCustomerWithDevice(t *testing.T, h *house) {
	a := h.program(t).debit()
	r := a.activation(firstClaim(a.one(), stranger(), "device_id", "phone")).ok()
	if !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(r.text("payload.customer_oauth_token")) {
		t.Errorf("the token: %s", r.body)
	}
	cards := a.with("Authorization-customer", r.text("payload.customer_oauth_token")).get("/debit/v1/info").ok().list("payload.cards")
	if len(cards) != 1 || fmt.Sprintf("card_%.0f", cards[0]["card_id"]) != r.text("payload.card_id") {
		t.Errorf("the token shows %v", cards)
	}
}

func idWins(t *testing.T, h *house) {
	p := h.program(t)
	a := p.debit()
	cards, who, other := a.stock(3), a.person(), stranger()
	r := a.activation(claim(cards[0], who.id, "customer", also(other, "gender", 9, "rfc", 5))).gives("customer_id", fmt.Sprint(who.id))
	r.lacks("customer_private_key")
	a.activation(claim(cards[1], who.id, "customer", other)).gives("customer_id", fmt.Sprint(who.id)).lacks("customer_private_key")
	a.activation(firstClaim(cards[2], other)).ok() // which could not be if there were that customer
}

func boundToToken(t *testing.T, h *house) {
	a := h.program(t).debit()
	who := a.person()
	a.as(who).activation(without(claim(a.one(), nil), "customer_id")).gives("customer_id", fmt.Sprint(who.id))
}

func threeCards(t *testing.T, h *house) {
	a := h.program(t).debit()
	who := a.person()
	for _, c := range a.stock(3) {
		a.hold(c, who)
	}
	if cards := a.as(who).get("/debit/v1/info").ok().list("payload.cards"); len(cards) != 3 {
		t.Errorf("%d cards: %v", len(cards), cards)
	}
}

func ownWallet(t *testing.T, h *house) {
	a := h.program(t).debit()
	who, card := a.person(), a.one()
	a.hold(card, who, "balance", object{"id": who.wallet})
	if shown := (owner{who, a.as(who), card}).info(); shown["balance_id"] != float64(who.wallet) {
		t.Errorf("linked to %v, want %d", shown["balance_id"], who.wallet)
	}
}

func canonicalPath(t *testing.T, h *house) {
	a := h.program(t).debit()
	who := a.person()
	paths := []string{"/debit/v1/activatecardforcustomer", activatePath + "/", "/Debit/V1/ActivateCardForCustomer/"}
	for i, c := range a.stock(len(paths)) {
		a.post(paths[i], claim(c, who.id)).ok().has("endpoint", "debit/v1/activateCardForCustomer")
		a.post(paths[i], claim(c, who.id)).fails(400, 4433).has("endpoint", activatePath)
	}
}

func payloadModes(t *testing.T, h *house) {
	for mode, payload := range map[string]string{
		"documented": `{"card_id":"card_%[1]d","customer_id":"%[2]d","status":"activated","reference_card":"[0-9a-f]{32}","status_card":22}`,
		"strict":     `{"card_id":"card_%[1]d","customer_id":"%[2]d","status":"activated"}`,
		"numeric":    `{"card_id":%[1]d,"customer_id":%[2]d,"status":"activated","reference_card":"[0-9a-f]{32}","status_card":22}`,
	} {
		a := h.program(t, "debit.activation_payload="+mode).debit()
		cards, who := a.stock(2), a.person()
		a.hold(cards[0], who).like(`"payload":` + fmt.Sprintf(payload, cards[0].id, who.id) + `\}$`)
		r := a.activation(firstClaim(cards[1], stranger(), "device_id", "phone")).ok()
		r.like(`"status":"activated",("reference_card":"[0-9a-f]{32}","status_card":22,)?"customer_private_key":"sk_[0-9a-f]{64}",` +
			`"customer_refresh_token":"[0-9a-f]{64}","customer_oauth_token":"[0-9a-f]{64}"\}\}$`)
		if strings.Contains(r.body, "reference_card") == (mode == "strict") {
			t.Errorf("%s: %s", mode, r.body)
		}
	}
	p := h.program(t)
	a := p.debit()
	a.hold(a.one(), a.person()).at("payload.reference_card") // documented is the default
}

func formOfSuccess(t *testing.T, h *house) {
	a := h.program(t).debit()
	r := a.hold(a.one(), a.person())
	r.like(`^\{"text":"Success","timestamp":"` + formS + `","endpoint":"debit/v1/activateCardForCustomer","error":\{\},"payload":\{.*\}\}$`)
	for name, want := range map[string]string{"Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store"} {
		if got := r.header.Get(name); got != want {
			t.Errorf("%s %q, want %q", name, got, want)
		}
	}
	if r.header.Get("X-Request-Id") == "" {
		t.Error("no X-Request-Id")
	}
}

func frozenCard(t *testing.T, h *house) {
	p := h.program(t)
	a, admin := p.debit(), p.debit("--admin")
	card, who := a.one(), a.person()
	admin.post("/debit/v1/stop", object{"card_id": card.id, "new_card_status": 12}).gives("status", 12)
	a.hold(card, who).gives("status_card", 12)
	if shown := (owner{who, a.as(who), card}).info(); shown["status"] != 12.0 {
		t.Errorf("status %v after activation", shown["status"])
	}
}

func orderedCard(t *testing.T, h *house) {
	a := h.program(t).debit()
	who := a.person()
	own := a.as(who)
	r := own.post("/debit/v1/orderCard", object{"balance_id": who.wallet, "delivery_location": cancun()}).
		gives("status", 20, "card_type", 1, "customer_id", who.id, "balance_id", who.wallet)
	card := plastic{r.text("payload.reference_batch"), r.text("payload.card_identifier"), int64(r.number("payload.card_id"))}
	mine := owner{who, own, card}
	if shown := mine.info(); shown["card_number"] != "" || shown["status"] != 20.0 {
		t.Errorf("at first %v", shown)
	}
	a.activation(claim(card, who.id)).fails(400, 4431)
	h.command(t, "batch", "scan", card.batch, "in_transit", "--tracking", "MX123")
	if shown := mine.info(); shown["card_number"] == "" || shown["status"] != 21.0 {
		t.Errorf("on its way %v", shown)
	}
	own.activation(without(claim(card, nil), "customer_id")).gives("customer_id", fmt.Sprint(who.id))
	if shown := mine.info(); shown["status"] != 22.0 || shown["balance_id"] != float64(who.wallet) {
		t.Errorf("in hand %v", shown)
	}
}
