package nativeapi_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/program"
)

func TestPolicies_AreShownAndChangedInTheirTypes(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	all := h.get("/v1/policies").want(200)
	if all.header.Get("ETag") != `"0"` || all.raw("version") != "0" {
		t.Errorf("%v %s", all.header, all.body)
	}
	const change = `{"policies":{"activation.tries":3,"digital_first":false,"shipping.couriers":["DHL","FEDEX"],"activation.code_lifetime":"24h","pin.weak":"reject"},"reason":"The autumn review"}`
	after := h.do("PATCH", "/v1/policies", change, "If-Match", `"0"`, "Idempotency-Key", "p1").want(200)
	for name, want := range map[string]string{
		"activation.tries": "3", "digital_first": "false", "shipping.couriers": `["DHL","FEDEX"]`, "activation.code_lifetime": `"24h"`, "pin.weak": `"reject"`,
		"activation.lock_steps": `["15m","1h"]`, "vault.bin": `"411111"`, "rate_limits.default": `"unlimited"`, "shipping.countries": "[]",
	} {
		if got := policy(after, name, "value"); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	if after.raw("version") != "1" || policy(after, "activation.tries", "default") != "5" || policy(after, "activation.tries", "maximum") != "100" ||
		policy(after, "activation.tries", "set") != "true" || policy(after, "pin.weak", "options") != `["allow","reject"]` || policy(after, "rate_limits.issuance", "default") != `"5/50/500"` {
		t.Errorf("%s", after.body)
	}
	if again := h.do("PATCH", "/v1/policies", change, "If-Match", `"0"`, "Idempotency-Key", "p1").want(200); again.body != after.body || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("%v %s", again.header, again.body)
	}
	moved := h.do("PATCH", "/v1/policies", `{"policies":{"activation.tries":4}}`, "If-Match", `"0"`).refused(412, "policy_version_mismatch")
	if moved.raw("context", "version") != "1" {
		t.Errorf("%s", moved.body)
	}
	same := h.do("PATCH", "/v1/policies", `{"policies":{"activation.tries":3}}`).want(200)
	if same.raw("version") != "1" {
		t.Errorf("what changes nothing is a version: %s", same.raw("version"))
	}
	back := h.do("PATCH", "/v1/policies", `{"policies":{"activation.tries":null}}`).want(200)
	if policy(back, "activation.tries", "value") != "5" || policy(back, "activation.tries", "set") != "false" || back.raw("version") != "2" {
		t.Errorf("%s", back.body)
	}
	list := h.get("/v1/policies/versions?limit=1").want(200)
	if list.raw("items", "0", "version") != "2" || list.raw("items", "0", "changes") != `[{"name":"activation.tries","was":3,"is":5}]` {
		t.Errorf("%s", list.body)
	}
	first := h.get("/v1/policies/versions?limit=1&cursor=" + list.text("next_cursor")).want(200)
	if first.text("items", "0", "reason") != "The autumn review" || !strings.HasPrefix(first.text("items", "0", "actor"), "key:ftn_sandbox_") || first.raw("next_cursor") != "null" ||
		first.raw("items", "0", "changes", "0") != `{"name":"activation.code_lifetime","was":"0s","is":"24h"}` {
		t.Errorf("%s", first.body)
	}
	trail := h.get("/v1/audit?action=program.set_policy&outcome=policy_version_mismatch").want(200)
	if trail.raw("items", "0") == "" {
		t.Errorf("%s", trail.body)
	}
	for _, step := range [][2]string{{"5", "true"}, {"null", "false"}} { // set to its default, and no more
		pinned := h.do("PATCH", "/v1/policies", `{"policies":{"activation.tries":`+step[0]+`}}`).want(200)
		if policy(pinned, "activation.tries", "set") != step[1] || policy(pinned, "activation.tries", "value") != "5" {
			t.Errorf("%s: %s", step[0], pinned.body)
		}
	}
}

// policy gives a member of a policy in an answer.
func policy(a answer, name, member string) string {
	for i, s := range program.Settings() {
		if s.Name == name {
			return a.raw("items", strconv.Itoa(i), member)
		}
	}
	return ""
}

