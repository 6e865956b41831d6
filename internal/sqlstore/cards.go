package sqlstore

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
)

const (
	cardColumns = `c.id, c.program_id, c.number, c.reference, c.type, c.design_id, c.customer_id, c.account_id,
	c.reserved_for, c.reserved_account, c.holder_name, c.last4, c.three_ds, c.expires_at, c.frozen_by,
	c.block_type, c.block_by, c.block_message, c.block_liftable, c.reported_as, c.closed_at,
	c.closed_reason, c.pin_sealed, c.pin_set_at, c.created_at, c.updated_at, c.version, c.pin_hash, c.pin_viewable, c.replaces`
	plasticColumns = `p.id, p.program_id, p.card_id, p.state, p.void_reason, p.custody, p.custody_presumed, p.activated_at,
	p.shipment_id, p.batch_id, p.identifier, p.guard_method, p.guard_state, p.guard_tries,
	p.guard_lifetime_wrong, p.guard_locks, p.guard_locked_until, p.code_hash, p.code_sealed,
	p.code_issued_at, p.created_at, p.updated_at, p.version, p.code_version, p.damaged_at,
	p.supersedes, p.retire_source, p.renewed_expires_at, p.renewed_cvv_series, p.retires_at`
)

const (
	insertCard = `INSERT INTO cards (id, program_id, number, reference, type, design_id, customer_id, account_id, reserved_for,
	reserved_account, holder_name, last4, three_ds, expires_at, frozen_by, block_type, block_by,
	block_message, block_liftable, reported_as, closed_at, closed_reason, pin_sealed, pin_set_at,
	created_at, updated_at, version, pin_hash, pin_viewable, replaces)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
	$23, $24, $25, $26, $27, $28, $29, $30)
	ON CONFLICT DO NOTHING`
	updateCard = `UPDATE cards SET design_id = $3, customer_id = $4, account_id = $5, reserved_for = $6, reserved_account = $7,
	holder_name = $8, last4 = $9, three_ds = $10, expires_at = $11, frozen_by = $12, block_type = $13,
	block_by = $14, block_message = $15, block_liftable = $16, reported_as = $17, closed_at = $18,
	closed_reason = $19, pin_sealed = $20, pin_set_at = $21, updated_at = $22, pin_hash = $23, pin_viewable = $24,
	version = $2 + 1
	WHERE id = $1 AND version = $2`
	insertPlastic = `INSERT INTO plastics (id, program_id, card_id, state, void_reason, custody, custody_presumed, activated_at, shipment_id,
	batch_id, identifier, guard_method, guard_state, guard_tries, guard_lifetime_wrong, guard_locks,
	guard_locked_until, code_hash, code_sealed, code_issued_at, created_at, updated_at, version, code_version, damaged_at,
	supersedes, retire_source, renewed_expires_at, renewed_cvv_series, retires_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25,
	$26, $27, $28, $29, $30)`
	// updatePlastic leaves a plastic alone that was activated at another time.
	updatePlastic = `UPDATE plastics SET state = $3, void_reason = $4, custody = $5, custody_presumed = $6, activated_at = $7, shipment_id = $8,
	batch_id = $9, identifier = $10, guard_method = $11, guard_state = $12, guard_tries = $13,
	guard_lifetime_wrong = $14, guard_locks = $15, guard_locked_until = $16, code_hash = $17,
	code_sealed = $18, code_issued_at = $19, updated_at = $20, code_version = $21, damaged_at = $22, retires_at = $23, version = $2 + 1
	WHERE id = $1 AND version = $2
	AND (activated_at IS NULL OR activated_at = $7)`
	isCard             = `SELECT 1 FROM cards c WHERE c.id = $1`
	selectActivatedAt  = `SELECT activated_at FROM plastics WHERE id = $1 AND version = $2`
	identifierInBatch  = `SELECT 1 FROM plastics p JOIN cards c ON c.id = p.card_id WHERE p.program_id = $1 AND p.identifier = $2 AND p.identifier <> '' AND p.batch_id = $3 AND c.closed_at IS NULL LIMIT 1`
	identifierInPlaces = `SELECT 1 FROM plastics p JOIN cards c ON c.id = p.card_id WHERE p.program_id = $1 AND p.identifier = $2 AND p.identifier <> '' AND c.closed_at IS NULL LIMIT 1`
)

