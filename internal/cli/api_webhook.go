package cli

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/firsttap/firsttap/client"
)

type apiWebhook struct {
	List       apiWebhookList       `cmd:"" help:"List webhooks, newest first, those that ended too."`
	Show       apiWebhookShow       `cmd:"" help:"Show a webhook."`
	Create     apiWebhookCreate     `cmd:"" help:"Make a webhook; its secret is printed once."`
	Update     apiWebhookUpdate     `cmd:"" help:"Change its name, address or types."`
	Pause      apiWebhookPause      `cmd:"" help:"Pause it: what comes for it waits."`
	Resume     apiWebhookResume     `cmd:"" help:"Let it go on."`
	End        apiWebhookEnd        `cmd:"" help:"End it for good."`
	Rotate     apiWebhookRotate     `cmd:"" help:"Give it a new secret; the one before signs beside it for a day."`
	Test       apiWebhookTest       `cmd:"" help:"Send a signed sample."`
	Deliveries apiWebhookDeliveries `cmd:"" help:"List what went or goes there, newest first."`
	Delivery   apiWebhookDelivery   `cmd:"" help:"Show a delivery with its body and attempts."`
	Retry      apiWebhookRetry      `cmd:"" help:"Send a delivery again at once."`
	Replay     apiWebhookReplay     `cmd:"" help:"Send again all of a time."`
}

type ofWebhook struct {
	remote
	ID string `arg:"" help:"Id of the webhook."`
}

type apiWebhookList struct {
	remote
	lines
}

// Run lists webhooks.
func (c apiWebhookList) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	return list(l, c.lines, all(l.api.Webhooks(ctx)), []string{"WEBHOOK", "NAME", "STATUS", "URL", "TYPES", "LAST USED"}, func(v client.Webhook) []string {
		return []string{v.ID, v.Name, v.Status, v.URL, dash(strings.Join(v.Types, ",")), dash(moment(v.LastUsedAt))}
	})
}

func (l line) hook(v client.Webhook, err error) error {
	return show(l, v, err, func(v client.Webhook) [][2]string {
		return [][2]string{
			{"webhook", v.ID},
			{"name", v.Name},
			{"url", v.URL},
			{"types", strings.Join(v.Types, ",")},
			{"status", v.Status},
			{"secret", v.Secret},
			{"old secret until", moment(v.PreviousSecretUntil)},
			{"last used", moment(v.LastUsedAt)},
			{"made", moment(v.CreatedAt)},
		}
	})
}

type apiWebhookShow struct{ ofWebhook }

// Run shows a webhook.
func (c apiWebhookShow) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	return l.hook(l.api.Webhook(ctx, c.ID))
}

type apiWebhookCreate struct {
	remote
	because
	URL   string   `arg:"" help:"Where events are sent."`
	Name  string   `required:"" help:"What you call it." placeholder:"NAME"`
	Types []string `help:"Only events of these types, as in card.activated; default is all." placeholder:"TYPE"`
}

// Run makes a webhook.
func (c apiWebhookCreate) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	return l.hook(l.api.CreateWebhook(ctx, client.NewWebhook{Name: c.Name, URL: c.URL, Types: c.Types}, c.options()...))
}

// changed is a change of a webhook.
type changed struct {
	ofWebhook
	because
}

type apiWebhookUpdate struct {
	changed
	Name  *string   `help:"Another name." placeholder:"NAME"`
	URL   *string   `name:"url" help:"Another address." placeholder:"URL"`
	Types *[]string `help:"Other types." placeholder:"TYPE"`
}

// Run changes a webhook.
func (c apiWebhookUpdate) Run(ctx context.Context, w World) error {
	return c.change(ctx, w, client.WebhookChange{Name: c.Name, URL: c.URL, Types: c.Types})
}

func (c changed) change(ctx context.Context, w World, to client.WebhookChange) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	return l.hook(l.api.UpdateWebhook(ctx, c.ID, to, c.options()...))
}

type apiWebhookPause struct{ changed }

// Run pauses a webhook.
func (c apiWebhookPause) Run(ctx context.Context, w World) error {
	return c.change(ctx, w, client.WebhookChange{Paused: new(true)})
}

