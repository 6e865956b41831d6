package client

import (
	"context"
	"iter"
	"time"
)

// Design is what a card looks like.
type Design struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Campaign  string    `json:"campaign"` // what the debit API calls it
	Types     []string  `json:"types"`    // physical, virtual
	Active    bool      `json:"active"`   // new cards may have it
	Default   bool      `json:"default"`  // cards that name none have it
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// NewDesign is a design to be added.
type NewDesign struct {
	Name     string   `json:"name"`
	Campaign string   `json:"campaign,omitempty"`
	Types    []string `json:"types,omitempty"` // both when empty
	Default  bool     `json:"default,omitempty"`
}

// Designs yields designs, newest first.
func (c *Client) Designs(ctx context.Context) iter.Seq2[Design, error] {
	return every[Design](ctx, c, at("designs"), nil)
}

// AddDesign adds a design.
func (c *Client) AddDesign(ctx context.Context, n NewDesign, options ...CallOption) (out Design, err error) {
	return out, c.send(ctx, post(at("designs"), n, options), &out)
}

// Design gives one design.
func (c *Client) Design(ctx context.Context, id string) (out Design, err error) {
	return out, c.send(ctx, get(at("designs", id), nil), &out)
}

// SetDefaultDesign makes a design the one of cards that name none.
func (c *Client) SetDefaultDesign(ctx context.Context, id string, options ...CallOption) (out Design, err error) {
	return out, c.send(ctx, post(at("designs", id, "default"), nil, options), &out)
}

// RetireDesign lets no new card have a design; cards that have it keep it.
func (c *Client) RetireDesign(ctx context.Context, id string, options ...CallOption) (out Design, err error) {
	return out, c.send(ctx, post(at("designs", id, "retire"), nil, options), &out)
}

// RestoreDesign lets new cards have a retired design again.
func (c *Client) RestoreDesign(ctx context.Context, id string, options ...CallOption) (out Design, err error) {
	return out, c.send(ctx, post(at("designs", id, "restore"), nil, options), &out)
}
