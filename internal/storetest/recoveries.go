package storetest

import (
	"testing"

	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/issuance"
)

// recoveries are about codes that are given again.
var recoveries = []contract{
	{"of those who recover one code at once as many are served as the limit says; of the new codes one opens the card", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t), WithPolicy("activation_code.storage", "hash_only"), WithPolicy("activation.breaker_tries", "0"))
		handles := []*issuance.Service{w.Service(w.Store), w.Service(f.Again(t, w.Store))}
		v, printed := w.NewShippedCard(w.Customer, w.Account)
		codes := make([]issuance.RecoveredCode, crowd)
		counts := tally(together(crowd, func(i int) (err error) {
			codes[i], err = handles[i%2].RecoverCode(t.Context(), issuance.ReadActivationCode{Caller: w.Caller(), Card: v.Card.ID, Reason: "lost"})
			return err
		}))
		limit := w.Program.Policy.ActivationCode.PerCardPerDay
		if counts["ok"] != limit || counts[card.RevealTooOften.Name()] != crowd-limit || w.countTrail(v.Card.ID, issuance.ActionReadCode) != limit {
			t.Errorf("%d callers are told %v", crowd, counts)
		}
		guard := w.View(v.Card.ID).Plastic.Guard
		if guard.CodeVersion != v.Plastic.Guard.CodeVersion+limit || guard.CodeSealed != nil || guard.State != card.Armed {
			t.Errorf("the guard is %s at version %d, a copy is kept: %v", guard.State, guard.CodeVersion, guard.CodeSealed != nil)
		}
		var last card.Code
		seen := map[int]bool{}
		for _, c := range codes {
			if c.Version == guard.CodeVersion {
				last = card.Code{Text: c.Code}
			}
			if c.Version > 0 && (seen[c.Version] || !c.Renewed) {
				t.Errorf("version %d was given twice, or is no new one", c.Version)
			}
			seen[c.Version] = true
		}
		open := func(code card.Code) error {
			return handles[0].Activate(t.Context(), issuance.ActivateCard{Command: issuance.Command{Caller: w.Caller()}, Card: v.Card.ID, Code: code})
		}
		if !printed.Equal(last.Text) {
			if err := open(printed); fault.Of(err) == nil || fault.Of(err).Reason != card.CodeWrong {
				t.Errorf("the printed code answers %v", err)
			}
		}
		must(t, open(last))
	}},
	{"a kept code is recovered as it is, and an activation leaves nothing to recover", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		rules := w.Service(w.Store)
		v, printed := w.NewShippedCard(w.Customer, w.Account)
		cmd := issuance.ReadActivationCode{Caller: w.Caller(), Card: v.Card.ID, Reason: "lost"}
		got, err := rules.RecoverCode(t.Context(), cmd)
		must(t, err)
		if !got.Code.Equal(printed.Text) || got.Renewed || got.Version != v.Plastic.Guard.CodeVersion {
			t.Errorf("version %d, renewed: %v", got.Version, got.Renewed)
		}
		must(t, rules.Activate(t.Context(), issuance.ActivateCard{Command: issuance.Command{Caller: w.Caller()}, Card: v.Card.ID, Code: printed}))
		if counts := tally([]error{errOf(rules.RecoverCode(t.Context(), cmd))}); counts[card.CodeUnavailable.Name()] != 1 {
			t.Errorf("after the activation: %v", counts)
		}
		if n := w.countTrail(v.Card.ID, issuance.ActionReadCode); n != 1 {
			t.Errorf("%d rows of the trail say %s", n, audit.OK)
		}
	}},
}
