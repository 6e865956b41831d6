package cardsapi

import (
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// The lengths of a PIN (contract §10.6).
const shortestPIN, longestPIN = 4, 12

// setPIN is contract §10.6.
func (d *Door) setPIN(c *call) error {
	cmd := issuance.SetPIN{Card: ident.CardID{UUID: c.id("id")}, PIN: c.object().pin("pin")}
	defer cmd.PIN.Wipe()
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, noContent[struct{}], func(base issuance.Command) (struct{}, error) {
		cmd.Command = base
		return struct{}{}, d.service.SetPIN(c.ctx(), cmd)
	})
}

// pin reads a PIN that must be there; nothing is trimmed.
func (o object) pin(name string) card.PIN {
	v, given := o.member(name, required, wirejson.String)
	if !given {
		return card.PIN{}
	}
	s, _ := v.String()
	pin, valid := card.ParsePIN(s, shortestPIN, longestPIN)
	if !valid {
		o.c.wrong[inBody] = append(o.c.wrong[inBody], fault.Field{Path: o.at(name), Code: "invalid_format", Message: "must be 4 to 12 digits"})
	} else if pin.HasRun() {
		o.bad(name, "weak_pin")
	}
	return pin
}

// setThreeDS is contract §10.11.
func (d *Door) setThreeDS(c *call) error {
	cmd := issuance.SetThreeDS{Card: ident.CardID{UUID: c.id("id")}}
	cmd.Method = c.object().choice("3dsChallengeMethod", required, "SMS", "WEBHOOK")
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, noContent[struct{}], func(base issuance.Command) (struct{}, error) {
		cmd.Command = base
		return struct{}{}, d.service.SetThreeDS(c.ctx(), cmd)
	})
}

// pushProvision is contract §10.10. What the wallet sent is checked and not kept.
func (d *Door) pushProvision(c *call) error {
	c.form()
	cmd := issuance.PushProvision{Card: ident.CardID{UUID: c.id("id")}}
	o := c.object()
	for _, name := range []string{"provider", "walletAccountId", "deviceId"} {
		o.text(name, required, 1, 255)
	}
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, noContent[struct{}], func(base issuance.Command) (struct{}, error) {
		cmd.Command = base
		return struct{}{}, d.service.PushProvision(c.ctx(), cmd)
	})
}