// viewColumns are a card, one of its plastics, that one's box, and the reference of its batch. A card with
// several plastics gives several rows; card.NewView picks.
const viewColumns = cardColumns + `, ` + plasticColumns + `, ` + shipmentColumns + `, b.reference`

const viewTables = `
	FROM cards c LEFT JOIN plastics p ON p.card_id = c.id
	LEFT JOIN shipments s ON s.id = p.shipment_id LEFT JOIN batches b ON b.id = p.batch_id`

const (
	// selectView and its like have no order: PostgreSQL would set up a sort for each card of a group, mostly of one row.
	selectView = `SELECT ` + viewColumns + viewTables + `
	WHERE c.id = $2 AND c.program_id = $1`
	// selectTimedView has the clock of the card's programme before each row.
	selectTimedView = `SELECT ` + clockColumns + `, ` + viewColumns + viewTables + ` JOIN programs pr ON pr.id = c.program_id
	WHERE c.id = $2 AND c.program_id = $1`
	selectViewByNumber = `SELECT ` + viewColumns + viewTables + `
	WHERE c.program_id = $1 AND c.number = $2`
	selectSuccessor = `SELECT ` + viewColumns + viewTables + `
	WHERE c.id = (SELECT k.id FROM cards k WHERE k.replaces = $2 AND k.program_id = $1 AND k.closed_at IS NULL
	ORDER BY k.created_at DESC, k.id DESC LIMIT 1) ORDER BY p.created_at, p.id`
	selectLabelled = `SELECT ` + viewColumns + viewTables + `
	WHERE c.id IN (SELECT x.card_id FROM plastics x WHERE x.program_id = $1 AND x.identifier = $2 AND x.identifier <> '' ORDER BY x.id DESC LIMIT $3)
	ORDER BY c.created_at DESC, c.id DESC, p.created_at, p.id`
	// listHoldings are a customer's own cards, and those that were ordered for it and nobody has activated.
	listHoldings = `SELECT ` + viewColumns + viewTables + `
	WHERE c.id IN (SELECT x.id FROM (
	SELECT k.id, k.created_at FROM cards k WHERE k.program_id = $1 AND k.customer_id = $2 AND k.closed_reason <> 'deleted'
	UNION ALL SELECT k.id, k.created_at FROM cards k WHERE k.program_id = $1 AND k.reserved_for = $2 AND k.customer_id IS NULL
	) x ORDER BY x.created_at DESC, x.id DESC LIMIT $3) ORDER BY c.created_at DESC, c.id DESC, p.created_at, p.id`
	// listViews takes the cards of the page first; what stands between its parts are the conditions.
	listViewsStart = `SELECT ` + viewColumns + viewTables + `
	WHERE c.id IN (SELECT k.id FROM cards k WHERE k.program_id = $1 AND k.customer_id IS NOT NULL AND k.closed_reason <> 'deleted'`
	// cardsEndIn has all that its index is kept for: of a parameter no engine knows that it is not empty.
	cardsEndIn = "k.last4 <> '' AND k.last4 = "
	// statusOfCard is card.Status in SQL; at is the placeholder of the time.
	statusOfCardStart = `CASE WHEN k.closed_at IS NOT NULL THEN 'closed' WHEN k.expires_at IS NOT NULL AND k.expires_at <= `
	statusOfCardEnd   = ` THEN 'expired' WHEN k.block_type <> '' OR k.block_by <> '' OR k.block_message <> '' OR k.block_liftable <> 0
	THEN 'blocked' WHEN k.frozen_by <> '' THEN 'frozen' WHEN k.customer_id IS NOT NULL THEN 'open' ELSE 'unassigned' END`
)

// listViewsEnd gives the cards of a page with all of their plastics, in the order of the page.
func listViewsEnd(page issuance.Page) string {
	return `) ORDER BY ` + orderOf(page, "c.created_at", "c.id") + `, p.created_at, p.id`
}

