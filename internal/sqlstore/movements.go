package sqlstore

import (
	"context"
	"slices"
	"time"

	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

const (
	// movementsOf begin a list by the index on whose movements they are.
	movementsOf = ` FROM journal_entries n JOIN journals j ON j.id = n.journal_id AND j.program_id = $1`
	// listMovements end with what the account got: what came into its own money, and what a hold gave back is not counted twice.
	listMovements = `SELECT ` + journalColumns + `, a.number, n.spendable + n.held, x.merchant` + movementsOf + `
	JOIN accounts a ON a.id = n.account_id LEFT JOIN card_transactions x ON x.id = j.transaction_id`
	countMovements = `SELECT count(*)` + movementsOf
	ofCustomer     = ` WHERE n.customer_id = $2 AND n.customer_id IS NOT NULL`
	selectPaid     = `SELECT CAST(COALESCE(SUM(n.spendable), 0) AS BIGINT) FROM journal_entries n JOIN journals j ON j.id = n.journal_id
	WHERE n.customer_id = $1 AND n.customer_id IS NOT NULL AND n.at >= $2 AND n.spendable < 0 AND j.kind = 'transferred'`
	// selectOwed gives the own money of each account, and what it has collected beyond that, now and before an instant.
	selectOwed = `SELECT n.spendable_after, n.spendable_after + n.held_after, o.spendable_after + o.held_after FROM accounts a
	LEFT JOIN journal_entries n ON n.account_id = a.id AND n.seq = (SELECT max(x.seq) FROM journal_entries x WHERE x.account_id = a.id)
	LEFT JOIN journal_entries o ON o.account_id = a.id
	AND o.seq = (SELECT max(x.seq) FROM journal_entries x WHERE x.account_id = a.id AND x.at < $2)
	WHERE a.id `
	owedByItself   = selectOwed + `= $1`
	owedByChildren = selectOwed + `IN (SELECT c.id FROM accounts c WHERE c.parent_id = $1 AND c.parent_id IS NOT NULL)`
)

// movements is the text of a list of movements, up to its order.
func movements(sql string, p ident.ProgramID, f issuance.MovementFilter) *listing {
	l := newListing(sql+ofCustomer, p.UUID, f.Customer.UUID)
	if f.Number != 0 {
		l.and("j.number = ", f.Number)
	}
	if !f.From.IsZero() {
		l.and("n.at >= ", f.From)
	}
	if !f.To.IsZero() {
		l.and("n.at < ", f.To)
	}
	return l
}

func (t tx) Movements(_ context.Context, p ident.ProgramID, f issuance.MovementFilter, limit, offset int) ([]issuance.Movement, error) {
	l := movements(listMovements, p, f)
	order := " DESC"
	if f.Oldest {
		order = ""
	}
	l.sql.WriteString(" ORDER BY n.at" + order + ", n.journal_id" + order + " LIMIT " + l.arg(limit) + " OFFSET " + l.arg(offset))
	return all(t, l.sql.String(), l.args, func(r row, m *issuance.Movement) error {
		return r.scan(slices.Concat(journalDest(&m.Journal), []any{&m.Account, &m.Cents, asJSON(&m.Merchant)})...)
	})
}

func (t tx) CountMovements(_ context.Context, p ident.ProgramID, f issuance.MovementFilter) (int, error) {
	l := movements(countMovements, p, f)
	var n int
	_, err := one(t, l.sql.String(), l.args, &n)
	return n, err
}

func (t tx) PaidSince(_ context.Context, id ident.CustomerID, since time.Time) (int64, error) {
	var cents int64
	_, err := one(t, selectPaid, []any{id.UUID, since}, &cents)
	return -cents, err
}

func (t tx) Owed(_ context.Context, id ident.AccountID, before time.Time) (issuance.Owing, error) {
	var out issuance.Owing
	add := func(r row) error {
		var own, now, then int64
		if err := r.scan(&own, &now, &then); err != nil {
			return err
		}
		out.Debt += max(0, -own)
		out.Billed += min(max(0, -now), max(0, -then))
		return nil
	}
	var b batch
	b.read(owedByItself, []any{id.UUID, before}, add)
	b.read(owedByChildren, []any{id.UUID, before}, add)
	return out, t.run(b)
}
