package httpd

import "github.com/firsttap/firsttap/internal/fault"

// Told is how a door tells a reason to its callers: for the page that lists them all.
type Told struct {
	Reason fault.Reason
	Status int
	Code   string // the word or number that stands for it on the wire
	Detail string // what happened, where the door has one sentence for it
	Action string // what to do, likewise
	Passes bool   // the same request may succeed later
}
