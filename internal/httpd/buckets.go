package httpd

import (
	"time"

	"golang.org/x/time/rate"
)

// Rate is a token bucket: Burst requests at once, refilled with PerSecond.
type Rate struct {
	PerSecond float64
	Burst     int
}

// Buckets are token buckets by key: a credential, an e-mail address, a source address. A bucket that
// is full again is forgotten, since a new one is no different. Callers may choose keys, so their number
// is bounded; beyond it any one bucket is dropped, which gives its key a full one.
type Buckets struct {
	now     func() time.Time
	entries *shards[string, bucket]
}

type bucket struct {
	limiter *rate.Limiter
	rate    Rate
}

// NewBuckets builds an empty set of at most mostKeys buckets.
func NewBuckets(now func() time.Time, mostKeys int) *Buckets {
	return &Buckets{now: now, entries: newShards[string](max(mostKeys, 1), time.Minute, (*bucket).full)}
}

func (b *bucket) full(now time.Time) bool {
	return b.limiter == nil || b.limiter.TokensAt(now) >= float64(b.rate.Burst)
}

// Take takes one token from the bucket of key. When there is none, ok is false, nothing is taken, and
// wait is the time until there is one. The rate comes with each call, because it is a setting; a rate
// with PerSecond or Burst of zero or less is unlimited.
func (b *Buckets) Take(key string, r Rate) (wait time.Duration, ok bool) {
	if r.PerSecond <= 0 || r.Burst <= 0 {
		return 0, true
	}
	now := b.now()
	b.entries.with(key, now, true, func(e *bucket) {
		e.fit(now, r)
		res := e.limiter.ReserveN(now, 1)
		if wait = res.DelayFrom(now); wait > 0 {
			res.CancelAt(now)
		}
	})
	return wait, wait == 0
}

func (b *bucket) fit(now time.Time, r Rate) {
	switch {
	case b.limiter == nil:
		b.limiter = rate.NewLimiter(rate.Limit(r.PerSecond), r.Burst)
	case b.rate != r:
		b.limiter.SetLimitAt(now, rate.Limit(r.PerSecond))
		b.limiter.SetBurstAt(now, r.Burst)
	}
	b.rate = r
}