func cardDest(c *card.Card) []any {
	return []any{
		&c.ID.UUID, &c.Program.UUID, &c.Number, (*string)(&c.Reference), (*string)(&c.Type), &c.Design.UUID,
		&c.Customer.UUID, &c.Account.UUID, &c.ReservedFor.UUID, &c.ReservedAccount.UUID, &c.HolderName, &c.Last4, &c.ThreeDS,
		&c.ExpiresAt, (*string)(&c.FrozenBy), (*string)(&c.Block.Type), (*string)(&c.Block.By), &c.Block.Message,
		&c.Block.Liftable, (*string)(&c.ReportedAs), &c.ClosedAt, (*string)(&c.ClosedReason), &c.PINSealed, &c.PINSetAt,
		&c.CreatedAt, &c.UpdatedAt, &c.Version, &c.PINHash, &c.PINViewable, &c.Replaces.UUID,
	}
}

func cardArgs(c card.Card) []any {
	return []any{
		c.ID.UUID, c.Program.UUID, c.Number, string(c.Reference), string(c.Type), c.Design.UUID,
		c.Customer.UUID, c.Account.UUID, c.ReservedFor.UUID, c.ReservedAccount.UUID, c.HolderName, c.Last4, c.ThreeDS,
		c.ExpiresAt, string(c.FrozenBy), string(c.Block.Type), string(c.Block.By), c.Block.Message,
		c.Block.Liftable, string(c.ReportedAs), c.ClosedAt, string(c.ClosedReason), c.PINSealed, c.PINSetAt,
		c.CreatedAt, c.UpdatedAt, c.Version, c.PINHash, c.PINViewable, c.Replaces.UUID,
	}
}

func plasticDest(p *card.Plastic) []any {
	g := &p.Guard
	return []any{
		&p.ID.UUID, &p.Program.UUID, &p.Card.UUID, (*string)(&p.State), (*string)(&p.VoidReason), (*string)(&p.Custody),
		&p.CustodyPresumed, &p.ActivatedAt, &p.Shipment.UUID, &p.Batch.UUID, &p.Identifier, (*string)(&g.Method),
		(*string)(&g.State), &g.Tries, &g.LifetimeWrong, &g.Locks, &g.LockedUntil, &g.CodeHash, &g.CodeSealed,
		&g.CodeIssuedAt, &p.CreatedAt, &p.UpdatedAt, &p.Version, &g.CodeVersion, &p.DamagedAt,
		&p.Link.Supersedes.UUID, (*string)(&p.Link.RetireSource), &p.Link.ExpiresAt, &p.Link.CVVSeries, &p.RetiresAt,
	}
}

func plasticArgs(p card.Plastic) []any {
	g := p.Guard
	return []any{
		p.ID.UUID, p.Program.UUID, p.Card.UUID, string(p.State), string(p.VoidReason), string(p.Custody),
		p.CustodyPresumed, p.ActivatedAt, p.Shipment.UUID, p.Batch.UUID, p.Identifier, string(g.Method),
		string(g.State), g.Tries, g.LifetimeWrong, g.Locks, g.LockedUntil, g.CodeHash, g.CodeSealed,
		g.CodeIssuedAt, p.CreatedAt, p.UpdatedAt, p.Version, g.CodeVersion, p.DamagedAt,
		p.Link.Supersedes.UUID, string(p.Link.RetireSource), p.Link.ExpiresAt, p.Link.CVVSeries, p.RetiresAt,
	}
}

func scanPlastic(r row, p *card.Plastic) error { return r.scan(plasticDest(p)...) }

// views gathers rows of viewColumns, which come card by card, into candidates. The plastics of a card may come in any order.
type views struct {
	timed      bool // clockColumns stand before them
	clock      clockScan
	found      []issuance.Candidate
	pieces     []card.Piece // of the last card, oldest first
	references []ident.Reference
}

// viewRow is one row of viewColumns, and where its columns go.
type viewRow struct {
	clock     clockScan
	card      card.Card
	piece     card.Piece
	reference ident.Reference
	dest      []any
}

// viewRows are used again: to say where a hundred columns go takes longer than to read them.
var viewRows = sync.Pool{New: func() any {
	v := new(viewRow)
	v.dest = slices.Concat(v.clock.dest(), cardDest(&v.card), plasticDest(&v.piece.Plastic), shipmentDest(&v.piece.Box), []any{(*string)(&v.reference)})
	return v
}}

