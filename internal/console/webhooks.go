package console

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/form"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/staff"
)

// hookPage is an endpoint with a page of what went there.
type hookPage struct {
	hookLine
	Types      string
	Chosen     string // state of the deliveries that are listed; "": any
	States     []string
	Deliveries []deliveryLine
	Native     bool // it may be paused and tested
	Paused     bool
	May        bool
}

type deliveryLine struct {
	ID, Type, At, State, Answer, Next string
	Attempts                          int
	Good                              bool
}

// deliveryPage is one delivery with its body and every attempt.
type deliveryPage struct {
	deliveryLine
	Hook, Door, Message string
	Body                string // "": the member may not see it
	Tries               []tryLine
	May                 bool
}

type tryLine struct {
	Number, Took        int
	At, Outcome, Answer string
	Good                bool
}

func (d *Door) listHooks(c *call) error {
	all, most, err := d.service.EndpointsHealth(c.r.Context(), c.program.ID)
	if err != nil {
		return err
	}
	v := d.view(c, "webhooks", "Webhooks")
	for _, h := range all {
		v.Hooks = append(v.Hooks, hookOf(h, most))
	}
	return d.write(c.w, http.StatusOK, v)
}

// hookInPath is the endpoint in the address; of a door that has none it is the zero one, which nobody has.
func hookInPath(c *call) (event.Door, ident.EndpointID) {
	id, err := ident.ParseUUID(httpd.Param(c.r, "endpoint"))
	if err != nil {
		return "", ident.EndpointID{}
	}
	return event.Door(httpd.Param(c.r, "door")), ident.EndpointID{UUID: id}
}

func hookPath(c *call) string {
	door, id := hookInPath(c)
	return "/p/" + c.program.ID.String() + "/webhooks/" + string(door) + "/" + id.String()
}

func (d *Door) showHook(c *call) error {
	ctx, q := c.r.Context(), c.r.URL.Query()
	door, id := hookInPath(c)
	e, err := d.service.Endpoint(ctx, c.program.ID, door, id)
	if err != nil {
		return err
	}
	fares, err := d.healthOf(c, e)
	if err != nil {
		return err
	}
	page := hookPage{
		hookLine: fares, Types: strings.Join(e.Types, ", "), Native: door == event.NativeDoor, Paused: e.Paused,
		May: c.may(staff.KeepWebhooks) && !e.Disabled,
	}
	if e.Disabled {
		page.State, page.Good = "ended", false
	}
	for _, s := range issuance.DeliveryStates() {
		page.States = append(page.States, string(s))
		if q.Get("state") == string(s) {
			page.Chosen = string(s)
		}
	}
	all, err := d.service.Deliveries(ctx, c.program.ID, door, id, issuance.DeliveryState(page.Chosen), pageOf(q))
	if err != nil {
		return err
	}
	v := d.view(c, "webhook", "Webhook "+e.Name)
	for _, one := range all[:min(len(all), listRows)] {
		page.Deliveries = append(page.Deliveries, deliveryOf(one))
	}
	if len(all) > listRows {
		last := all[listRows-1]
		v.Older = older(q, last.CreatedAt, last.ID.UUID)
	}
	v.Hook = &page
	return d.write(c.w, http.StatusOK, v)
}

// healthOf tells how an endpoint fares. One that has ended is among them no more.
func (d *Door) healthOf(c *call, e issuance.Endpoint) (hookLine, error) {
	all, most, err := d.service.EndpointsHealth(c.r.Context(), c.program.ID)
	for _, h := range all {
		if h.ID == e.ID && h.Door == e.Door {
			return hookOf(h, most), nil
		}
	}
	return hookOf(issuance.EndpointHealth{Endpoint: e}, most), err
}

func deliveryOf(v issuance.Delivery) deliveryLine {
	return deliveryLine{
		ID: v.ID.String(), Type: v.Type, At: moment(v.CreatedAt), State: string(v.State), Answer: answerOf(v.HTTPStatus, v.Failure), Next: moment(v.NextAt),
		Attempts: v.Attempts, Good: v.State == issuance.DeliveryDelivered || v.State == issuance.DeliveryPending && v.Failure == "",
	}
}

func answerOf(status int, failure string) string {
	if status == 0 {
		return word(failure)
	}
	return strings.TrimSpace(strconv.Itoa(status) + " " + word(failure))
}

