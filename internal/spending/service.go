package spending

import (
	"context"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/transaction"
)

// The actions of audit rows.
const (
	actionAuthorize     = "transaction.authorize"
	actionClear         = "transaction.clear"
	actionReverse       = "transaction.reverse"
	actionRefund        = "transaction.refund"
	actionDecline       = "transaction.decline"
	actionChallenge     = "challenge.create"
	actionRespond       = "challenge.respond"
	actionCreatePolicy  = "spend_policy.create"
	actionChangePolicy  = "spend_policy.change"
	actionDisablePolicy = "spend_policy.disable"
	actionEnablePolicy  = "spend_policy.enable"
	actionDeposit       = "deposit.create"
)

// Service is the use-cases, one method each. It is safe for concurrent use.
type Service struct {
	rules *issuance.Service
	ids   *ident.Source
}

// New makes a Service over the funnel of the rules about cards.
func New(rules *issuance.Service, ids *ident.Source) *Service {
	return &Service{rules: rules, ids: ids}
}

// Ask is what somebody asks of a card.
type Ask struct {
	Channel  transaction.Channel
	Wallet   string // digital wallet; "" when none is used
	Cents    int64  // as billed to the account
	Original int64  // as the merchant asks for it, in minor units; with OriginalCurrency only
	// OriginalCurrency is the merchant's; "" is that of the account, or of the transaction that is gone on with.
	OriginalCurrency string
	Merchant         transaction.Merchant
}

// amount is the ask in the currencies of an account.
func (a Ask) amount() transaction.Amount {
	if a.OriginalCurrency == "" {
		return transaction.Amount{Billed: a.Cents, Original: a.Cents}
	}
	return transaction.Amount{Billed: a.Cents, Original: a.Original}
}

// Transaction gives a transaction, or transaction.NotFound.
func (s *Service) Transaction(ctx context.Context, p ident.ProgramID, id ident.TransactionID) (transaction.Transaction, error) {
	return issuance.Look(ctx, s.rules, transaction.NotFound, func(tx issuance.ReadTx) (transaction.Transaction, bool, error) {
		return tx.Transaction(ctx, p, id)
	})
}

// loadUse loads the card that is used with all that its use needs. A card that nobody holds is not found; a
// deleted one only when deletedToo says so, for money that was on its way before.
func loadUse(ctx context.Context, w *issuance.Work, id ident.CardID, c transaction.Channel, deletedToo bool) (issuance.CardUse, error) {
	use, ok, err := w.Tx.CardUse(ctx, w.Program.ID, id, c)
	if err != nil {
		return use, err
	}
	if !ok || use.View.Card.Customer.IsZero() || use.View.Card.Deleted() && !deletedToo {
		return use, fault.Refuse(card.NotFound)
	}
	w.Audit.Card, w.Audit.Customer = use.View.Card.ID, use.View.Card.Customer
	return use, nil
}

// loadTransaction loads a transaction of that card.
func loadTransaction(ctx context.Context, w *issuance.Work, id ident.TransactionID, of ident.CardID) (transaction.Transaction, error) {
	t, ok, err := w.Tx.Transaction(ctx, w.Program.ID, id)
	if err != nil {
		return t, err
	}
	if !ok || t.Card != of {
		return t, fault.Refuse(transaction.NotFound)
	}
	return t, nil
}
