package console_test

import (
	"strings"
	"testing"

	"github.com/firsttap/firsttap/internal/console"
	"github.com/firsttap/firsttap/internal/staff"
)

// TestConsole_EachRoleHasItsPagesOfAdministration walks them, as each role; what is sent is not complete, and changes nothing.
func TestConsole_EachRoleHasItsPagesOfAdministration(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.desk(staff.Viewer)
	h.seal()
	key := h.at("/keys/" + h.world.NewCardsKey().PublicID)
	all := map[string]staff.Role{ // the least role of each
		"GET " + h.at("/keys"): staff.Viewer, "POST " + h.at("/keys"): staff.Admin, "GET " + key: staff.Viewer,
		"GET " + h.at("/policies"): staff.Viewer, "GET " + h.at("/policies/history"): staff.Viewer, "GET " + h.at("/policies/users.review"): staff.Viewer,
		"POST " + h.at("/policies/users.review"): staff.Admin,
		"GET " + h.at("/audit/proof"):            staff.Viewer, "POST " + h.at("/audit/proof"): staff.Viewer, "GET " + h.at("/audit/export"): staff.Viewer,
		"POST " + key + "/change": staff.Admin, "POST " + key + "/rotate": staff.Admin, "POST " + key + "/revoke": staff.Admin,
	}
	user := console.Path + "/users/" + h.hire("another", staff.Viewer, h.world.Program.ID).Member.ID.String()
	all["GET "+console.Path+"/users"], all["POST "+console.Path+"/users"], all["GET "+user] = staff.Admin, staff.Admin, staff.Admin
	for _, what := range []string{"/role", "/password", "/disable"} {
		all["POST "+user+what] = staff.Admin
	}
	for at, role := range staff.Roles() {
		b := h.desk(role)
		for route, least := range all {
			method, path, _ := strings.Cut(route, " ")
			b.get(h.at(""))
			if method == "GET" {
				b.get(path)
			} else {
				b.post(path)
			}
			if may := at >= rankOf(least); (b.status == 403) == may || may && b.status != 200 {
				t.Errorf("%s as %s answers %d, want it from %s on", route, role, b.status, least)
			}
		}
	}
	viewer := h.desk(staff.Viewer)
	for route := range all {
		if method, path, _ := strings.Cut(route, " "); method == "GET" && all[route] == staff.Viewer && !strings.HasPrefix(path, h.at("/audit/")) {
			viewer.get(path)
			if main := viewer.text[strings.Index(viewer.text, "<main"):]; strings.Contains(main, `method="post"`) {
				t.Errorf("%s has a form for who only looks", path)
			}
		}
	}
}
