package contract

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func transport() []check {
	return []check{
		only(1, "GET /cards and /cards/ are the same, and no redirect", slashGet),
		only(2, "POST /cards/ creates", slashPost),
		only(3, "//cards, /Cards, longer paths and other methods: ROUTE_NOT_FOUND", unknownRoutes),
		only(4, "no Authorization: API_KEY_REQUIRED", noAuthorization),
		only(5, "Basic, no token, twice: INVALID_AUTH_HEADER; bearer works", authForms),
		only(6, "unknown, revoked, other kind: INVALID_API_KEY; live sees no sandbox card", otherKeys),
		only(7, "an allowlist without the caller; X-Forwarded-For is not believed", allowlists),
		only(8, "version missing, version unknown", versions),
		only(9, "policies of the version", versionPolicies),
		only(10, "the order of authentication, version, rate and parse", orderOfSteps),
		only(11, "parse errors, other media types, too large", bodies),
		only(12, "unknown members and parameters are ignored", unknownMembers),
		only(13, "every error has its envelope and X-Request-Id", envelopes),
		only(14, "422 tells all wrong fields, and no value", validationAnswers),
		only(15, "ids: no UUID 422, unknown 404, foreign the same bytes", foreignIDs),
	}
}

func slashGet(t *testing.T, h *house) {
	a := h.program(t).cards()
	a.fresh()
	if bare, slash := a.get("/cards").is(200), a.get("/cards/").is(200); bare.body != slash.body {
		t.Errorf("%s with a slash, %s without", slash.body, bare.body)
	}
	for path, status := range map[string]int{"/cards/" + nobody + "/": 404, "/users/": 200, "/cards//": 404} {
		a.get(path).is(status)
	}
}

func slashPost(t *testing.T, h *house) {
	a := h.program(t).cards()
	body := a.virtualBody()
	id := a.keyed("K").post("/cards/", body).is(200).text("id")
	a.get("/cards/"+id+"/").is(200).has("id", id, "userId", body["userId"])
}

func unknownRoutes(t *testing.T, h *house) {
	a := h.program(t).cards()
	card := a.fresh()
	for _, path := range []string{"//cards", "/Cards", "/cards/x/y/z", "/cards/" + card + "//activation-code", "/"} {
		a.get(path).refused(404, "ROUTE_NOT_FOUND")
	}
	a.get("/v1/cards").is(401) // no alias: it is the native API, which this key does not open
	a.patch("/cards/"+card, object{}).refused(404, "ROUTE_NOT_FOUND")
	for _, method := range []string{"PATCH", "PUT", "OPTIONS", "POST"} {
		r := a.call(method, "/cards/"+card, object{}).refused(404, "ROUTE_NOT_FOUND")
		if allow := r.header.Get("Allow"); !strings.Contains(allow, "GET") || !strings.Contains(allow, "DELETE") || strings.Contains(allow, method) {
			t.Errorf("%s: Allow %q", method, allow)
		}
	}
	a.call("HEAD", "/cards/"+card, nil).is(404)
}

// challenged wants 401 with that code.
func (r reply) challenged(code string) {
	r.t.Helper()
	r.refused(401, code)
	if r.header.Get("WWW-Authenticate") != "Bearer" {
		r.t.Errorf("%s: WWW-Authenticate %q", r.call, r.header.Get("WWW-Authenticate"))
	}
}

func noAuthorization(t *testing.T, h *house) {
	a := h.program(t).cards()
	a.with("Authorization", absent).get("/cards").challenged("API_KEY_REQUIRED")
	a.with("Authorization", absent).post("/cards", "{").challenged("API_KEY_REQUIRED")
}

func authForms(t *testing.T, h *house) {
	p := h.program(t)
	key := p.key()
	a := p.cardsWith(key).stranger()
	for _, value := range []string{"Basic " + key, "Bearer", "Bearer ", "Bearer " + key[:20] + " " + key[20:], key, "Basic dXNlcjpwYXNz"} {
		a.with("Authorization", value).get("/cards").challenged("INVALID_AUTH_HEADER")
	}
	a.with("Authorization", "Bearer "+key, "Authorization", "Bearer "+key).get("/cards").challenged("INVALID_AUTH_HEADER")
	for _, scheme := range []string{"bearer ", "BEARER ", "Bearer "} {
		a.with("Authorization", scheme+key).get("/cards").is(200)
	}
}

