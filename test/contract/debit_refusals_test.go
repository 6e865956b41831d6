package contract

import (
	"fmt"
	"strings"
	"testing"

	"github.com/firsttap/firsttap/internal/secrettest"
)

func debitRefusals() []check {
	return []check{
		only(20, "R3 gives the 4400 sample; nine decimals, even zeros", publishedR3),
		only(21, "R4 gives the 4433 sample, whoever asks", publishedR4),
		only(22, "R5 gives the 7000 sample, and the card is as it was", publishedR5),
		only(23, "a wrong batch of an activated card is 4400", wrongBatchOfActivated),
		only(24, "an unknown and a foreign identifier are the same", unknownIdentifier),
		only(25, "missing fields, one hint each in the order of the table", missingFields),
		only(26, "malformed PINs cost no try", malformedPINs),
		only(27, "weak PINs, where they are rejected and where not", weakPINs),
		only(28, "a PIN is required", requiredPIN),
		only(29, "an unknown and a foreign customer are the same", unknownCustomer),
		only(30, "not eligible, reserved for another, too many cards", notTheirCard),
		only(31, "a composite customer without balance", compositeWithoutBalance),
		only(32, "balances that are not the customer's", foreignBalances),
		only(33, "balance of a wrong form", malformedBalances),
		only(34, "an inactive wallet", inactiveWallet),
		only(35, "a new customer with a known e-mail", knownEmail),
		only(36, "retired, expired, stopped with 7 and with 1", endedCards),
		only(37, "the gate left_bureau", gateLeftBureau),
		only(38, "require_activation_code", requiredCode),
		only(39, "which refusal comes first", orderOfRefusals),
		only(40, "no answer, log or event holds what was sent in secret", refusalsTellNothing),
	}
}

const mismatched = "Mismatch in reference batch."

// refusedLike is the published refusal with another error.
func refusedLike(at, problem string) string {
	return `{"text":"Error","timestamp":"` + at + `","endpoint":"/debit/v1/activateCardForCustomer","error":` + problem + `,"payload":{}}`
}

func publishedR3(t *testing.T, h *house) {
	p := h.published(t)
	const problem = `{"code":4400,"hints":["Bad parameters request, please refer the documentation","Mismatch in reference batch."]}`
	r3 := strings.Replace(publishedBody1, "CARD-001", "CARD-009", 1)
	p.freeze(refusedAt)
	p.debit().activation(r3).exactly(400, refusedLike(refusedTime, problem))
	p.freeze("2025-11-18T17:50:57.96Z")
	p.debit().activation(r3).exactly(400, refusedLike("2025-11-18T11:50:57.960000000-06:00", problem))
	p.freeze("2025-11-18T17:50:57Z")
	p.debit().activation(r3).exactly(400, refusedLike("2025-11-18T11:50:57.000000000-06:00", problem))
}

func publishedR4(t *testing.T, h *house) {
	p := h.published(t)
	a := p.debit()
	p.freeze(activatedAt)
	a.activation(publishedBody1).ok()
	p.freeze(refusedAt)
	want := refusedLike(refusedTime, `{"code":4433,"hints":["Card has already been activated"]}`)
	for _, sent := range []string{
		publishedBody1,
		strings.Replace(publishedBody1, "12345678", "85", 1),
		strings.Replace(publishedBody1, "12345678", "99999999", 1),
		strings.Replace(publishedBody1, "{", `{"pin":"7391",`, 1),
	} {
		a.activation(sent).exactly(400, want)
	}
}

func publishedR5(t *testing.T, h *house) {
	p := h.published(t)
	a := p.debit()
	p.freeze(refusedAt)
	r5 := strings.NewReplacer("12345678", "777", "CARD-001", "CARD-002").Replace(publishedBody1)
	a.activation(r5).exactly(500, refusedLike(refusedTime, `{"code":7000,"text":"Server error","hints":["Please contact the customer care","rfc:invalid"]}`))
	a.activation(strings.Replace(r5, "777", "12345678", 1)).ok()
}

func wrongBatchOfActivated(t *testing.T, h *house) {
	a := h.program(t).debit()
	o := a.owner()
	a.activation(claim(wrongBatch(o.plastic), o.person.id)).fails(400, 4400, mismatched)
	a.activation(claim(o.plastic, o.person.id)).fails(400, 4433)
}

func unknownIdentifier(t *testing.T, h *house) {
	a, b := h.program(t).debit(), h.program(t).debit()
	who, card := a.person(), b.one()
	foreign := a.activation(claim(card, who.id)).fails(404, 4404).said("Card not found")
	card.identifier = label()
	unknown := a.activation(claim(card, who.id)).fails(404, 4404)
	if foreign.timeless() != unknown.timeless() {
		t.Errorf("foreign %s, unknown %s", foreign.body, unknown.body)
	}
}

