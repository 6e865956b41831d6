package customer

import (
	"regexp"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
)

// Kind tells persons from companies.
type Kind string

// The kinds of customer.
const (
	Person  Kind = "person"
	Company Kind = "company"
)

// Status is the programme's own switch on a customer.
type Status string

// The states of a customer.
const (
	Active    Status = "active"
	Suspended Status = "suspended"
	Closed    Status = "closed"
)

// ApplicationStatus is the decision of the identity review, which happens elsewhere.
type ApplicationStatus string

// The states of an application (cards contract §16), by their wire names.
const (
	NotStarted        ApplicationStatus = "NOT_STARTED"
	AwaitingDocuments ApplicationStatus = "AWAITING_DOCUMENTS"
	InReview          ApplicationStatus = "IN_REVIEW"
	Approved          ApplicationStatus = "APPROVED"
	Rejected          ApplicationStatus = "REJECTED"
	RetryRequired     ApplicationStatus = "RETRY_REQUIRED"
)

// Customer is a person or company that holds cards.
type Customer struct {
	ID              ident.CustomerID
	Program         ident.ProgramID
	Number          int64  // the debit API's customer_id
	ExternalID      string // the programme's own key; "" when none
	Kind            Kind
	Company         ident.CustomerID // the company that a person belongs to; zero when none
	Status          Status
	Application     ApplicationStatus
	RejectionReason string
	Email           string
	Phone           string // E.164
	FirstName       string
	MiddleName      string
	LastName        string
	SecondLastName  string
	Gender          int // 0 unknown, 1 female, 2 male, 3 business
	RFC             string
	CURP            string
	Country         string // ISO 3166-1 alpha-2
	DateOfBirth     string // YYYY-MM-DD
	Campaign        string // of new cards when an order names none; "" is the programme's default
	TermsVersion    string
	TermsIP         string
	CreatedAt       time.Time
	UpdatedAt       time.Time
	DeletedAt       time.Time // zero: alive
	Version         int64
}

// Reasons of this room.
var (
	NotFound          = fault.New("customer_not_found", fault.NotFound)
	Unnamed           = fault.New("customer_required", fault.Invalid)     // a card has a customer, and the caller must name it
	NotEligible       = fault.New("customer_not_eligible", fault.Refused) // may not hold a card; Detail: Ineligibility
	PhoneTaken        = fault.New("phone_taken", fault.Conflict)
	ExternalIDTaken   = fault.New("external_id_taken", fault.Conflict)
	Exists            = fault.New("customer_exists", fault.Conflict)            // Detail: []Taken
	DataInvalid       = fault.New("customer_data_invalid", fault.Refused)       // RFC or CURP; Detail: []string of field names
	NotApproved       = fault.New("customer_not_approved", fault.Refused)       // Detail: ApplicationStatus
	ProfileIncomplete = fault.New("customer_profile_incomplete", fault.Refused) // Detail: []string of missing members
	CampaignUnknown   = fault.New("customer_campaign_unknown", fault.Invalid)   // of the customer's cards
	ApplicationClosed = fault.New("application_not_allowed", fault.Refused)     // Detail: ApplicationStatus

	TooManyCardsToDelete = fault.New("customer_has_too_many_cards", fault.Refused) // Detail: int, the most that one deletion ends
)

// Reasons lists the reasons that this package declares.
func Reasons() []fault.Reason {
	return []fault.Reason{NotFound, Unnamed, NotEligible, PhoneTaken, ExternalIDTaken, Exists, DataInvalid, NotApproved, ProfileIncomplete, CampaignUnknown, ApplicationClosed, TooManyCardsToDelete}
}

// Ineligibility says why a customer may not hold a card.
type Ineligibility string

// The causes of NotEligible.
const (
	Inactive     Ineligibility = "inactive"    // suspended, closed or not approved
	NotAllowed   Ineligibility = "not_allowed" // the card is reserved for somebody else, or bound to somebody else
	TooManyCards Ineligibility = "too_many"
)

// Field names a unique fact of a customer.
type Field string

// The unique facts.
const (
	FieldEmail      Field = "email"
	FieldPhone      Field = "phone"
	FieldRFC        Field = "rfc"
	FieldCURP       Field = "curp"
	FieldExternalID Field = "external_id"
)

// Eligible reports whether the customer may hold and activate cards at all.
func (c Customer) Eligible() bool {
	return c.Status == Active && c.Application == Approved && c.DeletedAt.IsZero()
}

// FullName joins the names that there are.
func (c Customer) FullName() string {
	return strings.Join(strings.Fields(strings.Join([]string{c.FirstName, c.MiddleName, c.LastName, c.SecondLastName}, " ")), " ")
}

var e164 = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

// ParsePhone reads an E.164 number and gives its normal form: +521 and ten digits are the same
// Mexican number as +52 and the same ten.
func ParsePhone(s string) (string, bool) {
	if !e164.MatchString(s) {
		return "", false
	}
	if strings.HasPrefix(s, "+521") && len(s) == 14 {
		return "+52" + s[4:], true
	}
	return s, true
}

// ParseEmail accepts the address form: one @, something on both sides, a dot-free local host is
// allowed, no white space or control characters, at most 254 bytes.
func ParseEmail(s string) (string, bool) {
	if len(s) > 254 || strings.Count(s, "@") != 1 {
		return "", false
	}
	for _, r := range s {
		if r <= ' ' || r == 0x7f || strings.ContainsRune(`<>()[]\,;:"`, r) {
			return "", false
		}
	}
	local, host, _ := strings.Cut(s, "@")
	if local == "" || len(local) > 64 || host == "" || strings.HasPrefix(host, ".") || strings.HasSuffix(host, ".") || strings.Contains(host, "..") {
		return "", false
	}
	return s, true
}

// EmailKey is the form in which e-mails are compared.
func EmailKey(email string) string { return strings.ToLower(email) }
