package contract

import (
	"slices"
	"strings"
	"testing"
)

func cardsOfUsers() []check {
	return []check{
		only(37, "new cards, virtual and physical: all members and no others", newCards),
		only(38, "the refusals of a new card, in their order", newCardRefusals),
		only(39, "the list by user, account, type and status", cardFilters),
		only(40, "freeze and unfreeze, one event each", freezing),
		only(41, "block, freeze under it, unblock", blocking),
		only(42, "a block that is not liftable", notLiftable),
		only(43, "an expired card is neither frozen nor blocked", expiredStays),
		only(44, "delete: 404 everywhere, gone from lists, one last event", deleting),
		only(45, "delete a card in a draft, the only one of a draft, and one of a submitted shipment", deletingShipped),
		only(46, "the form of a PIN", pinForm),
		only(47, "who may not have a PIN, and who may", pinRefusals),
		only(48, "the page opens once; 410, 404; its headers; the link in no log", revealPage),
		only(49, "refusals of reveal; the 3-D Secure method; push provisioning", revealRefusals),
	}
}

// cardMembers are the members of a card (§10.1).
var cardMembers = []string{
	"3dsChallengeMethod", "accountId", "blockLiftable", "blockReason", "cardDesignId", "cardholderName", "createdAt", "frozen", "id", "last4",
	"physicalCardStatus", "status", "type", "updatedAt", "userId",
}

func newCards(t *testing.T, h *house) {
	a := h.program(t).cards()
	owner := a.holder()
	for kind, physical := range map[string]any{"VIRTUAL": nil, "PHYSICAL": "NOT_ORDERED"} {
		r := a.get("/cards/"+a.cardOf(owner, kind)).is(200).has(
			"type", kind, "status", "ACTIVE", "physicalCardStatus", physical, "3dsChallengeMethod", "SMS", "userId", owner.user, "accountId", owner.account,
			"frozen", false, "blockReason", nil, "blockLiftable", false, "cardholderName", "ANA TORRES",
		)
		var have []string
		for name := range r.json().(object) {
			have = append(have, name)
		}
		slices.Sort(have)
		if !slices.Equal(have, cardMembers) || len(r.text("last4")) != 4 {
			t.Errorf("members %v, want %v; last4 %v", have, cardMembers, r.at("last4"))
		}
	}
}

// newCardRefusals cannot take the default design away: designs are the operator's, who has one from the beginning. That
// answer is held by the table of decisions in the room of issuance, and so is the one of a user without a name: a sandbox names
// whom it approves.
func newCardRefusals(t *testing.T, h *house) {
	a := h.program(t).cards()
	order := func(user, account, design string) reply {
		body := object{"userId": user, "accountId": account, "type": "PHYSICAL"}
		if design != "" {
			body["cardDesignId"] = design
		}
		return a.keyed("refused-"+itoa(int(unique()))).post("/cards", body)
	}
	good, other := a.holder(), a.holder()
	restricted := a.account(good.user)
	a.restrict(restricted)
	foreignRestricted := a.account(other.user)
	a.restrict(foreignRestricted)

	order(nobody, nobody, nobody).refused(404, "USER_NOT_FOUND")
	order(a.pendingUser(), nobody, nobody).refused(400, "USER_NOT_APPROVED")
	order(good.user, nobody, nobody).refused(404, "ACCOUNT_NOT_FOUND")
	order(good.user, restricted, nobody).refused(400, "ACCOUNT_NOT_ACTIVE").has("error.detail.status", "RESTRICTED")
	order(good.user, foreignRestricted, nobody).refused(400, "ACCOUNT_NOT_ACTIVE")
	order(good.user, other.account, nobody).refused(400, "ACCOUNT_OWNER_MISMATCH")
	order(good.user, good.account, nobody).refused(404, "CARD_DESIGN_NOT_FOUND")
	order(good.user, good.account, "").is(200)
}

// found gives the ids of a list of cards.
func (a api) found(query string) (ids []string) {
	a.t.Helper()
	for _, c := range a.get("/cards" + query).is(200).list("items") {
		ids = append(ids, c["id"].(string))
	}
	return ids
}

