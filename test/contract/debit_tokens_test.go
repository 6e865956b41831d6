package contract

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func debitTokens() []check {
	return []check{
		only(103, "a connection token: cases A and B", connections),
		only(104, "external: login data", loginData),
		only(105, "refresh", refreshes),
		only(106, "internal: inactive until activated", internalTokens),
		only(107, "rotation of the e-commerce token; expire-token", rotations),
		only(108, "the e-commerce token in the body", tokenInBody),
		only(109, "no secret is found anywhere", noSecretAnywhere),
	}
}

const (
	connectPath = "/oauth/v1/get-customer-connection-token"
	refreshPath = "/oauth/v1/refresh-customer-token"
	expirePath  = "/oauth/v1/expire-token"
)

// works wants a customer's token to be good.
func (a api) works(token string) {
	a.t.Helper()
	a.as(person{token: token}).get("/debit/v1/info").ok()
}

// over wants it to be refused, with that hint.
func (a api) over(token, hint string) {
	a.t.Helper()
	a.as(person{token: token}).stranger().get("/debit/v1/info").fails(401, 4401, "Authorization-customer:"+hint)
}

func connections(t *testing.T, h *house) {
	a := h.program(t).debit().alone() // the node that answers knows at once
	who := a.person()
	a.works(who.token)
	caseA := object{"device_id": "second", "customer_refresh_token": who.refresh, "extra_login_data": "{}", "client_state": 9}
	a.post(connectPath, also(caseA, "device_id", who.device)).fails(400, 8001)
	second := a.post(connectPath, caseA).is(200).
		has("response.customer_refresh_token", who.refresh, "response.client_state_ret", 9, "response.token_status", "ACTIVE", "err", nil).text("response.customer_oauth_token")
	a.over(who.token, "invalid")
	a.works(second)
	third := a.post(refreshPath, object{"deviceId": "second", "refresh_token": who.refresh}).is(200).text("response.oauth_token")
	a.over(second, "invalid")
	a.works(third)

	caseB := object{"device_id": "third", "customer_id": who.id, "customer_private_key": who.private, "extra_login_data": object{"a": 1}}
	a.post(connectPath, also(caseB, "customer_private_key", "sk_"+noToken)).fails(401, 4401)
	r := a.post(connectPath, caseB).is(200)
	if r.text("response.customer_refresh_token") == who.refresh {
		t.Error("case B kept the refresh token")
	}
	a.works(r.text("response.customer_oauth_token"))
	a.over(third, "invalid")
	a.post(refreshPath, object{"device_id": "second", "customer_refresh_token": who.refresh}).fails(401, 4401)
	a.post(refreshPath, object{"device_id": "second", "customer_refresh_token": r.text("response.customer_refresh_token")}).fails(400, 8000)
}

func loginData(t *testing.T, h *house) {
	p := h.program(t)
	a := p.debit()
	who := a.person()
	a.post(connectPath, object{"device_id": "second", "customer_refresh_token": who.refresh}).fails(400, 8004)
	body := object{"device_id": who.device, "customer_refresh_token": who.refresh}
	p.advance("25h")
	pause(heard)
	a.over(who.token, "expired")
	a.post(refreshPath, body).fails(400, 8005)
	fresh := a.post(refreshPath, also(body, "extra_login_data", "x")).is(200).has("response.token_status", "ACTIVE").text("response.customer_oauth_token")
	a.works(fresh)
}

func refreshes(t *testing.T, h *house) {
	p := h.program(t)
	a := p.debit().alone() // the node that answers knows at once
	who := a.person()
	second := a.post(connectPath, object{"device_id": "second", "customer_refresh_token": who.refresh, "extra_login_data": "x"}).is(200).text("response.customer_oauth_token")
	body := object{"device_id": who.device, "customer_refresh_token": who.refresh, "extra_login_data": "x"}
	a.post(refreshPath, also(body, "device_id", "never seen")).fails(400, 8000)
	a.post(refreshPath, object{}).fails(400, 8003, "device_id:required", "customer_refresh_token:required")
	first := a.post(refreshPath, body).is(200).text("response.oauth_token")
	a.over(second, "invalid") // the tokens of all devices end
	a.works(first)
	third := a.post("/refresh-customer-connection-token", body).is(200).text("response.oauth_token")
	a.over(first, "invalid")
	a.works(third)
	p.advance("2185h")
	pause(heard)
	a.post(refreshPath, body).fails(401, 8002)
	a.post(connectPath, also(body, "device_id", "new")).fails(401, 8002)
}

func internalTokens(t *testing.T, h *house) {
	a := h.program(t, "debit.customer_auth=internal").debit()
	who := a.person("password", "9f86d081884c7d65")
	token := a.post(connectPath, object{"device_id": "second", "customer_refresh_token": who.refresh}).is(200).
		has("response.token_status", "INACTIVE").text("response.customer_oauth_token")
	a.over(token, "inactive")
	body := object{"customer_oauth_token": token, "device_id": "second", "password": "9f86d081884c7d65"}
	a.post("/oauth/v1/activate-token", without(body, "device_id")).fails(400, 8003, "device_id:required")
	a.post("/oauth/v1/activate-token", also(body, "password", "wrong")).fails(401, 4401)
	a.over(token, "inactive")
	a.post("/oauth/v1/activate-token", body).is(200).has("response.token_status", "ACTIVE", "response.oauth_token", token)
	a.works(token)
}

