package nativeapi

import (
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// reportCard takes the report that a card is lost, stolen or damaged.
func (d *Door) reportCard(c *call) error {
	c.takes()
	c.form()
	o := c.object("as", "reason")
	cmd := issuance.ReportCard{Card: ident.CardID{UUID: c.id()}, As: choice(o, "as", issuance.Reports()...), Reason: o.text("reason", required, 200)}
	if err := c.checked(); err != nil {
		return err
	}
	show := func(r issuance.Reported) issuance.Answer { return ok(body(showReported, r)) }
	return perform(d, c, show, func(base issuance.Command) (issuance.Reported, error) {
		cmd.Command = base
		return d.service.ReportCard(c.ctx(), cmd)
	})
}

func showReported(w *wirejson.Writer, r issuance.Reported) {
	w.BeginObject()
	w.Key("card_id").String(r.Card.ID.String())
	w.Key("as").String(string(r.As))
	w.Key("changed").Bool(r.Changed)
	w.Key("status").String(string(r.Card.Status(r.At)))
	w.Key("stop").StringOrNull(string(r.Stop()))
	w.Key("plastic_state").StringOrNull(string(r.Plastic.State))
	w.Key("damaged_at")
	showTime(w, r.Plastic.DamagedAt)
	w.Key("updated_at")
	showTime(w, r.UpdatedAt())
	w.EndObject()
}
