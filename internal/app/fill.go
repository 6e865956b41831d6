package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/auditlog"
	"github.com/firsttap/firsttap/internal/auditworker"
	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/ledger"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/shipment"
	"github.com/firsttap/firsttap/internal/sqlstore"
	"github.com/firsttap/firsttap/internal/vault"
)

// ErrLiveInside says that an installation is not one to play with.
var ErrLiveInside = errors.New("the installation holds a live programme: it is never filled with made-up cards")

// FillPlan says how much an installation is filled with.
type FillPlan struct {
	Cards   int
	Active  int // of 100 cards, how many are activated for a customer
	History int // further audit rows of each card
}

// Filled is what a fill made.
type Filled struct {
	Program   program.Program
	Reference ident.Reference // of the newest batch
	Last      string          // identifier of its last card
}

const (
	fillChunk = 5000                     // cards of one batch, written in one transaction; fewer when they have a history
	fillYears = 3 * 365 * 24 * time.Hour // over which the cards were ordered
	// FillMost is how many cards a fill makes at most.
	FillMost = 100_000_000
	// HistoryMost is how many audit rows a card gets at most.
	HistoryMost = 1000
)

// Fill writes made-up cards with their batches, customers and history straight into the tables, in a new
// sandbox programme. They are as the APIs would have left them, with sealed card numbers, opening movements and a sealed audit
// trail; only a card whose number turns out to be taken has none.
func (h *House) Fill(ctx context.Context, by access.Operator, plan FillPlan, told func(done int)) (out Filled, err error) {
	if err := h.nothingLive(ctx); err != nil {
		return out, err
	}
	out.Program, err = h.Access.CreateProgram(ctx, by, "filled-"+strings.ToLower(h.ids.Base62(8)), program.Sandbox, map[string]string{
		"debit.rate_per_second": "0",
	})
	if err != nil {
		return out, err
	}
	edge, err := h.sealed(ctx, out.Program.ID)
	if err != nil {
		return out, err
	}
	size := fillChunk / (1 + plan.History/10)
	f := &filler{
		plan: plan, program: out.Program, size: size, chunks: (plan.Cards + size - 1) / size, begin: h.deps.Now().Add(-fillYears), ids: h.ids,
		vault: vault.New(sealer{h.keys}, h.ids), head: edge.Head, edge: map[int]auditlog.Tile{},
	}
	for _, t := range edge.Tiles {
		f.edge[t.Level] = t
	}
	f.minted = ident.NewSource(h.deps.Random, func() time.Time { return f.at })
	stocks := make(chan sqlstore.Stock, 1)
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() { // the next chunk is made while one is written
		defer close(stocks)
		for n := range f.chunks {
			st, err := f.chunk(n)
			if err != nil {
				stop(err)
				return
			}
			select {
			case stocks <- st:
			case <-ctx.Done():
				return
			}
		}
	}()
	done := 0
	for st := range stocks {
		if err := h.db.Fill(ctx, st); err != nil {
			return out, err
		}
		out.Reference, out.Last = st.Batches[0].Reference, st.Items[len(st.Items)-1].Identifier
		done += len(st.Cards)
		told(done)
	}
	return out, context.Cause(ctx)
}

// sealed seals what waits in a trail, and tells where it ends.
func (h *House) sealed(ctx context.Context, p ident.ProgramID) (auditworker.Pending, error) {
	for trail := h.db.AuditLog(); ; {
		pending, err := trail.Load(ctx, p, fillChunk)
		if err != nil || len(pending.Rows) == 0 {
			return pending, err
		}
		step, err := pending.Step()
		if err == nil {
			_, err = trail.Place(ctx, step) // or a server did
		}
		if err != nil {
			return pending, err
		}
	}
}

func (h *House) nothingLive(ctx context.Context) error {
	all, err := h.Access.ListPrograms(ctx)
	if err == nil && slices.ContainsFunc(all, func(p program.Program) bool { return p.Kind == program.Live }) {
		return ErrLiveInside
	}
	return err
}

// MadeUp tells how many cards an installation holds, of which none is anybody's: [ErrLiveInside] where one might be.
func (h *House) MadeUp(ctx context.Context) (cards int, err error) {
	if err := h.nothingLive(ctx); err != nil {
		return 0, err
	}
	return h.db.CountCards(ctx)
}

