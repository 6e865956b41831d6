package tokens

import (
	"context"
	"fmt"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/redact"
)

// Limits bound the requests of one customer. A bucket in the memory of the process does.
type Limits interface {
	TakeOf(customer ident.CustomerID, perMinute int) (wait time.Duration, ok bool)
}

// Config is what a Service is made of.
type Config struct {
	Rules     *issuance.Service
	Passwords *access.Passwords
	Limits    Limits
	// Forget is told of credentials that ended, so that no memory of them lets anybody in.
	Forget func(match func(access.Credential) bool)
}

// Service is the commands about tokens. It is safe for concurrent use.
type Service struct{ c Config }

// New makes a Service. It starts nothing.
func New(c Config) *Service { return &Service{c: c} }

// Issued is a customer's new oauth token.
type Issued struct {
	Token     redact.Text
	ExpiresAt time.Time
	Active    bool
}

// Proof is how a customer shows who it is. Zero members were not sent.
type Proof struct {
	Private  redact.Text
	Password redact.Text
	Code     string // one-time code
}

func (p Proof) given() bool { return !p.Password.IsZero() || p.Code != "" }

// standing is what is known of a customer before a command runs: what a comparison outside of the
// transaction needs, and found.
type standing struct {
	customer customer.Customer
	known    bool
	login    customer.Login
	password bool // the password that was sent is right
}

// stand reads who the command is about, counts the request, and compares the password. Nothing that it
// finds is trusted inside the transaction but the comparison itself.
func (s *Service) stand(ctx context.Context, by issuance.Caller, sent redact.Text, find func(tx issuance.ReadTx) (ident.CustomerID, error)) (standing, error) {
	var st standing
	var perMinute int
	now, err := s.c.Rules.ProgramNow(ctx, by.Program)
	if err != nil {
		return st, err
	}
	_, err = issuance.Look(ctx, s.c.Rules, customer.NotFound, func(tx issuance.ReadTx) (struct{}, bool, error) {
		st = standing{}
		p, ok, err := tx.Program(ctx, by.Program)
		if err != nil || !ok {
			return struct{}{}, ok, err
		}
		perMinute = p.Policy.Debit.TokenRatePerMinute
		id, err := find(tx)
		if err != nil || id.IsZero() {
			return struct{}{}, true, err
		}
		if st.customer, st.known, err = tx.Customer(ctx, p.ID, id); err != nil || !st.known {
			return struct{}{}, true, err
		}
		st.login, _, err = tx.CustomerLogin(ctx, p.ID, id)
		return struct{}{}, true, err
	})
	if err != nil || !st.known {
		return st, err
	}
	if wait, ok := s.c.Limits.TakeOf(st.customer.ID, perMinute); !ok {
		return st, later(TooManyRequests, wait)
	}
	if wait := st.login.Shut(now); sent.IsZero() || wait > 0 {
		return st, nil
	}
	if st.password, err = s.c.Passwords.Same(ctx, st.login.Password, sent); err != nil {
		return st, fault.NotNow(err, "compare the password", time.Second)
	}
	return st, nil
}

func later(r fault.Reason, wait time.Duration) error {
	no := fault.Refuse(r)
	no.RetryAfter = wait
	return no
}

// holder is a customer inside the transaction of a command.
type holder struct {
	customer customer.Customer
	login    customer.Login
	living   []access.Credential // not revoked
}

// load reads the customer of a command.
func load(ctx context.Context, w *issuance.Work, id ident.CustomerID) (holder, bool, error) {
	var h holder
	var ok bool
	var err error
	if h.customer, ok, err = w.Tx.Customer(ctx, w.Program.ID, id); err != nil || !ok {
		return h, ok, err
	}
	w.Audit.Customer = id
	if h.login, ok, err = w.Tx.CustomerLogin(ctx, w.Program.ID, id); err != nil {
		return h, false, err
	}
	if !ok {
		h.login = customer.Login{Program: w.Program.ID, Customer: id}
	}
	h.living, err = w.Tx.CustomerCredentials(ctx, w.Program.ID, id)
	return h, true, err
}

