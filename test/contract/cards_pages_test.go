package contract

import (
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

func pagination() []check {
	return []check{
		only(16, "25 cards in pages of 10, newest first, undisturbed by new ones", pages),
		only(17, "limit 0, 101 and x are refused; the default is 20", limits),
		only(18, "cursors that are damaged or of other filters; filters that match nothing", cursors),
	}
}

func pages(t *testing.T, h *house) {
	a := h.program(t).cards()
	owner := a.holder()
	made := make([]string, 25)
	for i := range made {
		made[len(made)-1-i] = a.cardOf(owner, "VIRTUAL")
	}
	var seen []string
	path := "/cards?limit=10"
	for _, size := range []int{10, 10, 5} {
		page := a.get(path).is(200)
		items := page.list("items")
		if len(items) != size {
			t.Fatalf("a page of %d, want %d", len(items), size)
		}
		for _, item := range items {
			seen = append(seen, item["id"].(string))
		}
		a.cardOf(owner, "VIRTUAL") // meanwhile
		if len(seen) == len(made) {
			page.has("nextCursor", nil)
			break
		}
		path = "/cards?limit=10&cursor=" + url.QueryEscape(page.text("nextCursor"))
	}
	if got, want := strings.Join(seen, " "), strings.Join(made, " "); got != want {
		t.Errorf("read %s\nmade %s", got, want)
	}
}

func limits(t *testing.T, h *house) {
	a := h.program(t).cards()
	owner := a.holder()
	for range 21 {
		a.cardOf(owner, "VIRTUAL")
	}
	a.get("/cards?limit=0").invalid("query", "limit too_small")
	a.get("/cards?limit=101").invalid("query", "limit too_big")
	a.get("/cards?limit=x").invalid("query", "limit invalid_type")
	if n := len(a.get("/cards").is(200).list("items")); n != 20 {
		t.Errorf("a page of %d by default", n)
	}
	for limit, want := range map[int]int{1: 1, 100: 21} {
		if n := len(a.get("/cards?limit=" + strconv.Itoa(limit)).is(200).list("items")); n != want {
			t.Errorf("limit %d: %d", limit, n)
		}
	}
}

func cursors(t *testing.T, h *house) {
	a := h.program(t).cards()
	owner := a.holder()
	for range 3 {
		a.cardOf(owner, "VIRTUAL")
	}
	cursor := a.get("/cards?limit=1&type=VIRTUAL").is(200).text("nextCursor")
	escaped := url.QueryEscape(cursor)
	a.get("/cards?limit=2&type=VIRTUAL&cursor=" + escaped).is(200)
	last := "A"
	if strings.HasSuffix(cursor, last) {
		last = "B"
	}
	for _, query := range []string{
		"type=VIRTUAL&cursor=" + url.QueryEscape(cursor[:len(cursor)-2]), "type=VIRTUAL&cursor=" + url.QueryEscape("x"+cursor),
		"type=VIRTUAL&cursor=" + url.QueryEscape(cursor[:len(cursor)/2]+last+last+cursor[len(cursor)/2+2:]), "type=VIRTUAL&cursor=%00",
		"type=PHYSICAL&cursor=" + escaped, "cursor=" + escaped, "type=VIRTUAL&status=ACTIVE&cursor=" + escaped,
	} {
		a.get("/cards?"+query).invalid("query", "cursor invalid_cursor")
	}
	a.get("/users?cursor="+escaped).invalid("query", "cursor invalid_cursor")
	h.program(t).cards().get("/cards?type=VIRTUAL&cursor="+escaped).invalid("query", "cursor invalid_cursor")

	for _, query := range []string{"userId=" + nobody, "accountId=" + nobody, "type=PHYSICAL", "userId=" + owner.user + "&accountId=" + nobody} {
		a.get("/cards?"+query).is(200).has("items", []any{}, "nextCursor", nil)
	}
	a.get("/cards?type=VIRTUAL&type=VIRTUAL").invalid("query", "type duplicate")
}

func rates() []check {
	return []check{
		only(19, "request 11 of a second is refused, and works after the wait", eleventh),
		only(20, "the headers on 200, 404 and 429", rateHeaders),
		only(21, "keys of a programme share its budget, programmes do not", sharedBudget),
		only(22, "tiers have windows of their own", tiersApart),
	}
}

// eleventh is tried again when the machine was too slow to send eleven calls in a second.
func eleventh(t *testing.T, h *house) {
	for range 5 {
		a := h.limited(t).cards().alone()
		a.with("Authorization", absent).get("/cards").is(401) // the connection is open
		start := time.Now()
		replies := together(t, 11, func(int) reply { return a.get("/cards") })
		if time.Since(start) > 900*time.Millisecond {
			continue
		}
		counts(t, replies, map[string]int{"200": 10, "429 RATE_LIMIT_EXCEEDED": 1})
		for _, r := range replies {
			if r.status == 429 {
				wait, err := strconv.Atoi(r.waits(1, 60).header.Get("Retry-After"))
				if err != nil {
					t.Fatal(err)
				}
				pause(time.Duration(wait) * time.Second)
				a.get("/cards").is(200)
			}
		}
		return
	}
	t.Fatal("this machine makes no eleven calls in a second")
}

// rate reads the four headers and wants the older names to say the same.
func rate(t *testing.T, r reply) (limit, remaining int) {
	t.Helper()
	var n [3]int
	for i, name := range []string{"Limit", "Remaining", "Reset"} {
		var err error
		if n[i], err = strconv.Atoi(r.header.Get("RateLimit-" + name)); err != nil {
			t.Fatalf("%s: RateLimit-%s %q", r.call, name, r.header.Get("RateLimit-"+name))
		}
		if old := r.header.Get("X-RateLimit-" + name); old != r.header.Get("RateLimit-"+name) {
			t.Errorf("%s: X-RateLimit-%s %q, want %d", r.call, name, old, n[i])
		}
	}
	if reset := time.Unix(int64(n[2]), 0); time.Until(reset) < -2*time.Second || time.Until(reset) > 61*time.Second {
		t.Errorf("%s: resets in %v", r.call, time.Until(reset))
	}
	if got := r.header.Get("RateLimit-Policy"); got != "1000;w=1, 3;w=60, 100000;w=86400" {
		t.Errorf("%s: RateLimit-Policy %q", r.call, got)
	}
	return n[0], n[1]
}

func rateHeaders(t *testing.T, h *house) {
	a := h.limited(t, "rate_limits.default=1000/3/100000").cards().alone()
	for i, want := range []struct {
		path              string
		status, remaining int
	}{{"/cards", 200, 2}, {"/cards/" + nobody, 404, 1}, {"/cards/abc", 422, 0}, {"/cards", 429, 0}, {"/cards", 429, 0}} {
		if limit, remaining := rate(t, a.get(want.path).is(want.status)); limit != 3 || remaining != want.remaining {
			t.Errorf("call %d: %d of %d left, want %d of 3", i+1, remaining, limit, want.remaining)
		}
	}
	for name := range h.program(t).cards().get("/cards").is(200).header {
		if strings.Contains(name, "Ratelimit") {
			t.Errorf("%s, and nothing is limited", name)
		}
	}
}

func sharedBudget(t *testing.T, h *house) {
	p := h.limited(t, "rate_limits.default=1000/4/100000")
	one, two := p.cards().alone(), p.cards()
	two.base = one.base
	for _, a := range []api{one, two, one, two} {
		a.get("/cards").is(200)
	}
	one.get("/cards").refused(429, "RATE_LIMIT_EXCEEDED").waits(1, 61)
	two.get("/cards").refused(429, "RATE_LIMIT_EXCEEDED")
	other := h.limited(t, "rate_limits.default=1000/4/100000").cards()
	other.base = one.base
	other.get("/cards").is(200)
}

func tiersApart(t *testing.T, h *house) {
	p := h.program(t)
	body := p.cards().virtualBody()
	p.set("rate_limits.issuance=1000/2/100000", "rate_limits.default=1000/3/100000")
	a := p.cards().alone()
	a.keyed("1").post("/cards", body).is(200)
	a.keyed("2").post("/cards", body).is(200)
	a.keyed("3").post("/cards", body).refused(429, "RATE_LIMIT_EXCEEDED")
	for range 3 {
		a.get("/cards").is(200)
	}
	a.get("/cards").refused(429, "RATE_LIMIT_EXCEEDED")
	a.keyed("3").post("/cards", body).refused(429, "RATE_LIMIT_EXCEEDED")
}
