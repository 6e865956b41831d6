package batch

import (
	"regexp"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
)

// Status is how far a batch is.
type Status string

// The states of a batch.
const (
	Staging    Status = "staging" // its upload still arrives; seen by nobody
	Accepted   Status = "accepted"
	Processing Status = "processing"
	Completed  Status = "completed"
	WithFailed Status = "completed_with_failures"
	Failed     Status = "failed"
	Canceled   Status = "canceled"
)

// Statuses lists the states.
func Statuses() []Status {
	return []Status{Staging, Accepted, Processing, Completed, WithFailed, Failed, Canceled}
}

// Finished reports whether nothing will happen to the batch any more.
func (s Status) Finished() bool {
	return s == Completed || s == WithFailed || s == Failed || s == Canceled
}

// Step is a command to a batch.
type Step string

// The commands to a batch.
const (
	Accept Step = "accept"
	Take   Step = "take" // a worker begins, or goes on after a crash
	Cancel Step = "cancel"
	Finish Step = "finish"
)

// Steps lists the commands.
func Steps() []Step { return []Step{Accept, Take, Cancel, Finish} }

// Move gives the state after a step, and whether the step is legal. Finish looks at the outcomes.
func (b Batch) Move(step Step) (Status, bool) {
	switch {
	case b.Status == Staging && step == Accept:
		return Accepted, true
	case (b.Status == Accepted || b.Status == Processing) && step == Take:
		return Processing, true
	case b.Status == Accepted && step == Cancel:
		return Canceled, true
	case b.Status == Processing && step == Finish && b.Created+b.Failed == b.Requested:
		switch {
		case b.Created == 0:
			return Failed, true
		case b.Failed > 0:
			return WithFailed, true
		default:
			return Completed, true
		}
	}
	return b.Status, false
}

// Batch is the result of one bulk order.
type Batch struct {
	ID         ident.BatchID
	Program    ident.ProgramID
	Reference  ident.Reference
	Status     Status
	Campaign   string // campaign of items that name none
	Location   Location
	Requested  int
	Created    int
	Failed     int
	NextIndex  int // the first item that the worker has not looked at
	Shipment   ident.ShipmentID
	Credential ident.CredentialID // who ordered
	BodyHash   []byte             // keyed hash of the order, for the natural replay; nil when it has none
	CreatedAt  time.Time
	FinishedAt time.Time
	UpdatedAt  time.Time
	Version    int64
}

// Location is where the whole batch goes (debit contract §8.1).
type Location struct {
	FirstNames     string `json:"first_names"`
	LastNames      string `json:"last_names"`
	Street         string `json:"street"`
	ExteriorNumber string `json:"exterior_number"`
	InteriorNumber string `json:"interior_number,omitempty"`
	Neighborhood   string `json:"neighborhood"`
	City           string `json:"city"`
	State          string `json:"state"`
	PostalCode     string `json:"postal_code"`
	Mobile         string `json:"mobile"`
	Notes          string `json:"additional_notes,omitempty"`
	Country        string `json:"country"`
}

// Outcome is what became of an item.
type Outcome string

// The outcomes of an item.
const (
	Pending     Outcome = "pending"
	ItemCreated Outcome = "created"
	ItemFailed  Outcome = "failed"
)

// ItemReason is why an item failed (debit contract §8.4).
type ItemReason string

// The reasons of failed items.
const (
	IdentifierInvalid    ItemReason = "identifier_invalid"
	IdentifierDuplicated ItemReason = "identifier_duplicated"
	FrontNameInvalid     ItemReason = "front_name_invalid"
	QRInvalid            ItemReason = "qr_invalid"
	PINInvalid           ItemReason = "pin_invalid"
	PINWeak              ItemReason = "pin_weak"
	CampaignUnknown      ItemReason = "campaign_unknown"
	CampaignInactive     ItemReason = "campaign_inactive"
	BureauRejected       ItemReason = "bureau_rejected"
	InternalFailure      ItemReason = "internal"
)

// Item is one card of a batch, before it is made.
type Item struct {
	Batch      ident.BatchID
	Index      int
	Identifier string
	FrontName  string
	QR         string
	PINSealed  []byte // sealed while staged; nil when none came
	Campaign   string
	Outcome    Outcome
	Reason     ItemReason
	Card       ident.CardID
	CardNumber int64
}

// Reasons of this room.
var (
	NotFound      = fault.New("batch_not_found", fault.NotFound)
	OrderInvalid  = fault.New("order_invalid", fault.Invalid)         // Fields say what
	NotCancelable = fault.New("batch_not_cancelable", fault.Conflict) // Detail: Status
	NothingFailed = fault.New("batch_failed_less", fault.Conflict)    // Detail: Status; it has not ended, or fewer of its items failed
)

// Reasons lists the reasons that this package declares.
func Reasons() []fault.Reason {
	return []fault.Reason{NotFound, OrderInvalid, NotCancelable, NothingFailed}
}

// MaxItems is how many cards one order may hold.
const MaxItems = 50_000

var identifierForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// ValidIdentifier checks the label of a card: 1–64 of A-Z a-z 0-9 . _ -.
func ValidIdentifier(s string) bool { return identifierForm.MatchString(s) }

// foldings turn accented letters into what embossers print.
var foldings = strings.NewReplacer(
	"á", "a", "à", "a", "ä", "a", "â", "a", "ã", "a", "å", "a", "Á", "A", "À", "A", "Ä", "A", "Â", "A", "Ã", "A", "Å", "A",
	"é", "e", "è", "e", "ë", "e", "ê", "e", "É", "E", "È", "E", "Ë", "E", "Ê", "E",
	"í", "i", "ì", "i", "ï", "i", "î", "i", "Í", "I", "Ì", "I", "Ï", "I", "Î", "I",
	"ó", "o", "ò", "o", "ö", "o", "ô", "o", "õ", "o", "ø", "o", "Ó", "O", "Ò", "O", "Ö", "O", "Ô", "O", "Õ", "O", "Ø", "O",
	"ú", "u", "ù", "u", "ü", "u", "û", "u", "Ú", "U", "Ù", "U", "Ü", "U", "Û", "U",
	"ñ", "n", "Ñ", "N", "ç", "c", "Ç", "C", "ý", "y", "ÿ", "y", "Ý", "Y", "ß", "ss", "æ", "ae", "Æ", "AE", "œ", "oe", "Œ", "OE",
	"ł", "l", "Ł", "L", "š", "s", "Š", "S", "ž", "z", "Ž", "Z", "č", "c", "Č", "C", "ć", "c", "Ć", "C", "ń", "n", "Ń", "N",
)

var printed = regexp.MustCompile(`^[A-Za-z0-9 .,'&/-]*$`)

// MaxFrontName is how many characters the front of a card has room for.
const MaxFrontName = 26

// Emboss folds accents and reports whether the line can be printed: letters, digits, space and
// . , ' & / -.
func Emboss(line string) (string, bool) {
	folded := foldings.Replace(line)
	return folded, printed.MatchString(folded)
}
