package nativeapi

import (
	"encoding/csv"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/wirejson"
)

const (
	maxOrder      = 64 << 20
	uploadTimeout = 10 * time.Minute
	exportTimeout = 5 * time.Minute
	exportPage    = 1000
)

func (d *Door) batchRoutes() []httpd.Route {
	order := act("/v1/batches", access.BatchesWrite, nil)
	order.Handler, order.Idempotency, order.MaxBody, order.Timeout = stream(d.order), httpd.Required, maxOrder, uploadTimeout
	again := act("/v1/batches/{id}/resubmit", access.BatchesWrite, nil)
	again.Handler, again.Idempotency, again.MaxBody, again.Timeout = stream(d.resubmit), httpd.Required, maxOrder, uploadTimeout
	items := read("/v1/batches/{id}/items", access.BatchesRead, d.listItems)
	items.Timeout = exportTimeout
	return []httpd.Route{
		order,
		read("/v1/batches", access.BatchesRead, d.listBatches),
		read("/v1/batches/{id}", access.BatchesRead, d.getBatch),
		items,
		again,
		act("/v1/batches/{id}/cancel", access.BatchesWrite, d.cancelBatch),
	}
}

// batchStatuses are the states that a caller sees.
func batchStatuses() []batch.Status { return batch.Statuses()[1:] }

// listBatches lists bulk orders, newest first.
func (d *Door) listBatches(c *call) error {
	c.takes("status", "sort", "limit", "cursor")
	var f issuance.BatchFilter
	if s := choiceParam(c, "status", batchStatuses()...); s != "" {
		f.Statuses = []batch.Status{s}
	}
	page := d.page(c)
	if err := c.checked(); err != nil {
		return err
	}
	all, err := d.service.Batches(c.ctx(), c.programID(), f, page)
	if err != nil {
		return err
	}
	return write(c.w, showPage(d, c, all, page, func(b batch.Batch) issuance.Mark {
		return issuance.Mark{CreatedAt: b.CreatedAt, ID: b.ID.UUID}
	}, showBatch))
}

// batch finds the bulk order that the path names.
func (d *Door) batch(c *call) (batch.Batch, error) {
	id := ident.BatchID{UUID: c.id()}
	if err := c.checked(); err != nil {
		return batch.Batch{}, err
	}
	return d.service.BatchByID(c.ctx(), c.programID(), id)
}

func (d *Door) getBatch(c *call) error {
	c.takes()
	b, err := d.batch(c)
	if err != nil {
		return err
	}
	return write(c.w, ok(body(showBatch, b)))
}

// cancelBatch ends an order that no worker has taken yet.
func (d *Door) cancelBatch(c *call) error {
	c.takes()
	c.form()
	c.because()
	b, err := d.batch(c)
	if err != nil {
		return err
	}
	show := func(b batch.Batch) issuance.Answer { return ok(body(showBatch, b)) }
	return perform(d, c, show, func(base issuance.Command) (batch.Batch, error) {
		return d.service.CancelBatch(c.ctx(), issuance.CancelBatch{Command: base, Reference: b.Reference})
	})
}

// listItems gives the items of an order in their order: a page, or all of them as CSV.
func (d *Door) listItems(c *call) error {
	asCSV := wantsCSV(c.r.Header.Values("Accept"))
	if asCSV {
		c.takes("outcome")
	} else {
		c.takes("outcome", "limit", "cursor")
	}
	q := issuance.BatchItems{
		Program: c.programID(), Outcome: choiceParam(c, "outcome", batch.Pending, batch.ItemCreated, batch.ItemFailed),
		Limit: c.numberParam("limit", 1, 1000, 100),
	}
	if sent := c.param("cursor"); sent != "" {
		at, _, ok := d.cursors(c).Open(sent)
		if !ok {
			c.bad("query.cursor", "invalid_cursor")
		}
		q.From = int(at.UnixMicro())
	}
	b, err := d.batch(c)
	if err != nil {
		return err
	}
	q.Reference = b.Reference
	if asCSV {
		return d.exportItems(c, q)
	}
	page, err := d.service.BatchItems(c.ctx(), q)
	if err != nil {
		return err
	}
	w := wirejson.NewWriter(nil)
	w.BeginObject()
	w.Key("items").BeginArray()
	for _, item := range page.Items {
		showItem(w, item, page.Now)
	}
	w.EndArray()
	next := ""
	if page.More { // a place is kept as a time, for the cursors of all lists are alike
		next = d.cursors(c).Seal(time.UnixMicro(int64(page.Items[len(page.Items)-1].Index+1)), b.ID.UUID)
	}
	w.Key("next_cursor").StringOrNull(next)
	w.EndObject()
	return write(c.w, ok(w.Bytes()))
}

