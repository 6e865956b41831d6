package bulkworker

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/ident"
)

// Queue hands batches to workers. A batch is held by at most one worker at a time, also over several
// processes.
type Queue interface {
	// Claim leases the oldest batch that is accepted, or processing with a lease that has passed on real
	// time. ok is false when there is none.
	Claim(ctx context.Context, owner string, realNow time.Time, lease time.Duration) (c Claim, ok bool, err error)
	// Renew extends a lease; held is false when it is another's by now.
	Renew(ctx context.Context, c Claim, realNow time.Time, lease time.Duration) (held bool, err error)
	// Release hands a lease back, for a graceful stop or after the batch is finished.
	Release(ctx context.Context, c Claim) error
	// SweepStaged removes uploads that were staged before the given real time and never accepted.
	SweepStaged(ctx context.Context, before time.Time) (removed int, err error)
}

// Claim is a leased batch.
type Claim struct {
	Program ident.ProgramID
	Batch   ident.BatchID
	Owner   string
	Fence   int64 // rises with every lease
}
