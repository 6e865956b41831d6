package console_test

import (
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/secrettest"
	"github.com/firsttap/firsttap/internal/staff"
)

// TestConsole_FindsFourDigitsByPages: what was typed, and where the list goes on, stay out of addresses.
func TestConsole_FindsFourDigitsByPages(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	w := h.world
	olga := w.NewCustomer(func(c *customer.Customer) { c.FirstName, c.LastName = "Olga", "Ibarra" })
	add := func(n int, change ...func(*card.Card)) (last card.Card) {
		for range n {
			last = w.NewCard(append(change, func(c *card.Card) { c.Customer, c.Last4 = olga.ID, "0007" })...)
		}
		return last
	}
	add(1, func(c *card.Card) { c.Type, c.FrozenBy = card.Virtual, card.ByHolder })
	find := func(b *browser, text, after string) {
		t.Helper()
		w.Clock.Advance(time.Second)
		b.post(h.at("/find"), "text", text, "after", after)
	}
	rows := func(b *browser) int { return strings.Count(b.text, `<tr><th scope="row">`) }
	first := h.desk(staff.Operator)
	find(first, "0007", "")
	first.shows(200, "Card •••• 0007", "virtual", "frozen")
	newest := add(52)
	for _, role := range staff.Roles() {
		b := h.desk(role)
		find(b, " 0007 ", "")
		b.shows(200, "/cards/"+newest.ID.String(), "•••• 0007", "physical", "open", `name="text" value=" 0007 "`, "Older cards")
		b.hides("virtual", "?after")
		if n := rows(b); n != 50 {
			t.Errorf("as %s the first page has %d cards", role, n)
		}
		name, hidden := "Olga Ibarra", "O•••"
		if role == staff.Viewer {
			name, hidden = hidden, "Ibarra"
		}
		b.shows(200, name)
		b.hides(hidden)
		mark, _, _ := strings.Cut(b.text[strings.Index(b.text, `name="after" value="`)+len(`name="after" value="`):], `"`)
		find(b, "0007", mark)
		b.shows(200, "virtual", "frozen", name)
		b.hides("Older cards", hidden)
		if n := rows(b); n != 3 {
			t.Errorf("as %s the second page has %d cards", role, n)
		}
		find(b, "0007", "no mark")
		if n := rows(b); n != 50 {
			t.Errorf("what is no mark gives %d cards as %s, want the first page", n, role)
		}
		if notes := h.notes("card.find"); strings.Join(notes[:3], ", ") != "50 found, 3 found, 50 found" {
			t.Errorf("the trail of the searches as %s: %q", role, notes)
		}
	}
	find(first, "0008", "")
	first.shows(200, "No card is found")
	if secrettest.Digits(h.log.String(), "0007") > 0 {
		t.Error("the log has what was typed")
	}
}
