package event_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/account"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/event"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/shipment"
)

var at = time.Date(2026, 3, 6, 17, 40, 0, 0, time.UTC)

func activated(listeners ...string) event.Event {
	p := program.Program{ID: ident.ProgramID{UUID: ident.UUID{1}}, Listeners: map[string]bool{}}
	for _, l := range listeners {
		p.Listeners[l] = true
	}
	return event.Event{
		Name: event.CardActivated, Program: p, At: at,
		Card: &card.View{
			Card:    card.Card{ID: ident.CardID{UUID: ident.UUID{2}}, Number: 987654321, Customer: ident.CustomerID{UUID: ident.UUID{3}}, PINSealed: []byte("sealed-pin")},
			Plastic: card.Plastic{State: card.Activated, ActivatedAt: at, Guard: card.Guard{State: card.Consumed, CodeHash: []byte("code-hash"), CodeSealed: []byte("sealed-code")}},
			Box:     shipment.Shipment{ID: ident.ShipmentID{UUID: ident.UUID{4}}, Status: shipment.InTransit},
		},
	}
}

func TestMessages_AskOnlyDoorsThatSomebodyListensTo(t *testing.T) {
	t.Parallel()
	said := func(d event.Door) event.Announcer {
		return func(event.Event) []event.Draft {
			return []event.Draft{{Door: d, Type: "X", Body: func(id ident.EventID) []byte { return []byte(id) }}}
		}
	}
	announcers := map[event.Door]event.Announcer{
		event.NativeDoor: event.NativeAnnouncer, event.CardsDoor: said(event.CardsDoor), event.DebitDoor: said(event.DebitDoor),
	}
	mint := func() ident.EventID { return "evt_1" }
	for want, e := range map[string]event.Event{
		"native":             activated(),
		"native cards":       activated("cards"),
		"native cards debit": activated("cards", "debit"),
	} {
		var doors []string
		for _, m := range event.Messages(e, announcers, mint) {
			doors = append(doors, string(m.Door))
			if m.ID != "evt_1" || m.Program != e.Program.ID || !m.CreatedAt.Equal(at) {
				t.Errorf("message %+v", m)
			}
		}
		if got := strings.Join(doors, " "); got != want {
			t.Errorf("doors %q, want %q", got, want)
		}
	}
}

func TestNative_HasIDsAndStatesAndNothingElse(t *testing.T) {
	t.Parallel()
	body := event.Native(activated()).Body("evt_01JNNZ7Q5T3H8M2C4V6X9B0KDE")
	var got struct {
		ID, Type string
		Data     map[string]any
	}
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	if got.ID != "evt_01JNNZ7Q5T3H8M2C4V6X9B0KDE" || got.Type != "card.activated" {
		t.Errorf("envelope %s", body)
	}
	for key, want := range map[string]any{"card_status": "open", "plastic_state": "activated", "guard_state": "consumed", "shipment_status": "in_transit"} {
		if got.Data[key] != want {
			t.Errorf("%s = %v, want %v", key, got.Data[key], want)
		}
	}
	for _, secret := range []string{"sealed", "hash", "c2VhbGVk"} {
		if strings.Contains(string(body), secret) {
			t.Errorf("the body holds %q", secret)
		}
	}
}

func TestNative_NamesTheMovementOfAnAccount(t *testing.T) {
	t.Parallel()
	e := event.Event{Name: event.AccountMoved, At: at, Account: &account.Account{ID: ident.AccountID{UUID: ident.UUID{5}}, Status: account.Active}, Movement: 48213377}
	const want = `"data":{"account_id":"05000000-0000-0000-0000-000000000000","account_status":"active","movement_number_id":48213377}}`
	if body := event.Native(e).Body("evt_1"); !strings.HasSuffix(string(body), want) {
		t.Errorf("%s", body)
	}
}

func TestNames_AreUniqueAndPastTense(t *testing.T) {
	t.Parallel()
	seen := map[event.Name]bool{}
	for _, n := range event.Names() {
		if seen[n] || !strings.Contains(string(n), ".") {
			t.Errorf("%s", n)
		}
		seen[n] = true
	}
}
