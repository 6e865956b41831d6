package auditworker

import (
	"context"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/auditlog"
	"github.com/firsttap/firsttap/internal/ident"
)

// Log keeps the logs beside the rows. A log that was never sealed is empty. The zero programme is the
// installation itself.
type Log interface {
	// Waiting lists logs that have rows to be sealed: all, or the first thousand.
	Waiting(ctx context.Context) ([]ident.ProgramID, error)
	// Load gives up to limit rows of a log that are to be sealed, in the order of their places, and where the log stands, at one
	// instant. A store that gives rows their places when they are written gives them those; another one decides it here.
	Load(ctx context.Context, p ident.ProgramID, limit int) (Pending, error)
	// Place gives rows their places, unless they were born with them, and the log its new head, in one transaction. It does nothing
	// and reports false when the log does not have the size of old any more.
	Place(ctx context.Context, s Step) (bool, error)
	// Heads gives all logs that have rows which are sealed.
	Heads(ctx context.Context) ([]auditlog.Head, error)
	// Sealed gives the rows of a log that are sealed, from one place to before another, with the tiles that hold the hashes with
	// which they were sealed.
	Sealed(ctx context.Context, p ident.ProgramID, from, to int64) (auditlog.Page, error)
	// Tiles gives tiles of a log; one that is not there has no hashes.
	Tiles(ctx context.Context, p ident.ProgramID, wanted []tlog.Tile) ([]auditlog.Tile, error)
}

// Pending is what waits to be sealed in one log.
type Pending struct {
	Head  auditlog.Head
	Tiles []auditlog.Tile // the last one of each level
	Rows  []audit.Row
}

// Step lets the log grow by the rows.
func (p Pending) Step() (Step, error) {
	leaves := make([]tlog.Hash, len(p.Rows))
	for i, r := range p.Rows {
		leaves[i] = tlog.RecordHash(auditlog.Leaf(r))
	}
	head, tiles, err := auditlog.Grow(p.Head, p.Tiles, leaves)
	return Step{Old: p.Head, New: head, Rows: p.Rows, Tiles: tiles}, err
}

// Step is one growth of a log.
type Step struct {
	Old, New auditlog.Head
	Rows     []audit.Row     // get the places from Old.Size on
	Tiles    []auditlog.Tile // new, or longer than before
}
