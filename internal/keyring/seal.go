package keyring

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/redact"
)

const (
	blobVersion = 1
	headerBytes = 5  // version, key id
	gcmOverhead = 28 // nonce, tag

	// refreshRetry is how long a caller waits when a key is not there (yet).
	refreshRetry = time.Second
)

// Seal encrypts a secret for one place. The blob is: version (1 byte, 1), id of the seal key (4
// bytes, big endian), nonce (12), ciphertext, tag (16); so 33 bytes more than the secret. It fails
// on the zero Text and on a purpose that does not seal.
func (k *Keyring) Seal(b Binding, plain redact.Text) ([]byte, error) {
	if plain.IsZero() {
		return nil, fault.Wrap(errors.New("no secret was given"), "seal")
	}
	clearText := plain.Bytes()
	defer clear(clearText)
	return k.SealBytes(b, clearText)
}

// SealBytes is [Keyring.Seal] for what is not a redact.Text, such as a stored answer.
func (k *Keyring) SealBytes(b Binding, plain []byte) ([]byte, error) {
	if !b.Purpose.seals() {
		return nil, fault.Wrap(fmt.Errorf("purpose %q does not seal", string(b.Purpose)), "seal")
	}
	key := k.keys.Load().newest
	blob := make([]byte, headerBytes, headerBytes+gcmOverhead+len(plain))
	blob[0] = blobVersion
	binary.BigEndian.PutUint32(blob[1:], key.id)

	aad := k.scratch.Get().(*[]byte)
	*aad = appendSealData((*aad)[:0], key.id, b)
	blob = key.aead.Seal(blob, nil, plain, *aad)
	k.scratch.Put(aad)
	return blob, nil
}

// Open decrypts what [Keyring.Seal] made for the same place. A key that this process does not know
// (another one rotated) makes it read key file and vault again, once: that is what ctx is for.
//
// It fails with a fault, never with a refusal: ErrAltered inside an internal one when the blob was
// changed or moved; ErrKeyUnknown, ErrKEKMissing or the vault's own error inside one that passes.
func (k *Keyring) Open(ctx context.Context, b Binding, sealed []byte) (redact.Text, error) {
	plain, err := k.OpenBytes(ctx, b, sealed)
	if err != nil {
		return redact.Text{}, err
	}
	defer clear(plain)
	return redact.TextFromBytes(plain), nil
}

// OpenBytes is [Keyring.Open] for what is not a redact.Text. The result is never nil.
func (k *Keyring) OpenBytes(ctx context.Context, b Binding, sealed []byte) ([]byte, error) {
	id, ok := KeyIDOf(sealed)
	if !ok || !b.Purpose.seals() {
		return nil, fault.Wrap(ErrAltered, "open a sealed value")
	}
	key, err := k.sealKey(ctx, id)
	if err != nil {
		return nil, fault.NotNow(err, "open a sealed value", refreshRetry)
	}
	plain := make([]byte, 0, len(sealed)-headerBytes-gcmOverhead)
	aad := k.scratch.Get().(*[]byte)
	*aad = appendSealData((*aad)[:0], id, b)
	plain, err = key.aead.Open(plain, nil, sealed[headerBytes:], *aad)
	k.scratch.Put(aad)
	if err != nil {
		return nil, fault.Wrap(ErrAltered, "open a sealed value")
	}
	return plain, nil
}

// KeyIDOf gives the id of the seal key of a blob, so that a store can find values by key. It is
// false for what has not the form of a blob.
func KeyIDOf(blob []byte) (uint32, bool) {
	if len(blob) < headerBytes+gcmOverhead || blob[0] != blobVersion {
		return 0, false
	}
	return binary.BigEndian.Uint32(blob[1:]), true
}

// sealKey finds a seal key, in memory first.
func (k *Keyring) sealKey(ctx context.Context, id uint32) (*sealKey, error) {
	if key := k.keys.Load().seals[id]; key != nil {
		return key, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if key := k.keys.Load().seals[id]; key != nil { // whoever held the lock has just read it
		return key, nil
	}
	if err := k.refreshLocked(ctx); err != nil {
		return nil, err
	}
	if key := k.keys.Load().seals[id]; key != nil {
		return key, nil
	}
	return nil, fmt.Errorf("seal key %d: %w", id, ErrKeyUnknown)
}

// appendSealData is the associated data of a blob.
func appendSealData(dst []byte, id uint32, b Binding) []byte {
	dst = appendField(dst, "firsttap sealed value")
	dst = append(dst, blobVersion)
	dst = binary.BigEndian.AppendUint32(dst, id)
	return b.appendTo(dst)
}
