package cardsapi_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/storetest"
)

const cardEvent = "CARD_STATUS_UPDATED"

// TestCards_Switches is contract §10.7, §10.8 and §26.5, items 40 to 43.
func TestCards_Switches(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.fresh()
	h.events()
	state := func(a answer, status, reason, liftable, frozen, events string) {
		t.Helper()
		a.want(200)
		if got := a.text("status") + " " + a.text("blockReason", "type") + " " + a.raw("blockLiftable") + " " + a.raw("frozen"); got != status+" "+reason+" "+liftable+" "+frozen {
			t.Errorf("card %s", a.body)
		}
		all := h.events()
		if kinds(all) != events || (events != "" && all[0].raw("data") != a.body) {
			t.Errorf("events %q after %s", kinds(all), a.body)
		}
		h.world.Clock.Advance(time.Second)
	}
	post := func(command, body string) answer { return h.post("/cards/"+id+"/"+command, body) }
	state(post("freeze", ""), "FROZEN", "", "false", "true", cardEvent)
	state(post("freeze", "{"), "FROZEN", "", "false", "true", "")
	state(post("unfreeze", ""), "ACTIVE", "", "false", "false", cardEvent)
	state(post("unfreeze", ""), "ACTIVE", "", "false", "false", "")
	state(post("block", ""), "BLOCKED", "BLOCKED_BY_PARTNER", "true", "false", cardEvent)
	state(post("block", `{"message":"again"}`), "BLOCKED", "BLOCKED_BY_PARTNER", "true", "false", "")
	state(post("freeze", ""), "BLOCKED", "BLOCKED_BY_PARTNER", "true", "true", cardEvent)
	state(post("unblock", ""), "FROZEN", "", "false", "true", cardEvent)
	state(post("unblock", ""), "FROZEN", "", "false", "true", "")
	blocked := post("block", `{"message":"  seen twice "}`)
	if blocked.text("blockReason", "message") != "seen twice" {
		t.Errorf("%s", blocked.body)
	}
	state(blocked, "BLOCKED", "BLOCKED_BY_PARTNER", "true", "true", cardEvent)
	post("block", `{"message":""}`).wrong("body", "message too_short")
	post("block", `{"message":"`+strings.Repeat("x", 201)+`"}`).wrong("body", "message too_long")

	simulate := func(body string, events string) {
		t.Helper()
		h.post("/simulation/cards/"+id+"/status", body).want(204)
		if got := kinds(h.events()); got != events {
			t.Errorf("%s: events %q", body, got)
		}
	}
	simulate(`{"status":"ACTIVE"}`, cardEvent)
	simulate(`{"status":"ACTIVE"}`, "")
	simulate(`{"status":"BLOCKED","blockReasonType":"OTHER"}`, cardEvent)
	post("unblock", "").refused(409, "CARD_BLOCK_NOT_LIFTABLE", `{"blockReason":{"type":"OTHER","message":"Blocked by the issuer."}}`)
	simulate(`{"status":"EXPIRED"}`, cardEvent)
	for _, command := range []string{"freeze", "unfreeze", "block", "unblock"} {
		post(command, "").refused(400, "CARD_OPERATION_NOT_ALLOWED", `{"status":"EXPIRED","reason":"EXPIRED"}`)
	}
	h.post("/simulation/cards/"+id+"/status", `{"status":"FROZEN"}`).refused(400, "SIMULATION_INVALID_STATE", `{"reason":"EXPIRED"}`)
	simulate(`{"status":"ACTIVE"}`, cardEvent)
	h.post("/simulation/cards/"+id+"/status", `{"status":"GONE","blockReasonType":"X"}`).wrong("body", "blockReasonType invalid_enum", "status invalid_enum")
	for filter, want := range map[string]int{"status=ACTIVE": 1, "status=BLOCKED": 0, "type=PHYSICAL": 1, "type=VIRTUAL": 0, "type=PHYSICAL&status=ACTIVE&userId=" + h.get("/cards/"+id).text("userId"): 1} {
		if got := strings.Count(h.get("/cards?"+filter).want(200).body, id); got != want {
			t.Errorf("%s finds %d", filter, got)
		}
	}
}

