package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Location is where the box of a bulk order goes.
type Location struct {
	FirstNames      string `json:"first_names"`
	LastNames       string `json:"last_names"`
	Street          string `json:"street"`
	ExteriorNumber  string `json:"exterior_number"`
	InteriorNumber  string `json:"interior_number,omitempty"`
	Neighborhood    string `json:"neighborhood"`
	City            string `json:"city"`
	State           string `json:"state"`
	PostalCode      string `json:"postal_code"`
	Mobile          string `json:"mobile"` // ten digits, or country code and number
	AdditionalNotes string `json:"additional_notes,omitempty"`
	Country         string `json:"country"` // ISO 3166-1 alpha-2
}

// OrderItem is one card of a bulk order.
type OrderItem struct {
	Identifier string `json:"identifier,omitempty"` // the label of the card; without it the server makes one
	FrontName  string `json:"front_name,omitempty"` // embossed
	QR         string `json:"qr,omitempty"`
	PIN        string `json:"pin,omitempty"`
	Campaign   string `json:"campaign,omitempty"`
}

// BatchOrder is a bulk order of up to 50,000 cards.
type BatchOrder struct {
	Campaign string      `json:"campaign,omitempty"` // of items that name none; without it the default
	Location Location    `json:"delivery_location"`
	Items    []OrderItem `json:"items,omitempty"`
	Reason   string      `json:"reason,omitempty"` // why; kept in the audit trail
}

// Batch is a bulk order and how far it is.
type Batch struct {
	ID         string    `json:"id"`
	Reference  string    `json:"reference_batch"` // what an activation by identifier names
	Status     string    `json:"status"`          // accepted, processing, completed, completed_with_failures, failed, canceled
	Campaign   string    `json:"campaign"`
	Requested  int       `json:"requested"`
	Created    int       `json:"created"`
	Failed     int       `json:"failed"`
	ShipmentID string    `json:"shipment_id"`
	Location   Location  `json:"delivery_location"`
	CreatedAt  time.Time `json:"created_at"`
	FinishedAt time.Time `json:"finished_at"`
	UpdatedAt  time.Time `json:"updated_at"`
}

// BatchItem is what became of one card of a bulk order.
type BatchItem struct {
	Index      int    `json:"index"` // from 0
	Identifier string `json:"identifier"`
	Outcome    string `json:"outcome"` // pending, created, failed
	Reason     string `json:"reason"`  // why it failed
	CardID     string `json:"card_id"`
	NumberID   int64  `json:"number_id"`
	CardStatus string `json:"card_status"`
}

// BatchCheck is the answer of a dry run.
type BatchCheck struct {
	Requested int          `json:"requested"`
	Good      int          `json:"good"`
	Failed    int          `json:"failed"`
	Items     []BatchFault `json:"items"` // the first 1,000 that would fail
}

// BatchFault is one item that would fail.
type BatchFault struct {
	Index      int    `json:"index"`
	Identifier string `json:"identifier"`
	Reason     string `json:"reason"`
}

// OrderBatch orders cards in bulk under an idempotency key, which you give: without it, nobody could tell a repeat from a second order.
func (c *Client) OrderBatch(ctx context.Context, key string, o BatchOrder, options ...CallOption) (out Batch, err error) {
	return out, c.send(ctx, post(at("batches"), o, append(options, IdempotencyKey(key))), &out)
}

// OrderBatchCSV is OrderBatch with the items as a CSV file: a line with the names of the columns, then a card in each.
func (c *Client) OrderBatchCSV(ctx context.Context, key string, o BatchOrder, items io.Reader, options ...CallOption) (out Batch, err error) {
	k := write(http.MethodPost, at("batches"), nil, append(options, IdempotencyKey(key)))
	if k.reason != "" {
		o.Reason = k.reason // it is a part of the form
	}
	if k.body, k.kind, err = formOf(o, items); err != nil {
		return out, err
	}
	return out, c.send(ctx, k, &out)
}

// CheckBatch tells which items of an order would fail, and orders nothing.
func (c *Client) CheckBatch(ctx context.Context, o BatchOrder) (out BatchCheck, err error) {
	k := call{method: http.MethodPost, path: at("batches"), query: url.Values{"dry_run": {"true"}}, body: o}
	return out, c.send(ctx, k, &out)
}

// formOf puts an order and its file into a form of two parts.
func formOf(o BatchOrder, items io.Reader) (form []byte, kind string, err error) {
	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	o.Items = nil
	order, err := json.Marshal(o)
	if err != nil {
		return nil, "", fmt.Errorf("firsttap: encode the order: %w", err)
	}
	if err := parts.WriteField("order", string(order)); err != nil {
		return nil, "", fmt.Errorf("firsttap: write the order: %w", err)
	}
	file, err := parts.CreateFormFile("items", "items.csv")
	if err != nil {
		return nil, "", fmt.Errorf("firsttap: write the items: %w", err)
	}
	if _, err := io.Copy(file, items); err != nil {
		return nil, "", fmt.Errorf("firsttap: read the items: %w", err)
	}
	if err := parts.Close(); err != nil {
		return nil, "", fmt.Errorf("firsttap: end the form: %w", err)
	}
	return body.Bytes(), parts.FormDataContentType(), nil
}

// Batches yields the bulk orders, newest first; status narrows them, "" does not.
func (c *Client) Batches(ctx context.Context, status string) iter.Seq2[Batch, error] {
	return every[Batch](ctx, c, at("batches"), params("status", status))
}

// Batch gives one bulk order.
func (c *Client) Batch(ctx context.Context, id string) (out Batch, err error) {
	return out, c.send(ctx, get(at("batches", id), nil), &out)
}

// BatchItems yields the cards of a bulk order, in its order; outcome narrows them, "" does not.
func (c *Client) BatchItems(ctx context.Context, id, outcome string) iter.Seq2[BatchItem, error] {
	return every[BatchItem](ctx, c.ownOrder(), at("batches", id, "items"), params("outcome", outcome, "limit", strconv.Itoa(mostItems)))
}

// mostItems is how many items of a batch come in one page.
const mostItems = 1000

// BatchItemsCSV gives all of them as one CSV file.
func (c *Client) BatchItemsCSV(ctx context.Context, id, outcome string) (out []byte, err error) {
	k := get(at("batches", id, "items"), params("outcome", outcome))
	k.accept = "text/csv"
	return out, c.send(ctx, k, &out)
}

// ResubmitBatch orders again what failed of an order that has ended, corrected; it is a new order, to the same place.
func (c *Client) ResubmitBatch(ctx context.Context, key, id string, items []OrderItem, options ...CallOption) (out Batch, err error) {
	body := map[string][]OrderItem{"items": items}
	return out, c.send(ctx, post(at("batches", id, "resubmit"), body, append(options, IdempotencyKey(key))), &out)
}

// CancelBatch ends a bulk order of which no card was made yet.
func (c *Client) CancelBatch(ctx context.Context, id string, options ...CallOption) (out Batch, err error) {
	return out, c.send(ctx, post(at("batches", id, "cancel"), nil, options), &out)
}
