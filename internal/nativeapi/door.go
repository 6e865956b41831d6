package nativeapi

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/scenario"
	"github.com/firsttap/firsttap/internal/tenancy"
	"github.com/firsttap/firsttap/internal/webhook"
)

// doorName is this door in logs, metrics and the records of idempotency keys.
const doorName = "native"

// More failed authentications than this from one address block the address.
var failureLimit = httpd.Limit{Requests: 20, Per: time.Minute}

const blockFor = 60 * time.Second

// Keys tells who speaks, by the values of the header Authorization.
type Keys interface {
	NativeKey(ctx context.Context, authorization []string, from netip.Addr) (access.Identity, error)
}

// Config is what a Door is made of. All of it is needed but Pause.
type Config struct {
	Service *issuance.Service
	Keys    Keys
	// Scenarios plays the scripts of sandbox programmes.
	Scenarios *scenario.Player
	// Tenancy is the commands on programmes, their policies and keys.
	Tenancy *tenancy.Service
	Now     func() time.Time // real time, for limits, keys and clocks
	// Resolver looks up the hosts of webhooks.
	Resolver webhook.Resolver
	// AuditLog is what is proved of the audit trails.
	AuditLog AuditLog
	// PageURL is where browsers find the activation page, without a trailing slash. It is asked for each link, because a
	// listener with a free port knows its own late.
	PageURL func() string
	// Pause waits for a while, or until the context ends; nil is real time.
	Pause func(ctx context.Context, d time.Duration) error
}

// Door is the native API on the shared listener.
type Door struct {
	service   *issuance.Service
	keys      Keys
	scenarios *scenario.Player
	tenancy   *tenancy.Service
	now       func() time.Time
	windows   *httpd.Windows
	failures  *httpd.Failures
	pageURL   func() string
	auditLog  AuditLog
	router    *httpd.Router
	pause     func(ctx context.Context, d time.Duration) error
	resolver  webhook.Resolver
	waiters   waiters
}

// New builds the door.
func New(c Config) (*Door, error) {
	if c.Service == nil || c.Keys == nil || c.Now == nil || c.PageURL == nil || c.Resolver == nil || c.AuditLog == nil || c.Scenarios == nil || c.Tenancy == nil {
		return nil, errors.New("nativeapi: rules, keys, scenarios, tenancy, a clock, a resolver, the audit log and the URL of the activation page are needed")
	}
	d := &Door{
		service: c.Service, keys: c.Keys, scenarios: c.Scenarios, tenancy: c.Tenancy, now: c.Now, windows: httpd.NewWindows(c.Now),
		failures: httpd.NewFailures(c.Now, failureLimit, blockFor),
		pageURL:  c.PageURL, auditLog: c.AuditLog,
		pause: c.Pause, resolver: c.Resolver, waiters: waiters{by: map[ident.ProgramID]int{}},
	}
	if d.pause == nil {
		d.pause = pause
	}
	routes := d.routes()
	for i := range routes {
		routes[i].Name = routes[i].Method + " " + routes[i].Pattern
		routes[i].Door = doorName
	}
	var err error
	d.router, err = httpd.NewRouter(httpd.MatchCase, routes)
	return d, err
}

// Name is the door's word in logs and metrics.
func (d *Door) Name() string { return doorName }

// Owns reports whether the request is for the native API, the pages of its problems, or its document.
func (d *Door) Owns(r *http.Request) bool {
	path := r.URL.EscapedPath()
	return path == documentPath || httpd.PathUnder(httpd.MatchCase, path, "/v1") || httpd.PathUnder(httpd.MatchCase, path, problemPath)
}

// Router finds the door's routes.
func (d *Door) Router() *httpd.Router { return d.router }

// Serve runs the checks that come before the form, then the handler.
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
	c.readBehalf()
	for _, step := range []func(*call) error{d.authenticate, d.limit, checkScope} {
		if err := step(c); err != nil {
			return err
		}
	}
	c.record.Call = c
	return m.Route.Handler(w, r)
}

// authenticate: the key is known, its programme is not suspended, the address is allowed.
func (d *Door) authenticate(c *call) error {
	from := c.record.Address
	if err := d.failures.Check(from); err != nil {
		return err
	}
	id, err := d.keys.NativeKey(c.r.Context(), c.r.Header.Values("Authorization"), from)
	c.record.Credential = id.Credential.PublicID
	if !id.Program.ID.IsZero() {
		c.record.Program = id.Program.ID.String()
	}
	if errors.Is(err, access.KeyInvalid) || errors.Is(err, access.KeyHeaderInvalid) {
		d.failures.Failed(from)
	}
	c.identity = id
	return err
}

// limit counts the request in the rate of the programme, by the tier of the route. The installation has that of a live one.
func (d *Door) limit(c *call) error {
	rates := c.identity.Program.Policy.RateLimits
	if c.programID().IsZero() {
		rates = program.DefaultPolicy(program.Live).RateLimits
	}
	rate := rates[c.route.Tier]
	return d.windows.Pass(c.w.Header(), c.identity.Program.ID.String(), c.route.Tier, httpd.LimitsOf(rate.Second, rate.Minute, rate.Day))
}

// checkScope refuses a key that may not do what the route does, before anything is looked up. What a key of the installation has
// beside its own scopes is to give away: it belongs to no programme.
func checkScope(c *call) error {
	need := access.Scope(c.route.Auth)
	if c.programID().IsZero() && slices.Contains(access.Scopes(), need) {
		return fault.Refuse(tenancy.NeedsProgram)
	}
	if !slices.Contains(c.identity.Credential.Scopes, need) {
		return fault.RefuseWith(access.ScopeMissing, need)
	}
	return nil
}
