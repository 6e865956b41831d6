package debitapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/secrettest"
	"github.com/firsttap/firsttap/internal/shipment"
)

const home = `"delivery_location":{"first_names":"Laura","last_names":"Pérez","street":"Av. Tulum","exterior_number":"12","neighborhood":"Centro","city":"Cancún","state":"Quintana Roo","postal_code":"77536","mobile":"9981234567"}`

// holder is a customer with a token of its own, and one active card.
type holder struct {
	h       *house
	number  int64 // of the customer
	card    int64
	balance int64
	token   string
}

// newHolder makes a customer by an activation; the batch needs a card with that identifier.
func (h *house) newHolder(identifier, email string) *holder {
	h.t.Helper()
	a := h.activate(body(`"card_identifier":"`+identifier+`"`, `"reference_batch":"`+batchOne+`"`, `"device_id":"phone"`,
		`"customer":{"first_name":"Ana","last_name":"Ruiz","email":"`+email+`"}`))
	p := a.payload(h.t)
	who := &holder{h: h}
	if a.status != 200 {
		h.t.Fatal(a.body)
	}
	who.token, _ = p["customer_oauth_token"].(string)
	_, err := fmt.Sscanf(p["card_id"].(string), "card_%d", &who.card)
	h.must(err)
	_, err = fmt.Sscan(p["customer_id"].(string), &who.number)
	h.must(err)
	h.must(h.db.Issuance().Read(h.t.Context(), func(tx issuance.ReadTx) error {
		c, _, err := tx.CardByNumber(h.t.Context(), h.program.ID, who.card)
		if err != nil {
			return err
		}
		account, _, err := tx.Account(h.t.Context(), h.program.ID, c.View.Card.Account)
		who.balance = account.Number
		return err
	}))
	return who
}

// post asks as the customer, a little later than what was before.
func (c *holder) post(path string, members ...string) answer {
	c.h.t.Helper()
	c.h.clock.Advance(time.Millisecond)
	return c.h.do(http.MethodPost, "/debit/v1/"+path, body(members...), "Authorization-customer", c.token)
}

func (c *holder) get(path string) answer {
	c.h.t.Helper()
	return c.h.do(http.MethodGet, "/debit/v1/"+path, "", "Authorization-customer", c.token)
}

// adminPost asks as the programme's admin.
func (h *house) adminPost(path string, members ...string) answer {
	h.t.Helper()
	return h.do(http.MethodPost, "/debit/v1/"+path, body(members...), h.asAdmin()...)
}

func about(number int64, more ...string) []string {
	return append([]string{fmt.Sprintf(`"card_id":%d`, number)}, more...)
}

// says wants a success with that payload; # stands for any digits, REF for a
// reference.
func (a answer) says(t testing.TB, what, payload string) {
	t.Helper()
	pattern := strings.NewReplacer("#", `\d+`, "REF", `[0-9a-f]{32}`).Replace(regexp.QuoteMeta(`"error":{},"payload":`+payload+`}`)) + "$"
	if a.status != 200 || !regexp.MustCompile(pattern).MatchString(a.body) {
		t.Errorf("%s: %d %s\nwant %s", what, a.status, a.body, payload)
	}
}

func (c *holder) history() (rows []string) {
	c.h.t.Helper()
	c.h.must(c.h.db.Issuance().Read(c.h.t.Context(), func(tx issuance.ReadTx) error {
		found, _, err := tx.CardByNumber(c.h.t.Context(), c.h.program.ID, c.card)
		if err != nil {
			return err
		}
		all, err := tx.BlockHistory(c.h.t.Context(), found.View.Card.ID, 100)
		for _, row := range all {
			rows = append(rows, fmt.Sprintf("%s→%s %s %s", row.Was, row.Is, row.Channel, row.Note))
		}
		return err
	}))
	return rows
}

