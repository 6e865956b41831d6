package httpd

import (
	"net/netip"
	"time"

	"github.com/firsttap/firsttap/internal/fault"
)

// mostAddresses bounds how many addresses are remembered at one time.
const mostAddresses = 1 << 16

// Failures watches failed authentications by address. More than the limit within its span blocks the
// address for a while; while it is blocked nothing is compared, so further tries are neither counted
// nor make the block longer. Addresses are remembered up to 65,536 at a time.
type Failures struct {
	now     func() time.Time
	limit   Limit
	block   time.Duration
	entries *shards[netip.Addr, culprit]
}

type culprit struct {
	failed  window
	blocked time.Time // until
}

// NewFailures blocks an address for block once it has failed more often than limit says, as in more
// than 20 a minute for 60 s.
func NewFailures(now func() time.Time, limit Limit, block time.Duration) *Failures {
	f := &Failures{now: now, limit: limit, block: block}
	f.entries = newShards[netip.Addr](mostAddresses, time.Minute, func(c *culprit, now time.Time) bool {
		c.failed.forget(now)
		return c.failed.total == 0 && !now.Before(c.blocked)
	})
	return f
}

// Check is AddressBlocked, with the time to wait, while the address is blocked; else nil. A caller
// whose address cannot be read is watched under the zero address, together with its like.
func (f *Failures) Check(addr netip.Addr) error {
	now := f.now()
	var left time.Duration
	f.entries.with(addr, now, false, func(c *culprit) { left = c.blocked.Sub(now) })
	if left <= 0 {
		return nil
	}
	return &fault.Error{Reason: AddressBlocked, RetryAfter: left}
}

// Failed counts a failed authentication.
func (f *Failures) Failed(addr netip.Addr) {
	now := f.now()
	f.entries.with(addr, now, true, func(c *culprit) {
		if now.Before(c.blocked) {
			return
		}
		c.failed.span = f.limit.Per
		c.failed.forget(now)
		c.failed.count(now)
		if c.failed.total > f.limit.Requests {
			c.blocked = now.Add(f.block)
			c.failed = window{span: f.limit.Per}
		}
	})
}
