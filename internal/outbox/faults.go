package outbox

import (
	"time"

	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/webhook"
)

// What a sandbox programme's fault switch makes of attempts that are not made.
const (
	failureLost webhook.Failure = "lost"
	failureHeld webhook.Failure = "held_back"
)

// holdBack is how much later a webhook comes that is moved behind others, on the programme's clock.
const holdBack = 10 * time.Second

// upset tells that the programme wants an attempt not to be made, and as what it counts.
func upset(d Delivery) (webhook.Failure, bool) {
	switch d.Program.Policy.Faults.Webhooks {
	case program.WebhooksLost:
		return failureLost, true
	case program.WebhooksReordered:
		id := d.Message.ID // its last character is random
		return failureHeld, d.Try == 1 && id[len(id)-1]%2 == 1
	case program.WebhooksSound, program.WebhooksDoubled:
	}
	return "", false
}

// after is what becomes of a delivery that was upset; ok is false for all others.
func (o Outcome) after(failure webhook.Failure) (Outcome, bool) {
	switch failure {
	case failureLost:
		o.State = Exhausted
	case failureHeld:
		o.State, o.NextAt = Pending, o.At.Add(holdBack)
	default:
		return o, false
	}
	return o, true
}
