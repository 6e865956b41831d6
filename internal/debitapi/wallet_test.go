package debitapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/ledger"
)

const (
	sampleParent = "7c6474ab26337a9151517c433874cc54"
	linePath     = "/wallet/v1/composite-balance/"
	parentPath   = linePath + "parent/"
	childPath    = linePath + "child"
	topUpPath    = "/wallet/v1/topUp"
	transferPath = "/wallet/v1/transfer"
)

// The published sample of a parent, and its error, to the letter (debit contract §11.1).
func TestParent_PublishedSample(t *testing.T) {
	t.Parallel()
	h := newHouse(t, policy("debit.overlimit_cents", "10000"), policy("debit.billing_day", "24"), policy("debit.due_days", "20"))
	h.fixture()
	h.freeze(time.Date(2025, 10, 9, 16, 26, 49, 741_311_816, time.UTC))
	const (
		head   = `"timestamp":"2025-10-09T10:26:49.741311816-06:00","endpoint":"/wallet/v1/composite-balance/parent/`
		sample = `{"text":"Success",` + head + sampleParent + `","error":{},"payload":{"id":"7c6474ab26337a9151517c433874cc54","customer_id":85,` +
			`"credit_line":4000000,"credit_limit":4010000,"available_credit":1900000,"min_due_payment":0,"total_due_payment":0,` +
			`"next_billing_date":"2025-10-24","next_due_date":"2025-10-14","status":1}}`
		failure = `","error":{"code":5000,"text":"Validation Error","hints":["Validations for the request failed, please check the parameters and try again","incorrect parent_id"]},"payload":{}}`
	)
	for sent, want := range map[string]string{
		sampleParent:                  sample,
		strings.ToUpper(sampleParent): sample,
		strings.Repeat("0", 32):       `{"text":"Error",` + head + strings.Repeat("0", 32) + failure,
		"10249":                       `{"text":"Error",` + head + "10249" + failure,
	} {
		if a := h.do(http.MethodGet, parentPath+sent, ""); a.body != want || (a.status == 200) != (want == sample) || a.status > 400 {
			t.Errorf("%s: %d\n got %s\nwant %s", sent, a.status, a.body, want)
		}
	}
	// The day of billing begins the next cycle.
	for day, want := range map[string]string{
		"2025-10-23T23:59:59-06:00": `"next_billing_date":"2025-10-24","next_due_date":"2025-10-14"`,
		"2025-10-24T00:00:00-06:00": `"next_billing_date":"2025-11-24","next_due_date":"2025-11-13"`,
		"2026-01-01T00:00:00-06:00": `"next_billing_date":"2026-01-24","next_due_date":"2026-01-13"`,
	} {
		at, err := time.Parse(time.RFC3339, day)
		h.must(err)
		h.freeze(at)
		if a := h.do(http.MethodGet, parentPath+sampleParent, ""); !strings.Contains(a.body, want) {
			t.Errorf("%s: %s", day, a.body)
		}
	}
}

// rich is a customer with a wallet, a composite parent and a token.
type rich struct {
	h              *house
	number, wallet int64
	parent, token  string
}

// newRich creates a customer whose parent has that line.
func (h *house) newRich(t *testing.T, mail string, line int64) rich {
	t.Helper()
	a := h.do(http.MethodPost, createPath, fmt.Sprintf(`{"gender":1,"first_name":"Eva","last_name":"Luna","email":%q,"device_id":"d1","composite_balance":{"parent":{"credit_line":%d}}}`, mail, line))
	rs, _ := answerB(t, a)
	parent, _ := rs["composite_balance"].(map[string]any)["parent"].(map[string]any)
	return rich{h, int64(rs["id"].(float64)), int64(rs["ewallet_id"].(float64)), parent["id"].(string), rs["oauth_token"].(string)}
}

func (r rich) do(method, path, body string) answer {
	r.h.t.Helper()
	return r.h.do(method, path, body, "Authorization-customer", r.token)
}

// left is what the parent's answer says of its line.
func (r rich) left(t testing.TB, line, available int64) {
	t.Helper()
	p := r.h.do(http.MethodGet, parentPath+r.parent, "").payload(t)
	if p["credit_line"] != float64(line) || p["available_credit"] != float64(available) || p["credit_limit"] != float64(line) {
		t.Errorf("the parent is %v, want a line of %d with %d left", p, line, available)
	}
}

