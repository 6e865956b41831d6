package access

import (
	"net/netip"
	"time"

	"github.com/firsttap/firsttap/internal/ident"
)

// Kind is what a credential is for.
type Kind string

// The kinds of credential.
const (
	CardsKey        Kind = "cards_key"        // ftk_sandbox_… or ftk_live_…: the cards API
	NativeKey       Kind = "native_key"       // ftn_sandbox_… or ftn_live_…: the native API
	InstallationKey Kind = "installation_key" // ftn_installation_…: the programmes themselves, through the native API; belongs to none
	Ecommerce       Kind = "ecommerce"        // ec_test_… or ec_live_…: the debit API
	CustomerOauth   Kind = "customer_oauth"   // 64 hex: speaks for one customer, beside an e-commerce credential
	CustomerRefresh Kind = "customer_refresh" // 64 hex: gets new oauth tokens
	CustomerPrivate Kind = "customer_private" // sk_ and 64 hex
	UserLogin       Kind = "user_login"       // a sign-in with e-mail and password; never stored as a credential
)

// Role is what an e-commerce credential or a user may do.
type Role string

// The roles.
const (
	RoleProgram Role = "program"
	RoleAdmin   Role = "admin"
	RoleReader  Role = "reader" // of a user: may look, and change nothing
)

// Status is whether a credential is good.
type Status string

// The states of a credential.
const (
	Active   Status = "active"
	Inactive Status = "inactive" // an oauth token whose customer has not proved itself yet
	Revoked  Status = "revoked"
)

// Credential is what proves who speaks. The secret itself is never kept.
type Credential struct {
	ID        ident.CredentialID
	Program   ident.ProgramID
	Kind      Kind
	Role      Role               // of an Ecommerce credential
	Scopes    []Scope            // of a NativeKey or an InstallationKey: what it may do
	PublicID  string             // what logs and audit rows may show
	Name      string             // what people call it
	Prefix    string             // first characters, for lists
	Hash      []byte             // keyed hash of the whole secret; unique
	Customer  ident.CustomerID   // of customer credentials
	Device    string             // of customer credentials; "" when tied to none
	Parent    ident.CredentialID // of an oauth token: the refresh token that it came with
	Tries     int                // wrong answers that an inactive token met
	Allowlist []netip.Prefix     // empty: any address
	Status    Status
	ExpiresAt time.Time // zero: never
	CreatedAt time.Time
	RevokedAt time.Time
	LastUsed  time.Time
}

// Good reports whether the credential may be used at now.
func (c Credential) Good(now time.Time) bool {
	return c.Status == Active && (c.ExpiresAt.IsZero() || now.Before(c.ExpiresAt))
}

// Admits reports whether a caller may come from that address.
func (c Credential) Admits(from netip.Addr) bool {
	if len(c.Allowlist) == 0 {
		return true
	}
	from = from.Unmap()
	for _, p := range c.Allowlist {
		if from.IsValid() && p.Contains(from) {
			return true
		}
	}
	return false
}
