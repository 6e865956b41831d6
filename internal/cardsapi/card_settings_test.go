package cardsapi_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/ident"
)

// virtual makes a virtual card.
func (h *house) virtual() string {
	h.t.Helper()
	user, account := h.approved()
	return h.post("/cards", `{"userId":"`+user+`","accountId":"`+account+`","type":"VIRTUAL"}`).want(200).text("id")
}

// kept is a card as the store has it.
func (h *house) kept(id string) card.Card {
	h.t.Helper()
	u, err := ident.ParseUUID(id)
	if err != nil {
		h.t.Fatal(err)
	}
	return h.world.View(ident.CardID{UUID: u}).Card
}

func pinBody(pin string) string { return `{"pin":"` + pin + `"}` }

// TestPIN_Form is contract §10.6 and §26.5, item 46.
func TestPIN_Form(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.fresh()
	set := func(body string) answer { return h.do("PUT", "/cards/"+id+"/pin", body) }
	before := h.get("/cards/" + id).body
	h.events()
	for _, good := range []string{"1357", "102938475610", "8901", "1122", "1212", "9091"} {
		if a := set(pinBody(good)).want(204); a.body != "" || a.header.Get("Content-Type") != "" {
			t.Errorf("204 with %q %q", a.header.Get("Content-Type"), a.body)
		}
	}
	set(pinBody("9091")).want(204)
	for _, weak := range []string{"1234", "4321", "1112", "5999", "908765", "000142", "13579987"} {
		if a := set(pinBody(weak)).wrong("body", "pin weak_pin"); strings.Contains(a.body, weak) {
			t.Errorf("%s is repeated: %s", weak, a.body)
		}
	}
	for _, malformed := range []string{"123", "1029384756101", "12a4", "12 4", " 1357", "1357 ", "１３５７", ""} {
		if a := set(pinBody(malformed)).wrong("body", "pin invalid_format"); malformed != "" && strings.Contains(a.body, malformed) {
			t.Errorf("%q is repeated: %s", malformed, a.body)
		}
	}
	set(`{"pin":1357}`).wrong("body", "pin invalid_type")
	set(`{"pin":null}`).wrong("body", "pin required")
	set(`{}`).wrong("body", "pin required")
	set(``).wrong("body", "pin required")
	set(`[]`).wrong("body", " invalid_type", "pin required")
	h.do("PUT", "/cards/no-id/pin", `{}`).wrong("params", "id invalid_format")
	if after := h.get("/cards/" + id).body; after != before || len(h.events()) != 0 {
		t.Errorf("a PIN is seen on the card, or announced: %s", after)
	}
	rows := h.trail("card.set_pin")
	if len(rows) != 7 || strings.Contains(fmt.Sprintf("%+v", rows), "9091") || strings.Contains(h.log.text.String(), "102938475610") {
		t.Errorf("%+v", rows)
	}
}

// TestPIN_Refusals is contract §10.6 and §26.5, item 47: each refusal comes before the ones below it.
func TestPIN_Refusals(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	set := func(id string) answer { return h.do("PUT", "/cards/"+id+"/pin", pinBody("1357")) }
	simulate := func(id, body string) { t.Helper(); h.post("/simulation/cards/"+id+"/status", body).want(204) }
	set(someID).refused(404, "CARD_NOT_FOUND", "null")

	id := h.fresh()
	account := h.get("/cards/" + id).text("accountId")
	h.post("/simulation/accounts/"+account+"/status", `{"status":"RESTRICTED"}`).want(204)
	h.post("/cards/"+id+"/block", "").want(200)
	set(id).refused(400, "CARD_OPERATION_NOT_ALLOWED", `{"status":"BLOCKED","reason":"BLOCKED"}`)
	simulate(id, `{"status":"EXPIRED"}`)
	set(id).refused(400, "CARD_OPERATION_NOT_ALLOWED", `{"status":"EXPIRED","reason":"EXPIRED"}`)
	simulate(id, `{"status":"ACTIVE"}`)
	set(id).refused(400, "ACCOUNT_NOT_ACTIVE", `{"status":"RESTRICTED"}`)
	h.post("/simulation/accounts/"+account+"/status", `{"status":"ACTIVE"}`).want(204)
	h.post("/cards/"+id+"/freeze", "").want(200)
	set(id).want(204) // frozen, and not activated

	virtual := h.virtual()
	h.post("/cards/"+virtual+"/block", "").want(200)
	set(virtual).refused(400, "CARD_TYPE_NOT_SUPPORTED", `{"type":"VIRTUAL"}`)

	canceled, box, _ := h.shipped()
	h.scanned(box, "CANCELED")
	h.post("/simulation/accounts/"+h.get("/cards/"+canceled).text("accountId")+"/status", `{"status":"RESTRICTED"}`).want(204)
	set(canceled).refused(400, "CARD_OPERATION_NOT_ALLOWED", `{"status":"ACTIVE","reason":"CANCELED"}`)

	h.do("DELETE", "/cards/"+id, "").want(204)
	set(id).refused(404, "CARD_NOT_FOUND", "null")
}

