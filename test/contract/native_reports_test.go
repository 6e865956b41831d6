package contract

import (
	"slices"
	"sync"
	"testing"
)

// nativeReports reports cards in different places of their lives.
func nativeReports(t *testing.T, h *house) {
	p := h.program(t)
	a, n, foreign := p.cards(), p.native("all"), h.program(t).native("all")
	stolen, code := a.shipped()
	path, report := "/v1/cards/"+stolen, object{"as": "stolen", "reason": "the letter box was open"}

	n.post(path+"/report", object{"as": "eaten"}).told(422, "native_form_invalid").has("errors.0.code", "invalid_enum", "errors.1.code", "required")
	p.native("cards:read").post(path+"/report", report).told(403, "scope_missing")
	foreign.post(path+"/report", report).told(404, "card_not_found")
	if !n.get(path).is(200).allows("report_stolen") {
		t.Error("a card on its way cannot be reported stolen")
	}
	first := n.keyed("gone").post(path+"/report", report).is(200).has("changed", true, "status", "blocked", "stop", "stolen", "plastic_state", "void")
	if again := n.keyed("gone").post(path+"/report", report).is(200).replayed(true); again.body != first.body {
		t.Errorf("%s, and again %s", first.body, again.body)
	}
	n.post(path+"/report", report).is(200).has("changed", false, "stop", "stolen")
	n.post(path+"/report", object{"as": "lost", "reason": "or so"}).told(409, "already_stopped").has("context.cause", "stolen")
	if got := n.get(path + "/activation/eligibility").obstacles(); got != "reported_stolen blocked code_not_issued" {
		t.Errorf("a stolen card has the obstacles %q", got)
	}
	n.post(path+"/activation", object{"code": code}).told(409, "reported_stolen")
	if r := n.get(path).is(200); r.allows("activate") || r.allows("report_lost") || r.allows("report_damaged") {
		t.Errorf("%s", r.body)
	}

	lost, code := a.shipped()
	path = "/v1/cards/" + lost
	n.post(path+"/activation", object{"code": code}).is(200)
	n.post(path+"/report", object{"as": "damaged", "reason": "the chip is broken"}).is(200).has("changed", true, "status", "open", "plastic_state", "activated")
	n.get(path).is(200).has("status", "open").has("allowed_actions.0", "freeze")
	var all sync.WaitGroup
	answers := make([]reply, 6)
	for i := range answers {
		all.Go(func() { answers[i] = n.post(path+"/report", object{"as": "lost", "reason": "on the metro"}) })
	}
	all.Wait()
	changed := 0
	for _, r := range answers {
		if r.is(200).has("stop", "lost", "status", "blocked", "plastic_state", "activated").at("changed") == true {
			changed++
		}
	}
	if changed != 1 {
		t.Errorf("%d of six reports at once changed the card", changed)
	}
	a.post("/cards/"+lost+"/unblock", nil).is(409)
}

// allows reports whether a card of the native API allows an action.
func (r reply) allows(action string) bool {
	r.t.Helper()
	list, _ := r.at("allowed_actions").([]any)
	return slices.Contains(list, any(action))
}
