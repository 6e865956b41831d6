package app

import (
	"context"
	"fmt"
	"net"

	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/webhook"
)

// SetBatchWebhook sets where batches of a programme are reported, after the same look at the address as the
// debit API takes.
func (h *House) SetBatchWebhook(ctx context.Context, p program.Program, cmd issuance.SetBatchWebhook) (issuance.IssuedEndpoint, error) {
	policy := webhook.TargetPolicy{AllowPrivate: p.Kind == program.Sandbox}
	u, err := webhook.CheckURL(cmd.URL, policy)
	if err == nil {
		err = webhook.CheckResolved(ctx, u, net.DefaultResolver, policy)
	}
	if err != nil {
		return issuance.IssuedEndpoint{}, fmt.Errorf("a webhook has an https address of at most 500 characters that everybody can reach; a sandbox takes any: %w", err)
	}
	cmd.URL = u.String()
	return h.Rules.SetBatchWebhook(ctx, cmd)
}
