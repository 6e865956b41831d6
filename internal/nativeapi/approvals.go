package nativeapi

import (
	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/approval"
	"github.com/firsttap/firsttap/internal/form"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// approvalHeader is how a request names the approval that it was given.
const approvalHeader = "Approval-Id"

// asked reads what a request brings that may need an approval. What is approved is this very request: its target and its
// body, and not its idempotency key.
func (d *Door) asked(c *call) issuance.Asked {
	out := issuance.Asked{Digest: d.service.Fingerprint(c.programID(), c.route.Target(c.r), c.body.AppendCanonical(nil))}
	values := c.r.Header.Values(approvalHeader)
	if len(values) == 0 {
		return out
	}
	id, err := ident.ParseUUID(values[0])
	if err != nil || len(values) > 1 {
		c.bad("header.approval-id", form.InvalidFormat)
	}
	out.Approval.UUID = id
	return out
}

func (d *Door) listApprovals(c *call) error {
	c.takes("status", "sort", "limit", "cursor")
	status, page := choiceParam(c, "status", approval.Statuses()...), d.page(c)
	if err := c.checked(); err != nil {
		return err
	}
	found, err := d.service.Approvals(c.ctx(), c.programID(), status, page)
	if err != nil {
		return err
	}
	mark := func(a issuance.ApprovalAt) issuance.Mark { return issuance.Mark{CreatedAt: a.CreatedAt, ID: a.ID.UUID} }
	return write(c.w, showPage(d, c, found, page, mark, showApproval))
}

func (d *Door) getApproval(c *call) error {
	c.takes()
	id := ident.ApprovalID{UUID: c.id()}
	if err := c.checked(); err != nil {
		return err
	}
	found, err := d.service.Approval(c.ctx(), c.programID(), id)
	if err != nil {
		return err
	}
	return write(c.w, ok(body(showApproval, found)))
}

func (d *Door) approve(c *call) error { return d.decideApproval(c, true) }

func (d *Door) refuse(c *call) error { return d.decideApproval(c, false) }

func (d *Door) decideApproval(c *call, yes bool) error {
	c.takes()
	c.form()
	id, note := ident.ApprovalID{UUID: c.id()}, c.object("note").text("note", need(!yes), 200)
	if err := c.checked(); err != nil {
		return err
	}
	show := func(a issuance.ApprovalAt) issuance.Answer { return ok(body(showApproval, a)) }
	return perform(d, c, show, func(base issuance.Command) (issuance.ApprovalAt, error) {
		return d.service.DecideApproval(c.ctx(), issuance.DecideApproval{Command: base, Approval: id, Approve: yes, Note: note})
	})
}

func showApproval(w *wirejson.Writer, a issuance.ApprovalAt) {
	w.BeginObject()
	w.Key("id").String(a.ID.String())
	w.Key("action").String(string(a.Action))
	w.Key("status").String(string(a.Status(a.Now)))
	w.Key("card_id")
	showID(w, a.Card.UUID)
	w.Key("reason").StringOrNull(a.Reason)
	w.Key("asked_by").String(a.AskedBy)
	w.Key("decided_by").StringOrNull(a.DecidedBy)
	w.Key("note").StringOrNull(a.Note)
	w.Key("created_at")
	showTime(w, a.CreatedAt)
	w.Key("expires_at")
	showTime(w, a.ExpiresAt)
	w.Key("decided_at")
	showTime(w, a.DecidedAt)
	w.Key("used_at")
	showTime(w, a.UsedAt)
	w.EndObject()
}

func (d *Door) approvalRoutes() []httpd.Route {
	const one = "/v1/approvals/{id}"
	return []httpd.Route{
		read("/v1/approvals", access.ApprovalsRead, d.listApprovals),
		read(one, access.ApprovalsRead, d.getApproval),
		act(one+"/approve", access.ApprovalsWrite, d.approve),
		act(one+"/refuse", access.ApprovalsWrite, d.refuse),
	}
}
