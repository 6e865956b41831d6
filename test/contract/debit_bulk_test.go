package contract

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

func debitBulk() []check {
	return []check{
		only(64, "45 items, 15 bad", fortyFive),
		only(65, "the webhook has four members and verifies", batchNotice),
		only(66, "500 twice, then 200: three attempts, one id", noticeRetries),
		only(67, "a receiver that never answers, and a replay", noticeGivenUp),
		only(68, "webhook_cards", noticeOfCards),
		only(69, "duplicates in one order", duplicateItems),
		only(70, "identifiers that the server makes; an empty one", madeIdentifiers),
		only(71, "what an item may lack and have", leanItems),
		only(72, "postal_code of four digits, mobile as a number", shortPostalCode),
		only(73, "no city, no batch", noCity),
		only(74, "orders that are refused whole, and 50 000", wholeOrders),
		only(75, "50 000 items: memory, progress, a kill", bigBatch),
		only(76, "the same order again", sameOrder),
		only(77, "items: filter, pages, CSV", pagesOfItems),
		only(78, "a foreign batch", foreignBatch),
		only(79, "status 5, and canceled", failedAndCanceled),
	}
}

// report listens for the batches of a programme.
func (p *program) report(answer func(d delivery, number int) int) (r *receiver, secret string) {
	p.t.Helper()
	r = newReceiver(p.t, answer)
	secret = p.debit("--admin").put("/debit/v1/webhook", object{"url": r.url}).gives("url", r.url).text("payload.secret")
	return r, secret
}

// notices waits for n deliveries and for nothing more.
func (r *receiver) notices(n int) []delivery {
	r.t.Helper()
	patiently(r.t, fmt.Sprintf("%d notices", n), func() bool { return len(r.all()) >= n })
	r.settled()
	got := r.all()
	if len(got) != n {
		r.t.Fatalf("%d notices, want %d", len(got), n)
	}
	return got
}

func noticeOf(batch string, status, created, failed int) string {
	return fmt.Sprintf(`{"referenceBatch":"%s","status":%d,"numCreated":%d,"numFailed":%d}`, batch, status, created, failed)
}

func fortyFive(t *testing.T, h *house) {
	a := h.program(t).debit()
	all := items(45)
	for i := range 15 {
		all[3*i] = object{"card_identifier": "not valid"}
	}
	r := a.post(orderPath, orderBody(all...)).like(`^\{"text":"Success","timestamp":"` + formS + `","endpoint":"debit/v1/bulkOrderCard","error":"",` +
		`"payload":\{"reference":"[0-9a-f]{32}","reference_batch":"[0-9a-f]{32}","referenceBatch":"[0-9a-f]{32}","status":1,"num_requested":45\}\}$`)
	batch := r.text("payload.reference")
	r.gives("reference_batch", batch, "referenceBatch", batch)
	a.ended(batch).gives("reference_batch", batch, "status", 4, "num_requested", 45, "numCreated", 30, "numFailed", 15, "notification.status", "none")
}

// signs tells whether a delivery is signed as Standard Webhooks says.
func (d delivery) signs(t *testing.T, secret string) {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil || !strings.HasPrefix(secret, "whsec_") {
		t.Fatalf("no secret of a webhook: %v", err)
	}
	id, at := d.header.Get("webhook-id"), d.header.Get("webhook-timestamp")
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + at + "." + d.body))
	if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); d.header.Get("webhook-signature") != want {
		t.Errorf("the signature %q is not that of the body", d.header.Get("webhook-signature"))
	}
	if sent, err := strconv.ParseInt(at, 10, 64); err != nil || time.Since(time.Unix(sent, 0)).Abs() > time.Minute {
		t.Errorf("sent at %q", at)
	}
}

func batchNotice(t *testing.T, h *house) {
	p := h.program(t)
	listener, secret := p.report(nil)
	batch := p.debit().ordered(orderBody(append(items(2), object{"card_identifier": ""})...))
	got := listener.notices(1)[0]
	if got.body != noticeOf(batch, 4, 2, 1) || got.header.Get("Content-Type") != "application/json" || got.header.Get("webhook-id") != "msg_"+batch {
		t.Errorf("%s %v", got.body, got.header)
	}
	got.signs(t, secret)
}

