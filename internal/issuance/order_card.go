package issuance

import (
	"context"
	"time"
	"unicode/utf8"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
)

const actionOrderCard = "card.order"

// OrderCard orders one card for one customer (debit contract §9.1).
type OrderCard struct {
	Command
	Who       HolderRef
	Balance   int64 // public number of the account that it will spend
	Type      card.Type
	PIN       card.PIN
	Location  batch.Location // of a physical card
	FrontName string         // "": the customer's name
	Campaign  string         // "": the customer's own, else the programme's default
}

// OrderedCard is a card that was ordered, or made at once.
type OrderedCard struct {
	CardAt
	Reference ident.Reference // of its batch; "" for a virtual one
	Campaign  string
	Customer  customer.Customer
	Account   account.Account
	Shown     *Revealed // number and CVV, where the programme's answers hold them
}

// OrderCard orders a card. A physical one is a batch of its own, reserved for the customer and its account and
// placed with the bureau at once; it is activated like any card of a batch, once it has left the bureau. A
// virtual one may be used at once. Refusals, in order: customer.NotFound, customer.NotEligible,
// account.BalanceNotFound, account.NotActive, card.DesignNotFound, card.PINWeak.
func (s *Service) OrderCard(ctx context.Context, cmd OrderCard) (OrderedCard, error) {
	_, now, err := s.programNow(ctx, cmd.Caller.Program)
	if err != nil {
		return OrderedCard{}, err
	}
	cutoff := s.bureau.Cutoff(now)
	return RunDrawing(ctx, s, cmd.Command, actionOrderCard, func(w *Work) (OrderedCard, error) {
		f, err := loadNewCard(ctx, w, cmd.Who, cmd.Balance, cmd.Campaign, cmd.Type)
		if err != nil {
			return OrderedCard{}, err
		}
		if no := decideNewCard(f, w.Program.Policy.Debit.MaxCardsPerCustomer); no != nil {
			return OrderedCard{}, no
		}
		if no := s.decideOrderedCard(cmd, w.Program.Policy.PIN.RejectWeak); no != nil {
			return OrderedCard{}, no
		}
		if cmd.Type == card.Virtual {
			out, err := s.makeLinked(ctx, w, f, cmd.PIN, ident.CardID{})
			if err == nil {
				w.Announce(event.Event{Name: event.CardOrdered, Card: &out.View})
			}
			return out, err
		}
		return s.placeCard(ctx, w, cmd, f, cutoff)
	})
}

// decideOrderedCard refuses what is to be on a card, or to be its PIN.
func (s *Service) decideOrderedCard(cmd OrderCard, rejectWeak bool) error {
	line, printable := batch.Emboss(cmd.FrontName)
	if !printable || utf8.RuneCountInString(cmd.FrontName) > batch.MaxFrontName || len(line) > batch.MaxFrontName ||
		line != "" && !s.bureau.Printable(line) {
		return &fault.Error{Reason: batch.OrderInvalid, Fields: []fault.Field{{Path: "front_name", Code: "invalid"}}}
	}
	if !cmd.PIN.IsZero() && rejectWeak && cmd.PIN.Guessable("") {
		return fault.RefuseWith(card.PINWeak, "new_pin")
	}
	return nil
}

// placeCard makes a physical card with its batch of one and its box.
func (s *Service) placeCard(ctx context.Context, w *Work, cmd OrderCard, f newCardFacts, cutoff time.Time) (OrderedCard, error) {
	m := maker{s: s, w: w, cutoff: cutoff, batch: batch.Batch{
		ID: ident.BatchID{UUID: s.ids.UUID()}, Program: w.Program.ID, Reference: s.ids.Reference(), Status: batch.Completed,
		Campaign: f.design.Campaign, Location: cmd.Location, Requested: 1, Created: 1, NextIndex: 1,
		Credential: cmd.Caller.Credential, CreatedAt: w.Now, UpdatedAt: w.Now, FinishedAt: w.Now,
	}}
	c, err := s.reserveCard(ctx, w, cmd, f)
	if err != nil {
		return OrderedCard{}, err
	}
	item := batch.Item{
		Batch: m.batch.ID, Identifier: serverMade + s.ids.Digits(12), FrontName: c.HolderName, Campaign: f.design.Campaign,
		Outcome: batch.ItemCreated, Card: c.ID, CardNumber: c.Number,
	}
	p, err := m.newPlastic(ctx, c, item.Identifier) // opens the box too
	if err != nil {
		return OrderedCard{}, err
	}
	p.Custody, p.CustodyPresumed = card.CustodyBureau, false
	for _, write := range []func() error{
		func() error { return w.Tx.InsertBatch(ctx, m.batch) },
		func() error { return w.Tx.InsertCard(ctx, c) },
		func() error { return w.Tx.InsertPlastic(ctx, p) },
		func() error { return w.Tx.InsertItems(ctx, []batch.Item{item}) },
	} {
		if err := write(); err != nil {
			return OrderedCard{}, err
		}
	}
	v := card.View{Card: c, Plastic: p, Box: m.box}
	w.Audit.Card, w.Audit.Batch, w.Audit.Shipment = c.ID, m.batch.ID, m.box.ID
	w.Announce(event.Event{Name: event.CardOrdered, Card: &v})
	return OrderedCard{
		CardAt: CardAt{v, w.Now}, Reference: m.batch.Reference, Campaign: f.design.Campaign, Customer: f.holder, Account: *f.balance,
	}, nil
}

// reserveCard draws a physical card that only its customer may activate.
func (s *Service) reserveCard(ctx context.Context, w *Work, cmd OrderCard, f newCardFacts) (card.Card, error) {
	c := s.mintCard(w.Program, card.Physical, f.design.ID, w.Now)
	c.ReservedFor, c.ReservedAccount = f.holder.ID, f.balance.ID
	if c.HolderName, _ = batch.Emboss(cmd.FrontName); c.HolderName == "" {
		c.HolderName = embossedName(s.bureau, f.holder)
	}
	if !cmd.PIN.IsZero() {
		if err := s.setOrderedPIN(&c, cmd.PIN, w.Program, w.Now); err != nil {
			return card.Card{}, err
		}
	}
	return c, s.giveNumber(ctx, w, &c, cmd.PIN)
}