func cardFilters(t *testing.T, h *house) {
	a := h.program(t).cards()
	one, two := a.holder(), a.holder()
	second := a.account(one.user)
	plain, physical := a.cardOf(one, "VIRTUAL"), a.cardOf(one, "PHYSICAL")
	elsewhere := a.cardOf(holder{one.user, second}, "VIRTUAL")
	others := a.cardOf(two, "PHYSICAL")
	a.post("/cards/"+physical+"/freeze", nil).is(200)
	for query, want := range map[string][]string{
		"": {others, elsewhere, physical, plain}, "?userId=" + one.user: {elsewhere, physical, plain}, "?accountId=" + one.account: {physical, plain},
		"?type=PHYSICAL": {others, physical}, "?status=FROZEN": {physical}, "?status=ACTIVE": {others, elsewhere, plain}, "?status=BLOCKED": nil,
		"?userId=" + one.user + "&type=VIRTUAL&status=ACTIVE&accountId=" + second: {elsewhere},
		"?userId=" + two.user + "&accountId=" + one.account:                       nil, "?userId=" + nobody: nil,
	} {
		if got := a.found(query); !slices.Equal(got, want) {
			t.Errorf("%q finds %v, want %v", query, got, want)
		}
	}
	a.get("/cards?status=OPEN").invalid("query", "status invalid_enum")
}

// heardOfCards wants n events of cards to have been announced, and no more.
func (r *receiver) heardOfCards(n int) {
	r.t.Helper()
	r.settled()
	if got := len(r.events("CARD_STATUS_UPDATED")); got != n {
		r.t.Errorf("%d events of cards, want %d", got, n)
	}
}

func freezing(t *testing.T, h *house) {
	a := h.program(t).cards()
	listener := a.listen()
	card := a.fresh()
	frozen := a.post("/cards/"+card+"/freeze", nil).is(200).has("status", "FROZEN", "frozen", true)
	if told := listener.await("CARD_STATUS_UPDATED", 1)[0]["data"]; !equal(told, frozen.json()) {
		t.Errorf("announced %v, answered %s", told, frozen.body)
	}
	a.post("/cards/"+card+"/freeze", nil).is(200).has("status", "FROZEN", "updatedAt", frozen.at("updatedAt"))
	listener.heardOfCards(1)
	a.post("/cards/"+card+"/unfreeze", nil).is(200).has("status", "ACTIVE", "frozen", false)
	a.post("/cards/"+card+"/unfreeze", nil).is(200).has("status", "ACTIVE")
	listener.heardOfCards(2)
	a.post("/cards/"+nobody+"/freeze", nil).refused(404, "CARD_NOT_FOUND")
}

func blocking(t *testing.T, h *house) {
	a := h.program(t).cards()
	listener := a.listen()
	card := a.fresh()
	a.post("/cards/"+card+"/block", object{"message": "stolen bag"}).is(200).
		has("status", "BLOCKED", "blockReason", object{"type": "BLOCKED_BY_PARTNER", "message": "stolen bag"}, "blockLiftable", true, "frozen", false)
	a.post("/cards/"+card+"/block", object{"message": "again"}).is(200).has("blockReason.message", "stolen bag")
	a.post("/cards/"+card+"/freeze", nil).is(200).has("status", "BLOCKED", "frozen", true)
	a.post("/cards/"+card+"/unblock", nil).is(200).has("status", "FROZEN", "frozen", true, "blockReason", nil, "blockLiftable", false)
	a.post("/cards/"+card+"/unblock", nil).is(200)
	listener.heardOfCards(3)
	a.post("/cards/"+a.fresh()+"/block", nil).is(200).has("blockReason.message", "Blocked by partner")
	a.post("/cards/"+card+"/block", object{"message": strings.Repeat("x", 201)}).invalid("body", "message too_long")
}

func notLiftable(t *testing.T, h *house) {
	a := h.program(t).cards()
	card := a.fresh()
	a.simulate(card, "BLOCKED", "blockReasonType", "OTHER").is(204)
	a.get("/cards/"+card).has("status", "BLOCKED", "blockReason.type", "OTHER", "blockLiftable", false)
	a.post("/cards/"+card+"/unblock", nil).refused(409, "CARD_BLOCK_NOT_LIFTABLE").has("error.detail.blockReason.type", "OTHER")
	a.simulate(card, "ACTIVE").is(204)
	a.simulate(card, "BLOCKED").is(204)
	a.get("/cards/"+card).has("blockReason.type", "SUSPECTED_FRAUD_CVV", "blockLiftable", true)
	a.post("/cards/"+card+"/unblock", nil).is(200).has("status", "ACTIVE")
}

const notAllowed = "CARD_OPERATION_NOT_ALLOWED"