// TestCards_Create is contract §10.2: the refusals in their order.
func TestCards_Create(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	user := h.post("/users", `{"email":"a@b.c","phoneNumber":"+525512345678"}`).want(200).text("id")
	other, account := h.approved()
	_ = other
	make := func(user, account, design string) answer {
		body := `{"userId":"` + user + `","accountId":"` + account + `","type":"PHYSICAL"`
		if design != "" {
			body += `,"cardDesignId":"` + design + `"`
		}
		return h.post("/cards", body+"}")
	}
	make(someID, someID, "x").refused(404, "USER_NOT_FOUND", "null")
	make(user, someID, "x").refused(400, "USER_NOT_APPROVED", `{"applicationStatus":"NOT_STARTED"}`)
	h.post("/accounts", `{"ownerId":"`+user+`"}`).refused(400, "USER_NOT_APPROVED", `{"applicationStatus":"NOT_STARTED"}`)
	h.post("/simulation/users/"+user+"/application", `{"status":"APPROVED"}`).want(204)
	if u := h.get("/users/" + user); u.text("firstName") != "SANDBOX" || u.text("lastName") != "CARDHOLDER" {
		t.Errorf("user %s", u.body)
	}
	make(user, someID, "x").refused(404, "ACCOUNT_NOT_FOUND", "null")
	h.post("/simulation/accounts/"+account+"/status", `{"status":"RESTRICTED"}`).want(204)
	make(user, account, "x").refused(400, "ACCOUNT_NOT_ACTIVE", `{"status":"RESTRICTED"}`)
	h.post("/simulation/accounts/"+account+"/status", `{"status":"ACTIVE"}`).want(204)
	make(user, account, "x").refused(400, "ACCOUNT_OWNER_MISMATCH", "null")
	own := h.post("/accounts", `{"ownerId":"`+user+`"}`).want(200).text("id")
	make(user, own, "no-such-design").refused(404, "CARD_DESIGN_NOT_FOUND", "null")
	make(user, own, someID).refused(404, "CARD_DESIGN_NOT_FOUND", "null")
	idle := h.world.NewDesign(func(d *card.Design) { d.Active = false })
	make(user, own, idle.ID.String()).refused(400, "CARD_DESIGN_NOT_USABLE", `{"reason":"INACTIVE"}`)
	virtual := h.world.NewDesign(func(d *card.Design) { d.Types = []card.Type{card.Virtual} })
	make(user, own, virtual.ID.String()).refused(400, "CARD_DESIGN_NOT_USABLE", `{"reason":"TYPE_NOT_SUPPORTED"}`)
	made := make(user, own, "").want(200)
	if made.text("cardDesignId") != h.world.Design.ID.String() || made.text("cardholderName") != "SANDBOX CARDHOLDER" || made.text("physicalCardStatus") != "NOT_ORDERED" {
		t.Errorf("card %s", made.body)
	}
	for _, secret := range []string{"pan", "cvv", "expir"} {
		if strings.Contains(strings.ToLower(made.body), secret) {
			t.Errorf("%s in %s", secret, made.body)
		}
	}
}

// TestCards_NamesAreEmbossedInTheBureausCharacters is contract §10.1 and the refusal of §14.10.
func TestCards_NamesAreEmbossedInTheBureausCharacters(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for first, want := range map[string]string{"Ольга": "OLGA TORRES", "José María de los Ángeles": "JOSE MARIA DE LOS ANGELES", "王小明": "WANG XIAO MING TORRES"} {
		if got := h.named(first, "Torres").text("cardholderName"); got != want {
			t.Errorf("%s is embossed %q, want %q", first, got, want)
		}
	}
	nameless := h.named("🙂", "🙂")
	if nameless.text("cardholderName") != "" {
		t.Errorf("%s", nameless.body)
	}
	box := h.post("/card-shipments", draftOf(member(nameless.text("id")))).want(200).text("id")
	h.post("/card-shipments/"+box+"/submit", "").refused(400, "CARD_SHIPMENT_REJECTED", "")
}

