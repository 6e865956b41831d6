package debitapi_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/program"
)

const (
	loginPath   = "/api/oauth/login"
	renewPath   = "/api/oauth/refresh"
	logoutPath  = "/api/oauth/logout"
	newPassword = "/api/oauth/password"
	goodWord    = "correct horse battery"
)

// user adds a user who has set a password.
func (h *house) user(email string, role access.Role) access.User {
	h.t.Helper()
	made, err := h.access.CreateUser(h.t.Context(), operator, h.program.ID, email, role)
	h.must(err)
	h.open(newPassword, `{"code":"`+made.Code.Reveal()+`","password":"`+goodWord+`"}`).is(h.t, "set the password", 200, 0, "")
	return made.User
}

// open asks without any token.
func (h *house) open(path, body string) answer {
	h.t.Helper()
	return h.do(http.MethodPost, path, body, "Authorization-ecommerce", "-")
}

type pair struct{ AccessToken, RefreshToken string }

func (h *house) signIn(email string) pair {
	h.t.Helper()
	return h.pair(h.open(loginPath, `{"email":"`+email+`","password":"`+goodWord+`"}`))
}

func (h *house) pair(a answer) pair {
	h.t.Helper()
	var e struct {
		Message string
		Data    pair
		Error   any
	}
	if json.Unmarshal([]byte(a.body), &e) != nil || a.status != 200 || e.Message != "Login success" || e.Error != nil || e.Data.AccessToken == "" {
		h.t.Fatalf("%d %s", a.status, a.body)
	}
	return e.Data
}

// as asks by a sign-in only.
func (h *house) as(token, method, path, body string) answer {
	h.t.Helper()
	return h.do(method, path, body, "Authorization-ecommerce", "-", "Authorization", "Bearer "+token)
}

func claimsOf(t *testing.T, token string) (head, body map[string]any) {
	t.Helper()
	parts := strings.Split(token, ".")
	for i, to := range []*map[string]any{&head, &body} {
		raw, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err == nil {
			err = json.Unmarshal(raw, to)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return head, body
}

func TestLogin_PairOfTokens(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.fixture()
	u := h.user("Olga@Example.com", access.RoleAdmin)
	got := h.signIn("olga@example.COM")
	for token, want := range map[string]struct {
		kind string
		life float64
	}{got.AccessToken: {"AS", 600}, got.RefreshToken: {"RS", 7_776_000}} {
		head, body := claimsOf(t, token)
		if head["alg"] != "HS256" || body["sub"] != u.PublicID || body["type"] != want.kind || body["authorizationLevel"] != "Private" ||
			body["exp"].(float64)-body["iat"].(float64) != want.life || body["jti"] == "" {
			t.Errorf("%v %v", head, body)
		}
	}
	h.as(got.AccessToken, "GET", hookPath, "").is(t, "an admin", 200, 0, "")
	h.as(got.RefreshToken, "GET", hookPath, "").is(t, "a refresh token", 401, 4401, "Authorization:invalid")
	h.pass(589 * time.Second) // ten more pass in real time
	h.as(got.AccessToken, "GET", hookPath, "").is(t, "after 599 s", 200, 0, "")
	h.clock.Advance(2 * time.Second)
	h.as(got.AccessToken, "GET", hookPath, "").is(t, "after 601 s", 401, 4401, "Authorization:expired")
	again := h.pair(h.open(renewPath, `{"refreshToken":"`+got.RefreshToken+`"}`))
	h.as(again.AccessToken, "GET", hookPath, "").is(t, "after the refresh", 200, 0, "")
	h.toldNobody(goodWord, got.AccessToken, got.RefreshToken, again.AccessToken, again.RefreshToken)
}

func TestLogin_ForgedTokensAreRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("olga@example.com", access.RoleAdmin)
	good := h.signIn("olga@example.com").AccessToken
	_, body := claimsOf(t, good)
	parts := strings.Split(good, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + parts[1] + "."
	sign := func(method jwt.SigningMethod, drop string, key any) string {
		claims := jwt.MapClaims{}
		for k, v := range body {
			if k != drop {
				claims[k] = v
			}
		}
		s, err := jwt.NewWithClaims(method, claims).SignedString(key)
		h.must(err)
		return s
	}
	real := h.rules.LoginKey().Bytes()
	for what, token := range map[string]string{
		"alg none":          none,
		"alg none, signed":  none + parts[2],
		"HS384":             sign(jwt.SigningMethodHS384, "", real),
		"another key":       sign(jwt.SigningMethodHS256, "", []byte("x")),
		"without sub":       sign(jwt.SigningMethodHS256, "sub", real),
		"without exp":       sign(jwt.SigningMethodHS256, "exp", real),
		"without iat":       sign(jwt.SigningMethodHS256, "iat", real),
		"without jti":       sign(jwt.SigningMethodHS256, "jti", real),
		"without type":      sign(jwt.SigningMethodHS256, "type", real),
		"without level":     sign(jwt.SigningMethodHS256, "authorizationLevel", real),
		"cut":               good[:len(good)-2],
		"an e-commerce one": h.token,
		"very long":         strings.Repeat("a", 5000),
	} {
		h.as(token, "GET", hookPath, "").is(t, what, 401, 4401, "Authorization:invalid")
	}
	h.as(sign(jwt.SigningMethodHS256, "", real), "GET", hookPath, "").is(t, "the same signed again", 200, 0, "")
}

func TestLogin_RefreshTokenWorksOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.user("olga@example.com", access.RoleAdmin)
	first, other := h.signIn("olga@example.com"), h.signIn("olga@example.com")
	second := h.pair(h.open(renewPath, `{"refreshToken":"`+first.RefreshToken+`"}`))
	h.as(second.AccessToken, "GET", hookPath, "").is(t, "the second pair", 200, 0, "")
	h.open(renewPath, `{"refreshToken":"`+first.RefreshToken+`"}`).is(t, "the first again", 401, 4401, "")
	h.as(second.AccessToken, "GET", hookPath, "").is(t, "its family", 401, 4401, "Authorization:invalid")
	h.open(renewPath, `{"refreshToken":"`+second.RefreshToken+`"}`).is(t, "its family's newest", 401, 4401, "")
	h.as(other.AccessToken, "GET", hookPath, "").is(t, "another family", 200, 0, "")
	a := h.open(logoutPath, `{"refreshToken":"`+other.RefreshToken+`"}`)
	if a.body != `{"message":"Logout success","data":null,"error":null}` {
		t.Error(a.body)
	}
	h.as(other.AccessToken, "GET", hookPath, "").is(t, "after the sign-out", 401, 4401, "Authorization:invalid")
	h.open(logoutPath, `{"refreshToken":"`+other.RefreshToken+`"}`).is(t, "a second sign-out", 200, 0, "")
}

func TestLogin_Refusals(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	u := h.user("olga@example.com", access.RoleAdmin)
	const refused = `{"message":"Login failed","data":null,"error":{"code":4401,"hints":["Authorization failed"]}}`
	for what, body := range map[string]string{
		"a wrong password": `{"email":"olga@example.com","password":"wrong"}`,
		"nobody":           `{"email":"nobody@example.com","password":"` + goodWord + `"}`,
	} {
		if a := h.open(loginPath, body); a.status != 401 || a.body != refused || a.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: %d %s", what, a.status, a.body)
		}
	}
	h.open(loginPath, `{}`).is(t, "nothing", 400, 4400, "email:required password:required")
	h.open(newPassword, `{"code":"inv_1","password":"short"}`).is(t, "a short password", 400, 4400, "password:too_short")
	h.open(newPassword, `{"code":"inv_1","password":"`+goodWord+`"}`).is(t, "an unknown code", 401, 4401, "")
	got := h.signIn("olga@example.com")
	_, err := h.access.DisableUser(t.Context(), operator, u.PublicID)
	h.must(err)
	h.clock.Advance(3 * time.Second)
	h.as(got.AccessToken, "GET", hookPath, "").is(t, "a disabled user", 401, 4401, "Authorization:invalid")
	h.open(renewPath, `{"refreshToken":"`+got.RefreshToken+`"}`).is(t, "its refresh", 401, 4401, "")
	if a := h.open(loginPath, `{"email":"olga@example.com","password":"`+goodWord+`"}`); a.body != refused {
		t.Error(a.body)
	}
	invited, err := h.access.InviteUser(t.Context(), operator, "olga@example.com")
	h.must(err)
	h.clock.Advance(25 * time.Hour)
	h.open(newPassword, `{"code":"`+invited.Code.Reveal()+`","password":"`+goodWord+`"}`).is(t, "a code of yesterday", 401, 4401, "")
}

