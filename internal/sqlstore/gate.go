package sqlstore

import (
	"errors"
	"sync"
)

var errClosed = errors.New("the store is closed")

// gate lets callers hand something over until it is shut.
type gate struct {
	mu   sync.RWMutex
	shut bool
}

// enter reports whether the gate is open; if so, leave must follow.
func (g *gate) enter() bool {
	g.mu.RLock()
	if g.shut {
		g.mu.RUnlock()
		return false
	}
	return true
}

func (g *gate) leave() { g.mu.RUnlock() }

// close shuts the gate, once everybody inside has left; false when it was shut already.
func (g *gate) close() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	was := g.shut
	g.shut = true
	return !was
}
