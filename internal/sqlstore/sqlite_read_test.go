package sqlstore

import (
	"context"
	"errors"
	"testing"

	"github.com/firsttap/firsttap/internal/fault"
)

// TestReads_EndWithTheirCaller counts without end until the caller leaves, more often than there are connections, and
// then asks each connection for something.
func TestReads_EndWithTheirCaller(t *testing.T) {
	t.Parallel()
	db := newFile(t)
	for name, read := range map[string]func(context.Context, func(*session) error) error{
		"read": db.engine.read, "ask": db.engine.ask, "look up": db.engine.lookUp,
	} {
		for range 20 {
			ctx, leave := context.WithCancel(t.Context())
			err := read(ctx, func(s *session) error {
				return s.query(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n`, nil, func(row) error {
					leave()
					return nil
				})
			})
			if !errors.Is(err, fault.ReasonUnavailable) {
				t.Fatalf("%s: a read whose caller left gave %v", name, err)
			}
			if err := read(t.Context(), func(s *session) error {
				_, err := one(s, `SELECT count(*) FROM guard_misses`, nil, new(int64))
				return err
			}); err != nil {
				t.Fatalf("%s: the next read: %v", name, err)
			}
		}
	}
}
