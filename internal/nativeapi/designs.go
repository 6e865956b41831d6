package nativeapi

import (
	"context"
	"net/http"
	"strconv"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/form"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/wirejson"
)

func (d *Door) designRoutes() []httpd.Route {
	const one = "/v1/designs/{id}"
	return []httpd.Route{
		read("/v1/designs", access.DesignsRead, d.listDesigns),
		act("/v1/designs", access.DesignsWrite, d.addDesign),
		read(one, access.DesignsRead, d.getDesign),
		act(one+"/default", access.DesignsWrite, d.changeDesign(d.service.SetDefaultDesign)),
		act(one+"/retire", access.DesignsWrite, d.changeDesign(d.service.RetireDesign)),
		act(one+"/restore", access.DesignsWrite, d.changeDesign(d.service.RestoreDesign)),
	}
}

// listDesigns lists designs, newest first, retired ones too.
func (d *Door) listDesigns(c *call) error {
	c.takes("sort", "limit", "cursor")
	page := d.page(c)
	if err := c.checked(); err != nil {
		return err
	}
	list, err := d.service.Designs(c.ctx(), c.programID(), page)
	if err != nil {
		return err
	}
	mark := func(v card.Design) issuance.Mark { return issuance.Mark{CreatedAt: v.CreatedAt, ID: v.ID.UUID} }
	return write(c.w, showPage(d, c, list, page, mark, showDesign))
}

func (d *Door) getDesign(c *call) error {
	c.takes()
	id := ident.DesignID{UUID: c.id()}
	if err := c.checked(); err != nil {
		return err
	}
	found, err := d.service.Design(c.ctx(), c.programID(), id)
	if err != nil {
		return err
	}
	return write(c.w, ok(body(showDesign, found)))
}

// addDesign gives the programme another design.
func (d *Door) addDesign(c *call) error {
	c.takes()
	c.form()
	o := c.explained("name", "campaign", "types", "default")
	cmd := issuance.AddDesign{Name: o.text("name", required, 100), Campaign: o.campaign("campaign"), Types: o.cardTypes()}
	if first := o.flag("default"); first != nil {
		cmd.Default = *first
	}
	if err := c.checked(); err != nil {
		return err
	}
	show := func(v card.Design) issuance.Answer {
		return issuance.Answer{Status: http.StatusCreated, Body: body(showDesign, v)}
	}
	return perform(d, c, show, func(base issuance.Command) (card.Design, error) {
		cmd.Command = base
		return d.service.AddDesign(c.ctx(), cmd)
	})
}

// cardTypes reads which cards are made with a design; all when the member is not there.
func (o object) cardTypes() []card.Type {
	list, given := o.member("types", optional, wirejson.Array)
	if !given {
		return []card.Type{card.Physical, card.Virtual}
	}
	var out []card.Type
	for i, v := range list.Elements() {
		s, _ := v.String()
		switch t := card.Type(s); {
		case t != card.Physical && t != card.Virtual:
			o.bad("types."+strconv.Itoa(i), "invalid_enum")
		case len(out) == 1 && out[0] == t || len(out) > 1:
			o.bad("types."+strconv.Itoa(i), form.Duplicate)
		default:
			out = append(out, t)
		}
	}
	if list.Len() == 0 {
		o.bad("types", form.TooShort)
	}
	return out
}

// changeDesign makes the handler of a command on one design.
func (d *Door) changeDesign(command func(context.Context, issuance.ChangeDesign) (card.Design, error)) func(*call) error {
	return func(c *call) error {
		c.takes()
		c.form()
		c.because()
		cmd := issuance.ChangeDesign{Design: ident.DesignID{UUID: c.id()}}
		if err := c.checked(); err != nil {
			return err
		}
		show := func(v card.Design) issuance.Answer { return ok(body(showDesign, v)) }
		return perform(d, c, show, func(base issuance.Command) (card.Design, error) {
			cmd.Command = base
			return command(c.ctx(), cmd)
		})
	}
}

func showDesign(w *wirejson.Writer, d card.Design) {
	w.BeginObject()
	w.Key("id").String(d.ID.String())
	w.Key("name").String(d.Name)
	w.Key("campaign").StringOrNull(d.Campaign)
	w.Key("types").BeginArray()
	for _, t := range d.Types {
		w.String(string(t))
	}
	w.EndArray()
	w.Key("active").Bool(d.Active)
	w.Key("default").Bool(d.Default)
	w.Key("created_at")
	showTime(w, d.CreatedAt)
	w.Key("updated_at")
	showTime(w, d.UpdatedAt)
	w.EndObject()
}
