package sqlstore

import (
	"context"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
)

const (
	userColumns  = `a.id, a.program_id, a.public_id, a.email, a.role, a.password_hash, a.invite_hash, a.invite_until, a.disabled_at, a.created_at, a.updated_at, a.version`
	loginColumns = `l.id, l.program_id, l.user_id, l.generation, l.created_at, l.expires_at, l.ended_at, l.version`
)

const (
	selectUserByEmail    = `SELECT ` + userColumns + ` FROM api_users a WHERE a.email_key = $1`
	selectUserByPublicID = `SELECT ` + userColumns + ` FROM api_users a WHERE a.public_id = $1`
	selectUserByInvite   = `SELECT ` + userColumns + ` FROM api_users a WHERE a.invite_hash = $1`
	selectUsers          = `SELECT ` + userColumns + ` FROM api_users a WHERE a.program_id = $1 ORDER BY a.created_at, a.id`
	insertUser           = `INSERT INTO api_users (id, program_id, public_id, email, role, password_hash, invite_hash, invite_until, disabled_at, created_at, updated_at, version, email_key)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`
	updateUser = `UPDATE api_users SET role = $3, password_hash = $4, invite_hash = $5, invite_until = $6, disabled_at = $7, updated_at = $8, version = $2 + 1
	WHERE id = $1 AND version = $2`
	selectLogin   = `SELECT ` + loginColumns + ` FROM api_logins l WHERE l.id = $1`
	selectLoginOf = `SELECT ` + loginColumns + `, ` + userColumns + `, ` + programColumns + `
	FROM api_logins l JOIN api_users a ON a.id = l.user_id JOIN programs pr ON pr.id = l.program_id WHERE l.id = $1`
	insertLogin = `INSERT INTO api_logins (id, program_id, user_id, generation, created_at, expires_at, ended_at, version)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`
	updateLogin = `UPDATE api_logins SET generation = $3, expires_at = $4, ended_at = $5, version = $2 + 1 WHERE id = $1 AND version = $2`
)

func userDest(u *access.User) []any {
	return []any{
		&u.ID.UUID, &u.Program.UUID, &u.PublicID, &u.Email, (*string)(&u.Role), asSecret(&u.Password), &u.InviteHash, &u.InviteUntil,
		&u.DisabledAt, &u.CreatedAt, &u.UpdatedAt, &u.Version,
	}
}

func loginDest(l *access.Login) []any {
	return []any{&l.ID.UUID, &l.Program.UUID, &l.User.UUID, &l.Generation, &l.CreatedAt, &l.ExpiresAt, &l.EndedAt, &l.Version}
}

// LoginOf gives a sign-in with its user and its programme as they stand now.
func (d accessStore) LoginOf(ctx context.Context, id ident.LoginID) (l access.Login, u access.User, p program.Program, found bool, err error) {
	err = d.engine.ask(ctx, func(s *session) error {
		l, u, p = access.Login{}, access.User{}, program.Program{}
		var scanned programScan
		dest := append(append(loginDest(&l), userDest(&u)...), scanned.dest()...)
		var err error
		if found, err = one(s, selectLoginOf, []any{id.UUID}, dest...); err != nil || !found {
			return err
		}
		p, err = scanned.read(s.policies)
		return err
	})
	return l, u, p, found, err
}

func (t tx) user(sql string, arg any) (access.User, bool, error) {
	var u access.User
	found, err := one(t, sql, []any{arg}, userDest(&u)...)
	return u, found, err
}

func (t tx) UserByEmail(_ context.Context, key string) (access.User, bool, error) {
	return t.user(selectUserByEmail, key)
}

func (t tx) UserByPublicID(_ context.Context, publicID string) (access.User, bool, error) {
	return t.user(selectUserByPublicID, publicID)
}

func (t tx) UserByInvite(_ context.Context, hash []byte) (access.User, bool, error) {
	return t.user(selectUserByInvite, hash)
}

func (t tx) Users(_ context.Context, p ident.ProgramID) ([]access.User, error) {
	return all(t, selectUsers, []any{p.UUID}, func(r row, u *access.User) error { return r.scan(userDest(u)...) })
}

func (t tx) InsertUser(_ context.Context, u access.User) error {
	_, err := t.exec(insertUser, u.ID.UUID, u.Program.UUID, u.PublicID, u.Email, string(u.Role), u.Password.Reveal(), u.InviteHash, u.InviteUntil,
		u.DisabledAt, u.CreatedAt, u.UpdatedAt, u.Version, customer.EmailKey(u.Email))
	return err
}

func (t tx) UpdateUser(_ context.Context, u access.User) error {
	return update(t, updateUser, u.ID.UUID, u.Version, string(u.Role), u.Password.Reveal(), u.InviteHash, u.InviteUntil, u.DisabledAt, u.UpdatedAt)
}

func (t tx) Login(_ context.Context, id ident.LoginID) (access.Login, bool, error) {
	var l access.Login
	found, err := one(t, selectLogin, []any{id.UUID}, loginDest(&l)...)
	return l, found, err
}

func (t tx) InsertLogin(_ context.Context, l access.Login) error {
	_, err := t.exec(insertLogin, l.ID.UUID, l.Program.UUID, l.User.UUID, l.Generation, l.CreatedAt, l.ExpiresAt, l.EndedAt, l.Version)
	return err
}

func (t tx) UpdateLogin(_ context.Context, l access.Login) error {
	return update(t, updateLogin, l.ID.UUID, l.Version, l.Generation, l.ExpiresAt, l.EndedAt)
}