func noticeRetries(t *testing.T, h *house) {
	p := h.program(t)
	a := p.debit()
	listener, secret := p.report(func(_ delivery, number int) int {
		if number <= 2 {
			return 500
		}
		return 200
	})
	batch := a.ordered(orderBody(items(1)...))
	for n, wait := range []string{"", "5s", "30s"} {
		if wait != "" {
			p.advance(wait)
		}
		patiently(t, "the next attempt", func() bool { return len(listener.all()) > n })
	}
	p.advance("240h")
	for _, d := range listener.notices(3) {
		d.signs(t, secret)
		if d.body != noticeOf(batch, 4, 1, 0) || d.header.Get("webhook-id") != "msg_"+batch {
			t.Errorf("%s %v", d.body, d.header)
		}
	}
	patiently(t, "the notice is delivered", func() bool {
		return a.get(orderPath+"/"+batch).ok().at("payload.notification.status") == "delivered"
	})
	a.get(orderPath+"/"+batch).gives("notification.attempts", 3, "notification.last_http_status", 200, "notification.next_attempt_at", nil)
}

func noticeGivenUp(t *testing.T, h *house) {
	p := h.program(t)
	a := p.debit()
	listener, secret := p.report(func(_ delivery, number int) int {
		if number <= 10 {
			return 503
		}
		return 200
	})
	batch := a.ordered(orderBody(items(1)...))
	for n, wait := range []string{"", "5s", "30s", "2m", "10m", "1h", "3h", "6h", "12h", "24h"} {
		if wait != "" {
			p.advance(wait)
		}
		patiently(t, fmt.Sprintf("attempt %d", n+1), func() bool {
			return a.get(orderPath+"/"+batch).ok().at("payload.notification.attempts") == float64(n+1)
		})
	}
	a.get(orderPath+"/"+batch).gives("notification.status", "failed", "notification.last_http_status", 503)
	p.advance("240h")
	listener.notices(10)

	var hooks []struct{ ID, Door string }
	if err := json.Unmarshal([]byte(h.command(t, "webhook", "list", "--program", p.name, "--json")), &hooks); err != nil || len(hooks) != 1 {
		t.Fatalf("%v %v", hooks, err)
	}
	var failed []struct{ ID, State string }
	if err := json.Unmarshal([]byte(h.command(t, "webhook", "deliveries", hooks[0].ID, "--program", p.name, "--json")), &failed); err != nil || len(failed) != 1 {
		t.Fatalf("%v %v", failed, err)
	}
	h.command(t, "webhook", "replay", hooks[0].ID, failed[0].ID, "--program", p.name)
	last := listener.notices(11)[10]
	last.signs(t, secret)
	if last.body != noticeOf(batch, 4, 1, 0) || last.header.Get("webhook-id") != "msg_"+batch {
		t.Errorf("replayed as %s %v", last.body, last.header)
	}
}

func noticeOfCards(t *testing.T, h *house) {
	p := h.program(t, "debit.webhook_cards=on")
	a := p.debit()
	listener, _ := p.report(nil)
	card := a.made(a.ordered(orderBody(append(items(1), object{"card_identifier": ""})...)))[0]
	want := strings.TrimSuffix(noticeOf(card.batch, 4, 1, 1), "}") + fmt.Sprintf(`,"cards":[{"card_identifier":"%s","card_id":%d,"status":21}]}`, card.identifier, card.id)
	if got := listener.notices(1)[0].body; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	big := a.ordered(orderBody(items(1001)...))
	if got := listener.notices(2)[1].body; got != noticeOf(big, 4, 1001, 0) {
		t.Errorf("%.300s", got)
	}
}

