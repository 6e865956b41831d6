package debitapi_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/secrettest"
)

// people and cards are what most cases need: two customers, and cards A1… of one batch.
func people(cards ...string) issuance.Seed {
	b := issuance.SeedBatch{Reference: batchOne}
	for _, c := range cards {
		b.Cards = append(b.Cards, issuance.SeedCard{Identifier: c})
	}
	return issuance.Seed{
		Customers: []issuance.SeedCustomer{
			{Number: 12345678, FirstName: "Laura", LastName: "Pérez", Email: "laura@example.com", Wallet: 5001},
			{Number: 20000002, FirstName: "Juan", LastName: "Díaz", Wallet: 5002},
		},
		Batches: []issuance.SeedBatch{b},
	}
}

// with gives an activation of a card for the first customer, with more members.
func with(identifier string, more ...string) string {
	return body(append([]string{`"customer_id":12345678`, `"card_identifier":"` + identifier + `"`, `"reference_batch":"` + batchOne + `"`}, more...)...)
}

func body(members ...string) string { return "{" + strings.Join(members, ",") + "}" }

func TestActivate_TakesBothFormsOfEverything(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.seed(people("A1", "A2", "A3", "A4", "123456", "A6", "A7", "A8", "A9"))
	for name, sent := range map[string]string{
		"id as text":              strings.Replace(with("A1"), "12345678", `"12345678"`, 1),
		"id with prefix":          strings.Replace(with("A2"), "12345678", `"cust_12345678"`, 1),
		"id as number":            with("A3"),
		"upper-case reference":    strings.Replace(with("A4"), batchOne, strings.ToUpper(batchOne), 1),
		"identifier as integer":   strings.Replace(with("123456"), `"123456"`, `123456`, 1),
		"PIN as text":             with("A6", `"pin":"0007"`),
		"PIN as number":           with("A7", `"pin":4321`),
		"unknown members, null":   with("A8", `"balance":null`, `"pin":null`, `"colour":"red"`, `"customer":null`),
		"repeated key, last wins": strings.Replace(with("A9"), `"card_identifier"`, `"card_identifier":"no such","card_identifier"`, 1),
	} {
		if a := h.activate(sent); a.status != http.StatusOK || a.payload(t)["customer_id"] != "12345678" {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
}

func TestActivate_PayloadModes(t *testing.T) {
	t.Parallel()
	for mode, want := range map[string]string{
		"documented": `"payload":{"card_id":"card_555000111","customer_id":"12345678","status":"activated","reference_card":"[0-9a-f]{32}","status_card":22}}$`,
		"strict":     `"payload":{"card_id":"card_555000111","customer_id":"12345678","status":"activated"}}$`,
		"numeric":    `"payload":{"card_id":555000111,"customer_id":12345678,"status":"activated","reference_card":"[0-9a-f]{32}","status_card":22}}$`,
	} {
		h := newHouse(t, policy("debit.activation_payload", mode))
		seed := people()
		seed.Batches[0].Cards = []issuance.SeedCard{{Identifier: "A1", Number: 555000111}}
		h.seed(seed)
		a := h.activate(with("A1"))
		if a.status != 200 || !regexp.MustCompile(want).MatchString(a.body) {
			t.Errorf("%s: %s", mode, a.body)
		}
		envelope := `^\{"text":"Success","timestamp":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z","endpoint":"debit/v1/activateCardForCustomer","error":\{\},`
		if !regexp.MustCompile(envelope).MatchString(a.body) {
			t.Errorf("%s: envelope of %s", mode, a.body)
		}
		if a.header.Get("Content-Type") != "application/json; charset=utf-8" || a.header.Get("Cache-Control") != "no-store" || a.header.Get("X-Request-Id") == "" {
			t.Errorf("%s: headers %v", mode, a.header)
		}
	}
}

func TestActivate_PathsAreCanonical(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.seed(people("A1", "A2"))
	for identifier, path := range map[string]string{"A1": "/debit/v1/activatecardforcustomer/", "A2": "/DEBIT/V1/ACTIVATECARDFORCUSTOMER"} {
		if a := h.do(http.MethodPost, path, with(identifier)); !strings.Contains(a.body, `"endpoint":"debit/v1/activateCardForCustomer"`) || a.status != 200 {
			t.Errorf("%s: %s", path, a.body)
		}
	}
}

const anaRuiz = `"customer":{"first_name":" Ana ","last_name":"Ruiz","email":"Ana@example.com","phone_number":"+5215512345678","gender":"1"}`

func TestActivate_CreatesACustomer(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.seed(people("A1", "A2", "A3", "A4", "A5"))
	sent := func(identifier string, more ...string) string {
		return body(append([]string{`"card_identifier":"` + identifier + `"`, `"reference_batch":"` + batchOne + `"`}, more...)...)
	}
	a := h.activate(sent("A1", anaRuiz, `"device_id":"phone-1"`))
	p := a.payload(t)
	private, _ := p["customer_private_key"].(string)
	refresh, _ := p["customer_refresh_token"].(string)
	oauth, _ := p["customer_oauth_token"].(string)
	if a.status != 200 || !regexp.MustCompile(`^sk_[0-9a-f]{64}$`).MatchString(private) || len(refresh) != 64 || len(oauth) != 64 {
		t.Fatalf("%d %v", a.status, p)
	}
	// The token works: its customer needs no customer_id, may repeat the own one, and no other.
	token := []string{"Authorization-customer", oauth}
	if a := h.activate(sent("A2"), token...); a.status != 200 || a.payload(t)["customer_id"] != p["customer_id"] {
		t.Errorf("by the token: %s", a.body)
	}
	if a := h.activate(sent("A3", fmt.Sprintf(`"customer_id":%q`, p["customer_id"])), "Authorization-customer", "Bearer "+oauth); a.status != 200 {
		t.Errorf("by token and own id: %s", a.body)
	}
	h.activate(sent("A4", `"customer_id":12345678`), token...).is(t, "another's id beside a token", 403, 4403, "customer_id:not_allowed")
	for name, wrong := range map[string]string{
		"e-mail in other letters": `"customer":{"first_name":"B","last_name":"C","email":"ANA@EXAMPLE.COM"}`,
		"of a seeded customer":    `"customer":{"first_name":"B","last_name":"C","phone_number":"+525512345678"}`,
	} {
		hint := "email:duplicated"
		if strings.Contains(wrong, "phone") {
			hint = "mobile:duplicated"
		}
		h.activate(sent("A4", wrong)).is(t, name, 409, 4455, hint)
	}
	if a := h.activate(sent("A4", `"customer_id":12345678`, `"customer":{"first_name":5}`)); a.status != 200 || a.payload(t)["customer_private_key"] != nil {
		t.Errorf("an id wins over the object: %s", a.body)
	}
	if a := h.activate(sent("A5", `"customer":{"first_name":"B","last_name":"C","email":"b@example.com"}`)); a.payload(t)["customer_oauth_token"] != nil || a.payload(t)["customer_refresh_token"] == nil {
		t.Errorf("without a device there is no oauth token: %s", a.body)
	}
	if log := h.log.String(); strings.Contains(log, private) || strings.Contains(log, oauth) || strings.Contains(log, refresh) {
		t.Error("a token was logged")
	}
}

func TestActivate_ShapeOfTheRequest(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.seed(people("A1"))
	long := strings.Repeat("x", 300)
	for _, c := range []struct{ name, sent, hints string }{
		{"nothing", `{}`, "customer_id:required card_identifier:required reference_batch:required"},
		{"the oldest page", `{"customer_id":1,"card_product_id":2}`, "card_identifier:required reference_batch:required"},
		{
			"everything wrong", `{"customer_id":0,"card_identifier":"a b","reference_batch":7,"pin":"12","device_id":"\u0001","balance":5}`,
			"customer_id:invalid card_identifier:invalid reference_batch:invalid pin:invalid device_id:invalid balance:invalid",
		},
		{"id with a fraction", strings.Replace(with("A1"), "12345678", "1.5", 1), "customer_id:invalid"},
		{"id of 20 digits", strings.Replace(with("A1"), "12345678", `"12345678901234567890"`, 1), "customer_id:invalid"},
		{"id beyond 64 bits", strings.Replace(with("A1"), "12345678", `9999999999999999999`, 1), "customer_id:invalid"},
		{"id of a card", strings.Replace(with("A1"), "12345678", `"card_1"`, 1), "customer_id:invalid"},
		{"identifier too long", with(long[:65]), "card_identifier:invalid"},
		{"reference too long", strings.Replace(with("A1"), batchOne, long, 1), "reference_batch:too_long"},
		{"empty balance", with("A1", `"balance":{}`), "balance.id:required"},
		{"balance as text", with("A1", `"balance":"10"`), "balance:invalid"},
		{"balance.id as boolean", with("A1", `"balance":{"id":true}`), "balance.id:invalid"},
		{"device too long", with("A1", `"device_id":"`+long+`"`), "device_id:too_long"},
		{"customer is text", body(`"card_identifier":"A1"`, `"reference_batch":"`+batchOne+`"`, `"customer":"Ana"`), "customer:invalid"},
		{
			"customer is empty", body(`"card_identifier":"A1"`, `"reference_batch":"`+batchOne+`"`, `"customer":{}`),
			"customer.first_name:required customer.last_name:required customer.email:required",
		},
		{
			"customer is wrong", body(`"card_identifier":"A1"`, `"reference_batch":"`+batchOne+`"`, `"customer":{"first_name":" ","last_name":"`+long+`","email":"a@b@c","phone_number":"12","gender":4,"rfc":1}`),
			"customer.first_name:too_short customer.last_name:too_long customer.email:invalid customer.phone_number:invalid customer.gender:invalid customer.rfc:invalid",
		},
	} {
		h.activate(c.sent).is(t, c.name, 400, 4400, c.hints)
	}
	for _, pin := range []string{`"123"`, `"12345"`, `"12a4"`, `""`, `12`, `999`, `10000`, `-123`, `1234.0`, `1e3`, `"１２３４"`, `true`, `[1]`} {
		a := h.activate(with("A1", `"pin":`+pin))
		a.is(t, "pin "+pin, 400, 4400, "pin:invalid")
	}
	if a := h.activate(with("A1")); a.status != 200 {
		t.Errorf("a bad shape cost something: %s", a.body)
	}
}

func TestActivate_Transport(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.seed(people("A1"))
	for _, c := range []struct {
		name, method, path, sent string
		headers                  []string
		status, code             int
		hints                    string
	}{
		{"text", "POST", activatePath, with("A1"), []string{"Content-Type", "text/plain"}, 415, 4415, ""},
		{"JSON in another charset", "POST", activatePath, with("A1"), []string{"Content-Type", "application/json; charset=latin1"}, 415, 4415, ""},
		{"compressed", "POST", activatePath, with("A1"), []string{"Content-Encoding", "gzip"}, 415, 4415, ""},
		{"malformed", "POST", activatePath, `{"customer_id":`, nil, 400, 4400, "body:malformed"},
		{"an array", "POST", activatePath, `[]`, nil, 400, 4400, "body:malformed"},
		{"trailing garbage", "POST", activatePath, with("A1") + "x", nil, 400, 4400, "body:malformed"},
		{"empty", "POST", activatePath, ``, nil, 400, 4400, "body:malformed"},
		{"too deep", "POST", activatePath, `{"a":` + strings.Repeat("[", 16) + strings.Repeat("]", 16) + "}", nil, 400, 4400, "body:malformed"},
		{"65 KiB", "POST", activatePath, with("A1", `"x":"`+strings.Repeat("x", 65<<10)+`"`), nil, 413, 4413, ""},
		{"unknown path", "POST", "/debit/v1/nothing", "{}", nil, 404, 4404, ""},
		{"unknown path without a token", "POST", "/debit/v1/nothing", "{}", []string{"Authorization-ecommerce", "-"}, 404, 4404, ""},
		{"another method", "GET", activatePath, "", nil, 405, 4405, ""},
		{"no token", "POST", activatePath, with("A1"), []string{"Authorization-ecommerce", "-"}, 401, 4401, "Authorization-ecommerce:required"},
		{"unknown token", "POST", activatePath, with("A1"), []string{"Authorization-ecommerce", "ec_test_" + strings.Repeat("0", 64)}, 401, 4401, "Authorization-ecommerce:invalid"},
		{"malformed token", "POST", activatePath, with("A1"), []string{"Authorization-ecommerce", "x"}, 401, 4401, "Authorization-ecommerce:invalid"},
		{"customer token alone", "POST", activatePath, with("A1"), []string{"Authorization-ecommerce", "-", "Authorization-customer", strings.Repeat("0", 64)}, 401, 4401, "Authorization-ecommerce:required"},
		{"unknown customer token", "POST", activatePath, with("A1"), []string{"Authorization-customer", strings.Repeat("0", 64)}, 401, 4401, "Authorization-customer:invalid"},
		{"a bearer token beside a good one", "POST", activatePath, with("A1"), []string{"Authorization", "Bearer garbage"}, 401, 4401, "Authorization:invalid"},
		{"before the size: no token", "POST", activatePath, strings.Repeat("x", 65<<10), []string{"Authorization-ecommerce", "-"}, 401, 4401, "Authorization-ecommerce:required"},
		{"bad key", "POST", activatePath, with("A1"), []string{"Idempotency-Key", strings.Repeat("k", 256)}, 400, 4400, "Idempotency-Key:invalid"},
	} {
		a := h.do(c.method, c.path, c.sent, c.headers...)
		a.is(t, c.name, c.status, c.code, c.hints)
		if c.status == 405 && a.header.Get("Allow") != "POST" {
			t.Errorf("%s: Allow %q", c.name, a.header.Get("Allow"))
		}
		if c.status == 401 && a.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: no WWW-Authenticate", c.name)
		}
	}
	if a := h.activate(with("A1"), "Authorization-ecommerce", "Bearer "+h.token, "Client", "app 1.0", "Content-Type", `application/json; charset="UTF-8"`); a.status != 200 {
		t.Errorf("Bearer before a raw token: %s", a.body)
	}
}

func TestActivate_ProgrammesDoNotSeeEachOther(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.seed(people("A1", "A2"))
	other := h.newTenant("second", program.Sandbox, nil)
	theirs := []string{"Authorization-ecommerce", other.token}
	strip := regexp.MustCompile(`"timestamp":"[^"]*"`)
	foreign := strip.ReplaceAllString(h.activate(with("A1"), theirs...).body, "")
	unknown := strip.ReplaceAllString(h.activate(with("no-such"), theirs...).body, "")
	if foreign != unknown || !strings.Contains(foreign, `"code":4404,"hints":["Card not found"]`) {
		t.Errorf("foreign %s, unknown %s", foreign, unknown)
	}
	if a := h.activate(with("A1"), "Authorization-ecommerce", h.issue(h.program, "")); a.status != 200 {
		t.Errorf("a second credential of the programme: %s", a.body)
	}
}

func TestActivate_Refusals(t *testing.T) {
	t.Parallel()
	h := newHouse(t, policy("debit.max_cards_per_customer", "2"))
	h.seed(people("A1", "A2", "A3", "A4", "A5", "A6", "A7", "A8", "A9"))
	h.activate(with("A1")).is(t, "the first", 200, 0, "")
	h.activate(with("A1")).is(t, "again", 400, 4433, "")
	h.activate(with("A1", `"pin":"9999"`)).is(t, "again with another PIN", 400, 4433, "")
	h.activate(strings.Replace(with("A1"), "12345678", "99999999", 1)).is(t, "again for nobody", 400, 4433, "")
	h.activate(strings.Replace(with("A1"), batchOne, wrongBatch, 1)).is(t, "again with the wrong batch", 400, 4400, "Mismatch in reference batch.")
	h.activate(with("unknown")).is(t, "unknown identifier", 404, 4404, "")
	h.activate(strings.Replace(with("A2"), "12345678", "99999999", 1)).is(t, "unknown customer", 404, 4404, "")
	h.activate(with("A2", `"balance":{"id":5002}`)).is(t, "another's balance", 400, 4400, "balance.id:not_found")
	h.activate(with("A2", `"balance":{"id":777777}`)).is(t, "an unknown balance", 400, 4400, "balance.id:not_found")
	h.activate(with("A2", `"balance":{"id":"5001"}`)).is(t, "the own wallet", 200, 0, "")
	h.activate(with("A3")).is(t, "above the limit of cards", 400, 4437, "cards:too_many")

	second := func(identifier string) string { return strings.Replace(with(identifier), "12345678", "20000002", 1) }
	for identifier, c := range map[string]struct {
		change func(v *card.View)
		code   int
	}{
		"A3": {func(v *card.View) { v.Card.ClosedAt, v.Card.ClosedReason = h.clock.Now(), card.ClosedRetired }, 4432},
		"A4": {func(v *card.View) { v.Card.ExpiresAt = h.clock.Now() }, 4434},
		"A5": {func(v *card.View) { v.Card.Block = card.Block{Type: card.BlockSuspectedFraud, By: card.ByIssuer} }, 4435},
		"A6": {func(v *card.View) { v.Card.ReportedAs = card.ClosedLost }, 4436},
		"A7": {func(v *card.View) { v.Card.ReservedFor = h.customer(12345678).ID }, 4437},
	} {
		h.changeCard(identifier, c.change)
		a := h.activate(second(identifier))
		if a.status != 400 || a.code() != c.code {
			t.Errorf("%s: %d %s", identifier, c.code, a.body)
		}
	}
	h.activate(strings.Replace(with("A5"), "12345678", "99999999", 1)).is(t, "blocked before unknown customer", 400, 4435, "")
	h.changeCard("A9", func(v *card.View) { v.Card.FrozenBy = card.ByHolder })
	if a := h.activate(second("A9")); a.status != 200 || a.payload(t)["status_card"] != 12.0 {
		t.Errorf("a frozen card: %s", a.body)
	}
}

func TestActivate_CustomerAndWallet(t *testing.T) {
	t.Parallel()
	h := newHouse(t, policy("debit.composite", "on"))
	seed := people("A1", "A2", "A3")
	seed.Customers = append(seed.Customers, issuance.SeedCustomer{Number: 85, Child: 10249})
	h.seed(seed)
	h.activate(strings.Replace(with("A1"), "12345678", "85", 1)).is(t, "composite without balance", 400, 4400, "balance:required")
	h.activate(strings.Replace(with("A1", `"balance":{"id":99}`), "12345678", "99999999", 1)).is(t, "unknown customer before bad balance", 404, 4404, "")
	h.change(func(tx issuance.Tx) error {
		c, _, err := tx.CustomerByNumber(t.Context(), h.program.ID, 12345678)
		if err != nil {
			return err
		}
		c.Status = customer.Suspended
		return tx.UpdateCustomer(t.Context(), c, nil, nil)
	})
	h.activate(with("A1")).is(t, "suspended", 400, 4437, "customer:inactive")
	h.change(func(tx issuance.Tx) error {
		a, _, err := tx.AccountByNumber(t.Context(), h.program.ID, 5002)
		if err != nil {
			return err
		}
		a.Status = account.Inactive
		return tx.UpdateAccount(t.Context(), a)
	})
	a := h.activate(strings.Replace(with("A1"), "12345678", "20000002", 1))
	if !strings.Contains(a.body, `"error":{"code":5002,"text":"Wallet is inactive","hints":["Wallet is inactive"]}`) || a.status != 400 {
		t.Errorf("inactive wallet: %s", a.body)
	}
}

func TestActivate_PINs(t *testing.T) {
	t.Parallel()
	h := newHouse(t, policy("pin.weak", "reject"), policy("pin.required_at_activation", "true"))
	h.seed(people("A1"))
	for _, weak := range []string{"1111", "1234", "4321", "1987"} {
		h.activate(with("A1", `"pin":"`+weak+`"`)).is(t, weak, 400, 4441, "pin:weak")
	}
	h.activate(with("A1")).is(t, "none", 400, 4400, "pin:required")
	h.activate(with("A1", `"pin":"7391"`)).is(t, "a good one", 200, 0, "")
	v := h.card("A1")
	if !h.pinIs(v.Card, "7391") || v.Card.PINSetAt.IsZero() || v.Card.PINSealed != nil {
		t.Error("the PIN was not kept, or in a form that can be turned back")
	}
	if secrettest.Digits(h.log.String(), "7391") > 0 {
		t.Error("a PIN was logged")
	}
}

func TestActivate_GateAndCode(t *testing.T) {
	t.Parallel()
	h := newHouse(t, policy("debit.activation_gate", "left_bureau"))
	h.seed(people("A1"))
	const key = "Idempotency-Key"
	h.activate(with("A1"), key, "k1").is(t, "at the bureau", 400, 4431, "")
	h.changeCard("A1", func(v *card.View) { v.Plastic.CustodyPresumed = false })
	h.activate(with("A1"), key, "k1").is(t, "received, same key", 200, 0, "")

	h = newHouse(t, policy("debit.require_activation_code", "true"))
	h.seed(people("A1"))
	v := h.card("A1")
	code, err := h.keys.Open(issuance.Bound{Purpose: issuance.PurposeCode, Program: h.program.ID, Subject: v.Plastic.ID.String()}, v.Plastic.Guard.CodeSealed)
	h.must(err)
	wrong := "000000"
	if code.Reveal() == wrong {
		wrong = "000001"
	}
	h.activate(with("A1")).is(t, "no code", 400, 4400, "activation_code:required")
	h.activate(with("A1", `"activation_code":"12"`)).is(t, "no code at all", 400, 4400, "activation_code:invalid")
	h.activate(with("A1", `"activation_code":"`+wrong+`"`)).is(t, "a wrong code", 400, 4440, "activation_code:invalid")
	if h.card("A1").Plastic.Guard.Tries != 1 {
		t.Error("a wrong code costs one try")
	}
	h.activate(with("A1", `"activation_code":"`+code.Reveal()+`"`)).is(t, "the right one", 200, 0, "")
	if g := h.card("A1").Plastic.Guard; g.State != card.Consumed || g.CodeSealed != nil || g.CodeHash != nil {
		t.Errorf("the guard afterwards: %s", g.State)
	}
}

func TestActivate_Guard(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.seed(people("A1", "A2", "A3"))
	wrong := func(id string) string { return strings.Replace(with(id), batchOne, wrongBatch, 1) }
	fail := func(id string, n int) {
		for i := range n {
			h.activate(wrong(id)).is(t, fmt.Sprintf("%s, wrong %d", id, i+1), 400, 4400, "Mismatch in reference batch.")
		}
	}
	fail("A1", 5)
	for _, sent := range []string{wrong("A1"), with("A1")} {
		a := h.activate(sent)
		if a.code() != 4438 || a.header.Get("Retry-After") != "900" || a.hints() != "retry_after:900" {
			t.Errorf("locked: %s, Retry-After %s", a.body, a.header.Get("Retry-After"))
		}
	}
	h.pass(15 * time.Minute)
	h.activate(with("A1")).is(t, "after the lock", 200, 0, "")

	fail("A2", 5)
	h.pass(15 * time.Minute)
	fail("A2", 5)
	if a := h.activate(with("A2")); a.hints() != "retry_after:3600" {
		t.Errorf("the second lock: %s", a.body)
	}
	h.pass(time.Hour)
	fail("A2", 5)
	h.activate(with("A2")).is(t, "hard", 400, 4439, "")
	h.pass(48 * time.Hour)
	h.activate(with("A2")).is(t, "still hard", 400, 4439, "")

	for range 20 {
		h.activate(strings.Replace(with("A3"), batchOne, "guess", 1)).is(t, "no reference", 400, 4400, "Mismatch in reference batch.")
		h.activate(strings.Replace(with("A3"), "12345678", "99999999", 1)).is(t, "a state refusal", 404, 4404, "")
	}
	h.activate(with("A3")).is(t, "neither costs a try", 200, 0, "")
}

func TestActivate_Idempotency(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.seed(people("A1", "A2"))
	const key = "Idempotency-Key"
	first := h.activate(with("A1", `"pin":"7391"`), key, "k1")
	h.pass(time.Hour)
	again := h.do(http.MethodPost, strings.ToLower(activatePath), with("A1", `"pin": "7391"`), key, "k1")
	if first.status != 200 || again.status != 200 || again.body != first.body || again.header.Get("Idempotent-Replayed") != "true" || first.header.Get("Idempotent-Replayed") != "" {
		t.Errorf("first %s\nagain %s (%v)", first.body, again.body, again.header)
	}
	h.activate(with("A1", `"pin":"7392"`), key, "k1").is(t, "another body", 409, 4409, "Idempotency-Key:duplicated")
	h.do(http.MethodPost, activatePath+"?x=1", with("A1", `"pin":"7391"`), key, "k1").is(t, "another query", 409, 4409, "Idempotency-Key:duplicated")
	h.activate(with("A1")).is(t, "no key", 400, 4433, "")
	h.pass(24 * time.Hour)
	h.activate(with("A1", `"pin":"7391"`), key, "k1").is(t, "after a day the key is forgotten", 400, 4433, "")

	created := h.activate(body(`"card_identifier":"A2"`, `"reference_batch":"`+batchOne+`"`, anaRuiz), key, "k2")
	if replay := h.activate(body(`"card_identifier":"A2"`, `"reference_batch":"`+batchOne+`"`, anaRuiz), key, "k2"); replay.body != created.body || created.status != 200 {
		t.Errorf("an answer with secrets: %s, again %s", created.body, replay.body)
	}

	strict := newHouse(t, policy("activation.require_idempotency_key", "true"))
	strict.seed(people("A1"))
	strict.activate(with("A1")).is(t, "a key is demanded", 400, 4400, "Idempotency-Key:required")
	strict.activate(with("A1"), key, "k").is(t, "and given", 200, 0, "")
}
