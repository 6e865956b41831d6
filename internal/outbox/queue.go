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
	// Claim leases deliveries that are due, each on its own programme's clock (derived from
	// realNow), oldest due first, as far as there is room; those of an endpoint that are leased already count, by
	// [Room.Left].
	// Deliveries whose lease has passed on real time are due again. Endpoints that were disabled meanwhile
	// have their deliveries dropped.
	Claim(ctx context.Context, owner string, realNow time.Time, lease time.Duration, room Room) ([]Delivery, error)
	// Finish writes the outcomes of attempts in one commit, and a row for each attempt. held tells of each
	// whether its lease was still this one's: where it was not (the fence differs), the delivery stays as it is.
	Finish(ctx context.Context, ended []Ended) (held []bool, err error)
	// Release hands leases back unused, for a graceful stop.
	Release(ctx context.Context, ds []Delivery) error
}

// State is where a delivery is, in the word of the rules.
type State = issuance.DeliveryState

// The states of a delivery.
const (
	Pending   = issuance.DeliveryPending
	Delivered = issuance.DeliveryDelivered
	Exhausted = issuance.DeliveryExhausted
	Dropped   = issuance.DeliveryDropped
)

// Delivery is one message on its way to one endpoint, leased to a worker.
type Delivery struct {
	ID       ident.DeliveryID
	Message  event.Message
	Endpoint issuance.Endpoint // as it is now: a new URL or secret serves older messages too
	Program  program.Program
	Attempt  int           // number of the attempt that is due, from 1, over all replays
	Try      int           // its number since the timetable last began, from 1: a replay begins it again
	Fence    int64         // rises with every lease; an outcome under an older one is refused
	Late     time.Duration // for how long the attempt had been due when it was leased, on the programme's clock
}

// Outcome is what became of an attempt.
type Outcome struct {
	State      State
	At         time.Time // on the programme's clock
	NextAt     time.Time // on the programme's clock; of Pending
	HTTPStatus int       // 0 when there was no answer
	Failure    string    // short class of failure; "" on success
}

// Ended is an attempt with its outcome.
type Ended struct {
	Delivery Delivery
	Outcome  Outcome
	SentAt   time.Time // real time at which it began
	Took     time.Duration
}

// Acknowledged is the result of an attempt that a receiver took; others have the class of their failure.
const Acknowledged = "acknowledged"

// Result is the word for what came of the attempt.
func (e Ended) Result() string {
	if e.Outcome.Failure == "" {
		return Acknowledged
	}
	return e.Outcome.Failure
}
