package issuance

import (
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/shipment"
)

// held is a card in somebody's hand, changed.
func held(change ...func(*card.View)) CardAt {
	v := card.View{
		Card:    card.Card{Type: card.Physical, Customer: ident.CustomerID{UUID: ident.UUID{1}}, ExpiresAt: noon.Add(time.Hour)},
		Plastic: card.Plastic{ID: ident.PlasticID{UUID: ident.UUID{2}}, State: card.Activated, ActivatedAt: noon.Add(-time.Hour)},
		Box:     shipment.Shipment{Status: shipment.Delivered},
	}
	for _, c := range change {
		c(&v)
	}
	return CardAt{v, noon}
}

// sent is a plastic that was never activated, in that state and box.
func sent(state card.PlasticState, box shipment.Status, why card.VoidReason) func(*card.View) {
	return func(v *card.View) {
		v.Plastic.State, v.Plastic.ActivatedAt, v.Plastic.VoidReason, v.Box.Status = state, time.Time{}, why, box
	}
}

// late is a plastic to come that expires then.
func late(at time.Time) *card.Piece {
	return &card.Piece{Plastic: card.Plastic{State: card.HandedOver, Link: card.Link{ExpiresAt: at}}}
}

func successor(v *card.View) { v.Plastic.Link.Supersedes = ident.PlasticID{UUID: ident.UUID{9}} }

func TestReissue_EachStateHasAnAnswer(t *testing.T) {
	t.Parallel()
	all := append(ReissueCauses(), ReissueRenewal)
	// What each cause answers, in the order of all: damaged, name_change, named, design_change, returned, renewal.
	same := func(s string) []string { return []string{s, s, s, s, s, s} }
	but := func(s, returned, renewal string) []string { return []string{s, s, s, s, returned, renewal} }
	const back = "shipment_not_returned"
	for name, tc := range map[string]struct {
		v    CardAt
		want []string
	}{
		"in use":                     {held(), but("", back, "")},
		"retired":                    {held(func(v *card.View) { v.Plastic.State = card.Retired }), but("", back, "")},
		"frozen":                     {held(func(v *card.View) { v.Card.FrozenBy = card.ByHolder }), but("", back, "")},
		"stopped as damaged":         {held(func(v *card.View) { v.Card = v.Card.Stopped(card.StopDamaged, card.ByPartner, noon) }), but("", back, "")},
		"expired":                    {held(func(v *card.View) { v.Card.ExpiresAt = noon }), but("expired", "expired", "")},
		"virtual":                    {held(func(v *card.View) { v.Card.Type = card.Virtual }), same("not_physical")},
		"nobody's":                   {held(func(v *card.View) { v.Card.Customer = ident.CustomerID{} }), same("card_operation_not_allowed")},
		"closed":                     {held(func(v *card.View) { v.Card = v.Card.Close(card.ClosedRetired, noon) }), same("canceled")},
		"lost":                       {held(func(v *card.View) { v.Card = v.Card.Stopped(card.StopLost, card.ByPartner, noon) }), same("already_stopped")},
		"known to others":            {held(func(v *card.View) { v.Card = v.Card.Stopped(card.StopFraudConfirmed, card.ByPartner, noon) }), same("already_stopped")},
		"another one is under way":   {held(func(v *card.View) { v.Next = &card.Piece{} }), same("successor_underway")},
		"the next one was lost":      {held(func(v *card.View) { v.NextLost = true }), but("lost_in_transit", back, "lost_in_transit")},
		"the next one came too late": {held(func(v *card.View) { v.Card.ExpiresAt, v.Next = noon, &card.Piece{} }), but("expired", "expired", "")},
		"the next one brings time":   {held(func(v *card.View) { v.Card.ExpiresAt, v.Next = noon, late(noon.Add(1)) }), but("expired", "expired", "successor_underway")},
		"and it has run out too":     {held(func(v *card.View) { v.Card.ExpiresAt, v.Next = noon.Add(-1), late(noon) }), but("expired", "expired", "")},
		"a successor came too late": {
			held(sent(card.HandedOver, shipment.InTransit, ""), successor, func(v *card.View) { v.Card.ExpiresAt = noon }), but("expired", "expired", ""),
		},
		"never sent":                {held(sent(card.Planned, "", "")), but("", back, "")},
		"on its way":                {held(sent(card.HandedOver, shipment.InTransit, "")), but("", back, "")},
		"came back":                 {held(sent(card.HandedOver, shipment.Returned, "")), same("")},
		"came back and destroyed":   {held(sent(card.Void, shipment.Returned, card.VoidDestroyed)), same("")},
		"lost on its way":           {held(sent(card.HandedOver, shipment.Lost, "")), but("lost_in_transit", back, "lost_in_transit")},
		"void as lost":              {held(sent(card.Void, "", card.VoidLost)), but("lost_in_transit", back, "lost_in_transit")},
		"canceled":                  {held(sent(card.Canceled, shipment.Canceled, "")), but("canceled", back, "canceled")},
		"in a canceled box":         {held(sent(card.Produced, shipment.Canceled, "")), but("canceled", back, "canceled")},
		"rejected":                  {held(sent(card.Rejected, "", "")), but("", back, "")},
		"a successor on its way":    {held(sent(card.HandedOver, shipment.InTransit, ""), successor), but("successor_underway", back, "successor_underway")},
		"a successor that is void":  {held(sent(card.Void, "", card.VoidCanceled), successor), but("", back, "")},
		"a successor that was lost": {held(sent(card.HandedOver, shipment.Lost, ""), successor), but("lost_in_transit", back, "lost_in_transit")},
		"a successor came back":     {held(sent(card.HandedOver, shipment.Returned, ""), successor), same("")},
		"a successor is canceled":   {held(sent(card.Canceled, shipment.Canceled, ""), successor), but("", back, "")},
	} {
		for i, why := range all {
			if got := nameOf(decideReissue(tc.v, why, "")); got != tc.want[i] {
				t.Errorf("%s, %s: %q, want %q", name, why, got, tc.want[i])
			}
		}
	}
}

