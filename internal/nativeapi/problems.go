package nativeapi

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/approval"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/tenancy"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// problemPath is where the page of each problem lies; the type of a problem is its page.
const problemPath = "/problems"

// row is what a reason is in this door: a sentence on what happened, and one on what to do; "" is what helps with all
// reasons of its kind. The status follows from the kind, unless the row has its own.
type row struct {
	detail string
	action string
	status int
}

// ofKind is what all problems of a kind have in common.
var ofKind = map[fault.Kind]struct {
	status    int
	retryable bool
	action    string
}{
	fault.Internal:        {500, true, "Try again, with the same idempotency key. If it stays, tell the operator the request id."},
	fault.Invalid:         {422, false, "Correct the request."},
	fault.Unauthenticated: {401, false, "Send a key of the native API: Authorization: Bearer ftn_…"},
	fault.Forbidden:       {403, false, "Ask the operator whether this may be allowed."},
	fault.NotFound:        {404, false, "Check the id, and that the key belongs to the programme."},
	fault.Conflict:        {409, false, "Look at what is there before you try again."},
	fault.Refused:         {409, false, "Read the resource again: its state does not allow this now."},
	fault.Throttled:       {429, true, "Wait as long as Retry-After says."},
	fault.Unavailable:     {503, true, "Try again after Retry-After, with the same idempotency key."},
}

// problem is a reason in the words of this door.
type problem struct {
	reason    fault.Reason
	status    int
	title     string
	detail    string
	action    string
	retryable bool
}

// retryableNow are reasons that pass by themselves, although others of their kind do not.
var retryableNow = []fault.Reason{issuance.KeyInProgress, httpd.BodyInterrupted}

func problemFor(r fault.Reason) problem {
	kind, line := ofKind[r.Kind()], rows[r]
	p := problem{
		reason: r, status: kind.status, title: titleOf(r), detail: line.detail, action: line.action,
		retryable: kind.retryable || slices.Contains(retryableNow, r),
	}
	if line.status != 0 {
		p.status = line.status
	}
	if p.action == "" {
		p.action = kind.action
	}
	return p
}

// Answers are how this door tells each reason, with what is to be done. It has a row for those that it never meets, too.
func Answers() []httpd.Told {
	all := make([]httpd.Told, 0, len(rows))
	for r := range rows {
		p := problemFor(r)
		all = append(all, httpd.Told{Reason: r, Status: p.status, Code: r.Name(), Detail: p.detail, Action: p.action, Passes: p.retryable})
	}
	return all
}

// titleOf is the name of a reason as words; it is the same in every occurrence.
func titleOf(r fault.Reason) string {
	s := strings.ReplaceAll(strings.TrimPrefix(r.Name(), doorName+"_"), "_", " ")
	return strings.ToUpper(s[:1]) + s[1:]
}

// typeOf is the page of a reason.
func typeOf(r fault.Reason) string { return problemPath + "/" + r.Name() }

// problemOf renders an error. It is pure: the answer that is sent and the one that a key remembers are the same
// bytes. A reason that this door has no row for is a fault of ours.
func problemOf(err error) issuance.Answer {
	e := fault.Of(err)
	if _, known := rows[e.Reason]; !known {
		e = &fault.Error{Reason: fault.ReasonInternal}
	}
	w := wirejson.NewWriter(nil)
	p := problemFor(e.Reason)
	w.BeginObject()
	p.show(w)
	w.Key("context").BeginObject()
	showContext(w, e.Detail)
	w.EndObject()
	w.Key("errors").BeginArray()
	for _, f := range fieldsOf(e) {
		w.BeginObject()
		w.Key("path").String(f.Path)
		w.Key("code").String(f.Code)
		w.Key("message").String(f.Message)
		w.EndObject()
	}
	w.EndArray()
	w.EndObject()
	return issuance.Answer{Status: p.status, Body: w.Bytes()}
}

