package nativeapi

import (
	"context"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// listCards lists the cards that have a customer, newest first.
func (d *Door) listCards(c *call) error {
	c.takes("customer_id", "account_id", "type", "status", "sort", "limit", "cursor")
	f := issuance.CardFilter{
		Customer: ident.CustomerID{UUID: c.idParam("customer_id")}, Account: ident.AccountID{UUID: c.idParam("account_id")},
		Type: choiceParam(c, "type", card.Physical, card.Virtual),
	}
	if s := choiceParam(c, "status", card.Statuses()...); s != "" {
		f.Statuses = []card.Status{s}
	}
	page := d.page(c)
	if err := c.checked(); err != nil {
		return err
	}
	all, err := d.service.Standings(c.ctx(), c.programID(), f, page)
	if err != nil {
		return err
	}
	return write(c.w, showPage(d, c, all, page, func(st issuance.Standing) issuance.Mark {
		return issuance.Mark{CreatedAt: st.Card.CreatedAt, ID: st.Card.ID.UUID}
	}, showCard))
}

// getCard shows any card that is not deleted, also one of a batch that nobody has activated.
func (d *Door) getCard(c *call) error {
	id := ident.CardID{UUID: c.id()}
	if err := c.checked(); err != nil {
		return err
	}
	st, err := d.service.Standing(c.ctx(), c.programID(), id)
	if err != nil {
		return err
	}
	return write(c.w, ok(body(showCard, st)))
}

func (d *Door) freeze(c *call) error {
	c.because()
	return d.switchCard(c, d.service.Freeze, issuance.SwitchCard{})
}

func (d *Door) unfreeze(c *call) error {
	c.because()
	return d.switchCard(c, d.service.Unfreeze, issuance.SwitchCard{})
}

func (d *Door) block(c *call) error {
	message := c.explained("message").text("message", required, 200)
	return d.switchCard(c, d.service.Block, issuance.SwitchCard{Message: message})
}

func (d *Door) unblock(c *call) error {
	reason := c.object("reason").text("reason", optional, 200)
	return d.switchCard(c, d.service.Unblock, issuance.SwitchCard{Note: reason})
}

// switched is what a switch answers: the card's status, and the stop that stands now.
func showSwitched(w *wirejson.Writer, v issuance.CardAt) {
	w.BeginObject()
	w.Key("id").String(v.Card.ID.String())
	w.Key("status").String(string(v.Card.Status(v.At)))
	w.Key("stop").StringOrNull(string(v.Stop()))
	w.Key("frozen_by").StringOrNull(string(v.Card.FrozenBy))
	w.Key("block")
	showBlock(w, v.Card.Block)
	w.Key("updated_at")
	showTime(w, v.UpdatedAt())
	w.EndObject()
}

// switchCard freezes, unfreezes, blocks or unblocks. A card that is so already stays as it is.
func (d *Door) switchCard(c *call, command func(context.Context, issuance.SwitchCard) (issuance.CardAt, error), cmd issuance.SwitchCard) error {
	c.form()
	cmd.Card, cmd.Asked = ident.CardID{UUID: c.id()}, d.asked(c)
	if err := c.checked(); err != nil {
		return err
	}
	show := func(v issuance.CardAt) issuance.Answer { return ok(body(showSwitched, v)) }
	return perform(d, c, show, func(base issuance.Command) (issuance.CardAt, error) {
		cmd.Command = base
		return command(c.ctx(), cmd)
	})
}

// showLifecycle shows the state machines, as the rules enforce them.
func showLifecycle(c *call) error {
	c.takes()
	if err := c.checked(); err != nil {
		return err
	}
	w := wirejson.NewWriter(nil)
	w.BeginObject()
	w.Key("machines").BeginArray()
	for _, m := range issuance.Lifecycle() {
		w.BeginObject()
		w.Key("name").String(m.Name)
		w.Key("computed").Bool(m.Computed)
		w.Key("states").BeginArray()
		for _, s := range m.States {
			w.String(s)
		}
		w.EndArray()
		w.Key("transitions").BeginArray()
		for _, t := range m.Transitions {
			w.BeginObject()
			w.Key("from").String(t.From)
			w.Key("trigger").String(t.Trigger)
			w.Key("to").String(t.To)
			w.EndObject()
		}
		w.EndArray()
		w.EndObject()
	}
	w.EndArray()
	w.Key("card_actions").BeginArray()
	for _, a := range issuance.Actions() {
		w.String(string(a))
	}
	w.EndArray()
	w.EndObject()
	return write(c.w, ok(w.Bytes()))
}
