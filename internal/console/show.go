package console

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/issuance"
)

// cardLine is a card in a list.
type cardLine struct {
	ID, Last4, Type, Status, Physical, Guard, Holder, Label string
}

// person is a customer. What names it is masked for who may not see persons.
type person struct{ ID, Number, Name, Email, Phone, Status string }

type batchLine struct {
	Reference, Status, At      string
	Requested, Created, Failed int
	Done                       int // percent
}

// fact is a name with its value; one without a value is left out.
type fact struct{ Name, Value string }

// cardPage is a card with what stands beside each other.
type cardPage struct {
	ID, Last4, Status string
	Good              bool // it may be used
	Panels            []panel
}

type panel struct {
	Title string
	Facts []fact
}

// trailRow is a row of the timeline.
type trailRow struct {
	At, Actor, Channel, Action, Outcome, Note, CardID string
	OK                                                bool
}

const dots = "•••"

// veil shows a text, or its first letter.
func veil(s string, clear bool) string {
	if clear || s == "" {
		return s
	}
	for _, first := range s {
		return string(first) + dots
	}
	return ""
}

// veilEnd shows a text, or its last four characters.
func veilEnd(s string, clear bool) string {
	if clear || s == "" {
		return s
	}
	return dots + s[max(0, len(s)-4):]
}

func veilEmail(s string, clear bool) string {
	name, host, found := strings.Cut(s, "@")
	if clear || !found {
		return veil(s, clear)
	}
	return veil(name, false) + "@" + veil(host, false)
}

func nameOf(c *customer.Customer, clear bool) string {
	var parts []string
	for _, part := range []string{c.FirstName, c.MiddleName, c.LastName, c.SecondLastName} {
		if part != "" {
			parts = append(parts, veil(part, clear))
		}
	}
	return strings.Join(parts, " ")
}

func personOf(c *customer.Customer, clear bool) person {
	return person{
		ID: c.ID.String(), Number: strconv.FormatInt(c.Number, 10), Name: nameOf(c, clear), Email: veilEmail(c.Email, clear),
		Phone: veilEnd(c.Phone, clear), Status: string(c.Status),
	}
}

func lastFour(c card.Card) string {
	if c.Last4 == "" {
		return "without a number"
	}
	return "•••• " + c.Last4
}

func lineOf(st issuance.Standing, clear bool) cardLine {
	line := cardLine{
		ID: st.Card.ID.String(), Last4: lastFour(st.Card), Type: string(st.Card.Type), Status: word(string(st.Card.Status(st.At))), Physical: word(string(st.Physical())),
		Guard: word(string(st.Guard().State)), Label: st.Plastic.Identifier,
	}
	if st.Holder != nil {
		line.Holder = nameOf(st.Holder, clear)
	}
	return line
}

// word puts the name of a state into a word for people.
func word(s string) string { return strings.ToLower(strings.ReplaceAll(s, "_", " ")) }

