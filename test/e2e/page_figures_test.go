package e2e

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// figures are what a page costs whoever opens it.
type figures struct {
	Requests    int     // with the page itself
	Bytes       int     // that came, with headers
	FirstPaint  float64 // ms until something is seen
	Interactive float64 // ms until it is read, and no task of the page keeps the browser busy any more
}

// measured asks the browser. A page is interactive once it was parsed and painted, and its last long task (of 50 ms) is over.
const measured = `(async () => {
  if (document.readyState !== "complete") await new Promise(r => addEventListener("load", r));
  const tasks = [];
  new PerformanceObserver(l => tasks.push(...l.getEntries())).observe({type: "longtask", buffered: true});
  await new Promise(r => setTimeout(r, 1000));
  const page = performance.getEntriesByType("navigation")[0], parts = performance.getEntriesByType("resource");
  const paint = performance.getEntriesByName("first-contentful-paint")[0].startTime;
  return JSON.stringify({
    Requests: 1 + parts.length, Bytes: [page, ...parts].reduce((n, e) => n + e.transferSize, 0), FirstPaint: paint,
    Interactive: Math.max(paint, page.domContentLoadedEventEnd, ...tasks.map(t => t.startTime + t.duration)),
  });
})()`

// slow is the phone of somebody on the way: what Lighthouse takes for a slow 4G (1.6 Mbit/s, 150 ms there and back, which its
// DevTools throttling writes as 562.5 ms for each request) and a processor four times slower than this one.
func slow(ctx context.Context, t *testing.T) {
	t.Helper()
	if _, err := chromedp.Call(ctx, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: 4}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true}); err != nil {
		t.Fatal(err)
	}
	const bits = 1.6e6 * 0.9
	if _, err := chromedp.Call(ctx, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{{Latency: 562.5, DownloadThroughput: bits / 8, UploadThroughput: 750e3 * 0.9 / 8}},
	}); err != nil {
		t.Fatal(err)
	}
}

// TestBrowser_PagesAreLight measures weight, requests and time of pages on a slow phone. What does not depend on the machine is held.
func TestBrowser_PagesAreLight(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	in.command(append([]string{"program", "create", "Banco Ejemplo"}, unlimited("activation_page.second_factor=phone_last4", "activation_page.accent=#0a5c36")...)...)
	password := in.member(t, "olga")
	api := cardsCaller(in.key(t, "Banco Ejemplo", "--door", "cards"))
	native := caller{map[string]string{"Authorization": "Bearer " + in.key(t, "Banco Ejemplo", "--door", "native", "--scope", "all")}}
	s := in.start()
	held := shippedCards(t, s, api, 1)[0]
	session := native.must(t, 201, "POST", s.url+"/v1/activation-sessions", map[string]any{"card_id": held.id, "language": "es", "pin": "optional"}).json(t)["url"].(string)
	mailer := native.must(t, 200, "GET", s.url+"/v1/cards/"+held.id+"/mailer-link", nil).json(t)["url"].(string)

	ctx := newBrowser(t)
	measure := func(name, url string, requests, most int) { // and kilobytes
		t.Helper()
		if status, _ := visit(ctx, t, url); status != 200 {
			t.Errorf("%s answers %d", name, status)
			return
		}
		var f figures
		if err := json.Unmarshal([]byte(look(ctx, t, chromedp.Evaluate[string](measured, chromedp.EvalAwaitPromise))), &f); err != nil {
			t.Fatal(err)
		}
		t.Logf("| %s | %d | %.1f kB | %.1f s | %.1f s |", name, f.Requests, float64(f.Bytes)/1000, f.FirstPaint/1000, f.Interactive/1000)
		if f.Requests > requests || f.Bytes > most*1000 {
			t.Errorf("%s: %d requests and %d bytes, want at most %d and %d kB", name, f.Requests, f.Bytes, requests, most)
		}
		from := look(ctx, t, chromedp.Evaluate[string](`[...new Set(performance.getEntriesByType("resource").map(e => new URL(e.name).origin))].join(" ")`))
		if from != s.url {
			t.Errorf("%s loads from %s", name, from)
		}
	}
	slow(ctx, t)
	measure("activation page", session, 4, 16)
	measure("QR of the mailer", mailer, 4, 16)
	measure("console, sign-in", s.url+"/console/sign-in", 3, 30)
	sent(ctx, t, "main button", "#name", "olga", "#password", password)
	measure("console, after the sign-in", look(ctx, t, chromedp.Location()), 3, 40)
	measure("documentation", s.url+"/docs", 3, 60)
	measure("reference of the native API", s.url+"/docs/native", 4, 100)
}
