package app_test

import (
	"io"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/app"
)

// The bare loop uses its cards up, and says so when there are no more.
func TestFloor_ActivatesEachCardOnce(t *testing.T) {
	t.Parallel()
	floor, err := app.OpenFloor(t.Context(), settings(t, t.TempDir()), deps(io.Discard), operator, 80)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = floor.Close() })
	for range 2 {
		if rate, err := floor.Rate(40, time.Nanosecond); err != nil || rate <= 0 {
			t.Errorf("%v a second, %v", rate, err)
		}
	}
	if rate, err := floor.Rate(1, time.Nanosecond); err == nil {
		t.Errorf("with no cards left, %v a second", rate)
	}
}
