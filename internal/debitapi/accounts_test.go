package debitapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/issuance"
)

const createPath = "/user/v1/account/create"

// answerB is envelope B, with its members in their order.
func answerB(t *testing.T, a answer) (rs map[string]any, order []string) {
	t.Helper()
	var e struct {
		Err any
		Rs  json.RawMessage
	}
	if err := json.Unmarshal([]byte(a.body), &e); err != nil || a.status != http.StatusOK || e.Err != nil || !strings.HasPrefix(a.body, `{"err":null,"rs":{`) {
		t.Fatalf("%d %v in %s", a.status, err, a.body)
	}
	d := json.NewDecoder(bytes.NewReader(e.Rs))
	for depth := 0; d.More() || depth > 1; {
		token, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		switch v := token.(type) {
		case json.Delim:
			if v == '{' {
				depth++
			} else {
				depth--
			}
		case string:
			if depth == 1 {
				order = append(order, v)
				var skip json.RawMessage
				if err := d.Decode(&skip); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if err := json.Unmarshal(e.Rs, &rs); err != nil {
		t.Fatal(err)
	}
	return rs, order
}

// published is the account of the published sample, as fields of a form.
func published() map[string]string {
	return map[string]string{
		"gender": "2", "first_name": "Juan", "last_name": "Perez", "email": "juan@example.com", "mobile": "5056595854", "rfc": "PEGJ831111BM9",
	}
}

// form sends fields as a form, with a file beside them.
func (h *house) form(fields map[string]string, headers ...string) answer {
	h.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name, value := range fields {
		h.must(w.WriteField(name, value))
	}
	file, err := w.CreateFormFile("selfie", "me.jpg")
	h.must(err)
	_, err = file.Write(bytes.Repeat([]byte{0xff}, 300<<10))
	h.must(err)
	h.must(w.Close())
	return h.send(http.MethodPost, createPath, &body, append([]string{"Content-Type", w.FormDataContentType()}, headers...)...)
}

func (h *house) json(fields map[string]string, headers ...string) answer {
	h.t.Helper()
	raw, err := json.Marshal(fields)
	h.must(err)
	return h.do(http.MethodPost, createPath, string(raw), headers...)
}

var publishedOrder = strings.Fields(`id ecommerce_id email first_name last_name gender gender_string mobile mobile_country_code rfc ewallet_id ewallet_status
 oauth_token private_key refresh_token account_level account_status account_status_string address address_document_back address_document_back_url
 address_document_front address_document_front_url address_document_type are_account_resources_of_user business_name business_purpose clabe city colony
 constitution_date correspondence_address country_of_birth curp date_of_birth exterior identification_document_back identification_document_back_url
 identification_document_front identification_document_front_url identification_document_type interior is_business middle_name nationality_id
 occupation_id person_type risk_level second_last_name selfie selfie_url society_type state_id street telephone zipcode composite_balance`)

func TestAccount_FormAndJSONAreOne(t *testing.T) {
	t.Parallel()
	secrets := map[string]*regexp.Regexp{
		"oauth_token": regexp.MustCompile(`^[0-9a-f]{64}$`), "refresh_token": regexp.MustCompile(`^[0-9a-f]{64}$`),
		"private_key": regexp.MustCompile(`^sk_[0-9a-f]{64}$`),
	}
	for name, send := range map[string]func(h *house) answer{
		"a form": func(h *house) answer { return h.form(published()) },
		"JSON":   func(h *house) answer { return h.json(published()) },
	} {
		h := newHouse(t)
		h.fixture()
		rs, order := answerB(t, send(h))
		if fmt.Sprint(order) != fmt.Sprint(publishedOrder) {
			t.Errorf("%s: the members are %v", name, order)
		}
		for member, form := range secrets {
			if s, _ := rs[member].(string); !form.MatchString(s) {
				t.Errorf("%s: %s has another form", name, member)
			}
		}
		for member, want := range map[string]any{
			"email": "juan@example.com", "gender": 2.0, "gender_string": "Male", "mobile": 5056595854.0, "mobile_country_code": "+52",
			"rfc": "PEGJ831111BM9", "ewallet_status": 1.0, "account_level": 1.0, "account_status_string": "Active", "person_type": 1.0,
			"is_business": false, "composite_balance": nil, "address_document_type": 0.0,
		} {
			if rs[member] != want {
				t.Errorf("%s: %s is %v", name, member, rs[member])
			}
		}
		token, _ := rs["oauth_token"].(string)
		h.customerStands(t, name+": the new token", token, "")
		id := fmt.Sprintf("%.0f", rs["id"])
		read, _ := answerB(t, h.do("GET", "/user/v1/account/cust_"+id, ""))
		if read["ewallet_id"] != rs["ewallet_id"] || read["email"] != "juan@example.com" || read["customer_status"] != 1.0 || read["mobile"] != 5056595854.0 {
			t.Errorf("%s: %v", name, read)
		}
		for member, value := range read {
			if s, _ := value.(string); len(s) >= 64 {
				t.Errorf("%s: %s looks like a secret", name, member)
			}
		}
	}
}

func TestAccount_Refusals(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.fixture()
	with := func(changes ...string) map[string]string {
		f := published()
		for i := 0; i < len(changes); i += 2 {
			f[changes[i]] = changes[i+1]
			if changes[i+1] == "-" {
				delete(f, changes[i])
			}
		}
		return f
	}
	for what, c := range map[string]struct {
		fields map[string]string
		hints  string
	}{
		"nothing":                       {map[string]string{}, "gender:required first_name:required last_name:required email:required"},
		"a company's RFC for a person":  {with("gender", "1", "rfc", "ABC680524P76"), "rfc:invalid"},
		"a person's RFC for a company":  {with("gender", "3"), "rfc:invalid"},
		"a company without RFC":         {with("gender", "3", "rfc", "-"), "rfc:required"},
		"a company with a second name":  {with("gender", "3", "rfc", "ABC680524P76", "middle_name", "x"), "middle_name:not_allowed"},
		"a company with a CURP":         {with("gender", "3", "rfc", "ABC680524P76", "curp", "PEGJ831111HDFRRN02"), "curp:not_allowed"},
		"a CURP with a wrong digit":     {with("curp", "PEGJ831111HDFRRN03"), "curp:invalid"},
		"another gender":                {with("gender", "4"), "gender:invalid"},
		"a mobile in words":             {with("mobile", "five"), "mobile:invalid"},
		"a wrong e-mail":                {with("email", "juan"), "email:invalid"},
		"a balance that is no JSON":     {with("composite_balance", "{"), "composite_balance:malformed"},
		"a balance without a parent":    {with("composite_balance", "{}"), "composite_balance.parent:required"},
		"a balance without a line":      {with("composite_balance", `{"parent":{}}`), "composite_balance.parent.credit_line:required"},
		"a line below zero":             {with("credit_line", "-1"), "credit_line:invalid"},
		"a level of ten":                {with("kyc_level", "10"), "kyc_level:invalid"},
		"a long name":                   {with("first_name", strings.Repeat("a", 101)), "first_name:too_long"},
		"an unknown campaign":           {with("campaign_id", "NONE"), "campaign_id:unknown"},
		"a campaign of many characters": {with("campaign_id", strings.Repeat("A", 33)), "campaign_id:invalid"},
	} {
		h.form(c.fields).is(t, what+", as a form", 400, 4400, c.hints)
		h.json(c.fields).is(t, what, 400, 4400, c.hints)
	}
	if n := h.accounts(); n != 0 {
		t.Errorf("refusals opened %d wallets", n)
	}
	answerB(t, h.json(with("curp", "PEGJ831111HDFRRN02", "campaign_id", "MAIN")))
	for what, c := range map[string]struct {
		fields map[string]string
		hints  string
	}{
		"the same e-mail in other letters": {with("email", "JUAN@example.com", "mobile", "-", "rfc", "-"), "email:duplicated"},
		"the same mobile":                  {with("email", "-", "rfc", "-"), "mobile:duplicated"},
		"the same RFC, written otherwise":  {with("email", "x@example.com", "mobile", "-", "rfc", "pegj-831111 bm9"), "rfc:duplicated"},
		"the same CURP":                    {with("email", "y@example.com", "mobile", "-", "rfc", "-", "curp", "PEGJ831111HDFRRN02"), "curp:duplicated"},
		"all":                              {with("curp", "PEGJ831111HDFRRN02"), "email:duplicated mobile:duplicated rfc:duplicated curp:duplicated"},
	} {
		before := h.accounts()
		a := h.form(c.fields)
		a.is(t, what, 409, 4455, c.hints)
		if !strings.HasSuffix(a.body, `},"rs":null}`) || h.accounts() != before {
			t.Errorf("%s: %s", what, a.body)
		}
	}
	for _, mail := range []string{"g1@example.com", "g2@example.com"} {
		answerB(t, h.form(with("rfc", "XAXX010101000", "email", mail, "mobile", "-")))
	}
	h.do(http.MethodPost, createPath, "x", "Content-Type", "multipart/form-data").is(t, "a form without a boundary", 415, 4415, "")
	h.do(http.MethodPost, createPath, "x", "Content-Type", "multipart/form-data; boundary=b").is(t, "half a form", 400, 4400, "body:malformed")
	h.do(http.MethodPost, activatePath, "x", "Content-Type", "multipart/form-data; boundary=b").is(t, "a form elsewhere", 415, 4415, "")
	for _, path := range []string{"/user/v1/account/5", "/user/v1/account/x", "/user/v1/account/spei-clabe"} {
		h.do(http.MethodGet, path, "").is(t, path, 404, 4404, "")
	}
	if a := h.do(http.MethodGet, "/user/v1/account/spei-clabe", ""); !strings.Contains(a.body, `"Endpoint not found"`) {
		t.Errorf("a path that is not served: %s", a.body)
	}
	h.do(http.MethodPost, "/wallet/v1/spei-cashout", "{}").is(t, "a bank transfer", 404, 4404, "")
}

// accounts counts the accounts of the programme that the fixture did not make.
func (h *house) accounts() int {
	h.t.Helper()
	n := 0
	h.must(h.db.Issuance().Read(h.t.Context(), func(tx issuance.ReadTx) error {
		list, err := tx.Accounts(h.t.Context(), h.program.ID, issuance.AccountFilter{}, issuance.Page{Limit: 1000})
		n = len(list)
		return err
	}))
	if h.seeded == 0 {
		h.seeded = n
	}
	return n - h.seeded
}

func TestAccount_CompositeBalanceInBothForms(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for what, c := range map[string]struct{ sent, mail string }{
		"the parent": {`{"parent":{"credit_line":10000000}}`, "a@example.com"}, "the source": {`{"source":{"total_credit":10000000}}`, "b@example.com"},
	} {
		rs, _ := answerB(t, h.do(http.MethodPost, createPath, `{"gender":3,"first_name":"Acme","last_name":"SA","rfc":"`+
			map[string]string{"a@example.com": "ABC680524P76", "b@example.com": "ABD680524P76"}[c.mail]+`","email":"`+c.mail+`","composite_balance":`+c.sent+`}`))
		parent, _ := rs["composite_balance"].(map[string]any)["parent"].(map[string]any)
		id, _ := parent["id"].(string)
		if parent["credit_line"] != 1e7 || len(id) != 32 || rs["business_name"] != "Acme SA" || rs["gender_string"] != "Business" {
			t.Errorf("%s: %v", what, rs)
		}
		kinds := map[account.Kind]int64{}
		h.must(h.db.Issuance().Read(t.Context(), func(tx issuance.ReadTx) error {
			c, _, err := tx.CustomerByNumber(t.Context(), h.program.ID, int64(rs["id"].(float64)))
			h.must(err)
			list, err := tx.Accounts(t.Context(), h.program.ID, issuance.AccountFilter{Owner: c.ID}, issuance.Page{Limit: 10})
			for _, a := range list {
				at, err := tx.Position(t.Context(), a.ID)
				h.must(err)
				kinds[a.Kind] = at.Sums.Line
			}
			return err
		}))
		if len(kinds) != 2 || kinds[account.CompositeParent] != 10000000 || kinds[account.Wallet] != 0 {
			t.Errorf("%s: %v", what, kinds)
		}
	}
	on := newHouse(t, policy("debit.composite", "on"))
	rs, _ := answerB(t, on.json(map[string]string{"gender": "1", "first_name": "Eva", "last_name": "Luna", "email": "e@example.com", "credit_line": "5"}))
	if parent, _ := rs["composite_balance"].(map[string]any); parent["parent"].(map[string]any)["credit_line"] != 5.0 {
		t.Errorf("%v", rs["composite_balance"])
	}
}

func TestAccount_WhoMayRead(t *testing.T) {
	t.Parallel()
	h := newHouse(t, policy("debit.require_tax_id", "true"), policy("debit.customer_auth", "internal"))
	h.fixture()
	f := published()
	delete(f, "rfc")
	h.json(f).is(t, "neither RFC nor CURP", 400, 4400, "rfc:required")
	f["curp"], f["password"], f["device_id"] = "PEGJ831111HDFRRN02", "opaque", "d1"
	one := h.form(f, "Idempotency-Key", "k")
	rs, _ := answerB(t, one)
	if two := h.form(f, "Idempotency-Key", "k"); two.body != one.body || two.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("another answer: %s", two.body)
	}
	token, _ := rs["oauth_token"].(string)
	refresh, _ := rs["refresh_token"].(string)
	own := fmt.Sprintf("/user/v1/account/%.0f", rs["id"])
	answerB(t, h.do("GET", own, "", "Authorization-customer", token))
	h.do("GET", "/user/v1/account/85", "", "Authorization-customer", token).is(t, "another's", 403, 4403, "customer_id:not_allowed")
	h.do("POST", createPath, `{}`, "Authorization-customer", token).is(t, "a customer creates", 400, 4400,
		"gender:required first_name:required last_name:required email:required rfc:required")
	h.pass(25 * 3600e9)
	got := answerD(t, h.post(refreshPath, `{"device_id":"d1","customer_refresh_token":"`+refresh+`","password":"opaque"}`))
	if got["token_status"] != "INACTIVE" {
		t.Errorf("%v", got)
	}
	inactive, _ := got["oauth_token"].(string)
	h.post(activateTok, `{"customer_oauth_token":"`+inactive+`","device_id":"d1","password":"wrong"}`).is(t, "a wrong password", 401, 4401, "")
	answerD(t, h.post(activateTok, `{"customer_oauth_token":"`+inactive+`","device_id":"d1","password":"opaque"}`))
	h.customerStands(t, "after its activation", inactive, "")
}
