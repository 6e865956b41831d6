package issuance

import (
	"context"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/ledger"
	"github.com/firsttap/firsttap/internal/program"
)

const actionSeed = "sandbox.seed"

// The causes of SimulationState that Seed gives.
const (
	seedTaken   = "NUMBER_TAKEN"
	seedUnknown = "DESIGN_MISSING"
)

// Seed fills a sandbox programme with things whose numbers are chosen, so that examples can be reproduced
// to the letter (debit contract §1.3).
type Seed struct {
	Command
	Customers []SeedCustomer
	Batches   []SeedBatch
}

// SeedCustomer is an approved customer. Zero members are none, or drawn.
type SeedCustomer struct {
	Number              int64
	FirstName, LastName string
	Email, RFC, CURP    string          // kept as they are, valid or not
	Wallet              int64           // number of a plain account
	Child               int64           // number of a child of a composite parent, which the customer owns
	Parent              ident.Reference // of that parent; "": drawn
	ParentLine          int64           // its whole line
	ChildLine           int64           // what the child has of it
}

// SeedBatch is a finished batch.
type SeedBatch struct {
	Reference ident.Reference
	Cards     []SeedCard
}

// SeedCard is a card of a batch that is not activated.
type SeedCard struct {
	Identifier string
	Number     int64 // 0: drawn
}

// PublishedExamples are the things that the examples of the published debit API speak of (debit contract
// §14).
func PublishedExamples(cmd Command) Seed {
	return Seed{
		Command: cmd,
		Customers: []SeedCustomer{
			{Number: 12345678, FirstName: "Laura", LastName: "Pérez"},
			{Number: 85, FirstName: "Juan", LastName: "Díaz", Child: 10249, Parent: "7c6474ab26337a9151517c433874cc54", ParentLine: 4_000_000, ChildLine: 2_100_000},
			{Number: 777, FirstName: "Rosa", LastName: "Luna", RFC: "INVALID"},
		},
		Batches: []SeedBatch{
			{Reference: "7e4b85e27c4610824900af48f340394d", Cards: []SeedCard{
				{Identifier: "CARD-001", Number: 987654321}, {Identifier: "CARD001"}, {Identifier: "CARD-002"},
			}},
			{Reference: "9c0d4a1be35f42768a61c5d2f7e80913", Cards: []SeedCard{{Identifier: "CARD-009"}}},
		},
	}
}

// Seed adds what is asked, all or nothing. Refusals: LiveProgram, SimulationState.
func (s *Service) Seed(ctx context.Context, cmd Seed) error {
	_, err := RunDrawing(ctx, s, cmd.Command, actionSeed, func(w *Work) (struct{}, error) {
		if w.Program.Kind != program.Sandbox {
			return struct{}{}, fault.Refuse(LiveProgram)
		}
		d, ok, err := w.Tx.DefaultDesign(ctx, w.Program.ID)
		if err != nil {
			return struct{}{}, err
		}
		if !ok {
			return struct{}{}, fault.RefuseWith(SimulationState, seedUnknown)
		}
		if taken, err := seedTakes(ctx, w, cmd); err != nil || taken {
			if err == nil {
				err = fault.RefuseWith(SimulationState, seedTaken)
			}
			return struct{}{}, err
		}
		for _, c := range cmd.Customers {
			if err := s.seedCustomer(ctx, w, c); err != nil {
				return struct{}{}, err
			}
		}
		for _, b := range cmd.Batches {
			if err := s.seedBatch(ctx, w, cmd.Caller, b, d); err != nil {
				return struct{}{}, err
			}
		}
		w.events = nil // they were always there: nobody is told
		return struct{}{}, nil
	})
	if isNumberTaken(err) {
		return fault.RefuseWith(SimulationState, seedTaken)
	}
	return err
}

// seedTakes reports whether a chosen number or reference exists already.
func seedTakes(ctx context.Context, w *Work, cmd Seed) (bool, error) {
	for _, c := range cmd.Customers {
		if _, taken, err := w.Tx.CustomerByNumber(ctx, w.Program.ID, c.Number); err != nil || taken {
			return taken, err
		}
		for _, n := range []int64{c.Wallet, c.Child} {
			if _, taken, err := w.Tx.AccountByNumber(ctx, w.Program.ID, n); err != nil || taken {
				return taken, err
			}
		}
	}
	for _, b := range cmd.Batches {
		if _, taken, err := w.Tx.Batch(ctx, w.Program.ID, b.Reference); err != nil || taken {
			return taken, err
		}
	}
	return false, nil
}

