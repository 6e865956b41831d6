package cardsapi_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/outbox"
	"github.com/firsttap/firsttap/internal/storetest"
)

const hookBody = `{"name":"main","url":"https://partner.example.com/hooks"}`

// newHook makes a webhook and gives its id.
func (h *house) newHook() string {
	h.t.Helper()
	return h.post("/webhooks", hookBody).want(200).text("id")
}

// TestWebhooks_TheSecretIsToldOnceAndFiveAreActive is contract §26, item 137.
func TestWebhooks_TheSecretIsToldOnceAndFiveAreActive(t *testing.T) {
	t.Parallel()
	h := newHouse(t) // with one webhook
	made := h.do("POST", "/webhooks", hookBody, "Idempotency-Key", "one").want(200)
	if !strings.HasPrefix(made.text("signingSecret"), "whsec_") || len(made.text("signingSecret")) != 49 || made.text("status") != "ACTIVE" || made.raw("lastUsedAt") != "null" {
		t.Errorf("made %s", made.body)
	}
	again := h.do("POST", "/webhooks", hookBody, "Idempotency-Key", "one").want(200)
	if again.body != made.body || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("replayed %s", again.body)
	}
	if one := h.get("/webhooks/" + made.text("id")).want(200); one.raw("signingSecret") != "" || strings.Contains(h.get("/webhooks").want(200).body, "signingSecret") {
		t.Errorf("the secret is shown again: %s", one.body)
	}
	h.post("/webhooks", `{"name":"x","url":"https://partner.example.com","mode":"REQUEST"}`).refused(400, "WEBHOOK_MODE_NOT_ALLOWED", `{"mode":"REQUEST"}`)
	for range 3 {
		h.newHook()
	}
	h.post("/webhooks", hookBody).refused(400, "WEBHOOK_LIMIT_REACHED", `{"max":5}`)
	h.do("DELETE", "/webhooks/"+made.text("id"), "").want(204)
	h.do("DELETE", "/webhooks/"+made.text("id"), "").want(204)
	h.newHook()
}

// TestWebhooks_RefuseBadTargets is contract §26, item 138, at creation and at update.
func TestWebhooks_RefuseBadTargets(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	hook := h.newHook()
	for _, url := range []string{
		"http://partner.example.com", "https://user:pw@partner.example.com", "https://localhost", "https://127.0.0.1", "https://10.0.0.1",
		"https://169.254.169.254/latest", "https://[::ffff:10.0.0.1]", "https://[::1]", "https://[64:ff9b::a00:1]", "https://[2002:a00:1::]",
		"https://100.64.0.1", "https://0.0.0.0", "https://224.0.0.1", "https://198.18.0.1", "https://192.0.2.1", "https://2130706433", "https://0x7f.1",
		"https://private.example.com", "https://gone", "https://printer.local", "https://db.internal", "https://partner.example.com:22",
		"https://partner.example.com#a", "https://partner.example.com/" + strings.Repeat("a", 501),
	} {
		want := "url invalid_url"
		if len(url) > 500 {
			want = "url too_long"
		}
		h.post("/webhooks", `{"name":"x","url":"`+url+`"}`).wrong("body", want)
		h.do("PATCH", "/webhooks/"+hook, `{"url":"`+url+`"}`).wrong("body", want)
	}
	if got := h.get("/webhooks/" + hook).want(200).text("url"); got != "https://partner.example.com/hooks" {
		t.Errorf("a refused update left %s", got)
	}
}

