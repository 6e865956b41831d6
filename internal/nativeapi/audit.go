package nativeapi

import (
	"context"
	"net/http"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/form"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// NothingSealed says that a programme's audit log has no checkpoint yet, or none of that size.
var NothingSealed = fault.New("audit_checkpoint_not_found", fault.NotFound)

// AuditLog is the sealed form of the trails: what is proved of them outside.
type AuditLog interface {
	// Checkpoint gives the checkpoint that was published last, and how many rows it signs; none before the first.
	Checkpoint(p ident.ProgramID) (signed []byte, rows int64, err error)
	// Key is the public key that checkpoints are verified with.
	Key() string
	// Lines adds the lines of rows from (the first is 0) up to but not including to, as an export has them.
	Lines(ctx context.Context, p ident.ProgramID, from, to int64, lines []byte) ([]byte, error)
}

const (
	mediaNDJSON = "application/x-ndjson"
	linesAtOnce = 1024 // rows of an export that are read together
)

// listAudit lists rows of the trail, newest first.
func (d *Door) listAudit(c *call) error {
	c.takes("card_id", "actor", "on_behalf_of", "action", "outcome", "from", "to", "sort", "limit", "cursor")
	f := issuance.AuditFilter{
		Card: ident.CardID{UUID: c.idParam("card_id")}, Actor: c.param("actor"), OnBehalfOf: c.param("on_behalf_of"), Action: c.param("action"),
		Outcome: c.param("outcome"),
		From:    c.momentParam("from"), To: c.momentParam("to"),
	}
	page := d.page(c)
	if err := c.checked(); err != nil {
		return err
	}
	found, err := d.service.AuditTrail(c.ctx(), c.programID(), f, page)
	if err != nil {
		return err
	}
	mark := func(r audit.Row) issuance.Mark { return issuance.Mark{CreatedAt: r.At, ID: r.ID} }
	return write(c.w, showPage(d, c, found, page, mark, showAudit))
}

// momentParam reads a query parameter that is a time; zero when it was not given.
func (c *call) momentParam(name string) time.Time {
	s := c.param(name)
	if s == "" {
		return time.Time{}
	}
	t, valid := parseMoment(s)
	if !valid {
		c.bad("query."+name, form.InvalidFormat)
	}
	return t
}

func showAudit(w *wirejson.Writer, r audit.Row) {
	w.BeginObject()
	w.Key("id").String(r.ID.String())
	w.Key("at")
	showTime(w, r.At)
	w.Key("actor").String(r.Actor)
	w.Key("on_behalf_of").StringOrNull(r.OnBehalfOf)
	w.Key("channel").String(r.Channel)
	w.Key("source").StringOrNull(r.Source)
	w.Key("request_id").StringOrNull(r.RequestID)
	w.Key("action").String(r.Action)
	w.Key("outcome").String(r.Outcome)
	for _, about := range []struct {
		name string
		id   ident.UUID
	}{{"card_id", r.Card.UUID}, {"customer_id", r.Customer.UUID}, {"shipment_id", r.Shipment.UUID}, {"batch_id", r.Batch.UUID}} {
		w.Key(about.name)
		showID(w, about.id)
	}
	w.Key("note").StringOrNull(r.Note)
	w.EndObject()
}

// getCheckpoint shows what the export is verified with.
func (d *Door) getCheckpoint(c *call) error {
	c.takes()
	if err := c.checked(); err != nil {
		return err
	}
	signed, rows, err := d.auditLog.Checkpoint(c.programID())
	if err != nil {
		return err //nolint:wrapcheck // it gives faults
	}
	if rows == 0 {
		return fault.Refuse(NothingSealed)
	}
	w := wirejson.NewWriter(nil)
	w.BeginObject()
	w.Key("rows").Int(rows)
	w.Key("checkpoint").String(string(signed))
	w.Key("key").String(d.auditLog.Key())
	w.EndObject()
	return write(c.w, ok(w.Bytes()))
}

// exportAudit streams the rows that a checkpoint signs, the oldest first. The first lines are read before anything is
// written, so that a refusal is still a problem.
func (d *Door) exportAudit(c *call) error {
	c.takes("rows")
	rows := int64(c.numberParam("rows", 1, mostRows, 0))
	if err := c.checked(); err != nil {
		return err
	}
	_, sealed, err := d.auditLog.Checkpoint(c.programID())
	if err != nil {
		return err //nolint:wrapcheck // it gives faults
	}
	if rows == 0 {
		rows = sealed
	}
	if sealed == 0 || rows > sealed {
		return fault.Refuse(NothingSealed)
	}
	lines, err := d.auditLog.Lines(c.ctx(), c.programID(), 0, min(linesAtOnce, rows), nil)
	if err != nil {
		return err //nolint:wrapcheck // it gives faults
	}
	c.w.Header().Set("Content-Type", mediaNDJSON)
	c.w.WriteHeader(http.StatusOK)
	for at := int64(linesAtOnce); ; at += linesAtOnce {
		if _, err := c.w.Write(lines); err != nil || at >= rows {
			return err //nolint:wrapcheck // the answer has begun: only the log reads it
		}
		if lines, err = d.auditLog.Lines(c.ctx(), c.programID(), at, min(at+linesAtOnce, rows), lines[:0]); err != nil {
			return err //nolint:wrapcheck // the same
		}
	}
}

// mostRows is more than any log has.
const mostRows = 1 << 52

func (d *Door) auditRoutes() []httpd.Route {
	export := read("/v1/audit/export", access.AuditRead, d.exportAudit)
	export.Timeout = bulkTimeout
	return []httpd.Route{
		read("/v1/audit", access.AuditRead, d.listAudit),
		read("/v1/audit/checkpoint", access.AuditRead, d.getCheckpoint),
		export,
	}
}
