package issuance

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/approval"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
)

// The actions of audit rows about cards.
const (
	actionCreateCard = "card.create"
	actionFreeze     = "card.freeze"
	actionUnfreeze   = "card.unfreeze"
	actionBlock      = "card.block"
	actionUnblock    = "card.unblock"
)

// CardAt is a card at a moment of its programme's clock: its status is computed, so it needs a time.
type CardAt struct {
	card.View
	At time.Time
}

// CreateCard makes a card for a customer (cards contract §10.2).
type CreateCard struct {
	Command
	Customer ident.CustomerID
	Account  ident.AccountID
	Type     card.Type
	ThreeDS  string // SMS or WEBHOOK
	Design   string // as sent; "" is the default design of the programme
}

// cardOrder is everything that a new card is decided from.
type cardOrder struct {
	holder      *customer.Customer
	account     *account.Account
	parentOwner ident.CustomerID // of the account's parent
	design      designChoice
}

// designChoice is a design as a request chose it.
type designChoice struct {
	named  bool         // false: the default was meant
	design *card.Design // nil: there is none
}

// CreateCard makes a card. For a physical one a plastic is planned; nothing is ordered yet. Refusals, in
// order: customer.NotFound, customer.NotApproved, customer.ProfileIncomplete, account.NotFound,
// account.NotActive, account.OwnerMismatch, card.DesignNotFound, card.DesignNotUsable.
func (s *Service) CreateCard(ctx context.Context, cmd CreateCard) (CardAt, error) {
	return RunDrawing(ctx, s, cmd.Command, actionCreateCard, func(w *Work) (CardAt, error) {
		order, err := loadOrder(ctx, w, cmd)
		if err != nil {
			return CardAt{}, err
		}
		if no := decideCard(order, cmd.Type); no != nil {
			return CardAt{}, no
		}
		v := card.View{Card: s.mintCard(w.Program, cmd.Type, order.design.design.ID, w.Now)}
		v.Card.Customer, v.Card.Account = order.holder.ID, order.account.ID
		v.Card.HolderName, v.Card.ThreeDS = embossedName(s.bureau, *order.holder), cmd.ThreeDS
		w.Audit.Card, w.Audit.Customer = v.Card.ID, order.holder.ID
		if err := s.giveNumber(ctx, w, &v.Card, card.PIN{}); err != nil {
			return CardAt{}, err
		}
		if err := w.Tx.InsertCard(ctx, v.Card); err != nil {
			return CardAt{}, err
		}
		if cmd.Type == card.Physical {
			v.Plastic = s.planPlastic(v.Card, w.Now)
			if err := w.Tx.InsertPlastic(ctx, v.Plastic); err != nil {
				return CardAt{}, err
			}
		}
		w.Announce(event.Event{Name: event.CardCreated, Card: &v})
		return CardAt{v, w.Now}, nil
	})
}

// planPlastic is the piece of a new physical card: planned, without a code.
func (s *Service) planPlastic(c card.Card, now time.Time) card.Plastic {
	return card.Plastic{
		ID: ident.PlasticID{UUID: s.ids.UUID()}, Program: c.Program, Card: c.ID, State: card.Planned,
		Guard: card.Guard{Method: card.ByCode, State: card.Unset}, CreatedAt: now, UpdatedAt: now,
	}
}

func loadOrder(ctx context.Context, w *Work, cmd CreateCard) (cardOrder, error) {
	var o cardOrder
	p := w.Program.ID
	c, ok, err := w.Tx.Customer(ctx, p, cmd.Customer)
	if err != nil || !ok {
		return o, err
	}
	o.holder = &c
	a, ok, err := w.Tx.Account(ctx, p, cmd.Account)
	if err != nil {
		return o, err
	}
	if ok {
		o.account = &a
		if !a.Parent.IsZero() {
			parent, _, err := w.Tx.Account(ctx, p, a.Parent)
			if err != nil {
				return o, err
			}
			o.parentOwner = parent.Owner
		}
	}
	o.design, err = loadDesign(ctx, w.Tx, p, cmd.Design)
	return o, err
}

// loadDesign finds the design that was named, or the default. A name that is no id names no design.
func loadDesign(ctx context.Context, tx DesignReader, p ident.ProgramID, name string) (designChoice, error) {
	out := designChoice{named: name != ""}
	var d card.Design
	var ok bool
	var err error
	if id, malformed := ident.ParseUUID(name); malformed == nil {
		d, ok, err = tx.Design(ctx, p, ident.DesignID{UUID: id})
	} else if !out.named {
		d, ok, err = tx.DefaultDesign(ctx, p)
	}
	if ok {
		out.design = &d
	}
	return out, err
}

