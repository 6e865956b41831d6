package nativeapi

import (
	"context"
	"net/http"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/shipment"
	"github.com/firsttap/firsttap/internal/wirejson"
)

func (d *Door) shipmentRoutes() []httpd.Route {
	const one = "/v1/shipments/{id}"
	redirect := act(one, access.ShipmentsWrite, d.redirectShipment)
	redirect.Method = http.MethodPatch
	return []httpd.Route{
		read("/v1/shipments", access.ShipmentsRead, d.listShipments),
		read(one, access.ShipmentsRead, d.getShipment),
		redirect,
		act(one+"/cancel", access.ShipmentsWrite, d.cancelShipment),
		act(one+"/reship", access.ShipmentsWrite, d.reshipShipment),
		act(one+"/destroy", access.ShipmentsWrite, d.destroyShipment),
		act("/v1/couriers/{courier}/scans", access.ScansWrite, d.courierScan),
	}
}

// listShipments lists shipments of both kinds, newest first.
func (d *Door) listShipments(c *call) error {
	c.takes("status", "sort", "limit", "cursor")
	f := issuance.ShipmentFilter{Batches: true}
	if s := choiceParam(c, "status", shipment.Statuses()...); s != "" {
		f.Statuses = []shipment.Status{s}
	}
	page := d.page(c)
	if err := c.checked(); err != nil {
		return err
	}
	all, err := d.service.Shipments(c.ctx(), c.programID(), f, page)
	if err != nil {
		return err
	}
	return write(c.w, showPage(d, c, all, page, func(s issuance.ListedShipment) issuance.Mark {
		return issuance.Mark{CreatedAt: s.CreatedAt, ID: s.ID.UUID}
	}, showListedShipment))
}

func (d *Door) getShipment(c *call) error {
	c.takes()
	id := ident.ShipmentID{UUID: c.id()}
	if err := c.checked(); err != nil {
		return err
	}
	st, err := d.service.ShipmentStanding(c.ctx(), c.programID(), id)
	if err != nil {
		return err
	}
	return write(c.w, ok(body(showShipment, st)))
}

// cancelShipment ends a shipment that the bureau has not begun.
func (d *Door) cancelShipment(c *call) error {
	c.takes()
	c.form()
	cmd := issuance.CancelShipment{Shipment: ident.ShipmentID{UUID: c.id()}, Reason: c.object("reason").text("reason", required, 200)}
	return d.changeShipment(c, http.StatusOK, func(ctx context.Context, base issuance.Command) (issuance.ShipmentStanding, error) {
		cmd.Command = base
		return d.service.CancelShipment(ctx, cmd)
	})
}

// reshipShipment sends again what came back.
func (d *Door) reshipShipment(c *call) error {
	c.takes()
	c.form()
	o := c.object("destination", "tracking_number", "tracking_url", "reason")
	cmd := issuance.ReshipShipment{
		Shipment: ident.ShipmentID{UUID: c.id()}, TrackingNumber: o.text("tracking_number", optional, 100),
		TrackingURL: o.webAddress("tracking_url", 500), Reason: o.text("reason", required, 200),
	}
	if to, given := o.destination(optional); given {
		cmd.Destination = &to
	}
	return d.changeShipment(c, http.StatusCreated, func(ctx context.Context, base issuance.Command) (issuance.ShipmentStanding, error) {
		cmd.Command = base
		return d.service.ReshipShipment(ctx, cmd)
	})
}

// destroyShipment tells that what came back was destroyed.
func (d *Door) destroyShipment(c *call) error {
	c.takes()
	c.form()
	cmd := issuance.DestroyShipment{Shipment: ident.ShipmentID{UUID: c.id()}, Reason: c.object("reason").text("reason", required, 200)}
	return d.changeShipment(c, http.StatusOK, func(ctx context.Context, base issuance.Command) (issuance.ShipmentStanding, error) {
		cmd.Command = base
		return d.service.DestroyShipment(ctx, cmd)
	})
}

// redirectShipment sends a shipment elsewhere that the bureau has not begun.
func (d *Door) redirectShipment(c *call) error {
	c.takes()
	c.form()
	o := c.object("destination", "reason")
	cmd := issuance.RedirectShipment{Shipment: ident.ShipmentID{UUID: c.id()}, Reason: o.text("reason", required, 200)}
	cmd.Destination, _ = o.destination(required)
	return d.changeShipment(c, http.StatusOK, func(ctx context.Context, base issuance.Command) (issuance.ShipmentStanding, error) {
		cmd.Command = base
		return d.service.RedirectShipment(ctx, cmd)
	})
}

// courierScan takes a report of a courier, in the courier's own words.
func (d *Door) courierScan(c *call) error {
	c.takes()
	c.form()
	o := c.object("tracking_number", "shipment_id", "status", "at", "scan_id", "tracking_url")
	cmd := issuance.CourierScan{
		Courier: httpd.Param(c.r, "courier"), TrackingNumber: o.text("tracking_number", required, 100), Shipment: ident.ShipmentID{UUID: o.id("shipment_id", optional)},
		Word: o.text("status", required, 40), ScanID: o.text("scan_id", optional, 100), TrackingURL: o.webAddress("tracking_url", 500),
	}
	if o.v.Get("at").Given() {
		cmd.At = o.moment("at")
	}
	if err := c.checked(); err != nil {
		return err
	}
	show := func(s shipment.Shipment) issuance.Answer { return ok(body(showScanned, s)) }
	return perform(d, c, show, func(base issuance.Command) (shipment.Shipment, error) {
		cmd.Command = base
		return d.service.CourierScan(c.ctx(), cmd)
	})
}