type apiWebhookResume struct{ changed }

// Run lets a webhook go on.
func (c apiWebhookResume) Run(ctx context.Context, w World) error {
	return c.change(ctx, w, client.WebhookChange{Paused: new(false)})
}

type apiWebhookEnd struct {
	ofWebhook
	because
}

// Run ends a webhook.
func (c apiWebhookEnd) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	return l.hook(l.api.EndWebhook(ctx, c.ID, c.options()...))
}

type apiWebhookRotate struct {
	ofWebhook
	because
}

// Run gives a webhook a new secret.
func (c apiWebhookRotate) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	return l.hook(l.api.RotateWebhookSecret(ctx, c.ID, c.options()...))
}

type apiWebhookTest struct {
	ofWebhook
	because
}

// Run sends a sample.
func (c apiWebhookTest) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	event, err := l.api.TestWebhook(ctx, c.ID, c.options()...)
	return said(l, event, err, "The event %s is on its way.", event)
}

type apiWebhookDeliveries struct {
	ofWebhook
	sorted
	Status string `help:"Only those that are pending, delivered, exhausted or dropped." placeholder:"STATUS"`
}

// Run lists deliveries.
func (c apiWebhookDeliveries) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	return list(l, c.lines, c.of(l.api).Deliveries(ctx, c.ID, c.Status), []string{"DELIVERY", "EVENT", "TYPE", "STATUS", "ATTEMPTS", "LAST", "MADE", "NEXT"},
		func(d client.Delivery) []string {
			return []string{
				d.ID, d.EventID, d.Type, d.Status, strconv.Itoa(d.AttemptCount), outcomeText(d.LastHTTPStatus, d.LastFailure), moment(d.CreatedAt), dash(moment(d.NextAttemptAt)),
			}
		})
}

type ofDelivery struct {
	ofWebhook
	Delivery string `arg:"" help:"Id of the delivery."`
}

func (l line) delivery(d client.Delivery, err error) error {
	return tell(l, d, err, func(d client.Delivery) error {
		if err := facts(l.w.Stdout,
			[2]string{"delivery", d.ID}, [2]string{"event", d.EventID}, [2]string{"type", d.Type}, [2]string{"status", d.Status},
			[2]string{"attempts", strconv.Itoa(d.AttemptCount)}, [2]string{"made", moment(d.CreatedAt)}, [2]string{"next", moment(d.NextAttemptAt)},
		); err != nil {
			return err
		}
		rows := make([][]string, len(d.Attempts))
		for i, a := range d.Attempts {
			took := time.Duration(a.DurationMS) * time.Millisecond
			rows[i] = []string{strconv.Itoa(a.Number), moment(a.At), moment(a.SentAt), outcomeText(a.HTTPStatus, a.Outcome), took.String()}
		}
		return l.under([]string{"ATTEMPT", "AT", "REAL TIME", "OUTCOME", "TOOK"}, rows)
	})
}

type apiWebhookDelivery struct{ ofDelivery }

// Run shows a delivery.
func (c apiWebhookDelivery) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	return l.delivery(l.api.Delivery(ctx, c.ID, c.Delivery))
}

type apiWebhookRetry struct {
	ofDelivery
	because
}

// Run sends a delivery again.
func (c apiWebhookRetry) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	return l.delivery(l.api.RetryDelivery(ctx, c.ID, c.Delivery, c.options()...))
}

type apiWebhookReplay struct {
	ofWebhook
	because
	From   time.Time `required:"" format:"2006-01-02T15:04:05Z07:00" help:"The first time, on the programme's clock." placeholder:"TIME"`
	To     time.Time `required:"" format:"2006-01-02T15:04:05Z07:00" help:"The end; it is not part of it." placeholder:"TIME"`
	Status string    `help:"Which: exhausted, delivered or pending; default is what was given up." placeholder:"STATUS"`
}

// Run sends again.
func (c apiWebhookReplay) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	v, err := l.api.ReplayDeliveries(ctx, c.ID, c.From, c.To, c.Status, c.options()...)
	more := ""
	if v.More {
		more = " There are more: run it again."
	}
	return said(l, v, err, "%d deliveries are due now.%s", v.Replayed, more)
}
