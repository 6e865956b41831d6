package contract

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

func people() []check {
	return []check{
		only(130, "users: a phone that is taken, bad numbers, e-mail and phone changed, lists by filter", users),
		only(131, "applications: in review, decided by the simulation or the operator, or at once by policy", applications),
		only(132, "a deleted user takes the cards along and leaves the accounts restricted, with events", deletedUser),
		only(133, "accounts: key, owner, sums after authorisation, clearing and refund; no funding, no assets", accounts),
		only(134, "the default design moves, and the next card has it; a retired one cannot be it", designs),
		only(135, "3-D Secure: approve, reject, twice, too late, two answers at once, by SMS", challenges),
		only(136, "channel restrictions of a card, a user and the project; what is effective; other types", restrictions),
	}
}

func users(t *testing.T, h *house) {
	a := h.program(t).cards()
	body := newUserBody()
	body["externalId"] = fmt.Sprintf("crm-%d", unique())
	user := a.post("/users", body).is(200).has(
		"email", body["email"], "phoneNumber", body["phoneNumber"], "externalId", body["externalId"], "firstName", "Ana", "lastName", "Torres",
		"country", nil, "dateOfBirth", nil, "companyId", nil,
		"application", object{"status": "NOT_STARTED", "rejectionReason": nil, "documents": nil})
	id := user.text("id")
	if again := a.get("/users/" + id).is(200); again.body != user.body {
		t.Errorf("read back as %s, made as %s", again.body, user.body)
	}

	other := newUserBody()
	other["phoneNumber"] = body["phoneNumber"]
	a.post("/users", other).refused(409, "PHONE_NUMBER_ALREADY_IN_USE").has("error.detail", nil)
	other = newUserBody()
	other["externalId"] = body["externalId"]
	a.post("/users", other).refused(409, "EXTERNAL_ID_ALREADY_IN_USE")
	for _, phone := range []string{"5512345678", "+0525512345678", "+52551", "+52 55 12a4 5678", "+5255123456789012"} {
		other = newUserBody()
		other["phoneNumber"] = phone
		a.post("/users", other).invalid("body", "phoneNumber invalid_phone")
	}
	a.post("/users", object{"email": "ana"}).invalid("body", "email invalid_format", "phoneNumber required")

	email, phone := fmt.Sprintf("new%d@example.com", unique()), newUserBody()["phoneNumber"]
	a.put("/users/"+id+"/email", object{"email": email}).is(204)
	a.put("/users/"+id+"/phone", object{"phoneNumber": phone}).is(204)
	a.put("/users/"+id+"/phone", object{"phoneNumber": phone}).is(204)
	changed := a.get("/users/"+id).is(200).has("email", email, "phoneNumber", phone)
	if changed.text("updatedAt") <= user.text("updatedAt") {
		t.Errorf("updatedAt stayed: %s", changed.body)
	}
	second := a.post("/users", newUserBody()).is(200)
	a.put("/users/"+id+"/phone", object{"phoneNumber": second.text("phoneNumber")}).refused(409, "PHONE_NUMBER_ALREADY_IN_USE")
	a.put("/users/"+id+"/email", object{"email": second.text("email")}).is(204)
	a.put("/users/"+id+"/email", object{"email": "@"}).invalid("body", "email invalid_format")
	a.put("/users/"+id+"/phone", object{"phoneNumber": "12"}).invalid("body", "phoneNumber invalid_phone")
	a.put("/users/"+nobody+"/email", object{"email": email}).refused(404, "USER_NOT_FOUND")
	a.put("/users/"+nobody+"/phone", object{"phoneNumber": phone}).refused(404, "USER_NOT_FOUND")
	userLists(t, a, id, second.text("id"), body["externalId"].(string))
}

// userLists finds users by each filter; both have the same e-mail, and the first has the external id.
func userLists(t *testing.T, a api, first, second, externalID string) {
	shared := a.get("/users/" + first).is(200)
	phone := strings.Replace(shared.text("phoneNumber"), "+", "%2B", 1)
	for _, tt := range []struct {
		query string
		want  []string // newest first
	}{
		{"", []string{second, first}},
		{"?email=" + strings.ToUpper(shared.text("email")), []string{second, first}},
		{"?externalId=" + externalID, []string{first}},
		{"?phoneNumber=" + phone, []string{first}},
		{"?externalId=" + externalID + "&phoneNumber=" + phone, []string{first}},
		{"?externalId=none", nil},
	} {
		var got []string
		for _, u := range a.get("/users" + tt.query).is(200).list("items") {
			got = append(got, u["id"].(string))
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("/users%s finds %v, want %v", tt.query, got, tt.want)
		}
	}
}

