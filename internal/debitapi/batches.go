package debitapi

import (
	"encoding/base64"
	"encoding/csv"
	"fmt"
	"mime"
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
	"github.com/firsttap/firsttap/internal/wirejson"
)

// reference reads the batch that the path names; anything that is no reference is a batch that does not
// exist.
func (c *call) reference() (ident.Reference, error) {
	ref, err := ident.ParseReference(httpd.Param(c.r, "reference_batch"))
	if err != nil {
		return "", fault.Refuse(batch.NotFound)
	}
	return ref, nil
}

// batch is GET /debit/v1/bulkOrderCard/{reference_batch} (debit contract §8.5).
func (d *Door) batch(c *call) error {
	if err := c.checkRights(); err != nil {
		return err
	}
	ref, err := c.reference()
	if err != nil {
		return err
	}
	report, err := d.o.Rules.Batch(c.r.Context(), c.id.Program.ID, ref)
	if err != nil {
		return err
	}
	return c.read(func(w *wirejson.Writer) {
		b := report.Batch
		w.Key("reference_batch").String(string(b.Reference))
		w.Key("status").Int(batchNumber(b.Status))
		w.Key("num_requested").Int(int64(b.Requested))
		w.Key("numCreated").Int(int64(b.Created))
		w.Key("numFailed").Int(int64(b.Failed))
		w.Key("created_at").String(stampS(b.CreatedAt))
		w.Key("finished_at").StringOrNull(stampOrNone(b.FinishedAt))
		w.Key("notification")
		writeNotice(w, report.Notice)
	})
}

// read answers a query.
func (c *call) read(p payload) error {
	at, err := c.now(c.r.Context())
	if err != nil {
		return err
	}
	return c.write(http.StatusOK, success(c.path, at, p))
}

// stampOrNone is form S, or nothing for no time.
func stampOrNone(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return stampS(at)
}

func writeNotice(w *wirejson.Writer, n *issuance.Notice) {
	told := issuance.Notice{State: "none"}
	if n != nil {
		told = *n
	}
	w.BeginObject()
	w.Key("status").String(string(told.State))
	w.Key("attempts").Int(int64(told.Attempts))
	w.Key("last_http_status")
	if told.HTTPStatus == 0 {
		w.Null()
	} else {
		w.Int(int64(told.HTTPStatus))
	}
	w.Key("next_attempt_at").StringOrNull(stampOrNone(told.NextAt))
	w.EndObject()
}

// The limits of a page of items.
const (
	pageDefault = 100
	pageMost    = 1000
)

// items is GET /debit/v1/bulkOrderCard/{reference_batch}/items (debit contract §8.5).
func (d *Door) items(c *call) error {
	q, err := c.itemQuery()
	if err != nil {
		return err
	}
	if err := c.checkRights(); err != nil {
		return err
	}
	if q.Reference, err = c.reference(); err != nil {
		return err
	}
	q.Program = c.id.Program.ID
	if wantsCSV(c.r.Header.Values("Accept")) {
		return d.exportItems(c, q)
	}
	page, err := d.o.Rules.BatchItems(c.r.Context(), q)
	if err != nil {
		return err
	}
	return c.write(http.StatusOK, success(c.path, page.Now, func(w *wirejson.Writer) {
		w.Key("items").BeginArray()
		for _, item := range page.Items {
			writeItem(w, item, page)
		}
		w.EndArray()
		w.Key("next")
		if page.More {
			w.String(cursorAfter(page.Items[len(page.Items)-1].Index))
		} else {
			w.Null()
		}
	}))
}

// itemQuery reads the query; of a repeated name the last one counts.
func (c *call) itemQuery() (issuance.BatchItems, error) {
	q := issuance.BatchItems{Limit: pageDefault}
	sent := c.r.URL.Query()
	var f fields
	if s, ok := last(sent, "status"); ok {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n >= len(itemStatuses) {
			f.add("status", invalid)
		} else {
			q.Outcome = itemStatuses[n]
		}
	}
	if s, ok := last(sent, "limit"); ok {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > pageMost {
			f.add("limit", invalid)
		}
		q.Limit = n
	}
	if s, ok := last(sent, "after"); ok {
		i, ok := parseCursor(s)
		if !ok {
			f.add("after", invalid)
		}
		q.From = i + 1
	}
	return q, f.refusal()
}

func last(q url.Values, name string) (string, bool) {
	all := q[name]
	if len(all) == 0 {
		return "", false
	}
	return all[len(all)-1], true
}

// cursorAfter points behind an item: {"i":<index>} in base64url.
func cursorAfter(index int) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"i":%d}`, index))
}

func parseCursor(s string) (index int, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return 0, false
	}
	v, err := wirejson.Parse(raw, wirejson.Options{RequireObject: true})
	if err != nil {
		return 0, false
	}
	n, ok := v.Get("i").Int64()
	return int(n), ok && n >= 0 && n < batch.MaxItems
}

func writeItem(w *wirejson.Writer, item issuance.BatchItem, page issuance.ItemPage) {
	w.BeginObject()
	w.Key("index").Int(int64(item.Index))
	w.Key("card_identifier").String(item.Identifier)
	w.Key("status").Int(itemNumber(item.Outcome))
	if item.Outcome == batch.ItemCreated {
		w.Key("card_id").Int(item.CardNumber)
		w.Key("status_card").Int(cardNumber(item.View, page.Program.Policy, page.Now))
	} else {
		w.Key("card_id").Null()
		w.Key("status_card").Null()
	}
	w.Key("reason").String(string(item.Reason))
	w.EndObject()
}

// wantsCSV reports whether the caller asks for CSV.
func wantsCSV(accept []string) bool {
	for _, line := range accept {
		for _, part := range strings.Split(line, ",") {
			kind, params, err := mime.ParseMediaType(part)
			if err == nil && kind == "text/csv" && params["q"] != "0" {
				return true
			}
		}
	}
	return false
}

// exportItems streams all items as CSV, page by page. The first page is read before anything is written,
// so that a refusal still has its envelope.
func (d *Door) exportItems(c *call, q issuance.BatchItems) error {
	q.From, q.Limit = 0, pageMost
	page, err := d.o.Rules.BatchItems(c.r.Context(), q)
	if err != nil {
		return err
	}
	c.w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	c.w.WriteHeader(http.StatusOK)
	out := csv.NewWriter(c.w)
	if err := out.Write([]string{"index", "card_identifier", "status", "card_id", "status_card", "reason"}); err != nil {
		return err
	}
	for {
		for _, item := range page.Items {
			if err := out.Write(itemRow(item, page)); err != nil {
				return err
			}
		}
		out.Flush()
		if err := out.Error(); err != nil || !page.More {
			return err
		}
		q.From = page.Items[len(page.Items)-1].Index + 1
		if page, err = d.o.Rules.BatchItems(c.r.Context(), q); err != nil {
			return err
		}
	}
}

func itemRow(item issuance.BatchItem, page issuance.ItemPage) []string {
	number, status := "", ""
	if item.Outcome == batch.ItemCreated {
		number = strconv.FormatInt(item.CardNumber, 10)
		status = strconv.FormatInt(cardNumber(item.View, page.Program.Policy, page.Now), 10)
	}
	return []string{
		strconv.Itoa(item.Index), item.Identifier, strconv.FormatInt(itemNumber(item.Outcome), 10), number, status, string(item.Reason),
	}
}
