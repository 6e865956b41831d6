package issuance

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/shipment"
)

// Store keeps everything that the rules decide about. Whatever the engine, its promises are the same;
// package storetest holds a case for each.
type Store interface {
	// Write runs body in one transaction that no other writer can interleave with. It commits when body
	// returns nil and rolls everything back when it returns an error, which it hands through. body may run
	// several times (conflicts are retried inside), so it must reset the locals that it writes. Conflicts
	// never come out; a store that cannot be reached is fault.ReasonUnavailable, anything else unexpected
	// is fault.ReasonInternal.
	Write(ctx context.Context, body func(tx Tx) error) error
	// Read runs body on one consistent snapshot that holds every commit acknowledged before the call.
	Read(ctx context.Context, body func(tx ReadTx) error) error
	// ReadOnce is Read for a body that asks one thing and needs no more, which costs less. A second question, or one that takes
	// several answers to put together, is a fault. body may run several times.
	ReadOnce(ctx context.Context, body func(tx ReadTx) error) error
	// Activate runs one activation: load what key names (see [ActivationState.Settled]), call decide, apply its changes and commit. Calls
	// that arrive together may share a transaction, and each returns only after its own commit. decide may
	// run several times and must not touch the store. An error of decide is handed through and rolls back
	// only this activation; a refusal is not an error but part of the changes.
	Activate(ctx context.Context, key ActivationKey, decide func(ActivationState) (ActivationChanges, error)) error
}

// ReadTx is what may be read. A thing that does not exist, or belongs to another programme, is reported
// by ok = false and never by an error.
type ReadTx interface {
	Programs
	CustomerReader
	TokenReader
	AccountReader
	DesignReader
	CardReader
	FindReader
	NameReader
	VaultReader
	RevealLinkReader
	ActivationSessionReader
	ShipmentReader
	BatchReader
	JournalReader
	EndpointReader
	DeliveryReader
	SpendingReader
	LedgerReader
	FeedReader
	ApprovalReader
	FunnelReader
	OverviewReader
}

// Tx is ReadTx with the changes. Every update is guarded by the version that was read (the Version member
// of what is handed in): when it changed meanwhile the transaction is run again. Update raises the
// stored version by one.
type Tx interface {
	ReadTx
	ProgramWriter
	CustomerWriter
	TokenWriter
	AccountWriter
	DesignWriter
	CardWriter
	VaultWriter
	RevealLinkWriter
	ActivationSessionWriter
	ShipmentWriter
	BatchWriter
	JournalWriter
	EndpointWriter
	DeliveryWriter
	SpendingWriter
	LedgerWriter
	FeedWriter
	ApprovalWriter
	FunnelWriter
}

// CustomerReader reads customers. Deleted ones are not found, except by Customers with no filter on them.
type CustomerReader interface {
	Customer(ctx context.Context, p ident.ProgramID, id ident.CustomerID) (customer.Customer, bool, error)
	CustomerByNumber(ctx context.Context, p ident.ProgramID, number int64) (customer.Customer, bool, error)
	// Customers lists living customers, newest first.
	Customers(ctx context.Context, p ident.ProgramID, f CustomerFilter, page Page) ([]customer.Customer, error)
	// TakenFacts tells which of the unique facts belong to a living customer already, in the order of
	// asking. E-mails are compared by customer.EmailKey.
	TakenFacts(ctx context.Context, p ident.ProgramID, facts []Fact) ([]customer.Field, error)
	// OwnsFact tells whether that customer is the one that a unique fact belongs to.
	OwnsFact(ctx context.Context, p ident.ProgramID, id ident.CustomerID, f Fact) (bool, error)
	// Profile gives what was told of a customer; ok is false when nothing was.
	Profile(ctx context.Context, p ident.ProgramID, id ident.CustomerID) (customer.Profile, bool, error)
	// CardsHeld counts the customer's cards that are not closed, those that wait for their activation among them.
	CardsHeld(ctx context.Context, p ident.ProgramID, id ident.CustomerID) (int, error)
}

// Fact is a value that may belong to one living customer of a programme only.
type Fact struct {
	Field customer.Field
	Value string // in its normal form
}

