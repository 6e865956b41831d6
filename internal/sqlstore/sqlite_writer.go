package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
)

const (
	queueLength  = 4096 // writes that may wait; one more is told to try later
	groupLength  = 128  // writes that share one commit at most
	maxConflicts = 10   // how often a body is run again before that is a fault
)

// The states of a job. Whoever moves it out of waiting owns it.
const (
	waiting int32 = iota
	running
	abandoned
)

// job is one write on its way through the writer.
type job struct {
	body  func(*session) error
	last  bool // others go first, and do not share its commit
	state atomic.Int32
	done  chan struct{} // closed when the fields below are set

	err      error
	panicked any  // what the body panicked with; raised again in the caller's goroutine
	exited   bool // the body left its goroutine (a test that failed); so does the caller
}

func (j *job) finish(err error) {
	j.err = err
	close(j.done)
}

// writer runs all writes of one process on one connection, in groups that share a commit.
type writer struct {
	conn     *sqliteConn
	begin    func() error // takes the writer's turn, and opens
	open     func() error // opens a write transaction, waiting for other processes within bounds
	ended    func()       // after a transaction that was opened
	queue    chan *job
	later    []*job        // patient ones that were taken from the queue; the loop's own
	stopped  chan struct{} // closed when the writer has ended
	dialect  *dialect
	policies *policies
	hooks    func(messages, accepted bool)
	written  func() // after each commit, for the checkpointer
	gate     gate
	counts   counts
	broken   atomic.Pointer[fault.Error] // set once: the store has stopped for good
	failures chan error
	commit   func() error // replaced by the tests of failing disks
}

type counts struct{ groups, jobs, patient, commits, conflicts atomic.Int64 }

// write hands a body to the writer and waits for its commit. A caller whose context ends while its body
// still waits goes away; once the body runs, its outcome is waited for, because it may commit.
func (w *writer) write(ctx context.Context, body func(*session) error) error {
	if err := ctx.Err(); err != nil {
		return fault.NotNow(err, "write", retryLater)
	}
	if broken := w.broken.Load(); broken != nil {
		return broken
	}
	j := &job{body: body, done: make(chan struct{}), last: isPatient(ctx)}
	if !w.gate.enter() {
		return fault.NotNow(errClosed, "write", retryLater)
	}
	select {
	case w.queue <- j:
		w.gate.leave()
	default:
		w.gate.leave()
		return fault.NotNow(errors.New("the queue of writes is full"), "write", retryLater)
	}
	select {
	case <-j.done:
	case <-ctx.Done():
		if j.state.CompareAndSwap(waiting, abandoned) {
			return fault.NotNow(ctx.Err(), "wait for the writer", retryLater)
		}
		<-j.done
	}
	if j.panicked != nil {
		panic(j.panicked)
	}
	if j.exited {
		runtime.Goexit()
	}
	return j.err
}

// loop is the writer's goroutine. No timer: a lone job goes at once, and what arrives while it commits
// is the next group.
func (w *writer) loop() {
	clean := false
	defer func() {
		if clean {
			close(w.stopped)
			return
		}
		go w.loop() // a body left this goroutine; the writer itself never panics
	}()
	group := make([]*job, 0, groupLength)
	for {
		if group = w.gather(group[:0]); len(group) == 0 && len(w.later) == 0 {
			break
		}
		w.runGroup(group)
		w.runPatient(len(group) > 0)
	}
	clean = true
}

// gather takes the jobs that wait, and waits for one only when there is nothing to do. Patient ones are put behind the others.
// Those whose caller went away are left out. Nothing is left to do when the queue was closed and is empty.
func (w *writer) gather(group []*job) []*job {
	for len(group) < groupLength {
		var j *job
		var open bool
		if len(group) == 0 && len(w.later) == 0 {
			j, open = <-w.queue
		} else {
			select {
			case j, open = <-w.queue:
			default:
			}
		}
		switch {
		case !open: // or nobody waits
			return group
		case j.last:
			w.later = append(w.later, j)
		case j.state.CompareAndSwap(waiting, running):
			group = append(group, j)
		}
	}
	return group
}

// runPatient runs patient jobs. While others write it is one job, in a commit of its own: whoever comes meanwhile waits for one at
// most, and however many others there are, the patient ones go on. When nobody else writes they share a commit.
func (w *writer) runPatient(othersWrite bool) {
	most := groupLength
	if othersWrite {
		most = 1
	}
	var jobs []*job
	for len(w.later) > 0 && len(jobs) < most {
		j := w.later[0]
		w.later = slices.Delete(w.later, 0, 1)
		if j.state.CompareAndSwap(waiting, running) {
			jobs = append(jobs, j)
		}
	}
	w.runGroup(jobs)
}

// groupRun is one group inside its transaction.
type groupRun struct {
	*writer
	jobs     []*job
	errs     []error
	programs map[ident.ProgramID]program.Program
	apart    bool // each body has a savepoint of its own
	messages bool
	accepted bool
	settled  bool
}

// errSpoiled says that a body failed after it wrote, and that nothing keeps its changes apart from the others'.
var errSpoiled = errors.New("the group is to be run again, each write apart")

