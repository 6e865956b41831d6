package contract

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

func activationGuard() []check {
	return []check{
		only(65, "malformed codes: 422, no try spent, nothing repeated", malformedCodes),
		only(66, "leading zeros count", leadingZeros),
		only(67, "a code in the URL is refused and nothing is executed", codeInURL),
		only(68, "wrong codes: 4, 3, 2, 1, 0 tries left, the fifth locks", fiveWrong),
		only(69, "the sixth, with the right code: 429, Retry-After about 900, not activated", lockedRight),
		only(70, "100 calls while locked change nothing", lockedHundred),
		only(71, "429 until 15 minutes have passed, then 204", lockPasses),
		only(72, "a lock of an hour, the hard lock, the operator's reset", hardLock),
		only(73, "four wrong, then the right one: 204", fourWrong),
		only(74, "refusals by the state cost no try, fifty times", stateCostsNothing),
		only(75, "tries survive a restart", triesSurvive),
		only(76, "a fault at a wrong code: counted and answered, or neither", faultAtWrong),
		only(77, "activation.show_attempts=false tells nothing", attemptsHidden),
		only(78, "another card's code is wrong here and costs the other nothing", otherCardsCode),
	}
}

const (
	wrongCode = "INVALID_ACTIVATION_CODE"
	tooMany   = "TOO_MANY_ATTEMPTS"
)

// wrongly sends a wrong code and wants so many tries to be left.
func (a api) wrongly(card, code string, left int) reply {
	a.t.Helper()
	return a.activate(card, wrong(code, left)).refused(400, wrongCode).has("error.detail.attemptsRemaining", left)
}

func malformedCodes(t *testing.T, h *house) {
	a := h.program(t).cards()
	card, code := a.shipped()
	path := "/cards/" + card + "/activate"
	for _, sent := range []any{
		code[:5], code + "7", code[:2] + " " + code[2:5], code[:5] + "a", "１２３４５６", " " + code, code + "\n", "", //nolint:gosmopolitan // the digits are wrong on purpose
	} {
		a.post(path, object{"activationCode": sent}).invalid("body", "activationCode invalid_format").lacks(code[:5], "１２３") //nolint:gosmopolitan // as above
	}
	a.post(path, `{"activationCode":`+strconv.Itoa(987654)+`}`).invalid("body", "activationCode invalid_type").lacks("987654")
	a.post(path, object{"activationCode": nil}).invalid("body", "activationCode required")
	a.post(path, object{}).invalid("body", "activationCode required")
	a.post(path, nil).refused(422, "VALIDATION_FAILED").has("error.detail.on", "body")
	a.wrongly(card, code, 4)
}

func leadingZeros(t *testing.T, h *house) {
	a := h.program(t).cards()
	owner := a.holder()
	for range 20 { // one code in ten begins with 0: with ten cards a box, a box without one is one of three
		cards := make([]string, 10)
		for i := range cards {
			cards[i] = a.cardOf(owner, "PHYSICAL")
		}
		a.scan(a.placed(cards...), "IN_TRANSIT")
		for _, card := range cards {
			code := a.code(card)
			if !strings.HasPrefix(code, "0") {
				continue
			}
			bare, err := strconv.Atoi(code)
			if err != nil {
				t.Fatal(err)
			}
			a.post("/cards/"+card+"/activate", object{"activationCode": strconv.Itoa(bare)}).invalid("body", "activationCode invalid_format")
			a.activate(card, code).is(204)
			return
		}
	}
	t.Fatal("no code of 200 begins with 0")
}

func codeInURL(t *testing.T, h *house) {
	a := h.program(t).cards()
	card, code := a.shipped()
	for _, name := range []string{"activationCode", "activation_code", "code", "pin"} {
		a.post("/cards/"+card+"/activate?"+name+"="+code, object{"activationCode": code}).invalid("query", name+" not_allowed").lacks(code)
		a.post("/cards/"+card+"/activate?"+name+"="+code, object{"activationCode": wrong(code, 0)}).invalid("query", name+" not_allowed").lacks(code)
	}
	a.get("/cards/"+card).has("physicalCardStatus", "IN_TRANSIT")
	a.wrongly(card, code, 4)
	if logs := h.log(t); strings.Contains(logs, "activationCode="+code) || strings.Contains(logs, "code="+code) {
		t.Error("the log shows a query")
	}
}

func fiveWrong(t *testing.T, h *house) {
	a := h.program(t).cards()
	card, code := a.shipped()
	for left := 4; left > 0; left-- {
		a.wrongly(card, code, left).has("error.detail.lockedUntil", nil)
	}
	at := time.Now()
	until, err := time.Parse(time.RFC3339, a.wrongly(card, code, 0).text("error.detail.lockedUntil"))
	if wait := until.Sub(at); err != nil || wait < 14*time.Minute+59*time.Second || wait > 15*time.Minute+10*time.Second {
		t.Errorf("locked for %v, want 15 min (%v)", wait, err)
	}
}

// waits wants Retry-After to be a number of seconds within the bounds.
func (r reply) waits(least, most int) reply {
	r.t.Helper()
	if n, err := strconv.Atoi(r.header.Get("Retry-After")); err != nil || n < least || n > most {
		r.t.Fatalf("%s: Retry-After %q, want %d to %d", r.call, r.header.Get("Retry-After"), least, most)
	}
	return r
}

