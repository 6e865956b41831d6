package issuance_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/shipment"
)

var (
	cardsNow = time.Date(2026, 3, 6, 17, 40, 0, 0, time.UTC)
	holderID = ident.CustomerID{UUID: ident.UUID{7}}
)

// situation is a card in the holder's hand, with everything right; each test makes something wrong.
type situation struct {
	card    card.Card
	plastic card.Plastic
	box     shipment.Status
	holder  customer.Customer
	policy  program.Policy
	right   bool
}

func inHand() situation {
	return situation{
		card: card.Card{Type: card.Physical, Customer: holderID},
		plastic: card.Plastic{
			ID: ident.PlasticID{UUID: ident.UUID{9}}, State: card.HandedOver, Custody: card.CustodyCourier,
			Guard: card.Guard{Method: card.ByCode, State: card.Armed, CodeHash: []byte{1}, CodeSealed: []byte{2}, CodeIssuedAt: cardsNow.Add(-time.Hour)},
		},
		box:    shipment.InTransit,
		holder: customer.Customer{ID: holderID, Status: customer.Active, Application: customer.Approved},
		policy: program.DefaultPolicy(program.Sandbox),
		right:  true,
	}
}

// decide runs the decision and tells whether the code was compared.
func (s situation) decide() (issuance.Decision, bool) {
	compared := false
	state := issuance.ActivationState{
		Program: program.Program{Policy: s.policy},
		Candidates: []issuance.Candidate{{View: card.View{
			Card: s.card, Plastic: s.plastic, Box: shipment.Shipment{Status: s.box, Kind: shipment.OfCards},
		}}},
		Holder: &s.holder,
	}
	d := issuance.DecideActivation(state, cardsNow, func(card.Plastic) bool { compared = true; return s.right })
	return d, compared
}

// TestDecideActivation_NeedsNoMoreThanASettledCard leaves out what a store need not load, whatever else is wrong.
func TestDecideActivation_NeedsNoMoreThanASettledCard(t *testing.T) {
	t.Parallel()
	right := func(card.Plastic) bool { return true }
	for _, w := range wrongs {
		s := inHand()
		w.make(&s)
		for _, once := range []time.Time{{}, cardsNow.Add(-time.Hour), s.plastic.ActivatedAt} {
			s.plastic.ActivatedAt = once
			bare := issuance.ActivationState{
				Program:    program.Program{Policy: s.policy},
				Candidates: []issuance.Candidate{{View: card.View{Card: s.card, Plastic: s.plastic, Box: shipment.Shipment{Status: s.box}}}},
			}
			if bare.Settled() == once.IsZero() {
				t.Errorf("%s, activated at %v: settled %v", w.reason.Name(), once, bare.Settled())
			}
			whole := bare
			whole.Holder, whole.Misses, whole.Box = &s.holder, 1000, &card.Box{}
			if got, want := issuance.DecideActivation(bare, cardsNow, right), issuance.DecideActivation(whole, cardsNow, right); bare.Settled() && reasonOf(got) != reasonOf(want) {
				t.Errorf("%s: a settled card is refused with %q, and %q when more is known", w.reason.Name(), reasonOf(got), reasonOf(want))
			}
		}
	}
}

func reasonOf(d issuance.Decision) string {
	if d.Refusal == nil {
		return ""
	}
	return d.Refusal.Reason.Name()
}

// wrongs is everything that can be wrong with a card, in the order of the checks (cards contract §11.2).
// An earlier one is told before a later one, whatever else is wrong.
var wrongs = []struct {
	reason fault.Reason
	make   func(*situation)
}{
	{card.NotPhysical, func(s *situation) { s.card.Type = card.Virtual }},
	{card.AlreadyActivated, func(s *situation) { s.plastic.ActivatedAt = cardsNow.Add(-time.Hour) }},
	{card.IsCanceled, func(s *situation) { s.plastic.State = card.Canceled }},
	{card.IsExpired, func(s *situation) { s.card.ExpiresAt = cardsNow }},
	{card.ReportedStolen, func(s *situation) { s.card.ReportedAs = card.ClosedStolen }},
	{card.IsBlocked, func(s *situation) { s.card.Block = card.Block{Type: card.BlockOther} }},
	{customer.NotEligible, func(s *situation) { s.holder.Application = customer.Rejected }},
	{card.NotShipped, func(s *situation) { s.box = shipment.Placed }},
	{card.CodeNotIssued, func(s *situation) { s.plastic.Guard.CodeHash = nil }},
	{card.GuardLocked, func(s *situation) {
		s.plastic.Guard.State, s.plastic.Guard.LockedUntil = card.Locked, cardsNow.Add(time.Minute)
	}},
	{card.CodeWrong, func(s *situation) { s.right = false }},
}

