package issuance

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/ledger"
	"github.com/firsttap/firsttap/internal/spendpolicy"
	"github.com/firsttap/firsttap/internal/transaction"
)

// SpendingReader reads what package spending decides from.
type SpendingReader interface {
	// CardUse gives everything that one use of a card is decided from. Deleted cards are
	// found; who decides looks.
	CardUse(ctx context.Context, p ident.ProgramID, id ident.CardID, c transaction.Channel) (CardUse, bool, error)
	// Transaction gives a transaction with its steps in their order.
	Transaction(ctx context.Context, p ident.ProgramID, id ident.TransactionID) (transaction.Transaction, bool, error)
	Challenge(ctx context.Context, p ident.ProgramID, id ident.ChallengeID) (transaction.Challenge, bool, error)
	SpendPolicy(ctx context.Context, p ident.ProgramID, id ident.PolicyID) (spendpolicy.Policy, bool, error)
	// SpendPolicies lists policies, newest first.
	SpendPolicies(ctx context.Context, p ident.ProgramID, f SpendPolicyFilter, page Page) ([]spendpolicy.Policy, error)
	// EffectivePolicies gives the policies of these scopes that are not disabled: the narrowest scope first,
	// then the oldest.
	EffectivePolicies(ctx context.Context, p ident.ProgramID, scopes []spendpolicy.Scope) ([]spendpolicy.Policy, error)
	// CountPolicies counts the policies of a scope that are not disabled.
	CountPolicies(ctx context.Context, p ident.ProgramID, s spendpolicy.Scope) (int, error)
}

// CardUse is a card with its account and the policies that its use may meet.
type CardUse struct {
	View     card.View
	Account  account.Account // zero when the card has none
	Position ledger.Position // of the account
	// Policies are those of the card, its customer and the programme that block the channel, at most the
	// first one: the narrowest, then the oldest.
	Policies []spendpolicy.Policy
}

// SpendPolicyFilter chooses spend policies; zero members choose all.
type SpendPolicyFilter struct {
	ScopeType spendpolicy.ScopeType
	ScopeID   ident.UUID
	Disabled  *bool
}

// SpendingWriter writes what package spending decided.
type SpendingWriter interface {
	// InsertTransaction adds a transaction with all its steps.
	InsertTransaction(ctx context.Context, t transaction.Transaction) error
	// UpdateTransaction writes the status of a transaction and its last step, which is new.
	UpdateTransaction(ctx context.Context, t transaction.Transaction) error
	InsertChallenge(ctx context.Context, c transaction.Challenge) error
	UpdateChallenge(ctx context.Context, c transaction.Challenge) error
	// ExpireChallenges ends those of a card that wait for an answer.
	ExpireChallenges(ctx context.Context, id ident.CardID, at time.Time) error
	InsertSpendPolicy(ctx context.Context, p spendpolicy.Policy) error
	// UpdateSpendPolicy changes name, channels and whether the policy is disabled.
	UpdateSpendPolicy(ctx context.Context, p spendpolicy.Policy) error
}