// CustomerWriter changes customers.
type CustomerWriter interface {
	// InsertCustomer adds a customer and claims its unique facts. A fact that is taken is the error
	// fault of customer.Exists with detail []customer.Field; a number that is taken is [ErrNumberTaken].
	InsertCustomer(ctx context.Context, c customer.Customer, claims []Fact) error
	// UpdateCustomer changes a customer and its claims: drop is released before add is claimed.
	UpdateCustomer(ctx context.Context, c customer.Customer, drop, add []Fact) error
	SaveProfile(ctx context.Context, p ident.ProgramID, id ident.CustomerID, v customer.Profile) error
}

// AccountReader reads accounts.
type AccountReader interface {
	Account(ctx context.Context, p ident.ProgramID, id ident.AccountID) (account.Account, bool, error)
	AccountByNumber(ctx context.Context, p ident.ProgramID, number int64) (account.Account, bool, error)
	// AccountByReference finds a composite parent.
	AccountByReference(ctx context.Context, p ident.ProgramID, ref ident.Reference) (account.Account, bool, error)
	// WalletOf gives the oldest wallet of a customer.
	WalletOf(ctx context.Context, p ident.ProgramID, owner ident.CustomerID) (account.Account, bool, error)
	// Accounts lists accounts, newest first.
	Accounts(ctx context.Context, p ident.ProgramID, f AccountFilter, page Page) ([]account.Account, error)
}

// AccountWriter changes accounts.
type AccountWriter interface {
	InsertAccount(ctx context.Context, a account.Account) error // [ErrNumberTaken]
	UpdateAccount(ctx context.Context, a account.Account) error
}

// DesignReader reads card designs.
type DesignReader interface {
	Design(ctx context.Context, p ident.ProgramID, id ident.DesignID) (card.Design, bool, error)
	DefaultDesign(ctx context.Context, p ident.ProgramID) (card.Design, bool, error)
	DesignByCampaign(ctx context.Context, p ident.ProgramID, campaign string) (card.Design, bool, error)
	Designs(ctx context.Context, p ident.ProgramID, page Page) ([]card.Design, error)
}

// DesignWriter changes card designs. At most one design of a programme is the default.
type DesignWriter interface {
	InsertDesign(ctx context.Context, d card.Design) error
	UpdateDesign(ctx context.Context, d card.Design) error
}

// CardReader reads cards with their plastics.
type CardReader interface {
	// CardView gives a card with the plastic that speaks for it ([card.Speaker]) and that plastic's box, and with the living
	// one that is to take its place. Deleted cards are found; who shows them decides.
	CardView(ctx context.Context, p ident.ProgramID, id ident.CardID) (card.View, bool, error)
	// TimedCard is CardView with the clock that the card's programme goes by, as one question.
	TimedCard(ctx context.Context, p ident.ProgramID, id ident.CardID) (program.Clock, card.View, bool, error)
	// CardByNumber gives a card by its public number, with the reference of its batch. Deleted cards are found.
	CardByNumber(ctx context.Context, p ident.ProgramID, number int64) (Candidate, bool, error)
	// Successor gives the card that took the place of another one and is not closed; the newest, when there are several.
	Successor(ctx context.Context, p ident.ProgramID, of ident.CardID) (card.View, bool, error)
	// Holdings lists the cards of a customer, newest first: those that it holds and are not deleted, and those
	// that were ordered for it and wait for their activation.
	Holdings(ctx context.Context, p ident.ProgramID, id ident.CustomerID, limit int) ([]Candidate, error)
	// BlockHistory lists the changes of a card's stops, newest first.
	BlockHistory(ctx context.Context, id ident.CardID, limit int) ([]card.BlockChange, error)
	// CardViews lists cards that have a customer and are not deleted, newest first.
	CardViews(ctx context.Context, p ident.ProgramID, f CardFilter, page Page) ([]card.View, error)
	// IdentifiersTaken tells which of the identifiers a living card of the programme (of the batch, when one
	// is given) bears.
	IdentifiersTaken(ctx context.Context, p ident.ProgramID, in ident.BatchID, identifiers []string) (map[string]bool, error)
}