func (v *views) add(r row) error {
	in, _ := viewRows.Get().(*viewRow)
	defer func() {
		in.clock, in.card, in.piece, in.reference = clockScan{}, card.Card{}, card.Piece{}, ""
		viewRows.Put(in)
	}()
	dest := in.dest
	if !v.timed {
		dest = dest[clockWidth:]
	}
	if err := r.scan(dest...); err != nil {
		return err
	}
	v.clock = in.clock
	n := len(v.found)
	if n == 0 || v.found[n-1].View.Card.ID != in.card.ID {
		v.found, v.pieces, v.references = append(v.found, issuance.Candidate{}), nil, nil
		n++
	}
	at := len(v.pieces)
	for at > 0 && comesBefore(in.piece.Plastic, v.pieces[at-1].Plastic) {
		at--
	}
	v.pieces, v.references = slices.Insert(v.pieces, at, in.piece), slices.Insert(v.references, at, in.reference)
	view := card.NewView(in.card, v.pieces)
	for i := range v.pieces {
		if v.pieces[i].Plastic.ID == view.Plastic.ID {
			v.found[n-1] = issuance.Candidate{View: view, Reference: v.references[i]}
		}
	}
	return nil
}

func comesBefore(a, b card.Plastic) bool {
	if c := a.CreatedAt.Compare(b.CreatedAt); c != 0 {
		return c < 0
	}
	return bytes.Compare(a.ID.UUID[:], b.ID.UUID[:]) < 0
}

func (t tx) CardView(_ context.Context, p ident.ProgramID, id ident.CardID) (card.View, bool, error) {
	var v views
	if err := t.query(selectView, []any{p.UUID, id.UUID}, v.add); err != nil || len(v.found) == 0 {
		return card.View{}, false, err
	}
	return v.found[0].View, true, nil
}

func (t tx) TimedCard(_ context.Context, p ident.ProgramID, id ident.CardID) (program.Clock, card.View, bool, error) {
	v := views{timed: true}
	err := t.query(selectTimedView, []any{p.UUID, id.UUID}, v.add)
	if err != nil || len(v.found) == 0 {
		return program.Clock{}, card.View{}, false, err
	}
	return v.clock.read(), v.found[0].View, true, nil
}

func (t tx) Successor(_ context.Context, p ident.ProgramID, of ident.CardID) (card.View, bool, error) {
	var v views
	if err := t.query(selectSuccessor, []any{p.UUID, of.UUID}, v.add); err != nil || len(v.found) == 0 {
		return card.View{}, false, err
	}
	return v.found[0].View, true, nil
}

func (t tx) CardByNumber(_ context.Context, p ident.ProgramID, number int64) (issuance.Candidate, bool, error) {
	var v views
	if err := t.query(selectViewByNumber, []any{p.UUID, number}, v.add); err != nil || len(v.found) == 0 {
		return issuance.Candidate{}, false, err
	}
	return v.found[0], true, nil
}

func (t tx) Holdings(_ context.Context, p ident.ProgramID, id ident.CustomerID, limit int) ([]issuance.Candidate, error) {
	var v views
	err := t.query(listHoldings, []any{p.UUID, id.UUID, limit}, v.add)
	return v.found, err
}

func (t tx) LabelledCards(_ context.Context, p ident.ProgramID, identifier string, limit int) ([]card.View, error) {
	var v views
	if err := t.query(selectLabelled, []any{p.UUID, identifier, limit}, v.add); err != nil {
		return nil, err
	}
	return v.plain(), nil
}

func (t tx) CardViews(_ context.Context, p ident.ProgramID, f issuance.CardFilter, page issuance.Page) ([]card.View, error) {
	l := newListing(listViewsStart, p.UUID)
	if !f.Customer.IsZero() {
		l.and("k.customer_id = ", f.Customer.UUID)
	}
	if !f.Account.IsZero() {
		l.and("k.account_id = ", f.Account.UUID)
	}
	if f.Type != "" {
		l.and("k.type = ", string(f.Type))
	}
	if f.Last4 != "" {
		l.and(cardsEndIn, f.Last4)
	}
	if len(f.Statuses) > 0 {
		l.sql.WriteString(" AND " + l.arg(oneOf(f.Statuses)) + " LIKE '%,' || " + statusOfCardStart + l.arg(f.At) + statusOfCardEnd + " || ',%'")
	}
	sql, args := l.paged("k", page)
	var v views
	if err := t.query(sql+listViewsEnd(page), args, v.add); err != nil {
		return nil, err
	}
	return v.plain(), nil
}

// plain are the views without what only a choice among candidates needs.
func (v *views) plain() (out []card.View) {
	for _, c := range v.found {
		out = append(out, c.View)
	}
	return out
}