// filler makes up stocks.
type filler struct {
	plan    FillPlan
	program program.Program
	size    int // cards of a chunk
	chunks  int
	begin   time.Time
	at      time.Time // of the row that is made
	minted  *ident.Source
	ids     *ident.Source
	vault   issuance.Vault
	head    auditlog.Head
	edge    map[int]auditlog.Tile // the last tile of each level of the audit log
}

// numbers draws public numbers for a chunk. Each chunk has a stretch of its own, and the stretches lie in
// no order, so that no number is drawn twice and none tells when it was drawn.
func (f *filler) numbers(chunk, n int, low int64) []int64 {
	width := (ident.MaxNumber31 - low + 1) / int64(f.chunks)
	const stride = 7919 // a prime beyond any common divisor with what anybody asks for
	at := int64(chunk) * stride % int64(f.chunks)
	if f.chunks%stride == 0 {
		at = int64(chunk)
	}
	return f.ids.Numbers(n, low+at*width, low+(at+1)*width-1)
}

// chunk makes one batch with everything that hangs on it.
func (f *filler) chunk(n int) (sqlstore.Stock, error) {
	size := min(f.size, f.plan.Cards-n*f.size)
	f.at = f.begin.Add(time.Duration(n) * (fillYears / time.Duration(f.chunks)))
	b := batch.Batch{
		ID: ident.BatchID{UUID: f.minted.UUID()}, Program: f.program.ID, Reference: f.minted.Reference(), Status: batch.Completed,
		Requested: size, Created: size, NextIndex: size, CreatedAt: f.at, UpdatedAt: f.at, FinishedAt: f.at,
		Location: batch.Location{FirstNames: "Filled", LastNames: "Programme", Street: "Av. Tulum", ExteriorNumber: "1", City: "Cancún", Country: "MX"},
	}
	box := shipment.Shipment{
		ID: ident.ShipmentID{UUID: f.minted.UUID()}, Program: f.program.ID, Kind: shipment.OfBatch, Batch: b.ID, Status: shipment.Delivered,
		SubmittedAt: f.at, DeliveredAt: f.at, CreatedAt: f.at, UpdatedAt: f.at,
	}
	b.Shipment = box.ID
	st := sqlstore.Stock{Batches: []batch.Batch{b}, Boxes: []shipment.Shipment{box}}
	f.tell(&st, "batch.make", "worker:bulk", audit.ChannelWorker, audit.Row{Batch: b.ID})
	f.tell(&st, "shipment.scan_batch", "operator:filled", audit.ChannelCLI, audit.Row{Batch: b.ID, Shipment: box.ID})
	cards, holders, accounts := f.numbers(n, size, ident.MinCardNumber), f.numbers(n, size, ident.MinCustomerNumber), f.numbers(n, size, ident.MinCustomerNumber)
	for i := range size {
		f.at = f.at.Add(time.Millisecond)
		m := made{index: n*f.size + i, place: i, card: cards[i], holder: holders[i], account: accounts[i]}
		if err := f.one(&st, b, box, m); err != nil {
			return st, err
		}
	}
	for n := range f.plan.History {
		for _, c := range st.Cards {
			f.at = f.at.Add(time.Millisecond)
			f.tell(&st, []string{"card.freeze", "card.unfreeze"}[n%2], "key:filled", audit.ChannelCards, audit.Row{Card: c.ID, Customer: c.Customer})
		}
	}
	return st, f.seal(&st)
}

// seal gives the audit rows of a stock their places, as the audit worker does for those of commands.
func (f *filler) seal(st *sqlstore.Stock) error {
	step, err := auditworker.Pending{Head: f.head, Tiles: slices.Collect(maps.Values(f.edge)), Rows: st.Trail.Rows}.Step()
	if err != nil {
		return err
	}
	st.Trail, f.head = step, step.New
	for _, t := range step.Tiles {
		if t.N >= f.edge[t.Level].N {
			f.edge[t.Level] = t
		}
	}
	return nil
}

// made is what one card is made of.
type made struct {
	index, place          int
	card, holder, account int64
}

