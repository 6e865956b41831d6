package console_test

import (
	"slices"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/console"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/staff"
)

const users = console.Path + "/users"

func TestConsole_KeepsItsUsers(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.desk(staff.Admin)
	b.get(users)
	b.shows(200, "Users of the console", `<span class="kind">you</span>`, h.world.Program.Name)
	b.hides("the whole installation")
	ours := h.world.Program.ID.String()
	for _, wrong := range []struct {
		says   string
		fields []string
	}{
		{"Say why", []string{"name", "olga", "role", "viewer", "program", ours}},
		{"without accents", []string{"name", "ólga", "role", "viewer", "program", ours, "reason", "x"}},
		{"without accents", []string{"name", "olga", "role", "root", "program", ours, "reason", "x"}},
		{"was not complete", []string{"name", "olga", "role", "viewer", "program", "x", "reason", "x"}},
		{"Your role does not have this", []string{"name", "olga", "role", "viewer", "reason", "x"}},
		{"Your role does not have this", []string{"name", "olga", "role", "viewer", "program", h.world.Foreign.ID.String(), "reason", "x"}},
	} {
		b.get(users)
		b.post(users, wrong.fields...)
		b.shows(200, wrong.says)
		b.hides(">olga<")
	}
	b.post(users, "name", "Olga", "role", "operator", "program", ours, "reason", "she joined")
	b.shows(200, "The user is added", "olga, operator")
	password := b.secret()
	if notes := h.notes("staff.add"); !slices.Contains(notes, "operator olga: she joined") {
		t.Errorf("the trail says %q", notes)
	}
	b.get(users)
	b.shows(200, ">olga<")
	b.hides(password)
	b.post(users, "name", "olga", "role", "operator", "program", ours, "reason", "again")
	b.shows(200, "has this name already")
	olga := &browser{house: h}
	olga.signIn("olga", password, "")
	olga.shows(200, "Find a card")

	page := h.userPage("olga")
	do := func(what string, fields ...string) {
		t.Helper()
		h.world.Clock.Advance(time.Second)
		b.get(page)
		b.post(page+"/"+what, fields...)
	}
	do("role", "role", "approver")
	b.shows(200, "Say why")
	do("role", "role", "root", "reason", "x")
	b.shows(200, "without accents")
	do("role", "role", "approver", "reason", "she learns fast")
	b.shows(200, "The role is changed", "<dt>Role</dt><dd>approver</dd>")
	do("disable", "reason", "she left")
	b.shows(200, "every session is over", ">disabled<")
	olga.get(h.at(""))
	olga.shows(200, "<h1>Sign in</h1>")
	do("password", "reason", "")
	b.shows(200, "Say why")
	do("password", "reason", "she is back")
	b.shows(200, "The user has a new password")
	olga.signIn("olga", b.secret(), "")
	olga.shows(200, "Find a card")
	if notes := h.notes("staff.set_role"); len(notes) != 1 || notes[0] != "olga approver: she learns fast" {
		t.Errorf("the trail says %q", notes)
	}
}

// userPage is the page of a member.
func (h *house) userPage(name string) string {
	h.t.Helper()
	all, err := h.staff.List(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	for _, m := range all {
		if m.Name == name {
			return users + "/" + m.ID.String()
		}
	}
	h.t.Fatalf("there is no %s", name)
	return ""
}

func TestConsole_TheLastAdministratorStays(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	enter := func(name string, p ident.ProgramID) *browser {
		t.Helper()
		made := h.hire(name, staff.Admin, p)
		b := &browser{house: h}
		b.signIn(name, made.Password.Reveal(), "")
		b.get(users)
		return b
	}
	root, local := enter("root", ident.ProgramID{}), enter("local", h.world.Program.ID)
	for _, act := range [][]string{{"/role", "role", "viewer"}, {"/disable"}} {
		root.get(users)
		root.post(h.userPage("root")+act[0], append(act[1:], "reason", "enough")...)
		root.shows(200, "Nobody else would keep the users")
	}
	local.get(h.userPage("root"))
	local.shows(404, "no such member")
	local.get(users)
	local.post(h.userPage("root")+"/disable", "reason", "a coup")
	local.shows(404, "no such member")
	local.get(users)
	local.hides(">root<")

	root.get(users)
	root.post(h.userPage("local")+"/role", "role", "viewer", "reason", "root is left")
	root.shows(200, "The role is changed")
	local.get(users)
	local.shows(403, "Your role does not have this")

	enter("second", ident.ProgramID{})
	root.get(users)
	root.post(h.userPage("root")+"/role", "role", "viewer", "reason", "second is left")
	root.shows(200, "The role is changed", "Your account")
	if rows := h.notes("staff.set_role"); len(rows) == 0 {
		t.Error("the trail of the programme does not tell of the role of local")
	}
}
