package console

import (
	"embed"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/redact"
	"github.com/firsttap/firsttap/internal/scenario"
	"github.com/firsttap/firsttap/internal/staff"
	"github.com/firsttap/firsttap/internal/tenancy"
)

// doorName is this door in logs and metrics.
const doorName = "console"

// Path is where the console lies.
const Path = "/console"

const (
	cookieName = "firsttap_console"
	maxForm    = 8 << 10
)

// More refused sign-ins than this from one address block the address.
var guessLimit = httpd.Limit{Requests: 20, Per: 5 * time.Minute}

const blockFor = 5 * time.Minute

//go:embed page
var files embed.FS

// Config is what a Door is made of. All of it is needed, but for Only.
type Config struct {
	Service   *issuance.Service
	Staff     *staff.Service
	Scenarios *scenario.Player
	Tenancy   *tenancy.Service
	AuditLog  AuditLog
	Only      program.Kind     // the only kind of programme that this host serves; "" serves both
	Now       func() time.Time // real time, for limits
	// PublicURL is where browsers reach this host, without a trailing slash.
	PublicURL func() string
}

// Door is the console on the shared listener.
type Door struct {
	service   *issuance.Service
	staff     *staff.Service
	scenarios *scenario.Player
	tenancy   *tenancy.Service
	auditLog  AuditLog
	checking  sync.Mutex // held by the one check of a trail that runs
	only      program.Kind
	publicURL func() string
	guesses   *httpd.Failures // addresses whose sign-ins are refused
	foreign   *http.CrossOriginProtection
	style     []byte
	router    *httpd.Router
}

// New builds the door.
func New(c Config) (*Door, error) {
	if c.Service == nil || c.Staff == nil || c.Scenarios == nil || c.Tenancy == nil || c.AuditLog == nil || c.Now == nil || c.PublicURL == nil {
		return nil, errors.New("console: rules of all sorts, staff, scenarios, the audit log, a clock and a public URL are needed")
	}
	d := &Door{
		service: c.Service, staff: c.Staff, scenarios: c.Scenarios, tenancy: c.Tenancy, auditLog: c.AuditLog, only: c.Only, publicURL: c.PublicURL, guesses: httpd.NewFailures(c.Now, guessLimit, blockFor),
		foreign: http.NewCrossOriginProtection(),
	}
	var err error
	if d.style, err = files.ReadFile("page/console.css"); err != nil {
		return nil, err
	}
	d.router, err = httpd.NewRouter(httpd.MatchCase, d.routes())
	return d, err
}

// Name is the door's word in logs and metrics.
func (d *Door) Name() string { return doorName }

// Owns reports whether the request is for the console.
func (d *Door) Owns(r *http.Request) bool {
	return httpd.PathUnder(httpd.MatchCase, r.URL.EscapedPath(), Path)
}

// Router finds the door's routes.
func (d *Door) Router() *httpd.Router { return d.router }

// Serve runs the handler; who may is asked there, see [Door.behind].
func (d *Door) Serve(w http.ResponseWriter, r *http.Request, m httpd.Match) error {
	if m.Route == nil {
		return m.Refusal()
	}
	return m.Route.Handler(w, r)
}

func (d *Door) stylesheet(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "max-age=300")
	return httpd.WriteDocument(w, "text/css; charset=utf-8", d.style)
}

// home is the path of the console as browsers see it.
func (d *Door) home() string { return httpd.BrowserPath(d.publicURL(), Path) }

// secure reports whether browsers come over HTTPS, so that the cookie may be kept from anything else.
func (d *Door) secure() bool { return strings.HasPrefix(d.publicURL(), "https://") }

// setCookie gives the browser the token of its session; a zero one takes it away.
func (d *Door) setCookie(w http.ResponseWriter, token redact.Text) {
	c := &http.Cookie{ //nolint:gosec // a sandbox on plain HTTP needs a cookie too
		Name: cookieName, Value: token.Reveal(), Path: d.home(), HttpOnly: true, Secure: d.secure(), SameSite: http.SameSiteStrictMode,
	}
	if token.IsZero() {
		c.Value, c.MaxAge = "", -1
	}
	http.SetCookie(w, c)
}

// cookieOf is the token of the browser; zero when it has none.
func cookieOf(r *http.Request) redact.Text {
	c, err := r.Cookie(cookieName)
	if err != nil || c.Value == "" {
		return redact.Text{}
	}
	return redact.NewText(c.Value)
}

// visitorOf is who asks, for the trail.
func visitorOf(r *http.Request) access.Visitor {
	rec := httpd.RecordOf(r.Context())
	return access.Visitor{Source: rec.Address, RequestID: rec.RequestID}
}

// see leads the browser to a page of the console with GET.
func (d *Door) see(w http.ResponseWriter, path string) error {
	h := w.Header()
	h.Set("Location", d.home()+path)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "same-origin")
	w.WriteHeader(http.StatusSeeOther)
	return nil
}
