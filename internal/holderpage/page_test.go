package holderpage_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/holderpage"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/secrettest"
	"github.com/firsttap/firsttap/internal/storetest"
)

func wrongCode(right card.Code) string {
	if right.Reveal() == "123456" {
		return "123457"
	}
	return "123456"
}

func TestPage_ActivatesWithTheCodeAndAPIN(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	w := h.world
	b := h.enter(h.link(w.Card, card.English, card.OptionalPIN))
	b.shows(200, `lang="en"`, "Activate your card", w.Program.Name, `autocomplete="one-time-code"`, `inputmode="numeric"`)
	w.Clock.Advance(time.Second)
	b.submit("code", "12 34")
	b.shows(200, "Type the six digits", `aria-invalid="true"`, `role="alert"`)
	b.submit("code", w.Code.Reveal(), "pin", "7391", "pin_again", "7392")
	b.shows(200, "The two PINs are not the same")
	b.submit("code", w.Code.Reveal(), "pin", "1234", "pin_again", "1234")
	b.shows(200, "too easy to guess")
	if strings.Contains(b.text, w.Code.Reveal()) || strings.Contains(b.text, `value="1234"`) {
		t.Error("the page shows again what was typed")
	}
	code := w.Code.Reveal()
	b.submit("code", " "+code[:3]+" - "+code[3:]+" ", "pin", "7391", "pin_again", "7391")
	b.shows(200, "Your card is active", "contactless", "at cash machines, with your PIN", `href="https://app.example.com/cards?a=1"`)
	b.get(holderpage.Path)
	b.shows(200, "Your card is active")
	if v := w.View(w.Card.Card.ID); !v.Plastic.EverActivated() || v.Card.PINSetAt.IsZero() {
		t.Error("the card is not activated, or has no PIN")
	}
	w.Clock.Advance(time.Minute)
	h.enter(h.link(w.Card, card.Spanish, card.NoPIN)).shows(200, "Tu tarjeta ya está activa", `lang="es"`)
	log := h.log.String()
	for _, secret := range []string{code, "7391"} {
		if secrettest.Digits(log, secret) > 0 {
			t.Error("the log has a secret")
		}
	}
	if strings.Contains(log, strings.TrimPrefix(b.cookie, "firsttap_activation=")) {
		t.Error("the log has the key of a session")
	}
}

func TestPage_CountsWrongCodesUntilTheLock(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	w := h.world
	b := h.enter(h.link(w.Card, card.English, card.NoPIN))
	b.submit("code", wrongCode(w.Code))
	b.shows(200, "This code is not right", "Tries left: <strong>4</strong>")
	for range 4 {
		b.get(holderpage.Path) // a reload costs nothing
		b.submit("code", wrongCode(w.Code))
	}
	b.shows(200, "Too many wrong codes", "try again in 15 minutes")
	b.submit("code", w.Code.Reveal())
	b.shows(200, "Too many wrong codes")
	w.Clock.Advance(14*time.Minute + 30*time.Second)
	b.get(holderpage.Path)
	b.shows(200, "try again in 1 minute.")
	w.Clock.Advance(30 * time.Second)
	b.get(holderpage.Path)
	b.shows(410, "This page has expired")
	again := h.enter(h.link(w.Card, card.English, card.NoPIN))
	again.submit("code", w.Code.Reveal())
	again.shows(200, "Your card is active", "in shops, with the chip<", "once you have chosen a PIN")
}

func TestPage_TellsNoTriesWhereThePolicySaysSo(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.WithPolicy("activation.show_attempts", "false"))
	b := h.enter(h.link(h.world.Card, card.English, card.NoPIN))
	for range 5 {
		b.submit("code", wrongCode(h.world.Code))
		if strings.Contains(b.text, "Tries left") || strings.Contains(b.text, "minutes") {
			t.Error("the page tells tries, or the length of a lock")
		}
	}
	b.shows(200, "Too many wrong codes")
}

func TestPage_TakesIdentifierAndBatch(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	w := h.world
	b := h.enter(h.linkFor(w.BatchCard, w.Customer.ID, card.English, card.OptionalPIN))
	b.shows(200, "Card identifier", "Batch reference", `name="identifier"`)
	if strings.Contains(b.text, `name="code"`) {
		t.Error("the page asks for a code that the card does not have")
	}
	b.submit("identifier", " ", "batch", string(w.Batch.Reference))
	b.shows(200, "Type the identifier of the card", `aria-describedby="identifier-hint identifier-wrong"`)
	b.submit("identifier", storetest.BatchIdentifier, "batch", "12 34")
	b.shows(200, "A batch reference has 32 digits")
	b.submit("identifier", "CARD-OF-SOMEBODY", "batch", string(w.Batch.Reference))
	b.shows(200, "do not belong together", "Tries left: <strong>4</strong>")
	for range 4 {
		b.submit("identifier", storetest.BatchIdentifier, "batch", strings.Repeat("0", 32))
	}
	b.shows(200, "Too many wrong codes", "try again in 15 minutes")
	w.Clock.Advance(16 * time.Minute)
	again := h.enter(h.linkFor(w.BatchCard, w.Customer.ID, card.Spanish, card.OptionalPIN))
	again.shows(200, "Identificador de la tarjeta")
	typed := strings.ToUpper(string(w.Batch.Reference))
	again.submit("identifier", strings.ToLower(storetest.BatchIdentifier), "batch", typed[:8]+" "+typed[8:16]+"-"+typed[16:], "pin", "7391", "pin_again", "7391")
	again.shows(200, "Tu tarjeta está activa")
	if v := w.View(w.BatchCard.Card.ID); v.Card.Customer != w.Customer.ID || v.Card.PINSetAt.IsZero() {
		t.Error("the card is not the customer's, or has no PIN")
	}
	w.Clock.Advance(time.Minute)
	h.enter(h.linkFor(w.BatchCard, w.Customer.ID, card.English, card.NoPIN)).shows(200, "Your card is active already")
}

