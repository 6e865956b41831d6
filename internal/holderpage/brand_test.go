package holderpage_test

import (
	"strings"
	"testing"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/holderpage"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/storetest"
)

func TestBrand_TheColoursOfTheProgrammeAreAStyleSheetOfTheirOwn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.WithPolicy("activation_page.accent", "#0a5c36"), storetest.WithPolicy("activation_page.card", "#ffcc00"))
	b := h.enter(h.link(h.world.Card, card.English, card.NoPIN))
	b.shows(200, `<link rel="stylesheet" href="/holders/activation/colours/0a5c36/ffcc00.css">`)
	b.get(holderpage.Path + "/colours/0a5c36/ffcc00.css")
	b.shows(200, "--accent: #0a5c36; --on-accent: #ffffff; --plastic: #ffcc00; --on-plastic: #000000;", "prefers-color-scheme: dark")
	dark, _ := program.ParseColour("#0a5c36")
	b.shows(200, "--accent: "+dark.OnDark().String()+"; --on-accent: #181b29")
	for _, forged := range []string{"0a5c36/red.css", "0a5c3/ffcc00.css", "house/%7D*%7Bdisplay:none.css"} {
		if b.get(holderpage.Path + "/colours/" + forged); b.status != 404 || strings.Contains(b.text, "display") {
			t.Errorf("%s answers %d %s", forged, b.status, b.text)
		}
	}
	plain := newHouse(t)
	if p := plain.enter(plain.link(plain.world.Card, card.English, card.NoPIN)); strings.Contains(p.text, "/colours/") || strings.Contains(p.text, "<img") {
		t.Error("a programme that chose nothing has colours, or a logo")
	}
}

func TestBrand_TheLogoIsServedToThePagesOfItsProgramme(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	path := holderpage.Path + "/logos/" + h.world.Program.ID.String() + ".png"
	b := h.enter(h.link(h.world.Card, card.English, card.NoPIN))
	b.get(path)
	b.shows(404)
	h.logos[h.world.Program.ID] = []byte("\x89PNG drawn")
	b.get(holderpage.Path)
	b.shows(200, `<img src="/holders`+path+`" alt="" height="32">`)
	b.get(path)
	if b.shows(200, "PNG drawn"); b.header.Get("Content-Type") != "image/png" || b.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("the logo is served as %v", b.header)
	}
}
