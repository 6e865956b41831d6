package auditlog

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/firsttap/firsttap/internal/ident"
)

// Proof is what a verification found to be true.
type Proof struct {
	Checkpoint       // that the export ends with
	Older      int   // further checkpoints that the export agrees with
	Hidden     int64 // rows of which the export has nothing but the hash
}

// BadRowError says that an export is not what was signed.
type BadRowError struct {
	Proved int64 // rows before this one are proved to be as they were signed
	First  int64 // the first bad row is this one, counted from 0 …
	Last   int64 // … or, where that cannot be known, one from First to Last
	Why    string
}

// Error names the first bad row.
func (b *BadRowError) Error() string {
	if b.First == b.Last {
		return fmt.Sprintf("row %d is bad: %s (proved: the %d rows before row %d)", b.First, b.Why, b.Proved, b.Proved)
	}
	return fmt.Sprintf("the first bad row is one of rows %d to %d: %s (proved: the %d rows before them)", b.First, b.Last, b.Why, b.Proved)
}

// ErrForked says that two signed checkpoints contradict each other, whatever the export holds.
var ErrForked = errors.New("two signed checkpoints contradict each other")

// Verify proves that an export is exactly what the newest of the checkpoints signs, and that it agrees with
// all others. The more checkpoints there are, the closer is the first bad row.
func Verify(export io.Reader, checkpoints []Checkpoint) (Proof, error) {
	sorted, err := inOrder(checkpoints)
	if err != nil {
		return Proof{}, err
	}
	newest := sorted[len(sorted)-1]
	v := verification{waiting: sorted}
	if err := v.compare(); err != nil {
		return Proof{}, err
	}
	lines := bufio.NewReaderSize(export, maxLine)
	for {
		text, err := lines.ReadSlice('\n')
		switch {
		case errors.Is(err, io.EOF) && len(text) == 0:
			if n := v.tree.size; n < newest.Size {
				// Rows that were cut out and closed up look the same as rows that were cut off.
				return Proof{}, &BadRowError{v.proved, v.proved, n, fmt.Sprintf("the export ends after %d rows, and %d were signed", n, newest.Size)}
			}
			return Proof{newest, len(sorted) - 1, v.hidden}, nil
		case err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull):
			return Proof{}, fmt.Errorf("read the export: %w", err)
		}
		if err := v.add(text, newest.Size); err != nil {
			return Proof{}, err
		}
	}
}

// inOrder sorts checkpoints by size. All must be of one log and agree with each other.
func inOrder(checkpoints []Checkpoint) ([]Checkpoint, error) {
	if len(checkpoints) == 0 {
		return nil, fmt.Errorf("%w: there is none", ErrCheckpoint)
	}
	sorted := slices.Clone(checkpoints)
	slices.SortStableFunc(sorted, func(a, b Checkpoint) int { return int(min(1, max(-1, a.Size-b.Size))) })
	for i, c := range sorted {
		if c.Origin != sorted[0].Origin {
			return nil, fmt.Errorf("%w: they are of different logs, %s and %s", ErrCheckpoint, sorted[0].Origin, c.Origin)
		}
		if i > 0 && c.Size == sorted[i-1].Size && c.Root != sorted[i-1].Root {
			return nil, fmt.Errorf("%w: both are of %d rows", ErrForked, c.Size)
		}
	}
	return slices.Compact(sorted), nil
}

// verification is one pass over an export.
type verification struct {
	tree    frontier
	proved  int64
	waiting []Checkpoint // not reached yet
	hidden  int64
}

// add takes the next line.
func (v *verification) add(text []byte, signed int64) error {
	n := v.tree.size
	if n >= signed {
		return v.bad(n, fmt.Sprintf("it was inserted, or sealed later: %d rows were signed", signed))
	}
	l, ok := parseLine(text)
	switch {
	case !ok:
		return v.bad(n, "its line is damaged")
	case l.n > n:
		return v.bad(n, fmt.Sprintf("row %d stands in its place", l.n))
	case l.n < n: // one of them was inserted
		return &BadRowError{v.proved, max(l.n, v.proved), n, fmt.Sprintf("row %d stands in the place of row %d", l.n, n)}
	case l.leaf == nil:
		v.hidden++
	case tlog.RecordHash(l.leaf) != l.hash:
		return v.bad(n, "it was changed: it does not fit the hash with which it was sealed")
	}
	v.tree.add(l.hash)
	return v.compare()
}

// compare holds the tree against the checkpoint of its size, when there is one.
func (v *verification) compare() error {
	if len(v.waiting) == 0 || v.waiting[0].Size != v.tree.size {
		return nil
	}
	if v.tree.root() != v.waiting[0].Root {
		if v.tree.size == 0 {
			return fmt.Errorf("%w: it signs another root for no rows", ErrCheckpoint)
		}
		return &BadRowError{v.proved, v.proved, v.tree.size - 1, fmt.Sprintf("the first %d rows are not those that were signed", v.tree.size)}
	}
	v.proved, v.waiting = v.tree.size, v.waiting[1:]
	return nil
}

func (v *verification) bad(row int64, why string) error { return &BadRowError{v.proved, row, row, why} }

// frontier is a tree of which only the roots of its complete subtrees are kept, largest first.
type frontier struct {
	size  int64
	roots []tlog.Hash
}

func (f *frontier) add(leaf tlog.Hash) {
	for n := f.size; n&1 == 1; n >>= 1 { // each complete pair becomes one subtree
		last := len(f.roots) - 1
		leaf, f.roots = tlog.NodeHash(f.roots[last], leaf), f.roots[:last]
	}
	f.roots = append(f.roots, leaf)
	f.size++
}

func (f *frontier) root() tlog.Hash {
	if f.size == 0 {
		return EmptyHead(ident.ProgramID{}).Root
	}
	last := len(f.roots) - 1
	root := f.roots[last]
	for i := last - 1; i >= 0; i-- {
		root = tlog.NodeHash(f.roots[i], root)
	}
	return root
}