// child opens a child and gives its number.
func (r rich) child(t testing.TB, line int64) int64 {
	t.Helper()
	a := r.h.do(http.MethodPost, childPath, fmt.Sprintf(`{"parent_id":%q,"credit_line":%d}`, r.parent, line))
	if a.status != 200 {
		t.Fatalf("a child of %d: %s", line, a.body)
	}
	return int64(a.payload(t)["id"].(float64))
}

func (h *house) setLine(child, line int64) answer {
	h.t.Helper()
	return h.do(http.MethodPut, fmt.Sprintf("%s/%d/update-credit-line", childPath, child), fmt.Sprintf(`{"credit_line":%d}`, line))
}

func TestParent_OfANewAccountInBothForms(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for mail, form := range map[string]string{"a@example.com": `{"parent":{"credit_line":10000000}}`, "b@example.com": `{"source":{"total_credit":10000000}}`} {
		rs, _ := answerB(t, h.do(http.MethodPost, createPath, `{"gender":1,"first_name":"Eva","last_name":"Luna","email":"`+mail+`","composite_balance":`+form+`}`))
		parent, _ := rs["composite_balance"].(map[string]any)["parent"].(map[string]any)
		r := rich{h: h, parent: parent["id"].(string)}
		r.left(t, 10_000_000, 10_000_000)
	}
}

func TestChild_OpensRaisesAndLowers(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.newRich(t, "eva@example.com", 1000)
	other := h.newRich(t, "ben@example.com", 1000)
	h.tells("accounts", "customer.created")
	one := h.do(http.MethodPost, childPath, `{"parent_id":"`+strings.ToUpper(r.parent)+`","credit_line":"600"}`)
	one.says(t, "a child", fmt.Sprintf(`{"id":#,"parent_id":%q,"customer_id":%d,"credit_line":600,"credit_limit":600,"available_credit":600,"total_debt":0,"status":1}`, r.parent, r.number))
	if !strings.Contains(one.body, `-06:00","endpoint":"/wallet/v1/composite-balance/child","error":{}`) {
		t.Errorf("not in form E: %s", one.body)
	}
	h.tells("a child", "account.created", "account.line_changed")
	id := int64(one.payload(t)["id"].(float64))
	r.left(t, 1000, 400)

	create := func(what, sent string, status, code int, hints string) {
		t.Helper()
		h.do(http.MethodPost, childPath, sent).is(t, what, status, code, hints)
	}
	create("beyond the parent", `{"parent_id":"`+r.parent+`","credit_line":401}`, 400, 5003, "parent:available_credit")
	create("an unknown parent", `{"parent_id":"`+strings.Repeat("0", 32)+`","credit_line":1}`, 400, 5000, "incorrect parent_id")
	create("no reference", `{"parent_id":"x","credit_line":1}`, 400, 5000, "incorrect parent_id")
	create("an unknown customer", `{"parent_id":"`+r.parent+`","credit_line":1,"customer_id":123}`, 404, 4404, "")
	create("nothing", `{}`, 400, 4400, "parent_id:required credit_line:required")
	create("less than nothing", `{"parent_id":"`+r.parent+`","credit_line":-1,"customer_id":"x"}`, 400, 4400, "credit_line:invalid customer_id:invalid")
	create("no whole cents", `{"parent_id":7,"credit_line":1.5}`, 400, 4400, "parent_id:invalid credit_line:invalid")
	r.left(t, 1000, 400)

	h.setLine(id, 1000).says(t, "a raise", fmt.Sprintf(`{"id":%d,"parent_id":%q,"customer_id":%d,"credit_line":1000,"credit_limit":1000,"available_credit":1000,"total_debt":0,"status":1}`, id, r.parent, r.number))
	r.left(t, 1000, 0)
	h.setLine(id, 1001).is(t, "a raise beyond the parent", 400, 5003, "parent:available_credit")
	h.tells("a raise", "account.line_changed")
	if a := h.setLine(id, 1000); a.status != 200 || h.told() != "" {
		t.Errorf("the same again: %s, announced %q", a.body, h.told())
	}
	h.posts(id, ledger.Cleared, ledger.Collect(0, 300))
	h.setLine(id, 299).is(t, "below the debt", 400, 5000, "credit_line:below_debt")
	h.setLine(id, 300).says(t, "down to the debt", fmt.Sprintf(`{"id":%d,"parent_id":%q,"customer_id":%d,"credit_line":300,"credit_limit":300,"available_credit":0,"total_debt":300,"status":1}`, id, r.parent, r.number))
	r.left(t, 1000, 700)
	h.setLine(other.wallet, 1).is(t, "a wallet is no child", 400, 5000, "incorrect child_id")
	h.do(http.MethodPut, childPath+"/x/update-credit-line", `{"credit_line":1}`).is(t, "no number", 400, 5000, "incorrect child_id")
	h.do(http.MethodPut, fmt.Sprintf("%s/%d/update-credit-line", childPath, id), `{}`).is(t, "no line", 400, 4400, "credit_line:required")

	// A child may be another's; both its holder and the owner of the line see it.
	mine := h.do(http.MethodPost, childPath, fmt.Sprintf(`{"parent_id":%q,"credit_line":0,"customer_id":"cust_%d"}`, r.parent, other.number)).payload(t)
	path := fmt.Sprintf("%s/%.0f", childPath, mine["id"])
	for who, a := range map[string]answer{
		"its holder": other.do(http.MethodGet, path, ""), "the owner": r.do(http.MethodGet, path, ""), "the programme": h.do(http.MethodGet, path, ""),
		"an admin": h.do(http.MethodGet, path, "", h.asAdmin()...), "the owner of the parent": r.do(http.MethodGet, parentPath+r.parent, ""),
	} {
		a.is(t, who, 200, 0, "")
	}
	other.do(http.MethodGet, fmt.Sprintf("%s/%d", childPath, id), "").is(t, "another's child", 400, 5000, "incorrect child_id")
	other.do(http.MethodGet, parentPath+r.parent, "").is(t, "another's parent", 400, 5000, "incorrect parent_id")
	other.do(http.MethodPost, childPath, `{"parent_id":"`+r.parent+`","credit_line":0}`).is(t, "a customer gives itself a line", 403, 4403, "scope:P,A")
	h.changeAccount(r.parentAccount(t), func(a *account.Account) { a.Status = account.Inactive })
	create("of an inactive parent", `{"parent_id":"`+r.parent+`","credit_line":1}`, 400, 5002, "")
}

