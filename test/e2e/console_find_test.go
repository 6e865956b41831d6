package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestBrowser_FindsFourDigits is a member whose caller reads the end of a card: alone it leads to the card; once another card has
// these digits for its label, both are listed with what tells them apart, and the name of the holder chooses.
func TestBrowser_FindsFourDigits(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	in.command(append([]string{"program", "create", "Banco Ejemplo"}, unlimited()...)...)
	password := in.member(t, "olga", "--role", "operator")
	debit := debitCaller(in.key(t, "Banco Ejemplo", "--door", "debit", "--admin"))
	native := caller{map[string]string{"Authorization": "Bearer " + in.key(t, "Banco Ejemplo", "--door", "native", "--scope", "all")}}
	s := in.start()
	_, last4 := numberedCard(t, s, cardsCaller(in.key(t, "Banco Ejemplo", "--door", "cards")))
	ctx := newBrowser(t)
	find := func(text string) (page, where string) {
		t.Helper()
		look(ctx, t, chromedp.Evaluate[string](`document.getElementById("text").value = ""`))
		page = sent(ctx, t, ".search button", "#text", text)
		return page, look(ctx, t, chromedp.Location())
	}
	visit(ctx, t, s.url+"/console")
	sent(ctx, t, "main button", "#name", "olga", "#password", password)
	page, at := find(last4)
	if !strings.Contains(page, "Card •••• "+last4) || !strings.Contains(at, "/cards/") {
		t.Errorf("the only card that ends so: %s says %q", at, page)
	}
	other, _ := labelledCard(t, s, debit, native, last4)
	page, list := find(last4)
	saying(t)("the list", page, "•••• "+last4, "virtual", "physical", "Eva Ruiz", "unassigned")
	if strings.Contains(list, last4) || !strings.HasSuffix(list, "/find") {
		t.Errorf("the list is at %s", list)
	}
	picture(ctx, t, "console-four-digits")
	if _, where := find("Ruiz " + last4); where != at || strings.Contains(where, other) {
		t.Errorf("the name of the holder leads to %s, want %s", where, at)
	}
}