// named makes a physical card for a new user of that name.
func (h *house) named(first, last string) answer {
	h.t.Helper()
	phone := fmt.Sprintf("+5255%08d", h.serial.Add(1))
	user := h.post("/users", `{"email":"ana@example.com","phoneNumber":"`+phone+`","firstName":"`+first+`","lastName":"`+last+`"}`).want(200).text("id")
	h.post("/users/"+user+"/application", `{}`).want(200)
	h.post("/simulation/users/"+user+"/application", `{"status":"APPROVED"}`).want(204)
	account := h.post("/accounts", `{"ownerId":"`+user+`"}`).want(200).text("id")
	return h.post("/cards", `{"userId":"`+user+`","accountId":"`+account+`","type":"PHYSICAL"}`).want(200)
}

// TestCards_Delete is contract §10.5 and §26.5, items 44 and 45.
func TestCards_Delete(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	drop := func(id string) { t.Helper(); h.do("DELETE", "/cards/"+id, "").want(204) }
	gone := func(id string) {
		t.Helper()
		for _, a := range []answer{
			h.get("/cards/" + id), h.do("DELETE", "/cards/"+id, ""), h.post("/cards/"+id+"/freeze", ""), h.post("/cards/"+id+"/block", ""),
			h.post("/cards/"+id+"/activate", codeBody("123456")), h.get("/cards/" + id + "/activation-code"), h.post("/simulation/cards/"+id+"/status", `{"status":"ACTIVE"}`),
		} {
			a.refused(404, "CARD_NOT_FOUND", "null")
		}
		if strings.Contains(h.get("/cards?limit=100").want(200).body, id) {
			t.Error("a deleted card is listed")
		}
	}
	one, two := h.fresh(), h.fresh()
	draft := h.post("/card-shipments", draftOf(member(one), member(two))).want(200).text("id")
	h.events()
	drop(one)
	gone(one)
	all := h.events()
	if kinds(all) != cardEvent || all[0].text("data", "status") != "BLOCKED" || all[0].text("data", "blockReason", "type") != "CARD_DELETED" || all[0].raw("data", "blockLiftable") != "false" {
		t.Errorf("%v", all)
	}
	if box := h.get("/card-shipments/" + draft).want(200); strings.Contains(box.body, one) || !strings.Contains(box.body, two) {
		t.Errorf("draft %s", box.body)
	}
	drop(two)
	h.get("/card-shipments/"+draft).refused(404, "CARD_SHIPMENT_NOT_FOUND", "null")

	one, two = h.fresh(), h.fresh()
	box := h.placed(one, two)
	h.events()
	drop(one)
	gone(one)
	all = h.events()
	if kinds(all) != "CARD_SHIPMENT_STATUS_UPDATED "+cardEvent || all[0].text("data", "cards", "0", "productionStatus") != "CANCELED" || all[0].text("data", "status") != "PLACED" {
		t.Errorf("%v", all)
	}
	h.post("/simulation/card-shipments/"+box+"/production-status", `{"status":"COMPLETED"}`).want(204)
	if b := h.get("/card-shipments/" + box); b.text("status") != "READY_TO_SHIP" {
		t.Errorf("%s", b.body)
	}
	h.scanned(box, "IN_TRANSIT")
	drop(two)
	if b := h.get("/card-shipments/" + box); b.text("status") != "IN_TRANSIT" || b.text("cards", "1", "productionStatus") != "CANCELED" {
		t.Errorf("%s", b.body)
	}
}

// trail gives the audit rows of an action, oldest first.
func (h *house) trail(action string) (rows []audit.Row) {
	h.t.Helper()
	h.world.Read(func(ctx context.Context, tx issuance.ReadTx) error {
		all, err := tx.AuditTrail(ctx, h.world.Program.ID, issuance.AuditFilter{}, issuance.Page{Limit: 1000})
		for _, r := range all {
			if r.Action == action {
				rows = append([]audit.Row{r}, rows...)
			}
		}
		return err
	})
	return rows
}

