package issuance

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/firsttap/firsttap/internal/approval"
	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
)

const (
	actionApprove      = "approval.approve"
	actionRefuse       = "approval.refuse"
	actionActivateMany = "cards.activate_many"
)

// Asked is what a command that may need an approval brings.
type Asked struct {
	Approval ident.ApprovalID // zero: none yet
	Digest   []byte           // keyed hash of the request: the approval is for it alone. None: the door cannot ask
	Reason   string           // for who decides; "": what the command notes
}

// ApprovalFilter chooses approvals that have that status at that time; without one it chooses all.
type ApprovalFilter struct {
	Status approval.Status
	At     time.Time
}

// ApprovalReader reads approvals.
type ApprovalReader interface {
	Approval(ctx context.Context, p ident.ProgramID, id ident.ApprovalID) (approval.Approval, bool, error)
	// OpenApproval finds the newest of a request that is stored as pending or approved, passed or not.
	OpenApproval(ctx context.Context, p ident.ProgramID, digest []byte) (approval.Approval, bool, error)
	// Approvals lists approvals, newest first.
	Approvals(ctx context.Context, p ident.ProgramID, f ApprovalFilter, page Page) ([]approval.Approval, error)
}

// ApprovalWriter keeps approvals.
type ApprovalWriter interface {
	InsertApproval(ctx context.Context, a approval.Approval) error
	// UpdateApproval writes what was decided, and that it was used.
	UpdateApproval(ctx context.Context, a approval.Approval) error
}

// approved lets a command pass that needs no approval, or brought one, which it uses up. One that brought none asks for
// it, and is refused with approval.Needed; so it comes last, when nothing else stands against the command. Whoever has
// the command line has the keys of the installation: nothing is asked there.
func (s *Service) approved(ctx context.Context, w *Work, action approval.Action, asked Asked) error {
	if !slices.Contains(w.Program.Policy.Approvals.Actions, action) || w.Audit.Channel == audit.ChannelCLI {
		return nil
	}
	if len(asked.Digest) == 0 {
		return fault.Refuse(approval.Needed)
	}
	if asked.Approval.IsZero() {
		return s.ask(ctx, w, action, asked)
	}
	a, ok, err := w.Tx.Approval(ctx, w.Program.ID, asked.Approval)
	if err != nil {
		return err
	}
	if !ok {
		return fault.Refuse(approval.NotFound)
	}
	used, no := a.Use(action, asked.Digest, w.Now)
	if no != nil {
		return no
	}
	w.noteApproval(a.ID)
	if used.Stored == a.Stored {
		return nil
	}
	w.Announce(event.Event{Name: event.ApprovalUsed, Approval: &used})
	return w.Tx.UpdateApproval(ctx, used)
}

// ofThisBlock binds what is asked for to the block that stands: an approval to lift one lifts no later one.
func (s *Service) ofThisBlock(ctx context.Context, w *Work, id ident.CardID, asked Asked) (Asked, error) {
	history, err := w.Tx.BlockHistory(ctx, id, 1)
	if err != nil || len(history) == 0 || len(asked.Digest) == 0 {
		return asked, err
	}
	asked.Digest = s.Fingerprint(w.Program.ID, asked.Digest, history[0].ID.Bytes())
	return asked, nil
}

// ask keeps what was asked for, unless it waits already.
func (s *Service) ask(ctx context.Context, w *Work, action approval.Action, asked Asked) error {
	a, ok, err := w.Tx.OpenApproval(ctx, w.Program.ID, asked.Digest)
	if err != nil {
		return err
	}
	if !ok || a.Status(w.Now) == approval.Expired {
		a = approval.Approval{
			ID: ident.ApprovalID{UUID: s.ids.UUID()}, Program: w.Program.ID, Action: action, Card: w.Audit.Card, Digest: asked.Digest, Reason: cmp.Or(asked.Reason, w.Audit.Note),
			AskedBy: w.Audit.Actor, Stored: approval.Pending, CreatedAt: w.Now, ExpiresAt: w.Now.Add(w.Program.Policy.Approvals.Live),
		}
		w.Announce(event.Event{Name: event.ApprovalAsked, Approval: &a})
		if err := w.Tx.InsertApproval(ctx, a); err != nil {
			return err
		}
	}
	w.noteApproval(a.ID)
	return fault.RefuseWith(approval.Needed, approval.Waiting{ID: a.ID, Status: a.Stored})
}

