package sqlstore

import (
	"context"
	"errors"
	"maps"
	"sync"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
)

// beginGroup is how a group begins.
const beginGroup = beginWrite

// groupTries is how often a group that met a conflict is run as a group before each of its activations
// goes alone.
const groupTries = 3

// activate puts the activation on the desk, where it may share a transaction with others.
func (e *postgresEngine) activate(ctx context.Context, key issuance.ActivationKey,
	decide func(issuance.ActivationState) (issuance.ActivationChanges, error),
) error {
	if err := ctx.Err(); err != nil {
		return fault.NotNow(err, "write", retryLater)
	}
	a := &activation{ctx: ctx, key: key, decide: decide, subjects: subjectsOf(key)}
	a.done = make(chan struct{})
	return e.desk.submit(a)
}

// run is one try of a group.
type run struct {
	*postgresEngine
	conn     *postgresConn
	session  *session
	group    []*activation
	states   []*loading
	errs     []error // of decisions, in the order of the group
	seen     map[subject]bool
	misses   map[ident.ProgramID]int
	writes   batch
	messages bool
}

// runGroup runs activations in one transaction: a pipeline that loads, decisions in memory, a pipeline
// that applies and commits.
func (e *postgresEngine) runGroup(group []*activation) {
	defer leaveNone(group)
	for try := 1; ; try++ {
		r, err := e.tryGroup(group)
		switch {
		case err == nil:
			r.settle()
			e.counts.commits.Add(1)
			e.hooks(r.messages, false)
			return
		case errors.Is(err, errConflict) && try < groupTries:
			e.counts.conflicts.Add(1)
			if e.pause(group[0].ctx, grown(pauseLeast, pauseMost, try)) || group[0].ctx.Err() != nil {
				continue
			}
		}
		e.apart(group, err)
		return
	}
}

// leaveNone is for a decision that left the goroutine: those who have no answer yet try again later.
func leaveNone(group []*activation) {
	for _, a := range group {
		select {
		case <-a.done:
		default:
			if !a.deferred {
				a.finish(fault.NotNow(errors.New("another activation of the group ended its goroutine"), "write", retryLater))
			}
		}
	}
}

// apart answers a group that failed: what another try may cure is tried one by one.
func (e *postgresEngine) apart(group []*activation, err error) {
	for _, a := range group {
		a.deferred, a.panicked, a.exited = false, nil, false
		if errors.Is(err, errUnknown) && a.key.IdempotencyKey == "" {
			a.finish(err) // it may have happened, and nothing would tell
			continue
		}
		if fault.Of(err).Reason == fault.ReasonUnavailable && !errors.Is(err, errGone) && !errors.Is(err, errUnknown) {
			a.finish(err)
			continue
		}
		a.body = activationBody(a.key, a.decide)
		e.count(a.ctx)
		// Not in a lane: the desk waits for each of them.
		a.finish(e.writeAgain(a.ctx, beginWrite, func(s *session) error { return callBody(&a.job, s) }))
	}
}

func (e *postgresEngine) tryGroup(group []*activation) (*run, error) {
	e.counts.groups.Add(1)
	e.counts.jobs.Add(int64(len(group)))
	r := &run{postgresEngine: e, group: group, seen: map[subject]bool{}, misses: map[ident.ProgramID]int{}}
	r.states, r.errs = make([]*loading, len(group)), make([]error, len(group))
	// Up to its commit: a little above what the server allows a statement, so that its own word comes first.
	// With the commit it stays below the time in which an answer can be sent.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(group[0].ctx), e.patience*3/4)
	defer cancel()
	err := e.transaction(ctx, e.pool, beginGroup, func(c *postgresConn) error {
		r.conn, r.session = c, e.session(c)
		if err := r.load(); err != nil {
			return err
		}
		r.decideAll()
		return r.apply()
	})
	return r, err
}

// load reads everything for everybody. What to ask depends on the programmes; those that are kept from
// before are read again in the same pipeline, and when one has changed, everything is asked anew.
func (r *run) load() error {
	known := map[ident.ProgramID]program.Program{}
	whole := true
	for _, a := range r.group {
		p, ok := r.programs.get(a.key.Program)
		whole = whole && ok
		known[a.key.Program] = p
	}
	for {
		var b batch
		fresh := map[ident.ProgramID]program.Program{}
		for id := range known {
			r.askProgram(&b, id, fresh)
		}
		if whole {
			for i, a := range r.group {
				r.states[i] = &loading{key: a.key}
				r.states[i].state.Program = known[a.key.Program]
				r.states[i].ask(&b)
			}
		}
		if err := r.conn.run(gatherReads(b)); err != nil {
			return err
		}
		if whole && sameAll(known, fresh) {
			return nil
		}
		r.programs.put(fresh)
		r.refuseUnknown(fresh)
		known, whole = fresh, true
	}
}

