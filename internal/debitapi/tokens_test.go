package debitapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
)

const (
	connectPath  = "/oauth/v1/get-customer-connection-token"
	refreshPath  = "/oauth/v1/refresh-customer-token"
	activateTok  = "/oauth/v1/activate-token"
	otpPath      = "/oauth/v1/get-customer-otp"
	exchangePath = "/oauth/v1/get-ecommerce-connection-token"
	expirePath   = "/oauth/v1/expire-token"
)

// answerD is envelope D.
func answerD(t *testing.T, a answer) map[string]any {
	t.Helper()
	var e struct {
		Response map[string]any
		Err      any
	}
	if err := json.Unmarshal([]byte(a.body), &e); err != nil || a.status != http.StatusOK || e.Err != nil {
		t.Fatalf("%d %v in %s", a.status, err, a.body)
	}
	return e.Response
}

// newcomer is a customer that an activation creates, with its secrets.
type newcomer struct {
	number                  int64
	private, refresh, oauth string
}

// newcomer creates a customer through an activation, on device d1.
func (h *house) newcomer() newcomer {
	h.t.Helper()
	a := h.activate(`{"customer":{"first_name":"Ana","last_name":"Torres","email":"ana@example.com"},"card_identifier":"CARD-001","reference_batch":"` +
		batchOne + `","device_id":"d1"}`)
	p := a.payload(h.t)
	text := func(name string) string { s, _ := p[name].(string); return s }
	number := json.Number(text("customer_id"))
	n, err := number.Int64()
	h.must(err)
	return newcomer{n, text("customer_private_key"), text("customer_refresh_token"), text("customer_oauth_token")}
}

func (h *house) post(path, body string, headers ...string) answer {
	h.t.Helper()
	return h.do(http.MethodPost, path, body, headers...)
}

// customerStands asks as a customer for something that no customer may see: a good token answers 403.
func (h *house) customerStands(t *testing.T, what, token, hint string) {
	t.Helper()
	a := h.do(http.MethodGet, hookPath, "", "Authorization-customer", token)
	if hint == "" {
		a.is(t, what, 403, 4403, "scope:A")
		return
	}
	a.is(t, what, 401, 4401, "Authorization-customer:"+hint)
}

func TestConnect_CasesAAndB(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.fixture()
	n := h.newcomer()
	h.customerStands(t, "the token of the activation", n.oauth, "")

	h.post(connectPath, `{"device_id":"d1","extra_login_data":"{}","customer_refresh_token":"`+n.refresh+`"}`).
		is(t, "a device that is linked", 400, 8001, "")
	first := answerD(t, h.post(connectPath, `{"device_id":"d2","extra_login_data":{"a":1},"client_state":9,"customer_refresh_token":"`+n.refresh+`"}`))
	if first["customer_refresh_token"] != n.refresh || first["token_status"] != "ACTIVE" || first["client_state_ret"] != 9.0 {
		t.Errorf("case A: %v", first)
	}
	second, _ := first["customer_oauth_token"].(string)
	h.customerStands(t, "the token before case A", n.oauth, "invalid")
	h.customerStands(t, "the token of case A", second, "")
	refreshed := answerD(t, h.post(refreshPath, `{"deviceId":"d2","refresh_token":"`+n.refresh+`"}`))
	h.customerStands(t, "the token before the refresh", second, "invalid")
	third, _ := refreshed["oauth_token"].(string)
	h.customerStands(t, "the token of the refresh", third, "")
	if refreshed["customer_oauth_token"] != refreshed["oauth_token"] {
		t.Errorf("two names, two tokens: %v", refreshed)
	}

	number := fmt.Sprint(n.number)
	anew := answerD(t, h.post(connectPath, `{"device_id":"d3","extra_login_data":"x","customer_id":"cust_`+number+`","customer_private_key":"`+n.private+`"}`))
	h.customerStands(t, "the token before case B", third, "invalid")
	if anew["customer_refresh_token"] == n.refresh {
		t.Error("case B kept the refresh token")
	}
	h.post(refreshPath, `{"device_id":"d2","customer_refresh_token":"`+n.refresh+`"}`).is(t, "the old refresh token", 401, 4401, "")
	fresh, _ := anew["customer_refresh_token"].(string)
	h.post(refreshPath, `{"device_id":"d2","customer_refresh_token":"`+fresh+`"}`).is(t, "an old device under the new one", 400, 8000, "")
	answerD(t, h.post(refreshPath, `{"device_id":"d3","customer_refresh_token":"`+fresh+`"}`))
	h.toldNobody(n.private, n.refresh, n.oauth, second, third, fresh, h.token)
}

