package httpd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/firsttap/firsttap/internal/fault"
)

// testDoor is a door as small as one can be: it answers errors with their reason in clear.
type testDoor struct {
	name   string
	under  string // prefix that it owns; "" for everything
	router *Router
	render func(w http.ResponseWriter, r *http.Request, err error) // nil for the usual one
}

func (d *testDoor) Name() string    { return d.name }
func (d *testDoor) Router() *Router { return d.router }

func (d *testDoor) Owns(r *http.Request) bool {
	return d.under == "" || PathUnder(FoldCase, r.URL.EscapedPath(), d.under)
}

func (d *testDoor) Serve(w http.ResponseWriter, r *http.Request, m Match) error {
	if err := m.Refusal(); err != nil {
		return err
	}
	if err := DeclaredTooLarge(r, m.Route); err != nil {
		return err
	}
	return m.Route.Handler(w, r)
}

func (d *testDoor) WriteError(w http.ResponseWriter, r *http.Request, err error) {
	if d.render != nil {
		d.render(w, r, err)
		return
	}
	e := fault.Of(err)
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", fmt.Sprint(int(e.RetryAfter.Seconds())))
	}
	status := map[fault.Kind]int{fault.Internal: 500, fault.Unavailable: 503, fault.NotFound: 404}[e.Reason.Kind()]
	if status == 0 {
		status = 400
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, d.name+" "+e.Reason.Name())
}

// hall is a server under test with what it wrote.
type hall struct {
	*Server
	log      *syncBuffer
	registry *prometheus.Registry
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func newHall(t testing.TB, o Options) *hall {
	t.Helper()
	h := &hall{log: &syncBuffer{}, registry: prometheus.NewRegistry()}
	o.Logger = slog.New(slog.NewJSONHandler(h.log, nil))
	o.Registry = h.registry
	o.Rand = strings.NewReader(strings.Repeat("0123456789abcdef", 100))
	if o.Now == nil {
		o.Now = newClock().now
	}
	var err error
	if h.Server, err = New(o); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *hall) get(method, target string, body io.Reader, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, body)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.Handler().ServeHTTP(w, r)
	return w
}

// record is the one log record of the last request.
func (h *hall) record(t testing.TB) map[string]any {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(h.log.String()), "\n")
	var rec map[string]any
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &rec); err != nil {
		t.Fatal(err)
	}
	return rec
}

func doorWith(t testing.TB, name, under string, list ...Route) *testDoor {
	return &testDoor{name: name, under: under, router: mustRouter(t, FoldCase, list)}
}

func post(pattern string, h HandlerFunc) Route {
	return Route{Method: "POST", Pattern: pattern, MaxBody: 16, Handler: h}
}

func readAll(w http.ResponseWriter, r *http.Request) error {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	_, _ = w.Write(append([]byte(Param(r, "id")+":"), b...))
	return nil
}

func TestServe_GivesEachRequestToItsDoor(t *testing.T) {
	t.Parallel()
	h := newHall(t, Options{Doors: []Door{
		doorWith(t, "debit", "/debit/v1", post("/debit/v1/stop", readAll)),
		doorWith(t, "cards", "", post("/cards/{id}", readAll)),
	}})
	for _, c := range []struct {
		target, want string
		status       int
	}{
		{"/cards/7/", "7:hello", 200},
		{"/cards/a%2Fb", "a/b:hello", 200},
		{"/DEBIT/v1/Stop", ":hello", 200},
		{"/debit/v1/none", "debit route_not_found", 404},
		{"/cards", "cards route_not_found", 404},
		{"//cards/7", "cards route_not_found", 404},
		{"/cards/../cards/7", "cards route_not_found", 404},
	} {
		w := h.get("POST", c.target, strings.NewReader("hello"))
		if w.Code != c.status || w.Body.String() != c.want {
			t.Errorf("%s: %d %q, want %d %q", c.target, w.Code, w.Body, c.status, c.want)
		}
		if w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("X-Request-Id") == "" || w.Header().Get("Location") != "" {
			t.Errorf("%s: headers %v", c.target, w.Header())
		}
	}
	alone := newHall(t, Options{Doors: []Door{doorWith(t, "debit", "/debit/v1")}})
	if w := alone.get("GET", "/cards", nil); w.Code != 404 || alone.record(t)["door"] != "none" {
		t.Errorf("no door: %d", w.Code)
	}
}