func missingFields(t *testing.T, h *house) {
	a := h.program(t).debit()
	card := a.one()
	whole := claim(card, a.person().id)
	names := []string{"customer_id", "card_identifier", "reference_batch"}
	for i, name := range names {
		a.activation(without(whole, name)).fails(400, 4400, name+":required")
		other := names[(i+1)%3]
		want := []string{name + ":required", other + ":required"}
		if i == 2 {
			want[0], want[1] = want[1], want[0]
		}
		a.activation(without(without(whole, name), other)).fails(400, 4400, want...)
		a.activation(also(whole, name, nil)).fails(400, 4400, name+":required")
	}
	a.activation(object{}).fails(400, 4400, "customer_id:required", "card_identifier:required", "reference_batch:required")
	a.activation(object{"card_product_id": 1}).fails(400, 4400, "customer_id:required", "card_identifier:required", "reference_batch:required")
	a.activation(whole).ok()
}

func malformedPINs(t *testing.T, h *house) {
	p := h.program(t)
	a := p.debit()
	card, who := a.one(), a.person()
	for _, pin := range []any{"123", "12345", "12a4", "", 12, "１２３４", "12 4", true} { //nolint:gosmopolitan // the digits are wrong on purpose
		a.activation(claim(card, who.id, "pin", pin)).fails(400, 4400, "pin:invalid")
	}
	if shown := p.shown(fmt.Sprint(card.id)); shown["wrong_tries"] != 0.0 || shown["activated_at"] != nil {
		t.Errorf("the card is %v", shown)
	}
	a.hold(card, who)
}

func weakPINs(t *testing.T, h *house) {
	p := h.program(t, "pin.weak=reject")
	a := p.debit()
	card, who := a.one(), a.person()
	for _, pin := range []string{"1111", "1234", "4321", "1987", "2001", "0123", "9876"} {
		a.activation(claim(card, who.id, "pin", pin)).fails(400, 4441, "pin:weak").lacks(pin)
	}
	if shown := p.shown(fmt.Sprint(card.id)); shown["activated_at"] != nil || shown["pin_set_at"] != nil {
		t.Errorf("the card is %v", shown)
	}
	a.hold(card, who, "pin", "7391")

	lenient := h.program(t).debit()
	who = lenient.person()
	for i, c := range lenient.stock(5) {
		lenient.hold(c, who, "pin", []string{"1111", "1234", "4321", "1987", "7391"}[i])
	}
}

func requiredPIN(t *testing.T, h *house) {
	a := h.program(t, "pin.required_at_activation=true").debit()
	card, who := a.one(), a.person()
	a.activation(claim(card, who.id)).fails(400, 4400, "pin:required")
	a.hold(card, who, "pin", "7391")
	a.hold(a.stock(1, "pin", "7391")[0], who) // the order brought one
}

func unknownCustomer(t *testing.T, h *house) {
	a := h.program(t).debit()
	foreign := h.program(t).debit().person()
	card := a.one()
	theirs := a.activation(claim(card, foreign.id)).fails(404, 4404).said("Customer not found")
	nobodys := a.activation(claim(card, 5)).fails(404, 4404)
	both := a.activation(claim(card, 5, "customer", stranger())).fails(404, 4404)
	if theirs.timeless() != nobodys.timeless() || both.timeless() != nobodys.timeless() {
		t.Errorf("foreign %s, unknown %s, with an object %s", theirs.body, nobodys.body, both.body)
	}
}

func notTheirCard(t *testing.T, h *house) {
	p := h.program(t, "debit.max_cards_per_customer=2")
	a := p.debit()
	who := a.person()
	cards := a.stock(4)
	a.hold(cards[0], who)
	customer := p.shown(fmt.Sprint(cards[0].id))["customer_id"].(string)
	p.cards().post("/simulation/users/"+customer+"/application", object{"status": "REJECTED"}).is(204)
	a.activation(claim(cards[1], who.id)).fails(400, 4437, "customer:inactive")

	buyer, other := a.person(), a.person()
	r := a.as(buyer).post("/debit/v1/orderCard", object{"balance_id": buyer.wallet, "delivery_location": cancun()}).ok()
	reserved := plastic{batch: r.text("payload.reference_batch"), identifier: r.text("payload.card_identifier")}
	a.activation(claim(reserved, other.id)).fails(400, 4437, "customer:not_allowed")

	a.hold(cards[1], other)
	a.hold(cards[2], other)
	a.activation(claim(cards[3], other.id)).fails(400, 4437, "cards:too_many")
	a.hold(cards[3], buyer) // whose order counts as one
	a.activation(claim(a.one(), buyer.id)).fails(400, 4437, "cards:too_many")
}

