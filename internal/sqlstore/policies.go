package sqlstore

import (
	"context"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/ident"
)

const (
	policyVersionColumns = `h.program_id, h.version, h.at, h.actor, h.channel, h.on_behalf_of, h.reason, h.changes`
	lastPolicyVersion    = `SELECT h.version FROM policy_versions h WHERE h.program_id = $1 ORDER BY h.version DESC LIMIT 1`
	listPolicyVersions   = `SELECT ` + policyVersionColumns + ` FROM policy_versions h
	WHERE h.program_id = $1 AND h.version < $2 ORDER BY h.version DESC LIMIT $3`
	insertPolicyVersion = `INSERT INTO policy_versions (program_id, version, at, actor, channel, on_behalf_of, reason, changes)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`
)

func (t tx) PolicyVersion(_ context.Context, p ident.ProgramID) (int64, error) {
	var n int64
	_, err := one(t, lastPolicyVersion, []any{p.UUID}, &n)
	return n, err
}

func (t tx) PolicyVersions(_ context.Context, p ident.ProgramID, before int64, limit int) ([]access.PolicyVersion, error) {
	return all(t, listPolicyVersions, []any{p.UUID, before, limit}, func(r row, v *access.PolicyVersion) error {
		return r.scan(&v.Program.UUID, &v.Version, &v.At, &v.Actor, &v.Channel, &v.OnBehalfOf, &v.Reason, asJSON(&v.Changes))
	})
}

func (t tx) InsertPolicyVersion(_ context.Context, v access.PolicyVersion) error {
	_, err := t.exec(insertPolicyVersion, v.Program.UUID, v.Version, v.At, v.Actor, v.Channel, v.OnBehalfOf, v.Reason, toJSON(v.Changes))
	return err
}
