package contract

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

func debitTransport() []check {
	return []check{
		only(53, "no token, an unknown and an ended one", badTokens),
		only(54, "a customer token alone", customerTokenAlone),
		only(55, "a token of another programme; another customer_id", foreignTokens),
		only(56, "Bearer before a raw token", bearerBeforeRaw),
		only(57, "the pair of a sign-in, 599 and 601 seconds, forged tokens", signIns),
		only(58, "a refresh token used twice", refreshTwice),
		only(59, "readers read; admins name the customer", readersAndAdmins),
		only(60, "types, broken bodies, 65 KiB", brokenBodies),
		only(61, "an unknown path, another method", unknownPaths),
		only(62, "a burst over the limit", burst),
		only(63, "two credentials of a programme, and of two", twoCredentials),
	}
}

func badTokens(t *testing.T, h *house) {
	p := h.program(t)
	ended := p.debit()
	body := claim(ended.one(), ended.person().id)
	ended.post("/oauth/v1/expire-token", object{"token_type": "ecommerce"}).is(200)
	pause(heard)
	none := ended.stranger().with("Authorization-ecommerce", absent).activation(body).fails(401, 4401, "Authorization-ecommerce:required")
	unknown := p.debitWith("ec_test_"+noToken).stranger().activation(body).fails(401, 4401, "Authorization-ecommerce:invalid")
	revoked := ended.stranger().activation(body).fails(401, 4401, "Authorization-ecommerce:invalid")
	if unknown.timeless() != revoked.timeless() || strings.Replace(none.timeless(), ":required", ":invalid", 1) != revoked.timeless() {
		t.Errorf("none %s, unknown %s, ended %s", none.body, unknown.body, revoked.body)
	}
	for _, r := range []reply{none, unknown, revoked} {
		if r.header.Get("WWW-Authenticate") == "" {
			t.Error("no WWW-Authenticate")
		}
	}
}

func customerTokenAlone(t *testing.T, h *house) {
	a := h.program(t).debit()
	who := a.person()
	alone := a.as(who).with("Authorization-ecommerce", absent).stranger()
	alone.activation(claim(a.one(), who.id)).fails(401, 4401, "Authorization-ecommerce:required")
	alone.get("/debit/v1/info").fails(401, 4401, "Authorization-ecommerce:required")
}

func foreignTokens(t *testing.T, h *house) {
	a := h.program(t).debit()
	foreign, who, other, card := h.program(t).debit().person(), a.person(), a.person(), a.one()
	by := a.as(foreign).stranger()
	theirs := by.activation(claim(card, who.id)).fails(401, 4401, "Authorization-customer:invalid")
	foreign.token = noToken
	if unknown := by.as(foreign).activation(claim(card, who.id)).fails(401, 4401, "Authorization-customer:invalid"); unknown.timeless() != theirs.timeless() {
		t.Errorf("foreign %s, unknown %s", theirs.body, unknown.body)
	}
	a.as(who).activation(claim(card, other.id)).fails(403, 4403, "customer_id:not_allowed")
	a.as(who).get(fmt.Sprintf("/debit/v1/info?customer_id=%d", other.id)).fails(403, 4403, "customer_id:not_allowed")
	a.as(who).activation(claim(card, who.id)).ok()
}

func bearerBeforeRaw(t *testing.T, h *house) {
	p := h.program(t)
	token := p.key("--door", "debit")
	a := p.debitWith("Bearer " + token)
	who := a.person()
	who.token = "Bearer " + who.token
	a.as(who).activation(claim(a.one(), who.id)).ok()
}

// goodWord is the password of everybody who signs in.
const goodWord = "correct horse battery"

// user adds a user with a password, and gives the e-mail.
func (p *program) user(role string) (email string) {
	p.t.Helper()
	email = fmt.Sprintf("olga%d@example.com", unique())
	var made struct{ Code string }
	text := p.h.command(p.t, "debit", "user", "create", "--program", p.name, "--email", email, "--role", role, "--json")
	if err := json.Unmarshal([]byte(text), &made); err != nil {
		p.t.Fatal(err)
	}
	p.nobody().post("/api/oauth/password", object{"code": made.Code, "password": goodWord}).is(200)
	return email
}

