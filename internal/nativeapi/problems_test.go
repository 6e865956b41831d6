package nativeapi

import (
	"encoding/json"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/scenario"
	"github.com/firsttap/firsttap/internal/tenancy"
)

func everyReason() []fault.Reason {
	var all []fault.Reason
	for _, list := range [][]fault.Reason{issuance.Reasons(), access.Reasons(), httpd.Reasons(), scenario.Reasons(), tenancy.Reasons(), Reasons()} {
		all = append(all, list...)
	}
	return all
}

func TestProblems_EveryReasonHasOneAndNoOther(t *testing.T) {
	t.Parallel()
	known := map[fault.Reason]bool{}
	for _, r := range everyReason() {
		known[r] = true
		if line, ok := rows[r]; !ok || line.detail == "" || problemFor(r).action == "" {
			t.Errorf("%s has no row, or one that does not say what happened", r.Name())
		}
	}
	for r := range rows {
		if !known[r] {
			t.Errorf("the row of %s is nobody's", r.Name())
		}
	}
	parts := len(requestRows) + len(callerRows) + len(activationRows) + len(cardRows) + len(peopleRows) + len(parcelRows) + len(spendingRows) + len(scenarioRows) + len(tenancyRows)
	if parts != len(rows) {
		t.Errorf("%d rows in the parts, %d in the table: a reason has two", parts, len(rows))
	}
}

func TestProblems_ShowNoCauseAndSayWhenToComeAgain(t *testing.T) {
	t.Parallel()
	for _, r := range everyReason() {
		w := httptest.NewRecorder()
		(&Door{}).WriteError(w, httptest.NewRequest("GET", "/", nil), &fault.Error{
			Reason: r, Cause: fault.Refuse(fault.ReasonInternal), RetryAfter: 1500 * time.Millisecond, Detail: struct{ Secret string }{"493027"},
		})
		var body map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || len(body) != 9 || body["status"] != float64(w.Code) || len(body["context"].(map[string]any)) != 0 {
			t.Errorf("%s: %v %s", r.Name(), err, w.Body)
		}
		if w.Header().Get("Retry-After") != "2" || (w.Code == 401) != (w.Header().Get("WWW-Authenticate") == "Bearer") {
			t.Errorf("%s: %d with %v", r.Name(), w.Code, w.Header())
		}
		if again := w.Code == 429 || w.Code >= 500; again != body["retryable"] && r != issuance.KeyInProgress && r != httpd.BodyInterrupted {
			t.Errorf("%s: %d, retryable %v", r.Name(), w.Code, body["retryable"])
		}
	}
}

func TestProblems_ContextHoldsTheFacts(t *testing.T) {
	t.Parallel()
	until := time.Date(2026, 3, 6, 17, 55, 0, 0, time.UTC)
	for want, err := range map[string]error{
		`{"tries_left":3,"locked_until":null}`:                       fault.RefuseWith(card.CodeWrong, card.Attempts{Show: true, Left: 3}),
		`{"tries_left":0,"locked_until":"2026-03-06T17:55:00.000Z"}`: fault.RefuseWith(card.GuardLocked, card.Attempts{Show: true, LockedUntil: until}),
		`{}`:                                   fault.RefuseWith(card.CodeWrong, card.Attempts{Left: 3}),
		`{"status":"closed","cause":"closed"}`: fault.RefuseWith(card.NotAllowed, card.OperationState{Status: card.Closed, Cause: "CLOSED"}),
		`{"scope":"cards:write"}`:              fault.RefuseWith(access.ScopeMissing, access.CardsWrite),
		`{"cause":"reported_lost"}`:            fault.RefuseWith(card.BlockNotLiftable, card.ClosedLost),
	} {
		var body struct{ Context json.RawMessage }
		if e := json.Unmarshal(problemOf(err).Body, &body); e != nil || string(body.Context) != want {
			t.Errorf("%s, want %s", body.Context, want)
		}
	}
}