// toldNobody wants no secret in the log and in the trail.
func (h *house) toldNobody(secrets ...string) {
	h.t.Helper()
	told := h.log.String() + fmt.Sprint(h.trail())
	if len(told) < 1000 {
		h.t.Fatal("the log and the trail are empty")
	}
	for i, s := range secrets {
		if len(s) < 20 {
			h.t.Fatalf("secret %d is none", i)
		}
		if strings.Contains(told, s) {
			h.t.Errorf("secret %d is in the log or in the trail", i)
		}
	}
}

func TestConnect_Refusals(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.fixture()
	n := h.newcomer()
	number := fmt.Sprint(n.number)
	for what, c := range map[string]struct {
		path, body string
		status     int
		code       int
		hints      string
	}{
		"nothing":               {connectPath, `{}`, 400, 8003, "device_id:required customer_id:required customer_private_key:required customer_refresh_token:required"},
		"half of case B":        {connectPath, `{"device_id":"d","customer_id":1}`, 400, 8003, "customer_private_key:required"},
		"no login data":         {connectPath, `{"device_id":"d","customer_refresh_token":"` + n.refresh + `"}`, 400, 8004, ""},
		"an unknown refresh":    {connectPath, `{"device_id":"d","extra_login_data":"x","customer_refresh_token":"00"}`, 401, 4401, ""},
		"an unknown customer":   {connectPath, `{"device_id":"d","extra_login_data":"x","customer_id":5,"customer_private_key":"` + n.private + `"}`, 401, 4401, ""},
		"a wrong private key":   {connectPath, `{"device_id":"d","extra_login_data":"x","customer_id":` + number + `,"customer_private_key":"sk_1"}`, 401, 4401, ""},
		"a refresh of nothing":  {refreshPath, `{}`, 400, 8003, "device_id:required customer_refresh_token:required"},
		"a device not linked":   {refreshPath, `{"device_id":"dx","customer_refresh_token":"` + n.refresh + `"}`, 400, 8000, ""},
		"security answers":      {refreshPath, `{"device_id":"d1","customer_refresh_token":"` + n.refresh + `","security_answers":[]}`, 400, 4400, "security_answers:not_allowed"},
		"a wrong login data":    {connectPath, `{"device_id":"d","extra_login_data":5,"customer_refresh_token":"00"}`, 400, 4400, "extra_login_data:invalid"},
		"no token to activate":  {activateTok, `{"device_id":"d1"}`, 400, 8003, "customer_oauth_token:required otp:required"},
		"an active one":         {activateTok, `{"device_id":"d1","otp":"123456","customer_oauth_token":"` + n.oauth + `"}`, 401, 4401, ""},
		"a code for no device":  {otpPath, `{"device_id":"dx","customer_id":` + number + `}`, 400, 8000, ""},
		"a code for nobody":     {otpPath, `{"device_id":"dx","customer_id":5}`, 404, 4404, ""},
		"a kind that is none":   {expirePath, `{"token_type":"x"}`, 400, 4400, "token_type:invalid"},
		"a kind that lacks":     {expirePath, `{}`, 400, 4400, "token_type:required"},
		"nobody to expire":      {expirePath, `{"token_type":"customer"}`, 400, 4400, "customer_id:required"},
		"an unknown to expire":  {expirePath, `{"token_type":"customer","customer_id":5}`, 404, 4404, ""},
		"a customer in the way": {connectPath, `{"device_id":"d"}`, 403, 4403, "scope:P"},
	} {
		headers := []string{}
		if what == "a customer in the way" {
			headers = []string{"Authorization-customer", n.oauth}
		}
		a := h.post(c.path, c.body, headers...)
		a.is(t, what, c.status, c.code, c.hints)
		if !strings.HasPrefix(a.body, `{"response":null,"err":{"code":`) {
			t.Errorf("%s: not envelope D: %s", what, a.body)
		}
	}
}

