package tenancy

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/redact"
)

// MostOverlap is how long a key may live on beside the one that took its place.
const MostOverlap = 30 * 24 * time.Hour

// actionRotateKey is the action of audit rows about keys that others took the place of.
const actionRotateKey = "key.rotate"

// programKeys are the kinds of key that a programme has.
var programKeys = []access.Kind{access.NativeKey, access.CardsKey, access.Ecommerce}

// Issued is a new key with its secret, which is here, sealed under the command's idempotency key, and nowhere else.
type Issued struct {
	Key    access.Credential
	Secret redact.Text
}

// Keys lists the keys of a programme of one kind, newest first, revoked ones included.
func (s *Service) Keys(ctx context.Context, p ident.ProgramID, kind access.Kind, page issuance.Page) ([]access.Credential, error) {
	return issuance.Look(ctx, s.rules, access.KeyUnknown, func(tx issuance.ReadTx) ([]access.Credential, bool, error) {
		list, err := tx.ProgramKeys(ctx, p, kind, page)
		return list, true, err
	})
}

// Key gives a key of the programme by its public id. Refusals: access.KeyUnknown.
func (s *Service) Key(ctx context.Context, p ident.ProgramID, publicID string) (access.Credential, error) {
	return issuance.Look(ctx, s.rules, access.KeyUnknown, func(tx issuance.ReadTx) (access.Credential, bool, error) {
		c, ok, err := tx.CredentialByPublicID(ctx, publicID)
		return c, ok && isKeyOf(c, p), err
	})
}

func isKeyOf(c access.Credential, p ident.ProgramID) bool {
	return c.Program == p && slices.Contains(programKeys, c.Kind)
}

// IssueKey makes a key of a programme: of the caller's, or of the one that the request names for who speaks for the installation.
type IssueKey struct {
	issuance.Command
	Request access.KeyRequest
	Gives   []access.Scope // what the caller has, and may give
}

// IssueKey runs the command. Refusals, in order: access.ProgramUnknown, ScopeExceeded, access.KeyRequestInvalid, access.KeyLimit.
func (s *Service) IssueKey(ctx context.Context, cmd IssueKey) (Issued, error) {
	return issuance.Run(ctx, s.rules, cmd.Command, access.ActionKeyCreate, func(w *issuance.Work) (Issued, error) {
		p := w.Program
		if p.ID.IsZero() {
			var err error
			if p, err = s.ofInstallation(ctx, w, cmd.Request.Program); err != nil {
				return Issued{}, err
			}
		}
		cmd.Request.Program = p.ID
		if no := exceeds(cmd.Gives, cmd.Request.Kind, cmd.Request.Scopes); no != nil {
			return Issued{}, no
		}
		issued, err := s.draw(ctx, w, p, cmd.Request, "")
		if err != nil {
			return Issued{}, err
		}
		w.Audit.Note = issued.Key.PublicID
		return issued, w.Tx.InsertCredential(ctx, issued.Key)
	})
}

// draw makes a key that is not kept yet. The key instead, which it takes the place of, counts no more.
func (s *Service) draw(ctx context.Context, w *issuance.Work, p program.Program, r access.KeyRequest, instead string) (Issued, error) {
	others, err := w.Tx.Credentials(ctx, p.ID, r.Kind)
	if err != nil {
		return Issued{}, err
	}
	others = slices.DeleteFunc(others, func(c access.Credential) bool { return c.PublicID == instead })
	made, err := r.Draw(s.rules.IDs(), s.rules, p, others, s.realNow())
	return Issued{Key: made.Credential, Secret: made.Secret}, err
}

// exceeds refuses a key that may do what the caller may not. Keys of the published APIs may do all there.
func exceeds(has []access.Scope, kind access.Kind, scopes []access.Scope) error {
	if kind != access.NativeKey {
		scopes = access.Scopes()
	}
	for _, scope := range scopes {
		if !slices.Contains(has, scope) && slices.Contains(access.Scopes(), scope) {
			return fault.RefuseWith(ScopeExceeded, scope)
		}
	}
	return nil
}

// ChangeKey changes where a key may be used from, or until when. nil leaves it.
type ChangeKey struct {
	issuance.Command
	Key       string // its public id
	Allowlist *[]netip.Prefix
	ExpiresAt *time.Time // real time; zero: never
	Gives     []access.Scope
}