// VaultReader reads what the vault made of card numbers.
type VaultReader interface {
	VaultEntry(ctx context.Context, p ident.ProgramID, id ident.CardID) (card.VaultEntry, bool, error)
	// VaultEntryByIndex finds a number by its keyed hash.
	VaultEntryByIndex(ctx context.Context, p ident.ProgramID, index []byte) (card.VaultEntry, bool, error)
}

// VaultWriter keeps what the vault made of card numbers.
type VaultWriter interface {
	// InsertVaultEntry keeps a number. One that any card of the installation has is [ErrNumberTaken]; the
	// transaction goes on, and another may be tried.
	InsertVaultEntry(ctx context.Context, e card.VaultEntry) error
	// InsertVaultEntries keeps many numbers at once. It gives those, by their place, that are taken: they are
	// not kept.
	InsertVaultEntries(ctx context.Context, es []card.VaultEntry) (taken []int, err error)
	// UpdateVaultEntry writes the sealed number and the series of the CVV.
	UpdateVaultEntry(ctx context.Context, e card.VaultEntry) error
}

// RevealLinkReader reads the links of pages that show a card.
type RevealLinkReader interface {
	// RevealLink finds a link by the keyed hash of its token, of whichever programme it is, used or expired or not.
	RevealLink(ctx context.Context, hash []byte) (card.RevealLink, bool, error)
}

// RevealLinkWriter keeps the links of pages that show a card.
type RevealLinkWriter interface {
	InsertRevealLink(ctx context.Context, l card.RevealLink) error
	// UpdateRevealLink writes when the link was used.
	UpdateRevealLink(ctx context.Context, l card.RevealLink) error
}

// CardWriter changes cards and plastics.
type CardWriter interface {
	InsertCard(ctx context.Context, c card.Card) error // [ErrNumberTaken]
	// InsertCards adds many new cards at once. It gives those, by their place, whose number is taken: they
	// are not added.
	InsertCards(ctx context.Context, cards []card.Card) (taken []int, err error)
	InsertPlastics(ctx context.Context, plastics []card.Plastic) error
	UpdateCard(ctx context.Context, c card.Card) error
	InsertBlockChange(ctx context.Context, c card.BlockChange) error
	InsertPlastic(ctx context.Context, p card.Plastic) error
	// UpdatePlastic changes a plastic and its guard; its link stays as it was made. activated_at is written once: a change
	// of it once it is set is a fault.
	UpdatePlastic(ctx context.Context, p card.Plastic) error
}

// ShipmentReader reads shipments.
type ShipmentReader interface {
	Shipment(ctx context.Context, p ident.ProgramID, id ident.ShipmentID) (shipment.Shipment, bool, error)
	// Tracked gives the shipments with that tracking number, of either kind and whichever courier, the newest first.
	Tracked(ctx context.Context, p ident.ProgramID, number string) ([]shipment.Shipment, error)
	// Box gives a shipment of the cards API with its members in the order of position, each with its
	// plastic as it is now.
	Box(ctx context.Context, p ident.ProgramID, id ident.ShipmentID) (card.Box, bool, error)
	// Shipments lists shipments, newest first.
	Shipments(ctx context.Context, p ident.ProgramID, f ShipmentFilter, page Page) ([]ListedShipment, error)
	// OccupiedBy tells which shipment holds the plastic now: a draft, or one that has not ended and has not
	// refused it.
	OccupiedBy(ctx context.Context, p ident.ProgramID, c card.Plastic) (ident.ShipmentID, bool, error)
	// Scans gives all scans of a shipment, in no particular order.
	Scans(ctx context.Context, id ident.ShipmentID) ([]shipment.Scan, error)
	// PlasticsIn gives the plastics whose current box this is, in the order of making, after the given id.
	// It serves boxes of batches, which may be large.
	PlasticsIn(ctx context.Context, id ident.ShipmentID, after ident.PlasticID, limit int) ([]card.Plastic, error)
}

// ListedShipment is a shipment without its members.
type ListedShipment struct {
	shipment.Shipment
	ChangedAt time.Time // newest change of the shipment and of its members
}

