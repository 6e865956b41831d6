package sqlstore

import (
	"context"
	"errors"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

// Plan is how the database goes about one query that many requests wait for.
type Plan struct {
	Query   string
	Indexes []string // that it goes by, as the engine names them
	Whole   []string // tables of which it reads every row
	Rows    int      // that it gave
	Took    time.Duration
}

// ErrNothingStored says that there is no card to ask about.
var ErrNothingStored = errors.New("no activated card is stored: fill the database first")

const (
	// countCards stops at a million and one: to count all of very many takes longer than a statement may.
	countCards    = `SELECT count(*) FROM (SELECT 1 FROM cards LIMIT 1000001) AS few`
	selectLowest  = `SELECT c.id FROM cards c ORDER BY c.id LIMIT 1`
	selectHighest = `SELECT c.id FROM cards c ORDER BY c.id DESC LIMIT 1`
	// selectSample takes an activated card at an id or behind it.
	selectSample = `SELECT c.program_id, c.id, c.number, c.customer_id, u.number, c.account_id, a.number, p.identifier, p.batch_id, p.shipment_id, b.reference, n.pan_index, c.last4
	FROM cards c JOIN plastics p ON p.card_id = c.id JOIN customers u ON u.id = c.customer_id JOIN accounts a ON a.id = c.account_id JOIN batches b ON b.id = p.batch_id
	LEFT JOIN card_numbers n ON n.id = c.id
	WHERE c.id >= $1 ORDER BY c.id LIMIT 1`
	plansRuns = 5 // of each query: the median counts
)

// sample is one card with what hangs on it.
type sample struct {
	program, card, customer, account, batch, shipment ident.UUID
	number, holder, balance                           int64
	identifier, reference, last4                      string
	index                                             []byte // of the card number, when one is kept
}

// hot are the queries that requests wait for, with the values of a sample. What the sealer asks depends on whether rows are born
// with their places.
func (x sample) hot(oneByOne bool) []struct {
	name string
	sql  string
	args []any
} {
	type query = struct {
		name string
		sql  string
		args []any
	}
	page := issuance.Page{Limit: 20}
	list := func(name, sql, alias, end string, conditions ...any) query {
		l := newListing(sql, x.program)
		for i := 0; i+1 < len(conditions); i += 2 {
			l.and(conditions[i].(string), conditions[i+1]) //nolint:forcetypeassert // pairs of text and value
		}
		text, args := l.paged(alias, page)
		return query{name, text + end, args}
	}
	holder := movements(listMovements, ident.ProgramID{UUID: x.program}, issuance.MovementFilter{Customer: ident.CustomerID{UUID: x.customer}})
	deliveries, delivered := deliveriesPage(ident.EndpointID{UUID: x.batch}, issuance.DeliveryExhausted, page)
	waiting := query{"sealer: rows that wait", selectUnsealed, []any{x.program, 100}}
	if oneByOne {
		waiting = query{"sealer: a log with rows behind it", selectBehind, []any{x.program}}
	}
	return []query{
		{"activation: by identifier", selectCandidates, []any{x.program, x.identifier}},
		{"card with its clock", selectTimedView, []any{x.program, x.card}},
		{"activation: card by id", selectView, []any{x.program, x.card}},
		{"activation: holder by id", selectHolderByID, []any{x.program, x.customer}},
		{"activation: holder by number", selectHolderByNumber, []any{x.program, x.holder}},
		{"activation: balance", selectBalance, []any{x.program, x.balance}},
		{"activation: idempotency record", selectAnswer, []any{x.program, "debit", "a key"}},
		{"idempotency record with its clock", selectTimedAnswer, []any{x.program, "debit", "a key"}},
		{"activation: wrong tries of a programme", countMisses, []any{x.program, time.UnixMicro(1), time.UnixMicro(2), 50}},
		{"activation: plastics of a box", selectMatesOfCard, []any{x.card}},
		{"card by number", selectViewByNumber, []any{x.program, x.number}},
		{"card by card number", selectEntryByIndex, []any{x.program, x.index}},
		{"card number of a card", selectEntry, []any{x.program, x.card}},
		{"where the book stands", selectPosition, []any{x.account}},
		{"movements of a customer", holder.sql.String() + " ORDER BY n.at DESC, n.journal_id DESC LIMIT 20 OFFSET 0", holder.args},
		{"customer by number", selectCustomerByNumber, []any{x.program, x.holder}},
		{"cards held", countHeld, []any{x.program, x.customer}},
		{"audit of a card", countAudit, []any{x.program, x.card, "card.activate", "ok", time.UnixMicro(1)}},
		{"codes that a key read", countReads, []any{x.program, "key:a", time.UnixMicro(1)}},
		{"last act on a card", lastAudit, []any{x.program, x.card, "card.activate", "ok", time.UnixMicro(1)}},
		{"batch by reference", selectBatch, []any{x.program, x.reference}},
		{"items of a batch", selectItems, []any{x.batch, 0, "created", 100}},
		{"item by identifier", selectFirstWith, []any{x.batch, x.identifier}},
		{"plastics of a batch's box", selectPlasticsIn, []any{x.shipment, 100}},
		list("list cards", listViewsStart, "k", listViewsEnd(page)),
		list("list cards of a customer", listViewsStart, "k", listViewsEnd(page), "k.customer_id = ", x.customer),
		list("list cards of an account", listViewsStart, "k", listViewsEnd(page), "k.account_id = ", x.account),
		list("list cards by four digits", listViewsStart, "k", listViewsEnd(page), cardsEndIn, x.last4),
		list("list customers", listCustomers, "u", ""),
		list("list accounts of an owner", listAccounts, "a", "", "a.owner_id = ", x.customer),
		{"outbox: waiting messages", selectWaiting, []any{100}},
		{"outbox: due deliveries", selectDue, []any{x.batch, time.UnixMicro(1), time.UnixMicro(1), 10}},
		{"deliveries of a webhook", deliveries, delivered},
		{"feed: next events", selectFeed, []any{x.program, 0, 100}},
		{"feed: events without a place", selectUnplaced, []any{x.program, 100}},
		{"sealer: logs with rows that wait", selectUnsealedLog, []any{x.program}},
		waiting,
		{"sealer: sealed rows", selectSealed, []any{x.program, 1, 100}},
		{"worker: waiting batch", selectWaitingBatch, []any{time.UnixMicro(1)}},
	}
}

// HotPlans asks the database how it goes about every query that requests wait for, about a card among all
// that are stored, and runs each of them. cards counts up to a million; one more says that there are more.
func (d *DB) HotPlans(ctx context.Context) (cards int64, plans []Plan, err error) {
	var x sample
	err = d.engine.read(ctx, func(s *session) error {
		if _, err := one(s, countCards, nil, &cards); err != nil {
			return err
		}
		x, err = middle(s)
		return err
	})
	if err != nil {
		return 0, nil, err
	}
	for _, q := range x.hot(d.dialect.oneByOne) {
		p := Plan{Query: q.name}
		err := d.engine.read(ctx, func(s *session) error {
			if err := s.query(d.dialect.explain()+q.sql, q.args, p.note(d.dialect)); err != nil {
				return err
			}
			var runs []time.Duration
			for range plansRuns {
				p.Rows = 0
				began := d.now()
				err := s.query(q.sql, q.args, func(row) error { p.Rows++; return nil })
				if err != nil {
					return err
				}
				runs = append(runs, d.now().Sub(began))
			}
			slices.Sort(runs)
			p.Took = runs[len(runs)/2]
			return nil
		})
		if err != nil {
			return cards, plans, fault.Wrap(err, q.name)
		}
		plans = append(plans, p)
	}
	return cards, plans, nil
}

// middle takes an activated card near the middle of all that were ever ordered.
func middle(s *session) (sample, error) {
	var x sample
	var low, high []byte
	found, err := one(s, selectLowest, nil, &low)
	if err == nil && found {
		found, err = one(s, selectHighest, nil, &high)
	}
	if err != nil {
		return x, err
	}
	if !found {
		return x, ErrNothingStored
	}
	sum := new(big.Int).Add(new(big.Int).SetBytes(low), new(big.Int).SetBytes(high))
	half := sum.Rsh(sum, 1).FillBytes(make([]byte, len(low)))
	found, err = one(s, selectSample, []any{half}, &x.program, &x.card, &x.number, &x.customer, &x.holder, &x.account, &x.balance,
		&x.identifier, &x.batch, &x.shipment, &x.reference, &x.index, &x.last4)
	if err == nil && !found {
		err = ErrNothingStored
	}
	return x, err
}

// The words in which the engines tell their plans. sqliteWhole is a SCAN of a table, unless by an index.
var (
	sqliteIndex   = regexp.MustCompile(`^(?:SEARCH|SCAN) (\S+) USING (?:COVERING )?(?:INDEX (\S+)|(?:INTEGER )?(PRIMARY KEY))`)
	sqliteWhole   = regexp.MustCompile(`^SCAN ([a-z_]+)$`)
	postgresIndex = regexp.MustCompile(`(?:Index Scan|Index Only Scan)(?: Backward)? using (\S+)|Bitmap Index Scan on (\S+)`)
	postgresWhole = regexp.MustCompile(`Seq Scan on (\S+)`)
)

// note reads a line of a plan.
func (p *Plan) note(d *dialect) func(row) error {
	return func(r row) error {
		line := ""
		if d.postgres() {
			if err := r.scan(&line); err != nil {
				return err
			}
			p.add(postgresIndex, postgresWhole, line)
			return nil
		}
		if err := r.scan(new(int), new(int), new(int), &line); err != nil {
			return err
		}
		if m := sqliteIndex.FindStringSubmatch(line); m != nil && m[3] != "" {
			line = strings.Replace(line, "PRIMARY KEY", "INDEX "+m[1]+":primary_key", 1)
			line = strings.Replace(line, "INTEGER INDEX", "INDEX", 1)
		}
		p.add(sqliteIndex, sqliteWhole, line)
		return nil
	}
}

func (p *Plan) add(index, whole *regexp.Regexp, line string) {
	if m := index.FindStringSubmatch(line); m != nil {
		name := m[len(m)-1]
		for i := len(m) - 1; i > 0 && name == ""; i-- {
			name = m[i]
		}
		if !slices.Contains(p.Indexes, name) {
			p.Indexes = append(p.Indexes, name)
		}
	}
	if m := whole.FindStringSubmatch(line); m != nil && m[1] != "x" { // x is a derived table of few rows
		p.Whole = append(p.Whole, m[1])
	}
}

func (d *dialect) postgres() bool { return d.skipLocked != "" }

// explain begins a question for a plan.
func (d *dialect) explain() string {
	if d.postgres() {
		return "EXPLAIN "
	}
	return "EXPLAIN QUERY PLAN "
}