// one adds a card to a stock, activated or not.
func (f *filler) one(st *sqlstore.Stock, b batch.Batch, box shipment.Shipment, m made) error {
	c := card.Card{
		ID: ident.CardID{UUID: f.minted.UUID()}, Program: f.program.ID, Number: m.card, Reference: f.minted.Reference(),
		Type: card.Physical, HolderName: "FILLED CARD", ThreeDS: "SMS", ExpiresAt: f.begin.AddDate(8, 0, 0), CreatedAt: f.at, UpdatedAt: f.at,
	}
	number, last4, err := f.vault.Draw(c.Program, c.ID, f.program.Policy.Vault.BIN)
	if err != nil {
		return err
	}
	c.Last4, st.Numbers = last4, append(st.Numbers, number)
	p := card.Plastic{
		ID: ident.PlasticID{UUID: f.minted.UUID()}, Program: f.program.ID, Card: c.ID, State: card.Requested, Custody: card.CustodyStock,
		CustodyPresumed: true, Shipment: box.ID, Batch: b.ID, Identifier: fmt.Sprintf("F%09d", m.index),
		Guard: card.Guard{Method: card.ByIdentifierBatch, State: card.Armed}, CreatedAt: f.at, UpdatedAt: f.at,
	}
	st.Messages = append(st.Messages, f.message(event.CardCreated, card.View{Card: c, Plastic: p, Box: box}))
	if m.index%100 < f.plan.Active {
		holder, wallet := f.owner(m)
		c.Customer, c.Account = holder.ID, wallet.ID
		p.State, p.Custody, p.CustodyPresumed, p.ActivatedAt, p.Guard.State = card.Activated, card.CustodyHolder, false, f.at, card.Consumed
		st.Customers, st.Accounts = append(st.Customers, holder), append(st.Accounts, wallet)
		st.Journals = append(st.Journals, ledger.Journal{
			ID: ident.JournalID{UUID: f.minted.UUID()}, Program: f.program.ID, Kind: ledger.Opened, At: f.at,
			Entries: []ledger.Entry{ledger.Position{Account: wallet.ID}.Move(ledger.Deposit(f.program.Policy.InitialBalanceCents))},
		})
		f.tell(st, "card.activate", "key:filled", audit.ChannelDebit, audit.Row{Card: c.ID, Customer: holder.ID})
		st.Messages = append(st.Messages, f.message(event.CardActivated, card.View{Card: c, Plastic: p, Box: box}))
	}
	st.Items = append(st.Items, batch.Item{Batch: b.ID, Index: m.place, Identifier: p.Identifier, Outcome: batch.ItemCreated, Card: c.ID, CardNumber: c.Number})
	st.Cards, st.Plastics = append(st.Cards, c), append(st.Plastics, p)
	return nil
}

// owner makes up a customer with a wallet.
func (f *filler) owner(m made) (customer.Customer, account.Account) {
	holder := customer.Customer{
		ID: ident.CustomerID{UUID: f.minted.UUID()}, Program: f.program.ID, Number: m.holder, Kind: customer.Person,
		Status: customer.Active, Application: customer.Approved, Email: fmt.Sprintf("holder%d@example.com", m.index),
		FirstName: "Ana", LastName: "Torres", CreatedAt: f.at, UpdatedAt: f.at,
	}
	return holder, account.Account{
		ID: ident.AccountID{UUID: f.minted.UUID()}, Program: f.program.ID, Number: m.account, Kind: account.Wallet, OwnerKind: account.OwnerUser,
		Owner: holder.ID, Status: account.Active, Currency: "MXN", CreatedAt: f.at, UpdatedAt: f.at,
	}
}

// tell adds an audit row to a stock.
func (f *filler) tell(st *sqlstore.Stock, action, actor, channel string, r audit.Row) {
	r.ID, r.Program, r.At, r.Actor, r.Channel, r.Action, r.Outcome = f.minted.UUID(), f.program.ID, f.at.Truncate(time.Microsecond), actor, channel, action, audit.OK
	st.Trail.Rows = append(st.Trail.Rows, r)
}

func (f *filler) message(name event.Name, v card.View) event.Message {
	d := event.Native(event.Event{Name: name, Program: f.program, At: f.at, Card: &v})
	id := f.minted.EventID()
	return event.Message{ID: id, Program: f.program.ID, Door: d.Door, Type: d.Type, Body: d.Body(id), CreatedAt: f.at.Truncate(time.Microsecond)}
}

// Plan is how the database goes about one query.
type Plan = sqlstore.Plan

// Plans tells how the database goes about the queries that requests wait for, and how many cards it holds.
func (h *House) Plans(ctx context.Context) (cards int64, plans []Plan, err error) {
	return h.db.HotPlans(ctx)
}
