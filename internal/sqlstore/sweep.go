package sqlstore

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
)

// How long what is swept stays, after it has served its purpose.
const (
	keepMisses = 24 * time.Hour // longer than any useful window of a breaker; see missesKept
	keepLinks  = 24 * time.Hour // so long a page says that it was, and is over
)

const (
	sweepAnswers = `DELETE FROM idempotency WHERE program_id = $1 AND (door, idem_key) IN
	(SELECT y.door, y.idem_key FROM idempotency y WHERE y.program_id = $1 AND y.expires_at <= $2 LIMIT $3)`
	sweepLogins = `DELETE FROM api_logins WHERE program_id = $1 AND id IN
	(SELECT l.id FROM api_logins l WHERE l.program_id = $1 AND l.expires_at <= $2 LIMIT $3)`
	sweepLinks = `DELETE FROM reveal_links WHERE program_id = $1 AND token_hash IN
	(SELECT r.token_hash FROM reveal_links r WHERE r.program_id = $1 AND r.expires_at <= $2 LIMIT $3)`
	sweepSessions = `DELETE FROM activation_sessions WHERE program_id = $1 AND token_hash IN
	(SELECT s.token_hash FROM activation_sessions s WHERE s.program_id = $1 AND s.expires_at <= $2 LIMIT $3)`
	sweepMisses = `DELETE FROM guard_misses WHERE program_id = $1 AND (at, id) IN
	(SELECT g.at, g.id FROM guard_misses g WHERE g.program_id = $1 AND g.at <= $2 LIMIT $3)`
	// selectDone asks for a range of ids: those that are minted begin with the real time of making. A notice
	// of a batch has a name of its own, and goes by its programme's time.
	selectDone = `SELECT m.id FROM messages m WHERE m.fanned = 1 AND m.id > $1 AND m.id < $2 AND m.created_at < $4
	AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.message_id = m.id AND d.state = 'pending') ORDER BY m.id LIMIT $3`
	deleteAttempts   = `DELETE FROM attempts WHERE delivery_id IN (SELECT d.id FROM deliveries d WHERE d.message_id = $1)`
	deleteDeliveries = `DELETE FROM deliveries WHERE message_id = $1 AND state <> 'pending'`
	deleteMessage    = `DELETE FROM messages WHERE id = $1`
)

// endOfTime is later than any time of a programme.
var endOfTime = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// Swept is what a sweep removed.
type Swept struct{ Answers, Misses, Messages int }

// Sweep removes what has served its purpose: records of idempotency keys whose window has passed, sign-ins
// whose last token is over, links of pages that are over, wrong tries that no breaker looks at any more, and messages older than keepMessages whose deliveries have ended. It removes a
// thousand rows at a time, so that it may run beside everything else.
func (d *DB) Sweep(ctx context.Context, realNow time.Time, keepMessages time.Duration) (Swept, error) {
	var out Swept
	var programs []program.Program
	err := d.engine.read(ctx, func(s *session) (err error) {
		programs, err = tx{s}.listPrograms(selectPrograms)
		return err
	})
	if err != nil {
		return out, err
	}
	for _, p := range programs {
		now := p.Now(realNow)
		n, err := d.sweepRows(ctx, sweepAnswers, p.ID, now)
		out.Answers += n
		if err != nil {
			return out, err
		}
		if _, err := d.sweepRows(ctx, sweepLogins, p.ID, now); err != nil {
			return out, err
		}
		for _, links := range []string{sweepLinks, sweepSessions} {
			if _, err := d.sweepRows(ctx, links, p.ID, now.Add(-keepLinks)); err != nil {
				return out, err
			}
		}
		n, err = d.sweepRows(ctx, sweepMisses, p.ID, now.Add(-max(keepMisses, p.Policy.Activation.BreakerWindow)))
		out.Misses += n
		if err != nil {
			return out, err
		}
	}
	n, err := d.sweepRows(ctx, sweepAnswers, ident.ProgramID{}, realNow) // of the installation itself
	out.Answers += n
	if err != nil {
		return out, err
	}
	if err := d.sweepStaff(ctx, realNow); err != nil {
		return out, err
	}
	out.Messages, err = d.sweepMessages(ctx, realNow.Add(-keepMessages))
	return out, err
}

func (d *DB) sweepRows(ctx context.Context, sql string, p ident.ProgramID, before time.Time) (int, error) {
	total := 0
	for {
		var rows int64
		err := d.engine.write(ctx, func(s *session) (err error) {
			rows, err = s.exec(sql, keyID(p.UUID), before, sweepChunk)
			return err
		})
		total += int(rows)
		if err != nil || rows < sweepChunk {
			return total, err
		}
	}
}

func (d *DB) sweepMessages(ctx context.Context, before time.Time) (int, error) {
	minted, err := d.sweepRange(ctx, "", string(ident.LowestEventID(before)), endOfTime)
	if err != nil {
		return minted, err
	}
	named, err := d.sweepRange(ctx, "msg_", "msg`", before)
	return minted + named, err
}

// sweepRange removes messages of a range of ids that were made before a time of their programme.
func (d *DB) sweepRange(ctx context.Context, after, end string, before time.Time) (int, error) {
	total := 0
	for {
		var done []string
		err := d.engine.read(ctx, func(s *session) (err error) {
			done, err = all(s, selectDone, []any{after, end, sweepChunk, before}, func(r row, id *string) error { return r.scan(id) })
			return err
		})
		if err != nil || len(done) == 0 {
			return total, err
		}
		err = d.engine.write(ctx, func(s *session) error {
			var b batch
			for _, id := range done {
				b.write(deleteAttempts, []any{id}, nil)
				b.write(deleteDeliveries, []any{id}, nil)
				b.write(deleteMessage, []any{id}, nil)
			}
			return s.run(b)
		})
		if err != nil {
			return total, err
		}
		total, after = total+len(done), done[len(done)-1]
	}
}