func TestPage_AsksForAllOfThemWhereTheProgrammeWantsThat(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.WithPolicy("debit.require_activation_code", "true"), storetest.WithPolicy("debit.max_cards_per_customer", "1"))
	w := h.world
	b := h.enter(h.linkFor(w.BatchCard, w.Customer.ID, card.English, card.NoPIN))
	b.shows(200, "This card has no code yet")
	code, _ := card.ParseCode("482915")
	p := w.BatchCard.Plastic
	p.Guard = w.Armed(p, code)
	p.Guard.Method = card.ByIdentifierBatch
	w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.UpdatePlastic(ctx, p) })
	b.get(holderpage.Path)
	b.shows(200, `name="identifier"`, `name="batch"`, `name="code"`)
	b.submit("identifier", storetest.BatchIdentifier, "batch", string(w.Batch.Reference), "code", "12")
	b.shows(200, "Type the six digits")
	b.submit("identifier", storetest.BatchIdentifier, "batch", string(w.Batch.Reference), "code", code.Reveal())
	b.shows(200, "has to look at your account before this card can be yours")
	if strings.Contains(b.text, "Tries left") {
		t.Error("what the holder cannot help tells of tries")
	}
}

func TestPage_OpensOnceAndForOneBrowser(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	link := h.link(h.world.Card, card.Spanish, card.NoPIN)
	first := h.enter(link)
	first.shows(200, "Activa tu tarjeta")
	first.get(link)
	first.shows(200, "Activa tu tarjeta")
	h.enter(link).shows(410, "Este enlace ya se usó", `href="https://app.example.com/cards?a=1"`)
	h.world.Clock.Advance(15 * time.Minute)
	first.get(holderpage.Path)
	first.shows(410, "Esta página venció")
	stranger := &browser{house: h}
	for wants, title := range map[string]string{
		"en-GB,en;q=0.9": "Please start again", "fr-FR,fr;q=0.9,en;q=0.8": "Please start again", "de,es;q=0.9,en;q=0.8": "Empieza de nuevo", "fr": "Empieza de nuevo",
	} {
		stranger.send("GET", holderpage.Path, nil, "Accept-Language", wants)
		stranger.shows(404, title)
	}
	for range 22 {
		stranger.get(holderpage.Path + "/never-made")
	}
	stranger.shows(429, "Espera un minuto")
}

func TestPage_TakesAFormOnlyFromItselfAndForTheCardThatItShowed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	w := h.world
	other, code := w.NewShippedCard(w.Customer, w.Account)
	b := h.enter(h.link(w.Card, card.English, card.NoPIN))
	old := b.text
	second := h.enter(h.link(other, card.English, card.NoPIN))
	b.cookie = second.cookie // the same browser opened the page of another card
	b.text = old
	b.submit("code", w.Code.Reveal())
	b.shows(200, "The form that you sent was for another card")
	form := map[string][]string{"code": {code.Reveal()}, "form": {"00"}}
	b.send("POST", holderpage.Path, form, "Origin", "https://evil.example.com")
	b.shows(409, "No vino de nuestra propia página")
	b.send("POST", holderpage.Path, form, "Sec-Fetch-Site", "cross-site")
	b.shows(409, "No vino de nuestra propia página")
	for _, v := range []card.View{w.Card, other} {
		if p := w.View(v.Card.ID).Plastic; p.EverActivated() || p.Guard.Tries != 0 {
			t.Error("a form from elsewhere did something")
		}
	}
}

func TestPage_SaysKindlyWhatStandsInTheWay(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	w := h.world
	by := issuance.Command{Caller: w.Caller()}
	made, err := h.service.CreateCard(t.Context(), issuance.CreateCard{Command: by, Customer: w.Customer.ID, Account: w.Account.ID, Type: card.Physical, ThreeDS: "SMS"})
	if err != nil {
		t.Fatal(err)
	}
	h.enter(h.link(w.View(made.Card.ID), card.English, card.NoPIN)).shows(200, "Your card is not on its way yet", "Come back when you hold it")
	blocked := h.enter(h.link(w.Card, card.English, card.NoPIN))
	_, err = h.service.Block(t.Context(), issuance.SwitchCard{Command: by, Card: w.Card.Card.ID, Message: "no"})
	blocked.get(holderpage.Path)
	blocked.shows(200, "This card is blocked")
	err = errors.Join(err, h.service.DeleteCard(t.Context(), issuance.DeleteCard{Command: by, Card: made.Card.ID}))
	if err != nil {
		t.Fatal(err)
	}
}

func TestPage_HasAStrictPolicyAndItsStylesheet(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.enter(h.link(h.world.Card, card.English, card.NoPIN))
	if csp := b.header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'") || !strings.Contains(csp, "frame-ancestors 'none'") {
		t.Errorf("the policy is %s", csp)
	}
	if strings.Contains(b.text, "<script") || strings.Contains(b.text, "style=") || !strings.Contains(b.text, `href="/holders/activation/page.css"`) {
		t.Error("the page has a script or a style of its own, or no stylesheet")
	}
	b.get(holderpage.Path + "/page.css")
	b.shows(200, ":focus-visible")
}
