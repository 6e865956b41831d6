package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/firsttap/firsttap/internal/app"
	"github.com/firsttap/firsttap/internal/auditlog"
	"github.com/firsttap/firsttap/internal/ident"
)

// auditFolder says where checkpoints are.
type auditFolder struct {
	auditTrail
	AuditCheckpoints string `help:"Folder of the signed checkpoints; the same as the server's." placeholder:"FOLDER"`
}

// sealed opens the installation, seals what waits, and runs body for the log that is meant. What keeps rows from
// being sealed is told and no more: whoever has to find out what happened needs the rows and the last checkpoint.
func (c auditFolder) sealed(ctx context.Context, w World, body func(h *app.House, p ident.ProgramID) error) error {
	var more []string
	if c.AuditCheckpoints != "" {
		more = append(more, "--audit-checkpoints="+c.AuditCheckpoints)
	}
	return c.with(ctx, w, app.Open, func(h *app.House) error {
		p, err := c.trail(ctx, h)
		if err != nil {
			return err
		}
		if err := h.SealAudit(ctx); err != nil {
			_, _ = fmt.Fprintf(w.Stderr, "firsttap: what is new was not sealed: %s\n", explain(err))
		}
		return body(h, p)
	}, more...)
}

type auditExport struct {
	auditFolder
	Out        string `required:"" help:"File to make. It must not be there." placeholder:"FILE"`
	Checkpoint string `help:"File to make for the checkpoint of exactly these rows; default is the name of the export and .checkpoint." placeholder:"FILE"`
}

// Run writes the rows, and the checkpoint that signs them.
func (c auditExport) Run(ctx context.Context, w World) error {
	if c.Checkpoint == "" {
		c.Checkpoint = c.Out + ".checkpoint"
	}
	return c.sealed(ctx, w, func(h *app.House, p ident.ProgramID) error {
		to, err := newFile(c.Out)
		if err != nil {
			return err
		}
		w.background()
		steps := newSteps(w)
		out, err := h.ExportAudit(ctx, p, to, func(done, total int64) { steps.at("exporting", "rows", done, total) })
		steps.end()
		if err = errors.Join(err, to.Close()); err != nil {
			return errors.Join(err, os.Remove(c.Out))
		}
		to, err = newFile(c.Checkpoint)
		if err != nil {
			return err
		}
		_, err = to.Write(out.Checkpoint)
		if err = errors.Join(err, to.Close()); err != nil {
			return err
		}
		if out.Rows != out.Signed {
			_, _ = fmt.Fprintf(w.Stderr, "firsttap: %d rows were signed and %d are there: verify the export\n", out.Signed, out.Rows)
		}
		_, err = fmt.Fprintf(w.Stdout, "Exported %d rows to %s, and the checkpoint that signs them to %s.\n"+
			"Verify them anywhere, with the key that firsttap audit key prints:\n  firsttap audit verify --export %s --checkpoint %s --key KEY\n",
			out.Rows, c.Out, c.Checkpoint, c.Out, c.Checkpoint)
		return err
	})
}

// newFile makes a file that only its owner may read, and takes no other's place.
func newFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
}

type auditCheckpoint struct{ auditFolder }

// Run prints the checkpoint.
func (c auditCheckpoint) Run(ctx context.Context, w World) error {
	return c.sealed(ctx, w, func(h *app.House, p ident.ProgramID) error {
		signed, err := h.AuditCheckpoint(p)
		if err != nil {
			return err
		}
		_, err = w.Stdout.Write(signed)
		return err
	})
}

type auditKey struct{ where }

// Run prints the key.
func (c auditKey) Run(ctx context.Context, w World) error {
	return c.with(ctx, w, app.Open, func(h *app.House) error {
		_, err := fmt.Fprintln(w.Stdout, h.AuditKey())
		return err
	})
}

