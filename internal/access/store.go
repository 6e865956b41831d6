package access

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
)

// Store keeps programmes and credentials. Its transactions promise what those of the rules about cards
// promise: nothing interleaves, an error rolls back, conflicts are retried inside.
type Store interface {
	// CredentialByHash finds a credential, good or not, and its programme as it stands now.
	CredentialByHash(ctx context.Context, hash []byte) (Credential, program.Program, bool, error)
	// LoginOf gives a sign-in, ended or not, with its user and its programme as they stand now.
	LoginOf(ctx context.Context, id ident.LoginID) (Login, User, program.Program, bool, error)
	Write(ctx context.Context, body func(tx Tx) error) error
	Read(ctx context.Context, body func(tx ReadTx) error) error
}

// ReadTx is what may be read of programmes and credentials.
type ReadTx interface {
	Program(ctx context.Context, id ident.ProgramID) (program.Program, bool, error)
	// ProgramByName finds a programme by its exact name; names are unique.
	ProgramByName(ctx context.Context, name string) (program.Program, bool, error)
	Programs(ctx context.Context) ([]program.Program, error) // in order of creation
	// PolicyVersion is how often the policies of a programme were changed.
	PolicyVersion(ctx context.Context, id ident.ProgramID) (int64, error)
	// Credentials lists credentials of the kinds, oldest first, revoked ones included.
	Credentials(ctx context.Context, p ident.ProgramID, kinds ...Kind) ([]Credential, error)
	CredentialByPublicID(ctx context.Context, publicID string) (Credential, bool, error)
	// UserByEmail finds a user of any programme by customer.EmailKey of the e-mail.
	UserByEmail(ctx context.Context, key string) (User, bool, error)
	UserByPublicID(ctx context.Context, publicID string) (User, bool, error)
	UserByInvite(ctx context.Context, hash []byte) (User, bool, error)
	Users(ctx context.Context, p ident.ProgramID) ([]User, error) // oldest first, disabled ones included
	Login(ctx context.Context, id ident.LoginID) (Login, bool, error)
}

// Tx is ReadTx with the changes.
type Tx interface {
	ReadTx
	// InsertProgram adds a programme; Overrides are the policies that differ from the defaults.
	InsertProgram(ctx context.Context, p program.Program, overrides map[string]string) error
	// UpdateProgram changes name, suspension, clock and policies, guarded by the version.
	UpdateProgram(ctx context.Context, p program.Program, overrides map[string]string) error
	// Overrides gives the policies of a programme that differ from the defaults.
	Overrides(ctx context.Context, id ident.ProgramID) (map[string]string, error)
	// InsertPolicyVersion keeps what was changed; the version must be free.
	InsertPolicyVersion(ctx context.Context, v PolicyVersion) error
	InsertDesign(ctx context.Context, d card.Design) error
	InsertCredential(ctx context.Context, c Credential) error
	// ChangeCredential changes allowlist, status, expiry, end and tries, guarded by the status that was read.
	ChangeCredential(ctx context.Context, c Credential, from Status) error
	// TouchCredential sets when the credential was last used, unless a later time is there already. A
	// credential that is gone is no error.
	TouchCredential(ctx context.Context, id ident.CredentialID, usedAt time.Time) error
	InsertUser(ctx context.Context, u User) error
	// UpdateUser changes role, password, invite and access, guarded by the version.
	UpdateUser(ctx context.Context, u User) error
	InsertLogin(ctx context.Context, l Login) error
	// UpdateLogin changes generation, expiry and end, guarded by the version.
	UpdateLogin(ctx context.Context, l Login) error
	InsertAudit(ctx context.Context, rows ...audit.Row) error
}
