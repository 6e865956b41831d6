package issuance

import (
	"context"
	"fmt"
	"time"

	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/redact"
	"github.com/firsttap/firsttap/internal/shipment"
)

const actionReadCode = "card.read_activation_code"

// readsWindow is the span in which the reads of one card's code are counted. A read of a whole day ago does
// not count any more; stores keep microseconds.
const readsWindow = 24*time.Hour - time.Microsecond

// ReasonRequired is the detail of card.RevealForbidden when the programme wants a reason and none came.
const ReasonRequired = "REASON_REQUIRED"

// ReadActivationCode asks for the code that the mailer of a card carries (cards contract §12).
type ReadActivationCode struct {
	Caller Caller
	Card   ident.CardID
	Reason string // what the caller gives as reason; kept in the audit row
}

// ReadActivationCode gives the code. Every call, refused or not, leaves one audit row, which is committed
// before the code leaves; the sealed copy is opened only after all checks.
func (s *Service) ReadActivationCode(ctx context.Context, cmd ReadActivationCode) (redact.Text, error) {
	return Run(ctx, s, Command{Caller: cmd.Caller}, actionReadCode, func(w *Work) (redact.Text, error) {
		w.Audit.Card = cmd.Card
		v, ok, err := w.Tx.CardView(ctx, w.Program.ID, cmd.Card)
		if err != nil {
			return redact.Text{}, err
		}
		w.Audit.Customer = v.Card.Customer
		reads, err := w.Tx.CountAudit(ctx, w.Program.ID, cmd.Card, actionReadCode, audit.OK, w.Now.Add(-readsWindow))
		if err != nil {
			return redact.Text{}, err
		}
		w.Audit.Note = readNote(reads, cmd.Reason)
		approved, err := approvedRead(ctx, w, cmd.Card)
		if err != nil {
			return redact.Text{}, err
		}
		if no := decideRead(v, ok, cmd.Reason, reads, approved, w.Program.Policy, w.Now); no != nil {
			if no.Reason == card.RevealTooOften {
				no.RetryAfter, err = untilFewer(ctx, w, cmd.Card, actionReadCode, w.Program.Policy.ActivationCode.PerCardPerDay)
			}
			if err != nil {
				return redact.Text{}, err
			}
			return redact.Text{}, no
		}
		w.Announce(event.Event{Name: event.CodeRead, Card: &v})
		code, err := s.sealer.Open(codeBound(v.Plastic), v.Plastic.Guard.CodeSealed)
		if err != nil {
			return redact.Text{}, fault.Wrap(err, "open an activation code")
		}
		return code, nil
	})
}

// readNote keeps the number of reads so far beside the reason that was given.
func readNote(reads int, reason string) string {
	if reason == "" {
		return fmt.Sprintf("reads so far: %d", reads)
	}
	return fmt.Sprintf("reads so far: %d; reason: %s", reads, reason)
}

// decideRead decides whether a code may be read; the first check that fails answers. A freeze and a
// locked guard do not stop a read.
func decideRead(v card.View, found bool, reason string, reads int, approved bool, p program.Policy, now time.Time) *fault.Error {
	mode := p.ActivationCode.Mode
	if mode == program.CodeRequireReason && reason == "" {
		return fault.RefuseWith(card.RevealForbidden, ReasonRequired)
	}
	if !found || !visible(v.Card) {
		return fault.Refuse(card.NotFound)
	}
	if v.Card.Type != card.Physical {
		return fault.RefuseWith(card.TypeNotSupported, v.Card.Type)
	}
	if mode == program.CodeRefuse {
		return fault.RefuseWith(card.RevealForbidden, "POLICY")
	}
	if v.Plastic.Guard.CodeHash != nil && v.Plastic.Guard.CodeSealed == nil {
		return fault.RefuseWith(card.RevealForbidden, "NOT_STORED")
	}
	if cause := unreadable(v, p, now); cause != "" {
		return fault.RefuseWith(card.CodeUnavailable, cause)
	}
	if mode == program.CodeApproval && !approved {
		return fault.RefuseWith(card.RevealForbidden, "APPROVAL_REQUIRED")
	}
	if reads >= p.ActivationCode.PerCardPerDay {
		return fault.Refuse(card.RevealTooOften)
	}
	return nil
}

// unreadable says why there is no code to read, "" when there is one.
func unreadable(v card.View, p program.Policy, now time.Time) string {
	switch {
	case v.Plastic.EverActivated():
		return "ALREADY_ACTIVATED"
	case v.Plastic.State == card.Canceled, v.Plastic.State == card.Void, v.Box.Status == shipment.Canceled:
		return "CANCELED"
	case !v.Card.ExpiresAt.IsZero() && !now.Before(v.Card.ExpiresAt):
		return "EXPIRED"
	case v.Card.Block != card.Block{}, v.Card.ReportedAs != "", !v.Card.ClosedAt.IsZero():
		return "BLOCKED"
	case v.Plastic.Guard.CodeHash == nil:
		return "NOT_ISSUED"
	}
	if _, no := roadObstacle(v, p); no && p.ActivationCode.RequireShipped {
		return "NOT_SHIPPED"
	}
	return ""
}

// untilFewer is the time until one of the counted acts on a card leaves the window, to the minute.
func untilFewer(ctx context.Context, w *Work, id ident.CardID, action string, most int) (time.Duration, error) {
	low, high := time.Duration(0), readsWindow // full after low more, not full after high more
	for high-low > time.Minute {
		middle := (low + high) / 2
		n, err := w.Tx.CountAudit(ctx, w.Program.ID, id, action, audit.OK, w.Now.Add(middle-readsWindow))
		if err != nil {
			return 0, err
		}
		if n >= most {
			low = middle
		} else {
			high = middle
		}
	}
	return high, nil
}
