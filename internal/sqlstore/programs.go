package sqlstore

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
)

// programColumns ends with the doors that somebody listens at, each perhaps several times.
const programColumns = `pr.id, pr.name, pr.kind, pr.suspended, pr.overrides, pr.clock_offset_ns, pr.clock_frozen_ns,
	pr.created_at, pr.updated_at, pr.version,
	(SELECT string_agg(e.door, ',') FROM endpoints e WHERE e.program_id = pr.id AND e.disabled = 0)`

const (
	selectProgram       = `SELECT ` + programColumns + ` FROM programs pr WHERE pr.id = $1`
	selectProgramByName = `SELECT ` + programColumns + ` FROM programs pr WHERE pr.name = $1`
	selectPrograms      = `SELECT ` + programColumns + ` FROM programs pr ORDER BY pr.created_at, pr.id`
	selectOverrides     = `SELECT overrides FROM programs WHERE id = $1`
	insertProgram       = `INSERT INTO programs (id, name, kind, suspended, overrides, clock_offset_ns, clock_frozen_ns, created_at, updated_at, version)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`
	updateProgram = `UPDATE programs SET name = $3, suspended = $4, overrides = $5, clock_offset_ns = $6, clock_frozen_ns = $7, updated_at = $8,
	version = $2 + 1
	WHERE id = $1 AND version = $2`
	updateClock = `UPDATE programs SET clock_offset_ns = $3, clock_frozen_ns = $4, updated_at = $5, version = $2 + 1
	WHERE id = $1 AND version = $2`
)

// clockColumns tell what time it is for a programme.
const (
	clockColumns = `pr.kind, pr.clock_offset_ns, pr.clock_frozen_ns`
	clockWidth   = 3
)

// clockScan reads clockColumns.
type clockScan struct {
	kind   string
	offset time.Duration
	frozen *int64
}

func (c *clockScan) dest() []any { return []any{&c.kind, &c.offset, &c.frozen} }

func (c *clockScan) read() program.Clock {
	p := program.Program{Kind: program.Kind(c.kind), Clock: program.Clock{Offset: c.offset}}
	if c.frozen != nil {
		p.Clock.Frozen = time.Unix(0, *c.frozen).UTC()
	}
	return p.Goes()
}

// programScan reads the columns of a programme.
type programScan struct {
	program          program.Program
	kind             string
	overrides, doors string
	frozen           *int64
}

func (p *programScan) dest() []any {
	g := &p.program
	return []any{
		&g.ID.UUID, &g.Name, &p.kind, &g.Suspended, &p.overrides, &g.Clock.Offset, &p.frozen,
		&g.CreatedAt, &g.UpdatedAt, &g.Version, &p.doors,
	}
}

// read gives the programme with its policy.
func (p *programScan) read(from *policies) (program.Program, error) {
	p.program.Kind = program.Kind(p.kind)
	if p.frozen != nil {
		p.program.Clock.Frozen = time.Unix(0, *p.frozen).UTC()
	}
	var err error
	if p.program.Policy, err = from.parse(p.program.Kind, p.overrides); err != nil {
		return program.Program{}, err
	}
	p.program.Listeners = map[string]bool{}
	if p.doors != "" {
		for door := range strings.SplitSeq(p.doors, ",") {
			p.program.Listeners[door] = true
		}
	}
	return p.program, nil
}

func (t tx) listPrograms(sql string, args ...any) ([]program.Program, error) {
	var out []program.Program
	err := t.query(sql, args, func(r row) error {
		var p programScan
		if err := r.scan(p.dest()...); err != nil {
			return err
		}
		read, err := p.read(t.policies)
		out = append(out, read)
		return err
	})
	return out, err
}

func (t tx) Program(_ context.Context, id ident.ProgramID) (program.Program, bool, error) {
	return t.program(id)
}

// program reads a programme, once in a group as long as nobody changes one.
func (s *session) program(id ident.ProgramID) (program.Program, bool, error) {
	if p, ok := s.programs[id]; ok {
		return p, true, nil
	}
	found, err := tx{s}.listPrograms(selectProgram, id.UUID)
	if err != nil || len(found) == 0 {
		return program.Program{}, false, err
	}
	if s.programs != nil {
		s.programs[id] = found[0]
	}
	return found[0], true, nil
}

func (t tx) ProgramByName(_ context.Context, name string) (program.Program, bool, error) {
	found, err := t.listPrograms(selectProgramByName, name)
	if err != nil || len(found) == 0 {
		return program.Program{}, false, err
	}
	return found[0], true, nil
}

func (t tx) Programs(context.Context) ([]program.Program, error) {
	return t.listPrograms(selectPrograms)
}

func (t tx) Overrides(_ context.Context, id ident.ProgramID) (map[string]string, error) {
	out := map[string]string{}
	_, err := one(t, selectOverrides, []any{id.UUID}, text(func(s string) error { return json.Unmarshal([]byte(s), &out) }))
	return out, err
}

func (t tx) InsertProgram(_ context.Context, p program.Program, overrides map[string]string) error {
	t.forget()
	_, err := t.exec(insertProgram, p.ID.UUID, p.Name, string(p.Kind), p.Suspended, toJSON(overrides), p.Clock.Offset,
		frozenArg(p.Clock.Frozen), p.CreatedAt, p.UpdatedAt, p.Version)
	return err
}

func (t tx) UpdateProgram(_ context.Context, p program.Program, overrides map[string]string) error {
	t.forget()
	return update(t, updateProgram, p.ID.UUID, p.Version, p.Name, p.Suspended, toJSON(overrides), p.Clock.Offset,
		frozenArg(p.Clock.Frozen), p.UpdatedAt)
}

func (t tx) UpdateClock(_ context.Context, p program.Program) error {
	t.forget()
	return update(t, updateClock, p.ID.UUID, p.Version, p.Clock.Offset, frozenArg(p.Clock.Frozen), p.UpdatedAt)
}

// frozenArg is a frozen clock in nanoseconds; none when the clock runs.
func frozenArg(at time.Time) any {
	if at.IsZero() {
		return nil
	}
	return at.UnixNano()
}

// toJSON writes what a column keeps as opaque text. Only structs and maps of texts and numbers come here.
func toJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("sqlstore: a struct of texts and numbers does not marshal: " + err.Error())
	}
	return string(b)
}

// asJSON reads such a column.
func asJSON(v any) text { return func(s string) error { return json.Unmarshal([]byte(s), v) } }

// policies keeps parsed policies: parsing one costs more than an activation, and most programmes share
// few. What it hands out is shared, and nobody changes it.
type policies struct {
	mu     sync.RWMutex
	parsed map[policyText]program.Policy
}

type policyText struct {
	kind      program.Kind
	overrides string
}

// keptPolicies bounds the cache; beyond it everything is parsed anew.
const keptPolicies = 1024

func newPolicies() *policies { return &policies{parsed: map[policyText]program.Policy{}} }

func (p *policies) parse(kind program.Kind, overrides string) (program.Policy, error) {
	key := policyText{kind, overrides}
	p.mu.RLock()
	policy, ok := p.parsed[key]
	p.mu.RUnlock()
	if ok {
		return policy, nil
	}
	values := map[string]string{}
	if err := json.Unmarshal([]byte(overrides), &values); err != nil {
		return program.Policy{}, fault.Wrap(err, "read the policies of a programme")
	}
	policy, err := program.ParsePolicy(kind, values)
	if err != nil {
		return program.Policy{}, fault.Wrap(err, "read the policies of a programme")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.parsed) >= keptPolicies {
		clear(p.parsed)
	}
	p.parsed[key] = policy
	return policy, nil
}
