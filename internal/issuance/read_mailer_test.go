package issuance

import (
	"errors"
	"testing"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/program"
)

func TestDecideMailer(t *testing.T) {
	t.Parallel()
	coded := card.View{Plastic: card.Plastic{Guard: card.Guard{CodeSealed: []byte{1}}}}
	for name, c := range map[string]struct {
		view  card.View
		found bool
		kind  program.Kind
		want  error
	}{
		"a card with a code":  {coded, true, program.Sandbox, nil},
		"no card":             {coded, false, program.Sandbox, card.NotFound},
		"a real mailer":       {coded, true, program.Live, card.RevealForbidden},
		"no code, or used up": {card.View{}, true, program.Sandbox, card.CodeUnavailable},
	} {
		no := decideMailer(c.view, c.found, c.kind)
		if (no == nil) != (c.want == nil) || no != nil && !errors.Is(no, c.want) {
			t.Errorf("%s: %v, want %v", name, no, c.want)
		}
	}
}
