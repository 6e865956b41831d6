package nativeapi_test

import (
	"net/http"
	"testing"
)

func TestReports_StopANumberOrMarkAPlastic(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	v, code := h.newCard()
	card := "/v1/cards/" + v.Card.ID.String()
	marked := h.post(card+"/report", `{"as":"damaged","reason":"The chip is broken"}`).want(200)
	if marked.raw("changed") != "true" || marked.text("status") != "open" || marked.text("damaged_at") == "" || marked.raw("stop") != "null" {
		t.Errorf("%s", marked.body)
	}
	if again := h.post(card+"/report", `{"as":"damaged","reason":"It still is"}`).want(200); again.raw("changed") != "false" || again.text("damaged_at") != marked.text("damaged_at") {
		t.Errorf("%s", again.body)
	}
	if a := h.get(card).want(200); a.raw("allowed_actions") != `["activate","recover_code","freeze","block","report_lost","report_stolen","replace","reissue","renew"]` {
		t.Errorf("%s", a.body)
	}
	if a := h.post(card+"/report", `{"as":"lost","reason":"Now it is gone"}`).want(200); a.text("stop") != "lost" || a.text("plastic_state") != "void" {
		t.Errorf("%s", a.body)
	}
	h.post(card+"/activation", `{"code":"`+code.Reveal()+`"}`).refused(http.StatusConflict, "reported_lost")
	if a := h.post(card+"/report", `{"as":"stolen","reason":"Or stolen"}`).refused(http.StatusConflict, "already_stopped"); a.text("context", "cause") != "lost" {
		t.Errorf("%s", a.body)
	}
	if a := h.get(card).want(200); a.raw("allowed_actions") != `["freeze","replace"]` || a.text("reported_as") != "reported_lost" {
		t.Errorf("%s", a.body)
	}
	h.post(card+"/report", `{"as":"eaten"}`).wrong("body.as invalid_enum", "body.reason required")
}
