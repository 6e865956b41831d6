package issuance

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
)

// ProgramNow is the time on the programme's clock, to the nanosecond, as its clock stands now.
func (s *Service) ProgramNow(ctx context.Context, id ident.ProgramID) (time.Time, error) {
	_, now, err := s.programNow(ctx, id)
	return now, err
}

func (s *Service) programNow(ctx context.Context, id ident.ProgramID) (program.Program, time.Time, error) {
	var p program.Program
	err := s.store.ReadOnce(ctx, func(tx ReadTx) error {
		found, ok, err := tx.Program(ctx, id)
		if err == nil && !ok {
			return fault.Refuse(ProgramUnknown)
		}
		p = found
		return err
	})
	if err != nil {
		return program.Program{}, time.Time{}, err
	}
	return p, p.Now(s.now()), nil
}
