package staff

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/redact"
)

// Config is what a [Service] is made of.
type Config struct {
	Store     Store
	Hasher    access.Hasher
	Passwords *access.Passwords
	IDs       *ident.Source
	Now       func() time.Time // real time: the staff has no clock of a programme
}

// Service is the members' own acts and those of who keeps the members, one method each.
type Service struct {
	store     Store
	hasher    access.Hasher
	passwords *access.Passwords
	ids       *ident.Source
	now       func() time.Time
}

// New makes a Service. It starts nothing.
func New(c Config) *Service {
	return &Service{store: c.Store, hasher: c.Hasher, passwords: c.Passwords, ids: c.IDs, now: c.Now}
}

// Made is a member with its first or new password, once.
type Made struct {
	Member   Member
	Password redact.Text
}

const drawnPassword = 20 // characters of a password that we draw: 119 bits

// Add adds a member with a password of our own; a zero programme is the whole installation. Errors: [MemberInvalid],
// [MemberTaken], access.ProgramUnknown.
func (s *Service) Add(ctx context.Context, by access.Operator, name string, role Role, p ident.ProgramID) (Made, error) {
	return s.add(ctx, name, role, p, func(row audit.Row) audit.Row {
		row.Actor, row.Channel = "operator:"+by.Name, by.Channel
		return row
	})
}

func (s *Service) add(ctx context.Context, name string, role Role, p ident.ProgramID, sign func(audit.Row) audit.Row) (Made, error) {
	name, ok := parseName(name)
	if !ok || rank(role) < 0 {
		return Made{}, fault.Refuse(MemberInvalid)
	}
	password, hash, err := s.draw(ctx)
	if err != nil {
		return Made{}, err
	}
	now := s.now().UTC()
	m := Member{
		ID: ident.UserID{UUID: s.ids.UUID()}, Program: p, Name: name, Role: role, Password: hash, SessionsFrom: now, CreatedAt: now, UpdatedAt: now,
	}
	err = s.store.Write(ctx, func(tx Tx) error {
		if _, taken, err := tx.StaffByName(ctx, name); err != nil || taken {
			return refuseOr(err, MemberTaken)
		}
		row, err := s.row(ctx, tx, m, "staff.add", string(role)+" "+name)
		if err != nil {
			return err
		}
		if err := tx.InsertStaff(ctx, m); err != nil {
			return err
		}
		return tx.InsertAudit(ctx, sign(row))
	})
	return Made{m, password}, err
}

func (s *Service) draw(ctx context.Context) (password, hash redact.Text, err error) {
	password = redact.NewText(s.ids.Base62(drawnPassword))
	if hash, err = s.passwords.Hash(ctx, password); err != nil {
		return password, hash, fault.NotNow(err, "hash the password", time.Second)
	}
	return password, hash, nil
}

// ResetPassword gives a member a new password of our own, takes the one-time codes and any lock away, lets in again who was
// disabled, and ends all sessions. Errors: [MemberUnknown].
func (s *Service) ResetPassword(ctx context.Context, by access.Operator, name string) (Made, error) {
	password, hash, err := s.draw(ctx)
	if err != nil {
		return Made{}, err
	}
	m, err := s.change(ctx, by, name, "staff.reset_password", func(m *Member, now time.Time) { beginAgain(m, hash, now) })
	return Made{m, password}, err
}

// beginAgain lets a member in again, with another password.
func beginAgain(m *Member, hash redact.Text, now time.Time) {
	m.Password, m.CodeSeed, m.CodesOn, m.LastStep = hash, nil, false, 0
	m.WrongTries, m.LockedUntil, m.DisabledAt, m.SessionsFrom = 0, time.Time{}, time.Time{}, now
}

// Disable lets a member in no longer, and ends all sessions. Doing so twice is no error. Errors: [MemberUnknown].
func (s *Service) Disable(ctx context.Context, by access.Operator, name string) (Member, error) {
	return s.change(ctx, by, name, "staff.disable", func(m *Member, now time.Time) { m.DisabledAt, m.SessionsFrom = now, now })
}

// List gives all members, the oldest first.
func (s *Service) List(ctx context.Context) (all []Member, err error) {
	err = s.store.Read(ctx, func(tx ReadTx) error {
		all, err = tx.StaffMembers(ctx)
		return err
	})
	return all, err
}

// Programs lists the programmes that a member works for.
func (s *Service) Programs(ctx context.Context, m Member) (list []program.Program, err error) {
	err = s.store.Read(ctx, func(tx ReadTx) error {
		list = nil
		all, err := tx.Programs(ctx)
		for _, p := range all {
			if m.Sees(p.ID) {
				list = append(list, p)
			}
		}
		return err
	})
	return list, err
}

// change loads a member, lets decide change it, and writes it with its audit row.
func (s *Service) change(ctx context.Context, by access.Operator, name, action string, decide func(m *Member, now time.Time)) (Member, error) {
	name, _ = parseName(name)
	var changed Member
	err := s.store.Write(ctx, func(tx Tx) error {
		m, ok, err := tx.StaffByName(ctx, name)
		if err != nil || !ok {
			return refuseOr(err, MemberUnknown)
		}
		row, err := s.row(ctx, tx, m, action, name)
		if err != nil {
			return err
		}
		m.UpdatedAt = s.now().UTC()
		decide(&m, m.UpdatedAt)
		if err := tx.UpdateStaff(ctx, m); err != nil {
			return err
		}
		changed = m
		row.Actor, row.Channel = "operator:"+by.Name, by.Channel
		return tx.InsertAudit(ctx, row)
	})
	return changed, err
}

// row is an audit row about a member, in the trail of its programme, or of the installation.
func (s *Service) row(ctx context.Context, tx Tx, m Member, action, note string) (audit.Row, error) {
	row := audit.Row{
		ID: s.ids.UUID(), Program: m.Program, At: s.now().UTC(), Actor: m.Actor(), Channel: audit.ChannelConsole, Action: action, Outcome: audit.OK, Note: note,
	}
	if m.Program.IsZero() {
		return row, nil
	}
	p, ok, err := tx.Program(ctx, m.Program)
	if err != nil || !ok {
		return row, refuseOr(err, access.ProgramUnknown)
	}
	row.At = p.Now(s.now())
	return row, nil
}

// refuseOr hands a fault through, or refuses with the reason.
func refuseOr(err error, reason fault.Reason) error {
	if err != nil {
		return err
	}
	return fault.Refuse(reason)
}
