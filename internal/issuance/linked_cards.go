package issuance

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
)

// The actions of audit rows about linked cards.
const (
	actionCreateLinked  = "card.create_linked"
	actionReorderLinked = "card.reorder_linked"
)

// CreateLinkedCard makes a virtual card on a balance of a customer (debit contract §9.9).
type CreateLinkedCard struct {
	Command
	Who      HolderRef
	Balance  int64
	Campaign string
}

// CreateLinkedCard makes a virtual card that may be used at once. Refusals, in order: customer.NotFound,
// customer.NotEligible, account.BalanceNotFound, account.NotActive, card.DesignNotFound.
func (s *Service) CreateLinkedCard(ctx context.Context, cmd CreateLinkedCard) (OrderedCard, error) {
	return RunDrawing(ctx, s, cmd.Command, actionCreateLinked, func(w *Work) (OrderedCard, error) {
		f, err := loadNewCard(ctx, w, cmd.Who, cmd.Balance, cmd.Campaign, card.Virtual)
		if err != nil {
			return OrderedCard{}, err
		}
		if no := decideNewCard(f, w.Program.Policy.Debit.MaxCardsPerCustomer); no != nil {
			return OrderedCard{}, no
		}
		return s.makeLinked(ctx, w, f, card.PIN{}, ident.CardID{})
	})
}

// makeLinked makes a virtual card, bound to customer and account.
func (s *Service) makeLinked(ctx context.Context, w *Work, f newCardFacts, pin card.PIN, replaces ident.CardID) (OrderedCard, error) {
	c := s.mintCard(w.Program, card.Virtual, f.design.ID, w.Now)
	c.Customer, c.Account, c.Replaces = f.holder.ID, f.balance.ID, replaces
	c.HolderName = embossedName(s.bureau, f.holder)
	if !pin.IsZero() {
		if err := s.setPIN(&c, pin, w.Program, w.Now); err != nil {
			return OrderedCard{}, err
		}
	}
	if err := s.giveNumber(ctx, w, &c, pin); err != nil {
		return OrderedCard{}, err
	}
	if err := w.Tx.InsertCard(ctx, c); err != nil {
		return OrderedCard{}, err
	}
	w.Audit.Card = c.ID
	out := OrderedCard{CardAt: CardAt{card.View{Card: c}, w.Now}, Campaign: f.design.Campaign, Customer: f.holder, Account: *f.balance}
	w.Announce(event.Event{Name: event.CardCreated, Card: &out.View})
	var err error
	out.Shown, err = s.show(ctx, w, out.View)
	return out, err
}

// show gives number and CVV where the programme's answers hold them, and leaves a reveal in the trail; nil where
// they do not, or where no number is kept. It comes last in a command: a refusal must not follow.
func (s *Service) show(ctx context.Context, w *Work, v card.View) (*Revealed, error) {
	if !w.Program.Policy.Debit.RevealCard {
		return nil, nil //nolint:nilnil // nothing is shown, and nothing went wrong
	}
	e, ok, err := w.Tx.VaultEntry(ctx, w.Program.ID, v.Card.ID)
	if err != nil || !ok {
		return nil, err
	}
	shown, err := s.open(w, v.Card, e)
	if err != nil {
		return nil, err
	}
	return &shown, s.traceReveal(ctx, w, v)
}

// traceReveal leaves the trail of one card whose number or CVV an answer holds.
func (s *Service) traceReveal(ctx context.Context, w *Work, v card.View) error {
	row := w.Audit
	row.ID, row.Action, row.Outcome = s.ids.UUID(), actionReveal, audit.OK
	row.Card, row.Customer, row.Note = v.Card.ID, v.Card.Customer, "in the answer of "+w.Audit.Action
	w.Announce(event.Event{Name: event.CardRevealed, Card: &v})
	return w.Tx.InsertAudit(ctx, row)
}

// RotateLinkedCVV gives a customer's virtual card a new CVV.
type RotateLinkedCVV struct {
	Command
	Which HolderCard
}

