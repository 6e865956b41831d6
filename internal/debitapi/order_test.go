package debitapi_test

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/outbox"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/shipment"
)

const cancun = `"delivery_location":{"first_names":"Laura","last_names":"Pérez","street":"Av. Tulum","exterior_number":"12","interior_number":"3B","neighborhood":"Centro","city":"Cancún","state":"Quintana Roo","postal_code":"5349","mobile":9981234567,"additional_notes":"ring twice"}`

func orderOf(items ...string) string {
	return "{" + cancun + `,"batch":[` + strings.Join(items, ",") + "]}"
}

func named(identifier string) string { return `{"card_identifier":"` + identifier + `"}` }

func (h *house) order(sent string, headers ...string) answer {
	h.t.Helper()
	return h.do(http.MethodPost, orderPath, sent, headers...)
}

// work makes all batches that wait, as a worker does.
func (h *house) work(limit int) {
	h.t.Helper()
	for {
		c, ok, err := h.db.Bulk().Claim(h.t.Context(), "test", h.clock.Now(), time.Minute)
		h.must(err)
		if !ok {
			return
		}
		for done := false; !done; {
			step, err := h.rules.MakeBatchStep(h.t.Context(), c.Program, c.Batch, limit)
			h.must(err)
			done = step.Done
		}
		h.must(h.db.Bulk().Release(h.t.Context(), c))
	}
}

func (a answer) reference(t testing.TB) string {
	t.Helper()
	ref, _ := a.payload(t)["reference"].(string)
	if a.status != 200 || len(ref) != 32 {
		t.Fatalf("no order: %d %s", a.status, a.body)
	}
	return ref
}

// report reads a batch.
func (h *house) report(ref string) map[string]any {
	h.t.Helper()
	a := h.do(http.MethodGet, orderPath+"/"+ref, "")
	if a.status != 200 {
		h.t.Fatalf("the batch: %s", a.body)
	}
	return a.payload(h.t)
}

type itemAnswer struct {
	Index      int    `json:"index"`
	Identifier string `json:"card_identifier"`
	Status     int    `json:"status"`
	Card       *int64 `json:"card_id"`
	CardStatus *int   `json:"status_card"`
	Reason     string `json:"reason"`
}

// items reads items page by page.
func (h *house) items(ref, query string) (all []itemAnswer, pages int) {
	h.t.Helper()
	after := ""
	for {
		a := h.do(http.MethodGet, orderPath+"/"+ref+"/items?"+query+after, "")
		var e struct {
			Payload struct {
				Items []itemAnswer `json:"items"`
				Next  *string      `json:"next"`
			} `json:"payload"`
		}
		h.must(json.Unmarshal([]byte(a.body), &e))
		if a.status != 200 {
			h.t.Fatalf("items: %s", a.body)
		}
		all, pages = append(all, e.Payload.Items...), pages+1
		if e.Payload.Next == nil {
			return all, pages
		}
		after = "&after=" + *e.Payload.Next
	}
}

func TestOrder_FromTheOrderToTheNotice(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.freeze(time.Date(2025, 11, 18, 17, 50, 57, 960_999_999, time.UTC))
	h.do(http.MethodPut, hookPath, `{"url":"http://127.0.0.1:9000/hook"}`, h.asAdmin()...).is(t, "webhook", 200, 0, "")
	var items []string
	for i := range 45 {
		item := named(fmt.Sprintf("CARD-%03d", i))
		if i%3 == 2 {
			item = `{"card_identifier":"bad ` + fmt.Sprint(i) + `"}`
		}
		items = append(items, item)
	}
	a := h.order(orderOf(items...))
	ref := a.reference(t)
	want := `{"text":"Success","timestamp":"2025-11-18T17:50:57.960Z","endpoint":"debit/v1/bulkOrderCard","error":"","payload":{"reference":"` + ref +
		`","reference_batch":"` + ref + `","referenceBatch":"` + ref + `","status":1,"num_requested":45}}`
	if a.body != want {
		t.Errorf("\n got %s\nwant %s", a.body, want)
	}
	if r := h.report(ref); r["status"] != 1.0 || r["numFailed"] != 15.0 || r["numCreated"] != 0.0 || r["finished_at"] != nil {
		t.Errorf("accepted: %v", r)
	}
	h.activate(body(`"customer_id":1`, named("CARD-000")[1:len(named("CARD-000"))-1], `"reference_batch":"`+ref+`"`)).is(t, "an item that is not made is no card", 404, 4404, "")
	h.work(7)
	r := h.report(strings.ToUpper(ref))
	if r["status"] != 4.0 || r["numCreated"] != 30.0 || r["numFailed"] != 15.0 || r["num_requested"] != 45.0 || r["finished_at"] != "2025-11-18T17:50:57.960Z" {
		t.Errorf("finished: %v", r)
	}
	h.notice(ref, `{"referenceBatch":"`+ref+`","status":4,"numCreated":30,"numFailed":15}`)
	if n := h.report(ref)["notification"].(map[string]any); n["status"] != "pending" || n["attempts"] != 0.0 {
		t.Errorf("notification: %v", n)
	}
	h.checkBox(ref)
}

