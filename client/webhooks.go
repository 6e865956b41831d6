package client

import (
	"context"
	"iter"
	"net/http"
	"time"
)

// Webhook is a URL that events are sent to, signed; see [VerifyStandardWebhook].
type Webhook struct {
	ID                  string    `json:"id"`
	Name                string    `json:"name"`
	URL                 string    `json:"url"`
	Types               []string  `json:"types"`  // none is all
	Status              string    `json:"status"` // active, paused, ended
	Secret              string    `json:"secret"` // only where it is made
	PreviousSecretUntil time.Time `json:"previous_secret_until"`
	LastUsedAt          time.Time `json:"last_used_at"`
	CreatedAt           time.Time `json:"created_at"`
	UpdatedAt           time.Time `json:"updated_at"`
}

// Delivery is an event on its way to a webhook.
type Delivery struct {
	ID             string            `json:"id"`
	WebhookID      string            `json:"webhook_id"`
	EventID        string            `json:"event_id"`
	Type           string            `json:"type"`
	Status         string            `json:"status"` // pending, delivered, exhausted, dropped
	AttemptCount   int               `json:"attempt_count"`
	LastHTTPStatus int               `json:"last_http_status"`
	LastFailure    string            `json:"last_failure"`
	NextAttemptAt  time.Time         `json:"next_attempt_at"`
	LastAttemptAt  time.Time         `json:"last_attempt_at"`
	CreatedAt      time.Time         `json:"created_at"`
	Body           *Event            `json:"body"`     // with Attempts, only where one delivery is asked for
	Attempts       []DeliveryAttempt `json:"attempts"` // the oldest first
}

// DeliveryAttempt is one try to deliver.
type DeliveryAttempt struct {
	Number     int       `json:"number"`
	At         time.Time `json:"at"`      // on the programme's clock
	SentAt     time.Time `json:"sent_at"` // on real time
	Outcome    string    `json:"outcome"`
	HTTPStatus int       `json:"http_status"`
	DurationMS int       `json:"duration_ms"`
}

// NewWebhook says where events are to be sent.
type NewWebhook struct {
	Name  string   `json:"name"`
	URL   string   `json:"url"`
	Types []string `json:"types,omitempty"` // none is all
}

// WebhookChange changes what is not nil.
type WebhookChange struct {
	Name   *string   `json:"name,omitempty"`
	URL    *string   `json:"url,omitempty"`
	Types  *[]string `json:"types,omitempty"`
	Paused *bool     `json:"paused,omitempty"`
}

// Replayed is how many deliveries are sent again.
type Replayed struct {
	Replayed int  `json:"replayed"`
	More     bool `json:"more"` // there are more than one call takes
}

// Webhooks lists the webhooks, newest first, those that ended too.
func (c *Client) Webhooks(ctx context.Context) ([]Webhook, error) {
	var out Page[Webhook]
	err := c.send(ctx, get(at("webhooks"), nil), &out)
	return out.Items, err
}

// Webhook gives one webhook.
func (c *Client) Webhook(ctx context.Context, id string) (out Webhook, err error) {
	return out, c.send(ctx, get(at("webhooks", id), nil), &out)
}

// CreateWebhook adds a webhook. Keep its Secret: no other answer has it.
func (c *Client) CreateWebhook(ctx context.Context, w NewWebhook, options ...CallOption) (out Webhook, err error) {
	return out, c.send(ctx, post(at("webhooks"), w, options), &out)
}

// UpdateWebhook changes a webhook, pauses it, or lets it go on.
func (c *Client) UpdateWebhook(ctx context.Context, id string, w WebhookChange, options ...CallOption) (out Webhook, err error) {
	return out, c.send(ctx, write(http.MethodPatch, at("webhooks", id), w, options), &out)
}

// EndWebhook ends a webhook for good.
func (c *Client) EndWebhook(ctx context.Context, id string, options ...CallOption) (out Webhook, err error) {
	return out, c.send(ctx, write(http.MethodDelete, at("webhooks", id), nil, options), &out)
}

// RotateWebhookSecret gives a new Secret; the one before signs beside it for a day.
func (c *Client) RotateWebhookSecret(ctx context.Context, id string, options ...CallOption) (out Webhook, err error) {
	return out, c.send(ctx, post(at("webhooks", id, "rotate-secret"), nil, options), &out)
}

// TestWebhook sends a signed sample, and gives the id of its event.
func (c *Client) TestWebhook(ctx context.Context, id string, options ...CallOption) (event string, err error) {
	var out struct {
		EventID string `json:"event_id"`
	}
	err = c.send(ctx, post(at("webhooks", id, "test"), nil, options), &out)
	return out.EventID, err
}

// Deliveries yields what went or goes to a webhook, newest first; status "" is any.
func (c *Client) Deliveries(ctx context.Context, webhook, status string) iter.Seq2[Delivery, error] {
	return every[Delivery](ctx, c, at("webhooks", webhook, "deliveries"), params("status", status))
}

// Delivery gives one delivery with its body and attempts.
func (c *Client) Delivery(ctx context.Context, webhook, id string) (out Delivery, err error) {
	return out, c.send(ctx, get(at("webhooks", webhook, "deliveries", id), nil), &out)
}

// RetryDelivery sends a delivery again at once.
func (c *Client) RetryDelivery(ctx context.Context, webhook, id string, options ...CallOption) (out Delivery, err error) {
	return out, c.send(ctx, post(at("webhooks", webhook, "deliveries", id, "retry"), nil, options), &out)
}

// ReplayDeliveries sends again what was made from from on and before to; status "" is what was given up.
func (c *Client) ReplayDeliveries(ctx context.Context, webhook string, from, to time.Time, status string, options ...CallOption) (out Replayed, err error) {
	body := map[string]string{"from": from.UTC().Format(time.RFC3339Nano), "to": to.UTC().Format(time.RFC3339Nano)}
	if status != "" {
		body["status"] = status
	}
	return out, c.send(ctx, post(at("webhooks", webhook, "deliveries", "replay"), body, options), &out)
}
