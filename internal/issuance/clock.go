package issuance

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
)

const actionSetClock = "program.set_clock"

// ClockShown is the clock of a sandbox programme, and the time that it shows.
type ClockShown struct {
	Clock program.Clock
	Now   time.Time
}

// Clock tells what the clock of a sandbox programme shows. Refusals: access.ClockOfSandboxOnly.
func (s *Service) Clock(ctx context.Context, id ident.ProgramID) (ClockShown, error) {
	p, now, err := s.programNow(ctx, id)
	switch {
	case err != nil:
		return ClockShown{}, err
	case p.Kind != program.Sandbox:
		return ClockShown{}, fault.Refuse(access.ClockOfSandboxOnly)
	}
	return ClockShown{Clock: p.Clock, Now: now}, nil
}

// SetClock turns the clock of a sandbox programme.
type SetClock struct {
	Command
	Change access.ClockChange
}

// SetClock turns the clock, by the rule of package access. What the command leaves is kept by the time that the clock shows
// afterwards: else an advance of days would forget its own idempotency key at once, and a repeat would advance again.
func (s *Service) SetClock(ctx context.Context, cmd SetClock) (ClockShown, error) {
	return Run(ctx, s, cmd.Command, actionSetClock, func(w *Work) (ClockShown, error) {
		p := w.Program
		real := s.now()
		shown, err := cmd.Change.Turn(&p, real)
		if err != nil {
			return ClockShown{}, err
		}
		p.UpdatedAt = real.UTC()
		w.Now = shown
		return ClockShown{Clock: p.Clock, Now: shown}, w.Tx.UpdateClock(ctx, p)
	})
}