func lockedRight(t *testing.T, h *house) {
	a := h.program(t).cards()
	card, code := a.shipped()
	a.lock(card, code)
	r := a.activate(card, code).refused(429, "ACTIVATION_LOCKED", tooMany).waits(880, 900)
	if r.number("error.detail.attemptsRemaining") != 0 || r.text("error.detail.lockedUntil") == "" {
		t.Errorf("not told until when: %s", r.body)
	}
	a.get("/cards/"+card).has("physicalCardStatus", "IN_TRANSIT")
}

func lockedHundred(t *testing.T, h *house) {
	p := h.program(t)
	a := p.cards()
	card, code := a.shipped()
	a.lock(card, code)
	until := a.activate(card, code).refused(429, "ACTIVATION_LOCKED").text("error.detail.lockedUntil")
	for _, r := range together(t, 100, func(i int) reply { return a.activate(card, wrong(code, i)) }) {
		r.refused(429, "ACTIVATION_LOCKED", tooMany).has("error.detail.lockedUntil", until)
	}
	if shown := p.shown(card); shown["wrong_tries_of_lifetime"] != 5.0 {
		t.Errorf("a locked guard counted: %v", shown)
	}
}

func lockPasses(t *testing.T, h *house) {
	p := h.program(t)
	a := p.cards()
	card, code := a.shipped()
	a.lock(card, code)
	p.advance("14m")
	a.activate(card, code).refused(429, "ACTIVATION_LOCKED").waits(1, 60)
	p.advance("1m")
	a.activate(card, code).is(204)
}

func hardLock(t *testing.T, h *house) {
	p := h.program(t)
	a := p.cards()
	card, code := a.shipped()
	a.lock(card, code)
	p.advance("15m")
	for left := 4; left >= 0; left-- {
		a.wrongly(card, code, left)
	}
	a.activate(card, code).refused(429, "ACTIVATION_LOCKED").waits(3580, 3600)
	p.advance("59m")
	a.activate(card, code).refused(429, "ACTIVATION_LOCKED")
	p.advance("1m")
	for left := 4; left > 0; left-- {
		a.wrongly(card, code, left)
	}
	a.wrongly(card, code, 0).has("error.detail.lockedUntil", nil)
	for _, wait := range []string{"1s", "48h"} {
		p.advance(wait)
		r := a.activate(card, code).refused(400, cannot, "ACTIVATION_LOCKED")
		if r.header.Get("Retry-After") != "" {
			t.Error("a hard lock tells when to try again")
		}
	}
	h.command(t, "card", "reset-guard", card, "--reason", "called, identity checked")
	a.activate(card, code).is(204)
}

func fourWrong(t *testing.T, h *house) {
	a := h.program(t).cards()
	card, code := a.shipped()
	for left := 4; left > 0; left-- {
		a.wrongly(card, code, left)
	}
	a.activate(card, code).is(204)
}

func stateCostsNothing(t *testing.T, h *house) {
	a := h.program(t).cards()
	card := a.fresh()
	box := a.placed(card)
	code := a.code(card)
	refused := func(reason string) {
		t.Helper()
		for _, r := range together(t, 50, func(i int) reply { return a.activate(card, wrong(code, i)) }) {
			r.refused(400, cannot, reason)
		}
	}
	refused("NOT_SHIPPED")
	a.post("/cards/"+card+"/block", nil).is(200)
	a.scan(box, "IN_TRANSIT")
	refused("BLOCKED")
	a.post("/cards/"+card+"/unblock", nil).is(200)
	a.wrongly(card, code, 4)
}

func triesSurvive(t *testing.T, h *house) {
	own := h.own(t)
	a := own.program(t).cards()
	card, code := a.shipped()
	for left := 4; left > 1; left-- {
		a.wrongly(card, code, left)
	}
	for i, n := range own.nodes {
		n.stop(t)
		own.nodes[i] = own.start(t, i)
	}
	a.wrongly(card, code, 1)
}

// faultAtWrong breaks the store under two wrong codes. What was answered with a fault was not counted.
func faultAtWrong(t *testing.T, h *house) {
	own := h.breakable(t)
	a := own.program(t).cards()
	card, code := a.shipped()
	a.wrongly(card, code, 4)
	for range 2 {
		own.commits(t, func() { a.activate(card, wrong(code, 0)).fault() })
	}
	a.wrongly(card, code, 3)
}

// fault wants 500 or 503, in the envelope.
func (r reply) fault() reply {
	r.t.Helper()
	if r.status == 500 {
		return r.refused(500, "INTERNAL_SERVER_ERROR")
	}
	return r.refused(503, "SERVICE_UNAVAILABLE").waits(1, 60)
}

func attemptsHidden(t *testing.T, h *house) {
	a := h.program(t, "activation.show_attempts=false").cards()
	card, code := a.shipped()
	for i := range 5 {
		a.activate(card, wrong(code, i)).refused(400, wrongCode).has("error.detail", nil)
	}
	a.activate(card, code).refused(429, "ACTIVATION_LOCKED", tooMany).has("error.detail.attemptsRemaining", nil)
}

func otherCardsCode(t *testing.T, h *house) {
	a := h.program(t).cards()
	card, code := a.shipped()
	other, others := a.shipped()
	if code == others {
		other, others = a.shipped() // one in a million
	}
	a.activate(card, others).refused(400, wrongCode).has("error.detail.attemptsRemaining", 4)
	a.wrongly(other, others, 4)
	a.activate(card, code).is(204)
}
