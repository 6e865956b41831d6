package contract

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

// link makes a link to the page of a card and gives its path; every node serves every page.
func (a api) link(card string, body any) (path string) {
	a.t.Helper()
	whole := a.post("/cards/"+card+"/reveal", body).is(200).text("revealUrl")
	found := regexp.MustCompile(`^https?://[^/]+(/reveal/[A-Za-z0-9_-]{43})$`).FindStringSubmatch(whole)
	if found == nil {
		a.t.Fatal("the link of a page has another form")
	}
	return found[1]
}

// browser opens pages: it has no key and sends no version.
func (a api) browser() api { return a.with("Authorization", absent, "Reap-Version", absent) }

// over wants the page of a link that shows nothing.
func (r reply) over(status int) {
	r.t.Helper()
	r.is(status).lacks("<dl>")
	if !strings.Contains(r.body, "no longer valid") {
		r.t.Errorf("%d says %s", status, r.body)
	}
}

// cardPage finds number, expiry and CVV as text of the page.
var cardPage = regexp.MustCompile(`>(\d{4} \d{4} \d{4} (\d{4}))<[^$]*>(\d\d/\d\d)<[^$]*>(\d{3})<`)

func revealPage(t *testing.T, h *house) {
	p := h.program(t)
	a := p.cards()
	card := a.cardOf(a.holder(), "VIRTUAL")
	made := a.post("/cards/"+card+"/reveal", object{"stylesheetUrl": "https://app.example.com/card.css", "showCopyPanButton": true}).is(200)
	if ends, err := time.Parse("2006-01-02T15:04:05.000Z", made.text("expiresAt")); err != nil || time.Until(ends) > 5*time.Minute || time.Until(ends) < 3*time.Minute {
		t.Errorf("expiresAt is %v", made.at("expiresAt"))
	}
	path := made.text("revealUrl")[strings.Index(made.text("revealUrl"), "/reveal/"):]
	page := a.browser().get(path).is(200)
	found := cardPage.FindStringSubmatch(page.body)
	if found == nil || found[2] != a.get("/cards/"+card).text("last4") {
		t.Fatalf("the page is %s", page.body)
	}
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex", "X-Frame-Options": "",
		"Content-Security-Policy": "default-src 'none'; style-src 'self' https://app.example.com; script-src 'self'; frame-ancestors *",
	} {
		if got := page.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	a.browser().get(path).over(410)
	a.browser().get("/reveal/" + strings.Repeat("x", 43)).over(404)

	late, soon, untouched := a.link(card, nil), a.link(card, nil), a.link(card, nil)
	a.browser().call("HEAD", untouched, nil).is(404)
	a.browser().get(untouched).is(200)
	p.advance("4m")
	a.browser().get(soon).is(200)
	p.advance("1m")
	a.browser().get(late).over(410)
	oneOfMany := a.link(card, nil)
	served := tally(together(t, 16, func(int) reply { return a.browser().get(oneOfMany) }), func(r reply) string { return itoa(r.status) })
	if !equal(served, map[string]int{"200": 1, "410": 15}) {
		t.Errorf("16 at once are told %v", served)
	}
	log := h.log(t)
	for _, link := range []string{path, late, soon, untouched, oneOfMany} {
		if strings.Contains(log, strings.TrimPrefix(link, "/reveal/")) {
			t.Error("a link is in the log")
		}
	}
	if rows := p.traced("card.reveal_number", card); len(rows) < 4 {
		t.Errorf("the trail has %d pages", len(rows))
	}
}

func revealRefusals(t *testing.T, h *house) {
	a := h.program(t).cards()
	card := a.cardOf(a.holder(), "VIRTUAL")
	reveal := func(id string, body any) reply { t.Helper(); return a.post("/cards/"+id+"/reveal", body) }
	reveal(card, object{"stylesheetUrl": "http://app.example.com/card.css"}).invalid("body", "stylesheetUrl invalid_url")
	reveal(card, object{"stylesheetUrl": "https://app.example.com/" + strings.Repeat("x", 500)}).invalid("body", "stylesheetUrl too_long")
	reveal(card, object{"showCopyPanButton": "yes"}).invalid("body", "showCopyPanButton invalid_type")
	reveal(nobody, nil).refused(404, "CARD_NOT_FOUND")
	a.post("/cards/"+card+"/freeze", nil).is(200)
	a.browser().get(a.link(card, nil)).is(200)
	a.post("/cards/"+card+"/block", nil).is(200)
	reveal(card, nil).refused(400, notAllowed, "BLOCKED")
	a.simulate(card, "EXPIRED").is(204)
	reveal(card, nil).refused(400, notAllowed, "EXPIRED")
	none := h.program(t, "vault.mode=off").cards()
	bare := none.cardOf(none.holder(), "VIRTUAL")
	none.get("/cards/"+bare).has("last4", nil)
	none.post("/cards/"+bare+"/reveal", nil).refused(403, "PAN_REVEAL_NOT_ENABLED")
	late := h.program(t, "digital_first=false").cards()
	late.post("/cards/"+late.fresh()+"/reveal", nil).refused(400, notAllowed, "NOT_ACTIVATED")

	method := func(id string, value any) reply {
		t.Helper()
		return a.put("/cards/"+id+"/3ds-challenge-method", object{"3dsChallengeMethod": value})
	}
	method(card, "WEBHOOK").is(204)
	a.get("/cards/"+card).has("3dsChallengeMethod", "WEBHOOK")
	method(card, "PUSH").invalid("body", "3dsChallengeMethod invalid_enum")
	method(nobody, "SMS").refused(404, "CARD_NOT_FOUND")

	wallet := object{"provider": "APPLE", "walletAccountId": "w", "deviceId": "d"}
	a.post("/cards/"+card+"/push-provisioning", wallet).refused(403, "PUSH_PROVISIONING_NOT_ENABLED")
	a.post("/cards/"+nobody+"/push-provisioning", wallet).refused(404, "CARD_NOT_FOUND")
	a.post("/cards/"+card+"/push-provisioning", object{}).invalid("body", "deviceId required", "provider required", "walletAccountId required")
}
