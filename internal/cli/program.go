package cli

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/app"
	"github.com/firsttap/firsttap/internal/program"
)

type programCommand struct {
	Create  programCreate  `cmd:"" help:"Add a programme."`
	List    programList    `cmd:"" help:"List all programmes."`
	Set     programSet     `cmd:"" help:"Change policies of a programme; a policy without a value takes its default again."`
	Suspend programSuspend `cmd:"" help:"Refuse every call to a programme."`
	Resume  programResume  `cmd:"" help:"Open a suspended programme again."`
}

type programCreate struct {
	where
	Name   string            `arg:"" help:"Name of the programme; unique."`
	Kind   string            `enum:"sandbox,live" default:"sandbox" help:"sandbox or live."`
	Policy map[string]string `help:"A policy that differs from its default, as name=value. May be repeated." mapsep:"none" placeholder:"NAME=VALUE"`
	JSON   bool              `help:"Print JSON."`
}

// Run adds the programme.
func (c programCreate) Run(ctx context.Context, w World) error {
	return c.with(ctx, w, app.Create, func(h *app.House) error {
		p, err := h.Access.CreateProgram(ctx, c.operator(), c.Name, program.Kind(c.Kind), c.Policy)
		if err != nil {
			return err
		}
		return showPrograms(w, c.JSON, p)
	})
}

type programList struct {
	where
	JSON bool `help:"Print JSON."`
}

// Run lists the programmes.
func (c programList) Run(ctx context.Context, w World) error {
	return c.with(ctx, w, app.Open, func(h *app.House) error {
		list, err := h.Access.ListPrograms(ctx)
		if err != nil {
			return err
		}
		return showPrograms(w, c.JSON, list...)
	})
}

// showPrograms prints programmes, with the time that each of their clocks shows.
func showPrograms(w World, asJSON bool, list ...program.Program) error {
	now := time.Now()
	if asJSON {
		type row struct {
			ID        string     `json:"id"`
			Name      string     `json:"name"`
			Kind      string     `json:"kind"`
			Suspended bool       `json:"suspended"`
			Now       *time.Time `json:"now"`
			CreatedAt *time.Time `json:"created_at"`
		}
		rows := make([]row, len(list))
		for i, p := range list {
			rows[i] = row{p.ID.String(), p.Name, string(p.Kind), p.Suspended, momentJSON(p.Now(now)), momentJSON(p.CreatedAt)}
		}
		return printJSON(w.Stdout, rows)
	}
	rows := make([][]string, len(list))
	for i, p := range list {
		rows[i] = []string{p.ID.String(), p.Name, string(p.Kind), yesNo(p.Suspended), moment(p.Now(now)), moment(p.CreatedAt)}
	}
	return table(w.Stdout, []string{"ID", "NAME", "KIND", "SUSPENDED", "ITS TIME", "CREATED"}, rows)
}

type programSet struct {
	where
	Program  string   `arg:"" help:"Name or id of the programme."`
	Policies []string `arg:"" help:"Policies as name=value; name= takes the default again."`
}

// Run changes the policies.
func (c programSet) Run(ctx context.Context, w World) error {
	changes := map[string]string{}
	for _, p := range c.Policies {
		name, value, ok := strings.Cut(p, "=")
		if !ok {
			return usageError(fmt.Sprintf("%q is no policy: write name=value", p))
		}
		changes[name] = value
	}
	return c.with(ctx, w, app.Open, func(h *app.House) error {
		p, err := h.Access.FindProgram(ctx, c.Program)
		if err != nil {
			return err
		}
		if p, err = h.Access.SetPolicy(ctx, c.operator(), p.ID, changes); err != nil {
			return err
		}
		names := make([]string, 0, len(changes))
		for name := range changes {
			names = append(names, name)
		}
		sort.Strings(names)
		_, err = fmt.Fprintf(w.Stdout, "%s: changed %s. Running servers follow within two seconds.\n", p.Name, strings.Join(names, ", "))
		return err
	})
}

type programSuspend struct {
	where
	Program string `arg:"" help:"Name or id of the programme."`
	Reason  string `required:"" help:"Why; kept in the audit trail."`
}

// Run suspends the programme.
func (c programSuspend) Run(ctx context.Context, w World) error {
	return c.with(ctx, w, app.Open, func(h *app.House) error {
		p, err := h.Access.FindProgram(ctx, c.Program)
		if err != nil {
			return err
		}
		if _, err = h.Access.Suspend(ctx, c.operator(), p.ID, c.Reason); err != nil {
			return err
		}
		_, err = fmt.Fprintf(w.Stdout, "%s is suspended. Running servers follow within two seconds.\n", p.Name)
		return err
	})
}

type programResume struct {
	where
	Program string `arg:"" help:"Name or id of the programme."`
	Reason  string `help:"Why; kept in the audit trail."`
}

// Run opens the programme again.
func (c programResume) Run(ctx context.Context, w World) error {
	return c.with(ctx, w, app.Open, func(h *app.House) error {
		p, err := h.Access.FindProgram(ctx, c.Program)
		if err != nil {
			return err
		}
		if _, err = h.Access.Resume(ctx, c.operator(), p.ID, c.Reason); err != nil {
			return err
		}
		_, err = fmt.Fprintf(w.Stdout, "%s is open again.\n", p.Name)
		return err
	})
}
