package cardsapi_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/storetest"
)

const (
	mismatch  = "IDEMPOTENT_PARAMETER_MISMATCH"
	cannot    = "CARD_CANNOT_BE_ACTIVATED"
	activated = `{"reason":"ALREADY_ACTIVATED"}`
)

// replays wants the same answer again, marked as a replay.
func (a answer) replays(first answer) {
	a.t.Helper()
	if a.status != first.status || a.body != first.body || a.header.Get("Idempotent-Replayed") != "true" || first.header.Get("Idempotent-Replayed") != "" {
		a.t.Errorf("answer %d %s %v, want a replay of %d %s", a.status, a.body, a.header, first.status, first.body)
	}
	if a.header.Get("Content-Type") != first.header.Get("Content-Type") {
		a.t.Errorf("replayed as %q", a.header.Get("Content-Type"))
	}
}

// TestIdempotency_ARepeatDoesNotWaitForTheWriter counts the writes that reach the store.
func TestIdempotency_ARepeatDoesNotWaitForTheWriter(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	card, _, code := h.shipped()
	activate := func(code string) answer {
		return h.do("POST", "/cards/"+card+"/activate", codeBody(code), "Idempotency-Key", "a")
	}
	first := activate(code).want(204)
	before := h.db.Stats().Jobs
	for range 5 {
		activate(code).replays(first)
	}
	if n := h.db.Stats().Jobs - before; n != 0 {
		t.Errorf("5 repeats cost %d writes", n)
	}
	activate(otherCode(code)).refused(400, mismatch, "null")
	if n := h.db.Stats().Jobs - before; n != 1 {
		t.Errorf("a request that differs must be counted, with one write; there were %d", n)
	}
}

// TestIdempotency_OfActivation is every row of contract §6.2.
func TestIdempotency_OfActivation(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	with := func(key, card, code string) answer {
		return h.do("POST", "/cards/"+card+"/activate", codeBody(code), "Idempotency-Key", key)
	}
	t.Run("a, b: no key", func(t *testing.T) {
		card, _, code := h.shipped()
		with("", card, code).want(204)
		for _, sent := range []string{code, otherCode(code), code} {
			with("", card, sent).refused(400, cannot, activated)
		}
	})
	t.Run("c, d, e, m: a key and the right code", func(t *testing.T) {
		card, _, code := h.shipped()
		h.events()
		first := with("c", card, code).want(204)
		with("c", card, code).replays(first)
		e := with("e", card, code).refused(400, cannot, activated)
		with("e", card, code).replays(e)
		if kinds(h.events()) != "CARD_SHIPMENT_STATUS_UPDATED CARD_STATUS_UPDATED" {
			t.Error("not one pair of events")
		}
		h.do("DELETE", "/cards/"+card, "").want(204)
		with("c", card, code).replays(first)
		h.get("/cards/"+card).refused(404, "CARD_NOT_FOUND", "null")
	})
	t.Run("f, g, h: a key and a wrong code", func(t *testing.T) {
		card, _, code := h.shipped()
		first := with("f", card, otherCode(code)).refused(400, "INVALID_ACTIVATION_CODE", `{"attemptsRemaining":4,"lockedUntil":null}`)
		with("f", card, otherCode(code)).replays(first)
		for range 10 {
			with("f", card, code).refused(400, mismatch, "null")
		}
		with("f", card, otherCode(code)).refused(400, mismatch, "null") // burned
		with("h", card, otherCode(code)).refused(400, "INVALID_ACTIVATION_CODE", `{"attemptsRemaining":3,"lockedUntil":null}`)
		with("h2", card, code).want(204)
	})
	t.Run("i: not shipped, also after the parcel left", func(t *testing.T) {
		card := h.fresh()
		box := h.placed(card)
		code := h.get("/cards/" + card + "/activation-code").want(200).text("activationCode")
		first := with("i", card, code).refused(400, cannot, `{"reason":"NOT_SHIPPED"}`)
		h.scanned(box, "IN_TRANSIT")
		with("i", card, code).replays(first)
		h.world.Clock.Advance(24 * time.Hour)
		with("i", card, code).want(204)
	})
	t.Run("j: locked is not remembered", func(t *testing.T) {
		card, _, code := h.shipped()
		for range 5 {
			with("", card, otherCode(code)).want(400)
		}
		with("j", card, code).refused(429, "ACTIVATION_LOCKED", "")
		h.world.Clock.Advance(15 * time.Minute)
		with("j", card, code).want(204)
	})
	t.Run("k, l: malformed is not remembered, another card is another request", func(t *testing.T) {
		card, _, code := h.shipped()
		other, _, _ := h.shipped()
		with("k", card, "12345").wrong("body", "activationCode invalid_format")
		with("k", card, code).want(204)
		with("k", other, code).refused(400, mismatch, "null")
		with("k", card, "12345").wrong("body", "activationCode invalid_format")
	})
	t.Run("n: a policy demands the key", func(t *testing.T) {
		h := newHouse(t, storetest.WithPolicy("activation.require_idempotency_key", "true"))
		card, _, code := h.shipped()
		h.do("POST", "/cards/"+card+"/activate", codeBody(otherCode(code))).wrong("headers", "idempotency-key required")
		h.post("/cards/"+card+"/activate", codeBody(otherCode(code))).refused(400, "INVALID_ACTIVATION_CODE", `{"attemptsRemaining":4,"lockedUntil":null}`)
		h.post("/cards/"+card+"/activate", codeBody(code)).want(204)
	})
}

