package issuance

import (
	"errors"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/fault"
)

func TestDecideReset_EveryStateOfTheGuard(t *testing.T) {
	t.Parallel()
	want := map[card.GuardState]fault.Reason{
		card.Unset: card.CodeNotIssued, card.Consumed: card.AlreadyActivated, card.GuardVoid: card.IsCanceled,
	}
	for _, state := range card.GuardStates() {
		err := decideReset(card.View{Card: card.Card{Type: card.Physical}, Plastic: card.Plastic{Guard: card.Guard{State: state}}})
		r, refused := want[state]
		if refused != (err != nil) || refused && !errors.Is(err, r) {
			t.Errorf("%s: %v, want %v", state, err, r)
		}
	}
	if err := decideReset(card.View{Card: card.Card{Type: card.Virtual}}); !errors.Is(err, card.NotPhysical) {
		t.Errorf("a virtual card: %v", err)
	}
}

// TestReset_IsListedWhereItGivesSomethingBack: not of a guard that has all its tries.
func TestReset_IsListedWhereItGivesSomethingBack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		guard card.Guard
		want  bool
	}{
		"all tries":                 {card.Guard{State: card.Armed}, false},
		"a wrong try":               {card.Guard{State: card.Armed, Tries: 1, LifetimeWrong: 1}, true},
		"wrong tries of long ago":   {card.Guard{State: card.Armed, LifetimeWrong: 5}, true},
		"a lock of long ago":        {card.Guard{State: card.Armed, Locks: 1}, true},
		"locked":                    {card.Guard{State: card.Locked, LockedUntil: noon.Add(time.Hour)}, true},
		"locked for good":           {card.Guard{State: card.HardLocked}, true},
		"used up":                   {card.Guard{State: card.Consumed, Tries: 1}, false},
		"of a plastic that is void": {card.Guard{State: card.GuardVoid, Tries: 1}, false},
	} {
		v := card.View{Card: card.Card{Type: card.Physical}, Plastic: card.Plastic{Guard: c.guard}}
		if got := resettable(v, noon); got != c.want {
			t.Errorf("%s: listed %v", name, got)
		}
	}
}
