package cardsapi_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/issuance"
)

// TestKeys_FromTheFirstToTheLast is contract §22 and §26, item 147.
func TestKeys_FromTheFirstToTheLast(t *testing.T) {
	t.Parallel()
	h := newHouse(t) // with one key
	h.do("POST", "/api-keys", `{"name":"x"}`).wrong("headers", "idempotency-key required")
	made := h.do("POST", "/api-keys", `{"name":" backend ","ipAllowlist":["203.0.113.9/24","::ffff:192.0.2.7"," 2001:db8::1 "]}`, "Idempotency-Key", "one").want(200)
	secret := made.text("secret")
	if made.text("name") != "backend" || made.text("status") != "ACTIVE" || made.raw("lastUsedAt") != "null" || made.raw("revokedAt") != "null" ||
		made.raw("ipAllowlist") != `["203.0.113.0/24","192.0.2.7","2001:db8::1"]` || !strings.HasPrefix(secret, made.text("prefix")) || len(made.text("prefix")) != 16 {
		t.Errorf("made %s", made.body)
	}
	again := h.do("POST", "/api-keys", `{"name":" backend ","ipAllowlist":["203.0.113.9/24","::ffff:192.0.2.7"," 2001:db8::1 "]}`, "Idempotency-Key", "one").want(200)
	if again.body != made.body || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("replayed %s", again.body)
	}
	with := func(method, path, body string) answer {
		return h.do(method, path, body, "Authorization", "Bearer "+secret)
	}
	list := with("GET", "/api-keys", "").want(200)
	if strings.Contains(list.body, "secret") || list.text("items", "0", "id") != made.text("id") || list.raw("items", "2") != "" {
		t.Errorf("listed %s", list.body)
	}
	one := h.get("/api-keys?limit=1").want(200)
	if next := h.get("/api-keys?limit=1&cursor=" + one.text("nextCursor")).want(200); next.text("items", "0", "id") != list.text("items", "1", "id") || next.raw("nextCursor") != "null" {
		t.Errorf("the second page %s", next.body)
	}

	mine, first := "/api-keys/"+made.text("id"), "/api-keys/"+list.text("items", "1", "id")
	with("PUT", mine+"/ip-allowlist", `{"ipAllowlist":["198.51.100.1"]}`).refused(400, "API_KEY_ALLOWLIST_EXCLUDES_CALLER", "null")
	if kept := with("GET", "/api-keys", "").want(200); kept.raw("items", "0") != list.raw("items", "0") {
		t.Errorf("a refused list left %s", kept.body)
	}
	if got := with("PUT", first+"/ip-allowlist", `{"ipAllowlist":["198.51.100.1"]}`).want(200).raw("ipAllowlist"); got != `["198.51.100.1"]` {
		t.Errorf("replaced by %s", got)
	}
	h.get("/api-keys").refused(403, "API_KEY_IP_NOT_ALLOWED", "null")
	with("PUT", first+"/ip-allowlist", `{"ipAllowlist":[]}`).want(200)

	h.do("DELETE", mine, "").want(204)
	h.post(mine+"/revoke", "").want(204)
	with("GET", "/api-keys", "").refused(401, "INVALID_API_KEY", "null")
	h.do("DELETE", first, "").refused(400, "API_KEY_LAST_ACTIVE", "null")
	h.do("PUT", mine+"/ip-allowlist", `{"ipAllowlist":[]}`).refused(404, "API_KEY_NOT_FOUND", "null")
	if got := h.get("/api-keys").want(200); got.text("items", "0", "status") != "REVOKED" || got.raw("items", "0", "revokedAt") == "null" {
		t.Errorf("revoked %s", got.body)
	}
	for range 9 {
		h.post("/api-keys", `{"name":"x"}`).want(200)
	}
	h.post("/api-keys", `{"name":"x"}`).refused(400, "API_KEY_LIMIT_REACHED", "null")
	if kinds(h.events()) != "" {
		t.Error("a key was announced")
	}
}

