package issuance

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/firsttap/firsttap/internal/approval"
	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/redact"
	"github.com/firsttap/firsttap/internal/shipment"
)

// ActionReadCode is the action of the rows of the trail about read codes. Stores keep an index of them.
const ActionReadCode = "card.read_activation_code"

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
	Asked  Asked  // of a recovery: a read cannot bring an approval, and is refused where one is wanted
}

// ReadActivationCode gives the code. Every call, refused or not, leaves one audit row, which is committed
// before the code leaves; the sealed copy is opened only after all checks.
func (s *Service) ReadActivationCode(ctx context.Context, cmd ReadActivationCode) (redact.Text, error) {
	return Run(ctx, s, Command{Caller: cmd.Caller}, ActionReadCode, func(w *Work) (redact.Text, error) {
		read, err := loadRead(ctx, w, cmd)
		if err != nil {
			return redact.Text{}, err
		}
		read.found = read.found && visible(read.view.Card)
		if err := read.refuse(ctx, w); err != nil {
			return redact.Text{}, err
		}
		w.Announce(event.Event{Name: event.CodeRead, Card: &read.view})
		return s.openCode(read.view.Plastic)
	})
}

// openCode opens the sealed copy of a plastic's code.
func (s *Service) openCode(p card.Plastic) (redact.Text, error) {
	code, err := s.sealer.Open(codeBound(p), p.Guard.CodeSealed)
	if err != nil {
		return redact.Text{}, fault.Wrap(err, "open an activation code")
	}
	return code, nil
}

// codeRead is what decides whether an activation code may be read.
type codeRead struct {
	view     card.View
	found    bool
	reason   string
	byCard   int // reads of this card within the window
	byKey    int // recoveries by this key within the window, of all cards; the cards API limits only by the card
	approved bool
	renews   bool // a code of which no copy is kept is answered with a new one
}

// loadRead loads what decides about a read, and begins its row of the trail.
func loadRead(ctx context.Context, w *Work, cmd ReadActivationCode) (codeRead, error) {
	w.Audit.Card = cmd.Card
	out := codeRead{reason: cmd.Reason}
	var err error
	if out.view, out.found, err = w.Tx.CardView(ctx, w.Program.ID, cmd.Card); err != nil {
		return out, err
	}
	out.view = out.view.Coming()
	w.Audit.Customer = out.view.Card.Customer
	since := w.Now.Add(-readsWindow)
	if out.byCard, err = w.Tx.CountAudit(ctx, w.Program.ID, cmd.Card, ActionReadCode, audit.OK, since); err != nil {
		return out, err
	}
	w.Audit.Note = readNote(out.byCard, cmd.Reason)
	out.approved, err = approvedRead(ctx, w, cmd.Card)
	return out, err
}

// refuse gives the refusal of a read, with how long to wait where there were too many.
func (r codeRead) refuse(ctx context.Context, w *Work) error {
	policy := w.Program.Policy.ActivationCode
	no := r.decide(w.Program.Policy, w.Now)
	if no == nil {
		return nil
	}
	if no.Reason != card.RevealTooOften {
		return no
	}
	var err error
	if r.byCard >= policy.PerCardPerDay {
		no.RetryAfter, err = untilFewer(policy.PerCardPerDay, func(since time.Duration) (int, error) {
			return w.Tx.CountAudit(ctx, w.Program.ID, r.view.Card.ID, ActionReadCode, audit.OK, w.Now.Add(since))
		})
	} else {
		no.RetryAfter, err = untilFewer(policy.PerKeyPerDay, func(since time.Duration) (int, error) {
			return w.Tx.CodeReads(ctx, w.Program.ID, w.Audit.Actor, w.Now.Add(since))
		})
	}
	if err != nil {
		return err
	}
	return no
}

// readNote keeps the number of reads so far beside the reason that was given.
func readNote(reads int, reason string) string {
	if reason == "" {
		return fmt.Sprintf("reads so far: %d", reads)
	}
	return fmt.Sprintf("reads so far: %d; reason: %s", reads, reason)
}

// decide says whether a code may be read; the first check that fails answers. A freeze and a locked guard do
// not stop a read.
func (r codeRead) decide(p program.Policy, now time.Time) *fault.Error {
	mode, guard := p.ActivationCode.Mode, r.view.Plastic.Guard
	if mode == program.CodeRequireReason && r.reason == "" {
		return fault.RefuseWith(card.RevealForbidden, ReasonRequired)
	}
	if !r.found {
		return fault.Refuse(card.NotFound)
	}
	if r.view.Card.Type != card.Physical {
		return fault.RefuseWith(card.TypeNotSupported, r.view.Card.Type)
	}
	if mode == program.CodeRefuse {
		return fault.RefuseWith(card.RevealForbidden, "POLICY")
	}
	if guard.CodeHash != nil && guard.CodeSealed == nil && !r.renews {
		return fault.RefuseWith(card.RevealForbidden, "NOT_STORED")
	}
	if cause := unreadable(r.view, p, now); cause != "" {
		return fault.RefuseWith(card.CodeUnavailable, cause)
	}
	if mode == program.CodeApproval && !r.approved || !r.renews && slices.Contains(p.Approvals.Actions, approval.CodeRecovery) {
		return fault.RefuseWith(card.RevealForbidden, "APPROVAL_REQUIRED")
	}
	if r.byCard >= p.ActivationCode.PerCardPerDay || r.byKey >= p.ActivationCode.PerKeyPerDay {
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
	case !v.ExpiresAt().IsZero() && !now.Before(v.ExpiresAt()):
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

// untilFewer is the time until one of the counted acts leaves the window, to the minute. count counts them from that long
// after now, which is before it.
func untilFewer(most int, count func(since time.Duration) (int, error)) (time.Duration, error) {
	low, high := time.Duration(0), readsWindow // full after low more, not full after high more
	for high-low > time.Minute {
		middle := (low + high) / 2
		n, err := count(middle - readsWindow)
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
