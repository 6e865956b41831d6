package holderpage

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
)

// A programme's colours are a style sheet of their own, whose address says them: so it needs no state, may be kept for ever,
// and the policy of the page allows nothing but style sheets of this server.
const coloursPath = Path + "/colours/{accent}/{card}"

// noColour stands in the address for a colour that the programme did not choose.
const noColour = "house"

// brand is how the page of a programme looks.
type brand struct {
	Colours string // path of the style sheet of its colours; "" for the house's own
	Logo    string // path of its logo; "" for none
}

func (d *Door) brandOf(p program.Program) brand {
	var b brand
	look := p.Policy.ActivationPage
	if look.Accent.Set || look.Card.Set {
		b.Colours = d.home() + "/colours/" + inPath(look.Accent) + "/" + inPath(look.Card) + ".css"
	}
	if _, ok := d.logos[p.ID]; ok {
		b.Logo = d.home() + "/logos/" + p.ID.String() + ".png"
	}
	return b
}

func inPath(c program.Colour) string {
	if !c.Set {
		return noColour
	}
	return strings.TrimPrefix(c.String(), "#")
}

// colours writes the style sheet of two colours. Only what is a colour reaches it.
func (d *Door) colours(w http.ResponseWriter, r *http.Request) error {
	accent, known := colourIn(httpd.Param(r, "accent"))
	card, too := colourIn(strings.TrimSuffix(httpd.Param(r, "card"), ".css"))
	if !known || !too {
		http.NotFound(w, r)
		return nil
	}
	var light, dark strings.Builder
	if accent.Set {
		fmt.Fprintf(&light, "--accent: %s; --on-accent: %s; ", accent, accent.Text())
		fmt.Fprintf(&dark, "--accent: %s; --on-accent: %s; ", accent.OnDark(), program.DarkSheet)
	}
	if card.Set {
		fmt.Fprintf(&light, "--plastic: %s; --on-plastic: %s;", card, card.Text())
		fmt.Fprintf(&dark, "--plastic: %s; --on-plastic: %s;", card, card.Text())
	}
	kept(w)
	return httpd.WriteDocument(w, "text/css; charset=utf-8", fmt.Appendf(nil, ":root{%s}@media (prefers-color-scheme: dark){:root{%s}}\n", light.String(), dark.String()))
}

func colourIn(s string) (program.Colour, bool) {
	if s == noColour {
		return program.Colour{}, true
	}
	c, err := program.ParseColour("#" + s)
	return c, err == nil
}

// logo is the picture of a programme.
func (d *Door) logo(w http.ResponseWriter, r *http.Request) error {
	id, _ := ident.ParseUUID(strings.TrimSuffix(httpd.Param(r, "program"), ".png")) // what is none has no logo
	picture, ok := d.logos[ident.ProgramID{UUID: id}]
	if !ok {
		http.NotFound(w, r)
		return nil
	}
	kept(w)
	return httpd.WriteDocument(w, "image/png", picture)
}

func kept(w http.ResponseWriter) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "max-age=300")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox")
}