// runGroup runs the jobs in one transaction and answers each after the commit.
func (w *writer) runGroup(jobs []*job) {
	if len(jobs) == 0 {
		return
	}
	g := &groupRun{writer: w, jobs: jobs, errs: make([]error, len(jobs)), programs: map[ident.ProgramID]program.Program{}}
	w.counts.groups.Add(1)
	w.counts.jobs.Add(int64(len(jobs)))
	if jobs[0].last {
		w.counts.patient.Add(int64(len(jobs)))
	}
	if broken := w.broken.Load(); broken != nil {
		g.settle(broken)
		return
	}
	if err := w.begin(); err != nil {
		g.settle(err)
		return
	}
	defer w.ended()
	defer g.abandon()
	// A savepoint for each body costs a copy of every page that it changes, and a body hardly ever fails once it
	// has written. So there are none, until one does.
	worthCommit, err := g.runJobs()
	if errors.Is(err, errSpoiled) {
		g.apart, g.messages, g.accepted = true, false, false
		if err = g.again(); err == nil {
			worthCommit, err = g.runJobs()
		}
	}
	if err != nil {
		g.rollback()
		g.settle(err)
		return
	}
	if !worthCommit {
		g.rollback()
		g.settle(nil)
		return
	}
	if err := w.commit(); err != nil {
		g.rollback()
		g.settle(w.commitFailed(err))
		return
	}
	w.counts.commits.Add(1)
	w.written()
	g.settle(nil)
	w.hooks(g.messages, g.accepted)
}

// runJobs runs all bodies. An error is about all of them.
func (g *groupRun) runJobs() (worthCommit bool, err error) {
	for i, j := range g.jobs {
		err := g.runJob(j)
		if g.conn.db.AutocommitEnabled() {
			// The engine took the whole transaction back: the disk is full, or memory is out.
			return false, fault.NotNow(fmt.Errorf("the transaction was taken back: %w", notNil(err)), "write", retryLater)
		}
		if errors.Is(err, errSpoiled) {
			return false, err
		}
		g.errs[i] = err
		worthCommit = worthCommit || err == nil
	}
	return worthCommit, nil
}

// runJob runs one body, again and again while it meets conflicts. What it did is taken back unless it
// succeeds.
func (g *groupRun) runJob(j *job) error {
	for range maxConflicts {
		wrote := false
		g.conn.firstWrite = func() error {
			wrote = true
			return g.mark()
		}
		s := &session{conn: g.conn, dialect: g.dialect, policies: g.policies, programs: g.programs}
		err := callBody(j, s)
		g.conn.firstWrite = nil
		if err == nil && wrote {
			err = g.keep()
		}
		if err == nil {
			g.messages, g.accepted = g.messages || s.messages, g.accepted || s.accepted
			return nil
		}
		if g.conn.db.AutocommitEnabled() {
			return err
		}
		if wrote {
			if undone := g.undo(); undone != nil {
				return undone
			}
		}
		if !errors.Is(err, errConflict) {
			return err
		}
		g.counts.conflicts.Add(1)
	}
	return fault.NotNow(errConflict, "write", retryLater)
}

// mark, keep and undo are around what a body writes.
func (g *groupRun) mark() error {
	if g.apart {
		return g.execAll("SAVEPOINT job")
	}
	return nil
}

func (g *groupRun) keep() error {
	if g.apart {
		return g.execAll("RELEASE job")
	}
	return nil
}

func (g *groupRun) undo() error {
	switch {
	case g.apart:
		clear(g.programs) // what the body saw of its own changes is not true any more
		return g.execAll("ROLLBACK TO job", "RELEASE job")
	case len(g.jobs) == 1: // it is the whole transaction
		return g.again()
	}
	return errSpoiled
}

// again takes everything back and begins anew.
func (g *groupRun) again() error {
	clear(g.programs)
	if err := g.execAll("ROLLBACK"); err != nil {
		return err
	}
	return g.open()
}

func (g *groupRun) execAll(statements ...string) error {
	for _, s := range statements {
		if _, err := g.conn.exec(s); err != nil {
			return err
		}
	}
	return nil
}

// errPanicked keeps a panicking body's changes out; its caller never sees it.
var errPanicked = errors.New("the body panicked")

func callBody(j *job, s *session) (err error) {
	j.exited, j.panicked = true, nil
	defer func() {
		if p := recover(); p != nil {
			j.panicked, j.exited, err = p, false, errPanicked
		}
	}()
	err = j.body(s)
	j.exited = false
	return err
}

// settle answers every job that has no answer of its own.
func (g *groupRun) settle(err error) {
	g.settled = true
	for i, j := range g.jobs {
		own := g.errs[i]
		if own == nil {
			own = err
		}
		j.finish(own)
	}
}

// abandon is for a body that left the goroutine: the group is taken back, and the others try again later.
func (g *groupRun) abandon() {
	if g.settled {
		return
	}
	g.rollback()
	g.settle(fault.NotNow(errors.New("another write of the group ended its goroutine"), "write", retryLater))
}

func (g *groupRun) rollback() {
	g.conn.firstWrite = nil
	if !g.conn.db.AutocommitEnabled() {
		_, _ = g.conn.exec("ROLLBACK") // what it leaves open makes the next BEGIN fail, and that is answered
	}
}

// commitFailed makes the answer of a group that did not commit. After an input or output error nobody
// knows what is on the disk: the store stops for good.
func (w *writer) commitFailed(err error) error {
	if driverClass(err) != damaged {
		return fault.NotNow(err, "commit", retryLater)
	}
	broken := fault.NotNow(err, "the store stopped: commit", 10*time.Second)
	if w.broken.CompareAndSwap(nil, broken) {
		w.failures <- broken
	}
	return broken
}

func notNil(err error) error {
	if err == nil {
		return errors.New("no reason was given")
	}
	return err
}
