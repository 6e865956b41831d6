package issuance

import (
	"context"

	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/ident"
)

// AuditTrail lists rows of a programme's trail, newest first.
func (s *Service) AuditTrail(ctx context.Context, p ident.ProgramID, f AuditFilter, page Page) (rows []audit.Row, err error) {
	err = s.store.Read(ctx, func(tx ReadTx) error {
		rows, err = tx.AuditTrail(ctx, p, f, page)
		return err
	})
	return rows, err
}

// AuditReach tells how far [Service.AuditTrail] looks with a filter that has a Through: the mark from which the next page
// goes on. It is false when the trail ends before, or the filter has none.
func (s *Service) AuditReach(ctx context.Context, p ident.ProgramID, f AuditFilter, after Mark) (reach Mark, more bool, err error) {
	if f.Through == 0 {
		return Mark{}, false, nil
	}
	err = s.store.Read(ctx, func(tx ReadTx) error {
		reach, more, err = tx.AuditReach(ctx, p, f, after)
		return err
	})
	return reach, more, err
}
