package client

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Problem is what the server refuses with (RFC 9457). It is an error.
type Problem struct { //nolint:errname // as RFC 9457 calls it
	Type       string         `json:"type"`      // a page on the server that tells of it
	Title      string         `json:"title"`     // of the sort
	Status     int            `json:"status"`    // of HTTP
	Detail     string         `json:"detail"`    // in words
	Reason     Reason         `json:"reason"`    // which rule said no
	Retryable  bool           `json:"retryable"` // the same call may succeed later
	Action     string         `json:"action"`    // what to do
	Context    map[string]any `json:"context"`   // the facts of this time, as in tries_left
	Errors     []FormError    `json:"errors"`    // what is wrong with the form of the call
	RetryAfter time.Duration  `json:"-"`         // as the server asks; 0 when it does not
	Operation  string         `json:"-"`         // as in POST /v1/cards/…/activation
}

// FormError is one thing that is wrong with the form of a call. It never holds what was sent.
type FormError struct {
	Path    string `json:"path"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Error says what was refused and what to do about it.
func (p *Problem) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "firsttap: %s: %s (%d %s)", p.Operation, strings.TrimSuffix(p.Detail, "."), p.Status, p.Reason)
	for _, e := range p.Errors {
		fmt.Fprintf(&b, "; %s: %s", e.Path, strings.TrimSuffix(e.Message, "."))
	}
	if p.Action != "" {
		b.WriteString(". " + p.Action)
	}
	return b.String()
}

// TriesLeft is how many wrong codes the card takes before it locks; ok is false where the server does not tell.
func (p *Problem) TriesLeft() (left int, ok bool) {
	n, ok := p.Context["tries_left"].(float64)
	return int(n), ok
}

// Reason is the name of a rule that said no. There are more than the ones that are named here: GET /problems lists all.
type Reason string

// The reasons that a program most likely acts upon.
const (
	AlreadyActivated      Reason = "already_activated"
	ApprovalRequired      Reason = "approval_required"
	ActivationLocked      Reason = "activation_locked"
	PolicyVersionMismatch Reason = "policy_version_mismatch"
	BatchMismatch         Reason = "batch_mismatch"
	CardNotFound          Reason = "card_not_found"
	CodeMismatch          Reason = "code_mismatch"
	KeyMismatch           Reason = "idempotency_mismatch"
	NotShipped            Reason = "not_shipped"
	RateLimited           Reason = "rate_limited"
	ScopeMissing          Reason = "scope_missing"
	Unavailable           Reason = "unavailable"
)

// problemOf reads a refusal. What is none, as from a proxy on the way, becomes one with the status alone.
func problemOf(k call, res *http.Response, answer []byte) *Problem {
	p := &Problem{}
	if kind, _, _ := strings.Cut(res.Header.Get("Content-Type"), ";"); kind != "application/problem+json" || json.Unmarshal(answer, p) != nil {
		p = &Problem{
			Status: res.StatusCode, Title: http.StatusText(res.StatusCode), Detail: "The answer does not come from the API",
			Retryable: res.StatusCode == http.StatusTooManyRequests || res.StatusCode >= 502 && res.StatusCode <= 504,
		}
	}
	p.Operation, p.RetryAfter = k.method+" "+k.path, retryAfter(res.Header)
	return p
}
