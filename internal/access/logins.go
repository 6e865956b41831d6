package access

import (
	"context"
	"net/netip"
	"time"

	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/redact"
)

// LoginsConfig is what [Logins] are made of.
type LoginsConfig struct {
	Store     Store
	Hasher    Hasher
	Signer    LoginSigner
	Passwords *Passwords
	IDs       *ident.Source
	Now       func() time.Time
	Only      program.Kind // the only kind of programme that this host serves; "" serves both
	// Forget is told of sign-ins that ended, so that no memory of them lets anybody in.
	Forget func(match func(Credential) bool)
}

// Logins are the sign-ins of users with e-mail and password.
type Logins struct{ c LoginsConfig }

// NewLogins makes Logins. It starts nothing.
func NewLogins(c LoginsConfig) *Logins { return &Logins{c: c} }

// Visitor is who signs in, for the trail.
type Visitor struct {
	Source    netip.Addr
	RequestID string
}

// SignIn opens a sign-in. [LoginRefused] is one answer for a wrong password, an unknown e-mail and a user
// who may not sign in; it takes the same time in each case.
func (l *Logins) SignIn(ctx context.Context, by Visitor, email string, password redact.Text) (Pair, error) {
	var user User
	var known bool
	err := l.c.Store.Read(ctx, func(tx ReadTx) (err error) {
		user, known, err = tx.UserByEmail(ctx, customer.EmailKey(email))
		return err
	})
	if err != nil {
		return Pair{}, err
	}
	same, err := l.c.Passwords.Same(ctx, user.Password, password)
	if err != nil {
		return Pair{}, fault.NotNow(err, "compare the password", time.Second)
	}
	if !known {
		return Pair{}, fault.Refuse(LoginRefused)
	}
	return l.settle(ctx, func(tx Tx) (Pair, error) {
		u, p, now, err := l.load(ctx, tx, user.PublicID)
		if err != nil {
			return Pair{}, err
		}
		row := l.row(by, u, p, "user.sign_in", now)
		if !same || u.Version != user.Version || !l.mayEnter(u, p) {
			row.Outcome = LoginRefused.Name()
			return Pair{}, refuseAfter(tx.InsertAudit(ctx, row))
		}
		login := Login{
			ID: ident.LoginID{UUID: l.c.IDs.UUID()}, Program: p.ID, User: u.ID, Generation: 1,
			CreatedAt: now, ExpiresAt: now.Add(refreshLifetime),
		}
		if err := tx.InsertLogin(ctx, login); err != nil {
			return Pair{}, err
		}
		pair, err := sign(l.c.Signer, login, u, now)
		if err != nil {
			return Pair{}, err
		}
		return pair, tx.InsertAudit(ctx, row)
	})
}

// Refresh gives a new pair for the newest refresh token of a sign-in. One that was used before ends the
// sign-in: of two who hold it, one is a thief.
func (l *Logins) Refresh(ctx context.Context, by Visitor, token string) (Pair, error) {
	s, ok := verify(l.c.Signer, token, refreshType)
	if !ok {
		return Pair{}, fault.Refuse(LoginRefused)
	}
	pair, err := l.settle(ctx, func(tx Tx) (Pair, error) {
		login, u, p, now, err := l.loadLogin(ctx, tx, s)
		if err != nil {
			return Pair{}, err
		}
		row := l.row(by, u, p, "user.refresh", now)
		over := !login.EndedAt.IsZero() || !now.Before(s.expires) || !l.mayEnter(u, p)
		if reused := s.generation != login.Generation; over || reused {
			row.Outcome = LoginRefused.Name()
			if reused && login.EndedAt.IsZero() {
				row.Note = "a refresh token was used again"
				login.EndedAt = now
				if err := tx.UpdateLogin(ctx, login); err != nil {
					return Pair{}, err
				}
			}
			return Pair{}, refuseAfter(tx.InsertAudit(ctx, row))
		}
		login.Generation++
		login.ExpiresAt = now.Add(refreshLifetime)
		if err := tx.UpdateLogin(ctx, login); err != nil {
			return Pair{}, err
		}
		pair, err := sign(l.c.Signer, login, u, now)
		if err != nil {
			return Pair{}, err
		}
		return pair, tx.InsertAudit(ctx, row)
	})
	if err != nil {
		l.forget(s.login)
	}
	return pair, err
}

// SignOut ends a sign-in by any of its tokens that is not over. Ending it twice is no error.
func (l *Logins) SignOut(ctx context.Context, by Visitor, token string) error {
	s, ok := verify(l.c.Signer, token, refreshType)
	if !ok {
		return fault.Refuse(LoginRefused)
	}
	_, err := l.settle(ctx, func(tx Tx) (Pair, error) {
		login, u, p, now, err := l.loadLogin(ctx, tx, s)
		switch {
		case err != nil:
			return Pair{}, err
		case !now.Before(s.expires):
			return Pair{}, fault.Refuse(LoginRefused)
		case !login.EndedAt.IsZero():
			return Pair{}, nil
		}
		login.EndedAt = now
		if err := tx.UpdateLogin(ctx, login); err != nil {
			return Pair{}, err
		}
		return Pair{}, tx.InsertAudit(ctx, l.row(by, u, p, "user.sign_out", now))
	})
	l.forget(s.login)
	return err
}