// nobody calls without any token, from an address of its own: sign-ins are counted by address.
func (p *program) nobody() api {
	return p.debitWith("").with("Authorization-ecommerce", absent).stranger()
}

// pair is what a sign-in gives.
type pair struct{ access, refresh string }

func (r reply) pair() pair {
	r.t.Helper()
	r.is(200).has("error", nil)
	return pair{r.text("data.accessToken"), r.text("data.refreshToken")}
}

func (p *program) signIn(email string) pair {
	p.t.Helper()
	return p.nobody().post("/api/oauth/login", object{"email": email, "password": goodWord}).has("message", "Login success").pair()
}

// decoded is a part of a JWT.
func decoded(t *testing.T, part string) (v object) {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(part)
	if err == nil {
		err = json.Unmarshal(raw, &v)
	}
	if err != nil {
		t.Fatalf("no JWT: %v", err)
	}
	return v
}

func signIns(t *testing.T, h *house) {
	p := h.published(t)
	p.freeze(time.Now().UTC().Format(time.RFC3339))
	got := p.signIn(p.user("admin"))
	for token, want := range map[string]object{got.access: {"type": "AS", "life": 600.0}, got.refresh: {"type": "RS", "life": 7776000.0}} {
		parts := strings.Split(token, ".")
		head, body := decoded(t, parts[0]), decoded(t, parts[1])
		if head["alg"] != "HS256" || body["type"] != want["type"] || body["authorizationLevel"] != "Private" || body["sub"] == nil || body["jti"] == nil ||
			body["exp"].(float64)-body["iat"].(float64) != want["life"] {
			t.Errorf("%v %v", head, body)
		}
	}
	const path = "/debit/v1/info?customer_id=85"
	by := func(token string) api { return p.nobody().bearer(token) }
	by(got.access).get(path).ok()
	parts := strings.Split(got.access, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`))
	for _, forged := range []string{none + "." + parts[1] + ".", none + "." + parts[1] + "." + parts[2], parts[0] + "." + parts[1] + ".", got.refresh, parts[0] + "." + strings.Split(got.refresh, ".")[1] + "." + parts[2]} {
		by(forged).get(path).fails(401, 4401, "Authorization:invalid")
	}
	p.advance("599s")
	pause(heard)
	by(got.access).get(path).ok()
	p.advance("2s")
	pause(heard)
	by(got.access).get(path).fails(401, 4401, "Authorization:expired")
	p.nobody().post("/api/oauth/login", object{"email": "nobody@example.com", "password": goodWord}).
		exactly(401, `{"message":"Login failed","data":null,"error":{"code":4401,"hints":["Authorization failed"]}}`)
}

func refreshTwice(t *testing.T, h *house) {
	p := h.published(t)
	first := p.signIn(p.user("admin"))
	renew := func(token string) reply { return p.nobody().post("/api/oauth/refresh", object{"refreshToken": token}) }
	second := renew(first.refresh).pair()
	p.nobody().bearer(second.access).get("/debit/v1/info?customer_id=85").ok()
	renew(first.refresh).fails(401, 4401)
	renew(second.refresh).fails(401, 4401)
	pause(heard)
	p.nobody().bearer(second.access).get("/debit/v1/info?customer_id=85").fails(401, 4401, "Authorization:invalid")
}

func readersAndAdmins(t *testing.T, h *house) {
	p := h.program(t)
	a := p.debit()
	o, bare := a.owner(), a.one()
	reader, admin := p.nobody().bearer(p.signIn(p.user("reader")).access), p.nobody().bearer(p.signIn(p.user("admin")).access)
	reader.get(fmt.Sprintf("/debit/v1/info?customer_id=%d", o.person.id)).ok()
	reader.get(orderPath + "/" + bare.batch).ok()
	reader.get("/debit/v1/info").fails(400, 4400, "customer_id:required")
	stop := object{"card_id": o.plastic.id, "new_card_status": 3}
	reader.post("/debit/v1/stop", also(stop, "customer_id", o.person.id)).fails(403, 4403, "scope:C,A")
	for _, by := range []api{admin, p.debit("--admin")} {
		by.post("/debit/v1/stop", stop).fails(400, 4400, "customer_id:required")
		by.post("/debit/v1/stop", also(stop, "customer_id", o.person.id)).gives("status", 3)
	}
	admin.post("/debit/v1/stop", object{"card_id": bare.id, "new_card_status": 3}).gives("status", 3)
}

func brokenBodies(t *testing.T, h *house) {
	a := h.program(t).debit()
	card, who := a.one(), a.person()
	text, err := json.Marshal(claim(card, who.id))
	if err != nil {
		t.Fatal(err)
	}
	good := string(text)
	a.with("Content-Type", "text/plain").activation(good).fails(415, 4415)
	a.with("Content-Encoding", "gzip").activation(good).fails(415, 4415)
	for _, sent := range []string{`{"customer_id":`, "[" + good + "]", good + "x", good + good, "", `"text"`, "null"} {
		a.activation(sent).fails(400, 4400, "body:malformed")
	}
	a.activation(`{"x":"`+strings.Repeat("x", 65<<10)+`",`+good[1:]).fails(413, 4413)
	a.activation(`{"x":"` + strings.Repeat("x", 60<<10) + `",` + good[1:]).ok()
}

func unknownPaths(t *testing.T, h *house) {
	a := h.program(t).debit()
	for _, path := range []string{"/debit/v1/nothing", "/user/v1/nothing", "/wallet/v1/nothing", "/oauth/v1/nothing", "/api/oauth/nothing"} {
		a.get(path).fails(404, 4404).said("Endpoint not found").has("endpoint", path)
	}
	a.get("/user/v1/account/spei-clabe").fails(404, 4404).said("Endpoint not found")
	a.post("/wallet/v1/spei-cashout", object{}).fails(404, 4404).said("Endpoint not found")
	r := a.get(activatePath).fails(405, 4405).has("endpoint", activatePath)
	if r.header.Get("Allow") != "POST" {
		t.Errorf("Allow %q", r.header.Get("Allow"))
	}
	a.with("Authorization-ecommerce", absent).post("/debit/v1/nothing", object{}).fails(404, 4404) // the route comes before the caller
}

func burst(t *testing.T, h *house) {
	p := h.limited(t, "debit.rate_per_second=1", "debit.rate_burst=5")
	a := p.debit().alone()
	var limited reply
	for _, by := range []api{a, p.debit().alone()} { // each credential has its own
		replies := together(t, 40, func(int) reply { return by.get("/user/v1/account/5") })
		if got := tally(replies, numbered); got["404 4404"] < 5 || got["429 4429"] < 1 || len(got) != 2 {
			t.Errorf("answers %v", got)
		}
		for _, r := range replies {
			if r.status == 429 {
				limited = r
			}
		}
	}
	limited.fails(429, 4429).waits(1, 60)
}

func twoCredentials(t *testing.T, h *house) {
	p := h.program(t)
	a, b, foreign := p.debit(), p.debit(), h.program(t).debit()
	cards, who := a.stock(2), a.person()
	b.get(orderPath + "/" + cards[0].batch).ok()
	b.hold(cards[0], who)
	foreign.get(orderPath+"/"+cards[0].batch).fails(404, 4404).said("Batch not found")
	foreign.get(fmt.Sprintf("/user/v1/account/%d", who.id)).fails(404, 4404).said("Customer not found")
	foreign.activation(claim(cards[1], foreign.person().id)).fails(404, 4404).said("Card not found")
}
