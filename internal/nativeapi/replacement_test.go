package nativeapi_test

import (
	"net/http"
	"testing"
)

func TestReplacement_EndsTheSourceAndMakesOneSuccessor(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	v, code := h.newCard()
	path := "/v1/cards/" + v.Card.ID.String()
	h.post(path+"/replacement", `{"for":"damaged"}`).wrong("body.for invalid_enum", "body.reason required")
	h.post(path+"/activation", `{"code":"`+code.Reveal()+`"}`).want(200)
	a := h.post(path+"/replacement", `{"for":"stolen","reason":"Her bag was taken"}`).want(http.StatusCreated)
	next := a.text("card_id")
	if a.text("status") != "open" || a.text("plastic_state") != "planned" || a.text("source_stop") != "stolen" || a.text("source_plastic_state") != "retired" {
		t.Errorf("%s", a.body)
	}
	if s := h.get("/v1/cards/" + next).want(200); s.text("replaces") != v.Card.ID.String() || s.raw("guard", "state") != `"unset"` {
		t.Errorf("%s", s.body)
	}
	if s := h.get(path).want(200); s.text("replaced_by") != next || s.raw("allowed_actions") != `["freeze"]` || s.text("plastic", "physical_status") != "ACTIVATED" {
		t.Errorf("%s", s.body)
	}
	if no := h.post(path+"/replacement", `{"for":"stolen","reason":"Once more"}`).refused(http.StatusConflict, "already_replaced"); no.text("context", "card_id") != next {
		t.Errorf("%s", no.body)
	}
	h.post(path+"/replacement", `{"for":"fraud","reason":"Or fraud"}`).refused(http.StatusConflict, "already_stopped")
	// The successor may itself be lost: the chain goes on.
	third := h.post("/v1/cards/"+next+"/replacement", `{"for":"lost","reason":"In the post"}`).want(http.StatusCreated)
	if third.text("source_plastic_state") != "void" || third.text("replaces") != next {
		t.Errorf("%s", third.body)
	}
}
