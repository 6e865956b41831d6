package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

// byCard names the world's shipped card, as the cards API does.
func (w *World) byCard() issuance.ActivationKey {
	return issuance.ActivationKey{Program: w.Program.ID, RealNow: w.Clock.Now(), Card: w.Card.Card.ID}
}

// byLabel names cards by their identifier, as the debit API does.
func (w *World) byLabel(identifier string) issuance.ActivationKey {
	return issuance.ActivationKey{Program: w.Program.ID, RealNow: w.Clock.Now(), Identifier: identifier}
}

// stateOf is what an activation with that key is decided from.
func (w *World) stateOf(t *testing.T, key issuance.ActivationKey) issuance.ActivationState {
	t.Helper()
	var out issuance.ActivationState
	must(t, w.Store.Issuance().Activate(t.Context(), key, func(st issuance.ActivationState) (issuance.ActivationChanges, error) {
		out = st
		return issuance.ActivationChanges{}, nil
	}))
	return out
}

// settle runs an activation that was decided already.
func (w *World) settle(t *testing.T, changes issuance.ActivationChanges) error {
	t.Helper()
	return w.Store.Issuance().Activate(t.Context(), w.byCard(), func(issuance.ActivationState) (issuance.ActivationChanges, error) {
		return changes, nil
	})
}

var activationLoads = []contract{
	{"an activation by card sees the card, its holder and its programme", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		st := w.stateOf(t, w.byCard())
		st.CardsHeld, st.Wallet = 0, nil // nothing by card is decided from them: a store may leave them out
		same(t, "the state", issuance.ActivationState{
			Program: w.Program, Candidates: []issuance.Candidate{{View: w.Card}}, Holder: &w.Customer,
		}, st)
	}},
	{"an activation sees no card that does not exist or belongs to another programme", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		unknown, foreign, label, foreignLabel := w.byCard(), w.byCard(), w.byLabel("nobody"), w.byLabel(BatchIdentifier)
		unknown.Card, foreign.Program, foreignLabel.Program = ident.CardID{UUID: w.IDs.UUID()}, w.Foreign.ID, w.Foreign.ID
		for what, key := range map[string]issuance.ActivationKey{"unknown": unknown, "foreign": foreign, "label": label, "foreign label": foreignLabel} {
			if st := w.stateOf(t, key); len(st.Candidates) != 0 || st.Holder != nil || st.Wallet != nil || st.CardsHeld != 0 {
				t.Errorf("%s: sees %d cards, holder %v", what, len(st.Candidates), st.Holder)
			}
		}
	}},
	{"an activation by identifier sees every card that bears it, in the order of making, with the batch's reference", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		other := w.NewBatch()
		second := w.NewBatchCard(other, BatchIdentifier, func(c *card.Card) { c.ClosedAt, c.ClosedReason = w.Now(), card.ClosedLost })
		w.NewBatchCard(other, "CARD-002")
		st := w.stateOf(t, w.byLabel(BatchIdentifier))
		same(t, "the candidates", []issuance.Candidate{
			{View: w.BatchCard, Reference: w.Batch.Reference}, {View: second, Reference: other.Reference},
		}, st.Candidates)
		if st.Holder != nil || st.CardsHeld != 0 || st.Wallet != nil || st.Reserved != nil || st.Balance != nil || st.Composite {
			t.Errorf("an activation for nobody sees a holder: %+v", st)
		}
	}},
	{"an activation finds the holder by id or by number, if living and of the programme", holderIsFound},
	{"an activation sees the accounts that it may spend", accountsAreSeen},
	{"an activation sees which facts of a new customer are taken, in the order of asking", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		w.claimant(t, anna[1], anna[4])
		key := w.byLabel(BatchIdentifier)
		key.Facts = []issuance.Fact{anna[4], anna[0], anna[1]}
		same(t, "the taken facts", []customer.Field{customer.FieldExternalID, customer.FieldPhone}, w.stateOf(t, key).Taken)
	}},
	{"an activation sees the record of its key", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		a := w.answer("k")
		answers.holds(t, w, a, nil)
		key := w.byCard()
		key.Door, key.IdempotencyKey = a.Door, a.Key
		same(t, "the record", &a, w.stateOf(t, key).Stored)
		key.Door = "debit"
		if st := w.stateOf(t, key); st.Stored != nil {
			t.Error("sees the record of another door")
		}
	}},
	{"wrong tries of the programme are counted within the breaker's window, up to the limit and one more", missesAreCounted},
	{"the box comes along when somebody listens and it is a box of the cards API", boxComesAlong},
}

