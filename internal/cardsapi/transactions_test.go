package cardsapi_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/storetest"
)

// use simulates a kind of card transaction; the members are JSON without the card.
func (h *house) use(kind, card, members string) answer {
	h.t.Helper()
	return h.post("/simulation/card-transactions/"+kind, `{"cardId":"`+card+`",`+members+`}`)
}

// tapped makes an activated card with its account.
func (h *house) tapped() (card, account string) {
	h.t.Helper()
	card, _, code := h.shipped()
	h.post("/cards/"+card+"/activate", codeBody(code)).want(204)
	return card, h.get("/cards/" + card).want(200).text("accountId")
}

// is checks members of an answer: path and JSON, in pairs.
func (a answer) is(pairs ...string) answer {
	a.t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if got := a.raw(strings.Split(pairs[i], ".")...); got != pairs[i+1] {
			a.t.Errorf("%s is %s, want %s in %s", pairs[i], got, pairs[i+1], a.body)
		}
	}
	return a
}

func (h *house) balance(account, pending, cleared, available string) {
	h.t.Helper()
	h.get("/accounts/"+account+"/balance").want(200).is("liabilities.cardDebt.pending", pending, "liabilities.cardDebt.cleared", cleared, "availableBalance", available)
}

var (
	anyID   = regexp.MustCompile(`"[0-9a-f]{8}-[0-9a-f-]{27}"`)
	anyTime = regexp.MustCompile(`"20[0-9-]+T[0-9:.]+Z"`)
)

// golden is a body without what is drawn.
func (a answer) golden() string {
	return anyTime.ReplaceAllString(anyID.ReplaceAllString(a.body, `"ID"`), `"T"`)
}

// TestAuthorization_BeforeAndAfterActivation is contract §26.10, items 94 and 95.
func TestAuthorization_BeforeAndAfterActivation(t *testing.T) {
	t.Parallel()
	const notActivated = `{"code":"CARD_NOT_ACTIVATED","message":"The card has not been activated."}`
	for _, digitalFirst := range []bool{true, false} {
		h := newHouse(t, storetest.WithPolicy("digital_first", fmt.Sprint(digitalFirst)))
		card, _, code := h.shipped()
		for _, channel := range []string{"POS", "ATM", "ECOMMERCE", "VISA_DIRECT"} {
			online := channel == "ECOMMERCE" || channel == "VISA_DIRECT"
			before := h.use("authorization", card, `"amount":1,"channel":"`+channel+`"`).want(200)
			if online && digitalFirst {
				before.is("status", `"PENDING"`)
			} else {
				before.is("status", `"DECLINED"`, "declineReason", notActivated, "policy", "null", "amount", "")
			}
			wallet := h.use("authorization", card, `"amount":1,"digitalWallet":"APPLE_PAY","channel":"`+channel+`"`).want(200)
			if wallet.text("status") == "PENDING" != digitalFirst {
				t.Errorf("%s by wallet: %s", channel, wallet.body)
			}
		}
		h.post("/cards/"+card+"/activate", codeBody(code)).want(204)
		for _, channel := range []string{"POS", "ATM", "ECOMMERCE", "VISA_DIRECT"} {
			h.use("authorization", card, `"amount":1,"channel":"`+channel+`"`).want(200).is("status", `"PENDING"`)
		}
	}
}

