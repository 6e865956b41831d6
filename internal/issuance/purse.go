package issuance

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/ledger"
	"github.com/firsttap/firsttap/internal/program"
)

// Purse is an account with what is in it, in cents. Own money is spent before the line.
type Purse struct {
	Account   account.Account
	Available int64          // what can be spent
	Line      int64          // the whole credit line
	Used      int64          // of it
	Cycle     *account.Cycle // when it is billed; nil when it never had a line
	Billed    int64          // of Used: what was billed and not paid
	Overdue   int64          // of Billed: what is due no longer, but late
}

// AvailableOf gives what can be spent of an account. A child of a composite balance has no more of its line than is left of
// its parent's, which others may have spent beyond their own.
func AvailableOf(ctx context.Context, tx ReadTx, a account.Account, at ledger.Position) (int64, error) {
	if a.Kind != account.CompositeChild {
		return at.Sums.Available(), nil
	}
	parent, err := tx.Position(ctx, a.Parent)
	if err != nil {
		return 0, err
	}
	owing, err := tx.Owed(ctx, a.Parent, a.CreatedAt)
	return at.Sums.AvailableWithin(parent.Sums.Whole() - owing.Debt), err
}

// purseOf reads what is in an account, without its bill.
func purseOf(ctx context.Context, tx ReadTx, a account.Account) (Purse, error) {
	at, err := tx.Position(ctx, a.ID)
	if err != nil {
		return Purse{}, err
	}
	out := Purse{Account: a, Line: at.Sums.Line, Used: at.Sums.Debt()}
	out.Available, err = AvailableOf(ctx, tx, a, at)
	return out, err
}

// Purse gives an account with what is in it, without its bill, or account.NotFound.
func (s *Service) Purse(ctx context.Context, p ident.ProgramID, id ident.AccountID) (Purse, error) {
	return Look(ctx, s, account.NotFound, func(tx ReadTx) (Purse, bool, error) {
		a, ok, err := tx.Account(ctx, p, id)
		if err != nil || !ok {
			return Purse{}, false, err
		}
		out, err := purseOf(ctx, tx, a)
		return out, true, err
	})
}

// Purses lists accounts with what is in them, newest first.
func (s *Service) Purses(ctx context.Context, p ident.ProgramID, f AccountFilter, page Page) ([]Purse, error) {
	return Look(ctx, s, account.NotFound, func(tx ReadTx) ([]Purse, bool, error) {
		accounts, err := tx.Accounts(ctx, p, f, page)
		if err != nil {
			return nil, false, err
		}
		out := make([]Purse, len(accounts))
		for i, a := range accounts {
			if out[i], err = purseOf(ctx, tx, a); err != nil {
				return nil, false, err
			}
		}
		return out, true, nil
	})
}

// purses reads what cards spend; each account once.
type purses struct {
	program program.Program
	now     time.Time
	known   map[ident.AccountID]*Purse
}

// of reads what a card spends, or will spend once it is activated.
func (p purses) of(ctx context.Context, tx ReadTx, c card.Card) (*Purse, error) {
	id := c.Account
	if c.Customer.IsZero() {
		id = c.ReservedAccount
	}
	if known, ok := p.known[id]; ok || id.IsZero() {
		return known, nil
	}
	a, ok, err := tx.Account(ctx, c.Program, id)
	if err != nil || !ok {
		return nil, err
	}
	out, err := purseOf(ctx, tx, a)
	if err != nil {
		return nil, err
	}
	if a.Kind == account.CompositeChild || out.Line > 0 {
		err = p.bill(ctx, tx, &out)
	}
	p.known[id] = &out
	return &out, err
}

// bill adds what was billed of a line, and what of that is late.
func (p purses) bill(ctx context.Context, tx ReadTx, out *Purse) error {
	policy := p.program.Policy.Debit
	at := p.now.In(policy.TimeZone)
	cycle := account.CycleOf(at, policy.BillingDay, policy.DueDays)
	late := cycle
	for at.Before(late.Due.AddDate(0, 0, 1)) {
		late = account.CycleOf(late.Billed.AddDate(0, 0, -1), policy.BillingDay, policy.DueDays)
	}
	billed, err := tx.Owed(ctx, out.Account.ID, cycle.Billed)
	if err != nil {
		return err
	}
	overdue, err := tx.Owed(ctx, out.Account.ID, late.Billed)
	out.Cycle, out.Billed, out.Overdue = &cycle, billed.Billed, min(billed.Billed, overdue.Billed)
	return err
}