func yes(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

func idText(zero bool, s string) string {
	if zero {
		return ""
	}
	return s
}

func cardOf(st issuance.Standing, clear bool) cardPage {
	status := st.Card.Status(st.At)
	page := cardPage{ID: st.Card.ID.String(), Last4: lastFour(st.Card), Status: word(string(status)), Good: status == card.Open}
	page.Panels = []panel{credentialPanel(st), plasticPanel(st), parcelPanel(st), guardPanel(st), holderPanel(st, clear)}
	if st.Next != nil {
		page.Panels = slices.Insert(page.Panels, 3, nextPanel(st))
	}
	for i := range page.Panels {
		var kept []fact
		for _, f := range page.Panels[i].Facts {
			if f.Value != "" {
				kept = append(kept, f)
			}
		}
		page.Panels[i].Facts = kept
	}
	return page
}

func credentialPanel(st issuance.Standing) panel {
	c := st.Card
	return panel{"Card", []fact{
		{"Status", word(string(c.Status(st.At)))},
		{"Stop", word(string(st.Stop()))},
		{"Frozen by", string(c.FrozenBy)},
		{"Block", strings.TrimSpace(word(string(c.Block.Type)) + " " + c.Block.Message)},
		{"Reported", word(string(c.ReportedAs))},
		{"Type", string(c.Type)},
		{"Number of the card", strconv.FormatInt(c.Number, 10)},
		{"Ends in", c.Last4},
		{"Expires", moment(c.ExpiresAt)},
		{"PIN set", moment(c.PINSetAt)},
		{"Closed", moment(c.ClosedAt)},
		{"Closed because", word(string(c.ClosedReason))},
		{"Takes the place of", idText(c.Replaces.IsZero(), c.Replaces.String())},
		{"Successor", idText(st.Successor.IsZero(), st.Successor.String())},
		{"Made", moment(c.CreatedAt)},
	}}
}

func plasticPanel(st issuance.Standing) panel {
	p := st.Plastic
	if p.ID.IsZero() {
		return panel{Title: "Plastic"}
	}
	return panel{"Plastic", []fact{
		{"State", word(string(p.At(st.At).State))},
		{"Void because", word(string(p.VoidReason))},
		{"Where", word(string(st.Physical()))},
		{"Custody", word(string(p.Custody))},
		{"Custody is presumed", yes(p.CustodyPresumed)},
		{"Label", p.Identifier},
		{"Batch", idText(p.Batch.IsZero(), p.Batch.String())},
		{"Activated", moment(p.ActivatedAt)},
		{"Damaged", moment(p.DamagedAt)},
		{"Dies on", moment(p.RetiresAt)},
		{"What comes next", whatNext(p)},
	}}
}

// nextPanel is the plastic that is to take the place of the one in use; the guard is about it.
func nextPanel(st issuance.Standing) panel {
	v := st.Coming()
	return panel{"Next plastic", []fact{
		{"State", word(string(v.Plastic.State))},
		{"Where", word(string(v.Physical()))},
		{"The one in use dies", word(string(v.Plastic.Link.RetireSource))},
		{"Card expires then", moment(v.Plastic.Link.ExpiresAt)},
		{"Tracking number", v.Box.TrackingNumber},
		{"Shipment", idText(v.Box.ID.IsZero(), v.Box.ID.String())},
		{"Asked for", moment(v.Plastic.CreatedAt)},
		{"What comes next", whatNext(v.Plastic)},
	}}
}

func parcelPanel(st issuance.Standing) panel {
	b := st.Box
	if b.ID.IsZero() {
		return panel{Title: "Parcel"}
	}
	return panel{"Parcel", []fact{
		{"Status", word(string(b.Status))},
		{"Courier", b.Courier.Type},
		{"Tracking number", b.TrackingNumber},
		{"Ordered", moment(b.SubmittedAt)},
		{"Delivered", moment(b.DeliveredAt)},
		{"Shipment", b.ID.String()},
	}}
}

func guardPanel(st issuance.Standing) panel {
	g := st.Guard()
	if st.Plastic.ID.IsZero() {
		return panel{Title: "Guard"}
	}
	lock := time.Time{}
	if g.State == card.Locked {
		lock = g.LockedUntil
	}
	return panel{"Guard", []fact{
		{"State", word(string(g.State))},
		{"Method", word(string(g.Method))},
		{"Tries left", strconv.Itoa(g.Left(st.Policy.Activation))},
		{"Wrong tries ever", strconv.Itoa(g.LifetimeWrong)},
		{"Locks", strconv.Itoa(g.Locks)},
		{"Locked until", moment(lock)},
		{"Code made", moment(g.CodeIssuedAt)},
	}}
}

func holderPanel(st issuance.Standing, clear bool) panel {
	if st.Holder == nil {
		return panel{Title: "Holder"}
	}
	p := personOf(st.Holder, clear)
	return panel{"Holder", []fact{
		{"Name", p.Name},
		{"E-mail", p.Email},
		{"Phone", p.Phone},
		{"Status", word(p.Status)},
		{"Number of the customer", p.Number},
		{"Customer", p.ID},
		{"Name on the card", veil(st.Card.HolderName, clear)},
	}}
}

func rowOf(r audit.Row) trailRow {
	return trailRow{moment(r.At), r.Actor, r.Channel, r.Action, word(r.Outcome), r.Note, idText(r.Card.IsZero(), r.Card.String()), r.Outcome == audit.OK}
}
