package event

import (
	"time"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/approval"
	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/transaction"
)

// Name is what happened, in the past tense.
type Name string

// The names of everything that is announced.
const (
	CardCreated          Name = "card.created"
	CardActivated        Name = "card.activated"
	ActivationFailed     Name = "card.activation.failed"
	ActivationLocked     Name = "card.activation.locked"
	CodeRead             Name = "card.activation_code.read"
	CodeRenewed          Name = "card.activation_code.renewed"
	GuardReset           Name = "card.guard_reset"
	CardPINSet           Name = "card.pin_set"
	CardRevealed         Name = "card.revealed"
	CVVRotated           Name = "card.cvv_rotated"
	CardOrdered          Name = "card.ordered"
	CardPINViewed        Name = "card.pin_viewed"
	CardStopped          Name = "card.stopped"
	CardDamaged          Name = "card.reported_damaged"
	CardReissued         Name = "card.reissued" // another plastic is to take the place of the one before
	CardUnstopped        Name = "card.unstopped"
	CardFrozen           Name = "card.frozen"
	CardUnfrozen         Name = "card.unfrozen"
	CardBlocked          Name = "card.blocked"
	CardUnblocked        Name = "card.unblocked"
	CardExpired          Name = "card.expired"
	CardRestored         Name = "card.restored"
	CardClosed           Name = "card.closed"
	CardCanceled         Name = "card.plastic.canceled"
	ShipmentPlaced       Name = "shipment.placed"
	ShipmentMoved        Name = "shipment.moved"
	ShipmentMemberMoved  Name = "shipment.member_moved"
	ShipmentReshipped    Name = "shipment.reshipped"
	BatchAccepted        Name = "batch.accepted"
	BatchFinished        Name = "batch.finished"
	BatchCanceled        Name = "batch.canceled"
	CustomerCreated      Name = "customer.created"
	CustomerDeleted      Name = "customer.deleted"
	ApplicationDecided   Name = "customer.application_decided"
	CodeRequested        Name = "customer.otp_requested"
	TokensEnded          Name = "customer.tokens_ended"
	AccountCreated       Name = "account.created"
	AccountStatusChanged Name = "account.status_changed"
	GuessingSuspected    Name = "program.guessing_suspected"
	TransactionCreated   Name = "transaction.created"
	TransactionUpdated   Name = "transaction.updated"
	ChallengeCreated     Name = "challenge.created"
	ChallengeAnswered    Name = "challenge.answered"
	DepositCreated       Name = "deposit.created"
	AccountMoved         Name = "account.moved"
	LineChanged          Name = "account.line_changed"
	ApprovalAsked        Name = "approval.asked"
	ApprovalApproved     Name = "approval.approved"
	ApprovalRefused      Name = "approval.refused"
	ApprovalUsed         Name = "approval.used"
)

// Names lists the names.
func Names() []Name {
	return []Name{
		CardCreated, CardActivated, ActivationFailed, ActivationLocked, CodeRead, CodeRenewed, GuardReset, CardPINSet, CardRevealed, CVVRotated, CardFrozen, CardUnfrozen,
		CardOrdered, CardPINViewed, CardStopped, CardDamaged, CardReissued, CardUnstopped,
		CardBlocked, CardUnblocked, CardExpired, CardRestored, CardClosed, CardCanceled, ShipmentPlaced, ShipmentMoved,
		ShipmentMemberMoved, ShipmentReshipped, BatchAccepted, BatchFinished, BatchCanceled, CustomerCreated, CustomerDeleted, ApplicationDecided, CodeRequested, TokensEnded,
		AccountCreated, AccountStatusChanged, GuessingSuspected, TransactionCreated, TransactionUpdated, ChallengeCreated, ChallengeAnswered,
		DepositCreated, AccountMoved, LineChanged,
		ApprovalAsked, ApprovalApproved, ApprovalRefused, ApprovalUsed,
	}
}

// Event is what happened, with the things as they stand right after it. Only the snapshots that the
// event is about are set.
type Event struct {
	Name     Name
	Program  program.Program
	At       time.Time // on the programme's clock
	Card     *card.View
	Box      *card.Box
	Customer *customer.Customer
	Account  *account.Account
	Movement int64 // public number of what moved in the account
	Batch    *batch.Batch
	// Transaction is the use of a card, Challenge the question to its holder.
	Transaction *transaction.Transaction
	Challenge   *transaction.Challenge
	Deposit     *Deposit
	Approval    *approval.Approval
	// BatchCards are the cards of a small batch that was finished, for programmes that want them named.
	BatchCards []BatchCard
}

// Deposit is money that came in from outside.
type Deposit struct {
	ID        ident.DepositID
	Account   ident.AccountID
	Journal   ident.JournalID // the movement
	Cents     int64
	Currency  string
	Sender    string // "": not told
	Reference string // "": not told
	At        time.Time
}

// BatchCard is one made card of a finished batch.
type BatchCard struct {
	Identifier string
	Number     int64
	Ready      bool // for activation
}

// Door is whose words a message is in.
type Door string

// The doors that send webhooks.
const (
	NativeDoor Door = "native"
	CardsDoor  Door = "cards"
	DebitDoor  Door = "debit"
)

// Message is the bytes that leave: made once, the same in every attempt and for every endpoint.
type Message struct {
	ID        ident.EventID
	Program   ident.ProgramID
	Door      Door
	Type      string
	Body      []byte
	CreatedAt time.Time // on the programme's clock
	Awaited   bool      // an endpoint waits for such a message, so that workers are woken for it; not stored
}

// Draft is a message before it has its id: a door's words for an event. Body gets the id and gives the
// bytes, because some envelopes carry it.
type Draft struct {
	Door Door
	Type string
	ID   ident.EventID // "": minted; the debit API names the notice of a batch by its reference
	Body func(id ident.EventID) []byte
}
