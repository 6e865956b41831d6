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

// How many keys of one kind a programme may have that work (cards contract §22, debit contract §2).
const (
	mostCardsKeys      = 10
	mostEcommerceKeys  = 5
	mostAllowedEntries = 50 // of an allowlist
)

// KeyRequest is what a new key of a programme is to be.
type KeyRequest struct {
	Program   ident.ProgramID
	Kind      Kind           // CardsKey or Ecommerce
	Role      Role           // of an Ecommerce credential; "" is RoleProgram
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
		m := mint(s.ids, r.Kind, p.Kind)
		issued = Issued{Program: p, Secret: m.secret, Credential: Credential{
			ID: ident.CredentialID{UUID: s.ids.UUID()}, Program: p.ID, Kind: r.Kind, Role: r.Role, PublicID: m.publicID,
			Name: r.Name, Prefix: m.prefix, Hash: s.hasher.HashCredential(m.secret), Allowlist: r.Allowlist,
			Status: Active, CreatedAt: now,
		}}
		if err := tx.InsertCredential(ctx, issued.Credential); err != nil {
			return err
		}
		return tx.InsertAudit(ctx, s.row(by, p, "key.create", m.publicID))
	})
	return issued, err
}

// check puts the request in order, and tells how many keys of its kind may live.
func (r *KeyRequest) check() (most int, err error) {
	name, ok := validName(r.Name)
	r.Name = name
	if !ok || len(r.Allowlist) > mostAllowedEntries {
		return 0, fault.Refuse(KeyRequestInvalid)
	}
	switch {
	case r.Kind == CardsKey && r.Role == "":
		return mostCardsKeys, nil
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
		list, err = tx.Credentials(ctx, id, CardsKey, Ecommerce)
		return err
	})
	return list, err
}

// RevokeKey ends a key of a programme for good, by its public id. The operator may end the last one too. Errors:
// [KeyUnknown] (also for a customer's token), [KeyRevokedAlready].
func (s *Service) RevokeKey(ctx context.Context, by Operator, publicID string) (Credential, error) {
	var revoked Credential
	err := s.store.Write(ctx, func(tx Tx) error {
		c, ok, err := tx.CredentialByPublicID(ctx, publicID)
		switch {
		case err != nil:
			return err
		case !ok || !slices.Contains([]Kind{CardsKey, Ecommerce}, c.Kind):
			return fault.Refuse(KeyUnknown)
		case c.Status == Revoked:
			return fault.Refuse(KeyRevokedAlready)
		}
		p, err := programOf(ctx, tx, c.Program)
		if err != nil {
			return err
		}
		c.Status, c.RevokedAt = Revoked, s.now().UTC()
		if err := tx.UpdateCredential(ctx, c); err != nil {
			return err
		}
		revoked = c
		return tx.InsertAudit(ctx, s.row(by, p, "key.revoke", c.PublicID))
	})
	return revoked, err
}

// Renew gives a new e-commerce credential with the rights of an old one. Its hash is the caller's to make.
func Renew(ids *ident.Source, old Credential, of program.Kind, now time.Time) (redact.Text, Credential) {
	m := mint(ids, Ecommerce, of)
	return m.secret, Credential{
		ID: ident.CredentialID{UUID: ids.UUID()}, Program: old.Program, Kind: Ecommerce, Role: old.Role, PublicID: m.publicID,
		Name: old.Name, Prefix: m.prefix, Allowlist: old.Allowlist, Status: Active, ExpiresAt: old.ExpiresAt, CreatedAt: now,
	}
}