func TestServe_KeepsOrMintsTheRequestID(t *testing.T) {
	t.Parallel()
	h := newHall(t, Options{Doors: []Door{doorWith(t, "cards", "", post("/x", readAll))}})
	const minted = "30313233343536373839616263646566"
	for sent, want := range map[string]string{
		"abc-1.2_Z": "abc-1.2_Z", "": minted, "a b": minted, "a\nb": minted, strings.Repeat("a", 64): strings.Repeat("a", 64),
		strings.Repeat("a", 65): minted, "ñ": minted,
	} {
		w := h.get("POST", "/x", nil, "X-Request-Id", sent)
		if got := w.Header().Get("X-Request-Id"); got != want || h.record(t)["request_id"] != want {
			t.Errorf("sent %q: got %q, want %q", sent, got, want)
		}
	}
	if w := h.get("POST", "/x", nil, "X-Request-Id", "a", "X-Request-Id", "b"); w.Header().Get("X-Request-Id") != minted {
		t.Error("one of two ids was believed")
	}
	h.ids.rand = strings.NewReader("")
	if w := h.get("POST", "/x", nil); w.Code != 500 {
		t.Errorf("without randomness: %d, want 500", w.Code)
	}
}

func TestServe_BoundsTheBody(t *testing.T) {
	t.Parallel()
	noBody := Route{Method: "GET", Pattern: "/x", Handler: readAll}
	h := newHall(t, Options{Doors: []Door{doorWith(t, "cards", "", post("/x", readAll), noBody)}})
	sixteen, seventeen := strings.Repeat("a", 16), strings.Repeat("a", 17)
	unannounced := func(s string) io.Reader { return struct{ io.Reader }{strings.NewReader(s)} }
	for name, c := range map[string]struct {
		method string
		body   io.Reader
		want   string
	}{
		"a body of the limit":                     {"POST", strings.NewReader(sixteen), ":" + sixteen},
		"one byte more, announced":                {"POST", strings.NewReader(seventeen), "cards body_too_large"},
		"one byte more, unannounced":              {"POST", unannounced(seventeen), "cards body_too_large"},
		"a body that breaks off":                  {"POST", io.MultiReader(strings.NewReader("abc"), brokenReader{}), "cards body_interrupted"},
		"a body where none is taken":              {"GET", strings.NewReader(seventeen), ":"},
		"a body where none is taken, unannounced": {"GET", unannounced(seventeen), ":"},
	} {
		if w := h.get(c.method, "/x", c.body); w.Body.String() != c.want {
			t.Errorf("%s: %d %q, want %q", name, w.Code, w.Body, c.want)
		}
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestServe_WritesOneRecordWithoutSecrets(t *testing.T) {
	t.Parallel()
	door := doorWith(t, "cards", "", post("/cards/{id}", func(_ http.ResponseWriter, r *http.Request) error {
		rec := RecordOf(r.Context())
		rec.Program, rec.Credential = "prog_1", "key_1"
		return fault.Wrap(errors.New("disk\nfull"), "write")
	}))
	h := newHall(t, Options{Doors: []Door{door}, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}})
	h.get("POST", "/cards/canary-path?q=canary-query", strings.NewReader("canary-body"),
		"Authorization", "canary-header", "X-Forwarded-For", "198.51.100.7")
	log := h.log.String()
	if strings.Contains(log, "canary") || strings.Count(log, "\n") != 1 {
		t.Fatalf("log: %s", log)
	}
	rec := h.record(t)
	for key, want := range map[string]any{
		"msg": "request", "level": "ERROR", "door": "cards", "route": "POST /cards/{id}", "method": "POST", "status": 500.0,
		"program": "prog_1", "credential": "key_1", "remote_ip": "198.51.100.7", "reason": "internal",
		"cause": "write: disk\nfull", "bytes_out": 14.0, "duration_us": 0.0, "request_id": "30313233343536373839616263646566",
	} {
		if rec[key] != want {
			t.Errorf("%s = %v, want %v", key, rec[key], want)
		}
	}
	if len(rec) != 15 { // these and the time
		t.Errorf("other attributes in %v", rec)
	}
}

func TestServe_AnswersAPanicAndHidesItsText(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		thrown any
		cause  string
	}{
		"a text":          {"canary 123456", "panic of string in "},
		"an error":        {errors.New("canary"), "panic of *errors.errorString in "},
		"a runtime error": {nil, "panic of runtime error: index out of range [3] with length 0 in "},
	} {
		door := doorWith(t, "cards", "", post("/x", func(_ http.ResponseWriter, r *http.Request) error {
			if c.thrown == nil {
				none := make([]int, 0)
				_ = none[len(r.URL.Path)+1]
			}
			panic(c.thrown)
		}))
		h := newHall(t, Options{Doors: []Door{door}})
		w := h.get("POST", "/x", nil)
		if w.Code != 500 || w.Body.String() != "cards internal" {
			t.Errorf("%s: %d %q", name, w.Code, w.Body)
		}
		cause, _ := h.record(t)["cause"].(string)
		if !strings.HasPrefix(cause, c.cause) || !strings.Contains(cause, "TestServe_AnswersAPanic") || strings.Contains(h.log.String(), "canary") {
			t.Errorf("%s: cause %q", name, cause)
		}
		if len(h.slots) != 0 {
			t.Errorf("%s: the place in flight was not given back", name)
		}
	}
}

