package cardsapi

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/form"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/spending"
	"github.com/firsttap/firsttap/internal/tokens"
	"github.com/firsttap/firsttap/internal/webhook"
)

// doorName is this door in logs, metrics and the records of idempotency keys.
const doorName = "cards"

// More failed authentications than this from one address block the address (contract §2).
var failureLimit = httpd.Limit{Requests: 20, Per: time.Minute}

const blockFor = 60 * time.Second

// Keys tells who speaks, by the values of the header Authorization. Its errors are reasons of package
// access, in the order of contract §1.2, steps 2 to 4.
type Keys interface {
	CardsKey(ctx context.Context, authorization []string, from netip.Addr) (access.Identity, error)
}

// Bureau is what the form of a shipment depends on.
type Bureau interface {
	// Printable reports whether a line can be printed on a mailer.
	Printable(line string) bool
	// Serves reports whether parcels go to the country (ISO 3166-1 alpha-2), and with that courier.
	Serves(country, courier string) (countryOK, courierOK bool)
}

// Config is what a Door is made of. All of it is needed but the prefix.
type Config struct {
	Service  *issuance.Service
	Spending *spending.Service
	Tokens   *tokens.Service
	Keys     Keys
	Bureau   Bureau
	Resolver webhook.Resolver // looks up the hosts of webhooks
	Now      func() time.Time // real time, for limits
	// PublicURL is where browsers reach this host, without a trailing slash. It is asked for each link, because a
	// listener with a free port knows its own late.
	PublicURL func() string
	Prefix    string // path that all routes lie under, as in "/cards-api"; "" is the root
}

// Door is the cards API on the shared listener.
type Door struct {
	service   *issuance.Service
	spending  *spending.Service
	tokens    *tokens.Service
	keys      Keys
	bureau    Bureau
	resolver  webhook.Resolver
	windows   *httpd.Windows
	failures  *httpd.Failures
	strangers *httpd.Failures // addresses that open links which were never made
	publicURL func() string
	prefix    string
	router    *httpd.Router
}

// New builds the door.
func New(c Config) (*Door, error) {
	if c.Service == nil || c.Spending == nil || c.Tokens == nil || c.Keys == nil || c.Bureau == nil || c.Resolver == nil || c.Now == nil || c.PublicURL == nil {
		return nil, errors.New("cardsapi: rules, keys, a bureau, a resolver, a clock and a public URL are needed")
	}
	d := &Door{
		service: c.Service, spending: c.Spending, tokens: c.Tokens, keys: c.Keys, bureau: c.Bureau, resolver: c.Resolver, prefix: c.Prefix,
		windows: httpd.NewWindows(c.Now), failures: httpd.NewFailures(c.Now, failureLimit, blockFor),
		strangers: httpd.NewFailures(c.Now, failureLimit, blockFor), publicURL: c.PublicURL,
	}
	routes := d.routes()
	for i := range routes {
		routes[i].Name = routes[i].Method + " " + routes[i].Pattern
		routes[i].Pattern = c.Prefix + routes[i].Pattern
		routes[i].Door = doorName
	}
	var err error
	d.router, err = httpd.NewRouter(httpd.MatchCase, routes)
	return d, err
}

// Name is the door's word in logs and metrics.
func (d *Door) Name() string { return doorName }

// Owns reports whether the request lies under the door's prefix; at the root every request does.
func (d *Door) Owns(r *http.Request) bool {
	return d.prefix == "" || httpd.PathUnder(httpd.MatchCase, r.URL.EscapedPath(), d.prefix)
}

// Router finds the door's routes.
func (d *Door) Router() *httpd.Router { return d.router }

// Serve runs the checks of contract §1.2 up to the form of the body, then the handler.
func (d *Door) Serve(w http.ResponseWriter, r *http.Request, m httpd.Match) error {
	if m.Route == nil {
		return m.Refusal()
	}
	if m.Route.Auth == authNobody {
		return m.Route.Handler(w, r)
	}
	if err := httpd.DeclaredTooLarge(r, m.Route); err != nil {
		return err
	}
	c := &call{w: w, r: r, route: m.Route, record: httpd.RecordOf(r.Context())}
	c.readQuery()
	for _, step := range []func(*call) error{d.authenticate, checkVersion, d.limit, checkKind, readBody} {
		if err := step(c); err != nil {
			return err
		}
	}
	c.record.Call = c
	return m.Route.Handler(w, r)
}

// authenticate is steps 2 to 4: the key is known, its programme is not suspended, the address is allowed.
func (d *Door) authenticate(c *call) error {
	from := c.record.Address
	if err := d.failures.Check(from); err != nil {
		return err
	}
	id, err := d.keys.CardsKey(c.r.Context(), c.r.Header.Values("Authorization"), from)
	if !id.Program.ID.IsZero() {
		c.record.Program, c.record.Credential = id.Program.ID.String(), id.Credential.PublicID
	}
	c.identity = id
	if err != nil {
		if reason := fault.Of(err).Reason; reason == access.KeyInvalid || reason == access.KeyHeaderInvalid {
			d.failures.Failed(from)
		}
	}
	return err
}

// checkVersion is step 5. The version that was read goes back to the caller (contract §3).
func checkVersion(c *call) error {
	policy := &c.identity.Program.Policy
	version := defaultVersions
	switch sent := form.Distinct(c.r.Header[versionHeader]); {
	case len(sent) == 0 && policy.RequireVersionHeader:
		return fault.Refuse(VersionMissing)
	case len(sent) > 1:
		return fault.RefuseWith(VersionInvalid, policy.AcceptedVersions)
	case len(sent) == 1:
		if version = sent; !slices.Contains(policy.AcceptedVersions, version[0]) {
			return fault.RefuseWith(VersionInvalid, policy.AcceptedVersions)
		}
	}
	c.w.Header()[versionHeader] = version
	return nil
}

const (
	versionHeader  = "Reap-Version"
	defaultVersion = "2025-02-14"
)

// defaultVersions is the value of the header where the caller names none.
var defaultVersions = []string{defaultVersion}

// checkKind keeps live programmes out of the simulation, right after the rate limit (contract §23).
func checkKind(c *call) error {
	if c.route.Auth == authSandbox && c.identity.Program.Kind != sandbox {
		return fault.Refuse(issuance.LiveProgram)
	}
	return nil
}