// notice checks the one message that waits for the webhook.
func (h *house) notice(ref, want string) {
	h.t.Helper()
	_, err := h.db.Outbox().FanOut(h.t.Context(), 10_000)
	h.must(err)
	due, err := h.db.Outbox().Claim(h.t.Context(), "test", h.clock.Now(), time.Minute, outbox.NewRoom(10, 10))
	h.must(err)
	if len(due) != 1 {
		h.t.Fatalf("%d deliveries, want one", len(due))
	}
	m := due[0].Message
	if string(m.Body) != want || m.ID != ident.EventID("msg_"+ref) || m.Door != event.DebitDoor {
		h.t.Errorf("%s %s %s\nwant %s", m.Door, m.ID, m.Body, want)
	}
	h.must(h.db.Outbox().Release(h.t.Context(), due))
}

// checkBox looks at what the worker made.
func (h *house) checkBox(ref string) {
	h.t.Helper()
	h.must(h.db.Issuance().Read(h.t.Context(), func(tx issuance.ReadTx) error {
		b, _, err := tx.Batch(h.t.Context(), h.program.ID, ident.Reference(ref))
		if err != nil {
			return err
		}
		box, _, err := tx.Shipment(h.t.Context(), h.program.ID, b.Shipment)
		if err != nil {
			return err
		}
		if box.Kind != shipment.OfBatch || box.Status != shipment.Placed || box.CutoffAt.IsZero() || box.Destination.PostalCode != "05349" ||
			box.Recipient.PhoneNumber != "9981234567" || box.Recipient.DialCode != 52 || box.Destination.Line1 != "Av. Tulum 12 int. 3B" {
			h.t.Errorf("the box: %+v", box)
		}
		pieces, err := tx.PlasticsIn(h.t.Context(), box.ID, ident.PlasticID{}, 1000)
		if err != nil || len(pieces) != b.Created {
			h.t.Errorf("%d pieces in the box, %v", len(pieces), err)
		}
		for _, p := range pieces {
			if p.State != card.Requested || p.Custody != card.CustodyStock || !p.CustodyPresumed || p.Guard.State != card.Armed || p.Guard.Method != card.ByIdentifierBatch || p.Batch != b.ID {
				h.t.Errorf("a piece: %+v", p)
			}
			v, _, err := tx.CardView(h.t.Context(), h.program.ID, p.Card)
			if err != nil || v.Card.Number < ident.MinCardNumber || v.Card.Number > ident.MaxNumber31 || len(v.Card.Last4) != 4 || v.Card.ExpiresAt.IsZero() || len(v.Card.Reference) != 32 {
				h.t.Errorf("a card: %+v, %v", v.Card, err)
			}
		}
		return nil
	}))
}

