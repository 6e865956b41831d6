package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/app"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

type designCommand struct {
	Add     designAdd     `cmd:"" help:"Give a programme another design of cards."`
	List    designList    `cmd:"" help:"List the designs of a programme, newest first."`
	Default designDefault `cmd:"" help:"Make a design the one of cards that name none."`
	Retire  designRetire  `cmd:"" help:"Let no new card have a design; cards that have it keep it."`
	Restore designRestore `cmd:"" help:"Let new cards have a retired design again."`
}

// mostDesigns is how many designs are listed.
const mostDesigns = 1000

type designAdd struct {
	where
	Name     string   `arg:"" help:"What people call the design."`
	Program  string   `required:"" help:"Name or id of the programme." placeholder:"NAME"`
	Campaign string   `help:"What the debit API calls it, 1 to 32 letters and digits; default is that it cannot be named there." placeholder:"CAMPAIGN"`
	Type     []string `enum:"virtual,physical" default:"virtual,physical" help:"Which cards are made with it."`
	Default  bool     `help:"It takes the place of the design that is the default now."`
	JSON     bool     `help:"Print JSON."`
}

// Run adds the design.
func (c designAdd) Run(ctx context.Context, w World) error {
	return c.with(ctx, w, app.Open, func(h *app.House) error {
		p, err := h.Access.FindProgram(ctx, c.Program)
		if err != nil {
			return err
		}
		cmd := issuance.AddDesign{Command: operatorOf(c.operator(), p.ID), Name: c.Name, Campaign: c.Campaign, Default: c.Default}
		for _, t := range c.Type {
			cmd.Types = append(cmd.Types, card.Type(t))
		}
		d, err := h.Rules.AddDesign(ctx, cmd)
		if err != nil {
			return err
		}
		return showDesigns(w, c.JSON, d)
	})
}

type designList struct {
	where
	Program string `required:"" help:"Name or id of the programme." placeholder:"NAME"`
	JSON    bool   `help:"Print JSON."`
}

// Run lists the designs.
func (c designList) Run(ctx context.Context, w World) error {
	return c.with(ctx, w, app.Open, func(h *app.House) error {
		p, err := h.Access.FindProgram(ctx, c.Program)
		if err != nil {
			return err
		}
		list, err := h.Rules.Designs(ctx, p.ID, issuance.Page{Limit: mostDesigns})
		if err != nil {
			return err
		}
		return showDesigns(w, c.JSON, list...)
	})
}

func showDesigns(w World, asJSON bool, list ...card.Design) error {
	type row struct {
		ID        string      `json:"id"`
		Name      string      `json:"name"`
		Campaign  string      `json:"campaign"`
		Types     []card.Type `json:"types"`
		Active    bool        `json:"active"`
		Default   bool        `json:"default"`
		CreatedAt *time.Time  `json:"created_at"`
	}
	objects, rows := make([]row, len(list)), make([][]string, len(list))
	for i, d := range list {
		objects[i] = row{d.ID.String(), d.Name, d.Campaign, d.Types, d.Active, d.Default, momentJSON(d.CreatedAt)}
		types := make([]string, len(d.Types))
		for j, t := range d.Types {
			types[j] = string(t)
		}
		rows[i] = []string{d.ID.String(), d.Name, d.Campaign, strings.Join(types, ","), yesNo(d.Active), yesNo(d.Default), moment(d.CreatedAt)}
	}
	if asJSON {
		return printJSON(w.Stdout, objects)
	}
	return table(w.Stdout, []string{"ID", "NAME", "CAMPAIGN", "CARDS", "ACTIVE", "DEFAULT", "CREATED"}, rows)
}

// designName is how a design is named on the command line.
type designName struct {
	where
	Design  string `arg:"" help:"Id or campaign of the design."`
	Program string `required:"" help:"Name or id of the programme." placeholder:"NAME"`
}

// change finds the design, lets command change it, and tells what it did.
func (c designName) change(ctx context.Context, w World, did string, command func(*issuance.Service, context.Context, issuance.ChangeDesign) (card.Design, error)) error {
	return c.with(ctx, w, app.Open, func(h *app.House) error {
		p, err := h.Access.FindProgram(ctx, c.Program)
		if err != nil {
			return err
		}
		cmd := issuance.ChangeDesign{Command: operatorOf(c.operator(), p.ID)}
		if id, err := ident.ParseUUID(c.Design); err == nil {
			cmd.Design = ident.DesignID{UUID: id}
		} else {
			d, err := h.Rules.DesignByCampaign(ctx, p.ID, c.Design)
			if err != nil {
				return err
			}
			cmd.Design = d.ID
		}
		d, err := command(h.Rules, ctx, cmd)
		if err != nil {
			return err
		}
		if _, err = fmt.Fprintf(w.Stdout, "%s: %s\n", d.Name, did); err != nil {
			return err
		}
		return warnWithoutDefault(ctx, w, h, p.ID)
	})
}

// warnWithoutDefault tells when cards that name no design are refused now.
func warnWithoutDefault(ctx context.Context, w World, h *app.House, p ident.ProgramID) error {
	return h.Store.Read(ctx, func(tx issuance.ReadTx) error {
		_, has, err := tx.DefaultDesign(ctx, p)
		if err != nil || has {
			return err
		}
		_, err = fmt.Fprintln(w.Stdout, "The programme has no default design now: cards that name none are refused until `firsttap design default` chooses one.")
		return err
	})
}

type designDefault struct{ designName }

// Run makes the design the default.
func (c designDefault) Run(ctx context.Context, w World) error {
	return c.change(ctx, w, "cards that name no design have this one from now on.", (*issuance.Service).SetDefaultDesign)
}

type designRetire struct{ designName }

// Run retires the design.
func (c designRetire) Run(ctx context.Context, w World) error {
	return c.change(ctx, w, "no new card has this design.", (*issuance.Service).RetireDesign)
}

type designRestore struct{ designName }

// Run restores the design.
func (c designRestore) Run(ctx context.Context, w World) error {
	return c.change(ctx, w, "new cards may have this design again.", (*issuance.Service).RestoreDesign)
}
