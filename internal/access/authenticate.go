package access

import (
	"context"
	"net/netip"
	"time"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/redact"
)

// Hasher makes the keyed hash under which a credential is stored and found. The rules about cards have it.
type Hasher interface {
	HashCredential(secret redact.Text) []byte
}

// Identity is who speaks: a good credential, and its programme as it was at most two seconds ago.
type Identity struct {
	Credential Credential
	Program    program.Program
}

// AuthenticatorConfig is what an [Authenticator] is made of.
type AuthenticatorConfig struct {
	Store  Store
	Hasher Hasher
	Signer LoginSigner      // nil where nobody signs in
	Now    func() time.Time // real time: keys expire by it
	Only   program.Kind     // the only kind of programme that this host serves; "" serves both
}

// Authenticator tells who speaks. It is safe for concurrent use and keeps what it read for two seconds.
type Authenticator struct {
	store  Store
	hasher Hasher
	signer LoginSigner
	now    func() time.Time
	only   program.Kind
	known  *identities
	used   *uses
}

// NewAuthenticator makes an Authenticator. It starts nothing.
func NewAuthenticator(c AuthenticatorConfig) *Authenticator {
	return &Authenticator{
		store: c.Store, hasher: c.Hasher, signer: c.Signer, now: c.Now, only: c.Only,
		known: newIdentities(maxKnown), used: newUses(),
	}
}

// CardsKey authenticates a request of the cards API by the values of its header Authorization (cards
// contract §2). The errors come in the order of the contract: [KeyMissing], [KeyHeaderInvalid],
// [KeyInvalid], [ProgramSuspended], [AddressNotAllowed]. With the last two the identity is given too, for
// the log.
func (a *Authenticator) CardsKey(ctx context.Context, authorization []string, from netip.Addr) (Identity, error) {
	return a.key(ctx, CardsKey, authorization, from)
}

// NativeKey authenticates a request of the native API, as [Authenticator.CardsKey] does for the cards API. What the key
// may do is the door's to ask. The identity of a key of the installation has no programme.
func (a *Authenticator) NativeKey(ctx context.Context, authorization []string, from netip.Addr) (Identity, error) {
	if len(authorization) > 0 {
		if token, ok := bearer(authorization, true); ok && isInstallationKey(token) {
			return a.installationKey(ctx, token, from)
		}
	}
	return a.key(ctx, NativeKey, authorization, from)
}

func (a *Authenticator) installationKey(ctx context.Context, token string, from netip.Addr) (Identity, error) {
	id, ok, err := a.find(ctx, token)
	if err != nil {
		return Identity{}, err
	}
	if !ok || id.Credential.Kind != InstallationKey || !id.Program.ID.IsZero() || !id.Credential.Good(a.now()) {
		return Identity{}, fault.Refuse(KeyInvalid)
	}
	return *id, a.admit(id, from)
}

func (a *Authenticator) key(ctx context.Context, of Kind, authorization []string, from netip.Addr) (Identity, error) {
	if len(authorization) == 0 {
		return Identity{}, fault.Refuse(KeyMissing)
	}
	token, ok := bearer(authorization, true)
	if !ok {
		return Identity{}, fault.Refuse(KeyHeaderInvalid)
	}
	kind, ok := isKey(of, token)
	if !ok || !a.serves(kind) {
		return Identity{}, fault.Refuse(KeyInvalid)
	}
	id, ok, err := a.find(ctx, token)
	if err != nil {
		return Identity{}, err
	}
	if !ok || id.Credential.Kind != of || id.Program.Kind != kind || !id.Credential.Good(a.now()) {
		return Identity{}, fault.Refuse(KeyInvalid)
	}
	return *id, a.admit(id, from)
}

