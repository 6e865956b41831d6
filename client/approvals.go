package client

import (
	"context"
	"iter"
	"time"
)

// Approval is what one key asked for and another decides.
type Approval struct {
	ID        string    `json:"id"`
	Action    string    `json:"action"` // code_recovery, guard_reset, unblock_after_fraud, bulk_activation
	Status    string    `json:"status"` // pending, approved, refused, used, expired
	CardID    string    `json:"card_id"`
	Reason    string    `json:"reason"` // that came with the request
	AskedBy   string    `json:"asked_by"`
	DecidedBy string    `json:"decided_by"`
	Note      string    `json:"note"` // of the decision
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at"`
	DecidedAt time.Time `json:"decided_at"`
	UsedAt    time.Time `json:"used_at"`
}

// ApprovedBy names the approval that a call was given. A call that needs one and has none is a [*Problem] with the reason
// [ApprovalRequired], whose [Problem.ApprovalID] waits for somebody with another key.
func ApprovedBy(approval string) CallOption { return func(c *call) { c.approval = approval } }

// ApprovalID is the approval that waits, of a problem with the reason [ApprovalRequired]; "" of others.
func (p *Problem) ApprovalID() string {
	id, _ := p.Context["approval_id"].(string)
	return id
}

// Approvals yields approvals, newest first; status narrows them, "" does not.
func (c *Client) Approvals(ctx context.Context, status string) iter.Seq2[Approval, error] {
	return every[Approval](ctx, c, at("approvals"), params("status", status))
}

// Approval gives one approval.
func (c *Client) Approval(ctx context.Context, id string) (out Approval, err error) {
	return out, c.send(ctx, get(at("approvals", id), nil), &out)
}

// Approve says yes to what another key asked for. The note may be empty.
func (c *Client) Approve(ctx context.Context, id, note string, options ...CallOption) (out Approval, err error) {
	body := map[string]string{}
	if note != "" {
		body["note"] = note
	}
	return out, c.send(ctx, post(at("approvals", id, "approve"), body, options), &out)
}

// Refuse says no, and why.
func (c *Client) Refuse(ctx context.Context, id, note string, options ...CallOption) (out Approval, err error) {
	return out, c.send(ctx, post(at("approvals", id, "refuse"), map[string]string{"note": note}, options), &out)
}
