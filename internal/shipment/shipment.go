package shipment

import (
	"time"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
)

// Status is where the box is.
type Status string

// The states of a shipment, in the order of the road.
const (
	Draft          Status = "draft"
	Placed         Status = "placed"
	InProduction   Status = "in_production"
	ReadyToShip    Status = "ready_to_ship"
	InTransit      Status = "in_transit"
	OutForDelivery Status = "out_for_delivery"
	Delivered      Status = "delivered"
	DeliveryFailed Status = "delivery_failed" // recoverable
	Exception      Status = "exception"       // recoverable
	Canceled       Status = "canceled"
	Returned       Status = "returned"
	Lost           Status = "lost"
)

// Statuses lists the states.
func Statuses() []Status {
	return []Status{Draft, Placed, InProduction, ReadyToShip, InTransit, OutForDelivery, Delivered, DeliveryFailed, Exception, Canceled, Returned, Lost}
}

// Ended reports whether nothing moves a shipment out of this state.
func (s Status) Ended() bool {
	return s == Delivered || s == Canceled || s == Returned || s == Lost
}

// Left reports whether the parcel is on its way or arrived: the states in which activation is open.
func (s Status) Left() bool { return s == InTransit || s == OutForDelivery || s == Delivered }

// AtPlacing reports whether the bureau has not begun: until then a shipment may be canceled, or sent elsewhere.
func (s Status) AtPlacing() bool { return s == Draft || s == Placed }

// Kind tells a shipment of the cards API from the one box of a batch.
type Kind string

// The kinds of shipment.
const (
	OfCards Kind = "cards"
	OfBatch Kind = "batch"
)

// MaxCards is how many plastics a shipment of the cards API may hold.
const MaxCards = 200

// Address is where a box goes, or what a mailer shows.
type Address struct {
	Line1      string `json:"line1"`
	Line2      string `json:"line2,omitempty"`
	Zone       string `json:"zone,omitempty"`
	City       string `json:"city"`
	PostalCode string `json:"postalCode,omitempty"`
	Country    string `json:"country"` // ISO 3166-1 alpha-2
}

// Recipient is who takes the box.
type Recipient struct {
	FirstName   string `json:"firstName"`
	LastName    string `json:"lastName"`
	PhoneNumber string `json:"phoneNumber"` // national digits
	DialCode    int    `json:"dialCode"`
	Email       string `json:"email"`
}

// Courier is who carries the box.
type Courier struct {
	Type string `json:"type"` // DHL, FEDEX, POSTAL; SF_EXPRESS may appear when the bureau assigns it
	Name string `json:"name,omitempty"`
}

// Couriers lists the sorts of courier.
func Couriers() []string { return []string{"DHL", "FEDEX", "POSTAL", "SF_EXPRESS"} }

// Shipment is a box of plastics.
type Shipment struct {
	ID             ident.ShipmentID
	Program        ident.ProgramID
	Kind           Kind
	Batch          ident.BatchID // of a batch's box
	Status         Status
	Destination    Address
	Recipient      Recipient
	Courier        Courier
	TrackingNumber string
	TrackingURL    string
	CutoffAt       time.Time // zero in draft
	SubmittedAt    time.Time
	DeliveredAt    time.Time
	CreatedAt      time.Time
	UpdatedAt      time.Time
	Version        int64
}

// Member is one plastic's place in a box of the cards API.
type Member struct {
	ID              ident.MemberID
	Shipment        ident.ShipmentID
	Position        int // order of the request, from 0
	Card            ident.CardID
	Plastic         ident.PlasticID
	Design          ident.DesignID
	Address         Address // printed on the mailer
	RejectedAt      time.Time
	RejectionReason string // "" while not refused
	CreatedAt       time.Time
	UpdatedAt       time.Time
}

// Rejected reports whether this shipment refused the member.
func (m Member) Rejected() bool { return !m.RejectedAt.IsZero() }

// Reasons of this room.
var (
	NotFound         = fault.New("shipment_not_found", fault.NotFound)
	MemberNotFound   = fault.New("shipment_member_not_found", fault.NotFound)
	NotEditable      = fault.New("shipment_not_editable", fault.Refused)      // Detail: Status
	AlreadySubmitted = fault.New("shipment_already_submitted", fault.Refused) // Detail: Status
	Full             = fault.New("shipment_full", fault.Refused)
	LastCard         = fault.New("shipment_last_card", fault.Refused)
	CardInShipment   = fault.New("card_already_in_shipment", fault.Refused) // Detail: InShipment
	CardNotShippable = fault.New("card_not_shippable", fault.Refused)       // Detail: NotShippable
	AllRejected      = fault.New("shipment_rejected", fault.Refused)        // Detail: []Rejection
	BureauDown       = fault.New("bureau_unavailable", fault.Unavailable)
	NotStarted       = fault.New("delivery_not_started", fault.Refused)
	NoCourier        = fault.New("courier_unavailable", fault.Refused)
	TooLate          = fault.New("shipment_too_late", fault.Refused) // Detail: Status
	StillFilled      = fault.New("shipment_still_filled", fault.Refused)
	NotReturned      = fault.New("shipment_not_returned", fault.Refused) // Detail: Status
	Emptied          = fault.New("shipment_emptied", fault.Refused)
	TooLarge         = fault.New("shipment_too_large", fault.Refused) // Detail: int, the most plastics
	TrackingUnknown  = fault.New("tracking_number_unknown", fault.NotFound)
	TrackingTaken    = fault.New("tracking_number_taken", fault.Conflict) // by a parcel of that courier that is under way
	CourierUnknown   = fault.New("courier_unknown", fault.NotFound)
	WordUnknown      = fault.New("courier_word_unknown", fault.Invalid)
	AddressInvalid   = fault.New("address_invalid", fault.Invalid) // Fields say what
)

// Reasons lists the reasons that this package declares.
func Reasons() []fault.Reason {
	return []fault.Reason{
		NotFound, MemberNotFound, NotEditable, AlreadySubmitted, Full, LastCard, CardInShipment, CardNotShippable, AllRejected, BureauDown, NotStarted, NoCourier,
		TooLate, StillFilled, NotReturned, Emptied, TooLarge, AddressInvalid,
		TrackingUnknown, TrackingTaken, CourierUnknown, WordUnknown,
	}
}

// InShipment is the detail of CardInShipment.
type InShipment struct {
	Card     ident.CardID
	Shipment ident.ShipmentID
}

// NotShippable is the detail of CardNotShippable.
type NotShippable struct {
	Card  ident.CardID
	Cause string // ACTIVATED, ALREADY_ORDERED, CANCELED, EXPIRED, BLOCKED, USER_NOT_ELIGIBLE
}

// Rejection is one member that was refused at submit.
type Rejection struct {
	Member ident.MemberID
	Card   ident.CardID
	Cause  string // CARD_BLOCKED, CARD_EXPIRED, USER_NOT_ELIGIBLE, DESIGN_INACTIVE, …
}
