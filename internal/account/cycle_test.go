package account_test

import (
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/account"
)

func TestCycleOf(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("there", -6*60*60)
	for _, c := range []struct {
		at                string
		day, dueDays      int
		billed, due, next string
	}{
		{"2025-10-09T10:26:49-06:00", 24, 20, "2025-09-24", "2025-10-14", "2025-10-24"},
		{"2025-10-23T23:59:59-06:00", 24, 20, "2025-09-24", "2025-10-14", "2025-10-24"},
		{"2025-10-24T00:00:00-06:00", 24, 20, "2025-10-24", "2025-11-13", "2025-11-24"},
		{"2025-10-24T05:59:59Z", 24, 20, "2025-09-24", "2025-10-14", "2025-10-24"}, // still the 23rd there
		{"2026-01-01T00:00:00-06:00", 24, 0, "2025-12-24", "2025-12-24", "2026-01-24"},
		{"2025-12-31T12:00:00-06:00", 1, 365, "2025-12-01", "2026-12-01", "2026-01-01"},
		{"2028-02-28T12:00:00-06:00", 28, 1, "2028-02-28", "2028-02-29", "2028-03-28"},
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		got := account.CycleOf(at.In(zone), c.day, c.dueDays)
		day := func(at time.Time) string { return at.Format(time.DateOnly) }
		if day(got.Billed) != c.billed || day(got.Due) != c.due || day(got.Next) != c.next || !got.Billed.Equal(got.Billed.Truncate(time.Hour)) {
			t.Errorf("%s: %+v", c.at, got)
		}
	}
}
