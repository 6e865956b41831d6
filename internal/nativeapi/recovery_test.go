package nativeapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/firsttap/firsttap/internal/secrettest"
	"github.com/firsttap/firsttap/internal/storetest"
)

func TestRecovery_GivesTheCodeOfTheMailerAndKeepsItNowhere(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	v, code := h.newCard()
	path := "/v1/cards/" + v.Card.ID.String() + "/activation/code/recovery"
	a := h.post(path, `{"reason":"lost mailer"}`).want(200)
	if a.text("code") != code.Reveal() || a.raw("renewed") != "false" || a.raw("code_version") != "1" {
		t.Errorf("%s", a.body)
	}
	if !strings.Contains(a.header.Get("Cache-Control"), "no-store") || a.header.Get("Pragma") != "no-cache" {
		t.Errorf("a cache may keep it: %v", a.header)
	}
	const key = "the same"
	for range 2 { // counted each time, and never answered from memory
		if again := h.post(path, `{"reason":"lost mailer"}`, "Idempotency-Key", key).want(200); again.header.Get("Idempotent-Replayed") != "" {
			t.Errorf("%v", again.header)
		}
	}
	if a := h.get("/v1/cards/" + v.Card.ID.String() + "/activation").want(200); a.raw("code_reads") != "3" || a.raw("code_version") != "1" {
		t.Errorf("%s", a.body)
	}
	h.post(path, `{}`).wrong("body.reason required")
	h.post(path, `{"reason":"x","code":"1"}`).wrong("body.code unknown")
	h.post(path, `{"reason":"`+strings.Repeat("x", 201)+`"}`).wrong("body.reason too_long")
	if log := h.log.String(); secrettest.Digits(log, code.Reveal()) > 0 || strings.Contains(log, "lost mailer") {
		t.Error("the log knows the code, or the reason")
	}
}

func TestRecovery_RenewsWhereOnlyAHashIsKept(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.WithPolicy("activation_code.storage", "hash_only"), storetest.WithPolicy("activation_code.per_card_per_day", "2"))
	v, printed := h.newCard()
	card := "/v1/cards/" + v.Card.ID.String()
	h.post(card+"/activation", `{"code":"`+other(printed)+`"}`).refused(http.StatusConflict, "code_mismatch")
	first := h.post(card+"/activation/code/recovery", `{"reason":"lost"}`).want(200)
	second := h.post(card+"/activation/code/recovery", `{"reason":"lost again"}`).want(200)
	if first.raw("renewed") != "true" || second.raw("code_version") != "3" {
		t.Errorf("%s %s", first.body, second.body)
	}
	if late := h.post(card+"/activation/code/recovery", `{"reason":"once more"}`).refused(http.StatusTooManyRequests, "activation_code_reveal_limit"); late.header.Get("Retry-After") == "" {
		t.Errorf("%v", late.header)
	}
	if a := h.get(card + "/activation").want(200); a.raw("tries_used") != "1" || a.raw("code_readable") != "false" || a.raw("code_version") != "3" {
		t.Errorf("%s: a new code gives no tries back", a.body)
	}
	if first.text("code") != second.text("code") {
		h.post(card+"/activation", `{"code":"`+first.text("code")+`"}`).refused(http.StatusConflict, "code_mismatch")
	}
	h.post(card+"/activation", `{"code":"`+second.text("code")+`"}`).want(200)
	h.post(card+"/activation/code/recovery", `{"reason":"curious"}`).refused(http.StatusConflict, "activation_code_not_available")
}

func TestRecovery_OneKeyDoesNotReadThemAll(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.WithPolicy("activation_code.per_key_per_day", "2"))
	for i := range 3 {
		v, _ := h.newCard()
		path := "/v1/cards/" + v.Card.ID.String() + "/activation/code/recovery"
		if i < 2 {
			h.post(path, `{"reason":"lost"}`).want(200)
			continue
		}
		h.post(path, `{"reason":"lost"}`).refused(http.StatusTooManyRequests, "activation_code_reveal_limit")
		another := h.newKey(h.world.Program, "codes:recover")
		h.post(path, `{"reason":"lost"}`, "Authorization", "Bearer "+another).want(200)
	}
}

func TestRecovery_ObeysThePolicy(t *testing.T) {
	t.Parallel()
	for mode, cause := range map[string]string{"refuse": "policy", "approval": "approval_required"} {
		h := newHouse(t, storetest.WithPolicy("activation_code.mode", mode))
		v, _ := h.newCard()
		a := h.post("/v1/cards/"+v.Card.ID.String()+"/activation/code/recovery", `{"reason":"lost"}`).refused(http.StatusForbidden, "activation_code_reveal_refused")
		if a.text("context", "cause") != cause {
			t.Errorf("%s", a.body)
		}
	}
}