func TestStop_AndUnstop(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.seed(people("A1", "A2"))
	who := h.newHolder("A1", "ana@example.com")
	id := fmt.Sprint(who.card)
	who.post("stop", about(who.card, `"new_card_status":3`, `"note":"I lost sight of it"`)...).
		says(t, "a stop", `{"message":"Card stopped","card_id":`+id+`,"status":3}`)
	who.post("stop", about(who.card, `"new_card_status":"12"`)...).says(t, "a weaker stop", `{"message":"Card already stopped","card_id":`+id+`,"status":3}`)
	who.post("unstop", about(who.card)...).says(t, "its end", `{"message":"Card unstopped","card_id":`+id+`,"status":22}`)
	if got := strings.Join(who.history(), ", "); got != "pending_query→ debit , →pending_query debit I lost sight of it" {
		t.Errorf("the history is %s", got)
	}
	who.post("unstop", about(who.card)...).is(t, "nothing to lift", 400, 4449, "")

	who.post("stop", about(who.card, `"new_card_status":3`)...).says(t, "3", `{"message":"Card stopped","card_id":`+id+`,"status":3}`)
	who.post("stop", about(who.card, `"new_card_status":7`)...).says(t, "7 over 3", `{"message":"Card stopped","card_id":`+id+`,"status":7}`)
	who.post("stop", about(who.card, `"new_card_status":3`)...).says(t, "3 under 7", `{"message":"Card already stopped","card_id":`+id+`,"status":7}`)
	who.post("unstop", about(who.card)...).is(t, "the holder at 7", 403, 4403, "scope:A")
	h.adminPost("unstop", about(who.card)...).is(t, "an admin names nobody", 400, 4400, "customer_id:required")
	h.adminPost("unstop", about(who.card, `"customer_id":20000002`)...).is(t, "an admin names another", 404, 4404, "")
	h.adminPost("unstop", about(who.card, fmt.Sprintf(`"customer_id":"cust_%d"`, who.number))...).
		says(t, "the admin at 7", `{"message":"Card unstopped","card_id":`+id+`,"status":22}`)

	who.post("stop", about(who.card, `"new_card_status":1`)...).says(t, "lost", `{"message":"Card stopped","card_id":`+id+`,"status":1}`)
	who.post("unstop", about(who.card)...).is(t, "lost is for good", 400, 4450, "")
	h.adminPost("unstop", about(who.card, fmt.Sprintf(`"customer_id":%d`, who.number))...).is(t, "also for the admin", 400, 4450, "")
	h.tells("stops", "card.stopped", "card.unstopped", "card.closed")

	for sent, hint := range map[string]string{
		`"new_card_status":0`:   "new_card_status:invalid",
		`"new_card_status":19`:  "new_card_status:invalid",
		`"new_card_status":"x"`: "new_card_status:invalid",
		`"colour":1`:            "new_card_status:required",
		`"new_card_status":3,"note":"` + strings.Repeat("ñ", 256) + `"`:    "note:too_long",
		`"new_card_status":3,"card_id":0`:                                  "card_id:invalid",
		`"new_card_status":3,"card_id":null`:                               "card_id:required",
		`"new_card_status":3,"card_id":"card_x","customer_id":-1,"note":1`: "card_id:invalid customer_id:invalid note:invalid",
	} {
		who.post("stop", about(who.card, sent)...).is(t, sent, 400, 4400, hint)
	}
	who.post("stop", about(who.card, `"new_card_status":3`, `"note":"`+strings.Repeat("ñ", 255)+`"`)...).
		says(t, "a note of 255", `{"message":"Card already stopped","card_id":`+id+`,"status":1}`)
}

// told are the names of everything that was announced, in the native words.
func (h *house) told() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Join(h.events, " ")
}

