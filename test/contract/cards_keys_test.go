package contract

import (
	"strings"
	"testing"
)

func idempotency() []check {
	return []check{
		only(23, "cards, accounts, submit and API keys ask for a key", whereKeysAreRequired),
		only(24, "255 characters work; 256, none, a space and other letters do not, on activate either", formsOfKeys),
		only(25, "same key, same body: the same bytes, one card", sameAgain),
		only(26, "order of members, spacing and a slash at the end do not matter", sameInOtherWords),
		only(27, "another body is a mismatch; ten mismatches burn the key", burnedKey),
		only(28, "another path is a mismatch, another programme is not", otherPathOtherProgram),
		only(29, "a second API key of the programme shares the keys", otherAPIKey),
		only(30, "20 at once under one key: one execution", parallelKeys),
		only(31, "400 and 404 are remembered; 422, 401 and 429 are not", whatIsRemembered),
		only(32, "24 hours of the sandbox's clock", windowOfKeys),
		only(33, "a fault is not remembered", faultNotRemembered),
		only(34, "a kill between commit and answer: the retry is a replay", killBeforeAnswer),
		only(35, "an invalid body comes before the key; GET and PUT ignore it", whereKeysDoNotCount),
		only(36, "a replay repeats a secret, and no log has it", secretsAgain),
	}
}

func whereKeysAreRequired(t *testing.T, h *house) {
	a := h.program(t).cards()
	owner := a.holder()
	box := a.draft(a.cardOf(owner, "PHYSICAL"))
	for path, body := range map[string]any{
		"/cards":    object{"userId": owner.user, "accountId": owner.account, "type": "VIRTUAL"},
		"/accounts": object{"ownerId": owner.user}, "/card-shipments/" + box + "/submit": nil, "/api-keys": object{"name": "x"},
	} {
		a.post(path, body).invalid("headers", "idempotency-key required")
	}
}

func secretsAgain(t *testing.T, h *house) {
	a := h.program(t).cards()
	for path, of := range map[string]struct {
		member string
		body   object
	}{
		"/webhooks": {"signingSecret", object{"name": "main", "url": "http://127.0.0.1:9999"}},
		"/api-keys": {"secret", object{"name": "backend"}},
	} {
		first := a.keyed(path).post(path, of.body).is(200).replayed(false)
		secret := first.text(of.member)
		if again := a.keyed(path).post(path, of.body).is(200).replayed(true); again.body != first.body {
			t.Errorf("%s: the replay differs", path)
		}
		if strings.Contains(h.log(t), secret) {
			t.Errorf("%s: the secret is in a log", path)
		}
	}
}

func formsOfKeys(t *testing.T, h *house) {
	a := h.program(t).cards()
	card, code := a.shipped()
	owner := a.holder()
	body := object{"userId": owner.user, "accountId": owner.account, "type": "VIRTUAL"}
	a.keyed(strings.Repeat("k", 255)).post("/cards", body).is(200)
	for _, key := range []string{strings.Repeat("k", 256), "", "two words", "schlüssel", "\tk\tk"} {
		if key == "" {
			a.keyed(key).post("/cards", body).refused(422, "VALIDATION_FAILED").has("error.detail.on", "headers", "error.detail.errors.0.path", "idempotency-key")
			a.keyed(key).activate(card, code).refused(422, "VALIDATION_FAILED").has("error.detail.on", "headers", "error.detail.errors.0.path", "idempotency-key")
			continue
		}
		a.keyed(key).post("/cards", body).refused(422, "VALIDATION_FAILED").has("error.detail.on", "headers", "error.detail.errors.0.path", "idempotency-key").lacks(key)
		a.keyed(key).activate(card, code).refused(422, "VALIDATION_FAILED").has("error.detail.on", "headers", "error.detail.errors.0.path", "idempotency-key").lacks(key)
	}
	a.with("Idempotency-Key", "one", "Idempotency-Key", "two").activate(card, code).
		refused(422, "VALIDATION_FAILED").has("error.detail.on", "headers", "error.detail.errors.0.path", "idempotency-key")
	a.keyed(strings.Repeat("~", 255)).activate(card, code).is(204)
	if cards := a.get("/cards?userId=" + owner.user).list("items"); len(cards) != 1 {
		t.Errorf("%d cards, want 1", len(cards))
	}
}

// virtualBody is the body of a virtual card for a new holder.
func (a api) virtualBody() object {
	a.t.Helper()
	owner := a.holder()
	return object{"userId": owner.user, "accountId": owner.account, "type": "VIRTUAL"}
}

