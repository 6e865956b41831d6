package issuance

import (
	"errors"
	"net/netip"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
)

// ErrNumberTaken says that a random public number or reference exists already; the funnel draws again.
var ErrNumberTaken = errors.New("number taken")

// Answer is the wire answer of a command, as a door made it and as it is replayed.
type Answer struct {
	Status int
	Body   []byte
	Secret bool // holds a secret: kept sealed
}

// StoredAnswer is the record of an idempotency key.
type StoredAnswer struct {
	Program     ident.ProgramID
	Door        string
	Key         string
	Fingerprint []byte // keyed hash of the request
	Status      int
	Body        []byte // sealed when Sealed
	Sealed      bool
	Mismatches  int
	CreatedAt   time.Time // on the programme's clock
	ExpiresAt   time.Time
}

// Endpoint is where the webhooks of a door go.
type Endpoint struct {
	ID             ident.EndpointID
	Program        ident.ProgramID
	Door           event.Door
	Name           string
	URL            string
	Types          []string // names of events; none is all. Only the native door has others
	Paused         bool     // what comes waits
	Disabled       bool
	SecretSealed   []byte
	PreviousSealed []byte    // secret before the last rotation; nil when none
	PreviousUntil  time.Time // signs beside the new one until then
	LastUsedAt     time.Time
	CreatedAt      time.Time
	UpdatedAt      time.Time
	Version        int64
}

// SecretBound says to what the secrets of the endpoint are sealed, the present one and the previous one.
func (e Endpoint) SecretBound() Bound {
	return Bound{Purpose: PurposeWebhook, Program: e.Program, Subject: e.ID.String()}
}

// NoticeState is where the delivery of a message is.
type NoticeState string

// The states of a notice.
const (
	NoticePending   NoticeState = "pending"
	NoticeDelivered NoticeState = "delivered"
	NoticeFailed    NoticeState = "failed" // given up, or its endpoint was disabled
)

// Notice is how the delivery of a message stands.
type Notice struct {
	State      NoticeState
	Attempts   int       // made so far
	HTTPStatus int       // of the last attempt; 0 when there was no answer
	NextAt     time.Time // of the next attempt, on the programme's clock; zero when there is none
}

// Caller is who asks: the credential and where it came from.
type Caller struct {
	Program    ident.ProgramID // zero for who speaks for the whole installation
	Credential ident.CredentialID
	Actor      string     // as in audit rows
	Channel    string     // as in audit rows
	Source     netip.Addr // zero for workers and the command line
	RequestID  string
	OnBehalfOf string // as in audit rows
	Reason     string // why, where the command itself takes none; kept with what its audit row notes
}

// Key is an idempotency key that came with a command.
type Key struct {
	Door        string
	Value       string
	Fingerprint []byte // keyed hash of method, path and canonical body
	// Record gives the wire answer of the outcome, and whether it is to be remembered. It is called inside
	// the transaction and must be pure.
	Record func(result any, err error) (a Answer, remember bool)
}

// Command is what every command carries.
type Command struct {
	Caller Caller
	Key    *Key   // nil when none came
	Why    string // what a person gave as reason; it joins the note of the audit row
}

// Replayed is returned instead of running a command whose key is known: the first answer again.
type Replayed struct{ Answer Answer } //nolint:errname // an answer that travels as an error, not a failure

// Error makes Replayed travel as an error; doors write its answer.
func (r *Replayed) Error() string { return "replayed" }

// The reasons of idempotency and of callers.
var (
	KeyMismatch      = fault.New("idempotency_mismatch", fault.Conflict)
	KeyInProgress    = fault.New("idempotency_in_progress", fault.Conflict)
	KeyRequired      = fault.New("idempotency_key_required", fault.Invalid)
	BreakerOpen      = fault.New("mismatch_breaker", fault.Throttled)
	ProgramUnknown   = access.ProgramUnknown
	ProgramSuspended = access.ProgramSuspended
	EndpointNotFound = fault.New("endpoint_not_found", fault.NotFound)
	EndpointLimit    = fault.New("endpoint_limit", fault.Refused)
	EndpointDisabled = fault.New("endpoint_disabled", fault.Refused)
	DeliveryNotFound = fault.New("delivery_not_found", fault.NotFound)
	EndpointMode     = fault.New("endpoint_mode_not_allowed", fault.Refused) // Detail: string mode
	LiveProgram      = fault.New("simulation_not_available", fault.Forbidden)
	SimulationState  = fault.New("simulation_invalid_state", fault.Refused) // Detail: string
)

// reasons lists the reasons that this package declares.
func reasons() []fault.Reason {
	return []fault.Reason{
		KeyMismatch, KeyInProgress, KeyRequired, BreakerOpen, ProgramUnknown, ProgramSuspended,
		EndpointNotFound, EndpointLimit, EndpointDisabled, EndpointMode, DeliveryNotFound, LiveProgram, SimulationState,
	}
}
