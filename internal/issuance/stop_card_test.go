package issuance

import (
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/shipment"
)

// activeView is a physical card in its holder's hand.
func activeView() card.View {
	return card.View{
		Card:    card.Card{Customer: ident.CustomerID{UUID: ident.UUID{1}}, Type: card.Physical, Last4: "4242", ExpiresAt: noon.Add(time.Hour)},
		Plastic: card.Plastic{State: card.Activated, ActivatedAt: noon.Add(-time.Hour)},
	}
}

// cardStates are the states that a stop, its end, a PIN and a re-order are decided in, without any stop.
func cardStates() map[string]card.View {
	with := func(change func(*card.View)) card.View {
		v := activeView()
		change(&v)
		return v
	}
	return map[string]card.View{
		"active": activeView(),
		"ready": with(func(v *card.View) {
			v.Card.Customer, v.Plastic = ident.CustomerID{}, card.Plastic{State: card.Requested, Custody: card.CustodyStock}
		}),
		"expired":  with(func(v *card.View) { v.Card.ExpiresAt = noon }),
		"retired":  with(func(v *card.View) { v.Card = v.Card.Close(card.ClosedRetired, noon) }),
		"replaced": with(func(v *card.View) { v.Card = v.Card.Close(card.ClosedReplaced, noon) }),
		"void":     with(func(v *card.View) { v.Plastic = card.Plastic{State: card.Void, VoidReason: card.VoidDestroyed} }),
		"its box is canceled": with(func(v *card.View) {
			v.Plastic, v.Box.Status = card.Plastic{State: card.Requested}, shipment.Canceled
		}),
	}
}

func TestStop_EveryLevelTimesEveryState(t *testing.T) {
	t.Parallel()
	for state, plain := range cardStates() {
		for _, standing := range append(card.Stops(), card.StopNone) {
			v := plain
			if standing != card.StopNone {
				v.Card = v.Card.Stopped(standing, card.ByPartner, noon)
			}
			if state == "retired" { // whatever stood before
				v.Card = v.Card.Close(card.ClosedRetired, noon)
			}
			for _, stop := range card.Stops() {
				wantChange, wantRefusal, wantConflict := standing.Level() < stop.Level(), "", ""
				if !wantChange {
					wantConflict = card.AlreadyStopped.Name()
				}
				switch {
				case v.Canceled():
					wantChange, wantRefusal, wantConflict = false, card.IsCanceled.Name(), card.IsCanceled.Name()
				case v.Card.Status(noon) == card.Expired:
					wantChange, wantRefusal, wantConflict = false, card.IsExpired.Name(), card.IsExpired.Name()
				}
				changes, no := decideStop(v, stop, false, noon)
				if changes != wantChange || nameOf(no) != wantRefusal {
					t.Errorf("%s, %s under %s: changes %v, %q", state, stop, standing, changes, nameOf(no))
				}
				if _, no := decideStop(v, stop, true, noon); nameOf(no) != wantConflict {
					t.Errorf("%s, %s under %s, repeats conflict: %q", state, stop, standing, nameOf(no))
				}
			}
			switch state { // the canceled states are canceled under every stop that does not end a card
			case "retired":
				if !v.Canceled() {
					t.Errorf("retired under %s is not canceled", standing)
				}
			case "void", "its box is canceled":
				if v.Canceled() == standing.ForGood() {
					t.Errorf("%s under %s: canceled %v", state, standing, v.Canceled())
				}
			}
		}
	}
}

