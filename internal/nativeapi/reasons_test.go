package nativeapi_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/nativeapi"
)

// noReason are the writes that take no reason, and why.
var noReason = map[string]string{
	"POST /v1/approvals/{id}/approve":   "the note says why",
	"POST /v1/approvals/{id}/refuse":    "the note says why",
	"POST /v1/couriers/{courier}/scans": "a courier tells what happened; nobody decides anything",
}

// TestReasons_EveryWriteTakesOne walks the document: a reason is described, and a wrong one is seen.
func TestReasons_EveryWriteTakesOne(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	v, _ := h.newCard()
	batch := h.world.NewBatch().ID.String()
	installation := h.installationKey(access.InstallationScopes()...)
	for _, o := range nativeapi.Document.Operations() {
		name := o.Method + " " + o.Pattern
		if o.Method == "GET" {
			continue
		}
		if why := noReason[name]; why != "" {
			if slices.Contains(o.Members, "reason") {
				t.Errorf("%s takes a reason: it is listed as one that does not", name)
			}
			continue
		}
		if !slices.Contains(o.Members, "reason") {
			t.Errorf("%s takes no reason", name)
			continue
		}
		id := v.Card.ID.String()
		if strings.HasPrefix(o.Pattern, "/v1/batches/") {
			id = batch // it is looked up before the body is read
		}
		headers := []string{"Idempotency-Key", name}
		if strings.HasPrefix(o.Pattern, "/v1/programs") {
			headers = append(headers, "Authorization", "Bearer "+installation)
		}
		a := h.do(o.Method, fill(o.Pattern, map[string]string{"id": id, "delivery_id": id}), `{"reason":""}`, headers...)
		if !strings.Contains(a.body, `"body.reason"`) {
			t.Errorf("%s does not read the reason: %d %s", name, a.status, a.body)
		}
	}
}

// TestReasons_AreKept has the writes whose commands take no reason themselves.
func TestReasons_AreKept(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	v, code := h.newCard()
	hook := h.post("/v1/webhooks", `{"name":"ledger","url":"https://hooks.example.com/x"}`).want(200).text("id")
	h.world.Clock.Advance(time.Second) // so that the newest row of an action is told
	why := "The review of May"
	for _, x := range []struct{ method, path, body, action string }{
		{"POST", "/v1/cards/" + v.Card.ID.String() + "/activation", `{"code":"` + code.Reveal() + `",`, "card.activate"},
		{"POST", "/v1/customers", `{"email":"eva@example.com","phone":"+525512345679",`, "customer.create"},
		{"POST", "/v1/designs", `{"name":"Autumn",`, "design.add"},
		{"POST", "/v1/webhooks", `{"name":"copy","url":"https://hooks.example.com/y",`, "webhook.create"},
		{"PATCH", "/v1/webhooks/" + hook, `{"paused":true,`, "webhook.update"},
		{"POST", "/v1/webhooks/" + hook + "/deliveries/replay", `{"from":"2026-01-01T00:00:00Z","to":"2026-01-02T00:00:00Z",`, "webhook.replay_range"},
		{"DELETE", "/v1/webhooks/" + hook, `{`, "webhook.disable"},
		{"POST", "/v1/keys", `{"name":"reader","scopes":["cards:read"],`, "key.create"},
		{"POST", "/v1/sandbox/clock", `{"action":"advance","by":"1s",`, "program.set_clock"},
	} {
		h.do(x.method, x.path, x.body+`"reason":"`+why+`"}`)
		row := h.get("/v1/audit?limit=1&action=" + x.action).want(200)
		if row.text("items", "0", "outcome") != "ok" || !strings.HasSuffix(row.text("items", "0", "note"), why) {
			t.Errorf("%s: %s", x.action, row.body)
		}
	}
}
