package debitapi

import (
	"context"
	"net/http"
	"strings"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/redact"
	"github.com/firsttap/firsttap/internal/wirejson"
)

// Logins are the sign-ins of the programme's users. [access.Logins] are.
type Logins interface {
	SignIn(ctx context.Context, by access.Visitor, email string, password redact.Text) (access.Pair, error)
	Refresh(ctx context.Context, by access.Visitor, token string) (access.Pair, error)
	SignOut(ctx context.Context, by access.Visitor, token string) error
	SetPassword(ctx context.Context, by access.Visitor, code string, password redact.Text) error
}

// loginEndpoints are the sign-ins (debit contract §3.3). Nobody is known before they answer, so none takes an idempotency
// key: such keys are kept per programme.
func loginEndpoints() []endpoint {
	const oauth = "/api/oauth/"
	list := []endpoint{
		{pattern: oauth + "login", handle: (*Door).signIn},
		{pattern: oauth + "refresh", handle: (*Door).refreshSignIn},
		{pattern: oauth + "logout", handle: (*Door).signOut},
		{pattern: oauth + "password", handle: (*Door).setPassword},
	}
	for i := range list {
		e := &list[i]
		e.method, e.open, e.envelope, e.maxBody, e.secret = http.MethodPost, true, envelopeC, maxBody, true
	}
	return list
}

// The longest members of a sign-in.
const (
	mostEmail    = 254
	leastSecret  = 12 // characters of a new password
	mostSecret   = 255
	mostJWT      = 2048
	invitePrefix = "inv_"
)

// secret reads a string that is not told again; what is wrong with it is.
func (f *fields) secret(path string, v wirejson.Value, low, high int) redact.Text {
	s, ok := v.String()
	switch {
	case !v.Given():
		f.add(path, required)
	case !ok:
		f.add(path, invalid)
	case len(s) < low:
		f.add(path, tooShort)
	case len(s) > high:
		f.add(path, tooLong)
	default:
		return redact.NewText(s)
	}
	return redact.Text{}
}

// signIn is POST /api/oauth/login.
func (d *Door) signIn(c *call) error {
	if err := c.takeLogin(c.visitor().Source.String()); err != nil {
		return err
	}
	body, err := c.body()
	if err != nil {
		return err
	}
	var f fields
	email := f.text("email", body.Get("email"), 1, mostEmail)
	password := f.secret("password", body.Get("password"), 1, mostSecret)
	if err := f.refusal(); err != nil {
		return err
	}
	if err := c.takeLogin("mail " + customer.EmailKey(email)); err != nil {
		return err
	}
	pair, err := d.o.Logins.SignIn(c.r.Context(), c.visitor(), email, password)
	if err != nil {
		return err
	}
	return c.write(http.StatusOK, loginAnswer("Login success", pairPayload(pair)))
}

// takeLogin counts a try to sign in.
func (c *call) takeLogin(key string) error {
	rate := httpd.Rate{PerSecond: float64(c.d.o.LoginsPerMinute) / 60, Burst: c.d.o.LoginsPerMinute}
	wait, ok := c.d.logins.Take(key, rate)
	if ok {
		return nil
	}
	return &fault.Error{Reason: httpd.RateLimited, RetryAfter: wait}
}

// refreshSignIn is POST /api/oauth/refresh.
func (d *Door) refreshSignIn(c *call) error {
	token, err := c.refreshToken()
	if err != nil {
		return err
	}
	pair, err := d.o.Logins.Refresh(c.r.Context(), c.visitor(), token.Reveal())
	if err != nil {
		return err
	}
	return c.write(http.StatusOK, loginAnswer("Login success", pairPayload(pair)))
}

// signOut is POST /api/oauth/logout.
func (d *Door) signOut(c *call) error {
	token, err := c.refreshToken()
	if err != nil {
		return err
	}
	if err := d.o.Logins.SignOut(c.r.Context(), c.visitor(), token.Reveal()); err != nil {
		return err
	}
	return c.write(http.StatusOK, loginAnswer("Logout success", nil))
}

func (c *call) refreshToken() (redact.Text, error) {
	body, err := c.body()
	if err != nil {
		return redact.Text{}, err
	}
	var f fields
	token := f.secret("refreshToken", body.Get("refreshToken"), 1, mostJWT)
	return token, f.refusal()
}

// setPassword is POST /api/oauth/password: the one-use code of an operator sets the password of a user.
func (d *Door) setPassword(c *call) error {
	if err := c.takeLogin(c.visitor().Source.String()); err != nil {
		return err
	}
	body, err := c.body()
	if err != nil {
		return err
	}
	var f fields
	code := f.secret("code", body.Get("code"), 1, mostSecret)
	password := f.secret("password", body.Get("password"), leastSecret, mostSecret)
	if err := f.refusal(); err != nil {
		return err
	}
	if !strings.HasPrefix(code.Reveal(), invitePrefix) {
		return fault.Refuse(access.LoginRefused)
	}
	if err := d.o.Logins.SetPassword(c.r.Context(), c.visitor(), code.Reveal(), password); err != nil {
		return err
	}
	return c.write(http.StatusOK, loginAnswer("Password set", nil))
}

func (c *call) visitor() access.Visitor {
	rec := httpd.RecordOf(c.r.Context())
	return access.Visitor{Source: rec.Address, RequestID: rec.RequestID}
}

func pairPayload(p access.Pair) payload {
	return func(w *wirejson.Writer) {
		w.Key("accessToken").String(p.Access.Reveal())
		w.Key("refreshToken").String(p.Refresh.Reveal())
	}
}

// loginAnswer is envelope C of a success. Without a payload there is no data.
func loginAnswer(message string, p payload) []byte {
	w := wirejson.NewWriter(nil)
	w.BeginObject()
	w.Key("message").String(message)
	w.Key("data")
	if p == nil {
		w.Null()
	} else {
		w.BeginObject()
		p(w)
		w.EndObject()
	}
	w.Key("error").Null()
	w.EndObject()
	return w.Bytes()
}
