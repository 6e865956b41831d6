package sqlstore

import (
	"context"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

const entryColumns = `n.id, n.program_id, n.pan_index, n.pan_sealed, n.cvv_series, n.version`

const (
	selectEntry        = `SELECT ` + entryColumns + ` FROM card_numbers n WHERE n.id = $2 AND n.program_id = $1`
	selectEntryByIndex = `SELECT ` + entryColumns + ` FROM card_numbers n WHERE n.pan_index = $2 AND n.program_id = $1`
	insertEntry        = `INSERT INTO card_numbers (id, program_id, pan_index, pan_sealed, cvv_series, version) VALUES ($1, $2, $3, $4, $5, $6)
	ON CONFLICT DO NOTHING`
	isEntry     = `SELECT 1 FROM card_numbers n WHERE n.id = $1`
	updateEntry = `UPDATE card_numbers SET pan_sealed = $3, cvv_series = $4, version = $2 + 1 WHERE id = $1 AND version = $2`
)

func (t tx) entry(sql string, args ...any) (card.VaultEntry, bool, error) {
	var e card.VaultEntry
	found, err := one(t, sql, args, &e.Card.UUID, &e.Program.UUID, &e.Index, &e.Sealed, &e.CVVSeries, &e.Version)
	return e, found, err
}

func (t tx) VaultEntry(_ context.Context, p ident.ProgramID, id ident.CardID) (card.VaultEntry, bool, error) {
	return t.entry(selectEntry, p.UUID, id.UUID)
}

func (t tx) VaultEntryByIndex(_ context.Context, p ident.ProgramID, index []byte) (card.VaultEntry, bool, error) {
	return t.entry(selectEntryByIndex, p.UUID, index)
}

func entryArgs(e card.VaultEntry) []any {
	return []any{e.Card.UUID, e.Program.UUID, e.Index, e.Sealed, e.CVVSeries, e.Version}
}

func (t tx) InsertVaultEntry(_ context.Context, e card.VaultEntry) error {
	var b batch
	b.write(insertEntry, entryArgs(e), free(issuance.ErrNumberTaken))
	return t.run(b)
}

func (t tx) InsertVaultEntries(_ context.Context, es []card.VaultEntry) (taken []int, err error) {
	rows := make([][]any, len(es))
	for i, e := range es {
		rows[i] = entryArgs(e)
	}
	return t.insertFree(insertEntry, rows, isEntry)
}

func (t tx) UpdateVaultEntry(_ context.Context, e card.VaultEntry) error {
	return update(t, updateEntry, e.Card.UUID, e.Version, e.Sealed, e.CVVSeries)
}
