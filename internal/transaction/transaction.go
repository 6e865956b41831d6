package transaction

import (
	"time"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
)

// Channel is how a card is used, by its wire name of the cards API.
type Channel string

// The channels.
const (
	POS        Channel = "POS"
	ATM        Channel = "ATM"
	Ecommerce  Channel = "ECOMMERCE"
	VisaDirect Channel = "VISA_DIRECT"
)

// Channels lists the channels.
func Channels() []Channel { return []Channel{POS, ATM, Ecommerce, VisaDirect} }

// Status is where a transaction is, by its wire name of the cards API.
type Status string

// The states of a transaction.
const (
	Pending  Status = "PENDING"  // approved; money is held
	Cleared  Status = "CLEARED"  // collected, or money came back
	Void     Status = "VOID"     // reversed as a whole, or a check of the card
	Declined Status = "DECLINED" // nothing was held
)

// Statuses lists the states.
func Statuses() []Status { return []Status{Pending, Cleared, Void, Declined} }

// StepType is what happened to a transaction, by its wire name of the cards API.
type StepType string

// The types of steps.
const (
	Authorization StepType = "AUTHORIZATION"
	Clearing      StepType = "CLEARING"
	Reversal      StepType = "REVERSAL"
	Refund        StepType = "REFUND"
	Decline       StepType = "DECLINE"
)

// StepTypes lists the types of steps.
func StepTypes() []StepType {
	return []StepType{Authorization, Clearing, Reversal, Refund, Decline}
}

// DeclineCode is why a use of a card was declined, by its wire name of the cards API.
type DeclineCode string

// The codes that our rules give (cards contract §19.1).
const (
	CardNotActive       DeclineCode = "CARD_NOT_ACTIVE"
	CardBlocked         DeclineCode = "CARD_BLOCKED"
	CardFrozen          DeclineCode = "CARD_FROZEN"
	NotAllowedForCard   DeclineCode = "TRANSACTION_NOT_ALLOWED"
	CardNotActivated    DeclineCode = "CARD_NOT_ACTIVATED"
	AccountNotActive    DeclineCode = "ACCOUNT_NOT_ACTIVE"
	ChannelNotAllowed   DeclineCode = "CHANNEL_NOT_ALLOWED"
	InsufficientBalance DeclineCode = "INSUFFICIENT_BALANCE"
)

// The codes that only a simulated decline gives: they are the terminal's or the network's word.
const (
	IncorrectPIN           DeclineCode = "INCORRECT_PIN"
	IncorrectCVV           DeclineCode = "INCORRECT_CVV"
	InvalidCardDetails     DeclineCode = "INVALID_CARD_DETAILS"
	ContactlessUnsupported DeclineCode = "CONTACTLESS_NOT_SUPPORTED"
	TerminalError          DeclineCode = "TERMINAL_ERROR"
)

// DeclineCodes lists the codes.
func DeclineCodes() []DeclineCode {
	return []DeclineCode{
		CardNotActive, CardBlocked, CardFrozen, NotAllowedForCard, CardNotActivated, AccountNotActive, ChannelNotAllowed,
		InsufficientBalance, IncorrectPIN, IncorrectCVV, InvalidCardDetails, ContactlessUnsupported, TerminalError,
	}
}

// Amount is one sum twice: as it is billed to the account, and as the merchant asked for it, each in the
// minor units of its currency.
type Amount struct{ Billed, Original int64 }

// Plus is the sum of two amounts.
func (a Amount) Plus(b Amount) Amount {
	return Amount{a.Billed + b.Billed, a.Original + b.Original}
}

// Minus is the difference of two amounts.
func (a Amount) Minus(b Amount) Amount {
	return Amount{a.Billed - b.Billed, a.Original - b.Original}
}

// Merchant is who asked for money. Empty members are not known.
type Merchant struct {
	Name, City, PostCode, State, Country, MCC, Category string
}

// PolicyRef is a spend policy as it was when it declined a transaction.
type PolicyRef struct {
	ID                    ident.PolicyID
	Type, ScopeType, Name string
}

// Step is one thing that happened to a transaction.
type Step struct {
	ID        ident.UUID
	Type      StepType
	Amount    Amount
	At        time.Time // when it happened
	CreatedAt time.Time // when it was recorded
}

// Transaction is one use of a card.
type Transaction struct {
	ID         ident.TransactionID
	Program    ident.ProgramID
	Account    ident.AccountID
	Card       ident.CardID
	Status     Status
	Channel    Channel
	Wallet     string // digital wallet; "" when none was used
	Currency   string // of the account
	Original   string // currency of the merchant
	Merchant   Merchant
	Decline    DeclineCode // of a declined one; "" otherwise
	Policy     PolicyRef   // that declined it; zero otherwise
	Steps      []Step      // in their order; at least one
	OccurredAt time.Time
	CreatedAt  time.Time
	UpdatedAt  time.Time
	Version    int64
}

// Total is the sum of the steps of a type.
func (t Transaction) Total(kind StepType) Amount {
	var sum Amount
	for _, s := range t.Steps {
		if s.Type == kind {
			sum = sum.Plus(s.Amount)
		}
	}
	return sum
}

// Current is what is held of a pending transaction, and what is left of a cleared one.
func (t Transaction) Current() Amount {
	switch t.Status {
	case Pending, Void:
		return t.Total(Authorization).Minus(t.Total(Reversal))
	case Cleared:
		return t.Total(Clearing).Minus(t.Total(Refund))
	case Declined:
	}
	return Amount{}
}

// Held is what the account owes but has not paid: of a pending transaction only.
func (t Transaction) Held() int64 {
	if t.Status != Pending {
		return 0
	}
	return t.Current().Billed
}

// Rated is the amount that tells the rate of the transaction: what was authorised, else collected, else
// given back.
func (t Transaction) Rated() Amount {
	for _, kind := range []StepType{Authorization, Clearing, Refund, Decline} {
		if sum := t.Total(kind); sum.Billed > 0 && sum.Original > 0 {
			return sum
		}
	}
	return Amount{}
}

// Money is an amount in one currency, for answers.
type Money struct {
	Minor    int64
	Currency string
}

// Reasons of this room.
var (
	NotFound            = fault.New("transaction_not_found", fault.NotFound)
	NotPossible         = fault.New("transaction_not_possible", fault.Refused) // Detail: string
	BalanceTooSmall     = fault.New("balance_too_small", fault.Refused)        // Detail: Money, what is available
	ChallengeNotFound   = fault.New("challenge_not_found", fault.NotFound)
	ChallengeNotPending = fault.New("challenge_not_pending", fault.Refused) // Detail: ChallengeStatus
)

// Reasons lists the reasons that this package declares.
func Reasons() []fault.Reason {
	return []fault.Reason{NotFound, NotPossible, BalanceTooSmall, ChallengeNotFound, ChallengeNotPending}
}
