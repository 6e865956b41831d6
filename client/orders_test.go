package client_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/firsttap/firsttap/client"
	"github.com/firsttap/firsttap/client/cardtest"
)

var cancun = client.Location{
	FirstNames: "Laura", LastNames: "Perez", Street: "Av. Tulum", ExteriorNumber: "12", Neighborhood: "Centro", City: "Cancun",
	State: "ROO", PostalCode: "77500", Mobile: "9981234567", Country: "MX",
}

// finished waits until every card of an order has its outcome.
func finished(t *testing.T, c *client.Client, id string) client.Batch {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		b, err := c.Batch(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if !b.FinishedAt.IsZero() {
			return b
		}
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatalf("never finished: %+v", b)
		}
	}
}

func TestClient_OrdersInBulkAndOrdersAgainWhatFailed(t *testing.T) {
	t.Parallel()
	server := cardtest.Start(t)
	c, ctx := server.Client(t), t.Context()
	order := client.BatchOrder{Location: cancun, Items: []client.OrderItem{{Identifier: "S-1"}, {Identifier: "S-2", FrontName: "ACME 2"}, {Identifier: "S-1"}}}

	check, err := c.CheckBatch(ctx, order)
	want := []client.BatchFault{{Index: 2, Identifier: "S-1", Reason: "identifier_duplicated"}}
	if err != nil || check.Good != 2 || check.Failed != 1 || !slices.Equal(check.Items, want) {
		t.Errorf("the dry run: %+v, %v", check, err)
	}
	for b, err := range c.Batches(ctx, "") {
		t.Errorf("a dry run ordered %+v, %v", b, err)
	}

	batch, err := c.OrderBatch(ctx, "march", order)
	if err != nil || batch.Requested != 3 || batch.Reference == "" {
		t.Fatalf("%+v, %v", batch, err)
	}
	if again, err := c.OrderBatch(ctx, "march", order); err != nil || again.ID != batch.ID {
		t.Errorf("a repeat is another order: %+v, %v", again, err)
	}
	if done := finished(t, c, batch.ID); done.Created != 2 || done.Failed != 1 || done.Status != "completed_with_failures" || done.Location != cancun {
		t.Errorf("%+v", done)
	}
	var made, failed []string
	for item, err := range c.BatchItems(ctx, batch.ID, "") {
		if err != nil {
			t.Fatal(err)
		}
		if item.Outcome == "created" && item.CardID != "" && item.NumberID != 0 {
			made = append(made, item.Identifier)
		} else {
			failed = append(failed, item.Reason)
		}
	}
	if !slices.Equal(made, []string{"S-1", "S-2"}) || !slices.Equal(failed, []string{"identifier_duplicated"}) {
		t.Errorf("made %v, failed %v", made, failed)
	}
	file, err := c.BatchItemsCSV(ctx, batch.ID, "failed")
	if err != nil || !strings.Contains(string(file), "2,S-1,failed,identifier_duplicated") {
		t.Errorf("%s, %v", file, err)
	}

	next, err := c.ResubmitBatch(ctx, "march-corrected", batch.ID, []client.OrderItem{{Identifier: "S-3"}})
	if err != nil || next.ID == batch.ID || finished(t, c, next.ID).Created != 1 {
		t.Errorf("%+v, %v", next, err)
	}
	if _, err := c.CancelBatch(ctx, next.ID); err == nil {
		t.Error("an order whose cards are made was canceled")
	}
	filed, err := c.OrderBatchCSV(ctx, "april", client.BatchOrder{Location: cancun}, strings.NewReader("identifier,front_name\nA-1,ACME 1\nA-2,\n"))
	if err != nil || filed.Requested != 2 || finished(t, c, filed.ID).Created != 2 {
		t.Errorf("%+v, %v", filed, err)
	}
	var newest []string
	for b, err := range c.Batches(ctx, "completed") {
		if err != nil {
			t.Fatal(err)
		}
		newest = append(newest, b.ID)
	}
	if !slices.Equal(newest, []string{filed.ID, next.ID}) {
		t.Errorf("listed %v", newest)
	}
}

