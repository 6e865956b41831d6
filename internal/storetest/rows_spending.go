package storetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/ledger"
	"github.com/firsttap/firsttap/internal/spendpolicy"
	"github.com/firsttap/firsttap/internal/transaction"
)

var spendingRows = []contract{
	{"a transaction comes back with its steps in their order and every field, full or sparse", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		full := w.transaction()
		full.Decline, full.Wallet = transaction.ChannelNotAllowed, "APPLE_PAY"
		full.Policy = transaction.PolicyRef{ID: ident.PolicyID{UUID: w.IDs.UUID()}, Type: "T", ScopeType: "S", Name: "«N»"}
		full.Merchant = transaction.Merchant{Name: "Café", City: "b", PostCode: "c", State: "d", Country: "e", MCC: "f", Category: "g"}
		full.Steps = append(full.Steps, w.step(transaction.Reversal, 1), w.step(transaction.Decline, 1<<40))
		transactions.holds(t, w, filled(t, full, "Version"), func(x *transaction.Transaction) {
			x.Status, x.UpdatedAt = transaction.Cleared, w.next()
			x.Steps = append(x.Steps, w.step(transaction.Clearing, 7))
		})
		transactions.holds(t, w, w.transaction(), func(x *transaction.Transaction) {
			x.Status, x.UpdatedAt = transaction.Void, w.next()
			x.Steps = append(x.Steps, w.step(transaction.Reversal, 0))
		})
	}},
	{"a challenge comes back with every field", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		full := w.challenge()
		full.Transaction.UUID, full.AnsweredAt, full.Wallet = w.IDs.UUID(), w.next(), "GOOGLE_PAY"
		full.Merchant = transaction.Merchant{Name: "a", City: "b", PostCode: "c", State: "d", Country: "e", MCC: "f", Category: "g"}
		challenges.holds(t, w, filled(t, full, "Version"), func(c *transaction.Challenge) { c.Answer = transaction.ChallengeRejected })
		challenges.holds(t, w, w.challenge(), func(c *transaction.Challenge) {
			c.Answer, c.AnsweredAt, c.Transaction.UUID = transaction.ChallengeApproved, w.next(), w.IDs.UUID()
		})
	}},
	{"a spend policy comes back with every field", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		full := w.policy(spendpolicy.ForCard, w.Card.Card.ID.UUID, transaction.Channels()...)
		full.Disabled = true
		spendPolicies.holds(t, w, filled(t, full, "Version"), func(p *spendpolicy.Policy) {
			p.Name, p.Disabled, p.Channels, p.UpdatedAt = "other", false, []transaction.Channel{transaction.VisaDirect}, w.next()
		})
	}},
	{"a movement comes back with its entries, and moves where its accounts stand", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		other := w.NewAccount(w.Customer)
		same(t, "an account that never moved", ledger.Position{Account: other.ID}, w.position(other.ID))
		j := w.journal(ledger.Deposited, w.position(w.Account.ID).Move(ledger.Deposit(500)))
		j.Memo = ledger.Memo{Deposit: "a", Sender: "«b»", Reference: "c", Description: []byte(`{"d":1}`)}
		j.Transaction.UUID, j.External = w.IDs.UUID(), "€-1"
		named := journals
		named.readers = append(slices.Clone(named.readers), reader[ledger.Journal]{
			"JournalNamed", func(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID, j ledger.Journal) (ledger.Journal, bool, error) {
				return tx.JournalNamed(ctx, p, j.External)
			},
		})
		named.holds(t, w, filled(t, j), nil)
		move := w.journal(ledger.Cleared, w.position(w.Account.ID).Move(ledger.Change{Spendable: -200, Held: 50, Network: 25, Line: 7}),
			w.position(other.ID).Move(ledger.Change{Spendable: 100, Funding: 25, Granted: -7}))
		journals.holds(t, w, move, nil)
		same(t, "the first account", ledger.Position{Account: w.Account.ID, Seq: 2, Sums: ledger.Sums{Spendable: 300, Held: 50, Network: 25, Funding: -500, Line: 7}}, w.position(w.Account.ID))
		same(t, "the second account", ledger.Position{Account: other.ID, Seq: 1, Sums: ledger.Sums{Spendable: 100, Funding: 25, Granted: -7}}, w.position(other.ID))
	}},
}

// transaction is a pending use of the world's card that is not written yet.
func (w *World) transaction() transaction.Transaction {
	at := w.next()
	return transaction.Transaction{
		ID: ident.TransactionID{UUID: w.IDs.UUID()}, Program: w.Program.ID, Account: w.Account.ID, Card: w.Card.Card.ID,
		Status: transaction.Pending, Channel: transaction.POS, Currency: "USD", Original: "EUR",
		Steps: []transaction.Step{w.step(transaction.Authorization, 1250)}, OccurredAt: at, CreatedAt: at, UpdatedAt: at,
	}
}

func (w *World) step(kind transaction.StepType, cents int64) transaction.Step {
	return transaction.Step{ID: w.IDs.UUID(), Type: kind, Amount: transaction.Amount{Billed: cents, Original: cents * 2}, At: w.next(), CreatedAt: w.next()}
}

func (w *World) challenge() transaction.Challenge {
	at := w.next()
	return transaction.Challenge{
		ID: ident.ChallengeID{UUID: w.IDs.UUID()}, Program: w.Program.ID, Card: w.Card.Card.ID, Answer: transaction.ChallengePending,
		Amount: transaction.Amount{Billed: 17000, Original: 16000}, Currency: "USD", Original: "EUR", CreatedAt: at,
		ExpiresAt: at.Add(transaction.ChallengeLife),
	}
}

