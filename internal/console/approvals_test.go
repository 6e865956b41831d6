package console_test

import (
	"regexp"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/staff"
	"github.com/firsttap/firsttap/internal/storetest"
)

// TestConsole_WantsTwoPeopleWhereThePolicySaysSo asks as one approver, decides as another, and does it once.
func TestConsole_WantsTwoPeopleWhereThePolicySaysSo(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.WithPolicy("approvals.actions", "guard_reset"))
	card := h.at("/cards/" + h.world.Card.Card.ID.String())
	clerk, chief, viewer := h.desk(staff.Approver), h.desk(staff.Approver), h.desk(staff.Viewer)
	clerk.get(h.at("/approvals"))
	clerk.shows(200, "Nobody has asked for anything.")
	clerk.get(card)
	clerk.post(card+"/reset_guard", "reason", "She called")
	clerk.shows(200, "waits under Approvals", "approval required")
	clerk.hides("Approved by")

	waiting := func(b *browser) string {
		t.Helper()
		b.get(h.at("/approvals"))
		m := regexp.MustCompile(`action="[^"]*/approvals/([0-9a-f-]{36})/approve"`).FindStringSubmatch(b.text)
		if m == nil {
			return ""
		}
		return m[1]
	}
	if waiting(clerk) != "" || waiting(viewer) != "" {
		t.Error("who asked, or who only looks, may decide")
	}
	viewer.shows(200, "Reset a guard", "She called", "pending")
	id := waiting(chief)
	chief.shows(200, "Reset a guard", "She called")
	clerk.get(h.at("/approvals"))
	clerk.post(h.at("/approvals/" + id + "/approve"))
	clerk.shows(200, "Who asked does not decide")
	chief.post(h.at("/approvals/" + id + "/refuse"))
	chief.shows(200, "Say why")
	chief.post(h.at("/approvals/"+id+"/approve"), "note", "Checked")
	chief.shows(200, "It is approved", "approved", "Checked")
	chief.post(h.at("/approvals/"+id+"/refuse"), "note", "No")
	chief.shows(200, "was decided or used before")

	h.world.Clock.Advance(time.Second)
	clerk.get(card)
	clerk.shows(200, "Approved by operator:approver.", `name="approval" value="`+id+`"`)
	clerk.post(card+"/reset_guard", "approval", id, "reason", "Something else")
	clerk.shows(200, "for something else")
	clerk.get(card)
	clerk.post(card+"/reset_guard", "approval", id, "reason", "She called")
	clerk.shows(200, "all its tries again")
	clerk.hides("Approved by")
	clerk.post(card+"/reset_guard", "approval", id, "reason", "She called")
	clerk.shows(200, "decided or used before")
	for _, none := range []string{"x", h.world.IDs.UUID().String()} {
		chief.get(h.at("/approvals"))
		chief.post(h.at("/approvals/" + none + "/approve"))
		chief.hides("It is approved")
	}
}
