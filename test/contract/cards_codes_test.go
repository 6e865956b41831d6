package contract

import (
	"regexp"
	"strings"
	"testing"
)

func activationCodes() []check {
	return []check{
		only(102, "no code before submit; then six digits, the same on every read, that activate", codeFromSubmit),
		only(103, "no-store, no ETag, not compressed; no HEAD", codeHeaders),
		only(104, "virtual, activated, canceled, blocked, expired, deleted, foreign; frozen and locked are read", codeRefusals),
		only(105, "a read gives no tries back", codeWhileLocked),
		only(106, "five reads a day", codeReads),
		only(107, "require_reason, refuse, approval, require_shipped", codeModes),
		only(108, "each call leaves one row in the trail, without the code", codeTrail),
	}
}

const (
	noCode      = "ACTIVATION_CODE_NOT_AVAILABLE"
	notRevealed = "ACTIVATION_CODE_REVEAL_NOT_ENABLED"
)

// askCode reads the code of a card.
func (a api) askCode(card string) reply {
	a.t.Helper()
	return a.get("/cards/" + card + "/activation-code")
}

func codeFromSubmit(t *testing.T, h *house) {
	a := h.program(t).cards()
	card := a.fresh()
	a.askCode(card).refused(400, noCode, "NOT_ISSUED")
	box := a.draft(card)
	a.askCode(card).refused(400, noCode, "NOT_ISSUED")
	a.submit(box).is(200)
	code := a.code(card)
	if !regexp.MustCompile(`^[0-9]{6}$`).MatchString(code) {
		t.Errorf("a code of the wrong form")
	}
	a.scan(box, "IN_TRANSIT")
	for range 3 {
		if again := a.code(card); again != code {
			t.Errorf("another code at another read")
		}
	}
	a.activate(card, code).is(204)
}

func codeHeaders(t *testing.T, h *house) {
	a := h.program(t).cards()
	card, _ := a.shipped()
	r := a.with("Accept-Encoding", "gzip, br").askCode(card).is(200)
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "Pragma": "no-cache", "Etag": "", "Content-Encoding": "", "Content-Type": "application/json; charset=utf-8",
	} {
		if got := r.header.Get(name); got != want {
			t.Errorf("%s %q, want %q", name, got, want)
		}
	}
	if len(r.json().(object)) != 1 {
		t.Error("more than the code")
	}
	a.call("HEAD", "/cards/"+card+"/activation-code", nil).is(404)
}

func codeRefusals(t *testing.T, h *house) {
	a := h.program(t).cards()
	a.askCode(a.cardOf(a.holder(), "VIRTUAL")).refused(400, "CARD_TYPE_NOT_SUPPORTED").has("error.detail.type", "VIRTUAL")
	a.askCode(a.active()).refused(400, noCode, "ALREADY_ACTIVATED")

	card := a.fresh()
	a.scan(a.placed(card), "CANCELED")
	a.askCode(card).refused(400, noCode, "CANCELED")

	card, _ = a.shipped()
	a.post("/cards/"+card+"/block", nil).is(200)
	a.askCode(card).refused(400, noCode, "BLOCKED")
	a.simulate(card, "EXPIRED").is(204)
	a.askCode(card).refused(400, noCode, "EXPIRED")

	card, _ = a.shipped()
	a.delete("/cards/" + card).is(204)
	a.askCode(card).refused(404, "CARD_NOT_FOUND")
	a.askCode(nobody).refused(404, "CARD_NOT_FOUND")

	card, code := a.shipped()
	h.program(t).cards().askCode(card).refused(404, "CARD_NOT_FOUND")
	a.post("/cards/"+card+"/freeze", nil).is(200)
	a.askCode(card).is(200).has("activationCode", code)
	a.lock(card, code)
	a.askCode(card).is(200).has("activationCode", code)
}

func codeWhileLocked(t *testing.T, h *house) {
	p := h.program(t)
	a := p.cards()
	card, code := a.shipped()
	a.wrongly(card, code, 4)
	a.askCode(card).is(200)
	a.wrongly(card, code, 3)
	for left := 2; left >= 0; left-- {
		a.wrongly(card, code, left)
	}
	a.askCode(card).is(200)
	a.activate(card, code).refused(429, "ACTIVATION_LOCKED")
	p.advance("15m")
	a.wrongly(card, code, 4)
	if shown := p.shown(card); shown["wrong_tries_of_lifetime"] != 6.0 {
		t.Errorf("%v wrong codes in its life, want 6", shown["wrong_tries_of_lifetime"])
	}
}

func codeReads(t *testing.T, h *house) {
	p := h.program(t)
	a := p.cards()
	card := a.fresh()
	a.askCode(card).refused(400, noCode) // a refusal is no read
	a.placed(card)
	for range 5 {
		a.askCode(card).is(200)
	}
	a.askCode(card).refused(429, "RATE_LIMIT_EXCEEDED").waits(86000, 86400).has("error.detail", nil)
	other := a.fresh()
	a.placed(other)
	a.askCode(other).is(200)
	p.advance("24h")
	a.askCode(card).is(200)
}

