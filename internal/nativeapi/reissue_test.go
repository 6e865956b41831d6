package nativeapi_test

import (
	"net/http"
	"testing"
)

func TestReissue_TheOldPlasticWorksUntilTheNewOneIsActivated(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	v, code := h.newCard()
	path := "/v1/cards/" + v.Card.ID.String()
	h.post(path+"/activation", `{"code":"`+code.Reveal()+`"}`).want(200)
	a := h.post(path+"/reissue", `{"for":"damaged","reason":"The chip does not read"}`).want(http.StatusCreated)
	if a.text("plastic_state") != "planned" || a.text("supersedes") != v.Plastic.ID.String() || a.text("retire_source") != "on_activation" ||
		a.text("source_plastic_state") != "activated" || a.raw("source_retires_at") != "null" || a.text("card_id") != v.Card.ID.String() {
		t.Errorf("%s", a.body)
	}
	if s := h.get(path).want(200); s.text("plastic", "id") != v.Plastic.ID.String() || s.text("plastic", "state") != "activated" ||
		s.text("next_plastic", "id") != a.text("plastic_id") || s.text("next_plastic", "physical_status") != "NOT_ORDERED" || s.raw("guard", "state") != `"unset"` ||
		s.raw("allowed_actions") != `["freeze","block","report_lost","report_stolen","report_damaged","replace"]` {
		t.Errorf("%s", s.body)
	}
	if no := h.post(path+"/reissue", `{"for":"named","reason":"Once more"}`).refused(http.StatusConflict, "successor_underway"); no.text("context", "plastic_id") != a.text("plastic_id") {
		t.Errorf("%s", no.body)
	}
	h.post(path+"/renewal", `{"reason":"And renewed"}`).refused(http.StatusConflict, "successor_underway")
	if s := h.get(path + "/activation/eligibility").want(200); s.raw("eligible") != "false" || s.text("obstacles", "0", "reason") != "not_shipped" {
		t.Errorf("%s", s.body)
	}
}

func TestReissue_ReadsWhenTheOldPlasticDies(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	v, code := h.newCard()
	path := "/v1/cards/" + v.Card.ID.String()
	h.post(path+"/reissue", `{"for":"lost","retire_source":"never"}`).wrong("body.for invalid_enum", "body.retire_source invalid_enum", "body.reason required")
	h.post(path+"/reissue", `{"for":"damaged","reason":"x","retire_source":"on_date"}`).wrong("body.retire_on required")
	h.post(path+"/reissue", `{"for":"damaged","reason":"x","retire_on":"2027-01-01T00:00:00Z"}`).wrong("body.retire_on not_allowed")
	h.post(path+"/renewal", `{"for":"damaged","reason":"x","retire_source":"on_date","retire_on":"soon"}`).wrong("body.for unknown", "body.retire_on invalid_format")
	h.post(path+"/reissue", `{"for":"damaged","reason":"x","design_id":"019cc43c-3186-7cd9-b1cc-c5fbde9b8855"}`).refused(http.StatusNotFound, "design_not_found")
	if no := h.post(path+"/reissue", `{"for":"damaged","reason":"x","retire_source":"on_activation"}`).refused(http.StatusConflict, "card_operation_not_allowed"); no.text("context", "cause") != "not_activated" {
		t.Errorf("%s", no.body)
	}
	h.post(path+"/reissue", `{"for":"returned","reason":"x"}`).refused(http.StatusConflict, "shipment_not_returned")
	h.post(path+"/activation", `{"code":"`+code.Reveal()+`"}`).want(200)
	a := h.post(path+"/renewal", `{"reason":"It expires","retire_source":"on_date"}`).want(http.StatusCreated)
	expires := h.get(path).want(200).text("expires_at")
	if a.text("source_retires_at") != expires || a.text("source_plastic_state") != "activated" || a.text("expires_at") <= expires {
		t.Errorf("%s", a.body)
	}
}