func TestOrder_ItemsAndTheirReasons(t *testing.T) {
	t.Parallel()
	h := newHouse(t, policy("pin.weak", "reject"))
	h.design(card.Design{Campaign: "VIRTUAL", Types: []card.Type{card.Virtual}, Active: true})
	h.design(card.Design{Campaign: "OLD", Types: []card.Type{card.Physical}})
	type item struct{ sent, reason string }
	items := []item{
		{named("A1"), ""},
		{named("A1"), "identifier_duplicated"},
		{`{"card_identifier":"W1","pin":"1111"}`, "pin_weak"},
		{named("W1"), ""}, // the first did not stand
		{`{"card_identifier":""}`, "identifier_invalid"},
		{`{"card_identifier":true}`, "identifier_invalid"},
		{`{"card_identifier":123456}`, ""},
		{`{}`, ""},
		{`{"card_identifier":null,"pin":null,"qr":null}`, ""},
		{`{"card_identifier":"B1","front_name":"` + strings.Repeat("x", 27) + `"}`, "front_name_invalid"},
		{`{"card_identifier":"B2","front_name":"名前"}`, "front_name_invalid"},
		{`{"card_identifier":"B3","front_name":5}`, "front_name_invalid"},
		{`{"card_identifier":"B4","front_name":"María Ñandú & Cía."}`, ""},
		{`{"card_identifier":"C1","qr":"javascript:alert(1)"}`, "qr_invalid"},
		{`{"card_identifier":"C2","qr":""}`, ""},
		{`{"card_identifier":"C3","qr":"https://example.com/a?b=1"}`, ""},
		{`{"card_identifier":"D1","pin":"12"}`, "pin_invalid"},
		{`{"card_identifier":"D2","pin":7391}`, ""},
		{`{"card_identifier":"D3","pin":"7391"}`, ""},
		{`{"card_identifier":"E1","campaign_id":"NOPE"}`, "campaign_unknown"},
		{`{"card_identifier":"E2","campaign_id":"not a campaign"}`, "campaign_unknown"},
		{`{"card_identifier":"E3","campaign_id":"OLD"}`, "campaign_inactive"},
		{`{"card_identifier":"E4","campaign_id":"VIRTUAL"}`, ""},
	}
	var sent []string
	for _, i := range items {
		sent = append(sent, i.sent)
	}
	ref := h.order(orderOf(sent...)).reference(t)
	h.work(4)
	got, _ := h.items(ref, "")
	for i, want := range items {
		if got[i].Reason != want.reason || (got[i].Card != nil) != (want.reason == "") || (got[i].Status == 2) != (want.reason == "") {
			t.Errorf("item %d %s: %+v", i, want.sent, got[i])
		}
	}
	for _, i := range []int{7, 8} {
		if !regexp.MustCompile(`^FT\d{12}$`).MatchString(got[i].Identifier) {
			t.Errorf("a server-made identifier: %q", got[i].Identifier)
		}
	}
	if got[6].Identifier != "123456" || *got[0].CardStatus != 21 || *got[22].CardStatus != 20 {
		t.Errorf("item 6 %+v, item 0 %+v, item 22 %+v", got[6], got[0], got[22])
	}
	h.seed(issuance.Seed{Customers: []issuance.SeedCustomer{{Number: 12345678}}})
	sentFor := func(id string) string { return strings.Replace(with(id), batchOne, ref, 1) }
	h.activate(sentFor("E4")).is(t, "a virtual card of a batch", 400, 4430, "")
	h.activate(sentFor("D2")).is(t, "a card with a PIN", 200, 0, "")
	h.keepsPIN(*got[17].Card, ref, "7391")
	if r := h.report(ref); r["numCreated"].(float64)+r["numFailed"].(float64) != float64(len(items)) {
		t.Errorf("the sum: %v", r)
	}
}

// keepsPIN checks that an item's PIN came with its card, and is not with the item any more.
func (h *house) keepsPIN(number int64, ref, want string) {
	h.t.Helper()
	h.must(h.db.Issuance().Read(h.t.Context(), func(tx issuance.ReadTx) error {
		b, _, _ := tx.Batch(h.t.Context(), h.program.ID, ident.Reference(ref))
		items, err := tx.Items(h.t.Context(), b.ID, 0, "", 1000)
		for _, i := range items {
			if i.PINSealed != nil {
				h.t.Errorf("item %d still has its PIN", i.Index)
			}
			if i.CardNumber != number {
				continue
			}
			v, _, err := tx.CardView(h.t.Context(), h.program.ID, i.Card)
			if err != nil {
				return err
			}
			if !h.pinIs(v.Card, want) {
				h.t.Errorf("the PIN of card %d is another one", number)
			}
		}
		return err
	}))
}

func (h *house) design(d card.Design) {
	h.t.Helper()
	d.ID, d.Program = ident.DesignID{UUID: h.ids.UUID()}, h.program.ID
	d.CreatedAt, d.UpdatedAt = h.clock.Now(), h.clock.Now()
	h.change(func(tx issuance.Tx) error { return tx.InsertDesign(h.t.Context(), d) })
}

