package contract

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func activationRaces() []check {
	return []check{
		only(87, "50 right codes at once: one 204, one pair of events, one success in the trail", raceOfRight),
		only(88, "50 right codes at once under one key: one execution", raceOfOneKey),
		only(89, "50 wrong codes at once: exactly five are counted", raceOfWrong),
		only(90, "activate against delete, block and a scan: never a mixture", raceOfOthers),
		only(91, "a fault before the commit leaves nothing", faultBeforeCommit),
		only(92, "a kill after the commit: activated, announced, ALREADY_ACTIVATED", killAfterActivation),
		only(93, "the same races between two nodes", raceOfNodes),
	}
}

// word names an answer by status, code and reason.
func word(r reply) string {
	if r.status < 400 {
		return itoa(r.status)
	}
	if detail, ok := r.at("error.detail").(object); ok && detail["reason"] != nil {
		return fmt.Sprintf("%d %v %v", r.status, r.at("error.code"), detail["reason"])
	}
	return fmt.Sprintf("%d %v", r.status, r.at("error.code"))
}

// counts wants just these answers.
func counts(t *testing.T, replies []reply, want map[string]int) {
	t.Helper()
	got := tally(replies, word)
	if len(got) != len(want) {
		t.Fatalf("answers %v, want %v", got, want)
	}
	for name, n := range want {
		if got[name] != n {
			t.Fatalf("answers %v, want %v", got, want)
		}
	}
}

const (
	already = "400 " + cannot + " ALREADY_ACTIVATED"
	locked  = "429 ACTIVATION_LOCKED " + tooMany
)

// pairOnce wants one pair of events about an activation, and nothing more.
func pairOnce(t *testing.T, r *receiver, card string) {
	t.Helper()
	r.await("CARD_STATUS_UPDATED", 1)
	r.await("CARD_SHIPMENT_STATUS_UPDATED", 1)
	r.settled()
	var activated, moved int
	for _, e := range r.events("CARD_STATUS_UPDATED") {
		if data := e["data"].(object); data["id"] == card && data["physicalCardStatus"] == "ACTIVATED" {
			activated++
		}
	}
	for _, e := range r.events("CARD_SHIPMENT_STATUS_UPDATED") {
		for _, m := range e["data"].(object)["cards"].([]any) {
			if m := m.(object); m["cardId"] == card && m["productionStatus"] == "ACTIVATED" {
				moved++
			}
		}
	}
	if activated != 1 || moved != 1 {
		t.Errorf("%d events about the card and %d about its shipment, want one of each", activated, moved)
	}
}

func raceOfRight(t *testing.T, h *house) {
	p := h.program(t)
	a := p.cards()
	card, code := a.shipped()
	listener := a.listen()
	counts(t, together(t, 50, func(int) reply { return a.activate(card, code) }), map[string]int{"204": 1, already: 49})
	pairOnce(t, listener, card)
	outcomes := map[any]int{}
	for _, row := range p.traced("card.activate", card) {
		outcomes[row["outcome"]]++
	}
	if outcomes["ok"] != 1 || outcomes["already_activated"] != 49 || len(outcomes) != 2 {
		t.Errorf("the trail has %v", outcomes)
	}
}

func raceOfOneKey(t *testing.T, h *house) {
	p := h.program(t)
	a := p.cards()
	card, code := a.shipped()
	listener := a.listen()
	oneExecution(t, together(t, 50, func(int) reply { return a.keyed("K").activate(card, code) }), 204)
	pairOnce(t, listener, card)
	if rows := p.traced("card.activate", card); len(rows) != 1 {
		t.Errorf("%d rows in the trail: %v", len(rows), rows)
	}
}

// oneExecution wants one first answer, and replays of it or "in progress" for the rest.
func oneExecution(t *testing.T, replies []reply, status int) {
	t.Helper()
	first, body := 0, ""
	for _, r := range replies {
		if r.status == status && r.header.Get("Idempotent-Replayed") == "" {
			first, body = first+1, r.body
		}
	}
	if first != 1 {
		t.Fatalf("%d executions: %v", first, tally(replies, word))
	}
	for _, r := range replies {
		switch {
		case r.status == 409:
			r.refused(409, "IDEMPOTENCY_REQUEST_IN_PROGRESS").waits(1, 1)
		case r.is(status).body != body:
			t.Fatalf("a replay differs: %s, first %s", r.body, body)
		}
	}
}

func raceOfWrong(t *testing.T, h *house) {
	p := h.program(t)
	a := p.cards()
	card, code := a.shipped()
	counts(t, together(t, 50, func(i int) reply { return a.activate(card, wrong(code, i)) }), map[string]int{"400 " + wrongCode: 5, locked: 45})
	if shown := p.shown(card); shown["wrong_tries_of_lifetime"] != 5.0 {
		t.Errorf("%v wrong codes were counted", shown["wrong_tries_of_lifetime"])
	}
}

