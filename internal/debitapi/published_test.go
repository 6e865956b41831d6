package debitapi_test

import (
	"strings"
	"testing"
	"time"
)

var (
	clockR1 = time.Date(2024, 11, 15, 14, 32, 18, 123_000_000, time.UTC)
	clockR3 = time.Date(2025, 11, 18, 17, 50, 57, 960_232_171, time.UTC)
)

// The examples of the published API, to the letter (debit contract §14).
func TestPublishedExamples(t *testing.T) {
	t.Parallel()
	h := newHouse(t, policy("debit.activation_payload", "strict"), policy("debit.composite", "on"))
	h.fixture()
	const (
		r1 = `{"customer_id":"12345678","card_identifier":"CARD-001","reference_batch":"7e4b85e27c4610824900af48f340394d"}`
		r2 = `{"pin":"1234","card_identifier":"CARD001","reference_batch":"7e4b85e27c4610824900af48f340394d","device_id":"2fc54683d5fad405360419f720457ccbcf9bacac414f6296f846e2e4fad99d47","customer_id":"85","balance":{"id":10249}}`
		r3 = `{"customer_id":"12345678","card_identifier":"CARD-009","reference_batch":"7e4b85e27c4610824900af48f340394d"}`
		r5 = `{"customer_id":"777","card_identifier":"CARD-002","reference_batch":"7e4b85e27c4610824900af48f340394d"}`
	)
	for _, c := range []struct {
		name, body string
		clock      time.Time
		status     int
		want       string
	}{
		{"R1", r1, clockR1, 200, `{"text":"Success","timestamp":"2024-11-15T14:32:18.123Z","endpoint":"debit/v1/activateCardForCustomer","error":{},"payload":{"card_id":"card_987654321","customer_id":"12345678","status":"activated"}}`},
		{"R3", r3, clockR3, 400, `{"text":"Error","timestamp":"2025-11-18T11:50:57.960232171-06:00","endpoint":"/debit/v1/activateCardForCustomer","error":{"code":4400,"hints":["Bad parameters request, please refer the documentation","Mismatch in reference batch."]},"payload":{}}`},
		{"R4", r1, clockR3, 400, `{"text":"Error","timestamp":"2025-11-18T11:50:57.960232171-06:00","endpoint":"/debit/v1/activateCardForCustomer","error":{"code":4433,"hints":["Card has already been activated"]},"payload":{}}`},
		{"R5", r5, clockR3, 500, `{"text":"Error","timestamp":"2025-11-18T11:50:57.960232171-06:00","endpoint":"/debit/v1/activateCardForCustomer","error":{"code":7000,"text":"Server error","hints":["Please contact the customer care","rfc:invalid"]},"payload":{}}`},
	} {
		h.freeze(c.clock)
		if a := h.activate(c.body); a.status != c.status || a.body != c.want {
			t.Errorf("%s: %d\n got %s\nwant %s", c.name, a.status, a.body, c.want)
		}
	}
	if log := h.log.String(); strings.Contains(log, `"level":"ERROR"`) || !strings.Contains(log, `"reason":"customer_data_invalid"`) {
		t.Error("the refusal of R5 is told as a failure of ours, or not at all")
	}
	h.freeze(clockR1)
	a := h.activate(r2)
	if want := `{"text":"Success","timestamp":"2024-11-15T14:32:18.123Z","endpoint":"debit/v1/activateCardForCustomer","error":{},"payload":{"card_id":"card_`; a.status != 200 || !strings.HasPrefix(a.body, want) || !strings.HasSuffix(a.body, `","customer_id":"85","status":"activated"}}`) {
		t.Errorf("R2: %d %s", a.status, a.body)
	}
	// CARD-002 was not activated by R5.
	if a := h.activate(strings.Replace(r5, "777", "12345678", 1)); a.status != 200 {
		t.Errorf("after R5: %s", a.body)
	}
}
