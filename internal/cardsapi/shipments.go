package cardsapi

import (
	"strconv"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/shipment"
	"github.com/firsttap/firsttap/internal/wirejson"
)

func boxAnswer(b card.Box) issuance.Answer { return ok(body(showBox, b)) }

// submitAnswer tells by its status whether some member was refused (contract §14.10).
func submitAnswer(b card.Box) issuance.Answer {
	a := boxAnswer(b)
	for _, p := range b.Packed {
		if p.Member.Rejected() {
			a.Status = 207
		}
	}
	return a
}

// createShipment is contract §14.3.
func (d *Door) createShipment(c *call) error {
	c.form()
	cmd := d.readShipment(c)
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, boxAnswer, func(base issuance.Command) (card.Box, error) {
		cmd.Command = base
		return d.service.CreateShipment(c.ctx(), cmd)
	})
}

func (d *Door) readShipment(c *call) issuance.CreateShipment {
	var cmd issuance.CreateShipment
	o := c.object()
	if part, given := o.child("destinationAddress", required); given {
		cmd.Destination = d.address(part)
	}
	if part, given := o.child("recipient", required); given {
		cmd.Recipient = d.recipient(part)
	}
	if part, given := o.child("courier", required); given {
		cmd.Courier = d.courier(part, cmd.Destination.Country)
	}
	list, given := o.member("cards", required, wirejson.Array)
	if !given {
		return cmd
	}
	switch n := list.Len(); {
	case n == 0:
		o.bad("cards", "too_short")
	case n > shipment.MaxCards:
		o.bad("cards", "too_long")
		return cmd
	}
	seen := map[ident.CardID]bool{}
	for i, v := range list.Elements() {
		part := object{c: c, v: v, path: "cards." + strconv.Itoa(i)}
		if v.Kind() != wirejson.Object {
			c.bad(inBody, part.path, "invalid_type")
			continue
		}
		m := d.readMember(part)
		if !m.Card.IsZero() && seen[m.Card] {
			part.bad("cardId", "duplicate")
		}
		seen[m.Card] = true
		cmd.Members = append(cmd.Members, m)
	}
	return cmd
}

func (d *Door) readMember(o object) issuance.NewMember {
	m := issuance.NewMember{Card: ident.CardID{UUID: o.id("cardId")}}
	m.Design, _ = o.text("cardDesignId", optional, 1, 100)
	if part, given := o.child("shippingAddress", optional); given {
		a := d.address(part)
		m.Address = &a
	}
	return m
}

// listShipments is contract §14.4.
func (d *Door) listShipments(c *call) error {
	f := issuance.ShipmentFilter{Card: ident.CardID{UUID: c.idParam("cardId")}}
	names := make([]string, len(shipmentWords))
	for i, word := range shipmentWords {
		names[i] = word.name
	}
	status := c.choiceParam("status", names...)
	for _, word := range shipmentWords {
		if word.name == status {
			f.Statuses = word.states
		}
	}
	page, seal := d.pageOf(c, f.Card.String(), status)
	if err := c.checked(); err != nil {
		return err
	}
	all, err := d.service.Shipments(c.ctx(), c.programID(), f, page)
	if err != nil {
		return err
	}
	return write(c.w, ok(showPage(all, page, seal, func(s issuance.ListedShipment) issuance.Mark {
		return issuance.Mark{CreatedAt: s.CreatedAt, ID: s.ID.UUID}
	}, showShipment)))
}

func (d *Door) getShipment(c *call) error {
	id := ident.ShipmentID{UUID: c.id("id")}
	if err := c.checked(); err != nil {
		return err
	}
	b, err := d.service.Shipment(c.ctx(), c.programID(), id)
	if err != nil {
		return err
	}
	return write(c.w, boxAnswer(b))
}

// editShipment is contract §14.6. A part that is null is missing, one that is absent stays.
func (d *Door) editShipment(c *call) error {
	cmd := issuance.EditShipment{Shipment: ident.ShipmentID{UUID: c.id("id")}}
	o := c.object()
	part := func(name string) (object, bool) {
		return o.child(name, need(o.v.Get(name).Kind() == wirejson.Null))
	}
	if p, given := part("destinationAddress"); given {
		a := d.address(p)
		cmd.Destination = &a
	}
	if p, given := part("recipient"); given {
		r := d.recipient(p)
		cmd.Recipient = &r
	}
	if p, given := part("courier"); given {
		country := ""
		if cmd.Destination != nil {
			country = cmd.Destination.Country
		}
		courier := d.courier(p, country)
		cmd.Courier = &courier
	}
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, boxAnswer, func(base issuance.Command) (card.Box, error) {
		cmd.Command = base
		return d.service.EditShipment(c.ctx(), cmd)
	})
}

// deleteShipment is contract §14.7.
func (d *Door) deleteShipment(c *call) error {
	cmd := issuance.DeleteShipment{Shipment: ident.ShipmentID{UUID: c.id("id")}}
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, noContent[struct{}], func(base issuance.Command) (struct{}, error) {
		cmd.Command = base
		return struct{}{}, d.service.DeleteShipment(c.ctx(), cmd)
	})
}

// addMember is contract §14.8.
func (d *Door) addMember(c *call) error {
	c.form()
	cmd := issuance.AddMember{Shipment: ident.ShipmentID{UUID: c.id("id")}, Member: d.readMember(c.object())}
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, boxAnswer, func(base issuance.Command) (card.Box, error) {
		cmd.Command = base
		return d.service.AddMember(c.ctx(), cmd)
	})
}

// removeMember is contract §14.9.
func (d *Door) removeMember(c *call) error {
	cmd := issuance.RemoveMember{Shipment: ident.ShipmentID{UUID: c.id("id")}, Member: ident.MemberID{UUID: c.id("memberId")}}
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, boxAnswer, func(base issuance.Command) (card.Box, error) {
		cmd.Command = base
		return d.service.RemoveMember(c.ctx(), cmd)
	})
}

// submitShipment is contract §14.10.
func (d *Door) submitShipment(c *call) error {
	c.form()
	cmd := issuance.SubmitShipment{Shipment: ident.ShipmentID{UUID: c.id("id")}}
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, submitAnswer, func(base issuance.Command) (card.Box, error) {
		cmd.Command = base
		return d.service.SubmitShipment(c.ctx(), cmd)
	})
}
