package console

import (
	"net/http"
	"strings"

	"github.com/firsttap/firsttap/internal/form"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/staff"
)

const (
	mostReason   = 200 // characters
	timelineRows = 100
)

func (d *Door) search(c *call) error {
	return d.write(c.w, http.StatusOK, d.view(c, "search", "Find a card"))
}

// find is answered at once and not by a redirect: what was typed may name a person, and stays out of addresses.
func (d *Door) find(c *call) error {
	text, after := c.form.Get("text"), pageOf(c.form).After
	found, err := d.service.FindCards(c.r.Context(), issuance.FindCards{Command: c.command(), Text: text, After: after})
	if err != nil {
		return err
	}
	v := d.view(c, "found", "Found")
	v.Text, v.More = text, found.More
	if len(found.Cards) == 1 && len(found.Customers) < 2 && found.Batch == nil && after == (issuance.Mark{}) {
		return d.see(c.w, "/p/"+c.program.ID.String()+"/cards/"+found.Cards[0].Card.ID.String())
	}
	if found.Older != (issuance.Mark{}) {
		v.After = markOf(found.Older.CreatedAt, found.Older.ID)
	}
	for _, st := range found.Cards {
		v.Cards = append(v.Cards, lineOf(st, c.may(staff.SeePersons)))
	}
	for _, one := range found.Customers {
		v.Customers = append(v.Customers, personOf(&one, c.may(staff.SeePersons)))
	}
	if b := found.Batch; b != nil {
		line := batchLineOf(*b)
		v.Batch = &line
	}
	return d.write(c.w, http.StatusOK, v)
}

// showCard is a card with everything about it. That somebody looked is a row of the trail.
func (d *Door) showCard(c *call) error {
	id := c.cardOf()
	st, err := d.service.ViewCard(c.r.Context(), issuance.ViewCard{Command: c.command(), Card: id})
	if err != nil {
		return err
	}
	rows, err := d.service.AuditTrail(c.r.Context(), c.program.ID, issuance.AuditFilter{Card: id}, issuance.Page{Limit: timelineRows + 1})
	if err != nil {
		return err
	}
	v := d.view(c, "card", "Card "+lastFour(st.Card))
	v.Card = cardOf(st, c.may(staff.SeePersons))
	v.More = len(rows) > timelineRows
	for _, r := range rows[:min(len(rows), timelineRows)] {
		v.Timeline = append(v.Timeline, rowOf(r))
	}
	if v.Requests, err = d.approvedFor(c, id); err != nil {
		return err
	}
	v.Actions, v.Barred = actionsOf(st, c.visit.Member.Role)
	if err := d.fillReissues(c, st, v.Actions); err != nil {
		return err
	}
	return d.write(c.w, http.StatusOK, v)
}

// resetGuard gives the guard of a card its tries back.
func (d *Door) resetGuard(c *call) error {
	return d.perform(c, issuance.ToResetGuard, func(by issuance.Command, reason string) error {
		cmd := issuance.ResetGuard{Command: by, Card: c.cardOf(), Reason: reason, Asked: d.asked(c, issuance.ToResetGuard, reason)}
		_, err := d.service.ResetGuard(c.r.Context(), cmd)
		return err
	})
}

// act does one of the other actions, by the name of its form.
func (d *Door) act(c *call) error {
	ctx, id, action := c.r.Context(), c.cardOf(), issuance.Action(httpd.Param(c.r, "action"))
	if action == issuance.ToReissue || action == issuance.ToRenew {
		return d.reissue(c, action)
	}
	report := func(as issuance.Report) func(issuance.Command, string) error {
		return func(by issuance.Command, reason string) error {
			_, err := d.service.ReportCard(ctx, issuance.ReportCard{Command: by, Card: id, As: as, Reason: reason})
			return err
		}
	}
	type command func(by issuance.Command, reason string) error
	do := map[issuance.Action]command{
		issuance.ToFreeze: func(by issuance.Command, reason string) error {
			_, err := d.service.Freeze(ctx, issuance.SwitchCard{Command: by, Card: id, Note: reason})
			return err
		},
		issuance.ToUnfreeze: func(by issuance.Command, reason string) error {
			_, err := d.service.Unfreeze(ctx, issuance.SwitchCard{Command: by, Card: id, Note: reason})
			return err
		},
		issuance.ToBlock: func(by issuance.Command, reason string) error {
			_, err := d.service.Block(ctx, issuance.SwitchCard{Command: by, Card: id, Message: reason, Note: reason})
			return err
		},
		issuance.ToUnblock: func(by issuance.Command, reason string) error {
			_, err := d.service.Unblock(ctx, issuance.SwitchCard{Command: by, Card: id, Note: reason, Asked: d.asked(c, action, reason)})
			return err
		},
		issuance.ToReportLost: report(issuance.ReportLost), issuance.ToReportStolen: report(issuance.ReportStolen), issuance.ToReportDamaged: report(issuance.ReportDamaged),
		issuance.ToReplace: func(by issuance.Command, reason string) error {
			_, err := d.service.ReplaceCard(ctx, issuance.ReplaceCard{Command: by, Card: id, For: issuance.ReplacementCause(c.form.Get("for")), Reason: reason})
			return err
		},
	}[action]
	if do == nil || action == issuance.ToReplace && !isCause(c.form.Get("for")) {
		return d.see(c.w, d.cardPath(c)+"?error="+mistakeForm)
	}
	return d.perform(c, action, do)
}

func isCause(s string) bool {
	for _, cause := range issuance.ReplacementCauses() {
		if string(cause) == s {
			return true
		}
	}
	return false
}

// perform wants a reason, runs a command, and leads back to the card.
func (d *Door) perform(c *call, action issuance.Action, do func(by issuance.Command, reason string) error) error {
	reason := strings.TrimSpace(c.form.Get("reason"))
	if form.TextProblem(reason, 1, mostReason) != "" {
		return d.see(c.w, d.cardPath(c)+"?error="+mistakeReason)
	}
	if err := do(c.command(), reason); err != nil {
		return d.seeRefused(c, d.cardPath(c), err)
	}
	return d.see(c.w, d.cardPath(c)+"?done="+string(action))
}

func (d *Door) cardPath(c *call) string {
	return "/p/" + c.program.ID.String() + "/cards/" + c.cardOf().String()
}
