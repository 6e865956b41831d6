package access

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
)

// ActionSetPolicy is the action of audit rows about policies, whoever acts.
const ActionSetPolicy = "program.set_policy"

// PolicyChange is one policy with the texts of its value before and after.
type PolicyChange struct {
	Name string `json:"name"`
	Was  string `json:"was"`
	Is   string `json:"is"`
}

// PolicyVersion is one change of the policies of a programme: who made it, when, and of what. The policies that a programme is
// made with are no version: it begins with version 0.
type PolicyVersion struct {
	Program    ident.ProgramID
	Version    int64
	At         time.Time // on the programme's clock
	Actor      string    // as in audit rows
	Channel    string
	OnBehalfOf string
	Reason     string
	Changes    []PolicyChange
}

// Note is what the audit row of the change keeps.
func (v PolicyVersion) Note() string {
	names := make([]string, len(v.Changes))
	for i, c := range v.Changes {
		names[i] = c.Name
	}
	note := strings.Join(names, " ")
	if v.Reason != "" {
		note += ": " + v.Reason
	}
	return note
}

// SetPolicies gives a programme and its overrides with some policies changed, and what that changes; nothing, where all of them
// are set to the value already. A value of "" takes the default again, also of one that was set to its default: that one would not
// follow when the default changes. Errors: [PolicyInvalid], with all problems.
func SetPolicies(p program.Program, overrides, values map[string]string) (program.Program, map[string]string, []PolicyChange, error) {
	after := maps.Clone(overrides)
	if after == nil {
		after = map[string]string{}
	}
	known := map[string]program.Setting{}
	for _, setting := range program.Settings() {
		known[setting.Name] = setting
	}
	for name, value := range values {
		if _, ok := known[name]; ok && value == "" {
			delete(after, name)
			continue
		}
		after[name] = value
	}
	policy, err := parsePolicy(p.Kind, after)
	if err != nil {
		return p, nil, nil, err
	}
	p.Policy = policy
	var changes []PolicyChange
	for _, name := range slices.Sorted(maps.Keys(values)) {
		was, is := known[name].ValueIn(p.Kind, overrides), known[name].ValueIn(p.Kind, after)
		_, wasSet := overrides[name]
		_, isSet := after[name]
		if was != is || wasSet != isSet {
			changes = append(changes, PolicyChange{name, was, is})
		}
	}
	return p, after, changes, nil
}

// SetPolicy changes policies of a programme; a value of "" takes the default again. What changes nothing is no version. Errors:
// [PolicyInvalid].
func (s *Service) SetPolicy(ctx context.Context, by Operator, id ident.ProgramID, values map[string]string) (program.Program, error) {
	var changed program.Program
	err := s.store.Write(ctx, func(tx Tx) error {
		p, err := programOf(ctx, tx, id)
		if err != nil {
			return err
		}
		overrides, err := tx.Overrides(ctx, id)
		if err != nil {
			return err
		}
		p, after, changes, err := SetPolicies(p, overrides, values)
		changed = p
		if err != nil || len(changes) == 0 {
			return err
		}
		last, err := tx.PolicyVersion(ctx, id)
		if err != nil {
			return err
		}
		row := s.row(by, p, ActionSetPolicy, "")
		v := PolicyVersion{Program: id, Version: last + 1, At: row.At, Actor: row.Actor, Channel: row.Channel, Changes: changes}
		row.Note = v.Note()
		p.UpdatedAt = s.now().UTC()
		if err := tx.UpdateProgram(ctx, p, after); err != nil {
			return err
		}
		if err := tx.InsertPolicyVersion(ctx, v); err != nil {
			return err
		}
		return tx.InsertAudit(ctx, row)
	})
	return changed, err
}

func parsePolicy(kind program.Kind, values map[string]string) (program.Policy, error) {
	policy, err := program.ParsePolicy(kind, values)
	if err == nil {
		return policy, nil
	}
	refusal := fault.RefuseWith(PolicyInvalid, strings.Split(err.Error(), "\n"))
	if all, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range all.Unwrap() {
			if p, ok := errors.AsType[program.ValueError](e); ok {
				refusal.Fields = append(refusal.Fields, fault.Field{Path: p.Name, Code: "invalid_value", Message: p.Text})
			}
		}
	}
	return program.Policy{}, refusal
}
