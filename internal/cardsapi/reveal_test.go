package cardsapi_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/redact"
	"github.com/firsttap/firsttap/internal/storetest"
)

const publicHost = "http://cards.example.com"

// link makes a link to a card's page and gives its path.
func (h *house) link(card, body string) string {
	h.t.Helper()
	url := h.post("/cards/"+card+"/reveal", body).want(200).text("revealUrl")
	path, ours := strings.CutPrefix(url, publicHost)
	if !ours || !strings.HasPrefix(path, "/reveal/") || len(path) != len("/reveal/")+43 {
		h.t.Fatalf("the link is %q", url)
	}
	return path
}

// browse opens a page as a browser does, without a key.
func (h *house) browse(path string) answer {
	h.t.Helper()
	return h.do("GET", path, "", "Authorization", "", "Reap-Version", "")
}

// over wants a page that says that the link is no longer valid, and nothing else.
func (a answer) over(status int) {
	a.t.Helper()
	if a.want(status); !strings.Contains(a.body, "This link is no longer valid.") || strings.Contains(a.body, "<dl>") {
		a.t.Errorf("%d says %s", status, a.body)
	}
}

// printed opens a link past the page and gives what is printed on the card.
func (h *house) printed(card string) issuance.RevealedPage {
	h.t.Helper()
	shown, err := h.service.OpenRevealLink(h.t.Context(), issuance.OpenRevealLink{Token: redact.NewText(strings.TrimPrefix(h.link(card, ""), "/reveal/"))})
	if err != nil {
		h.t.Fatal(err)
	}
	return shown
}

// TestReveal_ShowsACardOnce is contract §10.9 and §26.5, item 48.
func TestReveal_ShowsACardOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.virtual()
	card := h.printed(id)
	number := card.PAN.Reveal()
	made := h.post("/cards/"+id+"/reveal", `{"stylesheetUrl":"https://App.example.com:8443/a.css?v=1;x","showCopyPanButton":true}`).want(200)
	want := h.world.Now().Add(5 * time.Minute).UTC().Format("2006-01-02T15:04:05.000Z")
	if made.text("expiresAt") != want || made.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s, want %s; %v", made.body, want, made.header)
	}
	path := strings.TrimPrefix(made.text("revealUrl"), publicHost)
	page := h.browse(path).want(200)
	for _, shown := range []string{
		number[:4] + " " + number[4:8] + " " + number[8:12] + " " + number[12:], "<dd>" + card.LastMonth.Format("01/06") + "</dd>", "<dd>" + card.CVV.Reveal() + "</dd>",
		`<link rel="stylesheet" href="./page.css">`, `<link rel="stylesheet" href="https://App.example.com:8443/a.css?v=1;x">`, `<script src="./page.js" defer>`,
	} {
		if !strings.Contains(page.body, shown) {
			t.Errorf("the page lacks %s: %s", shown, page.body)
		}
	}
	for name, value := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex",
		"X-Content-Type-Options": "nosniff", "X-Frame-Options": "",
		"Content-Security-Policy": "default-src 'none'; style-src 'self' https://app.example.com:8443; script-src 'self'; frame-ancestors *",
	} {
		if got := page.header.Get(name); got != value {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
	h.browse(path).over(410)
	h.browse(path + "/").over(410)
	late := h.link(id, `{"stylesheetUrl":null}`)
	h.world.Clock.Advance(5 * time.Minute)
	h.browse(late).over(410)
	h.browse("/reveal/" + strings.Repeat("A", 43)).over(404)
	h.browse("/reveal/x").over(404)
	plain := h.browse(h.link(id, "") + "/").want(200)
	if strings.Contains(plain.body, "<script") || strings.Contains(plain.body, "<button") || !strings.Contains(plain.body, `"../page.css"`) ||
		plain.header.Get("Content-Security-Policy") != "default-src 'none'; style-src 'self'; script-src 'self'; frame-ancestors *" {
		t.Errorf("%v %s", plain.header, plain.body)
	}
	h.do("HEAD", h.link(id, ""), "").want(404)
	if css, js := h.browse("/reveal/page.css").want(200), h.browse("/reveal/page.js").want(200); css.header.Get("Content-Type") != "text/css; charset=utf-8" || js.header.Get("Content-Type") != "text/javascript; charset=utf-8" {
		t.Errorf("%v %v", css.header, js.header)
	}
}

// TestReveal_Refusals is contract §10.9 and §26.5, item 49: each refusal comes before the ones below it.
func TestReveal_Refusals(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.virtual()
	reveal := func(id, body string) answer { t.Helper(); return h.post("/cards/"+id+"/reveal", body) }
	for _, bad := range []string{
		"http://app.example.com/a.css", "https://", "app.example.com/a.css", "https://user@app.example.com/a.css",
		"https://a.example.com;script-src%20*/a.css", "https://a.example.com, https://b/", "https://[::1]/a.css", "javascript:alert(1)",
	} {
		reveal(id, `{"stylesheetUrl":"`+bad+`"}`).wrong("body", "stylesheetUrl invalid_url")
	}
	reveal(id, `{"stylesheetUrl":"https://app.example.com/`+strings.Repeat("a", 477)+`"}`).wrong("body", "stylesheetUrl too_long")
	reveal(id, `{"stylesheetUrl":1,"showCopyPanButton":"true"}`).wrong("body", "showCopyPanButton invalid_type", "stylesheetUrl invalid_type")
	reveal(someID, "").refused(404, "CARD_NOT_FOUND", "null")
	h.post("/cards/"+id+"/freeze", "").want(200)
	waiting := h.link(id, "") // frozen cards may be revealed
	h.post("/cards/"+id+"/block", "").want(200)
	reveal(id, "").refused(400, "CARD_OPERATION_NOT_ALLOWED", `{"status":"BLOCKED","reason":"BLOCKED"}`)
	h.browse(waiting).over(410)
	h.post("/simulation/cards/"+id+"/status", `{"status":"EXPIRED"}`).want(204)
	reveal(id, "").refused(400, "CARD_OPERATION_NOT_ALLOWED", `{"status":"EXPIRED","reason":"EXPIRED"}`)
	h.do("DELETE", "/cards/"+id, "").want(204)
	reveal(id, "").refused(404, "CARD_NOT_FOUND", "null")
	h.browse(h.link(h.fresh(), "")).want(200) // not activated, and digital first
	for range 21 {
		h.browse("/reveal/never-made").over(404)
	}
	if a := h.browse("/reveal/never-made").want(429); a.header.Get("Retry-After") != "60" || strings.Contains(a.body, "no longer") {
		t.Errorf("%v %s", a.header, a.body)
	}

	strict := newHouse(t, storetest.WithPolicy("digital_first", "false"), storetest.WithPolicy("reveal.frame_ancestors", "https://app.example.com,https://*.example.org"))
	strict.post("/cards/"+strict.fresh()+"/reveal", "").refused(400, "CARD_OPERATION_NOT_ALLOWED", `{"status":"ACTIVE","reason":"NOT_ACTIVATED"}`)
	page := strict.browse(strict.link(strict.virtual(), "")).want(200)
	if csp := page.header.Get("Content-Security-Policy"); !strings.HasSuffix(csp, "; frame-ancestors https://app.example.com https://*.example.org") {
		t.Error(csp)
	}
	off := newHouse(t, storetest.WithPolicy("vault.mode", "off"))
	off.post("/cards/"+off.virtual()+"/reveal", "").refused(403, "PAN_REVEAL_NOT_ENABLED", "null")
}

// TestReveal_ReplaysTheLink holds the sealed answer to its key: the link is the same, and opens once all the same.
func TestReveal_ReplaysTheLink(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.virtual()
	first := h.do("POST", "/cards/"+id+"/reveal", "", "Idempotency-Key", "k").want(200)
	again := h.do("POST", "/cards/"+id+"/reveal", "", "Idempotency-Key", "k").want(200)
	if again.body != first.body || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("%s and %s", first.body, again.body)
	}
	path := strings.TrimPrefix(first.text("revealUrl"), publicHost)
	h.browse(path).want(200)
	h.browse(path).over(410)
	again = h.do("POST", "/cards/"+id+"/reveal", "", "Idempotency-Key", "k").want(200)
	if again.body != first.body {
		t.Errorf("%s and %s", first.body, again.body)
	}
}

