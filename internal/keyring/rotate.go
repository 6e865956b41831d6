package keyring

import (
	"context"
	"errors"
	"fmt"
)

// Rotation tells what [Keyring.Rotate] did.
type Rotation struct {
	KEK       string // id of the KEK that all data keys are under now
	SealKey   uint32 // id of the seal key that seals from now on
	Rewrapped int    // data keys that this call moved under the KEK
	Resumed   bool   // a rotation was open already, and this call went on with it
}

// Rotate adds a KEK to the file (beside the old ones), adds a seal key, and rewraps every other data
// key under the new KEK. What was sealed before opens as before; [Keyring.Reseal] moves it to the
// new seal key.
//
// A rotation is open from its first step until Reseal has retired the old seal keys. Rotate while
// one is open only does what is missing: so after a crash, run it again. Rotations of several
// processes on one key file wait for each other.
func (k *Keyring) Rotate(ctx context.Context) (Rotation, error) {
	unlock, err := k.file.lock()
	if err != nil {
		return Rotation{}, fmt.Errorf("rotate: %w", err)
	}
	defer unlock()
	done, err := k.rotateLocked(ctx)
	if err != nil {
		return Rotation{}, fmt.Errorf("rotate: %w", err)
	}
	// Only now, so that this process and the others turn to the new keys in the same way.
	if err := k.Refresh(ctx); err != nil {
		return Rotation{}, fmt.Errorf("rotate: %w", err)
	}
	return done, nil
}

func (k *Keyring) rotateLocked(ctx context.Context) (Rotation, error) {
	keys, err := k.read(ctx)
	if err != nil {
		return Rotation{}, err
	}
	done := Rotation{Resumed: rotationOpen(keys, k.file.primary().id)}
	wipe(keys)
	// The file comes first: a data key under a KEK that is not on the disk yet could be lost.
	if !done.Resumed {
		if _, err := k.file.addLocked(); err != nil {
			return Rotation{}, err
		}
	}
	if keys, err = k.withNewSealKey(ctx); err != nil {
		return Rotation{}, err
	}
	defer wipe(keys)
	primary := k.file.primary()
	for _, key := range keys {
		if key.KEK == primary.id {
			continue
		}
		wrapped, err := key.wrap(primary)
		if err != nil {
			return Rotation{}, err
		}
		if err := k.vault.RewrapDataKey(ctx, wrapped); err != nil {
			return Rotation{}, fmt.Errorf("rewrap data key %d: %w", key.ID, err)
		}
		done.Rewrapped++
	}
	done.KEK, done.SealKey = primary.id, newestSeal(keys).ID
	return done, nil
}

// rotationOpen tells whether a rotation was begun and is not finished: a data key is not under the
// primary KEK, or an old seal key still waits for its values to be sealed anew.
func rotationOpen(keys []openKey, primary string) bool {
	active := 0
	for _, key := range keys {
		if key.KEK != primary {
			return true
		}
		if key.Purpose == sealPurpose && !key.Retired {
			active++
		}
	}
	return active > 1
}

// withNewSealKey makes the newest seal key one that was made under the primary KEK. The seal key is
// added before the others are rewrapped: so "the newest is under the primary KEK" says that this
// step was done, also after a crash.
func (k *Keyring) withNewSealKey(ctx context.Context) ([]openKey, error) {
	for range maxAddTries {
		keys, err := k.read(ctx)
		if err != nil {
			return nil, err
		}
		if newest := newestSeal(keys); newest != nil && newest.KEK == k.file.primary().id {
			return keys, nil
		}
		err = k.add(ctx, sealPurpose, keys)
		wipe(keys)
		if err != nil && !errors.Is(err, ErrKeyExists) {
			return nil, fmt.Errorf("add a seal key: %w", err)
		}
	}
	return nil, errors.New("add a seal key: the vault answers that each new key exists")
}

// DropOldKEKs removes from the file the KEKs that no data key is wrapped under, and returns their
// ids. The primary one stays. A backup of the database from before the rotation opens no more
// after this: that is what it is for.
func (k *Keyring) DropOldKEKs(ctx context.Context) ([]string, error) {
	unlock, err := k.file.lock()
	if err != nil {
		return nil, fmt.Errorf("drop old key-encryption keys: %w", err)
	}
	defer unlock()
	// read proves that each data key opens under the KEK that is kept for it.
	keys, err := k.read(ctx)
	if err != nil {
		return nil, fmt.Errorf("drop old key-encryption keys: %w", err)
	}
	defer wipe(keys)
	used := make(map[string]bool, len(keys))
	for _, key := range keys {
		used[key.KEK] = true
	}
	dropped, err := k.file.keepLocked(used)
	if err != nil {
		return nil, fmt.Errorf("drop old key-encryption keys: %w", err)
	}
	return dropped, nil
}
