package debitapi

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/redact"
	"github.com/firsttap/firsttap/internal/tokens"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// Tokens are the commands about customers' tokens and the programme's own. [tokens.Service] has them.
type Tokens interface {
	Connect(ctx context.Context, cmd tokens.Connect) (tokens.Connection, error)
	Refresh(ctx context.Context, cmd tokens.Refresh) (tokens.Issued, error)
	ActivateToken(ctx context.Context, cmd tokens.ActivateToken) (tokens.Issued, error)
	ReadCode(ctx context.Context, cmd tokens.ReadCode) (tokens.OneTimeCode, error)
	EndCustomer(ctx context.Context, cmd tokens.EndCustomer) (int, error)
	Exchange(ctx context.Context, cmd issuance.Command, used access.Credential) (tokens.Exchanged, error)
	EndProgram(ctx context.Context, cmd issuance.Command, used access.Credential) (int, error)
}

// tokenPrefix is where the token endpoints are; each is served without it too.
const tokenPrefix = "/oauth/v1"

// tokenEndpoints are the endpoints about tokens (debit contract §12).
func tokenEndpoints() []endpoint {
	list := []endpoint{
		{pattern: "/get-customer-connection-token", callers: forProgram, handle: (*Door).connect},
		{pattern: "/refresh-customer-token", aliases: []string{"/refresh-customer-connection-token"}, callers: forProgram, handle: (*Door).refreshCustomer},
		{pattern: "/activate-token", aliases: []string{"/activate_token"}, callers: forProgram, handle: (*Door).activateToken},
		{pattern: "/get-customer-otp", callers: forProgram, handle: (*Door).readCode},
		{pattern: "/get-ecommerce-connection-token", callers: forProgram | forAdmin, handle: (*Door).exchange},
		{pattern: "/expire-token", callers: forProgram | forAdmin, handle: (*Door).expireToken},
	}
	for i := range list {
		e := &list[i]
		e.method, e.key, e.envelope, e.maxBody, e.bodyToken, e.secret = http.MethodPost, httpd.Optional, envelopeD, maxBody, true, true
		short := append([]string{e.pattern}, e.aliases...)
		e.aliases = nil
		for _, s := range short {
			e.aliases = append(e.aliases, s, tokenPrefix+s)
		}
		e.pattern = tokenPrefix + short[0]
		e.aliases = append(e.aliases[:1], e.aliases[2:]...) // the pattern is no alias
	}
	return list
}

// shortPaths are the paths of the token endpoints outside of every prefix.
func shortPaths() []string {
	var out []string
	for _, e := range tokenEndpoints() {
		for _, alias := range e.aliases {
			if !strings.HasPrefix(alias, tokenPrefix) {
				out = append(out, alias)
			}
		}
	}
	return out
}

// first gives the first of the members that was sent: pages and clients name the same thing differently.
func first(body wirejson.Value, names ...string) wirejson.Value {
	for _, name := range names {
		if v := body.Get(name); v.Given() {
			return v
		}
	}
	return wirejson.Value{}
}

// tokenForm reads the members of a token request. What is missing is told apart from what is wrong: its code
// is another one.
type tokenForm struct {
	fields
	body    wirejson.Value
	missing []fault.Field
}

// need notes that a member is missing.
func (t *tokenForm) need(path string, there bool) {
	if !there {
		t.missing = append(t.missing, fault.Field{Path: path, Code: required})
	}
}

func (t *tokenForm) optionalSecret(path string, v wirejson.Value) redact.Text {
	if s, ok := v.String(); !v.Given() || ok && s == "" {
		return redact.Text{}
	}
	return t.secret(path, v, 1, mostSecret)
}

func (t *tokenForm) deviceID() string {
	device := t.device(first(t.body, "device_id", "deviceId"))
	t.need("device_id", device != "" || first(t.body, "device_id", "deviceId").Given())
	return device
}

func (t *tokenForm) refreshToken() redact.Text {
	return t.optionalSecret("customer_refresh_token", first(t.body, "customer_refresh_token", "refresh_token"))
}

// mostLoginData is how large extra_login_data may be.
const mostLoginData = 4 << 10

// loginData tells whether extra_login_data came along. Its content is not looked at and not kept.
func (t *tokenForm) loginData() bool {
	v := t.body.Get("extra_login_data")
	s, isText := v.String()
	switch {
	case !v.Given(), isText && s == "":
		return false
	case !isText && v.Kind() != wirejson.Object:
		t.add("extra_login_data", invalid)
	case len(v.Raw()) > mostLoginData:
		t.add("extra_login_data", tooLong)
	}
	return true
}