func holderIsFound(t *testing.T, f Factory) {
	w := NewWorld(t, f.Open(t))
	byID, byNumber := w.byLabel(BatchIdentifier), w.byLabel(BatchIdentifier)
	byID.Holder, byNumber.Number = w.Customer.ID, w.Customer.Number
	for what, key := range map[string]issuance.ActivationKey{"id": byID, "number": byNumber} {
		st := w.stateOf(t, key)
		same(t, "the holder by "+what, &w.Customer, st.Holder)
		same(t, "the wallet by "+what, &w.Account, st.Wallet)
		if st.CardsHeld != 1 {
			t.Errorf("by %s: %d cards held, want 1", what, st.CardsHeld)
		}
	}
	deleted := w.NewCustomer(func(c *customer.Customer) { c.Number = 20_000_001 })
	deleted.DeletedAt = w.next()
	w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.UpdateCustomer(ctx, deleted, nil, nil) })
	foreign := *w
	foreign.Program = w.Foreign
	stranger := foreign.NewCustomer(func(c *customer.Customer) { c.Number = 20_000_002 })
	for _, c := range []customer.Customer{deleted, stranger} {
		byID.Holder, byNumber.Number = c.ID, c.Number
		if w.stateOf(t, byID).Holder != nil || w.stateOf(t, byNumber).Holder != nil {
			t.Errorf("customer %d is found", c.Number)
		}
	}
	w.Customer.DeletedAt = w.next()
	w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.UpdateCustomer(ctx, w.Customer, nil, nil) })
	if st := w.stateOf(t, w.byCard()); st.Holder != nil || len(st.Candidates) != 1 {
		t.Errorf("a card whose holder was deleted: %d candidates, holder %v", len(st.Candidates), st.Holder)
	}
}

func accountsAreSeen(t *testing.T, f Factory) {
	w := NewWorld(t, f.Open(t))
	owner, employee := w.NewCustomer(), w.NewCustomer()
	parent := w.NewAccount(owner, func(a *account.Account) { a.Kind, a.Reference = account.CompositeParent, w.IDs.Reference() })
	child := w.NewAccount(employee, func(a *account.Account) { a.Kind, a.Parent = account.CompositeChild, parent.ID })
	wallet := w.NewAccount(owner)
	w.NewAccount(owner) // a newer one
	reserved := w.NewBatchCard(w.Batch, "RESERVED", func(c *card.Card) { c.ReservedAccount = w.Account.ID })

	key := w.byLabel(BatchIdentifier)
	key.Holder, key.Balance = owner.ID, child.Number
	st := w.stateOf(t, key)
	same(t, "the named balance, with the owner of its parent", &issuance.NamedBalance{Account: child, ParentOwner: owner.ID}, st.Balance)
	same(t, "the wallet is the oldest plain account", &wallet, st.Wallet)
	if !st.Composite || st.Reserved != nil {
		t.Errorf("the owner of a parent: composite %v, reserved %v", st.Composite, st.Reserved)
	}
	key.Holder, key.Balance = employee.ID, w.Account.Number
	st = w.stateOf(t, key)
	same(t, "a plain balance", &issuance.NamedBalance{Account: w.Account}, st.Balance)
	if !st.Composite || st.Wallet != nil {
		t.Errorf("the owner of a child: composite %v, wallet %v", st.Composite, st.Wallet)
	}
	key.Holder, key.Balance = w.Customer.ID, 12_345
	if st = w.stateOf(t, key); st.Composite || st.Balance != nil {
		t.Errorf("somebody with a wallet only: composite %v, balance %v", st.Composite, st.Balance)
	}
	key = w.byLabel(reserved.Plastic.Identifier)
	same(t, "the account that the card was ordered for", &w.Account, w.stateOf(t, key).Reserved)
	w.NewBatchCard(w.NewBatch(), "RESERVED")
	if w.stateOf(t, key).Reserved != nil {
		t.Error("two candidates, and one's account is reserved")
	}
}

