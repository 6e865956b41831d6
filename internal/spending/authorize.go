package spending

import (
	"context"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/transaction"
)

// Authorize asks a card for money (cards contract §19.1, §23.3).
type Authorize struct {
	issuance.Command
	Card        ident.CardID
	Transaction ident.TransactionID // that asks for more; zero is a new one
	Ask         Ask
}

// Authorize decides by the rules of [DecideUse] and holds the money. What a rule declines is recorded as
// such and is no refusal; too small a balance is: transaction.BalanceTooSmall, and nothing is recorded. More
// for a pending transaction goes through its own channel. Refusals: card.NotFound, transaction.NotFound,
// transaction.NotPossible.
func (s *Service) Authorize(ctx context.Context, cmd Authorize) (transaction.Transaction, error) {
	return issuance.Run(ctx, s.rules, cmd.Command, actionAuthorize, func(w *issuance.Work) (transaction.Transaction, error) {
		var t transaction.Transaction
		if !cmd.Transaction.IsZero() {
			var err error
			if t, err = s.goOn(ctx, w, cmd.Card, cmd.Transaction); err != nil {
				return t, err
			}
			cmd.Ask.Channel, cmd.Ask.Wallet = t.Channel, t.Wallet
		}
		use, err := loadUse(ctx, w, cmd.Card, cmd.Ask.Channel, false)
		if err != nil {
			return t, err
		}
		t, verdict, err := s.authorize(ctx, w, t, use, cmd.Ask, refuseTooSmall)
		if err == nil && verdict.Decline != "" {
			w.Audit.Note = string(verdict.Decline)
		}
		return t, err
	})
}

// goOn loads the transaction that a step is for. The card is looked for first, so that an unknown card is
// told before an unknown transaction.
func (s *Service) goOn(ctx context.Context, w *issuance.Work, c ident.CardID, id ident.TransactionID) (transaction.Transaction, error) {
	v, ok, err := w.Tx.CardView(ctx, w.Program.ID, c)
	if err != nil {
		return transaction.Transaction{}, err
	}
	if !ok || v.Card.Customer.IsZero() {
		return transaction.Transaction{}, fault.Refuse(card.NotFound)
	}
	w.Audit.Card, w.Audit.Customer = v.Card.ID, v.Card.Customer
	return loadTransaction(ctx, w, id, c)
}

// shortage says what becomes of an authorisation that asks for more than there is.
type shortage bool

const (
	refuseTooSmall   shortage = false // the caller is told, and nothing is recorded
	declineWhenShort shortage = true  // it is a declined transaction: there is nobody to tell
)

// authorize decides a use and applies the verdict: to a new transaction when t is zero.
func (s *Service) authorize(ctx context.Context, w *issuance.Work, t transaction.Transaction, use issuance.CardUse, ask Ask, short shortage) (transaction.Transaction, Verdict, error) {
	available := use.Position.Sums.Available()
	verdict := DecideUse(Use{
		CardUse: use, Channel: ask.Channel, Wallet: ask.Wallet, Cents: ask.Cents, Available: available,
		DigitalFirst: w.Program.Policy.DigitalFirst, Now: w.Now,
	})
	if verdict.Decline == transaction.InsufficientBalance && short == refuseTooSmall {
		return t, verdict, fault.RefuseWith(transaction.BalanceTooSmall, transaction.Money{Minor: available, Currency: use.Account.Currency})
	}
	kind := transaction.Authorization
	if verdict.Decline != "" {
		kind = transaction.Decline
	}
	after, err := s.take(w, t, use, ask, kind, verdict)
	if err != nil {
		return t, verdict, err
	}
	return after, verdict, s.write(ctx, w, use, t, after)
}

// take gives the transaction after a step; a zero one is begun.
func (s *Service) take(w *issuance.Work, t transaction.Transaction, use issuance.CardUse, ask Ask, kind transaction.StepType, v Verdict) (transaction.Transaction, error) {
	amount := ask.amount()
	if t.ID.IsZero() {
		t = s.begin(w, use, ask)
		if kind == transaction.Decline {
			t.Decline, t.Policy = v.Decline, v.Policy
		}
	} else {
		switch ask.OriginalCurrency {
		case "":
			amount = t.Converted(ask.Cents)
		case t.Original:
		default:
			return t, fault.RefuseWith(transaction.NotPossible, currencyDiffers)
		}
		t.UpdatedAt = program.Later(w.Now, t.UpdatedAt)
	}
	return t.Take(transaction.Step{ID: s.ids.UUID(), Type: kind, Amount: amount, At: w.Now, CreatedAt: w.Now})
}

// currencyDiffers is the detail of a refusal: the amount is in another currency than what it is for.
const currencyDiffers = "CURRENCY_MISMATCH"

// begin is a new transaction without a step.
func (s *Service) begin(w *issuance.Work, use issuance.CardUse, ask Ask) transaction.Transaction {
	t := transaction.Transaction{
		ID: ident.TransactionID{UUID: s.ids.UUID()}, Program: w.Program.ID, Account: use.View.Card.Account, Card: use.View.Card.ID,
		Channel: ask.Channel, Wallet: ask.Wallet, Currency: use.Account.Currency, Original: ask.OriginalCurrency, Merchant: ask.Merchant,
		OccurredAt: w.Now, CreatedAt: w.Now, UpdatedAt: w.Now,
	}
	if t.Original == "" {
		t.Original = t.Currency
	}
	return t
}

// write keeps a transaction with its newest step, moves the money, and tells of it.
func (s *Service) write(ctx context.Context, w *issuance.Work, use issuance.CardUse, before, after transaction.Transaction) error {
	name, keep := event.TransactionUpdated, w.Tx.UpdateTransaction
	if before.ID.IsZero() {
		name, keep = event.TransactionCreated, w.Tx.InsertTransaction
	}
	if err := keep(ctx, after); err != nil {
		return err
	}
	if err := s.post(ctx, w, use.Position, before, after); err != nil {
		return err
	}
	w.Announce(event.Event{Name: name, Transaction: &after})
	return nil
}
