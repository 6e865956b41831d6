package tenancy

import (
	"cmp"
	"context"
	"slices"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
)

// Programme is a programme with how often its policies were changed.
type Programme struct {
	program.Program
	PolicyVersion int64
}

// Programme gives one programme. Refusals: access.ProgramUnknown.
func (s *Service) Programme(ctx context.Context, id ident.ProgramID) (Programme, error) {
	return issuance.Look(ctx, s.rules, access.ProgramUnknown, func(tx issuance.ReadTx) (Programme, bool, error) {
		p, ok, err := tx.Program(ctx, id)
		if err != nil || !ok || !s.serves(p) {
			return Programme{}, false, err
		}
		version, err := tx.PolicyVersion(ctx, id)
		return Programme{p, version}, true, err
	})
}

func (s *Service) serves(p program.Program) bool { return s.only == "" || s.only == p.Kind }

// Programmes lists the programmes of the installation, newest first. They are few: all are read.
func (s *Service) Programmes(ctx context.Context, page issuance.Page) ([]Programme, error) {
	return issuance.Look(ctx, s.rules, access.ProgramUnknown, func(tx issuance.ReadTx) ([]Programme, bool, error) {
		all, err := tx.Programs(ctx)
		if err != nil {
			return nil, false, err
		}
		if !page.Oldest {
			slices.Reverse(all)
		}
		var out []Programme
		for _, p := range all {
			if len(out) == page.Limit {
				break
			}
			if !s.serves(p) || !page.After.ID.IsZero() && !comesAfter(p, page) {
				continue
			}
			version, err := tx.PolicyVersion(ctx, p.ID)
			if err != nil {
				return nil, false, err
			}
			out = append(out, Programme{p, version})
		}
		return out, true, nil
	})
}

// comesAfter tells whether a programme stands behind the mark of a page.
func comesAfter(p program.Program, page issuance.Page) bool {
	order := cmp.Or(p.CreatedAt.Compare(page.After.CreatedAt), slices.Compare(p.ID.UUID[:], page.After.ID[:]))
	return order != 0 && (order > 0) == page.Oldest
}

// CreateProgram adds a programme. Who calls speaks for the installation.
type CreateProgram struct {
	issuance.Command
	Name     string
	Kind     program.Kind
	Policies map[string]string // that differ from the defaults
}

// CreateProgram runs the command; the programme has a default design. Refusals: access.ProgramNameInvalid, access.ProgramKindInvalid (also for a
// kind that the host does not serve), access.PolicyInvalid, access.ProgramNameTaken.
func (s *Service) CreateProgram(ctx context.Context, cmd CreateProgram) (Programme, error) {
	return issuance.Run(ctx, s.rules, cmd.Command, access.ActionCreateProgram, func(w *issuance.Work) (Programme, error) {
		p, design, err := access.NewProgram(s.rules.IDs(), cmd.Name, cmd.Kind, cmd.Policies, s.realNow())
		if err != nil {
			return Programme{}, err
		}
		if !s.serves(p) {
			return Programme{}, fault.Refuse(access.ProgramKindInvalid)
		}
		if _, taken, err := w.Tx.ProgramByName(ctx, p.Name); err != nil || taken {
			return Programme{}, refuseOr(err, access.ProgramNameTaken)
		}
		w.Audit.Program, w.Audit.Note = p.ID, string(p.Kind)
		if err := w.Tx.InsertProgram(ctx, p, cmd.Policies); err != nil {
			return Programme{}, err
		}
		return Programme{Program: p}, w.Tx.InsertDesign(ctx, design)
	})
}

// SuspendProgram stops every call to a programme, or opens it again. Who calls speaks for the installation.
type SuspendProgram struct {
	issuance.Command
	Program ident.ProgramID
	Suspend bool
	Reason  string
}

// SuspendProgram runs the command. The same again changes nothing. Refusals: access.ProgramUnknown.
func (s *Service) SuspendProgram(ctx context.Context, cmd SuspendProgram) (Programme, error) {
	action := access.ActionResumeProgram
	if cmd.Suspend {
		action = access.ActionSuspendProgram
	}
	defer s.forget(func(c access.Credential) bool { return c.Program == cmd.Program })
	return issuance.Run(ctx, s.rules, cmd.Command, action, func(w *issuance.Work) (Programme, error) {
		w.Audit.Note = cmd.Reason
		p, err := s.ofInstallation(ctx, w, cmd.Program)
		if err != nil {
			return Programme{}, err
		}
		version, err := w.Tx.PolicyVersion(ctx, p.ID)
		if err != nil || p.Suspended == cmd.Suspend {
			return Programme{p, version}, err
		}
		overrides, err := w.Tx.Overrides(ctx, p.ID)
		if err != nil {
			return Programme{}, err
		}
		p.Suspended, p.UpdatedAt = cmd.Suspend, s.realNow()
		return Programme{p, version}, w.Tx.UpdateProgram(ctx, p, overrides)
	})
}

// ofInstallation loads the programme that a command on the installation is about; the row of the trail becomes the programme's.
func (s *Service) ofInstallation(ctx context.Context, w *issuance.Work, id ident.ProgramID) (program.Program, error) {
	p, ok, err := w.Tx.Program(ctx, id)
	if err != nil || !ok || !s.serves(p) {
		return p, refuseOr(err, access.ProgramUnknown)
	}
	w.Audit.Program, w.Audit.At = p.ID, p.Now(s.realNow())
	return p, nil
}
