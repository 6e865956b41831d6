package access

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/redact"
)

// How many keys of one kind a programme may have that work (cards contract §22, debit contract §2), and how many
// entries the allowlist of one may have.
const (
	MostCardsKeys     = 10
	MostNativeKeys    = 10
	mostEcommerceKeys = 5
	MostAllowed       = 50
)

// issuedKeys are the kinds of key that somebody issues: to a programme, or to the installation.
var issuedKeys = []Kind{CardsKey, NativeKey, Ecommerce, InstallationKey}

// KeyRequest is what a new key is to be.
type KeyRequest struct {
	Program   ident.ProgramID // zero with InstallationKey, and only there
	Kind      Kind            // CardsKey, NativeKey, Ecommerce or InstallationKey
	Role      Role            // of an Ecommerce credential; "" is RoleProgram
	Scopes    []Scope         // of a NativeKey or an InstallationKey: one at least
	Name      string          // 1 to 100 characters
	Allowlist []netip.Prefix  // empty: any address
	ExpiresAt time.Time       // real time; zero: never
}

// Issued is a new key. The secret is here and nowhere else: it is not stored and cannot be shown again.
type Issued struct {
	Credential Credential
	Program    program.Program
	Secret     redact.Text
}

// IssueKey makes a key. Errors: [KeyRequestInvalid], [KeyLimit], [ProgramUnknown].
func (s *Service) IssueKey(ctx context.Context, by Operator, r KeyRequest) (Issued, error) {
	var issued Issued
	err := s.store.Write(ctx, func(tx Tx) error {
		var p program.Program
		var err error
		if r.Kind != InstallationKey {
			if p, err = programOf(ctx, tx, r.Program); err != nil {
				return err
			}
		}
		others, err := tx.Credentials(ctx, r.Program, r.Kind)
		if err != nil {
			return err
		}
		if issued, err = r.Draw(s.ids, s.hasher, p, others, s.now().UTC()); err != nil {
			return err
		}
		if err := tx.InsertCredential(ctx, issued.Credential); err != nil {
			return err
		}
		return tx.InsertAudit(ctx, s.row(by, p, ActionKeyCreate, issued.Credential.PublicID))
	})
	return issued, err
}

// Draw makes the key that is asked for, of a programme that has others of its kind. Errors: [KeyRequestInvalid], [KeyLimit].
func (r *KeyRequest) Draw(ids *ident.Source, hasher Hasher, p program.Program, others []Credential, now time.Time) (Issued, error) {
	most, err := r.check(now)
	if err != nil {
		return Issued{}, err
	}
	if countGood(others, now) >= most {
		return Issued{}, fault.RefuseWith(KeyLimit, most)
	}
	secret, c := NewKey(ids, Credential{
		Program: p.ID, Kind: r.Kind, Role: r.Role, Scopes: r.Scopes, Name: r.Name, Allowlist: r.Allowlist, ExpiresAt: r.ExpiresAt,
	}, p.Kind, now)
	c.Hash = hasher.HashCredential(secret)
	return Issued{Program: p, Secret: secret, Credential: c}, nil
}

// check puts the request in order, and tells how many keys of its kind may live. What is wrong is told of members.
func (r *KeyRequest) check(now time.Time) (most int, err error) {
	var wrong []fault.Field
	bad := func(member, code string) { wrong = append(wrong, fault.Field{Path: member, Code: code}) }
	name, ok := validName(r.Name)
	if r.Name = name; !ok {
		bad("name", "invalid_format")
	}
	if len(r.Allowlist) > MostAllowed {
		bad("allowlist", "too_long")
	}
	if !r.ExpiresAt.IsZero() && !now.Before(r.ExpiresAt) {
		bad("expires_at", "too_small")
	}
	if r.Program.IsZero() != (r.Kind == InstallationKey) {
		bad("program", "not_allowed")
	}
	scoped, most := r.ofKind()
	if most == 0 {
		bad("kind", "invalid_enum")
	}
	if r.Kind == Ecommerce && r.Role == "" {
		r.Role = RoleProgram
	}
	if r.Role != "" && (r.Kind != Ecommerce || r.Role != RoleProgram && r.Role != RoleAdmin) {
		bad("role", "not_allowed")
	}
	if scoped == nil && len(r.Scopes) > 0 {
		bad("scopes", "not_allowed")
	} else if scoped != nil {
		if r.Scopes, ok = validScopes(r.Scopes, scoped); !ok {
			bad("scopes", "invalid_enum")
		}
	}
	if wrong != nil {
		return 0, &fault.Error{Reason: KeyRequestInvalid, Fields: wrong}
	}
	return most, nil
}