func TestClient_RecoversACodeAndSendsTheHolderToThePage(t *testing.T) {
	t.Parallel()
	server := cardtest.Start(t)
	c, ctx, card := server.Client(t), t.Context(), server.Mailer(t)
	got, err := c.RecoverCode(ctx, card.ID, "The mailer was lost")
	if err != nil || got.Code != card.Code || got.Renewed || got.CodeVersion != 1 {
		t.Errorf("renewed %v, version %d, %v", got.Renewed, got.CodeVersion, err)
	}
	look, err := c.Activation(ctx, card.ID) // the mailer of the test server was read before
	if err != nil || look.CodeReads != 2 || look.CodeVersion != 1 {
		t.Errorf("%+v, %v", look, err)
	}
	link, err := c.CreateActivationSession(ctx, client.Session{CardID: card.ID, Language: "en", PIN: "optional"})
	if err != nil || !strings.Contains(link.URL, "/activation") || link.ExpiresAt.IsZero() {
		t.Errorf("expires %v, %v", link.ExpiresAt, err)
	}
}

func TestClient_ReportsAndReplaces(t *testing.T) {
	t.Parallel()
	server := cardtest.Start(t)
	c, ctx, card := server.Client(t), t.Context(), server.Mailer(t)
	damaged, err := c.Report(ctx, card.ID, "damaged", "It was bent in the letter")
	if err != nil || !damaged.Changed || damaged.DamagedAt.IsZero() || damaged.Status != "open" {
		t.Errorf("%+v, %v", damaged, err)
	}
	stolen, err := c.Report(ctx, card.ID, "stolen", "Her bag was taken")
	if err != nil || stolen.PlasticState != "void" || stolen.Status == "open" {
		t.Errorf("%+v, %v", stolen, err)
	}
	next, err := c.Replace(ctx, card.ID, "stolen", "Her bag was taken")
	if err != nil || next.CardID == card.ID || next.Replaces != card.ID || next.SourceStatus != "closed" && next.SourceStatus != "blocked" {
		t.Fatalf("%+v, %v", next, err)
	}
	old, err := c.Card(ctx, card.ID)
	if err != nil || old.ReplacedBy != next.CardID {
		t.Errorf("%+v, %v", old, err)
	}
}

func TestClient_ReissuesAndRenews(t *testing.T) {
	t.Parallel()
	server := cardtest.Start(t)
	c, ctx := server.Client(t), t.Context()
	young := server.Mailer(t)
	made, err := c.Reissue(ctx, young.ID, "damaged", "Bent in the letter", client.Successor{})
	if err != nil || made.RetireSource != "now" || made.SourcePlasticState != "void" || made.PlasticState != "planned" {
		t.Fatalf("%+v, %v", made, err)
	}
	card := server.Mailer(t)
	if _, err := c.Activate(ctx, card.ID, client.Activate{Code: card.Code}); err != nil {
		t.Fatal(err)
	}
	before, err := c.Card(ctx, card.ID)
	if err != nil {
		t.Fatal(err)
	}
	renewed, err := c.Renew(ctx, card.ID, "It expires", client.Successor{RetireSource: "on_date", RetireOn: before.CreatedAt.Add(time.Hour), DesignID: before.DesignID})
	if err != nil || renewed.Supersedes != before.Plastic.ID || !renewed.SourceRetiresAt.Equal(before.CreatedAt.Add(time.Hour)) {
		t.Fatalf("%+v, %v", renewed, err)
	}
	now, err := c.Card(ctx, card.ID)
	if err != nil || now.NextPlastic == nil || now.NextPlastic.ID != renewed.PlasticID || now.NextPlastic.RetireSource != "on_date" || now.Plastic.RetiresAt.IsZero() {
		t.Errorf("%+v, %v", now, err)
	}
	_, err = c.Reissue(ctx, card.ID, "damaged", "Once more", client.Successor{})
	var problem *client.Problem
	if !errors.As(err, &problem) || problem.Reason != "successor_underway" {
		t.Errorf("%v", err)
	}
}