// outcomes are the items of a batch as "identifier status reason".
func (a api) outcomes(batch string) (all []string) {
	a.t.Helper()
	for _, item := range a.get(orderPath + "/" + batch + "/items").ok().list("payload.items") {
		all = append(all, strings.TrimSpace(fmt.Sprintf("%v %v %v", item["card_identifier"], item["status"], item["reason"])))
	}
	return all
}

func duplicateItems(t *testing.T, h *house) {
	a := h.program(t).debit()
	one, two := object{"card_identifier": "ONE"}, object{"card_identifier": "TWO"}
	batch := a.ordered(orderBody(one, two, one, object{"card_identifier": "one"}, one))
	if got := strings.Join(a.outcomes(batch), ", "); got != "ONE 2, TWO 2, ONE 3 identifier_duplicated, one 2, ONE 3 identifier_duplicated" {
		t.Error(got)
	}
}

func madeIdentifiers(t *testing.T, h *house) {
	a := h.program(t).debit()
	batch := a.ordered(orderBody(object{}, object{"card_identifier": ""}, object{"front_name": "ANA"}))
	got := a.outcomes(batch)
	if made := regexp.MustCompile(`^FT\d{12} 2$`); len(got) != 3 || !made.MatchString(got[0]) || got[1] != "3 identifier_invalid" || !made.MatchString(got[2]) || got[0] == got[2] {
		t.Error(got)
	}
	a.hold(a.made(batch)[0], a.person())
}

func leanItems(t *testing.T, h *house) {
	a := h.program(t).debit()
	all := []any{
		object{"card_identifier": "A"},
		object{"card_identifier": "B", "qr": "", "pin": "1234"},
		object{"card_identifier": "C", "qr": "https://example.com/q", "pin": "1234"},
		object{"card_identifier": "D", "front_name": "", "pin": 1234},
		object{"card_identifier": "E", "front_name": "José Núñez-Peña", "campaign_id": nil},
		object{"card_identifier": "F", "campaign_id": "NOWHERE"},
		object{"card_identifier": "G", "qr": "ftp://x"},
		object{"card_identifier": "H", "pin": "12"},
		object{"card_identifier": "I", "front_name": "<b>"},
	}
	batch := a.ordered(orderBody(all...))
	want := "A 2, B 2, C 2, D 2, E 2, F 3 campaign_unknown, G 3 qr_invalid, H 3 pin_invalid, I 3 front_name_invalid"
	if got := strings.Join(a.outcomes(batch), ", "); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	who := a.person()
	campaign := a.as(who).post("/debit/v1/orderCard", object{"balance_id": who.wallet, "delivery_location": cancun()}).ok().text("payload.campaign_id")
	named := a.ordered(orderBody(object{"card_identifier": "A", "campaign_id": campaign}, object{"card_identifier": "B"}))
	if got := strings.Join(a.outcomes(named), ", "); got != "A 2, B 2" {
		t.Errorf("with a campaign: %s", got)
	}
	a.post(orderPath, also(orderBody(items(1)...), "campaign_id", "NOWHERE")).fails(400, 4400, "campaign_id:unknown")
}

func shortPostalCode(t *testing.T, h *house) {
	p := h.program(t)
	a, admin := p.debit(), p.debit("--admin")
	for _, code := range []any{"5349", 5349, "05349"} {
		to := also(cancun(), "postal_code", code, "mobile", 9981234567)
		card := a.made(a.ordered(object{"delivery_location": to, "batch": items(1)}))[0]
		who := a.person()
		a.hold(card, who)
		admin.post("/debit/v1/delivery-info", object{"card_type": 1, "customer_id": who.id}).gives("destination.postal_code", "05349")
	}
	for _, bad := range []any{"534", 123456, "x5349", ""} {
		a.post(orderPath, object{"delivery_location": also(cancun(), "postal_code", bad), "batch": items(1)}).fails(400, 4400, "delivery_location.postal_code:invalid")
	}
}

// orders is how many batches the programme has in its trail.
func (p *program) orders() (n int) {
	p.t.Helper()
	for _, row := range p.trail() {
		if row["action"] == "batch.accept" && row["outcome"] == "ok" {
			n++
		}
	}
	return n
}

