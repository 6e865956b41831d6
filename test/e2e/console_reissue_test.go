package e2e

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestBrowser_ReissuesACard is a member who gets a card in use another plastic, wrong first, and sees it ordered and activated; then the
// card is renewed.
func TestBrowser_ReissuesACard(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	in.command(append([]string{"program", "create", "Banco Ejemplo"}, unlimited()...)...)
	var member struct{ Password string }
	if err := json.Unmarshal([]byte(in.command("console", "user", "add", "olga", "--role", "operator", "--json")), &member); err != nil {
		t.Fatal(err)
	}
	api := cardsCaller(in.key(t, "Banco Ejemplo", "--door", "cards"))
	s := in.start()
	card := shippedCards(t, s, api, 1)[0]
	activate := func(code string) {
		t.Helper()
		api.must(t, 204, "POST", s.url+"/cards/"+card.id+"/activate", map[string]any{"activationCode": code})
	}
	activate(card.code)

	ctx := newBrowser(t)
	has := func(what, text string, wants ...string) {
		t.Helper()
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s: the page says %q, want %q", what, text, want)
			}
		}
	}
	forms := func() int64 {
		t.Helper()
		return look(ctx, t, chromedp.Evaluate[int64](`document.querySelectorAll('form[action$="/reissue"], form[action$="/renew"]').length`))
	}
	visit(ctx, t, s.url+"/console")
	sent(ctx, t, "main button", "#name", "olga", "#password", member.Password)
	sent(ctx, t, ".search button", "#text", card.id)
	page, _, _ := strings.Cut(look(ctx, t, chromedp.Location()), "?")
	look(ctx, t, chromedp.Evaluate[bool](opened))
	picture(ctx, t, "console-reissue-forms")
	look(ctx, t, chromedp.Evaluate[bool](`document.getElementById("retire-reissue").value = "on_date", true`))
	has("no date", sent(ctx, t, `form[action$="/reissue"] button`, "#reason-reissue", "the chip does not read"), "a date that is to come")
	picture(ctx, t, "console-reissue-wrong")
	look(ctx, t, chromedp.Evaluate[bool](opened))
	has("another plastic", sent(ctx, t, `form[action$="/reissue"] button`, "#reason-reissue", "the chip does not read"),
		"Another plastic with the same number is planned.", "Next plastic", "on activation", "shipment of the cards API", "damaged: the chip does not read",
		"Another plastic of the card waits or is on its way.")
	picture(ctx, t, "console-reissued")
	if n := forms(); n != 0 {
		t.Errorf("while the next one waits there are %d forms", n)
	}

	activate(shippedAgain(t, s, api, card.id))
	_, text := visit(ctx, t, page)
	if strings.Contains(text, "Next plastic") {
		t.Errorf("once it is activated it is still the next one: %q", text)
	}
	if n := forms(); n != 2 {
		t.Errorf("once it is activated there are %d forms", n)
	}
	look(ctx, t, chromedp.Evaluate[bool](opened))
	has("renewed", sent(ctx, t, `form[action$="/renew"] button`, "#reason-renew", "it expires soon"), "A renewed plastic", "Next plastic", "Card expires then")
	picture(ctx, t, "console-renewed")
}

// shippedAgain sends the next plastic of a card, as what comes next on its page says, and gives its code.
func shippedAgain(t *testing.T, s *server, c caller, card string) (code string) {
	t.Helper()
	box, _ := c.must(t, 200, "POST", s.url+"/card-shipments", parcelOf(map[string]any{"cardId": card})).json(t)["id"].(string)
	sendOff(t, s, c, box)
	return codeOf(t, s, c, card)
}
