package issuance

import (
	"context"
	"strconv"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/ledger"
)

const (
	actionListCustomers = "customer.list"
	actionViewCustomer  = "customer.view"

	mostHeld = 100 // cards and accounts of one customer that a person is shown
)

// ListCustomers shows customers to a person, which the audit trail keeps.
type ListCustomers struct {
	Command
	Page Page
}

// ListCustomers lists living customers, newest first.
func (s *Service) ListCustomers(ctx context.Context, cmd ListCustomers) ([]customer.Customer, error) {
	return Run(ctx, s, cmd.Command, actionListCustomers, func(w *Work) ([]customer.Customer, error) {
		list, err := w.Tx.Customers(ctx, w.Program.ID, CustomerFilter{}, cmd.Page)
		w.Audit.Note = strconv.Itoa(len(list)) + " shown"
		return list, err
	})
}

// ViewCustomer shows a customer to a person, which the audit trail keeps.
type ViewCustomer struct {
	Command
	Customer ident.CustomerID
}

// CustomerView is a customer with what it holds.
type CustomerView struct {
	Customer customer.Customer
	Cards    []Standing
	Accounts []AccountView
}

// AccountView is an account with where it stands.
type AccountView struct {
	account.Account
	ledger.Position
}

// ViewCustomer gives a living customer, or refuses with customer.NotFound.
func (s *Service) ViewCustomer(ctx context.Context, cmd ViewCustomer) (CustomerView, error) {
	return Run(ctx, s, cmd.Command, actionViewCustomer, func(w *Work) (CustomerView, error) {
		w.Audit.Customer = cmd.Customer
		c, ok, err := w.Tx.Customer(ctx, w.Program.ID, cmd.Customer)
		if err == nil && !ok {
			err = fault.Refuse(customer.NotFound)
		}
		if err != nil {
			return CustomerView{}, err
		}
		out := CustomerView{Customer: c}
		held, err := w.Tx.Holdings(ctx, w.Program.ID, c.ID, mostHeld)
		if err != nil {
			return CustomerView{}, err
		}
		read := standingReader{w.Tx, w.Program, s, map[ident.CustomerID]*customer.Customer{}}
		for _, h := range held {
			st, err := read.of(ctx, h.View)
			if err != nil {
				return CustomerView{}, err
			}
			out.Cards = append(out.Cards, st)
		}
		accounts, err := w.Tx.Accounts(ctx, w.Program.ID, AccountFilter{Owner: c.ID}, Page{Limit: mostHeld})
		for _, a := range accounts {
			if err != nil {
				break
			}
			v := AccountView{Account: a}
			v.Position, err = w.Tx.Position(ctx, a.ID)
			out.Accounts = append(out.Accounts, v)
		}
		return out, err
	})
}
