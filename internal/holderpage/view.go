package holderpage

import (
	"bytes"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
)

var page = template.Must(template.ParseFS(files, "page/page.html"))

// forProgram are the refusals that say something about the holder and not about what was typed.
var forProgram = []string{
	customer.NotFound.Name(), customer.NotEligible.Name(), customer.DataInvalid.Name(), account.BalanceRequired.Name(), account.NotActive.Name(),
}

// The kinds of page.
const (
	kindFactor = "factor" // the holder came by the QR of the mailer, and is asked for the second factor
	kindForm   = "form"   // the card waits for its code
	kindDone   = "done"   // activated just now
	kindNotice = "notice" // a title, and what to do
)

// view is what the template gets.
type view struct {
	Kind     string
	Language card.Language
	brand
	Home      string // path of the page
	Program   string
	Last4     string
	FormToken string
	ReturnURL string
	Title     string
	Said      []string // paragraphs of a notice, or what works now
	Factor    program.SecondFactor
	Reference string // of the mailer, in the address of its page
	Label     bool   // identifier and batch are asked for
	Code      bool   // the code is asked for
	PIN       bool
	PINNeeded bool
	TriesLeft int               // -1: not told
	WrongTop  string            // a mistake of the whole form
	Wrong     map[string]string // a mistake of a field, by the field's name
	Focus     string            // the field that the holder goes on with
}

// T is a text in the language of the page.
func (v *view) T(key string) string { return texts[v.Language][key] }

// HasMistake reports whether the form is shown again.
func (v *view) HasMistake() bool { return v.WrongTop != "" || len(v.Wrong) > 0 }

// State is what the field of a form says of itself to those who cannot see it, and whether the holder goes on there.
func (v *view) State(field string) template.HTMLAttr {
	out := `aria-describedby="` + field + `-hint`
	if v.Wrong[field] != "" {
		out += " " + field + `-wrong" aria-invalid="true`
	}
	out += `"`
	if v.Focus == field {
		out += " autofocus"
	}
	return template.HTMLAttr(out) //nolint:gosec // the names of fields are ours
}

// standing is the page of a session, by how its card stands. The mistake is that of the form before; what is not known is
// none.
func standing(at issuance.HolderSession, mistake string) view {
	e, s := at.Eligibility, at.Session
	v := view{Language: s.Language, Program: at.Program.Name, Last4: e.Card.Last4, ReturnURL: s.ReturnURL, FormToken: at.FormToken, TriesLeft: -1}
	if len(e.Obstacles) == 0 {
		v.Kind, v.Title = kindForm, v.T("form.title")
		v.PIN, v.PINNeeded = s.PIN != card.NoPIN, s.PIN == card.RequiredPIN
		v.Label = e.Coming().Plastic.Guard.Method == card.ByIdentifierBatch
		v.Code = !v.Label || at.Program.Policy.Debit.RequireActivationCode
		v.blame(mistake)
		guessed := mistake == card.CodeWrong.Name() || mistake == card.BatchMismatch.Name()
		if left := e.Guard().Left(at.Program.Policy.Activation); at.Program.Policy.Activation.ShowAttempts && guessed && v.HasMistake() {
			v.TriesLeft = left
		}
		return v
	}
	no := e.Obstacles[0].Refusal
	usable := e.Card.Status(e.At) == card.Open
	if no.Reason == card.AlreadyActivated && at.Activated() && usable {
		v.Kind, v.Title = kindDone, v.T("done.title")
		works := []string{"done.shops", "done.contactless", "done.atm", "done.online"}
		if e.Card.PINSetAt.IsZero() {
			works[0], works[2] = "done.shops_no_pin", "done.atm_no_pin"
		}
		for _, what := range works {
			v.Said = append(v.Said, v.T(what))
		}
		return v
	}
	v.notice(no.Reason)
	switch {
	case no.Reason == card.AlreadyActivated && !usable:
		v.Said = []string{v.T("already_activated.unusable")}
	case no.Reason == card.GuardLocked && at.Program.Policy.Activation.ShowAttempts:
		v.lockedFor(no.RetryAfter)
	}
	return v
}

// lockedFor tells how long a lock lasts.
func (v *view) lockedFor(d time.Duration) {
	v.Said = append([]string{strings.Replace(v.T("activation_locked.until"), "{time}", v.span(d), 1)}, v.Said...)
}

// The fields of the form, as they are named in it.
const (
	fieldIdentifier = "identifier"
	fieldBatch      = "batch"
	fieldCode       = "code"
	fieldPIN        = "pin"
	fieldFactor     = "factor" // of a date of birth: the day
)

// fieldOf is where a mistake is told. The others are of the whole form.
var fieldOf = map[string]string{
	mistakeIdentifier: fieldIdentifier, mistakeBatch: fieldBatch, card.BatchMismatch.Name(): fieldBatch,
	mistakeCode: fieldCode, card.CodeWrong.Name(): fieldCode,
	mistakePIN: fieldPIN, mistakePINAgain: fieldPIN, card.PINWeak.Name(): fieldPIN, card.PINRequired.Name(): fieldPIN,
}

// blame puts a mistake where it belongs. What only the programme can put right is told alike, whatever it is.
func (v *view) blame(mistake string) {
	v.Focus = fieldCode
	if v.Label {
		v.Focus = fieldIdentifier
	}
	if slices.Contains(forProgram, mistake) {
		mistake = "provider"
	}
	said, field := v.T("error."+mistake), fieldOf[mistake]
	asked := map[string]bool{"": true, fieldIdentifier: v.Label, fieldBatch: v.Label, fieldCode: v.Code, fieldPIN: v.PIN}
	switch {
	case said == "" || !asked[field]:
	case field == "":
		v.WrongTop = said
	default:
		v.Wrong, v.Focus = map[string]string{field: said}, field
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
	return d.write(w, statusOf(e.Reason), at.Program, v)
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
	for want := range strings.SplitSeq(strings.ToLower(r.Header.Get("Accept-Language")), ",") {
		switch want = strings.TrimSpace(want); {
		case strings.HasPrefix(want, "en"):
			return card.English
		case strings.HasPrefix(want, "es"):
			return card.Spanish
		}
	}
	return card.Spanish
}

func (d *Door) write(w http.ResponseWriter, status int, owner program.Program, v view) error {
	v.Home, v.brand = d.home(), d.brandOf(owner)
	var out bytes.Buffer
	if err := page.Execute(&out, &v); err != nil {
		return fault.Wrap(err, "render the activation page")
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "same-origin") // with none at all a browser would not name itself as the origin of the form
	h.Set("X-Robots-Tag", "noindex")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes()) // what breaks now is the browser's connection
	return nil
}
