package cli

import (
	"context"
	"fmt"

	"github.com/firsttap/firsttap/internal/app"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/staff"
)

type consoleCommand struct {
	User struct {
		Add           staffAdd     `cmd:"" help:"Add a member of the staff. The password is printed once."`
		List          staffList    `cmd:"" help:"List the members of the staff."`
		ResetPassword staffReset   `cmd:"" help:"Give a member a new password, without one-time codes; also one who is locked or disabled."`
		Disable       staffDisable `cmd:"" help:"Let a member in no longer, and end all its sessions."`
	} `cmd:"" help:"Who may sign in to the operator console."`
}

type staffAdd struct {
	where
	Name    string `arg:"" help:"Name of the sign-in: letters, digits and . _ - @."`
	Role    string `enum:"viewer,operator,approver,admin" default:"viewer" help:"viewer, operator, approver or admin."`
	Program string `help:"Name or id of the only programme that the member works for; default is all." placeholder:"PROGRAM"`
	JSON    bool   `help:"Print JSON."`
}

// Run adds the member and prints the password.
func (c staffAdd) Run(ctx context.Context, w World) error {
	return c.with(ctx, w, app.Open, func(h *app.House) error {
		var only ident.ProgramID
		if c.Program != "" {
			p, err := h.Access.FindProgram(ctx, c.Program)
			if err != nil {
				return err
			}
			only = p.ID
		}
		made, err := h.Staff.Add(ctx, c.operator(), c.Name, staff.Role(c.Role), only)
		if err != nil {
			return err
		}
		return c.showPassword(w, made, c.JSON)
	})
}

// showPassword prints the password of a member. This is the one place where it is seen.
func (o where) showPassword(w World, made staff.Made, asJSON bool) error {
	cfg, err := o.settings(w)
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(w.Stdout, map[string]string{"name": made.Member.Name, "role": string(made.Member.Role), "password": made.Password.Reveal()})
	}
	_, err = fmt.Fprintf(w.Stdout, "name      %s\nrole      %s\npassword  %s\n\nSign in at %s/console and choose a password of your own.\n"+
		"Keep it now: it is not stored and cannot be shown again.\n", made.Member.Name, made.Member.Role, made.Password.Reveal(), cfg.PublicBase())
	return err
}

type staffReset struct {
	where
	Name string `arg:"" help:"Name of the sign-in."`
	JSON bool   `help:"Print JSON."`
}

// Run prints a new password.
func (c staffReset) Run(ctx context.Context, w World) error {
	return c.with(ctx, w, app.Open, func(h *app.House) error {
		made, err := h.Staff.ResetPassword(ctx, c.operator(), c.Name)
		if err != nil {
			return err
		}
		return c.showPassword(w, made, c.JSON)
	})
}

type staffDisable struct {
	where
	Name string `arg:"" help:"Name of the sign-in."`
}

// Run disables the member.
func (c staffDisable) Run(ctx context.Context, w World) error {
	return c.with(ctx, w, app.Open, func(h *app.House) error {
		m, err := h.Staff.Disable(ctx, c.operator(), c.Name)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w.Stdout, "%s is disabled, and all sessions are over.\n", m.Name)
		return err
	})
}

type staffList struct {
	where
	JSON bool `help:"Print JSON."`
}

type staffRow struct {
	Name     string `json:"name"`
	Role     string `json:"role"`
	Program  string `json:"program"`
	Codes    bool   `json:"one_time_codes"`
	Disabled bool   `json:"disabled"`
	Created  string `json:"created_at"`
}

// Run lists the members.
func (c staffList) Run(ctx context.Context, w World) error {
	return c.with(ctx, w, app.Open, func(h *app.House) error {
		members, err := h.Staff.List(ctx)
		if err != nil {
			return err
		}
		programs, err := h.Access.ListPrograms(ctx)
		if err != nil {
			return err
		}
		names := map[ident.ProgramID]string{{}: "all"}
		for _, p := range programs {
			names[p.ID] = p.Name
		}
		list, rows := make([]staffRow, len(members)), make([][]string, len(members))
		for i, m := range members {
			r := staffRow{m.Name, string(m.Role), names[m.Program], m.CodesOn, !m.DisabledAt.IsZero(), moment(m.CreatedAt)}
			list[i], rows[i] = r, []string{r.Name, r.Role, r.Program, yesNo(r.Codes), yesNo(r.Disabled), r.Created}
		}
		if c.JSON {
			return printJSON(w.Stdout, list)
		}
		return table(w.Stdout, []string{"NAME", "ROLE", "PROGRAMME", "CODES", "DISABLED", "CREATED"}, rows)
	})
}
