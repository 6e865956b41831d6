package httpd

import "net/http"

// Door is one published API on the shared listener. A door keeps its own order of checks and its own
// way of saying no; this package only finds it.
//
// Doors are asked in the order they were given, and the first that owns a request has it. A door at
// the root owns everything and therefore comes last.
type Door interface {
	// Name is a short word for logs and metrics: "cards", "debit".
	Name() string

	// Owns reports whether the request belongs to this door, by its path and perhaps its headers. It
	// reads no body and has no effect.
	Owns(r *http.Request) bool

	// Router finds the door's routes. It is read once, when the server is built.
	Router() *Router

	// Serve runs the door's checks in its contract's order and then the handler of m.Route. A match
	// without a route is the door's to refuse; m.Refusal is the error for it. The request's context
	// ends at the deadline of the route, its body is bounded by MaxBody, and its path parameters are
	// set. Serve returns an error only when it has written nothing.
	Serve(w http.ResponseWriter, r *http.Request, m Match) error

	// WriteError renders err in the door's envelope: what Serve returned, and what this package
	// refuses itself (see [Reasons]). It never fails and never shows a cause.
	WriteError(w http.ResponseWriter, r *http.Request, err error)
}
