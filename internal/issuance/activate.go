package issuance

import (
	"context"
	"fmt"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ledger"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/redact"
)

// The actions of audit rows.
const actionActivate = "card.activate"

// numberDraws is how often a taken random number is drawn again before that is a fault.
const numberDraws = 8

// CustomerSecrets are the tokens of a customer that an activation created; shown once.
type CustomerSecrets struct {
	PrivateKey   redact.Text // sk_ and 64 hex
	RefreshToken redact.Text // 64 hex
	OauthToken   redact.Text // 64 hex; zero when no device was named
}

// Activate runs an activation by the code of the mailer. nil is success; every refusal of the cards
// contract §11.2 comes as a fault.Error, a replay as *Replayed.
func (s *Service) Activate(ctx context.Context, cmd ActivateCard) error {
	key := ActivationKey{Program: cmd.Caller.Program, Card: cmd.Card}
	_, err := s.activate(ctx, cmd.Command, key, func(st ActivationState, now time.Time) (Decision, *draft, error) {
		d := DecideActivation(st, now, s.rightCode(cmd.Code))
		if !d.refused() {
			d = decidePIN(d, cmd.PIN, d.Chosen.Card, ownPIN(cmd.OwnPIN))
		}
		if d.refused() {
			return d, nil, nil
		}
		out := &draft{view: d.Chosen}
		out.cardChanged = forgetOrderedPIN(&out.view.Card)
		if !cmd.PIN.IsZero() {
			out.cardChanged, out.pinSet = true, true
			if err := s.setPIN(&out.view.Card, cmd.PIN, st.Program, now); err != nil {
				return d, nil, err
			}
		}
		return d, out, nil
	})
	return err
}

// ownPIN is the policy of PINs where the holder chooses one: whatever the programme takes from its own back end, no PIN that
// is easy to guess.
func ownPIN(choice card.PINChoice) program.PIN {
	return program.PIN{RejectWeak: true, RequiredAtActivation: choice == card.RequiredPIN}
}

// ActivateForCustomer runs an activation by identifier and batch. Every refusal of the debit contract
// §7.3 comes as a fault.Error, a replay as *Replayed.
func (s *Service) ActivateForCustomer(ctx context.Context, cmd ActivateForCustomer) (Activation, error) {
	key := ActivationKey{
		Program: cmd.Caller.Program, Identifier: cmd.Identifier, Holder: cmd.Holder, Number: cmd.Number,
		Facts: cmd.New.facts(), Balance: cmd.Balance,
	}
	return s.activateForCustomer(ctx, key, cmd)
}

func (s *Service) activateForCustomer(ctx context.Context, key ActivationKey, cmd ActivateForCustomer) (Activation, error) {
	return s.activate(ctx, cmd.Command, key, func(st ActivationState, now time.Time) (Decision, *draft, error) {
		d := DecideActivationForCustomer(st, cmd, now, s.rightCode(cmd.Code))
		if d.refused() {
			return d, nil, nil
		}
		out, err := s.bind(st, cmd, d, now)
		return d, out, err
	})
}

// draft is an activation that was decided, before it is written.
type draft struct {
	view        card.View
	cardChanged bool
	holder      customer.Customer
	claims      []Fact // of a new holder
	created     bool   // the holder is new
	secrets     *CustomerSecrets
	credentials []access.Credential
	accounts    []account.Account
	journals    []ledger.Journal
	pinSet      bool
	device      string
}

// activate is the funnel of both ways to activate: one load, one decision, one write.
func (s *Service) activate(ctx context.Context, cmd Command, key ActivationKey,
	decide func(ActivationState, time.Time) (Decision, *draft, error),
) (Activation, error) {
	release, err := s.claim(ctx, cmd)
	if err != nil {
		return Activation{}, err
	}
	defer release()
	if cmd.Key != nil {
		key.Door, key.IdempotencyKey = cmd.Key.Door, cmd.Key.Value
	}
	for range numberDraws {
		var out settled
		key.RealNow = s.now()
		err = s.store.Activate(ctx, key, func(st ActivationState) (ActivationChanges, error) {
			var err error
			out, err = s.settle(cmd, st, key.RealNow, decide)
			return out.changes, err
		})
		if isNumberTaken(err) {
			continue // a random number of a new customer or wallet is taken: everything is drawn again
		}
		if err != nil {
			return Activation{}, err
		}
		s.decided(cmd)
		return out.result, out.refusal
	}
	return Activation{}, fault.Wrap(err, "draw a free number")
}

// settled is an activation that was decided: what it gives, or why not, and what it writes.
type settled struct {
	result  Activation
	refusal error
	changes ActivationChanges
}

