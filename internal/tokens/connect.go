package tokens

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/redact"
)

// Connect gets a device its first oauth token (debit contract §12): with a good refresh token beside it (case A), or with
// the customer's private key (case B), which also makes a new refresh token and ends the old one.
type Connect struct {
	issuance.Command
	Device    string
	Refresh   redact.Text // zero when none was sent
	Number    int64       // of the customer; 0 when none was sent
	Private   redact.Text // zero when none was sent
	LoginData bool        // extra_login_data came along
}

// Connection is what a device got.
type Connection struct {
	Issued
	Refresh          redact.Text
	RefreshExpiresAt time.Time
}

// Connect runs the command. Refusals: [DataMissing], [DeviceLinked], [RefreshExpired], [Refused],
// [TooManyWrong], [TooManyRequests].
func (s *Service) Connect(ctx context.Context, cmd Connect) (Connection, error) {
	refreshHash := s.hash(cmd.Refresh)
	st, err := s.stand(ctx, cmd.Caller, redact.Text{}, func(tx issuance.ReadTx) (ident.CustomerID, error) {
		id, err := ownerOf(ctx, tx, cmd.Caller.Program, refreshHash, access.CustomerRefresh)
		if err != nil || !id.IsZero() || cmd.Number == 0 {
			return id, err
		}
		c, _, err := tx.CustomerByNumber(ctx, cmd.Caller.Program, cmd.Number)
		return c.ID, err
	})
	if err != nil {
		return Connection{}, err
	}
	defer s.forget(st.customer.ID)
	return issuance.Run(ctx, s.c.Rules, cmd.Command, "token.connect", func(w *issuance.Work) (Connection, error) {
		if !w.Program.Policy.Debit.InternalAuth && !cmd.LoginData {
			return Connection{}, fault.Refuse(DataMissing)
		}
		w.Audit.Note = loginNote(cmd.LoginData)
		expired := false
		if refreshHash != nil {
			refresh, ok, err := findToken(ctx, w, refreshHash, access.CustomerRefresh)
			switch {
			case err != nil:
				return Connection{}, err
			case ok && refresh.Status == access.Active && w.Now.Before(refresh.ExpiresAt):
				return s.connectBeside(ctx, w, cmd, refresh)
			}
			expired = ok && refresh.Status == access.Active
		}
		switch {
		case cmd.Number != 0 && !cmd.Private.IsZero():
			return s.connectAnew(ctx, w, cmd)
		case expired:
			return Connection{}, fault.Refuse(RefreshExpired)
		}
		return Connection{}, fault.Refuse(Refused)
	})
}

// connectBeside is case A: one more device for a refresh token that is good.
func (s *Service) connectBeside(ctx context.Context, w *issuance.Work, cmd Connect, refresh access.Credential) (Connection, error) {
	h, ok, err := load(ctx, w, refresh.Customer)
	if err != nil || !ok {
		return Connection{}, refuseOr(err, Refused)
	}
	linked, err := isLinked(ctx, w, refresh, cmd.Device)
	if err != nil || linked {
		return Connection{}, refuseOr(err, DeviceLinked)
	}
	issued, err := s.issue(ctx, w, &h, refresh.ID, cmd.Device, !w.Program.Policy.Debit.InternalAuth)
	return Connection{Issued: issued, Refresh: cmd.Refresh, RefreshExpiresAt: refresh.ExpiresAt}, err
}

// connectAnew is case B: everything that the customer had ends.
func (s *Service) connectAnew(ctx context.Context, w *issuance.Work, cmd Connect) (Connection, error) {
	c, ok, err := w.Tx.CustomerByNumber(ctx, w.Program.ID, cmd.Number)
	if err != nil || !ok {
		return Connection{}, refuseOr(err, Refused)
	}
	h, ok, err := load(ctx, w, c.ID)
	if err != nil || !ok {
		return Connection{}, refuseOr(err, Refused)
	}
	if err := h.shut(w); err != nil {
		return Connection{}, err
	}
	if !h.holdsPrivate(s, cmd.Private) {
		return Connection{}, h.wrong(ctx, w)
	}
	if err := h.proved(ctx, w); err != nil {
		return Connection{}, err
	}
	if _, err := h.end(ctx, w, access.CustomerRefresh, access.CustomerOauth); err != nil {
		return Connection{}, err
	}
	h.living = nil
	secret, refresh := s.c.Rules.MintToken(access.Credential{
		Program: w.Program.ID, Customer: c.ID, Kind: access.CustomerRefresh, Device: cmd.Device,
	}, w.Now, w.Program.Policy.Debit.RefreshTokenTTL)
	if err := w.Tx.InsertCredential(ctx, refresh); err != nil {
		return Connection{}, err
	}
	issued, err := s.issue(ctx, w, &h, refresh.ID, cmd.Device, !w.Program.Policy.Debit.InternalAuth)
	return Connection{Issued: issued, Refresh: secret, RefreshExpiresAt: refresh.ExpiresAt}, err
}

// holdsPrivate compares a private key with those of the customer, in constant time.
func (h *holder) holdsPrivate(s *Service, sent redact.Text) bool {
	hash, same := s.hash(sent), false
	for _, c := range h.living {
		if c.Kind == access.CustomerPrivate && s.c.Rules.SameHash(c.Hash, hash) {
			same = true
		}
	}
	return same
}

// hash is the keyed hash of a token; nil when none was sent.
func (s *Service) hash(token redact.Text) []byte {
	if token.IsZero() {
		return nil
	}
	return s.c.Rules.HashCredential(token)
}

// ownerOf tells whose token it is; zero when it is nobody's of this programme.
func ownerOf(ctx context.Context, tx issuance.ReadTx, p ident.ProgramID, hash []byte, kind access.Kind) (ident.CustomerID, error) {
	if hash == nil {
		return ident.CustomerID{}, nil
	}
	c, ok, err := tx.CredentialWith(ctx, p, hash)
	if err != nil || !ok || c.Kind != kind {
		return ident.CustomerID{}, err
	}
	return c.Customer, nil
}

// findToken finds a token of a customer of the programme.
func findToken(ctx context.Context, w *issuance.Work, hash []byte, kind access.Kind) (access.Credential, bool, error) {
	c, ok, err := w.Tx.CredentialWith(ctx, w.Program.ID, hash)
	return c, ok && c.Kind == kind, err
}

// isLinked tells whether a device came with the refresh token, or got a token under it.
func isLinked(ctx context.Context, w *issuance.Work, refresh access.Credential, device string) (bool, error) {
	if refresh.Device == device {
		return true, nil
	}
	_, linked, err := w.Tx.DeviceToken(ctx, refresh.ID, device)
	return linked, err
}

func loginNote(sent bool) string {
	if sent {
		return "extra_login_data was sent"
	}
	return ""
}

// refuseOr hands a fault through, or refuses with the reason.
func refuseOr(err error, reason fault.Reason) error {
	if err != nil {
		return err
	}
	return fault.Refuse(reason)
}
