package sqlstore

import (
	"context"
	"strings"

	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/spendpolicy"
	"github.com/firsttap/firsttap/internal/transaction"
)

const policyColumns = `o.id, o.program_id, o.type, o.name, o.disabled, o.scope_type, o.scope_id, o.channels, o.created_at, o.updated_at, o.version`

// narrowestFirst is the order in which policies are told: the narrowest scope, then the oldest.
const narrowestFirst = `CASE o.scope_type WHEN 'CARD' THEN 0 WHEN 'USER' THEN 1 ELSE 2 END, o.created_at, o.id`

const (
	selectPolicy    = `SELECT ` + policyColumns + ` FROM spend_policies o WHERE o.id = $2 AND o.program_id = $1`
	listPolicies    = `SELECT ` + policyColumns + ` FROM spend_policies o WHERE o.program_id = $1`
	selectEffective = `SELECT ` + policyColumns + ` FROM spend_policies o WHERE o.program_id = $1 AND o.disabled = 0 AND o.scope_id IN ($2, $3, $4) ORDER BY ` + narrowestFirst
	countPolicies   = `SELECT count(*) FROM spend_policies o WHERE o.program_id = $1 AND o.disabled = 0 AND o.scope_id = $2`
	insertPolicy    = `INSERT INTO spend_policies (id, program_id, type, name, disabled, scope_type, scope_id, channels, created_at, updated_at, version)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`
	updatePolicy = `UPDATE spend_policies SET name = $3, disabled = $4, channels = $5, updated_at = $6, version = $2 + 1
	WHERE id = $1 AND version = $2`
)

func scanPolicy(r row, o *spendpolicy.Policy) error {
	return r.scan(&o.ID.UUID, &o.Program.UUID, (*string)(&o.Type), &o.Name, &o.Disabled, (*string)(&o.Scope.Type), &o.Scope.ID,
		asChannels(&o.Channels), &o.CreatedAt, &o.UpdatedAt, &o.Version)
}

func asChannels(to *[]transaction.Channel) text {
	return func(s string) error {
		for item := range strings.SplitSeq(strings.Trim(s, ","), ",") {
			*to = append(*to, transaction.Channel(item))
		}
		return nil
	}
}

func (t tx) SpendPolicy(_ context.Context, p ident.ProgramID, id ident.PolicyID) (spendpolicy.Policy, bool, error) {
	found, err := all(t, selectPolicy, []any{p.UUID, id.UUID}, scanPolicy)
	if err != nil || len(found) == 0 {
		return spendpolicy.Policy{}, false, err
	}
	return found[0], true, nil
}

func (t tx) SpendPolicies(_ context.Context, p ident.ProgramID, f issuance.SpendPolicyFilter, page issuance.Page) ([]spendpolicy.Policy, error) {
	l := newListing(listPolicies, p.UUID)
	if !f.ScopeID.IsZero() {
		l.and("o.scope_id = ", f.ScopeID)
	}
	if f.ScopeType != "" {
		l.and("o.scope_type = ", string(f.ScopeType))
	}
	if f.Disabled != nil {
		l.and("o.disabled = ", *f.Disabled)
	}
	sql, args := l.paged("o", page)
	return all(t, sql, args, scanPolicy)
}

func (t tx) EffectivePolicies(_ context.Context, p ident.ProgramID, scopes []spendpolicy.Scope) ([]spendpolicy.Policy, error) {
	args := []any{p.UUID, ident.UUID{}, ident.UUID{}, ident.UUID{}}
	for i, s := range scopes[:min(len(scopes), len(args)-1)] {
		args[1+i] = s.ID
	}
	return all(t, selectEffective, args, scanPolicy)
}

func (t tx) CountPolicies(_ context.Context, p ident.ProgramID, s spendpolicy.Scope) (int, error) {
	var n int
	_, err := one(t, countPolicies, []any{p.UUID, s.ID}, &n)
	return n, err
}

func (t tx) InsertSpendPolicy(_ context.Context, o spendpolicy.Policy) error {
	_, err := t.exec(insertPolicy, o.ID.UUID, o.Program.UUID, string(o.Type), o.Name, o.Disabled, string(o.Scope.Type), o.Scope.ID,
		oneOf(o.Channels), o.CreatedAt, o.UpdatedAt, o.Version)
	return err
}

func (t tx) UpdateSpendPolicy(_ context.Context, o spendpolicy.Policy) error {
	return update(t, updatePolicy, o.ID.UUID, o.Version, o.Name, o.Disabled, oneOf(o.Channels), o.UpdatedAt)
}
