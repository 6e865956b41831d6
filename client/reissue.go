package client

import (
	"context"
	"time"
)

// Successor says when the old plastic dies and how the new one looks. The zero Successor leaves both to the server: the old one dies when
// the new one is activated, and the design stays.
type Successor struct {
	RetireSource string    // now, on_activation, on_date; "" for the default
	RetireOn     time.Time // with on_date; in a renewal it may be left out, for the old plastic's own expiry
	DesignID     string
}

// Reissued is a plastic that is to take the place of another one of the same card, and what becomes of that one.
type Reissued struct {
	CardID             string    `json:"card_id"`
	Status             string    `json:"status"`
	PlasticID          string    `json:"plastic_id"` // the new one
	PlasticState       string    `json:"plastic_state"`
	ExpiresAt          time.Time `json:"expires_at"` // of the card, once the new one is activated
	Supersedes         string    `json:"supersedes"` // the old one
	RetireSource       string    `json:"retire_source"`
	SourcePlasticState string    `json:"source_plastic_state"`
	SourceRetiresAt    time.Time `json:"source_retires_at"`
}

// Reissue makes another plastic with the same number and PIN: for damaged, name_change, named, design_change or returned.
func (c *Client) Reissue(ctx context.Context, id, why, reason string, next Successor, options ...CallOption) (out Reissued, err error) {
	body := next.body(reason)
	body["for"] = why
	return out, c.send(ctx, post(at("cards", id, "reissue"), body, options), &out)
}

// Renew makes another plastic with the same number and PIN, and another expiry and security code from its activation on.
func (c *Client) Renew(ctx context.Context, id, reason string, next Successor, options ...CallOption) (out Reissued, err error) {
	return out, c.send(ctx, post(at("cards", id, "renewal"), next.body(reason), options), &out)
}

func (s Successor) body(reason string) map[string]string {
	body := map[string]string{"reason": reason}
	if s.RetireSource != "" {
		body["retire_source"] = s.RetireSource
	}
	if !s.RetireOn.IsZero() {
		body["retire_on"] = s.RetireOn.Format(time.RFC3339Nano)
	}
	if s.DesignID != "" {
		body["design_id"] = s.DesignID
	}
	return body
}
