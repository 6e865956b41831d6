package card

import (
	"encoding/binary"
	"time"

	"github.com/firsttap/firsttap/internal/ident"
)

// Type is fixed at creation.
type Type string

// The types of card.
const (
	Physical Type = "physical"
	Virtual  Type = "virtual"
)

// Status says whether the number may be used. It is computed; see [Card.Status].
type Status string

// The states of a credential, in the order in which the first match wins.
const (
	Closed     Status = "closed"
	Expired    Status = "expired"
	Blocked    Status = "blocked"
	Frozen     Status = "frozen"
	Open       Status = "open"
	Unassigned Status = "unassigned"
)

// Statuses lists the states, first match first.
func Statuses() []Status { return []Status{Closed, Expired, Blocked, Frozen, Open, Unassigned} }

// By says who froze or blocked a card.
type By string

// The sides that may freeze or block.
const (
	ByHolder  By = "holder"
	ByPartner By = "partner"
	ByIssuer  By = "issuer"
)

// BlockType is why a card is blocked, by its wire name of the cards API.
type BlockType string

// The block types of cards contract §10.1.
const (
	BlockSuspectedFraud BlockType = "SUSPECTED_FRAUD_CVV"
	BlockFraudConfirmed BlockType = "FRAUD_ALERT_CONFIRMED"
	BlockOther          BlockType = "OTHER"
	BlockByPartner      BlockType = "BLOCKED_BY_PARTNER"
	BlockPINTries       BlockType = "TOO_MANY_PIN_TRIES"
	BlockLost           BlockType = "CARD_LOST"
	BlockStolen         BlockType = "CARD_STOLEN"
)

// The block types that only a [Stop] sets; the cards API has no words of its own for them.
const (
	BlockQuery           BlockType = "PENDING_QUERY"
	BlockInactive        BlockType = "CARD_INACTIVE"
	BlockScheduled       BlockType = "SCHEDULED"
	BlockOfflinePINTries BlockType = "TOO_MANY_OFFLINE_PIN_TRIES"
	BlockArrears         BlockType = "ACCOUNT_IN_ARREARS"
	BlockDamaged         BlockType = "CARD_DAMAGED"
	BlockCompliance      BlockType = "COMPLIANCE_HOLD"
)

// Block is an issuer's or partner's stop. The zero Block is none.
type Block struct {
	Type     BlockType
	By       By
	Message  string
	Liftable bool
}

// OfFraud reports whether the block is there because of fraud, suspected or confirmed.
func (b Block) OfFraud() bool { return b.Type == BlockSuspectedFraud || b.Type == BlockFraudConfirmed }

// CloseReason is why a card was closed for good.
type CloseReason string

// The reasons of a close.
const (
	ClosedDeleted  CloseReason = "deleted"
	ClosedLost     CloseReason = "reported_lost"
	ClosedStolen   CloseReason = "reported_stolen"
	ClosedReplaced CloseReason = "replaced"
	ClosedRetired  CloseReason = "retired"
	ClosedOther    CloseReason = "other"
)

// The reasons of a close by a [Stop].
const (
	ClosedConsolidated   CloseReason = "consolidated"
	ClosedForReplacement CloseReason = "stopped_for_replacement"
	ClosedForReissue     CloseReason = "stopped_for_reissue"
	ClosedAccount        CloseReason = "account_closed"
	ClosedFraud          CloseReason = "fraud_confirmed"
)

// Card is the credential: the number, with the facts that its state is computed from.
type Card struct {
	ID              ident.CardID
	Program         ident.ProgramID
	Number          int64           // the debit API's card_id
	Reference       ident.Reference // the debit API's reference_card
	Type            Type
	Design          ident.DesignID
	Customer        ident.CustomerID // zero: bound to nobody
	Account         ident.AccountID
	ReservedFor     ident.CustomerID // only this customer may activate it; zero: anybody
	ReservedAccount ident.AccountID
	Replaces        ident.CardID // the card that this one took the place of; never changes
	HolderName      string       // as embossed
	Last4           string
	ThreeDS         string // SMS, WEBHOOK
	ExpiresAt       time.Time
	FrozenBy        By // "": not frozen
	Block           Block
	ReportedAs      CloseReason // ClosedLost or ClosedStolen once reported; "" otherwise
	ClosedAt        time.Time   // zero: not closed
	ClosedReason    CloseReason
	PINHash         []byte // keyed hash of the PIN, which a verifier compares; nil when there is no PIN
	PINSealed       []byte // sealed PIN that waits for the bureau, or to be shown; nil when neither
	PINViewable     bool   // PINSealed may be shown to the holder
	PINSetAt        time.Time
	CreatedAt       time.Time
	UpdatedAt       time.Time
	Version         int64
}

// Status computes the state of the credential at now; first match wins (design §2).
func (c Card) Status(now time.Time) Status {
	switch {
	case !c.ClosedAt.IsZero():
		return Closed
	case !c.ExpiresAt.IsZero() && !now.Before(c.ExpiresAt):
		return Expired
	case c.Block != Block{}:
		return Blocked
	case c.FrozenBy != "":
		return Frozen
	case !c.Customer.IsZero():
		return Open
	default:
		return Unassigned
	}
}

// Deleted reports whether the card was deleted through an API and is seen by nobody any more.
func (c Card) Deleted() bool { return c.ClosedReason == ClosedDeleted }

// Design is what a card looks like, also called a campaign.
type Design struct {
	ID        ident.DesignID
	Program   ident.ProgramID
	Campaign  string // the debit API's campaign_id: 1–32 letters and digits
	Name      string
	Types     []Type
	Active    bool
	Default   bool
	CreatedAt time.Time
	UpdatedAt time.Time
	Version   int64
}

// PublicNumber stands for the design where the debit API wants a number. It is drawn from the design's id, whose
// end is random.
func (d Design) PublicNumber() int64 {
	const low, room = 10_000_000, 1<<31 - 10_000_000
	return low + int64(binary.BigEndian.Uint64(d.ID.UUID[8:])%room)
}

// Makes reports whether cards of that type can be made with the design.
func (d Design) Makes(t Type) bool {
	for _, have := range d.Types {
		if have == t {
			return true
		}
	}
	return false
}

// Luhn gives the check digit of a number of decimal digits.
func Luhn(digits string) byte {
	sum, double := 0, true
	for i := len(digits) - 1; i >= 0; i-- {
		d := int(digits[i] - '0')
		if double {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum, double = sum+d, !double
	}
	return byte('0' + (10-sum%10)%10)
}
