package sqlstore

import (
	"context"
	"time"

	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/staff"
)

const (
	staffColumns        = `m.id, m.program_id, m.name, m.role, m.password_hash, m.code_seed, m.codes_on, m.last_step, m.wrong_tries, m.locked_until, m.sessions_from, m.disabled_at, m.created_at, m.updated_at, m.version`
	staffSessionColumns = `s.token_hash, s.staff_id, s.created_at, s.seen_at, s.ended_at, s.version`
)

const (
	selectStaff       = `SELECT ` + staffColumns + ` FROM staff m WHERE m.id = $1`
	selectStaffByName = `SELECT ` + staffColumns + ` FROM staff m WHERE m.name = $1`
	selectStaffList   = `SELECT ` + staffColumns + ` FROM staff m WHERE m.created_at >= $1 ORDER BY m.created_at, m.id`
	insertStaff       = `INSERT INTO staff (id, program_id, name, role, password_hash, code_seed, codes_on, last_step, wrong_tries, locked_until, sessions_from,
	disabled_at, created_at, updated_at, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`
	updateStaff = `UPDATE staff SET role = $3, password_hash = $4, code_seed = $5, codes_on = $6, last_step = $7, wrong_tries = $8, locked_until = $9,
	sessions_from = $10, disabled_at = $11, updated_at = $12, version = $2 + 1 WHERE id = $1 AND version = $2`
	selectStaffSession = `SELECT ` + staffSessionColumns + ` FROM staff_sessions s WHERE s.token_hash = $1`
	insertStaffSession = `INSERT INTO staff_sessions (token_hash, staff_id, created_at, seen_at, ended_at, version) VALUES ($1, $2, $3, $4, $5, $6)`
	updateStaffSession = `UPDATE staff_sessions SET seen_at = $3, ended_at = $4, version = $2 + 1 WHERE token_hash = $1 AND version = $2`
	sweepStaffSessions = `DELETE FROM staff_sessions WHERE token_hash IN (SELECT s.token_hash FROM staff_sessions s WHERE s.created_at <= $1 LIMIT $2)`
)

type staffStore struct{ *DB }

// Staff is the store of who works at the console.
func (d *DB) Staff() staff.Store { return staffStore{d} }

func (d staffStore) Write(ctx context.Context, body func(staff.Tx) error) error {
	return d.engine.write(ctx, func(s *session) error { return body(tx{s}) })
}

func (d staffStore) Read(ctx context.Context, body func(staff.ReadTx) error) error {
	return d.engine.read(ctx, func(s *session) error { return body(tx{s}) })
}

func staffDest(m *staff.Member) []any {
	return []any{
		&m.ID.UUID, &m.Program.UUID, &m.Name, (*string)(&m.Role), asSecret(&m.Password), &m.CodeSeed, &m.CodesOn, &m.LastStep, &m.WrongTries,
		&m.LockedUntil, &m.SessionsFrom, &m.DisabledAt, &m.CreatedAt, &m.UpdatedAt, &m.Version,
	}
}

func (t tx) staffMember(sql string, arg any) (staff.Member, bool, error) {
	var m staff.Member
	found, err := one(t, sql, []any{arg}, staffDest(&m)...)
	return m, found, err
}

func (t tx) StaffMember(_ context.Context, id ident.UserID) (staff.Member, bool, error) {
	return t.staffMember(selectStaff, id.UUID)
}

func (t tx) StaffByName(_ context.Context, name string) (staff.Member, bool, error) {
	return t.staffMember(selectStaffByName, name)
}

func (t tx) StaffMembers(_ context.Context) ([]staff.Member, error) {
	return all(t, selectStaffList, []any{time.Unix(0, 0)}, func(r row, m *staff.Member) error { return r.scan(staffDest(m)...) })
}

func (t tx) InsertStaff(_ context.Context, m staff.Member) error {
	_, err := t.exec(insertStaff, m.ID.UUID, m.Program.UUID, m.Name, string(m.Role), m.Password.Reveal(), m.CodeSeed, m.CodesOn, m.LastStep, m.WrongTries,
		m.LockedUntil, m.SessionsFrom, m.DisabledAt, m.CreatedAt, m.UpdatedAt, m.Version)
	return err
}

func (t tx) UpdateStaff(_ context.Context, m staff.Member) error {
	return update(t, updateStaff, m.ID.UUID, m.Version, string(m.Role), m.Password.Reveal(), m.CodeSeed, m.CodesOn, m.LastStep, m.WrongTries,
		m.LockedUntil, m.SessionsFrom, m.DisabledAt, m.UpdatedAt)
}

func (t tx) StaffSession(_ context.Context, hash []byte) (staff.Session, bool, error) {
	var s staff.Session
	found, err := one(t, selectStaffSession, []any{hash}, &s.Hash, &s.Member.UUID, &s.CreatedAt, &s.SeenAt, &s.EndedAt, &s.Version)
	return s, found, err
}

func (t tx) InsertStaffSession(_ context.Context, s staff.Session) error {
	_, err := t.exec(insertStaffSession, s.Hash, s.Member.UUID, s.CreatedAt, s.SeenAt, s.EndedAt, s.Version)
	return err
}

func (t tx) UpdateStaffSession(_ context.Context, s staff.Session) error {
	return update(t, updateStaffSession, s.Hash, s.Version, s.SeenAt, s.EndedAt)
}

// sweepStaff removes sessions of the console that can go on no longer.
func (d *DB) sweepStaff(ctx context.Context, realNow time.Time) error {
	for {
		var rows int64
		err := d.engine.write(ctx, func(s *session) (err error) {
			rows, err = s.exec(sweepStaffSessions, realNow.Add(-staff.SessionMost), sweepChunk)
			return err
		})
		if err != nil || rows < sweepChunk {
			return err
		}
	}
}
