package auditlog

import (
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/firsttap/firsttap/internal/ident"
)

// TileHeight is the height of a tile: it holds up to 256 hashes.
const TileHeight = 8

// Head is where a log stands.
type Head struct {
	Log  ident.ProgramID // zero for the installation itself
	Size int64
	Root tlog.Hash
}

// Checkpoint is the head as it is signed.
func (h Head) Checkpoint() Checkpoint { return Checkpoint{Origin(h.Log), h.Size, h.Root} }

// EmptyHead is where a log stands that has no rows.
func EmptyHead(p ident.ProgramID) Head {
	root, _ := tlog.TreeHash(0, nil) // reads nothing
	return Head{Log: p, Root: root}
}

// Tile is a row of up to 256 adjacent hashes of the tree, at a level that is a multiple of 8. Tiles of level
// 0 hold the hashes of leaves. The last tile of a level is replaced while it grows.
type Tile struct {
	Level  int
	N      int64  // place among the tiles of its level
	Hashes []byte // 32 bytes each
}

// ErrTorn says that the tiles of a store do not belong to the head beside them.
var ErrTorn = errors.New("the stored tree does not fit its root")

// Grow adds leaves to a log, of which the last tile of each level is given, and returns the new head and
// the tiles that are new or longer. It fails when the tiles do not fit the head.
func Grow(head Head, last []Tile, leaves []tlog.Hash) (Head, []Tile, error) {
	old := tlog.TileHashReader(tlog.Tree{N: head.Size, Hash: head.Root}, someTiles(last))
	t := &growing{old: old, fresh: map[int64]tlog.Hash{}}
	if head.Size > 0 {
		edge := rightEdge(head.Size)
		hashes, err := old.ReadHashes(edge)
		if err != nil {
			return Head{}, nil, fmt.Errorf("%w: %w", ErrTorn, err)
		}
		for i, index := range edge {
			t.fresh[index] = hashes[i]
		}
	}
	size := head.Size
	for _, leaf := range leaves {
		hashes, err := tlog.StoredHashesForRecordHash(size, leaf, t)
		if err != nil {
			return Head{}, nil, fmt.Errorf("%w: %w", ErrTorn, err)
		}
		at := tlog.StoredHashIndex(0, size)
		for i, h := range hashes {
			t.fresh[at+int64(i)] = h
		}
		size++
	}
	root, err := tlog.TreeHash(size, t)
	if err != nil {
		return Head{}, nil, fmt.Errorf("%w: %w", ErrTorn, err)
	}
	var tiles []Tile
	for _, tile := range tlog.NewTiles(TileHeight, head.Size, size) {
		data, err := tlog.ReadTileData(tile, t)
		if err != nil {
			return Head{}, nil, fmt.Errorf("%w: %w", ErrTorn, err)
		}
		tiles = append(tiles, Tile{tile.L, tile.N, data})
	}
	return Head{head.Log, size, root}, tiles, nil
}

// rightEdge lists the complete subtrees that make up a tree: one for each bit of its size.
func rightEdge(size int64) []int64 {
	var out []int64
	for level := 62; level >= 0; level-- {
		if n := size >> level; n&1 == 1 {
			out = append(out, tlog.StoredHashIndex(level, n-1))
		}
	}
	return out
}

// growing reads hashes of a tree that grows: new ones from memory, others from the old tree.
type growing struct {
	old   tlog.HashReader
	fresh map[int64]tlog.Hash
}

func (t *growing) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	var missing []int64
	var places []int
	for i, index := range indexes {
		if h, ok := t.fresh[index]; ok {
			out[i] = h
		} else {
			missing, places = append(missing, index), append(places, i)
		}
	}
	if len(missing) == 0 {
		return out, nil
	}
	hashes, err := t.old.ReadHashes(missing)
	if err != nil {
		return nil, err
	}
	for i, h := range hashes {
		out[places[i]] = h
	}
	return out, nil
}

// someTiles reads tiles out of those that are at hand.
type someTiles []Tile

func (ts someTiles) Height() int { return TileHeight }

func (ts someTiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(wanted))
	for i, w := range wanted {
		for _, t := range ts {
			if t.Level == w.L && t.N == w.N && len(t.Hashes) >= w.W*tlog.HashSize {
				out[i] = t.Hashes[:w.W*tlog.HashSize]
			}
		}
		if out[i] == nil {
			return nil, fmt.Errorf("tile %s is missing", w.Path())
		}
	}
	return out, nil
}

func (ts someTiles) SaveTiles([]tlog.Tile, [][]byte) {}