// settle is the part between load and apply. It touches no store; its error is a fault.
func (s *Service) settle(cmd Command, st ActivationState, realNow time.Time,
	decide func(ActivationState, time.Time) (Decision, *draft, error),
) (settled, error) {
	var out settled
	now := st.Program.Now(realNow)
	if cmd.Key != nil && st.Stored != nil {
		verdict, counts := s.judge(*st.Stored, cmd.Key, now)
		if counts {
			out.changes.Mismatch = st.Stored
		}
		if verdict != nil {
			out.refusal = verdict
			return out, rollbackOf(verdict)
		}
	}
	d, fresh, err := decide(st.coming(), now)
	if err != nil {
		return out, err
	}
	var events []event.Event
	row := s.auditRow(cmd.Caller, actionActivate, now)
	if d.refused() {
		out.refusal = d.Refusal
		events = s.countTries(&out.changes, d, st.coming(), now)
		row.Card, row.Customer, row.Note = d.Chosen.Card.ID, d.Chosen.Card.Customer, triesNote(d)
	} else {
		out.result, events = s.write(&out.changes, fresh, st, now)
		row.Card, row.Customer = out.result.Card.Card.ID, out.result.Card.Card.Customer
		row.Note = deviceNote(fresh.device)
	}
	row.Outcome, row.Note = outcomeOf(out.refusal), withReason(row.Note, cmd.Caller.Reason)
	out.changes.Audit = append(out.changes.Audit, row)
	for _, e := range events {
		e.Program, e.At = st.Program, now
		out.changes.Messages = append(out.changes.Messages, s.messages(e)...)
	}
	out.changes.Answer, err = s.record(cmd, out.result, out.refusal, now)
	return out, err
}

// countTries notes what a refusal costs: guards that counted, the breaker's miss, and their events.
func (s *Service) countTries(changes *ActivationChanges, d Decision, st ActivationState, now time.Time) []event.Event {
	var events []event.Event
	for _, p := range d.Tried {
		changes.Guards = append(changes.Guards, p)
		v := viewOf(st.Candidates, p)
		events = append(events, event.Event{Name: event.ActivationFailed, Card: &v})
		if lockedNow(p) {
			events = append(events, event.Event{Name: event.ActivationLocked, Card: &v})
		}
	}
	if d.Missed {
		changes.Misses = append(changes.Misses, Miss{ID: s.trail.UUID(), Program: st.Program.ID, At: now})
		if st.Misses == st.Program.Policy.Activation.BreakerTries && st.Misses > 0 {
			events = append(events, event.Event{Name: event.GuessingSuspected})
		}
	}
	return events
}

// viewOf is the candidate that a plastic belongs to, with the plastic as it is now.
func viewOf(all []Candidate, p card.Plastic) card.View {
	for _, c := range all {
		if c.View.Plastic.ID == p.ID {
			v := c.View
			v.Plastic = p
			return v
		}
	}
	return card.View{Plastic: p}
}

// write puts a decided activation into changes: plastic activated, guard consumed, card bound, and what
// is announced. They share the draft, which is theirs from then on.
func (s *Service) write(changes *ActivationChanges, out *draft, st ActivationState, now time.Time) (Activation, []event.Event) {
	v := &out.view
	next, legal := v.Plastic.State.Move(card.Activate)
	if !legal {
		panic(fmt.Sprintf("issuance: a %s plastic passed the checks of activation", v.Plastic.State))
	}
	changed := program.Later(now, v.UpdatedAt())
	if st.Box != nil {
		changed = program.Later(changed, st.Box.LastChange())
	}
	v.Plastic.State, v.Plastic.ActivatedAt, v.Plastic.UpdatedAt = next, now, changed
	v.Plastic.Custody, v.Plastic.CustodyPresumed = card.CustodyHolder, false
	v.Plastic.Guard = v.Plastic.Guard.Consume()
	changes.Plastic, changes.Retired = &v.Plastic, retiredBy(v.Plastic, st.Candidates, changed)
	if own := v.Plastic.Link.ExpiresAt; !own.IsZero() {
		v.Card.ExpiresAt, out.cardChanged = own, true
	}
	if out.cardChanged {
		v.Card.UpdatedAt = changed
		changes.Card = &v.Card
	}
	var events []event.Event
	if out.created {
		holder := out.holder
		changes.Customer, changes.Claims = &holder, out.claims
		events = append(events, event.Event{Name: event.CustomerCreated, Customer: &holder})
	}
	changes.Accounts, changes.Journals, changes.Credentials = out.accounts, out.journals, out.credentials
	events = append(events, event.Event{Name: event.CardActivated, Card: v, Box: boxWith(st.Box, v.Plastic)})
	if out.pinSet {
		events = append(events, event.Event{Name: event.CardPINSet, Card: v})
	}
	return Activation{Card: *v, Customer: out.holder, NewCustomer: out.secrets}, events
}

// retiredBy is the plastic that dies because another one was activated in its place; nil when none does.
func retiredBy(p card.Plastic, all []Candidate, at time.Time) *card.Plastic {
	if p.Link.RetireSource != card.RetireOnActivation {
		return nil
	}
	for _, c := range all {
		old := c.View.Plastic
		if next, legal := old.State.Move(card.Retire); legal && old.ID == p.Link.Supersedes {
			old.State, old.UpdatedAt = next, at
			return &old
		}
	}
	return nil
}

// boxWith is the box with one plastic as it is now.
func boxWith(b *card.Box, p card.Plastic) *card.Box {
	if b == nil {
		return nil
	}
	out := card.Box{Shipment: b.Shipment, Packed: append([]card.Packed(nil), b.Packed...)}
	for i := range out.Packed {
		if out.Packed[i].Plastic.ID == p.ID {
			out.Packed[i].Plastic = p
		}
	}
	return &out
}

func deviceNote(device string) string {
	if device == "" {
		return ""
	}
	return "device " + device
}

// lockedNow reports whether the try that was counted last locked the guard: one that is locked counts none.
func lockedNow(p card.Plastic) bool {
	return p.Guard.State == card.Locked || p.Guard.State == card.HardLocked
}
