package tenancy

import (
	"context"
	"math"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
)

// Policy is one policy of a programme: what it is, and its value there.
type Policy struct {
	program.Setting
	Value   string // as texts are written; "" is none
	Default string // in a programme of that kind
	Set     bool   // it was set, if only to its default
}

// Policies is all policies of a programme, in the order in which they are documented.
type Policies struct {
	Version int64 // how often they were changed
	All     []Policy
}

// Policies tells the policies of a programme. Refusals: access.ProgramUnknown.
func (s *Service) Policies(ctx context.Context, id ident.ProgramID) (Policies, error) {
	return issuance.Look(ctx, s.rules, access.ProgramUnknown, func(tx issuance.ReadTx) (Policies, bool, error) {
		p, ok, err := tx.Program(ctx, id)
		if err != nil || !ok {
			return Policies{}, false, err
		}
		overrides, err := tx.Overrides(ctx, id)
		if err != nil {
			return Policies{}, false, err
		}
		version, err := tx.PolicyVersion(ctx, id)
		return policiesOf(p.Kind, overrides, version), true, err
	})
}

func policiesOf(kind program.Kind, overrides map[string]string, version int64) Policies {
	out := Policies{Version: version}
	for _, setting := range program.Settings() {
		_, set := overrides[setting.Name]
		out.All = append(out.All, Policy{
			Setting: setting, Value: setting.ValueIn(kind, overrides), Default: setting.DefaultOf(kind), Set: set,
		})
	}
	return out
}

// SetPolicies changes policies of the caller's programme.
type SetPolicies struct {
	issuance.Command
	Values map[string]string // "" takes the default again
	Seen   *int64            // the version that the caller saw; nil changes whatever there is
	Reason string
}

// SetPolicies changes the policies that are named, all or none. What changes nothing is no version. Refusals, in order:
// PoliciesMoved, access.PolicyInvalid.
func (s *Service) SetPolicies(ctx context.Context, cmd SetPolicies) (Policies, error) {
	return issuance.Run(ctx, s.rules, cmd.Command, access.ActionSetPolicy, func(w *issuance.Work) (Policies, error) {
		w.Audit.Note = cmd.Reason
		version, err := w.Tx.PolicyVersion(ctx, w.Program.ID)
		if err != nil {
			return Policies{}, err
		}
		if cmd.Seen != nil && *cmd.Seen != version {
			return Policies{}, fault.RefuseWith(PoliciesMoved, Version(version))
		}
		overrides, err := w.Tx.Overrides(ctx, w.Program.ID)
		if err != nil {
			return Policies{}, err
		}
		p, after, changes, err := access.SetPolicies(w.Program, overrides, cmd.Values)
		if err != nil || len(changes) == 0 {
			return policiesOf(p.Kind, overrides, version), err
		}
		v := access.PolicyVersion{
			Program: p.ID, Version: version + 1, At: w.Now, Actor: w.Audit.Actor, Channel: w.Audit.Channel, OnBehalfOf: w.Audit.OnBehalfOf, Reason: cmd.Reason, Changes: changes,
		}
		w.Audit.Note = v.Note()
		p.UpdatedAt = s.realNow()
		if err := w.Tx.UpdateProgram(ctx, p, after); err != nil {
			return Policies{}, err
		}
		return policiesOf(p.Kind, after, v.Version), w.Tx.InsertPolicyVersion(ctx, v)
	})
}

// PolicyHistory lists the changes of a programme's policies, newest first. before is a version; zero begins with the newest.
func (s *Service) PolicyHistory(ctx context.Context, id ident.ProgramID, before int64, limit int) ([]access.PolicyVersion, error) {
	if before <= 0 {
		before = math.MaxInt64
	}
	return issuance.Look(ctx, s.rules, access.ProgramUnknown, func(tx issuance.ReadTx) ([]access.PolicyVersion, bool, error) {
		list, err := tx.PolicyVersions(ctx, id, before, limit)
		return list, true, err
	})
}