func noCity(t *testing.T, h *house) {
	p := h.program(t)
	a := p.debit()
	a.post(orderPath, object{"delivery_location": without(cancun(), "city"), "batch": items(1)}).fails(400, 4400, "delivery_location.city:required")
	a.post(orderPath, object{"batch": items(1)}).fails(400, 4400, "delivery_location:required")
	if n := p.orders(); n != 0 {
		t.Errorf("%d batches", n)
	}
	a.ordered(orderBody(items(1)...))
	if n := p.orders(); n != 1 {
		t.Errorf("the trail has %d orders: %v", n, p.trail())
	}
}

func wholeOrders(t *testing.T, h *house) {
	p := h.own(t, "--workers=false").program(t) // nobody makes the cards beside the other checks
	a := p.debit()
	a.post(orderPath, orderBody()).fails(400, 4400, "batch:required") // it is null
	a.post(orderPath, object{"delivery_location": cancun(), "batch": []any{}}).fails(400, 4400, "batch:too_short")
	a.post(orderPath, object{"delivery_location": cancun()}).fails(400, 4400, "batch:required")
	a.post(orderPath, orderBody(items(50001)...)).fails(400, 4400, "batch:too_many")
	a.post(orderPath, orderBody(object{"card_identifier": ""}, object{"pin": "1"})).fails(400, 4400, "batch[0].card_identifier:invalid", "batch[1].pin:invalid")
	a.post(orderPath, orderBody(object{"card_identifier": "A"}, 5)).fails(400, 4400, "batch[1]:invalid")
	if n := p.orders(); n != 0 {
		t.Errorf("%d batches", n)
	}
	a.post(orderPath, orderBody(items(50000)...)).gives("num_requested", 50000)
}

// memory is what a node has resident, in bytes.
func (n *node) memory(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", n.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}

func bigBatch(t *testing.T, h *house) {
	own := h.own(t)
	p := own.program(t)
	token := p.key("--door", "debit")
	a := p.debitWith(token)
	a.ordered(orderBody(items(1000)...))
	most := func() (n int) {
		for _, node := range own.nodes {
			n = max(n, node.memory(t))
		}
		return n
	}
	before := most()
	batch := a.post(orderPath, orderBody(items(50000)...)).ok().text("payload.reference")
	peak := most()
	progress := func() float64 {
		peak = max(peak, most())
		return a.get(orderPath + "/" + batch).ok().number("payload.numCreated")
	}
	patiently(t, "some are made", func() bool { return progress() > 0 })
	part := progress()
	own.restart(t)
	for deadline := time.Now().Add(8 * time.Minute); progress() < 50000; pause(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%v of 50 000 within 8 minutes", progress())
		}
	}
	a.ended(batch).gives("status", 4, "numCreated", 50000, "numFailed", 0)
	if part >= 50000 {
		t.Log("the batch was done before the kill")
	}
	if grown := peak - before; grown > 200<<20 {
		t.Errorf("a node grew by %d MiB", grown>>20)
	}
	seen := map[string]bool{}
	for _, row := range a.csv(batch) {
		if seen[row[1]] || row[3] == "" || seen["id "+row[3]] {
			t.Fatalf("twice: %v", row)
		}
		seen[row[1]], seen["id "+row[3]] = true, true
	}
	if len(seen) != 100000 {
		t.Errorf("%d identifiers and cards", len(seen))
	}
}

// csv gives the items of a batch, without the head.
func (a api) csv(batch string) [][]string {
	a.t.Helper()
	r := a.with("Accept", "text/csv").get(orderPath + "/" + batch + "/items").is(200)
	rows, err := csv.NewReader(strings.NewReader(r.body)).ReadAll()
	if err != nil || len(rows) == 0 || strings.Join(rows[0], ",") != "index,card_identifier,status,card_id,status_card,reason" {
		a.t.Fatalf("%v: %.200s", err, r.body)
	}
	return rows[1:]
}