// TestTransactions_Goldens holds the bytes of each shape (contract §19).
func TestTransactions_Goldens(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	card, _, _ := h.shipped()
	const (
		head     = `{"id":"ID","accountId":"ID","cardId":"ID","status":`
		merchant = `"merchant":{"id":"ID","cardAcceptorId":null,"name":"Firsttap Test Shop","city":"Ciudad de Mexico","postCode":"06600","state":"CMX","country":"MX","mccCode":"5411","mccCategory":"Grocery stores"},"fees":{"atm":0.00,"fx":0.00},"events":[`
		tail     = `],"occurredAt":"T","createdAt":"T","updatedAt":"T"}`
	)
	event := func(kind, amount string) string {
		return `{"id":"ID","type":"` + kind + `","originalAmount":` + amount + `,"originalCurrency":"USD","amount":` + amount + `,"fees":{"atm":0.00,"fx":0.00},"occurredAt":"T","createdAt":"T"}`
	}
	for _, c := range []struct {
		kind, members, want string
	}{
		{"authorization", `"amount":12.5,"channel":"POS"`, head + `"DECLINED","channel":"POS","digitalWallet":null,"originalCurrency":"USD","currency":"USD","originalAmount":12.50,"declineReason":{"code":"CARD_NOT_ACTIVATED","message":"The card has not been activated."},"policy":null,` + merchant + event("DECLINE", "12.50") + tail},
		{"authorization", `"amount":12.5`, head + `"PENDING","channel":"ECOMMERCE","digitalWallet":null,"originalCurrency":"USD","currency":"USD","originalAmount":{"authorized":12.50,"reversed":0.00,"current":12.50},"amount":{"authorized":12.50,"reversed":0.00,"current":12.50},"conversionRate":1,` + merchant + event("AUTHORIZATION", "12.50") + tail},
		{"authorization", `"amount":0`, head + `"VOID","channel":"ECOMMERCE","digitalWallet":null,"originalCurrency":"USD","currency":"USD","originalAmount":{"authorized":0.00,"reversed":0.00,"current":0.00},"amount":{"authorized":0.00,"reversed":0.00,"current":0.00},` + merchant + event("AUTHORIZATION", "0.00") + tail},
		{"clearing", `"amount":12.5`, head + `"CLEARED","channel":"ECOMMERCE","digitalWallet":null,"originalCurrency":"USD","currency":"USD","originalAmount":{"cleared":12.50,"refunded":0.00,"current":12.50},"amount":{"cleared":12.50,"refunded":0.00,"current":12.50},"conversionRate":1,` + merchant + event("CLEARING", "12.50") + tail},
		{"refund", `"amount":12.5`, head + `"CLEARED","channel":"ECOMMERCE","digitalWallet":null,"originalCurrency":"USD","currency":"USD","originalAmount":{"cleared":0.00,"refunded":12.50,"current":-12.50},"amount":{"cleared":0.00,"refunded":12.50,"current":-12.50},"conversionRate":1,` + merchant + event("REFUND", "12.50") + tail},
	} {
		a := h.use(c.kind, card, c.members).want(200)
		if got := a.golden(); got != c.want {
			t.Errorf("%s %s\n%s, want\n%s", c.kind, c.members, got, c.want)
		}
		if again := h.get("/card-transactions/" + a.text("id")).want(200); again.body != a.body {
			t.Errorf("GET gives\n%s, POST\n%s", again.body, a.body)
		}
	}
	foreign := h.use("authorization", card, `"amount":12.82,"originalAmount":100,"originalCurrency":"HKD","merchant":{"name":"Cha Chaan Teng","country":"HKG","mccCode":"5812"}`).want(200)
	foreign.is("originalCurrency", `"HKD"`, "currency", `"USD"`, "originalAmount.authorized", "100.00", "amount.authorized", "12.82", "conversionRate", "0.1282",
		"merchant.name", `"Cha Chaan Teng"`, "merchant.country", `"HK"`, "merchant.city", "null", "merchant.mccCode", `"5812"`)
	h.use("reversal", card, `"amount":6.41,"transactionId":"`+foreign.text("id")+`"`).want(200).is("originalAmount.reversed", "50.00", "amount.current", "6.41")
	h.use("clearing", card, `"amount":6.41,"originalAmount":50,"originalCurrency":"EUR","transactionId":"`+foreign.text("id")+`"`).refused(400, "SIMULATION_INVALID_STATE", `{"reason":"CURRENCY_MISMATCH"}`)
	if h.get("/card-transactions/"+card).refused(404, "CARD_TRANSACTION_NOT_FOUND", "null"); h.do("GET", "/card-transactions/"+foreign.text("id"), "", "Authorization", "Bearer "+h.foreign).status != 404 {
		t.Error("another project reads it")
	}
}

