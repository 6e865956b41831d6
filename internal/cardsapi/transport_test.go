package cardsapi_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/storetest"
)

const someID = "0b0f7f0e-5a53-4e0c-9d0e-2f6f1f3f7c11"

// TestTransport_OrderOfChecks is contract §1.2 and §26.1.
func TestTransport_OrderOfChecks(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	bare := []string{"Authorization", "", "Reap-Version", ""}
	for _, path := range []string{"//cards", "/Cards", "/cards/x/y/z", "/cards//", "/v1/cards", "/companies", "/card-transactions", "/fiat-deposits/" + someID} {
		h.do("GET", path, "", bare...).refused(404, "ROUTE_NOT_FOUND", "null")
	}
	for _, method := range []string{"PATCH", "HEAD", "OPTIONS"} {
		a := h.do(method, "/cards/"+someID, "", bare...).refused(404, "ROUTE_NOT_FOUND", "null")
		if a.header.Get("Allow") != "DELETE, GET" {
			t.Errorf("Allow %q", a.header.Get("Allow"))
		}
	}
	h.do("POST", "/cards", strings.Repeat(" ", 1<<20+1), bare...).refused(413, "PAYLOAD_TOO_LARGE", "null")
	for authorization, code := range map[string]string{
		"": "API_KEY_REQUIRED", "Basic abc": "INVALID_AUTH_HEADER", "Bearer": "INVALID_AUTH_HEADER", "Bearer a b": "INVALID_AUTH_HEADER",
		"Bearer  " + h.key:                      "INVALID_AUTH_HEADER",
		"Bearer " + h.key + "\nBearer " + h.key: "INVALID_AUTH_HEADER", "Bearer " + h.key + "x": "INVALID_API_KEY",
	} {
		a := h.do("GET", "/cards/x", "", "Authorization", authorization, "Reap-Version", "").refused(401, code, "null")
		if a.header.Get("WWW-Authenticate") != "Bearer" || a.header.Get("X-Request-Id") == "" {
			t.Errorf("%s: headers %v", code, a.header)
		}
	}
	h.do("GET", "/cards", "", "Authorization", "bearer "+h.key).want(200)
	h.do("POST", "/cards", "{", "Reap-Version", "").refused(400, "API_VERSION_HEADER_MISSING", "null")
	for _, version := range []string{"2026-01-01", "x", "2025-02-14\n2026-01-01"} {
		h.do("POST", "/cards", "{", "Reap-Version", version).refused(400, "API_VERSION_INVALID", `{"accepted":["2025-02-14"]}`)
	}
	if a := h.do("GET", "/cards", "", "Reap-Version", "2025-02-14\n2025-02-14").want(200); a.header.Get("Reap-Version") != "2025-02-14" || a.header.Get("Content-Type") != "application/json; charset=utf-8" {
		t.Errorf("headers %v", a.header)
	}
	h.post("/users", `{}`, "Content-Type", "text/plain").refused(415, "UNSUPPORTED_MEDIA_TYPE", "null")
	h.post("/users", `{}`, "Content-Type", "application/json; charset=latin1").refused(415, "UNSUPPORTED_MEDIA_TYPE", "null")
	for _, kind := range []string{"", "application/json", "application/JSON; charset=UTF-8", "application/merge-patch+json"} {
		h.post("/users", `{}`, "Content-Type", kind).wrong("body", "email required", "phoneNumber required")
	}
	for _, body := range []string{`{"a":`, `{"a":1,"a":2}`, "{\"a\":\"\xff\"}", `{} {}`, `NaN`, strings.Repeat("[", 33) + strings.Repeat("]", 33), " "} {
		h.post("/users", body).refused(400, "PARSE_ERROR", "null")
	}
	for _, body := range []string{`[]`, `"x"`, `1`, `null`} {
		h.post("/users", body).wrong("body", " invalid_type", "email required", "phoneNumber required")
	}
	h.get("/cards/abc?limit=0").wrong("params", "id invalid_format")
	h.do("POST", "/cards/abc/activate?code=1", `{}`, "Idempotency-Key", "a b").wrong("headers", "idempotency-key invalid_format")
	h.do("POST", "/cards/abc/activate?code=1", `{}`).wrong("params", "id invalid_format")
	h.do("POST", "/cards/"+someID+"/activate?code=1", `{}`).wrong("query", "code not_allowed")
	h.get("/cards?limit=5&more=x&userId=" + someID).want(200)
	mine := h.get("/cards/" + h.world.Card.Card.ID.String()).want(200)
	h.get("/cards/" + strings.ToUpper(h.world.Card.Card.ID.String()) + "/").want(200)
	unknown := h.get("/cards/" + someID).want(404)
	if foreign := h.do("GET", "/cards/"+mine.text("id"), "", "Authorization", "Bearer "+h.foreign).want(404); foreign.body != unknown.body {
		t.Errorf("foreign %s, unknown %s", foreign.body, unknown.body)
	}
	if with := h.get("/cards/").want(200); with.body != h.get("/cards").want(200).body {
		t.Error("a trailing slash makes a difference")
	}
}