// tells wants events to have been announced since the last look.
func (h *house) tells(what string, names ...string) {
	h.t.Helper()
	all := h.told()
	for _, name := range names {
		if !strings.Contains(" "+all+" ", " "+name+" ") {
			h.t.Errorf("%s: %s was not announced; that was %s", what, name, all)
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = nil
}

func TestStop_RepeatsConflictWhereThePolicySaysSo(t *testing.T) {
	t.Parallel()
	h := newHouse(t, policy("debit.stop_repeat", "conflict"))
	h.seed(people("A1"))
	who := h.newHolder("A1", "ana@example.com")
	who.post("stop", about(who.card, `"new_card_status":7`)...).says(t, "7", fmt.Sprintf(`{"message":"Card stopped","card_id":%d,"status":7}`, who.card))
	who.post("stop", about(who.card, `"new_card_status":3`)...).is(t, "3 under 7", 409, 4448, "")
	who.post("stop", about(who.card, `"new_card_status":7`)...).is(t, "7 again", 409, 4448, "")
	if n := len(who.history()); n != 1 {
		t.Errorf("%d rows of history, want 1", n)
	}
}

// A card of a batch that nobody activated is the programme's: an admin stops it, and for a customer it does not exist.
func TestStop_ACardOfNobody(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.seed(people("A1", "A2", "A3", "A4"))
	who := h.newHolder("A1", "ana@example.com")
	number := h.card("A2").Card.Number
	id := fmt.Sprint(number)
	who.post("stop", about(number, `"new_card_status":3`)...).is(t, "a customer", 404, 4404, "")
	h.adminPost("stop", about(number, `"new_card_status":3`, `"customer_id":20000002`)...).is(t, "a customer is named", 404, 4404, "")
	h.adminPost("stop", about(number, `"new_card_status":3`)...).says(t, "the admin", `{"message":"Card stopped","card_id":`+id+`,"status":3}`)
	h.activate(with("A2")).is(t, "activate a blocked card", 400, 4435, "")
	h.adminPost("unstop", about(number)...).says(t, "lift it", `{"message":"Card unstopped","card_id":`+id+`,"status":21}`)
	// The holder's and the programme's freeze are no obstacle; the card stays frozen (case 18).
	for identifier, stop := range map[string]int{"A2": 12, "A3": 13} {
		h.adminPost("stop", about(h.card(identifier).Card.Number, fmt.Sprintf(`"new_card_status":%d`, stop))...)
		if a := h.activate(with(identifier)); a.status != 200 || a.payload(t)["status_card"] != float64(stop) {
			t.Errorf("activate a frozen card: %s", a.body)
		}
	}
	h.adminPost("unstop", about(number, `"customer_id":12345678`)...).says(t, "thaw it", `{"message":"Card unstopped","card_id":`+id+`,"status":22}`)
	h.adminPost("stop", about(h.card("A4").Card.Number, `"new_card_status":1`)...)
	h.activate(with("A4")).is(t, "activate a lost card", 400, 4436, "")
}

func TestRetire(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.seed(people("A1", "A2", "A3"))
	who := h.newHolder("A1", "ana@example.com")
	who.post("retire-card", about(who.card, `"note":"old"`)...).says(t, "retire", fmt.Sprintf(`{"message":"Card retired","card_id":%d,"status":23}`, who.card))
	h.tells("retire", "card.closed")
	who.post("retire-card", about(who.card)...).is(t, "twice", 400, 4451, "")
	who.post("stop", about(who.card, `"new_card_status":3`)...).is(t, "stop it", 400, 4432, "")
	who.post("unstop", about(who.card)...).is(t, "unstop it", 400, 4432, "")
	who.post("change-pin", about(who.card, `"new_pin":"7391"`)...).is(t, "its PIN", 400, 4432, "")

	number := h.card("A2").Card.Number
	h.adminPost("retire-card", about(number)...).says(t, "retire a card of nobody", fmt.Sprintf(`{"message":"Card retired","card_id":%d,"status":23}`, number))
	h.activate(with("A2")).is(t, "activate it", 400, 4432, "")
	if v := h.card("A2"); v.Plastic.State != card.Void || v.Plastic.Guard.State != card.GuardVoid {
		t.Errorf("its plastic is %s, the guard %s", v.Plastic.State, v.Plastic.Guard.State)
	}
	// A lost card is stopped for good, and may still be retired; one that a stop closed may not.
	lost := h.card("A3").Card.Number
	h.adminPost("stop", about(lost, `"new_card_status":2`)...).says(t, "stolen", fmt.Sprintf(`{"message":"Card stopped","card_id":%d,"status":2}`, lost))
	h.adminPost("retire-card", about(lost)...).says(t, "retire a stolen card", fmt.Sprintf(`{"message":"Card retired","card_id":%d,"status":23}`, lost))
	h.seed(issuance.Seed{Batches: []issuance.SeedBatch{{Reference: wrongBatch, Cards: []issuance.SeedCard{{Identifier: "B1", Number: 900000001}}}}})
	h.adminPost("stop", about(900000001, `"new_card_status":17`)...).says(t, "closed", `{"message":"Card stopped","card_id":900000001,"status":17}`)
	h.adminPost("stop", about(900000001, `"new_card_status":1`)...).says(t, "and stays so", `{"message":"Card already stopped","card_id":900000001,"status":17}`)
	h.adminPost("retire-card", about(900000001)...).is(t, "retire a closed card", 400, 4451, "")
}

func TestPIN_Change(t *testing.T) {
	t.Parallel()
	h := newHouse(t, policy("pin.weak", "reject"))
	h.seed(people("A1", "A2"))
	who := h.newHolder("A1", "ana@example.com")
	who.post("change-pin", about(who.card, `"new_pin":7391`)...).says(t, "change", fmt.Sprintf(`{"message":"PIN changed","card_id":%d}`, who.card))
	h.tells("change", "card.pin_set")
	if v := h.card("A1"); !h.pinIs(v.Card, "7391") || v.Card.PINSealed != nil {
		t.Error("the PIN is another, or kept in a form that can be turned back")
	}
	who.post("change-pin", about(who.card, `"new_pin":"1111"`)...).is(t, "weak", 400, 4441, "new_pin:weak")
	for _, wrong := range []string{`"12345"`, `"123"`, `""`, `"１２３４"`, `12`} {
		who.post("change-pin", about(who.card, `"new_pin":`+wrong)...).is(t, wrong, 400, 4400, "new_pin:invalid")
	}
	who.post("change-pin", about(who.card)...).is(t, "none", 400, 4400, "new_pin:required")
	h.adminPost("change-pin", about(h.card("A2").Card.Number, `"new_pin":"7392"`)...).is(t, "before activation", 400, 4445, "")
	admin := func(path string, more ...string) answer {
		return h.adminPost(path, about(who.card, append(more, fmt.Sprintf(`"customer_id":%d`, who.number))...)...)
	}
	for _, c := range []struct{ stop, code int }{{12, 4445}, {3, 4445}, {6, 4444}, {11, 4444}, {7, 4445}, {1, 4450}} {
		admin("stop", fmt.Sprintf(`"new_card_status":%d`, c.stop))
		admin("change-pin", `"new_pin":"7392"`).is(t, fmt.Sprintf("stopped with %d", c.stop), 400, c.code, "")
		if c.stop != 3 { // 12 is replaced by 3, which 6 replaces
			admin("unstop")
		}
	}
	if v := h.card("A1"); !h.pinIs(v.Card, "7391") {
		t.Error("a refusal changed the PIN")
	}
	if secrettest.Digits(h.log.String(), "7391") > 0 {
		t.Error("a PIN was logged")
	}
}

func TestPIN_View(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.seed(people("A1", "A2"))
	who := h.newHolder("A1", "ana@example.com")
	who.post("change-pin", about(who.card, `"new_pin":"7391"`)...)
	view := func() answer { return who.post("viewPinForCustomer", about(who.card)...) }
	view().is(t, "by default", 403, 4443, "")
	_, err := h.access.SetPolicy(t.Context(), operator, h.program.ID, map[string]string{"debit.view_pin": "on"})
	h.must(err)
	h.clock.Advance(10 * time.Second)
	view().is(t, "a PIN of before", 400, 4442, "")
	who.post("change-pin", about(who.card, `"new_pin":"0007"`)...)
	for i := range 5 { // a key gives no answer that does not count
		h.do(http.MethodPost, "/debit/v1/viewPinForCustomer", body(about(who.card)...), "Authorization-customer", who.token, "Idempotency-Key", "one").
			says(t, fmt.Sprint("view ", i), `{"pin":"0007"}`)
	}
	h.tells("views", "card.pin_viewed")
	a := view()
	if a.is(t, "the sixth of a day", 429, 4429, ""); a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	who.post("viewPinForCustomer", about(who.card, `"customer_id":12345678`)...).is(t, "another customer", 403, 4403, "customer_id:not_allowed")
	h.adminPost("viewPinForCustomer", about(who.card)...).is(t, "an admin", 403, 4403, "scope:C")
	h.do(http.MethodPost, "/debit/v1/viewPinForCustomer", body(about(who.card)...)).is(t, "a programme", 401, 4401, "Authorization-customer:required")
	who.post("viewPinForCustomer", about(h.card("A2").Card.Number)...).is(t, "a card of nobody", 404, 4404, "")
	who.post("stop", about(who.card, `"new_card_status":12`)...)
	view().is(t, "frozen", 400, 4445, "")
	who.post("retire-card", about(who.card)...)
	view().is(t, "retired", 400, 4432, "")
	// A PIN of an order may be read once its card is in hand; without a PIN at activation it is kept.
	ref := h.order(`{` + home + `,"batch":[{"card_identifier":"P1","pin":"4826"}]}`).reference(t)
	h.work(10)
	p := h.activate(body(`"customer_id":12345678`, `"card_identifier":"P1"`, `"reference_batch":"`+ref+`"`)).payload(t)
	if p["status_card"] != 22.0 {
		t.Fatal(p)
	}
	if h.audited("card.view_pin ok") != 5 || h.audited("card.view_pin pin_view_limit") != 1 {
		t.Error("views are not in the audit trail")
	}
}

func TestOrderCard_WaitsForTheCourierAndItsCustomer(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.seed(people("A1"))
	who := h.newHolder("A1", "ana@example.com")
	balance := fmt.Sprintf(`"balance_id":%d`, who.balance)
	h.told()
	a := who.post("orderCard", balance, home, `"front_name":"Ana Núñez"`, `"new_pin":"4826"`)
	a.says(t, "order", fmt.Sprintf(`{"card_id":#,"card_identifier":"FT#","reference_batch":"REF","card_type":1,"status":20,"campaign_id":"MAIN","customer_id":%d,"balance_id":%d}`, who.number, who.balance))
	h.tells("order", "card.ordered", "shipment.placed")
	p := a.payload(t)
	number, ref := int64(p["card_id"].(float64)), p["reference_batch"].(string)
	own := body(`"card_identifier":"`+p["card_identifier"].(string)+`"`, `"reference_batch":"`+ref+`"`)
	mine := []string{"Authorization-customer", who.token}
	h.activate(own, mine...).is(t, "at the bureau", 400, 4431, "")
	if got := who.get("info?card_type=1").payload(t)["cards"].([]any); len(got) != 2 || got[0].(map[string]any)["card_number"] != "" || got[0].(map[string]any)["status"] != 20.0 {
		t.Errorf("info before the scan: %v", got)
	}
	who.post("change-pin", about(number, `"new_pin":"7391"`)...).is(t, "its PIN at the bureau", 400, 4445, "")
	h.scan(ref, shipment.InTransit, "MX123")
	h.activate(strings.Replace(with("x"), `"card_identifier":"x","reference_batch":"`+batchOne, `"card_identifier":"`+p["card_identifier"].(string)+`","reference_batch":"`+ref, 1)).
		is(t, "another customer", 400, 4437, "customer:not_allowed")
	if a := h.activate(own, mine...); a.status != 200 || a.payload(t)["card_id"] != fmt.Sprintf("card_%d", number) || a.payload(t)["status_card"] != 22.0 {
		t.Fatalf("after the first scan: %s", a.body)
	}
	h.must(h.db.Issuance().Read(t.Context(), func(tx issuance.ReadTx) error {
		c, _, err := tx.CardByNumber(t.Context(), h.program.ID, number)
		if v := c.View; v.Card.HolderName != "Ana Nunez" || v.Card.PINSealed != nil || !h.pinIs(v.Card, "4826") || v.Card.Account != v.Card.ReservedAccount {
			t.Errorf("the card is %q, its PIN kept %v", v.Card.HolderName, v.Card.PINSealed != nil)
		}
		return err
	}))
}

// scan is a report of the courier about the box of a batch.
func (h *house) scan(ref string, status shipment.Status, tracking string) {
	h.t.Helper()
	cmd := issuance.ScanBatch{Command: h.command(), Reference: ident.Reference(ref), Status: status, Courier: "acme-post", TrackingNumber: tracking, TrackingURL: "https://acme.example/" + tracking}
	_, err := h.rules.ScanBatch(h.t.Context(), cmd)
	h.must(err)
}

func TestOrderCard_Refusals(t *testing.T) {
	t.Parallel()
	h := newHouse(t, policy("debit.max_cards_per_customer", "2"), policy("pin.weak", "reject"))
	h.seed(people("A1"))
	who := h.newHolder("A1", "ana@example.com")
	balance := fmt.Sprintf(`"balance_id":%d`, who.balance)
	order := func(members ...string) answer { return who.post("orderCard", members...) }
	order(balance).is(t, "no address", 400, 4400, "delivery_location:required")
	order(`"front_name":"☠"`, `"new_pin":"12"`, `"campaign_id":"?"`, `"card_type":3`, `"customer_id":"x"`).is(t, "all wrong", 400, 4400,
		"customer_id:invalid balance_id:required card_type:invalid new_pin:invalid delivery_location:required front_name:invalid campaign_id:invalid")
	h.adminPost("orderCard", balance, home).is(t, "an admin names nobody", 400, 4400, "customer_id:required")
	h.adminPost("orderCard", balance, home, `"customer_id":4`).is(t, "an unknown customer", 404, 4404, "")
	order(balance, home, `"customer_id":12345678`).is(t, "another customer", 403, 4403, "customer_id:not_allowed")
	for _, foreign := range []string{"5001", "99"} {
		order(`"balance_id":`+foreign, home).is(t, "balance "+foreign, 400, 4400, "balance_id:not_found")
	}
	order(balance, home, `"campaign_id":"NONE"`).is(t, "an unknown campaign", 400, 4400, "campaign_id:unknown")
	h.design(card.Design{Campaign: "OLD", Name: "Old", Types: []card.Type{card.Physical}})
	order(balance, home, `"campaign_id":"OLD"`).is(t, "an inactive campaign", 400, 4400, "campaign_id:unknown")
	h.design(card.Design{Campaign: "NET", Name: "Net", Types: []card.Type{card.Virtual}, Active: true})
	order(balance, home, `"campaign_id":"NET"`).is(t, "a campaign without plastics", 400, 4400, "campaign_id:unknown")
	order(balance, home, `"new_pin":"1234"`).is(t, "a weak PIN", 400, 4441, "new_pin:weak")
	order(balance, home).says(t, "the second card", fmt.Sprintf(`{"card_id":#,"card_identifier":"FT#","reference_batch":"REF","card_type":1,"status":20,"campaign_id":"MAIN","customer_id":%d,"balance_id":%d}`, who.number, who.balance))
	order(balance, home).is(t, "a card too many", 400, 4437, "cards:too_many")
	h.do(http.MethodPost, "/debit/v1/orderCard", body(balance, home)).is(t, "a programme", 401, 4401, "Authorization-customer:required")
}

func TestDeliveryInfo(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.seed(people("A1"))
	who := h.newHolder("A1", "ana@example.com")
	p := who.post("orderCard", fmt.Sprintf(`"balance_id":%d`, who.balance), home).payload(t)
	number, ref := int64(p["card_id"].(float64)), p["reference_batch"].(string)
	ask := func() answer { return who.post("delivery-info", `"card_type":"1"`) }
	const destination = `"destination":{"first_names":"Laura","city":"Cancún","state":"Quintana Roo","postal_code":"77536"}`
	ask().says(t, "placed", fmt.Sprintf(`{"card_id":%d,"card_type":1,"delivery_status":1,"delivery_status_text":"placed","provider":"","tracking_number":"","tracking_url":"","delivery_type":"home",%s,"estimated_delivery":null,"delivered_at":null}`, number, destination))
	h.scan(ref, shipment.OutForDelivery, "MX123")
	h.scan(ref, shipment.InTransit, "MX123") // late: moves nothing back
	ask().says(t, "on its way", fmt.Sprintf(`{"card_id":%d,"card_type":1,"delivery_status":5,"delivery_status_text":"out_for_delivery","provider":"acme-post","tracking_number":"MX123","tracking_url":"https://acme.example/MX123","delivery_type":"home",%s,"estimated_delivery":null,"delivered_at":null}`, number, destination))
	h.scan(ref, shipment.Delivered, "MX123")
	today := h.clock.Now().In(h.program.Policy.Debit.TimeZone).Format("2006-01-02")
	got := ask().payload(t)
	if got["delivery_status"] != 6.0 || got["delivered_at"] != today || got["scans"] != nil {
		t.Errorf("delivered: %v", got)
	}
	admin := h.adminPost("delivery-info", `"card_type":1`, fmt.Sprintf(`"customer_id":%d`, who.number), fmt.Sprintf(`"card_id":"card_%d"`, number)).payload(t)
	where, _ := admin["destination"].(map[string]any)
	scans, _ := admin["scans"].([]any)
	if len(scans) != 3 || admin["shipment_id"] == "" || where["street"] != "Av. Tulum" || where["mobile"] != "9981234567" || where["last_names"] != "Pérez" {
		t.Errorf("for the admin: %v", admin)
	}
	// The card of the bulk order went to the programme's office.
	if got := who.post("delivery-info", about(who.card, `"card_type":1`)...).payload(t); got["delivery_type"] != "office" || got["delivery_status"] != 1.0 {
		t.Errorf("a bulk card: %v", got)
	}
	who.post("delivery-info", `"card_type":2`).is(t, "a virtual card", 400, 4430, "")
	who.post("delivery-info", `"card_id":1`).is(t, "no type", 400, 4400, "card_type:required")
	who.post("delivery-info", `"card_type":1`, `"card_id":1`).is(t, "no such card", 404, 4404, "")
	h.adminPost("delivery-info", `"card_type":1`).is(t, "an admin names nobody", 400, 4400, "customer_id:required")
	h.adminPost("delivery-info", `"card_type":1`, `"customer_id":12345678`).is(t, "a customer without cards", 404, 4404, "")
	v := h.card("A1")
	v.Plastic.Shipment = ident.ShipmentID{}
	h.change(func(tx issuance.Tx) error { return tx.UpdatePlastic(t.Context(), v.Plastic) })
	who.post("delivery-info", about(who.card, `"card_type":1`)...).is(t, "before it was placed", 400, 4452, "")
	_, err := h.access.SetPolicy(t.Context(), operator, h.program.ID, map[string]string{"shipping.couriers": "none"})
	h.must(err)
	ask().is(t, "no courier", 400, 4453, "")
}

func TestLinkedCards(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.seed(people("A1", "A2"))
	who := h.newHolder("A1", "ana@example.com")
	mine := []string{"Authorization-customer", who.token}
	create := func(query, sent string) answer {
		h.clock.Advance(time.Millisecond)
		return h.do(http.MethodPost, "/debit/v1/create-linked-card?"+query, sent, mine...)
	}
	balance := fmt.Sprintf("balance_id=%d", who.balance)
	const made = `{"card_id":#,"card_number":"************#","cvv":"","valid_date":"#/#","status":22,"card_type":2`
	who.post("re-order-linked-card").is(t, "none to re-order", 400, 4447, "")
	a := create(balance+"&campaign_id=", "{}")
	a.says(t, "create", made+"}")
	h.tells("create", "card.created")
	number := int64(a.payload(t)["card_id"].(float64))
	create(balance, "").says(t, "without a body", made+"}")
	create("", fmt.Sprintf(`{"balance_id":%d,"campaign_id":"MAIN"}`, who.balance)).says(t, "in the body", made+"}")
	create("", "{}").is(t, "no balance", 400, 4400, "balance_id:required")
	create("balance_id=5001", "{}").is(t, "another's balance", 400, 4400, "balance_id:not_found")
	create(balance+"&campaign_id=NONE", "{}").is(t, "an unknown campaign", 400, 4400, "campaign_id:unknown")

	cvv := func() (string, answer) {
		a := who.post("update-cvv-linked-card", about(number)...)
		s, _ := a.payload(t)["cvv2"].(string)
		return s, a
	}
	first, a := cvv()
	a.says(t, "a new CVV", `{"cvv2":"#","expiration_time_in_minutes":10}`)
	h.tells("a new CVV", "card.cvv_rotated", "card.revealed")
	if second, _ := cvv(); first == second || len(first) != 3 {
		t.Error("the CVV is the old one, or no CVV")
	}
	who.post("update-cvv-linked-card", about(who.card)...).is(t, "a physical card", 400, 4446, "")
	who.post("stop", about(number, `"new_card_status":12`)...)
	who.post("update-cvv-linked-card", about(number)...).is(t, "a frozen card", 400, 4445, "")
	who.post("delivery-info", about(number, `"card_type":1`)...).is(t, "nobody carries it", 400, 4430, "")

	newest := int64(who.get("info?card_type=2").payload(t)["cards"].([]any)[0].(map[string]any)["card_id"].(float64))
	a = h.do(http.MethodPost, "/debit/v1/re-order-linked-card", "", mine...)
	a.says(t, "re-order", made+fmt.Sprintf(`,"replaced_card_id":%d}`, newest))
	h.tells("re-order", "card.closed", "card.created")
	fresh := int64(a.payload(t)["card_id"].(float64))
	cards := who.get(fmt.Sprintf("info?card_id=%d&reorder_card_status=5", newest)).payload(t)["cards"].([]any)
	if len(cards) != 1 || cards[0].(map[string]any)["status"] != 23.0 || cards[0].(map[string]any)["reorder_card"].(map[string]any)["statusId"] != 5.0 {
		t.Errorf("the old card: %v", cards)
	}
	if got := who.get(fmt.Sprintf("info?card_id=%d", fresh)).payload(t)["cards"].([]any); got[0].(map[string]any)["status"] != 22.0 {
		t.Errorf("the new card: %v", got)
	}
	// What cannot be done leaves the old card as it is.
	h.change(func(tx issuance.Tx) error {
		acc, _, err := tx.AccountByNumber(t.Context(), h.program.ID, who.balance)
		if err != nil {
			return err
		}
		acc.Status = "inactive"
		return tx.UpdateAccount(t.Context(), acc)
	})
	if a := who.post("re-order-linked-card"); a.status != 400 || a.code() != 5002 {
		t.Errorf("an inactive balance: %s", a.body)
	}
	if got := who.get(fmt.Sprintf("info?card_id=%d", fresh)).payload(t)["cards"].([]any); got[0].(map[string]any)["status"] != 22.0 {
		t.Errorf("after a refused re-order: %v", got)
	}
	if a := create(balance, "{}"); a.code() != 5002 {
		t.Errorf("create on an inactive balance: %s", a.body)
	}
}

func TestInfo(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.seed(people("A1", "A2"))
	who := h.newHolder("A1", "ana@example.com")
	none := h.do(http.MethodGet, "/debit/v1/info?customer_id=12345678", "", h.asAdmin()...)
	none.says(t, "no cards", `{"cards":[]}`)
	id, balance := who.card, who.balance
	who.get("info").says(t, "one card", fmt.Sprintf(`{"cards":[{"card_id":%d,"card_type":1,"status":22,"card_identifier":"A1","reference_batch":"%s",`+
		`"card_number":"************#","cardNumber":"************#","cardholderName":"ANA RUIZ","fullName":"Ana Ruiz",`+
		`"valid_date":"#/#","validDate":"#/#","expiryDate":"#/#",`+
		`"balance_id":%d,"current_balance":"1000.00","credit_limit":"0.00","credit_line":"0.00","total_debt":"0.00","overdue_balance":"0.00",`+
		`"minimumPayment":"0.00","balance_to_months":"0.00","original_billing_day":0,"duedate":"","is_renewal_period":false,"timeToPay":false,`+
		`"can_request_reorder_card":true,"isCardBlockedByTransactionReport":false,"has_VCN":false,"has_deferred_charges":false,"trackingNumber":""}]}`, id, batchOne, balance))
	who.get("infoForCustomer").says(t, "for the customer", fmt.Sprintf(`{"cards":[{"card_id":%d,"card_number":"************#","card_type":1,"cvv":"","valid_date":"#/#","status":22}]}`, id))
	who.get(fmt.Sprintf("infoForCustomer?card_id=card_%d&customer_id=%d", id, who.number)).
		says(t, "one card for the customer", fmt.Sprintf(`{"cards":[{"card_id":%d,"card_number":"************#","card_type":1,"cvv":"","valid_date":"#/#","status":22}]}`, id))
	who.get("infoForCustomer?card_id=NaN").is(t, "NaN", 400, 4400, "card_id:invalid")
	who.get("info?card_type=9&reorder_card_status=6").is(t, "wrong numbers", 400, 4400, "card_type:invalid reorder_card_status:invalid")
	who.get("info?card_type=virtual").says(t, "no virtual card", `{"cards":[]}`)
	who.get(fmt.Sprintf("info?card_id=%d", h.card("A2").Card.Number)).is(t, "a card of nobody", 404, 4404, "")
	h.do(http.MethodGet, "/debit/v1/info", "", h.asAdmin()...).is(t, "an admin names nobody", 400, 4400, "customer_id:required")
	h.do(http.MethodGet, "/debit/v1/info?customer_id=1", "", h.asAdmin()...).is(t, "an unknown customer", 404, 4404, "")
	h.do(http.MethodGet, "/debit/v1/info", "").is(t, "a programme", 401, 4401, "Authorization-customer:required")
}

// In full only where the programme says so, and then every card shown is in the audit trail.
func TestInfo_InFull(t *testing.T) {
	t.Parallel()
	h := newHouse(t, policy("debit.reveal_card", "full"))
	h.seed(people("A1"))
	who := h.newHolder("A1", "ana@example.com")
	h.clock.Advance(time.Millisecond)
	a := h.do(http.MethodPost, fmt.Sprintf("/debit/v1/create-linked-card?balance_id=%d", who.balance), "{}", "Authorization-customer", who.token)
	a.says(t, "create", `{"card_id":#,"card_number":"411111#","cvv":"#","valid_date":"#/#","status":22,"card_type":2}`)
	linked := a.payload(t)
	a = who.get("infoForCustomer")
	cards := a.payload(t)["cards"].([]any)
	if got := cards[0].(map[string]any); got["card_number"] != linked["card_number"] || got["cvv"] != linked["cvv"] {
		t.Errorf("the linked card: %v", got)
	}
	if a = who.get("info"); !regexp.MustCompile(`"card_number":"\d{16}","cardNumber":"\d{16}".*"cvv2":"\d{3}"`).MatchString(a.body) {
		t.Errorf("info: %s", a.body)
	}
	h.tells("info", "card.revealed")
	if n := h.audited("card.reveal_number ok"); n != 5 {
		t.Errorf("%d reveals in the audit trail, want 5: the linked card, and two cards twice", n)
	}
	if strings.Contains(h.log.String(), linked["card_number"].(string)) {
		t.Error("a card number was logged")
	}
}

func TestAssignCustomer(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.seed(people("A1"))
	h.design(card.Design{Campaign: "GOLD", Name: "Gold", Types: []card.Type{card.Virtual}, Active: true})
	assign := func(members ...string) answer {
		return h.do(http.MethodPost, "/debit/v1/customer-program/assign-customer", body(members...))
	}
	assign(`"program_code":"GOLD"`, `"customer_ids":[12345678,"cust_20000002",12345678]`).
		says(t, "both", `{"program_id":#,"new_assigned_customers":[12345678,20000002],"update_assignments_customers":[]}`)
	assign(`"program_code":"GOLD"`, `"customer_ids":[12345678]`).says(t, "again", `{"program_id":#,"new_assigned_customers":[],"update_assignments_customers":[]}`)
	assign(`"program_code":"MAIN"`, `"customer_ids":[12345678]`).says(t, "another", `{"program_id":#,"new_assigned_customers":[],"update_assignments_customers":[12345678]}`)
	assign(`"program_code":"NONE"`, `"customer_ids":[1]`).is(t, "an unknown campaign", 400, 4400, "program_code:unknown")
	assign(`"program_code":"GOLD"`, `"customer_ids":[12345678,1]`).is(t, "an unknown customer", 404, 4404, "")
	assign(`"customer_ids":[]`).is(t, "nothing", 400, 4400, "program_code:required customer_ids:too_short")
	assign(`"program_code":"GOLD"`, `"customer_ids":[`+strings.TrimSuffix(strings.Repeat("1,", 1001), ",")+`]`).is(t, "too many", 400, 4400, "customer_ids:too_many")
	if got := h.customer(12345678).Campaign; got != "MAIN" {
		t.Errorf("the campaign is %q: a refused assignment changed it", got)
	}
	// A new card without a campaign of its own has the customer's; one that cannot make it is passed over.
	h.adminPost("create-linked-card", `"customer_id":20000002`, `"balance_id":5002`)
	h.adminPost("orderCard", `"customer_id":20000002`, `"balance_id":5002`, home).
		says(t, "an order", `{"card_id":#,"card_identifier":"FT#","reference_batch":"REF","card_type":1,"status":20,"campaign_id":"MAIN","customer_id":20000002,"balance_id":5002}`)
	h.adminPost("orderCard", `"customer_id":20000002`, `"balance_id":5002`, `"card_type":"virtual"`).
		says(t, "a virtual card", `{"card_id":#,"card_identifier":"","reference_batch":"","card_type":2,"status":22,"campaign_id":"GOLD","customer_id":20000002,"balance_id":5002}`)
}

// A customer whose account was made with a campaign has its cards of that one.
func TestAssignCustomer_WithTheAccount(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.design(card.Design{Campaign: "GOLD", Name: "Gold", Types: []card.Type{card.Virtual}, Active: true})
	a := h.do(http.MethodPost, "/user/v1/account/create", `{"gender":1,"first_name":"Eva","last_name":"Sol","email":"eva@example.com","campaign_id":"GOLD"}`)
	var made struct {
		RS struct {
			ID     int64 `json:"id"`
			Wallet int64 `json:"ewallet_id"`
		} `json:"rs"`
	}
	if err := json.Unmarshal([]byte(a.body), &made); err != nil || a.status != 200 {
		t.Fatalf("%v %s", err, a.body)
	}
	h.adminPost("orderCard", fmt.Sprintf(`"customer_id":%d`, made.RS.ID), fmt.Sprintf(`"balance_id":%d`, made.RS.Wallet), `"card_type":2`).
		says(t, "a card", fmt.Sprintf(`{"card_id":#,"card_identifier":"","reference_batch":"","card_type":2,"status":22,"campaign_id":"GOLD","customer_id":%d,"balance_id":%d}`, made.RS.ID, made.RS.Wallet))
}

// For a customer another's card does not exist, in whatever call (case 93).
func TestHolders_AnothersCardIsNotThere(t *testing.T) {
	t.Parallel()
	h := newHouse(t, policy("debit.view_pin", "on"))
	h.seed(people("A1", "A2"))
	who, other := h.newHolder("A1", "ana@example.com"), h.newHolder("A2", "eva@example.com")
	unknown := map[string]answer{}
	for _, number := range []int64{other.card, 999} {
		for path, more := range map[string]string{
			"stop": `"new_card_status":3`, "unstop": `"note":""`, "retire-card": `"note":""`, "change-pin": `"new_pin":"7391"`,
			"viewPinForCustomer": `"note":""`, "update-cvv-linked-card": `"note":""`, "delivery-info": `"card_type":1`,
		} {
			a := who.post(path, about(number, more)...)
			a.is(t, fmt.Sprint(path, " ", number), 404, 4404, "")
			if before, ok := unknown[path]; ok && withoutTime(before.body) != withoutTime(a.body) {
				t.Errorf("%s tells an unknown card from another's:\n%s\n%s", path, before.body, a.body)
			}
			unknown[path] = a
		}
		for _, path := range []string{"info", "infoForCustomer"} {
			who.get(fmt.Sprintf("%s?card_id=%d", path, number)).is(t, path, 404, 4404, "")
		}
	}
	if n := len(other.history()); n != 0 {
		t.Errorf("%d changes of the other's card", n)
	}
}

func withoutTime(s string) string {
	return regexp.MustCompile(`"timestamp":"[^"]*"`).ReplaceAllString(s, "")
}

// The same key and body give the first answer again, also of a call that shows a secret.
func TestHolders_Keys(t *testing.T) {
	t.Parallel()
	h := newHouse(t, policy("debit.reveal_card", "full"))
	h.seed(people("A1"))
	who := h.newHolder("A1", "ana@example.com")
	send := func(key, path, sent string) answer {
		return h.do(http.MethodPost, "/debit/v1/"+path, sent, "Authorization-customer", who.token, "Idempotency-Key", key)
	}
	for path, sent := range map[string]string{
		"orderCard":          body(fmt.Sprintf(`"balance_id":%d`, who.balance), home),
		"stop":               body(about(who.card, `"new_card_status":12`)...),
		"create-linked-card": body(fmt.Sprintf(`"balance_id":%d`, who.balance)),
	} {
		first := send(path, path, sent)
		second := send(path, path, sent)
		if first.status != 200 || second.body != first.body || second.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("%s: %s\nthen %s", path, first.body, second.body)
		}
		send(path, path, strings.Replace(sent, "{", `{"x":1,`, 1)).is(t, path+" with another body", 409, 4409, "Idempotency-Key:duplicated")
	}
	if n := len(who.get("info").payload(t)["cards"].([]any)); n != 3 {
		t.Errorf("%d cards, want 3", n)
	}
}
