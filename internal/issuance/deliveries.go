package issuance

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
)

const (
	actionReplay      = "webhook.replay"
	actionReplayRange = "webhook.replay_range"
)

// MostReplayed is how many deliveries one replay of a range makes due at most.
const MostReplayed = 10_000

// DeliveryState is where a delivery is.
type DeliveryState string

// The states of a delivery.
const (
	DeliveryPending   DeliveryState = "pending"
	DeliveryDelivered DeliveryState = "delivered"
	DeliveryExhausted DeliveryState = "exhausted" // the timetable ended without success
	DeliveryDropped   DeliveryState = "dropped"   // its endpoint was disabled
)

// DeliveryStates lists the states.
func DeliveryStates() []DeliveryState {
	return []DeliveryState{DeliveryPending, DeliveryDelivered, DeliveryExhausted, DeliveryDropped}
}

// Delivery is one message on its way to one endpoint, as people look at it. Times are on the programme's clock.
type Delivery struct {
	ID         ident.DeliveryID
	Endpoint   ident.EndpointID
	Message    ident.EventID
	Type       string
	State      DeliveryState
	Attempts   int       // made so far, over all replays
	HTTPStatus int       // of the last attempt; 0 when there was no answer
	Failure    string    // class of the last failure; "" on success and before the first attempt
	NextAt     time.Time // of the next attempt; zero when none is due
	CreatedAt  time.Time // of the message
	UpdatedAt  time.Time // of the last attempt; zero before the first
	Body       []byte    // of the message, as it is sent; nil in lists
}

// Attempt is one try to deliver.
type Attempt struct {
	Number     int
	At         time.Time // on the programme's clock
	SentAt     time.Time // on real time
	Result     string    // "acknowledged", or the class of the failure
	HTTPStatus int
	Took       time.Duration
}

// Deliveries lists what went or goes to an endpoint of a door, newest first; a state of "" is any.
// Refusals: EndpointNotFound.
func (s *Service) Deliveries(ctx context.Context, p ident.ProgramID, door event.Door, id ident.EndpointID, state DeliveryState, page Page) ([]Delivery, error) {
	var out []Delivery
	err := s.store.Read(ctx, func(tx ReadTx) error {
		if _, err := endpointOf(ctx, tx, p, door, id); err != nil {
			return err
		}
		var err error
		out, err = tx.Deliveries(ctx, id, state, page)
		return err
	})
	return out, err
}

// Delivery gives one delivery with its attempts, the oldest first. Refusals: EndpointNotFound, DeliveryNotFound.
func (s *Service) Delivery(ctx context.Context, p ident.ProgramID, door event.Door, to ident.EndpointID, id ident.DeliveryID) (Delivery, []Attempt, error) {
	var d Delivery
	var attempts []Attempt
	err := s.store.Read(ctx, func(tx ReadTx) error {
		if _, err := endpointOf(ctx, tx, p, door, to); err != nil {
			return err
		}
		var err error
		if d, err = deliveryOf(ctx, tx, to, id); err != nil {
			return err
		}
		attempts, err = tx.Attempts(ctx, id)
		return err
	})
	return d, attempts, err
}

// ReplayDelivery sends a delivery again.
type ReplayDelivery struct {
	Command
	Door     event.Door
	Endpoint ident.EndpointID
	Delivery ident.DeliveryID
}

// ReplayDelivery makes a delivery due at once, in whatever state it is; its timetable begins again. Id and
// bytes stay, time and signature are those of the new attempt. Refusals: EndpointNotFound, EndpointDisabled,
// DeliveryNotFound.
func (s *Service) ReplayDelivery(ctx context.Context, cmd ReplayDelivery) (Delivery, error) {
	return Run(ctx, s, cmd.Command, actionReplay, func(w *Work) (Delivery, error) {
		if _, err := livingEndpoint(ctx, w, cmd.Door, cmd.Endpoint); err != nil {
			return Delivery{}, err
		}
		d, err := deliveryOf(ctx, w.Tx, cmd.Endpoint, cmd.Delivery)
		if err != nil {
			return Delivery{}, err
		}
		w.Audit.Note = d.ID.String()
		d.State, d.NextAt = DeliveryPending, w.Now
		return d, w.Tx.Replay(ctx, d.ID, w.Now)
	})
}

// ReplayRange sends again what one endpoint got, or did not get, in a time.
type ReplayRange struct {
	Command
	Door     event.Door
	Endpoint ident.EndpointID
	State    DeliveryState // of the deliveries that are meant
	From, To time.Time     // of their messages: from From on, before To
}

// RangeReplayed is what a replay of a range did.
type RangeReplayed struct {
	Count int
	More  bool // the range has more than one call takes; call again, from the last one on
}

// ReplayRange makes the oldest deliveries of a range due at once, at most MostReplayed. Refusals:
// EndpointNotFound, EndpointDisabled.
func (s *Service) ReplayRange(ctx context.Context, cmd ReplayRange) (RangeReplayed, error) {
	return Run(ctx, s, cmd.Command, actionReplayRange, func(w *Work) (RangeReplayed, error) {
		if _, err := livingEndpoint(ctx, w, cmd.Door, cmd.Endpoint); err != nil {
			return RangeReplayed{}, err
		}
		w.Audit.Note = cmd.Endpoint.String()
		n, err := w.Tx.ReplayRange(ctx, cmd.Endpoint, cmd.State, cmd.From, cmd.To, w.Now, MostReplayed)
		return RangeReplayed{Count: n, More: n == MostReplayed}, err
	})
}

// endpointOf gives an endpoint of a door, or its refusal.
func endpointOf(ctx context.Context, tx EndpointReader, p ident.ProgramID, door event.Door, id ident.EndpointID) (Endpoint, error) {
	e, ok, err := tx.Endpoint(ctx, p, id)
	if err != nil {
		return Endpoint{}, err
	}
	if !ok || e.Door != door {
		return Endpoint{}, fault.Refuse(EndpointNotFound)
	}
	return e, nil
}

// livingEndpoint gives an endpoint that is not disabled.
func livingEndpoint(ctx context.Context, w *Work, door event.Door, id ident.EndpointID) (Endpoint, error) {
	e, err := endpointOf(ctx, w.Tx, w.Program.ID, door, id)
	if err == nil && e.Disabled {
		return Endpoint{}, fault.Refuse(EndpointDisabled)
	}
	return e, err
}

func deliveryOf(ctx context.Context, tx DeliveryReader, to ident.EndpointID, id ident.DeliveryID) (Delivery, error) {
	d, ok, err := tx.Delivery(ctx, id)
	if err != nil {
		return Delivery{}, err
	}
	if !ok || d.Endpoint != to {
		return Delivery{}, fault.Refuse(DeliveryNotFound)
	}
	return d, nil
}
