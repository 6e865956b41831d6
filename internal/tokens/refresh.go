package tokens

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/redact"
)

// Refresh gets a device that is linked already a new oauth token (debit contract §12). While its present one is
// active, that is enough.
type Refresh struct {
	issuance.Command
	Device    string
	Refresh   redact.Text
	LoginData bool // extra_login_data came along
	Proof     Proof
}

// Refresh runs the command. Refusals: [Refused], [RefreshExpired], [DeviceNotLinked], [DataMissingNow], [Incomplete],
// [TooManyWrong], [TooManyRequests].
func (s *Service) Refresh(ctx context.Context, cmd Refresh) (Issued, error) {
	hash := s.hash(cmd.Refresh)
	st, err := s.stand(ctx, cmd.Caller, cmd.Proof.Password, func(tx issuance.ReadTx) (ident.CustomerID, error) {
		return ownerOf(ctx, tx, cmd.Caller.Program, hash, access.CustomerRefresh)
	})
	if err != nil {
		return Issued{}, err
	}
	defer s.forget(st.customer.ID)
	return issuance.Run(ctx, s.c.Rules, cmd.Command, "token.refresh", func(w *issuance.Work) (Issued, error) {
		refresh, ok, err := findToken(ctx, w, hash, access.CustomerRefresh)
		switch {
		case err != nil:
			return Issued{}, err
		case !ok || refresh.Status != access.Active:
			return Issued{}, fault.Refuse(Refused)
		}
		h, ok, err := load(ctx, w, refresh.Customer)
		if err != nil || !ok {
			return Issued{}, refuseOr(err, Refused)
		}
		if !w.Now.Before(refresh.ExpiresAt) {
			return Issued{}, fault.Refuse(RefreshExpired)
		}
		linked, err := isLinked(ctx, w, refresh, cmd.Device)
		if err != nil || !linked {
			return Issued{}, refuseOr(err, DeviceNotLinked)
		}
		last, got, err := w.Tx.DeviceToken(ctx, refresh.ID, cmd.Device)
		if err != nil {
			return Issued{}, err
		}
		w.Audit.Note = loginNote(cmd.LoginData)
		active := true
		if !got || !last.Good(w.Now) {
			if active, err = s.proveAgain(ctx, w, &h, cmd, st, last); err != nil {
				return Issued{}, err
			}
		}
		return s.issue(ctx, w, &h, refresh.ID, cmd.Device, active)
	})
}

// proveAgain is what a customer whose token is over must bring; active tells whether the new token needs no
// activation.
func (s *Service) proveAgain(ctx context.Context, w *issuance.Work, h *holder, cmd Refresh, st standing, last access.Credential) (active bool, err error) {
	if !w.Program.Policy.Debit.InternalAuth {
		if !cmd.LoginData {
			return false, fault.Refuse(DataMissingNow)
		}
		return true, nil
	}
	if !cmd.Proof.given() {
		holder := h.customer
		w.Announce(event.Event{Name: event.CodeRequested, Customer: &holder})
		return false, &fault.Error{Reason: Incomplete, Fields: []fault.Field{{Path: "password", Code: "required"}}}
	}
	if err := h.shut(w); err != nil {
		return false, err
	}
	if !s.right(cmd.Proof, h, st, last, w.Now) {
		return false, h.wrong(ctx, w)
	}
	return false, h.proved(ctx, w)
}

// right compares a password, which was done before, or else a one-time code.
func (s *Service) right(p Proof, h *holder, st standing, of access.Credential, now time.Time) bool {
	if !p.Password.IsZero() {
		return st.password && st.login.Password.Equal(h.login.Password)
	}
	return !of.ID.IsZero() && s.rightCode(of, p.Code, now)
}

// ActivateToken makes an inactive oauth token active: the customer has proved itself.
type ActivateToken struct {
	issuance.Command
	Token  redact.Text
	Device string
	Proof  Proof
}

// ActivateToken runs the command. Refusals: [Refused], [TooManyWrong], [TooManyRequests].
func (s *Service) ActivateToken(ctx context.Context, cmd ActivateToken) (Issued, error) {
	hash := s.hash(cmd.Token)
	st, err := s.stand(ctx, cmd.Caller, cmd.Proof.Password, func(tx issuance.ReadTx) (ident.CustomerID, error) {
		return ownerOf(ctx, tx, cmd.Caller.Program, hash, access.CustomerOauth)
	})
	if err != nil {
		return Issued{}, err
	}
	defer s.forget(st.customer.ID)
	return issuance.Run(ctx, s.c.Rules, cmd.Command, "token.activate", func(w *issuance.Work) (Issued, error) {
		token, ok, err := findToken(ctx, w, hash, access.CustomerOauth)
		switch {
		case err != nil:
			return Issued{}, err
		case !ok || token.Status != access.Inactive || !w.Now.Before(token.ExpiresAt) || token.Device != cmd.Device:
			return Issued{}, fault.Refuse(Refused)
		}
		h, ok, err := load(ctx, w, token.Customer)
		if err != nil || !ok {
			return Issued{}, refuseOr(err, Refused)
		}
		if err := h.shut(w); err != nil {
			return Issued{}, err
		}
		if !s.right(cmd.Proof, &h, st, token, w.Now) {
			token.Tries++
			if token.Tries >= inactiveTries {
				token.Status, token.RevokedAt = access.Revoked, w.Now
			}
			if err := w.Tx.ChangeCredential(ctx, token, access.Inactive); err != nil {
				return Issued{}, err
			}
			return Issued{}, h.wrong(ctx, w)
		}
		if err := h.proved(ctx, w); err != nil {
			return Issued{}, err
		}
		token.Status, token.ExpiresAt = access.Active, w.Now.Add(w.Program.Policy.Debit.CustomerTokenTTL)
		return Issued{Token: cmd.Token, ExpiresAt: token.ExpiresAt, Active: true}, w.Tx.ChangeCredential(ctx, token, access.Inactive)
	})
}

// OneTimeCode is the code that a customer may answer with, for whoever sends it.
type OneTimeCode struct {
	Code      redact.Text
	ExpiresAt time.Time
}

// ReadCode gives the one-time code of a customer's device to the programme, which sends it. Each reading is
// audited. Refusals: customer.NotFound, [DeviceNotLinked], [TooManyRequests].
type ReadCode struct {
	issuance.Command
	Number int64
	Device string
}
