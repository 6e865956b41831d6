package httpd

import (
	"hash/maphash"
	"sync"
	"time"
)

const (
	shardCount = 64
	fewEntries = 2 // of a full part that are looked at for one at rest
)

// shards is a map of keyed state, cut into parts with a lock each. What has come to rest is dropped
// from time to time, and a part that is full in between drops one entry: memory is bounded whatever
// keys a caller invents, and so is the work that a new key makes.
type shards[K comparable, V any] struct {
	seed   maphash.Seed
	most   int                            // entries of one part; 0: bounded by the keys themselves
	every  time.Duration                  // between two looks for entries at rest
	atRest func(v *V, now time.Time) bool // an entry that is no different from a new one
	parts  [shardCount]struct {
		mu      sync.Mutex
		entries map[K]*V
		sweepAt time.Time
	}
}

func newShards[K comparable, V any](most int, every time.Duration, atRest func(*V, time.Time) bool) *shards[K, V] {
	s := &shards[K, V]{seed: maphash.MakeSeed(), every: every, atRest: atRest}
	if most > 0 {
		s.most = max(most/shardCount, 1)
	}
	for i := range s.parts {
		s.parts[i].entries = make(map[K]*V)
	}
	return s
}

// with runs f on the entry of key, under its lock. The entry is made when there is none and create is
// set; without it f is not run for a key that is unknown.
func (s *shards[K, V]) with(key K, now time.Time, create bool, f func(v *V)) {
	part := &s.parts[maphash.Comparable(s.seed, key)%shardCount]
	part.mu.Lock()
	defer part.mu.Unlock()
	v, known := part.entries[key]
	if !known {
		if !create {
			return
		}
		if !now.Before(part.sweepAt) {
			s.sweep(part.entries, now)
			part.sweepAt = now.Add(s.every)
		}
		if s.most > 0 && len(part.entries) >= s.most {
			s.dropOne(part.entries, now)
		}
		v = new(V)
		part.entries[key] = v
	}
	f(v)
}

// sweep drops what is at rest.
func (s *shards[K, V]) sweep(entries map[K]*V, now time.Time) {
	for k, v := range entries {
		if s.atRest(v, now) {
			delete(entries, k)
		}
	}
}

// dropOne drops an entry at rest, or any one when none of a few is.
func (s *shards[K, V]) dropOne(entries map[K]*V, now time.Time) {
	looked := 0
	for k, v := range entries {
		if looked++; looked == fewEntries || looked == len(entries) || s.atRest(v, now) {
			delete(entries, k)
			return
		}
	}
}

// size is the number of entries, for tests and metrics.
func (s *shards[K, V]) size() int {
	n := 0
	for i := range s.parts {
		s.parts[i].mu.Lock()
		n += len(s.parts[i].entries)
		s.parts[i].mu.Unlock()
	}
	return n
}