// ofKind gives the scopes that keys of the kind may have, nil where they have none, and how many may live; 0 where none is issued.
func (r *KeyRequest) ofKind() (scopes []Scope, most int) {
	switch r.Kind {
	case CardsKey:
		return nil, MostCardsKeys
	case NativeKey:
		return Scopes(), MostNativeKeys
	case InstallationKey:
		return InstallationScopes(), MostNativeKeys
	case Ecommerce:
		return nil, mostEcommerceKeys
	case CustomerOauth, CustomerRefresh, CustomerPrivate, UserLogin:
	}
	return nil, 0
}

func countGood(list []Credential, now time.Time) (n int) {
	for _, c := range list {
		if c.Good(now) {
			n++
		}
	}
	return n
}

// ListKeys gives the keys of a programme, oldest first, revoked ones included; with the zero programme those of the installation.
func (s *Service) ListKeys(ctx context.Context, id ident.ProgramID) (list []Credential, err error) {
	err = s.store.Read(ctx, func(tx ReadTx) error {
		list, err = tx.Credentials(ctx, id, issuedKeys...)
		return err
	})
	return list, err
}

// RevokeKey ends a key of a programme for good, by its public id. The operator may end the last one too. Errors:
// [KeyUnknown] (also for a customer's token), [KeyRevokedAlready].
func (s *Service) RevokeKey(ctx context.Context, by Operator, publicID string) (Credential, error) {
	return s.changeKey(ctx, by, publicID, ActionKeyRevoke, func(c *Credential) {
		c.Status, c.RevokedAt = Revoked, s.now().UTC()
	})
}

// AllowKey replaces the addresses that a key may be used from; none is any. Errors: as of RevokeKey, and
// [KeyRequestInvalid].
func (s *Service) AllowKey(ctx context.Context, by Operator, publicID string, allowlist []netip.Prefix) (Credential, error) {
	if len(allowlist) > MostAllowed {
		return Credential{}, fault.Refuse(KeyRequestInvalid)
	}
	return s.changeKey(ctx, by, publicID, ActionKeyAllow, func(c *Credential) { c.Allowlist = allowlist })
}

// changeKey loads a key that is not revoked, lets decide change it, and writes it with its audit row.
func (s *Service) changeKey(ctx context.Context, by Operator, publicID, action string, decide func(c *Credential)) (Credential, error) {
	var changed Credential
	err := s.store.Write(ctx, func(tx Tx) error {
		c, ok, err := tx.CredentialByPublicID(ctx, publicID)
		switch {
		case err != nil:
			return err
		case !ok || !slices.Contains(issuedKeys, c.Kind):
			return fault.Refuse(KeyUnknown)
		case c.Status == Revoked:
			return fault.Refuse(KeyRevokedAlready)
		}
		var p program.Program
		if c.Kind != InstallationKey {
			if p, err = programOf(ctx, tx, c.Program); err != nil {
				return err
			}
		}
		from := c.Status
		decide(&c)
		if err := tx.ChangeCredential(ctx, c, from); err != nil {
			return err
		}
		changed = c
		return tx.InsertAudit(ctx, s.row(by, p, action, c.PublicID))
	})
	return changed, err
}

// The actions of audit rows about keys, whoever acts.
const (
	ActionKeyCreate = "key.create"
	ActionKeyAllow  = "key.set_allowlist"
	ActionKeyRevoke = "key.revoke"
)

// NewKey draws a key of a programme that is like another: of the same programme, kind, role, scopes, name, allowlist
// and expiry. Its hash is the caller's to make.
func NewKey(ids *ident.Source, like Credential, of program.Kind, now time.Time) (redact.Text, Credential) {
	m := mint(ids, like.Kind, of)
	return m.secret, Credential{
		ID: ident.CredentialID{UUID: ids.UUID()}, Program: like.Program, Kind: like.Kind, Role: like.Role, Scopes: like.Scopes, PublicID: m.publicID,
		Name: like.Name, Prefix: m.prefix, Allowlist: like.Allowlist, Status: Active, ExpiresAt: like.ExpiresAt, CreatedAt: now,
	}
}

// ParseAllowed reads an entry of an allowlist: an address, or a range such as 203.0.113.0/24, whose bits behind the
// length do not count. IPv4 inside IPv6 is IPv4, as it is for callers; a range that holds more than that is refused,
// because no caller would ever match the IPv4 part of it.
func ParseAllowed(text string) (netip.Prefix, bool) {
	if a, err := netip.ParseAddr(text); err == nil {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), a.Zone() == ""
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, false
	}
	if a := p.Addr(); a.Is4In6() {
		const inside = 128 - 32
		if p.Bits() < inside {
			return netip.Prefix{}, false
		}
		p = netip.PrefixFrom(a.Unmap(), p.Bits()-inside)
	}
	return p.Masked(), true
}

// ShowAllowed is the entry as people write it: a single address without its length.
func ShowAllowed(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}