// show writes the members that every occurrence of a problem shares.
func (p problem) show(w *wirejson.Writer) {
	w.Key("type").String(typeOf(p.reason))
	w.Key("title").String(p.title)
	w.Key("status").Int(int64(p.status))
	w.Key("detail").String(p.detail)
	w.Key("reason").String(p.reason.Name())
	w.Key("retryable").Bool(p.retryable)
	w.Key("action").String(p.action)
}

// showContext writes the facts of one occurrence. Details that have no words here stay inside.
func showContext(w *wirejson.Writer, detail any) {
	switch d := detail.(type) {
	case card.Attempts:
		if d.Show {
			w.Key("tries_left").Int(int64(d.Left))
			w.Key("locked_until")
			showTime(w, d.LockedUntil)
		}
	case card.OperationState:
		w.Key("status").String(string(d.Status))
		w.Key("cause").String(strings.ToLower(d.Cause))
	case approval.Waiting:
		w.Key("approval_id").String(d.ID.String())
		w.Key("status").String(string(d.Status))
	case approval.Status:
		w.Key("status").String(string(d))
	case ident.CardID:
		w.Key("card_id").String(d.String())
	case ident.PlasticID:
		w.Key("plastic_id").String(d.String())
	case tenancy.Version:
		w.Key("version").Int(int64(d))
	case access.Scope:
		w.Key("scope").String(string(d))
	case httpd.BodyLimit:
		w.Key("most_bytes").Int(d.Bytes)
	case string:
		w.Key("cause").String(strings.ToLower(d))
	case int:
		w.Key("most").Int(int64(d))
	default:
		if cause := causeOf(detail); cause != "" {
			w.Key("cause").String(cause)
		}
	}
}

// WriteError renders an error as a problem, with the headers that belong to it.
func (d *Door) WriteError(w http.ResponseWriter, _ *http.Request, err error) {
	e := fault.Of(err)
	answer := problemOf(err)
	h := w.Header()
	if answer.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", "Bearer")
	}
	if allowed, ok := e.Detail.(httpd.Allowed); ok {
		h.Set("Allow", strings.Join(allowed.Methods, ", "))
	}
	wait := e.RetryAfter
	if wait <= 0 && answer.Status == http.StatusServiceUnavailable {
		wait = time.Second
	}
	if wait > 0 {
		h.Set("Retry-After", strconv.FormatInt(max(1, int64((wait+time.Second-1)/time.Second)), 10))
	}
	_ = write(w, answer) // nobody is left to tell
}

// problemRoutes serve the pages of the problems to anybody.
func problemRoutes() []httpd.Route {
	get := func(pattern string, f httpd.HandlerFunc) httpd.Route {
		return httpd.Route{Method: http.MethodGet, Pattern: pattern, Auth: authNobody, Handler: f}
	}
	return []httpd.Route{get(problemPath, listProblems), get(problemPath+"/{reason}", getProblem)}
}

// listProblems gives all problems, by name.
func listProblems(w http.ResponseWriter, _ *http.Request) error {
	all := make([]problem, 0, len(rows))
	for r := range rows {
		all = append(all, problemFor(r))
	}
	slices.SortFunc(all, func(a, b problem) int { return strings.Compare(a.reason.Name(), b.reason.Name()) })
	out := wirejson.NewWriter(nil)
	out.BeginObject()
	out.Key("items").BeginArray()
	for _, p := range all {
		out.BeginObject()
		p.show(out)
		out.EndObject()
	}
	out.EndArray()
	out.EndObject()
	return write(w, ok(out.Bytes()))
}

func getProblem(w http.ResponseWriter, r *http.Request) error {
	for reason := range rows {
		if reason.Name() == httpd.Param(r, "reason") {
			out := wirejson.NewWriter(nil)
			out.BeginObject()
			problemFor(reason).show(out)
			out.EndObject()
			return write(w, ok(out.Bytes()))
		}
	}
	return fault.Refuse(httpd.RouteNotFound)
}
