package history

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

// Limit is how many wrong tries lock the guard of the model; the programme's policy must say the same.
const Limit = 7

// Ask is what can be asked of a card.
type Ask string

// The questions.
const (
	Activate Ask = "activate with the right code"
	Guess    Ask = "activate with a wrong code"
	Look     Ask = "look"
	Freeze   Ask = "freeze"
	Unfreeze Ask = "unfreeze"
	Block    Ask = "block"
	Unblock  Ask = "unblock"
)

// Outcome is how a question ended.
type Outcome string

// The outcomes.
const (
	Unknown Outcome = "unknown" // it may have happened or not
	Shown   Outcome = "shown"   // the card as it is, after a switch or a look
	Done    Outcome = "activated"
	Wrong   Outcome = "wrong code"
	Locked  Outcome = "locked"
	Stopped Outcome = "blocked"
	Already Outcome = "already activated"
)

// Answer is what the caller was told.
type Answer struct {
	Outcome   Outcome
	Left      int  // tries after a wrong code
	Activated bool // of a card that is shown, as the two below
	Frozen    bool
	Blocked   bool
}

// state is the whole model.
type state struct {
	activated, frozen, blocked bool
	wrong                      int
}

// ask gives the one right answer, and the state after it. The order of the checks is the contract's.
func (s state) ask(a Ask) (Answer, state) {
	switch a {
	case Freeze, Unfreeze:
		s.frozen = a == Freeze
	case Block, Unblock:
		s.blocked = a == Block
	case Look:
	case Activate, Guess:
		switch {
		case s.activated:
			return Answer{Outcome: Already}, s
		case s.blocked:
			return Answer{Outcome: Stopped}, s
		case s.wrong >= Limit:
			return Answer{Outcome: Locked}, s
		case a == Activate:
			s.activated = true
			return Answer{Outcome: Done}, s
		}
		s.wrong++
		return Answer{Outcome: Wrong, Left: Limit - s.wrong}, s
	}
	return Answer{Outcome: Shown, Activated: s.activated, Frozen: s.frozen, Blocked: s.blocked}, s
}

var model = porcupine.Model{
	Init: func() any { return state{} },
	Step: func(from, asked, told any) (bool, any) {
		s, _ := from.(state)
		a, _ := asked.(Ask)
		answer, _ := told.(Answer)
		right, next := s.ask(a)
		return answer == right || answer.Outcome == Unknown, next
	},
}

var (
	// ErrImpossible says that no card could have given these answers.
	ErrImpossible = errors.New("no card could have given these answers")
	// ErrUndecided says that the search took too long.
	ErrUndecided = errors.New("the search took too long")
)

// Check looks for an order of the calls that explains all answers.
func (h *History) Check(patience time.Duration) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch porcupine.CheckOperationsTimeout(model, h.calls, patience) {
	case porcupine.Ok:
		return nil
	case porcupine.Unknown:
		return fmt.Errorf("%w:\n%s", ErrUndecided, h.tell())
	default:
		return fmt.Errorf("%w:\n%s", ErrImpossible, h.tell())
	}
}

// tell writes the calls down, in the order in which they began.
func (h *History) tell() string {
	calls := slices.Clone(h.calls)
	slices.SortFunc(calls, func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
	var out strings.Builder
	for _, c := range calls {
		end := fmt.Sprint(c.Return)
		if c.Return == math.MaxInt64 {
			end = "?"
		}
		fmt.Fprintf(&out, "%4d to %4s  caller %d  %s: %+v\n", c.Call, end, c.ClientId, c.Input, c.Output)
	}
	return out.String()
}
