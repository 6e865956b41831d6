package storetest

import (
	"sync"
	"time"
)

// Clock is real time as a test sees it: it stands still until it is moved. It is safe for concurrent use.
type Clock struct {
	mu sync.Mutex
	at time.Time
}

// NewClock stands on the afternoon of 6 March 2026, with microseconds that must not get lost.
func NewClock() *Clock {
	return &Clock{at: time.Date(2026, 3, 6, 17, 40, 5, 123_456_000, time.UTC)}
}

// Now is the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// Advance moves the clock and gives the new time.
func (c *Clock) Advance(d time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
	return c.at
}