func TestServe_SurvivesADoorThatCannotRender(t *testing.T) {
	t.Parallel()
	door := doorWith(t, "cards", "", post("/x", func(http.ResponseWriter, *http.Request) error { return errors.New("x") }))
	door.render = func(http.ResponseWriter, *http.Request, error) { panic("again") }
	w := newHall(t, Options{Doors: []Door{door}}).get("POST", "/x", nil)
	if w.Code != 500 || w.Body.String() != "internal server error\n" {
		t.Fatalf("%d %q", w.Code, w.Body)
	}
}

func TestServe_CutsAnAnswerThatBrokeInTheMiddle(t *testing.T) {
	t.Parallel()
	door := doorWith(t, "cards", "", post("/x", func(w http.ResponseWriter, _ *http.Request) error {
		_, _ = io.WriteString(w, "half")
		return errors.New("no more")
	}))
	h := newHall(t, Options{Doors: []Door{door}})
	srv := httptest.NewServer(h.Handler())
	defer srv.Close()
	resp, err := srv.Client().Post(srv.URL+"/x", "", nil)
	if err == nil {
		_, err = io.ReadAll(resp.Body)
		_ = resp.Body.Close()
	}
	if err == nil {
		t.Fatal("half an answer looked whole")
	}
	if rec := h.record(t); rec["reason"] != "internal" || rec["cause"] != "no more" {
		t.Fatalf("record %v", rec)
	}
}

func TestServe_EndsARequestAtItsDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		wait := func(_ http.ResponseWriter, r *http.Request) error {
			<-r.Context().Done()
			return fault.Wrap(errors.New("interrupted"), "commit")
		}
		slow := Route{Method: "POST", Pattern: "/slow", Timeout: time.Minute, Handler: wait}
		h := newHall(t, Options{Doors: []Door{doorWith(t, "cards", "", post("/x", wait), slow)}, Now: time.Now})
		for path, want := range map[string]time.Duration{"/x": 8 * time.Second, "/slow": time.Minute} {
			began := time.Now()
			w := h.get("POST", path, nil)
			if w.Code != 503 || w.Body.String() != "cards deadline_passed" || w.Header().Get("Retry-After") != "1" {
				t.Errorf("%s: %d %q", path, w.Code, w.Body)
			}
			if took := time.Since(began); took != want || h.record(t)["duration_us"] != float64(want.Microseconds()) {
				t.Errorf("%s took %s, want %s", path, took, want)
			}
		}
	})
}

func TestClassify(t *testing.T) {
	t.Parallel()
	live := t.Context()
	late, cancel := context.WithDeadline(live, time.Unix(0, 0))
	defer cancel()
	gone, leave := context.WithCancel(live)
	leave()
	stopped, stop := context.WithCancelCause(live)
	stop(errStopped)
	broken := fault.Wrap(errors.New("x"), "y")
	for name, c := range map[string]struct {
		ctx  context.Context
		err  error
		want fault.Reason
	}{
		"a fault in time":                 {live, broken, fault.ReasonInternal},
		"a fault after the deadline":      {late, broken, DeadlinePassed},
		"a refusal after the deadline":    {late, fault.Refuse(RouteNotFound), RouteNotFound},
		"a panic after the deadline":      {late, &fault.Error{Cause: &panicError{}}, fault.Reason{}},
		"a fault after the caller left":   {gone, broken, ClientGone},
		"a fault when the server stopped": {stopped, broken, fault.ReasonUnavailable},
		"an overload after the deadline":  {late, &fault.Error{Reason: Overloaded}, Overloaded},
		"a body that came too slowly":     {late, &fault.Error{Reason: DeadlinePassed}, DeadlinePassed},
	} {
		if got := fault.Of(classify(c.ctx, c.err)).Reason; got != c.want {
			t.Errorf("%s: %s, want %s", name, got.Name(), c.want.Name())
		}
	}
}

func TestServe_ACallerThatLeftIsNoErrorOfOurs(t *testing.T) {
	t.Parallel()
	ctx, leave := context.WithCancel(t.Context())
	h := newHall(t, Options{Doors: []Door{doorWith(t, "cards", "", post("/x", func(_ http.ResponseWriter, r *http.Request) error {
		leave()
		return r.Context().Err()
	}))}})
	h.Handler().ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "POST", "/x", nil))
	if rec := h.record(t); rec["level"] != "INFO" || rec["reason"] != "client_gone" {
		t.Fatalf("%v", rec)
	}
	if got := h.scrape(t); !strings.Contains(got, `class="gone"`) {
		t.Fatalf("counted as a failure:\n%s", got)
	}
}

