package nativeapi

import (
	"net/http"

	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// replaceCard ends a card and makes its successor.
func (d *Door) replaceCard(c *call) error {
	c.takes()
	c.form()
	o := c.object("for", "reason")
	cmd := issuance.ReplaceCard{Card: ident.CardID{UUID: c.id()}, For: choice(o, "for", issuance.ReplacementCauses()...), Reason: o.text("reason", required, 200)}
	if err := c.checked(); err != nil {
		return err
	}
	show := func(r issuance.Replaced) issuance.Answer {
		return issuance.Answer{Status: http.StatusCreated, Body: body(showReplaced, r)}
	}
	return perform(d, c, show, func(base issuance.Command) (issuance.Replaced, error) {
		cmd.Command = base
		return d.service.ReplaceCard(c.ctx(), cmd)
	})
}

func showReplaced(w *wirejson.Writer, r issuance.Replaced) {
	w.BeginObject()
	w.Key("card_id").String(r.Successor.Card.ID.String())
	w.Key("status").String(string(r.Successor.Card.Status(r.Successor.At)))
	w.Key("plastic_state").StringOrNull(string(r.Successor.Plastic.State))
	w.Key("replaces").String(r.Source.Card.ID.String())
	w.Key("source_status").String(string(r.Source.Card.Status(r.Source.At)))
	w.Key("source_stop").StringOrNull(string(r.Source.Stop()))
	w.Key("source_plastic_state").StringOrNull(string(r.Source.Plastic.State))
	w.EndObject()
}
