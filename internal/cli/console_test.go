package cli_test

import (
	"strings"
	"testing"
)

func TestConsole_KeepsItsMembers(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.do("program", "create", "Acme")
	first := d.do("console", "user", "add", "Olga", "--role", "admin")
	if !strings.Contains(first, "name      olga") || !strings.Contains(first, "/console and choose a password") {
		t.Errorf("the new member is told as\n%s", first)
	}
	d.do("console", "user", "add", "petr", "--program", "Acme")
	d.refused(1, "somebody has this name already", "console", "user", "add", "OLGA")
	d.refused(1, "a name has 1 to 64", "console", "user", "add", "two words")
	d.refused(1, "there is no such programme", "console", "user", "add", "eva", "--program", "Other")
	d.refused(1, "no such member of the staff", "console", "user", "disable", "eva")
	d.do("console", "user", "disable", "petr")
	type member struct {
		Name, Role, Program string
		Disabled            bool
	}
	members := func() (list []member) {
		t.Helper()
		d.list(&list, "console", "user", "list", "--json")
		return list
	}
	if got := members(); len(got) != 2 || got[0] != (member{"olga", "admin", "all", false}) || got[1] != (member{"petr", "viewer", "Acme", true}) {
		t.Errorf("the members are %+v", got)
	}
	var made struct{ Name, Password string }
	d.list(&made, "console", "user", "reset-password", "petr", "--json")
	if got := members(); len(made.Password) != 20 || got[1].Disabled || strings.Contains(d.do("console", "user", "list"), made.Password) {
		t.Errorf("after the reset the members are %+v", got)
	}
}
