package issuance

import (
	"context"

	"github.com/firsttap/firsttap/internal/approval"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/redact"
)

// RecoveredCode is an activation code that left, and which of the plastic's codes it is.
type RecoveredCode struct {
	Code    redact.Text
	Version int
	Renewed bool // it is a new one: the code before is dead
}

// RecoverCode gives the activation code of a card whose mailer is lost, by the rules of a read. Where only a hash is kept, the
// card gets a new code, and the old one is dead from then on; the tries stay as they are. The row of the trail is
// committed before the code leaves. A repeat is another recovery, with a row of its own: no answer is kept.
func (s *Service) RecoverCode(ctx context.Context, cmd ReadActivationCode) (RecoveredCode, error) {
	return Run(ctx, s, Command{Caller: cmd.Caller}, ActionReadCode, func(w *Work) (RecoveredCode, error) {
		read, err := loadRead(ctx, w, cmd)
		if err != nil {
			return RecoveredCode{}, err
		}
		if read.byKey, err = w.Tx.CodeReads(ctx, w.Program.ID, w.Audit.Actor, w.Now.Add(-readsWindow)); err != nil {
			return RecoveredCode{}, err
		}
		read.found, read.renews = read.found && !read.view.Card.Deleted(), true
		if err := read.refuse(ctx, w); err != nil {
			return RecoveredCode{}, err
		}
		cmd.Asked.Reason = cmd.Reason
		if err := s.approved(ctx, w, approval.CodeRecovery, cmd.Asked); err != nil {
			return RecoveredCode{}, err
		}
		v := read.view
		if mustRenew(v.Plastic.Guard, w.Program.Policy.ActivationCode) {
			return s.renewCode(ctx, w, v)
		}
		w.Announce(event.Event{Name: event.CodeRead, Card: &v})
		code, err := s.openCode(v.Plastic)
		return RecoveredCode{Code: code, Version: v.Plastic.Guard.CodeVersion}, err
	})
}

// mustRenew reports whether recovery gives a new code: there is no copy, or none may be kept.
func mustRenew(g card.Guard, policy program.ActivationCode) bool {
	return g.CodeSealed == nil || policy.Storage == program.CodeHashOnly
}

// renewCode gives a plastic another code.
func (s *Service) renewCode(ctx context.Context, w *Work, v card.View) (RecoveredCode, error) {
	guard, code, err := s.newCode(v.Plastic, w.Program.Policy.ActivationCode, w.Now)
	if err != nil {
		return RecoveredCode{}, fault.Wrap(err, "renew an activation code")
	}
	v.Plastic.Guard, v.Plastic.UpdatedAt = guard, program.Later(w.Now, v.UpdatedAt())
	w.Announce(event.Event{Name: event.CodeRenewed, Card: &v})
	return RecoveredCode{Code: code.Text, Version: guard.CodeVersion, Renewed: true}, w.Tx.UpdatePlastic(ctx, v.Plastic)
}

// recoverable reports whether recovery would give a code now, limits and approvals aside.
func recoverable(st Standing) bool {
	read := codeRead{view: st.Coming(), found: !st.Card.Deleted(), reason: "any", approved: true, renews: true}
	return read.decide(st.Policy, st.At) == nil
}
