package nativeapi

import (
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/scenario"
	"github.com/firsttap/firsttap/internal/wirejson"
)

const scenarioTimeout = 2 * time.Minute

func (d *Door) scenarioRoutes() []httpd.Route {
	run := act("/v1/sandbox/scenarios/run", access.SandboxWrite, d.runScenario)
	run.Idempotency, run.Timeout = httpd.None, scenarioTimeout // a seed is played once
	return []httpd.Route{read("/v1/sandbox/scenarios", access.SandboxWrite, d.listScenarios), run}
}

func (d *Door) listScenarios(c *call) error {
	c.takes()
	if err := c.checked(); err != nil {
		return err
	}
	if c.identity.Program.Kind != program.Sandbox {
		return fault.Refuse(issuance.LiveProgram)
	}
	w := wirejson.NewWriter(nil)
	w.BeginObject()
	w.Key("items").BeginArray()
	for _, s := range scenario.List() {
		w.BeginObject()
		w.Key("name").String(s.Name)
		w.Key("summary").String(s.Summary)
		w.Key("script").String(s.Text)
		w.EndObject()
	}
	w.EndArray()
	w.EndObject()
	return write(c.w, ok(w.Bytes()))
}

// runScenario plays a script, a built-in one or the caller's own.
func (d *Door) runScenario(c *call) error {
	c.takes()
	o := c.explained("name", "script", "seed")
	seed, name := o.text("seed", required, 100), o.text("name", optional, 60)
	var text string
	if v, given := o.member("script", optional, wirejson.String); given {
		text, _ = v.String()
		if name != "" {
			o.bad("script", "not_allowed")
		}
	} else if name == "" {
		o.bad("name", "required")
	}
	if err := c.checked(); err != nil {
		return err
	}
	if name != "" {
		known, err := scenario.Find(name)
		if err != nil {
			return err
		}
		text = known.Text
	}
	script, err := scenario.Parse(text)
	if err != nil {
		return err
	}
	played, err := d.scenarios.Play(c.ctx(), c.caller(), c.identity.Program, script, seed)
	if err != nil {
		return err
	}
	w := wirejson.NewWriter(nil)
	showTranscript(w, name, seed, played)
	return write(c.w, ok(w.Bytes()))
}

func showTranscript(w *wirejson.Writer, name, seed string, t scenario.Transcript) {
	w.BeginObject()
	w.Key("name").StringOrNull(name)
	w.Key("seed").String(seed)
	w.Key("passed").Bool(t.Passed)
	w.Key("steps").BeginArray()
	for _, s := range t.Steps {
		w.BeginObject()
		w.Key("line").Int(int64(s.Line))
		w.Key("step").String(s.Step)
		w.Key("at")
		showTime(w, s.At)
		w.Key("expected").String(s.Expected)
		w.Key("got").String(s.Got)
		w.Key("facts").BeginObject()
		for _, f := range s.Facts {
			w.Key(f.Name).String(f.Value)
		}
		w.EndObject()
		w.EndObject()
	}
	w.EndArray()
	w.EndObject()
}
