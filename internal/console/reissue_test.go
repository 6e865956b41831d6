package console_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/shipment"
	"github.com/firsttap/firsttap/internal/staff"
	"github.com/firsttap/firsttap/internal/storetest"
)

const (
	reissueForm = `/reissue">`
	renewForm   = `/renew">`
)

// inUse is a card whose plastic was activated, with its page.
func (h *house) inUse() (v card.View, page string) {
	h.t.Helper()
	w := h.world
	v, code := w.NewShippedCard(w.Customer, w.Account)
	if err := h.rules.Activate(h.t.Context(), issuance.ActivateCard{Command: issuance.Command{Caller: w.Caller()}, Card: v.Card.ID, Code: code}); err != nil {
		h.t.Fatal(err)
	}
	w.Clock.Advance(time.Second)
	return w.View(v.Card.ID), h.at("/cards/" + v.Card.ID.String())
}

func TestReissue_EachCausePlansAnotherPlastic(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	w := h.world
	b := h.desk(staff.Operator)
	red := w.NewDesign(func(d *card.Design) { d.Name = "Red" })
	w.NewDesign(func(d *card.Design) { d.Name, d.Active = "Old", false })
	w.NewDesign(func(d *card.Design) { d.Name, d.Types = "Airy", []card.Type{card.Virtual} })
	for _, cause := range issuance.ReissueCauses() {
		if cause == issuance.ReissueReturned {
			continue // see TestReissue_OfAPlasticThatCameBack
		}
		v, page := h.inUse()
		b.get(page)
		b.shows(200, reissueForm, renewForm, `<option value="`+string(cause)+`">`, ">Red</option>", `<select id="retire-reissue"`)
		b.hides(">Old</option>", ">Airy</option>", "Next plastic")
		b.post(page+"/reissue", "for", string(cause), "retire", "on_activation", "on", "", "design", red.ID.String(), "reason", "She asked")
		b.shows(200, "Another plastic with the same number is planned.", "<h2>Next plastic</h2>", "shipment of the cards API", "Another plastic of the card waits or is on its way.", string(cause)+": She asked")
		b.hides(reissueForm, renewForm)
		next := w.View(v.Card.ID)
		if next.Next == nil || next.Next.Plastic.Link.RetireSource != card.RetireOnActivation || next.Card.Design != red.ID || next.Plastic.State != card.Activated {
			t.Errorf("%s: %+v", cause, next)
		}
	}
	rows, err := h.rules.AuditTrail(t.Context(), w.Program.ID, issuance.AuditFilter{Action: "card.reissue", Outcome: "ok"}, issuance.Page{Limit: 9})
	if err != nil || len(rows) != 4 || rows[3].Channel != "console" || !strings.HasPrefix(rows[3].Actor, "operator:operator.") || rows[3].Note != "damaged: She asked" {
		t.Errorf("the trail: %+v, %v", rows, err)
	}
}

func TestReissue_OfAPlasticThatNobodyUses(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	w := h.world
	b := h.desk(staff.Operator)
	v, _ := w.NewShippedCard(w.Customer, w.Account)
	page := h.at("/cards/" + v.Card.ID.String())
	w.Clock.Advance(time.Second)
	b.get(page)
	b.shows(200, reissueForm, "dies at once, with its code")
	b.hides(`name="retire"`)
	b.post(page+"/reissue", "for", "returned", "reason", "x")
	b.shows(200, "did not come back")
	b.post(page+"/reissue", "for", "damaged", "retire", "on_activation", "reason", "x") // the page is older than that
	b.shows(200, "Nobody uses its plastic any more")
	b.post(page+"/reissue", "for", "damaged", "design", w.IDs.UUID().String(), "reason", "x")
	b.shows(200, "no such design")
	b.post(page+"/reissue", "for", "damaged", "reason", "It was bent in the letter")
	b.shows(200, "is planned", "<h2>Plastic</h2>", "shipment of the cards API", "Another plastic of the card waits")
	b.hides(reissueForm, renewForm, "<h2>Next plastic</h2>")
	if now := w.View(v.Card.ID); now.Plastic.ID == v.Plastic.ID || now.Plastic.Link.Supersedes != v.Plastic.ID {
		t.Errorf("the plastic: %+v", now.Plastic)
	}
}

