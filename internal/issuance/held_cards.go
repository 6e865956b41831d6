package issuance

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
)

const actionShowCards = "customer.show_cards"

// HeldCards asks for the cards of a customer (debit contract §9.2, §9.3).
type HeldCards struct {
	Caller Caller
	Who    HolderRef
	Card   int64     // only this one; 0: all
	Type   card.Type // "": any
	Full   bool      // with number and CVV, where the programme's answers hold them
}

// HeldCard is a card of a customer, with what it spends.
type HeldCard struct {
	Candidate
	Spends    *Purse
	Shown     *Revealed  // nil: only the last four digits
	Successor *card.View // the card that took its place
	LastMonth time.Time
}

// HeldReport is the cards of a customer, newest first.
type HeldReport struct {
	Program program.Program
	At      time.Time
	Holder  customer.Customer
	Cards   []HeldCard
	Linked  bool // a linked card that lives is among all its cards
}

// HeldCards lists the cards of a customer; none is no refusal. Of very many the newest are told. Refusals:
// customer.NotFound, card.NotFound.
func (s *Service) HeldCards(ctx context.Context, q HeldCards) (HeldReport, error) {
	if q.Full {
		return Run(ctx, s, Command{Caller: q.Caller}, actionShowCards, func(w *Work) (HeldReport, error) {
			out, err := heldCards(ctx, w.Tx, w.Program, w.Now, q)
			if err != nil {
				return HeldReport{}, err
			}
			w.Audit.Customer = out.Holder.ID
			return out, s.showAll(ctx, w, out.Cards)
		})
	}
	var out HeldReport
	err := s.store.Read(ctx, func(tx ReadTx) error {
		p, ok, err := tx.Program(ctx, q.Caller.Program)
		if err == nil && !ok {
			err = fault.Refuse(ProgramUnknown)
		}
		if err != nil {
			return err
		}
		out, err = heldCards(ctx, tx, p, p.Now(s.now()), q)
		return err
	})
	return out, err
}

// showAll adds number and CVV of the cards that are in their holder's hands.
func (s *Service) showAll(ctx context.Context, w *Work, cards []HeldCard) error {
	for i, c := range cards {
		if c.View.Card.Customer.IsZero() || !c.View.Card.ClosedAt.IsZero() {
			continue
		}
		var err error
		if cards[i].Shown, err = s.show(ctx, w, c.View); err != nil {
			return err
		}
	}
	return nil
}

func heldCards(ctx context.Context, tx ReadTx, p program.Program, now time.Time, q HeldCards) (HeldReport, error) {
	out := HeldReport{Program: p, At: now}
	var err error
	if out.Holder, err = q.Who.find(ctx, tx, p.ID); err != nil {
		return out, err
	}
	all, err := tx.Holdings(ctx, p.ID, out.Holder.ID, mostHoldings)
	if err != nil {
		return out, err
	}
	_, out.Linked = newestLinked(all)
	successors := successorsOf(all)
	if q.Card != 0 {
		one, err := findHolderCard(ctx, tx, p.ID, HolderCard{Card: q.Card, Holder: out.Holder.ID})
		if err != nil {
			return out, err
		}
		all = []Candidate{one}
	}
	purses := purses{program: p, now: now, known: map[ident.AccountID]*Purse{}}
	for _, c := range all {
		if q.Type != "" && c.View.Card.Type != q.Type {
			continue
		}
		held := HeldCard{Candidate: c, Successor: successors[c.View.Card.ID], LastMonth: LastMonth(p, c.View.Card)}
		if held.Spends, err = purses.of(ctx, tx, c.View.Card); err != nil {
			return out, err
		}
		out.Cards = append(out.Cards, held)
	}
	return out, nil
}

// successorsOf finds the cards that took the place of others.
func successorsOf(all []Candidate) map[ident.CardID]*card.View {
	out := map[ident.CardID]*card.View{}
	for i, c := range all {
		if !c.View.Card.Replaces.IsZero() {
			out[c.View.Card.Replaces] = &all[i].View
		}
	}
	return out
}
