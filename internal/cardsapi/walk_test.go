package cardsapi_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/storetest"
)

const (
	addressMX   = `{"line1":"Av. Reforma 222","line2":"Piso 5","zone":"CMX","city":"Ciudad de Mexico","postalCode":"06600","country":"MEX"}`
	recipientMX = `{"firstName":"Ana","lastName":"Torres","phoneNumber":"+52 55 1234-5678","dialCode":52,"email":"ana@example.com"}`
	courierDHL  = `{"type":"DHL","name":"Express"}`
)

// approved makes an approved user with an account.
func (h *house) approved() (user, account string) {
	h.t.Helper()
	phone := fmt.Sprintf("+5255%08d", h.serial.Add(1))
	user = h.post("/users", `{"email":"ana@example.com","phoneNumber":"`+phone+`","firstName":"Ana","lastName":"Torres"}`).want(200).text("id")
	h.post("/users/"+user+"/application", `{}`).want(200)
	h.post("/simulation/users/"+user+"/application", `{"status":"APPROVED"}`).want(204)
	return user, h.post("/accounts", `{"ownerId":"`+user+`"}`).want(200).text("id")
}

// fresh makes a physical card that was never ordered.
func (h *house) fresh() string {
	h.t.Helper()
	user, account := h.approved()
	return h.post("/cards", `{"userId":"`+user+`","accountId":"`+account+`","type":"PHYSICAL"}`).want(200).text("id")
}

// draftOf makes a draft with these members, given as JSON.
func draftOf(members ...string) string {
	return `{"destinationAddress":` + addressMX + `,"recipient":` + recipientMX + `,"courier":` + courierDHL + `,"cards":[` + strings.Join(members, ",") + `]}`
}

func member(card string) string { return `{"cardId":"` + card + `"}` }

// placed makes a submitted shipment of these cards.
func (h *house) placed(cards ...string) string {
	h.t.Helper()
	members := make([]string, len(cards))
	for i, c := range cards {
		members[i] = member(c)
	}
	box := h.post("/card-shipments", draftOf(members...)).want(200).text("id")
	h.post("/card-shipments/"+box+"/submit", "").want(200)
	return box
}

func (h *house) scanned(box, status string) {
	h.t.Helper()
	h.world.Clock.Advance(time.Minute)
	h.post("/simulation/card-shipments/"+box+"/shipping-status", `{"status":"`+status+`"}`).want(204)
}

// shipped makes a card in a parcel on its way, with the code of its mailer.
func (h *house) shipped() (card, box, code string) {
	h.t.Helper()
	card = h.fresh()
	box = h.placed(card)
	h.scanned(box, "IN_TRANSIT")
	return card, box, h.get("/cards/" + card + "/activation-code").want(200).text("activationCode")
}

func codeBody(code string) string { return `{"activationCode":"` + code + `"}` }

// otherCode is six digits that differ.
func otherCode(code string) string {
	return string('0'+(code[0]-'0'+1)%10) + code[1:]
}

func (h *house) physical(card string) string {
	return h.get("/cards/" + card).want(200).text("physicalCardStatus")
}

