package console

import (
	"bytes"
	"html/template"
	"net/http"
	"strconv"
	"time"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/staff"
)

var pageTemplate = template.Must(template.New("").Funcs(template.FuncMap{"count": count}).ParseFS(files, "page/*.html"))

// view is what the templates get.
type view struct {
	Page    string // which body
	Title   string
	Home    string // path of the console
	Member  staff.Member
	Form    string // token of forms; "": nobody is signed in
	Program program.Program
	Wrong   string // a refusal, in words
	Done    string // what was done

	Programs   []program.Program
	Order      *orderPage
	Overview   *overviewPage
	Hooks      []hookLine
	Hook       *hookPage
	Delivery   *deliveryPage
	Customer   *customerPage
	Sandbox    *sandboxPage
	Transcript *transcript
	Text       string
	Cards      []cardLine
	Customers  []person
	Batch      *batchLine
	Card       cardPage
	Timeline   []trailRow
	More       bool // the timeline goes on
	Actions    []actionForm
	Barred     []barred
	Requests   []request // approvals
	Batches    []batchLine
	Items      *batchPage
	Parcels    []parcelLine
	Parcel     *parcelPage
	Filter     filter
	Older      string // query of the next page of a list; "": there is none
	After      string // mark of the next page of cards that were found, which a form sends; "": there is none
	Reach      string // the time back to which the page before Older was looked through, where that was not for want of room
	Secret     string
	SecretURI  string
	adminView
}

// At is the path of the programme's pages.
func (v *view) At() string { return v.Home + "/p/" + v.Program.ID.String() }

// HasProgram reports whether the page is about one programme.
func (v *view) HasProgram() bool { return !v.Program.ID.IsZero() }

// KeepsStaff reports whether the member keeps other members.
func (v *view) KeepsStaff() bool { return v.Member.Role.May(staff.KeepStaff) }

// InSandbox reports whether the programme is one to play with.
func (v *view) InSandbox() bool { return v.Program.Kind == program.Sandbox }

// view begins the view of a page for a member, with what the form before has to tell.
func (d *Door) view(c *call, page, title string) view {
	v := view{Page: page, Title: title, Member: c.visit.Member, Form: c.visit.FormToken, Program: c.program}
	q := c.r.URL.Query()
	if name := q.Get("error"); name != "" {
		v.Wrong = saidByName(name)
	}
	if name := q.Get("done"); name != "" {
		v.Done = doneWords[name]
	}
	return v
}

func (d *Door) write(w http.ResponseWriter, status int, v view) error {
	v.Home = d.home()
	var out bytes.Buffer
	if err := pageTemplate.ExecuteTemplate(&out, "layout.html", &v); err != nil {
		return fault.Wrap(err, "render a page of the console")
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "same-origin") // with none at all a browser would not name itself as the origin of a form
	h.Set("X-Robots-Tag", "noindex")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes()) // what breaks now is the browser's connection
	return nil
}

// refuse tells a member why there is no such page.
func (d *Door) refuse(c *call, err error) error {
	e, rec := fault.Of(err), httpd.RecordOf(c.r.Context())
	rec.Reason, rec.Cause = e.Reason, e.Cause
	v := d.view(c, "notice", "That did not work")
	v.Wrong = saidOf(e.Reason)
	return d.write(c.w, httpd.PageStatus(e.Reason.Kind()), v)
}

// WriteError tells a fault in words of the console, to whom nobody knows.
func (d *Door) WriteError(w http.ResponseWriter, r *http.Request, err error) {
	e, rec := fault.Of(err), httpd.RecordOf(r.Context())
	rec.Reason, rec.Cause = e.Reason, e.Cause
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.FormatInt(int64((e.RetryAfter+time.Second-1)/time.Second), 10))
	}
	_ = d.write(w, httpd.PageStatus(e.Reason.Kind()), view{Page: "notice", Title: "That did not work", Wrong: saidOf(e.Reason)}) // nobody is left to tell
}

// moment shows a time of the programme's clock; "" when there is none.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05") + " UTC"
}

// actionForm is an action that would be done now.
type actionForm struct {
	Name, Title, What string
	Causes            []choice
	Another           *reissueFields // of a reissue and a renewal
}

// barred is an action that is not, with the reason.
type barred struct{ Title, Why string }

// needs is the ability that an action needs here.
func needs(a issuance.Action) staff.Ability {
	if a == issuance.ToResetGuard {
		return staff.ResetGuard
	}
	return staff.ChangeCard
}

// actionsOf gives the actions of the console: those that are allowed now, and those that are not, with why.
func actionsOf(st issuance.Standing, role staff.Role) (open []actionForm, closed []barred) {
	now := map[issuance.Action]bool{}
	for _, a := range st.Allowed() {
		now[a] = true
	}
	for _, a := range issuance.Actions() {
		words, ours := actionWords[a]
		if !ours {
			continue
		}
		switch {
		case !role.May(needs(a)):
			closed = append(closed, barred{words.title, "Your role does not have this."})
		case now[a]:
			form := actionForm{Name: string(a), Title: words.title, What: words.what}
			if a == issuance.ToReplace {
				for _, cause := range issuance.ReplacementCauses() {
					form.Causes = append(form.Causes, choice{string(cause), word(string(cause))})
				}
			}
			open = append(open, form)
		default:
			why := words.idle
			if no := st.Barred(a); no != nil {
				why = saidOf(fault.Of(no).Reason)
			}
			closed = append(closed, barred{words.title, why})
		}
	}
	return open, closed
}
