package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/app"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
)

type webhookCommand struct {
	List       webhookList       `cmd:"" help:"List the webhooks of a programme, of both doors."`
	Deliveries webhookDeliveries `cmd:"" help:"List what went or goes to a webhook, newest first."`
	Attempts   webhookAttempts   `cmd:"" help:"Show a delivery with each of its attempts."`
	Replay     webhookReplay     `cmd:"" help:"Send a delivery again, or all of a time; same id and bytes, signed anew."`
	Rotate     webhookRotate     `cmd:"" help:"Give a webhook a new signing secret; it is printed once."`
	Disable    webhookDisable    `cmd:"" help:"End a webhook for good; what waits for it is dropped."`
}

// hookName is how a webhook is named on the command line.
type hookName struct {
	where
	Program string `required:"" help:"Name or id of the programme." placeholder:"NAME"`
	Webhook string `arg:"" help:"Id of the webhook."`
}

// open finds the webhook, and runs body.
func (c hookName) open(ctx context.Context, w World, body func(h *app.House, by issuance.Command, e issuance.Endpoint) error) error {
	id, err := ident.ParseUUID(c.Webhook)
	if err != nil {
		return usageError("an id of a webhook has the form 7d1f0a2b-3c4d-4e5f-8a9b-0c1d2e3f4a12")
	}
	return c.with(ctx, w, app.Open, func(h *app.House) error {
		p, err := h.Access.FindProgram(ctx, c.Program)
		if err != nil {
			return err
		}
		var e issuance.Endpoint
		if err := h.Store.Read(ctx, func(tx issuance.ReadTx) error {
			var found bool
			if e, found, err = tx.Endpoint(ctx, p.ID, ident.EndpointID{UUID: id}); err == nil && !found {
				return fault.Refuse(issuance.EndpointNotFound)
			}
			return err
		}); err != nil {
			return err
		}
		by := c.operator()
		return body(h, issuance.Command{Caller: issuance.Caller{Program: p.ID, Actor: "operator:" + by.Name, Channel: by.Channel}}, e)
	})
}

type webhookList struct {
	where
	Program string `required:"" help:"Name or id of the programme." placeholder:"NAME"`
	JSON    bool   `help:"Print JSON."`
}

type hookFacts struct {
	ID       string     `json:"id"`
	Door     string     `json:"door"`
	Name     string     `json:"name"`
	URL      string     `json:"url"`
	Status   string     `json:"status"`
	LastUsed *time.Time `json:"last_used_at"`
	Failing  *time.Time `json:"failing_since"`
}

// Run lists the webhooks.
func (c webhookList) Run(ctx context.Context, w World) error {
	return c.with(ctx, w, app.Open, func(h *app.House) error {
		p, err := h.Access.FindProgram(ctx, c.Program)
		if err != nil {
			return err
		}
		list, err := hooksOf(ctx, h, p)
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(w.Stdout, list)
		}
		rows := make([][]string, len(list))
		for i, e := range list {
			rows[i] = []string{e.ID, e.Door, e.Name, e.Status, e.URL, momentOr(e.LastUsed), momentOr(e.Failing)}
		}
		return table(w.Stdout, []string{"ID", "DOOR", "NAME", "STATUS", "URL", "LAST USED", "FAILING SINCE"}, rows)
	})
}

func hooksOf(ctx context.Context, h *app.House, p program.Program) ([]hookFacts, error) {
	var list []hookFacts
	err := h.Store.Read(ctx, func(tx issuance.ReadTx) error {
		list = []hookFacts{}
		for _, door := range []event.Door{event.CardsDoor, event.DebitDoor} {
			all, err := tx.Endpoints(ctx, p.ID, door)
			if err != nil {
				return err
			}
			for _, e := range all {
				since, failing, err := tx.FailingSince(ctx, p.ID, e.ID)
				if err != nil {
					return err
				}
				f := hookFacts{ID: e.ID.String(), Door: string(door), Name: e.Name, URL: e.URL, Status: "active", LastUsed: momentJSON(e.LastUsedAt)}
				switch {
				case e.Disabled:
					f.Status = "disabled"
				case failing:
					f.Failing = momentJSON(since)
				}
				list = append(list, f)
			}
		}
		return nil
	})
	return list, err
}

func momentOr(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return moment(*t)
}

