package program

import (
	"time"

	"github.com/firsttap/firsttap/internal/approval"
)

// Windows are the requests that a rate tier admits in rolling windows; 0 is unlimited.
type Windows struct {
	Second, Minute, Day int
}

// Unlimited reports whether no window limits anything.
func (w Windows) Unlimited() bool { return w == Windows{} }

// The rate tiers of the cards API (contract §7).
const (
	TierDefault    = "default"
	TierIssuance   = "issuance"
	TierOperations = "operations"
	TierIdentity   = "identity"
	TierAccount    = "account"
	TierRecovery   = "recovery"
)

// Tiers lists the rate tiers.
func Tiers() []string {
	return []string{TierDefault, TierIssuance, TierOperations, TierIdentity, TierAccount, TierRecovery}
}

// Activation are the policies of activation, for every door.
type Activation struct {
	RequireIdempotencyKey     bool
	AcceptAfterFailedDelivery bool
	Tries                     int             // wrong tries until a lock
	LockSteps                 []time.Duration // length of the first, second, … lock; beyond them a day
	LifetimeTries             int             // wrong tries of a lifetime until the hard lock
	ShowAttempts              bool
	CodeLifetime              time.Duration // 0: codes do not expire
	BreakerTries              int           // wrong tries of the programme in BreakerWindow until it stops; 0: no breaker
	BreakerWindow             time.Duration
}

// CodeMode says whether an activation code may be read back.
type CodeMode string

// The modes of reading an activation code (cards contract §12).
const (
	CodeAllow         CodeMode = "allow"
	CodeRequireReason CodeMode = "require_reason"
	CodeApproval      CodeMode = "approval"
	CodeRefuse        CodeMode = "refuse"
)

// CodeStorage says what is kept of an activation code.
type CodeStorage string

// The ways of keeping an activation code.
const (
	CodeRecoverable CodeStorage = "recoverable" // a keyed hash, and a sealed copy that can be read back
	CodeHashOnly    CodeStorage = "hash_only"   // a keyed hash: nobody can read the code back
)

// ActivationCode are the policies of reading codes back.
type ActivationCode struct {
	Mode           CodeMode
	RequireShipped bool
	PerCardPerDay  int
	PerKeyPerDay   int
	Storage        CodeStorage
}

// Debit are the policies of the debit API (debit contract §2).
type Debit struct {
	TimeZone              *time.Location
	ActivationPayload     string // documented, strict, numeric
	ActivationGate        string // created, left_bureau
	RequireActivationCode bool
	IdentifierScope       string // batch, program
	MaxCardsPerCustomer   int    // 0: no limit
	WebhookCards          bool
	RevealCard            bool // answers hold number and CVV in full; else the last four digits
	ViewPIN               bool // PINs that are set from then on may be shown to their holder
	StopRepeatConflicts   bool // a stop of a card that is stopped already is refused; else it changes nothing
	Composite             bool
	OverlimitCents        int64 // by which the limit of a composite parent is above its line
	BillingDay            int   // of each month
	DueDays               int   // from billing to when it is due
	MonthlyTransferCents  int64 // that a customer may send away in a calendar month; 0: no limit
	RFCCheckDigit         bool
	IDBits                int // 31 or 53
	RatePerSecond         int // requests a second of one credential; 0: unlimited
	RateBurst             int
	InternalAuth          bool // customers prove themselves here, and not to the programme
	CustomerTokenTTL      time.Duration
	RefreshTokenTTL       time.Duration
	TokenRatePerMinute    int // requests of one customer to the token endpoints; 0: unlimited
	RequireTaxID          bool
}

// PIN are the policies of PINs set through the debit API.
type PIN struct {
	RejectWeak           bool
	RequiredAtActivation bool
}

// The modes of the vault of card numbers.
const (
	VaultOff     = "off"      // no card number is drawn or kept
	VaultBuiltIn = "built_in" // numbers are drawn from the BIN, and kept sealed
)

// Vault are the policies of card numbers.
type Vault struct {
	Mode string
	BIN  string // the first digits of every card number: 6 or 8
}

// Approvals are the policies of what a second person must allow.
type Approvals struct {
	Actions []approval.Action
	Live    time.Duration // how long one can be decided and used
}

// Policy is every choice of a programme, typed and valid. Get one from [DefaultPolicy] or
// [ParsePolicy]; the wire names are in [Settings].
type Policy struct {
	RequireVersionHeader      bool
	AcceptedVersions          []string
	RateLimits                map[string]Windows
	DigitalFirst              bool
	Activation                Activation
	ActivationCode            ActivationCode
	RequireTerms              bool
	ReviewAuto                bool
	ShippingCountries         []string          // empty: all of the bureau
	ShippingCouriers          []string          // empty: all of the bureau
	NoCourier                 bool              // the programme has none at all
	CourierWords              map[string]string // "COURIER:word" to what it means; see CourierScan
	AllowPrivateTargets       bool
	RotationOverlap           time.Duration
	ShipmentEventOnActivation bool
	InitialBalanceCents       int64
	CardsCurrency             string // ISO 4217; always one with cents
	Debit                     Debit
	PIN                       PIN
	Vault                     Vault
	Faults                    Faults
	Approvals                 Approvals
	ActivationPage            ActivationPage
	FrameAncestors            string // as Content-Security-Policy writes it
}

// DefaultPolicy is what a new programme of that kind has.
func DefaultPolicy(kind Kind) Policy {
	p, err := ParsePolicy(kind, nil)
	if err != nil {
		panic("program: the defaults are not valid: " + err.Error())
	}
	return p
}

// defaultWindows are the published and house rates (cards contract §7).
func defaultWindows(kind Kind) map[string]Windows {
	if kind == Live {
		return map[string]Windows{
			TierDefault: {20, 600, 500_000}, TierIssuance: {10, 100, 5_000}, TierOperations: {15, 250, 10_000},
			TierIdentity: {5, 150, 2_000}, TierAccount: {3, 100, 10_000}, TierRecovery: {2, 20, 200},
		}
	}
	return map[string]Windows{
		TierDefault: {10, 150, 10_000}, TierIssuance: {5, 50, 500}, TierOperations: {5, 100, 1_000},
		TierIdentity: {2, 30, 300}, TierAccount: {2, 50, 2_000}, TierRecovery: {2, 20, 500},
	}
}
