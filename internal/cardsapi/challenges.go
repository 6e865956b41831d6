package cardsapi

import (
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/spending"
	"github.com/firsttap/firsttap/internal/wirejson"
)

func challengeAnswer(c spending.ChallengeAt) issuance.Answer { return ok(body(showChallenge, c)) }

// getChallenge is contract §18.
func (d *Door) getChallenge(c *call) error {
	id := ident.ChallengeID{UUID: c.id("id")}
	if err := c.checked(); err != nil {
		return err
	}
	found, err := d.spending.FindChallenge(c.ctx(), c.programID(), id)
	if err != nil {
		return err
	}
	return write(c.w, challengeAnswer(found))
}

// respondChallenge is contract §18.
func (d *Door) respondChallenge(c *call) error {
	c.form()
	cmd := spending.Respond{Challenge: ident.ChallengeID{UUID: c.id("id")}}
	if v, given := c.object().member("approve", required, wirejson.Bool); given {
		cmd.Approve, _ = v.Bool()
	}
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, challengeAnswer, func(base issuance.Command) (spending.ChallengeAt, error) {
		cmd.Command = base
		return d.spending.Respond(c.ctx(), cmd)
	})
}

// simulateChallenge is contract §23.3: an authorisation that asks the holder first.
func (d *Door) simulateChallenge(c *call) error {
	c.form()
	u := c.object().readUse(noTransaction, false)
	if err := c.checked(); err != nil {
		return err
	}
	return perform(d, c, challengeAnswer, func(base issuance.Command) (spending.ChallengeAt, error) {
		return d.spending.Challenge(c.ctx(), spending.Challenge{Command: base, Card: u.card, Ask: u.ask})
	})
}
