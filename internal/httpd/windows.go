package httpd

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/firsttap/firsttap/internal/fault"
)

// Limit is one rolling window: at most Requests in any span of Per.
type Limit struct {
	Requests int
	Per      time.Duration
}

// Limits are the windows of one tier, as in 20 a second, 600 a minute, 500,000 a day. None at all means
// unlimited.
type Limits []Limit

// LimitsOf gives the windows of a second, a minute and a day that limit anything; 0 limits nothing.
func LimitsOf(second, minute, day int) Limits {
	var out Limits
	for _, l := range []Limit{{second, time.Second}, {minute, time.Minute}, {day, 24 * time.Hour}} {
		if l.Requests > 0 {
			out = append(out, l)
		}
	}
	return out
}

// Policy is the text of the header RateLimit-Policy: `20;w=1, 600;w=60, 500000;w=86400`.
func (ls Limits) Policy() string {
	text := make([]byte, 0, 64) // stays on the stack
	for i, l := range ls {
		if i > 0 {
			text = append(text, ", "...)
		}
		text = strconv.AppendInt(text, int64(l.Requests), 10)
		text = append(text, ";w="...)
		text = strconv.AppendInt(text, int64(l.Per/time.Second), 10)
	}
	return string(text)
}

// Report says how a caller stands after a request. It describes the window with the fewest requests
// left; of several, the one that frees last.
type Report struct {
	Unlimited bool          // there are no windows, and the rest is zero
	Limit     int           // of that window
	Remaining int           // requests left in it now
	Reset     time.Time     // when that window next has one place more, or any for a caller that was refused
	Wait      time.Duration // for a refused request: until no window is full; else 0
	Policy    string        // of the limits, see [Limits.Policy]
}

// ResetUnix is Reset in Unix seconds, rounded up so that it is never early.
func (rep Report) ResetUnix() int64 {
	return rep.Reset.Add(time.Second - time.Nanosecond).Unix()
}

// Refusal is the error of a request that was not admitted.
func (rep Report) Refusal() error {
	return &fault.Error{Reason: RateLimited, RetryAfter: rep.Wait}
}

// Windows counts requests of each programme and tier in rolling windows. A request is admitted when no
// window is full; one that is refused does not count. No window ever admits more than its limit in any
// span of its length; a place frees up to 1/240 of the span late (see slotsPerWindow).
//
// Memory: an entry lives until its longest window is empty, and holds at most 241 small numbers for
// each window. Keys are programmes times tiers, so callers cannot invent them.
//
// Counts are those of this process. With several behind one balancer, each admits its own share.
type Windows struct {
	now     func() time.Time
	entries *shards[windowKey, windowSet]
}

type windowKey struct{ program, tier string }

type windowSet struct {
	windows []window
	limits  Limits // that policy tells
	policy  string
}

// NewWindows builds an empty set. now is real time, also for sandbox programmes.
func NewWindows(now func() time.Time) *Windows {
	return &Windows{now: now, entries: newShards[windowKey](0, time.Minute, (*windowSet).empty)}
}

func (ws *windowSet) empty(now time.Time) bool {
	for i := range ws.windows {
		ws.windows[i].forget(now)
		if ws.windows[i].total > 0 {
			return false
		}
	}
	return true
}

// Pass counts a request as [Windows.Admit] does, tells the headers RateLimit-* how the caller stands, and refuses when
// there was no room.
func (w *Windows) Pass(h http.Header, program, tier string, limits Limits) error {
	report, admitted := w.Admit(program, tier, limits)
	if !report.Unlimited { // every request passes here: the names are written as a header keeps them
		values := []string{strconv.Itoa(report.Limit), strconv.Itoa(report.Remaining), strconv.FormatInt(report.ResetUnix(), 10), report.Policy}
		h["Ratelimit-Limit"], h["Ratelimit-Remaining"] = values[0:1:1], values[1:2:2]
		h["Ratelimit-Reset"], h["Ratelimit-Policy"] = values[2:3:3], values[3:4:4]
	}
	if !admitted {
		return report.Refusal()
	}
	return nil
}

// Admit counts a request of the programme in the tier, unless a window is full. The limits come with
// each call, because they are settings of the programme and may change at any time.
func (w *Windows) Admit(program, tier string, limits Limits) (Report, bool) {
	if len(limits) == 0 {
		return Report{Unlimited: true}, true
	}
	var rep Report
	admitted := false
	now := w.now()
	w.entries.with(windowKey{program, tier}, now, true, func(ws *windowSet) {
		ws.fit(limits)
		rep, admitted = ws.admit(now, limits)
		rep.Policy = ws.policy
	})
	return rep, admitted
}

// fit gives the set the spans of the limits. A span that stays keeps its count.
func (ws *windowSet) fit(limits Limits) {
	if slices.Equal(ws.limits, limits) {
		return
	}
	ws.limits, ws.policy = limits, limits.Policy()
	same := len(ws.windows) == len(limits)
	for i := 0; same && i < len(limits); i++ {
		same = ws.windows[i].span == limits[i].Per
	}
	if same {
		return
	}
	old := ws.windows
	ws.windows = make([]window, len(limits))
	for i, l := range limits {
		ws.windows[i].span = l.Per
		for _, o := range old {
			if o.span == l.Per {
				ws.windows[i] = o
			}
		}
	}
}

func (ws *windowSet) admit(now time.Time, limits Limits) (Report, bool) {
	free := now
	for i := range ws.windows {
		ws.windows[i].forget(now)
		if at := ws.windows[i].frees(now, limits[i].Requests); at.After(free) {
			free = at
		}
	}
	admitted := !free.After(now)
	if admitted {
		for i := range ws.windows {
			ws.windows[i].count(now)
		}
	}
	rep := ws.report(now, limits)
	if !admitted {
		rep.Wait = free.Sub(now)
	}
	return rep, admitted
}

func (ws *windowSet) report(now time.Time, limits Limits) Report {
	var rep Report
	for i := range ws.windows {
		w := &ws.windows[i]
		at := w.oldestLeaves(now)
		left := max(limits[i].Requests-w.total, 0)
		if left == 0 {
			at = w.frees(now, limits[i].Requests)
		}
		if i == 0 || left < rep.Remaining || left == rep.Remaining && at.After(rep.Reset) {
			rep = Report{Limit: limits[i].Requests, Remaining: left, Reset: at}
		}
	}
	return rep
}
