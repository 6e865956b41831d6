package nativeapi

import (
	"cmp"
	"errors"
	"slices"

	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/form"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/webhook"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// mostWebhooks is how many webhooks a programme may have that are not ended.
const mostWebhooks = 10

// createWebhook adds a place where events go. Its secret is in this answer and in no other.
func (d *Door) createWebhook(c *call) error {
	c.takes()
	c.form()
	o := c.explained("name", "url", "types")
	cmd := issuance.CreateEndpoint{Door: event.NativeDoor, Limit: mostWebhooks, Name: o.text("name", required, 100)}
	if types := o.types(); types != nil {
		cmd.Types = *types
	}
	var err error
	if cmd.URL, err = d.target(c, o, required); err != nil {
		return err
	}
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, issuedAnswer, func(base issuance.Command) (issuance.IssuedEndpoint, error) {
		cmd.Command = base
		e, secret, err := d.service.CreateEndpoint(c.ctx(), cmd)
		return issuance.IssuedEndpoint{Endpoint: e, Secret: secret}, err
	})
}

// urlProblems is what people read of a URL that nothing is sent to.
var urlProblems = map[webhook.Problem]string{
	webhook.ProblemMalformed:  "is not an absolute URL",
	webhook.ProblemScheme:     "is not https",
	webhook.ProblemUserInfo:   "has a name or password",
	webhook.ProblemFragment:   "has a part after #",
	webhook.ProblemPort:       "has a port that is neither 443 nor 1024 or above",
	webhook.ProblemHost:       "has a host that is not a name of the public DNS",
	webhook.ProblemAddress:    "leads to an address that is not public",
	webhook.ProblemUnresolved: "has a name that does not exist",
}

// target reads the member url and looks its host up. That waits for the network, and comes before the command.
func (d *Door) target(c *call, o object, n need) (string, error) {
	url := o.text("url", n, webhook.MaxURLLen)
	if url == "" {
		return "", nil
	}
	policy := webhook.TargetPolicy{AllowPrivate: c.identity.Program.Policy.AllowPrivateTargets}
	u, err := webhook.CheckURL(url, policy)
	if err == nil {
		err = webhook.CheckResolved(c.ctx(), u, d.resolver, policy)
	}
	if e := new(fault.Error); errors.Is(err, webhook.InvalidURL) && errors.As(err, &e) {
		problem, _ := e.Detail.(webhook.Problem)
		c.wrong = append(c.wrong, fault.Field{Path: o.path + ".url", Code: "invalid_url", Message: cmp.Or(urlProblems[problem], messages["invalid_url"])})
		return "", nil
	}
	return url, err //nolint:wrapcheck // a fault
}

// types reads the names of events that are wanted; nil when the member is not there.
func (o object) types() *[]string {
	list, given := o.member("types", optional, wirejson.Array)
	if !given {
		return nil
	}
	types := []string{}
	for _, v := range list.Elements() {
		s, _ := v.String()
		if !slices.Contains(event.Names(), event.Name(s)) {
			o.bad("types", "invalid_enum")
			return &types
		}
		types = append(types, s)
	}
	types = form.Distinct(types)
	return &types
}

// flag reads a boolean; nil when the member is not there.
func (o object) flag(name string) *bool {
	v, given := o.member(name, optional, wirejson.Bool)
	if !given {
		return nil
	}
	b, _ := v.Bool()
	return &b
}

// updateWebhook changes a name, a URL, the events that are wanted, or whether they wait.
func (d *Door) updateWebhook(c *call) error {
	c.takes()
	c.form()
	o := c.explained("name", "url", "types", "paused")
	cmd := issuance.UpdateEndpoint{
		Door: event.NativeDoor, Endpoint: ident.EndpointID{UUID: c.id()}, Name: o.text("name", optional, 100), Types: o.types(), Paused: o.flag("paused"),
	}
	var err error
	if cmd.URL, err = d.target(c, o, optional); err != nil {
		return err
	}
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, webhookAnswer, func(base issuance.Command) (issuance.Endpoint, error) {
		cmd.Command = base
		return d.service.UpdateEndpoint(c.ctx(), cmd)
	})
}