// ShipmentWriter changes shipments.
type ShipmentWriter interface {
	InsertShipment(ctx context.Context, s shipment.Shipment) error
	UpdateShipment(ctx context.Context, s shipment.Shipment) error
	// DeleteShipment removes a draft with its members; a shipment that is no draft is a fault.
	DeleteShipment(ctx context.Context, s shipment.Shipment) error
	InsertMember(ctx context.Context, m shipment.Member) error
	UpdateMember(ctx context.Context, m shipment.Member) error
	DeleteMember(ctx context.Context, m shipment.Member) error
	// InsertScan records a scan once by its key; fresh is false when it was there already.
	InsertScan(ctx context.Context, id ident.ShipmentID, s shipment.Scan) (fresh bool, err error)
}

// BatchReader reads batches. Staged batches are not found.
type BatchReader interface {
	Batch(ctx context.Context, p ident.ProgramID, ref ident.Reference) (batch.Batch, bool, error)
	BatchByID(ctx context.Context, p ident.ProgramID, id ident.BatchID) (batch.Batch, bool, error)
	// RecentBatch finds the newest batch of a credential with that body hash, made at since or later.
	RecentBatch(ctx context.Context, p ident.ProgramID, by ident.CredentialID, bodyHash []byte, since time.Time) (batch.Batch, bool, error)
	// Items gives items in order of index, from index on; an outcome of "" is any.
	Items(ctx context.Context, id ident.BatchID, from int, outcome batch.Outcome, limit int) ([]batch.Item, error)
	// FirstWith finds, for each of the identifiers, the first item of the batch, below the given index, that
	// bears it and did not fail. Identifiers without one are left out.
	FirstWith(ctx context.Context, id ident.BatchID, identifiers []string, below int) (map[string]int, error)
	// Batches lists batches, newest first.
	Batches(ctx context.Context, p ident.ProgramID, f BatchFilter, page Page) ([]batch.Batch, error)
}

// BatchWriter changes batches.
type BatchWriter interface {
	InsertBatch(ctx context.Context, b batch.Batch) error
	// UpdateBatch changes everything but id, programme and reference; created_at too, because an order is
	// as old as its acceptance.
	UpdateBatch(ctx context.Context, b batch.Batch) error
	InsertItems(ctx context.Context, items []batch.Item) error
	// UpdateItems writes the outcomes of pending items, with their card and sealed PIN as they
	// are handed in (nil erases it); an item that has its outcome already is a fault.
	UpdateItems(ctx context.Context, items []batch.Item) error
	// DeleteStaged removes a batch that was never accepted, with its items.
	DeleteStaged(ctx context.Context, id ident.BatchID) error
}

// JournalReader reads what was remembered.
type JournalReader interface {
	// Stored gives the record of an idempotency key of a door.
	Stored(ctx context.Context, p ident.ProgramID, door, key string) (StoredAnswer, bool, error)
	// TimedAnswer is Stored with the clock that the record's programme goes by, as one question.
	TimedAnswer(ctx context.Context, p ident.ProgramID, door, key string) (program.Clock, StoredAnswer, bool, error)
	// CodeReads counts the activation codes that an actor read, of whichever card, at since or later.
	CodeReads(ctx context.Context, p ident.ProgramID, actor string, since time.Time) (int, error)
	// CountAudit counts audit rows of an action on a card with that outcome, at since or later.
	CountAudit(ctx context.Context, p ident.ProgramID, id ident.CardID, action, outcome string, since time.Time) (int, error)
	// LastAudit gives the time of the newest of them.
	LastAudit(ctx context.Context, p ident.ProgramID, id ident.CardID, action, outcome string, since time.Time) (time.Time, bool, error)
	// AuditTrail lists audit rows of a programme, newest first.
	AuditTrail(ctx context.Context, p ident.ProgramID, f AuditFilter, page Page) ([]audit.Row, error)
	// AuditReach is the last row that f.Through lets be looked through, of the same times and behind the same mark; false when
	// the trail ends before.
	AuditReach(ctx context.Context, p ident.ProgramID, f AuditFilter, after Mark) (Mark, bool, error)
}

