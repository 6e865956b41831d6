package outbox

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
)

// Queue keeps the messages that wait and their deliveries. Several workers, also in several processes, may
// use one queue at once: a delivery is held by at most one of them at a time.
type Queue interface {
	// FanOut takes up to limit messages that have no deliveries yet, oldest first, and makes one delivery
	// for each endpoint of the message's programme and door that is not disabled and was there when the
	// message was made. It returns how many messages it took. The native door has no endpoints of its own
	// here; its messages are taken and kept.
	FanOut(ctx context.Context, limit int) (messages int, err error)
	// Claim leases up to limit deliveries that are due, each on its own programme's clock (derived from
	// realNow), oldest due first, at most perEndpoint of one endpoint counting those leased already.
	// Deliveries whose lease has passed on real time are due again. Endpoints that were disabled meanwhile
	// have their deliveries dropped.
	Claim(ctx context.Context, owner string, realNow time.Time, lease time.Duration, perEndpoint, limit int) ([]Delivery, error)
	// Finish writes the outcome of an attempt. held is false, and nothing is written, when the lease is not
	// this one's any more (the fence differs).
	Finish(ctx context.Context, d Delivery, o Outcome) (held bool, err error)
	// Release hands leases back unused, for a graceful stop.
	Release(ctx context.Context, ds []Delivery) error
}

// State is where a delivery is.
type State string

// The states of a delivery.
const (
	Pending   State = "pending"
	Delivered State = "delivered"
	Exhausted State = "exhausted" // the timetable ended without success
	Dropped   State = "dropped"   // its endpoint was disabled
)

// Delivery is one message on its way to one endpoint, leased to a worker.
type Delivery struct {
	ID       ident.DeliveryID
	Message  event.Message
	Endpoint issuance.Endpoint // as it is now: a new URL or secret serves older messages too
	Program  program.Program
	Attempt  int   // number of the attempt that is due, from 1
	Fence    int64 // rises with every lease; an outcome under an older one is refused
}

// Outcome is what became of an attempt.
type Outcome struct {
	State      State
	At         time.Time // on the programme's clock
	NextAt     time.Time // on the programme's clock; of Pending
	HTTPStatus int       // 0 when there was no answer
	Failure    string    // short class of failure; "" on success
}