// raceOfOthers lets an activation meet each other command; the one that commits first decides.
func raceOfOthers(t *testing.T, h *house) {
	a := h.program(t).cards()
	for range 5 {
		card, code := a.shipped()
		pair := together(t, 2, func(i int) reply {
			if i == 0 {
				return a.activate(card, code)
			}
			return a.delete("/cards/" + card)
		})
		pair[1].is(204)
		if w := word(pair[0]); w != "204" && w != "404 CARD_NOT_FOUND" {
			t.Fatalf("beside a delete: %s", w)
		}
		a.get("/cards/"+card).refused(404, "CARD_NOT_FOUND")

		card, code = a.shipped()
		pair = together(t, 2, func(i int) reply {
			if i == 0 {
				return a.activate(card, code)
			}
			return a.post("/cards/"+card+"/block", nil)
		})
		now := a.get("/cards/"+card).has("status", "BLOCKED")
		switch pair[1].is(200); word(pair[0]) {
		case "204":
			now.has("physicalCardStatus", "ACTIVATED")
		case "400 " + cannot + " BLOCKED":
			now.has("physicalCardStatus", "IN_TRANSIT")
		default:
			t.Fatalf("beside a block: %s", word(pair[0]))
		}

		card, code = a.shipped()
		pair = together(t, 2, func(i int) reply {
			if i == 0 {
				return a.activate(card, code)
			}
			return a.post("/simulation/cards/"+card+"/shipping-status", object{"status": "DELIVERED"})
		})
		pair[0].is(204)
		pair[1].is(204)
		a.get("/cards/"+card).has("physicalCardStatus", "ACTIVATED")
		boxes := a.get("/card-shipments?cardId=" + card).list("items")
		if len(boxes) != 1 || boxes[0]["status"] != "DELIVERED" || boxes[0]["deliveredAt"] == nil {
			t.Fatalf("the scan was lost: %v", boxes)
		}
	}
}

func faultBeforeCommit(t *testing.T, h *house) {
	own := h.breakable(t)
	a := own.program(t).cards()
	card, code := a.shipped()
	listener := a.listen()
	before := a.get("/cards/" + card)
	own.commits(t, func() { a.keyed("K").activate(card, code).fault().replayed(false) })
	if now := a.get("/cards/" + card); now.body != before.body {
		t.Errorf("%s after a fault, was %s", now.body, before.body)
	}
	a.keyed("K").activate(card, code).is(204).replayed(false)
	a.keyed("K").activate(card, code).is(204).replayed(true)
	own.settings = nil // with workers
	own.restart(t)
	pairOnce(t, listener, card)
}

func killAfterActivation(t *testing.T, h *house) {
	own := h.breakable(t)
	a := own.program(t).cards()
	listener := a.listen()
	var card string
	for answered := true; answered; {
		var code string
		card, code = a.shipped()
		answered = own.killAfterCommit(t, func() (reply, error) {
			return a.attempt("POST", "/cards/"+card+"/activate", object{"activationCode": code})
		})
		if !answered && own.mayMistake() && a.get("/cards/"+card).text("physicalCardStatus") == "IN_TRANSIT" {
			answered = true // what was seen was another's commit: once more
			continue
		}
		a.get("/cards/"+card).has("physicalCardStatus", "ACTIVATED")
		a.cannotActivate(card, code, "ALREADY_ACTIVATED")
	}
	own.settings = nil // with workers
	own.restart(t)
	pairOnce(t, listener, card)
}

// raceOfNodes starts two nodes on one database, on SQLite too, and lets callers race through both.
func raceOfNodes(t *testing.T, h *house) {
	e := h.engine
	e.nodes = 2
	own := newHouse(t, e)
	p := own.program(t)
	a := p.cards()
	for range 3 {
		card, code := a.shipped()
		counts(t, together(t, 50, func(int) reply { return a.activate(card, code) }), map[string]int{"204": 1, already: 49})
		card, code = a.shipped()
		oneExecution(t, together(t, 50, func(int) reply { return a.keyed("K-"+card).activate(card, code) }), 204)
		card, code = a.shipped()
		counts(t, together(t, 50, func(i int) reply { return a.activate(card, wrong(code, i)) }), map[string]int{"400 " + wrongCode: 5, locked: 45})
		if shown := p.shown(card); shown["wrong_tries_of_lifetime"] != 5.0 {
			t.Errorf("%v wrong codes were counted", shown["wrong_tries_of_lifetime"])
		}
	}
	for _, n := range own.nodes {
		logs, err := os.ReadFile(n.logs)
		if err != nil {
			t.Fatal(err)
		}
		if took := strings.Count(string(logs), "POST /cards/{id}/activate"); took < 200 {
			t.Errorf("a node took %d of 450 activations: nothing raced", took)
		}
	}
}
