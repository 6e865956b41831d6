package storetest

import (
	"context"
	"testing"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/issuance"
)

// reportRaces are about cards that are lost, stolen or damaged.
var reportRaces = []contract{
	{"of those who report one card lost and stolen at once one changes it, and who says the same is told so", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		handles := []*issuance.Service{w.Service(w.Store), w.Service(f.Again(t, w.Store))}
		v, _ := w.NewShippedCard(w.Customer, w.Account)
		said := []issuance.Report{issuance.ReportLost, issuance.ReportStolen}
		got := make([]issuance.Reported, crowd)
		counts := tally(together(crowd, func(i int) (err error) {
			cmd := issuance.ReportCard{Command: issuance.Command{Caller: w.Caller()}, Card: v.Card.ID, As: said[i%4/2], Reason: "gone"}
			got[i], err = handles[i%2].ReportCard(t.Context(), cmd)
			return err
		}))
		changed := 0
		for _, r := range got {
			if r.Changed {
				changed++
			}
		}
		if counts["ok"] != crowd/2 || counts[card.AlreadyStopped.Name()] != crowd/2 || changed != 1 {
			t.Errorf("%d of %d change the card, they are told %v", changed, crowd, counts)
		}
		after := w.View(v.Card.ID)
		if after.Plastic.State != card.Void || after.Plastic.Guard.CodeHash != nil || !after.Stop().ForGood() {
			t.Errorf("the plastic is %s, the stop %s", after.Plastic.State, after.Stop())
		}
		w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
			history, err := tx.BlockHistory(ctx, v.Card.ID, crowd)
			if len(history) != 1 || history[0].Is != after.Stop() || history[0].Note != "gone" {
				t.Errorf("the history of stops is %+v", history)
			}
			return err
		})
	}},
	{"a report and an activation at once leave a card that was activated and then stopped, or one that never is", func(t *testing.T, f Factory) {
		w := NewWorld(t, f.Open(t))
		handles := []*issuance.Service{w.Service(w.Store), w.Service(f.Again(t, w.Store))}
		for range rounds {
			v, code := w.NewShippedCard(w.Customer, w.Account)
			results := together(2, func(i int) error {
				if i == 0 {
					_, err := handles[0].ReportCard(t.Context(), issuance.ReportCard{Command: issuance.Command{Caller: w.Caller()}, Card: v.Card.ID, As: issuance.ReportStolen, Reason: "gone"})
					return err
				}
				return handles[1].Activate(t.Context(), issuance.ActivateCard{Command: issuance.Command{Caller: w.Caller()}, Card: v.Card.ID, Code: code})
			})
			must(t, results[0])
			after, activated := w.View(v.Card.ID), results[1] == nil
			if activated != after.Plastic.EverActivated() || after.Stop() != card.StopStolen {
				t.Errorf("activation answers %v, the plastic is %s, the stop %s", results[1], after.Plastic.State, after.Stop())
			}
			if !activated && tally(results[1:])[card.ReportedStolen.Name()] != 1 {
				t.Errorf("activation of a stolen card answers %v", results[1])
			}
		}
	}},
}
