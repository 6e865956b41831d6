package storetest

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

// trailOf gives the notes of the audit rows of an action with that outcome, the newest first.
func (w *World) trailOf(action, outcome string) (notes []string) {
	w.t.Helper()
	w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
		rows, err := tx.AuditTrail(ctx, w.Program.ID, issuance.AuditFilter{Action: action, Outcome: outcome}, issuance.Page{Limit: 50})
		for _, r := range rows {
			notes = append(notes, r.Note)
		}
		return err
	})
	return notes
}

// findCases are about the search of the operator console.
var findCases = []contract{
	{"a card is found by all that a caller may have at hand, and not from another programme", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		rules := w.Service(w.Store)
		box := w.Shipment
		box.TrackingNumber = "TRK-0042"
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.UpdateShipment(ctx, box) })
		olga := w.NewCustomer(func(c *customer.Customer) { c.Email, c.Phone = "olga@example.com", "+525512345678" })
		hers, _ := w.NewShippedCard(olga, w.NewAccount(olga))
		foreign := w.asTest()
		foreign.Program = w.Foreign.ID
		for text, want := range map[string]card.View{
			w.Card.Card.ID.String(): w.Card, " " + strconv.FormatInt(w.Card.Card.Number, 10) + " ": w.Card, "TRK-0042": w.Card,
			w.Customer.ID.String(): w.Card, strconv.FormatInt(w.Customer.Number, 10): w.Card, "OLGA@example.com": hers, "+52 55 1234 5678": hers,
			BatchIdentifier: w.BatchCard,
		} {
			got, err := rules.FindCards(t.Context(), issuance.FindCards{Command: issuance.Command{Caller: w.asTest()}, Text: text})
			must(t, err)
			if len(got.Cards) != 1 || got.Cards[0].Card.ID != want.Card.ID {
				t.Errorf("%q finds %d cards, or another", text, len(got.Cards))
			}
			elsewhere, err := rules.FindCards(t.Context(), issuance.FindCards{Command: issuance.Command{Caller: foreign}, Text: text})
			must(t, err)
			if len(elsewhere.Cards)+len(elsewhere.Customers) != 0 || elsewhere.Batch != nil {
				t.Errorf("%q finds in another programme", text)
			}
		}
		got, err := rules.FindCards(t.Context(), issuance.FindCards{Command: issuance.Command{Caller: w.asTest()}, Text: string(w.Batch.Reference)})
		must(t, err)
		if got.Batch == nil || got.Batch.ID != w.Batch.ID || len(got.Cards) != 0 {
			t.Error("the reference of a batch does not lead to it")
		}
		for _, nothing := range []string{"", " ", "0", "-1", "nobody@example.com", "+0", "no such label"} {
			got, err := rules.FindCards(t.Context(), issuance.FindCards{Command: issuance.Command{Caller: w.asTest()}, Text: nothing})
			must(t, err)
			if len(got.Cards)+len(got.Customers) != 0 {
				t.Errorf("%q finds something", nothing)
			}
		}
	}},
	{"a customer is found by the words of its name, however they are written, and its card by four digits behind them", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		rules := w.Service(w.Store)
		jose := w.NewCustomer(func(c *customer.Customer) {
			c.FirstName, c.MiddleName, c.LastName, c.SecondLastName, c.Phone = "José", "Luis", "Núñez", "Ibarra", "+525512345678"
		})
		his, _ := w.NewShippedCard(jose, w.NewAccount(jose))
		other, _ := w.NewShippedCard(jose, w.NewAccount(jose))
		for i, v := range []card.View{his, other} {
			v.Card.Last4 = strconv.Itoa(1234 + i)
			w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.UpdateCard(ctx, v.Card) })
		}
		look := func(text string) issuance.Found {
			t.Helper()
			got, err := rules.FindCards(t.Context(), issuance.FindCards{Command: issuance.Command{Caller: w.asTest()}, Text: text})
			must(t, err)
			return got
		}
		for _, text := range []string{"nunez", "NÚÑ", "Núñez Ibarra", "jose nuñez", "Núñez, José", "luis nunez ibarra"} {
			if got := look(text); len(got.Customers) != 1 || got.Customers[0].ID != jose.ID || len(got.Cards) != 2 || got.More {
				t.Errorf("%q finds %d customers and %d cards", text, len(got.Customers), len(got.Cards))
			}
		}
		for _, text := range []string{"nunez 1234", "1234 jose nunez", "+525512345678 1234"} {
			if got := look(text); len(got.Cards) != 1 || got.Cards[0].Card.ID != his.Card.ID {
				t.Errorf("%q finds %d cards, or another", text, len(got.Cards))
			}
		}
		for _, text := range []string{"jose", "n", "nunez maria", "nun%", "nunez 9999", "9999", "a b c d e f nunez", "+525512345678 9999"} {
			if got := look(text); len(got.Cards)+len(got.Customers) != 0 {
				t.Errorf("%q finds %d customers and %d cards", text, len(got.Customers), len(got.Cards))
			}
		}
		for range 30 {
			w.NewCustomer(func(c *customer.Customer) { c.LastName = "Zavala" })
		}
		if got := look("zavala"); len(got.Customers) != 25 || !got.More || len(got.Cards) != 0 {
			t.Errorf("of thirty %d are listed", len(got.Customers))
		}
		jose.LastName, jose.SecondLastName = "Ñandú", ""
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.UpdateCustomer(ctx, jose, nil, nil) })
		if got := look("ñandu"); len(got.Customers) != 1 || len(look("nunez").Customers) != 0 {
			t.Error("a customer is not found by its new name, or still by the old one")
		}
	}},
	{"four digits alone find the cards that somebody holds and that end so, by pages, and what bears them as its label", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		rules := w.Service(w.Store)
		foreign := w.asTest()
		foreign.Program = w.Foreign.ID
		look := func(by issuance.Caller, text string, after issuance.Mark) issuance.Found {
			t.Helper()
			w.Clock.Advance(time.Second)
			got, err := rules.FindCards(t.Context(), issuance.FindCards{Command: issuance.Command{Caller: by}, Text: text, After: after})
			must(t, err)
			return got
		}
		ends := func(c *card.Card) { c.Customer, c.Last4 = w.Customer.ID, "0007" }
		waits := w.NewCard(ends, func(c *card.Card) { c.Customer = ident.CustomerID{} })
		w.NewCard(ends, func(c *card.Card) { c.ClosedAt, c.ClosedReason = w.Now(), card.ClosedDeleted })
		w.NewCard(ends, func(c *card.Card) { c.Last4 = "" })
		if got := look(w.asTest(), "0007", issuance.Mark{}); len(got.Cards) != 0 {
			t.Errorf("cards of nobody, deleted ones or those without a number: %d are found", len(got.Cards))
		}
		waits.Customer = w.Customer.ID
		w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.UpdateCard(ctx, waits) })
		want := []ident.CardID{waits.ID}
		for range 52 {
			want = append([]ident.CardID{w.NewCard(ends).ID}, want...)
		}
		labelled := w.NewBatchCard(w.NewBatch(), "0007")
		want = append([]ident.CardID{labelled.Card.ID}, want...)
		first := look(w.asTest(), " 0007 ", issuance.Mark{})
		rest := look(w.asTest(), "0007", first.Older)
		var got []ident.CardID
		for _, st := range append(first.Cards, rest.Cards...) {
			got = append(got, st.Card.ID)
		}
		same(t, "the label, and the pages together", want, got)
		if len(rest.Cards) != 3 || first.Older == (issuance.Mark{}) || rest.Older != (issuance.Mark{}) {
			t.Errorf("the pages have %d and %d cards, and go on behind %v and %v", len(first.Cards), len(rest.Cards), first.Older, rest.Older)
		}
		same(t, "the trail", []string{"3 found", "51 found", "0 found"}, w.trailOf("card.find", "ok"))
		for _, nothing := range []string{"007", "00007", "000x", "００07", "-007", "0008"} {
			if got := look(w.asTest(), nothing, issuance.Mark{}); len(got.Cards) != 0 {
				t.Errorf("%q finds %d cards", nothing, len(got.Cards))
			}
		}
		if got := look(foreign, "0007", issuance.Mark{}); len(got.Cards) != 0 {
			t.Error("four digits find in another programme")
		}
	}},
	{"whoever looks at a card is in the trail, also when there is none", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		rules := w.Service(w.Store)
		by := issuance.Command{Caller: w.asTest()}
		st, err := rules.ViewCard(t.Context(), issuance.ViewCard{Command: by, Card: w.Card.Card.ID})
		must(t, err)
		same(t, "the card", w.View(w.Card.Card.ID), st.View)
		_, err = rules.ViewCard(t.Context(), issuance.ViewCard{Command: by, Card: ident.CardID{UUID: w.IDs.UUID()}})
		w.says("a card that is none", err, "card_not_found")
		if n := len(w.trailOf("card.view", "ok")) + 10*len(w.trailOf("card.view", "card_not_found")); n != 11 {
			t.Errorf("the trail has %d rows that a card was looked at, and %d that there was none", n%10, n/10)
		}
	}},
	{"what is allowed is barred by nothing, and what is refused says why", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		rules := w.Service(w.Store)
		st, err := rules.Standing(t.Context(), w.Program.ID, w.Card.Card.ID)
		must(t, err)
		for _, a := range st.Allowed() {
			if err := st.Barred(a); err != nil {
				t.Errorf("%s is allowed, and barred by %v", a, err)
			}
		}
		_, err = rules.ReportCard(t.Context(), issuance.ReportCard{Command: issuance.Command{Caller: w.asTest()}, Card: w.Card.Card.ID, As: issuance.ReportLost, Reason: "gone"})
		must(t, err)
		st, err = rules.Standing(t.Context(), w.Program.ID, w.Card.Card.ID)
		must(t, err)
		for a, want := range map[issuance.Action]string{
			issuance.ToReportLost: "ok", issuance.ToReportStolen: "already_stopped", issuance.ToUnblock: "block_not_liftable",
		} {
			w.says(string(a), st.Barred(a), want)
		}
		batch, err := rules.Standing(t.Context(), w.Program.ID, w.BatchCard.Card.ID)
		must(t, err)
		w.says("a card of nobody", batch.Barred(issuance.ToFreeze), "card_operation_not_allowed")
	}},
}