func TestUnstop_EveryStopTimesEveryCaller(t *testing.T) {
	t.Parallel()
	states := cardStates()
	for _, by := range []card.By{card.ByHolder, card.ByPartner} {
		for _, stop := range card.Stops() {
			want := ""
			switch {
			case stop.ForGood():
				want = card.StoppedForGood.Name()
			case by == card.ByHolder && !stop.HolderLifts():
				want = card.StopOfProgram.Name()
			}
			for _, state := range []string{"active", "ready", "expired"} {
				v := states[state]
				v.Card = v.Card.Stopped(stop, card.ByPartner, noon)
				if got := nameOf(decideUnstop(v, by)); got != want {
					t.Errorf("%s, %s by the %s: %q, want %q", state, stop, by, got, want)
				}
			}
			retired := states["active"]
			retired.Card = retired.Card.Stopped(stop, card.ByPartner, noon).Close(card.ClosedRetired, noon)
			if got := nameOf(decideUnstop(retired, by)); got != card.IsCanceled.Name() {
				t.Errorf("retired under %s: %q", stop, got)
			}
		}
		if got := nameOf(decideUnstop(activeView(), by)); got != card.IsNotStopped.Name() {
			t.Errorf("not stopped: %q", got)
		}
		fixed := activeView()
		fixed.Card.Block = card.Block{Type: card.BlockOther, By: card.ByIssuer}
		if got := nameOf(decideUnstop(fixed, by)); got != card.StoppedForGood.Name() {
			t.Errorf("a block that nobody lifts: %q", got)
		}
	}
}

func TestChangePIN_EveryStopTimesEveryState(t *testing.T) {
	t.Parallel()
	good, _ := card.ParsePIN("7391", 4, 4)
	weak, _ := card.ParsePIN("4242", 4, 4)
	strict := program.PIN{RejectWeak: true}
	states := cardStates()
	virtual := activeView()
	virtual.Card.Type, virtual.Plastic = card.Virtual, card.Plastic{}
	states["virtual"] = virtual
	for state, want := range map[string]string{
		"active": "", "virtual": "", "ready": card.IsNotActive.Name(), "expired": card.IsNotActive.Name(), "retired": card.IsCanceled.Name(),
		"replaced": card.IsCanceled.Name(), "void": card.IsCanceled.Name(), "its box is canceled": card.IsCanceled.Name(),
	} {
		if got := nameOf(decideChangePIN(states[state], good, strict, noon)); got != want {
			t.Errorf("%s: %q, want %q", state, got, want)
		}
	}
	for _, stop := range card.Stops() {
		want := card.IsNotActive.Name()
		switch {
		case stop.ForGood():
			want = card.StoppedForGood.Name()
		case stop == card.StopPINTries, stop == card.StopOfflinePINTries:
			want = card.PINBlocked.Name()
		}
		v := activeView()
		v.Card = v.Card.Stopped(stop, card.ByPartner, noon)
		if got := nameOf(decideChangePIN(v, good, strict, noon)); got != want {
			t.Errorf("stopped with %s: %q, want %q", stop, got, want)
		}
		if got := nameOf(errOf(decideViewPIN(viewable(v), 0, noon))); got != card.IsNotActive.Name() {
			t.Errorf("view under %s: %q", stop, got)
		}
	}
	if got := nameOf(decideChangePIN(activeView(), weak, strict, noon)); got != "pin_weak new_pin" {
		t.Errorf("the last four of the number: %q", got)
	}
	if got := nameOf(decideChangePIN(activeView(), weak, program.PIN{}, noon)); got != "" {
		t.Errorf("weak PINs are taken: %q", got)
	}
}

func viewable(v card.View) card.View {
	v.Card.PINSealed, v.Card.PINViewable = []byte("sealed"), true
	return v
}

