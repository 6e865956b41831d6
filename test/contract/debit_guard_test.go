package contract

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

func debitGuard() []check {
	return []check{
		only(41, "five wrong batches; the sixth call is locked", fiveWrongBatches),
		only(42, "15 minutes, then an hour", batchLockPasses),
		only(43, "15 in a lifetime, and the operator's reset", batchHardLock),
		only(44, "a batch that is no reference never locks", noReferenceNeverLocks),
		only(45, "refusals by the state never lock", stateNeverLocks),
		only(46, "one identifier in two batches", identifierInTwoBatches),
		only(47, "100 equal calls at once: one 200, one event", hundredClaims),
		only(48, "20 wrong batches at once: five are counted", twentyWrongBatches),
		only(49, "same key, same body; another body", debitKeys),
		only(50, "a 4431 under a key, then shipped", refusalNotRemembered),
		only(51, "a kill during activations: all or nothing", killDuringClaims),
		only(52, "the breaker", mismatchBreaker),
	}
}

// mismatches sends n wrong batches, each of which is compared.
func (a api) mismatches(c plastic, who person, n int) {
	a.t.Helper()
	for range n {
		a.activation(claim(wrongBatch(c), who.id)).fails(400, 4400, mismatched)
	}
}

// lockedClaim wants a lock that ends within the bounds, in seconds.
func (r reply) lockedClaim(least, most int) {
	r.t.Helper()
	r.waits(least, most).fails(400, 4438, "retry_after:"+r.header.Get("Retry-After"))
}

func fiveWrongBatches(t *testing.T, h *house) {
	p := h.program(t)
	a := p.debit()
	cards, who := a.stock(2), a.person()
	for i, c := range cards {
		a.mismatches(c, who, 5)
		if i == 0 {
			a.activation(claim(c, who.id)).lockedClaim(880, 900)
		}
		a.activation(claim(wrongBatch(c), who.id)).lockedClaim(880, 900)
		a.activation(claim(c, who.id)).lockedClaim(880, 900)
		if shown := p.shown(fmt.Sprint(c.id)); shown["wrong_tries_of_lifetime"] != 5.0 || shown["activated_at"] != nil {
			t.Errorf("the card is %v", shown)
		}
	}
}

func batchLockPasses(t *testing.T, h *house) {
	p := h.program(t)
	a := p.debit()
	cards, who := a.stock(2), a.person()
	for _, c := range cards {
		a.mismatches(c, who, 5)
	}
	p.advance("14m")
	a.activation(claim(cards[0], who.id)).lockedClaim(1, 60)
	p.advance("1m")
	a.hold(cards[0], who)
	a.mismatches(cards[1], who, 5)
	a.activation(claim(cards[1], who.id)).lockedClaim(3580, 3600)
	p.advance("59m")
	a.activation(claim(cards[1], who.id)).lockedClaim(1, 60)
	p.advance("1m")
	a.hold(cards[1], who)
}

func batchHardLock(t *testing.T, h *house) {
	p := h.program(t)
	a := p.debit()
	card, who := a.one(), a.person()
	for _, wait := range []string{"15m", "1h", "240h"} {
		a.mismatches(card, who, 5)
		p.advance(wait)
	}
	r := a.activation(claim(card, who.id)).fails(400, 4439)
	if r.header.Get("Retry-After") != "" {
		t.Error("a hard lock tells when to try again")
	}
	a.activation(claim(wrongBatch(card), who.id)).fails(400, 4439)
	h.command(t, "card", "reset-guard", fmt.Sprint(card.id), "--reason", "called, identity checked")
	a.hold(card, who)
}

func noReferenceNeverLocks(t *testing.T, h *house) {
	p := h.program(t)
	a := p.debit()
	card, who := a.one(), a.person()
	for _, ref := range []string{"x", card.batch[:31], card.batch + "0", "g" + card.batch[1:], "batch-1", "0", "..", "12345678"} {
		sent := card
		sent.batch = ref
		a.activation(claim(sent, who.id)).fails(400, 4400, mismatched)
	}
	if shown := p.shown(fmt.Sprint(card.id)); shown["wrong_tries"] != 0.0 {
		t.Errorf("%v tries were lost", shown["wrong_tries"])
	}
	a.hold(card, who)
}

