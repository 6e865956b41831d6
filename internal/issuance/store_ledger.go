package issuance

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/ledger"
	"github.com/firsttap/firsttap/internal/transaction"
)

// LedgerReader reads the book of money.
type LedgerReader interface {
	// Position gives where an account stands; one that never moved stands at the zero Position with its id.
	// The caller has made sure whose account it is.
	Position(ctx context.Context, id ident.AccountID) (ledger.Position, error)
	// Journal gives a movement with its entries, in the order of accounts.
	Journal(ctx context.Context, p ident.ProgramID, id ident.JournalID) (ledger.Journal, bool, error)
	// JournalNamed finds a movement by the name that its caller gave it.
	JournalNamed(ctx context.Context, p ident.ProgramID, external string) (ledger.Journal, bool, error)
	// Movements lists what people are told of, by time and then by id: newest first, unless asked otherwise.
	Movements(ctx context.Context, p ident.ProgramID, f MovementFilter, limit, offset int) ([]Movement, error)
	// CountMovements counts what the filter chooses.
	CountMovements(ctx context.Context, p ident.ProgramID, f MovementFilter) (int, error)
	// PaidSince sums what a customer's transfers sent away, at since or later.
	PaidSince(ctx context.Context, id ident.CustomerID, since time.Time) (int64, error)
	// Owed gives what the account and its children owe, and how much of it is older than the instant.
	Owed(ctx context.Context, id ident.AccountID, before time.Time) (Owing, error)
	// OwnAccount gives the oldest wallet that belongs to the programme itself.
	OwnAccount(ctx context.Context, p ident.ProgramID, currency string) (account.Account, bool, error)
}

// LedgerWriter writes the book of money.
type LedgerWriter interface {
	// Post appends a movement. One that is not balanced is a fault; one whose entries are not the next of
	// their accounts, or whose number or name is another's, makes the transaction run again.
	Post(ctx context.Context, j ledger.Journal) error
}

// MovementFilter chooses movements of a customer; zero members choose all.
type MovementFilter struct {
	Customer ident.CustomerID // whose account it was when the money moved
	Number   int64
	From, To time.Time // at From or later, before To
	Oldest   bool      // first
}

// Owing is what accounts owe of their lines.
type Owing struct {
	Debt   int64 // spent of the lines, held money included
	Billed int64 // collected before an instant and not paid since: of each what it owed then, or owes now when that is less
}

// Movement is a movement as one of its accounts sees it.
type Movement struct {
	Journal ledger.Journal // without its entries
	Account int64          // number of the account
	Cents   int64          // that came; less than zero: that went
	// Merchant took the money or gave it back; zero when no card was used.
	Merchant transaction.Merchant
}
