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
	mostNativeKeys    = 10
	mostEcommerceKeys = 5
	MostAllowed       = 50
)

// programKeys are the kinds of key that speak for a programme.
var programKeys = []Kind{CardsKey, NativeKey, Ecommerce}

// KeyRequest is what a new key of a programme is to be.
type KeyRequest struct {
	Program   ident.ProgramID
	Kind      Kind           // CardsKey, NativeKey or Ecommerce
	Role      Role           // of an Ecommerce credential; "" is RoleProgram
	Scopes    []Scope        // of a NativeKey: one at least
	Name      string         // 1 to 100 characters
	Allowlist []netip.Prefix // empty: any address
}

// Issued is a new key. The secret is here and nowhere else: it is not stored and cannot be shown again.
type Issued struct {
	Credential Credential
	Program    program.Program
	Secret     redact.Text
}

// IssueKey makes a key. Errors: [KeyRequestInvalid], [KeyLimit], [ProgramUnknown].
func (s *Service) IssueKey(ctx context.Context, by Operator, r KeyRequest) (Issued, error) {
	most, err := r.check()
	if err != nil {
		return Issued{}, err
	}
	var issued Issued
	err = s.store.Write(ctx, func(tx Tx) error {
		p, err := programOf(ctx, tx, r.Program)
		if err != nil {
			return err
		}
		others, err := tx.Credentials(ctx, r.Program, r.Kind)
		if err != nil {
			return err
		}
		now := s.now().UTC()
		if countGood(others, now) >= most {
			return fault.RefuseWith(KeyLimit, most)
		}
		secret, c := NewKey(s.ids, Credential{Program: p.ID, Kind: r.Kind, Role: r.Role, Scopes: r.Scopes, Name: r.Name, Allowlist: r.Allowlist}, p.Kind, now)
		c.Hash = s.hasher.HashCredential(secret)
		issued = Issued{Program: p, Secret: secret, Credential: c}
		if err := tx.InsertCredential(ctx, c); err != nil {
			return err
		}
		return tx.InsertAudit(ctx, s.row(by, p, ActionKeyCreate, c.PublicID))
	})
	return issued, err
}

// check puts the request in order, and tells how many keys of its kind may live.
func (r *KeyRequest) check() (most int, err error) {
	name, ok := validName(r.Name)
	r.Name = name
	if !ok || len(r.Allowlist) > MostAllowed {
		return 0, fault.Refuse(KeyRequestInvalid)
	}
	if r.Kind == NativeKey {
		if r.Scopes, ok = validScopes(r.Scopes); !ok || r.Role != "" {
			return 0, fault.Refuse(KeyRequestInvalid)
		}
		return mostNativeKeys, nil
	}
	switch {
	case len(r.Scopes) > 0:
	case r.Kind == CardsKey && r.Role == "":
		return MostCardsKeys, nil
	case r.Kind == Ecommerce && (r.Role == "" || r.Role == RoleProgram || r.Role == RoleAdmin):
		if r.Role == "" {
			r.Role = RoleProgram
		}
		return mostEcommerceKeys, nil
	}
	return 0, fault.Refuse(KeyRequestInvalid)
}

func countGood(list []Credential, now time.Time) (n int) {
	for _, c := range list {
		if c.Good(now) {
			n++
		}
	}
	return n
}

// ListKeys gives the keys of a programme, oldest first, revoked ones included.
func (s *Service) ListKeys(ctx context.Context, id ident.ProgramID) (list []Credential, err error) {
	err = s.store.Read(ctx, func(tx ReadTx) error {
		list, err = tx.Credentials(ctx, id, programKeys...)
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
		case !ok || !slices.Contains(programKeys, c.Kind):
			return fault.Refuse(KeyUnknown)
		case c.Status == Revoked:
			return fault.Refuse(KeyRevokedAlready)
		}
		p, err := programOf(ctx, tx, c.Program)
		if err != nil {
			return err
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