func TestTransport_PoliciesOfTheVersion(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.WithPolicy("api.require_version_header", "false"), storetest.WithPolicy("api.accepted_versions", "2025-02-14,2026-01-01"))
	for _, version := range []string{"", "2026-01-01"} {
		h.do("GET", "/cards", "", "Reap-Version", version).want(200)
	}
	h.do("GET", "/cards", "", "Reap-Version", "2024-01-01").refused(400, "API_VERSION_INVALID", `{"accepted":["2025-02-14","2026-01-01"]}`)
}

func TestTransport_AllowlistAndGuessing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	elsewhere := h.newKey(h.world.Program, netip.MustParsePrefix("203.0.113.0/24"))
	h.do("GET", "/cards", "", "Authorization", "Bearer "+elsewhere, "Reap-Version", "", "X-Forwarded-For", "203.0.113.9").refused(403, "API_KEY_IP_NOT_ALLOWED", "null")
	for range 21 {
		h.do("GET", "/cards", "", "Authorization", "Bearer nobody").want(401)
	}
	a := h.do("GET", "/cards", "", "Authorization", "Bearer nobody").refused(429, "RATE_LIMIT_EXCEEDED", "null")
	if a.header.Get("Retry-After") != "60" {
		t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
	}
	h.get("/cards").want(429)
	h.world.Clock.Advance(time.Minute)
	h.get("/cards").want(200)
}

// TestTransport_RateLimits is contract §26.3.
func TestTransport_RateLimits(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.WithPolicy("rate_limits.default", "10/150/10000"), storetest.WithPolicy("rate_limits.issuance", "5/50/500"))
	other := h.newKey(h.world.Program)
	for left := 9; left >= 0; left-- {
		a := h.do("GET", "/cards/"+someID, "", "Authorization", "Bearer "+[]string{h.key, other}[left%2]).want(404)
		for name, want := range map[string]string{"Limit": "10", "Remaining": string(rune('0' + left))} {
			if a.header.Get("RateLimit-"+name) != want || a.header.Get("X-RateLimit-"+name) != want {
				t.Errorf("%d left: %v", left, a.header)
			}
		}
		if a.header.Get("RateLimit-Policy") != "10;w=1, 150;w=60, 10000;w=86400" || a.header.Get("RateLimit-Reset") == "" {
			t.Errorf("%v", a.header)
		}
	}
	a := h.do("POST", "/users", "{").refused(429, "RATE_LIMIT_EXCEEDED", "null")
	if a.header.Get("Retry-After") != "2" && a.header.Get("Retry-After") != "1" || a.header.Get("RateLimit-Remaining") != "0" {
		t.Errorf("%v", a.header)
	}
	h.do("POST", "/cards", `{}`).wrong("headers", "idempotency-key required")
	h.do("GET", "/cards", "", "Authorization", "Bearer "+h.foreign).want(200)
	h.world.Clock.Advance(2 * time.Second)
	h.get("/cards").want(200)
}

func TestTransport_LiveProgramsHaveNoSimulation(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.WithLiveProgram())
	if h.world.Program.Kind != program.Live {
		t.Fatal("not live")
	}
	for _, path := range []string{"users/x/application", "accounts/x/status", "cards/x/status", "cards/x/production-status", "cards/x/shipping-status", "card-shipments/x/production-status", "card-shipments/x/shipping-status"} {
		h.do("POST", "/simulation/"+path, "{").refused(403, "SIMULATION_NOT_AVAILABLE", "null")
	}
}

