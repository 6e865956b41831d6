package e2e

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// sent fills fields, clicks, and says what the next page says.
func sent(ctx context.Context, t *testing.T, button string, fields ...string) string {
	t.Helper()
	for i := 0; i < len(fields); i += 2 {
		look(ctx, t, chromedp.SendKeys(fields[i], fields[i+1]))
	}
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(button)); err != nil {
		t.Fatalf("send the form: %v", err)
	}
	return look(ctx, t, chromedp.Text("main"))
}

// member adds one to the staff of the console, and gives the password.
func (in *installation) member(t *testing.T, args ...string) string {
	t.Helper()
	var made struct{ Password string }
	if err := json.Unmarshal([]byte(in.command(append([]string{"console", "user", "add", "--json"}, args...)...)), &made); err != nil || made.Password == "" {
		t.Fatalf("no member: %v", err)
	}
	return made.Password
}

// colleague is another member who approves what waits, in a browser of his own; what he gives signs him out.
func colleague(t *testing.T, in *installation, url, card string) (leave func()) {
	t.Helper()
	password := in.member(t, "petr", "--role", "approver")
	ctx := newBrowser(t)
	visit(ctx, t, url+"/console")
	sent(ctx, t, "main button", "#name", "petr", "#password", password)
	sent(ctx, t, ".search button", "#text", card)
	at, _, _ := strings.Cut(look(ctx, t, chromedp.Location()), "/cards/")
	visit(ctx, t, at+"/approvals")
	picture(ctx, t, "console-approvals-to-decide")
	if text := sent(ctx, t, `form[action$="/approve"] button`); !strings.Contains(text, "It is approved") {
		t.Errorf("the approval: %q", text)
	}
	return func() { sent(ctx, t, "nav button") }
}

// TestBrowser_WorksAtTheConsole is a member of the staff: a wrong password, the right one, a search that finds nothing and one
// that finds a card, its page, a freeze with a reason, the account, and the way out.
func TestBrowser_WorksAtTheConsole(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	in.command(append([]string{"program", "create", "Banco Ejemplo"}, unlimited("approvals.actions=guard_reset")...)...)
	password := in.member(t, "olga", "--role", "approver")
	api := cardsCaller(in.key(t, "Banco Ejemplo", "--door", "cards"))
	s := in.start()
	card := shippedCards(t, s, api, 1)[0]
	api.must(t, 400, "POST", s.url+"/cards/"+card.id+"/activate", map[string]any{"activationCode": card.wrongCode()})
	ctx := newBrowser(t)
	has := saying(t)

	visit(ctx, t, s.url+"/console")
	picture(ctx, t, "console-sign-in")
	has("a wrong password", sent(ctx, t, "main button", "#name", "olga", "#password", "not the password"), "is not right")
	picture(ctx, t, "console-refused")
	has("the right password", sent(ctx, t, "main button", "#name", "olga", "#password", password), "label of a batch")
	if focus := look(ctx, t, chromedp.Evaluate[string](`document.activeElement.id`)); focus != "text" {
		t.Errorf("the focus is on %q", focus)
	}
	picture(ctx, t, "console-search")
	has("nothing", sent(ctx, t, ".search button", "#text", "no such thing"), "No card is found")
	picture(ctx, t, "console-nothing")
	look(ctx, t, chromedp.Evaluate[string](`document.getElementById("text").value = ""`))
	has("the card", sent(ctx, t, ".search button", "#text", card.id), "What happened")
	if where := look(ctx, t, chromedp.Location()); !strings.HasSuffix(where, "/cards/"+card.id) {
		t.Errorf("the card is at %s", where)
	}
	picture(ctx, t, "console-card")
	look(ctx, t, chromedp.Evaluate[bool](`document.querySelectorAll("details").forEach(d => d.open = true), true`))
	picture(ctx, t, "console-card-forms")
	has("frozen", sent(ctx, t, `form[action$="/freeze"] button`, "#reason-freeze", "the caller lost sight of it"), "The card is frozen.")
	has("the reason", look(ctx, t, chromedp.Text("main")), "the caller lost sight of it")
	picture(ctx, t, "console-frozen")
	look(ctx, t, chromedp.Evaluate[bool](`document.querySelectorAll("details").forEach(d => d.open = true), true`))
	has("two people", sent(ctx, t, `form[action$="/reset_guard"] button`, "#reason-reset_guard", "she called"), "waits under Approvals")
	at, _, _ := strings.Cut(look(ctx, t, chromedp.Location()), "/cards/")
	for _, page := range []string{"overview", "overview?weeks", "batches", "shipments", "approvals", "audit"} {
		if status, _ := visit(ctx, t, at+"/"+page); status != 200 {
			t.Errorf("the page of %s answers %d", page, status)
		}
		picture(ctx, t, "console-"+strings.ReplaceAll(page, "?", "-"))
	}
	chief := colleague(t, in, s.url, card.id)
	visit(ctx, t, at+"/cards/"+card.id)
	picture(ctx, t, "console-approved")
	has("the second one said yes", sent(ctx, t, `form:has([name=approval]) button`), "all its tries again")
	chief()
	visit(ctx, t, s.url+"/console/account")
	picture(ctx, t, "console-account")
	has("one-time codes", sent(ctx, t, `form[action$="/codes"] button`), "It is shown this once")
	picture(ctx, t, "console-codes")
	has("out", sent(ctx, t, "nav button"), "Sign in")
	if status, text := visit(ctx, t, s.url+"/console/account"); status != 200 || !strings.Contains(text, "Sign in") {
		t.Errorf("after the sign-out the account answers %d: %s", status, text)
	}
}
