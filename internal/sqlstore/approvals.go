package sqlstore

import (
	"context"

	"github.com/firsttap/firsttap/internal/approval"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

const (
	approvalColumns = `v.id, v.program_id, v.action, v.card_id, v.digest, v.reason, v.asked_by, v.status, v.decided_by, v.note, v.created_at,
	v.expires_at, v.decided_at, v.used_at, v.version`

	selectApproval     = `SELECT ` + approvalColumns + ` FROM approvals v WHERE v.id = $2 AND v.program_id = $1`
	selectOpenApproval = `SELECT ` + approvalColumns + ` FROM approvals v
	WHERE v.program_id = $1 AND v.digest = $2 AND v.status IN ('pending', 'approved') ORDER BY v.created_at DESC, v.id DESC LIMIT 1`
	listApprovals  = `SELECT ` + approvalColumns + ` FROM approvals v WHERE v.program_id = $1`
	insertApproval = `INSERT INTO approvals (id, program_id, action, card_id, digest, reason, asked_by, status, decided_by, note, created_at,
	expires_at, decided_at, used_at, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`
	updateApproval = `UPDATE approvals SET status = $3, decided_by = $4, note = $5, decided_at = $6, used_at = $7, version = $2 + 1
	WHERE id = $1 AND version = $2`
)

func approvalDest(a *approval.Approval) []any {
	return []any{
		&a.ID.UUID, &a.Program.UUID, (*string)(&a.Action), &a.Card.UUID, &a.Digest, &a.Reason, &a.AskedBy, (*string)(&a.Stored), &a.DecidedBy, &a.Note,
		&a.CreatedAt, &a.ExpiresAt, &a.DecidedAt, &a.UsedAt, &a.Version,
	}
}

func scanApproval(r row, a *approval.Approval) error { return r.scan(approvalDest(a)...) }

func (t tx) approval(sql string, args ...any) (approval.Approval, bool, error) {
	var a approval.Approval
	found, err := one(t, sql, args, approvalDest(&a)...)
	return a, found, err
}

func (t tx) Approval(_ context.Context, p ident.ProgramID, id ident.ApprovalID) (approval.Approval, bool, error) {
	return t.approval(selectApproval, p.UUID, id.UUID)
}

func (t tx) OpenApproval(_ context.Context, p ident.ProgramID, digest []byte) (approval.Approval, bool, error) {
	return t.approval(selectOpenApproval, p.UUID, digest)
}

func (t tx) Approvals(_ context.Context, p ident.ProgramID, f issuance.ApprovalFilter, page issuance.Page) ([]approval.Approval, error) {
	l := newListing(listApprovals, p.UUID)
	switch f.Status {
	case approval.Pending, approval.Approved:
		l.and("v.status = ", string(f.Status))
		l.and("v.expires_at > ", f.At)
	case approval.Expired:
		l.sql.WriteString(" AND v.status IN ('pending', 'approved')")
		l.and("v.expires_at <= ", f.At)
	case approval.Refused, approval.Used:
		l.and("v.status = ", string(f.Status))
	}
	sql, args := l.paged("v", page)
	return all(t, sql, args, scanApproval)
}

func (t tx) InsertApproval(_ context.Context, a approval.Approval) error {
	_, err := t.exec(insertApproval, a.ID.UUID, a.Program.UUID, string(a.Action), a.Card.UUID, a.Digest, a.Reason, a.AskedBy, string(a.Stored), a.DecidedBy,
		a.Note, a.CreatedAt, a.ExpiresAt, a.DecidedAt, a.UsedAt, a.Version)
	return err
}

func (t tx) UpdateApproval(_ context.Context, a approval.Approval) error {
	return update(t, updateApproval, a.ID.UUID, a.Version, string(a.Stored), a.DecidedBy, a.Note, a.DecidedAt, a.UsedAt)
}
