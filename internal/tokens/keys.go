package tokens

import (
	"context"
	"net/netip"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/redact"
)

// IssueKey makes one more API key of the programme.
type IssueKey struct {
	issuance.Command
	Name      string
	Allowlist []netip.Prefix // empty: any address
}

// IssuedKey is a new API key. The record of an idempotency key gets it too, sealed.
type IssuedKey struct {
	Key    access.Credential
	Secret redact.Text
}

// IssueKey runs the command. Refusals: access.KeyLimit.
func (s *Service) IssueKey(ctx context.Context, cmd IssueKey) (IssuedKey, error) {
	return issuance.Run(ctx, s.c.Rules, cmd.Command, access.ActionKeyCreate, func(w *issuance.Work) (IssuedKey, error) {
		living, err := w.Tx.CountLivingKeys(ctx, w.Program.ID, access.CardsKey)
		if err != nil {
			return IssuedKey{}, err
		}
		if living >= access.MostCardsKeys {
			return IssuedKey{}, fault.RefuseWith(access.KeyLimit, access.MostCardsKeys)
		}
		secret, made := access.NewKey(s.c.Rules.IDs(), access.Credential{
			Program: w.Program.ID, Kind: access.CardsKey, Name: cmd.Name, Allowlist: cmd.Allowlist,
		}, w.Program.Kind, s.realNow())
		made.Hash = s.c.Rules.HashCredential(secret)
		w.Audit.Note = made.PublicID
		return IssuedKey{Key: made, Secret: secret}, w.Tx.InsertCredential(ctx, made)
	})
}

// AllowKey replaces the addresses that an API key may be used from.
type AllowKey struct {
	issuance.Command
	Key       ident.CredentialID
	Allowlist []netip.Prefix // empty: any address
}

// AllowKey runs the command. A caller cannot lock itself out by it. Refusals: access.KeyUnknown, also for a key that is
// revoked, and access.CallerExcluded.
func (s *Service) AllowKey(ctx context.Context, cmd AllowKey) (access.Credential, error) {
	defer s.forgetOne(cmd.Key)
	return issuance.Run(ctx, s.c.Rules, cmd.Command, access.ActionKeyAllow, func(w *issuance.Work) (access.Credential, error) {
		c, err := loadKey(ctx, w, cmd.Key)
		if err != nil {
			return c, err
		}
		if c.Status != access.Active {
			return c, fault.Refuse(access.KeyUnknown)
		}
		c.Allowlist = cmd.Allowlist
		if c.ID == cmd.Caller.Credential && !c.Admits(cmd.Caller.Source) {
			return c, fault.Refuse(access.CallerExcluded)
		}
		return c, w.Tx.ChangeCredential(ctx, c, access.Active)
	})
}

// RevokeKey ends an API key for good.
type RevokeKey struct {
	issuance.Command
	Key ident.CredentialID
}

// RevokeKey runs the command. A key that is revoked already stays as it is; the last active one stays, so that the
// programme is not locked out. Refusals: access.KeyUnknown, access.KeyLastActive.
func (s *Service) RevokeKey(ctx context.Context, cmd RevokeKey) error {
	defer s.forgetOne(cmd.Key)
	_, err := issuance.Run(ctx, s.c.Rules, cmd.Command, access.ActionKeyRevoke, func(w *issuance.Work) (access.Credential, error) {
		c, err := loadKey(ctx, w, cmd.Key)
		if err != nil || c.Status == access.Revoked {
			return c, err
		}
		living, err := w.Tx.CountLivingKeys(ctx, w.Program.ID, access.CardsKey)
		if err != nil {
			return c, err
		}
		if living <= 1 {
			return c, fault.Refuse(access.KeyLastActive)
		}
		from := c.Status
		c.Status, c.RevokedAt = access.Revoked, s.realNow()
		return c, w.Tx.ChangeCredential(ctx, c, from)
	})
	return err
}

// Keys lists the API keys of a programme, newest first, revoked ones included.
func (s *Service) Keys(ctx context.Context, p ident.ProgramID, page issuance.Page) ([]access.Credential, error) {
	return issuance.Look(ctx, s.c.Rules, access.KeyUnknown, func(tx issuance.ReadTx) ([]access.Credential, bool, error) {
		all, err := tx.ProgramKeys(ctx, p, access.CardsKey, page)
		return all, true, err
	})
}

// loadKey reads the API key that a command is about.
func loadKey(ctx context.Context, w *issuance.Work, id ident.CredentialID) (access.Credential, error) {
	c, ok, err := w.Tx.ProgramKey(ctx, w.Program.ID, access.CardsKey, id)
	if err != nil || !ok {
		return c, refuseOr(err, access.KeyUnknown)
	}
	w.Audit.Note = c.PublicID
	return c, nil
}
