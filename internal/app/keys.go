package app

import (
	"context"
	"fmt"
	"time"

	"github.com/firsttap/firsttap/internal/access"
)

// Key is a key of the installation, without itself.
type Key struct {
	ID        string    `json:"id"`
	Role      string    `json:"role"`            // wraps, seals, hashes
	Under     string    `json:"under,omitempty"` // the key that wraps it
	State     string    `json:"state"`           // in use, kept for old values, retired
	CreatedAt time.Time `json:"created_at"`
}

// Keys lists the keys of the key file and of the database.
func (h *House) Keys(ctx context.Context) ([]Key, error) {
	var list []Key
	for _, k := range h.file.KEKs() {
		state := "kept"
		if k.Primary {
			state = "in use"
		}
		list = append(list, Key{ID: k.ID, Role: "wraps", State: state, CreatedAt: k.CreatedAt})
	}
	stored, err := h.db.Keys().DataKeys(ctx)
	if err != nil {
		return nil, err
	}
	var newest uint32
	for _, k := range stored {
		if k.Purpose == "seal" && !k.Retired {
			newest = max(newest, k.ID)
		}
	}
	for _, k := range stored {
		key := Key{ID: fmt.Sprint(k.ID), Role: "seals", Under: k.KEK, State: "in use", CreatedAt: k.CreatedAt}
		switch {
		case k.Purpose != "seal":
			key.Role = "hashes"
		case k.Retired:
			key.State = "retired"
		case k.ID != newest:
			key.State = "kept"
		}
		list = append(list, key)
	}
	return list, nil
}

// KeyRotation is what a rotation did.
type KeyRotation struct {
	KEK     string // wraps all keys now
	SealKey uint32 // seals from now on
	Resumed bool   // an earlier rotation was open
	Dropped []string
}

// RotateKeys makes a new wrapping key and a new seal key, seals every value anew, and retires the old seal
// keys. With dropOld, wrapping keys that nothing needs leave the key file. progress is told how many values
// are done. Its begin and its end are audited. After an error or a crash, call it again.
func (h *House) RotateKeys(ctx context.Context, by access.Operator, dropOld bool, progress func(done int)) (KeyRotation, error) {
	rotated, err := h.keys.Rotate(ctx)
	if err != nil {
		return KeyRotation{}, err
	}
	out := KeyRotation{KEK: rotated.KEK, SealKey: rotated.SealKey, Resumed: rotated.Resumed}
	if err := h.Access.Note(ctx, by, "keyring.rotate", fmt.Sprintf("seal key %d under %s", out.SealKey, out.KEK)); err != nil {
		return out, err
	}
	if err := h.keys.Reseal(ctx, h.db.Sealed(), progress); err != nil {
		return out, err
	}
	if dropOld {
		if out.Dropped, err = h.keys.DropOldKEKs(ctx); err != nil {
			return out, err
		}
	}
	return out, h.Access.Note(ctx, by, "keyring.rotated", fmt.Sprintf("old keys dropped: %d", len(out.Dropped)))
}
