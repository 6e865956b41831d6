package issuance

import (
	"context"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/redact"
)

const actionReadMailer = "card.read_mailer"

// ReadMailer asks for the activation code of a card as its mailer would tell it. It is an operator's act in a sandbox,
// where no mailer is printed: no published door has it.
type ReadMailer struct {
	Command
	Card ident.CardID
}

// ReadMailer gives the code. The row in the trail is committed before it leaves. Refusals, in order: card.NotFound,
// card.RevealForbidden outside a sandbox, card.CodeUnavailable.
func (s *Service) ReadMailer(ctx context.Context, cmd ReadMailer) (redact.Text, error) {
	return Run(ctx, s, cmd.Command, actionReadMailer, func(w *Work) (redact.Text, error) {
		w.Audit.Card = cmd.Card
		v, ok, err := w.Tx.CardView(ctx, w.Program.ID, cmd.Card)
		if err != nil {
			return redact.Text{}, err
		}
		v = v.Coming()
		if no := decideMailer(v, ok, w.Program.Kind); no != nil {
			return redact.Text{}, no
		}
		w.Audit.Customer = v.Card.Customer
		w.Announce(event.Event{Name: event.CodeRead, Card: &v})
		code, err := s.sealer.Open(codeBound(v.Plastic), v.Plastic.Guard.CodeSealed)
		if err != nil {
			return redact.Text{}, fault.Wrap(err, "open an activation code")
		}
		return code, nil
	})
}

func decideMailer(v card.View, found bool, kind program.Kind) *fault.Error {
	switch {
	case !found:
		return fault.Refuse(card.NotFound)
	case kind != program.Sandbox:
		return fault.RefuseWith(card.RevealForbidden, "SANDBOX_ONLY")
	case v.Plastic.Guard.CodeSealed == nil:
		return fault.RefuseWith(card.CodeUnavailable, "NOT_ISSUED")
	}
	return nil
}