func TestReissue_OfAPlasticThatCameBack(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	w := h.world
	b := h.desk(staff.Operator)
	v, _ := w.NewShippedCard(w.Customer, w.Account)
	page := h.at("/cards/" + v.Card.ID.String())
	b.get(h.at("/sandbox"))
	b.post(h.at("/sandbox/walk"), "shipment", v.Box.ID.String(), "step", string(shipment.Returned), "reason", "x")
	b.shows(200, "returned")
	w.Clock.Advance(time.Second)
	b.get(page)
	b.post(page+"/reissue", "for", "returned", "reason", "No such address")
	b.shows(200, "is planned", "returned: No such address", "Another plastic of the card waits")
	b.hides(reissueForm, renewForm)
}

func TestReissue_RefusesAFormThatIsWrong(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	w := h.world
	b := h.desk(staff.Operator)
	v, page := h.inUse()
	past, ahead := minuteOf(w.Clock.Now().Add(-time.Hour)), minuteOf(w.Clock.Now().Add(48*time.Hour))
	for name, tc := range map[string]struct {
		action, says string
		fields       []string
	}{
		"no reason":               {"reissue", "Say why", []string{"for", "damaged", "reason", " "}},
		"no reason of a renewal":  {"renew", "Say why", []string{"reason", ""}},
		"no cause":                {"reissue", "was not complete", []string{"reason", "x"}},
		"a cause of a renewal":    {"reissue", "was not complete", []string{"for", "renewal", "reason", "x"}},
		"no such end":             {"reissue", "was not complete", []string{"for", "damaged", "retire", "never", "reason", "x"}},
		"no date":                 {"reissue", "a date that is to come", []string{"for", "damaged", "retire", "on_date", "reason", "x"}},
		"a date for another end":  {"reissue", "a date that is to come", []string{"for", "damaged", "retire", "on_activation", "on", ahead, "reason", "x"}},
		"a date gone by":          {"reissue", "a date that is to come", []string{"for", "damaged", "retire", "on_date", "on", past, "reason", "x"}},
		"a date of a renewal too": {"renew", "a date that is to come", []string{"retire", "on_date", "on", past, "reason", "x"}},
		"no date at all":          {"renew", "Give a date with a time", []string{"retire", "on_date", "on", "soon", "reason", "x"}},
		"no such design":          {"renew", "no such design", []string{"design", "x", "reason", "x"}},
		"it is in use":            {"reissue", "did not come back", []string{"for", "returned", "retire", "on_activation", "reason", "x"}},
	} {
		b.get(page)
		b.post(page+"/"+tc.action, tc.fields...)
		b.shows(200, tc.says)
		if w.View(v.Card.ID).Next != nil {
			t.Fatalf("%s: another plastic is planned", name)
		}
	}
}

// TestReissue_DatesAreOfTheProgrammesClock: in a sandbox that is a month ahead, the day after tomorrow has gone by.
func TestReissue_DatesAreOfTheProgrammesClock(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.WithProgramClock(program.Clock{Offset: 30 * 24 * time.Hour}))
	b := h.desk(staff.Operator)
	_, page := h.inUse()
	b.get(page)
	renew := func(days time.Duration) {
		t.Helper()
		b.post(page+"/renew", "retire", "on_date", "on", minuteOf(h.world.Clock.Now().Add(days*24*time.Hour)), "reason", "x")
	}
	renew(2)
	b.shows(200, "a date that is to come")
	renew(32)
	b.shows(200, "is planned")
}

