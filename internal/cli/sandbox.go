package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/app"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/scenario"
)

type sandboxCommand struct {
	Clock   clockCommand    `cmd:"" help:"Move a sandbox programme's own time."`
	Fixture fixtureCommand  `cmd:"" help:"Load the objects of the published examples into a sandbox programme."`
	Run     scenarioCommand `cmd:"" help:"Play a scenario in a sandbox programme: a built-in one, or a file."`
	Mailer  mailerCommand   `cmd:"" help:"Print the activation code of a card of a sandbox programme, as its mailer would."`
}

type clockCommand struct {
	Set     clockSet     `cmd:"" help:"Let the clock show a time, and run on from there."`
	Freeze  clockFreeze  `cmd:"" help:"Stop the clock, where it is or at a time."`
	Advance clockAdvance `cmd:"" help:"Move the clock forward."`
	Follow  clockFollow  `cmd:"" help:"Let the clock follow real time again."`
}

type clockSet struct {
	where
	Program string    `arg:"" help:"Name or id of the programme."`
	At      time.Time `arg:"" format:"2006-01-02T15:04:05Z07:00" help:"The time, as in 2026-03-06T17:40:00Z."`
}

// Run sets the clock.
func (c clockSet) Run(ctx context.Context, w World) error {
	return c.turn(ctx, w, c.Program, access.ClockAt(c.At))
}

type clockFreeze struct {
	where
	Program string    `arg:"" help:"Name or id of the programme."`
	At      time.Time `format:"2006-01-02T15:04:05Z07:00" help:"The time to stop at; default is where the clock is." placeholder:"TIME"`
}

// Run stops the clock.
func (c clockFreeze) Run(ctx context.Context, w World) error {
	return c.turn(ctx, w, c.Program, access.ClockFrozen(c.At))
}

type clockAdvance struct {
	where
	Program string        `arg:"" help:"Name or id of the programme."`
	By      time.Duration `arg:"" help:"How far, as in 15m or 24h."`
}

// Run moves the clock forward.
func (c clockAdvance) Run(ctx context.Context, w World) error {
	return c.turn(ctx, w, c.Program, access.ClockAdvanced(c.By))
}

type clockFollow struct {
	where
	Program string `arg:"" help:"Name or id of the programme."`
}

// Run lets the clock follow real time.
func (c clockFollow) Run(ctx context.Context, w World) error {
	return c.turn(ctx, w, c.Program, access.ClockReal())
}

func (o where) turn(ctx context.Context, w World, name string, change access.ClockChange) error {
	return o.with(ctx, w, app.Open, func(h *app.House) error {
		p, err := h.Access.FindProgram(ctx, name)
		if err != nil {
			return err
		}
		p, shown, err := h.Access.SetClock(ctx, o.operator(), p.ID, change)
		if err != nil {
			return err
		}
		state := "runs on from"
		if !p.Clock.Frozen.IsZero() {
			state = "stands still at"
		}
		_, err = fmt.Fprintf(w.Stdout, "The clock of %s %s %s.\n", p.Name, state, moment(shown))
		return err
	})
}

type fixtureCommand struct {
	where
	Program string `arg:"" help:"Name or id of the programme; it must be a sandbox."`
}

// Run loads the fixture.
func (c fixtureCommand) Run(ctx context.Context, w World) error {
	return c.with(ctx, w, app.Open, func(h *app.House) error {
		p, err := h.Access.FindProgram(ctx, c.Program)
		if err != nil {
			return err
		}
		if err := h.LoadFixture(ctx, c.operator(), p.ID); err != nil {
			return err
		}
		_, err = fmt.Fprintf(w.Stdout, "%s has the batches, cards and customers of the published examples now.\n", p.Name)
		return err
	})
}

type mailerCommand struct {
	where
	cardName
}

// Run finds the card and prints its code.
func (c mailerCommand) Run(ctx context.Context, w World) error {
	return c.withCard(ctx, w, c.where, func(h *app.House, p program.Program, view card.View) error {
		code, err := h.Rules.ReadMailer(ctx, issuance.ReadMailer{Command: operatorOf(c.operator(), p.ID), Card: view.Card.ID})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(w.Stdout, code.Reveal())
		return err
	})
}

type scenarioCommand struct {
	where
	Scenario string `arg:"" help:"A file, or the name of a built-in scenario: guess_until_locked, returned_then_reshipped, …"`
	Program  string `required:"" help:"Name or id of the programme; it must be a sandbox."`
	Seed     string `default:"1" help:"What everything that is drawn follows from."`
}

// errNotPassed says that a scenario ended otherwise than it expects. The transcript has told it.
var errNotPassed = errors.New("the scenario did not come to what it expects")

// Run plays the scenario and prints what became of each step.
func (c scenarioCommand) Run(ctx context.Context, w World) error {
	script, err := c.read()
	if err != nil {
		return err
	}
	return c.with(ctx, w, app.Open, func(h *app.House) error {
		p, err := h.Access.FindProgram(ctx, c.Program)
		if err != nil {
			return err
		}
		played, err := h.Scenarios.Play(ctx, operatorOf(c.operator(), p.ID).Caller, p, script, c.Seed)
		if err != nil {
			return err
		}
		steps := make([]stepPlayed, len(played.Steps))
		for i, s := range played.Steps {
			steps[i] = stepPlayed{s.Line, s.At, s.Step, s.Expected, s.Got, nil}
			for _, f := range s.Facts {
				steps[i].facts = append(steps[i].facts, [2]string{f.Name, f.Value})
			}
		}
		if err := printSteps(w, steps); err != nil {
			return err
		}
		if !played.Passed {
			return errNotPassed
		}
		return nil
	})
}

// read finds the script: a built-in one, else a file.
func (c scenarioCommand) read() (scenario.Script, error) {
	if known, err := scenario.Find(c.Scenario); err == nil {
		return scenario.Parse(known.Text)
	}
	text, err := os.ReadFile(c.Scenario)
	if err != nil {
		return scenario.Script{}, fmt.Errorf("no scenario has this name, and as a file: %w", err)
	}
	script, err := scenario.Parse(string(text))
	if err == nil {
		return script, nil
	}
	var lines []string
	for _, f := range fault.Of(err).Fields {
		lines = append(lines, f.Path+" "+f.Message)
	}
	return script, fault.RefuseWith(scenario.Invalid, lines)
}
