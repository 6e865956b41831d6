package cardsapi_test

import (
	"context"
	"strings"
	"testing"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/issuance"
)

// TestDesigns is contract §15.
func TestDesigns(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	old := h.get("/card-designs/" + h.world.Design.ID.String()).want(200)
	if old.raw("isDefault") != "true" || old.raw("cardTypes") != `["VIRTUAL","PHYSICAL"]` || old.text("status") != "ACTIVE" || old.text("name") == "" {
		t.Errorf("%s", old.body)
	}
	gold := h.world.NewDesign(func(d *card.Design) { d.Name, d.Types = "Gold", []card.Type{card.Physical} })
	path := "/card-designs/" + gold.ID.String()
	first := h.get("/card-designs?limit=1").want(200)
	second := h.get("/card-designs?limit=1&cursor=" + first.text("nextCursor")).want(200)
	if !strings.Contains(first.body, gold.ID.String()) || !strings.Contains(second.body, old.body) {
		t.Errorf("%s\n%s", first.body, second.body)
	}
	h.get("/card-designs?limit=0").wrong("query", "limit too_small")
	for _, refused := range []answer{
		h.get("/card-designs/" + someID), h.do("PUT", "/card-designs/"+someID+"/default", ""), h.post("/card-designs/"+someID+"/set-default", ""),
		h.do("GET", path, "", "Authorization", "Bearer "+h.foreign), h.do("PUT", path+"/default", "", "Authorization", "Bearer "+h.foreign),
	} {
		refused.refused(404, "CARD_DESIGN_NOT_FOUND", "null")
	}
	h.do("PUT", "/card-designs/x/default", "").wrong("params", "id invalid_format")
	h.events()

	now := h.do("PUT", path+"/default", "whatever", "Content-Type", "text/plain").want(200)
	if now.raw("isDefault") != "true" || now.text("updatedAt") <= now.text("createdAt") {
		t.Errorf("%s", now.body)
	}
	if again := h.post(path+"/set-default", "").want(200); again.body != now.body {
		t.Errorf("the same again changed %s to %s", now.body, again.body)
	}
	after := h.get("/card-designs/" + h.world.Design.ID.String()).want(200)
	if after.raw("isDefault") != "false" || after.text("updatedAt") <= old.text("updatedAt") {
		t.Errorf("the former default: %s", after.body)
	}
	if kinds(h.events()) != "" {
		t.Error("a design was announced")
	}
	if rows := h.trail("design.set_default"); len(rows) != 4 { // two of them are refusals; that of the other programme is in its own trail
		t.Errorf("%d audit rows: %v", len(rows), rows)
	}
}

// TestDesigns_OfNewCards is contract §10.2 and §26.15, item 134: the next card has the new default.
func TestDesigns_OfNewCards(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	user, account := h.approved()
	order := func(kind, design string) answer {
		return h.post("/cards", `{"userId":"`+user+`","accountId":"`+account+`","type":"`+kind+`"`+design+`}`)
	}
	before := order("PHYSICAL", "").want(200)
	gold := h.world.NewDesign(func(d *card.Design) { d.Types = []card.Type{card.Physical} })
	path := "/card-designs/" + gold.ID.String()
	h.do("PUT", path+"/default", "").want(200)
	if c := order("PHYSICAL", "").want(200); c.text("cardDesignId") != gold.ID.String() {
		t.Errorf("%s", c.body)
	}
	if c := h.get("/cards/" + before.text("id")); c.body != before.body {
		t.Errorf("a card of before: %s", c.body)
	}
	order("VIRTUAL", "").refused(400, "CARD_DESIGN_NOT_USABLE", `{"reason":"TYPE_NOT_SUPPORTED"}`)

	by := issuance.ChangeDesign{Command: issuance.Command{Caller: h.world.Caller()}, Design: gold.ID}
	if _, err := h.service.RetireDesign(context.Background(), by); err != nil {
		t.Fatal(err)
	}
	if d := h.get(path).want(200); d.text("status") != "INACTIVE" || d.raw("isDefault") != "false" {
		t.Errorf("%s", d.body)
	}
	h.do("PUT", path+"/default", "").refused(400, "CARD_DESIGN_NOT_USABLE", `{"reason":"INACTIVE"}`)
	order("PHYSICAL", "").refused(400, "CARD_DESIGN_NOT_USABLE", `{"reason":"NO_DEFAULT"}`)
	order("PHYSICAL", `,"cardDesignId":"`+gold.ID.String()+`"`).refused(400, "CARD_DESIGN_NOT_USABLE", `{"reason":"INACTIVE"}`)
	order("PHYSICAL", `,"cardDesignId":"`+h.world.Design.ID.String()+`"`).want(200)
	order("PHYSICAL", `,"cardDesignId":"GOLD"`).refused(404, "CARD_DESIGN_NOT_FOUND", "null")
}