// TestReveal_LeavesNoSecretBehind looks for token, number and CVV in what comes out beside the page.
func TestReveal_LeavesNoSecretBehind(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id := h.virtual()
	card := h.printed(id)
	path := h.link(id, `{"showCopyPanButton":true}`)
	out := []string{h.get("/cards/" + id).body}
	h.browse(path).want(200)
	h.browse(path).over(410)
	h.post("/cards/"+id+"/freeze", "").want(200)
	h.post(path, "{}")
	h.do("HEAD", path, "")
	for _, e := range h.events() {
		out = append(out, e.body)
	}
	links, reveals := h.trail("card.create_reveal_link"), h.trail("card.reveal_number")
	byBrowser := slices.ContainsFunc(reveals, func(r audit.Row) bool {
		return r.Card.String() == id && r.Source == "192.0.2.7" && r.Outcome == audit.OK && r.Actor == "reveal link"
	})
	if len(links) != 2 || len(reveals) != 2 || !byBrowser {
		t.Errorf("%+v, %+v", links, reveals)
	}
	out = append(out, fmt.Sprintf("%+v", append(links, reveals...)), h.log.text.String())
	number := card.PAN.Reveal()
	for what, secret := range map[string]string{
		"token": strings.TrimPrefix(path, "/reveal/"), "number": number, "grouped number": number[:4] + " " + number[4:8] + " " + number[8:12],
	} {
		for _, text := range out {
			if strings.Contains(text, secret) {
				t.Errorf("the %s is in %.200s", what, text)
			}
		}
	}
	if !strings.Contains(h.log.text.String(), `"route":"GET /reveal/{token}"`) || !strings.Contains(h.log.text.String(), `"reason":"reveal_link_over"`) {
		t.Error("the log does not have the page's route, or why it refused")
	}
}
