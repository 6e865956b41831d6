package console

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/form"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

const (
	maxOrder     = 8 << 20 // bytes of a form with an order
	orderTimeout = time.Minute
	stagedAtOnce = 500  // items in one transaction
	mostAgain    = 5000 // failed rows that one form takes up
	dropTimeout  = 5 * time.Second
)

// orderPage is a form for an order, with what became of the one before.
type orderPage struct {
	Text, Campaign string
	Once           string // the same form orders once, however often it is sent
	Place          []placeField
	Again          string   // reference of the batch whose failed rows these are
	Cut            bool     // it has more failed rows than the form
	Problems       []string // with the file as a whole
	Checked        *checkedOrder
}

type placeField struct {
	Name, Title, Value string
	Most               int
	Optional           bool
	shape              *regexp.Regexp
}

type checkedOrder struct {
	Items, Good, Failed int
	Rows                []wrongRow
}

type wrongRow struct {
	Row        int // as a spreadsheet counts, with the names of the columns in the first
	Label, Why string
}

var (
	mobileForm  = regexp.MustCompile(`^(?:[0-9]{10}|[1-9][0-9]{6,14})$`)
	postalForm  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 -]{1,9}$`)
	countryForm = regexp.MustCompile(`^[A-Z]{2}$`)
)

// placeFields are where the cards go, in the order of the form.
func placeFields(q func(name string) string) []placeField {
	all := []placeField{
		{Name: "first_names", Title: "First names of who gets them", Most: 100},
		{Name: "last_names", Title: "Last names", Most: 100},
		{Name: "street", Title: "Street", Most: 200},
		{Name: "exterior_number", Title: "Number of the house", Most: 30},
		{Name: "interior_number", Title: "Number inside", Most: 30, Optional: true},
		{Name: "neighborhood", Title: "Neighbourhood", Most: 100},
		{Name: "city", Title: "City", Most: 100},
		{Name: "state", Title: "State", Most: 100},
		{Name: "postal_code", Title: "Postal code", Most: 10, shape: postalForm},
		{Name: "mobile", Title: "Mobile, digits alone", Most: 15, shape: mobileForm},
		{Name: "country", Title: "Country, two capitals as in MX", Most: 2, shape: countryForm},
		{Name: "notes", Title: "Notes for the courier", Most: 255, Optional: true},
	}
	for i := range all {
		all[i].Value = strings.TrimSpace(q(all[i].Name))
	}
	return all
}

// placeOf gives where the cards go, or the titles of what is wrong with it.
func placeOf(fields []placeField) (to batch.Location, wrong []string) {
	v := map[string]string{}
	for _, f := range fields {
		v[f.Name] = f.Value
		least := 1
		if f.Optional {
			least = 0
		}
		if form.TextProblem(f.Value, least, f.Most) != "" || f.shape != nil && !f.shape.MatchString(f.Value) {
			wrong = append(wrong, f.Title)
		}
	}
	return batch.Location{
		FirstNames: v["first_names"], LastNames: v["last_names"], Street: v["street"], ExteriorNumber: v["exterior_number"], InteriorNumber: v["interior_number"],
		Neighborhood: v["neighborhood"], City: v["city"], State: v["state"], PostalCode: v["postal_code"], Mobile: v["mobile"], Notes: v["notes"], Country: v["country"],
	}, wrong
}

func (d *Door) newOrder(c *call) error {
	page := orderPage{Once: onceOf(c), Place: placeFields(func(string) string { return "" })}
	v := d.view(c, "order", "Order cards")
	v.Order = &page
	return d.write(c.w, http.StatusOK, v)
}

// onceOf names a form that is shown now.
func onceOf(c *call) string { return httpd.RecordOf(c.r.Context()).RequestID }

// orderAgain takes up the failed rows of a batch, to be corrected.
func (d *Door) orderAgain(c *call) error {
	ref, err := referenceOf(c)
	if err != nil {
		return err
	}
	failed, err := d.service.BatchItems(c.r.Context(), issuance.BatchItems{Program: c.program.ID, Reference: ref, Outcome: batch.ItemFailed, Limit: mostAgain})
	if err != nil {
		return err
	}
	var text strings.Builder
	out := csv.NewWriter(&text)
	_ = out.Write([]string{"identifier", "front_name", "qr", "campaign", "reason"}) // into memory
	for _, i := range failed.Items {
		_ = out.Write([]string{i.Identifier, i.FrontName, i.QR, i.Campaign, string(i.Reason)}) // likewise
	}
	out.Flush()
	v := d.view(c, "order", "Order failed rows again")
	v.Order = &orderPage{Text: text.String(), Once: onceOf(c), Again: string(ref), Cut: failed.More}
	return d.write(c.w, http.StatusOK, v)
}

// sentOrder is a form with an order that was read.
type sentOrder struct {
	page    orderPage
	items   []issuance.OrderItem
	to      batch.Location
	earlier batch.Batch // zero: it is an order of its own
}

func (d *Door) readOrder(c *call) (sentOrder, error) {
	o := sentOrder{page: orderPage{
		Text: c.form.Get("items"), Campaign: strings.TrimSpace(c.form.Get("campaign")), Once: c.form.Get("once"), Again: c.form.Get("again"),
	}}
	if file, _, err := c.r.FormFile("file"); err == nil {
		text, err := io.ReadAll(file)
		if err = errors.Join(err, file.Close()); err != nil {
			return o, fault.Wrap(err, "read the file of an order")
		}
		if len(text) > 0 {
			o.page.Text = string(text)
		}
	}
	var problems []string
	if o.page.Again == "" {
		o.page.Place = placeFields(c.form.Get)
	} else if err := d.readEarlier(c, &o); err != nil {
		return o, err
	}
	o.items, problems = readRows(o.page.Text)
	o.page.Problems = problems
	return o, nil
}

func (d *Door) readEarlier(c *call, o *sentOrder) error {
	ref, err := ident.ParseReference(o.page.Again)
	if err != nil {
		return fault.Refuse(batch.NotFound)
	}
	report, err := d.service.Batch(c.r.Context(), c.program.ID, ref)
	o.earlier, o.page.Campaign = report.Batch, report.Batch.Campaign
	return err
}

// checkOrder tells what would become of an order, row by row, and orders nothing.
func (d *Door) checkOrder(c *call) error {
	o, err := d.readOrder(c)
	if err != nil {
		return err
	}
	if len(o.page.Problems) > 0 {
		return d.showOrder(c, o.page)
	}
	staged, err := d.stage(c, o.items)
	if err != nil {
		return err
	}
	defer d.drop(c, staged)
	found, err := d.service.CheckBatch(c.r.Context(), staged, o.page.Campaign)
	if fault.IsRefusal(err) {
		o.page.Problems = []string{saidOf(fault.Of(err).Reason)}
		return d.showOrder(c, o.page)
	}
	if err != nil {
		return err
	}
	o.page.Checked = &checkedOrder{Items: found.Items, Good: found.Items - found.Failed, Failed: found.Failed}
	for _, i := range found.Wrong {
		o.page.Checked.Rows = append(o.page.Checked.Rows, wrongRow{i.Index + firstRow, i.Identifier, word(string(i.Reason))})
	}
	return d.showOrder(c, o.page)
}

func (d *Door) showOrder(c *call, page orderPage) error {
	v := d.view(c, "order", "Order cards")
	v.Order = &page
	return d.write(c.w, http.StatusOK, v)
}

// stage keeps the items where nobody sees them yet.
func (d *Door) stage(c *call, items []issuance.OrderItem) (*issuance.StagedBatch, error) {
	ctx := c.r.Context()
	staged, err := d.service.StageBatch(ctx, c.command().Caller)
	for len(items) > 0 && err == nil {
		n := min(stagedAtOnce, len(items))
		err = d.service.AppendItems(ctx, staged, items[:n])
		items = items[n:]
	}
	if err != nil && staged != nil {
		d.drop(c, staged)
	}
	return staged, err
}

// drop removes what was staged. What it cannot remove now is swept later.
func (d *Door) drop(c *call, staged *issuance.StagedBatch) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.r.Context()), dropTimeout)
	defer cancel()
	if err := d.service.DropStaged(ctx, staged); err != nil {
		rec := httpd.RecordOf(c.r.Context())
		rec.Cause = errors.Join(rec.Cause, err)
	}
}

// placeOrder orders what is in the form, once.
func (d *Door) placeOrder(c *call) error {
	o, err := d.readOrder(c)
	if err != nil {
		return err
	}
	by := c.command()
	if by.Why = strings.TrimSpace(c.form.Get("reason")); form.TextProblem(by.Why, 1, mostReason) != "" {
		o.page.Problems = append(o.page.Problems, mistakes[mistakeReason])
	}
	if o.earlier.ID.IsZero() {
		var wrong []string
		if o.to, wrong = placeOf(o.page.Place); len(wrong) > 0 {
			o.page.Problems = append(o.page.Problems, "Say where the cards go. What is missing or has another form: "+strings.Join(wrong, "; ")+".")
		}
	}
	if form.TextProblem(o.page.Once, 1, 100) != "" {
		o.page.Problems = append(o.page.Problems, mistakes[mistakeForm])
	}
	if len(o.page.Problems) > 0 {
		return d.showOrder(c, o.page)
	}
	by.Key = d.onceKey(c, o)
	return d.accept(c, o, by)
}

func (d *Door) accept(c *call, o sentOrder, by issuance.Command) error {
	staged, err := d.stage(c, o.items)
	if err != nil {
		return err
	}
	made, err := d.service.AcceptBatch(c.r.Context(), issuance.AcceptBatch{
		Command: by, Staged: staged, Location: o.to, Campaign: o.page.Campaign, Resubmits: o.earlier.ID,
	})
	ref := string(made.Batch.Reference)
	if err != nil {
		d.drop(c, staged)
		before := new(issuance.Replayed)
		switch {
		case errors.As(err, &before):
			ref = string(before.Answer.Body)
		case fault.IsRefusal(err):
			httpd.RecordOf(c.r.Context()).Reason = fault.Of(err).Reason
			o.page.Problems = []string{saidOf(fault.Of(err).Reason)}
			return d.showOrder(c, o.page)
		default:
			return err
		}
	}
	return d.see(c.w, "/p/"+c.program.ID.String()+"/batches/"+ref+"?watch&done=ordered")
}

// onceKey makes a form that is sent twice one order.
func (d *Door) onceKey(c *call, o sentOrder) *issuance.Key {
	parts := [][]byte{[]byte(doorName), []byte("order"), []byte(o.page.Text), []byte(o.page.Campaign), []byte(o.page.Again)}
	for _, f := range o.page.Place {
		parts = append(parts, []byte(f.Value))
	}
	return &issuance.Key{
		Door: doorName, Value: o.page.Once, Fingerprint: d.service.Fingerprint(c.program.ID, parts...),
		Record: func(result any, err error) (issuance.Answer, bool) {
			made, ok := result.(issuance.AcceptedBatch)
			return issuance.Answer{Status: http.StatusSeeOther, Body: []byte(made.Batch.Reference)}, ok && err == nil
		},
	}
}

// firstRow is the row of a spreadsheet that has the first item.
const firstRow = 2

func rowName(i int) string { return "Row " + strconv.Itoa(i+firstRow) }