func showScanned(w *wirejson.Writer, s shipment.Shipment) {
	w.BeginObject()
	w.Key("shipment_id").String(s.ID.String())
	w.Key("status").String(string(s.Status))
	w.EndObject()
}

// changeShipment runs a command on a shipment once its request has its form.
func (d *Door) changeShipment(c *call, status int, command func(context.Context, issuance.Command) (issuance.ShipmentStanding, error)) error {
	if err := c.checked(); err != nil {
		return err
	}
	show := func(st issuance.ShipmentStanding) issuance.Answer {
		return issuance.Answer{Status: status, Body: body(showShipment, st)}
	}
	return perform(d, c, show, func(base issuance.Command) (issuance.ShipmentStanding, error) { return command(c.ctx(), base) })
}

// destination reads where a shipment goes.
func (o object) destination(n need) (to shipment.Address, given bool) {
	v, given := o.member("destination", n, wirejson.Object)
	if given {
		to = object{c: o.c, v: v, path: o.path + ".destination"}.address()
	}
	return to, given
}

// address reads an address that the rules have a look at.
func (o object) address() shipment.Address {
	o.takes("line1", "line2", "zone", "city", "postal_code", "country")
	return shipment.Address{
		Line1: o.text("line1", required, 100), Line2: o.text("line2", optional, 100), Zone: o.text("zone", optional, 60),
		City: o.text("city", required, 60), PostalCode: o.text("postal_code", optional, 16), Country: o.country("country"),
	}
}

func showListedShipment(w *wirejson.Writer, s issuance.ListedShipment) {
	w.BeginObject()
	showBox(w, s.Shipment)
	w.Key("updated_at")
	showTime(w, s.ChangedAt)
	w.EndObject()
}

// showBox writes what a shipment shows in a list and alone.
func showBox(w *wirejson.Writer, s shipment.Shipment) {
	w.Key("id").String(s.ID.String())
	w.Key("kind").String(string(s.Kind))
	w.Key("batch_id")
	showID(w, s.Batch.UUID)
	w.Key("status").String(string(s.Status))
	w.Key("destination")
	showAddress(w, s.Destination)
	w.Key("recipient").BeginObject()
	w.Key("first_name").StringOrNull(s.Recipient.FirstName)
	w.Key("last_name").StringOrNull(s.Recipient.LastName)
	w.Key("dial_code").Int(int64(s.Recipient.DialCode))
	w.Key("phone_number").StringOrNull(s.Recipient.PhoneNumber)
	w.Key("email").StringOrNull(s.Recipient.Email)
	w.EndObject()
	w.Key("courier").StringOrNull(s.Courier.Type)
	w.Key("courier_name").StringOrNull(s.Courier.Name)
	w.Key("tracking_number").StringOrNull(s.TrackingNumber)
	w.Key("tracking_url").StringOrNull(s.TrackingURL)
	w.Key("cutoff_at")
	showTime(w, s.CutoffAt)
	w.Key("submitted_at")
	showTime(w, s.SubmittedAt)
	w.Key("delivered_at")
	showTime(w, s.DeliveredAt)
	w.Key("created_at")
	showTime(w, s.CreatedAt)
}

func showAddress(w *wirejson.Writer, a shipment.Address) {
	w.BeginObject()
	w.Key("line1").StringOrNull(a.Line1)
	w.Key("line2").StringOrNull(a.Line2)
	w.Key("zone").StringOrNull(a.Zone)
	w.Key("city").StringOrNull(a.City)
	w.Key("postal_code").StringOrNull(a.PostalCode)
	w.Key("country").StringOrNull(a.Country)
	w.EndObject()
}

// showShipment writes a shipment with what lies in it, what was reported about it, and what may be done.
func showShipment(w *wirejson.Writer, st issuance.ShipmentStanding) {
	w.BeginObject()
	showBox(w, st.Shipment)
	w.Key("members").BeginArray()
	for _, p := range st.Packed {
		showMember(w, p)
	}
	w.EndArray()
	w.Key("scans").BeginArray()
	for _, scan := range st.Scans {
		w.BeginObject()
		w.Key("status").String(string(scan.Status))
		w.Key("at")
		showTime(w, scan.At)
		w.Key("recorded_at")
		showTime(w, scan.RecordedAt)
		w.EndObject()
	}
	w.EndArray()
	w.Key("allowed_actions").BeginArray()
	for _, a := range st.Allowed() {
		w.String(string(a))
	}
	w.EndArray()
	w.Key("updated_at")
	showTime(w, st.LastChange())
	w.EndObject()
}

func showMember(w *wirejson.Writer, p card.Packed) {
	w.BeginObject()
	w.Key("id").String(p.Member.ID.String())
	w.Key("card_id").String(p.Member.Card.String())
	w.Key("design_id")
	showID(w, p.Member.Design.UUID)
	w.Key("address")
	showAddress(w, p.Member.Address)
	w.Key("plastic_state").String(string(p.Plastic.State))
	w.Key("custody").StringOrNull(string(p.Plastic.Custody))
	w.Key("rejected_at")
	showTime(w, p.Member.RejectedAt)
	w.Key("rejection_reason").StringOrNull(p.Member.RejectionReason)
	w.EndObject()
}
