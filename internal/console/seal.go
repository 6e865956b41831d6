package console

import (
	"archive/zip"
	"context"
	"net/http"
	"time"

	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/ident"
)

// AuditLog is the sealed form of the trails: what is proved of them outside, and here on demand.
type AuditLog interface {
	// Checkpoint gives the checkpoint that was published last, and how many rows it signs; none before the first.
	Checkpoint(p ident.ProgramID) (signed []byte, rows int64, err error)
	// Published is when that was.
	Published(p ident.ProgramID) (time.Time, error)
	// Key is the public key that checkpoints are verified with.
	Key() string
	// Span adds the lines of rows from (the first is 0) up to but not including to, whole only those between two times.
	Span(ctx context.Context, p ident.ProgramID, from, to int64, since, until time.Time, lines []byte) ([]byte, error)
	// Prove holds every row that was signed against the checkpoint.
	Prove(ctx context.Context, p ident.ProgramID) (audit.Proof, error)
}

const (
	sealPattern   = "/p/{program}/audit/proof"
	exportPattern = "/p/{program}/audit/export"
	sealTimeout   = 5 * time.Minute
	sealedAtOnce  = 1024 // rows that are read together
)

// The reasons of the sealed trail at this door.
var (
	NothingSealed = fault.New("console_nothing_sealed", fault.NotFound)
	CheckRunning  = fault.New("console_check_running", fault.Conflict)
)

// sealPage is the last checkpoint, with what a check found.
type sealPage struct {
	Rows             int64
	At, Signed, Key  string
	Checked, Holds   bool
	Proof            audit.Proof
	One              bool // it is known which row is the first bad one
	Program, Command string
}

func (d *Door) sealOf(c *call) (*sealPage, error) {
	signed, rows, err := d.auditLog.Checkpoint(c.program.ID)
	if err != nil {
		return nil, err
	}
	at, err := d.auditLog.Published(c.program.ID)
	return &sealPage{Rows: rows, At: moment(at), Signed: string(signed), Key: d.auditLog.Key()}, err
}

func (d *Door) showSeal(c *call) error {
	page, err := d.sealOf(c)
	if err != nil {
		return err
	}
	v := d.view(c, "seal", "Proof of the audit trail")
	v.Seal = page
	return d.write(c.w, http.StatusOK, v)
}

// checkSeal holds all rows against the last checkpoint. It reads the whole trail: one such check runs at a time.
func (d *Door) checkSeal(c *call) error {
	if !d.checking.TryLock() {
		return d.seeRefused(c, "/p/"+c.program.ID.String()+"/audit/proof", fault.Refuse(CheckRunning))
	}
	defer d.checking.Unlock()
	page, err := d.sealOf(c)
	if err != nil {
		return err
	}
	if page.Proof, err = d.auditLog.Prove(c.r.Context(), c.program.ID); err != nil {
		return err
	}
	page.Rows, page.Checked, page.Holds, page.One = page.Proof.Rows, true, page.Proof.Holds(), page.Proof.First == page.Proof.Last
	v := d.view(c, "seal", "Proof of the audit trail")
	v.Seal = page
	return d.write(c.w, http.StatusOK, v)
}

// exportSeal streams an archive with the rows of a time, their checkpoint and the key: what `firsttap audit verify` takes. The first
// rows are read before anything is written, so that a refusal is still a page.
func (d *Door) exportSeal(c *call) error {
	since, until, wrong := span(c)
	if wrong {
		return d.see(c.w, "/p/"+c.program.ID.String()+"/audit/proof?error="+mistakeSpan)
	}
	signed, rows, err := d.auditLog.Checkpoint(c.program.ID)
	if err != nil {
		return err
	}
	if rows == 0 {
		return fault.Refuse(NothingSealed)
	}
	lines, err := d.auditLog.Span(c.r.Context(), c.program.ID, 0, min(sealedAtOnce, rows), since, until, nil)
	if err != nil {
		return err
	}
	h := c.w.Header()
	h.Set("Content-Type", "application/zip")
	h.Set("Content-Disposition", `attachment; filename="audit-`+c.program.ID.String()+`.zip"`)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if err := d.pack(c, signed, rows, since, until, lines); err != nil {
		httpd.RecordOf(c.r.Context()).Cause = err // the answer has begun: only the log hears of it
	}
	return nil
}

func (d *Door) pack(c *call, signed []byte, rows int64, since, until time.Time, lines []byte) error {
	archive := zip.NewWriter(c.w)
	for _, small := range []struct {
		name    string
		content []byte
	}{{"audit.checkpoint", signed}, {"audit.key", []byte(d.auditLog.Key() + "\n")}} {
		if err := packed(archive, small.name, small.content); err != nil {
			return err
		}
	}
	to, err := archive.Create("audit.ndjson")
	for at := int64(0); err == nil && at < rows; at += sealedAtOnce {
		if at > 0 {
			lines, err = d.auditLog.Span(c.r.Context(), c.program.ID, at, min(at+sealedAtOnce, rows), since, until, lines[:0])
		}
		if err == nil {
			_, err = to.Write(lines)
		}
	}
	if err != nil {
		return err // without its end the archive does not open
	}
	return archive.Close()
}

func packed(archive *zip.Writer, name string, content []byte) error {
	to, err := archive.Create(name)
	if err != nil {
		return err
	}
	_, err = to.Write(content)
	return err
}

// span reads from when and until when rows are wanted whole.
func span(c *call) (since, until time.Time, wrong bool) {
	q := c.r.URL.Query()
	for _, bound := range []struct {
		name string
		to   *time.Time
	}{{"from", &since}, {"to", &until}} {
		text := q.Get(bound.name)
		if text == "" {
			continue
		}
		at, err := minute(text)
		if err != nil {
			return since, until, true
		}
		*bound.to = at
	}
	return since, until, !since.IsZero() && !until.IsZero() && !since.Before(until)
}
