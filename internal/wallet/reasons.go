package wallet

import "github.com/firsttap/firsttap/internal/fault"

// Reasons of this room.
var (
	Invalid          = fault.New("wallet_invalid", fault.Invalid)       // Detail: string, what is wrong
	Insufficient     = fault.New("insufficient_balance", fault.Refused) // Detail: Short
	MonthlyLimit     = fault.New("monthly_limit", fault.Refused)
	Duplicate        = fault.New("duplicate_transaction", fault.Conflict)
	MovementNotFound = fault.New("movement_not_found", fault.NotFound)
)

// Reasons lists the reasons that this package declares.
func Reasons() []fault.Reason {
	return []fault.Reason{Invalid, Insufficient, MonthlyLimit, Duplicate, MovementNotFound}
}

// The details of Invalid.
const (
	WrongParent  = "incorrect parent_id"
	WrongChild   = "incorrect child_id"
	WrongBalance = "incorrect balanceId"
	WrongSource  = "incorrect sourceCustomerID"
	WrongTarget  = "incorrect targetID"
	BelowDebt    = "credit_line:below_debt"
)

// Short says what has too little.
type Short string

// What may have too little.
const (
	ShortOfMoney Short = "money"  // the account
	ShortOfLine  Short = "parent" // the parent of a composite balance
)
