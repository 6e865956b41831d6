package sqlstore

import (
	"bytes"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/ident"
)

// Rows of deliveries lie in the order of their messages, wherever these go.
func TestDeliveryID_FollowsFromWhatGoesWhereInTheOrderOfTime(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	seen := map[ident.UUID]bool{}
	var newest ident.UUID // of the messages before
	for n := range 50 {
		m := event.Message{ID: ident.EventID("evt_" + string(rune('A'+(n*7)%50))), CreatedAt: at.Add(time.Duration(n) * time.Millisecond)}
		last := newest
		for hook := range byte(20) {
			id := deliveryID(m, ident.UUID{hook * 13})
			if seen[id] || id != deliveryID(m, ident.UUID{hook * 13}) {
				t.Errorf("message %d to endpoint %d: %v", n, hook, id)
			}
			if seen[id] = true; bytes.Compare(id[:], last[:]) <= 0 {
				t.Errorf("message %d has the delivery %v, which is not behind %v of the one before", n, id, last)
			}
			if bytes.Compare(id[:], newest[:]) > 0 {
				newest = id
			}
		}
	}
}
