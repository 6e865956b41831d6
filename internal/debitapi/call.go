package debitapi

import (
	"context"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// The headers of the door (debit contract §3.1, §1.6).
const (
	headerEcommerce = "Authorization-ecommerce"
	headerCustomer  = "Authorization-customer"
	headerBearer    = "Authorization" // of the login
	headerKey       = "Idempotency-Key"
	headerReplayed  = "Idempotent-Replayed"
	maxKeyLength    = 255
)

// callers are the sorts of caller that an endpoint takes.
type callers uint8

// The sorts of caller (debit contract §3.2).
const (
	forProgram callers = 1 << iota
	forCustomer
	forAdmin
	forReader
)

// String gives the letters of the contract.
func (c callers) String() string {
	var letters []string
	for _, l := range []struct {
		sort   callers
		letter string
	}{{forProgram, "P"}, {forCustomer, "C"}, {forAdmin, "A"}, {forReader, "R"}} {
		if c&l.sort != 0 {
			letters = append(letters, l.letter)
		}
	}
	return strings.Join(letters, ",")
}

// call is one request on its way through the door, with what is known of it so far.
type call struct {
	d        *Door
	w        http.ResponseWriter
	r        *http.Request
	endpoint endpoint
	path     string          // canonical, with a leading slash
	id       access.Identity // of the e-commerce token, or else of the sign-in
	customer access.Identity // zero without a customer token
	sort     callers         // the one sort that the caller is; 0 before that is known
	key      string          // of idempotency; "" when none came
	sent     *wirejson.Value // the body, once it was read
}

// placedError is an error with the call that it ended, so that it is answered on the programme's clock and
// for the right endpoint.
type placedError struct {
	error
	at *call
}

// Unwrap gives the error itself.
func (e *placedError) Unwrap() error { return e.error }

// serve runs one endpoint.
func (d *Door) serve(w http.ResponseWriter, r *http.Request, e endpoint) error {
	c := &call{d: d, w: w, r: r, endpoint: e, path: canonical(e.pattern, httpd.RecordOf(r.Context()).Params)}
	if err := c.serve(); err != nil {
		return &placedError{error: err, at: c}
	}
	return nil
}

// serve runs the general checks in the order of the contract (§1.5). Where the credential may be in the body,
// the body comes first; where nobody is known before the answer, there is none.
func (c *call) serve() error {
	checks := []func() error{c.checkHTTPS, c.authenticate, c.checkRate, c.checkMedia}
	switch {
	case c.endpoint.open:
		checks = []func() error{c.checkHTTPS, c.checkMedia}
	case c.endpoint.bodyToken:
		checks = []func() error{c.checkHTTPS, c.checkMedia, c.readBody, c.authenticate, c.checkRate}
	}
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	return c.endpoint.handle(c.d, c)
}

func (c *call) checkHTTPS() error {
	if !c.d.o.PlainHTTP && !httpd.RecordOf(c.r.Context()).HTTPS {
		return fault.Refuse(httpd.HTTPSRequired)
	}
	return nil
}

// checkRate counts the request of its e-commerce credential.
func (c *call) checkRate() error {
	policy := c.id.Program.Policy.Debit
	wait, ok := c.d.buckets.Take(c.id.Credential.ID.String(), httpd.Rate{PerSecond: float64(policy.RatePerSecond), Burst: policy.RateBurst})
	if ok {
		return nil
	}
	return &fault.Error{Reason: httpd.RateLimited, RetryAfter: wait}
}

// checkMedia looks at the announced size, then at the media type. A body without a type is JSON.
func (c *call) checkMedia() error {
	if c.endpoint.maxBody == 0 {
		return nil
	}
	if err := httpd.DeclaredTooLarge(c.r, &httpd.Route{MaxBody: c.endpoint.maxBody}); err != nil {
		return err
	}
	if coding := c.r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return fault.Refuse(unsupportedMedia)
	}
	sent := c.r.Header.Get("Content-Type")
	if sent == "" {
		return nil
	}
	kind, params, err := mime.ParseMediaType(sent)
	if c.endpoint.forms && err == nil && kind == formType && params["boundary"] != "" {
		return nil
	}
	charset, named := params["charset"]
	if err != nil || kind != "application/json" || (named && !strings.EqualFold(charset, "utf-8")) {
		return fault.Refuse(unsupportedMedia)
	}
	return nil
}

// maxDepth is how deep a body may nest.
const maxDepth = 16

// bodyRules are how bodies of this door are read: one object, and of a repeated key the last counts.
func bodyRules() wirejson.Options {
	return wirejson.Options{MaxDepth: maxDepth, AllowDuplicateNames: true, RequireObject: true}
}

// readBody reads the whole JSON body before anybody asks for it.
func (c *call) readBody() error {
	_, err := c.body()
	return err
}

// body gives the whole JSON body.
func (c *call) body() (wirejson.Value, error) {
	if c.sent != nil {
		return *c.sent, nil
	}
	raw, err := c.bytes()
	if err != nil {
		return wirejson.Value{}, err
	}
	v, err := wirejson.Parse(raw, bodyRules())
	if err != nil {
		return wirejson.Value{}, fault.Refuse(bodyMalformed)
	}
	c.sent = &v
	return v, nil
}