func (w *World) policy(kind spendpolicy.ScopeType, of ident.UUID, channels ...transaction.Channel) spendpolicy.Policy {
	at := w.next()
	return spendpolicy.Policy{
		ID: ident.PolicyID{UUID: w.IDs.UUID()}, Program: w.Program.ID, Type: spendpolicy.ChannelRestriction, Name: "No cash",
		Scope: spendpolicy.Scope{Type: kind, ID: of}, Channels: channels, CreatedAt: at, UpdatedAt: at,
	}
}

// NewPolicy adds a spend policy.
func (w *World) NewPolicy(kind spendpolicy.ScopeType, of ident.UUID, channels ...transaction.Channel) spendpolicy.Policy {
	w.t.Helper()
	p := w.policy(kind, of, channels...)
	w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.InsertSpendPolicy(ctx, p) })
	return p
}

func (w *World) journal(kind ledger.Kind, entries ...ledger.Entry) ledger.Journal {
	j := ledger.Journal{ID: ident.JournalID{UUID: w.IDs.UUID()}, Program: w.Program.ID, Kind: kind, At: w.next(), Entries: entries}
	if kind.Told() {
		j.Number = w.number()
	}
	return j
}

// position is where an account stands.
func (w *World) position(id ident.AccountID) ledger.Position {
	w.t.Helper()
	var p ledger.Position
	w.Read(func(ctx context.Context, tx issuance.ReadTx) (err error) {
		p, err = tx.Position(ctx, id)
		return err
	})
	return p
}

var transactions = keeping[transaction.Transaction]{
	insert: func(ctx context.Context, tx issuance.Tx, x transaction.Transaction) error {
		return tx.InsertTransaction(ctx, x)
	},
	update: func(ctx context.Context, tx issuance.Tx, x transaction.Transaction) error {
		return tx.UpdateTransaction(ctx, x)
	},
	version: func(x *transaction.Transaction) *int64 { return &x.Version },
	readers: []reader[transaction.Transaction]{
		{"Transaction", func(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID, x transaction.Transaction) (transaction.Transaction, bool, error) {
			return tx.Transaction(ctx, p, x.ID)
		}},
	},
}

var challenges = keeping[transaction.Challenge]{
	insert: func(ctx context.Context, tx issuance.Tx, c transaction.Challenge) error {
		return tx.InsertChallenge(ctx, c)
	},
	update: func(ctx context.Context, tx issuance.Tx, c transaction.Challenge) error {
		return tx.UpdateChallenge(ctx, c)
	},
	version: func(c *transaction.Challenge) *int64 { return &c.Version },
	readers: []reader[transaction.Challenge]{
		{"Challenge", func(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID, c transaction.Challenge) (transaction.Challenge, bool, error) {
			return tx.Challenge(ctx, p, c.ID)
		}},
	},
}

var spendPolicies = keeping[spendpolicy.Policy]{
	insert: func(ctx context.Context, tx issuance.Tx, p spendpolicy.Policy) error {
		return tx.InsertSpendPolicy(ctx, p)
	},
	update: func(ctx context.Context, tx issuance.Tx, p spendpolicy.Policy) error {
		return tx.UpdateSpendPolicy(ctx, p)
	},
	version: func(p *spendpolicy.Policy) *int64 { return &p.Version },
	readers: []reader[spendpolicy.Policy]{
		{"SpendPolicy", func(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID, o spendpolicy.Policy) (spendpolicy.Policy, bool, error) {
			return tx.SpendPolicy(ctx, p, o.ID)
		}},
		{"SpendPolicies", listed(func(o spendpolicy.Policy) ident.UUID { return o.ID.UUID },
			func(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID) ([]spendpolicy.Policy, error) {
				return tx.SpendPolicies(ctx, p, issuance.SpendPolicyFilter{}, all)
			})},
	},
}

var journals = keeping[ledger.Journal]{
	insert: func(ctx context.Context, tx issuance.Tx, j ledger.Journal) error { return tx.Post(ctx, j) },
	readers: []reader[ledger.Journal]{
		{"Journal", func(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID, j ledger.Journal) (ledger.Journal, bool, error) {
			return tx.Journal(ctx, p, j.ID)
		}},
	},
}

var spendingPiles = []pile{
	{
		"spend policies", func(w *World, at time.Time) {
			p := w.policy(spendpolicy.ForProgram, w.Program.ID.UUID, transaction.ATM)
			p.CreatedAt = at
			w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.InsertSpendPolicy(ctx, p) })
		},
		func(ctx context.Context, tx issuance.ReadTx, w *World, p issuance.Page) ([]issuance.Mark, error) {
			return marks(tx.SpendPolicies(ctx, w.Program.ID, issuance.SpendPolicyFilter{}, p))(func(o spendpolicy.Policy) (time.Time, ident.UUID) { return o.CreatedAt, o.ID.UUID })
		},
	},
}

// NewOwnAccount adds an account of the programme itself.
func (w *World) NewOwnAccount(currency string) account.Account {
	w.t.Helper()
	return w.NewAccount(w.Customer, func(a *account.Account) {
		a.OwnerKind, a.Owner, a.Currency = account.OwnerProgram, ident.CustomerID{}, currency
	})
}
