package nativeapi

import (
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// recoverRoute counts a route in the rate of recoveries and keeps its answers nowhere: no cache has them, and no idempotency key
// remembers them, because a code would be kept longer than it is needed and leave again without a row in the trail.
func recoverRoute(r httpd.Route) httpd.Route {
	r.Tier, r.Idempotency, r.Secret = program.TierRecovery, httpd.None, true
	return r
}

// recoverCode gives the activation code of a card whose mailer is lost. The code leaves its wrapper here, for the one answer
// that carries it.
func (d *Door) recoverCode(c *call) error {
	c.takes()
	cmd := issuance.ReadActivationCode{Caller: c.caller(), Card: ident.CardID{UUID: c.id()}, Reason: c.object("reason").text("reason", required, 200), Asked: d.asked(c)}
	if err := c.checked(); err != nil {
		return err
	}
	got, err := d.service.RecoverCode(c.ctx(), cmd)
	if err != nil {
		return err
	}
	defer got.Code.Wipe()
	c.w.Header().Set("Pragma", "no-cache")
	w := wirejson.NewWriter(nil)
	w.BeginObject()
	w.Key("card_id").String(cmd.Card.String())
	w.Key("code").String(got.Code.Reveal())
	w.Key("code_version").Int(int64(got.Version))
	w.Key("renewed").Bool(got.Renewed)
	w.EndObject()
	return write(c.w, ok(w.Bytes()))
}
