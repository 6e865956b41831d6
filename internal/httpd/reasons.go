package httpd

import "github.com/firsttap/firsttap/internal/fault"

// The refusals that come before any business rule. Every door has a row for each.
var (
	RouteNotFound    = fault.New("route_not_found", fault.NotFound)    // no such path
	MethodNotAllowed = fault.New("method_not_allowed", fault.NotFound) // the path exists with other methods; Detail is Allowed
	HTTPSRequired    = fault.New("https_required", fault.Forbidden)    // the outer hop was plain HTTP
	BodyTooLarge     = fault.New("body_too_large", fault.Invalid)      // more bytes than the route takes; Detail is BodyLimit
	BodyInterrupted  = fault.New("body_interrupted", fault.Invalid)    // the body ended before its announced length
	RateLimited      = fault.New("rate_limited", fault.Throttled)      // a window or bucket is full
	AddressBlocked   = fault.New("address_blocked", fault.Throttled)   // too many failed authentications from one address
	ClientGone       = fault.New("client_gone", fault.Unavailable)     // nobody waits for the answer any more
	Overloaded       = fault.New("overloaded", fault.Unavailable)      // too many requests in flight
	DeadlinePassed   = fault.New("deadline_passed", fault.Unavailable) // the answer took longer than the route allows
)

// Reasons lists the reasons that this package declares.
func Reasons() []fault.Reason {
	return []fault.Reason{
		RouteNotFound, MethodNotAllowed, HTTPSRequired, BodyTooLarge, BodyInterrupted,
		RateLimited, AddressBlocked, ClientGone, Overloaded, DeadlinePassed,
	}
}

// Allowed is the detail of MethodNotAllowed: the methods that the path has, sorted, for the header
// Allow.
type Allowed struct {
	Methods []string
}

// BodyLimit is the detail of BodyTooLarge: the most bytes that the route takes.
type BodyLimit struct {
	Bytes int64
}
