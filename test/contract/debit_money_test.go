package contract

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

func debitMoney() []check {
	return []check{
		only(94, "an account by a form and by JSON", accountForms),
		only(95, "RFCs and names that do not fit the gender", accountTaxIDs),
		only(96, "a wrong CURP; duplicates leave nothing", accountDuplicates),
		only(97, "composite_balance in both forms", compositeForms),
		only(98, "the published parent", publishedParent),
		only(99, "lines of children", childLines),
		only(100, "transfers", transfers),
		only(101, "a top-up twice", topUpTwice),
		only(102, "the list of movements", listOfMovements),
	}
}

var accountMembers = strings.Fields(`id ecommerce_id email first_name last_name gender gender_string mobile mobile_country_code rfc ewallet_id ewallet_status
 oauth_token private_key refresh_token account_level account_status account_status_string address address_document_back address_document_back_url
 address_document_front address_document_front_url address_document_type are_account_resources_of_user business_name business_purpose clabe city colony
 constitution_date correspondence_address country_of_birth curp date_of_birth exterior identification_document_back identification_document_back_url
 identification_document_front identification_document_front_url identification_document_type interior is_business middle_name nationality_id
 occupation_id person_type risk_level second_last_name selfie selfie_url society_type state_id street telephone zipcode composite_balance`)

func accountForms(t *testing.T, h *house) {
	a := h.program(t).debit()
	for what, send := range map[string]func(object) reply{
		"a form": func(o object) reply { return a.form(accountPath, o) },
		"JSON":   func(o object) reply { return a.post(accountPath, o) },
	} {
		mobile := 5000000000 + unique()
		sent := newPerson("gender", 2, "mobile", mobile, "password", "9f86d081884c7d65")
		r := send(sent).is(200).has("err", nil, "rs.email", sent["email"], "rs.gender_string", "Male", "rs.mobile", mobile, "rs.mobile_country_code", "+52",
			"rs.ewallet_status", 1, "rs.account_status", 1, "rs.composite_balance", nil)
		r.like(`"oauth_token":"[0-9a-f]{64}","private_key":"sk_[0-9a-f]{64}","refresh_token":"[0-9a-f]{64}"`)
		var order []string
		for _, m := range regexp.MustCompile(`"([a-z_]+)":`).FindAllStringSubmatch(strings.TrimPrefix(r.body, `{"err":null,"rs":`), -1) {
			order = append(order, m[1])
		}
		if strings.Join(order, " ") != strings.Join(accountMembers, " ") {
			t.Errorf("%s: the members are %v", what, order)
		}
		who := person{token: r.text("rs.oauth_token")}
		a.as(who).get(fmt.Sprintf("/user/v1/account/%.0f", r.number("rs.id"))).is(200).has("rs.mobile", mobile).lacks(who.token, r.text("rs.private_key"), r.text("rs.refresh_token"))
	}
}

func accountTaxIDs(t *testing.T, h *house) {
	a := h.program(t).debit()
	const personal, business = "PEGJ831111BM9", "PEG831111BM9"
	for hint, more := range map[string][]any{
		"rfc:invalid":             {"rfc", business},
		"rfc:required":            {"gender", 3},
		"middle_name:not_allowed": {"gender", 3, "rfc", business, "middle_name", "X"},
	} {
		a.post(accountPath, newPerson(more...)).fails(400, 4400, hint)
		a.form(accountPath, newPerson(more...)).fails(400, 4400, hint)
	}
	a.post(accountPath, newPerson("gender", 3, "rfc", personal)).fails(400, 4400, "rfc:invalid")
	a.post(accountPath, newPerson("gender", 3, "rfc", business)).is(200).has("rs.is_business", true, "rs.gender_string", "Business")
	a.post(accountPath, newPerson("rfc", personal)).is(200)
	for range 2 {
		a.post(accountPath, newPerson("rfc", "XAXX010101000")).is(200)
	}
}

