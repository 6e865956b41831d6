package card_test

import (
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/shipment"
)

// stopTable is the table of the debit contract (§6): level, whether the holder lifts it, whether it closes.
var stopTable = map[card.Stop]struct {
	level       int
	holderLifts bool
	status      card.Status // of an open card under it
}{
	card.StopLost:            {5, false, card.Blocked},
	card.StopStolen:          {5, false, card.Blocked},
	card.StopQuery:           {2, true, card.Blocked},
	card.StopConsolidated:    {5, false, card.Closed},
	card.StopInactive:        {2, true, card.Blocked},
	card.StopPINTries:        {3, false, card.Blocked},
	card.StopSuspectedFraud:  {4, false, card.Blocked},
	card.StopReplaced:        {5, false, card.Closed},
	card.StopReissued:        {5, false, card.Closed},
	card.StopScheduled:       {2, true, card.Blocked},
	card.StopOfflinePINTries: {3, false, card.Blocked},
	card.StopFrozenByHolder:  {1, true, card.Frozen},
	card.StopFrozenByProgram: {2, false, card.Frozen},
	card.StopArrears:         {2, false, card.Blocked},
	card.StopDamaged:         {3, false, card.Blocked},
	card.StopCompliance:      {4, false, card.Blocked},
	card.StopAccountClosed:   {5, false, card.Closed},
	card.StopFraudConfirmed:  {5, false, card.Closed},
}

func TestStops_AreTheTableOfTheContract(t *testing.T) {
	t.Parallel()
	if len(card.Stops()) != len(stopTable) {
		t.Errorf("%d stops, want %d", len(card.Stops()), len(stopTable))
	}
	for s, want := range stopTable {
		c := card.Card{PINSealed: []byte("sealed"), PINViewable: true}.Stopped(s, card.ByPartner, now)
		if s.Level() != want.level || s.HolderLifts() != want.holderLifts || s.ForGood() != (want.level == 5) {
			t.Errorf("%s: level %d, the holder lifts %v", s, s.Level(), s.HolderLifts())
		}
		if got := c.Status(now); got != want.status || s.Closes() != (want.status == card.Closed) {
			t.Errorf("%s: the card is %s, want %s", s, got, want.status)
		}
		if c.Stop() != s {
			t.Errorf("%s reads back as %s", s, c.Stop())
		}
		if c.Block != (card.Block{}) && c.Block.Liftable == s.ForGood() {
			t.Errorf("%s: liftable is %v", s, c.Block.Liftable)
		}
		if closed := c.Status(now) == card.Closed; closed != (c.PINSealed == nil) || closed == c.PINViewable {
			t.Errorf("%s: closed %v with the PIN kept %v", s, closed, c.PINSealed != nil)
		}
		if s.ForGood() {
			continue
		}
		if lifted := c.Lifted(); lifted.Stop() != card.StopNone || lifted.Status(now) != card.Unassigned {
			t.Errorf("%s: lifted it is %s, %s", s, lifted.Stop(), lifted.Status(now))
		}
	}
	if card.StopNone.Level() != 0 || (card.Card{}).Stop() != card.StopNone {
		t.Error("a card without a stop has one")
	}
}

// Whatever stood before, the new stop is the only one: of a weaker one nothing is left.
func TestStopped_TakesThePlaceOfAnyStop(t *testing.T) {
	t.Parallel()
	for before := range stopTable {
		if before.ForGood() {
			continue
		}
		for after, want := range stopTable {
			c := card.Card{}.Stopped(before, card.ByHolder, now).Stopped(after, card.ByPartner, now)
			if c.Stop() != after || c.Status(now) != want.status {
				t.Errorf("%s after %s: %s, %s", after, before, c.Stop(), c.Status(now))
			}
		}
	}
}