func compositeWithoutBalance(t *testing.T, h *house) {
	a := h.published(t).debit()
	a.activation(without(claim(plastic{publishedRef, "CARD001", 0}, 85), "balance")).fails(400, 4400, "balance:required")
	a.activation(publishedBody2).ok()
}

func foreignBalances(t *testing.T, h *house) {
	a := h.program(t).debit()
	card, who := a.one(), a.person()
	first := ""
	for _, id := range []int64{5, a.person().wallet, h.program(t).debit().person().wallet} {
		r := a.activation(claim(card, who.id, "balance", object{"id": id})).fails(400, 4400, "balance.id:not_found")
		if first == "" {
			first = r.timeless()
		}
		if r.timeless() != first {
			t.Errorf("%s, an unknown one %s", r.body, first)
		}
	}
	a.activation(firstClaim(card, stranger(), "balance", object{"id": who.wallet})).fails(400, 4400, "balance.id:not_found")
}

func malformedBalances(t *testing.T, h *house) {
	a := h.program(t).debit()
	card, who := a.one(), a.person()
	for _, v := range []any{who.wallet, fmt.Sprint(who.wallet), []any{}} {
		a.activation(claim(card, who.id, "balance", v)).fails(400, 4400, "balance:invalid")
	}
	a.activation(claim(card, who.id, "balance", object{})).fails(400, 4400, "balance.id:required")
	a.activation(claim(card, who.id, "balance", object{"id": nil})).fails(400, 4400, "balance.id:required")
	a.activation(claim(card, who.id, "balance", object{"id": "x"})).fails(400, 4400, "balance.id:invalid")
	a.hold(card, who)
}

// restrict closes the wallet that a card of the debit API is linked to.
func (o owner) restrict(p *program) {
	o.t.Helper()
	p.cards().restrict(p.shown(fmt.Sprint(o.plastic.id))["account_id"].(string))
}

func inactiveWallet(t *testing.T, h *house) {
	p := h.program(t)
	a := p.debit()
	o := a.owner()
	o.restrict(p)
	a.activation(claim(a.one(), o.person.id)).fails(400, 5002).
		like(`"error":\{"code":5002,"text":"Wallet is inactive","hints":\["Wallet is inactive"\]\}`)
}

func knownEmail(t *testing.T, h *house) {
	p := h.program(t)
	a := p.debit()
	who := stranger()
	cards := a.stock(2)
	a.activation(firstClaim(cards[0], who)).ok()
	a.activation(firstClaim(cards[1], also(who, "email", strings.ToUpper(who["email"].(string))))).fails(409, 4455, "email:duplicated")
	if shown := p.shown(fmt.Sprint(cards[1].id)); shown["activated_at"] != nil || shown["customer_id"] != nil {
		t.Errorf("something was bound: %v", shown)
	}
}

func endedCards(t *testing.T, h *house) {
	p := h.program(t)
	a, admin := p.debit(), p.debit("--admin")
	who, cards := a.person(), a.stock(5)
	stop := func(c plastic, number int) {
		t.Helper()
		admin.post("/debit/v1/stop", object{"card_id": c.id, "new_card_status": number}).gives("status", number)
	}
	admin.post("/debit/v1/retire-card", object{"card_id": cards[0].id}).gives("status", 23)
	a.activation(claim(cards[0], who.id)).fails(400, 4432)
	stop(cards[1], 7)
	a.activation(claim(cards[1], who.id)).fails(400, 4435)
	stop(cards[2], 1)
	a.activation(claim(cards[2], who.id)).fails(400, 4436)
	stop(cards[3], 2)
	a.activation(claim(cards[3], who.id)).fails(400, 4436)
	p.advance("87600h")
	a.activation(claim(cards[4], who.id)).fails(400, 4434)
}

func gateLeftBureau(t *testing.T, h *house) {
	a := h.program(t, "debit.activation_gate=left_bureau").debit()
	who := a.person()
	for _, report := range []string{"in_transit", "delivered"} {
		card := a.one()
		a.activation(claim(card, who.id)).fails(400, 4431)
		h.command(t, "batch", "scan", card.batch, report)
		a.hold(card, who)
	}
	open := h.program(t).debit()
	open.hold(open.one(), open.person())
}

