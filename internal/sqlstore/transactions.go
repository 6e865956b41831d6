package sqlstore

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/spendpolicy"
	"github.com/firsttap/firsttap/internal/transaction"
)

const (
	transactionColumns = `x.id, x.program_id, x.account_id, x.card_id, x.status, x.channel, x.wallet, x.currency, x.original_currency,
	x.merchant, x.decline, x.policy_id, x.policy_type, x.policy_scope, x.policy_name, x.occurred_at, x.created_at, x.updated_at, x.version`
	stepColumns      = `e.id, e.type, e.billed, e.original, e.at, e.created_at`
	challengeColumns = `h.id, h.program_id, h.card_id, h.answer, h.billed, h.original, h.currency, h.original_currency, h.wallet, h.merchant,
	h.transaction_id, h.created_at, h.expires_at, h.answered_at, h.version`
)

const (
	selectTransaction = `SELECT ` + transactionColumns + ` FROM card_transactions x WHERE x.id = $2 AND x.program_id = $1`
	selectSteps       = `SELECT ` + stepColumns + ` FROM card_transaction_steps e WHERE e.transaction_id = $1 ORDER BY e.idx`
	insertTransaction = `INSERT INTO card_transactions (id, program_id, account_id, card_id, status, channel, wallet, currency, original_currency,
	merchant, decline, policy_id, policy_type, policy_scope, policy_name, occurred_at, created_at, updated_at, version)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`
	// insertStep adds nothing when another step was faster.
	insertStep = `INSERT INTO card_transaction_steps (transaction_id, idx, id, type, billed, original, at, created_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
	ON CONFLICT DO NOTHING`
	updateTransaction = `UPDATE card_transactions SET status = $3, updated_at = $4, version = $2 + 1 WHERE id = $1 AND version = $2`

	selectChallenge = `SELECT ` + challengeColumns + ` FROM challenges h WHERE h.id = $2 AND h.program_id = $1`
	insertChallenge = `INSERT INTO challenges (id, program_id, card_id, answer, billed, original, currency, original_currency, wallet, merchant,
	transaction_id, created_at, expires_at, answered_at, version)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`
	updateChallenge = `UPDATE challenges SET answer = $3, transaction_id = $4, answered_at = $5, version = $2 + 1
	WHERE id = $1 AND version = $2`
	expireChallenges = `UPDATE challenges SET expires_at = $2, version = version + 1
	WHERE card_id = $1 AND answer = 'PENDING' AND expires_at > $2`

	// accountOfCard and its like find by the card what its use needs, so that all goes out at once.
	accountOfCard  = `SELECT ` + accountColumns + ` FROM cards c JOIN accounts a ON a.id = c.account_id WHERE c.id = $2 AND c.program_id = $1`
	positionOfCard = `SELECT ` + positionColumns + ` FROM journal_entries n
	WHERE n.account_id = (SELECT c.account_id FROM cards c WHERE c.id = $2 AND c.program_id = $1) ORDER BY n.seq DESC LIMIT 1`
	policyOfUse = `SELECT ` + policyColumns + ` FROM spend_policies o
	WHERE o.program_id = $1 AND o.disabled = 0 AND o.scope_id IN ($1, $2, (SELECT c.customer_id FROM cards c WHERE c.id = $2))
	AND o.channels LIKE '%,' || $3 || ',%'
	ORDER BY ` + narrowestFirst + ` LIMIT 1`
)

func transactionDest(x *transaction.Transaction) []any {
	return []any{
		&x.ID.UUID, &x.Program.UUID, &x.Account.UUID, &x.Card.UUID, (*string)(&x.Status), (*string)(&x.Channel), &x.Wallet, &x.Currency,
		&x.Original, asJSON(&x.Merchant), (*string)(&x.Decline), &x.Policy.ID.UUID, &x.Policy.Type, &x.Policy.ScopeType, &x.Policy.Name,
		&x.OccurredAt, &x.CreatedAt, &x.UpdatedAt, &x.Version,
	}
}

func challengeDest(c *transaction.Challenge) []any {
	return []any{
		&c.ID.UUID, &c.Program.UUID, &c.Card.UUID, (*string)(&c.Answer), &c.Amount.Billed, &c.Amount.Original, &c.Currency, &c.Original,
		&c.Wallet, asJSON(&c.Merchant), &c.Transaction.UUID, &c.CreatedAt, &c.ExpiresAt, &c.AnsweredAt, &c.Version,
	}
}