func TestWebhooks_AreUpdatedUntilTheyAreDisabled(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	before := h.post("/webhooks", hookBody).want(200)
	path := "/webhooks/" + before.text("id")
	h.world.Clock.Advance(time.Minute)
	after := h.do("PATCH", path, `{"url":"https://new.example.com/h"}`).want(200)
	if after.text("url") != "https://new.example.com/h" || after.text("name") != "main" || after.text("updatedAt") <= before.text("updatedAt") || after.raw("signingSecret") != "" {
		t.Errorf("updated %s", after.body)
	}
	if got := h.do("PUT", path, `{"name":" other "}`).want(200); got.text("name") != "other" || got.text("url") != "https://new.example.com/h" || got.body != h.get(path).want(200).body {
		t.Errorf("updated %s", got.body)
	}
	if same := h.do("PATCH", path, `{}`).want(200); same.text("updatedAt") != h.get(path).text("updatedAt") {
		t.Errorf("an empty update changed %s", same.body)
	}
	h.do("PATCH", path, `{"name":""}`).wrong("body", "name too_short")
	h.do("PATCH", "/webhooks/7d1f0a2b-3c4d-4e5f-8a9b-0c1d2e3f4a12", `{"name":"x"}`).refused(404, "WEBHOOK_NOT_FOUND", "null")
	h.do("PATCH", path, `{"name":"x"}`, "Authorization", "Bearer "+h.foreign).refused(404, "WEBHOOK_NOT_FOUND", "null")
	for range 2 {
		if got := h.post(path+"/disable", "").want(200); got.text("status") != "DISABLED" {
			t.Errorf("disabled %s", got.body)
		}
	}
	h.do("PATCH", path, `{"name":"x"}`).refused(400, "WEBHOOK_DISABLED", "null")
	h.do("PUT", path, `{"name":"x"}`).refused(400, "WEBHOOK_DISABLED", "null")
	h.post(path+"/rotate-secret", "").refused(400, "WEBHOOK_DISABLED", "null")
}

// TestWebhooks_RotateTheirSecret is the door's part of contract §26, item 143.
func TestWebhooks_RotateTheirSecret(t *testing.T) {
	t.Parallel()
	for overlap, both := range map[string]bool{"0s": false, "1h": true} {
		h := newHouse(t, storetest.WithPolicy("webhooks.rotation_overlap", overlap))
		made := h.post("/webhooks", hookBody).want(200)
		path := "/webhooks/" + made.text("id")
		turned := h.do("POST", path+"/rotate-secret", "", "Idempotency-Key", "turn").want(200)
		again := h.do("POST", path+"/rotate-secret", "", "Idempotency-Key", "turn").want(200)
		if turned.text("signingSecret") == made.text("signingSecret") || len(turned.text("signingSecret")) != 49 || again.body != turned.body {
			t.Errorf("rotated %s, then %s", turned.body, again.body)
		}
		found := false
		for _, d := range h.due("CARD_STATUS_UPDATED") {
			if d.Endpoint.ID.String() != made.text("id") {
				continue
			}
			found = true
			newest, err := h.world.Sealer.Open(d.Endpoint.SecretBound(), d.Endpoint.SecretSealed)
			if err != nil || newest.Reveal() != turned.text("signingSecret") {
				t.Errorf("the secret in force is not the one that was told: %v", err)
			}
			if (d.Endpoint.PreviousSealed != nil) != both {
				t.Errorf("overlap %s: an old secret is kept: %v", overlap, d.Endpoint.PreviousSealed != nil)
			}
		}
		if !found {
			t.Error("no delivery was due")
		}
	}
}

// due freezes a card and gives the deliveries of that type that are due.
func (h *house) due(kind string) (out []outbox.Delivery) {
	h.t.Helper()
	card := h.fresh()
	h.events()
	h.post("/cards/"+card+"/freeze", "").want(200)
	if _, err := h.world.Store.Outbox().FanOut(h.t.Context(), 100); err != nil {
		h.t.Fatal(err)
	}
	all, err := h.world.Store.Outbox().Claim(h.t.Context(), "test", h.world.Clock.Now(), time.Minute, outbox.NewRoom(100, 100))
	if err != nil {
		h.t.Fatal(err)
	}
	for _, d := range all {
		if d.Message.Type == kind {
			out = append(out, d)
		}
	}
	return out
}

