package auditworker

import (
	"context"

	"github.com/firsttap/firsttap/internal/auditlog"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
)

// Trails shows what was sealed: the checkpoints of a folder, and the rows that they sign. It judges nothing:
// [auditlog.Verify] does.
type Trails struct {
	Log    Log
	Folder *Folder
	Signer auditlog.Signer
}

// Checkpoint gives the checkpoint of a programme's log that was published last, and how many rows it signs; none
// before the first.
func (t Trails) Checkpoint(p ident.ProgramID) (signed []byte, rows int64, err error) {
	signed, err = t.Folder.Latest(auditlog.Origin(p))
	if err != nil {
		return nil, 0, fault.Wrap(err, "read the checkpoint")
	}
	if signed == nil {
		return nil, 0, nil
	}
	v, err := auditlog.NewVerifier(t.Key())
	if err != nil {
		return nil, 0, fault.Wrap(err, "make the verifier")
	}
	list, err := v.Checkpoints(signed)
	if err != nil {
		return nil, 0, fault.Wrap(err, "verify the checkpoint")
	}
	return signed, list[len(list)-1].Size, nil
}

// Key is the public key that checkpoints are verified with.
func (t Trails) Key() string { return t.Signer.VerifierKey() }

// Lines adds the lines of rows from (the first is 0) up to but not including to, as an export has them.
func (t Trails) Lines(ctx context.Context, p ident.ProgramID, from, to int64, lines []byte) ([]byte, error) {
	page, err := t.Log.Sealed(ctx, p, from, to)
	if err != nil {
		return nil, err
	}
	return page.Append(lines), nil
}
