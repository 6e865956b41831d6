package issuance

import (
	"context"
	"errors"
	"sync"
)

// keysNoted is how many keys are noted before the older ones are forgotten.
const keysNoted = 1 << 14

// notedKeys are keys under which this process has recorded an answer lately. A client repeats soon, and mostly to
// where it called before: such a repeat is answered from a snapshot, and never waits for the one who writes. What is not
// noted, or says something else than the first request, is decided in the command's own transaction as ever.
type notedKeys struct {
	mu         sync.Mutex
	young, old map[runningKey]struct{}
}

func newNotedKeys() *notedKeys { return &notedKeys{young: map[runningKey]struct{}{}} }

func (n *notedKeys) note(k runningKey) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.young) >= keysNoted {
		n.young, n.old = map[runningKey]struct{}{}, n.young
	}
	n.young[k] = struct{}{}
}

func (n *notedKeys) has(k runningKey) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, ok := n.young[k]; ok {
		return true
	}
	_, ok := n.old[k]
	return ok
}

func (c Command) runningKey() runningKey {
	return runningKey{c.Caller.Program, c.Key.Door, c.Key.Value}
}

// claim gives the key of a command to it until release is called, or the recorded answer when the command repeats one that is
// over. Repeats that meet must not refuse each other: whoever is refused the key looks for the answer too.
func (s *Service) claim(ctx context.Context, cmd Command) (release func(), err error) {
	if again := s.replayed(ctx, cmd); again != nil {
		return nil, again
	}
	release, err = s.running.begin(ctx, cmd)
	if errors.Is(err, KeyInProgress) {
		if again := s.recorded(ctx, cmd); again != nil {
			return nil, again
		}
	}
	return release, err
}

// replayed gives the recorded answer of a command that repeats one under the same key; nil when the command has to be
// run, which finds whatever went wrong here too.
func (s *Service) replayed(ctx context.Context, cmd Command) *Replayed {
	if cmd.Key == nil || !s.noted.has(cmd.runningKey()) {
		return nil
	}
	return s.recorded(ctx, cmd)
}

func (s *Service) recorded(ctx context.Context, cmd Command) (again *Replayed) {
	err := s.store.ReadOnce(ctx, func(tx ReadTx) error {
		again = nil
		clock, stored, ok, err := tx.TimedAnswer(ctx, cmd.Caller.Program, cmd.Key.Door, cmd.Key.Value)
		if err != nil || !ok {
			return err
		}
		verdict, _ := s.judge(stored, cmd.Key, clock.Now(s.now()))
		again, _ = verdict.(*Replayed) //nolint:errorlint // judge returns the bare type
		return nil
	})
	if err != nil {
		return nil
	}
	return again
}

// decided notes that an answer may be recorded under the command's key.
func (s *Service) decided(cmd Command) {
	if cmd.Key != nil {
		s.noted.note(cmd.runningKey())
	}
}
