package holderpage

import (
	"embed"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

// doorName is this door in logs and metrics.
const doorName = "page"

// Path is where the page lies. A link has the token behind it.
const Path = "/activation"

const (
	cookieName = "firsttap_activation"
	// maxForm is the largest body: a code, two PINs and a token.
	maxForm = 4 << 10
)

// More links that were never made than this from one address block the address.
var strangerLimit = httpd.Limit{Requests: 20, Per: time.Minute}

// More second factors than this from one address block the address, whatever card they are for. A family, or an office that
// shares an address, has fewer.
var scanLimit = httpd.Limit{Requests: 20, Per: time.Minute}

const blockFor = 60 * time.Second

//go:embed page
var files embed.FS

// Config is what a Door is made of. All of it is needed, but logos.
type Config struct {
	Service *issuance.Service
	Now     func() time.Time // real time, for limits
	// PublicURL is where browsers reach this host, without a trailing slash.
	PublicURL func() string
	Logos     map[ident.ProgramID][]byte // PNG; may be nil
}

// Door is the activation page on the shared listener.
type Door struct {
	service   *issuance.Service
	publicURL func() string
	strangers *httpd.Failures // addresses that open links which were never made
	scans     *httpd.Failures // addresses that answer for second factors
	foreign   *http.CrossOriginProtection
	style     []byte
	logos     map[ident.ProgramID][]byte
	router    *httpd.Router
}

// New builds the door.
func New(c Config) (*Door, error) {
	if c.Service == nil || c.Now == nil || c.PublicURL == nil {
		return nil, errors.New("holderpage: rules, a clock and a public URL are needed")
	}
	d := &Door{
		service: c.Service, publicURL: c.PublicURL, strangers: httpd.NewFailures(c.Now, strangerLimit, blockFor),
		logos: c.Logos,
		scans: httpd.NewFailures(c.Now, scanLimit, blockFor), foreign: http.NewCrossOriginProtection(),
	}
	var err error
	if d.style, err = files.ReadFile("page/page.css"); err != nil {
		return nil, err
	}
	d.router, err = httpd.NewRouter(httpd.MatchCase, []httpd.Route{
		{Method: http.MethodGet, Pattern: Path, Door: doorName, Secret: true, Handler: d.show},
		{Method: http.MethodPost, Pattern: Path, Door: doorName, Secret: true, MaxBody: maxForm, Handler: d.activate},
		{Method: http.MethodGet, Pattern: Path + "/page.css", Door: doorName, Handler: d.stylesheet},
		{Method: http.MethodGet, Pattern: coloursPath, Door: doorName, Handler: d.colours},
		{Method: http.MethodGet, Pattern: Path + "/logos/{program}", Door: doorName, Handler: d.logo},
		{Method: http.MethodGet, Pattern: MailerPath + "/{reference}", Door: doorName, Secret: true, Handler: d.scan},
		{Method: http.MethodPost, Pattern: MailerPath + "/{reference}", Door: doorName, Secret: true, MaxBody: maxForm, Handler: d.answer},
		{Method: http.MethodGet, Pattern: Path + "/{token}", Door: doorName, Secret: true, Handler: d.open},
	})
	return d, err
}

// Name is the door's word in logs and metrics.
func (d *Door) Name() string { return doorName }

// Owns reports whether the request is for the activation page.
func (d *Door) Owns(r *http.Request) bool {
	return httpd.PathUnder(httpd.MatchCase, r.URL.EscapedPath(), Path)
}

// Router finds the door's routes.
func (d *Door) Router() *httpd.Router { return d.router }

// Serve runs the handler: nobody has a key here.
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

// home is the path of the page as browsers see it.
func (d *Door) home() string { return httpd.BrowserPath(d.publicURL(), Path) }

// secure reports whether browsers come over HTTPS, so that the cookie may be kept from anything else.
func (d *Door) secure() bool { return strings.HasPrefix(d.publicURL(), "https://") }