func (t tx) IdentifiersTaken(_ context.Context, p ident.ProgramID, in ident.BatchID, identifiers []string) (map[string]bool, error) {
	taken := map[string]bool{}
	var b batch
	for _, identifier := range identifiers {
		note := func(row) error {
			taken[identifier] = true
			return nil
		}
		if in.IsZero() {
			b.read(identifierInPlaces, []any{p.UUID, identifier}, note)
		} else {
			b.read(identifierInBatch, []any{p.UUID, identifier, in.UUID}, note)
		}
	}
	return taken, t.run(b)
}

func (t tx) InsertCard(_ context.Context, c card.Card) error {
	var b batch
	b.write(insertCard, cardArgs(c), free(issuance.ErrNumberTaken))
	return t.run(b)
}

func (t tx) InsertCards(_ context.Context, cards []card.Card) (taken []int, err error) {
	rows := make([][]any, len(cards))
	for i, c := range cards {
		rows[i] = cardArgs(c)
	}
	return t.insertFree(insertCard, rows, isCard)
}

// insertFree inserts rows that begin with their id, in few statements. Only when some were not inserted it
// asks which.
func (t tx) insertFree(sql string, rows [][]any, isThere string) (missing []int, err error) {
	var added int64
	var b batch
	b.repeat(sql, rows, func(n int64) error {
		added = n
		return nil
	})
	if err := t.run(b); err != nil || added == int64(len(rows)) {
		return nil, err
	}
	there := make([]bool, len(rows))
	b = nil
	for i, args := range rows {
		b.read(isThere, args[:1], func(row) error {
			there[i] = true
			return nil
		})
	}
	err = t.run(b)
	for i, found := range there {
		if !found {
			missing = append(missing, i)
		}
	}
	return missing, err
}

func (t tx) InsertPlastics(_ context.Context, plastics []card.Plastic) error {
	rows := make([][]any, len(plastics))
	for i, p := range plastics {
		rows[i] = plasticArgs(p)
	}
	var b batch
	b.repeat(insertPlastic, rows, nil)
	return t.run(b)
}

func (t tx) UpdateCard(_ context.Context, c card.Card) error {
	return update(t, updateCard, c.ID.UUID, c.Version, c.Design.UUID, c.Customer.UUID, c.Account.UUID, c.ReservedFor.UUID,
		c.ReservedAccount.UUID, c.HolderName, c.Last4, c.ThreeDS, c.ExpiresAt, string(c.FrozenBy), string(c.Block.Type),
		string(c.Block.By), c.Block.Message, c.Block.Liftable, string(c.ReportedAs), c.ClosedAt, string(c.ClosedReason),
		c.PINSealed, c.PINSetAt, c.UpdatedAt, c.PINHash, c.PINViewable)
}

func (t tx) InsertPlastic(_ context.Context, p card.Plastic) error {
	_, err := t.exec(insertPlastic, plasticArgs(p)...)
	return err
}

func (t tx) UpdatePlastic(_ context.Context, p card.Plastic) error {
	g := p.Guard
	err := update(t, updatePlastic, p.ID.UUID, p.Version, string(p.State), string(p.VoidReason), string(p.Custody),
		p.CustodyPresumed, p.ActivatedAt, p.Shipment.UUID, p.Batch.UUID, p.Identifier, string(g.Method), string(g.State),
		g.Tries, g.LifetimeWrong, g.Locks, g.LockedUntil, g.CodeHash, g.CodeSealed, g.CodeIssuedAt, p.UpdatedAt, g.CodeVersion, p.DamagedAt, p.RetiresAt)
	if errors.Is(err, errConflict) {
		return t.whyNotUpdated(p)
	}
	return err
}

// errActivatedOnce says that somebody tried to change when a plastic was activated.
var errActivatedOnce = errors.New("activated_at is written once")

// whyNotUpdated tells a changed activated_at, which is a fault, from a row that changed meanwhile.
func (t tx) whyNotUpdated(p card.Plastic) error {
	var at time.Time
	same, err := one(t, selectActivatedAt, []any{p.ID.UUID, p.Version}, &at)
	switch {
	case err != nil:
		return err
	case same && !at.IsZero():
		return fault.Wrap(errActivatedOnce, "update a plastic")
	}
	return errConflict
}
