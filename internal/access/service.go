package access

import (
	"context"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
)

// maxName is the most characters of a name of a programme or a key.
const maxName = 100

// DefaultCampaign is the campaign of the design that every new programme has.
const DefaultCampaign = "MAIN"

// The actions of audit rows about programmes, whoever acts.
const (
	ActionCreateProgram  = "program.create"
	ActionSuspendProgram = "program.suspend"
	ActionResumeProgram  = "program.resume"
)

// Operator is who acts, as audit rows show it.
type Operator struct {
	Name    string // of the person or the machine's account
	Channel string // audit.ChannelCLI
}

// ServiceConfig is what a [Service] is made of.
type ServiceConfig struct {
	Store  Store
	Hasher Hasher
	IDs    *ident.Source
	Now    func() time.Time // real time; each programme's clock is derived from it
}

// Service is the operator's acts on programmes and keys, one method each.
type Service struct {
	store  Store
	hasher Hasher
	ids    *ident.Source
	now    func() time.Time
}

// NewService makes a Service.
func NewService(c ServiceConfig) *Service {
	return &Service{store: c.Store, hasher: c.Hasher, ids: c.IDs, now: c.Now}
}

// CreateProgram adds a programme with a default design (campaign MAIN, physical and virtual). policies are
// those that differ from the defaults. Errors: [ProgramNameInvalid], [ProgramNameTaken],
// [ProgramKindInvalid], [PolicyInvalid].
func (s *Service) CreateProgram(ctx context.Context, by Operator, name string, kind program.Kind, policies map[string]string) (program.Program, error) {
	p, design, err := NewProgram(s.ids, name, kind, policies, s.now().UTC())
	if err != nil {
		return program.Program{}, err
	}
	err = s.store.Write(ctx, func(tx Tx) error {
		if _, taken, err := tx.ProgramByName(ctx, p.Name); err != nil || taken {
			return refuseOr(err, ProgramNameTaken)
		}
		if err := tx.InsertProgram(ctx, p, policies); err != nil {
			return err
		}
		if err := tx.InsertDesign(ctx, design); err != nil {
			return err
		}
		return tx.InsertAudit(ctx, s.row(by, p, ActionCreateProgram, string(kind)))
	})
	return p, err
}

// NewProgram makes a programme and its default design, without keeping them. Errors: [ProgramNameInvalid], [ProgramKindInvalid],
// [PolicyInvalid].
func NewProgram(ids *ident.Source, name string, kind program.Kind, policies map[string]string, now time.Time) (program.Program, card.Design, error) {
	name, ok := validName(name)
	switch {
	case !ok:
		return program.Program{}, card.Design{}, fault.Refuse(ProgramNameInvalid)
	case kind != program.Sandbox && kind != program.Live:
		return program.Program{}, card.Design{}, fault.Refuse(ProgramKindInvalid)
	}
	policy, err := parsePolicy(kind, policies)
	if err != nil {
		return program.Program{}, card.Design{}, err
	}
	p := program.Program{
		ID: ident.ProgramID{UUID: ids.UUID()}, Name: name, Kind: kind, Policy: policy, CreatedAt: now, UpdatedAt: now,
	}
	return p, card.Design{
		ID: ident.DesignID{UUID: ids.UUID()}, Program: p.ID, Campaign: DefaultCampaign, Name: "Main",
		Types: []card.Type{card.Physical, card.Virtual}, Active: true, Default: true, CreatedAt: now, UpdatedAt: now,
	}, nil
}

// ListPrograms gives all programmes in the order of creation.
func (s *Service) ListPrograms(ctx context.Context) (list []program.Program, err error) {
	err = s.store.Read(ctx, func(tx ReadTx) error {
		list, err = tx.Programs(ctx)
		return err
	})
	return list, err
}

