package storetest

import (
	"context"
	"fmt"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/shipment"
)

// The makers add one thing to the world, whole and valid, and give it as the store has it. A change is
// applied before it is written.

func (w *World) newProgram(like plan) program.Program {
	w.t.Helper()
	policy, err := program.ParsePolicy(like.kind, like.policies)
	must(w.t, err)
	at := w.Clock.Advance(time.Millisecond)
	p := program.Program{
		ID: ident.ProgramID{UUID: w.IDs.UUID()}, Kind: like.kind, Policy: policy, Clock: like.clock,
		CreatedAt: at, UpdatedAt: at,
	}
	p.Name = "programme " + p.ID.String()
	w.Admin(func(ctx context.Context, tx access.Tx) error { return tx.InsertProgram(ctx, p, like.policies) })
	return w.program(p.ID)
}

func (w *World) program(id ident.ProgramID) program.Program {
	w.t.Helper()
	var p program.Program
	w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
		var found bool
		var err error
		if p, found, err = tx.Program(ctx, id); err == nil && !found {
			w.t.Fatal("the programme is not there")
		}
		return err
	})
	return p
}

// NewDesign adds a design for physical and virtual cards.
func (w *World) NewDesign(change ...func(*card.Design)) card.Design {
	w.t.Helper()
	at := w.next()
	d := card.Design{
		ID: ident.DesignID{UUID: w.IDs.UUID()}, Program: w.Program.ID, Campaign: w.IDs.Base62(8), Name: "Blue",
		Types: []card.Type{card.Physical, card.Virtual}, Active: true, CreatedAt: at, UpdatedAt: at,
	}
	apply(&d, change)
	w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.InsertDesign(ctx, d) })
	return d
}

// NewCustomer adds an approved person without unique facts.
func (w *World) NewCustomer(change ...func(*customer.Customer)) customer.Customer {
	w.t.Helper()
	at := w.next()
	c := customer.Customer{
		ID: ident.CustomerID{UUID: w.IDs.UUID()}, Program: w.Program.ID, Number: w.number(),
		Kind: customer.Person, Status: customer.Active, Application: customer.Approved,
		FirstName: "Laura", LastName: "Pérez", Country: "MX", CreatedAt: at, UpdatedAt: at,
	}
	apply(&c, change)
	w.Write(func(ctx context.Context, tx issuance.Tx) error {
		err := tx.InsertCustomer(ctx, c, nil)
		if err == nil {
			c, err = found(tx.Customer(ctx, c.Program, c.ID))
		}
		return err
	})
	return c
}

// NewAccount adds a wallet of a customer.
func (w *World) NewAccount(owner customer.Customer, change ...func(*account.Account)) account.Account {
	w.t.Helper()
	at := w.next()
	a := account.Account{
		ID: ident.AccountID{UUID: w.IDs.UUID()}, Program: w.Program.ID, Number: w.number(), Kind: account.Wallet,
		OwnerKind: account.OwnerUser, Owner: owner.ID, Status: account.Active, Currency: "MXN", CreatedAt: at, UpdatedAt: at,
	}
	apply(&a, change)
	w.Write(func(ctx context.Context, tx issuance.Tx) error {
		err := tx.InsertAccount(ctx, a)
		if err == nil {
			a, err = found(tx.Account(ctx, a.Program, a.ID))
		}
		return err
	})
	return a
}

// NewCard adds a card of the default design, bound to nobody and without a plastic.
func (w *World) NewCard(change ...func(*card.Card)) card.Card {
	w.t.Helper()
	c := w.card()
	apply(&c, change)
	w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.InsertCard(ctx, c) })
	return w.View(c.ID).Card
}

// card is a card that is not written yet.
func (w *World) card() card.Card {
	at := w.next()
	return card.Card{
		ID: ident.CardID{UUID: w.IDs.UUID()}, Program: w.Program.ID, Number: w.number(), Reference: w.IDs.Reference(),
		Type: card.Physical, Design: w.Design.ID, Last4: "4242", ThreeDS: "SMS", CreatedAt: at, UpdatedAt: at,
		ExpiresAt: at.AddDate(4, 0, 0),
	}
}

// plastic is a piece of a card that is not written yet.
func (w *World) plastic(of ident.CardID) card.Plastic {
	at := w.next()
	return card.Plastic{
		ID: ident.PlasticID{UUID: w.IDs.UUID()}, Program: w.Program.ID, Card: of, State: card.Planned,
		Guard: card.Guard{Method: card.ByCode, State: card.Unset}, CreatedAt: at, UpdatedAt: at,
	}
}

// NewPlastic adds a plastic of a card.
func (w *World) NewPlastic(of ident.CardID, change ...func(*card.Plastic)) card.Plastic {
	w.t.Helper()
	p := w.plastic(of)
	apply(&p, change)
	w.Write(func(ctx context.Context, tx issuance.Tx) error { return tx.InsertPlastic(ctx, p) })
	return p
}

// NewShipment adds a box of the cards API that is on its way.
func (w *World) NewShipment(change ...func(*shipment.Shipment)) shipment.Shipment {
	w.t.Helper()
	at := w.next()
	s := shipment.Shipment{
		ID: ident.ShipmentID{UUID: w.IDs.UUID()}, Program: w.Program.ID, Kind: shipment.OfCards, Status: shipment.InTransit,
		Destination: shipment.Address{Line1: "Reforma 1", City: "CDMX", Country: "MX"},
		Courier:     shipment.Courier{Type: "DHL"}, SubmittedAt: at, CreatedAt: at, UpdatedAt: at,
	}
	apply(&s, change)
	w.Write(func(ctx context.Context, tx issuance.Tx) error {
		err := tx.InsertShipment(ctx, s)
		if err == nil {
			s, err = found(tx.Shipment(ctx, s.Program, s.ID))
		}
		return err
	})
	return s
}

