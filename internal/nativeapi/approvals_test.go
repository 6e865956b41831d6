package nativeapi_test

import (
	"maps"
	"strconv"
	"strings"
	"testing"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/storetest"
)

func TestApprovals_AreAskedForAndDecidedByAnother(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.WithPolicy("approvals.actions", "guard_reset"))
	v, _ := h.newCard()
	chief := h.newKey(h.world.Program, access.ApprovalsRead, access.ApprovalsWrite)
	path := "/v1/cards/" + v.Card.ID.String() + "/activation/guard/reset"
	cursor := h.get("/v1/events").want(200).text("next_cursor")
	ask := func() string {
		return h.post(path, `{"reason":"She called"}`).refused(409, "approval_required").text("context", "approval_id")
	}
	id := ask()
	if again := ask(); again != id {
		t.Errorf("the same request waits for %s and %s", id, again)
	}
	one := "/v1/approvals/" + id
	list := h.get("/v1/approvals?status=pending").want(200)
	if list.text("items", "0", "id") != id || list.text("items", "0", "reason") != "She called" || list.raw("items", "1") != "" {
		t.Errorf("%s", list.body)
	}
	h.post(one+"/approve", "{}").refused(403, "approval_own")
	h.post(path, `{"reason":"She called"}`, "Approval-Id", id).refused(409, "approval_required")
	h.post(path, `{"reason":"She called"}`, "Approval-Id", "7").wrong("header.approval-id invalid_format")
	h.post(path, `{"reason":"She called"}`, "Approval-Id", v.Card.ID.String()).refused(404, "approval_not_found")
	h.post(one+"/refuse", "{}", "Authorization", "Bearer "+chief).wrong("body.note required")
	if got := h.post(one+"/approve", `{"note":"Fine"}`, "Authorization", "Bearer "+chief).want(200); got.text("status") != "approved" || got.text("note") != "Fine" {
		t.Errorf("%s", got.body)
	}
	h.post(one+"/refuse", `{"note":"No"}`, "Authorization", "Bearer "+chief).refused(409, "approval_over")
	h.post(path, `{"reason":"Another"}`, "Approval-Id", id).refused(409, "approval_mismatch")
	h.post(path, `{"reason":"She called"}`, "Approval-Id", id).want(200)
	if got := h.get(one, "Authorization", "Bearer "+chief).want(200); got.text("status") != "used" || got.text("used_at") == "" {
		t.Errorf("%s", got.body)
	}
	second := ask()
	if got := h.post("/v1/approvals/"+second+"/refuse", `{"note":"No"}`, "Authorization", "Bearer "+chief).want(200); got.text("status") != "refused" {
		t.Errorf("%s", got.body)
	}
	feed := h.get("/v1/events?types=approval.asked,approval.approved,approval.refused,approval.used&cursor=" + cursor).want(200)
	told := map[string]int{}
	for i := 0; feed.raw("items", strconv.Itoa(i)) != ""; i++ {
		e := strconv.Itoa(i)
		told[feed.text("items", e, "type")+" "+feed.text("items", e, "data", "approval_status")]++
		if feed.text("items", e, "data", "card_id") != v.Card.ID.String() || feed.text("items", e, "data", "approval_action") != "guard_reset" {
			t.Errorf("%s", feed.body)
		}
	}
	want := map[string]int{"approval.asked pending": 2, "approval.approved approved": 1, "approval.used used": 1, "approval.refused refused": 1}
	if !maps.Equal(told, want) || strings.Contains(feed.body, "She called") {
		t.Errorf("%v: %s", told, feed.body)
	}
	h.get(one, "Authorization", "Bearer "+h.foreign).refused(404, "approval_not_found")
	h.get("/v1/approvals?status=lost").wrong("query.status invalid_enum")
}
