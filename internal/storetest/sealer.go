package storetest

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"sync"

	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/redact"
)

// Sealer stands in for the ring of keys: real encryption and real keyed hashes, under keys that live as
// long as the test.
type Sealer struct {
	seal cipher.AEAD
	macs sync.Pool // of *mac: like the ring of keys, it makes none for each request
}

// mac is a keyed hash with room for what it hashes.
type mac struct {
	hash hash.Hash
	text []byte
}

var _ issuance.Sealer = (*Sealer)(nil)

// NewSealer draws the keys.
func NewSealer() *Sealer {
	var keys [64]byte
	_, _ = rand.Read(keys[:]) // never fails: crypto/rand ends the program instead
	block, err := aes.NewCipher(keys[:32])
	if err != nil {
		panic(err)
	}
	seal, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return &Sealer{seal: seal, macs: sync.Pool{New: func() any { return &mac{hash: hmac.New(sha256.New, keys[32:])} }}}
}

// Seal encrypts a secret for storage.
func (s *Sealer) Seal(to issuance.Bound, secret redact.Text) ([]byte, error) {
	return s.seal.Seal(nil, nil, secret.Bytes(), bound(to)), nil
}

// Open decrypts what Seal gave for the same Bound.
func (s *Sealer) Open(to issuance.Bound, sealed []byte) (redact.Text, error) {
	plain, err := s.seal.Open(nil, nil, sealed, bound(to))
	if err != nil {
		return redact.Text{}, errors.New("the sealed value does not open here")
	}
	return redact.TextFromBytes(plain), nil
}

// Hash is a keyed hash of the parts.
func (s *Sealer) Hash(to issuance.Bound, parts ...[]byte) []byte {
	m, _ := s.macs.Get().(*mac) // nothing else is put there
	defer s.macs.Put(m)
	m.hash.Reset()
	m.text = append(m.text[:0], to.Program.UUID[:]...)
	for _, field := range []string{string(to.Purpose), to.Subject} {
		m.text = append(binary.BigEndian.AppendUint64(m.text, uint64(len(field))), field...)
	}
	for _, part := range parts {
		m.text = append(binary.BigEndian.AppendUint64(m.text, uint64(len(part))), part...)
	}
	m.hash.Write(m.text)
	return m.hash.Sum(nil)
}

// SameHash compares two hashes in constant time.
func (*Sealer) SameHash(a, b []byte) bool { return hmac.Equal(a, b) }

func bound(to issuance.Bound) []byte {
	return []byte(string(to.Purpose) + "\x00" + to.Program.String() + "\x00" + to.Subject)
}