func scanStep(r row, s *transaction.Step) error {
	return r.scan(&s.ID, (*string)(&s.Type), &s.Amount.Billed, &s.Amount.Original, &s.At, &s.CreatedAt)
}

// CardUse asks its questions in one round.
func (t tx) CardUse(_ context.Context, p ident.ProgramID, id ident.CardID, c transaction.Channel) (issuance.CardUse, bool, error) {
	var (
		v   views
		use issuance.CardUse
		b   batch
	)
	b.read(selectView, []any{p.UUID, id.UUID}, v.add)
	b.read(accountOfCard, []any{p.UUID, id.UUID}, func(r row) error { return scanAccount(r, &use.Account) })
	b.read(positionOfCard, []any{p.UUID, id.UUID}, func(r row) error { return scanPosition(r, &use.Position) })
	b.read(policyOfUse, []any{p.UUID, id.UUID, string(c)}, func(r row) error {
		var o spendpolicy.Policy
		err := scanPolicy(r, &o)
		use.Policies = append(use.Policies, o)
		return err
	})
	if err := t.run(b); err != nil || len(v.found) == 0 {
		return issuance.CardUse{}, false, err
	}
	use.View, use.Position.Account = v.found[0].View, use.Account.ID
	return use, true, nil
}

func (t tx) Transaction(_ context.Context, p ident.ProgramID, id ident.TransactionID) (transaction.Transaction, bool, error) {
	var (
		x     transaction.Transaction
		found bool
		b     batch
	)
	b.read(selectTransaction, []any{p.UUID, id.UUID}, func(r row) error {
		found = true
		return r.scan(transactionDest(&x)...)
	})
	b.read(selectSteps, []any{id.UUID}, func(r row) error {
		var s transaction.Step
		err := scanStep(r, &s)
		x.Steps = append(x.Steps, s)
		return err
	})
	if err := t.run(b); err != nil || !found {
		return transaction.Transaction{}, false, err
	}
	return x, true, nil
}

func (t tx) InsertTransaction(_ context.Context, x transaction.Transaction) error {
	var b batch
	b.write(insertTransaction, []any{
		x.ID.UUID, x.Program.UUID, x.Account.UUID, x.Card.UUID, string(x.Status), string(x.Channel), x.Wallet, x.Currency, x.Original,
		toJSON(x.Merchant), string(x.Decline), x.Policy.ID.UUID, x.Policy.Type, x.Policy.ScopeType, x.Policy.Name, x.OccurredAt,
		x.CreatedAt, x.UpdatedAt, x.Version,
	}, nil)
	for i := range x.Steps {
		b.write(insertStep, stepArgs(x, i), guarded)
	}
	return t.run(b)
}

func (t tx) UpdateTransaction(_ context.Context, x transaction.Transaction) error {
	var b batch
	b.write(updateTransaction, []any{x.ID.UUID, x.Version, string(x.Status), x.UpdatedAt}, guarded)
	b.write(insertStep, stepArgs(x, len(x.Steps)-1), guarded)
	return t.run(b)
}

func stepArgs(x transaction.Transaction, i int) []any {
	s := x.Steps[i]
	return []any{x.ID.UUID, i, s.ID, string(s.Type), s.Amount.Billed, s.Amount.Original, s.At, s.CreatedAt}
}

func (t tx) Challenge(_ context.Context, p ident.ProgramID, id ident.ChallengeID) (transaction.Challenge, bool, error) {
	var c transaction.Challenge
	found, err := one(t, selectChallenge, []any{p.UUID, id.UUID}, challengeDest(&c)...)
	return c, found, err
}

func (t tx) InsertChallenge(_ context.Context, c transaction.Challenge) error {
	_, err := t.exec(insertChallenge, c.ID.UUID, c.Program.UUID, c.Card.UUID, string(c.Answer), c.Amount.Billed, c.Amount.Original,
		c.Currency, c.Original, c.Wallet, toJSON(c.Merchant), c.Transaction.UUID, c.CreatedAt, c.ExpiresAt, c.AnsweredAt, c.Version)
	return err
}

func (t tx) UpdateChallenge(_ context.Context, c transaction.Challenge) error {
	return update(t, updateChallenge, c.ID.UUID, c.Version, string(c.Answer), c.Transaction.UUID, c.AnsweredAt)
}

func (t tx) ExpireChallenges(_ context.Context, id ident.CardID, at time.Time) error {
	_, err := t.exec(expireChallenges, id.UUID, at)
	return err
}
