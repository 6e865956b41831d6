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
