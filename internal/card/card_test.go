package card_test

import (
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/shipment"
)

var now = time.Date(2026, 3, 6, 12, 0, 0, 0, time.UTC)

func TestCard_StatusIsTheFirstMatch(t *testing.T) {
	t.Parallel()
	holder := ident.CustomerID{UUID: ident.UUID{1}}
	// Every combination of the five facts; the want is the first fact that is true.
	for bits := range 1 << 5 {
		var c card.Card
		want := card.Unassigned
		if bits&1 != 0 {
			c.Customer, want = holder, card.Open
		}
		if bits&2 != 0 {
			c.FrozenBy, want = card.ByHolder, card.Frozen
		}
		if bits&4 != 0 {
			c.Block, want = card.Block{Type: card.BlockOther, By: card.ByIssuer}, card.Blocked
		}
		if bits&8 != 0 {
			c.ExpiresAt, want = now, card.Expired
		}
		if bits&16 != 0 {
			c.ClosedAt, want = now, card.Closed
		}
		if got := c.Status(now); got != want {
			t.Errorf("facts %05b: %s, want %s", bits, got, want)
		}
	}
	if got := (card.Card{ExpiresAt: now, Customer: holder}).Status(now.Add(-1)); got != card.Open {
		t.Errorf("a moment before its expiry a card is %s", got)
	}
}

// plasticMoves is the table of the design: every pair that is not here must be refused.
var plasticMoves = map[card.PlasticState]map[card.Step]card.PlasticState{
	card.Planned:      {card.Request: card.Requested, card.Activate: card.Activated, card.Kill: card.Void},
	card.Requested:    {card.Start: card.InProduction, card.Hold: card.OnHold, card.Complete: card.Produced, card.HandOver: card.HandedOver, card.Activate: card.Activated, card.Reject: card.Rejected, card.Cancel: card.Canceled, card.Kill: card.Void},
	card.InProduction: {card.Start: card.InProduction, card.Hold: card.OnHold, card.Complete: card.Produced, card.HandOver: card.HandedOver, card.Activate: card.Activated, card.Reject: card.Rejected, card.Cancel: card.Canceled, card.Kill: card.Void},
	card.OnHold:       {card.Start: card.InProduction, card.Hold: card.OnHold, card.Complete: card.Produced, card.Reject: card.Rejected, card.Cancel: card.Canceled, card.Kill: card.Void},
	card.Produced:     {card.Start: card.Produced, card.Hold: card.OnHold, card.Complete: card.Produced, card.HandOver: card.HandedOver, card.Activate: card.Activated, card.Reject: card.Rejected, card.Cancel: card.Canceled, card.Kill: card.Void},
	card.HandedOver:   {card.HandOver: card.HandedOver, card.Activate: card.Activated, card.Kill: card.Void},
	card.Activated:    {card.Retire: card.Retired},
	card.Rejected:     {card.Request: card.Requested, card.Kill: card.Void},
}

func TestPlasticState_EveryStateTimesEveryStep(t *testing.T) {
	t.Parallel()
	for _, from := range card.PlasticStates() {
		for _, step := range card.Steps() {
			want, legal := plasticMoves[from][step]
			if !legal {
				want = from
			}
			if got, ok := from.Move(step); got != want || ok != legal {
				t.Errorf("%s + %s: %s (legal %v), want %s (legal %v)", from, step, got, ok, want, legal)
			}
		}
	}
}

func TestPhysicalStatus_EveryRowOfTheContract(t *testing.T) {
	t.Parallel()
	physical := card.Card{Type: card.Physical}
	closed := card.Card{Type: card.Physical, ClosedAt: now}
	piece := func(s card.PlasticState) card.Plastic { return card.Plastic{State: s} }
	stock := card.Plastic{State: card.Requested, Custody: card.CustodyStock}
	for _, c := range []struct {
		row  string
		card card.Card
		p    card.Plastic
		box  shipment.Status
		want card.PhysicalState
	}{
		{"1 virtual", card.Card{Type: card.Virtual}, piece(card.Planned), "", card.NoPhysical},
		{"2 activated", physical, card.Plastic{State: card.Activated, ActivatedAt: now}, shipment.Lost, card.PhysicalActivated},
		{"2 retired later", physical, card.Plastic{State: card.Retired, ActivatedAt: now}, "", card.PhysicalActivated},
		{"2 activated, then closed", closed, card.Plastic{State: card.Activated, ActivatedAt: now}, "", card.PhysicalActivated},
		{"3 canceled", physical, piece(card.Canceled), shipment.InTransit, card.PhysicalCanceled},
		{"3 void", physical, piece(card.Void), "", card.PhysicalCanceled},
		{"3 closed", closed, piece(card.HandedOver), shipment.Delivered, card.PhysicalCanceled},
		{"4 rejected", physical, piece(card.Rejected), "", card.PhysicalNotOrdered},
		{"5 on hold, the box left", physical, piece(card.OnHold), shipment.InTransit, card.PhysicalInProduction},
		{"6 box canceled", physical, piece(card.Requested), shipment.Canceled, card.PhysicalCanceled},
		{"7 returned", physical, piece(card.HandedOver), shipment.Returned, card.PhysicalDeliveryFailed},
		{"7 failed, holder said to have it", physical, card.Plastic{State: card.HandedOver, Custody: card.CustodyHolder}, shipment.DeliveryFailed, card.PhysicalDeliveryFailed},
		{"8 lost", physical, piece(card.HandedOver), shipment.Lost, card.PhysicalException},
		{"8 exception", physical, piece(card.HandedOver), shipment.Exception, card.PhysicalException},
		{"9 delivered", physical, piece(card.HandedOver), shipment.Delivered, card.PhysicalDelivered},
		{"10 in stock", physical, stock, "", card.PhysicalDelivered},
		{"10 in stock does not look past a box", physical, stock, shipment.Placed, card.PhysicalRequested},
		{"11 out for delivery", physical, piece(card.HandedOver), shipment.OutForDelivery, card.PhysicalOutForDelivery},
		{"12 in transit", physical, piece(card.HandedOver), shipment.InTransit, card.PhysicalInTransit},
		{"13 produced", physical, piece(card.Produced), shipment.ReadyToShip, card.PhysicalProduced},
		{"13 handed over, no box", physical, piece(card.HandedOver), "", card.PhysicalProduced},
		{"14 in production", physical, piece(card.InProduction), shipment.InProduction, card.PhysicalInProduction},
		{"15 requested", physical, piece(card.Requested), shipment.Placed, card.PhysicalRequested},
		{"16 planned", physical, piece(card.Planned), "", card.PhysicalNotOrdered},
		{"16 planned, in a draft", physical, piece(card.Planned), shipment.Draft, card.PhysicalNotOrdered},
	} {
		if got := card.PhysicalStatus(c.card, c.p, c.box); got != c.want {
			t.Errorf("row %s: %q, want %q", c.row, got, c.want)
		}
	}
}

func TestLuhn(t *testing.T) {
	t.Parallel()
	for digits, want := range map[string]byte{"7992739871": '3', "424242424242424": '2', "555555555555444": '4'} {
		if got := card.Luhn(digits); got != want {
			t.Errorf("%s: %c, want %c", digits, got, want)
		}
	}
}
