package client

import (
	"context"
	"iter"
	"net/http"
	"time"
)

// Customer is a person or company that holds cards.
type Customer struct {
	ID                string    `json:"id"`
	NumberID          int64     `json:"number_id"` // what the debit API calls customer_id
	ExternalID        string    `json:"external_id"`
	Kind              string    `json:"kind"`   // person or company
	Status            string    `json:"status"` // active, suspended, closed
	ApplicationStatus string    `json:"application_status"`
	Email             string    `json:"email"`
	Phone             string    `json:"phone"` // E.164
	FirstName         string    `json:"first_name"`
	LastName          string    `json:"last_name"`
	Country           string    `json:"country"`
	DateOfBirth       string    `json:"date_of_birth"`
	CreatedAt         time.Time `json:"created_at"`
	UpdatedAt         time.Time `json:"updated_at"`
}

// NewCustomer is somebody who will hold cards.
type NewCustomer struct {
	Email        string `json:"email"`
	Phone        string `json:"phone"` // E.164
	ExternalID   string `json:"external_id,omitempty"`
	FirstName    string `json:"first_name,omitempty"`
	LastName     string `json:"last_name,omitempty"`
	TermsVersion string `json:"terms_version,omitempty"` // of the terms that were accepted
}

// CustomerFilter narrows a list of customers; what is empty does not.
type CustomerFilter struct{ ExternalID, Email, Phone string }

// Account is a balance that cards spend.
type Account struct {
	ID              string    `json:"id"`
	NumberID        int64     `json:"number_id"`  // what activations call account_number_id
	Kind            string    `json:"kind"`       // wallet, composite_parent, composite_child
	Status          string    `json:"status"`     // active, inactive, closed
	OwnerKind       string    `json:"owner_kind"` // user, company, program
	OwnerID         string    `json:"owner_id"`
	ParentID        string    `json:"parent_id"`
	Currency        string    `json:"currency"`        // ISO 4217
	AvailableCents  int64     `json:"available_cents"` // what can be spent, a credit line included
	CreditLineCents int64     `json:"credit_line_cents"`
	CreditUsedCents int64     `json:"credit_used_cents"`
	CreatedAt       time.Time `json:"created_at"`
	UpdatedAt       time.Time `json:"updated_at"`
}

// Customers yields customers, newest first.
func (c *Client) Customers(ctx context.Context, f CustomerFilter) iter.Seq2[Customer, error] {
	return every[Customer](ctx, c, at("customers"), params("external_id", f.ExternalID, "email", f.Email, "phone", f.Phone))
}

// CreateCustomer adds a customer.
func (c *Client) CreateCustomer(ctx context.Context, n NewCustomer, options ...CallOption) (out Customer, err error) {
	return out, c.send(ctx, post(at("customers"), n, options), &out)
}

// Customer gives one customer.
func (c *Client) Customer(ctx context.Context, id string) (out Customer, err error) {
	return out, c.send(ctx, get(at("customers", id), nil), &out)
}

// CustomerChange is how a customer is reached from now on; what is empty stays.
type CustomerChange struct {
	Email  string `json:"email,omitempty"`
	Phone  string `json:"phone,omitempty"` // E.164
	Reason string `json:"reason,omitempty"`
}

// UpdateCustomer changes how a customer is reached.
func (c *Client) UpdateCustomer(ctx context.Context, id string, change CustomerChange, options ...CallOption) (out Customer, err error) {
	return out, c.send(ctx, write(http.MethodPatch, at("customers", id), change, options), &out)
}

// CustomerCards yields the cards of a customer, newest first.
func (c *Client) CustomerCards(ctx context.Context, id string) iter.Seq2[Card, error] {
	return every[Card](ctx, c, at("customers", id, "cards"), nil)
}

// Accounts yields accounts, newest first; owner narrows them, "" does not.
func (c *Client) Accounts(ctx context.Context, owner string) iter.Seq2[Account, error] {
	return every[Account](ctx, c, at("accounts"), params("owner_id", owner))
}

// CreateAccount opens an account of a customer whom the identity review has approved.
func (c *Client) CreateAccount(ctx context.Context, owner string, options ...CallOption) (out Account, err error) {
	return out, c.send(ctx, post(at("accounts"), map[string]string{"owner_id": owner}, options), &out)
}

// Account gives one account.
func (c *Client) Account(ctx context.Context, id string) (out Account, err error) {
	return out, c.send(ctx, get(at("accounts", id), nil), &out)
}
