package scenario

import (
	"context"
	"errors"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/shipment"
)

// Reasons of this room.
var (
	Invalid  = fault.New("scenario_invalid", fault.Invalid) // Fields: one for each line that is wrong
	Unknown  = fault.New("scenario_not_found", fault.NotFound)
	SeedUsed = fault.New("scenario_seed_used", fault.Conflict)
)

// Reasons lists the reasons that this package declares.
func Reasons() []fault.Reason { return []fault.Reason{Invalid, Unknown, SeedUsed} }

// begin is what the clock shows when a run begins: a Monday morning.
var begin = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)

// Player plays scripts.
type Player struct {
	rules func(ids *ident.Source, keep func(issuance.Store) issuance.Store) *issuance.Service
}

// New makes a player. rules gives the rules for one run: with these identifiers for what is made, and this store around the real
// one. The rows of trails and the ids of events must come from elsewhere, as always.
func New(rules func(ids *ident.Source, keep func(issuance.Store) issuance.Store) *issuance.Service) *Player {
	return &Player{rules: rules}
}

// Transcript is what became of a run. It ends with the first step that did not come to what the script expects.
type Transcript struct {
	Passed bool
	Steps  []Outcome
}

// Outcome is one step that was played.
type Outcome struct {
	Line     int
	Step     string
	At       time.Time // on the programme's clock, before the step
	Expected string    // "ok", or the reason of a refusal
	Got      string    // likewise; "unexpected" of a fact that was not as expected
	Facts    []Fact
}

// Fact is something that was seen in a step.
type Fact struct{ Name, Value string }

// run is a script that is being played.
type run struct {
	service   *issuance.Service
	ids       *ident.Source
	draws     *stream
	caller    issuance.Caller
	now       time.Time
	customers map[string]ident.CustomerID // by the name of the card
	cards     map[string]ident.CardID
	parcels   map[string]ident.ShipmentID
	bulks     map[string]bulk
	// identifiers of cards that were ordered in bulk
	identifiers map[string]string
	guesses     int
}

// Play plays a script in a sandbox programme. The clock of the programme stands still from then on, and moves with the steps that
// wait. Refusals: issuance.LiveProgram, [SeedUsed].
func (p *Player) Play(ctx context.Context, by issuance.Caller, in program.Program, s Script, seed string) (Transcript, error) {
	if in.Kind != program.Sandbox {
		return Transcript{}, fault.Refuse(issuance.LiveProgram)
	}
	r := &run{
		draws: newStream(in.Name, seed, s.text), caller: by, now: begin,
		customers: map[string]ident.CustomerID{}, cards: map[string]ident.CardID{}, parcels: map[string]ident.ShipmentID{},
		bulks: map[string]bulk{}, identifiers: map[string]string{},
	}
	r.ids = ident.NewSource(r.draws, func() time.Time { return r.now })
	r.service = p.rules(r.ids, func(store issuance.Store) issuance.Store { return steadyStore{store, r.draws} })
	if _, err := r.service.SetClock(ctx, issuance.SetClock{Command: r.command(), Change: access.ClockFrozen(begin)}); err != nil {
		return Transcript{}, err
	}
	out := Transcript{Passed: true}
	for _, step := range s.steps {
		done := Outcome{Line: step.line, Step: step.text, At: r.now, Expected: step.expected}
		facts, err := step.play(ctx, r)
		switch {
		case errors.Is(err, customer.PhoneTaken), errors.Is(err, customer.ExternalIDTaken):
			return Transcript{}, fault.Refuse(SeedUsed) // only another run with the same draws can have made them
		case err == nil:
			done.Got = expectOK
		case fault.IsRefusal(err):
			done.Got = fault.Of(err).Reason.Name()
		default:
			return Transcript{}, err
		}
		done.Facts = facts
		out.Steps = append(out.Steps, done)
		if out.Passed = done.Got == done.Expected; !out.Passed {
			break
		}
	}
	return out, nil
}

func (r *run) command() issuance.Command { return issuance.Command{Caller: r.caller} }

func (r *run) program() ident.ProgramID { return r.caller.Program }

// place is where everything of scripts goes.
func place() shipment.Address {
	return shipment.Address{Line1: "Av. Reforma 222", Zone: "CMX", City: "Ciudad de Mexico", PostalCode: "06600", Country: "MX"}
}
