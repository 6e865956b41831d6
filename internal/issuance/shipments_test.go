package issuance

import (
	"slices"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/shipment"
)

// boxWithPlastics is a box at the bureau whose members have plastics of these states, numbered from 1.
func boxWithPlastics(st shipment.Status, plastics ...card.PlasticState) card.Box {
	box := card.Box{Shipment: shipment.Shipment{ID: ident.ShipmentID{UUID: ident.UUID{99}}, Kind: shipment.OfCards, Status: st}}
	for i, state := range plastics {
		n := byte(i + 1)
		p := card.Plastic{ID: ident.PlasticID{UUID: ident.UUID{n}}, State: state, Shipment: box.Shipment.ID, Guard: card.Guard{State: card.Armed, CodeHash: []byte{1}, CodeSealed: []byte{1}}}
		if state == card.Activated {
			p.ActivatedAt, p.Guard = noon, p.Guard.Consume()
		}
		box.Packed = append(box.Packed, card.Packed{
			Member:  shipment.Member{ID: ident.MemberID{UUID: ident.UUID{n}}, Shipment: box.Shipment.ID, Card: ident.CardID{UUID: ident.UUID{n}}, Plastic: p.ID},
			Plastic: p,
		})
	}
	return box
}

func statesOf(box card.Box) []card.PlasticState {
	var out []card.PlasticState
	for _, p := range box.Packed {
		out = append(out, p.Plastic.State)
	}
	return out
}

func TestMember_EveryPlasticState(t *testing.T) {
	t.Parallel()
	causes := map[card.PlasticState]string{
		card.Planned: "", card.Rejected: "", card.Requested: "ALREADY_ORDERED", card.InProduction: "ALREADY_ORDERED", card.OnHold: "ALREADY_ORDERED",
		card.Produced: "ALREADY_ORDERED", card.HandedOver: "ALREADY_ORDERED", card.Activated: "ACTIVATED", card.Retired: "ACTIVATED",
		card.Canceled: "CANCELED", card.Void: "CANCELED",
	}
	for _, st := range card.PlasticStates() {
		v := card.View{Card: cardsByStatus()[card.Frozen], Plastic: card.Plastic{State: st}}
		if got := unshippable(v, true, noon); got != causes[st] {
			t.Errorf("%s: %q, want %q", st, got, causes[st])
		}
	}
	for st, want := range map[card.Status]string{
		card.Open: "", card.Frozen: "", card.Blocked: "BLOCKED", card.Expired: "EXPIRED", card.Closed: "CANCELED", card.Unassigned: "",
	} {
		if got := unshippable(card.View{Card: cardsByStatus()[st], Plastic: card.Plastic{State: card.Planned}}, true, noon); got != want {
			t.Errorf("%s: %q, want %q", st, got, want)
		}
	}
}

// TestMember_TheFirstThingWrongAnswers makes everything wrong and repairs it from the front.
func TestMember_TheFirstThingWrongAnswers(t *testing.T) {
	t.Parallel()
	asked := ident.CardID{UUID: ident.UUID{5}}
	f := memberFacts{held: true, heldBy: ident.ShipmentID{UUID: ident.UUID{6}}, design: designChoice{named: true}}
	f.view = card.View{Card: card.Card{Type: card.Virtual}, Plastic: card.Plastic{State: card.Planned}}
	for _, step := range []struct {
		want   string
		repair func()
	}{
		{"card_not_found", func() { f.found = true }},
		{"card_not_found", func() { f.view.Card.Customer = ident.CustomerID{UUID: ident.UUID{1}} }},
		{"card_type_not_supported", func() { f.view.Card.Type = card.Physical }},
		{"card_not_shippable", func() { f.eligible = true }},
		{"card_already_in_shipment", func() { f.held = false }},
		{"design_not_found", func() { f.design.design = &card.Design{Types: []card.Type{card.Physical}} }},
		{"design_not_usable INACTIVE", func() { f.design.design.Active = true }},
		{"", func() {}},
	} {
		if got := nameOf(decideMember(asked, f, noon)); got != step.want {
			t.Fatalf("%q, want %q", got, step.want)
		}
		step.repair()
	}
}