// TestCode_Reads is contract §12 and §26.12.
func TestCode_Reads(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	const action = "card.read_activation_code"
	card, _, code := h.shipped()
	read := func(id string, headers ...string) answer {
		h.world.Clock.Advance(time.Millisecond)
		return h.do("GET", "/cards/"+id+"/activation-code", "", headers...)
	}
	a := read(card, "Firsttap-Reason", "lost mailer").want(200)
	if a.body != `{"activationCode":"`+code+`"}` || a.header.Get("Cache-Control") != "no-store" || a.header.Get("Pragma") != "no-cache" || a.header.Get("ETag") != "" {
		t.Errorf("%v %s", a.header, a.body)
	}
	h.post("/cards/"+card+"/freeze", "").want(200)
	for range 5 {
		h.post("/cards/"+card+"/activate", codeBody(otherCode(code))).want(400)
	}
	read(card).want(200)
	h.post("/cards/"+card+"/activate", codeBody(code)).want(429)
	read(card).want(200)
	h.world.Clock.Advance(time.Hour)
	read(card).want(200)
	limited := read(card).refused(429, "RATE_LIMIT_EXCEEDED", "null")
	if got := limited.header.Get("Retry-After"); got < "82800" || got > "82860" {
		t.Errorf("Retry-After %s", got)
	}
	rows := h.trail(action)
	if len(rows) != 6 || rows[1].Note != "reads so far: 1; reason: lost mailer" || rows[5].Outcome != "activation_code_reveal_limit" || rows[5].Note != "reads so far: 5" {
		t.Fatalf("%+v", rows)
	}
	for _, r := range rows {
		if r.Card.String() != card || !strings.HasPrefix(r.Actor, "key:ftk_sandbox_") || r.Source != "192.0.2.7" || strings.Contains(fmt.Sprintf("%+v", r), code) {
			t.Errorf("%+v", r)
		}
	}
	h.world.Clock.Advance(23 * time.Hour)
	read(card).want(200)
	h.post("/cards/"+card+"/activate", codeBody(code)).want(204)
	no := func(id, reason string) {
		t.Helper()
		read(id).refused(400, "ACTIVATION_CODE_NOT_AVAILABLE", `{"reason":"`+reason+`"}`)
	}
	no(card, "ALREADY_ACTIVATED")
	fresh := h.fresh()
	no(fresh, "NOT_ISSUED")
	h.post("/cards/"+fresh+"/block", "").want(200)
	no(fresh, "BLOCKED")
	h.post("/simulation/cards/"+fresh+"/status", `{"status":"EXPIRED"}`).want(204)
	no(fresh, "EXPIRED")
	canceled, box, _ := h.shipped()
	h.scanned(box, "CANCELED")
	no(canceled, "CANCELED")
	read(someID).refused(404, "CARD_NOT_FOUND", "null")
	if rows = h.trail(action); rows[len(rows)-1].Outcome != "card_not_found" {
		t.Errorf("%+v", rows[len(rows)-1])
	}
	read(card, "Firsttap-Reason", strings.Repeat("x", 201)).wrong("headers", "firsttap-reason too_long")
	read(card, "Firsttap-Reason", "\xff").wrong("headers", "firsttap-reason invalid_format")
}

func TestCode_Modes(t *testing.T) {
	t.Parallel()
	for mode, c := range map[string]struct {
		plain, reasoned func(answer)
	}{
		"require_reason": {func(a answer) { a.wrong("headers", "firsttap-reason required") }, func(a answer) { a.want(200) }},
		"refuse":         {func(a answer) { a.refused(403, "ACTIVATION_CODE_REVEAL_NOT_ENABLED", `{"reason":"POLICY"}`) }, func(a answer) { a.want(403) }},
		"approval":       {func(a answer) { a.refused(403, "ACTIVATION_CODE_REVEAL_NOT_ENABLED", `{"reason":"APPROVAL_REQUIRED"}`) }, func(a answer) { a.want(403) }},
	} {
		h := newHouse(t, storetest.WithPolicy("activation_code.mode", mode))
		card := h.fresh()
		h.placed(card)
		c.plain(h.get("/cards/" + card + "/activation-code"))
		c.reasoned(h.do("GET", "/cards/"+card+"/activation-code", "", "Firsttap-Reason", "lost"))
		if rows := h.trail("card.read_activation_code"); len(rows) != 2 {
			t.Errorf("%s: %d audit rows", mode, len(rows))
		}
	}
	h := newHouse(t, storetest.WithPolicy("activation_code.require_shipped", "true"))
	card := h.fresh()
	box := h.placed(card)
	h.get("/cards/"+card+"/activation-code").refused(400, "ACTIVATION_CODE_NOT_AVAILABLE", `{"reason":"NOT_SHIPPED"}`)
	h.scanned(box, "IN_TRANSIT")
	h.get("/cards/" + card + "/activation-code").want(200)
}