// keyID is the public part of a key.
func keyID(secret string) string { return secret[:strings.LastIndex(secret, "_")] }

func otherKeys(t *testing.T, h *house) {
	p := h.program(t)
	key := p.key()
	a := p.cardsWith(key).stranger()
	card := a.fresh()
	last := "A"
	if strings.HasSuffix(key, last) {
		last = "B"
	}
	for _, unknown := range []string{key[:len(key)-1] + last, keyID(key), "ftk_sandbox_aaaaaaaaaaaa_" + strings.Repeat("a", 43), "x"} {
		a.with("Authorization", "Bearer "+unknown).get("/cards").challenged("INVALID_API_KEY")
	}
	live := h.programOf(t, "live").cards()
	live.get("/cards/"+card).refused(404, "CARD_NOT_FOUND")
	live.get("/cards").is(200).has("items", []any{})

	h.command(t, "key", "revoke", keyID(key))
	at := time.Now()
	eventually(t, "the key is dead on all nodes", func() bool {
		for range h.nodes {
			if a.get("/cards").status != 401 {
				return false
			}
		}
		return true
	})
	if took := time.Since(at); took > 5*time.Second {
		t.Errorf("a revoked key lived %v", took)
	}

	own := h.own(t, "--host-kind", "live")
	sandbox := own.limited(t).cards()
	sandbox.get("/cards").challenged("INVALID_API_KEY")
	own.programOf(t, "live").cards().get("/cards").is(200)
}

func allowlists(t *testing.T, h *house) {
	p := h.program(t)
	closed := p.cardsWith(p.key("--allow", "203.0.113.7"))
	closed.get("/cards").refused(403, "API_KEY_IP_NOT_ALLOWED")
	closed.with("X-Forwarded-For", "203.0.113.7").get("/cards").refused(403, "API_KEY_IP_NOT_ALLOWED")
	open := p.cardsWith(p.key("--allow", "203.0.113.7", "--allow", "127.0.0.0/8"))
	open.get("/cards").is(200)
	open.with("X-Forwarded-For", "198.51.100.9").get("/cards").is(200)

	own := h.own(t, "--trusted-proxies", "127.0.0.1")
	q := own.program(t)
	behind := q.cardsWith(q.key("--allow", "203.0.113.7"))
	behind.with("X-Forwarded-For", "198.51.100.9, 203.0.113.7").get("/cards").is(200)
	behind.with("X-Forwarded-For", "::ffff:203.0.113.7").get("/cards").is(200)
	for _, hops := range []string{"203.0.113.7, 198.51.100.9", "203.0.113.7, nonsense", "198.51.100.9"} {
		behind.with("X-Forwarded-For", hops).get("/cards").refused(403, "API_KEY_IP_NOT_ALLOWED")
	}
}

func versions(t *testing.T, h *house) {
	a := h.program(t).cards()
	a.with("Reap-Version", absent).get("/cards").refused(400, "API_VERSION_HEADER_MISSING").has("error.detail", nil)
	for _, value := range []string{"2026-01-01", "2025-2-14", "latest"} {
		a.with("Reap-Version", value).get("/cards").refused(400, "API_VERSION_INVALID").has("error.detail", object{"accepted": []string{"2025-02-14"}})
	}
	a.with("Reap-Version", "2025-02-14", "Reap-Version", "2026-01-01").get("/cards").refused(400, "API_VERSION_INVALID")
	if got := a.get("/cards").is(200).header.Get("Reap-Version"); got != "2025-02-14" {
		t.Errorf("version read %q", got)
	}
}

