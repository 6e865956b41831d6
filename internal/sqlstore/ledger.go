package sqlstore

import (
	"context"
	"errors"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/ledger"
)

const positionColumns = `n.account_id, n.seq, n.spendable_after, n.held_after, n.network_after, n.funding_after`

const (
	selectPosition = `SELECT ` + positionColumns + ` FROM journal_entries n WHERE n.account_id = $1 ORDER BY n.seq DESC LIMIT 1`
	selectJournal  = `SELECT j.id, j.program_id, j.kind, j.transaction_id, j.memo, j.at FROM journals j WHERE j.id = $2 AND j.program_id = $1`
	selectEntries  = `SELECT n.account_id, n.seq, n.spendable, n.held, n.network, n.funding, n.spendable_after, n.held_after, n.network_after,
	n.funding_after FROM journal_entries n WHERE n.journal_id = $1 ORDER BY n.account_id`
	insertJournal = `INSERT INTO journals (id, program_id, kind, transaction_id, memo, at) VALUES ($1, $2, $3, $4, $5, $6)`
	// insertJournalEntry adds nothing when another movement was the next.
	insertJournalEntry = `INSERT INTO journal_entries (account_id, seq, journal_id, spendable, held, network, funding, spendable_after, held_after,
	network_after, funding_after)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
	ON CONFLICT DO NOTHING`
	selectOwnAccount = `SELECT ` + accountColumns + ` FROM accounts a
	WHERE a.program_id = $1 AND a.owner_kind = 'program' AND a.currency = $2 AND a.kind = 'wallet'
	ORDER BY a.created_at, a.id LIMIT 1`
)

func scanPosition(r row, p *ledger.Position) error {
	return r.scan(&p.Account.UUID, &p.Seq, &p.Sums.Spendable, &p.Sums.Held, &p.Sums.Network, &p.Sums.Funding)
}

func (t tx) Position(_ context.Context, id ident.AccountID) (ledger.Position, error) {
	p := ledger.Position{Account: id}
	err := t.query(selectPosition, []any{id.UUID}, func(r row) error { return scanPosition(r, &p) })
	return p, err
}

func (t tx) Journal(_ context.Context, p ident.ProgramID, id ident.JournalID) (ledger.Journal, bool, error) {
	var j ledger.Journal
	found, err := one(t, selectJournal, []any{p.UUID, id.UUID}, &j.ID.UUID, &j.Program.UUID, (*string)(&j.Kind), &j.Transaction.UUID, asJSON(&j.Memo), &j.At)
	if err != nil || !found {
		return ledger.Journal{}, false, err
	}
	j.Entries, err = all(t, selectEntries, []any{id.UUID}, func(r row, e *ledger.Entry) error {
		return r.scan(&e.Account.UUID, &e.Seq, &e.Change.Spendable, &e.Change.Held, &e.Change.Network, &e.Change.Funding, &e.After.Spendable,
			&e.After.Held, &e.After.Network, &e.After.Funding)
	})
	return j, err == nil, err
}

func (t tx) OwnAccount(_ context.Context, p ident.ProgramID, currency string) (account.Account, bool, error) {
	var a account.Account
	found, err := one(t, selectOwnAccount, []any{p.UUID, currency}, accountDest(&a)...)
	return a, found, err
}

// errUnbalanced says that a movement makes money or loses some.
var errUnbalanced = errors.New("the movement is not balanced")

func (t tx) Post(_ context.Context, j ledger.Journal) error {
	if !j.Balanced() {
		return fault.Wrap(errUnbalanced, "post a movement")
	}
	var b batch
	b.write(insertJournal, []any{j.ID.UUID, j.Program.UUID, string(j.Kind), j.Transaction.UUID, toJSON(j.Memo), j.At}, nil)
	for _, e := range j.Entries {
		b.write(insertJournalEntry, []any{
			e.Account.UUID, e.Seq, j.ID.UUID, e.Change.Spendable, e.Change.Held, e.Change.Network, e.Change.Funding, e.After.Spendable,
			e.After.Held, e.After.Network, e.After.Funding,
		}, guarded)
	}
	return t.run(b)
}
