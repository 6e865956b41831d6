package httpd

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

const (
	checkTimeout = 2 * time.Second // for one check of readiness
	checkEvery   = time.Second     // readiness is asked again after this; polls in between share the answer
)

// Check is one condition of readiness: the store answers, the keys are open. Name is shown to anybody;
// the error goes to the log only.
type Check struct {
	Name string
	Run  func(ctx context.Context) error
}

// health answers /healthz (the process serves) and /readyz (it can do its work). Both are open to
// everybody and therefore say nothing but names and "ok"; readiness is asked at most once a second,
// however often it is polled.
type health struct {
	now    func() time.Time
	log    *slog.Logger
	checks []Check

	mu       sync.Mutex // held while checks run: others wait for the same answer
	draining bool
	asked    time.Time
	last     readiness
}

type readiness struct {
	Status string        `json:"status"` // ready, not_ready, draining
	Checks []checkResult `json:"checks"`
}

type checkResult struct {
	Name   string `json:"name"`
	Status string `json:"status"` // ok, failed
}

func newHealth(now func() time.Time, log *slog.Logger, checks []Check) *health {
	return &health{now: now, log: log, checks: checks}
}

// drain makes readiness fail from now on.
func (h *health) drain() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.draining = true
}

// answers serves the request if it asks for health.
func (h *health) answers(w http.ResponseWriter, r *http.Request) bool {
	var status int
	var body any
	switch r.URL.Path {
	case "/healthz":
		status, body = http.StatusOK, map[string]string{"status": "ok"}
	case "/readyz":
		ready := h.ready(r.Context())
		status, body = http.StatusOK, ready
		if ready.Status != "ready" {
			status = http.StatusServiceUnavailable
			w.Header().Set("Retry-After", "1")
		}
	default:
		return false
	}
	w.Header().Set("Cache-Control", "no-store")
	if r.Method != http.MethodGet {
		w.Header().Del("Retry-After")
		w.Header().Set("Allow", http.MethodGet)
		plainError(w, http.StatusMethodNotAllowed)
		return true
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
	return true
}

// ready runs the checks, or gives the answer of less than a second ago.
func (h *health) ready(ctx context.Context) readiness {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.now()
	if h.last.Status == "" || now.Sub(h.asked) >= checkEvery {
		// A caller that leaves must not make the next one believe that a check failed.
		h.last = h.ask(context.WithoutCancel(ctx))
		h.asked = now
	}
	answer := h.last
	if h.draining {
		answer.Status = "draining"
	}
	return answer
}

// ask runs all checks side by side, and logs the failures.
func (h *health) ask(ctx context.Context) readiness {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	failures := make([]error, len(h.checks))
	var wg sync.WaitGroup
	for i, c := range h.checks {
		wg.Go(func() { failures[i] = contain(func() error { return c.Run(ctx) }) })
	}
	wg.Wait()
	answer := readiness{Status: "ready", Checks: make([]checkResult, len(h.checks))}
	for i, c := range h.checks {
		answer.Checks[i] = checkResult{Name: c.Name, Status: "ok"}
		if failures[i] != nil {
			answer.Status, answer.Checks[i].Status = "not_ready", "failed"
			h.log.WarnContext(ctx, "readiness check failed", "check", c.Name, keyCause, failures[i].Error())
		}
	}
	return answer
}