// TestWalk_FromNothingToTheFirstTap is contract §9.1 and §26.14, item 125, with the events on the way.
func TestWalk_FromNothingToTheFirstTap(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	card := h.fresh()
	h.events()
	last := ""
	step := func(want string, wantEvents string) {
		t.Helper()
		c := h.get("/cards/" + card).want(200)
		if got := c.text("physicalCardStatus"); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
		if now := c.text("updatedAt"); now <= last {
			t.Errorf("%s: updatedAt is %s after %s", want, now, last)
		} else {
			last = now
		}
		if got := kinds(h.events()); got != wantEvents {
			t.Errorf("%s: events %q, want %q", want, got, wantEvents)
		}
		h.world.Clock.Advance(time.Minute)
	}
	const one = "CARD_SHIPMENT_STATUS_UPDATED"
	step("NOT_ORDERED", "")
	box := h.post("/card-shipments", draftOf(member(card))).want(200)
	if box.text("status") != "DRAFT" || box.text("cards", "0", "productionStatus") != "PENDING" || box.raw("cutoffDate") != "null" || box.raw("submittedAt") != "null" {
		t.Errorf("draft %s", box.body)
	}
	if box.text("destinationAddress", "country") != "MX" || box.text("recipient", "phoneNumber") != "5512345678" {
		t.Errorf("normal forms in %s", box.body)
	}
	id := box.text("id")
	h.get("/cards/"+card+"/activation-code").refused(400, "ACTIVATION_CODE_NOT_AVAILABLE", `{"reason":"NOT_ISSUED"}`)
	placed := h.post("/card-shipments/"+id+"/submit", "").want(200)
	if placed.text("status") != "PLACED" || placed.text("cards", "0", "productionStatus") != "REQUESTED" || placed.text("cutoffDate") != "2026-03-09T16:00:00.000Z" {
		t.Errorf("placed %s", placed.body)
	}
	step("REQUESTED", one)
	for _, production := range []struct{ status, physical, member, box string }{
		{"IN_PRODUCTION", "IN_PRODUCTION", "IN_PRODUCTION", "IN_PRODUCTION"},
		{"ON_HOLD", "IN_PRODUCTION", "ON_HOLD", "IN_PRODUCTION"},
		{"COMPLETED", "PRODUCTION_COMPLETED", "COMPLETED", "READY_TO_SHIP"},
	} {
		h.post("/simulation/cards/"+card+"/production-status", `{"productionStatus":"`+production.status+`"}`).want(204)
		step(production.physical, one)
		b := h.get("/card-shipments/" + id).want(200)
		if b.text("status") != production.box || b.text("cards", "0", "productionStatus") != production.member {
			t.Errorf("%s: %s", production.status, b.body)
		}
	}
	for _, scan := range []string{"IN_TRANSIT", "OUT_FOR_DELIVERY", "DELIVERED"} {
		h.post("/simulation/cards/"+card+"/shipping-status", `{"status":"`+scan+`","trackingNumber":"482"}`).want(204)
		step(scan, one)
	}
	code := h.get("/cards/" + card + "/activation-code").want(200).text("activationCode")
	done := h.post("/cards/"+card+"/activate", codeBody(code)).want(204)
	if done.body != "" || done.header.Get("Content-Type") != "" || done.header.Get("Cache-Control") != "no-store" {
		t.Errorf("204 with %v %q", done.header, done.body)
	}
	all := h.events()
	if kinds(all) != "CARD_SHIPMENT_STATUS_UPDATED CARD_STATUS_UPDATED" {
		t.Fatalf("events %q", kinds(all))
	}
	if now := h.get("/cards/" + card).want(200); now.body != all[1].raw("data") || now.text("physicalCardStatus") != "ACTIVATED" || now.text("status") != "ACTIVE" {
		t.Errorf("card\n%s, event\n%s", now.body, all[1].body)
	}
	if now := h.get("/card-shipments/" + id).want(200); now.body != all[0].raw("data") || now.text("cards", "0", "productionStatus") != "ACTIVATED" || now.text("status") != "DELIVERED" || now.text("trackingNumber") != "482" {
		t.Errorf("shipment\n%s, event\n%s", now.body, all[0].body)
	}
	listed, whole := h.get("/card-shipments?cardId="+card), h.get("/card-shipments/"+id)
	if at := whole.text("updatedAt"); listed.text("items", "0", "updatedAt") != at || at != whole.text("cards", "0", "updatedAt") {
		t.Errorf("listed as\n%s, read as\n%s", listed.body, whole.body)
	}
	h.scanned(id, "RETURNED")
	if h.physical(card) != "ACTIVATED" || kinds(h.events()) != "" {
		t.Error("a late scan moved an activated card")
	}
}