type auditVerify struct {
	Export     string   `required:"" help:"File that firsttap audit export made." placeholder:"FILE"`
	Checkpoint string   `required:"" help:"Signed checkpoint of exactly these rows." placeholder:"FILE"`
	Key        string   `required:"" help:"Public key, as firsttap audit key printed it." placeholder:"KEY"`
	Since      []string `help:"Older checkpoints, or a history of them, that the export must agree with. They also tell where the first bad row is." placeholder:"FILE"`
	JSON       bool     `help:"Print JSON."`
}

// verdict is what a verification found.
type verdict struct {
	Proved    bool   `json:"proved"`
	Origin    string `json:"origin,omitempty"`
	Rows      int64  `json:"rows"` // proved from the first on
	Root      string `json:"root,omitempty"`
	Older     int    `json:"older_checkpoints,omitempty"`
	Hidden    int64  `json:"hidden_rows,omitempty"` // of which the export has nothing but the hash
	FirstBad  *int64 `json:"first_bad_row,omitempty"`
	FirstMost *int64 `json:"first_bad_row_at_most,omitempty"`
	Why       string `json:"why,omitempty"`
}

// Run opens nothing but the files that it is given.
func (c auditVerify) Run(w World) error {
	v, err := auditlog.NewVerifier(c.Key)
	if err != nil {
		return usageError(err.Error())
	}
	newest, err := c.read(w, v, c.Checkpoint)
	if err != nil {
		return c.say(w, verdict{Why: err.Error()})
	}
	var older []auditlog.Checkpoint
	for _, name := range c.Since {
		more, err := c.read(w, v, name)
		if err != nil {
			return c.say(w, verdict{Why: err.Error()})
		}
		older = append(older, more...)
	}
	file, err := os.Open(c.Export)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	w.background()
	rows, end := watched(w, file)
	proof, err := auditlog.Verify(bufio.NewReader(rows), append(newest, older...))
	end()
	var bad *auditlog.BadRowError
	switch {
	case errors.As(err, &bad):
		return c.say(w, verdict{Rows: bad.Proved, FirstBad: &bad.First, FirstMost: &bad.Last, Why: bad.Error()})
	case err != nil:
		return c.say(w, verdict{Why: err.Error()})
	}
	return c.say(w, verdict{Proved: true, Origin: proof.Origin, Rows: proof.Size, Root: proof.Root.String(), Older: proof.Older, Hidden: proof.Hidden})
}

// watched shows on a terminal how much of a file was read, until end is called.
func watched(w World, file *os.File) (from io.Reader, end func()) {
	info, err := file.Stat()
	if err != nil || !isTerminal(w.Stderr) {
		return file, func() {}
	}
	bar := progress(w, int(info.Size()), "verifying")
	return io.TeeReader(file, bar), func() { _ = bar.Finish() }
}

func (c auditVerify) read(w World, v auditlog.Verifier, name string) ([]auditlog.Checkpoint, error) {
	content, err := w.ReadFile(name)
	if err != nil {
		return nil, err
	}
	list, err := v.Checkpoints(content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return list, nil
}

// say prints what was found; the command fails unless everything was proved.
func (c auditVerify) say(w World, found verdict) error {
	var err error
	switch {
	case c.JSON:
		err = printJSON(w.Stdout, found)
	case found.Proved:
		also := ""
		switch {
		case found.Older == 1:
			also = ", and agree with an older checkpoint"
		case found.Older > 1:
			also = fmt.Sprintf(", and agree with %d older checkpoints", found.Older)
		}
		if found.Hidden > 0 {
			also += fmt.Sprintf("; of %d of them the export has only the hash", found.Hidden)
		}
		_, err = fmt.Fprintf(w.Stdout, "Proved: the %d rows are all rows of %s as they were signed%s.\nRoot: %s\n", found.Rows, found.Origin, also, found.Root)
	default:
		_, err = fmt.Fprintf(w.Stderr, "firsttap: not proved: %s\n", strings.TrimSpace(found.Why))
	}
	if err == nil && !found.Proved {
		return errSaid
	}
	return err
}
