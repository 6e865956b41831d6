package staff

import (
	"context"
	"slices"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
)

// Keeper is an administrator at the console who keeps other members: all of them, or those of its own programme.
type Keeper struct {
	Member  Member
	Visitor access.Visitor
	Reason  string
}

// keeps reports whether the member is one of those that the administrator keeps.
func (m Member) keeps(other Member) bool { return m.Program.IsZero() || m.Program == other.Program }

// keepsStaff reports whether the member is an administrator who may sign in.
func (m Member) keepsStaff() bool { return m.Role.May(KeepStaff) && m.DisabledAt.IsZero() }

// Kept lists the members that an administrator keeps, the oldest first.
func (s *Service) Kept(ctx context.Context, by Member) ([]Member, error) {
	all, err := s.List(ctx)
	return slices.DeleteFunc(all, func(m Member) bool { return !by.keeps(m) }), err
}

// KeepNew adds a member with a password of our own; a zero programme is the whole installation. Errors: [NotAllowed] (also for a
// programme that is not the keeper's), [MemberInvalid], [MemberTaken], access.ProgramUnknown.
func (s *Service) KeepNew(ctx context.Context, k Keeper, name string, role Role, p ident.ProgramID) (Made, error) {
	if !k.Member.keepsStaff() || !k.Member.keeps(Member{Program: p}) {
		return Made{}, fault.RefuseWith(NotAllowed, KeepStaff)
	}
	return s.add(ctx, name, role, p, func(row audit.Row) audit.Row { return k.sign(row) })
}

// KeepRole gives a member another role. Errors: [NotAllowed], [MemberUnknown], [MemberInvalid], [LastAdmin].
func (s *Service) KeepRole(ctx context.Context, k Keeper, id ident.UserID, role Role) (Member, error) {
	if rank(role) < 0 {
		return Member{}, fault.Refuse(MemberInvalid)
	}
	return s.keep(ctx, k, id, "staff.set_role", " "+string(role), func(m *Member, _ time.Time) { m.Role = role })
}

// KeepOut lets a member in no longer, and ends all its sessions. Errors: [NotAllowed], [MemberUnknown], [LastAdmin].
func (s *Service) KeepOut(ctx context.Context, k Keeper, id ident.UserID) (Member, error) {
	return s.keep(ctx, k, id, "staff.disable", "", func(m *Member, now time.Time) { m.DisabledAt, m.SessionsFrom = now, now })
}

// KeepPassword does what [Service.ResetPassword] does. Errors: [NotAllowed], [MemberUnknown].
func (s *Service) KeepPassword(ctx context.Context, k Keeper, id ident.UserID) (Made, error) {
	password, hash, err := s.draw(ctx)
	if err != nil {
		return Made{}, err
	}
	m, err := s.keep(ctx, k, id, "staff.reset_password", "", func(m *Member, now time.Time) { beginAgain(m, hash, now) })
	return Made{m, password}, err
}

// keep loads a member, lets decide change it, and writes it with its audit row. Nobody ends the last administrator of those that
// an administrator keeps: the whole list is read in the transaction, so that two cannot end each other at the same time.
func (s *Service) keep(ctx context.Context, k Keeper, id ident.UserID, action, note string, decide func(m *Member, now time.Time)) (Member, error) {
	var changed Member
	var refusal error
	err := s.store.Write(ctx, func(tx Tx) error {
		refusal = nil
		all, err := tx.StaffMembers(ctx)
		if err != nil {
			return err
		}
		me, still := memberOf(all, k.Member.ID)
		if !still || !me.keepsStaff() {
			return fault.RefuseWith(NotAllowed, KeepStaff)
		}
		m, known := memberOf(all, id)
		if !known || !me.keeps(m) {
			return fault.Refuse(MemberUnknown)
		}
		row, err := s.row(ctx, tx, m, action, m.Name+note)
		if err != nil {
			return err
		}
		row = k.sign(row)
		before := m
		m.UpdatedAt = s.now().UTC()
		decide(&m, m.UpdatedAt)
		if before.keepsStaff() && !m.keepsStaff() && !slices.ContainsFunc(all, func(o Member) bool { return o.ID != m.ID && o.keepsStaff() && o.keeps(m) }) {
			refusal, row.Outcome = fault.Refuse(LastAdmin), LastAdmin.Name()
			return tx.InsertAudit(ctx, row)
		}
		changed = m
		if err := tx.UpdateStaff(ctx, m); err != nil {
			return err
		}
		return tx.InsertAudit(ctx, row)
	})
	if err == nil {
		err = refusal
	}
	return changed, err
}

func memberOf(all []Member, id ident.UserID) (Member, bool) {
	i := slices.IndexFunc(all, func(m Member) bool { return m.ID == id })
	if i < 0 {
		return Member{}, false
	}
	return all[i], true
}

// sign puts who, from where and why into a row of the trail.
func (k Keeper) sign(row audit.Row) audit.Row {
	row.Actor, row.Channel = k.Member.Actor(), audit.ChannelConsole
	row.Note += ": " + k.Reason
	return visited(row, k.Visitor)
}
