package cardsapi_test

import (
	"strings"
	"testing"

	"github.com/firsttap/firsttap/internal/storetest"
)

// TestUsers is contract §16 and §26.15, items 130 and 131.
func TestUsers(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	u := h.post("/users", `{"email":" Ana@Example.com ","phoneNumber":"+5215512345678","externalId":"cust-77","firstName":"Ana","signers":1}`).want(200)
	if u.text("phoneNumber") != "+525512345678" || u.text("email") != "Ana@Example.com" || u.raw("lastName") != "null" || u.raw("application") != `{"status":"NOT_STARTED","rejectionReason":null,"documents":null}` {
		t.Errorf("%s", u.body)
	}
	if got := h.get("/users/" + u.text("id")).want(200); got.body != u.body {
		t.Errorf("%s", got.body)
	}
	h.post("/users", `{"email":"b@c.d","phoneNumber":"+525512345678","externalId":"cust-77"}`).refused(409, "PHONE_NUMBER_ALREADY_IN_USE", "null")
	h.post("/users", `{"email":"b@c.d","phoneNumber":"+525512345679","externalId":"cust-77"}`).refused(409, "EXTERNAL_ID_ALREADY_IN_USE", "null")
	h.post("/users", `{"email":"b@c.d","phoneNumber":"+525512345678"}`, "Authorization", "Bearer "+h.foreign).want(200)
	h.post("/users", `{"email":"x","phoneNumber":"5512345678","firstName":"","lastName":"`+strings.Repeat("x", 51)+`","externalId":7,"termsAcceptance":{"version":"1","ipAddress":"x"}}`).
		wrong("body", "email invalid_format", "externalId invalid_type", "firstName too_short", "lastName too_long", "phoneNumber invalid_phone", "termsAcceptance.ipAddress invalid_format")
	h.post("/users", `{"email":"b@c.d","phoneNumber":"+525512345670","firstName":"A\u0000B"}`).wrong("body", "firstName invalid_format")
	for _, hidden := range []string{"\u2028", "\u2029", "\u202a", "\u202e", "\u2066", "\u2069", "\u0085"} {
		h.post("/users", `{"email":"b@c.d","phoneNumber":"+525512345670","firstName":"A`+hidden+`B"}`).wrong("body", "firstName invalid_format")
	}
	for filter, want := range map[string]int{"externalId=cust-77": 1, "email=ana@example.COM": 1, "phoneNumber=%2B525512345678": 1, "externalId=x": 0, "email=ana@example.com&externalId=x": 0} {
		if got := strings.Count(h.get("/users?"+filter).want(200).body, u.text("id")); got != want {
			t.Errorf("%s finds %d", filter, got)
		}
	}
	h.get("/users/"+someID).refused(404, "USER_NOT_FOUND", "null")
	h.events()
	path := "/users/" + u.text("id") + "/application"
	h.post(path, `{"method":"X","dateOfBirth":"2026-02-30","country":"Mexico"}`).wrong("body", "country invalid_enum", "dateOfBirth invalid_format", "method invalid_enum")
	if a := h.post(path, `{"method":"MANAGED_KYC","dateOfBirth":"1990-02-28","country":"MEX","documents":[1]}`).want(200); a.body != `{"status":"IN_REVIEW","nextAction":null}` {
		t.Errorf("%s", a.body)
	}
	if all := h.events(); kinds(all) != "USER_APPLICATION_STATUS_UPDATED" || all[0].text("data", "country") != "MX" || all[0].raw("data") != h.get("/users/"+u.text("id")).body {
		t.Errorf("%v", all)
	}
	h.post(path, "").refused(400, "USER_APPLICATION_NOT_ALLOWED", `{"applicationStatus":"IN_REVIEW"}`)
	for _, status := range []string{"RETRY_REQUIRED", "REJECTED", "APPROVED"} {
		h.post("/simulation"+path, `{"status":"`+status+`"}`).want(204)
		if got := kinds(h.events()); got != "USER_APPLICATION_STATUS_UPDATED" {
			t.Errorf("%s: %s", status, got)
		}
	}
	h.post("/simulation"+path, `{"status":"APPROVED"}`).want(204)
	if kinds(h.events()) != "" {
		t.Error("the same decision was announced again")
	}
	auto := newHouse(t, storetest.WithPolicy("users.review", "auto"), storetest.WithPolicy("users.require_terms", "true"))
	auto.post("/users", `{"email":"b@c.d","phoneNumber":"+525512345678"}`).wrong("body", "termsAcceptance required")
	id := auto.post("/users", `{"email":"b@c.d","phoneNumber":"+525512345678","termsAcceptance":{"version":"1","ipAddress":"2001:db8::1"}}`).want(200).text("id")
	if a := auto.post("/users/"+id+"/application", "").want(200); a.text("status") != "APPROVED" {
		t.Errorf("%s", a.body)
	}
}

