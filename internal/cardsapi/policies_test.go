package cardsapi_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/storetest"
)

func policyBody(scope, channels string) string {
	return `{"type":"CHANNEL_RESTRICTION","name":"No cash","scope":` + scope + `,"config":{"channels":[` + channels + `]}}`
}

// TestPolicies_Restrict is contract §20 and §26.15, item 136.
func TestPolicies_Restrict(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	card, account := h.tapped()
	user := h.get("/cards/" + card).text("userId")
	made := h.post("/policies", policyBody(`{"type":"CARD","id":"`+card+`"}`, `"ATM"`)).want(200)
	if got, want := made.golden(), `{"id":"ID","type":"CHANNEL_RESTRICTION","name":"No cash","status":"ACTIVE","scope":{"type":"CARD","id":"ID"},"config":{"channels":["ATM"]},"createdAt":"T","updatedAt":"T"}`; got != want {
		t.Errorf("policy\n%s, want\n%s", got, want)
	}
	id := made.text("id")
	if h.get("/policies/"+id).want(200).body != made.body {
		t.Error("GET gives another policy")
	}
	try := func(card, channel, policy string) {
		t.Helper()
		a := h.use("authorization", card, `"amount":1,"channel":"`+channel+`"`).want(200)
		if policy == "" {
			a.is("status", `"PENDING"`)
			return
		}
		a.is("status", `"DECLINED"`, "declineReason.code", `"CHANNEL_NOT_ALLOWED"`, "policy", policy)
	}
	ref := func(id, scope string) string {
		return `{"id":"` + id + `","type":"CHANNEL_RESTRICTION","scopeType":"` + scope + `","name":"No cash"}`
	}
	other, _ := h.tapped()
	try(card, "ATM", ref(id, "CARD"))
	try(card, "POS", "")
	try(other, "ATM", "")
	h.world.Clock.Advance(time.Second)
	off := h.post("/policies/"+id+"/disable", "").want(200).is("status", `"DISABLED"`)
	if h.post("/policies/"+id+"/disable", "").want(200).body != off.body || off.text("updatedAt") <= made.text("updatedAt") {
		t.Error("a repeat changes something, or the first does not")
	}
	try(card, "ATM", "")
	ofUser := h.post("/policies", policyBody(`{"type":"USER","id":"`+user+`"}`, `"ATM","POS"`)).want(200).text("id")
	try(card, "ATM", ref(ofUser, "USER"))
	try(card, "POS", ref(ofUser, "USER"))
	try(card, "ECOMMERCE", "")
	try(other, "ATM", "")
	ofProject := h.post("/policies", policyBody(`{"type":"PROJECT"}`, `"VISA_DIRECT","ATM"`)).want(200).is("scope", `{"type":"PROJECT","id":null}`).text("id")
	try(card, "ATM", ref(ofUser, "USER"))
	try(card, "VISA_DIRECT", ref(ofProject, "PROJECT"))
	try(other, "ATM", ref(ofProject, "PROJECT"))
	h.post("/policies/"+id+"/enable", "").want(200).is("status", `"ACTIVE"`)
	h.post("/policies/"+id+"/enable", "").want(200).is("status", `"ACTIVE"`)
	try(card, "ATM", ref(id, "CARD"))

	effective := func(query string, want ...string) {
		t.Helper()
		a := h.get("/policies/effective?" + query).want(200)
		var got []string
		for i := 0; a.raw("items", fmt.Sprint(i)) != ""; i++ {
			a.is(fmt.Sprintf("items.%d.usage", i), "null", fmt.Sprintf("items.%d.policy.status", i), `"ACTIVE"`)
			got = append(got, a.text("items", fmt.Sprint(i), "policy", "id"))
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
	effective("scopeType=CARD&scopeId="+card, id, ofUser, ofProject)
	effective("scopeType=USER&scopeId="+user, ofUser, ofProject)
	effective("scopeType=PROJECT", ofProject)
	effective("scopeType=CARD&scopeId="+other, ofProject)
	h.get("/policies/effective?scopeType=CARD&scopeId="+account).refused(404, "CARD_NOT_FOUND", "null")
	h.get("/policies/effective?scopeType=USER&scopeId="+account).refused(404, "USER_NOT_FOUND", "null")
	h.get("/policies/effective").wrong("query", "scopeId required", "scopeType required")
	h.get("/policies/effective?scopeType=CARD").wrong("query", "scopeId required")
	h.get("/policies/effective?scopeType=ALL&scopeId=x").wrong("query", "scopeId invalid_format", "scopeType invalid_enum")

	h.do("PATCH", "/policies/"+id, `{"name":" Other "}`).want(200).is("name", `"Other"`, "config", `{"channels":["ATM"]}`)
	h.do("PUT", "/policies/"+id+"/config", `{"channels":["ECOMMERCE","POS"]}`).want(200).is("name", `"Other"`, "config", `{"channels":["ECOMMERCE","POS"]}`)
	try(card, "ECOMMERCE", strings.Replace(ref(id, "CARD"), "No cash", "Other", 1))

	list := func(query string, want int) {
		t.Helper()
		a := h.get("/policies" + query).want(200)
		if a.raw("items", fmt.Sprint(want)) != "" || want > 0 && a.raw("items", fmt.Sprint(want-1)) == "" {
			t.Errorf("%s: %s, want %d", query, a.body, want)
		}
	}
	list("", 3)
	list("?scopeType=USER", 1)
	list("?scopeId="+card, 1)
	list("?status=DISABLED", 0)
	list("?status=ACTIVE&scopeType=CARD&scopeId="+card, 1)
	list("?limit=2", 2)
	h.get("/policies?status=OFF&scopeType=x&scopeId=1").wrong("query", "scopeId invalid_format", "scopeType invalid_enum", "status invalid_enum")
	if next := h.get("/policies?limit=2").text("nextCursor"); h.get("/policies?limit=2&cursor="+next).want(200).raw("nextCursor") != "null" {
		t.Error("the second page is not the last one")
	}
}

func TestPolicies_FormsAndRefusals(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, account := h.tapped()
	for body, problems := range map[string][]string{
		`{}`: {"config required", "name required", "scope required", "type required"},
		`{"type":"WHATEVER","name":"","scope":{},"config":{}}`:                                                                              {"name too_short", "scope.type required", "type invalid_enum"},
		policyBody(`{"type":"CARD"}`, `"ATM"`):                                                                                              {"scope.id required"},
		policyBody(`{"type":"USER","id":"x"}`, `"ATM"`):                                                                                     {"scope.id invalid_format"},
		policyBody(`{"type":"ALL"}`, `"ATM"`):                                                                                               {"scope.type invalid_enum"},
		policyBody(`{"type":"PROJECT"}`, ``):                                                                                                {"config.channels too_short"},
		policyBody(`{"type":"PROJECT"}`, `"ATM","ATM","MAIL",5`):                                                                            {"config.channels.1 duplicate", "config.channels.2 invalid_enum", "config.channels.3 invalid_type"},
		policyBody(`{"type":"PROJECT"}`, `"ATM","POS","ECOMMERCE","VISA_DIRECT","ATM"`):                                                     {"config.channels too_long"},
		`{"type":"CHANNEL_RESTRICTION","name":"n","scope":{"type":"PROJECT"},"config":[]}`:                                                  {"config invalid_type"},
		`{"type":"CHANNEL_RESTRICTION","name":"n","scope":"PROJECT","config":{"channels":1}}`:                                               {"config.channels invalid_type", "scope invalid_type"},
		`{"type":"CHANNEL_RESTRICTION","name":"` + strings.Repeat("n", 101) + `","scope":{"type":"PROJECT"},"config":{"channels":["POS"]}}`: {"name too_long"},
	} {
		h.post("/policies", body).wrong("body", problems...)
	}
	h.post("/policies", `{"type":"SPEND_LIMIT","name":"n","scope":{"type":"PROJECT"},"config":{"amount":5}}`).refused(400, "POLICY_TYPE_NOT_SUPPORTED", `{"type":"SPEND_LIMIT"}`)
	h.post("/policies", policyBody(`{"type":"CARD","id":"`+account+`"}`, `"ATM"`)).refused(404, "CARD_NOT_FOUND", "null")
	h.post("/policies", policyBody(`{"type":"USER","id":"`+account+`"}`, `"ATM"`)).refused(404, "USER_NOT_FOUND", "null")
	id := h.post("/policies", policyBody(`{"type":"PROJECT"}`, `"ATM"`)).want(200).text("id")
	h.do("PATCH", "/policies/"+id, `{}`).wrong("body", "name required")
	h.do("PUT", "/policies/"+id+"/config", `{}`).wrong("body", "channels required")
	h.get("/policies/x").wrong("params", "id invalid_format")
	for _, gone := range []func(id string) answer{
		func(id string) answer { return h.get("/policies/" + id) },
		func(id string) answer { return h.do("PATCH", "/policies/"+id, `{"name":"n"}`) },
		func(id string) answer { return h.do("PUT", "/policies/"+id+"/config", `{"channels":["ATM"]}`) },
		func(id string) answer { return h.post("/policies/"+id+"/disable", "") },
		func(id string) answer { return h.post("/policies/"+id+"/enable", "") },
	} {
		gone(account).refused(404, "POLICY_NOT_FOUND", "null")
	}
	if a := h.do("GET", "/policies/"+id, "", "Authorization", "Bearer "+h.foreign); a.status != 404 {
		t.Error("another project reads a policy")
	}
	for range 99 {
		h.post("/policies", policyBody(`{"type":"PROJECT"}`, `"ATM"`)).want(200)
	}
	h.post("/policies", policyBody(`{"type":"PROJECT"}`, `"ATM"`)).refused(400, "POLICY_LIMIT_REACHED", `{"max":100}`)
	h.post("/policies/"+id+"/disable", "").want(200)
	h.post("/policies", policyBody(`{"type":"PROJECT"}`, `"ATM"`)).want(200)
	h.post("/policies/"+id+"/enable", "").refused(400, "POLICY_LIMIT_REACHED", `{"max":100}`)
}

// TestSpending_IdempotencyAndLive is contract §6 and §23 for the endpoints of spending.
func TestSpending_IdempotencyAndLive(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	card, account := h.tapped()
	do := func(key, path, body string) answer { return h.do("POST", path, body, "Idempotency-Key", key) }
	const path = "/simulation/card-transactions/authorization"
	body := `{"cardId":"` + card + `","amount":10}`
	first := do("a", path, body).want(200)
	do("a", path+"/", `{"amount":1.0e1,"cardId":"`+card+`"}`).replays(first)
	do("a", path, `{"cardId":"`+card+`","amount":11}`).refused(400, mismatch, "null")
	h.balance(account, "10.00", "0.00", "990.00")
	no := do("b", path, `{"cardId":"`+card+`","amount":990.01}`).refused(400, "INSUFFICIENT_BALANCE", `{"availableBalance":990.00}`)
	h.post("/simulation/fiat-deposits", `{"amount":5,"currency":"USD","accountId":"`+account+`"}`).want(200)
	do("b", path, `{"cardId":"`+card+`","amount":990.01}`).replays(no)
	kept := do("c", "/policies", `{"type":"SPEND_LIMIT","name":"n","scope":{"type":"PROJECT"},"config":{}}`).refused(400, "POLICY_TYPE_NOT_SUPPORTED", "")
	do("c", "/policies", `{"type":"SPEND_LIMIT","name":"n","scope":{"type":"PROJECT"},"config":{}}`).replays(kept)

	live := newHouse(t, storetest.WithLiveProgram())
	for _, r := range live.routes {
		if strings.HasPrefix(r.Pattern, "/simulation/card-transactions/") || r.Pattern == "/simulation/fiat-deposits" {
			live.post(r.Pattern, `{`).refused(403, "SIMULATION_NOT_AVAILABLE", "null")
		}
	}
}
