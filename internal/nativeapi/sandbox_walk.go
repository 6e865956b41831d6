package nativeapi

import (
	"slices"
	"strconv"

	"github.com/firsttap/firsttap/internal/form"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/shipment"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// walkShipment moves a parcel of a sandbox programme on.
func (d *Door) walkShipment(c *call) error {
	c.takes()
	c.form()
	o := c.explained("to", "cards", "at", "tracking_number", "scan_id")
	cmd := issuance.WalkShipment{
		Shipment: ident.ShipmentID{UUID: c.id()}, Step: choiceMember(o, "to", issuance.StepNext, issuance.Steps()),
		TrackingNumber: o.text("tracking_number", optional, 100), ScanID: o.text("scan_id", optional, 100), Cards: o.cardIDs("cards"),
	}
	if cmd.Step != issuance.StepRejected && o.v.Get("cards").Given() {
		o.bad("cards", "not_allowed")
	}
	reported := []string{"at", "tracking_number", "scan_id"}
	if ofBureau := cmd.Step == issuance.StepProduce || cmd.Step == issuance.StepRejected; ofBureau {
		for _, name := range reported {
			if o.v.Get(name).Given() {
				o.bad(name, "not_allowed")
			}
		}
	} else if o.v.Get("at").Given() {
		cmd.At = o.moment("at")
	}
	if err := c.checked(); err != nil {
		return err
	}
	show := func(v issuance.Walked) issuance.Answer { return ok(body(showWalked, v)) }
	return perform(d, c, show, func(base issuance.Command) (issuance.Walked, error) {
		cmd.Command = base
		return d.service.WalkShipment(c.ctx(), cmd)
	})
}

// cardIDs reads a list of cards that may be missing.
func (o object) cardIDs(name string) []ident.CardID {
	list, given := o.member(name, optional, wirejson.Array)
	if !given {
		return nil
	}
	switch n := list.Len(); {
	case n == 0:
		o.bad(name, form.TooShort)
	case n > shipment.MaxCards:
		o.bad(name, form.TooLong)
		return nil
	}
	var out []ident.CardID
	for i, v := range list.Elements() {
		s, _ := v.String()
		u, err := ident.ParseUUID(s)
		if err != nil {
			o.bad(name+"."+strconv.Itoa(i), form.InvalidFormat)
		}
		if id := (ident.CardID{UUID: u}); !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

func showWalked(w *wirejson.Writer, v issuance.Walked) {
	w.BeginObject()
	w.Key("shipment_id").String(v.Shipment.ID.String())
	w.Key("status_before").String(string(v.From))
	w.Key("status").String(string(v.Shipment.Status))
	w.Key("tracking_number").StringOrNull(v.Shipment.TrackingNumber)
	w.Key("delivered_at")
	showTime(w, v.Shipment.DeliveredAt)
	w.Key("cards").BeginArray()
	for _, p := range v.Packed {
		w.BeginObject()
		w.Key("card_id").String(p.Member.Card.String())
		w.Key("rejection_reason").StringOrNull(p.Member.RejectionReason)
		w.Key("plastic_state")
		if p.Member.Rejected() {
			w.Null() // it may be in another shipment
		} else {
			w.String(string(p.Plastic.State))
		}
		w.EndObject()
	}
	w.EndArray()
	w.EndObject()
}
