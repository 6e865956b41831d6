package contract

import (
	"sync"
	"testing"
)

// nativeReplacement replaces a card in its holder's hand, and activates what comes instead.
func nativeReplacement(t *testing.T, h *house) {
	p := h.program(t)
	a, n, foreign := p.cards(), p.native("all"), h.program(t).native("all")
	card, code := a.shipped()
	path, order := "/v1/cards/"+card, object{"for": "stolen", "reason": "her bag was taken"}
	n.post(path+"/activation", object{"code": code}).is(200)

	n.post(path+"/replacement", object{"for": "boredom"}).told(422, "native_form_invalid").has("errors.0.code", "invalid_enum")
	p.native("cards:read").post(path+"/replacement", order).told(403, "scope_missing")
	foreign.post(path+"/replacement", order).told(404, "card_not_found")
	if !n.get(path).is(200).allows("replace") {
		t.Error("a card in hand cannot be replaced")
	}
	var all sync.WaitGroup
	answers := make([]reply, 6)
	for i := range answers {
		all.Go(func() { answers[i] = n.post(path+"/replacement", order) })
	}
	all.Wait()
	next := ""
	for _, r := range answers {
		if r.status == 201 {
			if next != "" {
				t.Error("two successors of one card")
			}
			next = r.has("replaces", card, "source_stop", "stolen", "source_plastic_state", "retired", "plastic_state", "planned").text("card_id")
			continue
		}
		r.told(409, "already_replaced")
	}
	n.get(path).is(200).has("replaced_by", next, "status", "blocked")
	a.get("/cards/"+card).is(200).has("status", "BLOCKED", "physicalCardStatus", "ACTIVATED")

	a.scan(a.placed(next), "IN_TRANSIT")
	fresh := a.code(next)
	n.post(path+"/activation", object{"code": fresh}).told(409, "already_activated")
	a.post("/cards/"+next+"/activate", object{"activationCode": fresh}).is(204)
	n.get("/v1/cards/"+next).is(200).has("replaces", card, "plastic.state", "activated", "status", "open")

	again := n.keyed("chain").post("/v1/cards/"+next+"/replacement", object{"for": "fraud", "reason": "cloned"}).is(201).has("source_status", "closed")
	if repeat := n.keyed("chain").post("/v1/cards/"+next+"/replacement", object{"for": "fraud", "reason": "cloned"}).is(201).replayed(true); repeat.body != again.body {
		t.Errorf("%s, and again %s", again.body, repeat.body)
	}
}