func TestOrder_RefusalsOfTheWholeOrderStoreNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	bad := func(n int) string {
		return "{" + cancun + `,"batch":[` + strings.TrimSuffix(strings.Repeat(`{"card_identifier":""},`, n), ",") + "]}"
	}
	var nineteen []string
	for i := range 19 {
		nineteen = append(nineteen, fmt.Sprintf("batch[%d].card_identifier:invalid", i))
	}
	for _, c := range []struct {
		name, sent   string
		status, code int
		hints        string
	}{
		{"nothing", `{}`, 400, 4400, "delivery_location:required batch:required"},
		{"no city", strings.Replace(orderOf(named("A")), `"city":"Cancún",`, "", 1), 400, 4400, "delivery_location.city:required"},
		{
			"address in table order", `{"batch":[{}],"campaign_id":"","delivery_location":{"postal_code":"123","mobile":"12","country":"XX","first_names":7}}`, 400, 4400,
			"delivery_location.first_names:invalid delivery_location.last_names:required delivery_location.street:required delivery_location.exterior_number:required " +
				"delivery_location.neighborhood:required delivery_location.city:required delivery_location.state:required delivery_location.postal_code:invalid " +
				"delivery_location.mobile:invalid delivery_location.country:invalid campaign_id:invalid",
		},
		{"no items", orderOf(), 400, 4400, "batch:too_short"},
		{"items are text", "{" + cancun + `,"batch":"x"}`, 400, 4400, "batch:invalid"},
		{"an item is text", orderOf(named("A"), `"x"`, named("B"), `7`), 400, 4400, "batch[1]:invalid batch[3]:invalid"},
		{"two lists", "{" + cancun + `,"batch":[{}],"batch":[{}]}`, 400, 4400, "batch:duplicated"},
		{"an unknown campaign", strings.Replace(orderOf(named("A")), "{", `{"campaign_id":"NOPE",`, 1), 400, 4400, "campaign_id:unknown"},
		{"one bad item", bad(1), 400, 4400, "batch[0].card_identifier:invalid"},
		{"only bad items", bad(600), 400, 4400, strings.Join(nineteen, " ") + " more"},
		{"malformed at the end", strings.TrimSuffix(orderOf(named("A")), "}"), 400, 4400, "body:malformed"},
		{"garbage behind", orderOf(named("A")) + "x", 400, 4400, "body:malformed"},
		{"an item of over 1 MiB", orderOf(`{"x":"` + strings.Repeat("x", 1<<20) + `"}`), 413, 4413, ""},
		{"50 001 items", "{" + cancun + `,"batch":[` + strings.TrimSuffix(strings.Repeat("{},", 50_001), ",") + "]}", 400, 4400, "batch:too_many"},
	} {
		h.order(c.sent).is(t, c.name, c.status, c.code, c.hints)
	}
	h.must(h.db.Issuance().Read(t.Context(), func(tx issuance.ReadTx) error {
		all, err := tx.Batches(t.Context(), h.program.ID, issuance.BatchFilter{}, issuance.Page{Limit: 10})
		if len(all) != 0 {
			t.Errorf("%d batches are there", len(all))
		}
		return err
	}))
	if n, err := h.db.Bulk().SweepStaged(t.Context(), h.clock.Now().Add(time.Hour)); n != 0 || err != nil {
		t.Errorf("%d uploads were left behind, %v", n, err)
	}
}

func TestOrder_CallersAndProgrammes(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.seed(people("A1"))
	created := h.activate(body(`"card_identifier":"A1"`, `"reference_batch":"`+batchOne+`"`, `"device_id":"d"`, anaRuiz))
	token, _ := created.payload(t)["customer_oauth_token"].(string)
	h.order(orderOf(named("B1")), "Authorization-customer", token).is(t, "a customer orders", 403, 4403, "scope:P,A")
	h.order(`{}`, "Authorization-customer", token).is(t, "the shape comes before the rights", 400, 4400, "delivery_location:required batch:required")
	ref := h.order(orderOf(named("B1")), h.asAdmin()...).reference(t)
	other := h.newTenant("second", program.Sandbox, nil)
	for _, path := range []string{"/" + ref, "/" + ref + "/items"} {
		h.do(http.MethodGet, orderPath+path, "", "Authorization-ecommerce", other.token).is(t, "a foreign batch", 404, 4404, "")
	}
	a := h.do(http.MethodGet, orderPath+"/nonsense", "")
	a.is(t, "no reference", 404, 4404, "")
	if !strings.Contains(a.body, `"endpoint":"/debit/v1/bulkOrderCard/nonsense"`) || !strings.Contains(a.body, "Batch not found") {
		t.Error(a.body)
	}
	if n, err := h.db.Bulk().SweepStaged(t.Context(), h.clock.Now().Add(time.Hour)); n != 0 || err != nil {
		t.Errorf("%d uploads were left behind, %v", n, err)
	}
}

