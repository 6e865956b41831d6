package contract

import (
	"slices"
	"strings"
	"testing"
)

func keysAndSimulation() []check {
	return []check{
		only(147, "keys: secret once, revoked, the last, the list without the caller, the eleventh", apiKeys),
		only(148, "every path of the simulation with a live key", simulationOfLive),
		only(149, "simulated states of cards, users, accounts", simulatedStates),
		only(150, "steps of shipments that cannot be", impossibleSteps),
		only(151, "transactions: each kind, shapes by status, what is not theirs", simulatedTransactions),
		only(152, "what is not served", notServed),
	}
}

func apiKeys(t *testing.T, h *house) {
	p := h.program(t)
	a := p.cards()
	made := a.keyed("key").post("/api-keys", object{"name": "backend"}).is(200).
		has("status", "ACTIVE", "ipAllowlist", []string{}, "lastUsedAt", nil, "revokedAt", nil).replayed(false)
	secret := made.text("secret")
	if again := a.keyed("key").post("/api-keys", object{"name": "backend"}).is(200).replayed(true); again.body != made.body {
		t.Errorf("a replay says %d bytes, the first answer %d", len(again.body), len(made.body))
	}
	b := p.cardsWith(secret)
	list := b.get("/api-keys").is(200).lacks(secret)
	if n := len(list.list("items")); n != 2 || !strings.HasPrefix(secret, list.text("items.0.prefix")) {
		t.Errorf("%d keys: %s", n, list.body)
	}
	a.post("/api-keys", object{"name": "x"}).invalid("headers", "idempotency-key required")

	mine := "/api-keys/" + made.text("id")
	b.put(mine+"/ip-allowlist", object{"ipAllowlist": []string{"203.0.113.7"}}).refused(400, "API_KEY_ALLOWLIST_EXCLUDES_CALLER")
	b.put(mine+"/ip-allowlist", object{"ipAllowlist": []string{"127.0.0.0/8"}}).is(200).has("ipAllowlist", []string{"127.0.0.0/8"})
	a.put(mine+"/ip-allowlist", object{"ipAllowlist": []string{"203.0.113.7"}}).is(200)
	pause(heard)
	for range h.nodes {
		b.get("/api-keys").refused(403, "API_KEY_IP_NOT_ALLOWED")
	}
	a.put(mine+"/ip-allowlist", object{"ipAllowlist": []string{}}).is(200)
	for range 8 {
		a.keyed("more-"+itoa(int(unique()))).post("/api-keys", object{"name": "more"}).is(200)
	}
	a.keyed("eleventh").post("/api-keys", object{"name": "more"}).refused(400, "API_KEY_LIMIT_REACHED")

	a.delete(mine).is(204)
	a.delete(mine).is(204)
	a.delete("/api-keys/"+nobody).refused(404, "API_KEY_NOT_FOUND")
	pause(heard)
	for range h.nodes {
		b.get("/api-keys").refused(401, "INVALID_API_KEY")
	}
	var last string
	for _, k := range slices.Backward(a.get("/api-keys?limit=100").is(200).list("items")) { // the oldest is the caller's
		switch id := k["id"].(string); {
		case last == "":
			last = id
		case k["status"] == "ACTIVE":
			a.delete("/api-keys/" + id).is(204)
		}
	}
	a.delete("/api-keys/"+last).refused(400, "API_KEY_LAST_ACTIVE")
	a.get("/api-keys").is(200)
}

// simulations are the paths of the simulation, below /simulation.
func simulations(id string) []string {
	paths := []string{"/users/" + id + "/application", "/accounts/" + id + "/status", "/fiat-deposits"}
	for _, of := range []string{"/cards/" + id, "/card-shipments/" + id} {
		paths = append(paths, of+"/production-status", of+"/shipping-status")
	}
	for _, kind := range []string{"authorization", "authorization-with-3ds", "decline", "clearing", "reversal", "refund"} {
		paths = append(paths, "/card-transactions/"+kind)
	}
	return append(paths, "/cards/"+id+"/status")
}

