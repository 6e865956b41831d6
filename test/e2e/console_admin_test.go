package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestBrowser_AdministersAProgramme is an administrator who issues a key, which the API takes, and rotates it, changes a policy, adds a
// user, and proves the trail; each form is sent wrong first.
func TestBrowser_AdministersAProgramme(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	in.command(append([]string{"program", "create", "Banco Ejemplo"}, unlimited()...)...)
	password := in.member(t, "olga", "--role", "admin")
	s := in.start()
	ctx := newBrowser(t)
	has := saying(t)
	secret := func() string {
		t.Helper()
		return look(ctx, t, chromedp.Evaluate[string](`document.getElementById("secret").value`))
	}
	visit(ctx, t, s.url+"/console")
	sent(ctx, t, "main button", "#name", "olga", "#password", password)
	at, _, _ := strings.Cut(look(ctx, t, chromedp.Location()), "?")

	_, text := visit(ctx, t, at+"/keys")
	has("no keys", text, "There is no key for the Native API yet.")
	picture(ctx, t, "console-keys-none")
	has("a blank reason", sent(ctx, t, "main form button", "#name", "ledger", "#reason", " "), "Say why")
	look(ctx, t, chromedp.Click(`[name=scopes][value="cards:read"]`))
	has("a key", sent(ctx, t, "main form button", "#name", "ledger", "#allowlist", "127.0.0.0/8", "#reason", "the ledger reads"), "shown this once")
	picture(ctx, t, "console-key-once")
	native := caller{map[string]string{"Authorization": "Bearer " + secret()}}
	native.must(t, 200, "GET", s.url+"/v1/cards", nil)
	native.must(t, 403, "GET", s.url+"/v1/audit", nil)
	has("the key", sent(ctx, t, "main a"), "cards:read", "127.0.0.0/8")
	look(ctx, t, chromedp.Evaluate[bool](opened))
	picture(ctx, t, "console-key")
	key := look(ctx, t, chromedp.Location())
	has("rotated", sent(ctx, t, `form[action$="/rotate"] button`, "#reason-rotate", "once a year"), "has a successor")
	native.must(t, 200, "GET", s.url+"/v1/cards", nil)
	visit(ctx, t, key)
	look(ctx, t, chromedp.Evaluate[bool](opened))
	has("revoked", sent(ctx, t, `form[action$="/revoke"] button`, "#reason-revoke", "it leaked"), "The key is revoked")
	native.must(t, 401, "GET", s.url+"/v1/cards", nil)
	visit(ctx, t, at+"/keys")
	picture(ctx, t, "console-keys")

	visit(ctx, t, at+"/policies")
	picture(ctx, t, "console-policies")
	visit(ctx, t, at+"/policies/history")
	picture(ctx, t, "console-policy-history-none")
	visit(ctx, t, at+"/policies/activation.lock_steps")
	picture(ctx, t, "console-policy")
	has("no such value", sent(ctx, t, "main form button", "#value", ",soon", "#reason", "longer"), "does not take that value")
	look(ctx, t, chromedp.Evaluate[string](`document.getElementById("value").value = ""`))
	has("another value", sent(ctx, t, "main form button", "#value", "30m,2h", "#reason", "longer"), "has this value now", "30m,2h")
	_, text = visit(ctx, t, at+"/policies/history")
	has("the history", text, "30m,2h", "operator:olga", "longer")
	picture(ctx, t, "console-policy-history")

	visit(ctx, t, s.url+"/console/users")
	picture(ctx, t, "console-users")
	has("a wrong name", sent(ctx, t, "main form button", "#name", "p e t r", "#reason", "new"), "without accents")
	has("a user", sent(ctx, t, "main form button", "#name", "petr", "#reason", "new"), "The user is added", "petr, viewer")
	has("the user", sent(ctx, t, "main a"), "viewer")
	look(ctx, t, chromedp.Evaluate[bool](opened))
	picture(ctx, t, "console-user")
	visit(ctx, t, s.url+"/console/users")
	has("olga", sent(ctx, t, "tbody tr:first-child a"), "User olga")
	look(ctx, t, chromedp.Evaluate[bool](opened))
	has("the last one", sent(ctx, t, `form[action$="/disable"] button`, "#reason-disable", "enough"), "Nobody else would keep the users")

	in.command("audit", "checkpoint", "--program", "Banco Ejemplo")
	visit(ctx, t, at+"/audit/proof")
	picture(ctx, t, "console-proof")
	has("the proof", sent(ctx, t, "main form[method=post] button"), "are in the log as they were signed")
	picture(ctx, t, "console-proved")
	visit(ctx, t, at+"/audit/export?from=soon")
	has("a wrong time", look(ctx, t, chromedp.Text("main")), "Give two times")
}
