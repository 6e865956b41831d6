package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/audit"
)

// examplesBatch is the batch that the published examples speak of.
const examplesBatch = "7e4b85e27c4610824900af48f340394d"

const activatePath = "/debit/v1/activateCardForCustomer"

// debitCall is a call of the debit API.
func (s *stage) debitCall(what, method, path, body, key string, status int, facts ...fact) call {
	c := call{what: what, method: method, path: path, body: body, status: status, facts: facts, header: [][2]string{
		{"Authorization-ecommerce", s.debit.Secret.Reveal()},
	}}
	if key != "" {
		c.header = append(c.header, [2]string{"Idempotency-Key", key})
	}
	return c
}

// debitStory orders a batch, waits for its report, and activates cards for customers.
func (s *stage) debitStory(ctx context.Context, cards int) error {
	t := s.teller
	t.title("The debit API: a batch of cards")
	batch := s.orderBatch(ctx, cards)
	s.watchBatch(ctx, batch, cards)
	s.activateFromBatch(ctx, batch)
	if t.err == nil {
		s.publishedExamples(ctx)
	}
	return t.err
}

func (s *stage) orderBatch(ctx context.Context, cards int) string {
	t := s.teller
	hook := t.do(ctx, s.debitCall("Say where the report of a batch goes", http.MethodPut, "/debit/v1/webhook",
		fmt.Sprintf(`{"url":%q}`, s.hooks.base+batchHooks), "", http.StatusOK, has("payload.secret")))
	s.hooks.expectSigned(batchHooks, hook.at("payload.secret"))

	order := s.debitCall("Order the cards; the answer comes before they are made. The last repeats an identifier, so it must fail", http.MethodPost, "/debit/v1/bulkOrderCard",
		bulkBody(cards, ""), "bulk-1", http.StatusOK, is("payload.status", "1"), is("payload.num_requested", strconv.Itoa(cards)))
	order.shown = bulkBody(cards, fmt.Sprintf("… %d more …", cards-3))
	return t.do(ctx, order).at("payload.reference_batch")
}

// bulkBody is an order of cards that bear the labels DEMO-00001, DEMO-00002 and so on; the last one repeats
// the first. With a text for what is left out, only the first two and the last are there: to be printed, not
// to be sent.
func bulkBody(cards int, leftOut string) string {
	type location struct {
		FirstNames   string `json:"first_names"`
		LastNames    string `json:"last_names"`
		Street       string `json:"street"`
		Exterior     string `json:"exterior_number"`
		Neighborhood string `json:"neighborhood"`
		City         string `json:"city"`
		State        string `json:"state"`
		PostalCode   string `json:"postal_code"`
		Mobile       string `json:"mobile"`
	}
	type item struct {
		Identifier string `json:"card_identifier"`
		FrontName  string `json:"front_name"`
	}
	var items []any
	for i := range cards {
		switch label := fmt.Sprintf("DEMO-%05d", i+1); {
		case i == cards-1:
			items = append(items, item{"DEMO-00001", "DEMO CARD"})
		case leftOut == "" || i < 2:
			items = append(items, item{label, "DEMO CARD"})
		case i == 2:
			items = append(items, leftOut)
		}
	}
	body, err := json.Marshal(struct {
		Location location `json:"delivery_location"`
		Batch    []any    `json:"batch"`
	}{location{"Laura", "Pérez", "Av. Tulum", "12", "Centro", "Cancún", "Quintana Roo", "77500", "9981234567"}, items})
	if err != nil {
		panic("cli: texts do not marshal: " + err.Error())
	}
	return string(body)
}

// watchBatch shows the making of the cards, and waits for the report.
func (s *stage) watchBatch(ctx context.Context, batch string, cards int) {
	t := s.teller
	if t.err != nil {
		return
	}
	bar := progress(t.w, cards, "   cards made")
	for range 600 {
		a, err := t.send(ctx, s.debitCall("", http.MethodGet, "/debit/v1/bulkOrderCard/"+batch, "", "", http.StatusOK))
		if err != nil || a.status != http.StatusOK {
			break // the step below tells what is wrong
		}
		created, _ := strconv.Atoi(a.at("payload.numCreated"))
		failed, _ := strconv.Atoi(a.at("payload.numFailed"))
		_ = bar.Set(created + failed)
		if created+failed >= cards {
			break
		}
		timer := time.NewTimer(100 * time.Millisecond)
		select {
		case <-ctx.Done():
			timer.Stop()
			t.err = ctx.Err()
			return
		case <-timer.C:
		}
	}
	_ = bar.Finish()
	body := s.awaitHook(ctx, "The report of the batch arrives", "its signature is right", batchHooks, func(body map[string]any) bool {
		return body["referenceBatch"] == batch
	})
	if body != nil {
		var wrong error
		if body["status"] != 4.0 || body["numCreated"] != float64(cards-1) || body["numFailed"] != 1.0 {
			wrong = fmt.Errorf("status %v, numCreated %v, numFailed %v", body["status"], body["numCreated"], body["numFailed"])
		}
		t.expect("All cards were made but the one that repeats an identifier", fmt.Sprintf("status 4, numCreated %d, numFailed 1", cards-1), wrong, nil)
	}
}

