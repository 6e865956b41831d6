package cli_test

import (
	"encoding/json"
	"testing"

	"github.com/firsttap/firsttap/client/cardtest"
)

func TestAPI_ProgrammeItsPoliciesKeysAndDesigns(t *testing.T) {
	t.Parallel()
	a := newAfar(t, cardtest.Start(t))
	a.says(`kind +sandbox`, "program", "own")
	a.no("scope_missing", "program", "list")
	a.says(`activation\.tries +5 +5 +wrong tries`, "policy", "list")
	a.says(`at version 1`, "policy", "set", "activation.tries=3", "digital_first=false", "shipping.couriers=DHL,FEDEX", "pin.weak=reject", "--reason", "The review")
	a.says(`activation\.tries: 5 to 3; digital_first: true to false; pin\.weak: allow to reject; shipping\.couriers: - to DHL,FEDEX +The review`, "policy", "versions")
	a.says(`at version 2`, "policy", "set", "activation.tries=")
	a.no("policy_invalid", "policy", "set", "activation.tries=0")
	a.no("native_form_invalid", "policy", "set", "activation.tries=many")
	a.no("write name=value", "policy", "set", "activation.tries")

	var issued struct{ ID, Secret string }
	if err := json.Unmarshal([]byte(a.api("key", "issue", "shop", "--scope", "cards:read", "--expires", "24h", "--json")), &issued); err != nil || issued.Secret == "" {
		t.Fatal(err)
	}
	a.says(`shop +cards:read +active`, "key", "list")
	a.says(`scopes +cards:read`, "key", "show", issued.ID)
	a.says(`from +127\.0\.0\.1`, "key", "allow", issued.ID, "--allow", "127.0.0.1")
	a.says(`secret +ftn_sandbox_`, "key", "rotate", issued.ID, "--overlap", "1h")
	a.says(`is revoked`, "key", "revoke", issued.ID, "--reason", "It was in a log")

	var design struct{ ID string }
	if err := json.Unmarshal([]byte(a.api("design", "add", "Autumn", "--campaign", "AUTUMN", "--type", "physical", "--json")), &design); err != nil {
		t.Fatal(err)
	}
	a.says(`Autumn is the default`, "design", "default", design.ID)
	a.says(`Autumn is retired`, "design", "retire", design.ID)
	a.says(`Autumn may be had again`, "design", "restore", design.ID)
	a.says(`campaign +AUTUMN`, "design", "show", design.ID)
	a.says(`Autumn +AUTUMN +physical`, "design", "list")
}
