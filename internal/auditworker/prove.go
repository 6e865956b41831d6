package auditworker

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/auditlog"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
)

// linesAtOnce is how many rows a proof reads together: whole tiles.
const linesAtOnce = 4 << auditlog.TileHeight

// Published is when the checkpoint of a programme's log was published last; zero before the first.
func (t Trails) Published(p ident.ProgramID) (time.Time, error) {
	info, err := os.Stat(CheckpointFile(t.Folder.path, auditlog.Origin(p)))
	if errors.Is(err, fs.ErrNotExist) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fault.Wrap(err, "look at the checkpoint")
	}
	return info.ModTime(), nil
}

// Span is [Trails.Lines] with whole rows only from one time to before another; of the others it has the hashes. A zero time is no
// bound.
func (t Trails) Span(ctx context.Context, p ident.ProgramID, from, to int64, since, until time.Time, lines []byte) ([]byte, error) {
	page, err := t.Log.Sealed(ctx, p, from, to)
	if err != nil {
		return nil, err
	}
	return page.AppendSpan(lines, since, until), nil
}

// Prove holds every row that the last checkpoint of a programme's log signs against it, and tells the first bad one.
func (t Trails) Prove(ctx context.Context, p ident.ProgramID) (audit.Proof, error) {
	signed, rows, err := t.Checkpoint(p)
	if err != nil || rows == 0 {
		return audit.Proof{}, err
	}
	v, err := auditlog.NewVerifier(t.Key())
	if err != nil {
		return audit.Proof{}, fault.Wrap(err, "make the verifier")
	}
	list, err := v.Checkpoints(signed)
	if err != nil {
		return audit.Proof{}, fault.Wrap(err, "verify the checkpoint")
	}
	_, err = auditlog.Verify(&export{ctx: ctx, trails: t, log: p, rows: rows}, list)
	if bad := new(auditlog.BadRowError); errors.As(err, &bad) {
		return audit.Proof{Rows: rows, Proved: bad.Proved, First: bad.First, Last: bad.Last, Why: bad.Why}, nil
	}
	if err != nil {
		return audit.Proof{}, fault.Wrap(err, "read the rows that were sealed")
	}
	return audit.Proof{Rows: rows, Proved: rows}, nil
}

// export reads the lines of a log, some at a time.
type export struct {
	ctx    context.Context //nolint:containedctx // of one pass: io.Reader has no place for it
	trails Trails
	log    ident.ProgramID
	at     int64
	rows   int64
	lines  []byte
	unread []byte
}

func (e *export) Read(b []byte) (int, error) {
	for len(e.unread) == 0 {
		if e.at >= e.rows {
			return 0, io.EOF
		}
		to := min(e.at+linesAtOnce, e.rows)
		var err error
		if e.lines, err = e.trails.Lines(e.ctx, e.log, e.at, to, e.lines[:0]); err != nil {
			return 0, err
		}
		e.at, e.unread = to, e.lines
	}
	n := copy(b, e.unread)
	e.unread = e.unread[n:]
	return n, nil
}
