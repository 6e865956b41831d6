package e2e

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// tried sends the request of an operation, and gives what the page says of it.
func tried(ctx context.Context, t *testing.T, operation string) string {
	t.Helper()
	box := "#op-" + operation + " .try"
	look(ctx, t, chromedp.Click(box+" button"))
	look(ctx, t, chromedp.Poll[bool](`!document.querySelector("`+box+` button").disabled`, chromedp.WithPollingTimeout(patience)))
	return look(ctx, t, chromedp.Text(box+" .said"))
}

// TestBrowser_TriesEachAPI opens each reference as an integrator does: no key, a live key, then a sandbox key and the example
// as it stands.
func TestBrowser_TriesEachAPI(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	in.command(append([]string{"program", "create", "Acme"}, unlimited()...)...)
	keys := map[string]string{
		"cards":  in.key(t, "Acme", "--door", "cards"),
		"debit":  in.key(t, "Acme", "--door", "debit", "--admin"),
		"native": in.key(t, "Acme", "--door", "native", "--scope", "batches:write"),
	}
	s := in.start()
	ctx := newBrowser(t)
	has := saying(t)
	for _, tt := range []struct{ api, field, operation, live, want, body, form string }{
		{"cards", "#key-apiKey", "createUser", "ftk_live_x", "200", `"externalId": "crm-17"`, ""},
		{"debit", "#key-ecommerce", "bulkOrderCard", "ec_live_x", "200", `"referenceBatch"`, "createAccount"},
		{"native", "#key-apiKey", "orderBatch", "ftn_live_x", "201", `"id"`, "orderBatch"},
	} {
		visit(ctx, t, s.url+"/docs/"+tt.api)
		history := look(ctx, t, chromedp.Evaluate[int](`history.length`))
		has(tt.api+" without a key", tried(ctx, t, tt.operation), "Type your key first")
		look(ctx, t, chromedp.SendKeys(tt.field, tt.live))
		has(tt.api+" with a live key", tried(ctx, t, tt.operation), "Nothing was sent")
		if sent := look(ctx, t, chromedp.Evaluate[int](`performance.getEntriesByType("resource").filter(e => e.initiatorType === "fetch").length`)); sent != 0 {
			t.Errorf("%s: %d requests were sent without a good key", tt.api, sent)
		}
		look(ctx, t, chromedp.SetValue(tt.field, keys[tt.api]))
		has(tt.api, tried(ctx, t, tt.operation), tt.want)
		answer := "#op-" + tt.operation + " [data-answer]"
		has(tt.api, look(ctx, t, chromedp.Text(answer)), tt.body)
		has(tt.api, look(ctx, t, chromedp.Text("#op-"+tt.operation+" [data-headers]")), "x-request-id")
		if tt.form != "" { // the same with the body in parts
			look(ctx, t, chromedp.Evaluate[bool](`(s => { s.selectedIndex = [...s.options].findIndex(o => o.dataset.type === "multipart/form-data"); s.dispatchEvent(new Event("change")); return true })(document.querySelector("#op-`+tt.form+` [data-examples]"))`))
			has(tt.api+" in parts", tried(ctx, t, tt.form), tt.want)
		}
		left := look(ctx, t, chromedp.Evaluate[string](`JSON.stringify([localStorage.length, sessionStorage.length, document.cookie, location.search, location.hash])`))
		if left != `[0,0,"","",""]` || look(ctx, t, chromedp.Evaluate[int](`history.length`)) != history {
			t.Errorf("%s: the page left behind %s", tt.api, left)
		}
		look(ctx, t, chromedp.Evaluate[bool](`dispatchEvent(new Event("pagehide"))`)) // a browser may keep the page that was left, and show it again
		if value := look(ctx, t, chromedp.Value(tt.field)); value != "" {
			t.Errorf("%s: the key is there after the page was left", tt.api)
		}
	}
}

// TestBrowser_ReadsTheDocumentation looks at the pages with axe-core, by the keyboard, and without JavaScript.
func TestBrowser_ReadsTheDocumentation(t *testing.T) {
	t.Parallel()
	s := newInstallation(t).start()
	ctx := newBrowser(t)
	for _, page := range []string{
		"", "/guides/quick-start-cards", "/guides/activation", "/guides/webhooks", "/guides/errors", "/policies", "/nothing", "/native", "/debit", "/cards",
	} {
		visit(ctx, t, s.url+"/docs"+page)
		picture(ctx, t, "docs"+strings.ReplaceAll(page, "/", "-"))
	}
	look(ctx, t, chromedp.KeyEvent("\t"))
	if focus := look(ctx, t, chromedp.Evaluate[string](`document.activeElement.className`)); focus != "skip" {
		t.Errorf("the first step of the keyboard leads to %q", focus)
	}
	if _, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	_, text := visit(ctx, t, s.url+"/docs/cards")
	if !strings.Contains(text, "Add a cardholder") || strings.Contains(text, "Try it") {
		t.Error("without JavaScript the reference is not there, or it offers what it cannot do")
	}
}
