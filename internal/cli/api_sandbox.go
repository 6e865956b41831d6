package cli

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/firsttap/firsttap/client"
)

type apiSandbox struct {
	Clock     apiClock     `cmd:"" help:"The clock of the programme."`
	Step      apiStep      `cmd:"" help:"Move a parcel on."`
	Scenarios apiScenarios `cmd:"" help:"List the scenarios that the server has."`
	Run       apiScenario  `cmd:"" help:"Play a scenario: one that the server has, or a file."`
}

type apiClock struct {
	Show    apiClockShow    `cmd:"" help:"Tell what it shows."`
	Set     apiClockSet     `cmd:"" help:"Let it show a time, and run on from there."`
	Freeze  apiClockFreeze  `cmd:"" help:"Let it stand still, where it is or at a time."`
	Advance apiClockAdvance `cmd:"" help:"Move it forward."`
	Follow  apiClockFollow  `cmd:"" help:"Let it follow real time again."`
}

func (l line) clock(v client.Clock, err error) error {
	return said(l, v, err, "%s (%s)", moment(v.Now), v.Mode)
}

// turning is a command that turns the clock.
type turning struct {
	remote
	because
}

func (t turning) turn(ctx context.Context, w World, change client.ClockChange) error {
	l, err := t.dial(w)
	if err != nil {
		return err
	}
	return l.clock(l.api.SetClock(ctx, change, t.options()...))
}

type apiClockShow struct{ remote }

// Run tells the time.
func (c apiClockShow) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	return l.clock(l.api.Clock(ctx))
}

type apiClockSet struct {
	turning
	At time.Time `arg:"" format:"2006-01-02T15:04:05Z07:00" help:"The time, as in 2026-03-06T17:40:00Z."`
}

// Run sets the clock.
func (c apiClockSet) Run(ctx context.Context, w World) error {
	return c.turn(ctx, w, client.ClockChange{Action: "set", At: c.At})
}

type apiClockFreeze struct {
	turning
	At time.Time `arg:"" optional:"" format:"2006-01-02T15:04:05Z07:00" help:"The time; default is where it is."`
}

// Run stops the clock.
func (c apiClockFreeze) Run(ctx context.Context, w World) error {
	return c.turn(ctx, w, client.ClockChange{Action: "freeze", At: c.At})
}

type apiClockAdvance struct {
	turning
	By string `arg:"" help:"How far, as in 15m or 24h."`
}

// Run moves the clock forward.
func (c apiClockAdvance) Run(ctx context.Context, w World) error {
	return c.turn(ctx, w, client.ClockChange{Action: "advance", By: c.By})
}

type apiClockFollow struct{ turning }

// Run lets the clock follow real time.
func (c apiClockFollow) Run(ctx context.Context, w World) error {
	return c.turn(ctx, w, client.ClockChange{Action: "follow"})
}

type apiStep struct {
	ofShipment
	because
	To       string    `arg:"" optional:"" help:"The step, as in in_transit; default is the next one of its way."`
	Card     []string  `help:"Of rejected: the cards that are refused; default is all." placeholder:"ID"`
	At       time.Time `format:"2006-01-02T15:04:05Z07:00" help:"When it happened, of a report; default is now." placeholder:"TIME"`
	Tracking string    `help:"The courier's number." placeholder:"NUMBER"`
	ScanID   string    `help:"The courier's own name of the report; the same one counts once." placeholder:"ID"`
}

// Run moves a parcel on.
func (c apiStep) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	v, err := l.api.AdvanceShipment(ctx, c.ID, client.Advance{To: c.To, Cards: c.Card, At: c.At, TrackingNumber: c.Tracking, ScanID: c.ScanID}, c.options()...)
	return said(l, v, err, "The parcel was %s and is %s.", v.StatusBefore, v.Status)
}

type apiScenarios struct {
	remote
	lines
}

// Run lists scenarios.
func (c apiScenarios) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	return list(l, c.lines, all(l.api.Scenarios(ctx)), []string{"SCENARIO", "WHAT HAPPENS"}, func(s client.Scenario) []string { return []string{s.Name, s.Summary} })
}

type apiScenario struct {
	remote
	because
	Scenario string `arg:"" help:"A name that firsttap api sandbox scenarios lists, or a file."`
	Seed     string `default:"1" help:"What everything that is drawn follows from."`
}

// Run plays a scenario and prints what became of each step.
func (c apiScenario) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	run := client.ScenarioRun{Seed: c.Seed}
	known, err := l.api.Scenarios(ctx)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(known, func(s client.Scenario) bool { return s.Name == c.Scenario }) {
		run.Name = c.Scenario
	} else {
		text, err := w.ReadFile(c.Scenario)
		if err != nil {
			return fmt.Errorf("the server has no scenario with this name, and as a file: %w", err)
		}
		run.Script = string(text)
	}
	v, err := l.api.RunScenario(ctx, run, c.options()...)
	err = tell(l, v, err, func(v client.Transcript) error {
		played := make([]stepPlayed, len(v.Steps))
		for i, s := range v.Steps {
			played[i] = stepPlayed{s.Line, s.At, s.Step, s.Expected, s.Got, nil}
			for name, value := range s.Facts {
				played[i].facts = append(played[i].facts, [2]string{name, value})
			}
			slices.SortFunc(played[i].facts, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
		}
		return printSteps(w, played)
	})
	if err == nil && !v.Passed {
		return errNotPassed
	}
	return err
}

// stepPlayed is one step of a scenario, wherever it was played.
type stepPlayed struct {
	line                int
	at                  time.Time
	step, expected, got string
	facts               [][2]string
}

func printSteps(w World, played []stepPlayed) error {
	for _, s := range played {
		line := fmt.Sprintf("%3d  %s  %s", s.line, s.at.Format(time.RFC3339), s.step)
		if s.got != s.expected {
			line += fmt.Sprintf("  — came to %s, not %s", s.got, s.expected)
		}
		for _, f := range s.facts {
			line += "\n       " + f[0] + " " + f[1]
		}
		if _, err := fmt.Fprintln(w.Stdout, line); err != nil {
			return err
		}
	}
	return nil
}