func TestSubmit_PutsBothSidesRefusalsTogether(t *testing.T) {
	t.Parallel()
	box := boxWithPlastics(shipment.Draft, card.Planned, card.Planned)
	first, second := box.Packed[0].Member.ID, box.Packed[1].Member.ID
	down := &fault.Error{Reason: shipment.BureauDown}
	type refusals = map[ident.MemberID]string
	for name, c := range map[string]struct {
		own     refusals
		word    bureauWord
		refused int
		no      string
	}{
		"all accepted":                         {refusals{}, bureauWord{}, 0, ""},
		"one by us":                            {refusals{first: refusedBlocked}, bureauWord{}, 1, ""},
		"one by the bureau":                    {refusals{}, bureauWord{refused: refusals{second: refusedByBureau}}, 1, ""},
		"one by each":                          {refusals{first: refusedBlocked}, bureauWord{refused: refusals{second: refusedByBureau}}, 0, "shipment_rejected"},
		"all by us, before the bureau's fault": {refusals{first: refusedBlocked, second: refusedExpired}, bureauWord{down: down}, 0, "shipment_rejected"},
		"the bureau is down":                   {refusals{first: refusedBlocked}, bureauWord{down: down}, 0, "bureau_unavailable"},
		"ours is told, not the bureau's":       {refusals{first: refusedBlocked}, bureauWord{refused: refusals{first: refusedByBureau}}, 1, ""},
	} {
		refused, err := decideSubmit(box, c.own, c.word)
		if nameOf(err) != c.no || len(refused) != c.refused {
			t.Errorf("%s: %v, %v", name, refused, err)
		}
		if name == "ours is told, not the bureau's" && refused[first] != refusedBlocked {
			t.Errorf("%s: %q", name, refused[first])
		}
	}
}

func TestProduction_EveryPlasticStateTimesEveryStep(t *testing.T) {
	t.Parallel()
	at := map[card.PlasticState]map[card.Step]card.PlasticState{
		card.Requested:    {card.Start: card.InProduction, card.Complete: card.Produced, card.Hold: card.OnHold, card.Cancel: card.Canceled, card.Reject: card.Rejected},
		card.InProduction: {card.Start: card.InProduction, card.Complete: card.Produced, card.Hold: card.OnHold, card.Cancel: card.Canceled, card.Reject: card.Rejected},
		card.OnHold:       {card.Start: card.InProduction, card.Complete: card.Produced, card.Hold: card.OnHold, card.Cancel: card.Canceled, card.Reject: card.Rejected},
		card.Produced:     {card.Start: card.Produced, card.Complete: card.Produced, card.Hold: card.OnHold, card.Cancel: card.Canceled, card.Reject: card.Rejected},
	}
	box := map[card.PlasticState]shipment.Status{
		card.InProduction: shipment.InProduction, card.OnHold: shipment.InProduction, card.Produced: shipment.ReadyToShip,
		card.Canceled: shipment.Canceled, card.Rejected: shipment.Canceled,
	}
	for _, st := range card.PlasticStates() {
		for _, step := range []card.Step{card.Start, card.Complete, card.Hold, card.Cancel, card.Reject} {
			change, err := decideProduction(boxWithPlastics(shipment.Placed, st), step, nil, nil, noon)
			want, legal := at[st][step]
			if !legal {
				if nameOf(err) != "simulation_invalid_state TOO_LATE" {
					t.Errorf("%s of %s: %v", step, st, err)
				}
				continue
			}
			if err != nil || change.after.Packed[0].Plastic.State != want || change.after.Shipment.Status != box[want] {
				t.Errorf("%s of %s: %s in %s, %v", step, st, change.after.Packed[0].Plastic.State, change.after.Shipment.Status, err)
			}
		}
	}
}