// TestActivate_ByPhysicalStatus is contract §11.3 and §26.6.
func TestActivate_ByPhysicalStatus(t *testing.T) {
	t.Parallel()
	const no = "CARD_CANNOT_BE_ACTIVATED"
	for name, c := range map[string]struct {
		production, scan string
		policy           bool
		reason           string // "": activated
	}{
		"requested":                    {"", "", false, "NOT_SHIPPED"},
		"in production":                {"IN_PRODUCTION", "", false, "NOT_SHIPPED"},
		"on hold":                      {"ON_HOLD", "", false, "NOT_SHIPPED"},
		"on hold, and the box left":    {"ON_HOLD", "IN_TRANSIT", false, "NOT_SHIPPED"},
		"produced":                     {"COMPLETED", "", false, "NOT_SHIPPED"},
		"ready":                        {"", "READY_TO_SHIP", false, "NOT_SHIPPED"},
		"in transit":                   {"", "IN_TRANSIT", false, ""},
		"out for delivery":             {"COMPLETED", "OUT_FOR_DELIVERY", false, ""},
		"delivered":                    {"", "DELIVERED", false, ""},
		"delivery failed":              {"", "DELIVERY_FAILED", false, "DELIVERY_FAILED"},
		"delivery failed, policy open": {"", "DELIVERY_FAILED", true, ""},
		"exception":                    {"", "EXCEPTION", false, "DELIVERY_EXCEPTION"},
		"exception, policy open":       {"", "EXCEPTION", true, ""},
		"returned":                     {"", "RETURNED", false, "RETURNED"},
		"returned, policy open":        {"", "RETURNED", true, "RETURNED"},
		"lost":                         {"", "LOST", false, "LOST_IN_TRANSIT"},
		"lost, policy open":            {"", "LOST", true, "LOST_IN_TRANSIT"},
		"shipment canceled":            {"", "CANCELED", false, "CANCELED"},
		"production canceled":          {"CANCELED", "", false, "CANCELED"},
		"refused by the bureau":        {"REJECTED", "", false, "NOT_SHIPPED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, storetest.WithPolicy("activation.accept_after_failed_delivery", fmt.Sprint(c.policy)))
			card := h.fresh()
			box := h.placed(card)
			code := h.get("/cards/" + card + "/activation-code").want(200).text("activationCode")
			if c.production != "" {
				h.post("/simulation/card-shipments/"+box+"/production-status", `{"status":"`+c.production+`"}`).want(204)
			}
			if c.scan != "" {
				h.scanned(box, c.scan)
			}
			h.events()
			a := h.post("/cards/"+card+"/activate", codeBody(code))
			if c.reason == "" {
				a.want(204)
				return
			}
			a.refused(400, no, `{"reason":"`+c.reason+`"}`)
			if kinds(h.events()) != "" {
				t.Error("a refusal was announced")
			}
		})
	}
	h := newHouse(t)
	h.post("/cards/"+h.fresh()+"/activate", codeBody("123456")).refused(400, no, `{"reason":"NOT_SHIPPED"}`)
	user, account := h.approved()
	virtual := h.post("/cards", `{"userId":"`+user+`","accountId":"`+account+`","type":"VIRTUAL"}`).want(200)
	if virtual.raw("physicalCardStatus") != "null" || virtual.text("3dsChallengeMethod") != "SMS" {
		t.Errorf("virtual card %s", virtual.body)
	}
	h.post("/cards/"+virtual.text("id")+"/activate", codeBody("123456")).refused(400, no, `{"reason":"NOT_PHYSICAL"}`)
	h.post("/cards/"+user+"/activate", codeBody("123456")).refused(404, "CARD_NOT_FOUND", "null")
}

// TestActivate_StatusAndPrecedence is contract §11.4.
func TestActivate_StatusAndPrecedence(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	no := func(a answer, reason string) {
		t.Helper()
		a.refused(400, "CARD_CANNOT_BE_ACTIVATED", `{"reason":"`+reason+`"}`)
	}
	try := func(card, code string) answer { return h.post("/cards/"+card+"/activate", codeBody(code)) }
	status := func(card, body string) {
		t.Helper()
		h.post("/simulation/cards/"+card+"/status", body).want(204)
	}

	card, _, code := h.shipped()
	h.post("/cards/"+card+"/freeze", "").want(200)
	try(card, otherCode(code)).refused(400, "INVALID_ACTIVATION_CODE", `{"attemptsRemaining":4,"lockedUntil":null}`)
	try(card, code).want(204)
	if c := h.get("/cards/" + card); c.text("status") != "FROZEN" || c.text("physicalCardStatus") != "ACTIVATED" {
		t.Errorf("frozen card %s", c.body)
	}
	no(try(card, code), "ALREADY_ACTIVATED")
	status(card, `{"status":"EXPIRED"}`)
	no(try(card, otherCode(code)), "ALREADY_ACTIVATED")
	h.post("/cards/"+card+"/activate", codeBody("12345")).wrong("body", "activationCode invalid_format")

	card, _, code = h.shipped()
	status(card, `{"status":"BLOCKED","blockReasonType":"OTHER"}`)
	for range 50 {
		no(try(card, otherCode(code)), "BLOCKED")
	}
	status(card, `{"status":"EXPIRED"}`)
	no(try(card, code), "EXPIRED")
	status(card, `{"status":"ACTIVE"}`)
	user := h.get("/cards/" + card).text("userId")
	h.post("/simulation/users/"+user+"/application", `{"status":"REJECTED"}`).want(204)
	no(try(card, code), "USER_NOT_ELIGIBLE")
	h.post("/simulation/users/"+user+"/application", `{"status":"APPROVED"}`).want(204)
	account := h.get("/cards/" + card).text("accountId")
	h.post("/simulation/accounts/"+account+"/status", `{"status":"RESTRICTED"}`).want(204)
	try(card, code).want(204)

	card = h.fresh()
	box := h.placed(card)
	h.post("/cards/"+card+"/block", "").want(200)
	no(try(card, "000000"), "BLOCKED") // before: not shipped
	h.scanned(box, "CANCELED")
	no(try(card, "000000"), "CANCELED")

	card = h.fresh()
	user = h.get("/cards/" + card).text("userId")
	h.post("/simulation/users/"+user+"/application", `{"status":"REJECTED"}`).want(204)
	no(try(card, "000000"), "USER_NOT_ELIGIBLE") // before: not shipped

	card, _, code = h.shipped()
	h.do("DELETE", "/cards/"+card, "").want(204)
	try(card, code).refused(404, "CARD_NOT_FOUND", "null")
}

