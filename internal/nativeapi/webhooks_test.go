package nativeapi_test

import (
	"strings"
	"testing"
)

const newHook = `{"name":"ledger","url":"https://hooks.example.com/in","types":["card.activated","card.activated"]}`

func TestWebhooks_AreMadeChangedAndEnded(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	made := h.post("/v1/webhooks", newHook, "Idempotency-Key", "hook-1").want(200)
	id, secret := made.text("id"), made.text("secret")
	if !strings.HasPrefix(secret, "whsec_") || made.text("status") != "active" || strings.Count(made.body, "card.activated") != 1 {
		t.Errorf("%s", made.body)
	}
	if again := h.post("/v1/webhooks", newHook, "Idempotency-Key", "hook-1").want(200); again.body != made.body {
		t.Errorf("a repeat answers %s", again.body)
	}
	path := "/v1/webhooks/" + id
	if strings.Contains(h.get(path).want(200).body, "secret\":") || strings.Contains(h.log.String(), secret) {
		t.Error("the secret is shown again")
	}
	if got := h.do("PATCH", path, `{"paused":true,"types":[],"name":"other"}`).want(200); got.text("status") != "paused" || got.text("name") != "other" || strings.Contains(got.body, "card.activated") {
		t.Errorf("%s", got.body)
	}
	if got := h.do("PATCH", path, `{"paused":false}`).want(200); got.text("status") != "active" || got.text("name") != "other" {
		t.Errorf("%s", got.body)
	}
	rotated := h.post(path+"/rotate-secret", "").want(200)
	if rotated.text("secret") == secret || rotated.text("previous_secret_until") == "" {
		t.Errorf("%s", rotated.body)
	}
	if got := h.do("DELETE", path, "").want(200); got.text("status") != "ended" {
		t.Errorf("%s", got.body)
	}
	h.do("PATCH", path, `{"paused":true}`).refused(409, "endpoint_disabled")
	h.post(path+"/test", "").refused(409, "endpoint_disabled")
	if n := strings.Count(h.get("/v1/webhooks").want(200).body, `"id"`); n != 1 {
		t.Errorf("%d webhooks are listed", n)
	}
}

func TestWebhooks_RefuseAWrongForm(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for name, c := range map[string]struct{ body, path, message string }{
		"no URL":               {`{"name":"x"}`, "body.url", "required"},
		"no name":              {`{"url":"https://hooks.example.com/in"}`, "body.name", "required"},
		"plain HTTP":           {`{"name":"x","url":"http://hooks.example.com/in"}`, "body.url", "not https"},
		"an address of ours":   {`{"name":"x","url":"https://127.0.0.1/in"}`, "body.url", "not public"},
		"a name without host":  {`{"name":"x","url":"https://nowhere.example.com/in"}`, "body.url", "does not exist"},
		"an event of no kind":  {`{"name":"x","url":"https://hooks.example.com/in","types":["card.eaten"]}`, "body.types", "none of the values"},
		"an event as a number": {`{"name":"x","url":"https://hooks.example.com/in","types":[7]}`, "body.types", "none of the values"},
		"a member of no kind":  {`{"name":"x","url":"https://hooks.example.com/in","secret":"mine"}`, "body.secret", "not known"},
	} {
		a := h.post("/v1/webhooks", c.body).want(422)
		if !strings.Contains(a.body, `"`+c.path+`"`) || !strings.Contains(a.body, c.message) {
			t.Errorf("%s: %s", name, a.body)
		}
	}
	id := h.post("/v1/webhooks", newHook).want(200).text("id")
	h.do("PATCH", "/v1/webhooks/"+id, `{"paused":"yes"}`).want(422)
	h.post("/v1/webhooks/"+id+"/deliveries/replay", `{"from":"yesterday","to":"2026-03-07T00:00:00Z"}`).want(422)
	h.post("/v1/webhooks/"+id+"/deliveries/replay", `{"from":"2026-03-06T00:00:00Z","to":"2026-03-07T00:00:00Z","status":"dropped"}`).want(422)
	h.get("/v1/webhooks/" + id + "/deliveries?status=lost").want(422)
	h.get("/v1/webhooks/"+id+"/deliveries/"+id).refused(404, "delivery_not_found")
	for range 9 {
		h.post("/v1/webhooks", newHook).want(200)
	}
	h.post("/v1/webhooks", newHook).refused(409, "endpoint_limit")
}

func TestWebhooks_ShowWhatWentThere(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	path := "/v1/webhooks/" + h.post("/v1/webhooks", newHook).want(200).text("id")
	event := h.post(path+"/test", "").want(200).text("event_id")
	list := h.get(path + "/deliveries?status=pending").want(200)
	id := list.text("items", "0", "id")
	if list.text("items", "0", "type") != "webhook.test" || list.text("items", "0", "event_id") != event {
		t.Fatalf("%s", list.body)
	}
	one := h.get(path + "/deliveries/" + id).want(200)
	if one.text("body", "id") != event || one.text("body", "data", "webhook_id") == "" || one.raw("attempts") != "[]" {
		t.Errorf("%s", one.body)
	}
	if again := h.post(path+"/deliveries/"+id+"/retry", "").want(200); again.text("status") != "pending" {
		t.Errorf("%s", again.body)
	}
	if n := h.post(path+"/deliveries/replay", `{"from":"2026-01-01T00:00:00Z","to":"2027-01-01T00:00:00Z","status":"pending"}`).want(200); n.raw("replayed") != "1" {
		t.Errorf("%s", n.body)
	}
}
