package debitapi

import (
	"time"

	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// orderCard is POST /debit/v1/orderCard (debit contract §9.1).
func (d *Door) orderCard(c *call) error {
	body, err := c.body()
	if err != nil {
		return err
	}
	var f fields
	named := c.named(&f, body.Get("customer_id"), true)
	cmd := issuance.OrderCard{Type: card.Physical}
	cmd.Balance = f.need("balance_id", body.Get("balance_id"), "")
	if t := f.cardType(body.Get("card_type")); t != "" {
		cmd.Type = t
	}
	cmd.PIN = f.pin("new_pin", body.Get("new_pin"))
	if cmd.Type == card.Physical {
		cmd.Location = f.location(body.Get("delivery_location"))
	}
	cmd.FrontName = f.frontName(body.Get("front_name"))
	cmd.Campaign = f.campaign(body.Get("campaign_id"))
	c.checkKey(&f)
	if err := f.refusal(); err != nil {
		return err
	}
	if err := c.checkRights(); err != nil {
		return err
	}
	if cmd.Who, err = c.who(named); err != nil {
		return err
	}
	return perform(c, body.AppendCanonical(nil), false, func(by issuance.Command) (issuance.OrderedCard, error) {
		cmd.Command = by
		return d.o.Rules.OrderCard(c.r.Context(), cmd)
	}, c.orderedPayload)
}

// frontName reads the line that is printed on the front of a card.
func (f *fields) frontName(v wirejson.Value) string {
	s := f.text("front_name", v, 0, batch.MaxFrontName)
	if _, printable := batch.Emboss(s); !printable {
		f.add("front_name", invalid)
	}
	return s
}

func (c *call) orderedPayload(out issuance.OrderedCard) payload {
	return func(w *wirejson.Writer) {
		w.Key("card_id").Int(out.Card.Number)
		w.Key("card_identifier").String(out.Plastic.Identifier)
		w.Key("reference_batch").String(string(out.Reference))
		w.Key("card_type").Int(typeNumber(out.Card.Type))
		w.Key("status").Int(cardNumber(out.View, c.id.Program.Policy, out.At))
		w.Key("campaign_id").String(out.Campaign)
		w.Key("customer_id").Int(out.Customer.Number)
		w.Key("balance_id").Int(out.Account.Number)
	}
}

// createLinked is POST /debit/v1/create-linked-card (debit contract §9.9). Its parameters come in the query, or in
// the body.
func (d *Door) createLinked(c *call) error {
	body, err := c.bodyOrNone()
	if err != nil {
		return err
	}
	q := c.r.URL.Query()
	var f fields
	var cmd issuance.CreateLinkedCard
	cmd.Balance = f.need("balance_id", either(q, body, "balance_id"), "")
	if v := either(q, body, "campaign_id"); v.Given() && string(v.Raw()) != `""` {
		cmd.Campaign = f.campaign(v)
	}
	named := c.named(&f, either(q, body, "customer_id"), true)
	c.checkKey(&f)
	if err := f.refusal(); err != nil {
		return err
	}
	if err := c.checkRights(); err != nil {
		return err
	}
	if cmd.Who, err = c.who(named); err != nil {
		return err
	}
	return perform(c, body.AppendCanonical(nil), true, func(by issuance.Command) (issuance.OrderedCard, error) {
		cmd.Command = by
		return d.o.Rules.CreateLinkedCard(c.r.Context(), cmd)
	}, func(out issuance.OrderedCard) payload {
		return func(w *wirejson.Writer) { c.writeLinked(w, out) }
	})
}

// writeLinked writes a virtual card that was just made.
func (c *call) writeLinked(w *wirejson.Writer, out issuance.OrderedCard) {
	w.Key("card_id").Int(out.Card.Number)
	w.Key("card_number").String(shownNumber(out.Card, out.Shown))
	w.Key("cvv").String(shownCVV(out.Shown))
	w.Key("valid_date").String(printedMonth(issuance.LastMonth(c.id.Program, out.Card)))
	w.Key("status").Int(cardNumber(out.View, c.id.Program.Policy, out.At))
	w.Key("card_type").Int(typeNumber(out.Card.Type))
}

// stars stand for the digits of a card number that are not shown.
const stars = "************"

// shownNumber is a card number as answers have it: in full where that is allowed, else its last four digits.
func shownNumber(c card.Card, shown *issuance.Revealed) string {
	switch {
	case shown != nil:
		return shown.PAN.Reveal()
	case c.Last4 == "":
		return "" // its number is kept elsewhere, or nowhere
	}
	return stars + c.Last4
}

func shownCVV(shown *issuance.Revealed) string {
	if shown == nil {
		return ""
	}
	return shown.CVV.Reveal()
}

// printedMonth is the expiry as it is printed on a card.
func printedMonth(month time.Time) string { return month.Format("01/06") }

// cvvMinutes is for how long the published clients show a new CVV.
const cvvMinutes = 10

// updateCVV is POST /debit/v1/update-cvv-linked-card (debit contract §9.9).
func (d *Door) updateCVV(c *call) error {
	var f fields
	sent, err := c.readCard(&f, nil)
	if err != nil {
		return err
	}
	return perform(c, sent.body.AppendCanonical(nil), true, func(by issuance.Command) (issuance.Revealed, error) {
		return d.o.Rules.RotateLinkedCVV(c.r.Context(), issuance.RotateLinkedCVV{Command: by, Which: sent.which})
	}, func(out issuance.Revealed) payload {
		return func(w *wirejson.Writer) {
			w.Key("cvv2").String(out.CVV.Reveal())
			w.Key("expiration_time_in_minutes").Int(cvvMinutes)
		}
	})
}

// reorderLinked is POST /debit/v1/re-order-linked-card (debit contract §9.9).
func (d *Door) reorderLinked(c *call) error {
	body, err := c.bodyOrNone()
	if err != nil {
		return err
	}
	var f fields
	named := c.named(&f, either(c.r.URL.Query(), body, "customer_id"), true)
	c.checkKey(&f)
	if err := f.refusal(); err != nil {
		return err
	}
	if err := c.checkRights(); err != nil {
		return err
	}
	who, err := c.who(named)
	if err != nil {
		return err
	}
	return perform(c, body.AppendCanonical(nil), true, func(by issuance.Command) (issuance.Reordered, error) {
		return d.o.Rules.ReorderLinkedCard(c.r.Context(), issuance.ReorderLinkedCard{Command: by, Who: who})
	}, func(out issuance.Reordered) payload {
		return func(w *wirejson.Writer) {
			c.writeLinked(w, out.OrderedCard)
			w.Key("replaced_card_id").Int(out.Replaced)
		}
	})
}
