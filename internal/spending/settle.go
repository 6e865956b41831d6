package spending

import (
	"context"

	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/transaction"
)

// Settle is a step after an authorisation, or one that came without: the network's word, which no rule of
// ours declines.
type Settle struct {
	issuance.Command
	Card        ident.CardID
	Transaction ident.TransactionID     // zero: a new one
	Decline     transaction.DeclineCode // of Decline
	Ask         Ask
}

// Clear collects a pending transaction, or an amount that nobody authorised. It is never refused for want of
// money: the merchant has it already.
func (s *Service) Clear(ctx context.Context, cmd Settle) (transaction.Transaction, error) {
	return s.settle(ctx, cmd, actionClear, transaction.Clearing)
}

// Reverse gives back what is held, or part of it.
func (s *Service) Reverse(ctx context.Context, cmd Settle) (transaction.Transaction, error) {
	return s.settle(ctx, cmd, actionReverse, transaction.Reversal)
}

// Refund gives back what was collected, or an amount that has no purchase.
func (s *Service) Refund(ctx context.Context, cmd Settle) (transaction.Transaction, error) {
	return s.settle(ctx, cmd, actionRefund, transaction.Refund)
}

// Decline records a use that was declined elsewhere.
func (s *Service) Decline(ctx context.Context, cmd Settle) (transaction.Transaction, error) {
	return s.settle(ctx, cmd, actionDecline, transaction.Decline)
}

// settle applies one step. A deleted card is still found with a transaction: money that was on its way must
// arrive. Refusals: card.NotFound, transaction.NotFound, transaction.NotPossible.
func (s *Service) settle(ctx context.Context, cmd Settle, action string, kind transaction.StepType) (transaction.Transaction, error) {
	return issuance.Run(ctx, s.rules, cmd.Command, action, func(w *issuance.Work) (transaction.Transaction, error) {
		var before transaction.Transaction
		use, err := loadUse(ctx, w, cmd.Card, cmd.Ask.Channel, !cmd.Transaction.IsZero())
		if err == nil && !cmd.Transaction.IsZero() {
			before, err = loadTransaction(ctx, w, cmd.Transaction, cmd.Card)
		}
		if err != nil {
			return before, err
		}
		after, no := s.take(w, before, use, cmd.Ask, kind, Verdict{Decline: cmd.Decline})
		if no != nil {
			return before, no
		}
		return after, s.write(ctx, w, use, before, after)
	})
}
