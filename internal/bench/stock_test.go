package bench

import "testing"

// Each place comes once, also in the second round, and neighbours lie apart.
func TestScattered_GivesEachPlaceOnce(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 3, 7, 99, 100, 618, 1000, 60_000, 65_537} {
		seen := make([]int, n)
		for i := range 2 * n {
			seen[scattered(i, n)]++
			if d := scattered(i+1, n) - scattered(i, n); n > 10 && max(d, -d) < n/4 {
				t.Fatalf("of %d, the %dth and the next lie %d apart", n, i, d)
			}
		}
		for place, times := range seen {
			if times != 2 {
				t.Fatalf("of %d, place %d came %d times", n, place, times)
			}
		}
	}
}

func TestKeyOf_GivesEachKeyOnce(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for n := range 10_000 {
		for _, kind := range []string{"used", "bench"} {
			if k := keyOf(kind, n); seen[k] {
				t.Fatalf("%s came twice", k)
			} else {
				seen[k] = true
			}
		}
	}
}
