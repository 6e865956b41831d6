package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/app"
)

type debitCommand struct {
	Credential struct {
		Issue credentialIssue `cmd:"" help:"Issue an e-commerce token. It is printed once and cannot be shown again."`
	} `cmd:"" help:"E-commerce tokens; key list and key revoke know them too."`
	User    userCommand         `cmd:"" help:"Users who sign in with e-mail and password."`
	Webhook debitWebhookCommand `cmd:"" help:"The one address that hears of batches."`
}

type credentialIssue struct {
	where
	Program string   `required:"" help:"Name or id of the programme."`
	Name    string   `default:"key" help:"What people call the token."`
	Admin   bool     `help:"May act for any customer of the programme."`
	Allow   []string `help:"Addresses or CIDR ranges that the token may be used from; default is any." placeholder:"ADDRESS"`
	JSON    bool     `help:"Print JSON."`
}

// Run issues the token, as key create does.
func (c credentialIssue) Run(ctx context.Context, w World) error {
	return keyCreate{where: c.where, Program: c.Program, Door: "debit", Name: c.Name, Admin: c.Admin, Allow: c.Allow, JSON: c.JSON}.Run(ctx, w)
}

type userCommand struct {
	Create  userCreate  `cmd:"" help:"Add a user. The one-use code that sets the password is printed once."`
	List    userList    `cmd:"" help:"List the users of a programme."`
	Invite  userInvite  `cmd:"" help:"Give a user a new one-use code, also one who was disabled."`
	Disable userDisable `cmd:"" help:"Let a user in no longer."`
}

type userCreate struct {
	where
	Program string `required:"" help:"Name or id of the programme."`
	Email   string `required:"" help:"E-mail of the user; unique in the whole installation."`
	Role    string `enum:"admin,reader" default:"reader" help:"admin may do everything, reader may look."`
	JSON    bool   `help:"Print JSON."`
}

// Run adds the user and prints the code.
func (c userCreate) Run(ctx context.Context, w World) error {
	return c.with(ctx, w, app.Open, func(h *app.House) error {
		p, err := h.Access.FindProgram(ctx, c.Program)
		if err != nil {
			return err
		}
		made, err := h.Access.CreateUser(ctx, c.operator(), p.ID, c.Email, access.Role(c.Role))
		if err != nil {
			return err
		}
		return c.showInvite(w, made, c.JSON)
	})
}

// showInvite prints the code of a user. This is the one place where it is seen.
func (o where) showInvite(w World, made access.Invited, asJSON bool) error {
	cfg, err := o.settings(w)
	if err != nil {
		return err
	}
	address := cfg.PublicBase() + "/api/oauth/password"
	if asJSON {
		return printJSON(w.Stdout, map[string]string{
			"id": made.User.PublicID, "email": made.User.Email, "role": string(made.User.Role),
			"code": made.Code.Reveal(), "set_password_at": address, "code_until": made.User.InviteUntil.Format(time.RFC3339),
		})
	}
	_, err = fmt.Fprintf(w.Stdout, "id     %s\nemail  %s\nrole   %s\ncode   %s\n\nThe user sets a password with the code, once, until %s:\n"+
		"  curl %s -d '{\"code\":\"…\",\"password\":\"…\"}'\nKeep the code now: it is not stored and cannot be shown again.\n",
		made.User.PublicID, made.User.Email, made.User.Role, made.Code.Reveal(), made.User.InviteUntil.Format(time.RFC3339), address)
	return err
}

type userInvite struct {
	where
	User string `arg:"" help:"Id or e-mail of the user."`
	JSON bool   `help:"Print JSON."`
}

// Run prints a new code.
func (c userInvite) Run(ctx context.Context, w World) error {
	return c.with(ctx, w, app.Open, func(h *app.House) error {
		made, err := h.Access.InviteUser(ctx, c.operator(), c.User)
		if err != nil {
			return err
		}
		return c.showInvite(w, made, c.JSON)
	})
}

type userDisable struct {
	where
	User string `arg:"" help:"Id or e-mail of the user."`
}

// Run disables the user.
func (c userDisable) Run(ctx context.Context, w World) error {
	return c.with(ctx, w, app.Open, func(h *app.House) error {
		u, err := h.Access.DisableUser(ctx, c.operator(), c.User)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(w.Stdout, "%s is disabled. Running servers refuse it within two seconds.\n", u.Email)
		return err
	})
}

type userList struct {
	where
	Program string `required:"" help:"Name or id of the programme."`
	JSON    bool   `help:"Print JSON."`
}

// Run lists the users, without their secrets.
func (c userList) Run(ctx context.Context, w World) error {
	return c.with(ctx, w, app.Open, func(h *app.House) error {
		p, err := h.Access.FindProgram(ctx, c.Program)
		if err != nil {
			return err
		}
		list, err := h.Access.ListUsers(ctx, p.ID)
		if err != nil {
			return err
		}
		if c.JSON {
			rows := make([]map[string]any, len(list))
			for i, u := range list {
				rows[i] = map[string]any{"id": u.PublicID, "email": u.Email, "role": string(u.Role), "state": userState(u), "created_at": momentJSON(u.CreatedAt)}
			}
			return printJSON(w.Stdout, rows)
		}
		rows := make([][]string, len(list))
		for i, u := range list {
			rows[i] = []string{u.PublicID, u.Email, string(u.Role), userState(u), moment(u.CreatedAt)}
		}
		return table(w.Stdout, []string{"ID", "EMAIL", "ROLE", "STATE", "CREATED"}, rows)
	})
}

func userState(u access.User) string {
	switch {
	case !u.DisabledAt.IsZero():
		return "disabled"
	case u.Password.IsZero():
		return "invited"
	}
	return "active"
}
