package debitapi

import (
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// stop is POST /debit/v1/stop (debit contract §9.5).
func (d *Door) stop(c *call) error {
	var f fields
	var cmd issuance.StopCard
	sent, err := c.readCard(&f, func(body wirejson.Value) {
		cmd.Stop = f.stopNumber(body.Get("new_card_status"))
		cmd.Note = f.note(body.Get("note"))
	})
	if err != nil {
		return err
	}
	cmd.Which = sent.which
	return perform(c, sent.body.AppendCanonical(nil), false, func(by issuance.Command) (issuance.Stopped, error) {
		cmd.Command = by
		return d.o.Rules.StopCard(c.r.Context(), cmd)
	}, func(out issuance.Stopped) payload {
		if out.Changed {
			return c.cardMessage("Card stopped", out.CardAt)
		}
		return c.cardMessage("Card already stopped", out.CardAt)
	})
}

// stopNumber reads the number of a stop.
func (f *fields) stopNumber(v wirejson.Value) card.Stop {
	n := f.need("new_card_status", v, "")
	if n == 0 {
		return card.StopNone
	}
	if n >= int64(len(stopNumbers)) {
		f.add("new_card_status", invalid)
		return card.StopNone
	}
	return stopNumbers[n]
}

// unstop is POST /debit/v1/unstop (debit contract §9.6).
func (d *Door) unstop(c *call) error {
	var f fields
	var cmd issuance.UnstopCard
	sent, err := c.readCard(&f, func(body wirejson.Value) { cmd.Note = f.note(body.Get("note")) })
	if err != nil {
		return err
	}
	cmd.Which = sent.which
	return perform(c, sent.body.AppendCanonical(nil), false, func(by issuance.Command) (issuance.CardAt, error) {
		cmd.Command = by
		return d.o.Rules.UnstopCard(c.r.Context(), cmd)
	}, func(out issuance.CardAt) payload { return c.cardMessage("Card unstopped", out) })
}

// retire is POST /debit/v1/retire-card (debit contract §9.7).
func (d *Door) retire(c *call) error {
	var f fields
	var cmd issuance.RetireCard
	sent, err := c.readCard(&f, func(body wirejson.Value) { cmd.Note = f.note(body.Get("note")) })
	if err != nil {
		return err
	}
	cmd.Which = sent.which
	return perform(c, sent.body.AppendCanonical(nil), false, func(by issuance.Command) (issuance.CardAt, error) {
		cmd.Command = by
		return d.o.Rules.RetireCard(c.r.Context(), cmd)
	}, func(out issuance.CardAt) payload { return c.cardMessage("Card retired", out) })
}
