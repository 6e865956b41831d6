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

// visit is all that the hall keeps of one request, in one piece. It is the context of the request too: the
// deadline, and the record of whom to tell of it.
type visit struct {
	deadline
	record Record
	writer responseWriter
	body   body
	door   *mounted // nil: the address belongs to nobody
	match  Match
	inside bool      // it has a place in flight
	id     [1]string // the header that tells the id
}

// Value finds the record of the request.
func (v *visit) Value(key any) any {
	if key == (recordKey{}) {
		return &v.record
	}
	return v.deadline.Value(key)
}

// serve takes one request through the hall. The order of the steps: health pages; the door and the route, which
// has the deadline; the id; a place among the requests in flight; the door's own checks and handler; the door's
// words for an error; the record.
func (s *Server) serve(raw http.ResponseWriter, r *http.Request) {
	if s.health.answers(raw, r) {
		return
	}
	started := s.now()
	v := &visit{writer: responseWriter{ResponseWriter: raw}, record: Record{Door: unmatched, Route: unmatched}}
	v.record.cameFrom(r, s.trusted)
	defer s.leave(v) // its place is given up last: a server that stops waits for the record too
	raw.Header()["Cache-Control"] = noStore

	lost := contain(func() error { v.door, v.match = s.find(r); return nil })
	v.request, v.timeout, v.started, v.now = r.Context(), s.timeout(v.match.Route), started, s.now
	defer v.end()
	r = r.WithContext(v)

	broken := s.answer(v, r, lost)

	ended := s.now()
	s.metrics.observe(&v.record, v.writer.Status(), ended.Sub(started))
	v.record.write(s.log, r, &v.writer, started, ended)
	if broken {
		panic(http.ErrAbortHandler) // an answer cut in the middle must look cut to the caller
	}
}

// noStore is the value of a header. Every answer has it, so it is made once.
var noStore = []string{"no-store"}

// find looks up who serves the request.
func (s *Server) find(r *http.Request) (*mounted, Match) {
	for _, d := range s.doors {
		if d.Owns(r) {
			return d, d.router.Match(r.Method, r.URL.EscapedPath())
		}
	}
	return nil, Match{}
}

// timeout is how long an answer on the route may take.
func (s *Server) timeout(route *Route) time.Duration {
	if route != nil && route.Timeout > 0 {
		return route.Timeout
	}
	return s.requestTimeout
}

// answer gets the request answered, or tells why it is lost. broken reports that an error came after the answer had
// begun.
func (s *Server) answer(v *visit, r *http.Request, lost error) (broken bool) {
	err := lost
	if err == nil {
		err = contain(func() error { return s.pass(v, r) })
	}
	if err == nil {
		return false
	}
	err = classify(v, err)
	w := &v.writer
	v.record.note(err)
	if w.begun() {
		return true
	}
	if v.door == nil {
		plainError(w, http.StatusInternalServerError)
		return false
	}
	if failed := contain(func() error { v.door.WriteError(w, r, err); return nil }); failed != nil {
		v.record.note(failed)
		if w.begun() {
			return true
		}
		plainError(w, http.StatusInternalServerError)
	}
	return false
}

// pass gives the request its id and a place in flight, and hands it to the door.
func (s *Server) pass(v *visit, r *http.Request) error {
	id, err := s.ids.of(r)
	if err != nil {
		return fault.Wrap(err, "name the request")
	}
	v.record.RequestID, v.id[0] = id, id
	v.writer.Header()[requestIDHeader] = v.id[:]
	if v.door == nil {
		v.record.Reason = RouteNotFound
		plainError(&v.writer, http.StatusNotFound)
		return nil
	}
	v.record.Door = v.door.name
	select {
	case s.slots <- struct{}{}:
	default:
		return &fault.Error{Reason: Overloaded, RetryAfter: retrySoon}
	}
	s.metrics.inFlight.Inc()
	v.inside = true
	return s.enter(v, r)
}

// leave gives up the place in flight.
func (s *Server) leave(v *visit) {
	if v.inside {
		s.metrics.inFlight.Dec()
		<-s.slots
	}
}

// enter sets the limits of the route, and lets the door serve.
func (s *Server) enter(v *visit, r *http.Request) error {
	limit := int64(0)
	if route := v.match.Route; route != nil {
		v.record.Route, v.record.Params = route.Name, v.match.Params
		limit = route.MaxBody
	}
	v.body.begin = func() { setReadDeadline(v, &v.writer) }
	if v.timeout != s.requestTimeout { // the others have the one that every connection begins a request with
		setWriteDeadline(v, &v.writer)
	}
	v.body.bound(v.writer.ResponseWriter, r, limit)
	return v.door.Serve(&v.writer, r, v.match)
}

// setReadDeadline ends the wait for a body that trickles in, with the time of the request. A writer that is no connection has
// no deadlines.
func setReadDeadline(ctx context.Context, w *responseWriter) {
	deadline, _ := ctx.Deadline()
	_ = http.NewResponseController(w.ResponseWriter).SetReadDeadline(deadline.Add(readGrace))
}

// setWriteDeadline ends the wait for a caller to whom the answer trickles out.
func setWriteDeadline(ctx context.Context, w *responseWriter) {
	deadline, _ := ctx.Deadline()
	_ = http.NewResponseController(w.ResponseWriter).SetWriteDeadline(deadline.Add(writeGrace))
}

// classify tells a fault that came from the end of the request's time from any other. Refusals and
// panics stay what they are.
func classify(ctx context.Context, err error) error {
	if fault.IsRefusal(err) || ctx.Err() == nil {
		return err
	}
	if p := new(panicError); errors.As(err, &p) {
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