func TestChild_FiftyRaisesAtOnceNeverOverdraw(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	r := h.newRich(t, "eva@example.com", 1000)
	children := make([]int64, 50)
	for i := range children {
		children[i] = r.child(t, 0)
	}
	codes := map[int]int{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, id := range children {
		all.Go(func() {
			code := h.setLine(id, 90).code()
			mu.Lock()
			defer mu.Unlock()
			codes[code]++
		})
	}
	all.Wait()
	if codes[0] != 11 || codes[5003] != 39 {
		t.Errorf("codes %v, want 11 raises of 90 out of 1000", codes)
	}
	r.left(t, 1000, 10)
}

func TestTransfer_MovesOwnMoney(t *testing.T) {
	t.Parallel()
	h := newHouse(t, policy("sandbox.initial_balance", "100.00"))
	from, to := h.newRich(t, "eva@example.com", 1000), h.newRich(t, "ben@example.com", 0)
	send := func(amount string, more ...string) answer {
		t.Helper()
		return from.do(http.MethodPost, transferPath, body(append([]string{
			fmt.Sprintf(`"sourceCustomerID":%d,"targetID":%d,"amount":%s`, from.number, to.number, amount),
		}, more...)...))
	}
	h.tells("accounts", "customer.created")
	send("60.5", `"description":{"concept":"renta «1»"}`).says(t, "a transfer", `{"transactionId":"#"}`)
	if told := h.told(); told != "account.moved account.moved" {
		t.Errorf("announced %q", told)
	}
	send(`"39.50"`).says(t, "the rest", `{"transactionId":"#"}`)
	h.balances(map[int64]int64{from.wallet: 0, to.wallet: 200_00})
	send("0.01").is(t, "without money", 400, 5003, "")
	for amount, hint := range map[string]string{
		"0.001": "amount:invalid", "0": "amount:invalid", "-1": "amount:invalid", "10000000": "amount:invalid", `"1,5"`: "amount:invalid",
		"true": "amount:invalid", "null": "amount:required", `""`: "amount:invalid", `"1."`: "amount:invalid", `".5"`: "amount:invalid", "1e2": "amount:invalid",
	} {
		send(amount).is(t, amount, 400, 4400, hint)
	}
	send("9999999.99").is(t, "the most", 400, 5003, "")
	send("1", `"description":"text"`).is(t, "a text as description", 400, 4400, "description:invalid")
	send("1", `"description":{"a":"`+strings.Repeat("x", 2048)+`"}`).is(t, "a long description", 400, 4400, "description:too_long")
	for what, c := range map[string]struct {
		who          answer
		status, code int
		hints        string
	}{
		"to oneself":       {to.do(http.MethodPost, transferPath, fmt.Sprintf(`{"sourceCustomerID":%d,"targetID":"cust_%d","amount":1}`, to.number, to.number)), 400, 4400, "targetID:invalid"},
		"out of another's": {to.do(http.MethodPost, transferPath, fmt.Sprintf(`{"sourceCustomerID":%d,"targetID":%d,"amount":1}`, from.number, to.number)), 403, 4403, "sourceCustomerID:not_allowed"},
		"to nobody":        {to.do(http.MethodPost, transferPath, fmt.Sprintf(`{"sourceCustomerID":%d,"targetID":5,"amount":1}`, to.number)), 404, 4404, ""},
		"out of nobody's":  {h.do(http.MethodPost, transferPath, fmt.Sprintf(`{"sourceCustomerID":5,"targetID":%d,"amount":1}`, to.number), h.asAdmin()...), 404, 4404, ""},
		"by the programme": {h.do(http.MethodPost, transferPath, fmt.Sprintf(`{"sourceCustomerID":%d,"targetID":%d,"amount":1}`, to.number, from.number)), 401, 4401, "Authorization-customer:required"},
		"by an admin":      {h.do(http.MethodPost, transferPath, fmt.Sprintf(`{"sourceCustomerID":%d,"targetID":%d,"amount":1}`, to.number, from.number), h.asAdmin()...), 200, 0, ""},
		"nothing":          {to.do(http.MethodPost, transferPath, `{}`), 400, 4400, "sourceCustomerID:required targetID:required amount:required"},
	} {
		c.who.is(t, what, c.status, c.code, c.hints)
	}
	h.balances(map[int64]int64{from.wallet: 100, to.wallet: 199_00})
	h.changeAccount(to.wallet, func(a *account.Account) { a.Status = account.Inactive })
	send("1").is(t, "to an inactive wallet", 400, 5002, "")
	h.balances(map[int64]int64{from.wallet: 100, to.wallet: 199_00})
}

func TestTransfer_StopsAtTheMonthsLimit(t *testing.T) {
	t.Parallel()
	h := newHouse(t, policy("sandbox.initial_balance", "100.00"), policy("debit.monthly_transfer_cents", "5000"))
	from, to := h.newRich(t, "eva@example.com", 0), h.newRich(t, "ben@example.com", 0)
	send := func(pesos int) answer {
		return h.do(http.MethodPost, transferPath, fmt.Sprintf(`{"sourceCustomerID":%d,"targetID":%d,"amount":%d}`, from.number, to.number, pesos), h.asAdmin()...)
	}
	send(50).is(t, "all that may go", 200, 0, "")
	a := send(1)
	if a.is(t, "more", 400, 5001, ""); !strings.Contains(a.body, `"code":5001,"text":"Monthly transaction limit reached"`) {
		t.Error(a.body)
	}
	h.pass(32 * 24 * time.Hour)
	send(50).is(t, "next month", 200, 0, "")
}

func TestTransfer_HundredAtOnceSpendTheMoneyOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, policy("sandbox.initial_balance", "10.00"))
	from, to := h.newRich(t, "eva@example.com", 0), h.newRich(t, "ben@example.com", 0)
	codes := map[int]int{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() {
			code := from.do(http.MethodPost, transferPath, fmt.Sprintf(`{"sourceCustomerID":%d,"targetID":%d,"amount":0.9}`, from.number, to.number)).code()
			mu.Lock()
			defer mu.Unlock()
			codes[code]++
		})
	}
	all.Wait()
	if codes[0] != 11 || codes[5003] != 89 {
		t.Errorf("codes %v", codes)
	}
	h.balances(map[int64]int64{from.wallet: 10, to.wallet: 19_90})
}