type webhookDeliveries struct {
	hookName
	State string `help:"Only those that are pending, delivered, exhausted or dropped." placeholder:"STATE"`
	Lines int    `short:"n" default:"20" help:"How many, 1 to 1000."`
	JSON  bool   `help:"Print JSON."`
}

type deliveryFacts struct {
	ID         string        `json:"id"`
	Event      string        `json:"event_id"`
	Type       string        `json:"type"`
	State      string        `json:"state"`
	Attempts   int           `json:"attempts"`
	HTTPStatus int           `json:"http_status,omitempty"`
	Failure    string        `json:"failure,omitempty"`
	NextAt     *time.Time    `json:"next_at"`
	CreatedAt  *time.Time    `json:"created_at"`
	Tries      []attemptFact `json:"attempt_list,omitempty"`
}

type attemptFact struct {
	Number     int        `json:"number"`
	At         *time.Time `json:"at"`
	SentAt     *time.Time `json:"sent_at"`
	Outcome    string     `json:"outcome"`
	HTTPStatus int        `json:"http_status,omitempty"`
	Millis     int64      `json:"duration_ms"`
}

func deliveryFactsOf(d issuance.Delivery) deliveryFacts {
	return deliveryFacts{
		ID: d.ID.String(), Event: string(d.Message), Type: d.Type, State: string(d.State), Attempts: d.Attempts, HTTPStatus: d.HTTPStatus,
		Failure: d.Failure, NextAt: momentJSON(d.NextAt), CreatedAt: momentJSON(d.CreatedAt),
	}
}

// Run lists the deliveries.
func (c webhookDeliveries) Run(ctx context.Context, w World) error {
	state, err := stateOf(c.State)
	if err != nil {
		return err
	}
	if c.Lines < 1 || c.Lines > 1000 {
		return usageError("--lines takes 1 to 1000")
	}
	return c.open(ctx, w, func(h *app.House, by issuance.Command, e issuance.Endpoint) error {
		all, err := h.Rules.Deliveries(ctx, by.Caller.Program, e.Door, e.ID, state, issuance.Page{Limit: c.Lines})
		if err != nil {
			return err
		}
		list, rows := []deliveryFacts{}, [][]string{}
		for _, d := range all {
			list = append(list, deliveryFactsOf(d))
			rows = append(rows, []string{
				d.ID.String(), string(d.Message), d.Type, string(d.State), fmt.Sprint(d.Attempts), outcomeText(d.HTTPStatus, d.Failure), moment(d.CreatedAt), moment(d.NextAt),
			})
		}
		if c.JSON {
			return printJSON(w.Stdout, list)
		}
		return table(w.Stdout, []string{"DELIVERY", "EVENT", "TYPE", "STATE", "ATTEMPTS", "LAST", "MADE", "NEXT"}, rows)
	})
}

func stateOf(text string) (issuance.DeliveryState, error) {
	state := issuance.DeliveryState(text)
	if text != "" && !slices.Contains(issuance.DeliveryStates(), state) {
		return "", usageError("--state takes pending, delivered, exhausted or dropped")
	}
	return state, nil
}

// outcomeText is an outcome in a word: the class of a failure, with the status of the answer if there was one.
func outcomeText(status int, failure string) string {
	out := failure
	if status != 0 {
		out = strings.TrimSpace(fmt.Sprint(status, " ", failure))
	}
	if out == "" {
		return "-"
	}
	return out
}

type webhookAttempts struct {
	hookName
	Delivery string `arg:"" help:"Id of the delivery."`
	JSON     bool   `help:"Print JSON."`
}

