package contract

import (
	"fmt"
	"strings"
	"testing"
)

// check is one line of a checklist, or several that one walk shows.
type check struct {
	numbers []int
	says    string
	try     func(t *testing.T, h *house)
}

// name starts with the numbers, which `make contract` counts.
func (c check) name() string {
	var numbers []string
	for _, n := range c.numbers {
		numbers = append(numbers, fmt.Sprintf("%03d", n))
	}
	return strings.Join(numbers, ",") + " " + c.says
}

// chapter is a list of checks, with what their server is started with.
type chapter struct {
	name   string
	checks []check
}

// run tries chapters on every engine.
func run(t *testing.T, chapters []chapter) {
	t.Helper()
	t.Parallel()
	for _, e := range engines(t) {
		t.Run(e.name, func(t *testing.T) {
			h := newHouse(t, e)
			t.Run("checks", func(t *testing.T) { // ends when all parallel checks have ended, before the nodes are killed
				for _, part := range chapters {
					for _, c := range part.checks {
						t.Run(part.name+"/"+c.name(), func(t *testing.T) {
							t.Parallel()
							c.try(t, h)
						})
					}
				}
			})
		})
	}
}

// whole fails when a number from 1 to last is in no check, or in two.
func whole(t *testing.T, chapters []chapter, last int) {
	t.Helper()
	seen := map[int]int{}
	for _, part := range chapters {
		for _, c := range part.checks {
			for _, n := range c.numbers {
				seen[n]++
			}
		}
	}
	for n := 1; n <= last; n++ {
		if seen[n] != 1 {
			t.Errorf("line %d of the checklist stands in %d checks", n, seen[n])
		}
		delete(seen, n)
	}
	if len(seen) > 0 {
		t.Errorf("not in the checklist: %v", seen)
	}
}

// only is a check of one line.
func only(number int, says string, try func(t *testing.T, h *house)) check {
	return check{[]int{number}, says, try}
}
