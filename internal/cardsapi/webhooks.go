package cardsapi

import (
	"cmp"
	"errors"
	"slices"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/webhook"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// maxWebhooks is how many active endpoints a programme may have (contract §21.1).
const maxWebhooks = 5

// createWebhook is contract §21.1. The host is looked up before the command: that waits for the network.
func (d *Door) createWebhook(c *call) error {
	c.form()
	o := c.object()
	cmd := issuance.CreateEndpoint{Door: eventDoor, Limit: maxWebhooks}
	cmd.Name, _ = o.text("name", required, 1, 100)
	mode := o.choice("mode", optional, "NOTIFICATION", "REQUEST")
	url, given := o.text("url", required, 1, webhook.MaxURLLen)
	if given {
		if err := d.checkTarget(c, url); errors.Is(err, webhook.InvalidURL) {
			o.bad("url", "invalid_url")
		} else if err != nil {
			return err
		}
		cmd.URL = url
	}
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, issuedAnswer, func(base issuance.Command) (issuance.IssuedEndpoint, error) {
		if mode == "REQUEST" {
			return issuance.IssuedEndpoint{}, fault.RefuseWith(issuance.EndpointMode, mode)
		}
		cmd.Command = base
		e, secret, err := d.service.CreateEndpoint(c.ctx(), cmd)
		return issuance.IssuedEndpoint{Endpoint: e, Secret: secret}, err
	})
}

// checkTarget refuses a URL that we do not deliver to (contract §21.4).
func (d *Door) checkTarget(c *call, url string) error {
	policy := webhook.TargetPolicy{AllowPrivate: c.program().Policy.AllowPrivateTargets}
	u, err := webhook.CheckURL(url, policy)
	if err != nil {
		return err //nolint:wrapcheck // a fault
	}
	return webhook.CheckResolved(c.ctx(), u, d.resolver, policy) //nolint:wrapcheck // a fault
}

// issuedAnswer is the one answer that carries the secret; a replay repeats it, so the record is sealed.
func issuedAnswer(e issuance.IssuedEndpoint) issuance.Answer {
	w := wirejson.NewWriter(nil)
	w.BeginObject()
	webhookMembers(w, e.Endpoint)
	w.Key("signingSecret").String(e.Secret.Reveal())
	w.EndObject()
	return issuance.Answer{Status: 200, Body: w.Bytes(), Secret: true}
}

func webhookAnswer(e issuance.Endpoint) issuance.Answer { return ok(body(showWebhook, e)) }

// showWebhook writes an endpoint without its secret.
func showWebhook(w *wirejson.Writer, e issuance.Endpoint) {
	w.BeginObject()
	webhookMembers(w, e)
	w.EndObject()
}

func webhookMembers(w *wirejson.Writer, e issuance.Endpoint) {
	status := "ACTIVE"
	if e.Disabled {
		status = "DISABLED"
	}
	w.Key("id").String(e.ID.String())
	w.Key("name").String(e.Name)
	w.Key("url").String(e.URL)
	w.Key("status").String(status)
	w.Key("mode").String("NOTIFICATION")
	w.Key("lastUsedAt")
	showTime(w, e.LastUsedAt)
	w.Key("createdAt")
	showTime(w, e.CreatedAt)
	w.Key("updatedAt")
	showTime(w, e.UpdatedAt)
}

// listWebhooks pages through all endpoints of the programme; the rules give them at once, since few are
// active at a time.
func (d *Door) listWebhooks(c *call) error {
	page, seal := d.pageOf(c)
	if err := c.checked(); err != nil {
		return err
	}
	all, err := d.service.Endpoints(c.ctx(), c.programID(), eventDoor)
	if err != nil {
		return err
	}
	mark := func(e issuance.Endpoint) issuance.Mark { return issuance.Mark{CreatedAt: e.CreatedAt, ID: e.ID.UUID} }
	slices.SortFunc(all, func(a, b issuance.Endpoint) int { return compareMarks(mark(b), mark(a)) })
	if !page.After.ID.IsZero() {
		all = slices.DeleteFunc(all, func(e issuance.Endpoint) bool { return compareMarks(mark(e), page.After) >= 0 })
	}
	all = all[:min(len(all), page.Limit)]
	return write(c.w, ok(showPage(all, page, seal, mark, showWebhook)))
}

// compareMarks orders by creation in microseconds, then by id.
func compareMarks(a, b issuance.Mark) int {
	return cmp.Or(cmp.Compare(a.CreatedAt.UnixMicro(), b.CreatedAt.UnixMicro()), slices.Compare(a.ID[:], b.ID[:]))
}

func (d *Door) getWebhook(c *call) error {
	id := ident.EndpointID{UUID: c.id("id")}
	if err := c.checked(); err != nil {
		return err
	}
	e, err := d.service.Endpoint(c.ctx(), c.programID(), eventDoor, id)
	if err != nil {
		return err
	}
	return write(c.w, webhookAnswer(e))
}

// updateWebhook is contract §21.1: a name, a URL or both; PUT is the same.
func (d *Door) updateWebhook(c *call) error {
	cmd := issuance.UpdateEndpoint{Door: eventDoor, Endpoint: ident.EndpointID{UUID: c.id("id")}}
	o := c.object()
	cmd.Name, _ = o.text("name", optional, 1, 100)
	if url, given := o.text("url", optional, 1, webhook.MaxURLLen); given {
		if err := d.checkTarget(c, url); errors.Is(err, webhook.InvalidURL) {
			o.bad("url", "invalid_url")
		} else if err != nil {
			return err
		}
		cmd.URL = url
	}
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, webhookAnswer, func(base issuance.Command) (issuance.Endpoint, error) {
		cmd.Command = base
		return d.service.UpdateEndpoint(c.ctx(), cmd)
	})
}

// rotateWebhook is contract §21.1: the answer carries the new secret, as at creation.
func (d *Door) rotateWebhook(c *call) error {
	c.form()
	cmd := issuance.RotateEndpoint{Door: eventDoor, Endpoint: ident.EndpointID{UUID: c.id("id")}}
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, issuedAnswer, func(base issuance.Command) (issuance.IssuedEndpoint, error) {
		cmd.Command = base
		return d.service.RotateEndpoint(c.ctx(), cmd)
	})
}

func (d *Door) disableWebhook(c *call) error { return d.disable(c, webhookAnswer) }

func (d *Door) dropWebhook(c *call) error { return d.disable(c, noContent[issuance.Endpoint]) }

func (d *Door) disable(c *call, show func(issuance.Endpoint) issuance.Answer) error {
	c.form()
	cmd := issuance.DisableEndpoint{Door: eventDoor, Endpoint: ident.EndpointID{UUID: c.id("id")}}
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, show, func(base issuance.Command) (issuance.Endpoint, error) {
		cmd.Command = base
		return d.service.DisableEndpoint(c.ctx(), cmd)
	})
}
