package console

import (
	"net/http"
	"strings"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/form"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/staff"
)

const (
	usersPattern = "/users"
	userPattern  = "/users/{user}"
)

// usersPage is who works at the console, and the form for another one.
type usersPage struct {
	Lines    []userLine
	Roles    []staff.Role
	Whole    bool // who asks keeps the whole installation
	Programs []program.Program
}

// userLine is a member in a list.
type userLine struct {
	ID, Name, Role, For, Codes, State, Since string
	Good, You                                bool
}

// userPage is one member with its forms.
type userPage struct {
	userLine
	Facts []fact
	Roles []staff.Role
	In    bool // it may sign in
}

func (d *Door) userLineOf(c *call, m staff.Member, programs []program.Program) userLine {
	line := userLine{
		ID: m.ID.String(), Name: m.Name, Role: string(m.Role), For: "the whole installation", Codes: "off", State: "good", Since: moment(m.CreatedAt),
		Good: m.DisabledAt.IsZero(), You: m.ID == c.visit.Member.ID,
	}
	if !m.Program.IsZero() {
		line.For = "a programme that this host does not serve"
		for _, p := range programs {
			if p.ID == m.Program {
				line.For = p.Name
			}
		}
	}
	if m.CodesOn {
		line.Codes = "on"
	}
	switch {
	case !line.Good:
		line.State = "disabled"
	case d.service.RealNow().Before(m.LockedUntil):
		line.State, line.Good = "locked", false
	}
	return line
}

func (d *Door) listUsers(c *call) error {
	all, err := d.staff.Kept(c.r.Context(), c.visit.Member)
	if err != nil {
		return err
	}
	page := usersPage{Roles: staff.Roles(), Whole: c.visit.Member.Program.IsZero()}
	if page.Programs, err = d.programs(c); err != nil {
		return err
	}
	for _, m := range all {
		page.Lines = append(page.Lines, d.userLineOf(c, m, page.Programs))
	}
	v := d.view(c, "users", "Users of the console")
	v.Users = &page
	return d.write(c.w, http.StatusOK, v)
}

// userInPath is the member in the address, when who asks keeps it.
func (d *Door) userInPath(c *call) (staff.Member, error) {
	all, err := d.staff.Kept(c.r.Context(), c.visit.Member)
	if err != nil {
		return staff.Member{}, err
	}
	for _, m := range all {
		if m.ID.String() == httpd.Param(c.r, "user") {
			return m, nil
		}
	}
	return staff.Member{}, fault.Refuse(staff.MemberUnknown)
}

func (d *Door) showUser(c *call) error {
	m, err := d.userInPath(c)
	if err != nil {
		return err
	}
	programs, err := d.programs(c)
	if err != nil {
		return err
	}
	page := userPage{userLine: d.userLineOf(c, m, programs), Roles: staff.Roles(), In: m.DisabledAt.IsZero()}
	page.Facts = []fact{
		{"Role", page.Role},
		{"Works for", page.For},
		{"One-time codes", page.Codes},
		{"Locked until", lockOf(page.State, m)},
		{"Disabled", moment(m.DisabledAt)},
		{"Added", page.Since},
		{"Changed", moment(m.UpdatedAt)},
	}
	v := d.view(c, "user", "User "+m.Name)
	v.User = &page
	return d.write(c.w, http.StatusOK, v)
}

func lockOf(state string, m staff.Member) string {
	if state != "locked" {
		return ""
	}
	return moment(m.LockedUntil)
}

// keeper is who asks, with the reason of the form; false when there is none.
func (c *call) keeper() (staff.Keeper, bool) {
	k := staff.Keeper{Member: c.visit.Member, Visitor: visitorOf(c.r), Reason: strings.TrimSpace(c.form.Get("reason"))}
	return k, form.TextProblem(k.Reason, 1, mostReason) == ""
}

// addUser adds a member, and shows its password this once.
func (d *Door) addUser(c *call) error {
	k, reasoned := c.keeper()
	if !reasoned {
		return d.see(c.w, usersPattern+"?error="+mistakeReason)
	}
	var p ident.ProgramID
	if name := c.form.Get("program"); name != "" {
		id, err := ident.ParseUUID(name)
		if err != nil {
			return d.see(c.w, usersPattern+"?error="+mistakeForm)
		}
		p.UUID = id
	}
	made, err := d.staff.KeepNew(c.r.Context(), k, c.form.Get("name"), staff.Role(c.form.Get("role")), p)
	if err != nil {
		return d.seeRefused(c, usersPattern, err)
	}
	return d.showPassword(c, "The user is added", made)
}

func (d *Door) showPassword(c *call, title string, made staff.Made) error {
	return d.showOnce(c, title, made.Password, oncePage{
		What: "Password", Whose: made.Member.Name + ", " + string(made.Member.Role),
		Hint: "Hand it over now: it is shown this once, and kept nowhere. Its owner changes it after the first sign-in.",
		Back: "/users/" + made.Member.ID.String(), Link: "To the user",
	})
}

// keepUser wants a reason, does something with the member in the address, and leads back to it.
func (d *Door) keepUser(c *call, done string, do func(k staff.Keeper, id ident.UserID) error) error {
	m, err := d.userInPath(c)
	if err != nil {
		return err
	}
	path := "/users/" + m.ID.String()
	k, reasoned := c.keeper()
	if !reasoned {
		return d.see(c.w, path+"?error="+mistakeReason)
	}
	if err := do(k, m.ID); err != nil {
		return d.seeRefused(c, path, err)
	}
	if m.ID == c.visit.Member.ID { // perhaps the member keeps nobody any more
		return d.see(c.w, "/account?done="+done)
	}
	return d.see(c.w, path+"?done="+done)
}

func (d *Door) setUserRole(c *call) error {
	return d.keepUser(c, "role", func(k staff.Keeper, id ident.UserID) error {
		_, err := d.staff.KeepRole(c.r.Context(), k, id, staff.Role(c.form.Get("role")))
		return err
	})
}

func (d *Door) disableUser(c *call) error {
	return d.keepUser(c, "disabled", func(k staff.Keeper, id ident.UserID) error {
		_, err := d.staff.KeepOut(c.r.Context(), k, id)
		return err
	})
}

// resetUser gives a member a new password, and shows it this once.
func (d *Door) resetUser(c *call) error {
	m, err := d.userInPath(c)
	if err != nil {
		return err
	}
	path := "/users/" + m.ID.String()
	k, reasoned := c.keeper()
	if !reasoned {
		return d.see(c.w, path+"?error="+mistakeReason)
	}
	made, err := d.staff.KeepPassword(c.r.Context(), k, m.ID)
	if err != nil {
		return d.seeRefused(c, path, err)
	}
	return d.showPassword(c, "The user has a new password", made)
}