func expiredStays(t *testing.T, h *house) {
	a := h.program(t).cards()
	card := a.fresh()
	a.simulate(card, "EXPIRED").is(204)
	before := a.get("/cards/"+card).has("status", "EXPIRED").body
	for _, act := range []string{"freeze", "unfreeze", "block", "unblock"} {
		a.post("/cards/"+card+"/"+act, nil).refused(400, notAllowed, "EXPIRED").has("error.detail.status", "EXPIRED")
	}
	if after := a.get("/cards/" + card).body; after != before {
		t.Errorf("%s, before %s", after, before)
	}
}

func deleting(t *testing.T, h *house) {
	a := h.program(t).cards()
	card, code := a.shipped()
	listener := a.listen()
	if r := a.delete("/cards/" + card).is(204); r.body != "" {
		t.Errorf("204 with %q", r.body)
	}
	a.get("/cards/"+card).refused(404, "CARD_NOT_FOUND")
	a.activate(card, code).refused(404, "CARD_NOT_FOUND")
	a.post("/cards/"+card+"/freeze", nil).refused(404, "CARD_NOT_FOUND")
	a.post("/cards/"+card+"/reveal", nil).refused(404, "CARD_NOT_FOUND")
	a.delete("/cards/"+card).refused(404, "CARD_NOT_FOUND")
	if slices.Contains(a.found(""), card) || slices.Contains(a.found("?status=BLOCKED"), card) {
		t.Error("a deleted card is in a list")
	}
	last := listener.await("CARD_STATUS_UPDATED", 1)[0]["data"].(object)
	if reason, _ := last["blockReason"].(object); last["id"] != card || last["status"] != "BLOCKED" || reason["type"] != "CARD_DELETED" || last["blockLiftable"] != false {
		t.Errorf("the last event is %v", last)
	}
	listener.heardOfCards(1)
}

func deletingShipped(t *testing.T, h *house) {
	a := h.program(t).cards()
	owner := a.holder()
	first, second := a.cardOf(owner, "PHYSICAL"), a.cardOf(owner, "PHYSICAL")
	draft := a.draft(first, second)
	a.delete("/cards/" + first).is(204)
	if cards := a.get("/card-shipments/" + draft).is(200).list("cards"); len(cards) != 1 || cards[0]["cardId"] != second {
		t.Errorf("the draft has %v", cards)
	}
	a.delete("/cards/" + second).is(204)
	a.get("/card-shipments/"+draft).refused(404, "CARD_SHIPMENT_NOT_FOUND")

	card := a.fresh()
	box := a.placed(card)
	listener := a.listen()
	a.delete("/cards/" + card).is(204)
	a.get("/card-shipments/"+box).is(200).has("cards.0.productionStatus", "CANCELED")
	if told := listener.await("CARD_SHIPMENT_STATUS_UPDATED", 1); told[0]["data"].(object)["id"] != box {
		t.Errorf("announced %v", told)
	}
}

// pin gives a card a PIN.
func (a api) pin(card string, value any) reply {
	a.t.Helper()
	return a.put("/cards/"+card+"/pin", object{"pin": value})
}

func pinForm(t *testing.T, h *house) {
	a := h.program(t).cards()
	card := a.fresh()
	for _, good := range []string{"1357", "102938475610", "1357"} {
		if r := a.pin(card, good).is(204); r.body != "" {
			t.Errorf("204 with %q", r.body)
		}
	}
	for value, code := range map[string]string{
		"123": "invalid_format", "1234": "weak_pin", "4321": "weak_pin", "1112": "weak_pin", "12a4": "invalid_format", "1029384756101": "invalid_format",
	} {
		a.pin(card, value).invalid("body", "pin "+code).lacks(`"` + value + `"`)
	}
	a.pin(card, 1357).invalid("body", "pin invalid_type")
	a.put("/cards/"+card+"/pin", object{}).invalid("body", "pin required")
}

func pinRefusals(t *testing.T, h *house) {
	a := h.program(t).cards()
	a.pin(a.cardOf(a.holder(), "VIRTUAL"), "1357").refused(400, "CARD_TYPE_NOT_SUPPORTED").has("error.detail.type", "VIRTUAL")
	a.pin(nobody, "1357").refused(404, "CARD_NOT_FOUND")
	card := a.fresh()
	a.pin(card, "1357").is(204) // not activated
	a.post("/cards/"+card+"/freeze", nil).is(200)
	a.pin(card, "1357").is(204)
	a.restrict(a.get("/cards/" + card).text("accountId"))
	a.pin(card, "1357").refused(400, "ACCOUNT_NOT_ACTIVE").has("error.detail.status", "RESTRICTED")
	a.post("/cards/"+card+"/block", nil).is(200)
	a.pin(card, "1357").refused(400, notAllowed, "BLOCKED")
}
