package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// kills is how many times the kill test ends the process; KILLS sets another number.
func kills(t *testing.T) int {
	t.Helper()
	text := os.Getenv("KILLS")
	if text == "" {
		return 6
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("KILLS=%q is no number of kills", text)
	}
	return n
}

// ledger is what the outside knows: what was asked and what was answered. It lives outside of the
// process that is killed.
type ledger struct {
	mu        sync.Mutex
	activated map[string]bool // identifiers whose activation was acknowledged
	asked     map[string]bool // identifiers whose activation was sent
	guessed   map[string]int  // wrong batches that were answered as counted
	guesses   map[string]int  // wrong batches that were sent
	orders    map[string]int  // acknowledged batches: reference → cards
	unknown   int             // calls whose answer was lost
}

// met tells whether an activation was acknowledged.
func (b *ledger) met() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.activated) > 0
}

// TestKill_LeavesAllOrNothing kills the server with SIGKILL at random moments while cards are made and
// activated, and checks the invariants afterwards. Nothing that was acknowledged may be missing, nothing
// may be half done, nothing may be done twice.
func TestKill_LeavesAllOrNothing(t *testing.T) {
	t.Parallel()
	engines(t, killAndLook)
}

func killAndLook(t *testing.T, in *installation) {
	t.Helper()
	in.command(append([]string{"program", "create", "kill"}, unlimited()...)...)
	debit, cards := debitCaller(in.key(t, "kill", "--door", "debit")), cardsCaller(in.key(t, "kill", "--door", "cards"))
	book := &ledger{
		activated: map[string]bool{}, asked: map[string]bool{}, guessed: map[string]int{},
		guesses: map[string]int{}, orders: map[string]int{},
	}
	rounds := kills(t)
	first := in.start() // some cards are there from the first round on
	orderBatch(t.Context(), first, debit, book, 999)
	for reference := range book.orders {
		awaitBatch(t, first, debit, reference)
	}
	post := mail(t, first, cards, rounds)
	first.kill()
	for round := range rounds {
		killRound(t, in, debit, book, post, round)
	}
	in.settle(t, debit, book, func(s *server) { post.verify(t, s) })
	counts := in.verify(t, book)
	if len(book.activated) == 0 {
		t.Error("the kills met no work: nothing was activated")
	}
	if len(post.told) == 0 {
		t.Error("the kills met no work: nothing was activated by its code")
	}
	t.Logf("kills %d; by code: activations asked %d, acknowledged %d, found %d", rounds, len(post.asked), len(post.told), counts.coded)
	t.Logf("kills %d; by batch: activations asked %d, acknowledged %d, found %d; lost answers %d; batches %d, cards made %d; wrong tries sent %d, counted %d; acknowledged and missing: 0, half done: 0, done twice: 0",
		rounds, len(book.asked), len(book.activated), counts.activated, book.unknown, len(book.orders), counts.made, sum(book.guesses), counts.tries)
}

// killRound starts the server, orders a batch, activates cards of earlier batches, guesses at others, and
// kills the process somewhere in between.
func killRound(t *testing.T, in *installation, debit caller, book *ledger, post *mailed, round int) {
	t.Helper()
	s := in.start()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	work := func(f func(ctx context.Context)) {
		wg.Add(1)
		go func() { defer wg.Done(); f(ctx) }()
	}
	work(func(ctx context.Context) { orderBatch(ctx, s, debit, book, round) })
	for worker := range 4 {
		work(func(ctx context.Context) { activateSome(ctx, s, debit, book, worker) })
	}
	work(func(ctx context.Context) { guessSome(ctx, s, debit, book) })
	work(func(ctx context.Context) { post.activateSome(ctx, s) })
	for tries := 0; tries < 12_000 && round == 0 && !(book.met() && post.met()); tries++ {
		pause(5 * time.Millisecond) // on a loaded machine too the kills meet work
	}
	pause(time.Duration(50+rand.IntN(700)) * time.Millisecond)
	s.kill()
	cancel()
	wg.Wait()
}

func orderBatch(ctx context.Context, s *server, debit caller, book *ledger, round int) {
	const size = 400
	items := make([]map[string]any, size)
	for i := range items {
		items[i] = map[string]any{"card_identifier": fmt.Sprintf("K%03d-%04d", round, i), "pin": "1357"}
	}
	a, err := debit.try(ctx, "POST", s.url+"/debit/v1/bulkOrderCard", map[string]any{
		"delivery_location": location(), "batch": items,
	})
	if err != nil || a.status != 200 {
		return
	}
	var order struct {
		Payload struct {
			Reference string `json:"reference"`
		}
	}
	if json.Unmarshal(a.body, &order) != nil || order.Payload.Reference == "" {
		return
	}
	book.mu.Lock()
	defer book.mu.Unlock()
	book.orders[order.Payload.Reference] = size
}

