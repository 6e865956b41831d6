package httpd

import (
	"net/http"
	"strings"
	"time"
)

// HandlerFunc answers one request or returns why it did not. What it returns goes to the renderer of
// the door; a handler that has begun to write its answer must not return an error any more.
type HandlerFunc func(w http.ResponseWriter, r *http.Request) error

// Idempotency says what a route does with the header Idempotency-Key.
type Idempotency uint8

// The four ways. The zero value ignores the header.
const (
	None     Idempotency = iota // ignored
	Optional                    // honoured when present
	Required                    // refused when absent
	ByPolicy                    // Optional, unless a policy of the programme makes it Required
)

// Route is one endpoint, as data: tests walk routes to prove that each has its credential, limit and
// tier. Auth and Tier are words of the door; this package does not read them.
type Route struct {
	Name        string        // template for logs and metrics; "" is made from Method and Pattern
	Method      string        // GET, POST, PUT, PATCH, DELETE
	Pattern     string        // "/cards/{id}/activate": segments are literal or {name}
	Door        string        // name of the door
	Auth        string        // who may call, in the door's words
	Idempotency Idempotency   // what Idempotency-Key does
	Tier        string        // which rate limit counts it, in the door's words
	MaxBody     int64         // most bytes of body; 0: the route reads no body and ignores any
	Timeout     time.Duration // most time for an answer; 0: the server's default
	Secret      bool          // the response carries a secret
	Handler     HandlerFunc
}

// Param is the decoded value of the segment {name} of the route's pattern; "" when there is none.
func Param(r *http.Request, name string) string { return RecordOf(r.Context()).Params.Get(name) }

// Params are the parameters of a path, in its order.
type Params []Value

// Get is the decoded value of a parameter; "" when there is none.
func (ps Params) Get(name string) string {
	for _, p := range ps {
		if p.Name == name {
			return p.Value
		}
	}
	return ""
}

// Target is the name of the route with the ids of a request in it, in lower case: two requests for the same thing have
// the same, however they write its id, with or without a slash at the end.
func (t *Route) Target(r *http.Request) []byte {
	target, rest := make([]byte, 0, usualTarget), t.Name
	for {
		literal, parameter, more := strings.Cut(rest, "{")
		target = append(target, literal...)
		if !more {
			return target
		}
		var name string
		name, rest, _ = strings.Cut(parameter, "}")
		target = append(target, strings.ToLower(Param(r, name))...)
	}
}

// usualTarget is room for a method and a path with an id or two.
const usualTarget = 128
