package client

import (
	"context"
	"time"
)

// Reported is how a card stands after it was reported.
type Reported struct {
	CardID       string    `json:"card_id"`
	As           string    `json:"as"`
	Changed      bool      `json:"changed"` // false: it was reported so before
	Status       string    `json:"status"`
	Stop         string    `json:"stop"`
	PlasticState string    `json:"plastic_state"`
	DamagedAt    time.Time `json:"damaged_at"`
	UpdatedAt    time.Time `json:"updated_at"`
}

// Report says that a card is lost, stolen or damaged. A lost or stolen one is stopped for good. The reason is kept in the audit trail.
func (c *Client) Report(ctx context.Context, id, as, reason string, options ...CallOption) (out Reported, err error) {
	return out, c.send(ctx, post(at("cards", id, "report"), map[string]string{"as": as, "reason": reason}, options), &out)
}

// Replaced is a successor, and how the card that it replaces stands.
type Replaced struct {
	CardID             string `json:"card_id"` // of the successor
	Status             string `json:"status"`
	PlasticState       string `json:"plastic_state"`
	Replaces           string `json:"replaces"`
	SourceStatus       string `json:"source_status"`
	SourceStop         string `json:"source_stop"`
	SourcePlasticState string `json:"source_plastic_state"`
}

// Replace puts a card with another number in the place of one that is lost, stolen, lost_in_post, or known to others (fraud, returned_opened). The old one
// ends at once.
func (c *Client) Replace(ctx context.Context, id, why, reason string, options ...CallOption) (out Replaced, err error) {
	return out, c.send(ctx, post(at("cards", id, "replacement"), map[string]string{"for": why, "reason": reason}, options), &out)
}
