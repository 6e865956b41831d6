package history

import (
	"context"
	"math"
	"sync"
	"sync/atomic"

	"github.com/anishathalye/porcupine"
)

// History is what callers asked of one card, and were answered. It is safe for concurrent use.
type History struct {
	now   atomic.Int64 // counts beginnings and ends; the order of events is all that matters
	mu    sync.Mutex
	calls []porcupine.Operation
}

// Record asks and keeps question and answer.
func (h *History) Record(caller int, a Ask, ask func() Answer) Answer {
	call := porcupine.Operation{ClientId: caller, Input: a, Call: h.now.Add(1)}
	answer := ask()
	call.Output, call.Return = answer, h.now.Add(1)
	if answer.Outcome == Unknown {
		call.Return = math.MaxInt64
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls = append(h.calls, call)
	return answer
}

// Counts says how many calls there are, and how many of them ended unknown.
func (h *History) Counts() (calls, unknown int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.calls {
		if c.Return == math.MaxInt64 {
			unknown++
		}
	}
	return len(h.calls), unknown
}

// Tries says how many wrong codes were told as counted, and how many may have been counted besides.
func (h *History) Tries() (told, perhaps int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.calls {
		switch answer, _ := c.Output.(Answer); {
		case answer.Outcome == Wrong:
			told++
		case answer.Outcome == Unknown && c.Input == Guess:
			perhaps++
		}
	}
	return told, perhaps
}

// mix is what is asked: a card lives long enough to see all of it.
var mix = []Ask{
	Guess, Guess, Guess, Look, Look, Look, Freeze, Unfreeze, Block, Unblock, Unblock, Activate,
}

// mostUnknown ends a history: each unknown call makes the search for an order longer.
const mostUnknown = 12

// Play lets callers ask a card at random, each so many times, and records it all. ask puts one question;
// below gives a random number.
func Play(ctx context.Context, callers, times int, below func(n int) int, ask func(ctx context.Context, caller int, a Ask) Answer) *History {
	h := &History{}
	var unknown atomic.Int64
	var all sync.WaitGroup
	for caller := range callers {
		all.Go(func() {
			for n := 0; n < times && ctx.Err() == nil && unknown.Load() < mostUnknown; n++ {
				a := mix[below(len(mix))]
				if a == Activate && n < times/3 {
					a = Guess
				}
				if h.Record(caller, a, func() Answer { return ask(ctx, caller, a) }).Outcome == Unknown {
					unknown.Add(1)
				}
			}
		})
	}
	all.Wait()
	return h
}