func rotations(t *testing.T, h *house) {
	p := h.program(t)
	a := p.debit().alone() // the node that answers knows at once
	who := a.person()
	r := a.post("/oauth/v1/get-ecommerce-connection-token", object{}).like(`^\{"response":\{"ecommerce_token":"ec_test_[0-9a-f]{64}","token_status":"ACTIVE"\},"err":null\}$`)
	path := fmt.Sprintf("/user/v1/account/%d", who.id)
	a.stranger().get(path).is(401)
	fresh := p.debitWith(r.text("response.ecommerce_token"))
	fresh.get(path).is(200)

	second := fresh.post(connectPath, object{"device_id": "second", "customer_refresh_token": who.refresh, "extra_login_data": "x"}).is(200).text("response.customer_oauth_token")
	end := object{"token_type": "customer", "customer_id": who.id}
	if n := fresh.post(expirePath, end).is(200).number("response.expired"); n < 2 {
		t.Errorf("%v tokens ended", n)
	}
	pause(heard)
	fresh.over(second, "invalid")
	fresh.post(refreshPath, object{"device_id": "second", "customer_refresh_token": who.refresh}).fails(401, 4401)
	fresh.post(expirePath, end).is(200).has("response.expired", 0)
	fresh.post(expirePath, object{"token_type": "x"}).fails(400, 4400, "token_type:invalid")
	fresh.post(expirePath, also(end, "customer_id", 5)).fails(404, 4404)
}

func tokenInBody(t *testing.T, h *house) {
	p := h.program(t)
	token := p.key("--door", "debit")
	a := p.debitWith(token)
	who := a.person()
	none := a.with("Authorization-ecommerce", absent).stranger()
	body := object{"device_id": who.device, "customer_refresh_token": who.refresh, "ecommerce_token": token}
	none.post(refreshPath, body).is(200)
	a.post(refreshPath, body).is(200)
	p.debit().stranger().post(refreshPath, body).fails(401, 4401, "Authorization-ecommerce:invalid")
	none.post(refreshPath, without(body, "ecommerce_token")).fails(401, 4401, "Authorization-ecommerce:required")
	none.activation(also(claim(a.one(), who.id), "ecommerce_token", token)).fails(401, 4401, "Authorization-ecommerce:required")
}

// noSecretAnywhere walks with secrets that are known, on a server of its own, and searches all that the server wrote.
func noSecretAnywhere(t *testing.T, h *house) {
	own := h.own(t)
	p := own.program(t, "debit.view_pin=on", "debit.reveal_card=full")
	token := p.key("--door", "debit")
	a := p.debitWith(token)
	listener := p.cards().listen()
	_, hook := p.report(nil)
	const word = "canary-of-a-password"
	who := a.person("password", word)
	card := a.stock(1, "pin", "7539")[0]
	secrets := []string{token, hook, word, goodWord, who.token, who.private, who.refresh}
	made := a.activation(firstClaim(card, stranger(), "device_id", "phone", "pin", "7539")).ok()
	secrets = append(secrets, made.text("payload.customer_private_key"), made.text("payload.customer_refresh_token"), made.text("payload.customer_oauth_token"))
	o := owner{who, a.as(who), a.one()}
	a.hold(o.plastic, who, "pin", "7539")
	o.on("viewPinForCustomer").gives("pin", "7539")
	o.post(fmt.Sprintf("/debit/v1/create-linked-card?balance_id=%d", who.wallet), object{}).ok()
	for _, shown := range o.get("/debit/v1/info").ok().list("payload.cards") {
		secrets = append(secrets, shown["card_number"].(string))
	}
	signedIn := p.signIn(p.user("admin"))
	secrets = append(secrets, signedIn.access, signedIn.refresh)
	connected := a.post(connectPath, object{"device_id": "second", "customer_refresh_token": who.refresh, "extra_login_data": "canary-of-login-data"}).is(200)
	secrets = append(secrets, connected.text("response.customer_oauth_token"), "canary-of-login-data")
	a.activation(claim(wrongBatch(card), who.id, "pin", "7539")).fails(400, 4400, mismatched)
	listener.settled()

	outputs := map[string]string{"the trail": fmt.Sprint(p.trail())}
	for _, d := range listener.all() {
		outputs["events"] += d.body
	}
	for _, n := range own.nodes {
		outputs["metrics"] += n.metrics(t)
		n.stop(t)
	}
	outputs["the log"] = own.log(t)
	for name, text := range own.files(t) {
		outputs["the database "+name] = text
	}
	for where, text := range outputs {
		if len(text) < 100 && !strings.HasPrefix(where, "the database") {
			t.Errorf("nothing to search in %s", where)
		}
		for i, s := range secrets {
			if len(s) < 12 {
				t.Fatalf("secret %d is none", i)
			}
			if strings.Contains(text, s) {
				t.Errorf("%s holds secret %d, of %d characters", where, i, len(s))
			}
		}
	}
}

// metrics is what a node tells of itself.
func (n *node) metrics(t *testing.T) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+n.admin+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// files gives the bytes of the database. One on PostgreSQL is moved to a file first: the server keeps that of others too.
func (h *house) files(t *testing.T) map[string]string {
	t.Helper()
	name := sqliteFile
	if h.engine.cluster != nil {
		name = "moved.db"
		h.command(t, "migrate", "--from", h.database, "--to", "sqlite://"+filepath.Join(h.dir, name))
	}
	found, err := filepath.Glob(filepath.Join(h.dir, name+"*"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no database: %v", err)
	}
	all := map[string]string{}
	for _, path := range found {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(path)] = string(text)
	}
	if len(all[name]) < 100000 {
		t.Errorf("the database has %d bytes", len(all[name]))
	}
	return all
}
