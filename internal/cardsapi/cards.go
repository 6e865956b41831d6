package cardsapi

import (
	"context"
	"errors"
	"strings"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/form"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/wirejson"
)

func cardAnswer(v issuance.CardAt) issuance.Answer { return ok(body(showCard, v)) }

// createCard is contract §10.2.
func (d *Door) createCard(c *call) error {
	c.form()
	o := c.object()
	cmd := issuance.CreateCard{
		Customer: ident.CustomerID{UUID: o.id("userId")}, Account: ident.AccountID{UUID: o.id("accountId")},
		Type: card.Physical, ThreeDS: "SMS",
	}
	if o.choice("type", required, "VIRTUAL", "PHYSICAL") == "VIRTUAL" {
		cmd.Type = card.Virtual
	}
	if method := o.choice("3dsChallengeMethod", optional, "SMS", "WEBHOOK"); method != "" {
		cmd.ThreeDS = method
	}
	cmd.Design, _ = o.text("cardDesignId", optional, 1, 100)
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, cardAnswer, func(base issuance.Command) (issuance.CardAt, error) {
		cmd.Command = base
		return d.service.CreateCard(c.ctx(), cmd)
	})
}

// listCards is contract §10.3.
func (d *Door) listCards(c *call) error {
	f := issuance.CardFilter{
		Customer: ident.CustomerID{UUID: c.idParam("userId")}, Account: ident.AccountID{UUID: c.idParam("accountId")},
	}
	kind := c.choiceParam("type", "VIRTUAL", "PHYSICAL")
	for _, t := range []card.Type{card.Virtual, card.Physical} {
		if cardType(t) == kind {
			f.Type = t
		}
	}
	status := c.choiceParam("status", "ACTIVE", "FROZEN", "BLOCKED", "EXPIRED")
	for _, s := range card.Statuses() {
		if status != "" && cardStatus(s) == status {
			f.Statuses = append(f.Statuses, s)
		}
	}
	page, seal := d.pageOf(c, f.Customer.String(), f.Account.String(), kind, status)
	if err := c.checked(); err != nil {
		return err
	}
	all, err := d.service.Cards(c.ctx(), c.programID(), f, page)
	if err != nil {
		return err
	}
	return write(c.w, ok(showPage(all, page, seal, func(v issuance.CardAt) issuance.Mark {
		return issuance.Mark{CreatedAt: v.Card.CreatedAt, ID: v.Card.ID.UUID}
	}, showCard)))
}

func (d *Door) getCard(c *call) error {
	id := ident.CardID{UUID: c.id("id")}
	if err := c.checked(); err != nil {
		return err
	}
	v, err := d.service.Card(c.ctx(), c.programID(), id)
	if err != nil {
		return err
	}
	return write(c.w, cardAnswer(v))
}

// deleteCard is contract §10.5.
func (d *Door) deleteCard(c *call) error {
	cmd := issuance.DeleteCard{Card: ident.CardID{UUID: c.id("id")}}
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, noContent[struct{}], func(base issuance.Command) (struct{}, error) {
		cmd.Command = base
		return struct{}{}, d.service.DeleteCard(c.ctx(), cmd)
	})
}

func (d *Door) freeze(c *call) error   { return d.switchCard(c, d.service.Freeze, "") }
func (d *Door) unfreeze(c *call) error { return d.switchCard(c, d.service.Unfreeze, "") }
func (d *Door) unblock(c *call) error  { return d.switchCard(c, d.service.Unblock, "") }

// block is contract §10.8.
func (d *Door) block(c *call) error {
	message, given := c.object().text("message", optional, 1, 200)
	if !given {
		message = "Blocked by partner"
	}
	return d.switchCard(c, d.service.Block, message)
}

// switchCard is contract §10.7 and §10.8.
func (d *Door) switchCard(c *call, command func(context.Context, issuance.SwitchCard) (issuance.CardAt, error), message string) error {
	c.form()
	cmd := issuance.SwitchCard{Card: ident.CardID{UUID: c.id("id")}, Message: message}
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, cardAnswer, func(base issuance.Command) (issuance.CardAt, error) {
		cmd.Command = base
		return command(c.ctx(), cmd)
	})
}

// activate is contract §11. The code is never read from the URL: a parameter that looks like one is refused.
func (d *Door) activate(c *call) error {
	c.form()
	cmd := issuance.ActivateCard{Card: ident.CardID{UUID: c.id("id")}}
	for _, name := range []string{"activationCode", "activation_code", "code", "pin"} {
		if c.queryHas(name) {
			c.bad(inQuery, name, "not_allowed")
		}
	}
	o := c.object()
	if v, given := o.member("activationCode", required, wirejson.String); given {
		s, _ := v.String()
		code, valid := card.ParseCode(s)
		if !valid {
			c.wrong[inBody] = append(c.wrong[inBody], fault.Field{Path: "activationCode", Code: "invalid_format", Message: "must be 6 digits"})
		}
		cmd.Code = code
	}
	defer cmd.Code.Wipe()
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, noContent[struct{}], func(base issuance.Command) (struct{}, error) {
		cmd.Command = base
		return struct{}{}, d.service.Activate(c.ctx(), cmd)
	})
}

// readCode is contract §12. The code leaves its wrapper here, for the one answer that carries it.
func (d *Door) readCode(c *call) error {
	const header = "firsttap-reason"
	cmd := issuance.ReadActivationCode{Caller: c.caller(), Card: ident.CardID{UUID: c.id("id")}}
	if values := c.r.Header.Values(header); len(values) > 0 {
		cmd.Reason = strings.ToValidUTF8(values[0], "\x00")
		if len(form.Distinct(values)) > 1 {
			c.bad(inHeaders, header, "duplicate")
		} else if code := form.TextProblem(cmd.Reason, 1, 200); code != "" {
			c.bad(inHeaders, header, code)
		}
	}
	if err := c.checked(); err != nil {
		return err
	}
	code, err := d.service.ReadActivationCode(c.ctx(), cmd)
	if err != nil {
		if errors.Is(err, card.RevealForbidden) && fault.Of(err).Detail == issuance.ReasonRequired {
			c.bad(inHeaders, header, "required")
			return c.checked()
		}
		return err
	}
	defer code.Wipe()
	c.w.Header().Set("Pragma", "no-cache")
	w := wirejson.NewWriter(nil)
	w.BeginObject()
	w.Key("activationCode").String(code.Reveal())
	w.EndObject()
	return write(c.w, ok(w.Bytes()))
}
