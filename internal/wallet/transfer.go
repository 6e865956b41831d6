package wallet

import (
	"context"
	"strconv"
	"time"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/ledger"
)

// Moved is a movement that a command made, or had made before.
type Moved struct {
	Number   int64
	At       time.Time
	Repeated bool // it was made by an earlier command of the same name
}

// Transfer moves own money from one customer's wallet to another's (debit contract §11.2).
type Transfer struct {
	issuance.Command
	Source, Target int64 // numbers of customers
	Cents          int64
	Description    []byte // a JSON object; nil when none came
}

// Transfer runs the command. Refusals: customer.NotFound, Invalid, account.NotActive, MonthlyLimit, Insufficient.
func (s *Service) Transfer(ctx context.Context, cmd Transfer) (Moved, error) {
	return issuance.Run(ctx, s.rules, cmd.Command, actionTransfer, func(w *issuance.Work) (Moved, error) {
		source, err := customerOf(ctx, w.Tx, w.Program.ID, cmd.Source)
		if err != nil {
			return Moved{}, err
		}
		w.Audit.Customer = source.ID
		target, err := customerOf(ctx, w.Tx, w.Program.ID, cmd.Target)
		if err != nil {
			return Moved{}, err
		}
		from, err := walletSide(ctx, w, source, WrongSource)
		if err != nil {
			return Moved{}, err
		}
		to, err := walletSide(ctx, w, target, WrongTarget)
		if err != nil {
			return Moved{}, err
		}
		limit, sent := w.Program.Policy.Debit.MonthlyTransferCents, int64(0)
		if limit > 0 {
			if sent, err = w.Tx.PaidSince(ctx, source.ID, monthOf(w)); err != nil {
				return Moved{}, err
			}
		}
		if no := decideTransfer(from, to, cmd.Cents, sent, limit); no != nil {
			return Moved{}, no
		}
		less, more := ledger.Pay(cmd.Cents)
		j := s.journal(w, ledger.Transferred, from.at.Move(less), to.at.Move(more))
		j.Memo.Description = cmd.Description
		return moved(ctx, w, j, from.account, to.account)
	})
}

// monthOf is when this month began in the programme's zone.
func monthOf(w *issuance.Work) time.Time {
	year, month, _ := w.Now.In(w.Program.Policy.Debit.TimeZone).Date()
	return time.Date(year, month, 1, 0, 0, 0, 0, w.Program.Policy.Debit.TimeZone)
}

// walletSide finds the wallet of a customer and where it stands.
func walletSide(ctx context.Context, w *issuance.Work, c customer.Customer, missing string) (side, error) {
	a, ok, err := w.Tx.WalletOf(ctx, w.Program.ID, c.ID)
	if err == nil && !ok {
		err = fault.RefuseWith(Invalid, missing)
	}
	if err != nil {
		return side{}, err
	}
	at, err := w.Tx.Position(ctx, a.ID)
	return side{a, at}, err
}

// moved writes a movement, and tells of every account that it touched.
func moved(ctx context.Context, w *issuance.Work, j ledger.Journal, touched ...account.Account) (Moved, error) {
	w.Audit.Note = "movement " + strconv.FormatInt(j.Number, 10)
	for _, a := range touched {
		w.Announce(event.Event{Name: event.AccountMoved, Account: &a, Movement: j.Number})
	}
	return Moved{Number: j.Number, At: j.At}, w.Tx.Post(ctx, j)
}

// TopUp brings money into a balance (debit contract §11.2).
type TopUp struct {
	issuance.Command
	External string // the caller's name of it: the same name again is the same top-up, for ever
	Balance  int64
	Customer int64 // number of the customer who owns the balance
	Cents    int64
}

// TopUp runs the command. Refusals: Duplicate, Invalid, account.NotActive.
func (s *Service) TopUp(ctx context.Context, cmd TopUp) (Moved, error) {
	return issuance.Run(ctx, s.rules, cmd.Command, actionTopUp, func(w *issuance.Work) (Moved, error) {
		a, ok, err := w.Tx.AccountByNumber(ctx, w.Program.ID, cmd.Balance)
		if err != nil {
			return Moved{}, err
		}
		before, known, err := w.Tx.JournalNamed(ctx, w.Program.ID, cmd.External)
		if err != nil {
			return Moved{}, err
		}
		if known {
			w.Audit.Customer = a.Owner
			if !ok || !cmd.made(before, a) {
				return Moved{}, fault.Refuse(Duplicate)
			}
			w.Audit.Note = "movement " + strconv.FormatInt(before.Number, 10) + ", again"
			return Moved{Number: before.Number, At: before.At, Repeated: true}, nil
		}
		owner, found, err := w.Tx.CustomerByNumber(ctx, w.Program.ID, cmd.Customer)
		if err != nil {
			return Moved{}, err
		}
		if no := decideTopUp(a, ok && found && a.Owner == owner.ID); no != nil {
			return Moved{}, no
		}
		w.Audit.Customer = a.Owner
		at, err := w.Tx.Position(ctx, a.ID)
		if err != nil {
			return Moved{}, err
		}
		j := s.journal(w, ledger.ToppedUp, at.Move(ledger.Deposit(cmd.Cents)))
		j.External, j.Memo.Sender = cmd.External, cmd.sender()
		return moved(ctx, w, j, a)
	})
}

// made reports whether an earlier movement of the same name is what this command asks for.
func (cmd TopUp) made(j ledger.Journal, a account.Account) bool {
	return j.Kind == ledger.ToppedUp && len(j.Entries) == 1 && j.Entries[0].Account == a.ID &&
		j.Entries[0].Change.Spendable == cmd.Cents && j.Memo.Sender == cmd.sender()
}

// sender is the customer who was named, as the movement keeps it.
func (cmd TopUp) sender() string { return "customer " + strconv.FormatInt(cmd.Customer, 10) }

// MovementQuery asks for what moved in the accounts of a customer.
type MovementQuery struct {
	Program  ident.ProgramID
	Customer int64
	Number   int64 // only this movement; 0: all
	From, To time.Time
	Oldest   bool
	Limit    int
	Offset   int
}

// Movements is a page of the list, with how many there are.
type Movements struct {
	Page  []issuance.Movement
	Total int
}

// Movements lists what moved. Refusals: customer.NotFound, MovementNotFound.
func (s *Service) Movements(ctx context.Context, q MovementQuery) (Movements, error) {
	return issuance.Look(ctx, s.rules, MovementNotFound, func(tx issuance.ReadTx) (Movements, bool, error) {
		var out Movements
		c, err := customerOf(ctx, tx, q.Program, q.Customer)
		if err != nil {
			return out, false, err
		}
		f := issuance.MovementFilter{Customer: c.ID, Number: q.Number, From: q.From, To: q.To, Oldest: q.Oldest}
		if out.Total, err = tx.CountMovements(ctx, q.Program, f); err != nil {
			return out, false, err
		}
		if out.Total == 0 {
			return out, q.Number == 0, nil
		}
		out.Page, err = tx.Movements(ctx, q.Program, f, q.Limit, q.Offset)
		return out, true, err
	})
}
