package keyring

import (
	"context"
	"errors"
	"fmt"
)

// resealBatch is how many values are read at a time: enough to spread the cost of the query, few
// enough that their clear text is never a heap of secrets.
const resealBatch = 500

// SealedValue is one sealed value in a store.
type SealedValue struct {
	Table, Column, ID string // where it is; for the store and for error texts
	Binding           Binding
	Blob              []byte
}

// Sealed is a store of sealed values, as [Keyring.Reseal] needs it.
type Sealed interface {
	// SealedBatch gives up to limit values of any table whose seal key (see [KeyIDOf]) is not keep;
	// none when there is no such value left. It sees what ReplaceSealed did before.
	SealedBatch(ctx context.Context, keep uint32, limit int) ([]SealedValue, error)
	// ReplaceSealed puts fresh in the place of old, where the blob is still old.Blob. A value that
	// was changed or removed meanwhile is no error. It may gather values and write them together
	// at the next SealedBatch: a replacement that a crash loses is only done again.
	ReplaceSealed(ctx context.Context, old SealedValue, fresh []byte) error
}

// Reseal seals all values of store under the newest seal key, and then retires the older seal keys.
// Values can be read, written and opened all the while. After a crash, run it again. progress, when
// it is not nil, gets the number of values done so far, after each batch.
//
// A value that does not open does not stop the others of its batch. While there is one, no key is
// retired, and the error names where it is.
func (k *Keyring) Reseal(ctx context.Context, store Sealed, progress func(done int)) error {
	if err := k.Refresh(ctx); err != nil {
		return fmt.Errorf("reseal: %w", err)
	}
	done := 0
	var replaced map[string]bool
	for {
		keep := k.keys.Load().newest.id // again for each batch: another process may rotate meanwhile
		batch, err := store.SealedBatch(ctx, keep, resealBatch)
		if err != nil {
			return fmt.Errorf("reseal: %w", err)
		}
		if len(batch) == 0 {
			return k.retireBefore(ctx, keep)
		}
		if replaced, err = k.resealAll(ctx, store, batch, replaced); err != nil {
			return fmt.Errorf("reseal: %w", err)
		}
		done += len(replaced)
		if progress != nil {
			progress(done)
		}
	}
}

// resealAll does one batch, and returns the blobs that were replaced. before is those of the batch
// before: a nonce is never used twice, so a blob that comes back was not replaced, and a store that
// loses replacements is found out instead of being asked for ever.
func (k *Keyring) resealAll(ctx context.Context, store Sealed, batch []SealedValue, before map[string]bool) (map[string]bool, error) {
	replaced := make(map[string]bool, len(batch))
	var failures []error
	for _, old := range batch {
		if before[string(old.Blob)] {
			return nil, fmt.Errorf("%s.%s of %s came back as it was before", old.Table, old.Column, old.ID)
		}
		plain, err := k.OpenBytes(ctx, old.Binding, old.Blob)
		if errors.Is(err, ErrAltered) || errors.Is(err, ErrKeyUnknown) {
			failures = append(failures, fmt.Errorf("%s.%s of %s: %w", old.Table, old.Column, old.ID, err))
			continue
		}
		if err != nil {
			return nil, err
		}
		fresh, err := k.SealBytes(old.Binding, plain)
		clear(plain)
		if err != nil {
			return nil, err
		}
		if err := store.ReplaceSealed(ctx, old, fresh); err != nil {
			return nil, fmt.Errorf("%s.%s of %s: %w", old.Table, old.Column, old.ID, err)
		}
		replaced[string(old.Blob)] = true
	}
	if len(replaced) == 0 {
		return nil, errors.Join(failures...)
	}
	return replaced, nil
}

// retireBefore retires the seal keys that are older than keep.
func (k *Keyring) retireBefore(ctx context.Context, keep uint32) error {
	listed, err := k.vault.DataKeys(ctx)
	if err != nil {
		return fmt.Errorf("reseal: retire old seal keys: %w", err)
	}
	for _, key := range listed {
		if key.Purpose != sealPurpose || key.Retired || key.ID >= keep {
			continue
		}
		if err := k.vault.RetireDataKey(ctx, key.ID); err != nil {
			return fmt.Errorf("reseal: retire seal key %d: %w", key.ID, err)
		}
	}
	return nil
}
