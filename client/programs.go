package client

import (
	"context"
	"iter"
	"net/http"
	"strconv"
	"time"
)

// Program is a programme: what owns keys, policies, designs, customers and cards.
type Program struct {
	ID            string    `json:"id"`
	Name          string    `json:"name"`
	Kind          string    `json:"kind"` // sandbox or live
	Suspended     bool      `json:"suspended"`
	PolicyVersion int64     `json:"policy_version"` // how often its policies were changed
	Now           time.Time `json:"now"`            // what its clock shows
	CreatedAt     time.Time `json:"created_at"`
	UpdatedAt     time.Time `json:"updated_at"`
}

// NewProgram is a programme to be made.
type NewProgram struct {
	Name     string         `json:"name"`
	Kind     string         `json:"kind"` // sandbox or live
	Policies map[string]any `json:"policies,omitempty"`
}

// Policy is one policy of a programme. Values are bool, float64, string or []any, by Type; nil is none.
type Policy struct {
	Name    string   `json:"name"`
	Type    string   `json:"type"` // boolean, integer, duration, choice, list, text
	Value   any      `json:"value"`
	Default any      `json:"default"`
	Set     bool     `json:"set"`
	Minimum *int64   `json:"minimum"`
	Maximum *int64   `json:"maximum"`
	Options []string `json:"options"`
	Takes   string   `json:"takes"` // the values that it takes, in words
	Effect  string   `json:"effect"`
}

// Policies is all policies of a programme.
type Policies struct {
	Version int64    `json:"version"`
	Items   []Policy `json:"items"`
}

// PolicyVersion is one change of policies.
type PolicyVersion struct {
	Version    int64          `json:"version"`
	At         time.Time      `json:"at"`
	Actor      string         `json:"actor"`
	Channel    string         `json:"channel"`
	OnBehalfOf string         `json:"on_behalf_of"`
	Reason     string         `json:"reason"`
	Changes    []PolicyChange `json:"changes"`
}

// PolicyChange is one policy with its value before and after.
type PolicyChange struct {
	Name string `json:"name"`
	Was  any    `json:"was"`
	Is   any    `json:"is"`
}

// PolicyChanges are policies to be changed.
type PolicyChanges struct {
	Values map[string]any `json:"policies"` // in the type of each; nil takes the default again
	Reason string         `json:"reason,omitempty"`
	// Seen is the version that the change is for: with another one it is refused with [PolicyVersionMismatch]. nil is any.
	Seen *int64 `json:"-"`
}

// APIKey is a key of a programme, without its secret. Its times are real ones.
type APIKey struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Door       string    `json:"door"` // native, cards, debit
	Admin      bool      `json:"admin"`
	Scopes     []string  `json:"scopes"`
	Allowlist  []string  `json:"allowlist"`
	Status     string    `json:"status"` // active, expired, revoked
	ExpiresAt  time.Time `json:"expires_at"`
	LastUsedAt time.Time `json:"last_used_at"`
	CreatedAt  time.Time `json:"created_at"`
	RevokedAt  time.Time `json:"revoked_at"`
}

// IssuedKey is a new key with its secret, which nothing else shows.
type IssuedKey struct {
	APIKey
	Secret string `json:"secret"`
}

// NewKey is a key to be made.
type NewKey struct {
	Name      string     `json:"name"`
	Door      string     `json:"door,omitempty"`   // native when empty; cards, debit
	Scopes    []string   `json:"scopes,omitempty"` // of a native key
	Allowlist []string   `json:"allowlist,omitempty"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
	Admin     bool       `json:"admin,omitempty"` // of a token of the debit API
}

// KeyChange changes a key; what is nil stays.
type KeyChange struct {
	Allowlist *[]string  `json:"allowlist,omitempty"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}

// Program gives the programme of the key.
func (c *Client) Program(ctx context.Context) (out Program, err error) {
	return out, c.send(ctx, get(at("program"), nil), &out)
}

// Policies gives all policies of the programme.
func (c *Client) Policies(ctx context.Context) (out Policies, err error) {
	return out, c.send(ctx, get(at("policies"), nil), &out)
}