func accountDuplicates(t *testing.T, h *house) {
	a := h.program(t).debit()
	const curp, wrong = "PEGJ831111HDFRRN02", "PEGJ831111HDFRRN03"
	a.post(accountPath, newPerson("curp", wrong)).fails(400, 4400, "curp:invalid")
	first := newPerson("curp", curp, "rfc", "PEGJ831111BM9", "mobile", 5056595854)
	a.post(accountPath, first).is(200)
	for _, name := range []string{"email", "mobile", "rfc", "curp"} {
		other := newPerson(name, first[name])
		if name == "email" {
			other["email"] = strings.ToUpper(first["email"].(string))
		}
		a.post(accountPath, other).fails(409, 4455, name+":duplicated")
		if name != "email" {
			a.post(accountPath, without(other, name)).is(200) // so nobody with that e-mail was made
		}
	}
}

func compositeForms(t *testing.T, h *house) {
	a := h.program(t).debit()
	for _, form := range []object{{"parent": object{"credit_line": 10000000}}, {"source": object{"total_credit": 10000000}}} {
		who := a.person("composite_balance", form)
		a.get("/wallet/v1/composite-balance/parent/"+who.parent).gives("id", who.parent, "customer_id", who.id, "credit_line", 10000000, "available_credit", 10000000, "status", 1)
		r := a.form(accountPath, newPerson("composite_balance", form)).is(200).has("rs.composite_balance.parent.credit_line", 10000000)
		a.get("/wallet/v1/composite-balance/parent/"+r.text("rs.composite_balance.parent.id")).gives("credit_line", 10000000)
	}
}

func publishedParent(t *testing.T, h *house) {
	p := h.published(t, "debit.overlimit_cents=10000", "debit.billing_day=24", "debit.due_days=20")
	p.freeze("2025-10-09T16:26:49.741311816Z")
	a := p.debit()
	const head = `"timestamp":"2025-10-09T10:26:49.741311816-06:00","endpoint":"/wallet/v1/composite-balance/parent/`
	a.get("/wallet/v1/composite-balance/parent/7c6474ab26337a9151517c433874cc54").exactly(200, `{"text":"Success",`+head+`7c6474ab26337a9151517c433874cc54","error":{},`+
		`"payload":{"id":"7c6474ab26337a9151517c433874cc54","customer_id":85,"credit_line":4000000,"credit_limit":4010000,"available_credit":1900000,`+
		`"min_due_payment":0,"total_due_payment":0,"next_billing_date":"2025-10-24","next_due_date":"2025-10-14","status":1}}`)
	for _, id := range []string{noReference, "10249", "x"} {
		a.get("/wallet/v1/composite-balance/parent/"+id).exactly(400, `{"text":"Error",`+head+id+`","error":{"code":5000,"text":"Validation Error",`+
			`"hints":["Validations for the request failed, please check the parameters and try again","incorrect parent_id"]},"payload":{}}`)
	}
}

func childLines(t *testing.T, h *house) {
	a := h.program(t).debit()
	who := a.person("composite_balance", object{"parent": object{"credit_line": 100000}})
	left := func(want int) {
		t.Helper()
		a.get("/wallet/v1/composite-balance/parent/"+who.parent).gives("credit_line", 100000, "available_credit", want)
	}
	child := func(line int) reply {
		return a.post("/wallet/v1/composite-balance/child", object{"parent_id": who.parent, "credit_line": line})
	}
	set := func(id, line int) reply {
		return a.put(fmt.Sprintf("/wallet/v1/composite-balance/child/%d/update-credit-line", id), object{"credit_line": line})
	}
	child(100001).fails(400, 5003, "parent:available_credit")
	left(100000)
	r := child(60000).gives("parent_id", who.parent, "customer_id", who.id, "credit_line", 60000, "credit_limit", 60000, "available_credit", 60000, "total_debt", 0, "status", 1)
	id := int(r.number("payload.id"))
	r.like(`^\{"text":"Success","timestamp":"` + formE + `","endpoint":"/wallet/v1/composite-balance/child","error":\{\},`)
	left(40000)
	set(id, 80000).gives("credit_line", 80000, "credit_limit", 80000)
	left(20000)
	set(id, 100001).fails(400, 5003, "parent:available_credit")
	set(id, 50000).gives("credit_line", 50000)
	left(50000)
	set(5, 1).fails(400, 5000, "incorrect child_id")

	children := make([]int, 50)
	for i := range children {
		children[i] = int(child(0).ok().number("payload.id"))
	}
	numbers(t, together(t, 50, func(i int) reply { return set(children[i], 4500) }), map[string]int{"200": 11, "400 5003": 39})
	left(500)
	belowDebt(t, h)
}

