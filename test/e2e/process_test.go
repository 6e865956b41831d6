package e2e

import (
	"context"
	"errors"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestDemo_WalksBothStories runs the main job as a stranger would, on an empty folder.
func TestDemo_WalksBothStories(t *testing.T) {
	t.Parallel()
	bin, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, bin, "demo", "--exit", "--dir", t.TempDir()).CombinedOutput()
	if err != nil {
		t.Fatalf("demo: %v\n%s", err, out)
	}
	text := string(out)
	if strings.Contains(text, "✗") || strings.Contains(text, "\x1b[") {
		t.Error("a step failed, or colour went into a pipe")
	}
	for _, fact := range []string{"ACTIVATED", "INVALID_ACTIVATION_CODE", "Idempotent-Replayed", "ALREADY_ACTIVATED", "bulkOrderCard", "numCreated", "4400", "4433", "7000", "balance"} {
		if !strings.Contains(text, fact) {
			t.Errorf("the demo does not show %q", fact)
		}
	}
}

// TestStop_FinishesWhatRuns stops a busy server: every request that it took gets its answer, new ones are
// not taken, and the process ends without an error.
func TestStop_FinishesWhatRuns(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	in.command("program", "create", "stop", "--policy", "rate_limits.default=unlimited")
	key := in.key(t, "stop", "--door", "cards")
	s := in.start()
	var answered, refused, broken, faults atomic.Int64
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var wg sync.WaitGroup
	for range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for ctx.Err() == nil {
				a, err := cardsCaller(key).try(ctx, http.MethodPost, s.url+"/users", map[string]any{"email": "a@example.com", "phoneNumber": uniquePhone()})
				switch {
				case err != nil && isRefused(err):
					refused.Add(1)
					return
				case err != nil:
					broken.Add(1)
				case a.status == http.StatusOK:
					answered.Add(1)
				case a.status != http.StatusServiceUnavailable:
					faults.Add(1)
				}
			}
		}()
	}
	for answered.Load() < 50 {
		pause(time.Millisecond)
	}
	if err := s.stop(); err != nil {
		t.Errorf("graceful stop: %v", err)
	}
	wg.Wait()
	if faults.Load() != 0 {
		t.Errorf("%d requests got a fault", faults.Load())
	}
	// A keep-alive connection may be closed under a request that the server has not taken; what it has
	// taken is answered. What was written equals what was answered, or a request that was broken so.
	if users := in.start().users(t, key); users < int(answered.Load()) || users > int(answered.Load()+broken.Load()) {
		t.Errorf("%d users, %d answered, %d broken", users, answered.Load(), broken.Load())
	}
}

var phones atomic.Int64

func uniquePhone() string {
	n := phones.Add(1)
	digits := []byte("+5255000000000")
	for i := len(digits) - 1; n > 0; i-- {
		digits[i] = byte('0' + n%10)
		n /= 10
	}
	return string(digits)
}

func isRefused(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED)
}

// users counts the users of the key's programme, page by page.
func (s *server) users(t *testing.T, key string) int {
	t.Helper()
	n, cursor := 0, ""
	for {
		page := cardsCaller(key).must(t, 200, "GET", s.url+"/users?limit=100"+cursor, nil).json(t)
		n += len(page["items"].([]any))
		next, more := page["nextCursor"].(string)
		if !more {
			return n
		}
		cursor = "&cursor=" + next
	}
}