// SetPolicies changes policies, all that are named or none.
func (c *Client) SetPolicies(ctx context.Context, changes PolicyChanges, options ...CallOption) (out Policies, err error) {
	k := write(http.MethodPatch, at("policies"), changes, options)
	if changes.Seen != nil {
		k.match = strconv.Quote(strconv.FormatInt(*changes.Seen, 10))
	}
	return out, c.send(ctx, k, &out)
}

// PolicyVersions yields the changes of policies, newest first.
func (c *Client) PolicyVersions(ctx context.Context) iter.Seq2[PolicyVersion, error] {
	return every[PolicyVersion](ctx, c.ownOrder(), at("policies", "versions"), nil)
}

// Keys yields the keys for one API, newest first; door "" is native.
func (c *Client) Keys(ctx context.Context, door string) iter.Seq2[APIKey, error] {
	return every[APIKey](ctx, c, at("keys"), params("door", door))
}

// IssueKey makes a key. It gives no scope that the client's own key has not.
func (c *Client) IssueKey(ctx context.Context, n NewKey, options ...CallOption) (out IssuedKey, err error) {
	return out, c.send(ctx, post(at("keys"), n, options), &out)
}

// Key gives one key.
func (c *Client) Key(ctx context.Context, id string) (out APIKey, err error) {
	return out, c.send(ctx, get(at("keys", id), nil), &out)
}

// ChangeKey changes where a key may be used from, or until when.
func (c *Client) ChangeKey(ctx context.Context, id string, change KeyChange, options ...CallOption) (out APIKey, err error) {
	return out, c.send(ctx, write(http.MethodPatch, at("keys", id), change, options), &out)
}

// RotateKey puts a new key in the place of another, which lives on for the overlap.
func (c *Client) RotateKey(ctx context.Context, id string, overlap time.Duration, options ...CallOption) (out IssuedKey, err error) {
	return out, c.send(ctx, post(at("keys", id, "rotate"), map[string]string{"overlap": overlap.String()}, options), &out)
}

// RevokeKey ends a key for good. The reason may be empty.
func (c *Client) RevokeKey(ctx context.Context, id, reason string, options ...CallOption) (out APIKey, err error) {
	return out, c.send(ctx, post(at("keys", id, "revoke"), because(reason), options), &out)
}

// because is a body with a reason, where there is one.
func because(reason string) map[string]string {
	if reason == "" {
		return map[string]string{}
	}
	return map[string]string{"reason": reason}
}

// Programs yields all programmes, newest first. This and what follows is for keys of the installation.
func (c *Client) Programs(ctx context.Context) iter.Seq2[Program, error] {
	return every[Program](ctx, c, at("programs"), nil)
}

// CreateProgram adds a programme.
func (c *Client) CreateProgram(ctx context.Context, n NewProgram, options ...CallOption) (out Program, err error) {
	return out, c.send(ctx, post(at("programs"), n, options), &out)
}

// ProgramByID gives one programme.
func (c *Client) ProgramByID(ctx context.Context, id string) (out Program, err error) {
	return out, c.send(ctx, get(at("programs", id), nil), &out)
}

// SuspendProgram refuses every call to a programme from then on.
func (c *Client) SuspendProgram(ctx context.Context, id, reason string, options ...CallOption) (out Program, err error) {
	return out, c.send(ctx, post(at("programs", id, "suspend"), because(reason), options), &out)
}

// ResumeProgram opens a suspended programme again. The reason may be empty.
func (c *Client) ResumeProgram(ctx context.Context, id, reason string, options ...CallOption) (out Program, err error) {
	return out, c.send(ctx, post(at("programs", id, "resume"), because(reason), options), &out)
}

// IssueProgramKey makes a key of a programme, as its first.
func (c *Client) IssueProgramKey(ctx context.Context, id string, n NewKey, options ...CallOption) (out IssuedKey, err error) {
	return out, c.send(ctx, post(at("programs", id, "keys"), n, options), &out)
}
