package nativeapi

import (
	"net/http"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// reissueCard makes another plastic with the same number.
func (d *Door) reissueCard(c *call) error {
	c.takes()
	c.form()
	o := c.object("for", "reason", "retire_source", "retire_on", "design_id")
	return d.reissue(c, o, issuance.ReissueCard{
		For: choice(o, "for", issuance.ReissueCauses()...), Retire: choiceMember(o, "retire_source", "", card.RetireSources()), Design: o.idText("design_id"),
	})
}

// renewCard makes one with another expiry and CVV too.
func (d *Door) renewCard(c *call) error {
	c.takes()
	c.form()
	o := c.object("reason", "retire_source", "retire_on", "design_id")
	return d.reissue(c, o, issuance.ReissueCard{
		For: issuance.ReissueRenewal, Retire: choiceMember(o, "retire_source", "", card.RetireSources()), Design: o.idText("design_id"),
	})
}

// reissue reads what both have alike. A date belongs to on_date; only a renewal has one of its own, which is the expiry.
func (d *Door) reissue(c *call, o object, cmd issuance.ReissueCard) error {
	cmd.Card, cmd.Reason = ident.CardID{UUID: c.id()}, o.text("reason", required, 200)
	switch dated := o.v.Get("retire_on").Given(); {
	case dated && cmd.Retire != card.RetireOnDate:
		o.bad("retire_on", "not_allowed")
	case dated || cmd.Retire == card.RetireOnDate && cmd.For != issuance.ReissueRenewal:
		cmd.RetireOn = o.moment("retire_on")
	}
	if err := c.checked(); err != nil {
		return err
	}
	show := func(r issuance.Reissued) issuance.Answer {
		return issuance.Answer{Status: http.StatusCreated, Body: body(showReissued, r)}
	}
	return perform(d, c, show, func(base issuance.Command) (issuance.Reissued, error) {
		cmd.Command = base
		return d.service.ReissueCard(c.ctx(), cmd)
	})
}

// idText reads an id that the rules read again; "" when it is not given.
func (o object) idText(name string) string {
	id := o.id(name, optional)
	if id.IsZero() {
		return ""
	}
	return id.String()
}

func showReissued(w *wirejson.Writer, r issuance.Reissued) {
	w.BeginObject()
	w.Key("card_id").String(r.Card.ID.String())
	w.Key("status").String(string(r.Card.Status(r.At)))
	w.Key("plastic_id").String(r.Plastic.ID.String())
	w.Key("plastic_state").String(string(r.Plastic.State))
	w.Key("expires_at")
	showTime(w, r.Coming().ExpiresAt())
	w.Key("supersedes").String(r.Source.ID.String())
	w.Key("retire_source").String(string(r.Plastic.Link.RetireSource))
	w.Key("source_plastic_state").String(string(r.Source.At(r.At).State))
	w.Key("source_retires_at")
	showTime(w, r.Source.RetiresAt)
	w.EndObject()
}

// showNext writes the plastic that is to take the place of the one that speaks for the card.
func showNext(w *wirejson.Writer, st issuance.Standing) {
	if st.Next == nil {
		w.Null()
		return
	}
	v := st.Coming()
	p := v.Plastic
	w.BeginObject()
	w.Key("id").String(p.ID.String())
	w.Key("state").String(string(p.State))
	w.Key("physical_status").StringOrNull(string(v.Physical()))
	w.Key("custody").StringOrNull(string(p.Custody))
	w.Key("supersedes").String(p.Link.Supersedes.String())
	w.Key("retire_source").String(string(p.Link.RetireSource))
	w.Key("expires_at")
	showTime(w, v.ExpiresAt())
	w.Key("parcel")
	showParcel(w, v.Box)
	w.Key("created_at")
	showTime(w, p.CreatedAt)
	w.EndObject()
}
