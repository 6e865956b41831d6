package wallet

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/ledger"
)

// Line is a parent or a child of a composite balance, as it stands.
type Line struct {
	Account account.Account
	Owner   int64           // number of the customer who has it
	Parent  ident.Reference // of a child
	Sums    ledger.Sums
	Cycle   account.Cycle // of a parent
	Owed    int64         // of a parent: what was billed and not paid, with its children
}

// Whole is the whole line: what the programme granted to a parent, or what a child has of it.
func (l Line) Whole() int64 {
	if l.Account.Kind == account.CompositeParent {
		return l.Sums.Whole()
	}
	return l.Sums.Line
}

// LineQuery asks for a parent, by its reference, or for a child, by its number.
type LineQuery struct {
	Program ident.ProgramID
	Parent  ident.Reference
	Child   int64
	Holder  ident.CustomerID // only when it is this customer's; zero: whoever has it
	At      time.Time        // on the programme's clock, in its zone
}

// Parent gives a composite parent. Refusal: Invalid.
func (s *Service) Parent(ctx context.Context, q LineQuery) (Line, error) {
	return issuance.Look(ctx, s.rules, issuance.ProgramUnknown, func(tx issuance.ReadTx) (Line, bool, error) {
		p, ok, err := tx.Program(ctx, q.Program)
		if err != nil || !ok {
			return Line{}, false, err
		}
		l := Line{Cycle: account.CycleOf(q.At, p.Policy.Debit.BillingDay, p.Policy.Debit.DueDays)}
		if l.Account, err = parentOf(ctx, tx, q.Program, q.Parent); err == nil && !q.mayBe(l.Account.Owner) {
			err = fault.RefuseWith(Invalid, WrongParent)
		}
		if err == nil {
			owing, failed := tx.Owed(ctx, l.Account.ID, l.Cycle.Billed)
			l.Owed, err = owing.Billed, failed
		}
		if err == nil {
			err = fill(ctx, tx, &l)
		}
		return l, true, err
	})
}

// Child gives a composite child. Refusal: Invalid.
func (s *Service) Child(ctx context.Context, q LineQuery) (Line, error) {
	return issuance.Look(ctx, s.rules, issuance.ProgramUnknown, func(tx issuance.ReadTx) (Line, bool, error) {
		l, parent, err := loadChild(ctx, tx, q.Program, q.Child)
		if err == nil && !q.mayBe(l.Account.Owner) && !q.mayBe(parent.Owner) {
			err = fault.RefuseWith(Invalid, WrongChild)
		}
		return l, true, err
	})
}

func (q LineQuery) mayBe(owner ident.CustomerID) bool { return q.Holder.IsZero() || q.Holder == owner }

// parentOf finds a composite parent by its reference.
func parentOf(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID, ref ident.Reference) (account.Account, error) {
	a, ok, err := tx.AccountByReference(ctx, p, ref)
	if err == nil && (!ok || a.Kind != account.CompositeParent) {
		err = fault.RefuseWith(Invalid, WrongParent)
	}
	return a, err
}

// loadChild finds a composite child by its number, with its parent.
func loadChild(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID, number int64) (Line, account.Account, error) {
	var l Line
	var ok bool
	var err error
	if l.Account, ok, err = tx.AccountByNumber(ctx, p, number); err != nil {
		return l, account.Account{}, err
	}
	if !ok || l.Account.Kind != account.CompositeChild {
		return l, account.Account{}, fault.RefuseWith(Invalid, WrongChild)
	}
	parent, ok, err := tx.Account(ctx, p, l.Account.Parent)
	if err == nil && !ok {
		err = fault.RefuseWith(Invalid, WrongChild)
	}
	if err != nil {
		return l, parent, err
	}
	l.Parent = parent.Reference
	return l, parent, fill(ctx, tx, &l)
}

// fill reads where the account stands, and who has it.
func fill(ctx context.Context, tx issuance.ReadTx, l *Line) error {
	at, err := tx.Position(ctx, l.Account.ID)
	if err != nil {
		return err
	}
	owner, _, err := tx.Customer(ctx, l.Account.Program, l.Account.Owner)
	l.Sums, l.Owner = at.Sums, owner.Number
	return err
}

