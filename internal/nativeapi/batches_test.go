package nativeapi_test

import (
	"strings"
	"testing"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/storetest"
)

const location = `{"first_names":"Laura","last_names":"Pérez","street":"Reforma","exterior_number":"1","neighborhood":"Juárez","city":"CDMX",` +
	`"state":"CMX","postal_code":"06600","mobile":"5512345678","country":"MX"}`

func orderOf(items string) string {
	return `{"delivery_location":` + location + `,"campaign":"SUMMER","items":[` + items + `]}`
}

// makeCards does the worker's part.
func (h *house) makeCards(id string) {
	h.t.Helper()
	of, err := ident.ParseUUID(id)
	if err != nil {
		h.t.Fatal(err)
	}
	for {
		step, err := h.service.MakeBatchStep(h.t.Context(), h.world.Program.ID, ident.BatchID{UUID: of}, 100)
		if err != nil {
			h.t.Fatal(err)
		}
		if step.Done {
			return
		}
	}
}

func TestBatches_FromTheDryRunToTheCards(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.WithPolicy("pin.weak", "reject"))
	h.campaign("SUMMER")
	body := orderOf(`{"identifier":"A-1","front_name":"ACME"},{"identifier":"no good"},{"identifier":"A-1"},{"identifier":"A-2","campaign":"NONE"},{"identifier":"A-3","pin":"1234"},{"pin":9}`)
	check := h.do("POST", "/v1/batches?dry_run=true", body).want(200)
	want := `[{"index":1,"identifier":null,"reason":"identifier_invalid"},{"index":2,"identifier":"A-1","reason":"identifier_duplicated"},` +
		`{"index":3,"identifier":"A-2","reason":"campaign_unknown"},{"index":4,"identifier":"A-3","reason":"pin_weak"},`
	if got := check.raw("items"); !strings.HasPrefix(got, want) || check.raw("good") != "1" || check.raw("failed") != "5" {
		t.Errorf("a dry run: %s", check.body)
	}
	if list := h.get("/v1/batches").want(200); list.raw("items", "0", "campaign") == `"SUMMER"` {
		t.Errorf("a dry run left %s", list.body)
	}
	first := h.do("POST", "/v1/batches", body, "Idempotency-Key", "order").want(201)
	again := h.do("POST", "/v1/batches", body, "Idempotency-Key", "order").want(201)
	if again.body != first.body || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("a repeat: %s %v", again.body, again.header)
	}
	h.do("POST", "/v1/batches", orderOf(`{}`), "Idempotency-Key", "order").refused(409, "idempotency_mismatch")
	path := "/v1/batches/" + first.text("id")
	h.makeCards(first.text("id"))
	if a := h.get(path).want(200); a.text("status") != "completed_with_failures" || a.raw("created") != "1" || a.raw("failed") != "5" ||
		a.text("shipment_id") == "" || a.text("delivery_location", "last_names") != "Pérez" {
		t.Errorf("the order: %s", a.body)
	}
	page := h.get(path + "/items?outcome=failed&limit=2").want(200)
	if page.text("items", "0", "reason") != "identifier_invalid" || page.raw("items", "2") != "" {
		t.Errorf("the first page: %s", page.body)
	}
	next := page.text("next_cursor")
	page = h.get(path + "/items?outcome=failed&limit=2&cursor=" + next).want(200)
	if page.text("items", "0", "reason") != "campaign_unknown" || page.text("items", "1", "reason") != "pin_weak" {
		t.Errorf("the second page: %s", page.body)
	}
	h.get(path + "/items?outcome=created&cursor=" + next).wrong("query.cursor invalid_cursor")
	made := h.get(path + "/items?outcome=created").want(200)
	h.get("/v1/cards/" + made.text("items", "0", "card_id")).want(200)
	table := h.get(path+"/items", "Accept", "text/csv").want(200)
	lines := strings.Split(strings.TrimSpace(table.body), "\n")
	if len(lines) != 7 || !strings.HasPrefix(lines[1], "0,A-1,created,,"+made.text("items", "0", "card_id")) || !strings.HasPrefix(lines[2], "1,,failed,identifier_invalid,,,") {
		t.Errorf("as CSV: %s", table.body)
	}
	h.post(path+"/cancel", "").refused(409, "batch_not_cancelable")
}

func TestBatches_AreRefusedWholeWhenTheirFormIsWrong(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.campaign("SUMMER")
	h.do("POST", "/v1/batches", orderOf(`{}`)).wrong("header.idempotency-key required")
	h.post("/v1/batches", `{"items":[{"idntifier":"A"},7],"location":{}}`).wrong("body.items[0].idntifier unknown", "body.items[1] invalid_type",
		"body.location unknown", "body.delivery_location required")
	h.post("/v1/batches", strings.Replace(orderOf(""), `"MX"`, `"Mexico"`, 1)).wrong("body.delivery_location.country invalid_format", "body.items too_short")
	h.post("/v1/batches?dryrun=true", orderOf(`{}`)).wrong("query.dryrun unknown")
	h.post("/v1/batches", orderOf(`{`)).refused(400, "native_body_malformed")
	h.post("/v1/batches", orderOf(`{}`), "Content-Type", "text/plain").refused(415, "native_media_type_unsupported")
	for _, query := range []string{"", "?dry_run=true"} {
		h.post("/v1/batches"+query, strings.Replace(orderOf(`{}`), "SUMMER", "WINTER", 1)).told("order_invalid", "body.campaign unknown")
	}
	h.post("/v1/batches", orderOf(`{"identifier":"-!"}`)).told("order_invalid", "body.items[0].identifier invalid_format")
	if list := h.get("/v1/batches?status=accepted").want(200); list.raw("items", "0", "campaign") == `"SUMMER"` {
		t.Errorf("something was ordered: %s", list.body)
	}
}

