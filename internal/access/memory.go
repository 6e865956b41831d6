package access

import (
	"bytes"
	"slices"
	"sync"
	"time"

	"github.com/firsttap/firsttap/internal/ident"
)

const (
	trustFor = 2 * time.Second // how long what was read is believed (the contracts allow 5 s)
	maxKnown = 4096            // identities in memory; customer tokens could be many
	usedStep = time.Minute     // last_used_at is not written more often
)

// identities remembers who was found under a hash.
type identities struct {
	mu    sync.RWMutex
	most  int
	found map[string]found
	age   int // rises when something is forgotten: what was read before that may be over
}

type found struct {
	identity *Identity // only read
	at       time.Time
}

func newIdentities(most int) *identities {
	return &identities{most: most, found: make(map[string]found)}
}

// get also tells the memory's age, which put wants to hear.
func (m *identities) get(hash []byte, now time.Time) (id *Identity, ok bool, age int) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	f, ok := m.found[string(hash)]
	if !ok || !f.fresh(now) {
		return nil, false, m.age
	}
	return f.identity, true, m.age
}

// forget drops what matches, and what is being read now.
func (m *identities) forget(match func(Credential) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.age++
	for key, f := range m.found {
		if match(f.identity.Credential) {
			delete(m.found, key)
		}
	}
}

// fresh also distrusts what was read in the future: the clock went back.
func (f found) fresh(now time.Time) bool {
	age := now.Sub(f.at)
	return age >= 0 && age < trustFor
}

// put remembers what was read since get told its age, and when there is no room forgets all that is stale, or
// else any one.
func (m *identities) put(hash []byte, id *Identity, now time.Time, age int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if age != m.age {
		return
	}
	if len(m.found) >= m.most {
		for key, f := range m.found {
			if !f.fresh(now) {
				delete(m.found, key)
			}
		}
	}
	for key := range m.found {
		if len(m.found) < m.most {
			break
		}
		delete(m.found, key)
	}
	m.found[string(hash)] = found{identity: id, at: now}
}

// uses gathers when credentials were used, until somebody writes it down.
type uses struct {
	mu      sync.Mutex
	pending map[ident.CredentialID]time.Time
	written map[ident.CredentialID]time.Time // what was taken to be written less than usedStep ago
}

// use is one credential with the time of its last use.
type use struct {
	id ident.CredentialID
	at time.Time
}

func newUses() *uses {
	return &uses{pending: make(map[ident.CredentialID]time.Time), written: make(map[ident.CredentialID]time.Time)}
}

// note remembers a use, unless one of less than a minute ago is written or waits to be.
func (u *uses) note(c Credential, now time.Time) {
	if now.Sub(c.LastUsed) < usedStep {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if now.Sub(u.written[c.ID]) < usedStep || now.Sub(u.pending[c.ID]) < usedStep {
		return
	}
	u.pending[c.ID] = now
}

// take gives what waits to be written, in the order of the ids, so that two writers lock in one order.
func (u *uses) take() []use {
	u.mu.Lock()
	defer u.mu.Unlock()
	var newest time.Time
	list := make([]use, 0, len(u.pending))
	for id, at := range u.pending {
		list = append(list, use{id, at})
		if at.After(newest) {
			newest = at
		}
	}
	for id, at := range u.written {
		if newest.Sub(at) >= usedStep {
			delete(u.written, id)
		}
	}
	for _, w := range list {
		u.written[w.id] = w.at
	}
	clear(u.pending)
	slices.SortFunc(list, func(a, b use) int { return bytes.Compare(a.id.UUID[:], b.id.UUID[:]) })
	return list
}
