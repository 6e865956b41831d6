package e2e

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// opened opens all that is folded away.
const opened = `document.querySelectorAll("details").forEach(d => d.open = true), true`

// TestBrowser_LooksAfterAProgramme is a member who finds a customer by its name, looks after a webhook, and plays with the sandbox;
// each form is sent wrong first.
func TestBrowser_LooksAfterAProgramme(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	in.command(append([]string{"program", "create", "Banco Ejemplo"}, unlimited("webhooks.allow_private_targets=true")...)...)
	password := in.member(t, "olga", "--role", "operator")
	api := cardsCaller(in.key(t, "Banco Ejemplo", "--door", "cards"))
	native := caller{map[string]string{"Authorization": "Bearer " + in.key(t, "Banco Ejemplo", "--door", "native", "--scope", "webhooks:write")}}
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	t.Cleanup(receiver.Close)
	s := in.start()
	shippedCards(t, s, api, 1)
	native.must(t, 200, "POST", s.url+"/v1/webhooks", map[string]any{"name": "ledger", "url": receiver.URL}, "Idempotency-Key", "hook")

	ctx := newBrowser(t)
	has := saying(t)
	visit(ctx, t, s.url+"/console")
	sent(ctx, t, "main button", "#name", "olga", "#password", password)
	at, _, _ := strings.Cut(look(ctx, t, chromedp.Location()), "?")
	has("no such name", sent(ctx, t, ".search button", "#text", "nobodyatall"), "No card is found")
	_, people := visit(ctx, t, at+"/customers")
	has("the customers", people, "Number")
	picture(ctx, t, "console-customers")
	if _, err := chromedp.RunResponse(ctx, chromedp.Click("tbody th a")); err != nil {
		t.Fatal(err)
	}
	has("a customer", look(ctx, t, chromedp.Text("main")), "Accounts", "in transit")
	picture(ctx, t, "console-customer")

	visit(ctx, t, at+"/webhooks")
	picture(ctx, t, "console-webhooks")
	if _, err := chromedp.RunResponse(ctx, chromedp.Click("tbody th a")); err != nil {
		t.Fatal(err)
	}
	hook := look(ctx, t, chromedp.Location())
	look(ctx, t, chromedp.Evaluate[bool](opened))
	picture(ctx, t, "console-webhook")
	has("a blank reason", sent(ctx, t, `form[action$="/test"] button`, "#reason-test", " "), "Say why")
	look(ctx, t, chromedp.Evaluate[bool](opened))
	has("a test event", sent(ctx, t, `form[action$="/test"] button`, "#reason-test", "do they hear us"), "A test event is on its way", "webhook.test")
	look(ctx, t, chromedp.Evaluate[bool](opened))
	has("a pause", sent(ctx, t, `form[action$="/pause"] button`, "#reason-pause", "they move house"), "is paused")
	if _, err := chromedp.RunResponse(ctx, chromedp.Click("tbody th a")); err != nil {
		t.Fatal(err)
	}
	has("a delivery", look(ctx, t, chromedp.Text("main")), "webhook.test", "Attempts")
	picture(ctx, t, "console-delivery")
	has("a retry", sent(ctx, t, `form[action$="/retry"] button`, "#reason", "once more"), "It is sent again now")
	visit(ctx, t, hook+"?state=dropped")
	picture(ctx, t, "console-webhook-nothing")

	visit(ctx, t, at+"/sandbox")
	look(ctx, t, chromedp.Evaluate[bool](opened))
	picture(ctx, t, "console-sandbox")
	has("a blank reason", sent(ctx, t, `form[action$="/clock"] button`, "#reason-clock", " "), "Say why")
	has("a day later", sent(ctx, t, `form[action$="/clock"] button`, "#reason-clock", "tomorrow"), "The clock is changed", "was moved")
	look(ctx, t, chromedp.Evaluate[bool](opened))
	has("a step", sent(ctx, t, `form[action$="/walk"] button`, `form[action$="/walk"] [name=reason]`, "further"), "The parcel took the step", "out for delivery")
	visit(ctx, t, at+"/sandbox")
	look(ctx, t, chromedp.Evaluate[bool](opened))
	has("a scenario", sent(ctx, t, `form[action$="/scenario"] button`, `form[action$="/scenario"] [name=seed]`, "monday"), "Everything came as expected")
	picture(ctx, t, "console-transcript")
	visit(ctx, t, at+"/sandbox")
	look(ctx, t, chromedp.Evaluate[bool](opened))
	has("the same seed", sent(ctx, t, `form[action$="/scenario"] button`, `form[action$="/scenario"] [name=seed]`, "monday"), "was played here before")
}