// FindProgram gives a programme by its exact name or its id, or [ProgramUnknown].
func (s *Service) FindProgram(ctx context.Context, nameOrID string) (p program.Program, err error) {
	err = s.store.Read(ctx, func(tx ReadTx) error {
		var ok bool
		if p, ok, err = tx.ProgramByName(ctx, nameOrID); err != nil || ok {
			return err
		}
		id, err := ident.ParseUUID(nameOrID)
		if err != nil {
			return fault.Refuse(ProgramUnknown)
		}
		if p, ok, err = tx.Program(ctx, ident.ProgramID{UUID: id}); err == nil && !ok {
			err = fault.Refuse(ProgramUnknown)
		}
		return err
	})
	return p, err
}

// Suspend stops every call to a programme; Resume opens it again. Doing so twice is no error.
func (s *Service) Suspend(ctx context.Context, by Operator, id ident.ProgramID, reason string) (program.Program, error) {
	return s.setSuspended(ctx, by, id, ActionSuspendProgram, reason, true)
}

// Resume ends a suspension; see [Service.Suspend].
func (s *Service) Resume(ctx context.Context, by Operator, id ident.ProgramID, reason string) (program.Program, error) {
	return s.setSuspended(ctx, by, id, ActionResumeProgram, reason, false)
}

func (s *Service) setSuspended(ctx context.Context, by Operator, id ident.ProgramID, action, reason string, to bool) (program.Program, error) {
	return s.change(ctx, by, id, action, reason, func(p *program.Program, _ map[string]string) error {
		p.Suspended = to
		return nil
	})
}

// change loads a programme, lets decide change it, and writes it with its audit row.
func (s *Service) change(ctx context.Context, by Operator, id ident.ProgramID, action, note string, decide func(p *program.Program, overrides map[string]string) error) (program.Program, error) {
	var changed program.Program
	err := s.store.Write(ctx, func(tx Tx) error {
		p, err := programOf(ctx, tx, id)
		if err != nil {
			return err
		}
		overrides, err := tx.Overrides(ctx, id)
		if err != nil {
			return err
		}
		if overrides == nil {
			overrides = map[string]string{}
		}
		if err := decide(&p, overrides); err != nil {
			return err
		}
		p.UpdatedAt = s.now().UTC()
		if err := tx.UpdateProgram(ctx, p, overrides); err != nil {
			return err
		}
		changed = p
		return tx.InsertAudit(ctx, s.row(by, p, action, note))
	})
	return changed, err
}

func programOf(ctx context.Context, tx ReadTx, id ident.ProgramID) (program.Program, error) {
	p, ok, err := tx.Program(ctx, id)
	if err == nil && !ok {
		err = fault.Refuse(ProgramUnknown)
	}
	return p, err
}

// Note leaves an audit row of an act on the whole installation, which no programme owns.
func (s *Service) Note(ctx context.Context, by Operator, action, note string) error {
	return s.store.Write(ctx, func(tx Tx) error {
		return tx.InsertAudit(ctx, s.row(by, program.Program{}, action, note))
	})
}

// row is the audit row of an act that was done. Acts that are refused change nothing and leave none.
func (s *Service) row(by Operator, p program.Program, action, note string) audit.Row {
	return audit.Row{
		ID: s.ids.UUID(), Program: p.ID, At: p.Now(s.now()), Actor: "operator:" + by.Name, Channel: by.Channel,
		Action: action, Outcome: audit.OK, Note: note,
	}
}

// validName trims a name and checks it: 1 to 100 characters that print.
func validName(s string) (string, bool) {
	s = strings.TrimSpace(s)
	if s == "" || !utf8.ValidString(s) || utf8.RuneCountInString(s) > maxName {
		return "", false
	}
	return s, !strings.ContainsFunc(s, unicode.IsControl)
}

// refuseOr hands a fault through, or refuses with the reason.
func refuseOr(err error, reason fault.Reason) error {
	if err != nil {
		return err
	}
	return fault.Refuse(reason)
}
