package cli

import (
	"math"
	"testing"
)

func TestMemoryLimit_LeavesAsMuchForGarbageAsLives(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		live, stacks uint64
		want         int64
	}{
		{0, 0, 96 << 20},
		{40 << 20, 0, 96 << 20},
		{40 << 20, 50 << 20, 146 << 20},
		{200 << 20, 1 << 20, 401 << 20},
		{math.MaxUint64, math.MaxUint64, 2*(math.MaxInt64/4) + math.MaxInt64/4},
	} {
		if got := memoryLimit(c.live, c.stacks); got != c.want {
			t.Errorf("%d live, %d of stacks: %d, want %d", c.live, c.stacks, got, c.want)
		}
	}
}