// TestTransactions_Walk is contract §26.17, item 151, and §26.15, item 133: what happens to one transaction, with
// the balance after each step, its events, and what is refused.
func TestTransactions_Walk(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	card, account := h.tapped()
	if got, want := h.get("/accounts/"+account+"/balance").want(200).body, `{"currency":"USD","totalAssetValue":1000.00,"totalLiabilities":0.00,"availableBalance":1000.00,`+
		`"assets":{"crypto":null,"fiat":1000.00,"virtual":null},"liabilities":{"cardDebt":{"pending":0.00,"cleared":0.00,"total":0.00},"depositFees":null}}`; got != want {
		t.Errorf("balance\n%s, want\n%s", got, want)
	}
	h.get("/accounts/"+account+"/assets").want(200).is("items", "[]")
	h.get("/accounts/"+card+"/balance").refused(404, "ACCOUNT_NOT_FOUND", "null")
	h.get("/accounts/"+card+"/assets").refused(404, "ACCOUNT_NOT_FOUND", "null")
	h.get("/accounts/auth-message").refused(403, "USER_FUNDING_NOT_ENABLED", "null")
	h.events()

	x := h.use("authorization", card, `"amount":100,"channel":"POS"`).want(200)
	id := x.text("id")
	on := func(kind, amount string) answer {
		return h.use(kind, card, `"amount":`+amount+`,"transactionId":"`+id+`"`)
	}
	told := func(kind string, is answer) {
		t.Helper()
		all := h.events()
		if kinds(all) != kind || all[0].raw("data") != is.body || h.get("/card-transactions/"+id).body != is.body {
			t.Errorf("events %q, %s\nwant %s with\n%s", kinds(all), all[0].body, kind, is.body)
		}
	}
	told("CARD_TRANSACTION_CREATED", x)
	h.balance(account, "100.00", "0.00", "900.00")
	more := on("authorization", "50.25").want(200).is("status", `"PENDING"`, "channel", `"POS"`, "amount.authorized", "150.25", "amount.current", "150.25")
	told("CARD_TRANSACTION_UPDATED", more)
	h.balance(account, "150.25", "0.00", "849.75")
	on("authorization", "849.76").refused(400, "INSUFFICIENT_BALANCE", `{"availableBalance":849.75}`)
	declined := on("decline", "10").want(200).is("status", `"PENDING"`, "amount.current", "150.25", "events.2.type", `"DECLINE"`)
	told("CARD_TRANSACTION_UPDATED", declined)
	on("refund", "1").refused(400, "SIMULATION_INVALID_STATE", `{"reason":"NOT_CLEARED"}`)
	on("reversal", "150.26").refused(400, "SIMULATION_INVALID_STATE", `{"reason":"AMOUNT_TOO_LARGE"}`)
	on("reversal", "50.25").want(200).is("status", `"PENDING"`, "amount.reversed", "50.25", "amount.current", "100.00")
	h.balance(account, "100.00", "0.00", "900.00")
	h.events()
	cleared := on("clearing", "120").want(200).is("status", `"CLEARED"`, "amount", `{"cleared":120.00,"refunded":0.00,"current":120.00}`)
	told("CARD_TRANSACTION_UPDATED", cleared)
	h.balance(account, "0.00", "120.00", "880.00")
	for _, kind := range []string{"clearing", "reversal", "authorization", "decline"} {
		on(kind, "1").refused(400, "SIMULATION_INVALID_STATE", `{"reason":"NOT_PENDING"}`)
	}
	on("refund", "20").want(200).is("status", `"CLEARED"`, "amount.refunded", "20.00", "amount.current", "100.00")
	h.balance(account, "0.00", "100.00", "900.00")
	on("refund", "100.01").refused(400, "SIMULATION_INVALID_STATE", `{"reason":"AMOUNT_TOO_LARGE"}`)

	void := h.use("authorization", card, `"amount":30`).want(200).text("id")
	h.use("reversal", card, `"amount":30,"transactionId":"`+void+`"`).want(200).is("status", `"VOID"`, "conversionRate", "")
	h.use("reversal", card, `"amount":30,"transactionId":"`+void+`"`).refused(400, "SIMULATION_INVALID_STATE", `{"reason":"NOT_PENDING"}`)
	less := h.use("authorization", card, `"amount":30`).want(200).text("id")
	h.use("clearing", card, `"amount":12.34,"transactionId":"`+less+`"`).want(200).is("status", `"CLEARED"`, "amount.cleared", "12.34")
	h.balance(account, "0.00", "112.34", "887.66")
	h.use("clearing", card, `"amount":900`).want(200) // a merchant has it already
	h.balance(account, "0.00", "1012.34", "-12.34")
	h.use("authorization", card, `"amount":0.01`).refused(400, "INSUFFICIENT_BALANCE", `{"availableBalance":-12.34}`)
	h.events()
	no := h.use("decline", card, `"amount":5,"declineReason":"INCORRECT_PIN"`).want(200)
	no.is("status", `"DECLINED"`, "declineReason.code", `"INCORRECT_PIN"`)
	if all := h.events(); kinds(all) != "CARD_TRANSACTION_CREATED" || all[0].raw("data") != no.body {
		t.Errorf("events of a decline %q", kinds(all))
	}
	h.use("decline", card, `"amount":5`).want(200).is("declineReason.code", `"INSUFFICIENT_BALANCE"`)
	other, _ := h.tapped()
	for _, kind := range []string{"authorization", "clearing", "reversal", "refund", "decline"} {
		h.use(kind, other, `"amount":1,"transactionId":"`+id+`"`).refused(404, "CARD_TRANSACTION_NOT_FOUND", "null")
		h.use(kind, account, `"amount":1,"transactionId":"`+id+`"`).refused(404, "CARD_NOT_FOUND", "null")
	}
	if kinds(h.events()) != "CARD_SHIPMENT_STATUS_UPDATED CARD_SHIPMENT_STATUS_UPDATED CARD_SHIPMENT_STATUS_UPDATED CARD_STATUS_UPDATED CARD_TRANSACTION_CREATED USER_APPLICATION_STATUS_UPDATED USER_APPLICATION_STATUS_UPDATED" {
		t.Error("a refusal was announced")
	}
}