func applications(t *testing.T, h *house) {
	p := h.program(t)
	a := p.cards()
	hook := a.listen()
	user := a.pendingUser()
	path := "/users/" + user + "/application"
	order := func() reply {
		account := a.account(a.user())
		return a.keyed(fmt.Sprintf("key-%d", unique())).post("/cards", object{"userId": user, "accountId": account, "type": "PHYSICAL"})
	}
	order().refused(400, "USER_NOT_APPROVED").has("error.detail", object{"applicationStatus": "NOT_STARTED"})
	a.post(path, object{"method": "OTHER"}).invalid("body", "method invalid_enum")
	a.post(path, object{"method": "MANAGED_KYC", "dateOfBirth": "1990-02-28", "country": "MEX", "passport": object{"number": "X1"}}).is(200).
		has("status", "IN_REVIEW", "nextAction", nil)
	a.post(path, object{}).refused(400, "USER_APPLICATION_NOT_ALLOWED").has("error.detail", object{"applicationStatus": "IN_REVIEW"})
	a.get("/users/"+user).has("dateOfBirth", "1990-02-28", "country", "MX", "application.status", "IN_REVIEW")
	a.post("/users/"+nobody+"/application", object{}).refused(404, "USER_NOT_FOUND")

	a.decide(user, "RETRY_REQUIRED")
	a.post(path, object{}).is(200).has("status", "IN_REVIEW")
	p.h.command(t, "customer", "review", user, "rejected", "--program", p.name, "--reason", "The document is blurred.")
	a.get("/users/"+user).has("application.status", "REJECTED", "application.rejectionReason", "The document is blurred.")
	a.decide(user, "APPROVED")
	account := a.account(user)
	a.cardOf(holder{user, account}, "PHYSICAL")
	hook.settled()
	var told []string
	for _, e := range hook.events("USER_APPLICATION_STATUS_UPDATED") {
		if data := e["data"].(object); data["id"] == user {
			told = append(told, data["application"].(object)["status"].(string))
		}
	}
	slices.Sort(told) // they come in any order
	if want := []string{"APPROVED", "IN_REVIEW", "IN_REVIEW", "REJECTED", "RETRY_REQUIRED"}; !slices.Equal(told, want) {
		t.Errorf("announced %v, want %v", told, want)
	}

	unnamed := newUserBody()
	delete(unnamed, "firstName")
	delete(unnamed, "lastName")
	auto := h.program(t, "users.review=auto").cards()
	id := auto.post("/users", unnamed).is(200).text("id")
	auto.post("/users/"+id+"/application", nil).is(200).has("status", "APPROVED")
	auto.get("/users/"+id).has("firstName", "SANDBOX", "lastName", "CARDHOLDER")
	auto.account(id)
}

func deletedUser(t *testing.T, h *house) {
	a := h.program(t).cards()
	hook := a.listen()
	of := a.holder()
	second := a.account(of.user)
	cards := []string{a.cardOf(of, "VIRTUAL"), a.cardOf(of, "PHYSICAL"), a.cardOf(holder{of.user, second}, "PHYSICAL")}
	box := a.placed(cards[2])
	phone := a.get("/users/" + of.user).text("phoneNumber")
	hook.settled()
	before := len(hook.events("CARD_SHIPMENT_STATUS_UPDATED"))

	a.delete("/users/" + of.user).is(204)
	a.delete("/users/"+of.user).refused(404, "USER_NOT_FOUND")
	a.get("/users/"+of.user).refused(404, "USER_NOT_FOUND")
	a.post("/users/"+of.user+"/application", object{}).refused(404, "USER_NOT_FOUND")
	for _, card := range cards {
		a.get("/cards/"+card).refused(404, "CARD_NOT_FOUND")
	}
	if left := a.get("/cards?userId=" + of.user).is(200).list("items"); len(left) != 0 {
		t.Errorf("%d cards are left", len(left))
	}
	for _, account := range []string{of.account, second} {
		a.get("/accounts/"+account).is(200).has("status", "RESTRICTED", "ownerId", of.user)
		a.get("/accounts/" + account + "/balance").is(200)
	}
	a.get("/card-shipments/"+box).is(200).has("cards.0.productionStatus", "CANCELED")
	again := newUserBody()
	again["phoneNumber"] = phone // free again
	a.post("/users", again).is(200)

	hook.settled()
	for _, e := range hook.await("CARD_STATUS_UPDATED", len(cards)) {
		data := e["data"].(object)
		if reason, _ := data["blockReason"].(object); data["status"] != "BLOCKED" || reason["type"] != "CARD_DELETED" || data["blockLiftable"] != false {
			t.Errorf("a deleted card is announced as %v", data)
		}
	}
	if n := len(hook.events("CARD_STATUS_UPDATED")); n != len(cards) {
		t.Errorf("%d events of %d cards", n, len(cards))
	}
	if n := len(hook.events("ACCOUNT_STATUS_UPDATED")); n != 2 {
		t.Errorf("%d events of two accounts", n)
	}
	if n := len(hook.events("CARD_SHIPMENT_STATUS_UPDATED")) - before; n != 1 {
		t.Errorf("%d events of the box", n)
	}
}