func TestConnect_FiveWrongAnswersShutTheCustomer(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.fixture()
	n := h.newcomer()
	body := func(key string) string {
		return `{"device_id":"d9","extra_login_data":"x","customer_id":` + fmt.Sprint(n.number) + `,"customer_private_key":"` + key + `"}`
	}
	for range 5 {
		h.post(connectPath, body("sk_wrong")).is(t, "a wrong key", 401, 4401, "")
	}
	a := h.post(connectPath, body(n.private))
	a.is(t, "the right key, too late", 429, 4429, "")
	if a.header.Get("Retry-After") != "900" {
		t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
	}
	h.pass(15 * time.Minute)
	answerD(t, h.post(connectPath, body(n.private)))
}

func TestRefresh_OfATokenThatIsOver(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.fixture()
	n := h.newcomer()
	h.pass(25 * time.Hour)
	h.customerStands(t, "after a day", n.oauth, "expired")
	body := `{"device_id":"d1","customer_refresh_token":"` + n.refresh + `"`
	h.post(refreshPath, body+"}").is(t, "without login data", 400, 8005, "")
	got := answerD(t, h.post(refreshPath, body+`,"extra_login_data":"x"}`))
	if got["token_status"] != "ACTIVE" {
		t.Errorf("with login data: %v", got)
	}
	h.pass(91 * 24 * time.Hour)
	h.post(refreshPath, body+`,"extra_login_data":"x"}`).is(t, "an expired refresh token", 401, 8002, "")
	h.post(connectPath, body+`,"extra_login_data":"x"}`).is(t, "an expired refresh token alone", 401, 8002, "")
	answerD(t, h.post(connectPath, body+`,"extra_login_data":"x","customer_id":`+fmt.Sprint(n.number)+`,"customer_private_key":"`+n.private+`"}`))
}

func TestInternal_TokensWaitForTheirCustomer(t *testing.T) {
	t.Parallel()
	h := newHouse(t, policy("debit.customer_auth", "internal"))
	h.fixture()
	n := h.newcomer()
	got := answerD(t, h.post(connectPath, `{"device_id":"d2","customer_refresh_token":"`+n.refresh+`"}`))
	if got["token_status"] != "INACTIVE" {
		t.Fatalf("%v", got)
	}
	token, _ := got["customer_oauth_token"].(string)
	h.customerStands(t, "before its activation", token, "inactive")
	code := func(device string) string {
		s, _ := answerD(t, h.post(otpPath, `{"customer_id":`+fmt.Sprint(n.number)+`,"device_id":"`+device+`"}`))["otp"].(string)
		if len(s) != 6 {
			t.Fatalf("a code of %d digits", len(s))
		}
		return s
	}
	right := code("d2")
	activate := func(device, otp string) answer {
		return h.post("/activate_token", `{"customer_oauth_token":"`+token+`","device_id":"`+device+`","otp":"`+otp+`"}`)
	}
	activate("d1", right).is(t, "another device", 401, 4401, "")
	wrong := "000000"
	if right == wrong {
		wrong = "000001"
	}
	activate("d2", wrong).is(t, "a wrong code", 401, 4401, "")
	if got := answerD(t, activate("d2", right)); got["token_status"] != "ACTIVE" || got["oauth_token"] != token {
		t.Errorf("%v", got)
	}
	h.customerStands(t, "after its activation", token, "")

	h.pass(25 * time.Hour)
	body := `{"device_id":"d2","customer_refresh_token":"` + n.refresh + `"`
	h.post(refreshPath, body+"}").is(t, "nothing proved", 400, 8003, "password:required")
	h.post(refreshPath, body+`,"password":"never set"}`).is(t, "a password that nobody set", 401, 4401, "")
	if got := answerD(t, h.post(refreshPath, body+`,"otp":"`+code("d2")+`"}`)); got["token_status"] != "INACTIVE" {
		t.Errorf("%v", got)
	}
}

