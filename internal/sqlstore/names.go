package sqlstore

import (
	"context"

	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

const (
	// namesFrom looks through so many names with one beginning as $4 says; what is asked of them follows.
	namesFrom = `(SELECT u.id, u.name_key FROM customers u WHERE u.program_id = $1 AND u.name_key <> '' AND u.name_key >= $2 AND u.name_key < $3
	AND u.deleted_at IS NULL ORDER BY u.name_key, u.id LIMIT $4) x`
	listNamed = `SELECT ` + customerColumns + ` FROM customers u WHERE u.id IN (SELECT x.id FROM ` + namesFrom + ` WHERE x.name_key <> ''`
	// cardsOfNamed is a cross join, so that SQLite goes from the names to their cards and not through all cards that somebody has;
	// nor does it ask that a card has a customer, which SQLite would take for the range to look through.
	cardsOfNamed = `SELECT k.id FROM ` + namesFrom + ` CROSS JOIN cards k
	WHERE k.program_id = $1 AND k.customer_id = x.id AND k.closed_reason <> 'deleted' AND k.last4 = $5`

	lastText = "\U0010FFFF" // behind every text with the same beginning
)

func namedThrough(sql string, p ident.ProgramID, q issuance.NameQuery, more ...any) *listing {
	l := newListing(sql, append([]any{p.UUID, q.Beginning, q.Beginning + lastText, q.Through}, more...)...)
	for _, w := range q.Words {
		l.and("' ' || x.name_key LIKE ", "% "+w+"%")
	}
	return l
}

func namedPage(p ident.ProgramID, q issuance.NameQuery, limit int) (string, []any) {
	l := namedThrough(listNamed, p, q)
	l.sql.WriteString(" ORDER BY x.name_key, x.id LIMIT " + l.arg(limit) + ") ORDER BY u.name_key, u.id")
	return l.sql.String(), l.args
}

func (t tx) NamedCustomers(_ context.Context, p ident.ProgramID, q issuance.NameQuery, limit int) ([]customer.Customer, error) {
	sql, args := namedPage(p, q, limit)
	return all(t, sql, args, scanCustomer)
}

func cardsOfNamedPage(p ident.ProgramID, q issuance.NameQuery, last4 string, limit int) (string, []any) {
	l := namedThrough(cardsOfNamed, p, q, last4)
	l.sql.WriteString(" LIMIT " + l.arg(limit))
	return l.sql.String(), l.args
}

func (t tx) CardsOfNamed(_ context.Context, p ident.ProgramID, q issuance.NameQuery, last4 string, limit int) ([]ident.CardID, error) {
	sql, args := cardsOfNamedPage(p, q, last4, limit)
	return all(t, sql, args, func(r row, id *ident.CardID) error { return r.scan(&id.UUID) })
}
