package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind is the coarse family of a reason.
type Kind uint8

// The kinds. The zero value is Internal: what nobody classified is a fault.
const (
	Internal        Kind = iota // a fault: everything is rolled back, the caller learns nothing but "try again"
	Invalid                     // the request does not have the form that it must have
	Unauthenticated             // no credential, or one that is not good
	Forbidden                   // a good credential that may not do this
	NotFound                    // no such thing in this programme (also: belongs to another one)
	Conflict                    // clashes with something that exists or runs now
	Refused                     // a rule said no by the state of a card, shipment, customer or account
	Throttled                   // too much, too soon; comes with a time to wait
	Unavailable                 // a fault that passes: overload, store not reachable, shutting down
)

// String names the kind for logs and metrics.
func (k Kind) String() string {
	names := [...]string{
		"internal", "invalid", "unauthenticated", "forbidden", "not_found",
		"conflict", "refused", "throttled", "unavailable",
	}
	if int(k) < len(names) {
		return names[k]
	}
	return "internal"
}

// Reason is the exact rule that said no. Reasons are comparable values and errors, so that
// errors.Is(err, card.AlreadyActivated) reads as it should.
type Reason struct {
	name string
	kind Kind
}

// New declares a reason. The name is lower snake case and unique in the house.
func New(name string, kind Kind) Reason { return Reason{name: name, kind: kind} }

// Name is the reason's name, as in audit rows and logs.
func (r Reason) Name() string { return r.name }

// Kind is the family of the reason.
func (r Reason) Kind() Kind { return r.kind }

// Error makes a Reason usable as a target of errors.Is.
func (r Reason) Error() string { return r.name }

// The two reasons of faults. Every door has a row for each.
var (
	ReasonInternal    = New("internal", Internal)
	ReasonUnavailable = New("unavailable", Unavailable)
)

// Reasons lists the reasons that this package declares.
func Reasons() []Reason { return []Reason{ReasonInternal, ReasonUnavailable} }

// Field is one problem of one field of a request. It never holds the value that was sent.
type Field struct {
	Path    string // dotted, array index as number: cards.0.shippingAddress.country
	Code    string // required, invalid_format, …: the door's own closed list
	Message string // one short sentence for people
}

// Error is what rooms hand to each other when something did not happen.
type Error struct {
	Reason     Reason
	Detail     any           // safe to show; a type that the rule declares and doors render; nil when there is none
	Fields     []Field       // for Invalid: the problems, in the order of the request
	RetryAfter time.Duration // for Throttled and Unavailable; 0 when there is nothing to wait for
	Cause      error         // for the log only
}

// Refuse makes the error of a rule that said no.
func Refuse(r Reason) *Error { return &Error{Reason: r} }

// RefuseWith is Refuse with a detail that is safe to show.
func RefuseWith(r Reason, detail any) *Error { return &Error{Reason: r, Detail: detail} }

// Wrap makes an internal fault: what was attempted, and why it failed.
func Wrap(cause error, attempted string) *Error {
	return &Error{Reason: ReasonInternal, Cause: fmt.Errorf("%s: %w", attempted, cause)}
}

// NotNow makes a passing fault, with the time after which trying again makes sense.
func NotNow(cause error, attempted string, retryAfter time.Duration) *Error {
	return &Error{Reason: ReasonUnavailable, RetryAfter: retryAfter, Cause: fmt.Errorf("%s: %w", attempted, cause)}
}

// Error is for logs. It holds the reason and the cause, never the detail.
func (e *Error) Error() string {
	if e.Cause != nil {
		return e.Reason.name + ": " + e.Cause.Error()
	}
	return e.Reason.name
}

// Unwrap gives the cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Cause }

// Is makes errors.Is(err, reason) true for the reason of e.
func (e *Error) Is(target error) bool {
	r, ok := target.(Reason)
	return ok && r == e.Reason
}

// Of gives the fault.Error inside err. An error of any other type is an internal fault with err as its
// cause; nil stays nil.
func Of(err error) *Error {
	switch e := err.(type) { //nolint:errorlint // what is wrapped is looked for below; most errors are not
	case nil:
		return nil
	case *Error:
		return e
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Reason: ReasonInternal, Cause: err}
}

// IsRefusal reports whether err is a business answer, whose writes commit, and not a fault.
func IsRefusal(err error) bool {
	e := Of(err)
	return e != nil && e.Reason.kind != Internal && e.Reason.kind != Unavailable
}