func versionPolicies(t *testing.T, h *house) {
	p := h.program(t, "api.require_version_header=false")
	a := p.cards()
	if got := a.with("Reap-Version", absent).get("/cards").is(200).header.Get("Reap-Version"); got != "2025-02-14" {
		t.Errorf("version read %q", got)
	}
	a.with("Reap-Version", "2026-01-01").get("/cards").refused(400, "API_VERSION_INVALID")
	p.set("api.accepted_versions=2025-02-14,2026-01-01", "api.require_version_header=true")
	if got := a.with("Reap-Version", "2026-01-01").get("/cards").is(200).header.Get("Reap-Version"); got != "2026-01-01" {
		t.Errorf("version read %q", got)
	}
	a.get("/cards").is(200)
	a.with("Reap-Version", absent).get("/cards").refused(400, "API_VERSION_HEADER_MISSING")
	a.with("Reap-Version", "2027-01-01").get("/cards").refused(400, "API_VERSION_INVALID").has("error.detail.accepted", []string{"2025-02-14", "2026-01-01"})
}

func orderOfSteps(t *testing.T, h *house) {
	p := h.limited(t, "rate_limits.default=1000/1/100000")
	a := p.cards().stranger().alone()
	a.with("Authorization", "Bearer x", "Reap-Version", absent).post("/users", `{"a":`).challenged("INVALID_API_KEY")
	a.with("Reap-Version", absent).post("/users", `{"a":`).refused(400, "API_VERSION_HEADER_MISSING")
	a.get("/users").is(200)
	a.post("/users", `{"a":`).refused(429, "RATE_LIMIT_EXCEEDED")
	a.with("Authorization", absent).call("PATCH", "/users", `{"a":`).refused(404, "ROUTE_NOT_FOUND")
	a.with("Authorization", absent).post("/users", strings.Repeat(" ", 2<<20)).refused(413, "PAYLOAD_TOO_LARGE")
}

func bodies(t *testing.T, h *house) {
	a := h.program(t).cards()
	good := `{"email":"ana@example.com","phoneNumber":"+525512345678"}`
	for _, body := range []string{
		`{"a":`, `{"email":"a@b.c","email":"a@b.c"}`, "{\"email\":\"\xff\"}", good + "x", `{"a":NaN}`, "", `{'a':1}`,
		strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40),
	} {
		if body == "" {
			a.post("/users", " ").refused(400, "PARSE_ERROR")
			continue
		}
		a.post("/users", body).refused(400, "PARSE_ERROR").has("error.detail", nil)
	}
	for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json; charset=latin1"} {
		a.with("Content-Type", kind).post("/users", good).refused(415, "UNSUPPORTED_MEDIA_TYPE")
	}
	a.post("/users", `{"email":"`+strings.Repeat("a", 2<<20)+`"}`).refused(413, "PAYLOAD_TOO_LARGE")
	for i, kind := range []string{"application/json; charset=UTF-8", "application/merge-patch+json", "application/json"} {
		a.with("Content-Type", kind).post("/users", strings.Replace(good, "5678", itoa(1000+i), 1)).is(200)
	}
}

func unknownMembers(t *testing.T, h *house) {
	a := h.program(t).cards()
	body := newUserBody()
	body["nickname"], body["tags"] = "ana", []any{1, object{"a": nil}}
	user := a.post("/users?verbose=1&x", body).is(200)
	if _, there := user.json().(object)["nickname"]; there {
		t.Error("an unknown member came back")
	}
	a.get("/users?foo=bar&foo=baz").is(200)
}

func envelopes(t *testing.T, h *house) {
	a := h.program(t).cards()
	card := a.fresh()
	stranger := a.stranger()
	full := h.limited(t, "rate_limits.default=1000/1/100000").cards().alone()
	full.get("/cards").is(200)
	for status, replies := range map[int][]reply{
		400: {a.post("/users", "{"), a.with("Reap-Version", absent).get("/cards"), a.activate(card, "123456")},
		401: {a.with("Authorization", absent).get("/cards"), stranger.with("Authorization", "Bearer x").get("/cards")},
		404: {a.get("/nothing"), a.get("/cards/" + nobody), a.call("PATCH", "/cards", object{})},
		413: {a.post("/users", strings.Repeat(" ", 2<<20))},
		415: {a.with("Content-Type", "text/plain").post("/users", "x")},
		422: {a.get("/cards/abc"), a.post("/users", object{}), a.get("/cards?limit=0")},
		429: {full.get("/cards")},
	} {
		for _, r := range replies {
			enveloped(t, r.is(status))
		}
	}
	if got := a.with("X-Request-Id", "from-me.1_2").get("/nothing").header.Get("X-Request-Id"); got != "from-me.1_2" {
		t.Errorf("request id %q", got)
	}
	if got := a.with("X-Request-Id", "no good").get("/nothing").header.Get("X-Request-Id"); got == "no good" || got == "" {
		t.Errorf("request id %q", got)
	}
}

