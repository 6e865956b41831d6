package client_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/firsttap/firsttap/client"
	"github.com/firsttap/firsttap/client/cardtest"
)

func TestClient_WalksAParcelByTheClockOfItsSandbox(t *testing.T) {
	t.Parallel()
	server := cardtest.Start(t)
	c, ctx, card := server.Client(t), t.Context(), server.Ordered(t)
	noon := time.Date(2027, 3, 6, 12, 0, 0, 0, time.UTC)
	if clock, err := c.SetClock(ctx, client.ClockChange{Action: "freeze", At: noon}); err != nil || clock.Mode != "frozen" || !clock.Now.Equal(noon) {
		t.Errorf("%+v, %v", clock, err)
	}
	var boxes []string
	for s, err := range c.Shipments(ctx, "placed") {
		if err != nil {
			t.Fatal(err)
		}
		boxes = append(boxes, s.ID)
	}
	if len(boxes) != 1 {
		t.Fatalf("shipments %v", boxes)
	}
	moved, err := c.RedirectShipment(ctx, boxes[0], client.Address{Line1: "Reforma 1", City: "CDMX", Zone: "CMX", PostalCode: "06600", Country: "MX"}, "She moved")
	if err != nil || moved.Destination.Line1 != "Reforma 1" || len(moved.Members) != 1 || moved.Members[0].CardID != card.ID {
		t.Errorf("%+v, %v", moved, err)
	}
	step, err := c.AdvanceShipment(ctx, boxes[0], client.Advance{To: "in_transit", TrackingNumber: "JD0146"})
	if err != nil || step.Status != "in_transit" || step.TrackingNumber != "JD0146" || len(step.Cards) != 1 {
		t.Errorf("%+v, %v", step, err)
	}
	scan := client.ScanReport{TrackingNumber: "JD0146", Status: "returned", At: noon.Add(time.Minute), ScanID: "s-1"}
	if got, err := c.ReportScan(ctx, "DHL", scan); err != nil || got.Status != "returned" || got.ShipmentID != boxes[0] {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := c.CancelShipment(ctx, boxes[0], "Too late"); err == nil {
		t.Error("a parcel that came back was canceled")
	}
	again, err := c.ReshipShipment(ctx, boxes[0], client.Reship{TrackingNumber: "JD0147", Reason: "She is back"})
	if err != nil || again.ID == boxes[0] || again.TrackingNumber != "JD0147" {
		t.Errorf("%+v, %v", again, err)
	}
	if got, err := c.Shipment(ctx, again.ID); err != nil || got.ID != again.ID || got.Destination.City != "CDMX" {
		t.Errorf("%+v, %v", got, err)
	}
	if clock, err := c.SetClock(ctx, client.ClockChange{Action: "advance", By: "24h"}); err != nil || !clock.Now.Equal(noon.Add(24*time.Hour)) {
		t.Errorf("%+v, %v", clock, err)
	}
	if clock, err := c.Clock(ctx); err != nil || clock.Mode != "frozen" {
		t.Errorf("%+v, %v", clock, err)
	}
}

func TestClient_PlaysAScenario(t *testing.T) {
	t.Parallel()
	server := cardtest.Start(t)
	c, ctx := server.Client(t), t.Context()
	list, err := c.Scenarios(ctx)
	if err != nil || !slices.ContainsFunc(list, func(s client.Scenario) bool { return s.Name == "guess_until_locked" }) {
		t.Fatalf("%+v, %v", list, err)
	}
	played, err := c.RunScenario(ctx, client.ScenarioRun{Name: "guess_until_locked", Seed: "7"})
	if err != nil || !played.Passed || len(played.Steps) == 0 {
		t.Errorf("%+v, %v", played, err)
	}
}

func TestClient_AsksForAnApprovalAndFindsItInTheTrail(t *testing.T) {
	t.Parallel()
	server := cardtest.Start(t, cardtest.WithPolicy("approvals.actions", "guard_reset"))
	c, ctx, card := server.Client(t), t.Context(), server.Mailer(t)
	chief, err := client.New(server.URL, server.Key(t, "approvals:read", "approvals:write"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.ResetGuard(ctx, card.ID, "She called")
	asked := refused(t, client.ApprovalRequired)(struct{}{}, err)
	var waiting []string
	for a, err := range chief.Approvals(ctx, "pending") {
		if err != nil {
			t.Fatal(err)
		}
		waiting = append(waiting, a.ID)
	}
	if id := asked.ApprovalID(); !slices.Equal(waiting, []string{id}) {
		t.Fatalf("%v waits, and not %s", waiting, id)
	}
	if a, err := chief.Approve(ctx, waiting[0], "Checked"); err != nil || a.Status != "approved" {
		t.Errorf("%+v, %v", a, err)
	}
	if guard, err := c.ResetGuard(ctx, card.ID, "She called", client.ApprovedBy(waiting[0])); err != nil || guard.TriesLeft != 5 {
		t.Errorf("%+v, %v", guard, err)
	}
	if a, err := chief.Approval(ctx, waiting[0]); err != nil || a.Status != "used" || a.DecidedBy == a.AskedBy {
		t.Errorf("%+v, %v", a, err)
	}
	if _, err := chief.Refuse(ctx, waiting[0], "Too late"); err == nil {
		t.Error("a used approval was refused")
	}
	var acts []string
	for row, err := range c.Audit(ctx, client.AuditFilter{CardID: card.ID, Action: "card.reset_guard"}) {
		if err != nil {
			t.Fatal(err)
		}
		acts = append(acts, row.Outcome)
	}
	if !slices.Equal(acts, []string{"ok", "approval_required"}) {
		t.Errorf("the trail has %v", acts)
	}
}

func TestClient_ReadsPeopleAndTheirMoney(t *testing.T) {
	t.Parallel()
	server := cardtest.Start(t)
	c, ctx, card := server.Client(t), t.Context(), server.Mailer(t)
	made, err := c.CreateCustomer(ctx, client.NewCustomer{Email: "ana@example.com", Phone: "+525512345678", ExternalID: "u-7", FirstName: "Ana", LastName: "Torres"})
	if err != nil || made.ExternalID != "u-7" {
		t.Fatalf("%+v, %v", made, err)
	}
	var named []string
	for found, err := range c.Customers(ctx, client.CustomerFilter{ExternalID: "u-7"}) {
		if err != nil {
			t.Fatal(err)
		}
		named = append(named, found.ID)
	}
	if !slices.Equal(named, []string{made.ID}) {
		t.Errorf("found %v", named)
	}
	if got, err := c.Customer(ctx, made.ID); err != nil || got.Email != "ana@example.com" {
		t.Errorf("%+v, %v", got, err)
	}
	var held []string
	for k, err := range c.CustomerCards(ctx, card.Customer) {
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, k.ID)
	}
	if !slices.Equal(held, []string{card.ID}) {
		t.Errorf("holds %v", held)
	}
	accounts := 0
	for a, err := range c.Accounts(ctx, card.Customer) {
		if err != nil {
			t.Fatal(err)
		}
		accounts++
		if got, err := c.Account(ctx, a.ID); err != nil || got != a || got.OwnerID != card.Customer {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if accounts != 1 {
		t.Errorf("%d accounts", accounts)
	}
}

func TestClient_ExportsTheTrail(t *testing.T) {
	t.Parallel()
	server := cardtest.Start(t)
	c, ctx := server.Client(t), t.Context()
	server.Mailer(t)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		signed, err := c.AuditCheckpoint(ctx)
		if err == nil {
			export, err := c.ExportAudit(ctx, signed.Rows)
			if err != nil || signed.Note == "" || signed.Key == "" || int64(len(slices.Collect(bytes.Lines(export)))) != signed.Rows {
				t.Errorf("%d rows signed, %d bytes, %v", signed.Rows, len(export), err)
			}
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal(err)
		}
	}
}
