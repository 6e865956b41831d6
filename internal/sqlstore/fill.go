package sqlstore

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/auditworker"
	orders "github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ledger"
	"github.com/firsttap/firsttap/internal/shipment"
)

// Stock is rows that were never commands: a load of made-up cards with their history, to measure by.
type Stock struct {
	Batches   []orders.Batch
	Boxes     []shipment.Shipment
	Items     []orders.Item
	Customers []customer.Customer
	Accounts  []account.Account
	Cards     []card.Card
	Plastics  []card.Plastic
	Numbers   []card.VaultEntry // one that is taken is left out, and its card has none
	Journals  []ledger.Journal  // of kinds that are not told
	Trail     auditworker.Step  // audit rows, with their places
	Messages  []event.Message
}

// Fill writes a stock straight into the tables, in one transaction, as fast as the engine can. It checks
// nothing but that the audit trail goes on where the stock says: whoever made the stock answers for it.
func (d *DB) Fill(ctx context.Context, st Stock) error {
	return d.engine.write(ctx, func(s *session) error {
		moved, err := moveTrail(s, st.Trail)
		if err == nil && !moved {
			err = fault.Wrap(errGrown, "fill")
		}
		if err != nil {
			return err
		}
		for _, load := range st.loads() {
			if len(load.rows) == 0 {
				continue
			}
			if c, ok := s.conn.(*postgresConn); ok {
				if err := c.copyRows(load.sql, load.rows); err != nil {
					return err
				}
				continue
			}
			var b batch
			b.repeat(load.sql, load.rows, nil)
			if err := s.run(b); err != nil {
				return err
			}
		}
		var b batch
		b.repeat(insertEntry, rowsOf(st.Numbers, entryArgs), nil)
		saveTiles(&b, st.Trail)
		return s.run(b)
	})
}

var errGrown = errors.New("somebody else seals the audit trail of the programme that is filled")

// countOrdered goes by the orders: to count very many cards takes longer than a statement may.
const countOrdered = `SELECT CAST(COALESCE(SUM(b.created), 0) AS BIGINT) FROM batches b`

// CountCards tells how many cards orders in bulk have made, as all of a fill are.
func (d *DB) CountCards(ctx context.Context) (cards int, err error) {
	err = d.engine.read(ctx, func(s *session) error {
		_, err := one(s, countOrdered, nil, &cards)
		return err
	})
	return cards, err
}

// fillAudit is insertAudit with the place of the row.
const fillAudit = `INSERT INTO audit (program_id, at, id, actor, channel, source, request_id, action, card_id, customer_id, shipment_id,
	batch_id, outcome, note, on_behalf_of, log_index) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`

// fillEntry is insertJournalEntry without its questions.
const fillEntry = `INSERT INTO journal_entries (account_id, seq, journal_id, spendable, held, network, funding, line, granted, spendable_after,
	held_after, network_after, funding_after, line_after, granted_after, at)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`

// loads gives the rows of each table, those first that others point to.
func (st Stock) loads() []statement {
	return []statement{
		{sql: insertBatch, rows: rowsOf(st.Batches, batchArgs)},
		{sql: insertShipment, rows: rowsOf(st.Boxes, shipmentArgs)},
		{sql: insertItem, rows: rowsOf(st.Items, itemArgs)},
		{sql: insertCustomer, rows: rowsOf(st.Customers, customerArgs)},
		{sql: insertAccount, rows: rowsOf(st.Accounts, accountArgs)},
		{sql: insertCard, rows: rowsOf(st.Cards, cardArgs)},
		{sql: insertPlastic, rows: rowsOf(st.Plastics, plasticArgs)},
		{sql: insertJournal, rows: rowsOf(st.Journals, journalArgs)},
		{sql: fillEntry, rows: entriesOf(st.Journals)},
		{sql: fillAudit, rows: placedRows(st.Trail)},
		{sql: insertMessage, rows: rowsOf(st.Messages, messageArgs)},
	}
}

func entriesOf(journals []ledger.Journal) (out [][]any) {
	for _, j := range journals {
		for _, e := range j.Entries {
			out = append(out, journalEntryArgs(j, e))
		}
	}
	return out
}

func placedRows(step auditworker.Step) [][]any {
	rows := rowsOf(step.Rows, auditArgs)
	for i := range rows {
		rows[i] = append(rows[i], step.Old.Size+int64(i))
	}
	return rows
}

func rowsOf[T any](things []T, args func(T) []any) [][]any {
	out := make([][]any, len(things))
	for i, t := range things {
		out[i] = args(t)
	}
	return out
}

// copyRows is an INSERT of one row, done for many by COPY.
func (c *postgresConn) copyRows(insert string, rows [][]any) error {
	if _, err := c.exec("SELECT 1"); err != nil { // begins the transaction
		return err
	}
	head, _, _ := strings.Cut(strings.TrimPrefix(insert, "INSERT INTO "), ")")
	table, list, _ := strings.Cut(head, " (")
	columns := strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\t' })
	at := 0
	source := pgx.CopyFromFunc(func() ([]any, error) {
		if at == len(rows) {
			return nil, nil //nolint:nilnil // the end
		}
		at++
		return postgresArgs(rows[at-1])
	})
	if _, err := c.conn.CopyFrom(c.ctx, pgx.Identifier{table}, columns, source); err != nil {
		return c.fail(err)
	}
	return nil
}