func (t *tokenForm) proof() tokens.Proof {
	p := tokens.Proof{Password: t.optionalSecret("password", t.body.Get("password"))}
	if v := t.body.Get("otp"); v.Given() {
		code, ok := digitsOf(v)
		if !ok || len(code) > mostDigits {
			t.add("otp", invalid)
		}
		p.Code = code
	}
	return p
}

// check gives the refusal of the form and of the caller, in their order.
func (t *tokenForm) check(c *call) error {
	c.checkKey(&t.fields)
	if err := t.refusal(); err != nil {
		return err
	}
	if err := c.checkRights(); err != nil {
		return err
	}
	if len(t.missing) > 0 {
		return &fault.Error{Reason: tokens.Incomplete, Fields: t.missing}
	}
	return nil
}

func (c *call) tokenForm() (*tokenForm, error) {
	body, err := c.body()
	return &tokenForm{body: body}, err
}

// performToken runs a command about tokens, and answers in envelope D.
func performToken[T any](c *call, t *tokenForm, do func(by issuance.Command) (T, error), render func(result T) payload) error {
	return perform(c, t.body.AppendCanonical(nil), true, do, render)
}

// connect is POST /oauth/v1/get-customer-connection-token.
func (d *Door) connect(c *call) error {
	t, err := c.tokenForm()
	if err != nil {
		return err
	}
	cmd := tokens.Connect{
		Device: t.deviceID(), Refresh: t.refreshToken(), Number: t.number("customer_id", t.body.Get("customer_id"), "cust_"),
		Private:   t.optionalSecret("customer_private_key", first(t.body, "customer_private_key", "private_key")),
		LoginData: t.loginData(),
	}
	if cmd.Refresh.IsZero() {
		t.need("customer_id", t.body.Get("customer_id").Given())
		t.need("customer_private_key", !cmd.Private.IsZero())
		if len(t.missing) > 0 && cmd.Number == 0 && cmd.Private.IsZero() {
			t.need("customer_refresh_token", false)
		}
	}
	state := t.body.Get("client_state")
	sent, ok := state.Int64()
	if state.Given() && !ok {
		t.add("client_state", invalid)
	}
	if err := t.check(c); err != nil {
		return err
	}
	return performToken(c, t, func(by issuance.Command) (tokens.Connection, error) {
		cmd.Command = by
		return d.o.Tokens.Connect(c.r.Context(), cmd)
	}, func(got tokens.Connection) payload {
		return func(w *wirejson.Writer) {
			w.Key("customer_oauth_token").String(got.Token.Reveal())
			w.Key("expiration_timestamp").String(stampS(got.ExpiresAt))
			w.Key("customer_refresh_token").String(got.Refresh.Reveal())
			w.Key("refresh_expiration_timestamp").String(stampS(got.RefreshExpiresAt))
			w.Key("client_state_ret").Int(sent)
			w.Key("token_status").String(tokenStatus(got.Active))
		}
	})
}

// The states of a token, in the words of this API.
func tokenStatus(active bool) string {
	if active {
		return "ACTIVE"
	}
	return "INACTIVE"
}

// issuedPayload tells of a new oauth token, under both of its names.
func issuedPayload(got tokens.Issued) payload {
	return func(w *wirejson.Writer) {
		w.Key("oauth_token").String(got.Token.Reveal())
		w.Key("customer_oauth_token").String(got.Token.Reveal())
		w.Key("expiration_timestamp").String(stampS(got.ExpiresAt))
		w.Key("token_status").String(tokenStatus(got.Active))
	}
}

// refreshCustomer is POST /oauth/v1/refresh-customer-token.
func (d *Door) refreshCustomer(c *call) error {
	t, err := c.tokenForm()
	if err != nil {
		return err
	}
	cmd := tokens.Refresh{Device: t.deviceID(), Refresh: t.refreshToken(), LoginData: t.loginData(), Proof: t.proof()}
	t.need("customer_refresh_token", !cmd.Refresh.IsZero())
	if t.body.Get("security_answers").Given() {
		t.add("security_answers", notAllowed)
	}
	if err := t.check(c); err != nil {
		return err
	}
	return performToken(c, t, func(by issuance.Command) (tokens.Issued, error) {
		cmd.Command = by
		return d.o.Tokens.Refresh(c.r.Context(), cmd)
	}, issuedPayload)
}