// refuseUnknown leaves those out whose programme is not there.
func (r *run) refuseUnknown(there map[ident.ProgramID]program.Program) {
	for i, a := range r.group {
		if _, ok := there[a.key.Program]; !ok {
			r.errs[i] = fault.Refuse(issuance.ProgramUnknown)
		}
	}
}

func (r *run) askProgram(b *batch, id ident.ProgramID, into map[ident.ProgramID]program.Program) {
	b.read(selectProgram, []any{id.UUID}, func(row row) error {
		var p programScan
		if err := row.scan(p.dest()...); err != nil {
			return err
		}
		read, err := p.read(r.policies)
		into[id] = read
		return err
	})
}

// decideAll decides in the order of coming. Two that turn out to be about one thing do not decide from the
// same state: the second goes with a later group.
func (r *run) decideAll() {
	for i, a := range r.group {
		a.deferred, a.panicked, a.exited = false, nil, false
		if r.errs[i] != nil {
			continue
		}
		state := r.states[i].done()
		if a.deferred = r.meets(a.key, state); a.deferred {
			continue
		}
		if state.Program.Policy.Activation.BreakerTries > 0 {
			state.Misses += r.misses[a.key.Program]
		}
		a.body = func(*session) error {
			changes, err := a.decide(state)
			if err == nil {
				r.gather(changes)
			}
			return err
		}
		r.errs[i] = callBody(&a.job, nil)
	}
}

// meets notes what was loaded, and reports whether another of the group has it too.
func (r *run) meets(k issuance.ActivationKey, st issuance.ActivationState) bool {
	var all []subject
	for _, c := range st.Candidates {
		all = append(all, subject{what: 'c', id: c.View.Card.ID.UUID})
	}
	if st.Holder != nil && (!k.Holder.IsZero() || k.Number != 0) {
		all = append(all, subject{what: 'h', id: st.Holder.ID.UUID})
	}
	if st.Box != nil {
		all = append(all, subject{what: 's', id: st.Box.Shipment.ID.UUID})
	}
	for _, s := range all {
		if r.seen[s] {
			return true
		}
	}
	for _, s := range all {
		r.seen[s] = true
	}
	return false
}

// gather adds the changes of one activation to what the group writes.
func (r *run) gather(ch issuance.ActivationChanges) {
	for _, m := range ch.Misses {
		r.misses[m.Program]++
	}
	r.session.activationWrites(&r.writes, ch)
}

// apply writes everything and commits, in one pipeline. A guard that fails makes the server itself stop
// there, so that the commit behind it never runs.
func (r *run) apply() error {
	if len(r.writes) == 0 {
		return nil
	}
	b := append(merge(r.writes), statement{sql: "COMMIT"})
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.conn.ctx), commitWait)
	defer cancel()
	r.conn.ctx = ctx
	done, err := r.conn.send(b)
	r.messages = r.session.messages
	if err != nil && done < len(b)-1 && toldBy(err) && !r.conn.conn.IsClosed() {
		return err
	}
	return r.conn.committed(r.conn.tag, err)
}

// insist makes a statement fail that touches no row. It divides by the number of rows.
func insist(sql string) string {
	return "WITH touched AS (" + sql + " RETURNING 1) SELECT 1 / count(*) FROM touched"
}

// settle answers everybody but those who were put off.
func (r *run) settle() {
	for i, a := range r.group {
		if !a.deferred {
			a.finish(r.errs[i])
		}
	}
}

// keptPrograms are programmes as they were last read. They are never decided by: a group reads them again,
// and by what is kept only knows what else to ask in the same pipeline.
type keptPrograms struct {
	mu  sync.RWMutex
	all map[ident.ProgramID]program.Program
}

func (k *keptPrograms) get(id ident.ProgramID) (program.Program, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	p, ok := k.all[id]
	return p, ok
}

func (k *keptPrograms) put(fresh map[ident.ProgramID]program.Program) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.all == nil || len(k.all) > keptPolicies {
		k.all = map[ident.ProgramID]program.Program{}
	}
	maps.Copy(k.all, fresh)
}

// sameAll compares what an activation may see of programmes: every change raises the version, but for who
// listens.
func sameAll(a, b map[ident.ProgramID]program.Program) bool {
	return maps.EqualFunc(a, b, func(a, b program.Program) bool {
		return a.ID == b.ID && a.Version == b.Version && maps.Equal(a.Listeners, b.Listeners)
	})
}