// TestDeliveries_AreSeenAndSentAgain walks the paths of our own.
func TestDeliveries_AreSeenAndSentAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	d := h.due("CARD_STATUS_UPDATED")[0]
	base := "/webhooks/" + d.Endpoint.ID.String() + "/deliveries"
	now := h.world.Clock.Now()
	end := func(d outbox.Delivery, o outbox.Outcome) {
		t.Helper()
		held, err := h.world.Store.Outbox().Finish(t.Context(), []outbox.Ended{{Delivery: d, Outcome: o, SentAt: now, Took: 42 * time.Millisecond}})
		if err != nil || !held[0] {
			t.Fatalf("held %v, %v", held, err)
		}
	}
	end(d, outbox.Outcome{State: outbox.Exhausted, At: now, HTTPStatus: 500, Failure: "status"})
	list := h.get(base + "?status=EXHAUSTED").want(200)
	if list.text("items", "0", "id") != d.ID.String() || list.text("items", "0", "eventId") != string(d.Message.ID) || list.raw("items", "1") != "" || list.raw("nextCursor") != "null" {
		t.Errorf("list %s", list.body)
	}
	one := h.get(base + "/" + d.ID.String()).want(200)
	stamp := now.UTC().Format("2006-01-02T15:04:05.000Z")
	if want := `[{"number":1,"at":"` + stamp + `","sentAt":"` + stamp + `","outcome":"status","httpStatus":500,"durationMs":42}]`; one.raw("attempts") != want || one.text("status") != "EXHAUSTED" || one.raw("attemptCount") != "1" {
		t.Errorf("one %s, want attempts %s", one.body, want)
	}
	again := h.post(base+"/"+d.ID.String()+"/replay", "").want(200)
	if again.text("status") != "PENDING" || again.text("nextAttemptAt") == "" {
		t.Errorf("replayed %s", again.body)
	}
	claimed, err := h.world.Store.Outbox().Claim(t.Context(), "test", h.world.Clock.Now(), time.Minute, outbox.NewRoom(100, 100))
	if err != nil || len(claimed) != 1 || claimed[0].Message.ID != d.Message.ID || string(claimed[0].Message.Body) != string(d.Message.Body) || claimed[0].Attempt != 2 {
		t.Fatalf("claimed %+v, %v", claimed, err)
	}
	end(claimed[0], outbox.Outcome{State: outbox.Delivered, At: now, HTTPStatus: 200})
	span := func(status string) string {
		return `{"from":"2000-01-01T00:00:00Z","to":"2100-01-01T00:00:00Z","status":"` + status + `"}`
	}
	if got := h.post(base+"/replay", span("EXHAUSTED")).want(200).body; got != `{"replayed":0,"more":false}` {
		t.Errorf("nothing to replay: %s", got)
	}
	if got := h.post(base+"/replay", span("DELIVERED")).want(200); got.raw("replayed") == "0" || got.raw("more") != "false" {
		t.Errorf("replayed %s", got.body)
	}
	h.post(base+"/replay", `{"status":"DROPPED"}`).wrong("body", "from required", "status invalid_enum", "to required")
	h.get(base+"?status=x").wrong("query", "status invalid_enum")
	h.get(base+"/7d1f0a2b-3c4d-4e5f-8a9b-0c1d2e3f4a12").refused(404, "WEBHOOK_DELIVERY_NOT_FOUND", "null")
	other := "/webhooks/" + h.newHook() + "/deliveries/" + d.ID.String()
	h.get(other).refused(404, "WEBHOOK_DELIVERY_NOT_FOUND", "null")
	h.post(other+"/replay", "").refused(404, "WEBHOOK_DELIVERY_NOT_FOUND", "null")
	h.do("GET", base, "", "Authorization", "Bearer "+h.foreign).refused(404, "WEBHOOK_NOT_FOUND", "null")
	h.post("/webhooks/"+d.Endpoint.ID.String()+"/disable", "").want(200)
	h.post(base+"/"+d.ID.String()+"/replay", "").refused(400, "WEBHOOK_DISABLED", "null")
	h.post(base+"/replay", span("DELIVERED")).refused(400, "WEBHOOK_DISABLED", "null")
}

// TestWebhooks_AnActivationTellsOfTheShipmentUnlessThePolicySaysNo is contract §21.5.
func TestWebhooks_AnActivationTellsOfTheShipmentUnlessThePolicySaysNo(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for told, want := range map[string]string{"true": "CARD_SHIPMENT_STATUS_UPDATED CARD_STATUS_UPDATED", "false": "CARD_STATUS_UPDATED"} {
		h.setPolicy("webhooks.shipment_event_on_activation", told)
		card, _, code := h.shipped()
		h.events()
		h.post("/cards/"+card+"/activate", codeBody(code)).want(204)
		if got := kinds(h.events()); got != want {
			t.Errorf("%s: events %q, want %q", told, got, want)
		}
	}
}

func (h *house) setPolicy(name, value string) {
	h.t.Helper()
	h.world.Admin(func(ctx context.Context, tx access.Tx) error {
		p, _, err := tx.Program(ctx, h.world.Program.ID)
		if err != nil {
			return err
		}
		return tx.UpdateProgram(ctx, p, map[string]string{name: value})
	})
}