// activateToken is POST /oauth/v1/activate-token.
func (d *Door) activateToken(c *call) error {
	t, err := c.tokenForm()
	if err != nil {
		return err
	}
	cmd := tokens.ActivateToken{
		Token: t.optionalSecret("customer_oauth_token", first(t.body, "customer_oauth_token", "oauth_token")), Device: t.deviceID(), Proof: t.proof(),
	}
	t.need("customer_oauth_token", !cmd.Token.IsZero())
	t.need("otp", cmd.Proof.Code != "" || !cmd.Proof.Password.IsZero())
	if err := t.check(c); err != nil {
		return err
	}
	return performToken(c, t, func(by issuance.Command) (tokens.Issued, error) {
		cmd.Command = by
		return d.o.Tokens.ActivateToken(c.r.Context(), cmd)
	}, issuedPayload)
}

// readCode is POST /oauth/v1/get-customer-otp: the programme sends the code to its customer itself.
func (d *Door) readCode(c *call) error {
	t, err := c.tokenForm()
	if err != nil {
		return err
	}
	cmd := tokens.ReadCode{Number: t.number("customer_id", t.body.Get("customer_id"), "cust_"), Device: t.deviceID()}
	t.need("customer_id", t.body.Get("customer_id").Given())
	if err := t.check(c); err != nil {
		return err
	}
	return performToken(c, t, func(by issuance.Command) (tokens.OneTimeCode, error) {
		cmd.Command = by
		return d.o.Tokens.ReadCode(c.r.Context(), cmd)
	}, func(got tokens.OneTimeCode) payload {
		return func(w *wirejson.Writer) {
			w.Key("otp").String(got.Code.Reveal())
			w.Key("expiration_timestamp").String(stampS(got.ExpiresAt))
		}
	})
}

// usedToken is the e-commerce token of the caller; who signed in without one has none.
func (c *call) usedToken() (access.Credential, error) {
	if c.id.Credential.Kind == access.Ecommerce {
		return c.id.Credential, nil
	}
	header, err := c.ecommerceToken()
	if err != nil {
		return access.Credential{}, err
	}
	id, err := c.d.o.Access.Ecommerce(c.r.Context(), header, httpd.RecordOf(c.r.Context()).Address)
	return id.Credential, err
}

// exchange is POST /oauth/v1/get-ecommerce-connection-token.
func (d *Door) exchange(c *call) error {
	t, err := c.tokenForm()
	if err != nil {
		return err
	}
	if err := t.check(c); err != nil {
		return err
	}
	used, err := c.usedToken()
	if err != nil {
		return err
	}
	return performToken(c, t, func(by issuance.Command) (tokens.Exchanged, error) {
		return d.o.Tokens.Exchange(c.r.Context(), by, used)
	}, func(got tokens.Exchanged) payload {
		return func(w *wirejson.Writer) {
			w.Key("ecommerce_token").String(got.Token.Reveal())
			w.Key("token_status").String(tokenStatus(true))
		}
	})
}

// expireToken is POST /oauth/v1/expire-token.
func (d *Door) expireToken(c *call) error {
	t, err := c.tokenForm()
	if err != nil {
		return err
	}
	kind, isText := t.body.Get("token_type").String()
	number := t.number("customer_id", t.body.Get("customer_id"), "cust_")
	switch {
	case !t.body.Get("token_type").Given():
		t.add("token_type", required)
	case !isText || (kind != "customer" && kind != "ecommerce"):
		t.add("token_type", invalid)
	case kind == "customer" && !t.body.Get("customer_id").Given():
		t.add("customer_id", required)
	}
	if err := t.check(c); err != nil {
		return err
	}
	ended := func(n int) payload { return func(w *wirejson.Writer) { w.Key("expired").Int(int64(n)) } }
	if kind == "customer" {
		return performToken(c, t, func(by issuance.Command) (int, error) {
			return d.o.Tokens.EndCustomer(c.r.Context(), tokens.EndCustomer{Command: by, Number: number})
		}, ended)
	}
	used, err := c.usedToken()
	if err != nil {
		return err
	}
	return performToken(c, t, func(by issuance.Command) (int, error) {
		return d.o.Tokens.EndProgram(c.r.Context(), by, used)
	}, ended)
}

// CustomerLimits count the requests of each customer to the token endpoints. They are [tokens.Limits].
type CustomerLimits struct{ buckets *httpd.Buckets }

// NewCustomerLimits makes an empty set. now is real time.
func NewCustomerLimits(now func() time.Time) CustomerLimits {
	return CustomerLimits{httpd.NewBuckets(now, rateKeys)}
}

// TakeOf implements [tokens.Limits].
func (l CustomerLimits) TakeOf(id ident.CustomerID, perMinute int) (wait time.Duration, ok bool) {
	return l.buckets.Take(id.String(), httpd.Rate{PerSecond: float64(perMinute) / 60, Burst: perMinute})
}
