package cardsapi

import (
	"strings"

	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// deliveryStatus is the wire word of a state.
func deliveryStatus(s issuance.DeliveryState) string { return strings.ToUpper(string(s)) }

// deliveryState is the state of a wire word; "" of none.
func deliveryState(status string) issuance.DeliveryState {
	return issuance.DeliveryState(strings.ToLower(status))
}

func deliveryStatuses() []string {
	var out []string
	for _, s := range issuance.DeliveryStates() {
		out = append(out, deliveryStatus(s))
	}
	return out
}

// listDeliveries and what follows are paths of our own (docs/cards-api.md): what went to an endpoint, and
// how to send it again.
func (d *Door) listDeliveries(c *call) error {
	id := ident.EndpointID{UUID: c.id("id")}
	status := c.choiceParam("status", deliveryStatuses()...)
	page, seal := d.pageOf(c, id.String(), status)
	if err := c.checked(); err != nil {
		return err
	}
	all, err := d.service.Deliveries(c.ctx(), c.programID(), eventDoor, id, deliveryState(status), page)
	if err != nil {
		return err
	}
	return write(c.w, ok(showPage(all, page, seal, func(v issuance.Delivery) issuance.Mark {
		return issuance.Mark{CreatedAt: v.CreatedAt, ID: v.ID.UUID}
	}, showDelivery)))
}

func (d *Door) getDelivery(c *call) error {
	to, id := ident.EndpointID{UUID: c.id("id")}, ident.DeliveryID{UUID: c.id("deliveryId")}
	if err := c.checked(); err != nil {
		return err
	}
	v, attempts, err := d.service.Delivery(c.ctx(), c.programID(), eventDoor, to, id)
	if err != nil {
		return err
	}
	w := wirejson.NewWriter(nil)
	w.BeginObject()
	deliveryMembers(w, v)
	w.Key("attempts").BeginArray()
	for _, a := range attempts {
		showAttempt(w, a)
	}
	w.EndArray()
	w.EndObject()
	return write(c.w, ok(w.Bytes()))
}

func (d *Door) replayDelivery(c *call) error {
	c.form()
	cmd := issuance.ReplayDelivery{
		Door: eventDoor, Endpoint: ident.EndpointID{UUID: c.id("id")}, Delivery: ident.DeliveryID{UUID: c.id("deliveryId")},
	}
	if err := c.checked(); err != nil {
		return err
	}
	show := func(v issuance.Delivery) issuance.Answer { return ok(body(showDelivery, v)) }
	return perform(d, c, show, func(base issuance.Command) (issuance.Delivery, error) {
		cmd.Command = base
		return d.service.ReplayDelivery(c.ctx(), cmd)
	})
}

func (d *Door) replayRange(c *call) error {
	c.form()
	o := c.object()
	cmd := issuance.ReplayRange{Door: eventDoor, Endpoint: ident.EndpointID{UUID: c.id("id")}, State: issuance.DeliveryExhausted}
	cmd.From, cmd.To = o.moment("from"), o.moment("to")
	for name, missing := range map[string]bool{"from": !o.v.Get("from").Given(), "to": !o.v.Get("to").Given()} {
		if missing {
			o.bad(name, "required")
		}
	}
	if status := o.choice("status", optional, "EXHAUSTED", "DELIVERED", "PENDING"); status != "" {
		cmd.State = deliveryState(status)
	}
	if err := c.checked(); err != nil {
		return err
	}
	show := func(v issuance.RangeReplayed) issuance.Answer { return ok(body(showReplayed, v)) }
	return perform(d, c, show, func(base issuance.Command) (issuance.RangeReplayed, error) {
		cmd.Command = base
		return d.service.ReplayRange(c.ctx(), cmd)
	})
}

func showReplayed(w *wirejson.Writer, v issuance.RangeReplayed) {
	w.BeginObject()
	w.Key("replayed").Int(int64(v.Count))
	w.Key("more").Bool(v.More)
	w.EndObject()
}

func showDelivery(w *wirejson.Writer, v issuance.Delivery) {
	w.BeginObject()
	deliveryMembers(w, v)
	w.EndObject()
}

func deliveryMembers(w *wirejson.Writer, v issuance.Delivery) {
	w.Key("id").String(v.ID.String())
	w.Key("webhookId").String(v.Endpoint.String())
	w.Key("eventId").String(string(v.Message))
	w.Key("type").String(v.Type)
	w.Key("status").String(deliveryStatus(v.State))
	w.Key("attemptCount").Int(int64(v.Attempts))
	w.Key("lastHttpStatus")
	showStatus(w, v.HTTPStatus)
	w.Key("lastFailure").StringOrNull(v.Failure)
	w.Key("nextAttemptAt")
	showTime(w, v.NextAt)
	w.Key("lastAttemptAt")
	showTime(w, v.UpdatedAt)
	w.Key("createdAt")
	showTime(w, v.CreatedAt)
}

func showAttempt(w *wirejson.Writer, a issuance.Attempt) {
	w.BeginObject()
	w.Key("number").Int(int64(a.Number))
	w.Key("at")
	showTime(w, a.At)
	w.Key("sentAt")
	showTime(w, a.SentAt)
	w.Key("outcome").String(a.Result)
	w.Key("httpStatus")
	showStatus(w, a.HTTPStatus)
	w.Key("durationMs").Int(a.Took.Milliseconds())
	w.EndObject()
}

// showStatus writes the status of an answer; null when there was none.
func showStatus(w *wirejson.Writer, status int) {
	if status == 0 {
		w.Null()
		return
	}
	w.Int(int64(status))
}
