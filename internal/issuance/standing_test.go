package issuance

import (
	"fmt"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/shipment"
)

// eachStanding calls f with a card in every state of credential, plastic, box and guard, with holders of every sort, by
// both ways of activation.
func eachStanding(f func(name string, st Standing)) {
	good := customer.Customer{Status: customer.Active, Application: customer.Approved}
	policy := program.DefaultPolicy(program.Sandbox)
	for _, method := range []card.GuardMethod{card.ByCode, card.ByIdentifierBatch} {
		for status, c := range cardsByStatus() {
			for _, plastic := range card.PlasticStates() {
				for _, box := range append(shipment.Statuses(), "") {
					for _, guard := range card.GuardStates() {
						for _, holder := range []*customer.Customer{&good, {}, nil} {
							c.Type = card.Physical
							v := card.View{Card: c, Box: shipment.Shipment{Status: box}, Plastic: card.Plastic{
								State: plastic, Guard: card.Guard{Method: method, State: guard, LockedUntil: noon.Add(time.Hour), CodeHash: []byte{1}, CodeIssuedAt: noon},
							}}
							if plastic == card.Activated || plastic == card.Retired {
								if guard != card.Consumed {
									continue // an activation consumes the guard
								}
								v.Plastic.ActivatedAt = noon
							}
							f(fmt.Sprint(method, status, plastic, box, guard, holder != nil), Standing{CardAt: CardAt{v, noon}, Policy: policy, Holder: holder})
						}
					}
				}
			}
		}
	}
}

// TestEligibility_IsWhatTheActivationDecides: the first obstacle is the refusal of the activation, and without one only
// a wrong code is refused.
func TestEligibility_IsWhatTheActivationDecides(t *testing.T) {
	t.Parallel()
	open := 0
	eachStanding(func(name string, st Standing) {
		if st.Card.Customer.IsZero() && st.Plastic.Guard.Method == card.ByCode {
			return // unassigned: the way by the code does not find it
		}
		want := ""
		if all := st.obstacles(nil); len(all) > 0 {
			want = nameOf(all[0].Refusal)
			for _, o := range all {
				if o.Remover == "" {
					t.Fatalf("%s: nobody is named who removes %s", name, o.Refusal.Reason.Name())
				}
			}
		} else {
			open++
		}
		if got := activationOf(st); got != want {
			t.Fatalf("%s: the activation says %q, the eligibility %q", name, got, want)
		}
	})
	if open == 0 {
		t.Error("no card was eligible")
	}
}

// activationOf is the refusal of an activation that sends everything right; "" when there is none.
func activationOf(st Standing) string {
	const ref = "ddb809a183043042b1a19ccfba571822"
	state := ActivationState{
		Program: program.Program{Policy: st.Policy}, Holder: st.Holder, Candidates: []Candidate{{View: st.View, Reference: ref}},
	}
	right := func(card.Plastic) bool { return true }
	var d Decision
	if st.Plastic.Guard.Method == card.ByCode {
		d = DecideActivation(state, st.At, right)
	} else {
		cmd := ActivateForCustomer{Reference: ref, PIN: card.PIN{}, Holder: st.Card.Customer}
		if st.Card.Customer.IsZero() {
			state.Holder = &customer.Customer{Status: customer.Active, Application: customer.Approved} // whoever comes with it
		} else if state.Holder == nil {
			state.Holder = &customer.Customer{}
		}
		state.Holder.ID = st.Card.Customer
		d = DecideActivationForCustomer(state, cmd, st.At, right)
	}
	if d.Refusal == nil {
		return ""
	}
	return nameOf(d.Refusal)
}

// TestObstacles_OfWhatIsOverAreOne: a virtual card and an activated one have nothing else to tell.
func TestObstacles_OfWhatIsOverAreOne(t *testing.T) {
	t.Parallel()
	st := Standing{CardAt: CardAt{card.View{Card: card.Card{Type: card.Virtual, CreatedAt: noon, ClosedAt: noon}}, noon}}
	if all := st.obstacles(nil); len(all) != 1 || nameOf(all[0].Refusal) != "not_physical" || all[0].Since != noon {
		t.Errorf("%+v", all)
	}
	st.Card.Type, st.Card.Block = card.Physical, card.Block{Type: card.BlockOther}
	st.Plastic = card.Plastic{ActivatedAt: noon, State: card.Retired}
	if all := st.obstacles(nil); len(all) != 1 || nameOf(all[0].Refusal) != "already_activated" {
		t.Errorf("%+v", all)
	}
}

// TestObstacles_OfABlockTellSinceWhen by the newest change, when that is the one that stands.
func TestObstacles_OfABlockTellSinceWhen(t *testing.T) {
	t.Parallel()
	c := cardsByStatus()[card.Blocked]
	c.Type = card.Physical
	st := Standing{CardAt: CardAt{card.View{Card: c}, noon}}
	at := noon.Add(-time.Hour)
	for since, history := range map[time.Time][]card.BlockChange{
		at: {{At: at, Is: c.Stop()}}, {}: {{At: at, Is: card.StopNone}},
	} {
		for _, o := range st.obstacles(history) {
			if o.Refusal.Reason == card.IsBlocked && (!o.Since.Equal(since) || o.Remover != ByProgramme) {
				t.Errorf("%+v, want since %s", o, since)
			}
		}
	}
}

func TestLifecycle_KnowsWhatTheRulesDo(t *testing.T) {
	t.Parallel()
	all := map[string]Machine{}
	for _, m := range Lifecycle() {
		all[m.Name] = m
		states := map[string]bool{}
		for _, s := range m.States {
			states[s] = true
		}
		for _, tr := range m.Transitions {
			if !states[tr.From] || !states[tr.To] {
				t.Errorf("%s: %+v leads out of the machine", m.Name, tr)
			}
		}
	}
	for name, want := range map[string]Transition{
		"plastic":  {"handed_over", "activate", "activated"},
		"shipment": {"delivery_failed", "scan:in_transit", "in_transit"},
		"guard":    {"armed", "last_try_of_lifetime", "hard_locked"},
		"batch":    {"processing", "finish", "completed_with_failures"},
	} {
		found := false
		for _, tr := range all[name].Transitions {
			found = found || tr == want
		}
		if !found {
			t.Errorf("%s: %+v is not there: %v", name, want, all[name].Transitions)
		}
	}
	if len(all["guard"].Transitions) < 8 || !all["card"].Computed {
		t.Errorf("%+v", all)
	}
}