// belowDebt spends of a child's line with its card, and lowers the line below that.
func belowDebt(t *testing.T, h *house) {
	t.Helper()
	p := h.program(t, "debit.composite=on", "sandbox.initial_balance=0")
	a := p.debit()
	who := a.person("composite_balance", object{"parent": object{"credit_line": 100000}})
	id := int64(a.post("/wallet/v1/composite-balance/child", object{"parent_id": who.parent, "credit_line": 60000}).ok().number("payload.id"))
	card := a.one()
	a.hold(card, who, "balance", object{"id": id})
	p.cards().pay(p.shown(fmt.Sprint(card.id))["id"].(string), 300, "ECOMMERCE").has("status", "PENDING", "amount.authorized", 300)
	path := fmt.Sprintf("/wallet/v1/composite-balance/child/%d", id)
	a.put(path+"/update-credit-line", object{"credit_line": 29999}).fails(400, 5000, "credit_line:below_debt")
	a.put(path+"/update-credit-line", object{"credit_line": 30000}).gives("credit_line", 30000, "available_credit", 0)
	a.get("/wallet/v1/composite-balance/parent/"+who.parent).gives("available_credit", 70000)
}

// cents is what can be spent with an owner's card.
func (o owner) cents() int {
	o.t.Helper()
	n, err := strconv.Atoi(strings.ReplaceAll(o.info()["current_balance"].(string), ".", ""))
	if err != nil {
		o.t.Fatal(err)
	}
	return n
}

func transfers(t *testing.T, h *house) {
	p := h.program(t, "sandbox.initial_balance=100.00")
	a := p.debit()
	one, two := a.owner(), a.owner()
	send := func(amount any) reply {
		return one.post("/wallet/v1/transfer", object{"sourceCustomerID": one.person.id, "targetID": two.person.id, "amount": amount})
	}
	have := func(first, second int) {
		t.Helper()
		if one.cents() != first || two.cents() != second {
			t.Errorf("%d and %d cents, want %d and %d", one.cents(), two.cents(), first, second)
		}
	}
	have(10000, 10000)
	send(60.5).like(`"payload":\{"transactionId":"\d+"\}\}$`)
	have(3950, 16050)
	send("39.50").ok()
	have(0, 20000)
	send(0.01).fails(400, 5003)
	for _, bad := range []any{0.001, 0, -1, "1.234", 10000000, "1e2"} {
		send(bad).fails(400, 4400, "amount:invalid")
	}
	two.post("/wallet/v1/transfer", object{"sourceCustomerID": two.person.id, "targetID": two.person.id, "amount": 1}).fails(400, 4400, "targetID:invalid")
	two.post("/wallet/v1/transfer", object{"sourceCustomerID": one.person.id, "targetID": two.person.id, "amount": 1}).fails(403, 4403, "sourceCustomerID:not_allowed")
	have(0, 20000)
	got := tally(together(t, 40, func(int) reply {
		return two.post("/wallet/v1/transfer", object{"sourceCustomerID": two.person.id, "targetID": one.person.id, "amount": "10.00"})
	}), numbered)
	if got["200"] != 20 || got["400 5003"] != 20 {
		t.Errorf("answers %v", got)
	}
	have(20000, 0)
}

