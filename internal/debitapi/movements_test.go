package debitapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/ledger"
)

// listed asks for movements and gives their amounts with a sign, and how many there are.
func (h *house) listed(t testing.TB, number int64, query string) (amounts string, total float64) {
	t.Helper()
	p := h.do(http.MethodGet, fmt.Sprintf("/transactions/%d?%s", number, query), "", h.asAdmin()...).payload(t)
	var out []string
	rows, _ := p["transactions"].([]any)
	for _, row := range rows {
		m, _ := row.(map[string]any)
		out = append(out, map[any]string{"credit": "+", "debit": "-"}[m["direction"]]+m["amount"].(string))
	}
	total, _ = p["totalCount"].(float64)
	return strings.Join(out, " "), total
}

func TestMovements_AreListed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.freeze(time.Date(2025, 11, 18, 17, 50, 57, 960_000_000, time.UTC))
	r, other := h.newRich(t, "eva@example.com", 1000), h.newRich(t, "ben@example.com", 0)
	child := r.child(t, 700)
	list := func(query string) answer {
		return r.do(http.MethodGet, fmt.Sprintf("/transactions/%d?%s", r.number, query), "")
	}
	list("").says(t, "none", `{"transactions":[],"totalCount":0}`)
	top := h.do(http.MethodPost, topUpPath, fmt.Sprintf(`{"externalTransactionId":"a","balanceId":%d,"sourceCustomerID":%d,"amount":150}`, r.wallet, r.number))
	id := top.payload(t)["transactionId"]
	const mcc = `"merchantCategoryCode":{"mcc":"","description":"","categoryId":0,"category":"","subcategoryId":0,"subcategory":""},` +
		`"captureMode":"","MDESDigitizedWalletID":"","isSettled":true,"category":0,`
	row := func(amount, at string, kind int, id any, text, direction string, balance int64) string {
		return fmt.Sprintf(`{"amount":%q,"timestamp":%q,"transactionType":%d,"status":1,"transactionId":%v,"description":%q,%s"direction":%q,"balanceId":%d}`,
			amount, at, kind, id, text, mcc, direction, balance)
	}
	list("").says(t, "the published sample", `{"transactions":[`+row("150.00", "2025-11-18T17:50:57.960Z", 1, id, "topUp", "credit", r.wallet)+`],"totalCount":1}`)

	h.freeze(time.Date(2025, 11, 19, 5, 59, 59, 0, time.UTC)) // still the 18th where the programme is
	sent := h.do(http.MethodPost, transferPath, fmt.Sprintf(`{"sourceCustomerID":%d,"targetID":%d,"amount":"20.5","description":{"concept":"rent"}}`, r.number, other.number), h.asAdmin()...).
		payload(t)["transactionId"]
	h.freeze(time.Date(2025, 11, 19, 6, 0, 0, 0, time.UTC))
	h.posts(child, ledger.Authorized, ledger.Hold(900))
	h.posts(child, ledger.Cleared, ledger.Collect(900, 300))
	list("limit=1&offset=1").says(t, "a transfer out", `{"transactions":[`+row("20.50", "2025-11-19T05:59:59.000Z", 2, sent, `{"concept":"rent"}`, "debit", r.wallet)+`],"totalCount":3}`)
	other.do(http.MethodGet, fmt.Sprintf("/wallet/v1/transactions/cust_%d/", other.number), "").
		says(t, "a transfer in, by the other path", `{"transactions":[`+row("20.50", "2025-11-19T05:59:59.000Z", 3, sent, `{"concept":"rent"}`, "credit", other.wallet)+`],"totalCount":1}`)
	list("limit=1").says(t, "a card", `{"transactions":[`+row("3.00", "2025-11-19T06:00:00.000Z", 4, "#", "", "debit", child)+`],"totalCount":3}`)

	const all = "-3.00 -20.50 +150.00"
	for query, want := range map[string]struct {
		amounts string
		total   float64
	}{
		"": {all, 3}, "desc=true": {all, 3}, "desc=false": {"+150.00 -20.50 -3.00", 3}, "desc=0&limit=2": {"+150.00 -20.50", 3},
		"limit=2&offset=2": {"+150.00", 3}, "offset=3": {"", 3}, "limit=1000": {all, 3},
		"from=2025-11-18": {all, 3}, "to=2025-11-19": {all, 3}, "from=2025-11-19": {"-3.00", 1}, "to=2025-11-18": {"-20.50 +150.00", 2},
		"from=2025-11-18&to=2025-11-18&limit=1": {"-20.50", 2}, "from=2025-11-20": {"", 0}, "from=2025-11-19&to=2025-11-18": {"", 0},
		"only_installment_charges=true": {"", 0}, "only_installment_charges=false": {all, 3},
		fmt.Sprint("transaction_id=", sent): {"-20.50", 1},
	} {
		if amounts, total := h.listed(t, r.number, query); amounts != want.amounts || total != want.total {
			t.Errorf("?%s: %q of %v, want %q of %v", query, amounts, total, want.amounts, want.total)
		}
	}
	for query, hints := range map[string]string{
		"limit=0&offset=-1": "limit:invalid offset:invalid", "limit=1001&from=18-11-2025&to=x&desc=maybe": "limit:invalid from:invalid to:invalid desc:invalid",
		"transaction_id=x&only_installment_charges=2": "transaction_id:invalid only_installment_charges:invalid", "from=2025-02-30": "from:invalid",
	} {
		list(query).is(t, query, 400, 4400, hints)
	}
}

func TestMovements_WhoMaySeeThem(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("olga@example.com", access.RoleReader)
	r, other := h.newRich(t, "eva@example.com", 0), h.newRich(t, "ben@example.com", 0)
	id := h.do(http.MethodPost, topUpPath, fmt.Sprintf(`{"externalTransactionId":"a","balanceId":%d,"sourceCustomerID":%d,"amount":1}`, r.wallet, r.number)).payload(t)["transactionId"]
	path := fmt.Sprintf("/transactions/%d", r.number)
	r.do(http.MethodGet, path, "").is(t, "the own ones", 200, 0, "")
	h.as(h.signIn("olga@example.com").AccessToken, http.MethodGet, "/wallet/v1"+path, "").is(t, "a reader, by the other path", 200, 0, "")
	h.do(http.MethodGet, path, "").is(t, "the programme", 401, 4401, "Authorization-customer:required")
	other.do(http.MethodGet, path, "").is(t, "another's", 403, 4403, "customer_id:not_allowed")
	h.do(http.MethodGet, "/transactions/5", "", h.asAdmin()...).is(t, "nobody's", 404, 4404, "")
	h.do(http.MethodGet, "/transactions/x", "", h.asAdmin()...).is(t, "no number", 404, 4404, "")
	unknown := h.do(http.MethodGet, fmt.Sprintf("/transactions/%d?transaction_id=%v", other.number, id), "", h.asAdmin()...)
	if unknown.is(t, "another's movement", 404, 4404, ""); !strings.Contains(unknown.body, `"Transaction not found"`) {
		t.Error(unknown.body)
	}
}