// TestPages is contract §26.2.
func TestPages(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for range 24 {
		h.world.NewCustomer() // one is there
	}
	seen := map[string]bool{}
	cursor, sizes, last := "", []int{}, "9999"
	for range 4 {
		page := h.get("/users?limit=10" + cursor).want(200)
		n := 0
		for ; page.raw("items", string(rune('0'+n))) != "" && n < 10; n++ {
			id, at := page.text("items", string(rune('0'+n)), "id"), page.text("items", string(rune('0'+n)), "createdAt")
			if seen[id] || at > last {
				t.Errorf("%s comes twice or out of order", id)
			}
			seen[id], last = true, at
		}
		sizes = append(sizes, n)
		h.world.NewCustomer()
		if page.raw("nextCursor") == "null" {
			break
		}
		cursor = "&cursor=" + page.text("nextCursor")
	}
	if len(seen) != 25 || len(sizes) != 3 || sizes[2] != 5 {
		t.Errorf("pages of %v", sizes)
	}
	for limit, problem := range map[string]string{"0": "too_small", "101": "too_big", "x": "invalid_type"} {
		h.get("/users?limit="+limit).wrong("query", "limit "+problem)
	}
	next := h.get("/users?limit=10").want(200).text("nextCursor")
	for _, query := range []string{"cursor=", "cursor=x", "email=a@b&cursor=" + next, "cursor=" + next[:len(next)-2] + "AA"} {
		h.get("/users?"+query).wrong("query", "cursor invalid_cursor")
	}
	h.get("/accounts?cursor="+next).wrong("query", "cursor invalid_cursor")
	h.do("GET", "/users?cursor="+next, "", "Authorization", "Bearer "+h.foreign).wrong("query", "cursor invalid_cursor")
	h.get("/users?email=a&email=b&limit=1&limit=2").wrong("query", "email duplicate", "limit duplicate")
	if a := h.get("/cards?userId=" + someID).want(200); a.body != `{"items":[],"nextCursor":null}` {
		t.Errorf("%s", a.body)
	}
	h.get("/cards?userId=x&status=y&type=z").wrong("query", "status invalid_enum", "type invalid_enum", "userId invalid_format")
	h.get("/cards?limit=&userId=&status=&type=&accountId").
		wrong("query", "accountId invalid_format", "limit invalid_type", "status invalid_enum", "type invalid_enum", "userId invalid_format")
	h.get("/users?externalId=a%00b&email=%ff&phoneNumber=%E2%80%AE").wrong("query", "email invalid_format", "externalId invalid_format", "phoneNumber invalid_format")
	h.get("/users?externalId=&email=&phoneNumber=").wrong("query", "email too_short", "externalId too_short", "phoneNumber too_short")
}

// TestTransport_AQueryThatCannotBeReadIsRefused: dropping the part that cannot be read would answer another
// question than was asked.
func TestTransport_AQueryThatCannotBeReadIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, query := range []string{"a=1;b=2", "limit=5&userId=" + someID + ";x", "userId=%zz", "%zz", "a=%", ";"} {
		h.get("/cards?"+query).wrong("query", " invalid_format")
		h.post("/users?"+query, "").wrong("query", " invalid_format")
	}
	for _, query := range []string{"", "more", "more=x&more=y", "&&", "%6Dore=%3B"} {
		h.get("/cards?" + query).want(200)
	}
	h.get("/cards/x?;").wrong("params", "id invalid_format")
	h.get("/cards?a;b&limit=0").wrong("query", "limit too_small")
	for _, query := range []string{"code", "code=", "a=1;code=123456", "%63ode=1", "a;%63ode", "code=%zz", "a=%zz&code=1", ";;code;"} {
		h.post("/cards/"+someID+"/activate?"+query, codeBody("123456")).wrong("query", "code not_allowed")
	}
	h.post("/cards/"+someID+"/activate?pin=1;activationCode=2&activation_code&pin", codeBody("123456")).
		wrong("query", "activationCode not_allowed", "activation_code not_allowed", "pin not_allowed")
	h.post("/cards/"+someID+"/activate?a=1;b=2", codeBody("123456")).wrong("query", " invalid_format")
}

func TestTransport_ASuspendedProgramIsToldBeforeTheVersion(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.get("/cards").want(200)
	w := h.world
	keys := access.NewService(access.ServiceConfig{Store: w.Store.Access(), Hasher: h.service, IDs: w.IDs, Now: w.Clock.Now})
	if _, err := keys.Suspend(t.Context(), access.Operator{Name: "test", Channel: "cli"}, w.Program.ID, "a test"); err != nil {
		t.Fatal(err)
	}
	w.Clock.Advance(5 * time.Second)
	h.do("GET", "/cards/x", "", "Reap-Version", "").refused(403, "PROJECT_SUSPENDED", "null")
	h.do("GET", "/cards", "", "Authorization", "Bearer "+h.foreign).want(200)
}