// enveloped wants the shape of §5.1 and the headers of §1.1.
func enveloped(t *testing.T, r reply) {
	t.Helper()
	e, ok := r.at("error").(object)
	detail, there := e["detail"]
	_, isObject := detail.(object)
	if !ok || len(e) != 3 || r.text("error.code") == "" || r.text("error.message") == "" || !there || detail != nil && !isObject {
		t.Errorf("%s: %s", r.call, r.body)
	}
	for name, want := range map[string]string{"Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store"} {
		if got := r.header.Get(name); got != want {
			t.Errorf("%s: %s %q, want %q", r.call, name, got, want)
		}
	}
	if r.header.Get("X-Request-Id") == "" {
		t.Errorf("%s: no X-Request-Id", r.call)
	}
}

func validationAnswers(t *testing.T, h *house) {
	a := h.program(t).cards()
	r := a.post("/users", object{"email": "no-address-7731", "phoneNumber": "7731-no-number", "firstName": strings.Repeat("7731", 20)}).
		invalid("body", "email invalid_format", "firstName too_long", "phoneNumber invalid_phone").lacks("7731")
	for _, e := range r.list("error.detail.errors") {
		if len(e) != 3 {
			t.Errorf("a problem is %v", e)
		}
	}
	a.get("/cards?limit=x7731&status=y7731").invalid("query", "limit invalid_type", "status invalid_enum").lacks("7731")
	a.keyed(strings.Repeat("7731", 100)).post("/cards", object{}).refused(422, "VALIDATION_FAILED").has("error.detail.on", "headers").lacks("7731")
}

func foreignIDs(t *testing.T, h *house) {
	a, b := h.program(t).cards(), h.program(t).cards()
	card := b.fresh()
	for _, path := range []string{"/cards/", "/users/", "/accounts/", "/card-shipments/", "/webhooks/", "/policies/", "/card-transactions/", "/card-3ds-challenges/"} {
		a.get(path+"abc").invalid("params", "id invalid_format")
	}
	same := func(method, path, foreign string, body any) {
		t.Helper()
		unknown := a.call(method, strings.ReplaceAll(path, "{id}", nobody), body).is(404)
		other := a.call(method, strings.ReplaceAll(path, "{id}", foreign), body).is(404)
		if unknown.body != other.body {
			t.Errorf("%s %s: %s, unknown %s", method, path, other.body, unknown.body)
		}
		for name := range unknown.header {
			if _, there := other.header[name]; !there {
				t.Errorf("%s %s: the answers differ in %s", method, path, name)
			}
		}
	}
	code := object{"activationCode": "123456"}
	for _, path := range []string{"/cards/{id}", "/cards/{id}/activation-code"} {
		same(http.MethodGet, path, card, nil)
	}
	for _, path := range []string{"/cards/{id}/activate", "/cards/{id}/freeze", "/cards/{id}/block"} {
		same(http.MethodPost, path, card, code)
	}
	same(http.MethodDelete, "/cards/{id}", card, nil)
	owner := b.get("/cards/" + card)
	same(http.MethodGet, "/users/{id}", owner.text("userId"), nil)
	same(http.MethodGet, "/accounts/{id}", owner.text("accountId"), nil)
	same(http.MethodGet, "/card-shipments/{id}", b.draft(card), nil)
	a.get("/cards/" + strings.ToUpper(a.fresh())).is(200)
}