func TestProduction_RollsUpOverTheLivingMembers(t *testing.T) {
	t.Parallel()
	ids := func(ns ...byte) (out []ident.CardID) {
		for _, n := range ns {
			out = append(out, ident.CardID{UUID: ident.UUID{n}})
		}
		return out
	}
	for name, c := range map[string]struct {
		start shipment.Status
		have  []card.PlasticState
		step  card.Step
		only  []ident.CardID
		want  shipment.Status
		no    string
	}{
		"one begins":                          {shipment.Placed, []card.PlasticState{card.Requested, card.Requested}, card.Start, ids(1), shipment.InProduction, ""},
		"one of two is made":                  {shipment.Placed, []card.PlasticState{card.Requested, card.Requested}, card.Complete, ids(1), shipment.InProduction, ""},
		"the last living one is made":         {shipment.InProduction, []card.PlasticState{card.Produced, card.InProduction, card.Canceled}, card.Complete, ids(2), shipment.ReadyToShip, ""},
		"the last unfinished one is canceled": {shipment.InProduction, []card.PlasticState{card.Produced, card.OnHold}, card.Cancel, ids(2), shipment.ReadyToShip, ""},
		"the last living one is refused":      {shipment.Placed, []card.PlasticState{card.Requested, card.Void}, card.Reject, nil, shipment.Canceled, ""},
		"a card of another box":               {shipment.Placed, []card.PlasticState{card.Requested}, card.Start, ids(9), "", "simulation_invalid_state NO_SHIPMENT"},
		"one that is past it stops all":       {shipment.InTransit, []card.PlasticState{card.OnHold, card.HandedOver}, card.Complete, nil, "", "simulation_invalid_state TOO_LATE"},
		"one that was canceled":               {shipment.Placed, []card.PlasticState{card.Requested, card.Canceled}, card.Start, ids(2), "", "simulation_invalid_state TOO_LATE"},
	} {
		change, err := decideProduction(boxWithPlastics(c.start, c.have...), c.step, c.only, nil, noon)
		if nameOf(err) != c.no || (err == nil && change.after.Shipment.Status != c.want) {
			t.Errorf("%s: %s, %v", name, change.after.Shipment.Status, err)
		}
	}
}

func TestProduction_ALaterRefusalFreesTheCard(t *testing.T) {
	t.Parallel()
	box := boxWithPlastics(shipment.Placed, card.Requested, card.Requested)
	box.Packed[0].Member.Address.Line2 = rejectLater
	for _, step := range []card.Step{card.Start, card.Complete, card.Hold} {
		change, err := decideProduction(box, step, nil, nil, noon)
		p := change.after.Packed[0]
		if err != nil || p.Plastic.State != card.Rejected || !p.Plastic.Shipment.IsZero() || p.Plastic.Guard.CodeHash != nil ||
			!p.Member.RejectedAt.Equal(noon) || p.Member.RejectionReason != refusedByBureau {
			t.Errorf("%s: %+v, %v", step, p, err)
		}
	}
	change, _ := decideScan(box, RecordScan{Status: shipment.InTransit}, shipment.Scan{Key: "a", Status: shipment.InTransit, At: noon}, nil, noon)
	if got := statesOf(change.after); !slices.Equal(got, []card.PlasticState{card.Rejected, card.HandedOver}) || change.after.Shipment.Status != shipment.InTransit {
		t.Errorf("a jump past production: %v, %s", got, change.after.Shipment.Status)
	}
}

// scanAll records scans one by one, as RecordScan does.
func scanAll(t *testing.T, box card.Box, scans ...shipment.Scan) card.Box {
	t.Helper()
	var have []shipment.Scan
	for _, s := range scans {
		change, err := decideScan(box, RecordScan{Status: s.Status}, s, have, noon)
		if err != nil {
			t.Fatalf("%s at %v: %v", s.Status, s.At, err)
		}
		have = append(have, s)
		box = change.after
	}
	return box
}