func TestTopUp_OnceForEachName(t *testing.T) {
	t.Parallel()
	h := newHouse(t, policy("sandbox.initial_balance", "0.00"))
	r, other := h.newRich(t, "eva@example.com", 1000), h.newRich(t, "ben@example.com", 0)
	child := r.child(t, 700)
	top := func(name, amount string, balance int64, headers ...string) answer {
		t.Helper()
		h.clock.Advance(time.Second)
		return h.do(http.MethodPost, topUpPath, fmt.Sprintf(`{"externalTransactionId":%q,"balanceId":%d,"sourceCustomerID":%d,"amount":%s}`, name, balance, r.number, amount), headers...)
	}
	h.tells("accounts", "customer.created")
	first := top("dep-1", "150", r.wallet)
	first.says(t, "a top-up", `{"transactionId":"#"}`)
	if told := h.told(); told != "account.moved" {
		t.Errorf("announced %q", told)
	}
	again := top("dep-1", `"150.00"`, r.wallet)
	if again.body != first.body || again.header.Get("Idempotent-Replayed") != "true" || h.told() != "account.moved" {
		t.Errorf("again: %s\n%s, announced %q", first.body, again.body, h.told())
	}
	top("dep-1", "151", r.wallet).is(t, "another amount", 409, 4409, "externalTransactionId:duplicated")
	top("dep-1", "150", child).is(t, "another balance", 409, 4409, "externalTransactionId:duplicated")
	top("dep-1", "150", other.wallet).is(t, "another's balance", 409, 4409, "externalTransactionId:duplicated")
	top("dep-2", "150", other.wallet).is(t, "another's balance, under a new name", 400, 5000, "incorrect balanceId")
	top("dep-2", "150", 99).is(t, "nobody's balance", 400, 5000, "incorrect balanceId")
	top("dep-2", "150", r.parentAccount(t)).is(t, "a parent", 400, 5000, "incorrect balanceId")
	top("dep-2", "0.01", child).says(t, "a child", `{"transactionId":"#"}`)
	h.do(http.MethodGet, fmt.Sprintf("%s/%d", childPath, child), "").
		says(t, "its line stays", fmt.Sprintf(`{"id":%d,"parent_id":%q,"customer_id":%d,"credit_line":700,"credit_limit":700,"available_credit":700,"total_debt":0,"status":1}`, child, r.parent, r.number))
	h.balances(map[int64]int64{r.wallet: 150_00, child: 1, other.wallet: 0})
	h.do(http.MethodPost, topUpPath, `{"transactionType":2,"amount":"x"}`).
		is(t, "all wrong", 400, 4400, "externalTransactionId:required balanceId:required sourceCustomerID:required amount:invalid transactionType:invalid")
	r.do(http.MethodPost, topUpPath, fmt.Sprintf(`{"externalTransactionId":"mine","balanceId":%d,"sourceCustomerID":%d,"amount":1,"transactionType":"1"}`, r.wallet, r.number)).
		is(t, "by the customer", 403, 4403, "scope:P,A")
	h.changeAccount(r.wallet, func(a *account.Account) { a.Status = account.Inactive })
	top("dep-3", "1", r.wallet).is(t, "an inactive wallet", 400, 5002, "")
	top("dep-1", "150", r.wallet).is(t, "what came before", 200, 0, "")

	// Another programme has names of its own.
	h.tenant = h.newTenant("second", h.program.Kind, nil)
	stranger := h.newRich(t, "eva@example.com", 0)
	h.do(http.MethodPost, topUpPath, fmt.Sprintf(`{"externalTransactionId":"dep-1","balanceId":%d,"sourceCustomerID":%d,"amount":150}`, stranger.wallet, stranger.number)).
		says(t, "another programme", `{"transactionId":"#"}`)
}

