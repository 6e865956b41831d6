package auditlog

import (
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// ErrRewritten says that a log does not begin with what an older checkpoint signed.
var ErrRewritten = errors.New("the audit log does not continue its last checkpoint: rows that were sealed are gone or others")

// Continues makes sure that a log still begins with all that an older checkpoint signed. read gives the tiles
// that are asked for.
func Continues(older Checkpoint, head Head, read func([]tlog.Tile) ([]Tile, error)) error {
	switch {
	case older.Origin != Origin(head.Log):
		return fmt.Errorf("%w: the checkpoint is of %s", ErrRewritten, older.Origin)
	case older.Size > head.Size:
		return fmt.Errorf("%w: it has %d rows, and %d were signed", ErrRewritten, head.Size, older.Size)
	case older.Size == head.Size && older.Root != head.Root:
		return fmt.Errorf("%w: the same number of rows has another root", ErrRewritten)
	case older.Size == head.Size:
		return nil
	}
	tiles := tlog.TileHashReader(tlog.Tree{N: head.Size, Hash: head.Root}, readTiles(read))
	root, err := tlog.TreeHash(older.Size, tiles)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrTorn, err)
	}
	if root != older.Root {
		return fmt.Errorf("%w: its first %d rows have another root", ErrRewritten, older.Size)
	}
	return nil
}

// readTiles reads tiles from a store.
type readTiles func([]tlog.Tile) ([]Tile, error)

func (read readTiles) Height() int { return TileHeight }

func (read readTiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	tiles, err := read(wanted)
	if err != nil {
		return nil, err
	}
	return someTiles(tiles).ReadTiles(wanted)
}

func (read readTiles) SaveTiles([]tlog.Tile, [][]byte) {}