func accounts(t *testing.T, h *house) {
	a := h.program(t).cards()
	pending := a.pendingUser()
	key := func() api { return a.keyed(fmt.Sprintf("key-%d", unique())) }
	a.post("/accounts", object{"ownerId": pending}).invalid("headers", "idempotency-key required")
	key().post("/accounts", object{"ownerId": pending}).refused(400, "USER_NOT_APPROVED").has("error.detail", object{"applicationStatus": "NOT_STARTED"})
	key().post("/accounts", object{"ownerId": nobody}).refused(404, "USER_NOT_FOUND")
	user := a.user()
	account := key().post("/accounts", object{"ownerId": user, "signers": object{"x": 1}}).is(200).
		has("status", "ACTIVE", "ownerType", "USER", "ownerId", user, "chainAddresses", []any{}).text("id")
	if n := len(a.get("/accounts?ownerId=" + user).is(200).list("items")); n != 1 {
		t.Errorf("%d accounts of the owner", n)
	}
	a.get("/accounts/auth-message").refused(403, "USER_FUNDING_NOT_ENABLED")
	a.get("/accounts/"+account+"/assets").is(200).has("items", []any{})
	a.get("/accounts/"+nobody).refused(404, "ACCOUNT_NOT_FOUND")
	a.get("/accounts/"+nobody+"/assets").refused(404, "ACCOUNT_NOT_FOUND")
	a.get("/accounts/"+nobody+"/balance").refused(404, "ACCOUNT_NOT_FOUND")

	sums := func(pending, cleared, available float64) {
		t.Helper()
		a.get("/accounts/"+account+"/balance").is(200).has(
			"currency", "USD", "totalAssetValue", 1000, "totalLiabilities", pending+cleared, "availableBalance", available,
			"assets", object{"crypto": nil, "fiat": 1000, "virtual": nil},
			"liabilities.cardDebt", object{"pending": pending, "cleared": cleared, "total": pending + cleared}, "liabilities.depositFees", nil)
	}
	sums(0, 0, 1000)
	card := a.cardOf(holder{user, account}, "VIRTUAL")
	step := func(kind, transaction string, amount float64) reply {
		t.Helper()
		return a.post("/simulation/card-transactions/"+kind, object{"cardId": card, "transactionId": transaction, "amount": amount}).is(200)
	}
	use := a.pay(card, 12.5, "ECOMMERCE").has("status", "PENDING").text("id")
	sums(12.5, 0, 987.5)
	step("clearing", use, 10.25).has("status", "CLEARED")
	sums(0, 10.25, 989.75)
	step("refund", use, 4).has("status", "CLEARED")
	sums(0, 6.25, 993.75)
	a.post("/simulation/card-transactions/authorization", object{"cardId": card, "amount": 993.76}).refused(400, "INSUFFICIENT_BALANCE").
		has("error.detail", object{"availableBalance": 993.75})
}