// owned is how many cards a body's user has.
func (a api) owned(body object) int {
	a.t.Helper()
	return len(a.get("/cards?userId=" + body["userId"].(string)).is(200).list("items"))
}

func sameAgain(t *testing.T, h *house) {
	a := h.program(t).cards()
	body := a.virtualBody()
	first := a.keyed("K").post("/cards", body).is(200).replayed(false)
	for range 3 {
		if again := a.keyed("K").post("/cards", body).is(200).replayed(true); again.body != first.body {
			t.Errorf("%s, first %s", again.body, first.body)
		}
	}
	if n := a.owned(body); n != 1 {
		t.Errorf("%d cards", n)
	}
}

func sameInOtherWords(t *testing.T, h *house) {
	a := h.program(t).cards()
	body := a.virtualBody()
	user, account := body["userId"].(string), body["accountId"].(string)
	first := a.keyed("K").post("/cards", `{"userId":"`+user+`","accountId":"`+account+`","type":"VIRTUAL"}`).is(200).replayed(false)
	for _, words := range []string{
		`{"type":"VIRTUAL","accountId":"` + account + `","userId":"` + user + `"}`,
		"{\n  \"userId\" : \"" + user + "\",\t\"accountId\":\"" + account + "\",\r\n \"type\":\"VIRTU\\u0041L\" }",
	} {
		for _, path := range []string{"/cards", "/cards/", "/cards?a=b"} {
			if again := a.keyed("K").post(path, words).is(200).replayed(true); again.body != first.body {
				t.Errorf("%s: %s, first %s", path, again.body, first.body)
			}
		}
	}
	if n := a.owned(body); n != 1 {
		t.Errorf("%d cards", n)
	}
}

func burnedKey(t *testing.T, h *house) {
	a := h.program(t).cards()
	body := a.virtualBody()
	a.keyed("K").post("/cards", body).is(200)
	other := func(more ...any) object {
		changed := object{}
		for name, v := range body {
			changed[name] = v
		}
		for i := 0; i < len(more); i += 2 {
			changed[more[i].(string)] = more[i+1]
		}
		return changed
	}
	a.keyed("K").post("/cards", other("type", "PHYSICAL")).refused(400, mismatch).replayed(false)
	a.keyed("K").post("/cards", other("unknown", 1)).refused(400, mismatch)
	a.keyed("K").post("/cards", other("3dsChallengeMethod", nil)).refused(400, mismatch)
	a.keyed("K").post("/cards", body).is(200).replayed(true)
	for n := 4; n <= 10; n++ {
		a.keyed("K").post("/cards", other("unknown", n)).refused(400, mismatch)
		if n < 10 {
			a.keyed("K").post("/cards", body).is(200).replayed(true)
		}
	}
	a.keyed("K").post("/cards", body).refused(400, mismatch)
	if n := a.owned(body); n != 1 {
		t.Errorf("%d cards", n)
	}
}

func otherPathOtherProgram(t *testing.T, h *house) {
	a := h.program(t).cards()
	body := newUserBody()
	first := a.keyed("K").post("/users", body).is(200).text("id")
	a.keyed("K").post("/webhooks", body).refused(422, "VALIDATION_FAILED") // validation comes first
	card := a.fresh()
	a.keyed("L").post("/cards/"+card+"/freeze", nil).is(200)
	a.keyed("L").post("/cards/"+card+"/unfreeze", nil).refused(400, mismatch)
	a.get("/cards/"+card).has("frozen", true)

	b := h.program(t).cards()
	if second := b.keyed("K").post("/users", body).is(200).replayed(false).text("id"); second == first {
		t.Error("two programmes share a user")
	}
}

func otherAPIKey(t *testing.T, h *house) {
	p := h.program(t)
	body := newUserBody()
	first := p.cards().keyed("K").post("/users", body).is(200).replayed(false)
	if again := p.cards().keyed("K").post("/users", body).is(200).replayed(true); again.body != first.body {
		t.Errorf("%s, first %s", again.body, first.body)
	}
}

func parallelKeys(t *testing.T, h *house) {
	a := h.program(t).cards()
	body := a.virtualBody()
	oneExecution(t, together(t, 20, func(int) reply { return a.keyed("K").post("/cards", body) }), 200)
	if n := a.owned(body); n != 1 {
		t.Errorf("%d cards", n)
	}
	a.keyed("K").post("/cards", body).is(200).replayed(true)
}