// JournalWriter remembers.
type JournalWriter interface {
	// SaveAnswer writes the record of a key, in place of an older one whose window has passed. A record
	// that another caller wrote meanwhile makes the transaction run again.
	SaveAnswer(ctx context.Context, a StoredAnswer) error
	// CountMismatch raises the mismatches of a record by one.
	CountMismatch(ctx context.Context, a StoredAnswer) error
	InsertAudit(ctx context.Context, rows ...audit.Row) error
	InsertMessages(ctx context.Context, messages ...event.Message) error
}

// EndpointReader reads webhook endpoints.
type EndpointReader interface {
	Endpoint(ctx context.Context, p ident.ProgramID, id ident.EndpointID) (Endpoint, bool, error)
	Endpoints(ctx context.Context, p ident.ProgramID, door event.Door) ([]Endpoint, error)
	// Notice tells how the delivery of a message stands; ok is false when it has none (yet). Of several
	// endpoints the newest counts.
	Notice(ctx context.Context, p ident.ProgramID, message ident.EventID) (Notice, bool, error)
	// FailingSince gives the time of the oldest message that had a failed attempt at the endpoint, was not
	// delivered, and is younger than the endpoint's last acknowledged delivery; ok is false when there is none.
	FailingSince(ctx context.Context, p ident.ProgramID, id ident.EndpointID) (time.Time, bool, error)
}

// DeliveryReader reads what went to endpoints. The caller has made sure whose endpoint it is.
type DeliveryReader interface {
	// Deliveries lists deliveries of an endpoint, newest message first; a state of "" is any. The mark of a page is
	// the creation of the message and the id of the delivery.
	Deliveries(ctx context.Context, to ident.EndpointID, state DeliveryState, page Page) ([]Delivery, error)
	Delivery(ctx context.Context, id ident.DeliveryID) (Delivery, bool, error)
	// Attempts gives the attempts of a delivery that are kept, the oldest first.
	Attempts(ctx context.Context, id ident.DeliveryID) ([]Attempt, error)
}

// DeliveryWriter sends again.
type DeliveryWriter interface {
	// Replay makes a delivery due at now, in whatever state it is; its timetable begins again.
	Replay(ctx context.Context, id ident.DeliveryID, now time.Time) error
	// SendTo adds a message that goes to one endpoint and to no other.
	SendTo(ctx context.Context, m event.Message, to ident.EndpointID) error
	// ReplayRange does so with the oldest deliveries of an endpoint in that state whose messages were made from
	// from on and before until, and tells how many.
	ReplayRange(ctx context.Context, to ident.EndpointID, state DeliveryState, from, until, now time.Time, limit int) (int, error)
}

// EndpointWriter changes webhook endpoints.
type EndpointWriter interface {
	InsertEndpoint(ctx context.Context, e Endpoint) error
	UpdateEndpoint(ctx context.Context, e Endpoint) error
}

// Page asks for a page of a list that is ordered by creation, newest first, then by id, highest first; or the other way
// round. The zero After starts at the beginning.
type Page struct {
	Limit  int
	After  Mark
	Oldest bool // the oldest first, then the lowest id
}

// Mark is the last item of the page before.
type Mark struct {
	CreatedAt time.Time
	ID        ident.UUID
}

// AuditFilter chooses audit rows; empty members choose all.
type AuditFilter struct {
	Card                               ident.CardID
	Actor, OnBehalfOf, Action, Outcome string
	From, To                           time.Time // at From or later, and before To
	Through                            int       // without a card: how many rows are looked through at most; 0 is all
}

// CustomerFilter chooses customers; empty members choose all.
type CustomerFilter struct {
	ExternalID, EmailKey, Phone string
	Application                 customer.ApplicationStatus
}

// AccountFilter chooses accounts; zero members choose all.
type AccountFilter struct{ Owner ident.CustomerID }

// CardFilter chooses cards; zero members choose all. Status is computed at At.
type CardFilter struct {
	Customer ident.CustomerID
	Account  ident.AccountID
	Type     card.Type
	Last4    string // of the card number
	Statuses []card.Status
	At       time.Time
}

// ShipmentFilter chooses shipments; zero members choose all of the cards API.
type ShipmentFilter struct {
	Batches  bool // the boxes of batches too
	Card     ident.CardID
	Statuses []shipment.Status
}

// BatchFilter chooses batches; empty members choose all.
type BatchFilter struct{ Statuses []batch.Status }