func TestTopUp_FiftyAtOnceAreOne(t *testing.T) {
	t.Parallel()
	h := newHouse(t, policy("sandbox.initial_balance", "0.00"))
	r := h.newRich(t, "eva@example.com", 0)
	bodies := map[string]int{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			a := h.do(http.MethodPost, topUpPath, fmt.Sprintf(`{"externalTransactionId":"one","balanceId":%d,"sourceCustomerID":%d,"amount":7}`, r.wallet, r.number))
			mu.Lock()
			defer mu.Unlock()
			bodies[fmt.Sprint(a.status, " ", a.body, " ", a.header.Get("Idempotent-Replayed") == "")]++
		})
	}
	all.Wait()
	if len(bodies) != 2 { // one made it, and the others got its answer
		t.Errorf("%v", bodies)
	}
	h.balances(map[int64]int64{r.wallet: 7_00})
}

// balances wants the accounts to have so much own money, and the books of all accounts to add up to zero.
func (h *house) balances(want map[int64]int64) {
	h.t.Helper()
	h.must(h.db.Issuance().Read(h.t.Context(), func(tx issuance.ReadTx) error {
		all, err := tx.Accounts(h.t.Context(), h.program.ID, issuance.AccountFilter{}, issuance.Page{Limit: 1000})
		sum := int64(0)
		for _, a := range all {
			at, err := tx.Position(h.t.Context(), a.ID)
			h.must(err)
			sum += at.Sums.Total()
			if cents, asked := want[a.Number]; asked && at.Sums.Spendable != cents {
				h.t.Errorf("account %d has %d, want %d", a.Number, at.Sums.Spendable, cents)
			}
		}
		if sum != 0 {
			h.t.Errorf("the books add up to %d", sum)
		}
		return err
	}))
}

