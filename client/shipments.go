package client

import (
	"context"
	"iter"
	"net/http"
	"time"
)

// Address is where a parcel goes, or what a mailer shows.
type Address struct {
	Line1      string `json:"line1"`
	Line2      string `json:"line2,omitempty"`
	Zone       string `json:"zone,omitempty"`
	City       string `json:"city"`
	PostalCode string `json:"postal_code,omitempty"`
	Country    string `json:"country"` // ISO 3166-1 alpha-2
}

// Recipient is who takes a parcel.
type Recipient struct {
	FirstName   string `json:"first_name"`
	LastName    string `json:"last_name"`
	DialCode    int    `json:"dial_code"` // 0: among the digits of the number
	PhoneNumber string `json:"phone_number"`
	Email       string `json:"email"`
}

// Shipment is a box of plastics on its way. A list leaves out members, scans and actions.
type Shipment struct {
	ID             string           `json:"id"`
	Kind           string           `json:"kind"` // cards or batch
	BatchID        string           `json:"batch_id"`
	Status         string           `json:"status"`
	Destination    Address          `json:"destination"`
	Recipient      Recipient        `json:"recipient"`
	Courier        string           `json:"courier"`
	CourierName    string           `json:"courier_name"`
	TrackingNumber string           `json:"tracking_number"`
	TrackingURL    string           `json:"tracking_url"`
	CutoffAt       time.Time        `json:"cutoff_at"`
	SubmittedAt    time.Time        `json:"submitted_at"`
	DeliveredAt    time.Time        `json:"delivered_at"`
	CreatedAt      time.Time        `json:"created_at"`
	UpdatedAt      time.Time        `json:"updated_at"`
	Members        []ShipmentMember `json:"members"` // none of a bulk order: its batch lists them
	Scans          []Scan           `json:"scans"`   // in the order in which they happened
	AllowedActions []string         `json:"allowed_actions"`
}

// ShipmentMember is a plastic that lies in a shipment.
type ShipmentMember struct {
	ID              string    `json:"id"`
	CardID          string    `json:"card_id"`
	DesignID        string    `json:"design_id"`
	Address         Address   `json:"address"` // printed on the mailer
	PlasticState    string    `json:"plastic_state"`
	Custody         string    `json:"custody"`
	RejectedAt      time.Time `json:"rejected_at"`
	RejectionReason string    `json:"rejection_reason"`
}

// Scan is what a courier reported.
type Scan struct {
	Status     string    `json:"status"`
	At         time.Time `json:"at"`
	RecordedAt time.Time `json:"recorded_at"`
}

// Reship sends again what came back.
type Reship struct {
	Destination    *Address `json:"destination,omitempty"` // nil: where it went before
	TrackingNumber string   `json:"tracking_number,omitempty"`
	TrackingURL    string   `json:"tracking_url,omitempty"`
	Reason         string   `json:"reason"`
}

// ScanReport is what a courier, or who speaks for one, tells of a parcel.
type ScanReport struct {
	TrackingNumber string    `json:"tracking_number"`
	ShipmentID     string    `json:"shipment_id,omitempty"` // the number is this shipment's from now on
	Status         string    `json:"status"`                // a word of the courier, or one of ours
	At             time.Time `json:"at,omitzero"`           // when it happened; without it, now
	ScanID         string    `json:"scan_id,omitempty"`     // of the courier; a repeated one counts once
	TrackingURL    string    `json:"tracking_url,omitempty"`
}

// ScanRecorded is how the parcel stands after a report.
type ScanRecorded struct {
	ShipmentID string `json:"shipment_id"`
	Status     string `json:"status"`
}

// Shipments yields shipments, newest first; status narrows them, "" does not.
func (c *Client) Shipments(ctx context.Context, status string) iter.Seq2[Shipment, error] {
	return every[Shipment](ctx, c, at("shipments"), params("status", status))
}

// Shipment gives one shipment, with what lies in it.
func (c *Client) Shipment(ctx context.Context, id string) (out Shipment, err error) {
	return out, c.send(ctx, get(at("shipments", id), nil), &out)
}

// RedirectShipment sends a shipment elsewhere, until the bureau has begun.
func (c *Client) RedirectShipment(ctx context.Context, id string, to Address, reason string, options ...CallOption) (out Shipment, err error) {
	body := map[string]any{"destination": to, "reason": reason}
	return out, c.send(ctx, write(http.MethodPatch, at("shipments", id), body, options), &out)
}

// CancelShipment cancels a shipment, until the bureau has begun.
func (c *Client) CancelShipment(ctx context.Context, id, reason string, options ...CallOption) (out Shipment, err error) {
	return out, c.send(ctx, post(at("shipments", id, "cancel"), map[string]string{"reason": reason}, options), &out)
}

// ReshipShipment sends what came back in a new shipment.
func (c *Client) ReshipShipment(ctx context.Context, id string, r Reship, options ...CallOption) (out Shipment, err error) {
	return out, c.send(ctx, post(at("shipments", id, "reship"), r, options), &out)
}

// DestroyShipment says that the plastics that came back were destroyed.
func (c *Client) DestroyShipment(ctx context.Context, id, reason string, options ...CallOption) (out Shipment, err error) {
	return out, c.send(ctx, post(at("shipments", id, "destroy"), map[string]string{"reason": reason}, options), &out)
}

// ReportScan tells what became of a parcel. Reports may come late, twice and in any order.
func (c *Client) ReportScan(ctx context.Context, courier string, r ScanReport, options ...CallOption) (out ScanRecorded, err error) {
	return out, c.send(ctx, post(at("couriers", courier, "scans"), r, options), &out)
}