func TestPolicies_RefuseWhatTheyDoNotTake(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	patch := func(body string) answer { return h.do("PATCH", "/v1/policies", body) }
	patch(`{}`).wrong("body.policies required")
	patch(`{"policies":{"no.such":1,"activation.tries":"3","digital_first":1,"shipping.couriers":["DHL,FEDEX"],"shipping.countries":"MX","api.accepted_versions":[],"pin.weak":""}}`).wrong(
		"body.policies.no.such unknown", "body.policies.activation.tries invalid_type", "body.policies.digital_first invalid_type", "body.policies.shipping.couriers invalid_format",
		"body.policies.shipping.countries invalid_type", "body.policies.api.accepted_versions too_short", "body.policies.pin.weak too_short")
	h.do("PATCH", "/v1/policies", `{"policies":{}}`, "If-Match", "x").wrong("header.if-match invalid_format")
	patch(`{"policies":{"activation.tries":0,"pin.weak":"maybe","vault.bin":"453201","shipping.countries":["Mexico"]}}`).told("policy_invalid",
		"body.policies.activation.tries invalid_value", "body.policies.pin.weak invalid_value", "body.policies.shipping.countries invalid_value", "body.policies.vault.bin invalid_value")
	if a := h.get("/v1/policies").want(200); a.raw("version") != "0" {
		t.Errorf("a change that was refused is a version")
	}
}

func TestKeys_AreIssuedRotatedAndRevoked(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.world.Clock.Advance(time.Second)
	const request = `{"name":"shop","scopes":["cards:read","keys:write"],"allowlist":["192.0.2.0/24"],"expires_at":"2100-01-01T00:00:00Z"}`
	made := h.do("POST", "/v1/keys", request, "Idempotency-Key", "k1").want(201)
	again := h.do("POST", "/v1/keys", request, "Idempotency-Key", "k1").want(201)
	if made.body != again.body || made.text("door") != "native" || made.raw("scopes") != `["cards:read","keys:write"]` || made.raw("allowlist") != `["192.0.2.0/24"]` {
		t.Errorf("%s, again %s", made.body, again.body)
	}
	id, secret := made.text("id"), made.text("secret")
	as := func(secret string) []string { return []string{"Authorization", "Bearer " + secret} }
	h.get("/v1/cards", as(secret)...).want(200)
	h.get("/v1/keys", as(secret)...).refused(403, "scope_missing")
	shown := h.get("/v1/keys/" + id).want(200)
	if shown.raw("secret") != "" || shown.text("status") != "active" {
		t.Errorf("%s", shown.body)
	}
	list := h.get("/v1/keys?limit=1").want(200)
	if list.text("items", "0", "id") != id || list.text("next_cursor") == "" || strings.Contains(list.body, secret) {
		t.Errorf("%s", list.body)
	}

	more := h.post("/v1/keys", `{"name":"more","scopes":["cards:read","cards:write"]}`, as(secret)...).refused(403, "scope_exceeded")
	if more.text("context", "scope") != "cards:write" {
		t.Errorf("%s", more.body)
	}
	h.post("/v1/keys", `{"name":"everything","door":"cards"}`, as(secret)...).refused(403, "scope_exceeded")
	h.post("/v1/keys", `{"name":"less","scopes":["cards:read"]}`, as(secret)...).want(201)
	if mine := h.get("/v1/audit?action=key.create&outcome=ok&actor=key:" + id).want(200); mine.raw("items", "0") == "" || mine.raw("items", "1") != "" {
		t.Errorf("%s", mine.body)
	}
	h.post("/v1/keys/"+id+"/revoke", `{}`, as(secret)...).refused(409, "key_own")
	h.do("PATCH", "/v1/keys/"+id, `{"allowlist":["203.0.113.7"]}`, as(secret)...).refused(409, "key_allowlist_excludes_caller")
	changed := h.do("PATCH", "/v1/keys/"+id, `{"allowlist":[],"expires_at":null}`, as(secret)...).want(200)
	if changed.raw("allowlist") != "[]" || changed.raw("expires_at") != "null" {
		t.Errorf("%s", changed.body)
	}

	rotated := h.post("/v1/keys/"+id+"/rotate", `{"overlap":"24h"}`).want(201)
	if rotated.raw("scopes") != made.raw("scopes") || rotated.text("name") != "shop" || rotated.text("id") == id {
		t.Errorf("%s", rotated.body)
	}
	h.get("/v1/cards", as(secret)...).want(200)
	h.get("/v1/cards", as(rotated.text("secret"))...).want(200)
	h.world.Clock.Advance(24 * time.Hour)
	h.get("/v1/cards", as(secret)...).refused(401, "invalid_api_key")
	h.get("/v1/cards", as(rotated.text("secret"))...).want(200)
	if a := h.get("/v1/keys/" + id).want(200); a.text("status") != "expired" {
		t.Errorf("%s", a.body)
	}
	end := h.post("/v1/keys/"+rotated.text("id")+"/revoke", `{"reason":"It was in a log"}`).want(200)
	if end.text("status") != "revoked" || end.text("revoked_at") == "" {
		t.Errorf("%s", end.body)
	}
	h.get("/v1/cards", as(rotated.text("secret"))...).refused(401, "invalid_api_key")
	h.post("/v1/keys/"+rotated.text("id")+"/revoke", `{}`).refused(409, "key_revoked_already")
	h.post("/v1/keys/"+rotated.text("id")+"/rotate", `{}`).refused(409, "key_revoked_already")
	if a := h.get("/v1/audit?action=key.revoke").want(200); !strings.Contains(a.body, ": It was in a log") {
		t.Errorf("%s", a.body)
	}
}