func TestReissue_OnlyWhatIsInUseDiesLater(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		v    CardAt
		used bool
	}{
		"in use":          {held(), true},
		"before its date": {held(func(v *card.View) { v.Plastic.RetiresAt = noon.Add(1) }), true},
		"on its date":     {held(func(v *card.View) { v.Plastic.RetiresAt = noon }), false},
		"retired":         {held(func(v *card.View) { v.Plastic.State = card.Retired }), false},
		"on its way":      {held(sent(card.HandedOver, shipment.InTransit, "")), false},
	} {
		for _, retire := range append(card.RetireSources(), "") {
			later := retire == card.RetireOnActivation || retire == card.RetireOnDate
			want := ""
			if later && !tc.used {
				want = "card_operation_not_allowed"
			}
			if got := nameOf(decideReissue(tc.v, ReissueDamaged, retire)); got != want {
				t.Errorf("%s, dies %q: %q, want %q", name, retire, got, want)
			}
		}
	}
}

// TestReissue_IsListedWhereItWouldBeDone: in every state, the actions that are listed are those whose commands do not refuse.
func TestReissue_IsListedWhereItWouldBeDone(t *testing.T) {
	t.Parallel()
	listed := map[Action]int{}
	eachStanding(func(name string, st Standing) {
		eligible := st.Holder != nil && st.Holder.Eligible()
		want := map[Action]bool{ToRenew: eligible && decideReissue(st.CardAt, ReissueRenewal, "") == nil}
		for _, why := range ReissueCauses() {
			want[ToReissue] = want[ToReissue] || eligible && decideReissue(st.CardAt, why, "") == nil
		}
		got := map[Action]bool{}
		for _, a := range st.Allowed() {
			got[a] = true
		}
		for a := range want {
			if got[a] != want[a] || (st.Barred(a) == nil) != want[a] {
				t.Fatalf("%s: %s is listed %v, barred by %v, want %v", name, a, got[a], st.Barred(a), want[a])
			}
			if got[a] {
				listed[a]++
			}
		}
	})
	if listed[ToReissue] == 0 || listed[ToRenew] <= listed[ToReissue] {
		t.Errorf("listed: %v; an expired card is renewed and not reissued", listed)
	}
	st := Standing{CardAt: held(), Holder: &customer.Customer{}}
	if nameOf(st.Barred(ToReissue)) != customer.NotEligible.Name() {
		t.Errorf("for a holder who is not eligible: %v", st.Barred(ToReissue))
	}
}
