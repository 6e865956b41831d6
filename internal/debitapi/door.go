package debitapi

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/redact"
	"github.com/firsttap/firsttap/internal/webhook"
)

// doorName names the door in logs, metrics, and records of idempotency keys.
const doorName = "debit"

// Rules are the use-cases that this door offers. [issuance.Service] has them.
type Rules interface {
	ProgramNow(ctx context.Context, p ident.ProgramID) (time.Time, error)
	Fingerprint(p ident.ProgramID, parts ...[]byte) []byte
	Customer(ctx context.Context, p ident.ProgramID, id ident.CustomerID) (customer.Customer, error)
	OpenAccount(ctx context.Context, cmd issuance.OpenAccount) (issuance.OpenedAccount, error)
	HolderAccount(ctx context.Context, p ident.ProgramID, number int64) (issuance.HolderAccount, error)

	ActivateForCustomer(ctx context.Context, cmd issuance.ActivateForCustomer) (issuance.Activation, error)

	OrderCard(ctx context.Context, cmd issuance.OrderCard) (issuance.OrderedCard, error)
	HeldCards(ctx context.Context, q issuance.HeldCards) (issuance.HeldReport, error)
	Parcel(ctx context.Context, q issuance.ParcelOf) (issuance.Parcel, error)
	StopCard(ctx context.Context, cmd issuance.StopCard) (issuance.Stopped, error)
	UnstopCard(ctx context.Context, cmd issuance.UnstopCard) (issuance.CardAt, error)
	RetireCard(ctx context.Context, cmd issuance.RetireCard) (issuance.CardAt, error)
	ChangePIN(ctx context.Context, cmd issuance.ChangePIN) (issuance.CardAt, error)
	ViewPIN(ctx context.Context, cmd issuance.ViewPIN) (redact.Text, error)
	CreateLinkedCard(ctx context.Context, cmd issuance.CreateLinkedCard) (issuance.OrderedCard, error)
	RotateLinkedCVV(ctx context.Context, cmd issuance.RotateLinkedCVV) (issuance.Revealed, error)
	ReorderLinkedCard(ctx context.Context, cmd issuance.ReorderLinkedCard) (issuance.Reordered, error)
	AssignCampaign(ctx context.Context, cmd issuance.AssignCampaign) (issuance.Assigned, error)

	StageBatch(ctx context.Context, by issuance.Caller) (*issuance.StagedBatch, error)
	AppendItems(ctx context.Context, b *issuance.StagedBatch, sent []issuance.OrderItem) error
	AcceptBatch(ctx context.Context, cmd issuance.AcceptBatch) (issuance.AcceptedBatch, error)
	DropStaged(ctx context.Context, b *issuance.StagedBatch) error
	Batch(ctx context.Context, p ident.ProgramID, ref ident.Reference) (issuance.BatchReport, error)
	BatchItems(ctx context.Context, q issuance.BatchItems) (issuance.ItemPage, error)

	SetBatchWebhook(ctx context.Context, cmd issuance.SetBatchWebhook) (issuance.IssuedEndpoint, error)
	RemoveBatchWebhook(ctx context.Context, cmd issuance.Command) error
	BatchWebhook(ctx context.Context, p ident.ProgramID) (issuance.BatchWebhook, error)
	TestBatchWebhook(ctx context.Context, cmd issuance.Command, sample event.Draft) error
}

// Access tells who speaks. [access.Authenticator] does.
type Access interface {
	Ecommerce(ctx context.Context, header []string, from netip.Addr) (access.Identity, error)
	Customer(ctx context.Context, header []string, beside access.Identity) (access.Identity, error)
	Bearer(ctx context.Context, header []string) (access.Identity, error)
}

// Options are what the door is made of; all must be given.
type Options struct {
	Rules    Rules
	Access   Access
	Logins   Logins
	Tokens   Tokens
	Wallet   Wallet
	Hasher   PasswordHasher   // of passwords of customers
	Now      func() time.Time // real time, for rates, and for answers before a programme is known
	Resolver webhook.Resolver // looks up where webhooks go

	PlainHTTP bool // takes plain HTTP from everywhere; otherwise only on loopback, and behind a trusted proxy that had HTTPS

	LoginsPerMinute int // sign-ins of one e-mail, and of one source address; 0 is unlimited
}

// rateKeys is how many credentials, and how many e-mails and addresses, are remembered at one time.
const rateKeys = 1 << 16

// Door is the debit API. Make one with [New].
type Door struct {
	o       Options
	router  *httpd.Router
	buckets *httpd.Buckets
	logins  *httpd.Buckets
	short   []string // paths of this door outside of its prefixes
	answers map[fault.Reason]answer
}