// posts moves money in an account as no call of this door does.
func (h *house) posts(number int64, kind ledger.Kind, change ledger.Change) {
	h.t.Helper()
	now, err := h.rules.ProgramNow(h.t.Context(), h.program.ID)
	h.must(err)
	h.change(func(tx issuance.Tx) error {
		a, _, err := tx.AccountByNumber(h.t.Context(), h.program.ID, number)
		h.must(err)
		at, err := tx.Position(h.t.Context(), a.ID)
		h.must(err)
		return tx.Post(h.t.Context(), ledger.Journal{
			ID: ident.JournalID{UUID: h.ids.UUID()}, Program: h.program.ID, Kind: kind, Number: h.ids.Number(ident.MinCustomerNumber, ident.MaxNumber31),
			At: now, Entries: []ledger.Entry{at.Move(change)},
		})
	})
}

// changeAccount writes an account behind the door's back.
func (h *house) changeAccount(number int64, change func(a *account.Account)) {
	h.t.Helper()
	h.change(func(tx issuance.Tx) error {
		a, _, err := tx.AccountByNumber(h.t.Context(), h.program.ID, number)
		h.must(err)
		change(&a)
		return tx.UpdateAccount(h.t.Context(), a)
	})
}

// parentAccount is the number of the customer's composite parent, which no answer tells.
func (r rich) parentAccount(t testing.TB) (number int64) {
	t.Helper()
	r.h.must(r.h.db.Issuance().Read(t.Context(), func(tx issuance.ReadTx) error {
		c, _, err := tx.CustomerByNumber(t.Context(), r.h.program.ID, r.number)
		r.h.must(err)
		list, err := tx.Accounts(t.Context(), r.h.program.ID, issuance.AccountFilter{Owner: c.ID}, issuance.Page{Limit: 10})
		for _, a := range list {
			if a.Kind == account.CompositeParent {
				number = a.Number
			}
		}
		return err
	}))
	return number
}

// info is the one card of customer 85, who spends from a child.
func (h *house) info(t testing.TB) map[string]any {
	t.Helper()
	rows, _ := h.do(http.MethodGet, "/debit/v1/info?customer_id=85", "", h.asAdmin()...).payload(t)["cards"].([]any)
	if len(rows) != 1 {
		t.Fatalf("%d cards", len(rows))
	}
	return rows[0].(map[string]any)
}

