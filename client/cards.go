package client

import (
	"context"
	"iter"
	"time"
)

// Card is a credential with the plastic that speaks for it, its parcel, its guard, and what may be done with it now. Pointers are nil, and
// times zero, where there is nothing.
type Card struct {
	ID           string    `json:"id"`
	NumberID     int64     `json:"number_id"` // what the debit API calls card_id
	Type         string    `json:"type"`      // physical or virtual
	Status       string    `json:"status"`    // closed, expired, blocked, frozen, open, unassigned
	Stop         string    `json:"stop"`      // the strongest stop that stands
	FrozenBy     string    `json:"frozen_by"`
	Block        *Block    `json:"block"`
	ReportedAs   string    `json:"reported_as"`
	ClosedAt     time.Time `json:"closed_at"`
	ClosedReason string    `json:"closed_reason"`
	HolderName   string    `json:"holder_name"`
	Last4        string    `json:"last4"`
	ExpiresAt    time.Time `json:"expires_at"`
	DesignID     string    `json:"design_id"`
	CustomerID   string    `json:"customer_id"`
	AccountID    string    `json:"account_id"`
	ReservedFor  string    `json:"reserved_for"`
	Replaces     string    `json:"replaces"`
	ReplacedBy   string    `json:"replaced_by"` // its successor that lives
	Plastic      *Plastic  `json:"plastic"`
	Parcel       *Parcel   `json:"parcel"`
	// NextPlastic is the living one that is to take the place of Plastic; guard and activation are about it.
	NextPlastic    *NextPlastic `json:"next_plastic"`
	Guard          *Guard       `json:"guard"`
	AllowedActions []string     `json:"allowed_actions"`
	CreatedAt      time.Time    `json:"created_at"`
	UpdatedAt      time.Time    `json:"updated_at"`
}

// Block is the programme's or the issuer's block of a card.
type Block struct {
	Type     string `json:"type"`
	By       string `json:"by"`
	Message  string `json:"message"`
	Liftable bool   `json:"liftable"`
}

// Plastic is one physical piece.
type Plastic struct {
	ID              string    `json:"id"`
	State           string    `json:"state"`
	VoidReason      string    `json:"void_reason"`
	PhysicalStatus  string    `json:"physical_status"` // the physicalCardStatus of the cards API
	Custody         string    `json:"custody"`
	CustodyPresumed bool      `json:"custody_presumed"`
	Identifier      string    `json:"identifier"`
	BatchID         string    `json:"batch_id"`
	ActivatedAt     time.Time `json:"activated_at"`
	DamagedAt       time.Time `json:"damaged_at"`
	RetiresAt       time.Time `json:"retires_at"` // when it dies by a date
}

// NextPlastic is a piece that is to take the place of another one of the same card.
type NextPlastic struct {
	ID             string    `json:"id"`
	State          string    `json:"state"`
	PhysicalStatus string    `json:"physical_status"`
	Custody        string    `json:"custody"`
	Supersedes     string    `json:"supersedes"`
	RetireSource   string    `json:"retire_source"` // now, on_activation, on_date
	ExpiresAt      time.Time `json:"expires_at"`    // of the card, once this piece is activated
	Parcel         *Parcel   `json:"parcel"`
	CreatedAt      time.Time `json:"created_at"`
}

// Parcel is the box that carries a plastic.
type Parcel struct {
	ID             string    `json:"id"`
	Status         string    `json:"status"`
	Courier        string    `json:"courier"`
	TrackingNumber string    `json:"tracking_number"`
	TrackingURL    string    `json:"tracking_url"`
	SubmittedAt    time.Time `json:"submitted_at"`
	DeliveredAt    time.Time `json:"delivered_at"`
}

// Switched is how a card stands after one of its switches was moved.
type Switched struct {
	ID        string    `json:"id"`
	Status    string    `json:"status"`
	Stop      string    `json:"stop"`
	FrozenBy  string    `json:"frozen_by"`
	Block     *Block    `json:"block"`
	UpdatedAt time.Time `json:"updated_at"`
}

// CardFilter narrows a list of cards; what is empty does not.
type CardFilter struct {
	CustomerID, AccountID string
	Type, Status          string
}

// Cards yields the cards that have a customer, newest first.
func (c *Client) Cards(ctx context.Context, f CardFilter) iter.Seq2[Card, error] {
	return every[Card](ctx, c, at("cards"), params("customer_id", f.CustomerID, "account_id", f.AccountID, "type", f.Type, "status", f.Status))
}

// Card gives any card of the programme, also one of a batch that nobody has yet.
func (c *Client) Card(ctx context.Context, id string) (out Card, err error) {
	return out, c.send(ctx, get(at("cards", id), nil), &out)
}

// Freeze moves the holder's switch off.
func (c *Client) Freeze(ctx context.Context, id string, options ...CallOption) (out Switched, err error) {
	return out, c.send(ctx, post(at("cards", id, "freeze"), nil, options), &out)
}

// Unfreeze moves the holder's switch on again.
func (c *Client) Unfreeze(ctx context.Context, id string, options ...CallOption) (out Switched, err error) {
	return out, c.send(ctx, post(at("cards", id, "unfreeze"), nil, options), &out)
}

// Block blocks a card for the programme; message says why, and the block may be lifted.
func (c *Client) Block(ctx context.Context, id, message string, options ...CallOption) (out Switched, err error) {
	return out, c.send(ctx, post(at("cards", id, "block"), map[string]string{"message": message}, options), &out)
}

// Unblock lifts a block that may be lifted. The reason is kept in the audit trail; it may be empty.
func (c *Client) Unblock(ctx context.Context, id, reason string, options ...CallOption) (out Switched, err error) {
	body := map[string]string{}
	if reason != "" {
		body["reason"] = reason
	}
	return out, c.send(ctx, post(at("cards", id, "unblock"), body, options), &out)
}