// Ecommerce authenticates a request of the debit API by the values of its header Authorization-ecommerce
// (debit contract §3.1). The errors: [EcommerceMissing], [EcommerceInvalid], [ProgramSuspended],
// [AddressNotAllowed]; with the last two the identity is given too.
func (a *Authenticator) Ecommerce(ctx context.Context, header []string, from netip.Addr) (Identity, error) {
	if len(header) == 0 {
		return Identity{}, fault.Refuse(EcommerceMissing)
	}
	token, ok := bearer(header, false)
	if !ok {
		return Identity{}, fault.Refuse(EcommerceInvalid)
	}
	kind, ok := isEcommerceToken(token)
	if !ok || !a.serves(kind) {
		return Identity{}, fault.Refuse(EcommerceInvalid)
	}
	id, ok, err := a.find(ctx, token)
	if err != nil {
		return Identity{}, err
	}
	if !ok || id.Credential.Kind != Ecommerce || id.Program.Kind != kind || !id.Credential.Good(a.now()) {
		return Identity{}, fault.Refuse(EcommerceInvalid)
	}
	return *id, a.admit(id, from)
}

// Customer authenticates the customer beside a programme by the values of the header
// Authorization-customer (debit contract §3.1, §3.2). The errors: [CustomerTokenMissing],
// [CustomerTokenInvalid] (also for a token of another programme), [CustomerTokenExpired],
// [CustomerTokenInactive].
func (a *Authenticator) Customer(ctx context.Context, header []string, beside Identity) (Identity, error) {
	if len(header) == 0 {
		return Identity{}, fault.Refuse(CustomerTokenMissing)
	}
	token, ok := bearer(header, false)
	if !ok || !isTokenHex(token) {
		return Identity{}, fault.Refuse(CustomerTokenInvalid)
	}
	id, ok, err := a.find(ctx, token)
	if err != nil {
		return Identity{}, err
	}
	if !ok {
		return Identity{}, fault.Refuse(CustomerTokenInvalid)
	}
	// Customer tokens are made and expire on the programme's clock.
	now := id.Program.Now(a.now())
	switch c := &id.Credential; {
	case c.Kind != CustomerOauth, c.Program != beside.Program.ID, c.Status == Revoked:
		return Identity{}, fault.Refuse(CustomerTokenInvalid)
	case !c.ExpiresAt.IsZero() && !now.Before(c.ExpiresAt):
		return Identity{}, fault.Refuse(CustomerTokenExpired)
	case c.Status == Inactive:
		return Identity{}, fault.Refuse(CustomerTokenInactive)
	}
	a.used.note(id.Credential, a.now())
	return *id, nil
}

// admit checks what is left once a credential is known to be good, and notes its use.
func (a *Authenticator) admit(id *Identity, from netip.Addr) error {
	switch {
	case id.Program.Suspended:
		return fault.Refuse(ProgramSuspended)
	case !id.Credential.Admits(from):
		return fault.Refuse(AddressNotAllowed)
	}
	a.used.note(id.Credential, a.now())
	return nil
}

func (a *Authenticator) serves(kind program.Kind) bool { return a.only == "" || a.only == kind }

// find looks a secret up by its hash, in memory first. What is not found, or does not work, is not remembered: a new
// key, and a token that another process activated, works at once. Failed tries are bounded by the doors.
func (a *Authenticator) find(ctx context.Context, secret string) (*Identity, bool, error) {
	wrapped := redact.NewText(secret)
	defer wrapped.Wipe()
	hash := a.hasher.HashCredential(wrapped)
	now := a.now()
	known, ok, age := a.known.get(hash, now)
	if ok {
		return known, true, nil
	}
	c, p, ok, err := a.store.CredentialByHash(ctx, hash)
	if err != nil || !ok {
		return nil, false, err
	}
	id := &Identity{Credential: c, Program: p}
	if c.Status == Active && !p.Suspended {
		a.known.put(hash, id, now, age)
	}
	return id, true, nil
}

// Forget drops what is remembered of the credentials that match, once they have changed: this process trusts
// them no longer. Another process may, for two seconds.
func (a *Authenticator) Forget(match func(Credential) bool) { a.known.forget(match) }

// FlushUsed writes when credentials were last used, for those noted since the last call. It is called in
// the background: an answer never waits for it. On an error the notes are lost; the next use makes a new one.
func (a *Authenticator) FlushUsed(ctx context.Context) error {
	noted := a.used.take()
	if len(noted) == 0 {
		return nil
	}
	return a.store.Write(ctx, func(tx Tx) error {
		for _, u := range noted {
			if err := tx.TouchCredential(ctx, u.id, u.at); err != nil {
				return err
			}
		}
		return nil
	})
}