func TestOrder_Repeats(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	first := h.order(orderOf(named("A"), named("B")))
	ref := first.reference(t)
	h.clock.Advance(9 * time.Minute)
	again := h.order(strings.ReplaceAll(orderOf(named("A"), named("B")), ",", " , "))
	if again.body != first.body || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("first %s\nagain %s", first.body, again.body)
	}
	if other := h.order(orderOf(named("B"), named("A"))).reference(t); other == ref {
		t.Error("another order is the same batch")
	}
	if admin := h.order(orderOf(named("A"), named("B")), h.asAdmin()...).reference(t); admin == ref {
		t.Error("another credential's order is the same batch")
	}
	h.clock.Advance(2 * time.Minute)
	if later := h.order(orderOf(named("A"), named("B"))).reference(t); later == ref {
		t.Error("after ten minutes it is still the same batch")
	}
	if a, b := h.order(orderOf(`{}`)).reference(t), h.order(orderOf(`{}`)).reference(t); a == b {
		t.Error("two orders with server-made identifiers are one batch")
	}
	keyed := h.order(orderOf(named("K")), "Idempotency-Key", "k")
	replay := h.order(orderOf(named("K")), "Idempotency-Key", "k")
	if keyed.body != replay.body || replay.header.Get("Idempotent-Replayed") != "true" || keyed.status != 200 {
		t.Errorf("%s\n%s", keyed.body, replay.body)
	}
	h.order(orderOf(named("L")), "Idempotency-Key", "k").is(t, "another order under the key", 409, 4409, "Idempotency-Key:duplicated")
	if n, err := h.db.Bulk().SweepStaged(t.Context(), h.clock.Now().Add(time.Hour)); n != 0 || err != nil {
		t.Errorf("%d uploads were left behind, %v", n, err)
	}
}

func TestOrder_ScopeOfIdentifiers(t *testing.T) {
	t.Parallel()
	for scope, want := range map[string]float64{"batch": 4, "program": 5} {
		h := newHouse(t, policy("debit.identifier_scope", scope))
		h.order(orderOf(named("A"))).reference(t)
		h.work(10)
		ref := h.order(orderOf(named("A")), "Idempotency-Key", "other").reference(t)
		h.work(10)
		if r := h.report(ref); r["status"] != want {
			t.Errorf("scope %s: %v", scope, r)
		}
	}
}

func TestOrder_Canceled(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.do(http.MethodPut, hookPath, `{"url":"http://127.0.0.1:9000/hook"}`, h.asAdmin()...).is(t, "webhook", 200, 0, "")
	ref := h.order(orderOf(named("A"))).reference(t)
	cancel := issuance.CancelBatch{Command: h.command(), Reference: ident.Reference(ref)}
	b, err := h.rules.CancelBatch(t.Context(), cancel)
	if err != nil || b.Status != batch.Canceled {
		t.Fatal(b.Status, err)
	}
	h.work(10)
	if r := h.report(ref); r["status"] != 3.0 || r["numCreated"] != 0.0 {
		t.Errorf("%v", r)
	}
	h.notice(ref, `{"referenceBatch":"`+ref+`","status":3,"numCreated":0,"numFailed":0}`)
	if _, err := h.rules.CancelBatch(t.Context(), cancel); err == nil {
		t.Error("a canceled batch was canceled again")
	}
}

func TestOrder_NoticeWithCards(t *testing.T) {
	t.Parallel()
	h := newHouse(t, policy("debit.webhook_cards", "on"))
	h.do(http.MethodPut, hookPath, `{"url":"http://127.0.0.1:9000/hook"}`, h.asAdmin()...).is(t, "webhook", 200, 0, "")
	ref := h.order(orderOf(named("A"), named("A"), named("B"))).reference(t)
	h.work(10)
	items, _ := h.items(ref, "status=2")
	h.notice(ref, fmt.Sprintf(`{"referenceBatch":"%s","status":4,"numCreated":2,"numFailed":1,"cards":[{"card_identifier":"A","card_id":%d,"status":21},{"card_identifier":"B","card_id":%d,"status":21}]}`,
		ref, *items[0].Card, *items[1].Card))
}