func TestKeys_RefuseWhatCannotBe(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.post("/v1/keys", `{"door":"native","scopes":["all"],"allowlist":["home"],"admin":true,"expires_at":"soon"}`).wrong(
		"body.name required", "body.scopes.0 invalid_enum", "body.allowlist.0 invalid_format", "body.expires_at invalid_format", "body.admin not_allowed")
	h.post("/v1/keys", `{"name":"x"}`).told("key_request_invalid", "body.scopes invalid_enum")
	h.post("/v1/keys", `{"name":"x","scopes":["programs:write"]}`).wrong("body.scopes.0 invalid_enum")
	h.post("/v1/keys", `{"name":"x","door":"cards","scopes":["cards:read"]}`).told("key_request_invalid", "body.scopes not_allowed")
	h.post("/v1/keys", `{"name":"x","scopes":["cards:read"],"expires_at":"2001-01-01T00:00:00Z"}`).told("key_request_invalid", "body.expires_at too_small")
	for _, door := range []string{`"cards"`, `"debit"`, `"debit","admin":true`} {
		made := h.post("/v1/keys", `{"name":"x","door":`+door+`}`).want(201)
		if made.raw("admin") != map[bool]string{true: "true", false: "false"}[strings.Contains(door, "admin")] || made.raw("scopes") != "[]" {
			t.Errorf("%s", made.body)
		}
		h.post("/v1/keys/"+made.text("id")+"/rotate", `{"overlap":"721h"}`).told("key_request_invalid", "body.overlap too_big")
		h.post("/v1/keys/"+made.text("id")+"/rotate", `{"overlap":"-1s"}`).told("key_request_invalid", "body.overlap too_small")
	}
	if a := h.get("/v1/keys?door=debit").want(200); a.raw("items", "1") == "" || a.raw("items", "2") != "" {
		t.Errorf("%s", a.body)
	}
	for range 8 {
		h.post("/v1/keys", `{"name":"x","scopes":["cards:read"]}`)
	}
	for range 3 {
		if a := h.post("/v1/keys", `{"name":"x","scopes":["cards:read"]}`); a.status != 201 {
			a.refused(409, "key_limit_reached")
			return
		}
	}
	t.Error("there is no end of keys")
}

