package scenario

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"github.com/firsttap/firsttap/internal/issuance"
)

// stream is an endless text that follows from its key alone. It takes the place of randomness, so nothing of it is secret.
type stream struct {
	key [sha256.Size]byte
	at  uint64 // in bytes from the beginning
}

func newStream(programme, seed, script string) *stream {
	var all []byte
	for _, part := range []string{"firsttap scenario", programme, seed, script} {
		all = binary.AppendUvarint(all, uint64(len(part)))
		all = append(all, part...)
	}
	return &stream{key: sha256.Sum256(all)}
}

// Read fills b; it never fails.
func (s *stream) Read(b []byte) (int, error) {
	var block [sha256.Size]byte
	for i := range b {
		if i == 0 || s.at%sha256.Size == 0 {
			block = sha256.Sum256(binary.BigEndian.AppendUint64(s.key[:], s.at/sha256.Size))
		}
		b[i] = block[s.at%sha256.Size]
		s.at++
	}
	return len(b), nil
}

// label names what a run makes, so that people see where it came from, and the same run is not played twice in a programme.
func (s *stream) label(of string) string {
	return "scenario-" + hex.EncodeToString(s.key[:8]) + "-" + of
}

// steadyStore lets a body that the store runs again draw the same again.
type steadyStore struct {
	issuance.Store
	stream *stream
}

func (s steadyStore) Write(ctx context.Context, body func(tx issuance.Tx) error) error {
	begin := s.stream.at
	return s.Store.Write(ctx, func(tx issuance.Tx) error {
		s.stream.at = begin
		return body(tx)
	})
}

func (s steadyStore) Activate(ctx context.Context, key issuance.ActivationKey, decide func(issuance.ActivationState) (issuance.ActivationChanges, error)) error {
	begin := s.stream.at
	return s.Store.Activate(ctx, key, func(st issuance.ActivationState) (issuance.ActivationChanges, error) {
		s.stream.at = begin
		return decide(st)
	})
}