// TestPIN_IsSealedForTheBureauOnly follows the two forms of a PIN: the hash stays, the sealed copy waits for the
// bureau and is gone with the activation.
func TestPIN_IsSealedForTheBureauOnly(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.fresh()
	set := func(pin string) card.Card {
		t.Helper()
		h.do("PUT", "/cards/"+id+"/pin", pinBody(pin)).want(204)
		return h.kept(id)
	}
	first := set("1357")
	if first.PINHash == nil || first.PINSealed == nil || first.PINViewable || first.PINSetAt.IsZero() {
		t.Errorf("before it is made: %+v", first)
	}
	box := h.placed(id)
	if second := set("2468"); second.PINSealed == nil || string(second.PINHash) == string(first.PINHash) {
		t.Errorf("at the bureau: %+v", second)
	}
	h.scanned(box, "IN_TRANSIT")
	code := h.get("/cards/" + id + "/activation-code").text("activationCode")
	waiting := h.kept(id)
	h.post("/cards/"+id+"/activate", codeBody(code)).want(204)
	if done := h.kept(id); waiting.PINSealed == nil || done.PINSealed != nil || string(done.PINHash) != string(waiting.PINHash) {
		t.Errorf("after activation: %+v", done)
	}
	if later := set("8642"); later.PINSealed != nil || later.PINHash == nil {
		t.Errorf("in the holder's hand: %+v", later)
	}
}

// TestThreeDS_Method is contract §10.11 and §26.5, item 49.
func TestThreeDS_Method(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.virtual()
	set := func(id, body string) answer {
		h.world.Clock.Advance(time.Second)
		return h.do("PUT", "/cards/"+id+"/3ds-challenge-method", body)
	}
	h.events()
	before := h.get("/cards/" + id)
	set(id, `{"3dsChallengeMethod":"WEBHOOK"}`).want(204)
	after := h.get("/cards/" + id)
	if after.text("3dsChallengeMethod") != "WEBHOOK" || after.text("updatedAt") <= before.text("updatedAt") {
		t.Errorf("%s", after.body)
	}
	set(id, `{"3dsChallengeMethod":"WEBHOOK"}`).want(204)
	if again := h.get("/cards/" + id).body; again != after.body {
		t.Errorf("the same method changes %s", again)
	}
	set(id, `{"3dsChallengeMethod":"PUSH"}`).wrong("body", "3dsChallengeMethod invalid_enum")
	set(id, `{"3dsChallengeMethod":true}`).wrong("body", "3dsChallengeMethod invalid_type")
	set(id, `{}`).wrong("body", "3dsChallengeMethod required")
	set(someID, `{"3dsChallengeMethod":"SMS"}`).refused(404, "CARD_NOT_FOUND", "null")
	h.post("/simulation/cards/"+id+"/status", `{"status":"EXPIRED"}`).want(204)
	h.events()
	set(id, `{"3dsChallengeMethod":"SMS"}`).want(204)
	if rows := h.trail("card.set_3ds_method"); len(h.events()) != 0 || len(rows) != 4 || rows[0].Note != "from SMS to WEBHOOK" {
		t.Errorf("%+v", rows)
	}
}

// TestPushProvisioning_IsRefused is contract §10.10 and §26.5, item 49.
func TestPushProvisioning_IsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.virtual()
	const wallet = `{"provider":"APPLE","walletAccountId":"w","deviceId":"d"}`
	ask := func(id, body string) answer { return h.post("/cards/"+id+"/push-provisioning", body) }
	ask(id, wallet).refused(403, "PUSH_PROVISIONING_NOT_ENABLED", "null")
	ask(someID, wallet).refused(404, "CARD_NOT_FOUND", "null")
	ask(someID, `{"provider":7,"walletAccountId":""}`).wrong("body", "deviceId required", "provider invalid_type", "walletAccountId too_short")
	first := h.do("POST", "/cards/"+id+"/push-provisioning", wallet, "Idempotency-Key", "wallet")
	again := h.do("POST", "/cards/"+id+"/push-provisioning", wallet, "Idempotency-Key", "wallet")
	if again.refused(403, "PUSH_PROVISIONING_NOT_ENABLED", "null"); again.body != first.body || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("the refusal is not replayed: %v", again.header)
	}
}
