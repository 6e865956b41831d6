package sqlstore

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/shipment"
)

const (
	countMisses = `SELECT count(*) FROM (SELECT 1 FROM guard_misses g
	WHERE g.program_id = $1 AND g.at > $2 AND g.at <= $3 LIMIT $4) x`
	// cardsBearing are the cards that an identifier may mean.
	cardsBearing     = `SELECT x.card_id FROM plastics x WHERE x.program_id = $1 AND x.identifier = $2 AND x.identifier <> ''`
	selectCandidates = `SELECT ` + viewColumns + viewTables + `
	WHERE c.id IN (` + cardsBearing + `) ORDER BY c.created_at, c.id, p.created_at, p.id`
	selectHolderOfCard = `SELECT ` + customerColumns + ` FROM customers u
	WHERE u.id = (SELECT k.customer_id FROM cards k WHERE k.id = $2 AND k.program_id = $1)
	AND u.program_id = $1 AND u.deleted_at IS NULL`
	// selectHolder ends with what the holder has: open cards, a composite balance, the oldest wallet.
	selectHolder = `SELECT ` + customerColumns + `,
	(SELECT count(*) FROM cards k WHERE k.program_id = $1 AND k.customer_id = u.id AND k.closed_at IS NULL)
	+ (SELECT count(*) FROM cards k WHERE k.program_id = $1 AND k.reserved_for = u.id AND k.customer_id IS NULL AND k.closed_at IS NULL),
	(SELECT count(*) FROM (SELECT 1 FROM accounts o WHERE o.program_id = $1 AND o.owner_id = u.id AND o.kind <> 'wallet' LIMIT 1) x), ` + accountColumns + `
	FROM customers u LEFT JOIN accounts a ON a.id =
	(SELECT o.id FROM accounts o WHERE o.program_id = $1 AND o.owner_id = u.id AND o.kind = 'wallet' ORDER BY o.created_at, o.id LIMIT 1)
	WHERE u.program_id = $1 AND u.deleted_at IS NULL AND `
	selectHolderByID     = selectHolder + `u.id = $2`
	selectHolderByNumber = selectHolder + `u.number = $2`
	selectBalance        = `SELECT ` + accountColumns + `, q.owner_id FROM accounts a LEFT JOIN accounts q ON q.id = a.parent_id
	WHERE a.program_id = $1 AND a.number = $2`
	selectReserved = `SELECT ` + accountColumns + ` FROM accounts a WHERE a.id IN (SELECT k.reserved_account FROM cards k WHERE k.id IN (` + cardsBearing + `))`
	selectMates    = `SELECT ` + memberColumns + `, ` + plasticColumns + `, c.updated_at
	FROM shipment_members m JOIN plastics p ON p.id = m.plastic_id JOIN cards c ON c.id = m.card_id
	WHERE m.shipment_id IN (SELECT s.id FROM plastics y JOIN shipments s ON s.id = y.shipment_id AND s.kind = 'cards'
	WHERE y.card_id `
	selectMatesOfCard   = selectMates + `= $1) ORDER BY m.shipment_id, m.position, m.id`
	selectMatesByBearer = selectMates + `IN (` + cardsBearing + `)) ORDER BY m.shipment_id, m.position, m.id`
)

// Activate loads, decides and applies one activation as the engine groups them.
func (d issuanceStore) Activate(ctx context.Context, key issuance.ActivationKey,
	decide func(issuance.ActivationState) (issuance.ActivationChanges, error),
) error {
	return d.engine.activate(ctx, key, decide)
}

// activationBody is one activation as the body of a write.
func activationBody(key issuance.ActivationKey,
	decide func(issuance.ActivationState) (issuance.ActivationChanges, error),
) func(*session) error {
	return func(s *session) error {
		state, err := s.loadActivation(key)
		if err != nil {
			return err
		}
		changes, err := decide(state)
		if err != nil {
			return err
		}
		return s.applyActivation(changes)
	}
}

// loading is an activation's state while its rows come in.
type loading struct {
	key       issuance.ActivationKey
	state     issuance.ActivationState
	views     views
	stored    issuance.StoredAnswer
	holder    customer.Customer
	wallet    account.Account
	balance   issuance.NamedBalance
	reserved  []account.Account
	mates     []card.Packed
	composite int
}

// loadActivation reads the programme, which a group shares, then the record of the key and the cards, and then the rest, unless
// the cards settle it already.
func (s *session) loadActivation(key issuance.ActivationKey) (issuance.ActivationState, error) {
	p, found, err := s.program(key.Program)
	if err != nil {
		return issuance.ActivationState{}, err
	}
	if !found {
		return issuance.ActivationState{}, fault.Refuse(issuance.ProgramUnknown)
	}
	l := &loading{key: key}
	l.state.Program = p
	for _, ask := range []func(*batch){l.askFirst, l.askRest} {
		var b batch
		ask(&b)
		if err := s.run(b); err != nil {
			return issuance.ActivationState{}, err
		}
		if l.state.Candidates = l.views.found; !key.Card.IsZero() && l.state.Settled() {
			break
		}
	}
	return l.done(), nil
}