func location() map[string]any {
	return map[string]any{
		"first_names": "Laura", "last_names": "Pérez", "street": "Reforma", "exterior_number": "222",
		"neighborhood": "Centro", "city": "México", "state": "CDMX", "postal_code": "06600", "mobile": "5512345678",
	}
}

// cardsOf lists the made cards of a batch.
func cardsOf(ctx context.Context, s *server, debit caller, reference string) []string {
	a, err := debit.try(ctx, "GET", s.url+"/debit/v1/bulkOrderCard/"+reference+"/items?status=2&limit=1000", nil)
	if err != nil || a.status != 200 {
		return nil
	}
	var page struct {
		Payload struct {
			Items []struct {
				Identifier string `json:"card_identifier"`
			}
		}
	}
	if json.Unmarshal(a.body, &page) != nil {
		return nil
	}
	out := make([]string, len(page.Payload.Items))
	for i, item := range page.Payload.Items {
		out[i] = item.Identifier
	}
	return out
}

// pick gives a random card of a random acknowledged batch. Cards with an odd last digit are for guessing,
// the others for activating, so that a lock never stands in the way of an activation.
func (b *ledger) pick(ctx context.Context, s *server, debit caller, odd bool) (identifier, reference string) {
	b.mu.Lock()
	references := make([]string, 0, len(b.orders))
	for r := range b.orders {
		references = append(references, r)
	}
	b.mu.Unlock()
	if len(references) == 0 {
		return "", ""
	}
	reference = references[rand.IntN(len(references))]
	var fitting []string
	for _, c := range cardsOf(ctx, s, debit, reference) {
		if (c[len(c)-1]-'0')%2 == 1 == odd {
			fitting = append(fitting, c)
		}
	}
	if len(fitting) == 0 {
		return "", ""
	}
	return fitting[rand.IntN(len(fitting))], reference
}

func activateSome(ctx context.Context, s *server, debit caller, book *ledger, worker int) {
	for n := 0; ctx.Err() == nil; n++ {
		identifier, reference := book.pick(ctx, s, debit, false)
		if identifier == "" {
			continue
		}
		book.mu.Lock()
		book.asked[identifier] = true
		book.mu.Unlock()
		a, err := debit.try(ctx, "POST", s.url+"/debit/v1/activateCardForCustomer", map[string]any{
			"card_identifier": identifier, "reference_batch": reference, "pin": "7391",
			"customer": map[string]any{"first_name": "Ana", "last_name": "Torres", "email": fmt.Sprintf("%d-%d-%d@example.com", worker, n, rand.Int64())},
		}, "Idempotency-Key", fmt.Sprintf("k-%d-%d", worker, rand.Int64()))
		book.mu.Lock()
		switch {
		case err != nil:
			book.unknown++
		case a.status == 200:
			book.activated[identifier] = true
		}
		book.mu.Unlock()
	}
}

func guessSome(ctx context.Context, s *server, debit caller, book *ledger) {
	for ctx.Err() == nil {
		identifier, _ := book.pick(ctx, s, debit, true)
		if identifier == "" {
			continue
		}
		book.mu.Lock()
		book.guesses[identifier]++
		book.mu.Unlock()
		a, err := debit.try(ctx, "POST", s.url+"/debit/v1/activateCardForCustomer", map[string]any{
			"card_identifier": identifier, "reference_batch": strings.Repeat("0", 32), "customer_id": "12345678",
		})
		if err == nil && a.status == 400 && strings.Contains(string(a.body), "Mismatch in reference batch.") {
			book.mu.Lock()
			book.guessed[identifier]++
			book.mu.Unlock()
		}
	}
}

// settle starts the server once more, waits until every acknowledged batch is finished, and lets others ask it too.
func (in *installation) settle(t *testing.T, debit caller, book *ledger, then ...func(s *server)) {
	t.Helper()
	s := in.start()
	deadline := time.Now().Add(2 * time.Minute)
	for reference, size := range book.orders {
		for {
			a := debit.must(t, 200, "GET", s.url+"/debit/v1/bulkOrderCard/"+reference, nil)
			var got struct {
				Payload struct {
					Status, NumCreated, NumFailed int
				}
			}
			if err := json.Unmarshal(a.body, &got); err != nil {
				t.Fatal(err)
			}
			if got.Payload.Status == 4 {
				if got.Payload.NumCreated != size || got.Payload.NumFailed != 0 {
					t.Errorf("batch %s: %s, want %d made", reference, a.body, size)
				}
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("batch %s is not finished: %s", reference, a.body)
			}
			pause(20 * time.Millisecond)
		}
	}
	for _, ask := range then {
		ask(s)
	}
	if err := s.stop(); err != nil {
		t.Errorf("graceful stop: %v", err)
	}
}

// found is what lies in the database at the end.
type found struct{ activated, coded, made, tries int }

