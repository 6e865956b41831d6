package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// picture keeps what the browser shows, on a phone and on a desk, light and dark, in the folder SCREENSHOTS; and looks each
// time for what people with disabilities would stumble over, with the axe-core whose file is AXE. Without the variables it
// does neither.
func picture(ctx context.Context, t *testing.T, name string) {
	t.Helper()
	var axe []byte
	if path := os.Getenv("AXE"); path != "" {
		var err error
		if axe, err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	for _, scheme := range []string{"light", "dark"} {
		if _, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		}); err != nil {
			t.Fatal(err)
		}
		for _, width := range []int64{1920, 360} {
			at := fmt.Sprintf("%s-%s-%d", name, scheme, width)
			look(ctx, t, chromedp.EmulateViewport(width, 800))
			if axe != nil {
				found := look(ctx, t, chromedp.Evaluate[string](string(axe)+`;axe.run().then(r => r.violations.map(v => v.id + ": " + v.nodes.slice(0, 5).map(n => n.html).join(" ")).join("\n"))`, chromedp.EvalAwaitPromise))
				if found != "" {
					t.Errorf("axe-core finds in %s:\n%s", at, found)
				}
			}
			if dir := os.Getenv("SCREENSHOTS"); dir != "" {
				if err := os.WriteFile(filepath.Join(dir, at+".png"), look(ctx, t, chromedp.CaptureScreenshot()), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if wide := look(ctx, t, chromedp.Evaluate[int64](`document.documentElement.scrollWidth`)); wide > width {
				t.Errorf("%s is %d pixels wide", at, wide)
			}
		}
	}
}

// typed fills a field and says what the page says after the form was sent.
func typed(ctx context.Context, t *testing.T, fields ...string) string {
	t.Helper()
	for i := 0; i < len(fields); i += 2 {
		look(ctx, t, chromedp.SendKeys(fields[i], fields[i+1]))
	}
	if _, err := chromedp.RunResponse(ctx, chromedp.Click("button")); err != nil {
		t.Fatalf("send the form: %v", err)
	}
	return look(ctx, t, chromedp.Text("main"))
}

// saying gives a function that looks for texts on a page.
func saying(t *testing.T) func(what, text string, wants ...string) {
	return func(what, text string, wants ...string) {
		t.Helper()
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s: the page says %q, want %q", what, text, want)
			}
		}
	}
}

// TestBrowser_ActivatesACard is a holder at the activation page: wrong codes, a weak PIN, success, a reload, a link
// that is opened twice, and a lock, in both languages.
func TestBrowser_ActivatesACard(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	in.command(append([]string{"program", "create", "Banco Ejemplo"}, unlimited()...)...)
	api := cardsCaller(in.key(t, "Banco Ejemplo", "--door", "cards"))
	native := caller{map[string]string{"Authorization": "Bearer " + in.key(t, "Banco Ejemplo", "--door", "native", "--scope", "activations:write")}}
	s := in.start()
	cards := shippedCards(t, s, api, 2)
	link := func(card, language, pin string) string {
		return native.must(t, 201, "POST", s.url+"/v1/activation-sessions", map[string]any{
			"card_id": card, "language": language, "pin": pin, "return_url": "https://app.example.com/cards",
		}).json(t)["url"].(string)
	}
	ctx := newBrowser(t)
	has := saying(t)

	first := link(cards[0].id, "es", "optional")
	visit(ctx, t, first)
	if at := look(ctx, t, chromedp.Location()); at != s.url+"/activation" {
		t.Errorf("the page is at an address with more than its path: %d characters", len(at))
	}
	picture(ctx, t, "form-es")
	has("a wrong code", typed(ctx, t, "#code", cards[0].wrongCode()), "Intentos que te quedan: 4")
	picture(ctx, t, "wrong-es")
	if focus := look(ctx, t, chromedp.Evaluate[string](`document.activeElement.id`)); focus != "code" {
		t.Errorf("the focus is on %q", focus)
	}
	look(ctx, t, chromedp.Reload())
	has("a weak PIN", typed(ctx, t, "#code", cards[0].code, "#pin", "1234", "#pin_again", "1234"), "muy fácil de adivinar")
	picture(ctx, t, "weak-es")
	spaced := cards[0].code[:3] + " " + cards[0].code[3:]
	has("the right code", typed(ctx, t, "#code", spaced, "#pin", "7391", "#pin_again", "7391"), "Tu tarjeta está activa")
	picture(ctx, t, "done-es")
	look(ctx, t, chromedp.Reload())
	has("a reload", look(ctx, t, chromedp.Text("main")), "Tu tarjeta está activa")
	_, text := visit(ctx, t, link(cards[0].id, "en", "none"))
	has("once more", text, "Your card is active already")
	picture(ctx, t, "already-en")

	visit(ctx, t, link(cards[1].id, "en", "none"))
	picture(ctx, t, "form-en")
	for range 4 {
		typed(ctx, t, "#code", cards[1].wrongCode())
	}
	has("the fifth wrong code", typed(ctx, t, "#code", cards[1].wrongCode()), "You can try again in 15 minutes")
	picture(ctx, t, "locked-en")
	status, text := visit(ctx, t, first)
	if status != 410 {
		t.Errorf("a link of another browser's session answers %d", status)
	}
	has("a used link", text, "Este enlace ya se usó")
	picture(ctx, t, "used-es")
}

