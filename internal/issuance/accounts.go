package issuance

import (
	"cmp"
	"context"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
)

// The actions of audit rows about accounts.
const (
	actionCreateAccount    = "account.create"
	actionSetAccountStatus = "account.set_status"
)

// CreateAccount opens an account for a customer (cards contract §17.1).
type CreateAccount struct {
	Command
	Owner ident.CustomerID
	Kind  customer.Kind // that the owner must be; "" is either
}

// CreateAccount opens an account. Refusals: customer.NotFound, customer.NotApproved.
func (s *Service) CreateAccount(ctx context.Context, cmd CreateAccount) (account.Account, error) {
	return RunDrawing(ctx, s, cmd.Command, actionCreateAccount, func(w *Work) (account.Account, error) { return s.createAccount(ctx, w, cmd) })
}

// CreatePurse is CreateAccount for who wants to see what the account begins with.
func (s *Service) CreatePurse(ctx context.Context, cmd CreateAccount) (Purse, error) {
	return RunDrawing(ctx, s, cmd.Command, actionCreateAccount, func(w *Work) (Purse, error) {
		a, err := s.createAccount(ctx, w, cmd)
		if err != nil {
			return Purse{}, err
		}
		return purseOf(ctx, w.Tx, a)
	})
}

func (s *Service) createAccount(ctx context.Context, w *Work, cmd CreateAccount) (account.Account, error) {
	owner, err := loadCustomer(ctx, w, cmd.Owner)
	if err != nil {
		return account.Account{}, err
	}
	if no := decideOwner(owner, cmp.Or(cmd.Kind, owner.Kind)); no != nil {
		return account.Account{}, no
	}
	a := s.newWallet(w.Program, owner, w.Now)
	a.Currency = w.Program.Policy.CardsCurrency
	w.Announce(event.Event{Name: event.AccountCreated, Account: &a})
	return a, s.openAccount(ctx, w, a, 0)
}

// decideOwner refuses an owner of another kind than was named, and one who is not approved.
func decideOwner(c customer.Customer, kind customer.Kind) error {
	if c.Kind != kind {
		return fault.Refuse(customer.NotFound)
	}
	if !c.Eligible() {
		return fault.RefuseWith(customer.NotApproved, c.Application)
	}
	return nil
}

// Account gives an account, or account.NotFound.
func (s *Service) Account(ctx context.Context, p ident.ProgramID, id ident.AccountID) (account.Account, error) {
	return LookOnce(ctx, s, account.NotFound, func(tx ReadTx) (account.Account, bool, error) { return tx.Account(ctx, p, id) })
}

// Accounts lists accounts, newest first.
func (s *Service) Accounts(ctx context.Context, p ident.ProgramID, f AccountFilter, page Page) ([]account.Account, error) {
	return Look(ctx, s, account.NotFound, func(tx ReadTx) ([]account.Account, bool, error) {
		list, err := tx.Accounts(ctx, p, f, page)
		return list, true, err
	})
}

// SetAccountStatus opens or restricts an account (cards contract §23.1).
type SetAccountStatus struct {
	Command
	Account ident.AccountID
	Status  account.Status // account.Active or account.Inactive
}

// SetAccountStatus sets the state of an account; the same state again changes nothing. A closed account
// stays closed: SimulationState.
func (s *Service) SetAccountStatus(ctx context.Context, cmd SetAccountStatus) (account.Account, error) {
	return Run(ctx, s, cmd.Command, actionSetAccountStatus, func(w *Work) (account.Account, error) {
		a, ok, err := w.Tx.Account(ctx, w.Program.ID, cmd.Account)
		if err != nil {
			return a, err
		}
		if !ok {
			return a, fault.Refuse(account.NotFound)
		}
		w.Audit.Customer = a.Owner
		changed, no := decideAccountStatus(a.Status, cmd.Status)
		if no != nil || !changed {
			return a, no
		}
		a.Status, a.UpdatedAt = cmd.Status, program.Later(w.Now, a.UpdatedAt)
		w.Announce(event.Event{Name: event.AccountStatusChanged, Account: &a})
		return a, w.Tx.UpdateAccount(ctx, a)
	})
}

func decideAccountStatus(have, want account.Status) (changed bool, no error) {
	if have == account.Closed {
		return false, fault.RefuseWith(SimulationState, "CLOSED")
	}
	return have != want, nil
}
