package cardsapi

import (
	"strconv"
	"time"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/shipment"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// simulateApplication is contract §23.1.
func (d *Door) simulateApplication(c *call) error {
	c.form()
	cmd := issuance.DecideApplication{Customer: ident.CustomerID{UUID: c.id("id")}}
	cmd.Status = customer.ApplicationStatus(c.object().choice("status", required, "APPROVED", "REJECTED", "RETRY_REQUIRED", "IN_REVIEW"))
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, noContent[customer.Customer], func(base issuance.Command) (customer.Customer, error) {
		cmd.Command = base
		return d.service.DecideApplication(c.ctx(), cmd)
	})
}

// simulateAccount is contract §23.1.
func (d *Door) simulateAccount(c *call) error {
	c.form()
	cmd := issuance.SetAccountStatus{Account: ident.AccountID{UUID: c.id("id")}, Status: account.Active}
	if c.object().choice("status", required, "ACTIVE", "RESTRICTED") == "RESTRICTED" {
		cmd.Status = account.Inactive
	}
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, noContent[account.Account], func(base issuance.Command) (account.Account, error) {
		cmd.Command = base
		return d.service.SetAccountStatus(c.ctx(), cmd)
	})
}

// simulateCard is contract §23.1.
func (d *Door) simulateCard(c *call) error {
	c.form()
	cmd := issuance.SetCardStatus{Card: ident.CardID{UUID: c.id("id")}, Status: card.Open}
	o := c.object()
	switch o.choice("status", required, "ACTIVE", "FROZEN", "BLOCKED", "EXPIRED") {
	case "FROZEN":
		cmd.Status = card.Frozen
	case "BLOCKED":
		cmd.Status = card.Blocked
	case "EXPIRED":
		cmd.Status = card.Expired
	}
	cmd.Block = card.Block{Type: card.BlockSuspectedFraud, By: card.ByIssuer, Message: "Fraud is suspected.", Liftable: true}
	if o.choice("blockReasonType", optional, string(card.BlockSuspectedFraud), string(card.BlockOther)) == string(card.BlockOther) {
		cmd.Block = card.Block{Type: card.BlockOther, By: card.ByIssuer, Message: "Blocked by the issuer."}
	}
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, noContent[issuance.CardAt], func(base issuance.Command) (issuance.CardAt, error) {
		cmd.Command = base
		return d.service.SetCardStatus(c.ctx(), cmd)
	})
}

// statusName is the member that carries the state: status, or the longer name that is accepted too.
func statusName(o object, longer string) string {
	if !o.v.Get("status").Given() && o.v.Get(longer).Given() {
		return longer
	}
	return "status"
}

// steps are the wire words of the bureau's steps.
var steps = map[string]card.Step{
	"IN_PRODUCTION": card.Start, "COMPLETED": card.Complete, "ON_HOLD": card.Hold, "CANCELED": card.Cancel, "REJECTED": card.Reject,
}

func (d *Door) simulateProduction(c *call) error {
	return d.produce(c, issuance.Target{Shipment: ident.ShipmentID{UUID: c.id("id")}})
}

func (d *Door) simulateCardProduction(c *call) error {
	return d.produce(c, issuance.Target{Card: ident.CardID{UUID: c.id("id")}})
}

// produce is a step of the bureau (contract §23.2).
func (d *Door) produce(c *call, target issuance.Target) error {
	c.form()
	o := c.object()
	cmd := issuance.RecordProduction{Target: target}
	cmd.Step = steps[o.choice(statusName(o, "productionStatus"), required, "IN_PRODUCTION", "COMPLETED", "ON_HOLD", "CANCELED", "REJECTED")]
	if list, given := o.member("cardIds", optional, wirejson.Array); given && target.Card.IsZero() {
		cmd.Cards = readCardIDs(o, list)
	}
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, noContent[card.Box], func(base issuance.Command) (card.Box, error) {
		cmd.Command = base
		return d.service.RecordProduction(c.ctx(), cmd)
	})
}

func readCardIDs(o object, list wirejson.Value) []ident.CardID {
	switch n := list.Len(); {
	case n == 0:
		o.bad("cardIds", "too_short")
	case n > shipment.MaxCards:
		o.bad("cardIds", "too_long")
		return nil
	}
	var out []ident.CardID
	for i, v := range list.Elements() {
		s, isText := v.String()
		id, err := ident.ParseUUID(s)
		switch path := "cardIds." + strconv.Itoa(i); {
		case !isText:
			o.bad(path, "invalid_type")
		case err != nil:
			o.bad(path, "invalid_format")
		}
		out = append(out, ident.CardID{UUID: id})
	}
	return out
}

func (d *Door) simulateScan(c *call) error {
	return d.scan(c, issuance.Target{Shipment: ident.ShipmentID{UUID: c.id("id")}})
}

func (d *Door) simulateCardScan(c *call) error {
	return d.scan(c, issuance.Target{Card: ident.CardID{UUID: c.id("id")}})
}

// scan is one courier scan (contract §23.2).
func (d *Door) scan(c *call, target issuance.Target) error {
	c.form()
	o := c.object()
	at, err := d.pastMoment(o, "occurredAt")
	if err != nil {
		return err
	}
	cmd := issuance.RecordScan{Target: target, At: at}
	words := map[string]shipment.Status{
		"READY_TO_SHIP": shipment.ReadyToShip, "IN_TRANSIT": shipment.InTransit, "OUT_FOR_DELIVERY": shipment.OutForDelivery,
		"DELIVERED": shipment.Delivered, "DELIVERY_FAILED": shipment.DeliveryFailed, "EXCEPTION": shipment.Exception,
		"RETURNED": shipment.Returned, "LOST": shipment.Lost, "CANCELED": shipment.Canceled,
	}
	cmd.Status = words[o.choice(statusName(o, "shippingStatus"), required, "READY_TO_SHIP", "IN_TRANSIT", "OUT_FOR_DELIVERY", "DELIVERED",
		"DELIVERY_FAILED", "EXCEPTION", "RETURNED", "LOST", "CANCELED")]
	cmd.TrackingNumber, _ = o.text("trackingNumber", optional, 1, 100)
	cmd.TrackingURL = o.webAddress("trackingUrl", 500)
	cmd.ScanID, _ = o.text("scanId", optional, 1, 100)
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, noContent[card.Box], func(base issuance.Command) (card.Box, error) {
		cmd.Command = base
		return d.service.RecordScan(c.ctx(), cmd)
	})
}

// pastMoment reads a time that has come on the programme's clock; zero when it is not given or wrong. The
// clock is asked anew: the programme of the call may be older than the last turn of its clock.
func (d *Door) pastMoment(o object, name string) (time.Time, error) {
	at := o.moment(name)
	if at.IsZero() {
		return at, nil
	}
	now, err := d.service.ProgramNow(o.c.ctx(), o.c.programID())
	if err != nil {
		return at, err
	}
	if at.After(now) {
		o.bad(name, "too_big")
		return time.Time{}, nil
	}
	return at, nil
}
