package console

import (
	"net/http"
	"strings"

	"github.com/firsttap/firsttap/internal/approval"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/form"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/staff"
)

// request is an approval in a list, or beside its card.
type request struct {
	ID, At, Ends, What, Card, Reason, By, Status, Decided, Note string

	Decide bool   // this member may say yes or no
	Do     string // the action that may be done now with it; "": none
}

// approvalWords are what may be asked for.
var approvalWords = map[approval.Action]string{
	approval.CodeRecovery: "Read an activation code back", approval.GuardReset: "Reset a guard", approval.UnblockAfterFraud: "Lift a block for fraud",
	approval.BulkActivation: "Activate many cards",
}

// formsOf are the actions of this door that an approval is for. What a key asked for is done by a key.
var formsOf = map[approval.Action]issuance.Action{approval.GuardReset: issuance.ToResetGuard, approval.UnblockAfterFraud: issuance.ToUnblock}

// asked is what an action of the console brings: the approval is for the same action on the same card for the same reason.
func (d *Door) asked(c *call, action issuance.Action, reason string) issuance.Asked {
	out := issuance.Asked{Digest: d.service.Fingerprint(c.program.ID, []byte(doorName), []byte(action), []byte(c.cardOf().String()), []byte(reason))}
	if id, err := ident.ParseUUID(c.form.Get("approval")); err == nil {
		out.Approval.UUID = id
	}
	return out
}

func (d *Door) requestOf(c *call, a issuance.ApprovalAt) request {
	status, me := a.Status(a.Now), c.visit.Member.Actor()
	r := request{
		ID: a.ID.String(), At: moment(a.CreatedAt), Ends: moment(a.ExpiresAt), What: approvalWords[a.Action], Card: idText(a.Card.IsZero(), a.Card.String()),
		Reason: a.Reason, By: a.AskedBy, Status: word(string(status)), Decided: a.DecidedBy, Note: a.Note,
		Decide: status == approval.Pending && a.AskedBy != me && c.may(staff.Decide),
	}
	form := formsOf[a.Action]
	if status == approval.Approved && strings.HasPrefix(a.AskedBy, "operator:") && form != "" && c.may(needs(form)) {
		r.Do = string(form)
	}
	return r
}

// listApprovals shows what waits for a second person, and what was said.
func (d *Door) listApprovals(c *call) error {
	q := c.r.URL.Query()
	all, err := d.service.Approvals(c.r.Context(), c.program.ID, "", pageOf(q))
	if err != nil {
		return err
	}
	v := d.view(c, "approvals", "Approvals")
	for _, a := range all[:min(len(all), listRows)] {
		v.Requests = append(v.Requests, d.requestOf(c, a))
	}
	if len(all) > listRows {
		last := all[listRows-1]
		v.Older = older(q, last.CreatedAt, last.ID.UUID)
	}
	return d.write(c.w, http.StatusOK, v)
}

// approvedFor lists what was approved for a card and may be done here now.
func (d *Door) approvedFor(c *call, card ident.CardID) (out []request, err error) {
	all, err := d.service.Approvals(c.r.Context(), c.program.ID, approval.Approved, issuance.Page{Limit: listRows})
	for _, a := range all {
		if r := d.requestOf(c, a); a.Card == card && r.Do != "" {
			out = append(out, r)
		}
	}
	return out, err
}

func (d *Door) approve(c *call) error { return d.decide(c, true) }

func (d *Door) disapprove(c *call) error { return d.decide(c, false) }

func (d *Door) decide(c *call, yes bool) error {
	path, done := "/p/"+c.program.ID.String()+"/approvals", map[bool]string{true: "approved", false: "refused"}[yes]
	id, err := ident.ParseUUID(httpd.Param(c.r, "approval"))
	if err != nil {
		return fault.Refuse(approval.NotFound)
	}
	note := strings.TrimSpace(c.form.Get("note"))
	if note == "" && !yes || form.TextProblem(note, 0, mostReason) != "" {
		return d.see(c.w, path+"?error="+mistakeReason)
	}
	decision := issuance.DecideApproval{Command: c.command(), Approval: ident.ApprovalID{UUID: id}, Approve: yes, Note: note}
	if _, err := d.service.DecideApproval(c.r.Context(), decision); err != nil {
		return d.seeRefused(c, path, err)
	}
	return d.see(c.w, path+"?done="+done)
}
