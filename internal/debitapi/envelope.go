package debitapi

import (
	"context"
	"errors"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// The two forms of a time (debit contract §4.1). Decimals are cut and never trimmed.
const (
	formS = "2006-01-02T15:04:05.000Z"
	formE = "2006-01-02T15:04:05.000000000-07:00"
)

// payload writes the members of a payload, between the brackets.
type payload func(w *wirejson.Writer)

// noPayload is the payload of an answer that tells nothing more.
func noPayload(*wirejson.Writer) {}

// success is envelope A of a 200, in form S: time in UTC, endpoint without its leading slash.
func success(path string, at time.Time, p payload) []byte {
	return successWith(path, at, func(w *wirejson.Writer) { w.BeginObject(); w.EndObject() }, p)
}

// successWith is success with another value of "error".
func successWith(path string, at time.Time, none func(*wirejson.Writer), p payload) []byte {
	w := wirejson.NewWriter(nil)
	w.BeginObject()
	w.Key("text").String("Success")
	w.Key("timestamp").String(stampS(at))
	w.Key("endpoint").String(strings.TrimPrefix(path, "/"))
	w.Key("error")
	none(w)
	w.Key("payload").BeginObject()
	p(w)
	w.EndObject()
	w.EndObject()
	return w.Bytes()
}

// lineSuccess is a success in form E.
func lineSuccess(path string, at time.Time, p payload) []byte {
	w := wirejson.NewWriter(nil)
	w.BeginObject()
	w.Key("text").String("Success")
	w.Key("timestamp").String(at.Format(formE))
	w.Key("endpoint").String(path)
	w.Key("error").BeginObject()
	w.EndObject()
	w.Key("payload").BeginObject()
	p(w)
	w.EndObject()
	w.EndObject()
	return w.Bytes()
}

// stampS prints a time in form S. Format cuts, as the contract wants.
func stampS(at time.Time) string { return at.UTC().Format(formS) }

// failure is envelope A of an error, in form E: time in the programme's zone, endpoint with its slash.
func failure(path string, at time.Time, code int, text string, hints []string) []byte {
	w := wirejson.NewWriter(nil)
	w.BeginObject()
	w.Key("text").String("Error")
	w.Key("timestamp").String(at.Format(formE))
	w.Key("endpoint").String(path)
	w.Key("error")
	writeProblem(w, code, text, hints)
	w.Key("payload").BeginObject()
	w.EndObject()
	w.EndObject()
	return w.Bytes()
}

// writeProblem writes the object of an error, which is the same in every envelope.
func writeProblem(w *wirejson.Writer, code int, text string, hints []string) {
	w.BeginObject()
	w.Key("code").Int(int64(code))
	if text != "" {
		w.Key("text").String(text)
	}
	w.Key("hints").BeginArray()
	for _, h := range hints {
		w.String(h)
	}
	w.EndArray()
	w.EndObject()
}

// mostHints is how many hints an answer has; what is beyond is told by one word.
const mostHints = 20

func bounded(hints []string) []string {
	if len(hints) <= mostHints {
		return hints
	}
	return append(slices.Clone(hints[:mostHints]), "more")
}

// mostPath is how much of an unknown path is given back.
const mostPath = 256

// WriteError implements [httpd.Door].
func (d *Door) WriteError(w http.ResponseWriter, r *http.Request, err error) {
	e := fault.Of(err)
	var placed *placedError
	var path string
	var at time.Time
	var shape envelope
	if errors.As(err, &placed) {
		path, at, shape = placed.at.path, placed.at.errorTime(), placed.at.endpoint.envelope
	} else {
		path, at = d.pathOf(r), d.o.Now().In(program.DefaultPolicy(program.Live).Debit.TimeZone)
	}
	a := d.answerOf(e)
	if _, ours := err.(*placedError); !ours && e.Reason == fault.ReasonUnavailable { //nolint:errorlint // who made it counts
		a = busy() // the hall, not the store: starting, stopping
	}
	hints := append([]string{a.sentence}, a.hints(e)...)
	if a.status >= http.StatusInternalServerError && !fault.IsRefusal(e) {
		hints = append(hints, "request:"+httpd.RecordOf(r.Context()).RequestID)
	}
	header := w.Header()
	if e.RetryAfter > 0 || a.status == http.StatusServiceUnavailable {
		header.Set("Retry-After", strconv.FormatInt(max(1, seconds(e.RetryAfter)), 10))
	}
	switch a.status {
	case http.StatusUnauthorized:
		header.Set("WWW-Authenticate", `Bearer realm="debit"`)
	case http.StatusMethodNotAllowed:
		if allowed, ok := e.Detail.(httpd.Allowed); ok {
			header.Set("Allow", strings.Join(allowed.Methods, ", "))
		}
	}
	writeJSON(w, a.status, shape.failure(path, at, a.code, a.text, bounded(hints)))
}

// seconds rounds up: who comes back when told to must not come too early.
func seconds(d time.Duration) int64 { return int64(math.Ceil(d.Seconds())) }

// errorTime is the time of an error on the programme's clock. Before the programme is known, and when its
// clock cannot be asked, it is real time in the zone that is known.
func (c *call) errorTime() time.Time {
	if c.id.Program.ID.IsZero() {
		return c.d.o.Now().In(program.DefaultPolicy(program.Live).Debit.TimeZone)
	}
	zone := c.id.Program.Policy.Debit.TimeZone
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.r.Context()), clockTimeout)
	defer cancel()
	at, err := c.now(ctx)
	if err != nil {
		at = c.id.Program.Now(c.d.o.Now())
	}
	return at.In(zone)
}

// clockTimeout is how long an error waits for the programme's clock.
const clockTimeout = time.Second

// hasOwnClock reports whether the programme's time may differ from real time.
func hasOwnClock(p program.Program) bool { return p.Kind == program.Sandbox }

// pathOf is the endpoint of a request that has no call: canonical when the path is known, else as called.
func (d *Door) pathOf(r *http.Request) string {
	called := r.URL.EscapedPath()
	m := d.router.Match(r.Method, called)
	if m.Route == nil && len(m.Allow) > 0 {
		m = d.router.Match(m.Allow[0], called)
	}
	if m.Route == nil {
		return called[:min(len(called), mostPath)]
	}
	return canonical(m.Route.Pattern, m.Params)
}
