package issuance

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
)

const actionApproveRead = "card.approve_code_read"

// approvalLives is how long an approval waits for its read.
const approvalLives = 15 * time.Minute

// ApproveCodeRead lets the next read of a card's activation code pass, where the programme wants each to be approved. It is
// an operator's act: no published door has it.
type ApproveCodeRead struct {
	Command
	Card   ident.CardID
	Reason string // why; kept in the audit row
}

// ApproveCodeRead approves one read within 15 minutes. The approval is its row in the trail, and the read that it served
// is another, so nothing else is kept. Refusals, in order: card.NotFound, card.NotPhysical.
func (s *Service) ApproveCodeRead(ctx context.Context, cmd ApproveCodeRead) (card.View, error) {
	return Run(ctx, s, cmd.Command, actionApproveRead, func(w *Work) (card.View, error) {
		w.Audit.Card, w.Audit.Note = cmd.Card, cmd.Reason
		v, ok, err := w.Tx.CardView(ctx, w.Program.ID, cmd.Card)
		if err != nil {
			return card.View{}, err
		}
		if !ok || !visible(v.Card) {
			return card.View{}, fault.Refuse(card.NotFound)
		}
		if v.Card.Type != card.Physical {
			return card.View{}, fault.Refuse(card.NotPhysical)
		}
		w.Audit.Customer = v.Card.Customer
		return v, nil
	})
}

// approvedRead tells whether an operator approved a read that has not been made. Where none is asked for, nobody looks.
func approvedRead(ctx context.Context, w *Work, id ident.CardID) (bool, error) {
	if w.Program.Policy.ActivationCode.Mode != program.CodeApproval {
		return false, nil
	}
	at, found, err := w.Tx.LastAudit(ctx, w.Program.ID, id, actionApproveRead, audit.OK, w.Now.Add(-approvalLives))
	if err != nil || !found {
		return false, err
	}
	reads, err := w.Tx.CountAudit(ctx, w.Program.ID, id, ActionReadCode, audit.OK, at)
	return reads == 0, err
}