// TestActivate_WrongCodesLock is contract §11.5 and §26.7.
func TestActivate_WrongCodesLock(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	card, _, code := h.shipped()
	try := func(code string) answer { return h.post("/cards/"+card+"/activate", codeBody(code)) }
	wrong := func(left, until string) {
		t.Helper()
		try(otherCode(code)).refused(400, "INVALID_ACTIVATION_CODE", `{"attemptsRemaining":`+left+`,"lockedUntil":`+until+`}`)
	}
	window := func(lock time.Duration) {
		t.Helper()
		for _, left := range []string{"4", "3", "2", "1"} {
			wrong(left, "null")
		}
		until := h.world.Clock.Now().Add(lock).UTC().Format("2006-01-02T15:04:05.000Z")
		wrong("0", `"`+until+`"`)
		for range 20 {
			a := try(code).refused(429, "ACTIVATION_LOCKED", `{"reason":"TOO_MANY_ATTEMPTS","attemptsRemaining":0,"lockedUntil":"`+until+`"}`)
			if a.header.Get("Retry-After") != fmt.Sprint(int(lock.Seconds())) {
				t.Fatalf("Retry-After %s", a.header.Get("Retry-After"))
			}
		}
		h.world.Clock.Advance(lock)
	}
	h.get("/cards/" + card + "/activation-code").want(200)
	window(15 * time.Minute)
	window(time.Hour)
	for _, left := range []string{"4", "3", "2", "1"} {
		wrong(left, "null")
	}
	wrong("0", "null")
	for range 2 {
		a := try(code).refused(400, "CARD_CANNOT_BE_ACTIVATED", `{"reason":"ACTIVATION_LOCKED"}`)
		if a.header.Get("Retry-After") != "" {
			t.Error("a hard lock names a time")
		}
		h.world.Clock.Advance(48 * time.Hour)
	}
	if got := h.get("/cards/" + card + "/activation-code").want(200).text("activationCode"); got != code {
		t.Errorf("the code changed")
	}

	quiet := newHouse(t, storetest.WithPolicy("activation.show_attempts", "false"))
	card, _, code = quiet.shipped()
	quiet.post("/cards/"+card+"/activate", codeBody(otherCode(code))).refused(400, "INVALID_ACTIVATION_CODE", "null")
}

// TestActivate_Form is contract §26.7, items 65 to 67: nothing is tried, nothing is repeated.
func TestActivate_Form(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	card, _, code := h.shipped()
	path := "/cards/" + card + "/activate"
	for sent, problem := range map[string]string{
		"": "required", `{}`: "required", `{"activationCode":null}`: "required", `{"activationCode":"12345"}`: "invalid_format",
		`{"activationCode":"1234567"}`: "invalid_format", `{"activationCode":"12 345"}`: "invalid_format", `{"activationCode":"12345a"}`: "invalid_format",
		`{"activationCode":" 123456"}`: "invalid_format", `{"activationCode":"１２３４５６"}`: "invalid_format", `{"activationCode":123456}`: "invalid_type",
	} {
		a := h.post(path, sent).wrong("body", "activationCode "+problem)
		if strings.Contains(a.body, "1234") || strings.Contains(a.body, "１") {
			t.Errorf("%s is repeated in %s", sent, a.body)
		}
	}
	for _, name := range []string{"activationCode", "activation_code", "code", "pin"} {
		h.post(path+"?"+name+"="+code, codeBody(code)).wrong("query", name+" not_allowed")
	}
	h.post(path, codeBody(otherCode(code))).refused(400, "INVALID_ACTIVATION_CODE", `{"attemptsRemaining":4,"lockedUntil":null}`)
}