// TestIdempotency_Rules is contract §26.4.
func TestIdempotency_Rules(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	user, account := h.approved()
	card := `{"userId":"` + user + `","accountId":"` + account + `","type":"PHYSICAL"}`
	for path, body := range map[string]string{"/cards": card, "/accounts": `{"ownerId":"` + user + `"}`, "/card-shipments/" + user + "/submit": ""} {
		h.do("POST", path, body).wrong("headers", "idempotency-key required")
	}
	long := strings.Repeat("k", 255)
	for key, problem := range map[string]string{long + "k": "too_long", "a b": "invalid_format", "é": "invalid_format", "a\nb": "duplicate"} {
		h.do("POST", "/cards", card, "Idempotency-Key", key).wrong("headers", "idempotency-key "+problem)
		h.do("POST", "/cards/"+user+"/activate", codeBody("123456"), "Idempotency-Key", key).wrong("headers", "idempotency-key "+problem)
	}
	first := h.do("POST", "/cards", card, "idempotency-key", long).want(200)
	spaced := ` { "type" : "PHYSICAL",  "accountId":"` + account + `", "userId":"` + user + `" } `
	h.do("POST", "/cards/", spaced, "Idempotency-Key", long).replays(first)
	h.do("POST", "/cards", card, "Idempotency-Key", long, "Authorization", "Bearer "+h.newKey(h.world.Program)).replays(first)
	h.do("POST", "/cards", strings.Replace(card, "PHYSICAL", "VIRTUAL", 1), "Idempotency-Key", long).refused(400, mismatch, "null")
	h.do("POST", "/cards", strings.Replace(card, "{", `{"more":1,`, 1), "Idempotency-Key", long).refused(400, mismatch, "null")
	h.do("POST", "/accounts", `{"ownerId":"`+user+`"}`, "Idempotency-Key", long).refused(400, mismatch, "null")
	h.do("POST", "/cards", `{}`, "Idempotency-Key", long).wrong("body", "accountId required", "type required", "userId required")
	h.do("POST", "/cards", card, "Idempotency-Key", long, "Authorization", "Bearer "+h.foreign).refused(404, "USER_NOT_FOUND", "null")
	h.do("POST", "/cards", card, "Idempotency-Key", long).replays(first)
	if got := strings.Count(h.get("/cards?userId="+user).want(200).body, `"last4"`); got != 1 {
		t.Errorf("%d cards were made", got)
	}
	huge := h.do("POST", "/cards", strings.Replace(card, "{", `{"more":1e400,`, 1), "Idempotency-Key", "huge").want(200)
	h.do("POST", "/cards", strings.Replace(card, "{", `{"more":2e400,`, 1), "Idempotency-Key", "huge").refused(400, mismatch, "null")
	h.do("POST", "/cards", strings.Replace(card, "{", `{"more" : 1e400,`, 1), "Idempotency-Key", "huge").replays(huge)
	missing := strings.Replace(card, user, account, 1)
	gone := h.do("POST", "/cards", missing, "Idempotency-Key", "gone").refused(404, "USER_NOT_FOUND", "null")
	h.do("POST", "/cards", missing, "Idempotency-Key", "gone").replays(gone)
	h.world.Clock.Advance(24*time.Hour - time.Minute)
	h.do("POST", "/cards", card, "Idempotency-Key", long).replays(first)
	h.world.Clock.Advance(2 * time.Minute)
	if again := h.do("POST", "/cards", card, "Idempotency-Key", long).want(200); again.text("id") == first.text("id") {
		t.Error("a key outlived its window")
	}
}