func TestItems_PagesFilterAndCSV(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var sent []string
	for i := range 25 {
		sent = append(sent, named(fmt.Sprintf("A%d", i%20)))
	}
	ref := h.order(orderOf(sent...)).reference(t)
	if pending, _ := h.items(ref, "status=1"); len(pending) != 20 {
		t.Errorf("%d pending", len(pending))
	}
	h.work(500)
	for query, want := range map[string]struct{ items, pages int }{
		"": {25, 1}, "limit=7": {25, 4}, "limit=25": {25, 1}, "limit=24": {25, 2}, "status=2&limit=6": {20, 4}, "status=3": {5, 1}, "status=1": {0, 1},
	} {
		items, pages := h.items(ref, query)
		if len(items) != want.items || pages != want.pages {
			t.Errorf("%q: %d items on %d pages", query, len(items), pages)
		}
		for i := 1; i < len(items); i++ {
			if items[i].Index <= items[i-1].Index {
				t.Errorf("%q: index %d after %d", query, items[i].Index, items[i-1].Index)
			}
		}
	}
	for query, hints := range map[string]string{
		"status=4": "status:invalid", "status=x&limit=0&after=%%%": "status:invalid limit:invalid", "limit=1001": "limit:invalid",
		"after=x": "after:invalid", "after=eyJpIjotMX0": "after:invalid", "status=9&limit=0&after=x": "status:invalid limit:invalid after:invalid",
	} {
		h.do(http.MethodGet, orderPath+"/"+ref+"/items?"+query, "").is(t, query, 400, 4400, hints)
	}
	if a := h.do(http.MethodGet, orderPath+"/"+ref+"/items?after=eyJpIjoxfQ&limit=1", ""); !strings.Contains(a.body, `"index":2,`) {
		t.Errorf("the published cursor: %s", a.body)
	}
	a := h.do(http.MethodGet, orderPath+"/"+ref+"/items?limit=3", "", "Accept", "text/csv")
	rows, err := csv.NewReader(strings.NewReader(a.body)).ReadAll()
	if err != nil || len(rows) != 26 || strings.Join(rows[0], ",") != "index,card_identifier,status,card_id,status_card,reason" || a.header.Get("Content-Type") != "text/csv; charset=utf-8" {
		t.Errorf("%d rows, %v, %v", len(rows), err, a.header)
	}
	if last := rows[len(rows)-1]; last[0] != "24" || last[1] != "A4" || last[2] != "3" || last[3] != "" || last[5] != "identifier_duplicated" {
		t.Errorf("the last row: %v", last)
	}
}

