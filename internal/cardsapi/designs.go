package cardsapi

import (
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/wirejson"
)

func designAnswer(d card.Design) issuance.Answer { return ok(body(showDesign, d)) }

// showDesign writes a design (contract §15).
func showDesign(w *wirejson.Writer, d card.Design) {
	status := "ACTIVE"
	if !d.Active {
		status = "INACTIVE"
	}
	w.BeginObject()
	w.Key("id")
	showID(w, d.ID.UUID)
	w.Key("name").String(d.Name)
	w.Key("cardTypes").BeginArray()
	for _, t := range []card.Type{card.Virtual, card.Physical} {
		if d.Makes(t) {
			w.String(cardType(t))
		}
	}
	w.EndArray()
	w.Key("status").String(status)
	w.Key("isDefault").Bool(d.Default)
	w.Key("createdAt")
	showTime(w, d.CreatedAt)
	w.Key("updatedAt")
	showTime(w, d.UpdatedAt)
	w.EndObject()
}

// listDesigns is contract §15.
func (d *Door) listDesigns(c *call) error {
	page, seal := d.pageOf(c)
	if err := c.checked(); err != nil {
		return err
	}
	all, err := d.service.Designs(c.ctx(), c.programID(), page)
	if err != nil {
		return err
	}
	mark := func(d card.Design) issuance.Mark { return issuance.Mark{CreatedAt: d.CreatedAt, ID: d.ID.UUID} }
	return write(c.w, ok(showPage(all, page, seal, mark, showDesign)))
}

func (d *Door) getDesign(c *call) error {
	id := ident.DesignID{UUID: c.id("id")}
	if err := c.checked(); err != nil {
		return err
	}
	found, err := d.service.Design(c.ctx(), c.programID(), id)
	if err != nil {
		return err
	}
	return write(c.w, designAnswer(found))
}

// setDefaultDesign is contract §15; later cards have the design.
func (d *Door) setDefaultDesign(c *call) error {
	c.form()
	cmd := issuance.ChangeDesign{Design: ident.DesignID{UUID: c.id("id")}}
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, designAnswer, func(base issuance.Command) (card.Design, error) {
		cmd.Command = base
		return d.service.SetDefaultDesign(c.ctx(), cmd)
	})
}
