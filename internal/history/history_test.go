package history

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"
)

// memory is a card that does as the model does, behind a lock, and may be told to err.
type memory struct {
	mu  sync.Mutex
	s   state
	err func(n int, a Ask, right Answer, before, after state) (Answer, state)
	n   int
}

func (m *memory) ask(_ context.Context, _ int, a Ask) Answer {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.n++
	right, after := m.s.ask(a)
	if m.err != nil {
		right, after = m.err(m.n, a, right, m.s, after)
	}
	m.s = after
	return right
}

func TestCheck_TakesWhatACardCanDo(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]func(int, Ask, Answer, state, state) (Answer, state){
		"all answers": nil,
		"lost before it happened": func(n int, _ Ask, right Answer, before, after state) (Answer, state) {
			return lose(n, right, before, after, false)
		},
		"lost after it happened": func(n int, _ Ask, right Answer, before, after state) (Answer, state) {
			return lose(n, right, before, after, true)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(30) {
				m := &memory{err: err}
				h := Play(t.Context(), 6, 8, rand.New(lockedSource(seed)).IntN, m.ask)
				if err := h.Check(20 * time.Second); err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
				if calls, _ := h.Counts(); calls < 12 {
					t.Errorf("seed %d: only %d calls", seed, calls)
				}
			}
		})
	}
}

// lose makes every seventh outcome unknown, whether it happened or not.
func lose(n int, right Answer, before, after state, happened bool) (Answer, state) {
	if n%7 != 0 {
		return right, after
	}
	if !happened {
		after = before
	}
	return Answer{Outcome: Unknown}, after
}

// Each of these is a fault that a store could have. The checker must find all of them, or it proves nothing.
func TestCheck_FindsWhatNoCardCanDo(t *testing.T) {
	t.Parallel()
	type call struct {
		a      Ask
		answer Answer
	}
	shown := func(activated, frozen, blocked bool) Answer {
		return Answer{Outcome: Shown, Activated: activated, Frozen: frozen, Blocked: blocked}
	}
	wrong := func(left int) Answer { return Answer{Outcome: Wrong, Left: left} }
	lost := Answer{Outcome: Unknown}
	for name, calls := range map[string][]call{
		"activated twice":                     {{Activate, Answer{Outcome: Done}}, {Activate, Answer{Outcome: Done}}},
		"an acknowledged activation is gone":  {{Activate, Answer{Outcome: Done}}, {Look, shown(false, false, false)}},
		"a wrong code that was not counted":   {{Guess, wrong(6)}, {Guess, wrong(6)}},
		"a wrong code that was counted twice": {{Guess, wrong(6)}, {Guess, wrong(4)}},
		"an unknown guess was counted twice":  {{Guess, wrong(6)}, {Guess, lost}, {Guess, wrong(3)}},
		"a try after the lock": {
			{Guess, wrong(6)},
			{Guess, wrong(5)},
			{Guess, wrong(4)},
			{Guess, wrong(3)},
			{Guess, wrong(2)},
			{Guess, wrong(1)},
			{Guess, wrong(0)},
			{Activate, Answer{Outcome: Done}},
		},
		"a lock before its time":           {{Guess, wrong(6)}, {Activate, Answer{Outcome: Locked}}},
		"activated while blocked":          {{Block, shown(false, false, true)}, {Activate, Answer{Outcome: Done}}},
		"an acknowledged block is gone":    {{Block, shown(false, false, true)}, {Look, shown(false, false, false)}},
		"a stale read":                     {{Freeze, shown(false, true, false)}, {Unfreeze, shown(false, false, false)}, {Look, shown(false, true, false)}},
		"a switch undid another":           {{Block, shown(false, false, true)}, {Freeze, shown(false, true, false)}},
		"a wrong code is told as already":  {{Guess, Answer{Outcome: Already}}},
		"an unknown activation came twice": {{Activate, lost}, {Look, shown(true, false, false)}, {Activate, Answer{Outcome: Done}}},
	} {
		h := &History{}
		for _, c := range calls {
			h.Record(0, c.a, func() Answer { return c.answer })
		}
		if err := h.Check(20 * time.Second); !errors.Is(err, ErrImpossible) {
			t.Errorf("%s: %v, want that it is impossible", name, err)
		}
	}
}

// A fault that comes once in a busy history of many callers is found too.
func TestCheck_FindsOneFaultAmongManyCalls(t *testing.T) {
	t.Parallel()
	found := 0
	for seed := range uint64(30) {
		m := &memory{err: func(n int, a Ask, right Answer, before, after state) (Answer, state) {
			if n == 20 && before != after {
				return right, before // acknowledged, and not kept
			}
			return right, after
		}}
		if errors.Is(Play(t.Context(), 1, 60, rand.New(lockedSource(seed)).IntN, m.ask).Check(20*time.Second), ErrImpossible) {
			found++
		}
	}
	if found < 5 {
		t.Errorf("a change that was lost is found in %d of 30 histories", found)
	}
}

// locked is randomness for many callers.
type locked struct {
	mu     sync.Mutex
	source *rand.PCG
}

func lockedSource(seed uint64) *locked { return &locked{source: rand.NewPCG(seed, 1)} }

func (l *locked) Uint64() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.source.Uint64()
}
