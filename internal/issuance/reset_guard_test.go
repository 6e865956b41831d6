package issuance

import (
	"errors"
	"testing"

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
