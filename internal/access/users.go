package access

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/redact"
)

// inviteLifetime is how long the one-use code works that sets the password of a user.
const inviteLifetime = 24 * time.Hour

// User is a member of a programme's staff who signs in with e-mail and password (debit contract §3.3). The
// e-mail is that of one user of the whole installation: a sign-in names no programme.
type User struct {
	ID          ident.UserID
	Program     ident.ProgramID
	PublicID    string // what logs and audit rows may show
	Email       string
	Role        Role        // RoleAdmin or RoleReader
	Password    redact.Text // its slow hash; zero until the user has set one
	InviteHash  []byte      // keyed hash of the code that sets the password; nil when none is open
	InviteUntil time.Time
	DisabledAt  time.Time // zero: may sign in
	CreatedAt   time.Time
	UpdatedAt   time.Time
	Version     int64
}

// Login is a sign-in with all tokens that come from it: its family. Only the newest refresh token works.
type Login struct {
	ID         ident.LoginID
	Program    ident.ProgramID
	User       ident.UserID
	Generation int       // of the newest tokens, from 1
	CreatedAt  time.Time // on the programme's clock, as are all of its times
	ExpiresAt  time.Time // of the newest refresh token
	EndedAt    time.Time // zero: it goes on
	Version    int64
}

// Invited is a user with the code that sets its password, once. The code is here and nowhere else.
type Invited struct {
	User User
	Code redact.Text
}

// CreateUser adds a user without a password. Errors: [UserInvalid], [UserTaken], [ProgramUnknown].
func (s *Service) CreateUser(ctx context.Context, by Operator, id ident.ProgramID, email string, role Role) (Invited, error) {
	email, ok := customer.ParseEmail(email)
	if !ok || (role != RoleAdmin && role != RoleReader) {
		return Invited{}, fault.Refuse(UserInvalid)
	}
	var made Invited
	err := s.store.Write(ctx, func(tx Tx) error {
		p, err := programOf(ctx, tx, id)
		if err != nil {
			return err
		}
		if _, taken, err := tx.UserByEmail(ctx, customer.EmailKey(email)); err != nil || taken {
			return refuseOr(err, UserTaken)
		}
		now := s.now().UTC()
		made.User = User{
			ID: ident.UserID{UUID: s.ids.UUID()}, Program: p.ID, PublicID: "au_" + s.ids.Base62(cardsPublicLen), Email: email, Role: role,
			CreatedAt: now, UpdatedAt: now,
		}
		made.Code = s.invite(&made.User, now)
		if err := tx.InsertUser(ctx, made.User); err != nil {
			return err
		}
		return tx.InsertAudit(ctx, s.row(by, p, "user.create", made.User.PublicID+" "+string(role)))
	})
	return made, err
}

// invite gives the user a new code in place of an older one.
func (s *Service) invite(u *User, now time.Time) redact.Text {
	code := redact.NewText(invitePrefix + hex.EncodeToString(s.ids.Bytes(tokenBytes)))
	u.InviteHash, u.InviteUntil = s.hasher.HashCredential(code), now.Add(inviteLifetime)
	return code
}

// InviteUser gives a user a new code that sets a new password; the password that there is goes on until then.
// It also lets in again who was disabled. Errors: [UserUnknown].
func (s *Service) InviteUser(ctx context.Context, by Operator, publicIDOrEmail string) (Invited, error) {
	var out Invited
	user, err := s.changeUser(ctx, by, publicIDOrEmail, "user.invite", func(u *User, now time.Time) {
		u.DisabledAt = time.Time{}
		out.Code = s.invite(u, now)
	})
	out.User = user
	return out, err
}

// DisableUser ends a user's access: no sign-in, and no token of an earlier one. Doing so twice is no error.
// Errors: [UserUnknown].
func (s *Service) DisableUser(ctx context.Context, by Operator, publicIDOrEmail string) (User, error) {
	return s.changeUser(ctx, by, publicIDOrEmail, "user.disable", func(u *User, now time.Time) {
		u.DisabledAt, u.InviteHash, u.InviteUntil, u.Password = now, nil, time.Time{}, redact.Text{}
	})
}

func (s *Service) changeUser(ctx context.Context, by Operator, publicIDOrEmail, action string, change func(u *User, now time.Time)) (User, error) {
	var changed User
	err := s.store.Write(ctx, func(tx Tx) error {
		u, ok, err := tx.UserByPublicID(ctx, publicIDOrEmail)
		if err == nil && !ok {
			u, ok, err = tx.UserByEmail(ctx, customer.EmailKey(publicIDOrEmail))
		}
		if err != nil || !ok {
			return refuseOr(err, UserUnknown)
		}
		p, err := programOf(ctx, tx, u.Program)
		if err != nil {
			return err
		}
		now := s.now().UTC()
		change(&u, now)
		u.UpdatedAt = now
		if err := tx.UpdateUser(ctx, u); err != nil {
			return err
		}
		changed = u
		return tx.InsertAudit(ctx, s.row(by, p, action, u.PublicID))
	})
	return changed, err
}

// ListUsers gives the users of a programme, oldest first.
func (s *Service) ListUsers(ctx context.Context, id ident.ProgramID) (list []User, err error) {
	err = s.store.Read(ctx, func(tx ReadTx) error {
		list, err = tx.Users(ctx, id)
		return err
	})
	return list, err
}