func (s *Service) seedCustomer(ctx context.Context, w *Work, sent SeedCustomer) error {
	c := s.newHolder(w.Program, NewHolder{
		FirstName: sent.FirstName, LastName: sent.LastName, Email: sent.Email, RFC: sent.RFC, CURP: sent.CURP,
	}, w.Now)
	if sent.Number != 0 {
		c.Number = sent.Number
	}
	if err := w.Tx.InsertCustomer(ctx, c, nil); err != nil {
		return err
	}
	if sent.Wallet != 0 {
		wallet := s.newWallet(w.Program, c, w.Now)
		wallet.Number = sent.Wallet
		if err := s.openAccount(ctx, w, wallet, 0); err != nil {
			return err
		}
	}
	if sent.Child == 0 {
		return nil
	}
	parent := s.newWallet(w.Program, c, w.Now)
	parent.Kind, parent.Reference = account.CompositeParent, sent.Parent
	if sent.Parent == "" {
		parent.Reference = s.ids.Reference()
	}
	if err := s.openAccount(ctx, w, parent, sent.ParentLine); err != nil {
		return err
	}
	child := s.newWallet(w.Program, c, w.Now)
	child.Kind, child.Parent, child.Number = account.CompositeChild, parent.ID, sent.Child
	if err := w.Tx.InsertAccount(ctx, child); err != nil || sent.ChildLine == 0 {
		return err
	}
	return s.seedLine(ctx, w, parent.ID, child.ID, sent.ChildLine)
}

// seedLine gives a child its part of the parent's line.
func (s *Service) seedLine(ctx context.Context, w *Work, parent, child ident.AccountID, cents int64) error {
	from, err := w.Tx.Position(ctx, parent)
	if err != nil {
		return err
	}
	less, more := ledger.Lend(cents)
	return w.Tx.Post(ctx, ledger.Journal{
		ID: ident.JournalID{UUID: s.ids.UUID()}, Program: w.Program.ID, Kind: ledger.Lined, At: w.Now,
		Entries: []ledger.Entry{from.Move(less), ledger.Position{Account: child}.Move(more)},
	})
}

// seedBatch adds a finished batch and its cards, made as the worker makes them.
func (s *Service) seedBatch(ctx context.Context, w *Work, by Caller, sent SeedBatch, d card.Design) error {
	m := maker{s: s, w: w, cutoff: w.Now, chosen: true}
	m.batch = batch.Batch{
		ID: ident.BatchID{UUID: s.ids.UUID()}, Program: w.Program.ID, Reference: sent.Reference, Status: batch.Processing,
		Campaign: d.Campaign, Location: seedLocation(), Requested: len(sent.Cards), Credential: by.Credential,
		CreatedAt: w.Now, UpdatedAt: w.Now,
	}
	if err := w.Tx.InsertBatch(ctx, m.batch); err != nil {
		return err
	}
	items := make([]batch.Item, len(sent.Cards))
	for i, c := range sent.Cards {
		items[i] = batch.Item{Batch: m.batch.ID, Index: i, Identifier: c.Identifier, Outcome: batch.Pending}
	}
	if err := w.Tx.InsertItems(ctx, items); err != nil {
		return err
	}
	for i, c := range sent.Cards {
		made := m.newCard(d, items[i])
		if c.Number != 0 {
			made.Number = c.Number
		}
		if err := m.drawNumber(&made, card.PIN{}); err != nil {
			return err
		}
		item, err := m.add(ctx, made, i, items[i])
		if err != nil {
			return err
		}
		items[i] = item
	}
	m.made.Done = true
	return m.close(ctx, items)
}

func seedLocation() batch.Location {
	return batch.Location{
		FirstNames: "Sandbox", LastNames: "Programme", Street: "Av. Tulum", ExteriorNumber: "1", Neighborhood: "Centro",
		City: "Cancún", State: "Quintana Roo", PostalCode: "77500", Mobile: "9981234567", Country: "MX",
	}
}
