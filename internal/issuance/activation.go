package issuance

import (
	"slices"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/ledger"
	"github.com/firsttap/firsttap/internal/program"
)

// ActivateCard says: the cardholder holds this plastic and has typed the code of its mailer (cards
// contract §11).
type ActivateCard struct {
	Command
	Card ident.CardID
	Code card.Code
	// OwnPIN says whether the holder chooses a PIN in the same step; "" is none.
	OwnPIN card.PINChoice
	PIN    card.PIN
}

// ActivateForCustomer activates a card by its identifier and batch, binds it to a customer, and may
// create that customer and set the PIN (debit contract §7).
type ActivateForCustomer struct {
	Command
	Card       ident.CardID // only this one; zero: whichever bears identifier and batch
	Identifier string
	Reference  string // as sent; a value without the form of a reference never matches and costs no try
	// Exactly one of the three says who: a customer token's customer, a number, or somebody new.
	Holder  ident.CustomerID
	Number  int64
	New     *NewHolder
	Balance int64 // 0: none named
	PIN     card.PIN
	Code    card.Code // under policy debit.require_activation_code
	// OwnPIN says whether the holder chooses the PIN in the same step; "" is none.
	OwnPIN card.PINChoice
	Device string // kept in the audit row; ties the tokens of a new customer
}

// NewHolder are the facts of a customer that an activation creates, in their normal forms.
type NewHolder struct {
	FirstName, MiddleName, LastName, SecondLastName string
	Email, Phone, RFC, CURP, ExternalID             string
	Gender                                          int
}

// facts are the unique facts of the new customer; generic RFCs are shared by many and claimed by nobody.
func (n *NewHolder) facts() []Fact {
	if n == nil {
		return nil
	}
	var out []Fact
	for _, f := range []Fact{
		{customer.FieldEmail, customer.EmailKey(n.Email)},
		{customer.FieldPhone, n.Phone},
		{customer.FieldRFC, n.RFC},
		{customer.FieldCURP, n.CURP},
		{customer.FieldExternalID, n.ExternalID},
	} {
		if f.Value != "" && (f.Field != customer.FieldRFC || !customer.IsGenericRFC(f.Value)) {
			out = append(out, f)
		}
	}
	return out
}

// Activation is the result of an activation by identifier and batch.
type Activation struct {
	Card        card.View
	Customer    customer.Customer
	NewCustomer *CustomerSecrets // only when the activation created the customer
}

// ActivationKey names everything that one activation needs to see, so that a store can load many
// activations together. Members that are zero ask for nothing.
type ActivationKey struct {
	Program        ident.ProgramID
	RealNow        time.Time
	Card           ident.CardID // by the cards API: this card and its holder
	Identifier     string       // by the debit API: every card of the programme that bears it
	Holder         ident.CustomerID
	Number         int64
	Facts          []Fact // of a new customer
	Balance        int64
	Door           string // of the idempotency key
	IdempotencyKey string
}

// ActivationState is everything that an activation is decided from, as it stands in the transaction.
type ActivationState struct {
	Program    program.Program
	Stored     *StoredAnswer // record of the idempotency key; nil when none
	Misses     int           // wrong tries of the programme in its breaker's window; counted up to the limit + 1
	Candidates []Candidate   // in the order of making
	Holder     *customer.Customer
	CardsHeld  int              // the holder's cards that are not closed
	Taken      []customer.Field // of Facts
	Composite  bool             // the holder owns a composite parent or child
	Balance    *NamedBalance    // the account with the number that was sent
	Wallet     *account.Account // the holder's own wallet, the oldest
	Reserved   *account.Account // account that the card was ordered for; only for one candidate
	// Box is the chosen card's shipment with its members, for the event; nil for a batch's box, for no box
	// and when nobody listens.
	Box *card.Box
}

// Settled reports whether the candidates, loaded by a key that names a card, are enough to refuse: one that was activated before is
// not activated again, whatever else is true. A store need not load the rest then, beside the record of an idempotency key.
func (s ActivationState) Settled() bool {
	return len(s.Candidates) == 1 && s.Candidates[0].View.Coming().Plastic.EverActivated()
}

// coming is the state with the plastics that are to be activated, where they are to take the place of others.
func (s ActivationState) coming() ActivationState {
	if !slices.ContainsFunc(s.Candidates, func(c Candidate) bool { return c.View.Next != nil }) {
		return s
	}
	all := make([]Candidate, len(s.Candidates))
	for i, c := range s.Candidates {
		all[i] = Candidate{View: c.View.Coming(), Reference: c.Reference}
	}
	s.Candidates = all
	return s
}

// Candidate is a card that the activation may mean.
type Candidate struct {
	View      card.View
	Reference ident.Reference // of its batch; "" when it has none
}

// NamedBalance is an account with the owner of its parent.
type NamedBalance struct {
	Account     account.Account
	ParentOwner ident.CustomerID
}

// ActivationChanges is everything that one activation writes. Guards and Plastic are guarded by the
// version that was read.
type ActivationChanges struct {
	Guards      []card.Plastic // plastics whose guard counted a try
	Misses      []Miss
	Card        *card.Card // bound, linked, with its PIN; nil when the card row does not change
	Plastic     *card.Plastic
	Retired     *card.Plastic      // the one whose place Plastic takes; when it ended otherwise meanwhile, it stays so
	Customer    *customer.Customer // new
	Claims      []Fact             // of the new customer
	Accounts    []account.Account  // new
	Journals    []ledger.Journal   // what they begin with
	Credentials []access.Credential
	Audit       []audit.Row
	Messages    []event.Message
	Answer      *StoredAnswer // new record of the idempotency key
	Mismatch    *StoredAnswer // record whose mismatches rise by one
}

// Miss is one wrong try of a programme, for its breaker.
type Miss struct {
	ID      ident.UUID
	Program ident.ProgramID
	At      time.Time // on the programme's clock
}
