package console_test

import (
	"strings"
	"testing"

	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/staff"
)

func TestConsole_ShowsCustomersMaskedByRole(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	w := h.world
	olga := w.NewCustomer(func(c *customer.Customer) { c.Email, c.Phone = "olga@example.com", "+525512345678" })
	hers, _ := w.NewShippedCard(olga, w.NewAccount(olga))
	page := h.at("/customers/" + olga.ID.String())
	b := h.desk(staff.Operator)
	b.get(h.at("/customers"))
	b.shows(200, page, "olga@example.com")
	b.get(page)
	b.shows(200, "olga@example.com", "/cards/"+hers.Card.ID.String(), "wallet", "0.00 MXN")
	viewer := h.desk(staff.Viewer)
	for _, path := range []string{h.at("/customers"), page} {
		viewer.get(path)
		viewer.shows(200, "o•••@e•••", "•••5678")
		viewer.hides("olga@", "+5255")
	}
	for _, none := range []string{"x", w.IDs.UUID().String()} {
		b.get(h.at("/customers/" + none))
		b.shows(404, "no such customer")
	}
	if notes := h.notes("customer.list"); len(notes) != 2 || !strings.HasSuffix(notes[0], " shown") {
		t.Errorf("the trail of the lists: %q", notes)
	}
	if views := h.notes("customer.view"); len(views) != 2 {
		t.Errorf("%d looks are in the trail, want 2", len(views))
	}
}
