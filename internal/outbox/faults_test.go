package outbox_test

import (
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/firsttap/firsttap/internal/storetest"
)

// TestWorker_FaultsThatASandboxWants compares what comes to a receiver within a minute with what was made.
func TestWorker_FaultsThatASandboxWants(t *testing.T) {
	t.Parallel()
	const messages = 40
	for _, fault := range []string{"lose", "duplicate", "reorder"} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			r := newReceiver(t, always(http.StatusOK))
			synctest.Test(t, func(t *testing.T) {
				p := newPost(t, storetest.WithPolicy("sandbox.webhook_fault", fault))
				p.endpoint(r.URL)
				ids := p.announce(messages)
				stop := run(t, p.worker(p.db, "one"))
				pass(time.Minute) // synthetic
				stop()
				var got []string
				first, last := int64(0), int64(0)
				for i, a := range r.arrivals() {
					got = append(got, a.id)
					if last = max(last, a.seconds); i == 0 {
						first = a.seconds
					}
				}
				slices.Sort(ids)
				slices.Sort(got)
				once, late := slices.Equal(slices.Compact(slices.Clone(got)), ids), last-first
				switch {
				case fault == "lose" && len(got) > 0:
					t.Errorf("%d came", len(got))
				case fault == "duplicate" && (!once || len(got) != 2*messages):
					t.Errorf("%d came, each at least once: %v", len(got), once)
				case fault == "reorder" && (!once || len(got) != messages || late < 10 || late > 12):
					t.Errorf("%d came, each at least once: %v; the last %d s after the first", len(got), once, late)
				}
			})
		})
	}
}
