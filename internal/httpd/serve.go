package httpd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"runtime"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/fault"
)

const (
	retrySoon  = time.Second            // what a caller is told to wait when something passing is in the way
	readGrace  = 250 * time.Millisecond // a body still arriving this long after the deadline is cut off
	writeGrace = 10 * time.Second       // to send the answer after the deadline, to a slow caller
)

// errStopped is the cause of a request's end when the drain time-out has passed.
var errStopped = errors.New("the server stopped before the request was answered")

// Handler is the whole hall as one http.Handler, for tests that need no listener.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.serve) }

// serve takes one request through the hall. The order of the steps: health pages; record and id; the
// door; a place among the requests in flight; the route with its deadline and body limit; the door's
// own checks and handler; the door's words for an error; the record.
func (s *Server) serve(raw http.ResponseWriter, r *http.Request) {
	if s.health.answers(raw, r) {
		return
	}
	started := s.now()
	rec := &Record{Door: unmatched, Route: unmatched, HTTPS: OuterHTTPS(r, s.trusted)}
	rec.Peer, _ = peerAddr(r)
	if addr, ok := ClientIP(r, s.trusted); ok {
		rec.Address = addr
	}
	defer func() { // its place is given up last: a server that stops waits for the record too
		if rec.leave != nil {
			rec.leave()
		}
	}()
	r = r.WithContext(WithRecord(r.Context(), rec))
	w := &responseWriter{ResponseWriter: raw}
	w.Header().Set("Cache-Control", "no-store")

	broken := s.answer(w, r, rec)

	took := s.now().Sub(started)
	s.metrics.observe(rec, w.Status(), took)
	rec.write(s.log, r, w, took)
	if broken {
		panic(http.ErrAbortHandler) // an answer cut in the middle must look cut to the caller
	}
}

// answer gets the request answered. broken reports that an error came after the answer had begun.
func (s *Server) answer(w *responseWriter, r *http.Request, rec *Record) (broken bool) {
	var door *mounted
	err := contain(func() error {
		door = s.doorOf(r)
		return s.pass(w, r, rec, door)
	})
	if err == nil {
		return false
	}
	err = classify(r.Context(), err)
	rec.note(err)
	if w.begun() {
		return true
	}
	if door == nil {
		plainError(w, http.StatusInternalServerError)
		return false
	}
	if failed := contain(func() error { door.WriteError(w, r, err); return nil }); failed != nil {
		rec.note(failed)
		if w.begun() {
			return true
		}
		plainError(w, http.StatusInternalServerError)
	}
	return false
}

// pass gives the request its id and a place in flight, and hands it to the door.
func (s *Server) pass(w *responseWriter, r *http.Request, rec *Record, door *mounted) error {
	id, err := s.ids.of(r)
	if err != nil {
		return fault.Wrap(err, "name the request")
	}
	rec.RequestID = id
	w.Header().Set(requestIDHeader, id)
	if door == nil {
		rec.Reason = RouteNotFound
		plainError(w, http.StatusNotFound)
		return nil
	}
	rec.Door = door.name
	select {
	case s.slots <- struct{}{}:
	default:
		return &fault.Error{Reason: Overloaded, RetryAfter: retrySoon}
	}
	s.metrics.inFlight.Inc()
	rec.leave = func() { s.metrics.inFlight.Dec(); <-s.slots }
	return s.enter(w, r, rec, door)
}

// enter finds the route, sets its limits, and lets the door serve.
func (s *Server) enter(w *responseWriter, r *http.Request, rec *Record, door *mounted) error {
	m := door.router.Match(r.Method, r.URL.EscapedPath())
	timeout, limit := s.requestTimeout, int64(0)
	if m.Route != nil {
		rec.Route = m.Route.Name
		limit = m.Route.MaxBody
		if m.Route.Timeout > 0 {
			timeout = m.Route.Timeout
		}
		for _, p := range m.Params {
			r.SetPathValue(p.Name, p.Value)
		}
	}
	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	defer cancel()
	setConnDeadlines(ctx, w)
	r = r.WithContext(ctx)
	boundBody(w.ResponseWriter, r, limit)
	if err := door.Serve(w, r, m); err != nil {
		return classify(ctx, err)
	}
	return nil
}

// setConnDeadlines gives the connection the deadline of the request, so that a body that trickles in
// or an answer that trickles out ends too. A writer that is no connection has no deadlines.
func setConnDeadlines(ctx context.Context, w *responseWriter) {
	deadline, _ := ctx.Deadline()
	rc := http.NewResponseController(w)
	_ = rc.SetReadDeadline(deadline.Add(readGrace))
	_ = rc.SetWriteDeadline(deadline.Add(writeGrace))
}

// classify tells a fault that came from the end of the request's time from any other. Refusals and
// panics stay what they are.
func classify(ctx context.Context, err error) error {
	var p *panicError
	if ctx.Err() == nil || fault.IsRefusal(err) || errors.As(err, &p) {
		return err
	}
	if errors.Is(err, DeadlinePassed) || errors.Is(err, ClientGone) || errors.Is(err, Overloaded) {
		return err
	}
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, errStopped):
		return fault.NotNow(errStopped, "answer the request", retrySoon)
	case errors.Is(cause, context.DeadlineExceeded):
		return &fault.Error{Reason: DeadlinePassed, RetryAfter: retrySoon, Cause: err}
	default:
		return &fault.Error{Reason: ClientGone, RetryAfter: retrySoon, Cause: err}
	}
}

func (s *Server) doorOf(r *http.Request) *mounted {
	for _, d := range s.doors {
		if d.Owns(r) {
			return d
		}
	}
	return nil
}

// plainError answers where no door can: an address that belongs to nobody, or a renderer that failed.
func plainError(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, strings.ToLower(http.StatusText(status))+"\n")
}

// panicError says what panicked and where, without the text of the panic: a string or an error that
// was thrown may hold anything, a PIN too. Errors of the Go runtime hold types and indexes only.
type panicError struct {
	what  string
	where string
}

func (e *panicError) Error() string { return "panic of " + e.what + " in " + e.where }

// contain runs f and gives a panic as an internal fault.
func contain(f func() error) (err error) {
	defer func() {
		thrown := recover()
		if thrown == nil {
			return
		}
		p := &panicError{what: fmt.Sprintf("%T", thrown), where: panicSite()}
		if re, ok := thrown.(runtime.Error); ok {
			p.what = re.Error()
		}
		err = &fault.Error{Reason: fault.ReasonInternal, Cause: p}
	}()
	return f()
}

// panicSite names the functions between the panic and the hall, innermost first, without arguments.
func panicSite() string {
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(4, pcs)])
	var sites []string
	for len(sites) < 12 {
		f, more := frames.Next()
		if strings.HasSuffix(f.Function, "httpd.contain") {
			break
		}
		if !strings.HasPrefix(f.Function, "runtime.") {
			sites = append(sites, fmt.Sprintf("%s:%d", path.Base(f.Function), f.Line))
		}
		if !more {
			break
		}
	}
	return strings.Join(sites, " < ")
}
