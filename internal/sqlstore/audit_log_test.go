package sqlstore

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/auditlog"
	"github.com/firsttap/firsttap/internal/auditworker"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

// Who may write to the file itself can take the triggers away. The export shows what he did.
func TestAudit_WhatIsChangedInTheDatabaseIsNamed(t *testing.T) {
	t.Parallel()
	const rows = 300
	for name, x := range map[string]struct {
		sql   string
		first int64
	}{
		"a field":        {`UPDATE audit SET note = 'forged' WHERE log_index = 123`, 123},
		"a row":          {`DELETE FROM audit WHERE log_index = 280`, 280},
		"two places":     {`UPDATE audit SET log_index = CASE log_index WHEN 5 THEN 1009 ELSE 5 END WHERE log_index IN (5, 9)`, 5},
		"the end":        {`DELETE FROM audit WHERE log_index >= 299`, 299},
		"a sealed hash":  {`UPDATE audit_tiles SET hashes = zeroblob(8192) WHERE level = 0 AND n = 0`, 0},
		"all the hashes": {`DELETE FROM audit_tiles`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newFile(t)
			err := d.Issuance().Write(t.Context(), func(tx issuance.Tx) error {
				for i := range rows {
					if err := tx.InsertAudit(t.Context(), audit.Row{ID: ident.UUID{1, byte(i >> 8), byte(i)}, At: time.UnixMicro(1), Actor: "a", Action: "b", Outcome: audit.OK}); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			head := sealTrail(t, d)
			export := func() []byte {
				page, err := d.AuditLog().Sealed(t.Context(), ident.ProgramID{}, 0, head.Size)
				if err != nil {
					t.Fatal(err)
				}
				return page.Append(nil)
			}
			checkpoints := []auditlog.Checkpoint{head.Checkpoint()}
			if _, err := auditlog.Verify(bytes.NewReader(export()), checkpoints); err != nil {
				t.Fatalf("untouched: %v", err)
			}
			for _, sql := range []string{`DROP TRIGGER audit_is_not_changed`, `DROP TRIGGER audit_is_not_removed`, x.sql} {
				if err := d.engine.write(t.Context(), func(s *session) error { _, err := s.exec(sql); return err }); err != nil {
					t.Fatal(err)
				}
			}
			_, err = auditlog.Verify(bytes.NewReader(export()), checkpoints)
			var bad *auditlog.BadRowError
			if !errors.As(err, &bad) || x.first < bad.First || bad.Last < x.first || name != "the end" && bad.First != bad.Last {
				t.Errorf("%v, want row %d", err, x.first)
			}
		})
	}
}

// sealTrail gives all rows their places.
func sealTrail(t *testing.T, d *DB) auditlog.Head {
	t.Helper()
	w, err := auditworker.New(auditworker.Options{
		Log: d.AuditLog(), Publisher: nowhere{}, Signer: auditlog.NewSigner(make([]byte, 32)), Now: time.Now, Logger: slog.New(slog.DiscardHandler),
	})
	if err == nil {
		err = w.Pass(t.Context())
	}
	heads, e := d.AuditLog().Heads(t.Context())
	if err = errors.Join(err, e); err != nil || len(heads) != 1 {
		t.Fatal(fmt.Errorf("%v: %w", heads, err))
	}
	return heads[0]
}

// nowhere takes checkpoints and forgets them.
type nowhere struct{}

func (nowhere) Publish(_ string, _ time.Time, next func([]byte) ([]byte, error)) error {
	_, err := next(nil)
	return err
}
