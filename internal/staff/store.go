package staff

import (
	"context"

	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
)

// Store keeps members and sessions. Its transactions promise what those of the rules about cards promise.
type Store interface {
	Write(ctx context.Context, body func(tx Tx) error) error
	Read(ctx context.Context, body func(tx ReadTx) error) error
}

// ReadTx is what may be read.
type ReadTx interface {
	Program(ctx context.Context, id ident.ProgramID) (program.Program, bool, error)
	Programs(ctx context.Context) ([]program.Program, error) // in order of creation
	StaffMember(ctx context.Context, id ident.UserID) (Member, bool, error)
	StaffByName(ctx context.Context, name string) (Member, bool, error)
	StaffMembers(ctx context.Context) ([]Member, error) // oldest first, disabled ones included
	// StaffSession finds a session by the keyed hash of its token, over or not.
	StaffSession(ctx context.Context, hash []byte) (Session, bool, error)
}

// Tx is ReadTx with the changes. Updates are guarded by the version that was read, and raise it by one.
type Tx interface {
	ReadTx
	InsertStaff(ctx context.Context, m Member) error
	// UpdateStaff changes everything but id, programme, name and creation.
	UpdateStaff(ctx context.Context, m Member) error
	InsertStaffSession(ctx context.Context, s Session) error
	// UpdateStaffSession writes when a session was seen last, and when it ended.
	UpdateStaffSession(ctx context.Context, s Session) error
	InsertAudit(ctx context.Context, rows ...audit.Row) error
}
