package issuance

import (
	"context"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/ledger"
)

// LedgerReader reads the book of money.
type LedgerReader interface {
	// Position gives where an account stands; one that never moved stands at the zero Position with its id.
	// The caller has made sure whose account it is.
	Position(ctx context.Context, id ident.AccountID) (ledger.Position, error)
	// Journal gives a movement with its entries, in the order of accounts.
	Journal(ctx context.Context, p ident.ProgramID, id ident.JournalID) (ledger.Journal, bool, error)
	// OwnAccount gives the oldest wallet that belongs to the programme itself.
	OwnAccount(ctx context.Context, p ident.ProgramID, currency string) (account.Account, bool, error)
}

// LedgerWriter writes the book of money.
type LedgerWriter interface {
	// Post appends a movement. One that is not balanced is a fault; one whose entries are not the next of
	// their accounts makes the transaction run again.
	Post(ctx context.Context, j ledger.Journal) error
}
