package e2e

import (
	"context"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
)

// patience is for everything that is asked of a browser: it may have to start on a machine that is busy with
// all other tests.
const patience = 4 * time.Minute

// newBrowser starts Chromium with a profile of its own. We drive it through chromedp, which speaks its protocol of
// some hundred commands and keeps up with its versions.
func newBrowser(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("no chromium: make chromium installs it")
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience) // it is closed when the test has ended
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx,
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.WSURLReadTimeout(patience),
		chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, // a sandbox cannot be had as root
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
	)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil { // waits for the process, which writes into its folder till the end
			t.Errorf("close the browser: %v", err)
		}
		cancel()
	})
	return ctx
}

// look asks the page for something.
func look[T any](ctx context.Context, t *testing.T, action chromedp.Action[T]) T {
	t.Helper()
	got, err := chromedp.Run(ctx, action)
	if err != nil {
		t.Fatalf("ask the browser: %v", err)
	}
	return got
}

// visit opens a page and gives its status and all of its text.
func visit(ctx context.Context, t *testing.T, url string) (status int64, text string) {
	t.Helper()
	response := look(ctx, t, chromedp.NavigateResponse(url))
	return response.Status, look(ctx, t, chromedp.Text("body"))
}

// mayUseClipboard lets pages of an origin write to the clipboard and read it.
func mayUseClipboard(ctx context.Context, t *testing.T, origin string) {
	t.Helper()
	for _, name := range []string{"clipboard-write", "clipboard-read"} {
		if _, err := chromedp.CallBrowser(ctx, browser.SetPermission, browser.SetPermissionParams{
			Permission: &browser.PermissionDescriptor{Name: name}, Setting: browser.PermissionSettingGranted, Origin: origin,
		}); err != nil {
			t.Fatalf("permit %s: %v", name, err)
		}
	}
}

// numberedCard makes a virtual card and gives its URL and its last four digits.
func numberedCard(t *testing.T, s *server, c caller) (url, last4 string) {
	t.Helper()
	user := c.must(t, 200, "POST", s.url+"/users", map[string]any{"email": "eva@example.com", "phoneNumber": uniquePhone(), "firstName": "Eva", "lastName": "Ruiz"}).json(t)["id"].(string)
	c.must(t, 200, "POST", s.url+"/users/"+user+"/application", map[string]any{})
	c.must(t, 204, "POST", s.url+"/simulation/users/"+user+"/application", map[string]any{"status": "APPROVED"})
	account := c.must(t, 200, "POST", s.url+"/accounts", map[string]any{"ownerId": user}, "Idempotency-Key", "a-"+user).json(t)["id"]
	made := c.must(t, 200, "POST", s.url+"/cards", map[string]any{"userId": user, "accountId": account, "type": "VIRTUAL"}, "Idempotency-Key", "c-"+user).json(t)
	return s.url + "/cards/" + made["id"].(string), made["last4"].(string)
}

// TestBrowser_ShowsACardOnce opens the page of a card as a holder does: it has number, expiry and CVV, its own styles
// and script run under its policy, the button copies the number, and a second load shows nothing.
func TestBrowser_ShowsACardOnce(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	in.command("program", "create", "browser", "--policy", "rate_limits.default=unlimited")
	api := cardsCaller(in.key(t, "browser", "--door", "cards"))
	s := in.start()
	card, last4 := numberedCard(t, s, api)
	link := api.must(t, 200, "POST", card+"/reveal", map[string]any{"showCopyPanButton": true}).json(t)["revealUrl"].(string)
	if !strings.HasPrefix(link, s.url+"/reveal/") {
		t.Fatal("the link leads elsewhere than to the server")
	}

	ctx := newBrowser(t)
	if status, _ := visit(ctx, t, link); status != http.StatusOK {
		t.Fatalf("the page answers %d", status)
	}
	number := look(ctx, t, chromedp.Text("#number dd"))
	for what, c := range map[string]struct{ got, form string }{
		"number": {number, `^4111 11\d\d \d{4} ` + last4 + `$`},
		"expiry": {look(ctx, t, chromedp.Text("#expiry dd")), `^(0[1-9]|1[0-2])/\d\d$`},
		"CVV":    {look(ctx, t, chromedp.Text("#cvv dd")), `^\d{3}$`},
		"layout": {look(ctx, t, chromedp.Evaluate[string](`getComputedStyle(document.querySelector("dl")).display`)), `^flex$`},
	} {
		if !regexp.MustCompile(c.form).MatchString(c.got) {
			t.Errorf("the %s is %q", what, c.got)
		}
	}
	mayUseClipboard(ctx, t, s.url)
	look(ctx, t, chromedp.Click("#copy"))
	look(ctx, t, chromedp.Poll[bool](`document.getElementById("said").textContent !== ""`, chromedp.WithPollingTimeout(patience)))
	if said := look(ctx, t, chromedp.Text("#said")); said != "Copied" {
		t.Errorf("after copying the page says %q", said)
	}
	if copied := look(ctx, t, chromedp.Evaluate[string](`navigator.clipboard.readText()`, chromedp.EvalAwaitPromise)); copied != strings.ReplaceAll(number, " ", "") {
		t.Error("the clipboard has another text than the number")
	}
	if status, text := visit(ctx, t, link); status != http.StatusGone || !strings.Contains(text, "no longer valid") || strings.Contains(text, number) {
		t.Errorf("a second load answers %d with %q", status, text)
	}
}
