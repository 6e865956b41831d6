package issuance

import (
	"context"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
)

// Programs reads tenants.
type Programs interface {
	// Program gives a programme with its policy, clock and listeners as they stand in this transaction.
	Program(ctx context.Context, id ident.ProgramID) (p program.Program, ok bool, err error)
	// Programs gives all, in the order of creation.
	Programs(ctx context.Context) ([]program.Program, error)
	ProgramByName(ctx context.Context, name string) (program.Program, bool, error)
	// Overrides gives the policies of a programme that differ from the defaults.
	Overrides(ctx context.Context, id ident.ProgramID) (map[string]string, error)
	// PolicyVersion is how often the policies of a programme were changed.
	PolicyVersion(ctx context.Context, id ident.ProgramID) (int64, error)
	// PolicyVersions lists the changes before a version, newest first.
	PolicyVersions(ctx context.Context, id ident.ProgramID, before int64, limit int) ([]access.PolicyVersion, error)
}

// ProgramWriter changes tenants.
type ProgramWriter interface {
	// UpdateClock changes the clock of a programme and UpdatedAt.
	UpdateClock(ctx context.Context, p program.Program) error
	InsertProgram(ctx context.Context, p program.Program, overrides map[string]string) error
	// UpdateProgram changes name, suspension, clock and policies.
	UpdateProgram(ctx context.Context, p program.Program, overrides map[string]string) error
	// InsertPolicyVersion keeps what was changed; the version must be free.
	InsertPolicyVersion(ctx context.Context, v access.PolicyVersion) error
}

// TokenReader reads the tokens of customers, what they prove themselves with, and the keys of programmes.
type TokenReader interface {
	// CredentialWith finds a credential of the programme by the keyed hash of its secret, good or not.
	CredentialWith(ctx context.Context, p ident.ProgramID, hash []byte) (access.Credential, bool, error)
	// CustomerCredentials gives the credentials of a customer that are not revoked, oldest first; expired ones too.
	CustomerCredentials(ctx context.Context, p ident.ProgramID, id ident.CustomerID) ([]access.Credential, error)
	// DeviceToken gives the newest oauth token that a device got under a refresh token, whatever its state.
	DeviceToken(ctx context.Context, refresh ident.CredentialID, device string) (access.Credential, bool, error)
	CustomerLogin(ctx context.Context, p ident.ProgramID, id ident.CustomerID) (customer.Login, bool, error)
	// ProgramKey gives a key of the programme of that kind, good or not.
	ProgramKey(ctx context.Context, p ident.ProgramID, kind access.Kind, id ident.CredentialID) (access.Credential, bool, error)
	// ProgramKeys lists the programme's keys of a kind, newest first, revoked ones included.
	ProgramKeys(ctx context.Context, p ident.ProgramID, kind access.Kind, page Page) ([]access.Credential, error)
	// Credentials gives all keys of the kinds, oldest first, revoked ones included; of the installation, with the zero programme.
	Credentials(ctx context.Context, p ident.ProgramID, kinds ...access.Kind) ([]access.Credential, error)
	CredentialByPublicID(ctx context.Context, publicID string) (access.Credential, bool, error)
	// CountLivingKeys counts those that are active.
	CountLivingKeys(ctx context.Context, p ident.ProgramID, kind access.Kind) (int, error)
}

// TokenWriter changes the tokens of customers and the keys of programmes.
type TokenWriter interface {
	InsertCredential(ctx context.Context, c access.Credential) error
	// ChangeCredential changes allowlist, status, expiry, end and tries, guarded by the status that was read.
	ChangeCredential(ctx context.Context, c access.Credential, from access.Status) error
	// DropDeviceTokens removes what a device got under a refresh token.
	DropDeviceTokens(ctx context.Context, refresh ident.CredentialID, device string) error
	// SaveCustomerLogin adds one of version 0, and changes any other, guarded by its version.
	SaveCustomerLogin(ctx context.Context, l customer.Login) error
}