func activateBody(identifier, batch, rest string) string {
	return fmt.Sprintf(`{%s,"card_identifier":%q,"reference_batch":%q}`, rest, identifier, batch)
}

func (s *stage) activateFromBatch(ctx context.Context, batch string) {
	t := s.teller
	t.title("Cardholders activate cards of the batch")
	born := t.do(ctx, s.debitCall("A new customer: created and bound in the same transaction, with a PIN", http.MethodPost, activatePath,
		activateBody("DEMO-00001", batch, `"customer":{"first_name":"María","last_name":"Gómez","email":"maria@example.com"},"pin":"4826"`), "tap-3",
		http.StatusOK, is("payload.status", "activated"), has("payload.customer_id")))
	t.do(ctx, s.debitCall("The same call with the same key: the first answer again", http.MethodPost, activatePath,
		activateBody("DEMO-00001", batch, `"customer":{"first_name":"María","last_name":"Gómez","email":"maria@example.com"},"pin":"4826"`), "tap-3",
		http.StatusOK, replayed(), is("payload.card_id", born.at("payload.card_id"))))
	t.do(ctx, s.debitCall("A second card for the same customer", http.MethodPost, activatePath,
		activateBody("DEMO-00002", batch, fmt.Sprintf(`"customer_id":%q`, born.at("payload.customer_id"))), "",
		http.StatusOK, is("payload.customer_id", born.at("payload.customer_id"))))
	t.do(ctx, s.debitCall("A card that is activated already", http.MethodPost, activatePath,
		activateBody("DEMO-00002", batch, fmt.Sprintf(`"customer_id":%q`, born.at("payload.customer_id"))), "",
		http.StatusBadRequest, is("error.code", "4433")))
	t.do(ctx, s.debitCall("The right identifier with another batch: it costs a try and tells nothing", http.MethodPost, activatePath,
		activateBody("DEMO-00003", strings.Repeat("0", 31)+"1", fmt.Sprintf(`"customer_id":%q`, born.at("payload.customer_id"))), "",
		http.StatusBadRequest, is("error.code", "4400"), is("error.hints.1", "Mismatch in reference batch.")))
}

// publishedExamples walks the two request examples of the published page, and its answer for a bad tax id.
func (s *stage) publishedExamples(ctx context.Context) {
	t := s.teller
	t.title("The examples of the published page, to the letter")
	err := s.server.LoadFixture(ctx, access.Operator{Name: "demo", Channel: audit.ChannelCLI}, s.program.ID)
	t.expect("Load the things that they speak of (firsttap sandbox fixture)", "batch "+examplesBatch+" is there", err, nil)
	if err != nil {
		t.err = err
		return
	}
	t.do(ctx, s.debitCall("Example 1: only customer_id", http.MethodPost, activatePath,
		`{"customer_id":"12345678","card_identifier":"CARD-001","reference_batch":"`+examplesBatch+`"}`, "",
		http.StatusOK, is("payload.card_id", "card_987654321"), is("payload.customer_id", "12345678"), is("payload.status", "activated")))
	t.do(ctx, s.debitCall("A customer with a composite balance must say which balance", http.MethodPost, activatePath,
		`{"customer_id":"85","card_identifier":"CARD001","reference_batch":"`+examplesBatch+`"}`, "",
		http.StatusBadRequest, is("error.code", "4400"), is("error.hints.1", "balance:required")))
	t.do(ctx, s.debitCall("Example 2: composite balance, with a PIN and a device", http.MethodPost, activatePath,
		`{"pin":"1234","card_identifier":"CARD001","reference_batch":"`+examplesBatch+`",`+
			`"device_id":"2fc54683d5fad405360419f720457ccbcf9bacac414f6296f846e2e4fad99d47","customer_id":"85","balance":{"id":10249}}`, "",
		http.StatusOK, is("payload.customer_id", "85"), is("payload.status", "activated")))
	t.do(ctx, s.debitCall("A customer with an invalid tax id: nothing happens at all", http.MethodPost, activatePath,
		`{"customer_id":"777","card_identifier":"CARD-002","reference_batch":"`+examplesBatch+`"}`, "",
		http.StatusInternalServerError, is("error.code", "7000"), is("error.hints.1", "rfc:invalid")))
}