// TestAuthorization_ByState is contract §19.1 over HTTP: each state, and the first of several.
func TestAuthorization_ByState(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	card, account := h.tapped()
	try := func(code string) {
		t.Helper()
		h.use("authorization", card, `"amount":1,"channel":"POS"`).want(200).is("status", `"DECLINED"`, "declineReason.code", `"`+code+`"`)
	}
	status := func(path, body string) {
		t.Helper()
		h.post("/simulation/"+path+"/status", body).want(204)
	}
	restricted := h.post("/policies", `{"type":"CHANNEL_RESTRICTION","name":"n","scope":{"type":"PROJECT"},"config":{"channels":["POS"]}}`).want(200).text("id")
	try("CHANNEL_NOT_ALLOWED")
	status("accounts/"+account, `{"status":"RESTRICTED"}`)
	try("ACCOUNT_NOT_ACTIVE")
	h.post("/cards/"+card+"/freeze", "").want(200)
	try("CARD_FROZEN")
	h.post("/cards/"+card+"/block", "").want(200)
	try("CARD_BLOCKED")
	status("cards/"+card, `{"status":"EXPIRED"}`)
	try("CARD_NOT_ACTIVE")
	status("cards/"+card, `{"status":"ACTIVE"}`)
	status("accounts/"+account, `{"status":"ACTIVE"}`)
	h.post("/policies/"+restricted+"/disable", "").want(200)
	x := h.use("authorization", card, `"amount":1,"channel":"POS"`).want(200).is("status", `"PENDING"`).text("id")
	h.post("/cards/"+card+"/freeze", "").want(200)
	h.use("authorization", card, `"amount":1,"transactionId":"`+x+`"`).want(200).is("status", `"PENDING"`, "amount.current", "1.00", "events.1.type", `"DECLINE"`)

	user := h.get("/cards/" + card).text("userId")
	virtual := h.post("/cards", `{"userId":"`+user+`","accountId":"`+account+`","type":"VIRTUAL"}`).want(200).text("id")
	h.use("authorization", virtual, `"amount":1,"channel":"ATM"`).want(200).is("declineReason.code", `"TRANSACTION_NOT_ALLOWED"`)
	h.use("authorization", virtual, `"amount":1,"channel":"ATM","digitalWallet":"GOOGLE_PAY"`).want(200).is("status", `"PENDING"`, "digitalWallet", `"GOOGLE_PAY"`)

	h.do("DELETE", "/cards/"+card, "").want(204)
	h.use("authorization", card, `"amount":1`).refused(404, "CARD_NOT_FOUND", "null")
	h.use("authorization", card, `"amount":1,"transactionId":"`+x+`"`).refused(404, "CARD_NOT_FOUND", "null")
	h.use("clearing", card, `"amount":1`).refused(404, "CARD_NOT_FOUND", "null")
	h.use("clearing", card, `"amount":1,"transactionId":"`+x+`"`).want(200).is("status", `"CLEARED"`)
}