func TestBatches_AreCanceledBeforeAWorkerTakesThem(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.campaign("SUMMER")
	id := h.post("/v1/batches", orderOf(`{},{}`)).want(201).text("id")
	foreign := []string{"Authorization", "Bearer " + h.foreign}
	h.get("/v1/batches/"+id, foreign...).refused(404, "batch_not_found")
	h.post("/v1/batches/"+id+"/cancel", "", foreign...).refused(404, "batch_not_found")
	reader := h.newKey(h.world.Program, access.BatchesRead)
	h.post("/v1/batches/"+id+"/cancel", "", "Authorization", "Bearer "+reader).refused(403, "scope_missing")
	if a := h.post("/v1/batches/"+id+"/cancel", "").want(200); a.text("status") != string(batch.Canceled) || a.text("finished_at") == "" {
		t.Errorf("%s", a.body)
	}
	h.post("/v1/batches/"+id+"/cancel", "").refused(409, "batch_not_cancelable")
	if a := h.get("/v1/batches?status=canceled").want(200); a.text("items", "0", "id") != id || a.raw("items", "1") != "" {
		t.Errorf("the canceled: %s", a.body)
	}
}

func TestBatches_TakeFilesAndWhatFailedAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.campaign("SUMMER")
	csv := func(path, text string) answer { return h.post(path, text, "Content-Type", "text/csv; charset=utf-8") }
	file := "\ufefffront_name,identifier,qr\r\nACME,F-1,\r\n\"A \"\"B\"\"\",F-2,\r\n,F-3,https://example.com/3\r\n"
	if a := csv("/v1/batches?dry_run=true", file).want(200); a.raw("good") != "2" || a.raw("items") != `[{"index":1,"identifier":"F-2","reason":"front_name_invalid"}]` {
		t.Errorf("a dry run of a file: %s", a.body)
	}
	csv("/v1/batches", file).refused(415, "native_media_type_unsupported") // it does not say where to
	csv("/v1/batches?dry_run=true", "identifier,pun,identifier\na,b,c\n").wrong("body.columns.pun unknown", "body.columns.identifier duplicate")
	csv("/v1/batches?dry_run=true", "identifier,pin\nA\nB,1234\nC,\"1\n").wrong("body.items[0] invalid_format", "body.items[2] invalid_format")
	csv("/v1/batches?dry_run=true", "identifier\n").wrong("body.items too_short")
	csv("/v1/batches?dry_run=true", "identifier\n\xff\n").wrong("body.items[0] invalid_format")
	csv("/v1/batches?dry_run=true", "identifier\n\""+strings.Repeat("x", 2<<20)).refused(413, "body_too_large")

	form := func(path, order, items string, headers ...string) answer {
		text := "--b\r\nContent-Disposition: form-data; name=\"order\"\r\n\r\n" + order + "\r\n" +
			"--b\r\nContent-Disposition: form-data; name=\"items\"; filename=\"cards.csv\"\r\n\r\n" + items + "\r\n--b--\r\n"
		return h.post(path, text, append(headers, "Content-Type", "multipart/form-data; boundary=b")...)
	}
	head := `{"campaign":"SUMMER","delivery_location":` + location + `}`
	form("/v1/batches", `{`, file).refused(400, "native_body_malformed")
	form("/v1/batches", `{}`, file).wrong("body.delivery_location required")
	h.post("/v1/batches", "--b--", "Content-Type", "multipart/form-data; boundary=b").wrong("body.order required")
	first := form("/v1/batches", head, file, "Idempotency-Key", "file").want(201)
	if again := form("/v1/batches", head, file, "Idempotency-Key", "file").want(201); again.body != first.body {
		t.Errorf("a repeat: %s", again.body)
	}
	path := "/v1/batches/" + first.text("id")
	again := func(rows string) answer { return csv(path+"/resubmit", "index,identifier,reason,front_name\n"+rows) }
	again("1,F-2,front_name_invalid,AB\n").refused(409, "batch_failed_less")
	h.makeCards(first.text("id"))
	again("1,F-2,,AB\n2,F-4,,\n").refused(409, "batch_failed_less")
	if a := csv(path+"/resubmit?dry_run=true", "identifier\nF-2\n").want(200); a.raw("good") != "1" {
		t.Errorf("a dry run of what failed: %s", a.body)
	}
	second := again("1,F-2,front_name_invalid,AB\n").want(201)
	if second.text("campaign") != "SUMMER" || second.text("delivery_location", "last_names") != "Pérez" || second.raw("requested") != "1" {
		t.Errorf("what failed, again: %s", second.body)
	}
	h.post(path+"/resubmit", `{"items":[{}],"campaign":"SUMMER"}`).wrong("body.campaign unknown")
	h.post(path+"/resubmit", `{"items":[{}]}`, "Authorization", "Bearer "+h.foreign).refused(404, "batch_not_found")
	form(path+"/resubmit", head, file).refused(415, "native_media_type_unsupported")
}
