package console_test

import (
	"archive/zip"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/auditlog"
	"github.com/firsttap/firsttap/internal/auditworker"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/staff"
)

// seal gives the rows that there are their places, and publishes the checkpoint.
func (h *house) seal() {
	h.t.Helper()
	if err := h.sealer.Pass(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
}

// archive is what is in a download, by the name of the file.
func (b *browser) archive() map[string]string {
	b.t.Helper()
	opened, err := zip.NewReader(strings.NewReader(b.text), int64(len(b.text)))
	if err != nil {
		b.t.Fatalf("%s is no archive: %v", b.path, err)
	}
	out := map[string]string{}
	for _, f := range opened.File {
		r, err := f.Open()
		if err != nil {
			b.t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			b.t.Fatal(err)
		}
		out[f.Name] = string(content)
	}
	return out
}

// proves verifies a download as the command line does.
func (b *browser) proves() (auditlog.Proof, error) {
	b.t.Helper()
	files := b.archive()
	v, err := auditlog.NewVerifier(files["audit.key"])
	if err != nil {
		b.t.Fatal(err)
	}
	list, err := v.Checkpoints([]byte(files["audit.checkpoint"]))
	if err != nil {
		b.t.Fatal(err)
	}
	return auditlog.Verify(strings.NewReader(files["audit.ndjson"]), list)
}

func TestConsole_ProvesTheTrailAndExportsIt(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	w := h.world
	b := h.desk(staff.Viewer)
	b.get(h.at("/audit"))
	b.shows(200, `/audit/proof">`)
	b.get(h.at("/audit/proof"))
	b.shows(200, "Nothing is sealed yet.")
	b.get(h.at("/audit/export"))
	b.shows(404, "Nothing is sealed yet.")
	look := func(n int) {
		for range n {
			w.Clock.Advance(time.Second)
			b.get(h.at("/cards/" + w.Card.Card.ID.String()))
		}
	}
	look(3)
	w.Clock.Advance(20 * time.Minute)
	noon := w.Now()
	look(2)
	h.seal()
	b.get(h.at("/audit/proof"))
	b.shows(200, "The last checkpoint", "firsttap/audit/"+w.Program.ID.String(), "firsttap-audit&#43;")
	b.post(h.at("/audit/proof"))
	b.shows(200, "All 7 rows are in the log as they were signed.")

	b.get(h.at("/audit/export"))
	if proof, err := b.proves(); err != nil || proof.Size != 7 || proof.Hidden != 0 {
		t.Errorf("the whole export: %+v, %v", proof, err)
	}
	b.get(h.at("/audit/export?from=" + minuteOf(noon)))
	if proof, err := b.proves(); err != nil || proof.Size != 7 || proof.Hidden != 5 {
		t.Errorf("the export of the last minutes: %+v, %v", proof, err)
	}
	if text := b.archive()["audit.ndjson"]; strings.Count(text, "card.view") != 2 || strings.Contains(text, "staff.sign_in") {
		t.Errorf("the export of the last minutes has:\n%s", text)
	}
	b.get(h.at("/audit/export?to=" + minuteOf(noon)))
	if text := b.archive()["audit.ndjson"]; strings.Count(text, "card.view") != 3 {
		t.Errorf("the export of what was before has:\n%s", text)
	}
	for _, wrong := range []string{"from=soon", "to=soon", "from=2030-01-01T00:00&to=2030-01-01T00:00"} {
		b.get(h.at("/audit/export?" + wrong))
		b.shows(200, "Give two times")
	}

	h.tampered(2)
	b.post(h.at("/audit/proof"))
	b.shows(200, "Row 2 is the first bad one: it was changed")
	b.hides("as they were signed.</p>")
}

// tampered changes what the log says of a row, as one who has the database would.
func (h *house) tampered(row int64) { h.auditLog.changed = row }

// auditLogBehind is the log of the database, in which one row may be changed.
type auditLogBehind struct {
	auditworker.Log
	changed int64 // 0: none
}

func (l *auditLogBehind) Sealed(ctx context.Context, p ident.ProgramID, from, to int64) (auditlog.Page, error) {
	page, err := l.Log.Sealed(ctx, p, from, to)
	for i, n := range page.Places {
		if l.changed != 0 && n == l.changed {
			page.Rows[i].Note = "nothing happened"
		}
	}
	return page, err
}