func TestIdempotency_ParallelRequestsRunOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	card, _, code := h.shipped()
	h.events()
	answers := make([]answer, 20)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() { answers[i] = h.do("POST", "/cards/"+card+"/activate", codeBody(code), "Idempotency-Key", "K") })
	}
	all.Wait()
	fresh := 0
	for _, a := range answers {
		switch {
		case a.status == 204 && a.header.Get("Idempotent-Replayed") == "":
			fresh++
		case a.status == 204:
		default:
			a.refused(409, "IDEMPOTENCY_REQUEST_IN_PROGRESS", "null")
			if a.header.Get("Retry-After") != "1" {
				t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
			}
		}
	}
	if fresh != 1 || kinds(h.events()) != "CARD_SHIPMENT_STATUS_UPDATED CARD_STATUS_UPDATED" {
		t.Errorf("%d executions", fresh)
	}
}

// TestIdempotency_RepeatsAreToldFromOthers lets repeats of a request meet others with its key, few enough that it is not burned.
func TestIdempotency_RepeatsAreToldFromOthers(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	card, _, code := h.shipped()
	first := h.do("POST", "/cards/"+card+"/activate", codeBody(code), "Idempotency-Key", "K").want(204)
	answers := make([]answer, 48)
	var all sync.WaitGroup
	for i := range answers {
		body := codeBody(code)
		if i%6 == 0 {
			body = codeBody(otherCode(code))
		}
		all.Go(func() {
			for answers[i].status == 0 || answers[i].status == 409 {
				answers[i] = h.do("POST", "/cards/"+card+"/activate", body, "Idempotency-Key", "K")
			}
		})
	}
	all.Wait()
	for i, a := range answers {
		if i%6 == 0 {
			a.refused(400, mismatch, "null")
		} else {
			a.replays(first)
		}
	}
}

// TestRaces_OfActivation is contract §11.7.
func TestRaces_OfActivation(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	count := func(code string, card string) map[string]int {
		out := map[string]int{}
		answers := make([]answer, 50)
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() { answers[i] = h.do("POST", "/cards/"+card+"/activate", codeBody(code)) })
		}
		all.Wait()
		for _, a := range answers {
			name := a.text("error", "code")
			if a.status == 204 {
				name = "204"
			}
			out[name]++
		}
		return out
	}
	card, _, code := h.shipped()
	if got := count(code, card); got["204"] != 1 || got[cannot] != 49 {
		t.Errorf("right codes: %v", got)
	}
	card, _, code = h.shipped()
	if got := count(otherCode(code), card); got["INVALID_ACTIVATION_CODE"] != 5 || got["ACTIVATION_LOCKED"] != 45 {
		t.Errorf("wrong codes: %v", got)
	}
}

// TestRaces_OneOfTwoCommitsFirst is contract §11.7: activation beside delete, block and a courier's scan.
func TestRaces_OneOfTwoCommitsFirst(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	race := func(card, code string, other func() answer) (activation, beside answer) {
		var both sync.WaitGroup
		both.Go(func() { activation = h.do("POST", "/cards/"+card+"/activate", codeBody(code)) })
		both.Go(func() { beside = other() })
		both.Wait()
		return activation, beside
	}
	for range 10 {
		card, _, code := h.shipped()
		a, d := race(card, code, func() answer { return h.do("DELETE", "/cards/"+card, "") })
		d.want(204)
		if a.status != 204 {
			a.refused(404, "CARD_NOT_FOUND", "null")
		}
		h.get("/cards/" + card).want(404)

		card, _, code = h.shipped()
		a, b := race(card, code, func() answer { return h.do("POST", "/cards/"+card+"/block", "") })
		b.want(200)
		if want := map[bool]string{true: "ACTIVATED", false: "IN_TRANSIT"}[a.status == 204]; h.physical(card) != want {
			t.Errorf("%d, and the card is %s", a.status, h.physical(card))
		}
		if a.status != 204 {
			a.refused(400, cannot, `{"reason":"BLOCKED"}`)
		}

		card, box, code := h.shipped()
		a, s := race(card, code, func() answer {
			return h.do("POST", "/simulation/card-shipments/"+box+"/shipping-status", `{"status":"DELIVERED"}`)
		})
		a.want(204)
		s.want(204)
		if h.physical(card) != "ACTIVATED" || h.get("/card-shipments/"+box).text("status") != "DELIVERED" {
			t.Error("activation or scan was lost")
		}
	}
}
