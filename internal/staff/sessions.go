package staff

import (
	"context"
	"encoding/hex"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/redact"
)

const (
	tokenBytes = 32
	mostWrong  = 5 // tries in a row
	lockFor    = 15 * time.Minute
	seenStep   = time.Minute // so exactly is kept when a session was seen
)

// SignIn is what somebody typed who wants to be let in.
type SignIn struct {
	Visitor  access.Visitor
	Name     string
	Password redact.Text
	Code     string // the one-time code; "" when none was typed
}

// SignIn begins a session and gives its token, once. [SignInRefused] is one answer for everything that may be wrong.
func (s *Service) SignIn(ctx context.Context, in SignIn) (redact.Text, error) {
	name, _ := parseName(in.Name)
	var m Member
	var known bool
	err := s.store.Read(ctx, func(tx ReadTx) (err error) {
		m, known, err = tx.StaffByName(ctx, name)
		return err
	})
	if err != nil {
		return redact.Text{}, err
	}
	same, err := s.passwords.Same(ctx, m.Password, in.Password)
	if err != nil {
		return redact.Text{}, fault.NotNow(err, "compare the password", time.Second)
	}
	token := redact.NewText(hex.EncodeToString(s.ids.Bytes(tokenBytes)))
	var refusal error
	err = s.store.Write(ctx, func(tx Tx) error {
		refusal = nil
		if !known {
			refusal = fault.Refuse(SignInRefused)
			return tx.InsertAudit(ctx, s.stranger(in.Visitor))
		}
		now, found, err := tx.StaffMember(ctx, m.ID)
		if err != nil || !found {
			return refuseOr(err, SignInRefused)
		}
		var note string
		note, refusal, err = s.settle(ctx, tx, now, same && now.Password.Equal(m.Password), in, token)
		if err != nil {
			return err
		}
		return s.leave(ctx, tx, now, in.Visitor, "staff.sign_in", note, refusal)
	})
	if err == nil {
		err = refusal
	}
	if err != nil {
		return redact.Text{}, err
	}
	return token, nil
}

// settle decides about a sign-in of a member that exists, and writes what follows: a session, or a wrong try.
func (s *Service) settle(ctx context.Context, tx Tx, m Member, same bool, in SignIn, token redact.Text) (note string, refusal, err error) {
	now := s.now().UTC()
	switch {
	case !m.DisabledAt.IsZero():
		return "disabled", fault.Refuse(SignInRefused), nil
	case now.Before(m.LockedUntil):
		return "locked", fault.Refuse(SignInRefused), nil
	}
	step, codeGood := m.LastStep, !m.CodesOn
	if m.CodesOn {
		step, codeGood = takesCode(s.secretOf(m), m.LastStep, strings.ReplaceAll(in.Code, " ", ""), now)
	}
	if !same || !codeGood {
		note = "wrong password"
		if same {
			note = "wrong one-time code"
		}
		if m.WrongTries++; m.WrongTries >= mostWrong {
			m.WrongTries, m.LockedUntil, note = 0, now.Add(lockFor), note+", now locked"
		}
		return note, fault.Refuse(SignInRefused), tx.UpdateStaff(ctx, m)
	}
	if m.WrongTries > 0 || step != m.LastStep {
		m.WrongTries, m.LastStep = 0, step
		if err := tx.UpdateStaff(ctx, m); err != nil {
			return "", nil, err
		}
	}
	return "", nil, tx.InsertStaffSession(ctx, Session{Hash: s.hasher.HashCredential(token), Member: m.ID, CreatedAt: now, SeenAt: now})
}

// stranger is the audit row of a sign-in under a name that nobody has. The name is not kept: it may be a password that was
// typed into the wrong field.
func (s *Service) stranger(v access.Visitor) audit.Row {
	row := audit.Row{
		ID: s.ids.UUID(), At: s.now().UTC(), Actor: "operator:unknown", Channel: audit.ChannelConsole, Action: "staff.sign_in",
		Outcome: SignInRefused.Name(), Note: "unknown name",
	}
	return visited(row, v)
}

func visited(row audit.Row, v access.Visitor) audit.Row {
	row.RequestID = v.RequestID
	if v.Source.IsValid() {
		row.Source = v.Source.String()
	}
	return row
}

// leave writes the audit row of something that a member did, with its outcome.
func (s *Service) leave(ctx context.Context, tx Tx, m Member, v access.Visitor, action, note string, refusal error) error {
	row, err := s.row(ctx, tx, m, action, note)
	if err != nil {
		return err
	}
	if refusal != nil {
		row.Outcome = fault.Of(refusal).Reason.Name()
	}
	return tx.InsertAudit(ctx, visited(row, v))
}

// Visit is a member at the console, with a session that goes on.
type Visit struct {
	Member    Member
	FormToken string // of the forms on this session's pages
	session   Session
}

// Enter finds who has the token, and keeps the session from being idle. Errors: [SessionOver].
func (s *Service) Enter(ctx context.Context, token redact.Text) (Visit, error) {
	now := s.now().UTC()
	var v Visit
	err := s.store.Read(ctx, func(tx ReadTx) error {
		session, m, err := s.session(ctx, tx, token, now)
		v = Visit{Member: m, FormToken: s.formToken(token), session: session}
		return err
	})
	if err != nil || now.Sub(v.session.SeenAt) < seenStep {
		return v, err
	}
	err = s.store.Write(ctx, func(tx Tx) error {
		session, _, err := s.session(ctx, tx, token, now)
		if err != nil {
			return err
		}
		session.SeenAt = now
		return tx.UpdateStaffSession(ctx, session)
	})
	return v, err
}