// TestSimulation_Forms is what the bodies of contract §23.3 and §23.4 must be.
func TestSimulation_Forms(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	card, _ := h.tapped()
	for members, problems := range map[string][]string{
		`"amount":-1`:                          {"amount too_small"},
		`"amount":12.505`:                      {"amount invalid_format"},
		`"amount":1000000.01`:                  {"amount too_big"},
		`"amount":1e300`:                       {"amount too_big"},
		`"amount":"12"`:                        {"amount invalid_type"},
		`"amount":null`:                        {"amount required"},
		`"amount":1,"channel":"pos"`:           {"channel invalid_enum"},
		`"amount":1,"digitalWallet":""`:        {"digitalWallet too_short"},
		`"amount":1,"transactionId":"x"`:       {"transactionId invalid_format"},
		`"amount":1,"originalAmount":1`:        {"originalCurrency required"},
		`"amount":1,"originalCurrency":"EUR"`:  {"originalAmount required"},
		`"amount":1,"originalCurrency":"EURO"`: {"originalAmount required", "originalCurrency too_long"},

		`"amount":1,"originalAmount":0.5,"originalCurrency":"JPY"`:                   {"originalAmount invalid_format"},
		`"amount":1,"originalAmount":0,"originalCurrency":"EUR"`:                     {"originalAmount too_small"},
		`"amount":1,"originalAmount":5,"originalCurrency":"XYZ"`:                     {"originalCurrency invalid_format"},
		`"amount":1,"merchant":[]`:                                                   {"merchant invalid_type"},
		`"amount":1,"merchant":{"country":"XX","mccCode":"12a4","name":"","city":5}`: {"merchant.city invalid_type", "merchant.country invalid_enum", "merchant.mccCode invalid_format", "merchant.name too_short"},
	} {
		for _, kind := range []string{"authorization", "clearing", "refund", "decline", "authorization-with-3ds"} {
			if strings.Contains(members, "transactionId") && kind == "authorization-with-3ds" {
				continue
			}
			h.use(kind, card, members).wrong("body", problems...)
		}
	}
	for _, kind := range []string{"clearing", "refund", "decline", "authorization-with-3ds"} {
		h.use(kind, card, `"amount":0`).wrong("body", "amount too_small")
	}
	h.use("authorization", card, `"amount":0,"transactionId":"`+card+`"`).wrong("body", "amount too_small")
	h.use("reversal", card, `"amount":1`).wrong("body", "transactionId required")
	h.use("decline", card, `"amount":1,"declineReason":"NO"`).wrong("body", "declineReason invalid_enum")
	h.post("/simulation/card-transactions/authorization", `{}`).wrong("body", "amount required", "cardId required")
	h.post("/simulation/fiat-deposits", `{}`).wrong("body", "amount required", "currency required")
	h.post("/simulation/fiat-deposits", `{"amount":0,"currency":"JPY","accountId":"x","senderName":""}`).wrong("body", "accountId invalid_format", "amount too_small", "currency invalid_enum", "senderName too_short")
	h.use("authorization", card, `"amount":1,"triggerFraudAlert":"ignored","digitalWallet":null,"merchant":null`).want(200)
}

