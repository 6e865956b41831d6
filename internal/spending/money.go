package spending

import (
	"context"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/ledger"
	"github.com/firsttap/firsttap/internal/transaction"
)

// movement is what a transaction's newest step does to the money of its account; false when nothing.
func movement(before, after transaction.Transaction) (ledger.Kind, ledger.Change, bool) {
	step := after.Steps[len(after.Steps)-1]
	cents := step.Amount.Billed
	if cents == 0 {
		return "", ledger.Change{}, false
	}
	switch step.Type {
	case transaction.Authorization:
		return ledger.Authorized, ledger.Hold(cents), true
	case transaction.Reversal:
		return ledger.Reversed, ledger.Release(cents), true
	case transaction.Clearing:
		return ledger.Cleared, ledger.Collect(before.Held(), cents), true
	case transaction.Refund:
		return ledger.Refunded, ledger.GiveBack(cents), true
	case transaction.Decline:
	}
	return "", ledger.Change{}, false
}

// post moves the money of a transaction's newest step. at is where its account stood when it was loaded;
// the account of a transaction may be another than its card has now, and is asked for then.
func (s *Service) post(ctx context.Context, w *issuance.Work, at ledger.Position, before, after transaction.Transaction) error {
	kind, change, moves := movement(before, after)
	if !moves {
		return nil
	}
	if at.Account != after.Account {
		var err error
		if at, err = w.Tx.Position(ctx, after.Account); err != nil {
			return err
		}
	}
	j := ledger.Journal{
		ID: ident.JournalID{UUID: s.ids.UUID()}, Program: w.Program.ID, Kind: kind, Transaction: after.ID, At: w.Now,
		Entries: []ledger.Entry{at.Move(change)},
	}
	if kind.Told() {
		j.Number = s.ids.Number(ident.MinCustomerNumber, issuance.MaxNumber(w.Program))
	}
	return w.Tx.Post(ctx, j)
}

// Balance gives where an account stands, or account.NotFound.
func (s *Service) Balance(ctx context.Context, p ident.ProgramID, id ident.AccountID) (ledger.Balance, error) {
	return issuance.Look(ctx, s.rules, account.NotFound, func(tx issuance.ReadTx) (ledger.Balance, bool, error) {
		a, ok, err := tx.Account(ctx, p, id)
		if err != nil || !ok {
			return ledger.Balance{}, false, err
		}
		at, err := tx.Position(ctx, id)
		if err != nil {
			return ledger.Balance{}, false, err
		}
		available, err := issuance.AvailableOf(ctx, tx, a, at)
		return ledger.BalanceOf(a, at, available), true, err
	})
}

// Deposit brings money in from outside (cards contract §23.4).
type Deposit struct {
	issuance.Command
	Account   ident.AccountID // zero: the programme's own
	Cents     int64
	Currency  string
	Sender    string
	Reference string
}

// Deposited is a deposit that came in.
type Deposited = event.Deposit

// Deposit adds money to an account, whatever its state. The programme's own account of a currency is opened
// with its first deposit. Refusals: account.NotFound, issuance.SimulationState when the currency is another.
func (s *Service) Deposit(ctx context.Context, cmd Deposit) (Deposited, error) {
	return issuance.RunDrawing(ctx, s.rules, cmd.Command, actionDeposit, func(w *issuance.Work) (Deposited, error) {
		a, err := s.depositTo(ctx, w, cmd)
		if err != nil {
			return Deposited{}, err
		}
		at, err := w.Tx.Position(ctx, a.ID)
		if err != nil {
			return Deposited{}, err
		}
		d := Deposited{
			ID: ident.DepositID{UUID: s.ids.UUID()}, Account: a.ID, Journal: ident.JournalID{UUID: s.ids.UUID()}, Cents: cmd.Cents,
			Currency: cmd.Currency, Sender: cmd.Sender, Reference: cmd.Reference, At: w.Now,
		}
		w.Audit.Customer, w.Audit.Note = a.Owner, d.ID.String()
		w.Announce(event.Event{Name: event.DepositCreated, Deposit: &d})
		return d, w.Tx.Post(ctx, ledger.Journal{
			ID: d.Journal, Program: w.Program.ID, Kind: ledger.Deposited, At: w.Now,
			Number:  s.ids.Number(ident.MinCustomerNumber, issuance.MaxNumber(w.Program)),
			Memo:    ledger.Memo{Deposit: d.ID.String(), Sender: d.Sender, Reference: d.Reference},
			Entries: []ledger.Entry{at.Move(ledger.Deposit(cmd.Cents))},
		})
	})
}

// depositTo finds the account of a deposit, or opens the programme's own.
func (s *Service) depositTo(ctx context.Context, w *issuance.Work, cmd Deposit) (account.Account, error) {
	if cmd.Account.IsZero() {
		a, ok, err := w.Tx.OwnAccount(ctx, w.Program.ID, cmd.Currency)
		if err != nil || ok {
			return a, err
		}
		a = account.Account{
			ID: ident.AccountID{UUID: s.ids.UUID()}, Program: w.Program.ID, Kind: account.Wallet, OwnerKind: account.OwnerProgram,
			Number: s.ids.Number(ident.MinCustomerNumber, ident.MaxNumber31), Status: account.Active, Currency: cmd.Currency,
			CreatedAt: w.Now, UpdatedAt: w.Now,
		}
		w.Announce(event.Event{Name: event.AccountCreated, Account: &a})
		return a, w.Tx.InsertAccount(ctx, a)
	}
	a, ok, err := w.Tx.Account(ctx, w.Program.ID, cmd.Account)
	switch {
	case err != nil:
		return a, err
	case !ok:
		return a, fault.Refuse(account.NotFound)
	case a.Currency != cmd.Currency:
		return a, fault.RefuseWith(issuance.SimulationState, currencyDiffers)
	}
	return a, nil
}
