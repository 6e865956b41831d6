package holderpage_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/holderpage"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/storetest"
)

// scan is a new browser that opened what the QR of a card says.
func (h *house) scan(v card.View) *browser {
	h.t.Helper()
	b := &browser{house: h, language: "en", scanned: holderpage.MailerPath + "/" + h.service.MailerReference(h.world.Program.ID, v.Card.ID)}
	b.get(b.scanned)
	return b
}

// knows changes what the programme has told of the world's customer.
func (h *house) knows(phone, born string) {
	h.t.Helper()
	c := h.world.Customer
	c.Phone, c.DateOfBirth = phone, born
	h.world.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.UpdateCustomer(ctx, c, nil, nil) })
}

func TestMailer_AsksForTheEndOfThePhoneNumberFirst(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.WithPolicy("activation_page.second_factor", "phone_last4"), storetest.WithPolicy("activation_page.pin", "required"))
	h.knows("+525512340042", "")
	w := h.world
	b := h.scan(w.Card)
	b.shows(200, "Last four digits of your phone number", w.Program.Name)
	for _, early := range []string{w.Card.Card.Last4, "0042", `name="code"`} {
		if strings.Contains(b.text, early) {
			t.Errorf("the page says %q to whoever has the letter", early)
		}
	}
	b.answer("factor", "12")
	b.shows(200, "Type four digits", `aria-invalid="true"`)
	b.answer("factor", "4200")
	b.shows(200, "not what your card provider knows", "Tries left: <strong>4</strong>")
	b.get(b.scanned)
	if b.shows(200, "Last four digits"); b.cookie != "" || w.View(w.Card.Card.ID).Plastic.Guard.Tries != 1 {
		t.Error("a look at the page costs a try, or begins a session")
	}
	b.answer("factor", "00-42")
	b.shows(200, "Activate your card", w.Card.Card.Last4, `name="code"`, "Choose a PIN")
	b.submit("code", w.Code.Reveal(), "pin", "7391", "pin_again", "7391")
	b.shows(200, "Your card is active")
	w.Clock.Advance(time.Second)
	h.scan(w.Card).shows(200, "Your card is active already")
	if strings.Contains(h.log.String(), strings.TrimPrefix(b.scanned, holderpage.MailerPath+"/")) {
		t.Error("the log has the reference of a mailer")
	}
}

func TestMailer_AsksForTheDateOfBirth(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.WithPolicy("activation_page.second_factor", "date_of_birth"))
	b := h.scan(h.world.Card)
	b.shows(200, "Your date of birth")
	b.answer("factor", "7", "month", "11", "year", "1990")
	b.shows(200, "Please begin with your card provider") // nobody has told us the date
	h.knows("", "1990-11-07")
	for _, wrong := range []string{"31", "0", "x", ""} {
		b.answer("factor", wrong, "month", "2", "year", "1990")
		b.shows(200, "Type day, month and year with digits")
	}
	if tries := h.world.View(h.world.Card.Card.ID).Plastic.Guard.Tries; tries != 0 {
		t.Errorf("what is no date costs %d tries", tries)
	}
	b.answer("factor", "8", "month", "11", "year", "1990")
	b.shows(200, "not what your card provider knows")
	b.answer("factor", "07", "month", "11", "year", "1990")
	b.shows(200, `name="code"`)
}

func TestMailer_ASecondFactorIsNoWayAroundTheGuard(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.WithPolicy("activation_page.second_factor", "phone_last4"))
	h.knows("+525512340042", "")
	w := h.world
	b := h.scan(w.Card)
	for range 5 {
		b.answer("factor", "1111")
	}
	b.shows(200, "Too many wrong codes", "try again in 15 minutes")
	b.answer("factor", "0042")
	if b.shows(200, "Too many wrong codes"); b.cookie != "" {
		t.Error("a locked card opens")
	}
	w.Clock.Advance(15 * time.Minute)
	b.get(b.scanned)
	b.shows(200, "Last four digits")
	b.answer("factor", "0042")
	b.shows(200, `name="code"`)
}

func TestMailer_AsksForNothingButTheCodeWhereThatIsTheFactor(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.WithPolicy("activation_page.second_factor", "code"))
	b := h.scan(h.world.Card)
	if b.shows(200, "You scanned the letter of your card"); strings.Contains(b.text, `name="factor"`) || b.cookie != "" {
		t.Error("the page asks for something, or a look begins a session")
	}
	b.answer()
	b.shows(200, `name="code"`)
	b.submit("code", h.world.Code.Reveal())
	b.shows(200, "Your card is active")
	h.scan(h.world.BatchCard).answerShows(200, "Please begin with your card provider") // nobody has it yet
}

func TestMailer_OpensOnlyWhatWeSignedAndOnlyFromItsOwnPage(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.WithPolicy("activation_page.second_factor", "code"))
	b := h.scan(h.world.Card)
	b.send("POST", b.scanned, map[string][]string{}, "Origin", "https://evil.example.com")
	if b.shows(409, "It did not come from our own page"); b.cookie != "" {
		t.Error("a form from elsewhere begins a session")
	}
	for range 21 {
		b.send("POST", b.scanned, map[string][]string{})
	}
	b.send("POST", b.scanned, map[string][]string{})
	b.shows(429, "Please wait a minute")
	h.world.Clock.Advance(2 * time.Minute)
	last := b.scanned[len(b.scanned)-1]
	for _, forged := range []string{b.scanned[:len(b.scanned)-1] + string('A'+(last+1)%20), b.scanned[:40], holderpage.MailerPath + "/x"} {
		b.get(forged)
		b.shows(404, "Please start again")
	}
	off := newHouse(t)
	off.scan(off.world.Card).shows(404, "Please start again")
}
