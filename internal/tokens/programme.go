package tokens

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/redact"
)

// ReadCode runs the command.
func (s *Service) ReadCode(ctx context.Context, cmd ReadCode) (OneTimeCode, error) {
	if _, err := s.stand(ctx, cmd.Caller, redact.Text{}, byNumber(ctx, cmd.Caller.Program, cmd.Number)); err != nil {
		return OneTimeCode{}, err
	}
	return issuance.Run(ctx, s.c.Rules, cmd.Command, "token.read_code", func(w *issuance.Work) (OneTimeCode, error) {
		h, err := loadNumber(ctx, w, cmd.Number)
		if err != nil {
			return OneTimeCode{}, err
		}
		for _, c := range h.living {
			if c.Kind != access.CustomerRefresh {
				continue
			}
			token, ok, err := w.Tx.DeviceToken(ctx, c.ID, cmd.Device)
			if err != nil {
				return OneTimeCode{}, err
			}
			if ok {
				ends := w.Now.Truncate(codeStep).Add(2 * codeStep)
				return OneTimeCode{Code: redact.NewText(s.code(token, w.Now)), ExpiresAt: ends}, nil
			}
		}
		return OneTimeCode{}, fault.Refuse(DeviceNotLinked)
	})
}

// EndCustomer ends all tokens of a customer: on every device, and the refresh token. The private key stays.
type EndCustomer struct {
	issuance.Command
	Number int64
}

// EndCustomer runs the command, and tells how many ended. Refusals: customer.NotFound, [TooManyRequests].
func (s *Service) EndCustomer(ctx context.Context, cmd EndCustomer) (int, error) {
	st, err := s.stand(ctx, cmd.Caller, redact.Text{}, byNumber(ctx, cmd.Caller.Program, cmd.Number))
	if err != nil {
		return 0, err
	}
	defer s.forget(st.customer.ID)
	return issuance.Run(ctx, s.c.Rules, cmd.Command, "token.end_customer", func(w *issuance.Work) (int, error) {
		h, err := loadNumber(ctx, w, cmd.Number)
		if err != nil {
			return 0, err
		}
		return h.end(ctx, w, access.CustomerOauth, access.CustomerRefresh)
	})
}

// Exchanged is the new e-commerce token of a programme.
type Exchanged struct{ Token redact.Text }

// Exchange gives the caller a new e-commerce token with the same rights. The one that was used ends at once. access.EcommerceInvalid
// when it has ended already: of two exchanges one wins.
func (s *Service) Exchange(ctx context.Context, cmd issuance.Command, used access.Credential) (Exchanged, error) {
	defer s.forgetOne(used.ID)
	return issuance.Run(ctx, s.c.Rules, cmd, "token.exchange", func(w *issuance.Work) (Exchanged, error) {
		old, err := s.endUsed(ctx, w, used)
		if err != nil {
			return Exchanged{}, err
		}
		secret, made := access.NewKey(s.c.Rules.IDs(), old, w.Program.Kind, old.RevokedAt)
		made.Hash = s.c.Rules.HashCredential(secret)
		w.Audit.Note = old.PublicID + " became " + made.PublicID
		return Exchanged{Token: secret}, w.Tx.InsertCredential(ctx, made)
	})
}

// EndProgram ends the e-commerce token that was used.
func (s *Service) EndProgram(ctx context.Context, cmd issuance.Command, used access.Credential) (int, error) {
	defer s.forgetOne(used.ID)
	return issuance.Run(ctx, s.c.Rules, cmd, "token.end_program", func(w *issuance.Work) (int, error) {
		_, err := s.endUsed(ctx, w, used)
		return 1, err
	})
}

// endUsed revokes the e-commerce token that the caller used, as it stands now.
func (s *Service) endUsed(ctx context.Context, w *issuance.Work, used access.Credential) (access.Credential, error) {
	c, ok, err := w.Tx.CredentialWith(ctx, w.Program.ID, used.Hash)
	if err != nil || !ok || c.Kind != access.Ecommerce || c.Status != access.Active {
		return c, refuseOr(err, access.EcommerceInvalid)
	}
	c.Status, c.RevokedAt = access.Revoked, s.realNow()
	return c, w.Tx.ChangeCredential(ctx, c, access.Active)
}

// realNow is real time: the keys of a programme live by it.
func (s *Service) realNow() time.Time { return s.c.Rules.RealNow().UTC() }

func (s *Service) forgetOne(id ident.CredentialID) {
	s.c.Forget(func(c access.Credential) bool { return c.ID == id })
}

func byNumber(ctx context.Context, p ident.ProgramID, number int64) func(tx issuance.ReadTx) (ident.CustomerID, error) {
	return func(tx issuance.ReadTx) (ident.CustomerID, error) {
		c, _, err := tx.CustomerByNumber(ctx, p, number)
		return c.ID, err
	}
}

func loadNumber(ctx context.Context, w *issuance.Work, number int64) (holder, error) {
	c, ok, err := w.Tx.CustomerByNumber(ctx, w.Program.ID, number)
	if err == nil && ok {
		var h holder
		if h, ok, err = load(ctx, w, c.ID); err == nil && ok {
			return h, nil
		}
	}
	return holder{}, refuseOr(err, customer.NotFound)
}