func TestLogin_TenAMinute(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(s *settings) { s.logins = 10 })
	for range 10 {
		h.open(loginPath, `{"email":"a@example.com","password":"x"}`).is(t, "a try", 401, 4401, "")
	}
	a := h.open(loginPath, `{"email":"b@example.com","password":"x"}`)
	a.is(t, "the eleventh of an address", 429, 4429, "")
	if a.header.Get("Retry-After") != "6" || !strings.HasPrefix(a.body, `{"message":"Login failed"`) {
		t.Errorf("%q %s", a.header.Get("Retry-After"), a.body)
	}
}

func TestLogin_ReaderLooksOnly(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.fixture()
	h.user("rita@example.com", access.RoleReader)
	got := h.signIn("rita@example.com")
	h.as(got.AccessToken, "GET", orderPath+"/"+batchOne, "").is(t, "a look", 200, 0, "")
	h.as(got.AccessToken, "GET", orderPath+"/"+batchOne+"/items", "").is(t, "a closer look", 200, 0, "")
	h.as(got.AccessToken, "POST", activatePath, `{"customer_id":85,"card_identifier":"CARD-001","reference_batch":"`+batchOne+`"}`).
		is(t, "an activation", 403, 4403, "scope:P,C,A")
	h.do("DELETE", hookPath, "", "Authorization-ecommerce", h.admin, "Authorization", "Bearer "+got.AccessToken).
		is(t, "a reader with an admin's token", 403, 4403, "scope:A")
	other := h.newTenant("second", program.Sandbox, nil)
	h.do("GET", orderPath+"/"+batchOne, "", "Authorization-ecommerce", other.token, "Authorization", "Bearer "+got.AccessToken).
		is(t, "two programmes", 401, 4401, "Authorization:invalid")
	_, err := h.access.Suspend(t.Context(), operator, h.program.ID, "")
	h.must(err)
	h.clock.Advance(3 * time.Second)
	h.as(got.AccessToken, "GET", orderPath+"/"+batchOne, "").is(t, "a suspended programme", 403, 4403, "program:inactive")
}