// checkKey reads the idempotency key with the other fields: its form, and whether the programme demands
// one here.
func (c *call) checkKey(f *fields) {
	values := c.r.Header.Values(headerKey)
	if c.endpoint.key == httpd.None {
		return
	}
	switch {
	case len(values) == 0:
		if c.endpoint.key == httpd.ByPolicy && c.id.Program.Policy.Activation.RequireIdempotencyKey {
			f.add(headerKey, required)
		}
	case len(values) > 1, values[0] == "", len(values[0]) > maxKeyLength, strings.ContainsFunc(values[0], func(r rune) bool { return r <= ' ' || r > '~' }):
		f.add(headerKey, invalid)
	default:
		c.key = values[0]
	}
}

// checkRights refuses a caller of a sort that the endpoint does not take.
func (c *call) checkRights() error {
	takes := c.endpoint.callers
	switch {
	case takes&c.sort != 0:
		return nil
	case takes&forCustomer != 0 && c.sort == forProgram:
		return fault.Refuse(access.CustomerTokenMissing)
	default:
		return fault.RefuseWith(wrongCaller, takes)
	}
}

// caller is who asks, for the trail of the command.
func (c *call) caller() issuance.Caller {
	rec := httpd.RecordOf(c.r.Context())
	credential := c.id.Credential
	if c.sort == forCustomer {
		credential = c.customer.Credential
	}
	sort := "key:"
	if credential.Kind == access.UserLogin {
		sort = "user:"
	}
	return issuance.Caller{
		Program: c.id.Program.ID, Credential: credential.ID, Actor: sort + credential.PublicID,
		Channel: audit.ChannelDebit, Source: rec.Address, RequestID: rec.RequestID,
	}
}

// now is the time on the programme's clock. Only a sandbox has a clock of its own, which is asked anew.
func (c *call) now(ctx context.Context) (time.Time, error) {
	return c.d.programNow(ctx, c.id)
}

func (d *Door) programNow(ctx context.Context, id access.Identity) (time.Time, error) {
	if !hasOwnClock(id.Program) {
		return id.Program.Now(d.o.Now()), nil
	}
	return d.o.Rules.ProgramNow(ctx, id.Program.ID)
}

// perform runs a command under the idempotency key that came, and answers. render gives the payload of a
// success; it must be pure, because it makes both the answer and what is remembered of it. body is the
// canonical body, or a digest of it.
func perform[T any](c *call, body []byte, secret bool, do func(by issuance.Command) (T, error), render func(result T) payload) error {
	at, err := c.now(c.r.Context())
	if err != nil {
		return err
	}
	at = at.In(c.id.Program.Policy.Debit.TimeZone)
	return performAs(c, body, secret, do, func(result T) []byte { return c.endpoint.envelope.success(c.path, at, render(result)) })
}

// performAs is perform for a command whose answer is rendered whole.
func performAs[T any](c *call, body []byte, secret bool, do func(by issuance.Command) (T, error), render func(result T) []byte) error {
	by := issuance.Command{Caller: c.caller()}
	if c.key != "" {
		by.Key = &issuance.Key{
			Door: doorName, Value: c.key,
			Fingerprint: c.d.o.Rules.Fingerprint(c.id.Program.ID, []byte(c.r.Method), []byte(c.path), []byte(c.r.URL.RawQuery), body),
			Record: func(result any, err error) (issuance.Answer, bool) {
				if err != nil {
					return issuance.Answer{}, false // a refusal must not outlive its cause
				}
				return issuance.Answer{Status: http.StatusOK, Body: render(result.(T)), Secret: secret}, true //nolint:forcetypeassert // the command's own result
			},
		}
	}
	result, err := do(by)
	var replay *issuance.Replayed
	switch {
	case errors.As(err, &replay):
		c.w.Header().Set(headerReplayed, "true")
		return c.write(replay.Answer.Status, replay.Answer.Body)
	case err != nil:
		return err
	}
	if err := c.id.Program.Policy.Faults.FailAnswer(); err != nil {
		return err
	}
	return c.write(http.StatusOK, render(result))
}

// write sends a JSON answer. Its error is nil: what breaks now is the caller's connection.
func (c *call) write(status int, body []byte) error {
	writeJSON(c.w, status, body)
	return nil
}

func writeJSON(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// canonical is the path of an endpoint in the contract's spelling, with its parameters.
func canonical(pattern string, params httpd.Params) string {
	segments := strings.Split(pattern, "/")
	for i, s := range segments {
		if name, ok := strings.CutPrefix(s, "{"); ok {
			value := params.Get(strings.TrimSuffix(name, "}"))
			if ref, err := ident.ParseReference(value); err == nil {
				value = string(ref) // the spelling in which references are sent
			}
			segments[i] = url.PathEscape(value)
		}
	}
	return strings.Join(segments, "/")
}
