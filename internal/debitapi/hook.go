package debitapi

import (
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/webhook"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// setWebhook is PUT /debit/v1/webhook (debit contract §8.6).
func (d *Door) setWebhook(c *call) error {
	body, err := c.body()
	if err != nil {
		return err
	}
	var f fields
	var cmd issuance.SetBatchWebhook
	sent, isText := body.Get("url").String()
	switch {
	case !body.Get("url").Given():
		f.add("url", required)
	case !isText:
		f.add("url", invalid)
	default:
		cmd.URL = f.target(sent, c.id.Program)
	}
	cmd.Rotate = f.flag("rotate", body.Get("rotate"))
	c.checkKey(&f)
	if err := f.refusal(); err != nil {
		return err
	}
	if err := c.checkRights(); err != nil {
		return err
	}
	if err := c.resolve(cmd.URL); err != nil {
		return err
	}
	return perform(c, body.AppendCanonical(nil), true, func(by issuance.Command) (issuance.IssuedEndpoint, error) {
		cmd.Command = by
		return d.o.Rules.SetBatchWebhook(c.r.Context(), cmd)
	}, func(e issuance.IssuedEndpoint) payload {
		return func(w *wirejson.Writer) {
			w.Key("url").String(e.Endpoint.URL)
			if !e.Secret.IsZero() {
				w.Key("secret").String(e.Secret.Reveal())
			}
		}
	})
}

// targetPolicy is where notices of a programme may go: a sandbox may name any address.
func targetPolicy(p program.Program) webhook.TargetPolicy {
	return webhook.TargetPolicy{AllowPrivate: p.Kind == program.Sandbox}
}

// target checks what can be seen in a URL, and gives it with its host in lower case.
func (f *fields) target(sent string, p program.Program) string {
	u, err := webhook.CheckURL(sent, targetPolicy(p))
	if err != nil {
		if problem, _ := fault.Of(err).Detail.(webhook.Problem); problem == webhook.ProblemTooLong {
			f.add("url", tooLong)
		} else {
			f.add("url", invalid)
		}
		return ""
	}
	return u.String()
}

// resolve refuses a name that leads to an address which is not public.
func (c *call) resolve(target string) error {
	policy := targetPolicy(c.id.Program)
	u, err := webhook.CheckURL(target, policy)
	if err != nil {
		return err
	}
	return webhook.CheckResolved(c.r.Context(), u, c.d.o.Resolver, policy)
}

// webhook is GET /debit/v1/webhook.
func (d *Door) webhook(c *call) error {
	if err := c.checkRights(); err != nil {
		return err
	}
	hook, err := d.o.Rules.BatchWebhook(c.r.Context(), c.id.Program.ID)
	if err != nil {
		return err
	}
	return c.read(func(w *wirejson.Writer) {
		w.Key("url").StringOrNull(hook.URL)
		w.Key("enabled").Bool(hook.Enabled)
		w.Key("failing_since").StringOrNull(stampOrNone(hook.FailingSince))
	})
}

// removeWebhook is DELETE /debit/v1/webhook: batches end without notice.
func (d *Door) removeWebhook(c *call) error {
	if err := c.checkRights(); err != nil {
		return err
	}
	return perform(c, nil, false, func(by issuance.Command) (struct{}, error) {
		return struct{}{}, d.o.Rules.RemoveBatchWebhook(c.r.Context(), by)
	}, func(struct{}) payload { return noPayload })
}

// testWebhook is POST /debit/v1/webhook/test: a sample goes out like any notice.
func (d *Door) testWebhook(c *call) error {
	var f fields
	c.checkKey(&f)
	if err := f.refusal(); err != nil {
		return err
	}
	if err := c.checkRights(); err != nil {
		return err
	}
	return perform(c, nil, false, func(by issuance.Command) (struct{}, error) {
		return struct{}{}, d.o.Rules.TestBatchWebhook(c.r.Context(), by, sampleNotice())
	}, func(struct{}) payload { return noPayload })
}