// endWebhook ends a webhook for good; what waits for it is dropped.
func (d *Door) endWebhook(c *call) error {
	c.takes()
	c.form()
	c.because()
	cmd := issuance.DisableEndpoint{Door: event.NativeDoor, Endpoint: ident.EndpointID{UUID: c.id()}}
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, webhookAnswer, func(base issuance.Command) (issuance.Endpoint, error) {
		cmd.Command = base
		return d.service.DisableEndpoint(c.ctx(), cmd)
	})
}

// rotateWebhook gives a webhook a new secret; the one before signs beside it for a day.
func (d *Door) rotateWebhook(c *call) error {
	c.takes()
	c.form()
	c.because()
	cmd := issuance.RotateEndpoint{Door: event.NativeDoor, Endpoint: ident.EndpointID{UUID: c.id()}}
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, issuedAnswer, func(base issuance.Command) (issuance.IssuedEndpoint, error) {
		cmd.Command = base
		return d.service.RotateEndpoint(c.ctx(), cmd)
	})
}

// testWebhook sends a signed sample.
func (d *Door) testWebhook(c *call) error {
	c.takes()
	c.form()
	c.because()
	cmd := issuance.TestEndpoint{Endpoint: ident.EndpointID{UUID: c.id()}}
	if err := c.checked(); err != nil {
		return err
	}
	show := func(id ident.EventID) issuance.Answer {
		w := wirejson.NewWriter(nil)
		w.BeginObject()
		w.Key("event_id").String(string(id))
		w.EndObject()
		return ok(w.Bytes())
	}
	return perform(d, c, show, func(base issuance.Command) (ident.EventID, error) {
		cmd.Command = base
		return d.service.TestEndpoint(c.ctx(), cmd)
	})
}

// listWebhooks gives all webhooks, the ended ones too. They are few.
func (d *Door) listWebhooks(c *call) error {
	c.takes()
	if err := c.checked(); err != nil {
		return err
	}
	all, err := d.service.Endpoints(c.ctx(), c.programID(), event.NativeDoor)
	if err != nil {
		return err
	}
	slices.Reverse(all)
	w := wirejson.NewWriter(nil)
	w.BeginObject()
	w.Key("items").BeginArray()
	for _, e := range all {
		showWebhook(w, e)
	}
	w.EndArray()
	w.EndObject()
	return write(c.w, ok(w.Bytes()))
}

func (d *Door) getWebhook(c *call) error {
	c.takes()
	id := ident.EndpointID{UUID: c.id()}
	if err := c.checked(); err != nil {
		return err
	}
	e, err := d.service.Endpoint(c.ctx(), c.programID(), event.NativeDoor, id)
	if err != nil {
		return err
	}
	return write(c.w, webhookAnswer(e))
}

// issuedAnswer carries the secret; a replay repeats it, so its record is sealed.
func issuedAnswer(e issuance.IssuedEndpoint) issuance.Answer {
	w := wirejson.NewWriter(nil)
	w.BeginObject()
	webhookMembers(w, e.Endpoint)
	w.Key("secret").String(e.Secret.Reveal())
	w.EndObject()
	return issuance.Answer{Status: 200, Body: w.Bytes(), Secret: true}
}

func webhookAnswer(e issuance.Endpoint) issuance.Answer { return ok(body(showWebhook, e)) }

// showWebhook writes a webhook without its secret.
func showWebhook(w *wirejson.Writer, e issuance.Endpoint) {
	w.BeginObject()
	webhookMembers(w, e)
	w.EndObject()
}

func webhookMembers(w *wirejson.Writer, e issuance.Endpoint) {
	status := "active"
	switch {
	case e.Disabled:
		status = "ended"
	case e.Paused:
		status = "paused"
	}
	w.Key("id").String(e.ID.String())
	w.Key("name").String(e.Name)
	w.Key("url").String(e.URL)
	w.Key("types").BeginArray()
	for _, t := range e.Types {
		w.String(t)
	}
	w.EndArray()
	w.Key("status").String(status)
	w.Key("previous_secret_until")
	showTime(w, e.PreviousUntil)
	w.Key("last_used_at")
	showTime(w, e.LastUsedAt)
	w.Key("created_at")
	showTime(w, e.CreatedAt)
	w.Key("updated_at")
	showTime(w, e.UpdatedAt)
}