func TestScans_EveryOrderGivesTheSameEnd(t *testing.T) {
	t.Parallel()
	at := func(st shipment.Status, minute int) shipment.Scan {
		when := noon.Add(time.Duration(minute) * time.Minute)
		return RecordScan{Status: st, At: when}.scan(noon)
	}
	scans := []shipment.Scan{at(shipment.InTransit, 1), at(shipment.DeliveryFailed, 2), at(shipment.OutForDelivery, 3), at(shipment.Delivered, 4)}
	scans = append(scans, scans[1]) // one is repeated
	arrived := scans[3].At
	orders := 0
	permute(scans, func(order []shipment.Scan) {
		orders++
		end := scanAll(t, boxWithPlastics(shipment.Placed, card.Requested, card.OnHold, card.Produced), order...)
		if end.Shipment.Status != shipment.Delivered || !end.Shipment.DeliveredAt.Equal(arrived) {
			t.Errorf("%v: %s at %v", order, end.Shipment.Status, end.Shipment.DeliveredAt)
		}
		if got := statesOf(end); !slices.Equal(got, []card.PlasticState{card.HandedOver, card.OnHold, card.HandedOver}) {
			t.Errorf("%v: %v", order, got)
		}
	})
	if orders != 120 {
		t.Errorf("%d orders", orders)
	}
}

func permute(all []shipment.Scan, yield func([]shipment.Scan)) {
	var walk func(int)
	walk = func(k int) {
		if k == len(all) {
			yield(slices.Clone(all))
			return
		}
		for i := k; i < len(all); i++ {
			all[k], all[i] = all[i], all[k]
			walk(k + 1)
			all[k], all[i] = all[i], all[k]
		}
	}
	walk(0)
}

func TestScan_EveryStateTimesTheBureausSteps(t *testing.T) {
	t.Parallel()
	for _, st := range shipment.Statuses() {
		if st == shipment.Draft {
			continue // refused before: NOT_SUBMITTED
		}
		for _, step := range []shipment.Status{shipment.ReadyToShip, shipment.Canceled} {
			late := step == shipment.ReadyToShip && st != shipment.Placed && st != shipment.InProduction && st != shipment.ReadyToShip ||
				step == shipment.Canceled && st.Ended()
			if isTooLate(st, step) != late {
				t.Errorf("%s in %s: too late is %v", step, st, !late)
			}
		}
		for _, scan := range []shipment.Status{shipment.InTransit, shipment.OutForDelivery, shipment.Delivered, shipment.DeliveryFailed, shipment.Exception, shipment.Returned, shipment.Lost} {
			if isTooLate(st, scan) {
				t.Errorf("a courier's %s in %s is too late", scan, st)
			}
		}
	}
}

func TestScan_CancelEndsTheBoxAndItsCodes(t *testing.T) {
	t.Parallel()
	box := boxWithPlastics(shipment.InTransit, card.HandedOver, card.OnHold, card.Activated)
	arrived := shipment.Scan{Key: "a", Status: shipment.InTransit, At: noon.Add(-time.Hour)}
	change, err := decideScan(box, RecordScan{Status: shipment.Canceled}, shipment.Scan{Key: "b", Status: shipment.Canceled, At: noon}, []shipment.Scan{arrived}, noon)
	if err != nil || change.after.Shipment.Status != shipment.Canceled {
		t.Fatalf("%s, %v", change.after.Shipment.Status, err)
	}
	if got := statesOf(change.after); !slices.Equal(got, []card.PlasticState{card.Void, card.Canceled, card.Activated}) {
		t.Errorf("%v", got)
	}
	for i, p := range change.after.Packed {
		if p.Plastic.Guard.CodeSealed != nil {
			t.Errorf("member %d keeps its code", i)
		}
	}
	late, err := decideScan(change.after, RecordScan{Status: shipment.Delivered}, shipment.Scan{Key: "c", Status: shipment.Delivered, At: noon.Add(-time.Minute)}, []shipment.Scan{arrived}, noon)
	if err != nil || late.after.Shipment.Status != shipment.Canceled {
		t.Errorf("a scan moved a canceled shipment to %s, %v", late.after.Shipment.Status, err)
	}
}