// A child of 40 000 pesos that has spent 25 000: the figures of the contract's sample (debit contract §9.2).
func TestInfo_TellsTheLineOfAChild(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.seed(issuance.Seed{
		Customers: []issuance.SeedCustomer{{Number: 85, FirstName: "Juan", LastName: "Díaz", Child: 10249, Parent: sampleParent, ParentLine: 5_000_000, ChildLine: 4_000_000}},
		Batches:   []issuance.SeedBatch{{Reference: batchOne, Cards: []issuance.SeedCard{{Identifier: "A1"}}}},
	})
	h.freeze(time.Date(2025, 10, 9, 16, 0, 0, 0, time.UTC))
	h.activate(body(`"customer_id":85`, `"card_identifier":"A1"`, `"reference_batch":"`+batchOne+`"`, `"balance":{"id":10249}`)).is(t, "activate", 200, 0, "")
	h.posts(10249, ledger.ToppedUp, ledger.Deposit(200_000))
	h.posts(10249, ledger.Cleared, ledger.Collect(0, 2_000_000))
	h.posts(10249, ledger.Authorized, ledger.Hold(700_000))
	says := func(what string, want ...any) {
		t.Helper()
		card := h.info(t)
		for i, key := range []string{"current_balance", "credit_limit", "credit_line", "total_debt", "overdue_balance", "minimumPayment", "duedate", "timeToPay"} {
			if card[key] != want[i] {
				t.Errorf("%s: %s is %v, want %v", what, key, card[key], want[i])
			}
		}
		if card["balance_id"] != 10249.0 || card["original_billing_day"] != 24.0 || card["balance_to_months"] != "0.00" {
			t.Errorf("%s: %v", what, card)
		}
	}
	says("before it is billed", "15000.00", "40000.00", "25000.00", "25000.00", "0.00", "0.00", "2025-10-14", false)
	h.freeze(time.Date(2025, 10, 24, 6, 0, 0, 0, time.UTC))
	says("billed", "15000.00", "40000.00", "25000.00", "25000.00", "0.00", "18000.00", "2025-11-13", true)
	h.freeze(time.Date(2025, 11, 14, 5, 59, 59, 0, time.UTC))
	says("on the day that it is due", "15000.00", "40000.00", "25000.00", "25000.00", "0.00", "18000.00", "2025-11-13", true)
	h.freeze(time.Date(2025, 11, 14, 6, 0, 0, 0, time.UTC))
	says("late", "15000.00", "40000.00", "25000.00", "25000.00", "18000.00", "18000.00", "2025-11-13", true)
	h.posts(10249, ledger.ToppedUp, ledger.Deposit(1_800_000))
	says("paid", "33000.00", "40000.00", "7000.00", "7000.00", "0.00", "0.00", "2025-11-13", false)
	if p := h.do(http.MethodGet, parentPath+sampleParent, "").payload(t); p["total_due_payment"] != 0.0 || p["available_credit"] != 1_000_000.0 {
		t.Errorf("the parent: %v", p)
	}
}

func TestInfo_TellsTheLineOfAWallet(t *testing.T) {
	t.Parallel()
	h := newHouse(t, policy("sandbox.initial_balance", "10.00"))
	h.seed(people("A1"))
	rs, _ := answerB(t, h.do(http.MethodPost, createPath, `{"gender":1,"first_name":"Eva","last_name":"Luna","email":"eva@example.com","credit_line":50000}`))
	h.activate(body(fmt.Sprintf(`"customer_id":%.0f`, rs["id"]), `"card_identifier":"A1"`, `"reference_batch":"`+batchOne+`"`)).is(t, "activate", 200, 0, "")
	h.posts(int64(rs["ewallet_id"].(float64)), ledger.Authorized, ledger.Hold(3000))
	a := h.do(http.MethodGet, fmt.Sprintf("/debit/v1/info?customer_id=%.0f", rs["id"]), "", h.asAdmin()...)
	if want := `"current_balance":"480.00","credit_limit":"500.00","credit_line":"20.00","total_debt":"20.00","overdue_balance":"0.00","minimumPayment":"0.00","balance_to_months":"0.00","original_billing_day":24,"duedate":"`; !strings.Contains(a.body, want) {
		t.Error(a.body)
	}
}