func requiredCode(t *testing.T, h *house) {
	p := h.program(t, "debit.require_activation_code=true")
	a := p.debit()
	who, card := a.person(), a.one()
	code := strings.TrimSpace(h.command(t, "sandbox", "mailer", fmt.Sprint(card.id)))
	tries := func(want float64) {
		t.Helper()
		if shown := p.shown(fmt.Sprint(card.id)); shown["wrong_tries"] != want {
			t.Errorf("%v tries, want %v", shown["wrong_tries"], want)
		}
	}
	a.activation(claim(card, who.id)).fails(400, 4400, "activation_code:required")
	a.activation(claim(card, who.id, "activation_code", "12345")).fails(400, 4400, "activation_code:invalid")
	tries(0)
	a.activation(claim(card, who.id, "activation_code", wrong(code, 0))).fails(400, 4440, "activation_code:invalid")
	tries(1)
	a.hold(card, who, "activation_code", code)
}

func orderOfRefusals(t *testing.T, h *house) {
	p := h.program(t, "pin.weak=reject")
	a, admin := p.debit(), p.debit("--admin")
	o, card := a.owner(), a.one()
	bad := object{"id": 5}
	a.activation(claim(o.plastic, 5, "pin", "1111", "balance", bad)).fails(400, 4433)
	a.activation(claim(wrongBatch(card), 5, "pin", "1111", "balance", bad)).fails(400, 4400, mismatched)
	admin.post("/debit/v1/stop", object{"card_id": card.id, "new_card_status": 7}).ok()
	a.activation(claim(card, 5, "balance", bad)).fails(400, 4435)
	admin.post("/debit/v1/unstop", object{"card_id": card.id}).ok()
	a.activation(claim(card, 5, "balance", bad)).fails(404, 4404).said("Customer not found")
	a.activation(claim(card, o.person.id, "balance", bad, "pin", "1111")).fails(400, 4400, "balance.id:not_found")
	a.activation(claim(card, o.person.id, "pin", "1111")).fails(400, 4441, "pin:weak")
	a.activation(claim(card, o.person.id, "pin", "11")).fails(400, 4400, "pin:invalid")
}

// refusalsTellNothing walks through refusals with secrets that are known, on a server that nobody else uses.
func refusalsTellNothing(t *testing.T, h *house) {
	own := h.own(t)
	p := own.program(t, "pin.weak=reject", "debit.require_activation_code=true", "debit.max_cards_per_customer=1")
	token := p.key("--door", "debit")
	a, admin := p.debitWith(token), p.debit("--admin")
	listener := p.cards().listen()
	cards, who := a.stock(3), a.person()
	admin.post("/debit/v1/stop", object{"card_id": cards[1].id, "new_card_status": 7}).ok()
	const pin, weak, code = "7539", "2222", "481653"
	secrets := []string{token, who.token, code}
	var all []reply
	try := func(by api, body object) {
		all = append(all, by.activation(also(body, "activation_code", code, "pin", pin)))
	}
	for _, by := range []api{a, a.as(who)} {
		try(by, claim(cards[0], who.id))
		try(by, claim(wrongBatch(cards[0]), who.id))
		try(by, claim(cards[1], who.id))
		try(by, claim(plastic{noReference, label(), 0}, who.id))
		try(by, claim(cards[2], 5))
		try(by, claim(cards[2], who.id, "balance", object{"id": 5}))
		try(by, claim(cards[2], who.id, "balance", pin))
		try(by, firstClaim(cards[2], object{"first_name": pin, "email": pin}))
	}
	all = append(all, a.activation(claim(cards[2], who.id, "pin", pin+pin)), a.activation(claim(cards[2], who.id, "pin", weak)),
		a.with("Authorization-customer", noToken[:32]+who.token[:32]).activation(claim(cards[2], who.id, "pin", pin)))
	for _, r := range all {
		if r.code() == 0 {
			t.Errorf("%s was no refusal: %s", r.call, r.body)
		}
		r.lacks(secrets...)
		r.tellsNot(pin, weak)
	}
	listener.settled()
	outputs := map[string]string{"the log": own.log(t), "the trail": fmt.Sprint(p.trail())}
	for _, d := range listener.all() {
		outputs["an event"] += d.body
	}
	for where, text := range outputs {
		if len(text) < 100 {
			t.Errorf("nothing to search in %s", where)
		}
		for _, s := range append(secrets, noToken[:32]+who.token[:32]) {
			if strings.Contains(text, s) {
				t.Errorf("%s holds a secret of %d characters", where, len(s))
			}
		}
		if secrettest.Digits(text, pin)+secrettest.Digits(text, weak) > 0 {
			t.Errorf("%s holds a PIN", where)
		}
	}
}

// tellsNot wants none of the PINs in a hint.
func (r reply) tellsNot(pins ...string) {
	r.t.Helper()
	for _, hint := range r.hints() {
		for _, pin := range pins {
			if strings.Contains(hint, pin) {
				r.t.Fatalf("%s: a hint repeats a PIN: %q", r.call, hint)
			}
		}
	}
}
