package access

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
)

// firstTime is the earliest that the clock of a sandbox may show.
var firstTime = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// ClockChange turns one clock into another. real is the real time, shown what the clock shows at it.
type ClockChange func(c program.Clock, real, shown time.Time) (program.Clock, error)

// ClockAt lets the clock show at, and run on from there.
func ClockAt(at time.Time) ClockChange {
	return func(c program.Clock, real, _ time.Time) (program.Clock, error) { return c.Set(real, at), nil }
}

// ClockFrozen stops the clock at a time, or where it is when at is zero.
func ClockFrozen(at time.Time) ClockChange {
	return func(c program.Clock, _, shown time.Time) (program.Clock, error) {
		if at.IsZero() {
			at = shown
		}
		return c.Freeze(at), nil
	}
}

// ClockAdvanced moves the clock forward, running or frozen as it is.
func ClockAdvanced(by time.Duration) ClockChange {
	return func(c program.Clock, _, _ time.Time) (program.Clock, error) {
		if by <= 0 {
			return c, fault.RefuseWith(ClockInvalid, "a clock is advanced by a duration above zero")
		}
		return c.Advance(by), nil
	}
}

// ClockReal lets the clock follow real time again.
func ClockReal() ClockChange {
	return func(program.Clock, time.Time, time.Time) (program.Clock, error) { return program.Clock{}, nil }
}

// Turn changes the clock of a sandbox programme, and tells the time that it shows then. Errors: [ClockOfSandboxOnly],
// [ClockInvalid].
func (change ClockChange) Turn(p *program.Program, real time.Time) (shown time.Time, err error) {
	if p.Kind != program.Sandbox {
		return shown, fault.Refuse(ClockOfSandboxOnly)
	}
	clock, err := change(p.Clock, real, p.Now(real))
	if err != nil {
		return shown, err
	}
	p.Clock = clock
	shown = p.Now(real)
	if shown.Before(firstTime) || shown.After(program.LastTime) || clock.Frozen.IsZero() && real.Add(clock.Offset).After(program.LastTime) {
		return shown, fault.RefuseWith(ClockInvalid, "the clock of a sandbox shows a time from 2000 to 2099")
	}
	return shown, nil
}

// SetClock changes the clock of a sandbox programme for an operator; see [ClockChange.Turn].
func (s *Service) SetClock(ctx context.Context, by Operator, id ident.ProgramID, change ClockChange) (program.Program, time.Time, error) {
	var shown time.Time
	p, err := s.change(ctx, by, id, "program.set_clock", "", func(p *program.Program, _ map[string]string) (err error) {
		shown, err = change.Turn(p, s.now())
		return err
	})
	return p, shown, err
}