// SetPassword sets the password of the user whose one-use code this is. It ends nothing that goes on under
// the old password. Errors: [LoginRefused] for a code that is unknown, used or over.
func (l *Logins) SetPassword(ctx context.Context, by Visitor, code string, password redact.Text) error {
	wrapped := redact.NewText(code)
	defer wrapped.Wipe()
	invite := l.c.Hasher.HashCredential(wrapped)
	hash, err := l.c.Passwords.Hash(ctx, password)
	if err != nil {
		return fault.NotNow(err, "hash the password", time.Second)
	}
	_, err = l.settle(ctx, func(tx Tx) (Pair, error) {
		u, ok, err := tx.UserByInvite(ctx, invite)
		if err != nil {
			return Pair{}, err
		}
		real := l.c.Now()
		if !ok || !real.Before(u.InviteUntil) || !u.DisabledAt.IsZero() {
			return Pair{}, fault.Refuse(LoginRefused)
		}
		p, err := programOf(ctx, tx, u.Program)
		if err != nil {
			return Pair{}, err
		}
		u.Password, u.InviteHash, u.InviteUntil, u.UpdatedAt = hash, nil, time.Time{}, real.UTC()
		if err := tx.UpdateUser(ctx, u); err != nil {
			return Pair{}, err
		}
		return Pair{}, tx.InsertAudit(ctx, l.row(by, u, p, "user.set_password", p.Now(real)))
	})
	return err
}

// settle runs body in a transaction. A refusal commits what body wrote; any other error rolls back.
func (l *Logins) settle(ctx context.Context, body func(tx Tx) (Pair, error)) (Pair, error) {
	var pair Pair
	var refusal error
	err := l.c.Store.Write(ctx, func(tx Tx) error {
		pair, refusal = body(tx)
		if fault.IsRefusal(refusal) {
			return nil
		}
		return refusal
	})
	if err == nil {
		err = refusal
	}
	if err != nil {
		return Pair{}, err
	}
	return pair, nil
}

// load reads a user with its programme.
func (l *Logins) load(ctx context.Context, tx Tx, publicID string) (User, program.Program, time.Time, error) {
	u, ok, err := tx.UserByPublicID(ctx, publicID)
	if err != nil || !ok {
		return User{}, program.Program{}, time.Time{}, refuseOr(err, LoginRefused)
	}
	p, err := programOf(ctx, tx, u.Program)
	return u, p, p.Now(l.c.Now()), err
}

func (l *Logins) loadLogin(ctx context.Context, tx Tx, s seen) (Login, User, program.Program, time.Time, error) {
	login, ok, err := tx.Login(ctx, s.login)
	if err != nil || !ok {
		return Login{}, User{}, program.Program{}, time.Time{}, refuseOr(err, LoginRefused)
	}
	u, p, now, err := l.load(ctx, tx, s.user)
	if err == nil && u.ID != login.User {
		err = fault.Refuse(LoginRefused)
	}
	return login, u, p, now, err
}

func (l *Logins) mayEnter(u User, p program.Program) bool {
	return u.DisabledAt.IsZero() && !p.Suspended && (l.c.Only == "" || l.c.Only == p.Kind)
}

func (l *Logins) forget(id ident.LoginID) {
	l.c.Forget(func(c Credential) bool { return c.Kind == UserLogin && c.ID.UUID == id.UUID })
}

func (l *Logins) row(by Visitor, u User, p program.Program, action string, now time.Time) audit.Row {
	row := audit.Row{
		ID: l.c.IDs.UUID(), Program: p.ID, At: now, Actor: "user:" + u.PublicID, Channel: audit.ChannelDebit,
		RequestID: by.RequestID, Action: action, Outcome: audit.OK,
	}
	if by.Source.IsValid() {
		row.Source = by.Source.String()
	}
	return row
}

// refuseAfter is the refusal of a sign-in, once its row is written.
func refuseAfter(err error) error { return refuseOr(err, LoginRefused) }

// Bearer authenticates a request by the access token of a sign-in (debit contract §3.3). The errors:
// [BearerInvalid], [BearerExpired], [ProgramSuspended]; with the last the identity is given too.
func (a *Authenticator) Bearer(ctx context.Context, header []string) (Identity, error) {
	token, ok := bearer(header, true)
	if !ok {
		return Identity{}, fault.Refuse(BearerInvalid)
	}
	s, ok := verify(a.signer, token, accessType)
	if !ok {
		return Identity{}, fault.Refuse(BearerInvalid)
	}
	id, ok, err := a.login(ctx, s.login)
	if err != nil {
		return Identity{}, err
	}
	now := id.Program.Now(a.now())
	switch c := id.Credential; {
	case !ok, c.PublicID != s.user, c.Status != Active, !a.serves(id.Program.Kind):
		return Identity{}, fault.Refuse(BearerInvalid)
	case !now.Before(s.expires), !c.Good(now):
		return Identity{}, fault.Refuse(BearerExpired)
	case id.Program.Suspended:
		return id, fault.Refuse(ProgramSuspended)
	}
	return id, nil
}

// login looks a sign-in up, in memory first, and gives it in the form of a credential.
func (a *Authenticator) login(ctx context.Context, id ident.LoginID) (Identity, bool, error) {
	now := a.now()
	key := append([]byte("login "), id.UUID[:]...)
	known, ok, age := a.known.get(key, now)
	if ok {
		return *known, true, nil
	}
	l, u, p, ok, err := a.store.LoginOf(ctx, id)
	if err != nil || !ok {
		return Identity{}, false, err
	}
	found := Identity{Program: p, Credential: Credential{
		ID: ident.CredentialID{UUID: l.ID.UUID}, Program: p.ID, Kind: UserLogin, Role: u.Role, PublicID: u.PublicID,
		Status: Active, ExpiresAt: l.ExpiresAt, CreatedAt: l.CreatedAt,
	}}
	if !l.EndedAt.IsZero() || !u.DisabledAt.IsZero() {
		found.Credential.Status = Revoked
	}
	a.known.put(key, &found, now, age)
	return found, true, nil
}
