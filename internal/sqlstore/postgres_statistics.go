package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// The server plans by what it was last told of each table, and tells itself once a minute. To a planner that believes in a
// handful of rows every index looks as good as any other, and a plan is kept on its connection: in the first minute of a
// database the cards were looked up by their programme, and each look went through all that there were. So an instance that
// writes looks for tables that became more than twice what the planner knows, and has these counted. Rows of a programme in
// thousands are what it needs to see; how they are spread later is the server's own matter.
const (
	statisticsEvery = 2 * time.Second
	statisticsLater = time.Minute      // after one that failed: the server has had its own turn by then
	countWait       = 30 * time.Second // for a table: a sample of one that was restored may come from a slow disk
	fewBlocks       = 8                // that a table may grow without being counted
	// selectGrown leaves out what the role may not count: the server would warn of it each time.
	selectGrown = `SELECT c.relname::text FROM pg_class c
	WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND pg_has_role(c.relowner, 'USAGE')
	AND pg_relation_size(c.oid) > ($1 + 2 * GREATEST(c.relpages, 0)) * current_setting('block_size')::bigint ORDER BY c.relname`
)

// statistics looks from time to time, as long as the engine is open.
type statistics struct {
	stop context.CancelFunc
	over sync.WaitGroup
}

func (s *statistics) start(ctx context.Context, e *postgresEngine) {
	ctx, stop := context.WithCancel(Patient(context.WithoutCancel(ctx)))
	s.stop = stop
	s.over.Go(func() {
		seen, wait := int64(0), statisticsEvery
		for rest(ctx, wait) == nil {
			wait = statisticsEvery
			if commits := e.counts.commits.Load(); commits != seen {
				seen = commits
				if e.countGrown(ctx) != nil { // nobody has to hear of it
					wait = statisticsLater
				}
			}
		}
	})
}

func (s *statistics) end() {
	s.stop()
	s.over.Wait()
}

// countGrown has the server count the rows of what has grown. What another instance counts just now is left out, and one table that
// fails does not keep the others from it.
func (e *postgresEngine) countGrown(ctx context.Context) error {
	var grown []string
	err := e.readIn(ctx, e.pool, beginAsk, func(s *session) (err error) {
		grown, err = all(s, selectGrown, []any{fewBlocks}, func(r row, name *string) error { return r.scan(name) })
		return err
	})
	for _, name := range grown {
		err = errors.Join(err, e.countTable(ctx, name))
	}
	return err
}

func (e *postgresEngine) countTable(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, countWait)
	defer cancel()
	return e.transaction(ctx, e.pool, beginGuarded, func(c *postgresConn) error {
		if _, err := c.exec(fmt.Sprintf("SET LOCAL statement_timeout = %d", countWait.Milliseconds())); err != nil {
			return err
		}
		if _, err := c.exec("ANALYZE (SKIP_LOCKED) " + pgx.Identifier{name}.Sanitize()); err != nil {
			return err
		}
		return c.commit()
	})
}
