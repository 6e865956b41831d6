package cli

import (
	"context"
	"strings"

	"github.com/firsttap/firsttap/client"
)

type apiDesign struct {
	List    apiDesignList    `cmd:"" help:"List the designs of the programme, newest first."`
	Show    apiDesignShow    `cmd:"" help:"Show a design."`
	Add     apiDesignAdd     `cmd:"" help:"Give the programme another design of cards."`
	Default apiDesignDefault `cmd:"" help:"Make a design the one of cards that name none."`
	Retire  apiDesignRetire  `cmd:"" help:"Let no new card have a design; cards that have it keep it."`
	Restore apiDesignRestore `cmd:"" help:"Let new cards have a retired design again."`
}

type ofDesign struct {
	remote
	ID string `arg:"" help:"Id of the design."`
}

func designPairs(d client.Design) [][2]string {
	return [][2]string{
		{"design", d.ID},
		{"name", d.Name},
		{"campaign", d.Campaign},
		{"types", strings.Join(d.Types, ", ")},
		{"active", yesNo(d.Active)},
		{"default", yesNo(d.Default)},
		{"made", moment(d.CreatedAt)},
	}
}

type apiDesignList struct {
	remote
	sorted
}

// Run lists designs.
func (c apiDesignList) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	return list(l, c.lines, c.of(l.api).Designs(ctx), []string{"DESIGN", "NAME", "CAMPAIGN", "TYPES", "ACTIVE", "DEFAULT", "MADE"}, func(d client.Design) []string {
		return []string{d.ID, d.Name, dash(d.Campaign), strings.Join(d.Types, ","), yesNo(d.Active), yesNo(d.Default), moment(d.CreatedAt)}
	})
}

type apiDesignShow struct{ ofDesign }

// Run shows a design.
func (c apiDesignShow) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	d, err := l.api.Design(ctx, c.ID)
	return show(l, d, err, designPairs)
}

type apiDesignAdd struct {
	remote
	because
	Name     string   `arg:"" help:"What people call the design."`
	Campaign string   `help:"What the debit API calls it, 1 to 32 letters and digits; default is that it cannot be named there." placeholder:"CAMPAIGN"`
	Type     []string `help:"Which cards are made with it: physical, virtual; default is both." placeholder:"TYPE"`
	Default  bool     `help:"It takes the place of the design that is the default now."`
}

// Run adds a design.
func (c apiDesignAdd) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	d, err := l.api.AddDesign(ctx, client.NewDesign{Name: c.Name, Campaign: c.Campaign, Types: c.Type, Default: c.Default}, c.options()...)
	return show(l, d, err, designPairs)
}

type apiDesignDefault struct {
	ofDesign
	because
}

// Run makes a design the default.
func (c apiDesignDefault) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	d, err := l.api.SetDefaultDesign(ctx, c.ID, c.options()...)
	return said(l, d, err, "%s is the default.", d.Name)
}

type apiDesignRetire struct {
	ofDesign
	because
}

// Run retires a design.
func (c apiDesignRetire) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	d, err := l.api.RetireDesign(ctx, c.ID, c.options()...)
	return said(l, d, err, "%s is retired.", d.Name)
}

type apiDesignRestore struct {
	ofDesign
	because
}

// Run restores a design.
func (c apiDesignRestore) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	d, err := l.api.RestoreDesign(ctx, c.ID, c.options()...)
	return said(l, d, err, "%s may be had again.", d.Name)
}
