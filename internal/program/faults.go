package program

import (
	"errors"
	"time"

	"github.com/firsttap/firsttap/internal/fault"
)

// WebhookFault is what goes wrong with the webhooks of a sandbox programme, because it wants to see what its receiver does about it.
type WebhookFault string

// The faults of webhooks.
const (
	WebhooksSound     WebhookFault = "none"
	WebhooksLost      WebhookFault = "lose"      // none is sent
	WebhooksDoubled   WebhookFault = "duplicate" // each is sent twice
	WebhooksReordered WebhookFault = "reorder"   // about half of them come later than those that were made after them
)

// Faults are the switches with which a sandbox programme tests its integration. Live programmes have none.
type Faults struct {
	Webhooks    WebhookFault
	FailAnswers bool // commands answer with a fault after their commit
	// BureauDelay is how long the bureau leaves what it got untouched, on the clock of the programme.
	BureauDelay time.Duration
}

func faultSettings() []Setting {
	return []Setting{
		chosen("sandbox.webhook_fault", string(WebhooksSound), "none, lose, duplicate or reorder", "what goes wrong with webhooks, so that receivers can be tested; sandbox only", func(p *Policy, v string) error {
			return oneOf(v, &p.Faults.Webhooks, WebhooksSound, WebhooksLost, WebhooksDoubled, WebhooksReordered)
		}, "none", "lose", "duplicate", "reorder"),
		choice01of("sandbox.answer_fault", "none", "fail_after_commit", "commands that take effect answer with a fault, until their idempotency key is sent again; sandbox only",
			func(p *Policy) *bool { return &p.Faults.FailAnswers }),
		duration("sandbox.bureau_delay", "0s", "how long the bureau leaves parcels and bulk orders untouched, on the clock of the programme; sandbox only",
			func(p *Policy) *time.Duration { return &p.Faults.BureauDelay }),
	}
}

// settle refuses the switches to a live programme.
func (f Faults) settle(kind Kind) error {
	switch {
	case kind == Sandbox || f == (Faults{Webhooks: WebhooksSound}):
		return nil
	case f.FailAnswers:
		return ValueError{"sandbox.answer_fault", "only a sandbox programme may have it"}
	case f.BureauDelay != 0:
		return ValueError{"sandbox.bureau_delay", "only a sandbox programme may have it"}
	}
	return ValueError{"sandbox.webhook_fault", "only a sandbox programme may have it"}
}

// BureauWaits reports whether the bureau has not looked yet at what it got at that time.
func (f Faults) BureauWaits(got, now time.Time) bool { return now.Before(got.Add(f.BureauDelay)) }

// FailAnswer is the fault that stands for the answer of a command that took effect; nil where none is wanted.
func (f Faults) FailAnswer() error {
	if !f.FailAnswers {
		return nil
	}
	return fault.Wrap(errors.New("the programme's sandbox.answer_fault wants it"), "answer after the commit")
}