func TestScan_OneCardOfSeveralMovesNoBox(t *testing.T) {
	t.Parallel()
	cmd := RecordScan{Target: Target{Card: ident.CardID{UUID: ident.UUID{1}}}, Status: shipment.InTransit}
	for want, box := range map[string]card.Box{
		"simulation_invalid_state SEVERAL_CARDS": boxWithPlastics(shipment.Placed, card.Requested, card.Requested),
		"":                                       boxWithPlastics(shipment.Placed, card.Requested, card.Canceled),
	} {
		if _, err := decideScan(box, cmd, cmd.scan(noon), nil, noon); nameOf(err) != want {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestDelete_VoidsWhatWasNotActivated(t *testing.T) {
	t.Parallel()
	stays := []card.PlasticState{card.Activated, card.Retired, card.Canceled, card.Void}
	for _, st := range card.PlasticStates() {
		p := boxWithPlastics(shipment.Placed, st).Packed[0].Plastic
		c, after := card.Card{}.Close(card.ClosedDeleted, noon), killPlastic(p, card.VoidCanceled)
		want := card.Void
		if slices.Contains(stays, st) {
			want = st
		}
		if !c.Deleted() || after.State != want || after.Guard.CodeSealed != nil || after.Guard.CodeHash != nil {
			t.Errorf("%s: %+v", st, after)
		}
	}
	for start, want := range map[shipment.Status]shipment.Status{
		shipment.Placed: shipment.Canceled, shipment.ReadyToShip: shipment.Canceled, shipment.InTransit: shipment.InTransit, shipment.Delivered: shipment.Delivered,
	} {
		box := boxWithPlastics(start, card.Requested)
		dead := killPlastic(box.Packed[0].Plastic, card.VoidCanceled)
		if got := unpack(box, dead, nil, noon).after.Shipment.Status; got != want {
			t.Errorf("the only card of a box that is %s: %s, want %s", start, got, want)
		}
	}
}

func TestOrder_CausesOfOurOwn(t *testing.T) {
	t.Parallel()
	p := program.Program{Policy: program.Policy{ShippingCountries: []string{"MX"}}}
	design := card.Design{Active: true, Types: []card.Type{card.Physical}}
	member := shipment.Member{Address: shipment.Address{Country: "MX"}}
	good := card.View{Card: cardsByStatus()[card.Open], Plastic: card.Plastic{State: card.Planned}}
	good.Card.HolderName = "ANA TORRES"
	nameless := good
	nameless.Card.HolderName = ""
	blocked := good
	blocked.Card.Block = card.Block{Type: card.BlockOther}
	expired := good
	expired.Card.ExpiresAt = noon
	abroad := member
	abroad.Address.Country = "FR"
	for name, c := range map[string]struct {
		v        card.View
		eligible bool
		d        card.Design
		m        shipment.Member
		want     string
	}{
		"good":            {good, true, design, member, ""},
		"blocked":         {blocked, true, design, member, refusedBlocked},
		"expired":         {expired, true, design, member, refusedExpired},
		"not eligible":    {good, false, design, member, refusedHolder},
		"inactive":        {good, true, card.Design{Types: design.Types}, member, refusedDesign},
		"no name":         {nameless, true, design, member, refusedName},
		"another country": {good, true, design, abroad, refusedAddress},
	} {
		if got := decideOrder(c.v, c.eligible, c.d, c.m, p, noon); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