// ChangeKey runs the command. Refusals, in order: access.KeyUnknown, access.KeyRevokedAlready, ScopeExceeded, access.KeyRequestInvalid,
// access.CallerExcluded.
func (s *Service) ChangeKey(ctx context.Context, cmd ChangeKey) (access.Credential, error) {
	defer s.forgetKey(cmd.Key)
	return issuance.Run(ctx, s.rules, cmd.Command, access.ActionKeyAllow, func(w *issuance.Work) (access.Credential, error) {
		c, err := loadKey(ctx, w, cmd.Key)
		if err != nil {
			return c, err
		}
		if no := exceeds(cmd.Gives, c.Kind, c.Scopes); no != nil {
			return c, no
		}
		if cmd.Allowlist != nil {
			c.Allowlist = *cmd.Allowlist
		}
		if cmd.ExpiresAt != nil {
			c.ExpiresAt = *cmd.ExpiresAt
		}
		switch now := s.realNow(); {
		case len(c.Allowlist) > access.MostAllowed:
			return c, keyInvalid("allowlist", "too_long")
		case cmd.ExpiresAt != nil && !c.ExpiresAt.IsZero() && !now.Before(c.ExpiresAt):
			return c, keyInvalid("expires_at", "too_small")
		case c.ID == cmd.Caller.Credential && !c.Admits(cmd.Caller.Source):
			return c, fault.Refuse(access.CallerExcluded)
		}
		return c, w.Tx.ChangeCredential(ctx, c, access.Active)
	})
}

func keyInvalid(member, code string) error {
	return &fault.Error{Reason: access.KeyRequestInvalid, Fields: []fault.Field{{Path: member, Code: code}}}
}

// RotateKey puts a new key in the place of another: of the same kind, scopes, name and allowlist.
type RotateKey struct {
	issuance.Command
	Key       string        // the public id of the old one
	Overlap   time.Duration // how long the old one lives on, at most MostOverlap, and never longer than it would have
	ExpiresAt *time.Time    // of the new one; nil: as of the old one
	Gives     []access.Scope
}

// RotateKey runs the command. Refusals, in order: access.KeyUnknown, access.KeyRevokedAlready, ScopeExceeded, access.KeyRequestInvalid,
// access.KeyLimit.
func (s *Service) RotateKey(ctx context.Context, cmd RotateKey) (Issued, error) {
	defer s.forgetKey(cmd.Key)
	return issuance.Run(ctx, s.rules, cmd.Command, actionRotateKey, func(w *issuance.Work) (Issued, error) {
		old, err := loadKey(ctx, w, cmd.Key)
		if err != nil {
			return Issued{}, err
		}
		if no := exceeds(cmd.Gives, old.Kind, old.Scopes); no != nil {
			return Issued{}, no
		}
		switch {
		case cmd.Overlap < 0:
			return Issued{}, keyInvalid("overlap", "too_small")
		case cmd.Overlap > MostOverlap:
			return Issued{}, keyInvalid("overlap", "too_big")
		}
		r := access.KeyRequest{
			Program: old.Program, Kind: old.Kind, Role: old.Role, Scopes: old.Scopes, Name: old.Name, Allowlist: old.Allowlist, ExpiresAt: old.ExpiresAt,
		}
		if cmd.ExpiresAt != nil {
			r.ExpiresAt = *cmd.ExpiresAt
		}
		issued, err := s.draw(ctx, w, w.Program, r, old.PublicID)
		if err != nil {
			return Issued{}, err
		}
		w.Audit.Note = old.PublicID + " by " + issued.Key.PublicID
		if until := s.realNow().Add(cmd.Overlap); old.ExpiresAt.IsZero() || until.Before(old.ExpiresAt) {
			old.ExpiresAt = until
		}
		if err := w.Tx.ChangeCredential(ctx, old, access.Active); err != nil {
			return Issued{}, err
		}
		return issued, w.Tx.InsertCredential(ctx, issued.Key)
	})
}

// RevokeKey ends a key for good.
type RevokeKey struct {
	issuance.Command
	Key    string // its public id
	Reason string
}

// RevokeKey runs the command. Refusals, in order: access.KeyUnknown, access.KeyRevokedAlready, KeyOwn.
func (s *Service) RevokeKey(ctx context.Context, cmd RevokeKey) (access.Credential, error) {
	defer s.forgetKey(cmd.Key)
	return issuance.Run(ctx, s.rules, cmd.Command, access.ActionKeyRevoke, func(w *issuance.Work) (access.Credential, error) {
		c, err := loadKey(ctx, w, cmd.Key)
		if err != nil {
			return c, err
		}
		if cmd.Reason != "" {
			w.Audit.Note += ": " + cmd.Reason
		}
		if c.ID == cmd.Caller.Credential {
			return c, fault.Refuse(KeyOwn)
		}
		c.Status, c.RevokedAt = access.Revoked, s.realNow()
		return c, w.Tx.ChangeCredential(ctx, c, access.Active)
	})
}

// loadKey reads the key of the caller's programme that a command is about; one that was revoked takes no change.
func loadKey(ctx context.Context, w *issuance.Work, publicID string) (access.Credential, error) {
	c, ok, err := w.Tx.CredentialByPublicID(ctx, publicID)
	if err != nil || !ok || !isKeyOf(c, w.Program.ID) {
		return c, refuseOr(err, access.KeyUnknown)
	}
	w.Audit.Note = c.PublicID
	if c.Status != access.Active {
		return c, fault.Refuse(access.KeyRevokedAlready)
	}
	return c, nil
}

func (s *Service) forgetKey(publicID string) {
	s.forget(func(c access.Credential) bool { return c.PublicID == publicID })
}
