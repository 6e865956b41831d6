package holderpage

import (
	"bytes"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/issuance"
)

var page = template.Must(template.ParseFS(files, "page/page.html"))

// The kinds of page.
const (
	kindForm   = "form"   // the card waits for its code
	kindDone   = "done"   // activated just now
	kindNotice = "notice" // a title, and what to do
)

// view is what the template gets.
type view struct {
	Kind      string
	Language  card.Language
	Home      string // path of the page
	Program   string
	Last4     string
	FormToken string
	ReturnURL string
	Title     string
	Said      []string // paragraphs of a notice, or what works now
	PIN       bool
	PINNeeded bool
	TriesLeft int    // -1: not told
	WrongTop  string // a mistake of the whole form
	WrongCode string
	WrongPIN  string
}

// T is a text in the language of the page.
func (v *view) T(key string) string { return texts[v.Language][key] }

// HasMistake reports whether the form is shown again.
func (v *view) HasMistake() bool { return v.WrongTop+v.WrongCode+v.WrongPIN != "" }

// standing is the page of a session, by how its card stands. The mistake is that of the form before; what is not known is
// none.
func standing(at issuance.HolderSession, mistake string) view {
	e, s := at.Eligibility, at.Session
	v := view{Language: s.Language, Program: at.Program.Name, Last4: e.Card.Last4, ReturnURL: s.ReturnURL, FormToken: at.FormToken, TriesLeft: -1}
	if len(e.Obstacles) == 0 {
		v.Kind, v.Title = kindForm, v.T("form.title")
		v.PIN, v.PINNeeded = s.PIN != card.NoPIN, s.PIN == card.RequiredPIN
		v.blame(mistake)
		if left := e.Guard().Left(at.Program.Policy.Activation); at.Program.Policy.Activation.ShowAttempts && mistake == card.CodeWrong.Name() {
			v.TriesLeft = left
		}
		return v
	}
	no := e.Obstacles[0].Refusal
	usable := e.Card.Status(e.At) == card.Open
	if no.Reason == card.AlreadyActivated && at.Activated() && usable {
		v.Kind, v.Title = kindDone, v.T("done.title")
		for _, what := range []string{"done.shops", "done.contactless", "done.atm", "done.online"} {
			v.Said = append(v.Said, v.T(what))
		}
		return v
	}
	v.notice(no.Reason)
	switch {
	case no.Reason == card.AlreadyActivated && !usable:
		v.Said = []string{v.T("already_activated.unusable")}
	case no.Reason == card.GuardLocked && at.Program.Policy.Activation.ShowAttempts:
		v.Said = append([]string{strings.Replace(v.T("activation_locked.until"), "{time}", v.span(no.RetryAfter), 1)}, v.Said...)
	}
	return v
}

// blame puts a mistake where it belongs.
func (v *view) blame(mistake string) {
	said := v.T("error." + mistake)
	switch {
	case mistake == mistakeCode, mistake == card.CodeWrong.Name():
		v.WrongCode = said
	case slices.Contains([]string{mistakePIN, mistakePINAgain, card.PINWeak.Name(), card.PINRequired.Name()}, mistake):
		if v.PIN {
			v.WrongPIN = said
		}
	default:
		v.WrongTop = said
	}
}

// notice makes the page one that tells a reason. One without words of its own is told as a fault of ours.
func (v *view) notice(r fault.Reason) {
	name := r.Name()
	switch {
	case v.T(name+".title") != "":
	case r.Kind() == fault.NotFound:
		name = card.SessionUnknown.Name()
	default:
		name = "fault"
	}
	v.Kind, v.Title, v.Said = kindNotice, v.T(name+".title"), []string{v.T(name + ".what")}
}

// span says a time to wait, rounded up.
func (v *view) span(d time.Duration) string {
	n, unit := int((d+time.Minute-1)/time.Minute), "minute"
	if n > 90 {
		n, unit = int((d+time.Hour-1)/time.Hour), "hour"
	}
	if n != 1 {
		unit += "s"
	}
	return strconv.Itoa(n) + " " + v.T(unit)
}

// refuse tells why there is no page of a card.
func (d *Door) refuse(w http.ResponseWriter, r *http.Request, err error, at issuance.HolderSession) error {
	e, rec := fault.Of(err), httpd.RecordOf(r.Context())
	rec.Reason, rec.Cause = e.Reason, e.Cause
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.FormatInt(int64((e.RetryAfter+time.Second-1)/time.Second), 10))
	}
	v := view{Language: at.Session.Language, Program: at.Program.Name, ReturnURL: at.Session.ReturnURL}
	if v.Language == "" {
		v.Language = languageOf(r)
	}
	v.notice(e.Reason)
	return d.write(w, r, statusOf(e.Reason), v)
}

// WriteError tells a fault in words of the page: whoever looks at it is no client of an API.
func (d *Door) WriteError(w http.ResponseWriter, r *http.Request, err error) {
	_ = d.refuse(w, r, err, issuance.HolderSession{}) // nobody is left to tell
}

// statusOf tells of a link that it was good once.
func statusOf(r fault.Reason) int {
	if r == card.SessionOver || r == card.SessionUsed {
		return http.StatusGone
	}
	return httpd.PageStatus(r.Kind())
}

// languageOf is what a browser prefers, where no session says.
func languageOf(r *http.Request) card.Language {
	if strings.HasPrefix(strings.ToLower(strings.TrimSpace(r.Header.Get("Accept-Language"))), "en") {
		return card.English
	}
	return card.Spanish
}

func (d *Door) write(w http.ResponseWriter, _ *http.Request, status int, v view) error {
	v.Home = d.home()
	var out bytes.Buffer
	if err := page.Execute(&out, &v); err != nil {
		return fault.Wrap(err, "render the activation page")
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "same-origin") // with none at all a browser would not name itself as the origin of the form
	h.Set("X-Robots-Tag", "noindex")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes()) // what breaks now is the browser's connection
	return nil
}