func simulationOfLive(t *testing.T, h *house) {
	a := h.programOf(t, "live", "rate_limits.default=unlimited").cards()
	for _, id := range []string{nobody, "7"} {
		for _, path := range simulations(id) {
			for _, body := range []any{object{}, object{"status": "SLEEPY", "amount": -1}, "{"} {
				a.post("/simulation"+path, body).refused(403, "SIMULATION_NOT_AVAILABLE")
			}
		}
	}
}

func simulatedStates(t *testing.T, h *house) {
	a := h.program(t).cards()
	r := a.listen()
	card := a.fresh()
	shown := a.get("/cards/" + card).is(200)
	user, account := shown.text("userId"), shown.text("accountId")
	r.settled()
	events := 0
	for _, step := range []struct{ sent, shown string }{
		{"FROZEN", "FROZEN"}, {"FROZEN", ""}, {"BLOCKED", "BLOCKED"}, {"EXPIRED", "EXPIRED"}, {"ACTIVE", "ACTIVE"}, {"ACTIVE", ""},
	} {
		a.simulate(card, step.sent).is(204)
		if step.shown != "" {
			a.get("/cards/"+card).is(200).has("status", step.shown)
			events++
		}
		r.await("CARD_STATUS_UPDATED", events)
	}
	for _, path := range []string{"/simulation/cards/" + card + "/status", "/simulation/users/" + user + "/application", "/simulation/accounts/" + account + "/status"} {
		a.post(path, object{"status": "SLEEPY"}).invalid("body", "status invalid_enum")
		a.post(path, object{}).invalid("body", "status required")
	}
	before := len(r.events("USER_APPLICATION_STATUS_UPDATED"))
	a.decide(user, "REJECTED")
	r.await("USER_APPLICATION_STATUS_UPDATED", before+1)
	a.restrict(account)
	a.get("/accounts/"+account).is(200).has("status", "RESTRICTED")
	r.await("ACCOUNT_STATUS_UPDATED", 1)
	a.delete("/cards/" + card).is(204)
	a.simulate(card, "ACTIVE").refused(404, "CARD_NOT_FOUND")
	r.settled()
	if n := len(r.events("CARD_STATUS_UPDATED")); n != events+1 {
		t.Errorf("%d events of the card, want %d and that of its end", n, events)
	}
}

func impossibleSteps(t *testing.T, h *house) {
	a := h.program(t).cards()
	const no = "SIMULATION_INVALID_STATE"
	steps := func(of, id, production, scan string) []reply {
		return []reply{
			a.post("/simulation/"+of+"/"+id+"/production-status", object{"status": production}),
			a.post("/simulation/"+of+"/"+id+"/shipping-status", object{"status": scan}),
		}
	}
	cards := a.several(2)
	box := a.draft(cards...)
	for _, r := range steps("card-shipments", box, "COMPLETED", "IN_TRANSIT") {
		r.refused(400, no, "NOT_SUBMITTED")
	}
	for _, r := range steps("cards", a.fresh(), "COMPLETED", "IN_TRANSIT") {
		r.refused(400, no, "NO_SHIPMENT")
	}
	a.submit(box).is(200)
	a.post("/simulation/cards/"+cards[0]+"/shipping-status", object{"status": "IN_TRANSIT"}).refused(400, no, "SEVERAL_CARDS")
	a.post("/simulation/cards/"+cards[0]+"/production-status", object{"status": "COMPLETED"}).is(204)
	a.scan(box, "IN_TRANSIT")
	a.post("/simulation/cards/"+cards[0]+"/production-status", object{"status": "COMPLETED"}).refused(400, no, "TOO_LATE")
	a.post("/simulation/card-shipments/"+box+"/shipping-status", object{"status": "READY_TO_SHIP"}).refused(400, no, "TOO_LATE")
	a.scan(box, "DELIVERED")
	a.post("/simulation/card-shipments/"+box+"/shipping-status", object{"status": "CANCELED"}).refused(400, no, "TOO_LATE")
}