// TestDeposits is contract §23.4.
func TestDeposits(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, account := h.tapped()
	h.events()
	first := h.post("/simulation/fiat-deposits", `{"amount":250.5,"currency":"USD","senderName":"Ana","reference":"R-1","accountId":"`+account+`"}`).want(200)
	if got, want := first.golden(), `{"id":"ID","accountId":"ID","transactionId":"ID","status":"SETTLED","amount":250.50,"currency":"USD","originalAmount":250.50,"originalCurrency":"USD","senderName":"Ana","reference":"R-1","occurredAt":"T","createdAt":"T","updatedAt":"T"}`; got != want {
		t.Errorf("deposit\n%s, want\n%s", got, want)
	}
	if all := h.events(); kinds(all) != "FIAT_DEPOSIT_CREATED" || all[0].raw("data") != first.body {
		t.Errorf("events %q", kinds(all))
	}
	h.balance(account, "0.00", "0.00", "1250.50")
	h.get("/accounts/"+account+"/balance").is("totalAssetValue", "1250.50", "assets.fiat", "1250.50")
	own := h.post("/simulation/fiat-deposits", `{"amount":5,"currency":"USD"}`).want(200).is("senderName", "null", "reference", "null").text("accountId")
	h.get("/accounts/"+own).want(200).is("ownerType", `"PROJECT"`, "ownerId", "null", "status", `"ACTIVE"`)
	h.post("/simulation/fiat-deposits", `{"amount":5,"currency":"USD"}`).want(200).is("accountId", `"`+own+`"`)
	h.balance(own, "0.00", "0.00", "10.00")
	h.post("/simulation/fiat-deposits", `{"amount":5,"currency":"EUR","accountId":"`+own+`"}`).refused(400, "SIMULATION_INVALID_STATE", `{"reason":"CURRENCY_MISMATCH"}`)
	h.post("/simulation/fiat-deposits", `{"amount":5,"currency":"EUR","accountId":"`+someID+`"}`).refused(404, "ACCOUNT_NOT_FOUND", "null")
}

