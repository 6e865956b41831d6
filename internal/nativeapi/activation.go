package nativeapi

import (
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// getActivation shows the guard, and what is known of the activation.
func (d *Door) getActivation(c *call) error { return d.showStanding(c, showActivation) }

// getEligibility tells whether the card may be activated now, and everything that stands against it. It asks the
// checks of the activation itself, and no secret.
func (d *Door) getEligibility(c *call) error { return d.showStanding(c, showEligibility) }

func (d *Door) showStanding(c *call, show func(*wirejson.Writer, issuance.Eligibility)) error {
	c.takes()
	id := ident.CardID{UUID: c.id()}
	if err := c.checked(); err != nil {
		return err
	}
	e, err := d.service.Eligibility(c.ctx(), c.programID(), id)
	if err != nil {
		return err
	}
	return write(c.w, ok(body(show, e)))
}

func showActivation(w *wirejson.Writer, e issuance.Eligibility) {
	g := e.Guard()
	w.BeginObject()
	w.Key("card_id").String(e.Card.ID.String())
	w.Key("activated_at")
	showTime(w, e.Coming().Plastic.ActivatedAt)
	showGuardState(w, e.Standing)
	w.Key("tries_used").Int(int64(g.Tries))
	w.Key("lifetime_tries_used").Int(int64(g.LifetimeWrong))
	w.Key("lifetime_tries").Int(int64(e.Policy.Activation.LifetimeTries))
	w.Key("locks").Int(int64(g.Locks))
	w.Key("code_issued_at")
	showTime(w, g.CodeIssuedAt)
	w.Key("code_version").Int(int64(g.CodeVersion))
	w.Key("code_readable").Bool(g.CodeSealed != nil)
	w.Key("code_reads").Int(int64(e.Reads))
	w.EndObject()
}

func showEligibility(w *wirejson.Writer, e issuance.Eligibility) {
	w.BeginObject()
	w.Key("card_id").String(e.Card.ID.String())
	w.Key("eligible").Bool(len(e.Obstacles) == 0)
	w.Key("method").StringOrNull(string(e.Guard().Method))
	w.Key("obstacles").BeginArray()
	for _, o := range e.Obstacles {
		p := problemFor(o.Refusal.Reason)
		w.BeginObject()
		w.Key("reason").String(p.reason.Name())
		w.Key("type").String(typeOf(p.reason))
		w.Key("detail").String(p.detail)
		w.Key("since")
		showTime(w, o.Since)
		w.Key("fixed_by").String(string(o.Remover))
		w.Key("action").String(p.action)
		w.EndObject()
	}
	w.EndArray()
	w.Key("checked_at")
	showTime(w, e.At)
	w.EndObject()
}

// resetGuard gives a guard its tries back. Why is kept in the audit trail.
func (d *Door) resetGuard(c *call) error {
	c.takes()
	c.form()
	cmd := issuance.ResetGuard{Card: ident.CardID{UUID: c.id()}, Reason: c.object("reason").text("reason", required, 200), Asked: d.asked(c)}
	if err := c.checked(); err != nil {
		return err
	}
	policy := c.identity.Program.Policy
	show := func(v card.View) issuance.Answer {
		st := issuance.Standing{CardAt: issuance.CardAt{View: v}, Policy: policy}
		return ok(body(showGuard, st))
	}
	return perform(d, c, show, func(base issuance.Command) (card.View, error) {
		cmd.Command = base
		return d.service.ResetGuard(c.ctx(), cmd)
	})
}