func TestDecideActivation_TheFirstFailingCheckAnswers(t *testing.T) {
	t.Parallel()
	for i, first := range wrongs {
		for _, second := range wrongs[i:] {
			s := inHand()
			second.make(&s)
			first.make(&s)
			d, compared := s.decide()
			name := fmt.Sprintf("%s beside %s", first.reason.Name(), second.reason.Name())
			if reasonOf(d) != first.reason.Name() {
				t.Errorf("%s: %q", name, reasonOf(d))
			}
			if wrongCode := first.reason == card.CodeWrong; compared != wrongCode || (len(d.Tried) == 1) != wrongCode || d.Missed != wrongCode {
				t.Errorf("%s: compared %v, tries %d, missed %v", name, compared, len(d.Tried), d.Missed)
			}
		}
	}
	if d, compared := inHand().decide(); d.Refusal != nil || !compared {
		t.Errorf("a card in hand with the right code: %v, compared %v", reasonOf(d), compared)
	}
}

func TestDecideActivation_EveryStateOfPlasticAndBox(t *testing.T) {
	t.Parallel()
	open := map[shipment.Status]fault.Reason{
		shipment.DeliveryFailed: card.FailedDelivery, shipment.Exception: card.ExceptionOnWay,
		shipment.Returned: card.CameBack, shipment.Lost: card.LostInTransit, shipment.Canceled: card.IsCanceled,
		"": card.NotShipped, shipment.Draft: card.NotShipped, shipment.Placed: card.NotShipped,
		shipment.InProduction: card.NotShipped, shipment.ReadyToShip: card.NotShipped,
	}
	for _, plastic := range []card.PlasticState{card.Planned, card.Requested, card.InProduction, card.OnHold, card.Produced, card.HandedOver, card.Rejected, card.Canceled, card.Void} {
		for _, box := range append(shipment.Statuses(), "") {
			for _, lenient := range []bool{false, true} {
				s := inHand()
				s.plastic.State, s.box, s.policy.Activation.AcceptAfterFailedDelivery = plastic, box, lenient
				want := ""
				if r, no := open[box]; no {
					want = r.Name()
				}
				if lenient && (box == shipment.DeliveryFailed || box == shipment.Exception) {
					want = ""
				}
				if plastic == card.OnHold || plastic == card.Rejected {
					want = card.NotShipped.Name() // not in the box, even when the box left
				}
				if plastic == card.Canceled || box == shipment.Canceled {
					want = card.IsCanceled.Name()
				}
				if plastic == card.Void && box != shipment.Canceled {
					s.plastic.VoidReason, want = card.VoidSuperseded, card.IsSuperseded.Name()
				} else if plastic == card.Void {
					s.plastic.VoidReason, want = card.VoidLost, card.LostInTransit.Name()
				}
				if d, _ := s.decide(); reasonOf(d) != want {
					t.Errorf("plastic %s, box %q, lenient %v: %q, want %q", plastic, box, lenient, reasonOf(d), want)
				}
			}
		}
	}
}

