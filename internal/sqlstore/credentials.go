package sqlstore

import (
	"bytes"
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
)

const credentialColumns = `k.id, k.program_id, k.kind, k.role, k.public_id, k.name, k.prefix, k.hash, k.customer_id, k.device,
	k.allowlist, k.status, k.expires_at, k.created_at, k.revoked_at, k.last_used, k.parent_id, k.tries, k.scopes`

const (
	selectCredentialByHash = `SELECT ` + credentialColumns + `, ` + programColumns + `
	FROM credentials k LEFT JOIN programs pr ON pr.id = k.program_id WHERE k.hash = $1`
	selectCredentials = `SELECT ` + credentialColumns + ` FROM credentials k
	WHERE k.program_id = $1 AND k.kind = $2 ORDER BY k.created_at, k.id`
	selectCredentialByPublicID = `SELECT ` + credentialColumns + ` FROM credentials k WHERE k.public_id = $1`
	insertCredential           = `INSERT INTO credentials (id, program_id, kind, role, public_id, name, prefix, hash, customer_id, device, allowlist, status,
	expires_at, created_at, revoked_at, last_used, parent_id, tries, scopes)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`
	selectProgramKey = `SELECT ` + credentialColumns + ` FROM credentials k WHERE k.program_id = $1 AND k.kind = $2 AND k.id = $3`
	listProgramKeys  = `SELECT ` + credentialColumns + ` FROM credentials k WHERE k.program_id = $1 AND k.kind = $2`
	countLivingKeys  = `SELECT COUNT(*) FROM credentials k WHERE k.program_id = $1 AND k.kind = $2 AND k.status = 'active'`
	touchCredential  = `UPDATE credentials SET last_used = $2 WHERE id = $1 AND (last_used IS NULL OR last_used < $2)`
)

func credentialDest(c *access.Credential) []any {
	return []any{
		&c.ID.UUID, &c.Program.UUID, (*string)(&c.Kind), (*string)(&c.Role), &c.PublicID, &c.Name, &c.Prefix, &c.Hash,
		&c.Customer.UUID, &c.Device, asPrefixes(&c.Allowlist), (*string)(&c.Status), &c.ExpiresAt, &c.CreatedAt,
		&c.RevokedAt, &c.LastUsed, &c.Parent.UUID, &c.Tries, asScopes(&c.Scopes),
	}
}

func credentialArgs(c access.Credential) []any {
	return []any{
		c.ID.UUID, keyID(c.Program.UUID), string(c.Kind), string(c.Role), c.PublicID, c.Name, c.Prefix, c.Hash,
		c.Customer.UUID, c.Device, fromPrefixes(c.Allowlist), string(c.Status), c.ExpiresAt, c.CreatedAt,
		c.RevokedAt, c.LastUsed, c.Parent.UUID, c.Tries, fromScopes(c.Scopes),
	}
}

func scanCredential(r row, c *access.Credential) error { return r.scan(credentialDest(c)...) }

func fromPrefixes(all []netip.Prefix) string {
	texts := make([]string, len(all))
	for i, p := range all {
		texts[i] = p.String()
	}
	return strings.Join(texts, ",")
}

func fromScopes(all []access.Scope) string {
	texts := make([]string, len(all))
	for i, s := range all {
		texts[i] = string(s)
	}
	return strings.Join(texts, ",")
}

func asScopes(to *[]access.Scope) text {
	return func(s string) error {
		for item := range strings.SplitSeq(s, ",") {
			*to = append(*to, access.Scope(item))
		}
		return nil
	}
}

func asPrefixes(to *[]netip.Prefix) text {
	return func(s string) error {
		for item := range strings.SplitSeq(s, ",") {
			p, err := netip.ParsePrefix(item)
			if err != nil {
				return err
			}
			*to = append(*to, p)
		}
		return nil
	}
}

// CredentialByHash finds a credential and its programme as it stands now.
func (d accessStore) CredentialByHash(ctx context.Context, hash []byte) (access.Credential, program.Program, bool, error) {
	var c access.Credential
	var p program.Program
	found := false
	err := d.engine.ask(ctx, func(s *session) error {
		var scanned programScan
		var err error
		if found, err = one(s, selectCredentialByHash, []any{hash}, append(credentialDest(&c), scanned.dest()...)...); err != nil || !found {
			return err
		}
		if scanned.program.ID.IsZero() {
			return nil // a credential of the installation
		}
		p, err = scanned.read(s.policies)
		return err
	})
	if err != nil || !found {
		return access.Credential{}, program.Program{}, false, err
	}
	return c, p, true, nil
}

// Credentials asks once a kind: the list is a handful, and each part comes from the index.
func (t tx) Credentials(_ context.Context, p ident.ProgramID, kinds ...access.Kind) ([]access.Credential, error) {
	var out []access.Credential
	for _, kind := range kinds {
		part, err := all(t, selectCredentials, []any{keyID(p.UUID), string(kind)}, scanCredential)
		if err != nil {
			return nil, err
		}
		out = append(out, part...)
	}
	sortCredentials(out)
	return out, nil
}

func (t tx) CredentialByPublicID(_ context.Context, publicID string) (access.Credential, bool, error) {
	var c access.Credential
	found, err := one(t, selectCredentialByPublicID, []any{publicID}, credentialDest(&c)...)
	return c, found, err
}

func (t tx) InsertCredential(_ context.Context, c access.Credential) error {
	_, err := t.exec(insertCredential, credentialArgs(c)...)
	return err
}

func (t tx) ProgramKey(_ context.Context, p ident.ProgramID, kind access.Kind, id ident.CredentialID) (access.Credential, bool, error) {
	var c access.Credential
	found, err := one(t, selectProgramKey, []any{p.UUID, string(kind), id.UUID}, credentialDest(&c)...)
	return c, found, err
}

func (t tx) ProgramKeys(_ context.Context, p ident.ProgramID, kind access.Kind, page issuance.Page) ([]access.Credential, error) {
	l := newListing(listProgramKeys, p.UUID, string(kind))
	sql, args := l.paged("k", page)
	return all(t, sql, args, scanCredential)
}

func (t tx) CountLivingKeys(_ context.Context, p ident.ProgramID, kind access.Kind) (int, error) {
	var n int
	_, err := one(t, countLivingKeys, []any{p.UUID, string(kind)}, &n)
	return n, err
}

func (t tx) TouchCredential(_ context.Context, id ident.CredentialID, usedAt time.Time) error {
	_, err := t.exec(touchCredential, id.UUID, usedAt)
	return err
}

// sortCredentials puts credentials of several kinds in the order of making.
func sortCredentials(all []access.Credential) {
	slices.SortFunc(all, func(a, b access.Credential) int {
		if c := a.CreatedAt.Compare(b.CreatedAt); c != 0 {
			return c
		}
		return bytes.Compare(a.ID.UUID[:], b.ID.UUID[:])
	})
}
