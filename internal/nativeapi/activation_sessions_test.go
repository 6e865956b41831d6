package nativeapi_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/redact"
	"github.com/firsttap/firsttap/internal/storetest"
)

func TestSessions_ALinkToTheActivationPage(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	v, _ := h.newCard()
	body := fmt.Sprintf(`{"card_id":%q,"return_url":"https://app.example.com/done?x=1","language":"en","pin":"optional"}`, v.Card.ID)
	made := h.do("POST", "/v1/activation-sessions", body, "Idempotency-Key", "session-1").want(201)
	token, ours := strings.CutPrefix(made.text("url"), "https://cards.example.com/activation/")
	if want := h.world.Now().Add(15 * time.Minute).Format("2006-01-02T15:04:05.000Z"); !ours || len(token) != 43 || made.text("expires_at") != want {
		t.Errorf("the session: %s", made.body)
	}
	again := h.do("POST", "/v1/activation-sessions", body, "Idempotency-Key", "session-1").want(201)
	if again.body != made.body || again.header.Get("Idempotent-Replayed") != "true" {
		t.Error("a repeat is not answered alike")
	}
	out, err := h.service.OpenActivationSession(t.Context(), issuance.OpenActivationSession{Token: redact.NewText(token)})
	if err != nil || out.Session.Card != v.Card.ID || out.Session.ReturnURL != "https://app.example.com/done?x=1" || out.Session.Language != "en" || out.Session.PIN != "optional" {
		t.Errorf("the link opens %+v, %v", out.Session, err)
	}
	if strings.Contains(h.log.String(), token) {
		t.Error("the log has the token of the link")
	}
}

func TestSessions_RefuseWhatTheyCannotServe(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	v, _ := h.newCard()
	h.post("/v1/activation-sessions", fmt.Sprintf(`{"card_id":%q}`, h.world.IDs.UUID())).refused(404, "card_not_found")
	h.post("/v1/activation-sessions", fmt.Sprintf(`{"card_id":%q}`, v.Card.ID), "Authorization", "Bearer "+h.foreign).refused(404, "card_not_found")
	h.post("/v1/activation-sessions", fmt.Sprintf(`{"card_id":%q}`, h.world.BatchCard.Card.ID)).refused(422, "customer_required")
	h.post("/v1/activation-sessions", fmt.Sprintf(`{"card_id":%q,"customer_id":%q}`, h.world.BatchCard.Card.ID, h.world.IDs.UUID())).refused(404, "customer_not_found")
	stranger := h.world.NewCustomer()
	h.post("/v1/activation-sessions", fmt.Sprintf(`{"card_id":%q,"customer_id":%q}`, v.Card.ID, stranger.ID)).refused(409, "customer_not_eligible")
	h.post("/v1/activation-sessions", `{"language":"fr","pin":"maybe","colour":"red"}`).wrong(
		"body.colour unknown", "body.card_id required", "body.language invalid_enum", "body.pin invalid_enum")
	for _, url := range []string{"http://app.example.com/", "javascript:alert(1)", "https://", "https://a:b@app.example.com/", "//app.example.com", "/done"} {
		h.post("/v1/activation-sessions", fmt.Sprintf(`{"card_id":%q,"return_url":%q}`, v.Card.ID, url)).wrong("body.return_url invalid_format")
	}
}

func TestSessions_ACardOfABatchIsForTheCustomerThatIsNamed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	w := h.world
	made := h.post("/v1/activation-sessions", fmt.Sprintf(`{"card_id":%q,"customer_id":%q}`, w.BatchCard.Card.ID, w.Customer.ID)).want(201)
	token, _ := strings.CutPrefix(made.text("url"), "https://cards.example.com/activation/")
	out, err := h.service.OpenActivationSession(t.Context(), issuance.OpenActivationSession{Token: redact.NewText(token)})
	if err != nil || out.Session.Customer != w.Customer.ID {
		t.Errorf("the link opens for %s, %v", out.Session.Customer, err)
	}
}

func TestMailerLink_IsSignedAndDrawn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.WithPolicy("activation_page.second_factor", "phone_last4"))
	v, _ := h.newCard()
	path := fmt.Sprintf("/v1/cards/%s/mailer-link", v.Card.ID)
	made := h.get(path).want(200)
	reference, ours := strings.CutPrefix(made.text("url"), "https://cards.example.com/activation/card/")
	at, err := h.service.ScannedMailer(t.Context(), reference)
	if !ours || err != nil || at.Program.ID != v.Card.Program || len(reference) != 64 {
		t.Errorf("the link %s leads to %s, %v", made.text("url"), at.Program.ID, err)
	}
	if drawn := made.text("qr_svg"); !regexp.MustCompile(`^<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 (\d+) \d+" shape-rendering="crispEdges"><path fill="#fff" d="[^"<>]+"/><path d="(M\d+ \d+h\d+v1h-\d+z)+"/></svg>$`).MatchString(drawn) ||
		!strings.Contains(drawn, `d="M4 4h7v1h-7z`) {
		t.Errorf("the QR: %s", drawn)
	}
	if again := h.get(path).want(200); again.body != made.body {
		t.Error("another link the second time")
	}
	h.get(path, "Authorization", "Bearer "+h.foreign).refused(404, "card_not_found")
	virtual := h.world.NewCard(func(c *card.Card) { c.Customer, c.Type = h.world.Customer.ID, card.Virtual })
	h.get(fmt.Sprintf("/v1/cards/%s/mailer-link", virtual.ID)).refused(409, "not_physical")
}

func TestMailerLink_IsRefusedWhereNoFactorWasChosen(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	v, _ := h.newCard()
	h.get(fmt.Sprintf("/v1/cards/%s/mailer-link", v.Card.ID)).refused(403, "mailer_link_off")
}