func missesAreCounted(t *testing.T, f Factory) {
	w := NewWorld(t, f.Open(t), WithPolicy("activation.breaker_tries", "3"), WithPolicy("activation.breaker_window", "10m"),
		WithProgramClock(clockAhead))
	miss := func(p ident.ProgramID, at time.Time) issuance.Miss {
		return issuance.Miss{ID: w.IDs.UUID(), Program: p, At: at}
	}
	counted := func(when string, want int) {
		t.Helper()
		for _, key := range []issuance.ActivationKey{w.byCard(), w.byLabel("nobody")} {
			if got := w.stateOf(t, key).Misses; got != want {
				t.Errorf("%s: %d misses, want %d", when, got, want)
			}
		}
	}
	counted("at first", 0)
	now := w.Now()
	must(t, w.settle(t, issuance.ActivationChanges{Misses: []issuance.Miss{miss(w.Program.ID, now), miss(w.Foreign.ID, now), miss(w.Foreign.ID, now)}}))
	counted("after one, and two of another programme", 1)
	must(t, w.settle(t, issuance.ActivationChanges{Misses: []issuance.Miss{
		miss(w.Program.ID, now.Add(2*time.Minute)), miss(w.Program.ID, now.Add(3*time.Minute)),
	}}))
	w.Clock.Advance(9 * time.Minute)
	counted("after three", 3)
	must(t, w.settle(t, issuance.ActivationChanges{Misses: []issuance.Miss{miss(w.Program.ID, w.Now()), miss(w.Program.ID, w.Now())}}))
	counted("after five", 4)
	w.Clock.Advance(2 * time.Minute)
	counted("when the first has left the window", 4)
	w.Clock.Advance(150 * time.Second)
	counted("when three have left the window", 2)
	w.Clock.Advance(time.Hour)
	counted("when all have left the window", 0)
}

func boxComesAlong(t *testing.T, f Factory) {
	w := NewWorld(t, f.Open(t))
	other := w.NewPlastic(w.NewCard().ID, func(p *card.Plastic) { p.Shipment = w.Shipment.ID })
	w.Pack(w.Shipment.ID, other)
	if w.stateOf(t, w.byCard()).Box != nil {
		t.Error("nobody listens, and the box was loaded")
	}
	w.NewEndpoint(event.CardsDoor)
	var want card.Box
	w.Read(func(ctx context.Context, tx issuance.ReadTx) (err error) {
		want, err = found(tx.Box(ctx, w.Program.ID, w.Shipment.ID))
		return err
	})
	if len(want.Packed) != 2 {
		t.Fatalf("%d members in the box, want 2", len(want.Packed))
	}
	same(t, "the box", &want, w.stateOf(t, w.byCard()).Box)
	if w.stateOf(t, w.byLabel(BatchIdentifier)).Box != nil {
		t.Error("a card without a box has one")
	}
}

var activationRules = append(activationLoads, []contract{
	{"an activation writes everything that it changes", changesAreWritten},
	{"an activation that is refused by a taken fact or number leaves no trace", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		w.claimant(t, anna...)
		fresh := w.fullCustomer()
		taken := fresh
		taken.Number = w.Customer.Number
		row := audit.Row{ID: w.IDs.UUID(), Program: w.Program.ID, At: w.next(), Actor: "key:a", Channel: "cards", Action: "a.b", Outcome: audit.OK}
		p := w.Card.Plastic
		p.Guard.Tries = 3
		err := w.settle(t, issuance.ActivationChanges{Guards: []card.Plastic{p}, Customer: &fresh, Claims: anna[1:3], Audit: []audit.Row{row}})
		if !errors.Is(err, customer.Exists) {
			t.Errorf("taken facts: %v, want customer.Exists", err)
		}
		err = w.settle(t, issuance.ActivationChanges{Guards: []card.Plastic{p}, Customer: &taken, Audit: []audit.Row{row}})
		if !errors.Is(err, issuance.ErrNumberTaken) {
			t.Errorf("a taken number: %v, want ErrNumberTaken", err)
		}
		same(t, "the card", w.Card, w.View(w.Card.Card.ID))
		auditRows.readsNothing(t, w, w.Program.ID, row, "after two refusals")
	}},
}...)

