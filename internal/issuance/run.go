package issuance

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/redact"
)

// keyWindow is how long an idempotency key is remembered, on the programme's clock.
const keyWindow = 24 * time.Hour

// maxMismatches is after how many requests that differ from the first a key is burned: else a known key
// would be an oracle for the code that was sent with it (cards contract §6.1).
const maxMismatches = 10

// Work is what a command sees while it runs: its transaction, its programme, the programme's time, and
// the trail that it leaves.
type Work struct {
	Tx      Tx
	Program program.Program
	Now     time.Time
	Audit   audit.Row // what the command is about; the funnel writes it with the outcome
	events  []event.Event
}

// Announce notes an event; the funnel puts it into words when the command has decided.
func (w *Work) Announce(e event.Event) {
	e.Program, e.At = w.Program, w.Now
	w.events = append(w.events, e)
}

// Run is the one funnel of every changing command, of this room and of the rule rooms beside it. Only
// activation has its own, in activate.go. It does: open the transaction, look up the idempotency key, run the body,
// write audit row, events and answer, commit.
// body loads first, decides, and writes last: a refusal that it returns commits whatever it wrote before,
// which must be nothing but what the refusal costs. A fault rolls everything back.
func Run[T any](ctx context.Context, s *Service, cmd Command, action string, body func(w *Work) (T, error)) (T, error) {
	var result T
	release, err := s.claim(ctx, cmd)
	if err != nil {
		return result, err
	}
	defer release()
	var refusal error
	err = s.store.Write(ctx, func(tx Tx) error {
		var none T
		result, refusal = none, nil
		w, err := s.begin(ctx, tx, cmd.Caller, action)
		if err != nil {
			return err
		}
		if refusal = s.known(ctx, w, cmd); refusal != nil {
			return rollbackOf(refusal)
		}
		result, refusal = body(w)
		if refusal != nil && !fault.IsRefusal(refusal) {
			return refusal
		}
		return s.finish(ctx, w, cmd, result, refusal)
	})
	if err != nil {
		var none T
		return none, err
	}
	s.decided(cmd)
	return result, refusal
}

// rollbackOf lets refusals of the key commit (a counted mismatch) and faults roll back.
func rollbackOf(err error) error {
	if _, replay := err.(*Replayed); replay || fault.IsRefusal(err) { //nolint:errorlint // known returns the bare type
		return nil
	}
	return err
}

// begin loads the programme and starts the trail. A command on the whole installation has none, and finds nothing of any.
func (s *Service) begin(ctx context.Context, tx Tx, by Caller, action string) (*Work, error) {
	var p program.Program
	if !by.Program.IsZero() {
		found, ok, err := tx.Program(ctx, by.Program)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, fault.Refuse(ProgramUnknown)
		}
		p = found
	}
	now := p.Now(s.now())
	return &Work{Tx: tx, Program: p, Now: now, Audit: s.auditRow(by, action, now)}, nil
}

func (s *Service) auditRow(by Caller, action string, now time.Time) audit.Row {
	row := audit.Row{
		ID: s.trail.UUID(), Program: by.Program, At: now, Actor: by.Actor, Channel: by.Channel,
		RequestID: by.RequestID, Action: action, OnBehalfOf: by.OnBehalfOf,
	}
	if by.Source.IsValid() {
		row.Source = by.Source.String()
	}
	return row
}

// known answers a command whose key was seen before: a replay, or a refusal; nil when the key is new or
// its window has passed.
func (s *Service) known(ctx context.Context, w *Work, cmd Command) error {
	if cmd.Key == nil {
		return nil
	}
	stored, ok, err := w.Tx.Stored(ctx, cmd.Caller.Program, cmd.Key.Door, cmd.Key.Value)
	if err != nil {
		return err
	}
	if !ok {
		return nil
	}
	verdict, counts := s.judge(stored, cmd.Key, w.Now)
	if counts {
		if err := w.Tx.CountMismatch(ctx, stored); err != nil {
			return err
		}
	}
	return verdict
}

// judge compares a command with the record of its key. counts says that the record's mismatches rise.
func (s *Service) judge(stored StoredAnswer, key *Key, now time.Time) (verdict error, counts bool) {
	if !now.Before(stored.ExpiresAt) {
		return nil, false
	}
	if stored.Mismatches >= maxMismatches {
		return fault.Refuse(KeyMismatch), false
	}
	if !s.sealer.SameHash(stored.Fingerprint, key.Fingerprint) {
		return fault.Refuse(KeyMismatch), true
	}
	answer := Answer{Status: stored.Status, Body: stored.Body, Secret: stored.Sealed}
	if stored.Sealed {
		body, err := s.sealer.Open(answerBound(stored.Program, stored.Door, stored.Key), stored.Body)
		if err != nil {
			return fault.Wrap(err, "open the stored answer"), false
		}
		answer.Body = body.Bytes()
	}
	return &Replayed{Answer: answer}, false
}