// TestAccounts is contract §17.1, §17.2 and §23.1.
func TestAccounts(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	user, id := h.approved()
	a := h.get("/accounts/" + id).want(200)
	if a.text("status") != "ACTIVE" || a.text("ownerType") != "USER" || a.text("ownerId") != user || a.raw("chainAddresses") != "[]" {
		t.Errorf("%s", a.body)
	}
	h.post("/accounts", `{"ownerId":"`+someID+`"}`).refused(404, "USER_NOT_FOUND", "null")
	h.post("/accounts", `{"ownerId":"`+user+`","ownerType":"COMPANY"}`).refused(404, "USER_NOT_FOUND", "null")
	h.post("/accounts", `{"ownerId":"x","ownerType":"PROJECT"}`).wrong("body", "ownerId invalid_format", "ownerType invalid_enum")
	h.get("/accounts/auth-message").refused(403, "USER_FUNDING_NOT_ENABLED", "null")
	h.get("/accounts/"+someID).refused(404, "ACCOUNT_NOT_FOUND", "null")
	h.post("/accounts", `{"ownerId":"`+user+`"}`).want(200)
	if n := strings.Count(h.get("/accounts?ownerId="+user).want(200).body, `"chainAddresses"`); n != 2 {
		t.Errorf("%d accounts", n)
	}
	h.events()
	for _, step := range []struct{ status, events string }{{"RESTRICTED", "ACCOUNT_STATUS_UPDATED"}, {"RESTRICTED", ""}, {"ACTIVE", "ACCOUNT_STATUS_UPDATED"}} {
		h.post("/simulation/accounts/"+id+"/status", `{"status":"`+step.status+`"}`).want(204)
		if got := h.get("/accounts/" + id); got.text("status") != step.status || kinds(h.events()) != step.events {
			t.Errorf("%s: %s", step.status, got.body)
		}
	}
}

// TestWebhooks is contract §21.1, §21.4 and §26.16, items 137 and 138.
func TestWebhooks(t *testing.T) {
	t.Parallel()
	h := newHouse(t) // which has one endpoint already
	body := `{"name":"main","url":"https://partner.example.com/hooks"}`
	made := h.do("POST", "/webhooks", body, "Idempotency-Key", "first").want(200)
	secret := made.text("signingSecret")
	if len(secret) != len("whsec_")+43 || made.text("status") != "ACTIVE" || made.text("mode") != "NOTIFICATION" || made.raw("lastUsedAt") != "null" {
		t.Errorf("%s", made.body)
	}
	h.do("POST", "/webhooks", body, "Idempotency-Key", "first").replays(made)
	path := "/webhooks/" + made.text("id")
	if got := h.get(path).want(200); strings.Contains(got.body, "signingSecret") || got.text("url") != "https://partner.example.com/hooks" {
		t.Errorf("%s", got.body)
	}
	h.post("/webhooks", `{"name":"x","url":"https://partner.example.com","mode":"REQUEST"}`).refused(400, "WEBHOOK_MODE_NOT_ALLOWED", `{"mode":"REQUEST"}`)
	for range 3 {
		h.post("/webhooks", body).want(200)
	}
	h.post("/webhooks", body).refused(400, "WEBHOOK_LIMIT_REACHED", `{"max":5}`)
	first := h.get("/webhooks?limit=3").want(200)
	second := h.get("/webhooks?limit=3&cursor=" + first.text("nextCursor")).want(200)
	if n := strings.Count(first.body+second.body, `"mode"`); n != 5 || second.raw("nextCursor") != "null" || strings.Contains(first.body, "whsec_") {
		t.Errorf("%s\n%s", first.body, second.body)
	}
	for range 2 {
		if a := h.post(path+"/disable", "").want(200); a.text("status") != "DISABLED" {
			t.Errorf("%s", a.body)
		}
	}
	h.do("DELETE", path, "").want(204)
	h.post("/webhooks", body).want(200)
	h.get("/webhooks/"+someID).refused(404, "WEBHOOK_NOT_FOUND", "null")
	for _, url := range []string{
		"http://partner.example.com", "https://u:p@partner.example.com", "https://partner.example.com/#a", "https://localhost", "https://10.0.0.1", "https://169.254.169.254",
		"https://[::ffff:10.0.0.1]", "https://private.example.com", "https://partner.example.com:22",
	} {
		a := h.post("/webhooks", `{"name":"x","url":"`+url+`"}`).wrong("body", "url invalid_url")
		if strings.Contains(a.body, url) {
			t.Errorf("%s repeats the URL", a.body)
		}
	}
	h.post("/webhooks", `{"url":"https://partner.example.com/`+strings.Repeat("x", 500)+`"}`).wrong("body", "name required", "url too_long")
	local := newHouse(t, storetest.WithPolicy("webhooks.allow_private_targets", "true"))
	local.post("/webhooks", `{"name":"x","url":"http://127.0.0.1:8080/hooks"}`).want(200)
}
