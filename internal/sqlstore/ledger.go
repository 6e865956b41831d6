package sqlstore

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/ledger"
)

const positionColumns = `n.account_id, n.seq, n.spendable_after, n.held_after, n.network_after, n.funding_after, n.line_after, n.granted_after`

const journalColumns = `j.id, j.program_id, j.kind, j.number, j.external_id, j.transaction_id, j.memo, j.at`

const (
	selectPosition = `SELECT ` + positionColumns + ` FROM journal_entries n WHERE n.account_id = $1 ORDER BY n.seq DESC LIMIT 1`
	selectJournal  = `SELECT ` + journalColumns + ` FROM journals j WHERE j.id = $2 AND j.program_id = $1`
	// selectByName looks for a movement by the name that its caller gave it.
	selectByName  = `SELECT ` + journalColumns + ` FROM journals j WHERE j.program_id = $1 AND j.external_id = $2 AND j.external_id <> ''`
	selectEntries = `SELECT n.account_id, n.seq, n.spendable, n.held, n.network, n.funding, n.line, n.granted, n.spendable_after, n.held_after,
	n.network_after, n.funding_after, n.line_after, n.granted_after FROM journal_entries n WHERE n.journal_id = $1 ORDER BY n.account_id`
	// insertJournal adds nothing when its number or name is another's by now.
	insertJournal = `INSERT INTO journals (id, program_id, kind, number, external_id, transaction_id, memo, at)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
	ON CONFLICT DO NOTHING`
	// insertJournalEntry adds nothing when another movement was the next, or when its journal was not added. Of a movement that
	// is told, it notes whose list has it: the owner's as it is now.
	insertJournalEntry = `INSERT INTO journal_entries (account_id, seq, journal_id, spendable, held, network, funding, line, granted, spendable_after,
	held_after, network_after, funding_after, line_after, granted_after, at, customer_id)
	SELECT $1, $2, j.id, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
	(SELECT a.owner_id FROM accounts a WHERE a.id = $1 AND a.program_id = $17) FROM journals j WHERE j.id = $3
	ON CONFLICT DO NOTHING`
	selectOwnAccount = `SELECT ` + accountColumns + ` FROM accounts a
	WHERE a.program_id = $1 AND a.owner_kind = 'program' AND a.currency = $2 AND a.kind = 'wallet'
	ORDER BY a.created_at, a.id LIMIT 1`
)

func scanPosition(r row, p *ledger.Position) error {
	return r.scan(&p.Account.UUID, &p.Seq, &p.Sums.Spendable, &p.Sums.Held, &p.Sums.Network, &p.Sums.Funding, &p.Sums.Line, &p.Sums.Granted)
}

func journalDest(j *ledger.Journal) []any {
	return []any{
		&j.ID.UUID, &j.Program.UUID, (*string)(&j.Kind), &j.Number, &j.External, &j.Transaction.UUID, asJSON(&j.Memo), &j.At,
	}
}

func sumsDest(s *ledger.Sums) []any {
	return []any{&s.Spendable, &s.Held, &s.Network, &s.Funding, &s.Line, &s.Granted}
}

func sumsArgs(s ledger.Sums) []any {
	return []any{s.Spendable, s.Held, s.Network, s.Funding, s.Line, s.Granted}
}

func (t tx) Position(_ context.Context, id ident.AccountID) (ledger.Position, error) {
	p := ledger.Position{Account: id}
	err := t.query(selectPosition, []any{id.UUID}, func(r row) error { return scanPosition(r, &p) })
	return p, err
}

func (t tx) Journal(_ context.Context, p ident.ProgramID, id ident.JournalID) (ledger.Journal, bool, error) {
	return t.journal(selectJournal, p.UUID, id.UUID)
}

func (t tx) JournalNamed(_ context.Context, p ident.ProgramID, external string) (ledger.Journal, bool, error) {
	return t.journal(selectByName, p.UUID, external)
}

func (t tx) journal(sql string, args ...any) (ledger.Journal, bool, error) {
	var j ledger.Journal
	found, err := one(t, sql, args, journalDest(&j)...)
	if err != nil || !found {
		return ledger.Journal{}, false, err
	}
	j.Entries, err = all(t, selectEntries, []any{j.ID.UUID}, func(r row, e *ledger.Entry) error {
		return r.scan(slices.Concat([]any{&e.Account.UUID, &e.Seq}, sumsDest(&e.Change), sumsDest(&e.After))...)
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
	post(&b, j)
	return t.run(b)
}

// post adds a movement to a batch. Its entries go in the order of their accounts: two movements between the
// same two, one each way, then wait for one another at the first, and never in a circle.
func post(b *batch, j ledger.Journal) {
	b.write(insertJournal, journalArgs(j), guarded)
	told := ident.UUID{}
	if j.Kind.Told() {
		told = j.Program.UUID
	}
	entries := slices.SortedFunc(slices.Values(j.Entries), func(a, b ledger.Entry) int {
		return bytes.Compare(a.Account.UUID[:], b.Account.UUID[:])
	})
	for _, e := range entries {
		b.write(insertJournalEntry, append(journalEntryArgs(j, e), told), guarded)
	}
}

func journalArgs(j ledger.Journal) []any {
	return []any{j.ID.UUID, j.Program.UUID, string(j.Kind), j.Number, j.External, j.Transaction.UUID, toJSON(j.Memo), j.At}
}

func journalEntryArgs(j ledger.Journal, e ledger.Entry) []any {
	return slices.Concat([]any{e.Account.UUID, e.Seq, j.ID.UUID}, sumsArgs(e.Change), sumsArgs(e.After), []any{j.At})
}
