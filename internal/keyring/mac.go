package keyring

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"hash"
	"sync"

	"github.com/firsttap/firsttap/internal/redact"
)

const macVersion = 1

// macKey is the MAC key with hashers that are ready to use.
type macKey struct {
	hashers sync.Pool // *hasher
}

// hasher copies what it hashes through its own block: so the caller's bytes stay where they are,
// and what is left behind can be wiped.
type hasher struct {
	hash  hash.Hash
	head  []byte
	block [512]byte
}

func newMACKey(key redact.Text) *macKey {
	m := &macKey{}
	m.hashers.New = func() any {
		raw := key.Bytes()
		defer clear(raw)
		return &hasher{hash: hmac.New(sha256.New, raw), head: make([]byte, 0, 256)}
	}
	return m
}

// MAC gives the keyed hash (HMAC-SHA-256, 32 bytes) of parts for one place. It is the same for ever,
// in every process and after every rotation. How the bytes are cut into parts matters: ("ab","c")
// and ("a","bc") differ. Compare with [MACEqual], or look up by it.
//
// It panics on a purpose that is not one of hashes: that is a mistake in the program.
func (k *Keyring) MAC(b Binding, parts ...[]byte) []byte {
	if !b.Purpose.hashes() {
		panic(fmt.Sprintf("keyring: purpose %q is not one of hashes", string(b.Purpose)))
	}
	key := k.keys.Load().mac
	h := key.hashers.Get().(*hasher)
	h.hash.Reset()
	h.head = appendField(h.head[:0], "firsttap mac")
	h.head = append(h.head, macVersion)
	h.head = b.appendTo(h.head)
	h.head = binary.BigEndian.AppendUint64(h.head, uint64(len(parts)))
	h.hash.Write(h.head)
	longest := 0
	for _, part := range parts {
		longest = max(longest, len(part), 8)
		binary.BigEndian.PutUint64(h.block[:8], uint64(len(part)))
		h.hash.Write(h.block[:8])
		for rest := part; len(rest) > 0; {
			n := copy(h.block[:], rest)
			h.hash.Write(h.block[:n])
			rest = rest[n:]
		}
	}
	clear(h.block[:min(longest, len(h.block))])
	sum := h.hash.Sum(make([]byte, 0, sha256.Size))
	key.hashers.Put(h)
	return sum
}

// MACEqual compares two hashes in a time that does not tell where they differ.
func MACEqual(a, b []byte) bool {
	return subtle.ConstantTimeCompare(a, b) == 1
}
