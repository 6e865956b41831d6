package keyring

import (
	"cmp"
	"context"
	"crypto/cipher"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/firsttap/firsttap/internal/redact"
)

// maxAddTries bounds the races for a key id that a process may lose before it gives up.
const maxAddTries = 16

// Keyring seals, opens and hashes with the data keys of a vault. It is safe for use by many
// goroutines. Make it with [Open].
type Keyring struct {
	file   *KeyFile
	vault  Vault
	random io.Reader
	now    func() time.Time

	mu      sync.Mutex // held while keys are read and replaced, so that an older set never wins
	keys    atomic.Pointer[keySet]
	scratch sync.Pool // *[]byte, for associated data
}

// keySet is the data keys at one moment. It never changes once it is made.
type keySet struct {
	seals  map[uint32]*sealKey // retired ones too: what they sealed still opens
	newest *sealKey            // the one that seals
	mac    *macKey
}

type sealKey struct {
	id   uint32
	aead cipher.AEAD
}

// Open unwraps the data keys of the vault with the KEKs of the file, and makes the first seal key
// and the MAC key when there is none. Processes that do so at once end with the same keys.
//
// When a data key does not open (ErrKEKMissing, ErrAltered) the process must not start: the key
// file is not the one that belongs to this database.
func Open(ctx context.Context, file *KeyFile, vault Vault, random io.Reader, now func() time.Time) (*Keyring, error) {
	k := &Keyring{file: file, vault: vault, random: random, now: now}
	k.scratch.New = func() any { b := make([]byte, 0, 256); return &b }
	for range maxAddTries {
		keys, err := k.read(ctx)
		if err != nil {
			return nil, fmt.Errorf("open the keyring: %w", err)
		}
		wipe(keys) // Refresh opens them again; from here on only ids and purposes count
		absent := absentPurpose(keys)
		if absent == "" {
			if err := k.Refresh(ctx); err != nil {
				return nil, err
			}
			return k, nil
		}
		err = k.add(ctx, absent, keys)
		if err != nil && !errors.Is(err, ErrKeyExists) {
			return nil, fmt.Errorf("open the keyring: %w", err)
		}
	}
	return nil, errors.New("open the keyring: the vault answers that each new key exists")
}

// Refresh reads key file and vault again, so that this process seals with the newest seal key. A
// keyring refreshes by itself when it meets a key that it does not know; a server also calls this
// every minute or so, because after a rotation elsewhere it may meet none for long. When it fails,
// the keys stay as they were.
func (k *Keyring) Refresh(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.refreshLocked(ctx)
}

func (k *Keyring) refreshLocked(ctx context.Context) error {
	keys, err := k.read(ctx)
	if err != nil {
		return fmt.Errorf("read the data keys: %w", err)
	}
	defer wipe(keys)
	set, err := newKeySet(keys)
	if err != nil {
		return fmt.Errorf("read the data keys: %w", err)
	}
	k.keys.Store(set)
	return nil
}

// read lists the data keys, in the order of their ids, and opens each with the KEKs of the file as
// it is now.
func (k *Keyring) read(ctx context.Context) ([]openKey, error) {
	keys, err := k.readOnce(ctx)
	if errors.Is(err, ErrKEKMissing) {
		// A whole rotation, with its old KEK dropped, may have passed between list and file.
		keys, err = k.readOnce(ctx)
	}
	return keys, err
}

// readOnce reads the vault first and the file second: a KEK is in the file before it is used in the
// vault, so a rotation that runs meanwhile is not mistaken for a missing KEK.
func (k *Keyring) readOnce(ctx context.Context) ([]openKey, error) {
	listed, err := k.vault.DataKeys(ctx)
	if err != nil {
		return nil, err
	}
	if err := k.file.reload(); err != nil {
		return nil, err
	}
	slices.SortFunc(listed, func(a, b DataKey) int { return cmp.Compare(a.ID, b.ID) })
	keys := make([]openKey, 0, len(listed))
	for _, d := range listed {
		with, found := k.file.find(d.KEK)
		if !found {
			wipe(keys)
			return nil, fmt.Errorf("data key %d: %w %s", d.ID, ErrKEKMissing, d.KEK)
		}
		open, err := d.unwrap(with)
		if err != nil {
			wipe(keys)
			return nil, err
		}
		keys = append(keys, open)
	}
	if err := checkKeys(keys); err != nil {
		wipe(keys)
		return nil, err
	}
	return keys, nil
}

// checkKeys takes keys in the order of their ids. It refuses a vault that would lose values or let one key do two jobs.
func checkKeys(keys []openKey) error {
	macs := 0
	for i, key := range keys {
		same := func(before openKey) bool { return MACEqual(before.raw[:], key.raw[:]) }
		switch {
		case key.ID == 0 || i > 0 && keys[i-1].ID == key.ID:
			return fmt.Errorf("data key %d: the id is zero or there twice", key.ID)
		case slices.ContainsFunc(keys[:i], same):
			return fmt.Errorf("data key %d equals another one: the source of randomness is broken", key.ID)
		case key.Purpose == macPurpose:
			macs++
		case key.Purpose != sealPurpose:
			return fmt.Errorf("data key %d: purpose %q is not known", key.ID, key.Purpose)
		}
	}
	if macs > 1 {
		return errors.New("the vault holds more than one MAC key")
	}
	return nil
}

// absentPurpose names a purpose that has no usable key yet, or "".
func absentPurpose(keys []openKey) string {
	if newestSeal(keys) == nil {
		return sealPurpose
	}
	if !slices.ContainsFunc(keys, func(key openKey) bool { return key.Purpose == macPurpose }) {
		return macPurpose
	}
	return ""
}

// newestSeal gives the seal key that seals: the last one made that is not retired; nil if none.
func newestSeal(keys []openKey) *openKey {
	for i := len(keys) - 1; i >= 0; i-- {
		if keys[i].Purpose == sealPurpose && !keys[i].Retired {
			return &keys[i]
		}
	}
	return nil
}

// add puts a new data key into the vault, under the primary KEK. The id is the next after those in
// keys: whoever read the same keys takes the same id, and all but one learn ErrKeyExists.
func (k *Keyring) add(ctx context.Context, purpose string, keys []openKey) error {
	var last uint32
	if len(keys) > 0 {
		last = keys[len(keys)-1].ID
	}
	if last == math.MaxUint32 {
		return errors.New("no data key ids are left")
	}
	key, err := newDataKey(k.random, last+1, purpose, k.file.primary(), k.now())
	if err != nil {
		return err
	}
	return k.vault.AddDataKey(ctx, key)
}

func newKeySet(keys []openKey) (*keySet, error) {
	if absent := absentPurpose(keys); absent != "" {
		return nil, fmt.Errorf("the vault holds no usable %s key", absent)
	}
	set := &keySet{seals: make(map[uint32]*sealKey, len(keys))}
	for _, key := range keys {
		if key.Purpose == macPurpose {
			set.mac = newMACKey(redact.TextFromBytes(key.raw[:]))
			continue
		}
		aead, err := newAEAD(key.raw[:])
		if err != nil {
			return nil, err
		}
		set.seals[key.ID] = &sealKey{id: key.ID, aead: aead}
	}
	set.newest = set.seals[newestSeal(keys).ID]
	return set, nil
}

func wipe(keys []openKey) {
	for _, key := range keys {
		clear(key.raw[:])
	}
}