func TestDesigns_AreAddedRetiredAndRestored(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	before := h.get("/v1/designs").want(200).text("items", "0", "id")
	made := h.post("/v1/designs", `{"name":"Autumn","campaign":"AUTUMN26","types":["physical"],"default":true}`).want(201)
	path := "/v1/designs/" + made.text("id")
	if a := h.get(path).want(200); a.body != made.body || a.raw("default") != "true" || a.raw("types") != `["physical"]` {
		t.Errorf("%s", a.body)
	}
	h.post("/v1/designs", `{"name":"Autumn","campaign":"AUTUMN26"}`).refused(409, "campaign_taken")
	h.post("/v1/designs", `{"types":["metal","physical","physical"]}`).wrong("body.name required", "body.types.0 invalid_enum", "body.types.2 duplicate")
	if a := h.post(path+"/retire", `{}`).want(200); a.raw("active") != "false" || a.raw("default") != "false" {
		t.Errorf("%s", a.body)
	}
	h.post(path+"/default", `{}`).want(409)
	if a := h.post(path+"/restore", `{}`).want(200); a.raw("active") != "true" {
		t.Errorf("%s", a.body)
	}
	if a := h.post("/v1/designs/"+before+"/default", `{}`).want(200); a.raw("default") != "true" {
		t.Errorf("%s", a.body)
	}
}

func TestPrograms_AreMadeAndSuspendedByTheInstallation(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	own := h.get("/v1/program").want(200)
	if own.text("id") != h.world.Program.ID.String() || own.raw("suspended") != "false" {
		t.Errorf("%s", own.body)
	}
	house := []string{"Authorization", "Bearer " + h.installationKey(access.ProgramsRead, access.ProgramsWrite, access.CardsRead, access.KeysWrite)}
	h.get("/v1/cards", house...).refused(403, "program_key_required")
	h.get("/v1/programs").refused(403, "scope_missing")
	const request = `{"name":"Novo","kind":"sandbox","policies":{"activation.tries":3}}`
	once := append([]string{"Idempotency-Key", "n1"}, house...)
	made := h.do("POST", "/v1/programs", request, once...).want(201)
	if again := h.do("POST", "/v1/programs", request, once...).want(201); again.body != made.body || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("%s", again.body)
	}
	h.do("POST", "/v1/programs", strings.Replace(request, "Novo", "Nova", 1), once...).refused(409, "idempotency_mismatch")
	h.post("/v1/programs", request, house...).refused(409, "program_name_taken")
	h.post("/v1/programs", `{"name":"Vault","kind":"live","policies":{"vault.mode":"built_in"}}`, house...).told("policy_invalid", "body.policies.vault.bin invalid_value")
	path := "/v1/programs/" + made.text("id")
	list := h.get("/v1/programs?limit=1", house...).want(200)
	if list.text("items", "0", "name") != "Novo" || list.text("next_cursor") == "" {
		t.Errorf("%s", list.body)
	}
	if next := h.get("/v1/programs?limit=100&cursor="+list.text("next_cursor"), house...).want(200); next.raw("items", "1") == "" || strings.Contains(next.body, "Novo") {
		t.Errorf("%s", next.body)
	}

	h.post(path+"/keys", `{"name":"first","scopes":["cards:write"]}`, house...).refused(403, "scope_exceeded")
	key := h.post(path+"/keys", `{"name":"first","scopes":["cards:read","keys:write"]}`, house...).want(201)
	theirs := []string{"Authorization", "Bearer " + key.text("secret")}
	h.get("/v1/cards", theirs...).want(200)
	h.post(path+"/suspend", `{}`, house...).wrong("body.reason required")
	for range 2 {
		if a := h.post(path+"/suspend", `{"reason":"The contract ended"}`, house...).want(200); a.raw("suspended") != "true" {
			t.Errorf("%s", a.body)
		}
	}
	h.get("/v1/cards", theirs...).refused(403, "program_suspended")
	h.post(path+"/resume", `{"reason":"A new contract"}`, house...).want(200)
	h.get("/v1/cards", theirs...).want(200)
	if a := h.get(path, house...).want(200); a.raw("suspended") != "false" {
		t.Errorf("%s", a.body)
	}
	h.get("/v1/programs/"+h.world.IDs.UUID().String(), house...).refused(404, "program_not_found")
	h.post("/v1/programs/"+h.world.IDs.UUID().String()+"/suspend", `{"reason":"x"}`, house...).refused(404, "program_not_found")
}
