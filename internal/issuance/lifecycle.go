package issuance

import (
	"slices"
	"time"

	"github.com/firsttap/firsttap/internal/batch"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/shipment"
)

// Machine is one of the state machines of design §2, as the rules enforce it.
type Machine struct {
	Name        string
	Computed    bool // its state follows from facts: the first of States that matches
	States      []string
	Transitions []Transition
}

// Transition is one move.
type Transition struct{ From, Trigger, To string }

// Lifecycle gives the machines. Every transition is what the function that the commands call answers; none is written
// down twice.
func Lifecycle() []Machine {
	return []Machine{cardMachine(), plasticMachine(), shipmentMachine(), guardMachine(), batchMachine()}
}

func cardMachine() Machine {
	return Machine{Name: "card", Computed: true, States: texts(card.Statuses())}
}

func plasticMachine() Machine {
	m := Machine{Name: "plastic", States: texts(card.PlasticStates())}
	for _, from := range card.PlasticStates() {
		for _, step := range card.Steps() {
			if to, legal := from.Move(step); legal {
				m.add(from, step, to)
			}
		}
	}
	return m
}

// shipmentMachine has the moves by scans, and what the programme may still do; a scan that moves nothing is taken too.
func shipmentMachine() Machine {
	m := Machine{Name: "shipment", States: texts(shipment.Statuses())}
	for _, from := range shipment.Statuses() {
		for _, scan := range shipment.Statuses() {
			if to, moves := shipment.Next(from, scan); moves && shipment.Scannable(scan) {
				m.Transitions = append(m.Transitions, Transition{string(from), "scan:" + string(scan), string(to)})
			}
		}
		if from.AtPlacing() {
			m.Transitions = append(m.Transitions, Transition{string(from), string(ToCancel), string(shipment.Canceled)})
		}
	}
	return m
}

// guardMachine tries everything that happens to a guard on one in each state, with many tries left and with one.
func guardMachine() Machine {
	m := Machine{Name: "guard", States: texts(card.GuardStates())}
	now := time.Unix(0, 0).UTC()
	policy := program.Activation{Tries: 2, LifetimeTries: 4}
	triggers := []struct {
		name string
		do   func(card.Guard) card.Guard
	}{
		{"wrong_try", func(g card.Guard) card.Guard { return g.Wrong(now, policy) }},
		{"last_try_of_window", func(g card.Guard) card.Guard { g.Tries = 1; return g.Wrong(now, policy) }},
		{"last_try_of_lifetime", func(g card.Guard) card.Guard { g.LifetimeWrong = 3; return g.Wrong(now, policy) }},
		{"lock_over", func(g card.Guard) card.Guard { return g.At(now) }},
		{"reset", card.Guard.Reset},
		{"activate", func(g card.Guard) card.Guard {
			if g.State != card.Armed {
				return g // locked ones compare nothing, and the others have nothing to compare
			}
			return g.Consume()
		}},
		{"end_of_plastic", card.Guard.Kill},
	}
	for _, from := range card.GuardStates() {
		for _, t := range triggers {
			g := card.Guard{State: from}
			to := t.do(g)
			counted := to.Tries != g.Tries || to.LifetimeWrong != g.LifetimeWrong
			if to.State != from || counted && t.name == "wrong_try" {
				m.Transitions = append(m.Transitions, Transition{string(from), t.name, string(to.State)})
			}
		}
	}
	return m
}

// batchMachine tries every step on a batch in each state, with every sort of outcome of its items.
func batchMachine() Machine {
	m := Machine{Name: "batch", States: texts(batch.Statuses())}
	for _, from := range batch.Statuses() {
		for _, step := range batch.Steps() {
			for _, created := range []int{2, 1, 0} {
				b := batch.Batch{Status: from, Requested: 2, Created: created, Failed: 2 - created}
				to, legal := b.Move(step)
				t := Transition{string(from), string(step), string(to)}
				if legal && !slices.Contains(m.Transitions, t) {
					m.Transitions = append(m.Transitions, t)
				}
			}
		}
	}
	return m
}

func (m *Machine) add(from card.PlasticState, step card.Step, to card.PlasticState) {
	m.Transitions = append(m.Transitions, Transition{string(from), string(step), string(to)})
}

func texts[T ~string](values []T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}