func stateNeverLocks(t *testing.T, h *house) {
	p := h.program(t)
	a, admin := p.debit(), p.debit("--admin")
	card, who := a.one(), a.person()
	refused := func(status, code int, sent object, hints ...string) {
		t.Helper()
		for range 20 {
			a.activation(sent).fails(status, code, hints...)
		}
	}
	admin.post("/debit/v1/stop", object{"card_id": card.id, "new_card_status": 7}).ok()
	refused(400, 4435, claim(card, who.id))
	admin.post("/debit/v1/unstop", object{"card_id": card.id}).ok()
	refused(404, 4404, claim(card, 5))
	a.hold(card, who)
	refused(400, 4433, claim(card, who.id))
	if shown := p.shown(fmt.Sprint(card.id)); shown["wrong_tries_of_lifetime"] != 0.0 {
		t.Errorf("%v tries were lost", shown["wrong_tries_of_lifetime"])
	}
}

func identifierInTwoBatches(t *testing.T, h *house) {
	a := h.program(t).debit()
	same := object{"card_identifier": label()}
	who := a.person()
	one := a.made(a.ordered(orderBody(same)))[0]
	two := a.made(a.ordered(orderBody(same, object{"card_identifier": label()})))
	first := a.hold(one, who)
	second := a.hold(plastic{two[0].batch, one.identifier, 0}, who)
	if one.batch == two[0].batch || first.text("payload.card_id") == second.text("payload.card_id") {
		t.Errorf("one card twice: %s, %s", first.body, second.body)
	}
}

// numbered names an answer of the debit API by status and code.
func numbered(r reply) string {
	if code := r.code(); code != 0 {
		return fmt.Sprintf("%d %d", r.status, code)
	}
	return itoa(r.status)
}

// numbers wants just these answers.
func numbers(t *testing.T, replies []reply, want map[string]int) {
	t.Helper()
	got := tally(replies, numbered)
	for name, n := range want {
		if got[name] != n || len(got) != len(want) {
			t.Fatalf("answers %v, want %v", got, want)
		}
	}
}

func hundredClaims(t *testing.T, h *house) {
	p := h.program(t)
	a := p.debit()
	card, who, other := a.one(), a.person(), a.person()
	listener := p.cards().listen()
	numbers(t, together(t, 100, func(i int) reply {
		if i%2 == 0 {
			return a.activation(claim(card, other.id))
		}
		return a.activation(claim(card, who.id))
	}), map[string]int{"200": 1, "400 4433": 99})
	id := p.shown(fmt.Sprint(card.id))["id"].(string)
	listener.await("CARD_STATUS_UPDATED", 1)
	listener.settled()
	activated := 0
	for _, e := range listener.events("CARD_STATUS_UPDATED") {
		if data := e["data"].(object); data["id"] == id && data["physicalCardStatus"] == "ACTIVATED" {
			activated++
		}
	}
	outcomes := map[any]int{}
	for _, row := range p.traced("card.activate", id) {
		outcomes[row["outcome"]]++
	}
	if activated != 1 || outcomes["ok"] != 1 || outcomes["already_activated"] != 99 {
		t.Errorf("%d events; the trail has %v", activated, outcomes)
	}
}

func twentyWrongBatches(t *testing.T, h *house) {
	p := h.program(t)
	a := p.debit()
	card, who := a.one(), a.person()
	numbers(t, together(t, 20, func(int) reply { return a.activation(claim(wrongBatch(card), who.id)) }), map[string]int{"400 4400": 5, "400 4438": 15})
	if shown := p.shown(fmt.Sprint(card.id)); shown["wrong_tries_of_lifetime"] != 5.0 {
		t.Errorf("%v tries were counted", shown["wrong_tries_of_lifetime"])
	}
}