// noteApproval names the approval in the row of the trail, beside what is noted there.
func (w *Work) noteApproval(id ident.ApprovalID) {
	if w.Audit.Note != "" {
		w.Audit.Note += "; "
	}
	w.Audit.Note += "approval: " + id.String()
}

// DecideApproval says yes or no to what somebody else asked for.
type DecideApproval struct {
	Command
	Approval ident.ApprovalID
	Approve  bool
	Note     string
}

// ApprovalAt is an approval as it stands at a time of its programme's clock.
type ApprovalAt struct {
	approval.Approval
	Now time.Time
}

// DecideApproval decides. Refusals, in order: approval.NotFound, approval.Over, approval.Own.
func (s *Service) DecideApproval(ctx context.Context, cmd DecideApproval) (ApprovalAt, error) {
	action := actionRefuse
	if cmd.Approve {
		action = actionApprove
	}
	return Run(ctx, s, cmd.Command, action, func(w *Work) (ApprovalAt, error) {
		a, ok, err := w.Tx.Approval(ctx, w.Program.ID, cmd.Approval)
		if err != nil {
			return ApprovalAt{}, err
		}
		if !ok {
			return ApprovalAt{}, fault.Refuse(approval.NotFound)
		}
		w.Audit.Card, w.Audit.Note = a.Card, cmd.Note
		w.noteApproval(a.ID)
		decided, no := a.Decide(cmd.Approve, w.Audit.Actor, cmd.Note, w.Now)
		if no != nil {
			return ApprovalAt{}, no
		}
		said := event.ApprovalRefused
		if cmd.Approve {
			said = event.ApprovalApproved
		}
		w.Announce(event.Event{Name: said, Approval: &decided})
		return ApprovalAt{decided, w.Now}, w.Tx.UpdateApproval(ctx, decided)
	})
}

// BeginBulkActivation asks whether so many cards may be activated at once. Each of them is a command of its own.
func (s *Service) BeginBulkActivation(ctx context.Context, by Caller, cards int, asked Asked) error {
	p, _, err := s.programNow(ctx, by.Program)
	if err != nil || !slices.Contains(p.Policy.Approvals.Actions, approval.BulkActivation) {
		return err
	}
	_, err = Run(ctx, s, Command{Caller: by}, actionActivateMany, func(w *Work) (struct{}, error) {
		w.Audit.Note = fmt.Sprintf("cards: %d", cards)
		if asked.Reason != "" {
			w.Audit.Note += "; reason: " + asked.Reason
		}
		asked.Reason = w.Audit.Note
		return struct{}{}, s.approved(ctx, w, approval.BulkActivation, asked)
	})
	return err
}

// Approval gives one approval. Refusals: approval.NotFound.
func (s *Service) Approval(ctx context.Context, p ident.ProgramID, id ident.ApprovalID) (ApprovalAt, error) {
	_, now, err := s.programNow(ctx, p)
	if err != nil {
		return ApprovalAt{}, err
	}
	return Look(ctx, s, approval.NotFound, func(tx ReadTx) (ApprovalAt, bool, error) {
		a, ok, err := tx.Approval(ctx, p, id)
		return ApprovalAt{a, now}, ok, err
	})
}

// Approvals lists approvals, newest first; status "" chooses all.
func (s *Service) Approvals(ctx context.Context, p ident.ProgramID, status approval.Status, page Page) ([]ApprovalAt, error) {
	_, now, err := s.programNow(ctx, p)
	if err != nil {
		return nil, err
	}
	return Look(ctx, s, approval.NotFound, func(tx ReadTx) ([]ApprovalAt, bool, error) {
		found, err := tx.Approvals(ctx, p, ApprovalFilter{Status: status, At: now}, page)
		out := make([]ApprovalAt, len(found))
		for i, a := range found {
			out[i] = ApprovalAt{a, now}
		}
		return out, true, err
	})
}
