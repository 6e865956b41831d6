package contract

import (
	"strings"
	"testing"
)

// nativeApprovals asks for what can hurt, and lets another key decide.
func nativeApprovals(t *testing.T, h *house) {
	p := h.program(t)
	a := p.cards()
	card, code := a.shipped()
	p.set("approvals.actions=code_recovery,guard_reset,unblock_after_fraud,bulk_activation")
	clerk, chief := p.native("all"), p.native("all")
	path := "/v1/cards/" + card + "/activation"

	reset := object{"reason": "She called"}
	asked := clerk.keyed("r1").post(path+"/guard/reset", reset).told(409, "approval_required").has("context.status", "pending")
	id := asked.text("context.approval_id")
	clerk.keyed("r1").post(path+"/guard/reset", reset).told(409, "approval_required").has("context.approval_id", id)
	clerk.get("/v1/approvals?status=pending").is(200).has("items.0.id", id, "items.0.action", "guard_reset", "items.0.card_id", card, "items.0.reason", "She called")
	clerk.post("/v1/approvals/"+id+"/approve", object{}).told(403, "approval_own")
	h.program(t).native("all").post("/v1/approvals/"+id+"/approve", object{}).told(404, "approval_not_found")
	clerk.with("Approval-Id", id).keyed("r1").post(path+"/guard/reset", reset).told(409, "approval_required")
	chief.post("/v1/approvals/"+id+"/approve", object{"note": "Checked"}).is(200).has("status", "approved", "note", "Checked")
	clerk.with("Approval-Id", id).keyed("r2").post(path+"/guard/reset", object{"reason": "Another"}).told(409, "approval_mismatch")
	clerk.with("Approval-Id", id).keyed("r1").post(path+"/guard/reset", reset).is(200).has("tries_left", 5.0)
	clerk.with("Approval-Id", id).keyed("r3").post(path+"/guard/reset", reset).told(409, "approval_over").has("context.status", "used")
	chief.get("/v1/approvals/"+id).is(200).has("status", "used", "asked_by", chief.get("/v1/approvals/"+id).text("asked_by"))

	recovery := path + "/code/recovery"
	id = clerk.post(recovery, object{"reason": "The mailer was lost"}).told(409, "approval_required").text("context.approval_id")
	chief.get("/v1/approvals/"+id).is(200).has("reason", "The mailer was lost")
	chief.post("/v1/approvals/"+id+"/refuse", object{}).told(422, "native_form_invalid")
	chief.post("/v1/approvals/"+id+"/refuse", object{"note": "Who is she?"}).is(200).has("status", "refused")
	clerk.with("Approval-Id", id).post(recovery, object{"reason": "The mailer was lost"}).told(409, "approval_over").has("context.status", "refused")
	id = clerk.post(recovery, object{"reason": "The mailer was lost"}).told(409, "approval_required").text("context.approval_id")
	p.advance("24h")
	chief.post("/v1/approvals/"+id+"/approve", object{}).told(409, "approval_over").has("context.status", "expired")
	id = clerk.post(recovery, object{"reason": "The mailer was lost"}).told(409, "approval_required").text("context.approval_id")
	chief.post("/v1/approvals/"+id+"/approve", object{}).is(200)
	clerk.with("Approval-Id", id).post(recovery, object{"reason": "The mailer was lost"}).is(200).has("code", code)
	if r := a.get("/cards/" + card + "/activation-code"); r.status != 403 {
		t.Errorf("the cards API reads a code that needs an approval: %d %s", r.status, r.body)
	}

	many := object{"items": []object{{"card_id": card, "code": code}}, "reason": "The event of Friday"}
	id = clerk.keyed("many").post("/v1/activations", many).told(409, "approval_required").text("context.approval_id")
	chief.get("/v1/approvals/"+id).is(200).has("reason", "cards: 1; reason: The event of Friday")
	chief.post("/v1/approvals/"+id+"/approve", object{}).is(200)
	for range 2 {
		clerk.with("Approval-Id", id).keyed("many").post("/v1/activations", many).is(207).has("activated", 1.0)
	}
	p.native("cards:read").get("/v1/approvals").told(403, "scope_missing").has("context.scope", "approvals:read")
	for _, row := range p.trail() {
		if note, _ := row["note"].(string); strings.Contains(note, code) {
			t.Errorf("a code in the trail: %v", row)
		}
	}
}

// nativeFraud lifts a block for fraud through every door.
func nativeFraud(t *testing.T, h *house) {
	p := h.program(t, "approvals.actions=unblock_after_fraud")
	a := p.cards()
	card, _ := a.shipped()
	clerk, chief := p.native("all"), p.native("all")
	clerk.post("/v1/cards/"+card+"/block", object{"message": "Under review"}).is(200)
	clerk.post("/v1/cards/"+card+"/unblock", object{}).is(200).has("status", "open")
	a.post("/simulation/cards/"+card+"/status", object{"status": "BLOCKED", "blockReasonType": "SUSPECTED_FRAUD_CVV"}).is(204)
	if r := a.post("/cards/"+card+"/unblock", object{}); r.status != 409 {
		t.Errorf("the cards API lifts a block for fraud: %d %s", r.status, r.body)
	}
	why := object{"reason": "She knows the purchases"}
	id := clerk.post("/v1/cards/"+card+"/unblock", why).told(409, "approval_required").text("context.approval_id")
	chief.post("/v1/approvals/"+id+"/approve", object{}).is(200).has("reason", "She knows the purchases", "action", "unblock_after_fraud")
	again := object{"reason": "Asked twice"}
	second := clerk.post("/v1/cards/"+card+"/unblock", again).told(409, "approval_required").text("context.approval_id")
	chief.post("/v1/approvals/"+second+"/approve", object{}).is(200)
	clerk.with("Approval-Id", id).post("/v1/cards/"+card+"/unblock", why).is(200).has("status", "open")
	a.post("/simulation/cards/"+card+"/status", object{"status": "BLOCKED", "blockReasonType": "SUSPECTED_FRAUD_CVV"}).is(204)
	clerk.with("Approval-Id", second).post("/v1/cards/"+card+"/unblock", again).told(409, "approval_mismatch")
}