// session loads a session that goes on, with its member.
func (s *Service) session(ctx context.Context, tx ReadTx, token redact.Text, now time.Time) (Session, Member, error) {
	if token.IsZero() {
		return Session{}, Member{}, fault.Refuse(SessionOver)
	}
	session, ok, err := tx.StaffSession(ctx, s.hasher.HashCredential(token))
	if err != nil || !ok {
		return Session{}, Member{}, refuseOr(err, SessionOver)
	}
	m, ok, err := tx.StaffMember(ctx, session.Member)
	if err != nil || !ok || session.over(m, now) {
		return Session{}, Member{}, refuseOr(err, SessionOver)
	}
	return session, m, nil
}

// formToken proves that a form is from a page of the session: nobody else can make it, and it does not tell the token.
func (s *Service) formToken(token redact.Text) string {
	form := redact.NewText("form " + token.Reveal())
	defer form.Wipe()
	return hex.EncodeToString(s.hasher.HashCredential(form))
}

// SignOut ends a session. One that is over already is no error.
func (s *Service) SignOut(ctx context.Context, by access.Visitor, token redact.Text) error {
	err := s.store.Write(ctx, func(tx Tx) error {
		now := s.now().UTC()
		session, m, err := s.session(ctx, tx, token, now)
		if err != nil {
			return err
		}
		session.EndedAt = now
		if err := tx.UpdateStaffSession(ctx, session); err != nil {
			return err
		}
		return s.leave(ctx, tx, m, by, "staff.sign_out", "", nil)
	})
	if fault.IsRefusal(err) {
		return nil
	}
	return err
}

// ChangePassword gives a member the password that it chose, and ends all its sessions. Errors: [PasswordWeak], [PasswordWrong];
// a wrong one counts as a wrong try to sign in.
func (s *Service) ChangePassword(ctx context.Context, by access.Visitor, id ident.UserID, old, fresh redact.Text) error {
	if fresh.Len() < leastPassword || fresh.Len() > mostPassword {
		return fault.Refuse(PasswordWeak)
	}
	m, err := s.member(ctx, id)
	if err != nil {
		return err
	}
	same, err := s.passwords.Same(ctx, m.Password, old)
	if err != nil {
		return fault.NotNow(err, "compare the password", time.Second)
	}
	hash, err := s.passwords.Hash(ctx, fresh)
	if err != nil {
		return fault.NotNow(err, "hash the password", time.Second)
	}
	return s.own(ctx, by, id, "staff.change_password", func(now *Member) error {
		if !same || !now.Password.Equal(m.Password) || s.now().Before(now.LockedUntil) {
			if now.WrongTries++; now.WrongTries >= mostWrong {
				now.WrongTries, now.LockedUntil, now.SessionsFrom = 0, s.now().UTC().Add(lockFor), s.now().UTC()
			}
			return fault.Refuse(PasswordWrong)
		}
		now.Password, now.WrongTries, now.SessionsFrom = hash, 0, s.now().UTC()
		return nil
	})
}

// PrepareCodes draws a new secret of one-time codes, which count once [Service.TurnCodesOn] has seen one of them. Errors:
// [CodesOnAlready].
func (s *Service) PrepareCodes(ctx context.Context, by access.Visitor, id ident.UserID) (out CodeSecret, err error) {
	err = s.own(ctx, by, id, "staff.prepare_codes", func(m *Member) error {
		if m.CodesOn {
			return fault.Refuse(CodesOnAlready)
		}
		m.CodeSeed = s.ids.Bytes(codeSeed)
		out = showSecret(*m, s.secretOf(*m))
		return nil
	})
	return out, err
}

// TurnCodesOn wants a one-time code at every sign-in from now on. Errors: [CodesOnAlready], [CodeWrong].
func (s *Service) TurnCodesOn(ctx context.Context, by access.Visitor, id ident.UserID, code string) error {
	return s.own(ctx, by, id, "staff.turn_codes_on", func(m *Member) error {
		if m.CodesOn {
			return fault.Refuse(CodesOnAlready)
		}
		step, ok := takesCode(s.secretOf(*m), m.LastStep, strings.ReplaceAll(code, " ", ""), s.now())
		if m.CodeSeed == nil || !ok {
			return fault.Refuse(CodeWrong)
		}
		m.CodesOn, m.LastStep = true, step
		return nil
	})
}

func (s *Service) member(ctx context.Context, id ident.UserID) (m Member, err error) {
	err = s.store.Read(ctx, func(tx ReadTx) error {
		var ok bool
		if m, ok, err = tx.StaffMember(ctx, id); err != nil || !ok {
			return refuseOr(err, MemberUnknown)
		}
		return nil
	})
	return m, err
}

// own is something that a member does with itself. A refusal commits what decide changed, with its audit row.
func (s *Service) own(ctx context.Context, by access.Visitor, id ident.UserID, action string, decide func(m *Member) error) error {
	var refusal error
	err := s.store.Write(ctx, func(tx Tx) error {
		m, ok, err := tx.StaffMember(ctx, id)
		if err != nil || !ok {
			return refuseOr(err, MemberUnknown)
		}
		if refusal = decide(&m); refusal != nil && !fault.IsRefusal(refusal) {
			return refusal
		}
		m.UpdatedAt = s.now().UTC()
		if err := tx.UpdateStaff(ctx, m); err != nil {
			return err
		}
		return s.leave(ctx, tx, m, by, action, "", refusal)
	})
	if err == nil {
		err = refusal
	}
	return err
}