func TestInternal_AnInactiveTokenDies(t *testing.T) {
	t.Parallel()
	h := newHouse(t, policy("debit.customer_auth", "internal"))
	h.fixture()
	n := h.newcomer()
	get := func(device string) string {
		s, _ := answerD(t, h.post(connectPath, `{"device_id":"`+device+`","customer_refresh_token":"`+n.refresh+`"}`))["customer_oauth_token"].(string)
		return s
	}
	token := get("d2")
	for range 5 {
		h.post(activateTok, `{"customer_oauth_token":"`+token+`","device_id":"d2","password":"x"}`).is(t, "wrong", 401, 4401, "")
	}
	h.customerStands(t, "after five wrong answers", token, "invalid")
	h.pass(16 * time.Minute)
	token = get("d3")
	h.pass(10 * time.Minute)
	h.customerStands(t, "after ten minutes", token, "expired")
}

func TestExchange_OldTokenEndsAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.fixture()
	h.do(http.MethodGet, orderPath+"/"+batchOne, "").is(t, "the old token", 200, 0, "")
	a := h.post(exchangePath, "{}")
	fresh, _ := answerD(t, a)["ecommerce_token"].(string)
	if !strings.HasPrefix(a.body, `{"response":{"ecommerce_token":"ec_test_`) || !strings.HasSuffix(a.body, `","token_status":"ACTIVE"},"err":null}`) {
		t.Errorf("%s", a.body)
	}
	h.do(http.MethodGet, orderPath+"/"+batchOne, "").is(t, "the old token", 401, 4401, "Authorization-ecommerce:invalid")
	h.post(exchangePath, "{}").is(t, "the old token again", 401, 4401, "Authorization-ecommerce:invalid")
	h.do(http.MethodGet, orderPath+"/"+batchOne, "", "Authorization-ecommerce", fresh).is(t, "the new token", 200, 0, "")
	admin := answerD(t, h.post("/get-ecommerce-connection-token", "{}", h.asAdmin()...))["ecommerce_token"].(string)
	h.do(http.MethodGet, hookPath, "", "Authorization-ecommerce", admin).is(t, "the rights of an admin go on", 200, 0, "")
	if got := answerD(t, h.post(expirePath, `{"token_type":"ecommerce"}`, "Authorization-ecommerce", fresh)); got["expired"] != 1.0 {
		t.Errorf("%v", got)
	}
	h.do(http.MethodGet, orderPath+"/"+batchOne, "", "Authorization-ecommerce", fresh).is(t, "an expired token", 401, 4401, "Authorization-ecommerce:invalid")
}

func TestExpire_EndsEveryDevice(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.fixture()
	n := h.newcomer()
	body := `{"token_type":"customer","customer_id":` + fmt.Sprint(n.number) + `}`
	if got := answerD(t, h.post(expirePath, body)); got["expired"] != 2.0 {
		t.Errorf("%v", got)
	}
	h.customerStands(t, "after the end", n.oauth, "invalid")
	h.post(refreshPath, `{"device_id":"d1","customer_refresh_token":"`+n.refresh+`"}`).is(t, "its refresh token", 401, 4401, "")
	if got := answerD(t, h.post(expirePath, body)); got["expired"] != 0.0 {
		t.Errorf("again: %v", got)
	}
	tokensEnded := 0
	for _, r := range h.trail() {
		if r.Action == "token.end_customer" && r.Outcome == audit.OK {
			tokensEnded++
		}
	}
	if tokensEnded != 2 {
		t.Errorf("%d rows in the trail", tokensEnded)
	}
}

// trail is the audit trail of the programme.
func (h *house) trail() (rows []audit.Row) {
	h.t.Helper()
	h.must(h.db.Issuance().Read(h.t.Context(), func(tx issuance.ReadTx) (err error) {
		rows, err = tx.AuditTrail(h.t.Context(), h.program.ID, issuance.AuditFilter{}, issuance.Page{Limit: 1000})
		return err
	}))
	return rows
}

