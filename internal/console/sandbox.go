package console

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/form"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/scenario"
	"github.com/firsttap/firsttap/internal/shipment"
	"github.com/firsttap/firsttap/internal/staff"
)

// sandboxPage is what may be played with in a sandbox programme.
type sandboxPage struct {
	Now, Mode string
	Steps     []issuance.Step
	Scenarios []scenario.BuiltIn
	May       bool
}

// transcript is what became of a scenario.
type transcript struct {
	Name, Seed string
	Passed     bool
	Steps      []playedStep
}

type playedStep struct {
	Line                int
	Step, Expected, Got string
	Facts               []scenario.Fact
	OK                  bool
}

const sandboxRows = 20

func sandboxPath(c *call) string { return "/p/" + c.program.ID.String() + "/sandbox" }

// inSandbox refuses what a live programme does not have.
func inSandbox(c *call) error {
	if c.program.Kind != program.Sandbox {
		return fault.Refuse(issuance.LiveProgram)
	}
	return nil
}

func (d *Door) showSandbox(c *call) error {
	if err := inSandbox(c); err != nil {
		return err
	}
	ctx := c.r.Context()
	clock, err := d.service.Clock(ctx, c.program.ID)
	if err != nil {
		return err
	}
	page := sandboxPage{Now: moment(clock.Now), Mode: modeOf(clock.Clock), Steps: issuance.Steps(), Scenarios: scenario.List(), May: c.may(staff.PlaySandbox)}
	parcels, err := d.service.Shipments(ctx, c.program.ID, issuance.ShipmentFilter{Batches: true}, issuance.Page{Limit: sandboxRows})
	if err != nil {
		return err
	}
	v := d.view(c, "sandbox", "Sandbox")
	for _, s := range parcels {
		if s.Status != shipment.Draft && !s.Status.Ended() {
			v.Parcels = append(v.Parcels, parcelLineOf(s.Shipment))
		}
	}
	v.Sandbox = &page
	return d.write(c.w, http.StatusOK, v)
}

func modeOf(c program.Clock) string {
	switch {
	case !c.Frozen.IsZero():
		return "stands still"
	case c.Offset != 0:
		return "was moved, and runs"
	}
	return "follows real time"
}

// turnClock moves the clock of the programme, stops it, or lets it follow real time again.
func (d *Door) turnClock(c *call) error {
	change := map[string]func() access.ClockChange{
		"advance": func() access.ClockChange { return access.ClockAdvanced(advanceOf(c.form.Get("by"))) },
		"freeze":  func() access.ClockChange { return access.ClockFrozen(time.Time{}) },
		"follow":  access.ClockReal,
	}[c.form.Get("action")]
	if change == nil {
		return d.see(c.w, sandboxPath(c)+"?error="+mistakeForm)
	}
	return d.reasoned(c, sandboxPath(c), "clock", func(by issuance.Command) error {
		_, err := d.service.SetClock(c.r.Context(), issuance.SetClock{Command: by, Change: change()})
		return err
	})
}

// advanceOf reads a duration as policies write it, with days; what is none is no advance, which the rule refuses.
func advanceOf(s string) time.Duration {
	s = strings.TrimSpace(s)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		by, err := time.ParseDuration(days + "h")
		if err != nil || by > 10*365*time.Hour {
			return 0
		}
		return by * 24
	}
	by, err := time.ParseDuration(s)
	if err != nil {
		return 0
	}
	return by
}

// walkParcel takes a step with a parcel, and leads to its page.
func (d *Door) walkParcel(c *call) error {
	id, err := ident.ParseUUID(c.form.Get("shipment"))
	step := issuance.Step(c.form.Get("step"))
	if err != nil || step != issuance.StepNext && !slices.Contains(issuance.Steps(), step) {
		return d.see(c.w, sandboxPath(c)+"?error="+mistakeForm)
	}
	return d.reasoned(c, "/p/"+c.program.ID.String()+"/shipments/"+id.String(), "walked", func(by issuance.Command) error {
		_, err := d.service.WalkShipment(c.r.Context(), issuance.WalkShipment{Command: by, Shipment: ident.ShipmentID{UUID: id}, Step: step})
		return err
	})
}

// runScenario plays a built-in script, and answers with what became of it: a seed is played once, so there is nothing to lead to.
func (d *Door) runScenario(c *call) error {
	if err := inSandbox(c); err != nil {
		return err
	}
	seed := strings.TrimSpace(c.form.Get("seed"))
	if form.TextProblem(seed, 1, 100) != "" {
		return d.see(c.w, sandboxPath(c)+"?error="+mistakeSeed)
	}
	known, err := scenario.Find(c.form.Get("name"))
	if err != nil {
		return d.seeRefused(c, sandboxPath(c), err)
	}
	script, err := scenario.Parse(known.Text)
	if err != nil {
		return err
	}
	played, err := d.scenarios.Play(c.r.Context(), c.command().Caller, c.program, script, seed)
	if err != nil {
		return d.seeRefused(c, sandboxPath(c), err)
	}
	out := transcript{Name: known.Name, Seed: seed, Passed: played.Passed}
	for _, s := range played.Steps {
		out.Steps = append(out.Steps, playedStep{s.Line, s.Step, word(s.Expected), word(s.Got), s.Facts, s.Got == s.Expected})
	}
	v := d.view(c, "transcript", "Scenario "+known.Name)
	v.Transcript = &out
	return d.write(c.w, http.StatusOK, v)
}