// TestBrowser_ScansAMailer is a holder with the QR of the letter, of a programme with colours of its own: a second factor that is
// wrong, the right one, the code, and then the way back, which does nothing. Another one types identifier and batch.
func TestBrowser_ScansAMailer(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	in.command(append([]string{"program", "create", "Banco Ejemplo"}, unlimited("activation_page.second_factor=phone_last4", "activation_page.accent=#0a5c36", "activation_page.card=#ffcc00")...)...)
	api := cardsCaller(in.key(t, "Banco Ejemplo", "--door", "cards"))
	native := caller{map[string]string{"Authorization": "Bearer " + in.key(t, "Banco Ejemplo", "--door", "native", "--scope", "all")}}
	s := in.start()
	held := shippedCards(t, s, api, 1)[0]
	user := native.must(t, 200, "GET", s.url+"/v1/cards/"+held.id, nil).json(t)["customer_id"].(string)
	phone := native.must(t, 200, "GET", s.url+"/v1/customers/"+user, nil).json(t)["phone"].(string)
	link := native.must(t, 200, "GET", s.url+"/v1/cards/"+held.id+"/mailer-link", nil).json(t)["url"].(string)
	ctx := newBrowser(t)
	has := saying(t)

	_, text := visit(ctx, t, link)
	has("the QR", text, "Last four digits of your phone number")
	picture(ctx, t, "scanned-en")
	right := phone[len(phone)-4:]
	has("no digits", typed(ctx, t, "#factor", "12"), "Type four digits")
	has("the end of another number", typed(ctx, t, "#factor", otherDigits(right)), "Tries left: 4")
	picture(ctx, t, "scanned-wrong-en")
	has("the right end", typed(ctx, t, "#factor", right), "6-digit code")
	picture(ctx, t, "branded-form-en")
	if colour := look(ctx, t, chromedp.Evaluate[string](`getComputedStyle(document.querySelector(".plastic")).backgroundColor`)); colour != "rgb(255, 204, 0)" {
		t.Errorf("the card is drawn in %s", colour)
	}
	has("the code", typed(ctx, t, "#code", held.code), "Your card is active")
	picture(ctx, t, "branded-done-en")
	for range 3 { // the way back leads to pages, and sends no form again
		if _, err := chromedp.RunResponse(ctx, chromedp.NavigateBack()); err != nil {
			t.Fatalf("go back: %v", err)
		}
		if left := look(ctx, t, chromedp.Evaluate[string](`[...document.querySelectorAll("input")].map(i => i.value).join("")`)); strings.Contains(left, held.code) {
			t.Error("the way back shows the code")
		}
	}
	guard := native.must(t, 200, "GET", s.url+"/v1/cards/"+held.id+"/activation", nil).json(t)
	if guard["lifetime_tries_used"] != 1.0 {
		t.Errorf("the way back costs tries: %v", guard)
	}
	_, text = visit(ctx, t, link)
	has("the QR once more", text, "Your card is active already")
}

func otherDigits(right string) string {
	if right == "1111" {
		return "2222"
	}
	return "1111"
}
