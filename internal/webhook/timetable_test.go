package webhook_test

import (
	"bytes"
	"errors"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/firsttap/firsttap/internal/webhook"
)

// walk gives the times of all attempts after the first, for a delivery that always fails.
func walk(table webhook.Timetable) (at []time.Duration) {
	elapsed := time.Duration(0)
	for attempt := 0; ; attempt++ {
		wait, more := table.Next(attempt, nil)
		if !more {
			return at
		}
		elapsed += wait
		at = append(at, elapsed)
	}
}

func TestTimetable_ReadsAsInTheContracts(t *testing.T) {
	t.Parallel()
	const s, m, h = time.Second, time.Minute, time.Hour
	for name, c := range map[string]struct {
		table webhook.Timetable
		waits []time.Duration
		last  time.Duration
	}{
		"cards": {
			webhook.CardsTimetable(),
			[]time.Duration{0, 10 * s, 30 * s, 2 * m, 5 * m, 15 * m, 30 * m, h, 2 * h, 4 * h, 8 * h, 12 * h, 20 * h},
			47*h + 52*m + 40*s,
		},
		"batch": {
			webhook.BatchTimetable(),
			[]time.Duration{0, 5 * s, 30 * s, 2 * m, 10 * m, h, 3 * h, 6 * h, 12 * h, 24 * h},
			46*h + 12*m + 35*s,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var waits []time.Duration
			for attempt := 0; attempt < c.table.Attempts(); attempt++ {
				wait, more := c.table.Next(attempt, nil)
				if !more {
					t.Fatalf("given up after attempt %d of %d", attempt, c.table.Attempts())
				}
				waits = append(waits, wait)
			}
			if diff := cmp.Diff(c.waits, waits); diff != "" {
				t.Fatalf("waits (-contract +got):\n%s", diff)
			}
			at := walk(c.table)
			if len(at) != c.table.Attempts() || at[len(at)-1] != c.last {
				t.Fatalf("%d attempts, the last after %v; want %d after %v", len(at), at[len(at)-1], len(c.waits), c.last)
			}
		})
	}
}

func TestTimetable_CardsMakesThirteenAttemptsInTwoDays(t *testing.T) {
	t.Parallel()
	at := walk(webhook.CardsTimetable())
	if len(at) != 13 || at[12].Round(time.Minute) != 47*time.Hour+53*time.Minute {
		t.Fatalf("%d attempts, the last after %v; the contract says 13, and 47 h 53 min", len(at), at[len(at)-1])
	}
}

func TestTimetable_JitterStaysWithinATenthAndEnds(t *testing.T) {
	t.Parallel()
	tables := []webhook.Timetable{webhook.CardsTimetable(), webhook.BatchTimetable()}
	rapid.Check(t, func(t *rapid.T) {
		table := rapid.SampledFrom(tables).Draw(t, "table")
		attempt := rapid.IntRange(-2, 20).Draw(t, "attempt")
		draw := rapid.SliceOfN(rapid.Byte(), 8, 8).Draw(t, "draw")
		exact, more := table.Next(attempt, nil)
		got, moreJittered := table.Next(attempt, bytes.NewReader(draw))
		if more != moreJittered || more != (attempt < table.Attempts()) {
			t.Fatalf("attempt %d of %d: more is %v, with jitter %v", attempt, table.Attempts(), more, moreJittered)
		}
		if off := (got - exact).Abs(); off > exact/10 {
			t.Fatalf("attempt %d: %v is %v away from %v", attempt, got, off, exact)
		}
	})
}

func TestTimetable_JitterReachesBothEndsAndTheMiddle(t *testing.T) {
	t.Parallel()
	// The wait after attempt 1 is 10 s: its draw has 2 000 000 001 places.
	for draw, want := range map[string]time.Duration{
		"\x00\x00\x00\x00\x00\x00\x00\x00": 9 * time.Second,
		"\x00\x00\x00\x00\x3b\x9a\xca\x00": 10 * time.Second,
		"\x00\x00\x00\x00\x77\x35\x94\x00": 11 * time.Second,
		"\x00\x00\x00\x00\x77\x35\x94\x01": 9 * time.Second, // one more than there are places
	} {
		if got, _ := webhook.CardsTimetable().Next(1, bytes.NewReader([]byte(draw))); got != want {
			t.Fatalf("draw %x: got %v, want %v", draw, got, want)
		}
	}
}

func TestTimetable_WaitsExactlyWhenRandomnessFails(t *testing.T) {
	t.Parallel()
	got, more := webhook.CardsTimetable().Next(3, iotest.ErrReader(errors.New("no entropy")))
	if got != 2*time.Minute || !more {
		t.Fatalf("got %v, %v", got, more)
	}
}
