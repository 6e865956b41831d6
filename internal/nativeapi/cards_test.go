package nativeapi_test

import (
	"strings"
	"testing"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/nativeapi"
	"github.com/firsttap/firsttap/internal/secrettest"
	"github.com/firsttap/firsttap/internal/storetest"
)

func TestPages_LeadThroughAllCardsOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	want, seen := map[string]bool{}, map[string]bool{}
	for range 5 {
		v, _ := h.newCard()
		want[v.Card.ID.String()] = true
	}
	path, pages := "/v1/cards?limit=2", 0
	for path != "" {
		a := h.get(path).want(200)
		pages++
		for _, i := range []string{"0", "1"} {
			if id := a.text("items", i, "id"); id != "" {
				if seen[id] {
					t.Errorf("%s came twice", id)
				}
				seen[id] = true
				delete(want, id)
			}
		}
		path = ""
		if next := a.text("next_cursor"); next != "" {
			path = "/v1/cards?limit=2&cursor=" + next
			h.get("/v1/cards?limit=2&type=virtual&cursor=" + next).wrong("query.cursor invalid_cursor")
			h.get("/v1/cards?cursor="+next, "Authorization", "Bearer "+h.foreign).wrong("query.cursor invalid_cursor")
		}
	}
	if pages != (len(seen)+1)/2 || len(want) > 0 {
		t.Errorf("%d pages, not seen: %v", pages, want)
	}
	h.get("/v1/cards?limit=0&statuz=open&type=paper").wrong("query.statuz unknown", "query.type invalid_enum", "query.limit too_small")
	h.get("/v1/cards?status=frozen").want(200)
	h.get("/v1/cards/x").wrong("path.id invalid_format")
}

func TestSwitches_ChangeTheCardAndWhatIsAllowed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	v, _ := h.newCard()
	path := "/v1/cards/" + v.Card.ID.String()
	for _, step := range []struct{ do, body, status, allowed string }{
		{"", "", "open", `["activate","recover_code","freeze","block","report_lost","report_stolen","report_damaged","replace","reissue","renew"]`},
		{"/freeze", "", "frozen", `["activate","recover_code","unfreeze","block","report_lost","report_stolen","report_damaged","replace","reissue","renew"]`},
		{"/block", `{"message":"Under review"}`, "blocked", `["unfreeze","unblock","report_lost","report_stolen","report_damaged","replace","reissue","renew"]`},
		{"/unblock", "{}", "frozen", `["activate","recover_code","unfreeze","block","report_lost","report_stolen","report_damaged","replace","reissue","renew"]`},
		{"/unfreeze", "", "open", `["activate","recover_code","freeze","block","report_lost","report_stolen","report_damaged","replace","reissue","renew"]`},
	} {
		if step.do != "" {
			h.post(path+step.do, step.body).want(200)
		}
		a := h.get(path).want(200)
		if a.text("status") != step.status || a.raw("allowed_actions") != step.allowed {
			t.Errorf("after %s: %s, want %s %s", step.do, a.body, step.status, step.allowed)
		}
	}
	h.post(path+"/block", `{"mesage":"x"}`).wrong("body.mesage unknown", "body.message required")
	h.post(path+"/freeze", `{`).refused(400, "native_body_malformed")
	h.post(path+"/freeze", `{}`, "Content-Type", "text/plain").refused(415, "native_media_type_unsupported")
}

