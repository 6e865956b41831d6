package issuance

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
)

// HolderCard says which card a command of the debit API is about, and for whom (debit contract §9).
type HolderCard struct {
	Card   int64            // its public number
	Holder ident.CustomerID // of a customer's token: only its own cards exist; zero: the programme asks
	Named  int64            // the customer that the programme named; 0: none
}

// holderOf is the customer that a card belongs to: who holds it, or whom it was ordered for.
func holderOf(c card.Card) ident.CustomerID {
	if c.Customer.IsZero() {
		return c.ReservedFor
	}
	return c.Customer
}

// loadHolderCard loads the card that a command is about. Refusals: card.NotFound, customer.Unnamed.
func loadHolderCard(ctx context.Context, w *Work, which HolderCard) (Candidate, error) {
	c, err := findHolderCard(ctx, w.Tx, w.Program.ID, which)
	if err == nil {
		w.Audit.Card, w.Audit.Customer = c.View.Card.ID, holderOf(c.View.Card)
	}
	return c, err
}

func findHolderCard(ctx context.Context, tx ReadTx, p ident.ProgramID, which HolderCard) (Candidate, error) {
	c, ok, err := tx.CardByNumber(ctx, p, which.Card)
	if err != nil {
		return Candidate{}, err
	}
	if !ok || c.View.Card.Deleted() {
		return Candidate{}, fault.Refuse(card.NotFound)
	}
	named := which.Holder
	if which.Named != 0 && named.IsZero() {
		who, known, err := tx.CustomerByNumber(ctx, p, which.Named)
		if err != nil {
			return Candidate{}, err
		}
		if !known {
			return Candidate{}, fault.Refuse(card.NotFound)
		}
		named = who.ID
	}
	if no := decideHolder(holderOf(c.View.Card), named); no != nil {
		return Candidate{}, no
	}
	return c, nil
}

// decideHolder lets the programme at a card of nobody, and at a customer's card when it names that customer; a
// customer only at its own cards.
func decideHolder(holder, named ident.CustomerID) error {
	switch {
	case holder == named:
		return nil
	case named.IsZero():
		return fault.Refuse(customer.Unnamed)
	}
	return fault.Refuse(card.NotFound)
}

// HolderRef says for which customer something is asked: the one of a token, or the one that the programme named.
type HolderRef struct {
	Holder ident.CustomerID
	Named  int64
}

// find gives the living customer, or customer.NotFound.
func (h HolderRef) find(ctx context.Context, tx CustomerReader, p ident.ProgramID) (customer.Customer, error) {
	var c customer.Customer
	var ok bool
	var err error
	if h.Holder.IsZero() {
		c, ok, err = tx.CustomerByNumber(ctx, p, h.Named)
	} else {
		c, ok, err = tx.Customer(ctx, p, h.Holder)
	}
	if err == nil && !ok {
		err = fault.Refuse(customer.NotFound)
	}
	return c, err
}

// newCardFacts is everything that a card which a customer orders for itself is decided from.
type newCardFacts struct {
	holder      customer.Customer
	held        int // its cards that are not closed
	balance     *account.Account
	parentOwner ident.CustomerID // of the balance's parent
	design      *card.Design
}

// loadNewCard loads what an order names. An unknown customer is refused here, because nothing else can be loaded.
func loadNewCard(ctx context.Context, w *Work, who HolderRef, balance int64, campaign string, t card.Type) (f newCardFacts, err error) {
	if f.holder, err = who.find(ctx, w.Tx, w.Program.ID); err != nil {
		return f, err
	}
	w.Audit.Customer = f.holder.ID
	if f.held, err = w.Tx.CardsHeld(ctx, w.Program.ID, f.holder.ID); err != nil {
		return f, err
	}
	if f.balance, f.parentOwner, err = loadBalance(ctx, w, balance); err != nil {
		return f, err
	}
	f.design, err = loadCampaign(ctx, w, campaign, f.holder, t)
	return f, err
}

func loadBalance(ctx context.Context, w *Work, number int64) (*account.Account, ident.CustomerID, error) {
	a, ok, err := w.Tx.AccountByNumber(ctx, w.Program.ID, number)
	if err != nil || !ok {
		return nil, ident.CustomerID{}, err
	}
	if a.Parent.IsZero() {
		return &a, ident.CustomerID{}, nil
	}
	parent, _, err := w.Tx.Account(ctx, w.Program.ID, a.Parent)
	return &a, parent.Owner, err
}

// loadCampaign finds the campaign that was named, or else the customer's own, or else the programme's default.
// One that cannot make such a card is none; only a named one does not fall back.
func loadCampaign(ctx context.Context, w *Work, named string, of customer.Customer, t card.Type) (*card.Design, error) {
	usable := func(d card.Design, ok bool) *card.Design {
		if ok && d.Active && d.Makes(t) {
			return &d
		}
		return nil
	}
	for _, campaign := range []string{named, of.Campaign} {
		if campaign == "" {
			continue
		}
		d, ok, err := w.Tx.DesignByCampaign(ctx, w.Program.ID, campaign)
		if err != nil {
			return nil, err
		}
		if found := usable(d, ok); found != nil || named != "" {
			return found, nil
		}
	}
	d, ok, err := w.Tx.DefaultDesign(ctx, w.Program.ID)
	return usable(d, ok), err
}

// decideNewCard refuses a card that the customer may not have; the first check that fails answers (debit contract
// §9.1, §9.9).
func decideNewCard(f newCardFacts, most int) error {
	if !f.holder.Eligible() {
		return fault.RefuseWith(customer.NotEligible, customer.Inactive)
	}
	if most > 0 && f.held >= most {
		return fault.RefuseWith(customer.NotEligible, customer.TooManyCards)
	}
	if f.balance == nil || !f.balance.SpendableBy(f.holder.ID, f.parentOwner) {
		return fault.RefuseWith(account.BalanceNotFound, "balance_id")
	}
	if f.balance.Status != account.Active {
		return fault.RefuseWith(account.NotActive, f.balance.Status)
	}
	if f.design == nil {
		return fault.Refuse(card.DesignNotFound)
	}
	return nil
}

// isActive reports whether a card may be used now: open, and in its holder's hand if it can be.
func isActive(v card.View, now time.Time) bool {
	return v.Card.Status(now) == card.Open && !v.Canceled() && (v.Card.Type == card.Virtual || v.Plastic.EverActivated())
}
