package contract

import (
	"encoding/json"
	"testing"
)

// installation speaks the native API with a new key of the installation.
func (h *house) installation(t *testing.T) api {
	t.Helper()
	var issued struct{ Secret string }
	text := h.command(t, "key", "create", "--installation", "--scope", "all", "--json")
	if err := json.Unmarshal([]byte(text), &issued); err != nil || issued.Secret == "" {
		t.Fatalf("no key: %v", err)
	}
	return api{t: t, base: h.base, headers: []string{"Authorization", "Bearer " + issued.Secret}}
}

func (a api) bearing(secret string) api { return a.with("Authorization", "Bearer "+secret) }

// nativePrograms makes a programme from outside, and lets it look after its own policies, designs and keys.
func nativePrograms(t *testing.T, h *house) {
	house := h.installation(t)
	sandbox, live := h.program(t), h.programOf(t, "live")
	everything := []string{
		"program:read", "policies:read", "policies:write", "keys:read", "keys:write", "designs:read", "designs:write", "customers:write", "cards:read", "audit:read",
	}
	name := "made for " + sandbox.name
	wanted := object{"name": name, "kind": "sandbox", "policies": object{"rate_limits.default": "unlimited", "rate_limits.operations": "unlimited"}}
	made := house.keyed("make").post("/v1/programs", wanted).is(201).has("kind", "sandbox", "suspended", false)
	house.keyed("make").post("/v1/programs", wanted).is(201).replayed(true).has("id", made.text("id"))
	house.post("/v1/programs", object{"name": name, "kind": "live"}).told(409, "program_name_taken")
	house.get("/v1/cards").told(403, "program_key_required")
	sandbox.native("all").get("/v1/programs").told(403, "scope_missing")

	path := "/v1/programs/" + made.text("id")
	first := house.post(path+"/keys", object{"name": "first", "scopes": everything}).is(201)
	n := house.bearing(first.text("secret"))
	n.get("/v1/program").is(200).has("name", name, "policy_version", 0.0)

	terms := object{"policies": object{"users.require_terms": true, "approvals.actions": []string{"guard_reset"}}, "reason": "The new law"}
	n.with("If-Match", `"0"`).patch("/v1/policies", terms).is(200).has("version", 1.0)
	n.with("If-Match", `"0"`).patch("/v1/policies", object{"policies": object{"users.require_terms": false}}).told(412, "policy_version_mismatch").has("context.version", 1.0)
	n.patch("/v1/policies", object{"policies": object{"activation.tries": 0}}).told(422, "policy_invalid").has("errors.0.path", "body.policies.activation.tries")
	n.get("/v1/policies/versions").is(200).has("items.0.version", 1.0, "items.0.reason", "The new law", "items.0.changes.1.name", "users.require_terms", "items.0.changes.1.is", true)
	pause(heard)
	n.post("/v1/customers", object{"email": "a@example.com", "phone": "+525512345678"}).told(422, "native_form_invalid").has("errors.0.path", "body.terms_version")

	design := n.post("/v1/designs", object{"name": "Autumn", "campaign": "AUTUMN"}).is(201).text("id")
	n.post("/v1/designs/"+design+"/default", object{}).is(200).has("default", true)
	n.post("/v1/designs/"+design+"/retire", object{}).is(200).has("active", false, "default", false)

	shop := n.keyed("shop").post("/v1/keys", object{"name": "shop", "scopes": []string{"cards:read"}, "allowlist": []string{"127.0.0.0/8", "::1"}}).is(201)
	n.keyed("shop").post("/v1/keys", object{"name": "shop", "scopes": []string{"cards:read"}, "allowlist": []string{"127.0.0.0/8", "::1"}}).is(201).has("secret", shop.text("secret"))
	n.post("/v1/keys", object{"name": "more", "scopes": []string{"cards:write"}}).told(403, "scope_exceeded").has("context.scope", "cards:write")
	n.post("/v1/keys", object{"name": "more", "door": "cards"}).told(403, "scope_exceeded")
	id := shop.text("id")
	for _, foreign := range []api{sandbox.native("all"), live.native("all")} {
		theirs, none := foreign.get("/v1/keys/"+id).told(404, "key_not_found"), foreign.get("/v1/keys/nobody").is(404)
		if theirs.body != none.body {
			t.Errorf("%s for a key of another programme, %s for none", theirs.body, none.body)
		}
		foreign.post("/v1/keys/"+id+"/revoke", object{}).told(404, "key_not_found")
		foreign.post("/v1/designs/"+design+"/restore", object{}).is(404)
	}
	next := n.post("/v1/keys/"+id+"/rotate", object{"overlap": "1h"}).is(201)
	n.bearing(shop.text("secret")).get("/v1/cards").is(200)
	n.bearing(next.text("secret")).get("/v1/cards").is(200)
	n.get("/v1/keys/"+id).is(200).has("status", "active")
	n.post("/v1/keys/"+next.text("id")+"/revoke", object{"reason": "It was in a log"}).is(200).has("status", "revoked")
	n.post("/v1/keys/"+first.text("id")+"/revoke", object{}).told(409, "key_own")

	house.post(path+"/suspend", object{"reason": "The contract ended"}).is(200).has("suspended", true)
	pause(heard)
	n.get("/v1/program").told(403, "program_suspended")
	n.bearing(next.text("secret")).get("/v1/cards").told(401, "invalid_api_key")
	house.post(path+"/resume", object{}).is(200).has("suspended", false)
	pause(heard)
	n.get("/v1/audit?action=program.suspend").is(200).has("items.0.note", "The contract ended")
}