// wrong counts a wrong answer of the customer, and refuses.
func (h *holder) wrong(ctx context.Context, w *issuance.Work) error {
	if err := w.Tx.SaveCustomerLogin(ctx, h.login.Failed(w.Now)); err != nil {
		return err
	}
	w.Audit.Note = "a wrong answer was counted"
	return fault.Refuse(Refused)
}

// proved forgets the wrong answers before a right one.
func (h *holder) proved(ctx context.Context, w *issuance.Work) error {
	if h.login.Wrong == 0 {
		return nil
	}
	return w.Tx.SaveCustomerLogin(ctx, h.login.Proved())
}

// shut refuses while too many answers were wrong.
func (h *holder) shut(w *issuance.Work) error {
	if wait := h.login.Shut(w.Now); wait > 0 {
		return later(TooManyWrong, wait)
	}
	return nil
}

// end revokes the living credentials of the kinds, and gives their number.
func (h *holder) end(ctx context.Context, w *issuance.Work, kinds ...access.Kind) (int, error) {
	n := 0
	for _, c := range h.living {
		for _, k := range kinds {
			if c.Kind != k {
				continue
			}
			from := c.Status
			c.Status, c.RevokedAt = access.Revoked, w.Now
			if err := w.Tx.ChangeCredential(ctx, c, from); err != nil {
				return n, err
			}
			n++
		}
	}
	if n > 0 {
		holder := h.customer
		w.Announce(event.Event{Name: event.TokensEnded, Customer: &holder})
	}
	return n, nil
}

// inactiveLifetime is how long a token waits for its activation, and codeStep how long a one-time code is
// the newest; it is good for one step more.
const (
	inactiveLifetime = 10 * time.Minute
	codeStep         = 10 * time.Minute
	codeDigits       = 6
	inactiveTries    = 5 // wrong answers that an inactive token survives are fewer
)

// issue ends every oauth token of the customer and makes one for the device.
func (s *Service) issue(ctx context.Context, w *issuance.Work, h *holder, refresh ident.CredentialID, device string, active bool) (Issued, error) {
	if _, err := h.end(ctx, w, access.CustomerOauth); err != nil {
		return Issued{}, err
	}
	if err := w.Tx.DropDeviceTokens(ctx, refresh, device); err != nil {
		return Issued{}, err
	}
	want := access.Credential{
		Program: w.Program.ID, Customer: h.customer.ID, Kind: access.CustomerOauth, Device: device, Parent: refresh, Status: access.Active,
	}
	lifetime := w.Program.Policy.Debit.CustomerTokenTTL
	if !active {
		want.Status, lifetime = access.Inactive, inactiveLifetime
		holder := h.customer
		w.Announce(event.Event{Name: event.CodeRequested, Customer: &holder})
	}
	secret, made := s.c.Rules.MintToken(want, w.Now, lifetime)
	return Issued{Token: secret, ExpiresAt: made.ExpiresAt, Active: active}, w.Tx.InsertCredential(ctx, made)
}

// code is the one-time code for a token at a time.
func (s *Service) code(of access.Credential, at time.Time) string {
	step := fmt.Sprint(at.Unix() / int64(codeStep/time.Second))
	sum := s.c.Rules.KeyedHash(issuance.Bound{
		Purpose: issuance.PurposeOneTimeCode, Program: of.Program, Subject: of.ID.String(),
	}, []byte(step))
	// A decimal digit from each of the first bytes below 250, which all digits share alike.
	digits := make([]byte, 0, codeDigits)
	for _, b := range sum {
		if b < 250 && len(digits) < codeDigits {
			digits = append(digits, '0'+b%10)
		}
	}
	return string(digits)
}

// rightCode compares a one-time code with that of now and that of the step before.
func (s *Service) rightCode(of access.Credential, sent string, now time.Time) bool {
	var same bool
	for _, at := range []time.Time{now, now.Add(-codeStep)} {
		if s.c.Rules.SameHash([]byte(s.code(of, at)), []byte(sent)) {
			same = true
		}
	}
	return same
}

// forget lets no memory admit what may have ended.
func (s *Service) forget(id ident.CustomerID) {
	s.c.Forget(func(c access.Credential) bool { return c.Customer == id })
}
