package httpd

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// running starts a hall on free ports; stop tells it to end, ended gives what Run returned.
func running(t *testing.T, o Options) (h *hall, stop context.CancelFunc, ended chan error) {
	t.Helper()
	o.Address, o.AdminAddress = "127.0.0.1:0", "127.0.0.1:0"
	h = newHall(t, o)
	if h.Addr() != "" {
		t.Error("an address before there is a listener")
	}
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	if err := h.Listen(ctx); err != nil {
		t.Fatal(err)
	}
	ended = make(chan error, 1)
	go func() { ended <- h.Run(ctx) }()
	return h, stop, ended
}

func fetch(t *testing.T, method, url string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func TestRun_FinishesWhatIsInFlight(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	door := doorWith(t, "cards", "", post("/x", func(w http.ResponseWriter, _ *http.Request) error {
		close(entered)
		<-release
		_, _ = io.WriteString(w, "whole")
		return nil
	}))
	h, stop, ended := running(t, Options{Doors: []Door{door}})
	type answer struct {
		status int
		body   string
	}
	got := make(chan answer, 1)
	go func() {
		status, body := fetch(t, "POST", "http://"+h.Addr()+"/x")
		got <- answer{status, body}
	}()
	<-entered
	if status, _ := fetch(t, "GET", "http://"+h.AdminAddr()+"/readyz"); status != 200 {
		t.Errorf("ready: %d", status)
	}
	if status, body := fetch(t, "GET", "http://"+h.AdminAddr()+"/metrics"); status != 200 || !strings.Contains(body, "firsttap_http_in_flight 1") {
		t.Errorf("metrics: %d %s", status, body)
	}
	if status, _ := fetch(t, "POST", "http://"+h.AdminAddr()+"/x"); status != 404 {
		t.Errorf("a door on the loopback listener: %d", status)
	}
	stop()
	waitFor(t, func() bool { // the listener closes; the loopback one stays and says so
		conn, err := net.Dial("tcp", h.Addr())
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
	if status, body := fetch(t, "GET", "http://"+h.AdminAddr()+"/readyz"); status != 503 || !strings.Contains(body, "draining") {
		t.Errorf("while draining: %d %s", status, body)
	}
	close(release)
	if a := <-got; a != (answer{200, "whole"}) {
		t.Errorf("in flight: %+v", a)
	}
	if err := <-ended; err != nil {
		t.Errorf("run: %v", err)
	}
}

func TestRun_CutsOffAfterTheDrainTimeOut(t *testing.T) {
	t.Parallel()
	entered, returned := make(chan struct{}), make(chan struct{})
	door := doorWith(t, "cards", "", post("/x", func(_ http.ResponseWriter, r *http.Request) error {
		defer close(returned)
		close(entered)
		<-r.Context().Done()
		return r.Context().Err()
	}))
	h, stop, ended := running(t, Options{Doors: []Door{door}, DrainTimeout: time.Millisecond})
	conn, err := net.Dial("tcp", h.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
	<-entered
	stop()
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "cut off") {
		t.Errorf("run: %v", err)
	}
	select {
	case <-returned:
	default:
		t.Error("Run returned before the handler did")
	}
	// The request ended because the server or its connection did: a passing fault either way.
	if reason := h.record(t)["reason"]; reason != "unavailable" && reason != "client_gone" {
		t.Errorf("reason %v", reason)
	}
}

func TestRun_ABodyThatTricklesEndsAtTheDeadline(t *testing.T) {
	t.Parallel()
	route := post("/x", readAll)
	route.Timeout = time.Millisecond
	h, _, _ := running(t, Options{Doors: []Door{doorWith(t, "cards", "", route)}})
	conn, err := net.Dial("tcp", h.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc")
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); resp.StatusCode != 503 || string(body) != "cards deadline_passed" {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
}

func TestRun_LimitsHeaders(t *testing.T) {
	t.Parallel()
	h, _, _ := running(t, Options{Doors: []Door{doorWith(t, "cards", "", post("/x", readAll))}})
	conn, err := net.Dial("tcp", h.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go fmt.Fprintf(conn, "POST /x HTTP/1.1\r\nHost: x\r\nA: %s\r\n\r\n", strings.Repeat("a", 32<<10))
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("32 KiB of headers: %d", resp.StatusCode)
	}
}

func TestListen_RefusesAnAdminListenerForEverybody(t *testing.T) {
	t.Parallel()
	h := newHall(t, Options{Address: "127.0.0.1:0", AdminAddress: "0.0.0.0:0"})
	if err := h.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "not a loopback address") {
		t.Errorf("run: %v", err)
	}
	h = newHall(t, Options{Address: "127.0.0.1:0", CertFile: "none.pem", KeyFile: "none.key"})
	if err := h.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "TLS certificate") {
		t.Errorf("run without a certificate: %v", err)
	}
}

func TestNew_RefusesWhatIsMissing(t *testing.T) {
	t.Parallel()
	if _, err := New(Options{}); err == nil {
		t.Error("no logger, clock, randomness, registry: accepted")
	}
	h := newHall(t, Options{})
	door := doorWith(t, "cards", "")
	o := Options{Doors: []Door{door, door}, Logger: h.Server.log, Now: h.now, Rand: h.ids.rand, Registry: h.registry}
	if _, err := New(o); err == nil {
		t.Error("two doors of one name: accepted")
	}
	o.Doors = nil
	if _, err := New(o); err == nil {
		t.Error("one registry for two servers: accepted")
	}
}

func waitFor(t *testing.T, met func() bool) {
	t.Helper()
	for !met() {
		if t.Context().Err() != nil {
			t.Fatal("never came true")
		}
	}
}

// TestServe_AnswersNothingInPlaceOfADoor: net/http itself would answer "OPTIONS *" with 200.
func TestServe_AnswersNothingInPlaceOfADoor(t *testing.T) {
	t.Parallel()
	h, _, _ := running(t, Options{Doors: []Door{doorWith(t, "cards", "", post("/x", readAll))}})
	conn, err := net.Dial("tcp", h.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "OPTIONS * HTTP/1.1\r\nHost: cards.example.com\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(all), "HTTP/1.1 404 ") {
		t.Errorf("%v %s", err, all)
	}
}