func TestDecideActivation_StatusOfTheCard(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		make func(*situation)
		want string
	}{
		"open":                       {func(*situation) {}, ""},
		"frozen may be activated":    {func(s *situation) { s.card.FrozenBy = card.ByHolder }, ""},
		"blocked":                    {func(s *situation) { s.card.Block = card.Block{Type: card.BlockByPartner} }, "blocked"},
		"expired":                    {func(s *situation) { s.card.ExpiresAt = cardsNow }, "expired"},
		"not yet expired":            {func(s *situation) { s.card.ExpiresAt = cardsNow.Add(1) }, ""},
		"reported lost":              {func(s *situation) { s.card.ReportedAs = card.ClosedLost }, "reported_lost"},
		"closed as lost":             {func(s *situation) { s.card.ClosedAt, s.card.ClosedReason = cardsNow, card.ClosedLost }, "reported_lost"},
		"closed as stolen":           {func(s *situation) { s.card.ClosedAt, s.card.ClosedReason = cardsNow, card.ClosedStolen }, "reported_stolen"},
		"void as stolen":             {func(s *situation) { s.plastic.State, s.plastic.VoidReason = card.Void, card.VoidRepStolen }, "reported_stolen"},
		"replaced":                   {func(s *situation) { s.card.ClosedAt, s.card.ClosedReason = cardsNow, card.ClosedReplaced }, "superseded"},
		"closed otherwise":           {func(s *situation) { s.card.ClosedAt, s.card.ClosedReason = cardsNow, card.ClosedOther }, "canceled"},
		"retired":                    {func(s *situation) { s.card.ClosedAt, s.card.ClosedReason = cardsNow, card.ClosedRetired }, "canceled"},
		"deleted is not there":       {func(s *situation) { s.card.ClosedAt, s.card.ClosedReason = cardsNow, card.ClosedDeleted }, "card_not_found"},
		"nobody's card is not there": {func(s *situation) { s.card.Customer = ident.CustomerID{} }, "card_not_found"},
		"plastic destroyed":          {func(s *situation) { s.plastic.State, s.plastic.VoidReason = card.Void, card.VoidDestroyed }, "canceled"},
		"suspended customer":         {func(s *situation) { s.holder.Status = customer.Suspended }, "customer_not_eligible"},
		"in stock without a box":     {func(s *situation) { s.box, s.plastic.Custody = "", card.CustodyStock }, ""},
		"presumed stock": {func(s *situation) {
			s.box, s.plastic.Custody, s.plastic.CustodyPresumed = shipment.Placed, card.CustodyStock, true
		}, ""},
		"presumed stock, strict gate": {func(s *situation) {
			s.box, s.plastic.Custody, s.plastic.CustodyPresumed, s.policy.Debit.ActivationGate = shipment.Placed, card.CustodyStock, true, "left_bureau"
		}, "not_shipped"},
		"hard-locked":             {func(s *situation) { s.plastic.Guard.State = card.HardLocked }, "hard_locked"},
		"a lock that has passed":  {func(s *situation) { s.plastic.Guard.State, s.plastic.Guard.LockedUntil = card.Locked, cardsNow }, ""},
		"an expired code":         {func(s *situation) { s.policy.Activation.CodeLifetime = time.Hour }, "code_expired"},
		"a code that still lives": {func(s *situation) { s.policy.Activation.CodeLifetime = time.Hour + 1 }, ""},
	} {
		s := inHand()
		c.make(&s)
		if d, _ := s.decide(); reasonOf(d) != c.want {
			t.Errorf("%s: %q, want %q", name, reasonOf(d), c.want)
		}
	}
}

// Whatever is wrong, a refusal costs a try exactly when the code was compared and wrong, and the guard's
// counts never fall.
func TestDecideActivation_OnlyAWrongCodeCostsATry(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := inHand()
		s.plastic.Guard.State = rapid.SampledFrom(card.GuardStates()).Draw(t, "guard")
		s.plastic.Guard.Tries = rapid.IntRange(0, 4).Draw(t, "tries")
		s.plastic.Guard.LifetimeWrong = rapid.IntRange(s.plastic.Guard.Tries, 14).Draw(t, "ever")
		s.plastic.Guard.LockedUntil = cardsNow.Add(time.Duration(rapid.IntRange(-10, 10).Draw(t, "lock")) * time.Minute)
		for _, w := range wrongs {
			if rapid.Bool().Draw(t, w.reason.Name()) {
				guard := s.plastic.Guard
				w.make(&s)
				if w.reason == card.GuardLocked {
					s.plastic.Guard = guard // the guard is drawn above
				}
			}
		}
		d, compared := s.decide()
		if counted := len(d.Tried) == 1; counted != (compared && !s.right && s.plastic.Guard.At(cardsNow).State == card.Armed) {
			t.Fatalf("compared %v, right %v, guard %s: counted %v", compared, s.right, s.plastic.Guard.State, counted)
		}
		for _, p := range d.Tried {
			if p.Guard.LifetimeWrong != s.plastic.Guard.LifetimeWrong+1 {
				t.Fatalf("the lifetime count went from %d to %d", s.plastic.Guard.LifetimeWrong, p.Guard.LifetimeWrong)
			}
		}
		if locked := s.plastic.Guard.At(cardsNow).State; compared && (locked == card.Locked || locked == card.HardLocked) {
			t.Fatal("a locked guard was asked to compare")
		}
	})
}
