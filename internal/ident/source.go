package ident

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"sync"
	"time"
)

// Source mints identifiers from the randomness and the clock that it was given. It is safe for
// concurrent use when its reader is (crypto/rand.Reader is).
type Source struct {
	random io.Reader
	now    func() time.Time
	rooms  sync.Pool // of *[16]byte: what a reader fills is never on the stack, and every command mints several
}

// NewSource makes a Source. The clock is real time: ids order rows on disk and tell nothing else.
func NewSource(random io.Reader, now func() time.Time) *Source {
	return &Source{random: random, now: now}
}

// read fills b. The randomness of a running server does not fail; when it does, nothing that follows
// could be trusted, so it panics and the request ends as a fault.
func (s *Source) read(b []byte) {
	if _, err := io.ReadFull(s.random, b); err != nil {
		panic(fmt.Sprintf("ident: no randomness: %v", err))
	}
}

// stamped are 16 bytes that sort by time: six of its milliseconds, ten of randomness.
func (s *Source) stamped() [16]byte {
	room, ok := s.rooms.Get().(*[16]byte)
	if !ok {
		room = new([16]byte)
	}
	defer s.rooms.Put(room)
	s.read(room[6:])
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(s.now().UnixMilli()))
	copy(room[0:6], ms[2:8])
	return *room
}

// UUID mints a version 7 UUID.
func (s *Source) UUID() UUID {
	u := UUID(s.stamped())
	u[6] = u[6]&0x0f | 0x70
	u[8] = u[8]&0x3f | 0x80
	return u
}

// Bytes mints n random bytes.
func (s *Source) Bytes(n int) []byte {
	b := make([]byte, n)
	s.read(b)
	return b
}

// Below draws uniformly from 0..n-1, without modulo bias.
func (s *Source) Below(n uint64) uint64 {
	if n == 0 {
		panic("ident: Below(0)")
	}
	limit := ^uint64(0) - (^uint64(0)%n+1)%n
	var b [8]byte
	for {
		s.read(b[:])
		if v := binary.BigEndian.Uint64(b[:]); v <= limit {
			return v % n
		}
	}
}

// The ranges of the public numbers (debit contract §1.3). Clients keep them in 32 bits.
const (
	MinCustomerNumber = 10_000_000
	MinCardNumber     = 100_000_000
	MaxNumber31       = 2_147_483_647
	MaxNumber53       = 1<<53 - 1
)

// Number draws a public number from low..high, both included.
func (s *Source) Number(low, high int64) int64 {
	return low + int64(s.Below(uint64(high-low)+1)) //nolint:gosec // high-low fits
}

// spread is how far apart numbers may lie that are drawn together. Among a million cards each number has a
// neighbour within some thousands anyway, so one of these tells no more about the others.
const spread = 1 << 20

// Numbers draws n different public numbers from low..high, both included, for things that are made
// together: uniformly around a place that is drawn first. So they share few pages of an index, where
// numbers from anywhere would each touch a page of their own. There must be room for them.
func (s *Source) Numbers(n int, low, high int64) []int64 {
	width := min(high-low+1, spread)
	if int64(n) > width/2 {
		panic("ident: Numbers: too many at once")
	}
	base := s.Number(low, high-width+1)
	seen := make(map[int64]bool, n)
	out := make([]int64, 0, n)
	for len(out) < n {
		v := s.Number(base, base+width-1)
		if !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
	return out
}

// Digits draws n decimal digits, each string of that length equally likely.
func (s *Source) Digits(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = "0123456789"[s.Below(10)]
	}
	return string(b)
}

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// Base62 draws n characters of 0-9A-Za-z.
func (s *Source) Base62(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = base62[s.Below(62)]
	}
	return string(b)
}

// Reference is 128 random bits as 32 lower-case hex digits: batches, composite parents, cards.
type Reference string

// Reference mints a reference.
func (s *Source) Reference() Reference { return Reference(hex.EncodeToString(s.Bytes(16))) }

// ParseReference reads 32 hex digits in any case into the lower-case form.
func ParseReference(v string) (Reference, error) {
	if len(v) != 32 {
		return "", ErrMalformed
	}
	b, err := hex.DecodeString(v)
	if err != nil {
		return "", ErrMalformed
	}
	return Reference(hex.EncodeToString(b)), nil
}

// EventID is "evt_" and 26 characters of Crockford's base 32 (a ULID).
type EventID string

const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// EventID mints an event id that sorts by the real time of minting.
func (s *Source) EventID() EventID {
	return printEventID(s.stamped())
}

func printEventID(raw [16]byte) EventID {
	hi, lo := binary.BigEndian.Uint64(raw[:8]), binary.BigEndian.Uint64(raw[8:])
	var out [26]byte
	for i := 25; i >= 0; i-- {
		out[i] = crockford[lo&31]
		lo = lo>>5 | hi<<59
		hi >>= 5
	}
	return EventID("evt_" + string(out[:]))
}