func TestReissue_OldPlasticDiesWhenTheFormSaysSo(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	w := h.world
	b := h.desk(staff.Operator)
	ahead := w.Clock.Now().Add(48 * time.Hour).Truncate(time.Minute)
	for name, tc := range map[string]struct {
		action string
		fields []string
		state  card.PlasticState
		dies   func(v card.View) time.Time
	}{
		"now":                       {"reissue", []string{"for", "damaged", "retire", "now"}, card.Retired, func(card.View) time.Time { return time.Time{} }},
		"on a date":                 {"reissue", []string{"for", "named", "retire", "on_date", "on", minuteOf(ahead)}, card.Activated, func(card.View) time.Time { return ahead }},
		"renewed, on a date":        {"renew", []string{"retire", "on_date", "on", minuteOf(ahead)}, card.Activated, func(card.View) time.Time { return ahead }},
		"renewed, when it expires":  {"renew", []string{"retire", "on_date", "on", ""}, card.Activated, func(v card.View) time.Time { return v.Card.ExpiresAt }},
		"renewed, with the new one": {"renew", []string{"retire", "on_activation"}, card.Activated, func(card.View) time.Time { return time.Time{} }},
	} {
		v, page := h.inUse()
		b.get(page)
		b.post(page+"/"+tc.action, slices.Concat(tc.fields, []string{"reason", "x"})...)
		b.shows(200, "is planned", "<h2>Next plastic</h2>")
		if p := w.View(v.Card.ID).Plastic; p.State != tc.state || !p.RetiresAt.Equal(tc.dies(v)) {
			t.Errorf("%s: %s, dies %s", name, p.State, p.RetiresAt)
		}
	}
	if notes := h.notes("card.renew"); len(notes) != 3 || notes[0] != "renewal: x" {
		t.Errorf("the trail of renewals: %q", notes)
	}
}

func TestReissue_IsTheRolesAndThePagesOwn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	w := h.world
	for _, action := range []string{"reissue", "renew"} {
		for _, role := range staff.Roles() {
			v, page := h.inUse()
			b := h.desk(role)
			b.get(page)
			b.send("POST", page+"/"+action, url.Values{"for": {"damaged"}, "reason": {"x"}, "form": {strings.Repeat("0", 64)}})
			b.shows(403)
			if w.View(v.Card.ID).Next != nil {
				t.Fatalf("%s as %s: a forged form is taken", action, role)
			}
			b.get(page)
			may := role != staff.Viewer
			if strings.Contains(b.text, "/"+action+`">`) != may {
				t.Errorf("%s has the form of %s: %v", role, action, !may)
			}
			b.post(page+"/"+action, "for", "damaged", "reason", "x")
			if done := w.View(v.Card.ID).Next != nil; done != may || may && b.status != 200 || !may && b.status != 403 {
				t.Errorf("%s as %s: %d, planned %v", action, role, b.status, done)
			}
		}
	}
}

func TestReissue_TellsWhyNot(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	w := h.world
	b := h.desk(staff.Operator)
	_, page := h.inUse()
	b.get(page)
	b.post(page+"/report_stolen", "reason", "Her bag was taken")
	b.shows(200, "<dt>Reissue</dt><dd>The card is stopped for good already.</dd>", "<dt>Renew</dt><dd>The card is stopped for good already.</dd>")
	b.hides(reissueForm, renewForm)
	b.post(page+"/reissue", "for", "damaged", "retire", "now", "reason", "x") // as if the page were older
	b.shows(200, `role="alert"`, "The card is stopped for good already.")

	v, page := h.inUse()
	w.Clock.Advance(v.Card.ExpiresAt.Sub(w.Clock.Now()))
	b = h.desk(staff.Operator) // the session before ended long ago
	b.get(page)
	b.shows(200, "<dt>Reissue</dt><dd>The card has expired.</dd>", renewForm)
	b.hides(reissueForm)
	b.post(page+"/renew", "retire", "on_activation", "reason", "It expired")
	b.shows(200, "is planned", "Card expires then")
}