func deliveryInPath(c *call) (ident.DeliveryID, error) {
	id, err := ident.ParseUUID(httpd.Param(c.r, "delivery"))
	if err != nil {
		return ident.DeliveryID{}, fault.Refuse(issuance.DeliveryNotFound)
	}
	return ident.DeliveryID{UUID: id}, nil
}

// showDelivery shows the body to who may see persons: the words of an API may name some.
func (d *Door) showDelivery(c *call) error {
	door, to := hookInPath(c)
	id, err := deliveryInPath(c)
	if err != nil {
		return err
	}
	one, attempts, err := d.service.Delivery(c.r.Context(), c.program.ID, door, to, id)
	if err != nil {
		return err
	}
	page := deliveryPage{deliveryLine: deliveryOf(one), Hook: to.String(), Door: string(door), Message: string(one.Message), May: c.may(staff.KeepWebhooks)}
	if c.may(staff.SeePersons) {
		page.Body = string(one.Body)
	}
	for _, a := range attempts {
		answer := ""
		if a.HTTPStatus != 0 {
			answer = strconv.Itoa(a.HTTPStatus)
		}
		page.Tries = append(page.Tries, tryLine{a.Number, int(a.Took.Milliseconds()), moment(a.SentAt), word(a.Result), answer, a.Result == "acknowledged"})
	}
	v := d.view(c, "delivery", "Delivery of "+one.Type)
	v.Delivery = &page
	return d.write(c.w, http.StatusOK, v)
}

// reasoned wants a reason, runs a command that keeps it, and leads back.
func (d *Door) reasoned(c *call, path, done string, do func(by issuance.Command) error) error {
	by := c.command()
	if by.Why = strings.TrimSpace(c.form.Get("reason")); form.TextProblem(by.Why, 1, mostReason) != "" {
		return d.see(c.w, path+"?error="+mistakeReason)
	}
	if err := do(by); err != nil {
		return d.seeRefused(c, path, err)
	}
	return d.see(c.w, path+"?done="+done)
}

func (d *Door) retryDelivery(c *call) error {
	door, to := hookInPath(c)
	id, err := deliveryInPath(c)
	if err != nil {
		return err
	}
	return d.reasoned(c, hookPath(c)+"/deliveries/"+id.String(), "retried", func(by issuance.Command) error {
		_, err := d.service.ReplayDelivery(c.r.Context(), issuance.ReplayDelivery{Command: by, Door: door, Endpoint: to, Delivery: id})
		return err
	})
}

// replayRange sends again what went, or did not go, between two minutes in UTC.
func (d *Door) replayRange(c *call) error {
	door, to := hookInPath(c)
	state := issuance.DeliveryState(c.form.Get("state"))
	from, errFrom := minute(c.form.Get("from"))
	until, errTo := minute(c.form.Get("to"))
	good := state == issuance.DeliveryExhausted || state == issuance.DeliveryDelivered || state == issuance.DeliveryPending
	if !good || errFrom != nil || errTo != nil || !from.Before(until) {
		return d.see(c.w, hookPath(c)+"?error="+mistakeRange)
	}
	return d.reasoned(c, hookPath(c), "replayed", func(by issuance.Command) error {
		_, err := d.service.ReplayRange(c.r.Context(), issuance.ReplayRange{Command: by, Door: door, Endpoint: to, State: state, From: from, To: until})
		return err
	})
}

// minute reads what a field for date and time sends.
func minute(s string) (time.Time, error) { return time.Parse(minuteForm, s) }

const minuteForm = "2006-01-02T15:04"

// turnHook pauses an endpoint of the native API, lets it go on, or sends it a sample.
func (d *Door) turnHook(c *call) error {
	ctx, what := c.r.Context(), httpd.Param(c.r, "what")
	door, to := hookInPath(c)
	if door != event.NativeDoor || what != "pause" && what != "resume" && what != "test" {
		return d.see(c.w, hookPath(c)+"?error="+mistakeForm)
	}
	return d.reasoned(c, hookPath(c), what, func(by issuance.Command) error {
		if what == "test" {
			_, err := d.service.TestEndpoint(ctx, issuance.TestEndpoint{Command: by, Endpoint: to})
			return err
		}
		paused := what == "pause"
		_, err := d.service.UpdateEndpoint(ctx, issuance.UpdateEndpoint{Command: by, Door: door, Endpoint: to, Paused: &paused})
		return err
	})
}