func topUpTwice(t *testing.T, h *house) {
	p := h.program(t, "sandbox.initial_balance=0")
	a := p.debit()
	o := a.owner()
	body := object{"externalTransactionId": "abc-1", "balanceId": o.wallet, "sourceCustomerID": o.person.id, "amount": "150.00"}
	first := a.post("/wallet/v1/topUp", body).ok().replayed(false)
	if again := a.post("/wallet/v1/topUp", body).ok().replayed(true); again.text("payload.transactionId") != first.text("payload.transactionId") {
		t.Errorf("%s, first %s", again.body, first.body)
	}
	a.post("/wallet/v1/topUp", also(body, "amount", "150.01")).fails(409, 4409, "externalTransactionId:duplicated")
	if o.cents() != 15000 {
		t.Errorf("%d cents", o.cents())
	}
	o.get(fmt.Sprintf("/transactions/%d", o.person.id)).gives("totalCount", 1)
	for _, r := range together(t, 20, func(int) reply { return a.post("/wallet/v1/topUp", also(body, "externalTransactionId", "abc-2")) }) {
		r.ok()
	}
	if o.cents() != 30000 {
		t.Errorf("%d cents after 20 of one", o.cents())
	}
	a.post("/wallet/v1/topUp", also(body, "externalTransactionId", "abc-3", "balanceId", 5)).fails(400, 5000, "incorrect balanceId")
}

func listOfMovements(t *testing.T, h *house) {
	p := h.program(t, "sandbox.initial_balance=0")
	a := p.debit()
	o := a.owner()
	p.freeze("2025-11-18T17:50:57.96Z")
	ids := make([]string, 5)
	for i := range ids {
		if i == 3 {
			p.advance("24h")
			pause(heard)
		}
		ids[i] = a.post("/wallet/v1/topUp", object{
			"externalTransactionId": fmt.Sprint("x", i), "balanceId": o.wallet, "sourceCustomerID": o.person.id, "amount": i + 1,
		}).ok().text("payload.transactionId")
	}
	admin := p.debit("--admin") // the customer's token may be over on this clock
	path := fmt.Sprintf("/transactions/%d", o.person.id)
	for query, want := range map[string]string{
		"": "5 4 3 2 1 of 5", "desc=false": "1 2 3 4 5 of 5", "limit=2": "5 4 of 5", "limit=2&offset=3": "2 1 of 5", "offset=5": " of 5",
		"from=2025-11-19": "5 4 of 2", "to=2025-11-18": "3 2 1 of 3", "from=2025-11-18&to=2025-11-18&limit=1": "3 of 3", "from=2025-11-20": " of 0",
		"transaction_id=" + ids[2]: "3 of 1", "only_installment_charges=true": " of 0",
	} {
		for _, base := range []string{path, "/wallet/v1" + path} {
			r := admin.get(base + "?" + query).ok()
			var amounts []string
			for _, m := range r.list("payload.transactions") {
				amounts = append(amounts, strings.TrimSuffix(m["amount"].(string), ".00"))
				if m["direction"] != "credit" || m["transactionType"] != 1.0 || m["balanceId"] != float64(o.wallet) || m["isSettled"] != true {
					t.Errorf("%v", m)
				}
			}
			if got := fmt.Sprintf("%s of %.0f", strings.Join(amounts, " "), r.number("payload.totalCount")); got != want {
				t.Errorf("?%s: %q, want %q", query, got, want)
			}
		}
	}
	admin.get(path+"?limit=0").fails(400, 4400, "limit:invalid")
	admin.get(path+"?limit=1001").fails(400, 4400, "limit:invalid")
	admin.get(path+"?transaction_id=5").fails(404, 4404).said("Transaction not found")
	admin.get("/transactions/5").fails(404, 4404).said("Customer not found")
	if at, err := time.Parse(time.RFC3339Nano, admin.get(path + "?limit=1").ok().list("payload.transactions")[0]["timestamp"].(string)); err != nil || at.Year() != 2025 {
		t.Errorf("at %v (%v)", at, err)
	}
}
