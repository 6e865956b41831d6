package cli

import (
	"context"
	"fmt"

	"github.com/firsttap/firsttap/internal/app"
	"github.com/firsttap/firsttap/internal/issuance"
)

type debitWebhookCommand struct {
	Set    debitWebhookSet    `cmd:"" help:"Set where batches are reported. A new signing secret is printed once."`
	Remove debitWebhookRemove `cmd:"" help:"Let batches end without notice."`
}

type debitWebhookSet struct {
	where
	Program string `required:"" help:"Name or id of the programme."`
	URL     string `arg:"" name:"url" help:"Address of the receiver."`
	Rotate  bool   `help:"Make a new secret; the old one signs too for a day."`
}

// Run sets the address.
func (c debitWebhookSet) Run(ctx context.Context, w World) error {
	return c.with(ctx, w, app.Open, func(h *app.House) error {
		p, err := h.Access.FindProgram(ctx, c.Program)
		if err != nil {
			return err
		}
		made, err := h.SetBatchWebhook(ctx, p, issuance.SetBatchWebhook{Command: operatorOf(c.operator(), p.ID), URL: c.URL, Rotate: c.Rotate})
		if err != nil {
			return err
		}
		if _, err = fmt.Fprintf(w.Stdout, "Batches of %s are reported to %s.\n", p.Name, made.Endpoint.URL); err != nil || made.Secret.IsZero() {
			return err
		}
		_, err = fmt.Fprintf(w.Stdout, "secret  %s\n\nKeep it now: it is shown once.\n", made.Secret.Reveal())
		return err
	})
}

type debitWebhookRemove struct {
	where
	Program string `required:"" help:"Name or id of the programme."`
}

// Run removes the address.
func (c debitWebhookRemove) Run(ctx context.Context, w World) error {
	return c.with(ctx, w, app.Open, func(h *app.House) error {
		p, err := h.Access.FindProgram(ctx, c.Program)
		if err != nil {
			return err
		}
		if err := h.Rules.RemoveBatchWebhook(ctx, operatorOf(c.operator(), p.ID)); err != nil {
			return err
		}
		_, err = fmt.Fprintf(w.Stdout, "Batches of %s end without notice.\n", p.Name)
		return err
	})
}
