package nativeapi_test

import (
	"errors"
	"fmt"
	"path"
	"strconv"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/redact"
	"github.com/firsttap/firsttap/internal/storetest"
)

// wrongCode is a code that is not this one.
func wrongCode(code card.Code) string {
	n, _ := strconv.Atoi(code.Reveal())
	return fmt.Sprintf("%06d", (n+1)%1_000_000)
}

// TestClock_WhatLocksWaitsOrExpiresObeysIt has one row for each thing that time does in the rules. Real time stands still: only the
// clock of the programme moves, and with it what each row says.
func TestClock_WhatLocksWaitsOrExpiresObeysIt(t *testing.T) {
	t.Parallel()
	guess := func(h *house, of string, code card.Code, reason string) {
		h.post("/v1/cards/"+of+"/activation", `{"code":"`+wrongCode(code)+`"}`).because(reason)
	}
	for name, c := range map[string]struct {
		policy, value string
		after         string
		begin         func(h *house) (before, later func())
	}{
		"the lock of a guard": {"activation.tries", "1", "15m", func(h *house) (before, later func()) {
			v, code := h.newCard()
			guess(h, v.Card.ID.String(), code, "code_mismatch")
			return func() { guess(h, v.Card.ID.String(), code, "activation_locked") }, func() { guess(h, v.Card.ID.String(), code, "code_mismatch") }
		}},
		"the breaker": {"activation.breaker_tries", "1", "11m", func(h *house) (before, later func()) {
			try := func(reason string) {
				h.post("/v1/cards/"+h.world.BatchCard.Card.ID.String()+"/activation", fmt.Sprintf(
					`{"identifier":%q,"reference_batch":"none","customer_id":%q}`, storetest.BatchIdentifier, h.world.Customer.ID)).because(reason)
			}
			try("batch_mismatch")
			try("batch_mismatch")
			return func() { try("mismatch_breaker") }, func() { try("batch_mismatch") }
		}},
		"the life of a code": {"activation.code_lifetime", "24h", "25h", func(h *house) (before, later func()) {
			v, code := h.newCard()
			return func() { guess(h, v.Card.ID.String(), code, "code_mismatch") }, func() { guess(h, v.Card.ID.String(), code, "code_expired") }
		}},
		"the limit of code recoveries": {"activation_code.per_card_per_day", "1", "24h1s", func(h *house) (before, later func()) {
			v, _ := h.newCard()
			ask := "/v1/cards/" + v.Card.ID.String() + "/activation/code/recovery"
			h.post(ask, `{"reason":"lost"}`).want(200)
			return func() { h.post(ask, `{"reason":"lost"}`).because("activation_code_reveal_limit") }, func() { h.post(ask, `{"reason":"lost"}`).want(200) }
		}},
		"the window of an idempotency key": {"", "", "24h1s", func(h *house) (before, later func()) {
			v, _ := h.newCard()
			freeze := func() string {
				return h.do("POST", "/v1/cards/"+v.Card.ID.String()+"/freeze", `{}`, "Idempotency-Key", "once").want(200).header.Get("Idempotent-Replayed")
			}
			freeze()
			return func() { h.same(freeze(), "true") }, func() { h.same(freeze(), "") }
		}},
		"an approval": {"approvals.actions", "guard_reset", "24h1s", func(h *house) (before, later func()) {
			v, _ := h.newCard()
			asked := h.post("/v1/cards/"+v.Card.ID.String()+"/activation/guard/reset", `{"reason":"x"}`).text("context", "approval_id")
			return func() { h.same(h.get("/v1/approvals/"+asked).text("status"), "pending") }, func() { h.same(h.get("/v1/approvals/"+asked).text("status"), "expired") }
		}},
		"the link of an activation page": {"", "", "15m1s", func(h *house) (before, later func()) {
			v, _ := h.newCard()
			link := func() redact.Text {
				return redact.NewText(path.Base(h.post("/v1/activation-sessions", fmt.Sprintf(`{"card_id":%q}`, v.Card.ID)).want(201).text("url")))
			}
			first, second := link(), link()
			open := func(token redact.Text) error {
				_, err := h.service.OpenActivationSession(h.t.Context(), issuance.OpenActivationSession{Token: token})
				return err
			}
			return func() { h.same(open(first), error(nil)) }, func() { h.same(errors.Is(open(second), card.SessionOver), true) }
		}},
		"the bureau": {"sandbox.bureau_delay", "1h", "1h1s", func(h *house) (before, later func()) {
			h.campaign("SUMMER")
			box, _, _ := h.parcel()
			return func() { h.post(box, `{}`).because("simulation_invalid_state") }, func() { h.post(box, `{}`).want(200) }
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var policies []storetest.Option
			if c.policy != "" {
				policies = append(policies, storetest.WithPolicy(c.policy, c.value))
			}
			h := newHouse(t, policies...)
			h.post("/v1/sandbox/clock", `{"action":"freeze","at":"`+h.world.Clock.Now().Format(time.RFC3339Nano)+`"}`).want(200)
			before, later := c.begin(h)
			before()
			h.post("/v1/sandbox/clock", `{"action":"advance","by":"`+c.after+`"}`).want(200)
			later()
		})
	}
}

// because checks the reason of a problem.
func (a answer) because(reason string) {
	a.t.Helper()
	if a.text("reason") != reason {
		a.t.Errorf("answer %d %s, want %s", a.status, a.body, reason)
	}
}

func (h *house) same(got, want any) {
	h.t.Helper()
	if got != want {
		h.t.Errorf("got %v, want %v", got, want)
	}
}
