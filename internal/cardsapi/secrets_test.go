package cardsapi_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/secrettest"
)

// TestSecrets_StayWhereTheContractPutsThem is contract §11.8 and §26.11: one card is taken through every
// refusal and its activation, and its code is looked for in everything that comes out.
func TestSecrets_StayWhereTheContractPutsThem(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	card := h.fresh()
	box := h.placed(card)
	code := h.get("/cards/" + card + "/activation-code").want(200).text("activationCode")
	var out []string
	try := func(sent string) answer {
		a := h.post("/cards/"+card+"/activate", codeBody(sent))
		out = append(out, a.body, fmt.Sprint(a.header))
		return a
	}
	same := func(reason string) {
		t.Helper()
		right, wrong := try(code), try(otherCode(code))
		right.refused(400, cannot, `{"reason":"`+reason+`"}`)
		if right.body != wrong.body {
			t.Errorf("%s: %s for the right code, %s for a wrong one", reason, right.body, wrong.body)
		}
	}
	same("NOT_SHIPPED")
	h.scanned(box, "DELIVERY_FAILED")
	same("DELIVERY_FAILED")
	h.scanned(box, "IN_TRANSIT")
	h.post("/cards/"+card+"/block", "").want(200)
	same("BLOCKED")
	h.post("/cards/"+card+"/unblock", "").want(200)
	h.post("/cards/"+card+"/activate?code="+code, codeBody(code)).wrong("query", "code not_allowed")
	for range 6 {
		try(otherCode(code))
	}
	if right, wrong := try(code).want(429), try(otherCode(code)).want(429); right.body != wrong.body {
		t.Error("a locked guard tells codes apart")
	}
	h.world.Clock.Advance(15 * time.Minute)
	try(code).want(204)
	same("ALREADY_ACTIVATED")
	hook := h.post("/webhooks", `{"name":"x","url":"https://partner.example.com"}`).want(200).text("signingSecret")
	for _, e := range h.events() {
		out = append(out, e.body)
	}
	for _, action := range []string{"card.activate", "card.read_activation_code", "webhook.create"} {
		rows := h.trail(action)
		if len(rows) == 0 {
			t.Errorf("%s left no row", action)
		}
		for _, r := range rows {
			out = append(out, r.Actor+r.Note+r.Outcome+r.Action)
		}
	}
	for line := range strings.SplitSeq(h.log.text.String(), "\n") {
		if secrettest.Digits(line, code)+secrettest.Digits(line, otherCode(code)) > 0 {
			t.Errorf("a code is in the log: %s", line)
		}
		out = append(out, strings.ReplaceAll(line, code, "")) // keys and secrets are looked for below
	}
	for _, text := range out {
		if strings.Contains(text, h.key) || strings.Contains(text, hook) || strings.Contains(text, codeBody(code)) || strings.Contains(text, `"`+code+`"`) {
			t.Errorf("a secret is in %s", text)
		}
	}
}