func TestKeys_BelongToTheirProgramme(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	foreign := h.do("GET", "/api-keys", "", "Authorization", "Bearer "+h.foreign).want(200)
	path := "/api-keys/" + foreign.text("items", "0", "id")
	if h.get("/api-keys").want(200).text("items", "0", "id") == foreign.text("items", "0", "id") {
		t.Error("two programmes list one key")
	}
	h.do("DELETE", path, "").refused(404, "API_KEY_NOT_FOUND", "null")
	h.do("PUT", path+"/ip-allowlist", `{"ipAllowlist":[]}`).refused(404, "API_KEY_NOT_FOUND", "null")
	h.do("DELETE", "/api-keys/7", "").wrong("params", "id invalid_format")
}

func TestKeys_Form(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	many := strings.Repeat(`"192.0.2.1",`, 50) + `"192.0.2.1"`
	for sent, problem := range map[string]string{
		`{}`: "name required", `{"name":""}`: "name too_short", `{"name":"` + strings.Repeat("a", 101) + `"}`: "name too_long", `{"name":7}`: "name invalid_type",
		`{"name":"x","ipAllowlist":"192.0.2.1"}`: "ipAllowlist invalid_type", `{"name":"x","ipAllowlist":[` + many + `]}`: "ipAllowlist too_long",
		`{"name":"x","ipAllowlist":["192.0.2.1","192.0.2.1/32"]}`: "ipAllowlist.1 duplicate", `{"name":"x","ipAllowlist":[7]}`: "ipAllowlist.0 invalid_type",
		`{"name":"x","ipAllowlist":["192.0.2.256"]}`: "ipAllowlist.0 invalid_format", `{"name":"x","ipAllowlist":["192.0.2.1/33"]}`: "ipAllowlist.0 invalid_format",
		`{"name":"x","ipAllowlist":["example.com"]}`: "ipAllowlist.0 invalid_format", `{"name":"x","ipAllowlist":["fe80::1%eth0"]}`: "ipAllowlist.0 invalid_format",
		`{"name":"x","ipAllowlist":["::ffff:10.0.0.0/90"]}`: "ipAllowlist.0 invalid_format",
	} {
		h.post("/api-keys", sent).wrong("body", problem)
	}
	h.do("PUT", "/api-keys/"+h.get("/api-keys").text("items", "0", "id")+"/ip-allowlist", `{}`).wrong("body", "ipAllowlist required")
}

// TestKeys_LeaveAuditRows wants who did what to which key, and no secret.
func TestKeys_LeaveAuditRows(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	made := h.post("/api-keys", `{"name":"x"}`).want(200)
	path := "/api-keys/" + made.text("id")
	h.world.Clock.Advance(time.Second) // rows of one moment have no order
	h.do("PUT", path+"/ip-allowlist", `{"ipAllowlist":["192.0.2.7"]}`).want(200)
	h.world.Clock.Advance(time.Second)
	h.do("DELETE", path, "").want(204)
	h.world.Clock.Advance(time.Second)
	h.do("DELETE", "/api-keys/"+h.get("/api-keys").text("items", "1", "id"), "").refused(400, "API_KEY_LAST_ACTIVE", "null")
	var got []string
	h.world.Read(func(ctx context.Context, tx issuance.ReadTx) error {
		rows, err := tx.AuditTrail(ctx, h.world.Program.ID, issuance.AuditFilter{}, issuance.Page{Limit: 100})
		for _, r := range rows {
			if strings.Contains(fmt.Sprint(r), made.text("secret")) {
				t.Errorf("the secret is in %v", r.Action)
			}
			if r.Channel == "cards" {
				got = append(got, r.Action+" "+r.Outcome+" "+r.Source)
			}
		}
		return err
	})
	want := "key.revoke key_last_active 192.0.2.7, key.revoke ok 192.0.2.7, key.set_allowlist ok 192.0.2.7, key.create ok 192.0.2.7"
	if strings.Join(got, ", ") != want {
		t.Errorf("%q", got)
	}
}