// ask adds everything that the key names; the programme is known.
func (l *loading) ask(b *batch) {
	l.askFirst(b)
	l.askRest(b)
}

func (l *loading) askFirst(b *batch) {
	l.askRecord(b)
	l.askCards(b)
}

func (l *loading) askRest(b *batch) {
	l.askMisses(b)
	l.askMates(b)
	l.askHolder(b)
	l.askFacts(b)
	l.askAccounts(b)
}

func (l *loading) askRecord(b *batch) {
	if l.key.IdempotencyKey == "" {
		return
	}
	b.read(selectAnswer, []any{l.key.Program.UUID, l.key.Door, l.key.IdempotencyKey}, func(r row) error {
		l.state.Stored = &l.stored
		return r.scan(answerDest(&l.stored)...)
	})
}

func (l *loading) askMisses(b *batch) {
	policy := l.state.Program.Policy.Activation
	if policy.BreakerTries == 0 {
		return
	}
	// The window reaches forward too: activations that run at once have times a little apart.
	now := l.state.Program.Now(l.key.RealNow)
	from, to := now.Add(-policy.BreakerWindow), now.Add(max(policy.BreakerWindow, time.Second))
	b.read(countMisses, []any{l.key.Program.UUID, from, to, policy.BreakerTries + 1}, func(r row) error { return r.scan(&l.state.Misses) })
}

func (l *loading) askCards(b *batch) {
	p := l.key.Program.UUID
	switch {
	case !l.key.Card.IsZero():
		b.read(selectView, []any{p, l.key.Card.UUID}, l.views.add)
	case l.key.Identifier != "":
		b.read(selectCandidates, []any{p, l.key.Identifier}, l.views.add)
	}
}

func (l *loading) askMates(b *batch) {
	if !l.state.Program.Listeners[string(event.CardsDoor)] {
		return
	}
	mate := func(r row) error {
		var m card.Packed
		err := scanPacked(r, &m)
		l.mates = append(l.mates, m)
		return err
	}
	switch {
	case !l.key.Card.IsZero():
		b.read(selectMatesOfCard, []any{l.key.Card.UUID}, mate)
	case l.key.Identifier != "":
		b.read(selectMatesByBearer, []any{l.key.Program.UUID, l.key.Identifier}, mate)
	}
}

func (l *loading) askHolder(b *batch) {
	p := l.key.Program.UUID
	whole := func(r row) error {
		l.state.Holder = &l.holder
		dest := append(customerDest(&l.holder), &l.state.CardsHeld, &l.composite)
		return r.scan(append(dest, accountDest(&l.wallet)...)...)
	}
	switch {
	case !l.key.Holder.IsZero():
		b.read(selectHolderByID, []any{p, l.key.Holder.UUID}, whole)
	case l.key.Number != 0:
		b.read(selectHolderByNumber, []any{p, l.key.Number}, whole)
	case !l.key.Card.IsZero():
		b.read(selectHolderOfCard, []any{p, l.key.Card.UUID}, func(r row) error {
			l.state.Holder = &l.holder
			return r.scan(customerDest(&l.holder)...)
		})
	}
}

func (l *loading) askFacts(b *batch) {
	for _, f := range l.key.Facts {
		b.read(selectClaim, []any{l.key.Program.UUID, string(f.Field), normal(f)}, func(row) error {
			l.state.Taken = append(l.state.Taken, f.Field)
			return nil
		})
	}
}

func (l *loading) askAccounts(b *batch) {
	p := l.key.Program.UUID
	if l.key.Balance != 0 {
		b.read(selectBalance, []any{p, l.key.Balance}, func(r row) error {
			l.state.Balance = &l.balance
			return r.scan(append(accountDest(&l.balance.Account), &l.balance.ParentOwner.UUID)...)
		})
	}
	if l.key.Identifier != "" {
		b.read(selectReserved, []any{p, l.key.Identifier}, func(r row) error {
			var a account.Account
			err := scanAccount(r, &a)
			l.reserved = append(l.reserved, a)
			return err
		})
	}
}

// done puts together what several queries told.
func (l *loading) done() issuance.ActivationState {
	st := &l.state
	st.Candidates = l.views.found
	st.Composite = l.composite > 0
	if !l.wallet.ID.IsZero() {
		st.Wallet = &l.wallet
	}
	if len(st.Candidates) != 1 {
		return *st
	}
	only := st.Candidates[0].View
	for i, a := range l.reserved {
		if a.ID == only.Card.ReservedAccount {
			st.Reserved = &l.reserved[i]
		}
	}
	if box := only.Coming().Box; box.Kind == shipment.OfCards && st.Program.Listeners[string(event.CardsDoor)] {
		st.Box = boxOf(box, l.mates)
	}
	return *st
}

func boxOf(s shipment.Shipment, mates []card.Packed) *card.Box {
	box := &card.Box{Shipment: s}
	for _, m := range mates {
		if m.Member.Shipment == s.ID {
			box.Packed = append(box.Packed, m)
		}
	}
	return box
}