// OpenChild opens a child of a composite balance (debit contract §11.1).
type OpenChild struct {
	issuance.Command
	Parent   ident.Reference
	Cents    int64
	Customer int64 // number of the customer who has it; 0: the parent's owner
}

// OpenChild runs the command. Refusals: Invalid, customer.NotFound, account.NotActive, Insufficient.
func (s *Service) OpenChild(ctx context.Context, cmd OpenChild) (Line, error) {
	return issuance.RunDrawing(ctx, s.rules, cmd.Command, actionOpenChild, func(w *issuance.Work) (Line, error) {
		parent, err := parentOf(ctx, w.Tx, w.Program.ID, cmd.Parent)
		if err != nil {
			return Line{}, err
		}
		w.Audit.Customer = parent.Owner
		owner, err := ownerOf(ctx, w, parent, cmd.Customer)
		if err != nil {
			return Line{}, err
		}
		if parent.Status != account.Active {
			return Line{}, fault.RefuseWith(account.NotActive, parent.Status)
		}
		child := account.Account{
			ID: ident.AccountID{UUID: s.ids.UUID()}, Program: w.Program.ID, Number: s.number(w), Kind: account.CompositeChild,
			OwnerKind: account.OwnerUser, Owner: owner.ID, Parent: parent.ID, Status: account.Active, Currency: parent.Currency,
			CreatedAt: w.Now, UpdatedAt: w.Now,
		}
		if owner.Kind == customer.Company {
			child.OwnerKind = account.OwnerCompany
		}
		l := Line{Account: child, Owner: owner.Number, Parent: parent.Reference}
		from, err := w.Tx.Position(ctx, parent.ID)
		if err != nil {
			return l, err
		}
		if _, no := decideLine(from.Sums, l.Sums, cmd.Cents); no != nil {
			return l, no
		}
		w.Audit.Customer = owner.ID
		if err := w.Tx.InsertAccount(ctx, child); err != nil {
			return l, err
		}
		w.Announce(event.Event{Name: event.AccountCreated, Account: &child})
		return s.lend(ctx, w, l, from, cmd.Cents)
	})
}

// ownerOf finds who has a new child: the customer who is named, or the parent's owner.
func ownerOf(ctx context.Context, w *issuance.Work, parent account.Account, number int64) (customer.Customer, error) {
	if number != 0 {
		return customerOf(ctx, w.Tx, w.Program.ID, number)
	}
	c, ok, err := w.Tx.Customer(ctx, w.Program.ID, parent.Owner)
	if err == nil && !ok {
		err = fault.Refuse(customer.NotFound)
	}
	return c, err
}

// SetLine raises or lowers the line of a child (debit contract §11.1).
type SetLine struct {
	issuance.Command
	Child int64
	Cents int64
}

// SetLine runs the command; the line that the child has already changes nothing. Refusals: Invalid, Insufficient.
func (s *Service) SetLine(ctx context.Context, cmd SetLine) (Line, error) {
	return issuance.Run(ctx, s.rules, cmd.Command, actionSetLine, func(w *issuance.Work) (Line, error) {
		l, parent, err := loadChild(ctx, w.Tx, w.Program.ID, cmd.Child)
		w.Audit.Customer = l.Account.Owner
		if err != nil {
			return l, err
		}
		from, err := w.Tx.Position(ctx, parent.ID)
		if err != nil {
			return l, err
		}
		more, no := decideLine(from.Sums, l.Sums, cmd.Cents)
		if no != nil || more == 0 {
			return l, no
		}
		return s.lend(ctx, w, l, from, more)
	})
}

// lend moves a part of the parent's line to the child, or back.
func (s *Service) lend(ctx context.Context, w *issuance.Work, l Line, from ledger.Position, cents int64) (Line, error) {
	to, err := w.Tx.Position(ctx, l.Account.ID)
	if err != nil {
		return l, err
	}
	less, more := ledger.Lend(cents)
	parent, child := from.Move(less), to.Move(more)
	l.Sums = child.After
	if cents == 0 {
		return l, nil
	}
	w.Announce(event.Event{Name: event.LineChanged, Account: &l.Account})
	return l, w.Tx.Post(ctx, s.journal(w, ledger.Lined, parent, child))
}
