package nativeapi

import (
	"time"

	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/form"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// listDeliveries lists what went or goes to a webhook, newest first.
func (d *Door) listDeliveries(c *call) error {
	c.takes("status", "sort", "limit", "cursor")
	id := ident.EndpointID{UUID: c.id()}
	state := choiceParam(c, "status", issuance.DeliveryStates()...)
	page := d.page(c)
	if err := c.checked(); err != nil {
		return err
	}
	all, err := d.service.Deliveries(c.ctx(), c.programID(), event.NativeDoor, id, state, page)
	if err != nil {
		return err
	}
	return write(c.w, showPage(d, c, all, page, func(v issuance.Delivery) issuance.Mark {
		return issuance.Mark{CreatedAt: v.CreatedAt, ID: v.ID.UUID}
	}, showDelivery))
}

// deliveryID reads the id of a delivery in the path.
func (c *call) deliveryID() ident.DeliveryID {
	u, err := ident.ParseUUID(httpd.Param(c.r, "delivery_id"))
	if err != nil {
		c.bad("path.delivery_id", form.InvalidFormat)
	}
	return ident.DeliveryID{UUID: u}
}

// getDelivery shows a delivery with its body and each attempt.
func (d *Door) getDelivery(c *call) error {
	c.takes()
	to, id := ident.EndpointID{UUID: c.id()}, c.deliveryID()
	if err := c.checked(); err != nil {
		return err
	}
	v, attempts, err := d.service.Delivery(c.ctx(), c.programID(), event.NativeDoor, to, id)
	if err != nil {
		return err
	}
	w := wirejson.NewWriter(nil)
	w.BeginObject()
	deliveryMembers(w, v)
	w.Key("body").Raw(v.Body)
	w.Key("attempts").BeginArray()
	for _, a := range attempts {
		showAttempt(w, a)
	}
	w.EndArray()
	w.EndObject()
	return write(c.w, ok(w.Bytes()))
}

// retryDelivery makes a delivery due at once, in whatever state it is.
func (d *Door) retryDelivery(c *call) error {
	c.takes()
	c.form()
	c.because()
	cmd := issuance.ReplayDelivery{Door: event.NativeDoor, Endpoint: ident.EndpointID{UUID: c.id()}, Delivery: c.deliveryID()}
	if err := c.checked(); err != nil {
		return err
	}
	show := func(v issuance.Delivery) issuance.Answer { return ok(body(showDelivery, v)) }
	return perform(d, c, show, func(base issuance.Command) (issuance.Delivery, error) {
		cmd.Command = base
		return d.service.ReplayDelivery(c.ctx(), cmd)
	})
}

// replayDeliveries sends again what a webhook got, or did not get, in a time.
func (d *Door) replayDeliveries(c *call) error {
	c.takes()
	c.form()
	o := c.explained("from", "to", "status")
	cmd := issuance.ReplayRange{
		Door: event.NativeDoor, Endpoint: ident.EndpointID{UUID: c.id()}, From: o.moment("from"), To: o.moment("to"),
		State: choiceMember(o, "status", issuance.DeliveryExhausted,
			[]issuance.DeliveryState{issuance.DeliveryExhausted, issuance.DeliveryDelivered, issuance.DeliveryPending}),
	}
	if err := c.checked(); err != nil {
		return err
	}
	show := func(v issuance.RangeReplayed) issuance.Answer {
		w := wirejson.NewWriter(nil)
		w.BeginObject()
		w.Key("replayed").Int(int64(v.Count))
		w.Key("more").Bool(v.More)
		w.EndObject()
		return ok(w.Bytes())
	}
	return perform(d, c, show, func(base issuance.Command) (issuance.RangeReplayed, error) {
		cmd.Command = base
		return d.service.ReplayRange(c.ctx(), cmd)
	})
}

// moment reads a time that must be there.
func (o object) moment(name string) time.Time {
	v, given := o.member(name, required, wirejson.String)
	if !given {
		return time.Time{}
	}
	s, _ := v.String()
	at, valid := parseMoment(s)
	if !valid {
		o.bad(name, form.InvalidFormat)
	}
	return at
}

// parseMoment reads a time of RFC 3339, from 1970 on: an earlier one is a mistake, and the first of all would pass for none.
func parseMoment(s string) (time.Time, bool) {
	at, err := time.Parse(time.RFC3339Nano, s)
	return at, err == nil && at.Year() >= 1970
}

func showDelivery(w *wirejson.Writer, v issuance.Delivery) {
	w.BeginObject()
	deliveryMembers(w, v)
	w.EndObject()
}

func deliveryMembers(w *wirejson.Writer, v issuance.Delivery) {
	w.Key("id").String(v.ID.String())
	w.Key("webhook_id").String(v.Endpoint.String())
	w.Key("event_id").String(string(v.Message))
	w.Key("type").String(v.Type)
	w.Key("status").String(string(v.State))
	w.Key("attempt_count").Int(int64(v.Attempts))
	w.Key("last_http_status")
	showHTTPStatus(w, v.HTTPStatus)
	w.Key("last_failure").StringOrNull(v.Failure)
	w.Key("next_attempt_at")
	showTime(w, v.NextAt)
	w.Key("last_attempt_at")
	showTime(w, v.UpdatedAt)
	w.Key("created_at")
	showTime(w, v.CreatedAt)
}

func showAttempt(w *wirejson.Writer, a issuance.Attempt) {
	w.BeginObject()
	w.Key("number").Int(int64(a.Number))
	w.Key("at")
	showTime(w, a.At)
	w.Key("sent_at")
	showTime(w, a.SentAt)
	w.Key("outcome").String(a.Result)
	w.Key("http_status")
	showHTTPStatus(w, a.HTTPStatus)
	w.Key("duration_ms").Int(a.Took.Milliseconds())
	w.EndObject()
}

// showHTTPStatus writes the status of a receiver's answer; null when there was none.
func showHTTPStatus(w *wirejson.Writer, status int) {
	if status == 0 {
		w.Null()
		return
	}
	w.Int(int64(status))
}
