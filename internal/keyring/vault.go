package keyring

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// The purposes of data keys.
const (
	sealPurpose = "seal"
	macPurpose  = "mac"
)

// Errors that tell one failure from another. Where they come out of [Keyring.Open] they are causes
// inside a fault.Error.
var (
	// ErrKeyExists is what AddDataKey answers for an ID that is taken.
	ErrKeyExists = errors.New("a data key with this id exists")
	// ErrKEKMissing: a data key is wrapped under a KEK that the key file does not hold.
	ErrKEKMissing = errors.New("the key file does not hold the key-encryption key")
	// ErrKeyUnknown: a sealed value names a data key that the vault does not hold.
	ErrKeyUnknown = errors.New("the vault does not hold the data key")
	// ErrAltered: a sealed value or a wrapped key was changed, or moved to where it does not belong.
	ErrAltered = errors.New("altered or moved: it does not open here")
)

// DataKey is a data key as the database holds it.
type DataKey struct {
	ID        uint32 // from 1; the order of making
	Purpose   string // "seal" or "mac"
	KEK       string // id of the KEK that it is wrapped under
	Wrapped   []byte // nonce (12 bytes), encrypted key (32), tag (16)
	CreatedAt time.Time
	Retired   bool // seals no more; still opens
}

// Vault keeps the data keys. No key is ever deleted.
type Vault interface {
	// DataKeys lists all keys, retired ones too, in any order. A running [Keyring] calls it when it
	// meets a key id that it does not know, perhaps while its caller holds a transaction: it must
	// not wait for that transaction's connection.
	DataKeys(ctx context.Context) ([]DataKey, error)
	// AddDataKey adds a key. It answers ErrKeyExists, and changes nothing, when the ID is taken,
	// also when another process takes it at the same moment.
	AddDataKey(ctx context.Context, key DataKey) error
	// RewrapDataKey sets KEK and Wrapped of the key with this ID, both at once, and nothing else.
	RewrapDataKey(ctx context.Context, key DataKey) error
	// RetireDataKey sets Retired. Doing so twice is no error.
	RetireDataKey(ctx context.Context, id uint32) error
}

// openKey is an unwrapped data key. It lives only while keys are loaded or rewrapped.
type openKey struct {
	DataKey
	raw *[keyBytes]byte
}

func newDataKey(random io.Reader, id uint32, purpose string, under kek, now time.Time) (DataKey, error) {
	var raw [keyBytes]byte
	defer clear(raw[:])
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return DataKey{}, fmt.Errorf("make a data key: %w", err)
	}
	key := openKey{DataKey: DataKey{ID: id, Purpose: purpose, CreatedAt: now.UTC()}, raw: &raw}
	return key.wrap(under)
}

// wrap gives the data key wrapped under a KEK.
func (k openKey) wrap(under kek) (DataKey, error) {
	aead, err := under.aead()
	if err != nil {
		return DataKey{}, err
	}
	wrapped := k.DataKey
	wrapped.KEK = under.id
	wrapped.Wrapped = aead.Seal(nil, nil, k.raw[:], wrapped.associatedData())
	return wrapped, nil
}

// unwrap opens the data key with the KEK that it names.
func (k DataKey) unwrap(with kek) (openKey, error) {
	aead, err := with.aead()
	if err != nil {
		return openKey{}, err
	}
	raw, err := aead.Open(nil, nil, k.Wrapped, k.associatedData())
	defer clear(raw)
	if err != nil || len(raw) != keyBytes {
		return openKey{}, fmt.Errorf("data key %d under %s: %w", k.ID, k.KEK, ErrAltered)
	}
	open := openKey{DataKey: k, raw: new([keyBytes]byte)}
	copy(open.raw[:], raw)
	return open, nil
}

// associatedData binds a wrapped key to what it is: it cannot pose as another key or purpose.
func (k DataKey) associatedData() []byte {
	b := appendField(nil, "firsttap data key")
	b = binary.BigEndian.AppendUint32(b, k.ID)
	b = appendField(b, k.Purpose)
	return appendField(b, k.KEK)
}

func (k kek) aead() (cipher.AEAD, error) {
	key := k.key.Bytes()
	defer clear(key)
	return newAEAD(key)
}

// newAEAD makes AES-256-GCM with a random nonce of 96 bits before each ciphertext. One key may seal
// 2^32 values; a rotation comes long before that.
func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("make a cipher: %w", err)
	}
	return cipher.NewGCMWithRandomNonce(block)
}
