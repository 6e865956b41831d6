package client

import (
	"context"
	"encoding/json"
	"strings"
	"time"
)

// Event is something that was announced: ids and states, nothing personal.
type Event struct {
	ID        string          `json:"id"`
	Type      string          `json:"type"`
	CreatedAt time.Time       `json:"created_at"`
	Data      json.RawMessage `json:"data"`
}

// EventPage is a part of the feed, oldest first.
type EventPage struct {
	Items   []Event `json:"items"`
	Next    string  `json:"next_cursor"` // where the next page begins; keep it
	HasMore bool    `json:"has_more"`    // ask again at once
}

// EventQuery asks for a part of the feed.
type EventQuery struct {
	Cursor string        // "" begins with the oldest that is kept
	Types  []string      // none is all
	Limit  int           // 1 to 100; 0 is 100
	Wait   time.Duration // for something to come; at most 15 s
}

// Events gives the next events after a cursor.
func (c *Client) Events(ctx context.Context, q EventQuery) (out EventPage, err error) {
	query := params("cursor", q.Cursor, "types", strings.Join(q.Types, ","), "limit", number(q.Limit), "wait", number(int(q.Wait/time.Second)))
	return out, c.send(ctx, get(at("events"), query), &out)
}

// Follow hands one page after the other to take, which keeps page.Next where it keeps what it made of the events: started again
// with that cursor, none is missed and none comes twice. It ends with the error of take, of the server, or of ctx.
func (c *Client) Follow(ctx context.Context, q EventQuery, take func(context.Context, EventPage) error) error {
	if q.Wait == 0 {
		q.Wait = 15 * time.Second
	}
	for {
		page, err := c.Events(ctx, q)
		if err != nil {
			return err
		}
		if len(page.Items) > 0 {
			if err := take(ctx, page); err != nil {
				return err
			}
		}
		q.Cursor = page.Next
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}