// decideCard refuses a card that may not be made; the first check that fails answers.
func decideCard(o cardOrder, t card.Type) error {
	if o.holder == nil {
		return fault.Refuse(customer.NotFound)
	}
	if !o.holder.Eligible() {
		return fault.RefuseWith(customer.NotApproved, o.holder.Application)
	}
	if missing := missingNames(*o.holder); len(missing) > 0 {
		return fault.RefuseWith(customer.ProfileIncomplete, missing)
	}
	if o.account == nil {
		return fault.Refuse(account.NotFound)
	}
	if o.account.Status != account.Active {
		return fault.RefuseWith(account.NotActive, o.account.Status)
	}
	if !maySpend(*o.holder, *o.account, o.parentOwner) {
		return fault.Refuse(account.OwnerMismatch)
	}
	return decideDesign(o.design, t)
}

func missingNames(c customer.Customer) []string {
	var missing []string
	if c.FirstName == "" {
		missing = append(missing, "firstName")
	}
	if c.LastName == "" {
		missing = append(missing, "lastName")
	}
	return missing
}

// maySpend reports whether a card of the customer may spend the account: it is the customer's, or that
// of the company or programme that the customer belongs to.
func maySpend(c customer.Customer, a account.Account, parentOwner ident.CustomerID) bool {
	if a.OwnerKind == account.OwnerProgram {
		return a.Kind != account.CompositeParent
	}
	return a.SpendableBy(c.ID, parentOwner) || a.SpendableBy(c.Company, parentOwner)
}

// decideDesign refuses a design that no such card can be made with.
func decideDesign(d designChoice, t card.Type) error {
	switch {
	case d.design == nil && d.named:
		return fault.Refuse(card.DesignNotFound)
	case d.design == nil:
		return fault.RefuseWith(card.DesignNotUsable, "NO_DEFAULT")
	case !d.design.Makes(t):
		return fault.RefuseWith(card.DesignNotUsable, "TYPE_NOT_SUPPORTED")
	case !d.design.Active:
		return fault.RefuseWith(card.DesignNotUsable, "INACTIVE")
	}
	return nil
}

// Card gives a card that has a customer and is not deleted, or card.NotFound.
func (s *Service) Card(ctx context.Context, p ident.ProgramID, id ident.CardID) (CardAt, error) {
	return LookOnce(ctx, s, card.NotFound, func(tx ReadTx) (CardAt, bool, error) {
		clock, v, ok, err := tx.TimedCard(ctx, p, id)
		return CardAt{v, clock.Now(s.now())}, ok && visible(v.Card), err
	})
}

// visible reports whether people see the card: it has a customer and was not deleted.
func visible(c card.Card) bool { return !c.Deleted() && !c.Customer.IsZero() }

// Cards lists cards that have a customer and are not deleted, newest first. f.At is filled in.
func (s *Service) Cards(ctx context.Context, p ident.ProgramID, f CardFilter, page Page) ([]CardAt, error) {
	return Look(ctx, s, card.NotFound, func(tx ReadTx) ([]CardAt, bool, error) {
		owner, ok, err := tx.Program(ctx, p)
		if err != nil || !ok {
			return nil, false, err
		}
		f.At = owner.Now(s.now())
		views, err := tx.CardViews(ctx, p, f, page)
		out := make([]CardAt, len(views))
		for i, v := range views {
			out[i] = CardAt{v, f.At}
		}
		return out, true, err
	})
}

// loadCard loads the card that a command is about, or refuses with card.NotFound.
func loadCard(ctx context.Context, w *Work, id ident.CardID) (card.View, error) {
	v, ok, err := w.Tx.CardView(ctx, w.Program.ID, id)
	if err != nil {
		return card.View{}, err
	}
	if !ok || !visible(v.Card) {
		return card.View{}, fault.Refuse(card.NotFound)
	}
	w.Audit.Card, w.Audit.Customer = v.Card.ID, v.Card.Customer
	return v, nil
}

// SwitchCard freezes, unfreezes, blocks or unblocks a card.
type SwitchCard struct {
	Command
	Card    ident.CardID
	Message string // of a block
	Note    string // why, for the audit row; the published doors have none
	Asked   Asked  // of taking a block away
}

// Freeze sets the holder's switch off: every authorisation is declined. It may be set under a block too.
func (s *Service) Freeze(ctx context.Context, cmd SwitchCard) (CardAt, error) {
	return s.switchCard(ctx, cmd, actionFreeze, event.CardFrozen, decideFreeze)
}

// Unfreeze sets the holder's switch on again.
func (s *Service) Unfreeze(ctx context.Context, cmd SwitchCard) (CardAt, error) {
	return s.switchCard(ctx, cmd, actionUnfreeze, event.CardUnfrozen, decideUnfreeze)
}

// Block puts the partner's block on a card. A card that is blocked already keeps its first reason.
func (s *Service) Block(ctx context.Context, cmd SwitchCard) (CardAt, error) {
	return s.switchCard(ctx, cmd, actionBlock, event.CardBlocked, blockByPartner(cmd.Message))
}