// Run shows the delivery with its attempts.
func (c webhookAttempts) Run(ctx context.Context, w World) error {
	id, err := deliveryID(c.Delivery)
	if err != nil {
		return err
	}
	return c.open(ctx, w, func(h *app.House, by issuance.Command, e issuance.Endpoint) error {
		d, attempts, err := h.Rules.Delivery(ctx, by.Caller.Program, e.Door, e.ID, id)
		if err != nil {
			return err
		}
		f, rows := deliveryFactsOf(d), [][]string{}
		for _, a := range attempts {
			f.Tries = append(f.Tries, attemptFact{a.Number, momentJSON(a.At), momentJSON(a.SentAt), a.Result, a.HTTPStatus, a.Took.Milliseconds()})
			rows = append(rows, []string{fmt.Sprint(a.Number), moment(a.At), moment(a.SentAt), outcomeText(a.HTTPStatus, a.Result), a.Took.Round(time.Millisecond).String()})
		}
		if c.JSON {
			return printJSON(w.Stdout, f)
		}
		if err := facts(w.Stdout,
			[2]string{"delivery", f.ID}, [2]string{"event", f.Event}, [2]string{"type", f.Type}, [2]string{"state", f.State},
			[2]string{"made", moment(d.CreatedAt)}, [2]string{"next", moment(d.NextAt)},
		); err != nil || len(rows) == 0 {
			return err
		}
		_, _ = fmt.Fprintln(w.Stdout)
		return table(w.Stdout, []string{"ATTEMPT", "AT", "REAL TIME", "OUTCOME", "TOOK"}, rows)
	})
}

func deliveryID(text string) (ident.DeliveryID, error) {
	id, err := ident.ParseUUID(text)
	if err != nil {
		return ident.DeliveryID{}, usageError("an id of a delivery has the form 7d1f0a2b-3c4d-4e5f-8a9b-0c1d2e3f4a12; firsttap webhook deliveries lists them")
	}
	return ident.DeliveryID{UUID: id}, nil
}

type webhookReplay struct {
	hookName
	Delivery string    `arg:"" optional:"" help:"Id of the delivery; or give --from and --to."`
	From     time.Time `format:"2006-01-02T15:04:05Z07:00" help:"The first time of a range, on the programme's clock." placeholder:"TIME"`
	To       time.Time `format:"2006-01-02T15:04:05Z07:00" help:"The end of the range; it is not part of it." placeholder:"TIME"`
	State    string    `default:"exhausted" help:"Which deliveries of the range: exhausted, delivered or pending."`
}

// Run sends again.
func (c webhookReplay) Run(ctx context.Context, w World) error {
	ranged := !c.From.IsZero() && !c.To.IsZero()
	if ranged == (c.Delivery != "") {
		return usageError("name a delivery, or a range with --from and --to together")
	}
	state, err := stateOf(c.State)
	if err != nil || state == issuance.DeliveryDropped {
		return usageError("--state takes exhausted, delivered or pending")
	}
	var id ident.DeliveryID
	if !ranged {
		if id, err = deliveryID(c.Delivery); err != nil {
			return err
		}
	}
	return c.open(ctx, w, func(h *app.House, by issuance.Command, e issuance.Endpoint) error {
		if !ranged {
			_, err := h.Rules.ReplayDelivery(ctx, issuance.ReplayDelivery{Command: by, Door: e.Door, Endpoint: e.ID, Delivery: id})
			if err == nil {
				_, err = fmt.Fprintln(w.Stdout, "The delivery is due now. Running servers send it within a second.")
			}
			return err
		}
		out, err := h.Rules.ReplayRange(ctx, issuance.ReplayRange{Command: by, Door: e.Door, Endpoint: e.ID, State: state, From: c.From, To: c.To})
		if err != nil {
			return err
		}
		more := ""
		if out.More {
			more = " There are more: narrow the range and run it again."
		}
		_, err = fmt.Fprintf(w.Stdout, "%d deliveries are due now.%s\n", out.Count, more)
		return err
	})
}

type webhookRotate struct{ hookName }

// Run rotates the secret.
func (c webhookRotate) Run(ctx context.Context, w World) error {
	return c.open(ctx, w, func(h *app.House, by issuance.Command, e issuance.Endpoint) error {
		out, err := h.Rules.RotateEndpoint(ctx, issuance.RotateEndpoint{Command: by, Door: e.Door, Endpoint: e.ID})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(w.Stdout, out.Secret.Reveal())
		return err
	})
}

type webhookDisable struct{ hookName }

// Run ends the webhook.
func (c webhookDisable) Run(ctx context.Context, w World) error {
	return c.open(ctx, w, func(h *app.House, by issuance.Command, e issuance.Endpoint) error {
		if _, err := h.Rules.DisableEndpoint(ctx, issuance.DisableEndpoint{Command: by, Door: e.Door, Endpoint: e.ID}); err != nil {
			return err
		}
		_, err := fmt.Fprintf(w.Stdout, "The webhook %s is disabled.\n", e.ID)
		return err
	})
}
