package account

import (
	"time"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
)

// Kind is the shape of an account.
type Kind string

// The kinds of account.
const (
	Wallet          Kind = "wallet" // a plain balance
	CompositeParent Kind = "composite_parent"
	CompositeChild  Kind = "composite_child"
)

// Owner says to whom an account belongs.
type Owner string

// The kinds of owner.
const (
	OwnerUser    Owner = "user"
	OwnerCompany Owner = "company"
	OwnerProgram Owner = "program"
)

// Status is whether an account may be used. The cards API shows Inactive and Closed as RESTRICTED.
type Status string

// The states of an account.
const (
	Active   Status = "active"
	Inactive Status = "inactive"
	Closed   Status = "closed"
)

// Account is the balance that a card spends.
type Account struct {
	ID        ident.AccountID
	Program   ident.ProgramID
	Number    int64           // the debit API's balance id
	Reference ident.Reference // of a composite parent; "" otherwise
	Kind      Kind
	OwnerKind Owner
	Owner     ident.CustomerID // zero when the programme owns it
	Parent    ident.AccountID  // of a composite child
	Status    Status
	Currency  string // ISO 4217
	CreatedAt time.Time
	UpdatedAt time.Time
	Version   int64
}

// Reasons of this room.
var (
	NotFound        = fault.New("account_not_found", fault.NotFound)
	NotActive       = fault.New("account_not_active", fault.Refused) // Detail: Status
	OwnerMismatch   = fault.New("account_owner_mismatch", fault.Refused)
	BalanceRequired = fault.New("balance_required", fault.Invalid)
	BalanceNotFound = fault.New("balance_not_found", fault.Invalid)
)

// Reasons lists the reasons that this package declares.
func Reasons() []fault.Reason {
	return []fault.Reason{NotFound, NotActive, OwnerMismatch, BalanceRequired, BalanceNotFound}
}

// SpendableBy reports whether a card of that customer may be linked to the account: the account is the
// customer's own and no parent, or a child of a parent that the customer owns.
func (a Account) SpendableBy(c ident.CustomerID, parentOwner ident.CustomerID) bool {
	switch {
	case c.IsZero() || a.Kind == CompositeParent:
		return false
	case a.Owner == c:
		return true
	default:
		return a.Kind == CompositeChild && parentOwner == c
	}
}