func TestServe_RefusesWhatIsTooMuchAtOnce(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	door := doorWith(t, "cards", "", post("/x", func(http.ResponseWriter, *http.Request) error {
		entered <- struct{}{}
		<-release
		return nil
	}))
	h := newHall(t, Options{Doors: []Door{door}, MaxInFlight: 2})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() { h.get("POST", "/x", nil) })
		<-entered
	}
	if w := h.get("POST", "/x", nil); w.Code != 503 || w.Body.String() != "cards overloaded" || w.Header().Get("Retry-After") != "1" {
		t.Errorf("third at once: %d %q", w.Code, w.Body)
	}
	if w := h.get("GET", "/healthz", nil); w.Code != 200 {
		t.Errorf("health waits for a place: %d", w.Code)
	}
	if got := h.scrape(t); !strings.Contains(got, "firsttap_http_in_flight 2") {
		t.Errorf("in flight:\n%s", got)
	}
	close(release)
	wg.Wait()
	go func() { <-entered }()
	if w := h.get("POST", "/x", nil); w.Code != 200 {
		t.Errorf("after the rush: %d", w.Code)
	}
}

func (h *hall) scrape(t testing.TB) string {
	t.Helper()
	w := httptest.NewRecorder()
	h.adminHandler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}

func TestMetrics_HaveBoundedLabels(t *testing.T) {
	t.Parallel()
	h := newHall(t, Options{Doors: []Door{doorWith(t, "cards", "", post("/cards/{id}", readAll))}})
	for i := range 50 {
		h.get("POST", fmt.Sprint("/cards/", i), nil)
		h.get(fmt.Sprint("METHOD", i), fmt.Sprint("/nowhere/", i), nil)
	}
	got := h.scrape(t)
	for _, want := range []string{
		`firsttap_http_requests_total{class="2xx",door="cards",route="POST /cards/{id}"} 50`,
		`firsttap_http_requests_total{class="4xx",door="cards",route="none"} 50`,
		`firsttap_http_refusals_total{door="cards",reason="route_not_found"} 50`,
		`firsttap_http_request_duration_seconds_count{door="cards"} 100`,
		`firsttap_http_in_flight 0`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing in:\n%s", want, got)
		}
	}
	if n := strings.Count(got, "firsttap_http_requests_total{"); n != 2 {
		t.Errorf("%d series of requests, want 2", n)
	}
}

func TestHealth_SaysWhetherTheChecksPass(t *testing.T) {
	t.Parallel()
	c := newClock()
	var failing error
	asked := 0
	h := newHall(t, Options{Now: c.now, Checks: []Check{
		{Name: "database", Run: func(context.Context) error { asked++; return failing }},
		{Name: "keys", Run: func(context.Context) error { return nil }},
	}})
	expect := func(step string, status int, body string) {
		t.Helper()
		w := h.get("GET", "/readyz", nil)
		if w.Code != status || strings.TrimSpace(w.Body.String()) != body {
			t.Errorf("%s: %d %s, want %d %s", step, w.Code, w.Body, status, body)
		}
	}
	good := `"checks":[{"name":"database","status":"ok"},{"name":"keys","status":"ok"}]}`
	bad := `"checks":[{"name":"database","status":"failed"},{"name":"keys","status":"ok"}]}`
	expect("all well", 200, `{"status":"ready",`+good)
	failing = errors.New("canary driver text")
	expect("asked again at once", 200, `{"status":"ready",`+good)
	if asked != 1 {
		t.Errorf("the check ran %d times", asked)
	}
	c.advance(time.Second)
	expect("a check fails", 503, `{"status":"not_ready",`+bad)
	if !strings.Contains(h.log.String(), "canary driver text") {
		t.Error("the cause is not in the log")
	}
	failing = nil
	c.advance(time.Second)
	expect("well again", 200, `{"status":"ready",`+good)
	h.health.drain()
	expect("draining", 503, `{"status":"draining",`+good)
	if w := h.get("GET", "/healthz", nil); w.Code != 200 || strings.TrimSpace(w.Body.String()) != `{"status":"ok"}` {
		t.Errorf("alive: %d %s", w.Code, w.Body)
	}
	if w := h.get("POST", "/healthz", nil); w.Code != 405 || w.Header().Get("Allow") != "GET" {
		t.Errorf("POST: %d %v", w.Code, w.Header())
	}
}

func TestHealth_APanicOrASlowCheckIsAFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t, Options{Now: time.Now, Checks: []Check{
			{Name: "slow", Run: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }},
			{Name: "broken", Run: func(context.Context) error { panic("x") }},
		}})
		began := time.Now()
		if w := h.get("GET", "/readyz", nil); w.Code != 503 || time.Since(began) != checkTimeout {
			t.Errorf("%d after %s", w.Code, time.Since(began))
		}
	})
}
