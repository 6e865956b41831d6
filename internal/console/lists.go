package console

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/staff"
)

const (
	listRows  = 50
	csvAtOnce = 500

	watchEvery = "3" // seconds
)

// batchPage is a batch with a page of its items.
type batchPage struct {
	batchLine
	Items      []batchItem
	Funnel     []fact
	FailedOnly bool
	Running    bool // it is being made
	Watched    bool // the browser loads the page again and again
	MayAgain   bool // failed rows may be ordered again
	Next       int  // index of the first item of the next page; 0: there is none
}

type batchItem struct{ Index, Label, Outcome, Reason, Card string }

// filter is what an audit list was asked for.
type filter struct{ Actor, Action, Outcome, Card string }

func batchLineOf(b batch.Batch) batchLine {
	line := batchLine{
		Reference: string(b.Reference), Status: word(string(b.Status)), Requested: b.Requested, Created: b.Created, Failed: b.Failed, At: moment(b.CreatedAt),
	}
	if b.Requested > 0 {
		line.Done = (b.Created + b.Failed) * 100 / b.Requested
	}
	return line
}

// pageOf reads where a list goes on; what is no mark begins with the newest.
func pageOf(q url.Values) issuance.Page {
	page := issuance.Page{Limit: listRows + 1}
	micros, id, _ := strings.Cut(q.Get("after"), "_")
	at, errAt := strconv.ParseInt(micros, 10, 64)
	last, errID := ident.ParseUUID(id)
	if errAt == nil && errID == nil {
		page.After = issuance.Mark{CreatedAt: time.UnixMicro(at).UTC(), ID: last}
	}
	return page
}

// older gives the query of the next page: the same as this one's, behind the mark.
func older(q url.Values, at time.Time, id ident.UUID) string {
	next := url.Values{}
	for name, values := range q {
		next[name] = values
	}
	next.Set("after", markOf(at, id))
	return "?" + next.Encode()
}

// markOf is where a list goes on, as pageOf reads it.
func markOf(at time.Time, id ident.UUID) string {
	return strconv.FormatInt(at.UnixMicro(), 10) + "_" + id.String()
}

func (d *Door) listBatches(c *call) error {
	q := c.r.URL.Query()
	all, err := d.service.Batches(c.r.Context(), c.program.ID, issuance.BatchFilter{}, pageOf(q))
	if err != nil {
		return err
	}
	v := d.view(c, "batches", "Batches")
	for _, b := range all[:min(len(all), listRows)] {
		v.Batches = append(v.Batches, batchLineOf(b))
	}
	if len(all) > listRows {
		last := all[listRows-1]
		v.Older = older(q, last.CreatedAt, last.ID.UUID)
	}
	return d.write(c.w, http.StatusOK, v)
}

// referenceOf is the batch in the address.
func referenceOf(c *call) (ident.Reference, error) {
	ref, err := ident.ParseReference(httpd.Param(c.r, "batch"))
	if err != nil {
		return "", fault.Refuse(batch.NotFound)
	}
	return ref, nil
}

func (d *Door) showBatch(c *call) error {
	ref, err := referenceOf(c)
	if err != nil {
		return err
	}
	report, err := d.service.Batch(c.r.Context(), c.program.ID, ref)
	if err != nil {
		return err
	}
	q := c.r.URL.Query()
	ask := issuance.BatchItems{Program: c.program.ID, Reference: ref, Limit: listRows}
	ask.From, _ = strconv.Atoi(q.Get("from"))
	ask.From = max(ask.From, 0)
	if q.Has("failed") {
		ask.Outcome = batch.ItemFailed
	}
	items, err := d.service.BatchItems(c.r.Context(), ask)
	if err != nil {
		return err
	}
	v := d.view(c, "batch", "Batch "+string(ref))
	counts, err := d.service.BatchFunnelOf(c.r.Context(), report.Batch.ID)
	if err != nil {
		return err
	}
	running := !report.Batch.Status.Finished()
	page := batchPage{
		batchLine: batchLineOf(report.Batch), FailedOnly: q.Has("failed"), Running: running, Watched: running && q.Has("watch"),
		MayAgain: !running && report.Batch.Failed > 0 && c.may(staff.OrderCards),
		Funnel:   []fact{{"Shipped", count(counts.Shipped)}, {"Delivered", count(counts.Delivered)}, {"Activated", count(counts.Activated)}, {"Wrong codes", count(counts.Wrong)}},
	}
	if page.Watched {
		c.w.Header().Set("Refresh", watchEvery)
	}
	for _, item := range items.Items {
		page.Items = append(page.Items, batchItemOf(item.Item))
	}
	if items.More {
		page.Next = items.Items[len(items.Items)-1].Index + 1
	}
	v.Items = &page
	return d.write(c.w, http.StatusOK, v)
}