// RotateLinkedCVV draws another CVV than the card had; the old one is dead at the commit. Refusals, in order:
// card.NotFound, customer.Unnamed, card.NotLinked, card.IsNotActive, card.NoNumberKept.
func (s *Service) RotateLinkedCVV(ctx context.Context, cmd RotateLinkedCVV) (Revealed, error) {
	return Run(ctx, s, cmd.Command, actionRotateCVV, func(w *Work) (Revealed, error) {
		c, err := loadHolderCard(ctx, w, cmd.Which)
		if err != nil {
			return Revealed{}, err
		}
		if no := decideRotate(c.View, w.Now); no != nil {
			return Revealed{}, no
		}
		shown, err := s.rotateCVV(ctx, w, c.View)
		if err != nil {
			return Revealed{}, err
		}
		return shown, s.traceReveal(ctx, w, c.View)
	})
}

func decideRotate(v card.View, now time.Time) error {
	if v.Card.Type != card.Virtual {
		return fault.Refuse(card.NotLinked)
	}
	if !isActive(v, now) {
		return fault.Refuse(card.IsNotActive)
	}
	return nil
}

// ReorderLinkedCard replaces the newest linked card of a customer.
type ReorderLinkedCard struct {
	Command
	Who HolderRef
}

// Reordered is the new card, and the number of the old one.
type Reordered struct {
	OrderedCard
	Replaced int64
}

// ReorderLinkedCard retires the newest linked card that lives and makes a new one on the same balance, in one
// transaction. Refusals, in order: customer.NotFound, card.NoLinkedCard, account.NotActive, customer.NotEligible,
// card.DesignNotFound.
func (s *Service) ReorderLinkedCard(ctx context.Context, cmd ReorderLinkedCard) (Reordered, error) {
	return RunDrawing(ctx, s, cmd.Command, actionReorderLinked, func(w *Work) (Reordered, error) {
		f, old, err := loadReorder(ctx, w, cmd.Who)
		if err != nil {
			return Reordered{}, err
		}
		if no := decideReorder(f); no != nil {
			return Reordered{}, no
		}
		retired := old.Card.Close(card.ClosedRetired, w.Now)
		if _, err := s.endCard(ctx, w, old, retired, card.VoidSuperseded, event.CardClosed); err != nil {
			return Reordered{}, err
		}
		made, err := s.makeLinked(ctx, w, f, card.PIN{}, old.Card.ID)
		return Reordered{made, old.Card.Number}, err
	})
}

// mostHoldings bounds how many cards of one customer are looked at.
const mostHoldings = 1000

// loadReorder finds the newest linked card that lives, with the balance that it spends and the campaign that
// the new one will have: the same while it can be used, else the default.
func loadReorder(ctx context.Context, w *Work, who HolderRef) (f newCardFacts, old card.View, err error) {
	if f.holder, err = who.find(ctx, w.Tx, w.Program.ID); err != nil {
		return f, old, err
	}
	w.Audit.Customer = f.holder.ID
	all, err := w.Tx.Holdings(ctx, w.Program.ID, f.holder.ID, mostHoldings)
	if err != nil {
		return f, old, err
	}
	old, ok := newestLinked(all)
	if !ok {
		return f, old, fault.Refuse(card.NoLinkedCard)
	}
	a, ok, err := w.Tx.Account(ctx, w.Program.ID, old.Card.Account)
	if err != nil {
		return f, old, err
	}
	if ok {
		f.balance = &a
	}
	d, ok, err := w.Tx.Design(ctx, w.Program.ID, old.Card.Design)
	if err != nil {
		return f, old, err
	}
	if ok && d.Active && d.Makes(card.Virtual) {
		f.design = &d
		return f, old, nil
	}
	f.design, err = loadCampaign(ctx, w, "", f.holder, card.Virtual)
	return f, old, err
}

func newestLinked(all []Candidate) (card.View, bool) {
	for _, c := range all {
		if c.View.Card.Type == card.Virtual && c.View.Card.ClosedAt.IsZero() {
			return c.View, true
		}
	}
	return card.View{}, false
}

// decideReorder refuses a new card in the place of an old one.
func decideReorder(f newCardFacts) error {
	if f.balance == nil {
		return fault.RefuseWith(account.NotActive, account.Closed)
	}
	if f.balance.Status != account.Active {
		return fault.RefuseWith(account.NotActive, f.balance.Status)
	}
	if !f.holder.Eligible() {
		return fault.RefuseWith(customer.NotEligible, customer.Inactive)
	}
	if f.design == nil {
		return fault.Refuse(card.DesignNotFound)
	}
	return nil
}
