package console

import (
	"errors"
	"slices"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/issuance"
)

// mostDesigns is how many designs there are to choose from, the newest.
const mostDesigns = 200

// PlasticUnused says that a form gave a time to a plastic which nobody uses, so that it dies at once.
var PlasticUnused = fault.New("console_plastic_unused", fault.Conflict)

// reissueFields are what a reissue and a renewal ask for besides a cause and a reason.
type reissueFields struct {
	Ends    []choice // when the plastic in use dies; none: nobody uses it, and it dies at once
	Hint    string   // about the date
	Designs []choice
	Cut     bool // there are older designs
}

// choice is an option of a list.
type choice struct{ Name, Title string }

// reissueWords continue "because it is".
var reissueWords = map[issuance.ReissueCause]string{
	issuance.ReissueDamaged:  "damaged",
	issuance.ReissueName:     "to bear the new name of its holder",
	issuance.ReissueNamed:    "to bear a name, which this one does not",
	issuance.ReissueDesign:   "to have another design",
	issuance.ReissueReturned: "back unopened, or was destroyed when it came back",
}

// endWords continue "the plastic in use dies".
var endWords = map[card.RetireSource]string{
	card.RetireOnActivation: "when the new one is activated", card.RetireNow: "now", card.RetireOnDate: "on a date",
}

// ends lists the moments, the usual one first.
func ends() []card.RetireSource {
	return []card.RetireSource{card.RetireOnActivation, card.RetireNow, card.RetireOnDate}
}

// fillReissues completes the forms of a reissue and of a renewal, where they stand on the page.
func (d *Door) fillReissues(c *call, st issuance.Standing, forms []actionForm) error {
	var designs []choice
	var cut bool
	for i := range forms {
		f := &forms[i]
		action := issuance.Action(f.Name)
		if action != issuance.ToReissue && action != issuance.ToRenew {
			continue
		}
		if designs == nil {
			var err error
			if designs, cut, err = d.designChoices(c); err != nil {
				return err
			}
		}
		f.Another = &reissueFields{Designs: designs, Cut: cut, Hint: "Only with “on a date”, by the clock of the programme."}
		if action == issuance.ToReissue {
			for _, cause := range issuance.ReissueCauses() {
				f.Causes = append(f.Causes, choice{string(cause), reissueWords[cause]})
			}
		} else {
			f.Another.Hint += " Without one it dies when it expires."
		}
		if st.Plastic.InUse(st.At) {
			for _, end := range ends() {
				f.Another.Ends = append(f.Another.Ends, choice{string(end), endWords[end]})
			}
		}
	}
	return nil
}

// designChoices are the designs that a plastic can be made with, after the one that the card has.
func (d *Door) designChoices(c *call) (out []choice, cut bool, err error) {
	all, err := d.service.Designs(c.r.Context(), c.program.ID, issuance.Page{Limit: mostDesigns + 1})
	if err != nil {
		return nil, false, err
	}
	out = []choice{{"", "the one that the card has"}}
	for _, one := range all[:min(len(all), mostDesigns)] {
		if one.Active && one.Makes(card.Physical) {
			out = append(out, choice{one.ID.String(), one.Name})
		}
	}
	return out, len(all) > mostDesigns, nil
}

// reissue asks for another plastic with the same number: a renewed one, or one like the first.
func (d *Door) reissue(c *call, action issuance.Action) error {
	cmd, mistake, err := d.reissueOf(c, action)
	if err != nil {
		return err
	}
	if mistake != "" {
		return d.see(c.w, d.cardPath(c)+"?error="+mistake)
	}
	return d.perform(c, action, func(by issuance.Command, reason string) error {
		cmd.Command, cmd.Reason = by, reason
		_, err := d.service.ReissueCard(c.r.Context(), cmd)
		if unused(err) {
			return fault.Refuse(PlasticUnused)
		}
		return err
	})
}

// unused reports whether a later end was refused to a plastic which nobody uses: it went out of use after the page was shown.
func unused(err error) bool {
	if !errors.Is(err, card.NotAllowed) {
		return false
	}
	state, ok := fault.Of(err).Detail.(card.OperationState)
	return ok && state.Cause == "NOT_ACTIVATED"
}

// reissueOf reads the form. A date is for an end on a date and is to come: an earlier one is a slip that would end the plastic at
// once, for which there is a choice of its own. Only a renewal has an end without one, the expiry.
func (d *Door) reissueOf(c *call, action issuance.Action) (cmd issuance.ReissueCard, mistake string, err error) {
	cmd = issuance.ReissueCard{
		Card: c.cardOf(), For: issuance.ReissueRenewal, Retire: card.RetireSource(c.form.Get("retire")), Design: c.form.Get("design"),
	}
	if action == issuance.ToReissue {
		cmd.For = issuance.ReissueCause(c.form.Get("for"))
		if !slices.Contains(issuance.ReissueCauses(), cmd.For) {
			return cmd, mistakeForm, nil
		}
	}
	if cmd.Retire != "" && !slices.Contains(card.RetireSources(), cmd.Retire) {
		return cmd, mistakeForm, nil
	}
	date := c.form.Get("on")
	switch {
	case date != "" && cmd.Retire != card.RetireOnDate:
		return cmd, mistakeRetire, nil
	case date == "" && cmd.Retire == card.RetireOnDate && action == issuance.ToReissue:
		return cmd, mistakeRetire, nil
	case date == "":
		return cmd, "", nil
	}
	if cmd.RetireOn, err = minute(date); err != nil {
		return cmd, mistakeTime, nil //nolint:nilerr // what was typed is no time, which the page tells
	}
	now, err := d.service.ProgramNow(c.r.Context(), c.program.ID)
	if err == nil && !cmd.RetireOn.After(now) {
		mistake = mistakeRetire
	}
	return cmd, mistake, err
}

// whatNext tells what a plastic that took or will take the place of another one waits for: it is ordered like that of a new card.
func whatNext(p card.Plastic) string {
	if p.State != card.Planned || p.Link.Supersedes.IsZero() {
		return ""
	}
	return "It waits to be ordered: your system puts the card into a shipment of the cards API and submits that. It is made then, and " +
		"has an activation code of its own."
}
