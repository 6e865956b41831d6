package cli

import (
	"math"
	"testing"
)

func TestMemoryLimit_LeavesAsMuchForGarbageAsLives(t *testing.T) {
	t.Parallel()
	for live, want := range map[uint64]int64{
		0:              128 << 20,
		40 << 20:       128 << 20,
		200 << 20:      400 << 20,
		math.MaxUint64: math.MaxInt64 - 1,
	} {
		if got := memoryLimit(live); got != want {
			t.Errorf("%d live: %d, want %d", live, got, want)
		}
	}
}