// use simulates a step of a transaction, with further members as name, value, ….
func (a api) use(kind, card string, amount float64, more ...any) reply {
	a.t.Helper()
	body := object{"cardId": card, "amount": amount}
	for i := 0; i < len(more); i += 2 {
		body[more[i].(string)] = more[i+1]
	}
	return a.post("/simulation/card-transactions/"+kind, body)
}

func simulatedTransactions(t *testing.T, h *house) {
	a := h.program(t).cards()
	card, other := a.active(), a.active()
	for _, c := range []string{card, other} {
		a.post("/simulation/fiat-deposits", object{
			"amount": 1000, "currency": "USD", "accountId": a.get("/cards/" + c).is(200).text("accountId"),
		}).is(200).has("status", "SETTLED")
	}
	use := a.use("authorization", card, 10).is(200).has("status", "PENDING").text("id")
	on := func(id string) []any { return []any{"transactionId", id} }
	a.use("authorization", card, 5, on(use)...).is(200).has("id", use, "status", "PENDING")
	a.use("decline", card, 7, on(use)...).is(200).has("id", use, "status", "PENDING")
	a.use("reversal", card, 5, on(use)...).is(200).has("id", use, "status", "PENDING")
	a.use("reversal", card, 11, on(use)...).refused(400, "SIMULATION_INVALID_STATE")
	a.use("reversal", card, 10, on(use)...).is(200).has("id", use, "status", "VOID")
	a.use("reversal", card, 1, on(use)...).refused(400, "SIMULATION_INVALID_STATE")
	a.use("reversal", card, 1).invalid("body", "transactionId required")

	for _, cleared := range []float64{4, 12} {
		id := a.use("authorization", card, 8).is(200).text("id")
		a.use("clearing", card, cleared, on(id)...).is(200).has("id", id, "status", "CLEARED")
		a.use("clearing", card, 1, on(id)...).refused(400, "SIMULATION_INVALID_STATE")
		a.use("refund", card, 2, on(id)...).is(200).has("id", id, "status", "CLEARED")
		if shown := a.get("/card-transactions/" + id).is(200); len(shown.list("events")) != 3 {
			t.Errorf("the transaction shows %s", shown.body)
		}
	}
	a.use("clearing", card, 3).is(200).has("status", "CLEARED")
	a.use("refund", card, 3).is(200).has("status", "CLEARED")
	a.use("decline", card, 3).is(200).has("status", "DECLINED", "declineReason.code", "INSUFFICIENT_BALANCE")
	a.use("authorization", card, 0).is(200).has("status", "VOID")
	mine := a.use("authorization", card, 1).is(200).text("id")
	for _, kind := range []string{"authorization", "decline", "clearing", "reversal", "refund"} {
		a.use(kind, other, 1, on(mine)...).refused(404, "CARD_TRANSACTION_NOT_FOUND")
		a.use(kind, card, 1, on(nobody)...).refused(404, "CARD_TRANSACTION_NOT_FOUND")
	}
	a.use("authorization", card, 100_000).refused(400, "INSUFFICIENT_BALANCE")
}

func notServed(t *testing.T, h *house) {
	a := h.program(t).cards()
	for _, path := range []string{
		"/companies", "/companies/" + nobody, "/users/" + nobody + "/documents", "/virtual-assets", "/postings", "/crypto-deposits",
		"/crypto-withdrawals", "/fiat-deposits", "/fiat-deposits/" + nobody, "/bank-details", "/fees", "/activities", "/statements", "/fraud-alerts", "/disputes",
		"/agentic-payments", "/cards/" + nobody + "/encrypted",
	} {
		a.get(path).refused(404, "ROUTE_NOT_FOUND")
		a.post(path, object{}).refused(404, "ROUTE_NOT_FOUND")
	}
	a.post("/simulation/companies/"+nobody+"/status", object{}).refused(404, "ROUTE_NOT_FOUND")
	a.post("/simulation/crypto-deposits", object{}).refused(404, "ROUTE_NOT_FOUND")
}