var clockAhead = clockBy(36 * time.Hour)

func changesAreWritten(t *testing.T, f Factory) {
	w := NewWorld(t, f.Open(t))
	w.NewEndpoint(event.CardsDoor)
	fresh, label := w.fullCustomer(), w.BatchCard
	seen := w.answer("seen")
	answers.holds(t, w, seen, nil)
	tried := w.Card.Plastic
	tried.Guard.Tries, tried.Guard.LifetimeWrong, tried.UpdatedAt = 2, 7, w.next()
	wallet := account.Account{
		ID: ident.AccountID{UUID: w.IDs.UUID()}, Program: w.Program.ID, Number: w.number(), Kind: account.Wallet, OwnerKind: account.OwnerUser,
		Owner: fresh.ID, Status: account.Active, Currency: "MXN", CreatedAt: w.next(), UpdatedAt: w.next(),
	}
	credential := access.Credential{
		ID: ident.CredentialID{UUID: w.IDs.UUID()}, Program: w.Program.ID, Kind: access.CustomerOauth, PublicID: "ct_9",
		Hash: w.IDs.Bytes(32), Customer: fresh.ID, Device: "phone", Status: access.Active, CreatedAt: w.next(), ExpiresAt: w.next(),
	}
	label.Card.Customer, label.Card.Account, label.Card.HolderName = fresh.ID, wallet.ID, "LAURA"
	label.Card.PINSealed, label.Card.PINSetAt, label.Card.UpdatedAt = w.IDs.Bytes(40), w.next(), w.next()
	label.Plastic.State, label.Plastic.ActivatedAt, label.Plastic.Custody = card.Activated, w.next(), card.CustodyHolder
	label.Plastic.CustodyPresumed, label.Plastic.Guard, label.Plastic.UpdatedAt = false, label.Plastic.Guard.Consume(), w.next()
	row := audit.Row{ID: w.IDs.UUID(), Program: w.Program.ID, At: w.next(), Actor: "key:a", Channel: "debit", Action: "card.activate", Card: label.Card.ID, Customer: fresh.ID, Outcome: audit.OK}
	message := event.Message{ID: w.IDs.EventID(), Program: w.Program.ID, Door: event.CardsDoor, Type: "card.activated", Body: []byte("x"), CreatedAt: w.next()}
	answer := w.answer("new")
	must(t, w.settle(t, issuance.ActivationChanges{
		Guards: []card.Plastic{tried}, Misses: []issuance.Miss{{ID: w.IDs.UUID(), Program: w.Program.ID, At: w.Now()}},
		Card: &label.Card, Plastic: &label.Plastic, Customer: &fresh, Claims: anna, Accounts: []account.Account{wallet},
		Credentials: []access.Credential{credential}, Audit: []audit.Row{row}, Messages: []event.Message{message}, Answer: &answer, Mismatch: &seen,
	}))

	tried.Version++
	label.Card.Version++
	label.Plastic.Version++
	same(t, "the plastic whose guard counted", tried, w.View(w.Card.Card.ID).Plastic)
	same(t, "the activated card", label, w.View(label.Card.ID))
	customers.readsBack(t, w, fresh, "of an activation")
	w.taken(t, anna, customer.FieldEmail, customer.FieldPhone, customer.FieldRFC, customer.FieldCURP, customer.FieldExternalID)
	accounts.readsBack(t, w, wallet, "of an activation")
	w.Program = w.program(w.Program.ID) // its cards door listens by now
	w.readsCredential(t, credential)
	auditRows.readsBack(t, w, row, "of an activation")
	answers.readsBack(t, w, answer, "of an activation")
	seen.Mismatches++
	answers.readsBack(t, w, seen, "whose mismatch was counted")
	if misses := w.stateOf(t, w.byCard()).Misses; misses != 1 {
		t.Errorf("%d misses, want 1", misses)
	}
	w.fanOut(w.Store)
	if held := w.claim(w.Store, "a", 10, 10); len(held) != 1 || held[0].Message.ID != message.ID {
		t.Errorf("%d deliveries of the message, want 1", len(held))
	}
}