func sameOrder(t *testing.T, h *house) {
	p := h.program(t)
	a := p.debit()
	body := orderBody(items(2)...)
	first := a.post(orderPath, body).ok().replayed(false)
	if again := a.post(orderPath, body).ok().replayed(true); again.body != first.body {
		t.Errorf("%s, first %s", again.body, first.body)
	}
	p.advance("9m")
	a.post(orderPath, body).ok().replayed(true)
	p.advance("2m")
	if later := a.post(orderPath, body).ok().replayed(false); later.text("payload.reference") == first.text("payload.reference") {
		t.Error("the same batch after 11 minutes")
	}
	anonymous := orderBody(object{}, object{})
	one := a.post(orderPath, anonymous).ok().replayed(false).text("payload.reference")
	if two := a.post(orderPath, anonymous).ok().replayed(false).text("payload.reference"); one == two {
		t.Error("one batch of two orders without identifiers")
	}
}

func pagesOfItems(t *testing.T, h *house) {
	a := h.program(t).debit()
	all := append(items(23), object{"card_identifier": "not valid"}, object{"card_identifier": ""})
	batch := a.ordered(orderBody(all...))
	path := orderPath + "/" + batch + "/items"
	var indexes []string
	for query := "?limit=7"; ; {
		r := a.get(path + query).ok()
		for _, item := range r.list("payload.items") {
			indexes = append(indexes, fmt.Sprint(item["index"]))
		}
		if r.at("payload.next") == nil {
			break
		}
		query = "?limit=7&after=" + r.text("payload.next")
	}
	var want []string
	for i := range 25 {
		want = append(want, itoa(i))
	}
	if strings.Join(indexes, " ") != strings.Join(want, " ") {
		t.Errorf("the pages join to %v", indexes)
	}
	for status, n := range map[string]int{"1": 0, "2": 23, "3": 2} {
		if got := a.get(path + "?status=" + status).ok().list("payload.items"); len(got) != n {
			t.Errorf("%d items of status %s, want %d", len(got), status, n)
		}
	}
	if rows := a.csv(batch); len(rows) != 25 || rows[0][2] != "2" || rows[24][5] != "identifier_invalid" {
		t.Errorf("%d rows: %v", len(rows), rows)
	}
	a.get(path+"?limit=0").fails(400, 4400, "limit:invalid")
	a.get(path+"?limit=1001").fails(400, 4400, "limit:invalid")
}

func foreignBatch(t *testing.T, h *house) {
	batch := h.program(t).debit().one().batch
	a := h.program(t).debit()
	for _, path := range []string{"", "/items"} {
		foreign := a.get(orderPath+"/"+batch+path).fails(404, 4404).said("Batch not found")
		unknown := a.get(orderPath+"/"+noReference+path).fails(404, 4404)
		if strings.ReplaceAll(foreign.timeless(), batch, noReference) != unknown.timeless() {
			t.Errorf("foreign %s, unknown %s", foreign.body, unknown.body)
		}
	}
}

func failedAndCanceled(t *testing.T, h *house) {
	p := h.program(t, "debit.identifier_scope=program")
	a := p.debit()
	listener, _ := p.report(nil)
	card := a.one()
	failed := a.ordered(orderBody(object{"card_identifier": card.identifier, "front_name": "AGAIN"})) // the same body would be a replay
	a.get(orderPath+"/"+failed).gives("status", 5, "numCreated", 0, "numFailed", 1)
	if got := listener.notices(2)[1].body; got != noticeOf(failed, 5, 0, 1) {
		t.Error(got)
	}

	idle := h.own(t, "--workers=false")
	p = idle.program(t)
	a = p.debit()
	batch := a.post(orderPath, orderBody(items(2)...)).gives("status", 1).text("payload.reference")
	a.get(orderPath+"/"+batch).gives("status", 1)
	idle.command(t, "batch", "cancel", batch)
	a.get(orderPath+"/"+batch).gives("status", 3, "numCreated", 0)
}
