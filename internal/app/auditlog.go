package app

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/firsttap/firsttap/internal/auditlog"
	"github.com/firsttap/firsttap/internal/auditworker"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/keyring"
)

// exportPage is how many rows an export reads at a time: whole tiles.
const exportPage = 4 << auditlog.TileHeight

// checkpointSigner signs checkpoints of audit logs. Its key comes from the hashing key, which never changes: so the
// key file guards it, and it survives rotation and moves.
func (h *House) checkpointSigner() auditlog.Signer {
	return auditlog.NewSigner(h.keys.MAC(keyring.Binding{Purpose: keyring.CheckpointKey}))
}

// auditWorker makes the worker that seals audit rows, as o says beyond what every such worker has. Nothing of it has to do with the
// sealer of secrets.
func (h *House) auditWorker(o auditworker.Options) (*auditworker.Worker, error) {
	folder, err := auditworker.OpenFolder(h.cfg.CheckpointsPath())
	if err != nil {
		return nil, fmt.Errorf("make the folder of checkpoints: %w", err)
	}
	o.Log, o.Publisher, o.Signer, o.Now, o.Logger = h.db.AuditLog(), folder, h.checkpointSigner(), h.deps.Now, h.deps.Logger
	return auditworker.New(o)
}

// AuditKey is the public key that checkpoints are verified with.
func (h *House) AuditKey() string { return h.checkpointSigner().VerifierKey() }

// SealAudit gives all rows their places in their logs, and publishes the checkpoints. A server goes first.
func (h *House) SealAudit(ctx context.Context) error {
	w, err := h.auditWorker(auditworker.Options{GiveWay: h.db.GiveWay})
	if err != nil {
		return err
	}
	return w.Pass(ctx)
}

// ErrNoCheckpoint says that a log has no rows.
var ErrNoCheckpoint = errors.New("there is no checkpoint yet: the trail has no rows")

// AuditCheckpoint gives the checkpoint of a log that was published last, signed.
func (h *House) AuditCheckpoint(p ident.ProgramID) ([]byte, error) {
	folder, err := auditworker.OpenFolder(h.cfg.CheckpointsPath())
	if err != nil {
		return nil, err
	}
	signed, err := folder.Latest(auditlog.Origin(p))
	if err == nil && signed == nil {
		err = ErrNoCheckpoint
	}
	return signed, err
}

// AuditExport is what an export holds.
type AuditExport struct {
	Rows       int64
	Signed     int64  // rows that the checkpoint signs; more than Rows when some are gone
	Checkpoint []byte // that it is verified with
}

// ExportAudit writes the rows of a log that its last checkpoint signs. It reads what is there and judges
// nothing: [auditlog.Verify] does. A server goes first.
func (h *House) ExportAudit(ctx context.Context, p ident.ProgramID, to io.Writer, told func(done, total int64)) (AuditExport, error) {
	var out AuditExport
	var err error
	if out.Checkpoint, err = h.AuditCheckpoint(p); err != nil {
		return out, err
	}
	v, err := auditlog.NewVerifier(h.AuditKey())
	if err != nil {
		return out, err
	}
	list, err := v.Checkpoints(out.Checkpoint)
	if err != nil {
		return out, err
	}
	out.Signed = list[len(list)-1].Size
	var lines []byte
	for from := int64(0); from < out.Signed; from += exportPage {
		began := h.deps.Now()
		page, err := h.db.AuditLog().Sealed(ctx, p, from, min(from+exportPage, out.Signed))
		if err != nil {
			return out, err
		}
		lines = page.Append(lines[:0])
		if _, err := to.Write(lines); err != nil {
			return out, err
		}
		out.Rows += int64(len(page.Rows))
		told(min(from+exportPage, out.Signed), out.Signed)
		if err := h.db.GiveWay(ctx, h.deps.Now().Sub(began)); err != nil {
			return out, err
		}
	}
	return out, nil
}

// sealedTrails are the audit logs as a door shows them.
func (h *House) sealedTrails() (auditworker.Trails, error) {
	folder, err := auditworker.OpenFolder(h.cfg.CheckpointsPath())
	if err != nil {
		return auditworker.Trails{}, fmt.Errorf("make the folder of checkpoints: %w", err)
	}
	return auditworker.Trails{Log: h.db.AuditLog(), Folder: folder, Signer: h.checkpointSigner()}, nil
}