func whatIsRemembered(t *testing.T, h *house) {
	p := h.program(t)
	a := p.cards()
	body := a.virtualBody()
	user := body["userId"].(string)
	body["userId"] = a.pendingUser()
	first := a.keyed("400").post("/cards", body).refused(400, "USER_NOT_APPROVED").replayed(false)
	a.post("/users/"+body["userId"].(string)+"/application", object{}).is(200)
	a.decide(body["userId"].(string), "APPROVED")
	if again := a.keyed("400").post("/cards", body).refused(400, "USER_NOT_APPROVED").replayed(true); again.body != first.body {
		t.Errorf("%s, first %s", again.body, first.body)
	}
	body["userId"] = nobody
	a.keyed("404").post("/cards", body).refused(404, "USER_NOT_FOUND").replayed(false)
	a.keyed("404").post("/cards", body).refused(404, "USER_NOT_FOUND").replayed(true)

	body["userId"], body["type"] = user, "PAPER"
	a.keyed("422").post("/cards", body).refused(422, "VALIDATION_FAILED")
	body["type"] = "VIRTUAL"
	a.keyed("422").post("/cards", body).is(200).replayed(false)
	p.cardsWith("ftk_sandbox_unknown").stranger().keyed("401").post("/cards", body).refused(401, "INVALID_API_KEY")
	a.keyed("401").post("/cards", body).is(200).replayed(false)

	slow := h.limited(t, "rate_limits.default=1/1/100").cards().alone()
	slow.get("/users").is(200)
	someone := newUserBody()
	slow.keyed("429").post("/users", someone).refused(429, "RATE_LIMIT_EXCEEDED")
	card, code := a.shipped()
	a.lock(card, code)
	a.keyed("429").activate(card, code).refused(429, "ACTIVATION_LOCKED")
	p.advance("15m")
	a.keyed("429").activate(card, code).is(204).replayed(false)
}

func windowOfKeys(t *testing.T, h *house) {
	p := h.program(t)
	a := p.cards()
	body := a.virtualBody()
	first := a.keyed("K").post("/cards", body).is(200).text("id")
	p.advance("23h59m")
	a.keyed("K").post("/cards", body).is(200).replayed(true).has("id", first)
	p.advance("2m")
	if second := a.keyed("K").post("/cards", body).is(200).replayed(false).text("id"); second == first {
		t.Error("the same card after 24 hours")
	}
	if n := a.owned(body); n != 2 {
		t.Errorf("%d cards", n)
	}
}

func faultNotRemembered(t *testing.T, h *house) {
	own := h.breakable(t)
	a := own.program(t).cards()
	body := a.virtualBody()
	own.commits(t, func() { a.keyed("K").post("/cards", body).fault().replayed(false) })
	first := a.keyed("K").post("/cards", body).is(200).replayed(false)
	a.keyed("K").post("/cards", body).is(200).replayed(true).has("id", first.at("id"))
	if n := a.owned(body); n != 1 {
		t.Errorf("%d cards", n)
	}
}

func killBeforeAnswer(t *testing.T, h *house) {
	own := h.breakable(t)
	a := own.program(t).cards()
	for answered := true; answered; {
		body := a.virtualBody()
		answered = own.killAfterCommit(t, func() (reply, error) { return a.keyed("K-"+body["userId"].(string)).attempt("POST", "/cards", body) })
		if !answered && own.mayMistake() && a.owned(body) == 0 {
			answered = true // what was seen was another's commit: once more
			continue
		}
		a.keyed("K-"+body["userId"].(string)).post("/cards", body).is(200).replayed(true)
		if n := a.owned(body); n != 1 {
			t.Fatalf("%d cards", n)
		}
	}
}

func whereKeysDoNotCount(t *testing.T, h *house) {
	a := h.program(t).cards()
	body := a.virtualBody()
	first := a.keyed("K").post("/cards", body).is(200)
	a.keyed("K").post("/cards", object{"userId": body["userId"]}).invalid("body", "accountId required", "type required")
	a.keyed("K").post("/cards", body).is(200).replayed(true)
	a.keyed("K").get("/cards/" + first.text("id")).is(200).replayed(false)
	a.keyed("two words").get("/cards/" + first.text("id")).is(200)

	rule := a.post("/policies", object{"type": "CHANNEL_RESTRICTION", "name": "No cash", "scope": object{"type": "PROJECT"}, "config": object{"channels": []string{"ATM"}}}).is(200).text("id")
	for _, channels := range [][]string{{"ATM"}, {"POS"}, {"ATM"}} {
		a.keyed("K").put("/policies/"+rule+"/config", object{"channels": channels}).is(200).replayed(false).has("config.channels", channels)
	}
}