func TestActivation_GuardEligibilityAndCode(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.WithPolicy("activation.show_attempts", "true"))
	v, code := h.newCard()
	path := "/v1/cards/" + v.Card.ID.String() + "/activation"
	if a := h.get(path + "/eligibility").want(200); a.raw("eligible") != "true" || a.raw("obstacles") != "[]" {
		t.Errorf("%s", a.body)
	}
	for left := 4; left >= 0; left-- {
		a := h.post(path, `{"code":"`+other(code)+`"}`).refused(409, "code_mismatch")
		if a.raw("context", "tries_left") != string(rune('0'+left)) {
			t.Errorf("%s, want %d tries left", a.body, left)
		}
	}
	h.post(path, `{"code":"`+code.Reveal()+`"}`).refused(429, "activation_locked")
	if _, err := h.service.ReadActivationCode(t.Context(), issuance.ReadActivationCode{Caller: h.world.Caller(), Card: v.Card.ID}); err != nil {
		t.Fatal(err)
	}
	if a := h.get(path).want(200); a.text("state") != "locked" || a.raw("code_reads") != "1" || a.raw("lifetime_tries_used") != "5" || a.text("locked_until") == "" {
		t.Errorf("%s", a.body)
	}
	if a := h.get(path + "/eligibility").want(200); a.text("obstacles", "0", "reason") != "activation_locked" || a.text("obstacles", "0", "fixed_by") != "time" {
		t.Errorf("%s", a.body)
	}
	h.post(path+"/guard/reset", `{}`).wrong("body.reason required")
	if a := h.post(path+"/guard/reset", `{"reason":"She called"}`).want(200); a.text("state") != "armed" || a.raw("tries_left") != "5" {
		t.Errorf("%s", a.body)
	}
	first := h.do("POST", path, `{"code":"`+code.Reveal()+`"}`, "Idempotency-Key", "one").want(200)
	again := h.do("POST", path, `{"code":"`+code.Reveal()+`"}`, "Idempotency-Key", "one").want(200)
	if again.body != first.body || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("%s %v", again.body, again.header)
	}
	h.do("POST", path, `{"code":"`+other(code)+`"}`, "Idempotency-Key", "one").refused(409, "idempotency_mismatch")
	h.post(path, `{"code":"`+code.Reveal()+`"}`).refused(409, "already_activated")
	h.post(path, `{"code":"12345"}`).wrong("body.code invalid_format")
	h.post(path+"?code="+code.Reveal(), `{}`).wrong("query.code unknown", "body.code required")
	if a := h.get(path + "/eligibility").want(200); a.raw("obstacles") == "[]" || a.text("obstacles", "0", "since") == "" || a.text("obstacles", "1", "reason") != "" {
		t.Errorf("%s", a.body)
	}
	h.post(path+"/guard/reset", `{"reason":"again"}`).refused(409, "already_activated")
	if secrettest.Digits(h.log.String(), code.Reveal()) > 0 {
		t.Error("the code is in the log")
	}
}

func TestActivation_ByIdentifierAndBatch(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	w := h.world
	b, holder := w.NewBatch(), w.NewCustomer()
	v, other := w.NewBatchCard(b, "N-1"), w.NewBatchCard(b, "N-2")
	path := "/v1/cards/" + v.Card.ID.String() + "/activation"
	body := func(identifier, reference string) string {
		return `{"identifier":"` + identifier + `","reference_batch":"` + reference + `","customer_id":"` + holder.ID.String() + `"}`
	}
	if a := h.get(path + "/eligibility").want(200); a.raw("eligible") != "true" || a.text("method") != "identifier_batch" {
		t.Errorf("%s", a.body)
	}
	h.post(path, body("N-2", string(b.Reference))).refused(409, "batch_mismatch") // they belong together, but not to this card
	h.post(path, body("N-1", strings.Repeat("0", 32))).refused(409, "batch_mismatch")
	h.post(path, `{"identifier":"N-1","customer_id":7}`).wrong("body.reference_batch required", "body.customer_id invalid_type")
	h.post(path, `{"code":"123456","pin":"1234"}`).wrong("body.pin not_allowed")
	if a := h.post(path, body("N-1", string(b.Reference))).want(200); a.text("card_id") != v.Card.ID.String() {
		t.Errorf("%s", a.body)
	}
	if a := h.get("/v1/cards/" + v.Card.ID.String()).want(200); a.text("customer_id") != holder.ID.String() || a.text("plastic", "state") != "activated" {
		t.Errorf("%s", a.body)
	}
	if a := h.get("/v1/cards/" + other.Card.ID.String()).want(200); a.raw("customer_id") != "null" || a.text("plastic", "state") == "activated" {
		t.Errorf("the other card of the batch: %s", a.body)
	}
}

func TestActivations_EachItemHasItsOutcomeOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var items []string
	var codes []card.Code
	for range 40 {
		v, code := h.newCard()
		items = append(items, `{"card_id":"`+v.Card.ID.String()+`","code":"`+code.Reveal()+`"}`)
		codes = append(codes, code)
	}
	items[3] = strings.Replace(items[3], codes[3].Reveal(), other(codes[3]), 1)
	items[5] = `{"card_id":"` + h.world.IDs.UUID().String() + `","code":"123456"}`
	items[7] = `{"card_id":7}`
	all := `{"items":[` + strings.Join(items, ",") + `]}`
	first := h.do("POST", "/v1/activations", all, "Idempotency-Key", "many").want(207)
	if first.raw("activated") != "37" || first.raw("not_activated") != "3" {
		t.Fatalf("%s", first.body)
	}
	for i, want := range map[string]string{"3": "code_mismatch", "5": "card_not_found", "7": "native_form_invalid"} {
		if got := first.text("items", i, "problem", "reason"); got != want {
			t.Errorf("item %s: %q, want %s", i, got, want)
		}
	}
	again := h.do("POST", "/v1/activations", all, "Idempotency-Key", "many").want(207)
	if again.raw("activated") != "37" || again.raw("items", "0", "replayed") != "true" || again.text("items", "3", "problem", "reason") != "code_mismatch" {
		t.Errorf("%s", again.body)
	}
	if e, err := h.service.Eligibility(t.Context(), h.world.Program.ID, cardOf(t, again, "3")); err != nil || e.Guard().Tries != 1 {
		t.Errorf("%d tries after a repeat, %v", e.Guard().Tries, err)
	}
	if a := h.do("POST", "/v1/activations", all, "Idempotency-Key", "new").want(207); a.text("items", "0", "problem", "reason") != "already_activated" {
		t.Errorf("%s", a.body)
	}
	h.do("POST", "/v1/activations", `{"items":[{"card_id":"`+h.world.IDs.UUID().String()+`","code":"123456"}]}`, "Idempotency-Key", "many").want(207)
	if a := h.post("/v1/activations", all, "Authorization", "Bearer "+h.foreign).want(207); a.text("items", "0", "problem", "reason") != "card_not_found" || a.raw("activated") != "0" {
		t.Errorf("with the key of another programme: %s", a.body)
	}
	h.do("POST", "/v1/activations", all).wrong("header.idempotency-key required")
	h.post("/v1/activations", `{"items":[]}`).wrong("body.items too_short")
	h.post("/v1/activations", `{"items":[`+strings.Repeat(`{},`, 1000)+`{}]}`).wrong("body.items too_long")
}

func cardOf(t *testing.T, a answer, index string) ident.CardID {
	t.Helper()
	u, err := ident.ParseUUID(a.text("items", index, "card_id"))
	if err != nil {
		t.Fatal(err)
	}
	return ident.CardID{UUID: u}
}

// TestEligibility_TellsEveryObstacle: a blocked card whose parcel failed, for a guard that is locked for good.
func TestEligibility_TellsEveryObstacle(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	v, code := h.newCard()
	path := "/v1/cards/" + v.Card.ID.String()
	for range 15 {
		h.post(path+"/activation", `{"code":"`+other(code)+`"}`)
		h.world.Clock.Advance(h.world.Program.Policy.Activation.LockSteps[1])
	}
	h.post(path+"/block", `{"message":"Under review"}`).want(200)
	a := h.get(path + "/activation/eligibility").want(200)
	var got []string
	for _, i := range []string{"0", "1", "2"} {
		got = append(got, a.text("obstacles", i, "reason")+" "+a.text("obstacles", i, "fixed_by"))
	}
	if strings.Join(got, ", ") != "blocked programme, hard_locked operator,  " {
		t.Errorf("%s", a.body)
	}
}

func TestLifecycle_AndProblemsAreServed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	if a := h.get("/v1/lifecycle").want(200); a.text("machines", "1", "transitions", "0", "from") != string(card.Planned) {
		t.Errorf("%s", a.body)
	}
	h.get("/problems", "Authorization", "").want(200)
	h.get("/problems/card_not_found", "Authorization", "").want(200)
	h.get("/problems/nothing").refused(404, "route_not_found")
	h.get("/v1/nothing").refused(404, "route_not_found")
	h.do("PUT", "/v1/cards", "").refused(405, "method_not_allowed")
	if a := h.get("/openapi/native.yaml", "Authorization", "").want(200); a.header.Get("Content-Type") != "application/yaml" {
		t.Errorf("%v", a.header)
	}
}

// TestOpenAPI_ExamplesAreTaken sends every example of a request: the door must like its form.
func TestOpenAPI_ExamplesAreTaken(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.campaign("SUMMER")
	for _, r := range nativeapi.Document.Requests(func(string) string { return h.world.IDs.UUID().String() }) {
		if a := h.post(r.Path, string(r.Body)); a.status >= 500 || a.status == 400 || a.status == 415 || a.status == 422 {
			t.Errorf("%s %s %s: %d %s", r.Method, r.Path, r.Body, a.status, a.body)
		}
	}
}

// other is a code of the right form that is not the right one.
func other(c card.Code) string {
	last := "0"
	if strings.HasSuffix(c.Reveal(), "0") {
		last = "1"
	}
	return c.Reveal()[:card.CodeLength-1] + last
}