func codeModes(t *testing.T, h *house) {
	p := h.program(t, "activation_code.mode=require_reason")
	a := p.cards()
	card := a.fresh()
	a.placed(card)
	a.askCode(card).invalid("headers", "firsttap-reason required")
	a.with("Firsttap-Reason", strings.Repeat("x", 201)).askCode(card).refused(422, "VALIDATION_FAILED").has("error.detail.on", "headers")
	a.with("Firsttap-Reason", "the mailer was lost").askCode(card).is(200)
	rows := p.traced("card.read_activation_code", card)
	if last := rows[len(rows)-1]; !strings.Contains(last["note"].(string), "the mailer was lost") || last["outcome"] != "ok" {
		t.Errorf("the trail has %v", last)
	}

	refuse := h.program(t, "activation_code.mode=refuse").cards()
	card = refuse.fresh()
	refuse.askCode(card).refused(403, notRevealed, "POLICY")
	refuse.placed(card)
	refuse.askCode(card).refused(403, notRevealed, "POLICY")

	codeByApproval(t, h)

	shipped := h.program(t, "activation_code.require_shipped=true").cards()
	card = shipped.fresh()
	box := shipped.placed(card)
	shipped.askCode(card).refused(400, noCode, "NOT_SHIPPED")
	shipped.scan(box, "IN_TRANSIT")
	shipped.askCode(card).is(200)
}

// codeByApproval lets an operator approve reads: each approval serves one read of its card within 15 minutes.
func codeByApproval(t *testing.T, h *house) {
	t.Helper()
	p := h.program(t, "activation_code.mode=approval", "activation_code.per_card_per_day=3")
	a := p.cards()
	card, other := a.fresh(), a.fresh()
	approve := func() { t.Helper(); h.command(t, "card", "approve-code", card, "--reason", "identity checked") }
	unapproved := func(card string) { t.Helper(); a.askCode(card).refused(403, notRevealed, "APPROVAL_REQUIRED") }
	a.askCode(card).refused(400, noCode, "NOT_ISSUED")
	a.placed(card)
	a.placed(other)
	unapproved(card)

	approve()
	unapproved(other)
	p.advance("14m")
	counts(t, together(t, 10, func(int) reply { return a.askCode(card) }), map[string]int{"200": 1, "403 " + notRevealed + " APPROVAL_REQUIRED": 9})
	unapproved(card)

	approve()
	p.advance("15m1s")
	unapproved(card)

	approve()
	a.post("/cards/"+card+"/block", nil).is(200)
	a.askCode(card).refused(400, noCode, "BLOCKED") // which is no read
	a.post("/cards/"+card+"/unblock", nil).is(200)
	code := a.askCode(card).is(200).text("activationCode")
	unapproved(card)

	approve()
	a.askCode(card).is(200).has("activationCode", code)
	unapproved(card) // comes before the limit of the day
	approve()
	a.askCode(card).refused(429, "RATE_LIMIT_EXCEEDED")
	rows := p.traced("card.approve_code_read", card)
	if len(rows) != 5 {
		t.Fatalf("%d rows for five approvals: %v", len(rows), rows)
	}
	for _, row := range rows {
		if row["outcome"] != "ok" || row["note"] != "identity checked" || row["actor"] == nil {
			t.Errorf("an approval is %v", row)
		}
	}
}

func codeTrail(t *testing.T, h *house) {
	p := h.program(t)
	key := p.key()
	a := p.cardsWith(key)
	card := a.fresh()
	a.askCode(card).refused(400, noCode)
	a.placed(card)
	code := a.with("Firsttap-Reason", "asked by phone").askCode(card).is(200).text("activationCode")
	a.post("/cards/"+card+"/block", nil).is(200)
	a.askCode(card).refused(400, noCode)
	a.askCode(nobody).refused(404, "CARD_NOT_FOUND")
	if rows := p.traced("card.read_activation_code", nobody); len(rows) != 1 || rows[0]["outcome"] != "card_not_found" {
		t.Errorf("a read of an unknown card left %v", rows)
	}
	rows := p.traced("card.read_activation_code", card)
	if len(rows) != 3 {
		t.Fatalf("%d rows for three calls: %v", len(rows), rows)
	}
	for i, outcome := range []string{"activation_code_not_available", "ok", "activation_code_not_available"} {
		row := rows[i]
		if row["outcome"] != outcome || row["actor"] != "key:"+keyID(key) || row["source"] != "127.0.0.1" || row["at"] == nil {
			t.Errorf("row %d is %v, want %s", i, row, outcome)
		}
		for name, v := range row {
			if s, ok := v.(string); ok && name != "id" && name != "request_id" && name != "at" && strings.Contains(s, code) && !strings.Contains(card, code) {
				t.Errorf("row %d shows the code in %s", i, name)
			}
		}
	}
	if note := rows[1]["note"].(string); !strings.Contains(note, "asked by phone") {
		t.Errorf("the reason is not in %q", note)
	}
}