// switchDecision gives the card under a switch, or refuses.
type switchDecision func(c card.Card, now time.Time) (card.Card, error)

func blockByPartner(message string) switchDecision {
	block := card.Block{Type: card.BlockByPartner, By: card.ByPartner, Message: message, Liftable: true}
	return func(c card.Card, now time.Time) (card.Card, error) { return decideBlock(c, block, now) }
}

// Unblock takes away a block that may be lifted; else card.BlockNotLiftable. Where the policy wants it, a block for fraud needs an
// approval: approval.Needed and its kin.
func (s *Service) Unblock(ctx context.Context, cmd SwitchCard) (CardAt, error) {
	return s.switchCard(ctx, cmd, actionUnblock, event.CardUnblocked, decideUnblock)
}

// switchCard is the way of all switches: a card that comes out of decide as it went in was not changed,
// and nothing is announced.
func (s *Service) switchCard(ctx context.Context, cmd SwitchCard, action string, name event.Name,
	decide switchDecision,
) (CardAt, error) {
	return Run(ctx, s, cmd.Command, action, func(w *Work) (CardAt, error) {
		w.Audit.Note = cmd.Note
		v, err := loadCard(ctx, w, cmd.Card)
		if err != nil {
			return CardAt{}, err
		}
		after, no := decide(v.Card, w.Now)
		if no != nil {
			return CardAt{}, no
		}
		if v.Card.Block.OfFraud() && after.Block == (card.Block{}) {
			asked, err := s.ofThisBlock(ctx, w, v.Card.ID, cmd.Asked)
			if err != nil {
				return CardAt{}, err
			}
			if err := s.approved(ctx, w, approval.UnblockAfterFraud, asked); err != nil {
				return CardAt{}, err
			}
		}
		return s.writeSwitched(ctx, w, v, after, name)
	})
}

func (s *Service) writeSwitched(ctx context.Context, w *Work, v card.View, after card.Card, name event.Name) (CardAt, error) {
	if sameSwitches(v.Card, after) {
		return CardAt{v, w.Now}, nil
	}
	if after.Stop() != v.Card.Stop() {
		if err := s.noteBlock(ctx, w, v, after.Stop(), after.Block.Message); err != nil {
			return CardAt{}, err
		}
	}
	after.UpdatedAt = program.Later(w.Now, v.UpdatedAt())
	v.Card = after
	w.Announce(event.Event{Name: name, Card: &v})
	return CardAt{v, w.Now}, w.Tx.UpdateCard(ctx, after)
}

func sameSwitches(a, b card.Card) bool {
	return a.FrozenBy == b.FrozenBy && a.Block == b.Block && a.ExpiresAt.Equal(b.ExpiresAt)
}

func decideFreeze(c card.Card, now time.Time) (card.Card, error) {
	no := decideFreezable(c, now)
	if no == nil && c.FrozenBy == "" {
		c.FrozenBy = card.ByHolder
	}
	return c, no
}

func decideUnfreeze(c card.Card, now time.Time) (card.Card, error) {
	no := decideFreezable(c, now)
	if no == nil {
		c.FrozenBy = ""
	}
	return c, no
}

func decideFreezable(c card.Card, now time.Time) error {
	switch st := c.Status(now); st {
	case card.Closed:
		return fault.RefuseWith(card.NotAllowed, card.OperationState{Status: st, Cause: "CLOSED"})
	case card.Expired:
		return fault.RefuseWith(card.NotAllowed, card.OperationState{Status: st, Cause: "EXPIRED"})
	case card.Blocked, card.Frozen, card.Open, card.Unassigned:
	}
	return nil
}

// decideBlock: a closed card counts as blocked already.
func decideBlock(c card.Card, b card.Block, now time.Time) (card.Card, error) {
	switch st := c.Status(now); st {
	case card.Expired:
		return c, fault.RefuseWith(card.NotAllowed, card.OperationState{Status: st, Cause: "EXPIRED"})
	case card.Frozen, card.Open, card.Unassigned:
		c.Block = b
	case card.Closed, card.Blocked:
	}
	return c, nil
}

// decideUnblock: a closed card is blocked for good.
func decideUnblock(c card.Card, now time.Time) (card.Card, error) {
	switch st := c.Status(now); st {
	case card.Expired:
		return c, fault.RefuseWith(card.NotAllowed, card.OperationState{Status: st, Cause: "EXPIRED"})
	case card.Closed:
		return c, fault.RefuseWith(card.BlockNotLiftable, c.ClosedReason)
	case card.Blocked:
		if !c.Block.Liftable {
			return c, fault.RefuseWith(card.BlockNotLiftable, c.Block)
		}
		c.Block = card.Block{}
	case card.Frozen, card.Open, card.Unassigned:
	}
	return c, nil
}
