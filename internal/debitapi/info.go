package debitapi

import (
	"fmt"
	"net/http"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/shipment"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// heldQuery reads the query of a call about the cards of a customer, and asks.
func (c *call) heldQuery(more func(f *fields, q *issuance.HeldCards)) (issuance.HeldReport, error) {
	q := issuance.HeldCards{Full: c.id.Program.Policy.Debit.RevealCard && c.sort != forReader}
	sent := c.r.URL.Query()
	var f fields
	named := c.named(&f, queried(sent, "customer_id"), true)
	q.Card = f.number("card_id", queried(sent, "card_id"), cardPrefix)
	if more != nil {
		more(&f, &q)
	}
	if err := f.refusal(); err != nil {
		return issuance.HeldReport{}, err
	}
	if err := c.checkRights(); err != nil {
		return issuance.HeldReport{}, err
	}
	who, err := c.who(named)
	if err != nil {
		return issuance.HeldReport{}, err
	}
	q.Who, q.Caller = who, c.caller()
	return c.d.o.Rules.HeldCards(c.r.Context(), q)
}

// info is GET /debit/v1/info (debit contract §9.2).
func (d *Door) info(c *call) error {
	reorder := int64(0)
	report, err := c.heldQuery(func(f *fields, q *issuance.HeldCards) {
		sent := c.r.URL.Query()
		q.Type = f.cardType(queried(sent, "card_type"))
		if reorder = f.number("reorder_card_status", queried(sent, "reorder_card_status"), ""); reorder > reorderActivated {
			f.add("reorder_card_status", invalid)
		}
	})
	if err != nil {
		return err
	}
	return c.write(http.StatusOK, success(c.path, report.At, func(w *wirejson.Writer) {
		w.Key("cards").BeginArray()
		for _, held := range report.Cards {
			if reorder == 0 || reorder == reorderNumber(held.Successor) {
				writeInfo(w, report, held)
			}
		}
		w.EndArray()
	}))
}

// writeInfo writes one card of info, member by member as the contract has them.
func writeInfo(w *wirejson.Writer, r issuance.HeldReport, h issuance.HeldCard) {
	number := cardNumber(h.View, r.Program.Policy, r.At)
	inHand := h.View.Card.Type == card.Virtual || h.View.Plastic.EverActivated()
	printed, name := "", ""
	if inHand {
		printed, name = printedMonth(h.LastMonth), h.View.Card.HolderName
	}
	pan := shownNumber(h.View.Card, h.Shown)
	if number == cardOrdered {
		pan = ""
	}
	w.BeginObject()
	w.Key("card_id").Int(h.View.Card.Number)
	w.Key("card_type").Int(typeNumber(h.View.Card.Type))
	w.Key("status").Int(number)
	w.Key("card_identifier").String(h.View.Plastic.Identifier)
	w.Key("reference_batch").String(string(h.Reference))
	w.Key("card_number").String(pan)
	w.Key("cardNumber").String(pan)
	w.Key("cardholderName").String(name)
	w.Key("fullName").String(r.Holder.FullName())
	for _, key := range []string{"valid_date", "validDate", "expiryDate"} {
		w.Key(key).String(printed)
	}
	if h.Shown != nil {
		w.Key("cvv2").String(shownCVV(h.Shown))
	}
	writeMoney(w, h.Spends, inHand)
	writeFlags(w, r, h, number, inHand)
	if h.Successor != nil {
		w.Key("reorder_card").BeginObject()
		w.Key("statusId").Int(reorderNumber(h.Successor))
		w.Key("replacedCardLastFourDigits").String(h.View.Card.Last4)
		w.EndObject()
	}
	w.EndObject()
}

// writeMoney writes what the card spends: what is there, and of a credit line the whole and the part in use. Before
// the card is in its holder's hand nothing is told.
func writeMoney(w *wirejson.Writer, p *issuance.Purse, inHand bool) {
	var told issuance.Purse
	if p != nil {
		w.Key("balance_id").Int(p.Account.Number)
		if inHand {
			told = *p
		}
	} else {
		w.Key("balance_id").Null()
	}
	w.Key("current_balance").String(pesos(told.Available))
	w.Key("credit_limit").String(pesos(told.Line))
	w.Key("credit_line").String(pesos(told.Used))
	w.Key("total_debt").String(pesos(told.Used))
	w.Key("overdue_balance").String(pesos(told.Overdue))
	w.Key("minimumPayment").String(pesos(told.Billed))
	w.Key("balance_to_months").String(pesos(0))
	day, due := 0, ""
	if told.Cycle != nil {
		day, due = told.Cycle.Next.Day(), told.Cycle.Due.Format(time.DateOnly)
	}
	w.Key("original_billing_day").Int(int64(day))
	w.Key("duedate").String(due)
}

// pesos prints cents as an amount with two decimals.
func pesos(cents int64) string {
	sign := ""
	if cents < 0 {
		sign, cents = "-", -cents
	}
	return fmt.Sprintf("%s%d.%02d", sign, cents/100, cents%100)
}

// renewalDays is how long before its expiry a card counts as about to be renewed.
const renewalDays = 60

func writeFlags(w *wirejson.Writer, r issuance.HeldReport, h issuance.HeldCard, number int64, inHand bool) {
	alive := number != cardCanceled && !h.View.Stop().ForGood()
	w.Key("is_renewal_period").Bool(alive && !r.At.Before(h.View.Card.ExpiresAt.AddDate(0, 0, -renewalDays)))
	w.Key("timeToPay").Bool(inHand && h.Spends != nil && h.Spends.Billed > 0)
	w.Key("can_request_reorder_card").Bool(alive && h.Successor == nil)
	w.Key("isCardBlockedByTransactionReport").Bool(h.View.Stop() == card.StopQuery)
	w.Key("has_VCN").Bool(r.Linked)
	w.Key("has_deferred_charges").Bool(false)
	w.Key("trackingNumber").String(h.View.Box.TrackingNumber)
}

// infoForCustomer is GET /debit/v1/infoForCustomer (debit contract §9.3).
func (d *Door) infoForCustomer(c *call) error {
	report, err := c.heldQuery(nil)
	if err != nil {
		return err
	}
	return c.write(http.StatusOK, success(c.path, report.At, func(w *wirejson.Writer) {
		w.Key("cards").BeginArray()
		for _, h := range report.Cards {
			number := cardNumber(h.View, report.Program.Policy, report.At)
			pan := shownNumber(h.View.Card, h.Shown)
			if number == cardOrdered {
				pan = ""
			}
			w.BeginObject()
			w.Key("card_id").Int(h.View.Card.Number)
			w.Key("card_number").String(pan)
			w.Key("card_type").Int(typeNumber(h.View.Card.Type))
			w.Key("cvv").String(shownCVV(h.Shown))
			w.Key("valid_date").String(printedMonth(h.LastMonth))
			w.Key("status").Int(number)
			w.EndObject()
		}
		w.EndArray()
	}))
}

// The numbers of a re-order (debit contract §6).
const (
	reorderRequested = 1
	reorderMade      = 2
	reorderShipped   = 3
	reorderDelivered = 4
	reorderActivated = 5
)

// reorderNumber is how far the card is that takes the place of another; 0 when there is none.
func reorderNumber(v *card.View) int64 {
	switch {
	case v == nil:
		return 0
	case v.Card.Type == card.Virtual, v.Plastic.EverActivated():
		return reorderActivated
	}
	switch v.Box.Status {
	case shipment.Delivered:
		return reorderDelivered
	case shipment.InTransit, shipment.OutForDelivery, shipment.DeliveryFailed, shipment.Exception, shipment.Returned, shipment.Lost:
		return reorderShipped
	case shipment.InProduction, shipment.ReadyToShip:
		return reorderMade
	case "", shipment.Draft, shipment.Placed, shipment.Canceled:
	}
	return reorderRequested
}