func batchItemOf(i batch.Item) batchItem {
	return batchItem{
		strconv.Itoa(i.Index), i.Identifier, word(string(i.Outcome)), word(string(i.Reason)), idText(i.Card.IsZero(), i.Card.String()),
	}
}

// batchCSV streams the items of a batch as a spreadsheet reads them.
func (d *Door) batchCSV(c *call) error {
	ref, err := referenceOf(c)
	if err != nil {
		return err
	}
	ask := issuance.BatchItems{Program: c.program.ID, Reference: ref, Limit: csvAtOnce}
	page, err := d.service.BatchItems(c.r.Context(), ask)
	if err != nil {
		return err
	}
	h := c.w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="batch-`+string(ref)+`.csv"`)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	out := csv.NewWriter(c.w)
	_ = out.Write([]string{"index", "identifier", "outcome", "reason", "card_id"}) // Flush tells
	for {
		for _, item := range page.Items {
			i := batchItemOf(item.Item)
			_ = out.Write([]string{i.Index, tame(i.Label), string(item.Outcome), string(item.Reason), i.Card}) // Flush tells
			ask.From = item.Index + 1
		}
		out.Flush()
		if broken := out.Error(); broken != nil || !page.More {
			return nil //nolint:nilerr // what breaks now is the browser's connection
		}
		if page, err = d.service.BatchItems(c.r.Context(), ask); err != nil {
			httpd.RecordOf(c.r.Context()).Cause = err // the answer has begun: only the log hears of it
			return nil                                //nolint:nilerr // as above
		}
	}
}

// tame keeps a spreadsheet from reading a text as a formula.
func tame(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

func (d *Door) listAudit(c *call) error {
	q := c.r.URL.Query()
	v := d.view(c, "audit", "Audit trail")
	v.Filter = filter{Actor: q.Get("actor"), Action: q.Get("action"), Outcome: q.Get("outcome"), Card: q.Get("card")}
	f := issuance.AuditFilter{Actor: v.Filter.Actor, Action: v.Filter.Action, Outcome: v.Filter.Outcome}
	if v.Filter.Card != "" {
		id, err := ident.ParseUUID(v.Filter.Card)
		if err != nil {
			v.Wrong = "That is no id of a card; the rows below are of all cards."
		}
		f.Card = ident.CardID{UUID: id}
	}
	if f.Actor+f.Action+f.Outcome != "" && f.Card.IsZero() {
		f.Through = auditReach
	}
	page := pageOf(q)
	rows, err := d.service.AuditTrail(c.r.Context(), c.program.ID, f, page)
	if err != nil {
		return err
	}
	for _, r := range rows[:min(len(rows), listRows)] {
		v.Timeline = append(v.Timeline, rowOf(r))
	}
	if len(rows) > listRows {
		last := rows[listRows-1]
		v.Older = older(q, last.At, last.ID)
		return d.write(c.w, http.StatusOK, v)
	}
	reach, more, err := d.service.AuditReach(c.r.Context(), c.program.ID, f, page.After)
	if err != nil {
		return err
	}
	if more {
		v.Older, v.Reach = older(q, reach.CreatedAt, reach.ID), moment(reach.CreatedAt)
	}
	return d.write(c.w, http.StatusOK, v)
}

// auditReach is how many rows a page of the trail looks through for those that its filter wants: somebody who did nothing
// is not looked for in all that ever happened.
const auditReach = 10_000