func designs(t *testing.T, h *house) {
	p := h.program(t)
	a := p.cards()
	p.h.command(t, "design", "add", "Gold", "--program", p.name, "--campaign", "GOLD")
	list := a.get("/card-designs").is(200).list("items")
	if len(list) != 2 || list[0]["name"] != "Gold" || list[0]["isDefault"] != false || list[1]["isDefault"] != true {
		t.Fatalf("designs %v", list)
	}
	gold, old := list[0]["id"].(string), list[1]["id"].(string)
	path := "/card-designs/" + gold
	a.get(path).is(200).has("name", "Gold", "status", "ACTIVE", "cardTypes", []any{"VIRTUAL", "PHYSICAL"}, "isDefault", false)
	a.get("/card-designs/"+nobody).refused(404, "CARD_DESIGN_NOT_FOUND")
	a.put("/card-designs/"+nobody+"/default", nil).refused(404, "CARD_DESIGN_NOT_FOUND")

	of := a.holder()
	before := a.cardOf(of, "VIRTUAL")
	set := a.put(path+"/default", nil).is(200).has("isDefault", true)
	if again := a.post(path+"/set-default", nil).is(200); again.body != set.body {
		t.Errorf("%s became %s", set.body, again.body)
	}
	a.get("/card-designs/"+old).is(200).has("isDefault", false)
	a.get("/cards/"+a.cardOf(of, "VIRTUAL")).has("cardDesignId", gold)
	a.get("/cards/"+before).has("cardDesignId", old)
	a.get("/cards/"+a.cardOf(of, "PHYSICAL", "cardDesignId", old)).has("cardDesignId", old)

	p.h.command(t, "design", "retire", old, "--program", p.name)
	a.get("/card-designs/"+old).has("status", "INACTIVE")
	a.put("/card-designs/"+old+"/default", nil).refused(400, "CARD_DESIGN_NOT_USABLE", "INACTIVE")
	a.get(path).has("isDefault", true)
}

func challenges(t *testing.T, h *house) {
	p := h.program(t)
	a := p.cards()
	hook := a.listen()
	of := a.holder()
	card := a.cardOf(of, "VIRTUAL", "3dsChallengeMethod", "WEBHOOK")
	ask := func(of string) reply {
		t.Helper()
		return a.post("/simulation/card-transactions/authorization-with-3ds", object{"cardId": of, "amount": 170})
	}
	respond := func(id string, approve bool) reply {
		t.Helper()
		return a.post("/card-3ds-challenges/"+id+"/respond", object{"approve": approve})
	}
	made := ask(card).is(200).has("cardId", card, "status", "PENDING", "transaction.amount", "170.00", "transaction.currency", "USD")
	id := made.text("id")
	told := hook.await("CARD_3DS_CHALLENGE_CREATED", 1)
	if read := a.get("/card-3ds-challenges/" + id).is(200); !equal(told[0]["data"], read.json()) {
		t.Errorf("announced %v, read %s", told[0]["data"], read.body)
	}
	a.post("/card-3ds-challenges/"+id+"/respond", object{"approve": "true"}).invalid("body", "approve invalid_type")
	respond(id, true).is(200).has("status", "APPROVED")
	respond(id, true).refused(400, "CARD_3DS_CHALLENGE_NOT_PENDING").has("error.detail", object{"status": "APPROVED"})
	use := hook.await("CARD_TRANSACTION_CREATED", 1)[0]["data"].(object)
	if use["cardId"] != card || use["status"] != "PENDING" || use["channel"] != "ECOMMERCE" {
		t.Errorf("the transaction is %v", use)
	}
	a.get("/card-transactions/" + use["id"].(string)).is(200)

	id = ask(card).is(200).text("id")
	respond(id, false).is(200).has("status", "REJECTED")
	respond(id, true).refused(400, "CARD_3DS_CHALLENGE_NOT_PENDING").has("error.detail", object{"status": "REJECTED"})
	a.get("/accounts/"+of.account+"/balance").has("liabilities.cardDebt.pending", 170)

	id = ask(card).is(200).text("id")
	var wait sync.WaitGroup
	answers := make([]reply, 2)
	for i := range answers {
		wait.Go(func() { answers[i] = respond(id, i == 0) })
	}
	wait.Wait()
	won := slices.IndexFunc(answers, func(r reply) bool { return r.status == 200 })
	if won < 0 || answers[1-won].status != 400 || a.get("/card-3ds-challenges/"+id).text("status") != answers[won].text("status") {
		t.Errorf("two answers at once: %d %s, %d %s", answers[0].status, answers[0].body, answers[1].status, answers[1].body)
	}

	id = ask(card).is(200).text("id")
	p.advance("5m")
	a.get("/card-3ds-challenges/"+id).has("status", "EXPIRED")
	respond(id, true).refused(400, "CARD_3DS_CHALLENGE_NOT_PENDING").has("error.detail", object{"status": "EXPIRED"})
	ask(a.cardOf(of, "VIRTUAL")).refused(400, "SIMULATION_INVALID_STATE", "NOT_WEBHOOK")
	a.get("/card-3ds-challenges/"+nobody).refused(404, "CARD_3DS_CHALLENGE_NOT_FOUND")
	respond(nobody, true).refused(404, "CARD_3DS_CHALLENGE_NOT_FOUND")
}