// What other doors set has a stop too: the strongest counts.
func TestStop_OfFactsThatOtherDoorsSet(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		card card.Card
		want card.Stop
	}{
		"frozen by the holder":    {card.Card{FrozenBy: card.ByHolder}, card.StopFrozenByHolder},
		"frozen by the programme": {card.Card{FrozenBy: card.ByPartner}, card.StopFrozenByProgram},
		"frozen by the issuer":    {card.Card{FrozenBy: card.ByIssuer}, card.StopSuspectedFraud},
		"blocked by the partner":  {card.Card{Block: card.Block{Type: card.BlockByPartner, By: card.ByPartner}}, card.StopFrozenByProgram},
		"blocked by the issuer":   {card.Card{Block: card.Block{Type: card.BlockOther, By: card.ByIssuer}}, card.StopSuspectedFraud},
		"fraud is certain":        {card.Card{Block: card.Block{Type: card.BlockFraudConfirmed, By: card.ByIssuer}}, card.StopSuspectedFraud},
		"too many PINs":           {card.Card{Block: card.Block{Type: card.BlockPINTries, By: card.ByIssuer}}, card.StopPINTries},
		"a block over a freeze":   {card.Card{FrozenBy: card.ByHolder, Block: card.Block{Type: card.BlockPINTries}}, card.StopPINTries},
		"a freeze over a block":   {card.Card{FrozenBy: card.ByIssuer, Block: card.Block{Type: card.BlockByPartner}}, card.StopSuspectedFraud},
		"reported lost":           {card.Card{ReportedAs: card.ClosedLost}, card.StopLost},
		"closed as stolen":        {card.Card{ClosedAt: now, ClosedReason: card.ClosedStolen}, card.StopStolen},
		"retired":                 {card.Card{ClosedAt: now, ClosedReason: card.ClosedRetired}, card.StopNone},
	} {
		if got := c.card.Stop(); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	both := card.Card{FrozenBy: card.ByHolder, Block: card.Block{Type: card.BlockByPartner, By: card.ByPartner, Liftable: true}}
	if got := both.Lifted(); got.Stop() != card.StopFrozenByHolder {
		t.Errorf("under the block lies %q", got.Stop())
	}
}

func TestView_CanceledAndStopped(t *testing.T) {
	t.Parallel()
	void := func(why card.VoidReason) card.Plastic { return card.Plastic{State: card.Void, VoidReason: why} }
	lost := card.Card{}.Stopped(card.StopLost, card.ByHolder, now)
	for name, c := range map[string]struct {
		view     card.View
		canceled bool
		stop     card.Stop
	}{
		"living":                          {card.View{Plastic: card.Plastic{State: card.HandedOver}}, false, card.StopNone},
		"void":                            {card.View{Plastic: void(card.VoidCanceled)}, true, card.StopNone},
		"void, superseded":                {card.View{Plastic: void(card.VoidSuperseded)}, true, card.StopNone},
		"canceled at the bureau":          {card.View{Plastic: card.Plastic{State: card.Canceled}}, true, card.StopNone},
		"its box is canceled":             {card.View{Box: shipment.Shipment{Status: shipment.Canceled}}, true, card.StopNone},
		"its box is canceled, in hand":    {card.View{Plastic: card.Plastic{State: card.Activated, ActivatedAt: now}, Box: shipment.Shipment{Status: shipment.Canceled}}, false, card.StopNone},
		"void because it was stolen":      {card.View{Plastic: void(card.VoidRepStolen)}, false, card.StopStolen},
		"lost":                            {card.View{Card: lost, Plastic: void(card.VoidRepLost)}, false, card.StopLost},
		"lost and retired":                {card.View{Card: lost.Close(card.ClosedRetired, now), Plastic: void(card.VoidRepLost)}, true, card.StopLost},
		"closed by a stop":                {card.View{Card: card.Card{}.Stopped(card.StopReplaced, card.ByPartner, now), Plastic: void(card.VoidCanceled)}, false, card.StopReplaced},
		"superseded":                      {card.View{Card: card.Card{ClosedAt: now, ClosedReason: card.ClosedReplaced}}, true, card.StopNone},
		"blocked, and void before it was": {card.View{Card: card.Card{}.Stopped(card.StopQuery, card.ByHolder, time.Time{}), Plastic: void(card.VoidDestroyed)}, true, card.StopQuery},
	} {
		if got := c.view.Canceled(); got != c.canceled || c.view.Stop() != c.stop {
			t.Errorf("%s: canceled %v, stop %q", name, got, c.view.Stop())
		}
	}
}
