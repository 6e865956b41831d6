package debitapi

import (
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/redact"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// changePIN is POST /debit/v1/change-pin (debit contract §9.8).
func (d *Door) changePIN(c *call) error {
	var f fields
	var cmd issuance.ChangePIN
	sent, err := c.readCard(&f, func(body wirejson.Value) {
		if !body.Get("new_pin").Given() {
			f.add("new_pin", required)
		}
		cmd.PIN = f.pin("new_pin", body.Get("new_pin"))
	})
	if err != nil {
		return err
	}
	cmd.Which = sent.which
	return perform(c, sent.body.AppendCanonical(nil), false, func(by issuance.Command) (issuance.CardAt, error) {
		cmd.Command = by
		return d.o.Rules.ChangePIN(c.r.Context(), cmd)
	}, func(out issuance.CardAt) payload {
		return func(w *wirejson.Writer) {
			w.Key("message").String("PIN changed")
			w.Key("card_id").Int(out.Card.Number)
		}
	})
}

// viewPIN is POST /debit/v1/viewPinForCustomer (debit contract §9.8). It changes nothing, and every answer must count:
// an idempotency key is checked and not kept.
func (d *Door) viewPIN(c *call) error {
	var f fields
	sent, err := c.readCard(&f, nil)
	if err != nil {
		return err
	}
	c.key = ""
	return perform(c, nil, true, func(by issuance.Command) (redact.Text, error) {
		return d.o.Rules.ViewPIN(c.r.Context(), issuance.ViewPIN{Command: by, Which: sent.which})
	}, func(pin redact.Text) payload {
		return func(w *wirejson.Writer) { w.Key("pin").String(pin.Reveal()) }
	})
}