// finish writes the trail of a command that decided: audit row, events, the answer under its key.
func (s *Service) finish(ctx context.Context, w *Work, cmd Command, result any, refusal error) error {
	w.Audit.Outcome = outcomeOf(refusal)
	w.Audit.Note = withReason(w.Audit.Note, cmd.Caller.Reason)
	if cmd.Why != "" {
		w.Audit.Note = strings.TrimPrefix(w.Audit.Note+": "+cmd.Why, ": ")
	}
	if err := w.Tx.InsertAudit(ctx, w.Audit); err != nil {
		return err
	}
	var messages []event.Message
	for _, e := range w.events {
		messages = append(messages, s.messages(e)...)
	}
	if len(messages) > 0 {
		if err := w.Tx.InsertMessages(ctx, messages...); err != nil {
			return err
		}
	}
	stored, err := s.record(cmd, result, refusal, w.Now)
	if err != nil || stored == nil {
		return err
	}
	return w.Tx.SaveAnswer(ctx, *stored)
}

// withReason is the note of a row with the reason that the caller gave beside the command.
func withReason(note, reason string) string {
	switch {
	case reason == "":
		return note
	case note == "":
		return reason
	}
	return note + ": " + reason
}

func outcomeOf(refusal error) string {
	if refusal == nil {
		return audit.OK
	}
	return fault.Of(refusal).Reason.Name()
}

// record makes the record of a command's key; nil when it has none, or the answer is not remembered.
func (s *Service) record(cmd Command, result any, refusal error, now time.Time) (*StoredAnswer, error) {
	if cmd.Key == nil {
		return nil, nil //nolint:nilnil // no key, no record, no error: three facts
	}
	answer, remember := cmd.Key.Record(result, refusal)
	if !remember {
		return nil, nil //nolint:nilnil // as above
	}
	out := &StoredAnswer{
		Program: cmd.Caller.Program, Door: cmd.Key.Door, Key: cmd.Key.Value, Fingerprint: cmd.Key.Fingerprint,
		Status: answer.Status, Body: answer.Body, CreatedAt: now, ExpiresAt: now.Add(keyWindow),
	}
	if answer.Secret {
		sealed, err := s.sealer.Seal(answerBound(out.Program, out.Door, out.Key), redact.TextFromBytes(answer.Body))
		if err != nil {
			return nil, fault.Wrap(err, "seal the answer")
		}
		out.Body, out.Sealed = sealed, true
	}
	return out, nil
}

// runningKeys are the keys with which a command runs now in this process. Between processes the record
// itself decides: the second to commit runs again and finds it.
type runningKeys struct {
	mu   sync.Mutex
	keys map[runningKey]*running
}

type runningKey struct {
	program   ident.ProgramID
	door, key string
}

type running struct {
	fingerprint []byte
	over        chan struct{} // made by the first who waits
}

func newRunningKeys() *runningKeys { return &runningKeys{keys: map[runningKey]*running{}} }

// begin claims the command's key until release is called. The same request again is refused while it runs.
// Another one waits: only the record, once written, can tell which of the two came first.
func (r *runningKeys) begin(ctx context.Context, cmd Command) (release func(), err error) {
	if cmd.Key == nil {
		return func() {}, nil
	}
	k := cmd.runningKey()
	for {
		other := r.take(k, cmd.Key.Fingerprint)
		if other == nil {
			return func() { r.end(k) }, nil
		}
		if string(other.fingerprint) == string(cmd.Key.Fingerprint) {
			no := fault.Refuse(KeyInProgress)
			no.RetryAfter = time.Second
			return nil, no
		}
		select {
		case <-other.over:
		case <-ctx.Done():
			return nil, fault.NotNow(ctx.Err(), "wait for another request with the same key", time.Second)
		}
	}
}

// take claims k, or gives who has it.
func (r *runningKeys) take(k runningKey, fingerprint []byte) *running {
	r.mu.Lock()
	defer r.mu.Unlock()
	if other := r.keys[k]; other != nil {
		if other.over == nil {
			other.over = make(chan struct{})
		}
		return other
	}
	r.keys[k] = &running{fingerprint: fingerprint}
	return nil
}

func (r *runningKeys) end(k runningKey) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if over := r.keys[k].over; over != nil {
		close(over)
	}
	delete(r.keys, k)
}