// Pack puts a plastic into a box, at the next free place.
func (w *World) Pack(in ident.ShipmentID, p card.Plastic, change ...func(*shipment.Member)) shipment.Member {
	w.t.Helper()
	at := w.next()
	m := shipment.Member{
		ID: ident.MemberID{UUID: w.IDs.UUID()}, Shipment: in, Card: p.Card, Plastic: p.ID, Design: w.Design.ID,
		Address: shipment.Address{Line1: "Reforma 1", City: "CDMX", Country: "MX"}, CreatedAt: at, UpdatedAt: at,
	}
	w.Write(func(ctx context.Context, tx issuance.Tx) error {
		box, err := found(tx.Box(ctx, w.Program.ID, in))
		if err != nil {
			return err
		}
		m.Position = len(box.Packed)
		apply(&m, change)
		return tx.InsertMember(ctx, m)
	})
	return m
}

// NewShippedCard adds a physical card of a customer in a parcel in transit, and gives the code of its
// mailer.
func (w *World) NewShippedCard(holder customer.Customer, spends account.Account) (card.View, card.Code) {
	w.t.Helper()
	code, _ := card.ParseCode(w.IDs.Digits(card.CodeLength))
	c := w.NewCard(func(c *card.Card) { c.Customer, c.Account, c.HolderName = holder.ID, spends.ID, "LAURA PEREZ" })
	box := w.NewShipment()
	p := w.NewPlastic(c.ID, func(p *card.Plastic) {
		p.State, p.Custody, p.Shipment, p.Guard = card.HandedOver, card.CustodyCourier, box.ID, w.Armed(*p, code)
	})
	w.Pack(box.ID, p)
	return w.View(c.ID), code
}

// Armed is the guard of a plastic whose mailer shows the code.
func (w *World) Armed(p card.Plastic, code card.Code) card.Guard {
	w.t.Helper()
	to := issuance.Bound{Purpose: issuance.PurposeCode, Program: p.Program, Subject: p.ID.String()}
	sealed, err := w.Sealer.Seal(to, code.Text)
	must(w.t, err)
	return card.Guard{
		Method: card.ByCode, State: card.Armed, CodeIssuedAt: w.Now(),
		CodeHash: w.Sealer.Hash(to, code.Bytes()), CodeSealed: sealed, CodeVersion: 1,
	}
}

// WrongCode is a code that is not the given one.
func WrongCode(right card.Code) card.Code {
	for i := 0; ; i++ {
		if wrong, _ := card.ParseCode(fmt.Sprintf("%06d", i)); !wrong.Equal(right.Text) {
			return wrong
		}
	}
}

// NewBatch adds a batch of one card that was made.
func (w *World) NewBatch(change ...func(*batch.Batch)) batch.Batch {
	w.t.Helper()
	at := w.next()
	b := batch.Batch{
		ID: ident.BatchID{UUID: w.IDs.UUID()}, Program: w.Program.ID, Reference: w.IDs.Reference(), Status: batch.Completed,
		Requested: 1, Created: 1, NextIndex: 1, CreatedAt: at, UpdatedAt: at, FinishedAt: at,
		Location: batch.Location{FirstNames: "Laura", LastNames: "Pérez", Street: "Reforma", City: "CDMX", Country: "MX"},
	}
	apply(&b, change)
	w.Write(func(ctx context.Context, tx issuance.Tx) error {
		err := tx.InsertBatch(ctx, b)
		if err == nil && b.Status != batch.Staging {
			b, err = found(tx.BatchByID(ctx, b.Program, b.ID))
		}
		return err
	})
	return b
}

// NewBatchCard adds a card of a batch: bound to nobody, in stock, activated by identifier and batch.
func (w *World) NewBatchCard(of batch.Batch, identifier string, change ...func(*card.Card)) card.View {
	w.t.Helper()
	c := w.NewCard(change...)
	w.NewPlastic(c.ID, func(p *card.Plastic) {
		p.State, p.Custody, p.CustodyPresumed = card.Produced, card.CustodyStock, true
		p.Batch, p.Identifier = of.ID, identifier
		p.Guard = card.Guard{Method: card.ByIdentifierBatch, State: card.Armed}
	})
	return w.View(c.ID)
}

// NewEndpoint adds a webhook endpoint that was there an hour ago.
func (w *World) NewEndpoint(door event.Door, change ...func(*issuance.Endpoint)) issuance.Endpoint {
	w.t.Helper()
	e := w.endpoint(door)
	apply(&e, change)
	w.Write(func(ctx context.Context, tx issuance.Tx) error {
		err := tx.InsertEndpoint(ctx, e)
		if err == nil {
			e, err = found(tx.Endpoint(ctx, e.Program, e.ID))
		}
		return err
	})
	return e
}

func (w *World) endpoint(door event.Door) issuance.Endpoint {
	at := w.next().Add(-time.Hour)
	return issuance.Endpoint{
		ID: ident.EndpointID{UUID: w.IDs.UUID()}, Program: w.Program.ID, Door: door, Name: "hook",
		URL: "https://hooks.example/in", SecretSealed: w.IDs.Bytes(48), CreatedAt: at, UpdatedAt: at,
	}
}

func (w *World) number() int64 { return w.IDs.Number(ident.MinCardNumber, ident.MaxNumber31) }

func apply[T any](v *T, changes []func(*T)) {
	for _, change := range changes {
		change(v)
	}
}

// found turns "not there" into an error, for things that must be there.
func found[T any](v T, there bool, err error) (T, error) {
	if err == nil && !there {
		err = fmt.Errorf("the %T is not there", v)
	}
	return v, err
}