func TestTokens_EcommerceTokenInTheBody(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.fixture()
	n := h.newcomer()
	in := `{"token_type":"customer","customer_id":` + fmt.Sprint(n.number) + `,"ecommerce_token":"` + h.token + `"}`
	answerD(t, h.post(expirePath, in, "Authorization-ecommerce", "-"))
	answerD(t, h.post(expirePath, in, "Authorization-ecommerce", "Bearer "+h.token))
	h.post(expirePath, in, h.asAdmin()...).is(t, "another one in the header", 401, 4401, "Authorization-ecommerce:invalid")
	h.post(expirePath, "{}", "Authorization-ecommerce", "-").is(t, "none at all", 401, 4401, "Authorization-ecommerce:required")
	h.post(expirePath, "{", "Authorization-ecommerce", "-").is(t, "half a body", 400, 4400, "body:malformed")
	h.do(http.MethodPost, activatePath, `{"ecommerce_token":"`+h.token+`"}`, "Authorization-ecommerce", "-").
		is(t, "elsewhere", 401, 4401, "Authorization-ecommerce:required")
}

func TestTokens_KeyGivesTheFirstAnswerAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.fixture()
	n := h.newcomer()
	body := `{"device_id":"d1","customer_refresh_token":"` + n.refresh + `"}`
	one := h.post(refreshPath, body, "Idempotency-Key", "k1")
	two := h.post("/refresh-customer-connection-token", body, "Idempotency-Key", "k1")
	if one.body != two.body || two.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("%s\n%s", one.body, two.body)
	}
	h.post(refreshPath, strings.Replace(body, "d1", "d2", 1), "Idempotency-Key", "k1").is(t, "another body", 409, 4409, "Idempotency-Key:duplicated")
}

func TestTokens_RateOfOneCustomer(t *testing.T) {
	t.Parallel()
	h := newHouse(t, policy("debit.token_rate_per_minute", "3"))
	h.fixture()
	n := h.newcomer()
	body := `{"token_type":"customer","customer_id":` + fmt.Sprint(n.number) + `}`
	for range 3 {
		answerD(t, h.post(expirePath, body))
	}
	a := h.post(expirePath, body)
	a.is(t, "the fourth", 429, 4429, "")
	if a.header.Get("Retry-After") != "20" {
		t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
	}
	answerD(t, h.post(expirePath, `{"token_type":"customer","customer_id":85}`))
}

func TestCallers_TokensOfAnotherProgramme(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.fixture()
	n := h.newcomer()
	other := h.newTenant("second", program.Sandbox, nil)
	h.do(http.MethodGet, hookPath, "", "Authorization-ecommerce", other.token, "Authorization-customer", n.oauth).
		is(t, "a customer of another programme", 401, 4401, "Authorization-customer:invalid")
	h.do(http.MethodGet, hookPath, "", "Authorization-ecommerce", "-", "Authorization-customer", n.oauth).
		is(t, "a customer alone", 401, 4401, "Authorization-ecommerce:required")
	h.activate(`{"customer_id":85,"card_identifier":"CARD001","reference_batch":"`+batchOne+`"}`, "Authorization-customer", "Bearer "+n.oauth).
		is(t, "another customer named", 403, 4403, "customer_id:not_allowed")
	h.do(http.MethodGet, orderPath+"/"+batchOne, "", "Authorization-ecommerce", other.token).is(t, "a foreign batch", 404, 4404, "")
	h.post(refreshPath, `{"device_id":"d1","customer_refresh_token":"`+n.refresh+`"}`, "Authorization-ecommerce", other.token).
		is(t, "a foreign refresh token", 401, 4401, "")
	second := h.issue(h.program, access.RoleProgram)
	h.do(http.MethodGet, orderPath+"/"+batchOne, "", "Authorization-ecommerce", "Bearer "+second).is(t, "a second token of one programme", 200, 0, "")
}