// TestChallenges is contract §18 and §26.15, item 135.
func TestChallenges(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	user, account := h.approved()
	card := h.post("/cards", `{"userId":"`+user+`","accountId":"`+account+`","type":"VIRTUAL","3dsChallengeMethod":"WEBHOOK"}`).want(200).text("id")
	h.events()
	ask := func() string {
		t.Helper()
		return h.use("authorization-with-3ds", card, `"amount":170,"merchant":{"name":"Example Shop","country":"MX"}`).want(200).text("id")
	}
	made := h.use("authorization-with-3ds", card, `"amount":170,"channel":"POS","merchant":{"name":"Example Shop","country":"MX"}`).want(200)
	if got, want := made.golden(), `{"id":"ID","cardId":"ID","status":"PENDING","merchant":{"name":"Example Shop","countryCode":"MX"},"transaction":{"amount":"170.00","currency":"USD","timestamp":"T"},"expiresAt":"T"}`; got != want {
		t.Errorf("challenge\n%s, want\n%s", got, want)
	}
	id := made.text("id")
	if all := h.events(); kinds(all) != "CARD_3DS_CHALLENGE_CREATED" || all[0].raw("data") != made.body || h.get("/card-3ds-challenges/"+id).want(200).body != made.body {
		t.Errorf("events %q", kinds(all))
	}
	h.balance(account, "0.00", "0.00", "1000.00")
	path := func(id string) string { return "/card-3ds-challenges/" + id + "/respond" }
	for body, problem := range map[string]string{`{}`: "required", ``: "required", `{"approve":"true"}`: "invalid_type", `{"approve":1}`: "invalid_type"} {
		h.post(path(id), body).wrong("body", "approve "+problem)
	}
	key := h.freshKey()
	approved := h.do("POST", path(id), `{"approve":true}`, "Idempotency-Key", key).want(200).is("status", `"APPROVED"`)
	h.do("POST", path(id), `{"approve":true}`, "Idempotency-Key", key).replays(approved)
	all := h.events()
	if kinds(all) != "CARD_TRANSACTION_CREATED" {
		t.Fatalf("events %q", kinds(all))
	}
	all[0].is("data.status", `"PENDING"`, "data.channel", `"ECOMMERCE"`, "data.amount.current", "170.00", "data.merchant.name", `"Example Shop"`)
	h.balance(account, "170.00", "0.00", "830.00")
	for _, approve := range []string{"true", "false"} {
		h.post(path(id), `{"approve":`+approve+`}`).refused(400, "CARD_3DS_CHALLENGE_NOT_PENDING", `{"status":"APPROVED"}`)
	}

	rejected := ask()
	h.events()
	h.post(path(rejected), `{"approve":false}`).want(200).is("status", `"REJECTED"`)
	h.post(path(rejected), `{"approve":true}`).refused(400, "CARD_3DS_CHALLENGE_NOT_PENDING", `{"status":"REJECTED"}`)
	late := ask()
	h.events()
	h.world.Clock.Advance(5*time.Minute - time.Millisecond)
	h.get("/card-3ds-challenges/"+late).want(200).is("status", `"PENDING"`)
	h.world.Clock.Advance(time.Millisecond)
	h.get("/card-3ds-challenges/"+late).want(200).is("status", `"EXPIRED"`)
	h.post(path(late), `{"approve":true}`).refused(400, "CARD_3DS_CHALLENGE_NOT_PENDING", `{"status":"EXPIRED"}`)
	if kinds(h.events()) != "" {
		t.Error("a transaction came of no approval")
	}

	dear := h.use("authorization-with-3ds", card, `"amount":830.01`).want(200).text("id")
	h.post(path(dear), `{"approve":true}`).want(200).is("status", `"APPROVED"`)
	frozen := ask()
	h.post("/cards/"+card+"/freeze", "").want(200)
	h.post(path(frozen), `{"approve":true}`).want(200).is("status", `"APPROVED"`)
	var codes []string
	for _, e := range h.events() {
		if e.kind == "CARD_TRANSACTION_CREATED" {
			codes = append(codes, e.text("data", "declineReason", "code"))
		}
	}
	if got := strings.Join(codes, " "); got != "INSUFFICIENT_BALANCE CARD_FROZEN" && got != "CARD_FROZEN INSUFFICIENT_BALANCE" {
		t.Errorf("declined for %q", got)
	}
	open := ask()
	h.do("DELETE", "/cards/"+card, "").want(204)
	h.get("/card-3ds-challenges/"+open).want(200).is("status", `"EXPIRED"`)
	h.post(path(open), `{"approve":true}`).refused(400, "CARD_3DS_CHALLENGE_NOT_PENDING", `{"status":"EXPIRED"}`)

	sms, _ := h.tapped()
	h.use("authorization-with-3ds", sms, `"amount":1`).refused(400, "SIMULATION_INVALID_STATE", `{"reason":"NOT_WEBHOOK"}`)
	h.use("authorization-with-3ds", account, `"amount":1`).refused(404, "CARD_NOT_FOUND", "null")
	h.get("/card-3ds-challenges/"+card).refused(404, "CARD_3DS_CHALLENGE_NOT_FOUND", "null")
	h.post(path(card), `{"approve":true}`).refused(404, "CARD_3DS_CHALLENGE_NOT_FOUND", "null")
	if a := h.do("GET", "/card-3ds-challenges/"+open, "", "Authorization", "Bearer "+h.foreign); a.status != 404 {
		t.Error("another project reads a challenge")
	}
}