func TestViewPIN_RefusalsInOrder(t *testing.T) {
	t.Parallel()
	// Each step takes away what the one before refused.
	canceled := activeView()
	canceled.Card.FrozenBy = card.ByHolder
	canceled.Card = canceled.Card.Close(card.ClosedRetired, noon)
	frozen := activeView()
	frozen.Card.FrozenBy = card.ByHolder
	kept := activeView()
	kept.Card.PINSealed = []byte("for the bureau")
	for _, c := range []struct {
		view  card.View
		views int
		want  string
	}{
		{canceled, 5, card.IsCanceled.Name()},
		{frozen, 5, card.IsNotActive.Name()},
		{activeView(), 5, card.PINUnset.Name()},
		{kept, 5, card.PINUnset.Name()},
		{viewable(activeView()), 5, card.PINViewTooOften.Name()},
		{viewable(activeView()), 4, ""},
	} {
		if got := nameOf(errOf(decideViewPIN(c.view, c.views, noon))); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// An order with everything wrong: each refusal is told before those that come after it.
func TestNewCard_RefusalsInOrder(t *testing.T) {
	t.Parallel()
	me := ident.CustomerID{UUID: ident.UUID{1}}
	f := newCardFacts{holder: customer.Customer{ID: me, Status: customer.Suspended, Application: customer.Approved}, held: 3}
	step := func(want string, change func()) {
		t.Helper()
		if got := nameOf(decideNewCard(f, 3)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
		change()
	}
	step(customer.NotEligible.Name(), func() { f.holder.Status = customer.Active })
	step(customer.NotEligible.Name(), func() { f.held = 2 })
	step("balance_not_found balance_id", func() {
		f.balance = &account.Account{Owner: ident.CustomerID{UUID: ident.UUID{2}}, Status: account.Inactive}
	})
	step("balance_not_found balance_id", func() { f.balance.Kind, f.parentOwner = account.CompositeChild, me })
	step(account.NotActive.Name(), func() { f.balance.Status = account.Active })
	step(card.DesignNotFound.Name(), func() { f.design = &card.Design{} })
	step("", func() {})
	f.holder.Status, f.balance.Status, f.design = customer.Suspended, account.Inactive, nil
	for _, want := range []string{account.NotActive.Name(), customer.NotEligible.Name(), card.DesignNotFound.Name(), ""} {
		if got := nameOf(decideReorder(f)); got != want {
			t.Errorf("re-order: %q, want %q", got, want)
		}
		switch want {
		case account.NotActive.Name():
			f.balance.Status = account.Active
		case customer.NotEligible.Name():
			f.holder.Status = customer.Active
		case card.DesignNotFound.Name():
			f.design = &card.Design{}
		}
	}
}

func TestHolder_WhoseCardItIs(t *testing.T) {
	t.Parallel()
	nobody, me, other := ident.CustomerID{}, ident.CustomerID{UUID: ident.UUID{1}}, ident.CustomerID{UUID: ident.UUID{2}}
	for _, c := range []struct {
		holder, named ident.CustomerID
		want          string
	}{
		{nobody, nobody, ""},
		{nobody, me, card.NotFound.Name()},
		{me, me, ""},
		{me, other, card.NotFound.Name()},
		{me, nobody, customer.Unnamed.Name()},
	} {
		if got := nameOf(decideHolder(c.holder, c.named)); got != c.want {
			t.Errorf("a card of %v for %v: %q, want %q", c.holder, c.named, got, c.want)
		}
	}
	if holderOf(card.Card{ReservedFor: me}) != me || holderOf(card.Card{ReservedFor: me, Customer: other}) != other {
		t.Error("whom a card was ordered for counts until somebody holds it")
	}
}

func TestParcel_RefusalsInOrder(t *testing.T) {
	t.Parallel()
	v := card.View{Card: card.Card{Type: card.Virtual}}
	policy := program.Policy{NoCourier: true}
	want := func(reason string, virtual bool) {
		t.Helper()
		if got := nameOf(decideParcel(v, virtual, policy)); got != reason {
			t.Errorf("%q, want %q", got, reason)
		}
	}
	want(card.NotPhysical.Name(), false)
	v.Card.Type = card.Physical
	want(card.NotPhysical.Name(), true)
	want(shipment.NotStarted.Name(), false)
	v.Box = shipment.Shipment{ID: ident.ShipmentID{UUID: ident.UUID{1}}, Status: shipment.Draft}
	want(shipment.NotStarted.Name(), false)
	v.Box.Status = shipment.Placed
	want(shipment.NoCourier.Name(), false)
	policy.NoCourier = false
	want("", false)
}

func TestRotate_OnlyActiveLinkedCards(t *testing.T) {
	t.Parallel()
	for state, v := range cardStates() {
		if got := nameOf(decideRotate(v, noon)); got != card.NotLinked.Name() {
			t.Errorf("physical and %s: %q", state, got)
		}
		v.Card.Type, v.Plastic, v.Box = card.Virtual, card.Plastic{}, shipment.Shipment{}
		want := card.IsNotActive.Name()
		if v.Card.Status(noon) == card.Open {
			want = ""
		}
		if got := nameOf(decideRotate(v, noon)); got != want {
			t.Errorf("virtual and %s: %q, want %q", state, got, want)
		}
	}
}

// errOf makes a refusal an error that may be none.
func errOf(e *fault.Error) error {
	if e == nil {
		return nil
	}
	return e
}