// verify reads the database itself: the invariants of state, audit trail, outbox and batches.
func (in *installation) verify(t *testing.T, book *ledger) found {
	t.Helper()
	tables := in.open(t)
	number, texts := tables.number, tables.texts
	active := texts(`SELECT identifier, 1 FROM plastics WHERE activated_at IS NOT NULL AND identifier <> ''`)
	for identifier := range book.activated {
		if active[identifier] == 0 {
			t.Errorf("%s: the activation was acknowledged and is missing", identifier)
		}
	}
	for identifier := range active {
		if !book.asked[identifier] {
			t.Errorf("%s: activated, and nobody asked", identifier)
		}
	}
	for what, query := range map[string]string{
		"activated plastics that are not wholly activated":   `SELECT count(*) FROM plastics p JOIN cards c ON c.id = p.card_id WHERE p.activated_at IS NOT NULL AND (p.state <> 'activated' OR p.guard_state <> 'consumed' OR p.code_sealed IS NOT NULL OR p.code_hash IS NOT NULL OR c.customer_id IS NULL OR c.account_id IS NULL OR (c.pin_hash IS NULL AND p.identifier <> '') OR c.pin_sealed IS NOT NULL)`,
		"bound cards whose plastic is not activated":         `SELECT count(*) FROM plastics p JOIN cards c ON c.id = p.card_id WHERE p.activated_at IS NULL AND c.customer_id IS NOT NULL AND p.identifier <> ''`,
		"customers without an activated card":                `SELECT count(*) FROM customers u WHERE NOT EXISTS (SELECT 1 FROM cards c WHERE c.customer_id = u.id)`,
		"activated cards without exactly one audit row":      `SELECT count(*) FROM plastics p WHERE p.activated_at IS NOT NULL AND (SELECT count(*) FROM audit a WHERE a.card_id = p.card_id AND a.action = 'card.activate' AND a.outcome = 'ok') <> 1`,
		"activation audit rows of cards that are not active": `SELECT count(*) FROM audit a JOIN plastics p ON p.card_id = a.card_id WHERE a.action = 'card.activate' AND a.outcome = 'ok' AND p.activated_at IS NULL`,
		"activations without exactly one event":              `SELECT abs((SELECT count(*) FROM plastics WHERE activated_at IS NOT NULL) - (SELECT count(*) FROM messages WHERE type = 'card.activated'))`,
		"idempotency records without an activation":          `SELECT abs((SELECT count(*) FROM idempotency WHERE door = 'debit' AND status = 200 OR status = 204) - (SELECT count(*) FROM plastics WHERE activated_at IS NOT NULL))`,
		"items with two outcomes, or a card made twice":      `SELECT count(*) FROM (SELECT card_id FROM batch_items WHERE card_id IS NOT NULL GROUP BY card_id HAVING count(*) > 1) AS twice`,
		"identifiers that were made twice":                   `SELECT count(*) FROM (SELECT batch_id, identifier FROM plastics WHERE identifier <> '' GROUP BY batch_id, identifier HAVING count(*) > 1) AS twice`,
		"cards that no item knows":                           `SELECT count(*) FROM plastics WHERE identifier <> '' AND card_id NOT IN (SELECT card_id FROM batch_items WHERE card_id IS NOT NULL)`,
		"finished batches whose outcomes do not add up":      `SELECT count(*) FROM batches WHERE status IN ('completed', 'completed_with_failures', 'failed') AND (created + failed <> requested OR created <> (SELECT count(*) FROM batch_items i WHERE i.batch_id = batches.id AND i.outcome = 'created'))`,
		"guards that counted on an activated card's behalf":  `SELECT count(*) FROM plastics WHERE guard_lifetime_wrong > 15 OR guard_lifetime_wrong < guard_tries`,
		"tries without their audit row":                      `SELECT abs((SELECT sum(guard_lifetime_wrong) FROM plastics) - (SELECT count(*) FROM audit WHERE outcome = 'batch_mismatch'))`,
		"tries without their event":                          `SELECT abs((SELECT sum(guard_lifetime_wrong) FROM plastics) - (SELECT count(*) FROM messages WHERE type = 'card.activation.failed'))`,
	} {
		if n := number(query); n != 0 {
			t.Errorf("%s: %d", what, n)
		}
	}
	for identifier, n := range texts(`SELECT identifier, guard_lifetime_wrong FROM plastics WHERE guard_lifetime_wrong > 0`) {
		if n < book.guessed[identifier] || n > book.guesses[identifier] {
			t.Errorf("%s: %d tries counted, %d answered, %d sent", identifier, n, book.guessed[identifier], book.guesses[identifier])
		}
	}
	return found{
		activated: len(active), made: number(`SELECT count(*) FROM plastics WHERE identifier <> ''`),
		coded: number(`SELECT count(*) FROM plastics WHERE activated_at IS NOT NULL AND identifier = ''`),
		tries: number(`SELECT coalesce(sum(guard_lifetime_wrong), 0) FROM plastics`),
	}
}

func sum(m map[string]int) int {
	total := 0
	for _, n := range m {
		total += n
	}
	return total
}