// New builds the door. An error is a mistake in its own routes.
func New(o Options) (*Door, error) {
	d := &Door{o: o, buckets: httpd.NewBuckets(o.Now, rateKeys), logins: httpd.NewBuckets(o.Now, rateKeys), answers: answers(), short: shortPaths()}
	routes := make([]httpd.Route, 0, len(endpoints()))
	for _, e := range endpoints() {
		for _, pattern := range append([]string{e.pattern}, e.aliases...) {
			routes = append(routes, httpd.Route{
				Method: e.method, Pattern: pattern, Door: doorName, Auth: e.auth(), Tier: "credential",
				Idempotency: e.key, MaxBody: e.maxBody, Timeout: e.timeout, Secret: e.secret,
				Handler: func(w http.ResponseWriter, r *http.Request) error { return d.serve(w, r, e) },
			})
		}
	}
	router, err := httpd.NewRouter(httpd.FoldCase, routes)
	if err != nil {
		return nil, err
	}
	d.router = router
	return d, nil
}

// The limits of bodies (debit contract §1.2), and how long an upload may take.
const (
	maxBody       = 64 << 10
	maxOrder      = 64 << 20
	maxForm       = 10 << 20
	uploadTimeout = 10 * time.Minute
	exportTimeout = 5 * time.Minute
)

// endpoint is one row of the door: what httpd knows of it, and what runs.
type endpoint struct {
	method, pattern string
	callers         callers
	key             httpd.Idempotency
	maxBody         int64
	timeout         time.Duration
	secret          bool
	streams         bool     // reads its own body
	aliases         []string // other patterns of the same endpoint
	envelope        envelope
	open            bool // takes callers that nobody knows yet
	bodyToken       bool // the e-commerce token may be in the body
	forms           bool // the body may be a form in parts
	handle          func(d *Door, c *call) error
}

// auth is who may call, in the letters of the contract.
func (e endpoint) auth() string {
	if e.open {
		return "none"
	}
	return e.callers.String()
}

// endpoints are all endpoints of the door. Auth is as the contract writes it.
func endpoints() []endpoint {
	return slices.Concat(cardEndpoints(), holderEndpoints(), accountEndpoints(), loginEndpoints(), tokenEndpoints(), walletEndpoints(),
		[]endpoint{documentEndpoint()})
}

func cardEndpoints() []endpoint {
	const (
		order = "/debit/v1/bulkOrderCard"
		hook  = "/debit/v1/webhook"
	)
	return []endpoint{
		{
			method: http.MethodPost, pattern: "/debit/v1/activateCardForCustomer", callers: forProgram | forCustomer | forAdmin,
			key: httpd.ByPolicy, maxBody: maxBody, secret: true, handle: (*Door).activate,
		},
		{
			method: http.MethodPost, pattern: order, callers: forProgram | forAdmin,
			key: httpd.Optional, maxBody: maxOrder, timeout: uploadTimeout, streams: true, handle: (*Door).order,
		},
		{method: http.MethodGet, pattern: order + "/{reference_batch}", callers: forProgram | forAdmin | forReader, handle: (*Door).batch},
		{
			method: http.MethodGet, pattern: order + "/{reference_batch}/items", callers: forProgram | forAdmin | forReader,
			timeout: exportTimeout, handle: (*Door).items,
		},
		{
			method: http.MethodPut, pattern: hook, callers: forAdmin, key: httpd.Optional, maxBody: maxBody, secret: true,
			handle: (*Door).setWebhook,
		},
		{method: http.MethodGet, pattern: hook, callers: forAdmin, handle: (*Door).webhook},
		{method: http.MethodDelete, pattern: hook, callers: forAdmin, handle: (*Door).removeWebhook},
		{method: http.MethodPost, pattern: hook + "/test", callers: forAdmin, key: httpd.Optional, handle: (*Door).testWebhook},
	}
}

// Name implements [httpd.Door].
func (d *Door) Name() string { return doorName }

// Router implements [httpd.Door].
func (d *Door) Router() *httpd.Router { return d.router }

// Owns implements [httpd.Door]: the prefixes of the published API. Movements are another door's unless a
// token of this one comes along.
func (d *Door) Owns(r *http.Request) bool {
	path := r.URL.EscapedPath()
	if httpd.PathUnder(httpd.FoldCase, path, "/debit/v1", "/user/v1", "/wallet/v1", tokenPrefix, "/api/oauth", documentPath) ||
		httpd.PathUnder(httpd.FoldCase, path, d.short...) {
		return true
	}
	return httpd.PathUnder(httpd.FoldCase, path, "/transactions") &&
		(r.Header.Get(headerEcommerce) != "" || r.Header.Get(headerCustomer) != "")
}

// Serve implements [httpd.Door]. A known route runs the general checks of the contract (§1.5) in its order:
// call.serve up to the media type, the endpoint's handler from the body on.
func (d *Door) Serve(w http.ResponseWriter, r *http.Request, m httpd.Match) error {
	if err := m.Refusal(); err != nil {
		return err
	}
	return m.Route.Handler(w, r)
}

// itemStatuses are the numbers of an item's outcome (debit contract §8.5).
var itemStatuses = [...]batch.Outcome{1: batch.Pending, 2: batch.ItemCreated, 3: batch.ItemFailed}