func debitKeys(t *testing.T, h *house) {
	p := h.program(t)
	a := p.debit()
	cards := a.stock(3)
	body := firstClaim(cards[0], stranger(), "device_id", "phone")
	first := a.keyed("K").activation(body).ok().replayed(false)
	again := p.debit().keyed("K").activation(body).ok().replayed(true)
	if again.body != first.body {
		t.Errorf("%s, first %s", again.body, first.body)
	}
	a.keyed("K").activation(also(body, "pin", "7391")).fails(409, 4409, "Idempotency-Key:duplicated").replayed(false)
	a.keyed("K").post(orderPath, orderBody(items(1)...)).fails(409, 4409, "Idempotency-Key:duplicated")
	a.keyed("").activation(body).fails(400, 4400, "Idempotency-Key:invalid")
	a.activation(body).fails(400, 4433)

	other := firstClaim(cards[1], stranger())
	fresh := 0
	for _, r := range together(t, 20, func(int) reply { return a.keyed("L").activation(other) }) {
		switch {
		case r.status == 409:
			r.fails(409, 4409, "Idempotency-Key:in_progress").waits(1, 1)
		case r.ok().header.Get("Idempotent-Replayed") == "":
			fresh++
		}
	}
	if fresh != 1 {
		t.Errorf("%d executions under one key", fresh)
	}
	p.set("activation.require_idempotency_key=true")
	a.activation(firstClaim(cards[2], stranger())).fails(400, 4400, "Idempotency-Key:required")
}

func refusalNotRemembered(t *testing.T, h *house) {
	a := h.program(t, "debit.activation_gate=left_bureau").debit()
	card, who := a.one(), a.person()
	body := claim(card, who.id)
	for range 2 {
		a.keyed("K").activation(body).fails(400, 4431).replayed(false)
	}
	h.command(t, "batch", "scan", card.batch, "in_transit")
	first := a.keyed("K").activation(body).ok().replayed(false)
	if again := a.keyed("K").activation(body).ok().replayed(true); again.body != first.body {
		t.Errorf("%s, first %s", again.body, first.body)
	}
}

// killDuringClaims kills every node while it activates. Each card is bound, linked and has its PIN, or has nothing.
func killDuringClaims(t *testing.T, h *house) {
	own := h.own(t)
	p := own.program(t)
	token := p.key("--door", "debit")
	a := p.debitWith(token)
	cards := a.stock(100)
	answers := make([]int, len(cards))
	next := make(chan int)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range next {
				if r, err := a.attempt("POST", activatePath, firstClaim(cards[i], stranger(), "pin", "7391")); err == nil {
					answers[i] = r.status
				}
			}
		})
	}
	for i := range cards {
		if i == len(cards)/2 {
			for _, n := range own.nodes {
				n.kill()
			}
		}
		next <- i
	}
	close(next)
	all.Wait()
	for i := range own.nodes {
		own.nodes[i] = own.start(t, i)
	}
	done := 0
	for i, c := range cards {
		shown := p.shown(fmt.Sprint(c.id))
		facts := []any{shown["activated_at"], shown["customer_id"], shown["account_id"], shown["pin_set_at"]}
		have := 0
		for _, f := range facts {
			if f != nil {
				have++
			}
		}
		if have != 0 && have != len(facts) {
			t.Errorf("a card is half activated: %v", shown)
		}
		if answers[i] == 200 && have == 0 {
			t.Errorf("an activation that was answered is lost: %v", shown)
		}
		if have > 0 {
			done++
		}
	}
	if done == 0 || done == len(cards) {
		t.Errorf("%d of %d cards are activated: the kill met nothing", done, len(cards))
	}
	left := 0
	for i, c := range cards {
		if r := a.activation(firstClaim(c, stranger())); r.status == 200 {
			left++
		} else if r.code() != 4433 {
			t.Errorf("card %d: %s", i, r.body)
		}
	}
	if left != len(cards)-done {
		t.Errorf("%d of %d were activated afterwards", left, len(cards)-done)
	}
}

func mismatchBreaker(t *testing.T, h *house) {
	p := h.program(t)
	a := p.debit()
	cards, who := a.stock(27), a.person()
	p.freeze(time.Now().UTC().Format(time.RFC3339)) // so that none of the tries leaves the window meanwhile
	for i := range 101 {
		a.mismatches(cards[i/4], who, 1)
	}
	a.activation(claim(cards[26], who.id)).fails(429, 4429).waits(1, 600)
	p.advance("9m")
	a.activation(claim(cards[26], who.id)).fails(429, 4429)
	p.advance("12m")
	a.hold(cards[26], who)
	h.program(t).debit().owner() // another programme is not touched
}