func restrictions(t *testing.T, h *house) {
	a := h.program(t).cards()
	of := a.holder()
	card := a.cardOf(of, "PHYSICAL")
	a.scan(a.placed(card), "IN_TRANSIT")
	a.activate(card, a.code(card)).is(204)
	create := func(kind string, scope object, channels ...string) reply {
		t.Helper()
		return a.post("/policies", object{"type": kind, "name": "No " + strings.Join(channels, ", "), "scope": scope, "config": object{"channels": channels}})
	}
	const restriction = "CHANNEL_RESTRICTION"
	onCard := create(restriction, object{"type": "CARD", "id": card}, "ATM").is(200).
		has("type", restriction, "status", "ACTIVE", "scope", object{"type": "CARD", "id": card}, "config", object{"channels": []any{"ATM"}}).text("id")
	declined := func(channel, policy, scope string) {
		t.Helper()
		a.pay(card, 1, channel).has("status", "DECLINED", "declineReason.code", "CHANNEL_NOT_ALLOWED", "policy.id", policy, "policy.type", restriction, "policy.scopeType", scope)
	}
	passes := func(channels ...string) {
		t.Helper()
		for _, channel := range channels {
			a.pay(card, 1, channel).has("status", "PENDING")
		}
	}
	declined("ATM", onCard, "CARD")
	passes("POS", "ECOMMERCE")
	a.post("/policies/"+onCard+"/disable", nil).is(200).has("status", "DISABLED")
	a.post("/policies/"+onCard+"/disable", nil).is(200)
	passes("ATM")
	a.post("/policies/"+onCard+"/enable", nil).is(200).has("status", "ACTIVE")
	a.put("/policies/"+onCard+"/config", object{"channels": []string{"POS"}}).is(200).has("config", object{"channels": []any{"POS"}})
	a.patch("/policies/"+onCard, object{"name": "Not in shops"}).is(200).has("name", "Not in shops")
	declined("POS", onCard, "CARD")
	passes("ATM")

	onUser := create(restriction, object{"type": "USER", "id": of.user}, "ECOMMERCE").is(200).text("id")
	onAll := create(restriction, object{"type": "PROJECT"}, "VISA_DIRECT").is(200).text("id")
	declined("ECOMMERCE", onUser, "USER")
	declined("VISA_DIRECT", onAll, "PROJECT")
	effective := func(query string, want ...string) {
		t.Helper()
		var got []string
		for _, item := range a.get("/policies/effective?" + query).is(200).list("items") {
			got = append(got, item["policy"].(object)["id"].(string))
			if usage, there := item["usage"]; !there || usage != nil {
				t.Errorf("usage %v", usage)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("effective for %s: %v, want %v", query, got, want)
		}
	}
	effective("scopeType=CARD&scopeId="+card, onCard, onUser, onAll)
	effective("scopeType=USER&scopeId="+of.user, onUser, onAll)
	effective("scopeType=PROJECT", onAll)
	a.post("/policies/"+onUser+"/disable", nil).is(200)
	effective("scopeType=CARD&scopeId="+card, onCard, onAll)
	if n := len(a.get("/policies?scopeType=USER&scopeId=" + of.user + "&status=DISABLED").is(200).list("items")); n != 1 {
		t.Errorf("%d disabled policies of the user", n)
	}

	create("SPEND_LIMIT", object{"type": "PROJECT"}, "ATM").refused(400, "POLICY_TYPE_NOT_SUPPORTED").has("error.detail", object{"type": "SPEND_LIMIT"})
	create("NONSENSE", object{"type": "PROJECT"}, "ATM").invalid("body", "type invalid_enum")
	create(restriction, object{"type": "CARD", "id": nobody}, "ATM").refused(404, "CARD_NOT_FOUND")
	create(restriction, object{"type": "USER", "id": nobody}, "ATM").refused(404, "USER_NOT_FOUND")
	create(restriction, object{"type": "PROJECT"}, "ATM", "ATM").invalid("body", "config.channels.1 duplicate")
	a.get("/policies/"+nobody).refused(404, "POLICY_NOT_FOUND")
}