// wantsCSV reports whether the caller asks for CSV.
func wantsCSV(accept []string) bool {
	for part := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		kind, params, err := mime.ParseMediaType(part)
		if err == nil && kind == mediaCSV && params["q"] != "0" {
			return true
		}
	}
	return false
}

// exportItems streams all items as CSV, page by page. The first page is read before anything is written, so that a
// refusal is still a problem.
func (d *Door) exportItems(c *call, q issuance.BatchItems) error {
	q.Limit = exportPage
	page, err := d.service.BatchItems(c.ctx(), q)
	if err != nil {
		return err
	}
	c.w.Header().Set("Content-Type", mediaCSV+"; charset=utf-8")
	c.w.WriteHeader(http.StatusOK)
	out := csv.NewWriter(c.w)
	line := []string{"index", "identifier", "outcome", "reason", "card_id", "number_id", "card_status", "activation_url"}
	if err := out.Write(line); err != nil {
		return err //nolint:wrapcheck // the answer has begun: only the log reads it
	}
	for {
		for _, item := range page.Items {
			if err := out.Write(d.itemRow(item, page)); err != nil {
				return err //nolint:wrapcheck // the same
			}
		}
		out.Flush()
		if err := out.Error(); err != nil || !page.More {
			return err //nolint:wrapcheck // the same
		}
		q.From = page.Items[len(page.Items)-1].Index + 1
		if page, err = d.service.BatchItems(c.ctx(), q); err != nil {
			return err
		}
	}
}

func (d *Door) itemRow(i issuance.BatchItem, page issuance.ItemPage) []string {
	row := []string{strconv.Itoa(i.Index), i.Identifier, string(i.Outcome), string(i.Reason), "", "", "", ""}
	if i.Outcome == batch.ItemCreated {
		row[4], row[5], row[6] = i.Card.String(), strconv.FormatInt(i.CardNumber, 10), string(i.View.Card.Status(page.Now))
		row[7] = d.printedURL(page.Program, i)
	}
	return row
}

func showItem(w *wirejson.Writer, i issuance.BatchItem, now time.Time) {
	made := i.Outcome == batch.ItemCreated
	status := card.Status("")
	if made {
		status = i.View.Card.Status(now)
	}
	w.BeginObject()
	w.Key("index").Int(int64(i.Index))
	w.Key("identifier").StringOrNull(i.Identifier)
	w.Key("outcome").String(string(i.Outcome))
	w.Key("reason").StringOrNull(string(i.Reason))
	w.Key("card_id")
	showID(w, i.Card.UUID)
	w.Key("number_id")
	if made {
		w.Int(i.CardNumber)
	} else {
		w.Null()
	}
	w.Key("card_status").StringOrNull(string(status))
	w.EndObject()
}

func showBatch(w *wirejson.Writer, b batch.Batch) {
	w.BeginObject()
	w.Key("id").String(b.ID.String())
	w.Key("reference_batch").String(string(b.Reference))
	w.Key("status").String(string(b.Status))
	w.Key("campaign").StringOrNull(b.Campaign)
	w.Key("requested").Int(int64(b.Requested))
	w.Key("created").Int(int64(b.Created))
	w.Key("failed").Int(int64(b.Failed))
	w.Key("shipment_id")
	showID(w, b.Shipment.UUID)
	w.Key("delivery_location")
	showLocation(w, b.Location)
	w.Key("created_at")
	showTime(w, b.CreatedAt)
	w.Key("finished_at")
	showTime(w, b.FinishedAt)
	w.Key("updated_at")
	showTime(w, b.UpdatedAt)
	w.EndObject()
}

func showLocation(w *wirejson.Writer, l batch.Location) {
	w.BeginObject()
	for _, m := range []struct{ name, value string }{
		{"first_names", l.FirstNames},
		{"last_names", l.LastNames},
		{"street", l.Street},
		{"exterior_number", l.ExteriorNumber},
		{"interior_number", l.InteriorNumber},
		{"neighborhood", l.Neighborhood},
		{"city", l.City},
		{"state", l.State},
		{"postal_code", l.PostalCode},
		{"mobile", l.Mobile},
		{"additional_notes", l.Notes},
		{"country", l.Country},
	} {
		w.Key(m.name).StringOrNull(m.value)
	}
	w.EndObject()
}