func TestWebhook_SetReadRotateTestRemove(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	admin := h.asAdmin()
	const at = "http://127.0.0.1:9000/hook"
	h.do(http.MethodPut, hookPath, `{"url":"https://example.com"}`).is(t, "the programme's token", 403, 4403, "scope:A")
	h.do(http.MethodGet, hookPath, "").is(t, "the programme's token", 403, 4403, "scope:A")
	for sent, hints := range map[string]string{
		`{}`: "url:required", `{"url":7}`: "url:invalid", `{"url":"ftp://a.example"}`: "url:invalid", `{"url":"x","rotate":1}`: "url:invalid rotate:invalid",
		`{"url":"https://a.example/` + strings.Repeat("x", 500) + `"}`: "url:too_long",
	} {
		h.do(http.MethodPut, hookPath, sent, admin...).is(t, sent, 400, 4400, hints)
	}
	if a := h.do(http.MethodGet, hookPath, "", admin...); !strings.HasSuffix(a.body, `"payload":{"url":null,"enabled":false,"failing_since":null}}`) {
		t.Errorf("none yet: %s", a.body)
	}
	h.do(http.MethodPost, hookPath+"/test", "", admin...).is(t, "nothing to test", 404, 4404, "")
	first := h.do(http.MethodPut, hookPath, `{"url":"`+at+`"}`, append(admin, "Idempotency-Key", "k")...)
	secret, _ := first.payload(t)["secret"].(string)
	if !regexp.MustCompile(`^whsec_[A-Za-z0-9+/]{43}=$`).MatchString(secret) || first.payload(t)["url"] != at {
		t.Fatalf("%s", first.body)
	}
	if replay := h.do(http.MethodPut, hookPath, `{"url":"`+at+`"}`, append(admin, "Idempotency-Key", "k")...); replay.body != first.body {
		t.Errorf("replay %s", replay.body)
	}
	if moved := h.do(http.MethodPut, hookPath, `{"url":"`+at+`2"}`, admin...); moved.payload(t)["secret"] != nil || moved.payload(t)["url"] != at+"2" {
		t.Errorf("a new address keeps the secret to itself: %s", moved.body)
	}
	rotated := h.do(http.MethodPut, hookPath, `{"url":"`+at+`","rotate":true}`, admin...)
	if s := rotated.payload(t)["secret"]; s == nil || s == secret {
		t.Errorf("rotated: %s", rotated.body)
	}
	e := h.endpoint()
	previous, err := h.keys.Open(e.SecretBound(), e.PreviousSealed)
	if err != nil || previous.Reveal() != secret || e.PreviousUntil.Sub(e.UpdatedAt).Round(time.Second) != 24*time.Hour {
		t.Errorf("the old secret signs too for a day: %v, %v", err, e.PreviousUntil.Sub(e.UpdatedAt))
	}
	if a := h.do(http.MethodGet, hookPath, "", admin...); !strings.HasSuffix(a.body, `"payload":{"url":"`+at+`","enabled":true,"failing_since":null}}`) {
		t.Errorf("%s", a.body)
	}
	h.do(http.MethodPost, hookPath+"/test", "", admin...).is(t, "a test", 200, 0, "")
	h.sample()
	h.do(http.MethodDelete, hookPath, "", admin...).is(t, "removed", 200, 0, "")
	h.do(http.MethodDelete, hookPath, "", admin...).is(t, "removed again", 200, 0, "")
	if a := h.do(http.MethodGet, hookPath, "", admin...); !strings.Contains(a.body, `"enabled":false`) {
		t.Errorf("%s", a.body)
	}
	if log := h.log.String(); strings.Contains(log, secret) {
		t.Error("the secret was logged")
	}
}

func (h *house) endpoint() issuance.Endpoint {
	h.t.Helper()
	all, err := h.rules.Endpoints(h.t.Context(), h.program.ID, event.DebitDoor)
	h.must(err)
	if len(all) != 1 {
		h.t.Fatalf("%d endpoints", len(all))
	}
	return all[0]
}

// sample fails the delivery of the test's sample, and checks what it was.
func (h *house) sample() {
	h.t.Helper()
	_, err := h.db.Outbox().FanOut(h.t.Context(), 100)
	h.must(err)
	due, err := h.db.Outbox().Claim(h.t.Context(), "test", h.clock.Now(), time.Minute, outbox.NewRoom(10, 10))
	h.must(err)
	if len(due) != 1 || !regexp.MustCompile(`^msg_[0-9a-f]{32}$`).MatchString(string(due[0].Message.ID)) || string(due[0].Message.Body) != `{"referenceBatch":"00000000000000000000000000000000","status":4,"numCreated":1,"numFailed":0}` {
		h.t.Fatalf("%v", due)
	}
	_, err = h.db.Outbox().Finish(h.t.Context(), []outbox.Ended{{
		Delivery: due[0], SentAt: h.clock.Now(),
		Outcome: outbox.Outcome{State: outbox.Pending, At: h.clock.Now(), NextAt: h.clock.Now().Add(time.Hour), HTTPStatus: 500, Failure: "status"},
	}})
	h.must(err)
	if a := h.do(http.MethodGet, hookPath, "", h.asAdmin()...); !strings.Contains(a.body, `"failing_since":"2026-03-06T`) {
		h.t.Errorf("a failing webhook: %s", a.body)
	}
}

func TestWebhook_LiveProgrammesTakePublicHTTPSOnly(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(s *settings) { s.kind = program.Live })
	for _, target := range []string{"http://example.com/x", "https://127.0.0.1/x", "https://10.0.0.1/x", "https://localhost/x"} {
		h.do(http.MethodPut, hookPath, `{"url":"`+target+`"}`, h.asAdmin()...).is(t, target, 400, 4400, "url:invalid")
	}
	if err := h.rules.Seed(t.Context(), issuance.PublishedExamples(h.command())); !errors.Is(err, issuance.LiveProgram) {
		t.Errorf("a live programme was seeded: %v", err)
	}
}
