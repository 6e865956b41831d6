package nativeapi

import (
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/form"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/wirejson"
)

func (d *Door) getClock(c *call) error {
	c.takes()
	if err := c.checked(); err != nil {
		return err
	}
	shown, err := d.service.Clock(c.ctx(), c.programID())
	if err != nil {
		return err
	}
	return write(c.w, ok(body(showClock, shown)))
}

func (d *Door) setClock(c *call) error {
	c.takes()
	c.form()
	change := c.explained("action", "at", "by").clockChange()
	if err := c.checked(); err != nil {
		return err
	}
	show := func(v issuance.ClockShown) issuance.Answer { return ok(body(showClock, v)) }
	return perform(d, c, show, func(base issuance.Command) (issuance.ClockShown, error) {
		return d.service.SetClock(c.ctx(), issuance.SetClock{Command: base, Change: change})
	})
}

// clockChange reads what becomes of the clock. A member that the action does not have is a problem.
func (o object) clockChange() access.ClockChange {
	action := choice(o, "action", "set", "freeze", "advance", "follow")
	if action != "set" && action != "freeze" && o.v.Get("at").Given() {
		o.bad("at", "not_allowed")
	}
	if action != "advance" && o.v.Get("by").Given() {
		o.bad("by", "not_allowed")
	}
	switch action {
	case "set":
		return access.ClockAt(o.moment("at"))
	case "freeze":
		if !o.v.Get("at").Given() {
			return access.ClockFrozen(time.Time{})
		}
		return access.ClockFrozen(o.moment("at"))
	case "advance":
		return access.ClockAdvanced(o.duration("by"))
	}
	return access.ClockReal()
}

// duration reads a duration as policies write it, which must be there.
func (o object) duration(name string) time.Duration {
	s := o.text(name, required, 40)
	if s == "" {
		return 0
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		o.bad(name, form.InvalidFormat)
	}
	return d
}

func showClock(w *wirejson.Writer, c issuance.ClockShown) {
	mode := "real"
	switch {
	case !c.Clock.Frozen.IsZero():
		mode = "frozen"
	case c.Clock.Offset != 0:
		mode = "moved"
	}
	w.BeginObject()
	w.Key("now")
	showTime(w, c.Now)
	w.Key("mode").String(mode)
	w.EndObject()
}
