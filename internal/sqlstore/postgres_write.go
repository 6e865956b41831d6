package sqlstore

import (
	"context"
	"errors"
	"time"

	"github.com/firsttap/firsttap/internal/fault"
)

const (
	patience   = 8 * time.Second // for a read, or a write with all its tries, when the caller sets no shorter time
	goneTries  = 6               // how often a write looks for another connection
	politeness = 2               // conflicts after which a write takes its turn
	pauseLeast = time.Millisecond
	pauseMost  = 64 * time.Millisecond
	goneLeast  = 50 * time.Millisecond
	goneMost   = time.Second
)

// write runs body in a serializable transaction of its own, again and again while others are faster. Long work in the background
// takes no lane: it would hold one for as long as a hundred others.
func (e *postgresEngine) write(ctx context.Context, body func(*session) error) error {
	e.count(ctx)
	if isPatient(ctx) {
		return e.writeAgain(ctx, beginWrite, body)
	}
	ctx, cancel := context.WithTimeout(ctx, e.patience)
	defer cancel()
	if err := e.lanes.enter(ctx); err != nil {
		return fault.NotNow(err, "wait for the database", retryLater)
	}
	tries := 0
	defer func() { e.lanes.leave(tries) }()
	return e.writeAgain(ctx, beginWrite, func(s *session) error {
		tries++
		return body(s)
	})
}

// writeAgain keeps statements for later until that has failed once.
func (e *postgresEngine) writeAgain(ctx context.Context, begin string, body func(*session) error) error {
	haste := false
	return e.again(ctx, e.patience, func(ctx context.Context) error {
		err := e.writeOnce(ctx, begin, haste, body)
		haste = haste || errors.Is(err, errLate)
		return err
	})
}

// guarded runs body read committed: it sees what others committed while it waited for a row, and conflicts
// with nobody but who wants the same rows.
func (e *postgresEngine) guarded(ctx context.Context, body func(*session) error) error {
	e.count(ctx)
	return e.writeAgain(ctx, beginGuarded, body)
}

func (e *postgresEngine) count(ctx context.Context) {
	e.counts.jobs.Add(1)
	if isPatient(ctx) {
		e.counts.patient.Add(1)
	}
}

func (e *postgresEngine) writeOnce(ctx context.Context, begin string, haste bool, body func(*session) error) error {
	e.counts.groups.Add(1)
	var s *session
	err := e.transaction(ctx, e.pool, begin, func(c *postgresConn) error {
		s, c.haste = e.session(c), haste
		err := body(s)
		if c.lost != nil { // whatever the body made of it
			return c.lost
		}
		if err == nil && ctx.Err() != nil {
			err = fault.NotNow(ctx.Err(), "write", retryLater)
		}
		if err != nil {
			return err
		}
		if err = c.commit(); errors.Is(err, errUnknown) && s.answered {
			return recorded{err}
		}
		return err
	})
	if err == nil {
		e.counts.commits.Add(1)
		e.hooks(s.messages, s.accepted)
	}
	return err
}

// recorded is a commit whose answer was lost, of a transaction that held the record of an idempotency key:
// run again, it finds that record, or does everything for the first time.
type recorded struct{ error }

func (r recorded) Unwrap() error { return r.error }

// again runs once until it succeeds, fails for good, or the time is over; a try that hangs ends with it. From
// the third conflict on a write takes its turn, so that those who meet on one row do not keep each other from
// it.
func (e *postgresEngine) again(ctx context.Context, most time.Duration, once func(context.Context) error) error {
	limit, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	conflicts, gone, mine := 0, 0, false
	defer func() {
		if mine {
			<-e.turn
		}
	}()
	for {
		err := once(limit)
		var pause time.Duration
		switch {
		case err == nil:
			return nil
		case errors.Is(err, errConflict):
			e.counts.conflicts.Add(1)
			conflicts++
			pause = grown(pauseLeast, pauseMost, conflicts)
		case errors.Is(err, errGone), errors.As(err, new(recorded)):
			if gone++; gone >= goneTries {
				return err
			}
			pause = grown(goneLeast, goneMost, gone)
		default:
			return err
		}
		if conflicts >= politeness && !mine {
			select {
			case e.turn <- struct{}{}:
				mine = true
			case <-limit.Done():
			}
		}
		if !e.pause(limit, pause) {
			return passing(err)
		}
	}
}

// grown doubles a pause with every try.
func grown(least, most time.Duration, tries int) time.Duration {
	return min(most, least<<min(tries-1, 16))
}

// pause waits for between a half and the whole of d; false when the time is over.
func (e *postgresEngine) pause(ctx context.Context, d time.Duration) bool {
	const golden = 0x9E3779B9 // steps by it spread evenly over all numbers
	share := time.Duration(e.ticket.Add(golden) >> 16)
	return rest(ctx, d/2+d/2*share/0xFFFF) == nil
}

// wayPerStep is how much longer than it took a step of long work rests.
const wayPerStep = 2

// giveWay rests: the server's process does the work of a command line at the priority of everybody.
func (e *postgresEngine) giveWay(ctx context.Context, took time.Duration) error {
	return rest(ctx, wayPerStep*took)
}

// rest waits until the time is over, or ctx ends.
func rest(ctx context.Context, length time.Duration) error {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return ctx.Err()
}
