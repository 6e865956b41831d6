package e2e

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	processes = 4
	crowd     = 64
)

// raceRounds is how many cards are raced for; ROUNDS sets another number.
func raceRounds(t *testing.T) int {
	t.Helper()
	text := os.Getenv("ROUNDS")
	if text == "" {
		return 4
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("ROUNDS=%q is no number of rounds", text)
	}
	return n
}

// TestRaces_ExactlyOneOfManyProcessesWins lets 64 callers at once ask four processes on one database for the
// same thing: activate one card, guess one card, submit one shipment, use one idempotency key. The batch that the cards come from
// is made by the four together.
func TestRaces_ExactlyOneOfManyProcessesWins(t *testing.T) {
	t.Parallel()
	engines(t, race)
}

func race(t *testing.T, in *installation) {
	t.Helper()
	rounds := raceRounds(t)
	in.command(append([]string{"program", "create", "race"}, unlimited("activation.tries=5")...)...)
	debit, cards := debitCaller(in.key(t, "race", "--door", "debit")), cardsCaller(in.key(t, "race", "--door", "cards"))
	var servers []*server
	for range processes {
		servers = append(servers, in.start())
	}
	references := orderRaced(t, servers, debit, rounds)
	boxes, _ := drafts(t, servers[0], cards, rounds, 1)
	for round := range rounds {
		of := references[round/racedBatch]
		id := func(what string) string { return fmt.Sprintf("%s-%05d", what, round) }
		body := func(identifier, reference, mail string) map[string]any {
			return map[string]any{
				"card_identifier": identifier, "reference_batch": reference, "pin": "7391",
				"customer": map[string]any{"first_name": "Ana", "last_name": "Torres", "email": mail},
			}
		}
		call := func(i int, body map[string]any, extra ...string) answer {
			return insist(t, debit, servers[i%processes].url+"/debit/v1/activateCardForCustomer", body, extra...)
		}
		wantTally(t, "activate one card", crowded(func(i int) string {
			return outcome(call(i, body(id("A"), of, fmt.Sprintf("%d-%d@example.com", round, i))))
		}), map[string]int{"200": 1, "already": crowd - 1})
		wantTally(t, "guess one card", crowded(func(i int) string {
			return outcome(call(i, body(id("G"), strings.Repeat("0", 32), fmt.Sprintf("g%d-%d@example.com", round, i))))
		}), map[string]int{"wrong": 5, "locked": crowd - 5})
		wantTally(t, "submit one shipment", crowded(func(i int) string {
			return outcome(insist(t, cards, servers[i%processes].url+"/card-shipments/"+boxes[round]+"/submit", nil, "Idempotency-Key", fmt.Sprintf("%s-%d", id("box"), i)))
		}), map[string]int{"200": 1, "submitted": crowd - 1})
		first := sync.Map{}
		wantTally(t, "use one key", crowded(func(i int) string {
			for {
				a := call(i, body(id("K"), of, fmt.Sprintf("k%d@example.com", round)), "Idempotency-Key", id("key"))
				if a.status == 409 {
					pause(5 * time.Millisecond)
					continue // another one is about it
				}
				first.Store(string(a.body), true)
				return outcome(a) + a.header.Get("Idempotent-Replayed")
			}
		}), map[string]int{"200": 1, "200true": crowd - 1})
		bodies := 0
		first.Range(func(any, any) bool { bodies++; return true })
		if bodies != 1 {
			t.Errorf("one key got %d different answers", bodies)
		}
	}
	look := in.open(t)
	for what, q := range map[string]string{
		"cards activated otherwise than once": fmt.Sprintf(`SELECT abs((SELECT count(*) FROM audit WHERE action = 'card.activate' AND outcome = 'ok') - %d)`, 2*rounds),
		"activated plastics":                  fmt.Sprintf(`SELECT abs((SELECT count(*) FROM plastics WHERE activated_at IS NOT NULL) - %d)`, 2*rounds),
		"customers":                           fmt.Sprintf(`SELECT abs((SELECT count(*) FROM customers) - %d)`, 2*rounds+1),
		"shipments placed":                    fmt.Sprintf(`SELECT abs((SELECT count(*) FROM audit WHERE action = 'shipment.submit' AND outcome = 'ok') - %d)`, rounds),
		"codes issued otherwise than once":    fmt.Sprintf(`SELECT abs((SELECT count(*) FROM plastics WHERE state = 'requested' AND code_hash IS NOT NULL) - %d)`, rounds),
		"guards that miscounted":              `SELECT count(*) FROM plastics WHERE identifier LIKE 'G-%' AND guard_lifetime_wrong <> 5`,
		"cards made twice or never":           fmt.Sprintf(`SELECT abs((SELECT count(*) FROM plastics) - %d)`, 4*rounds),
	} {
		if n := look.number(q); n != 0 {
			t.Errorf("%s: off by %d", what, n)
		}
	}
	t.Logf("processes %d, callers %d, rounds %d of 4 races; won %d, wrong codes counted %d, replays %d; lost: 0, doubled: 0",
		processes, crowd, rounds, 3*rounds, 5*rounds, (crowd-1)*rounds)
}

// insist asks again whoever is told that the server is too busy: on a loaded machine some wait longer than a write may.
func insist(t *testing.T, c caller, url string, body any, extra ...string) answer {
	t.Helper()
	for {
		a, err := c.try(t.Context(), "POST", url, body, extra...)
		if err != nil {
			t.Error(err)
			return a
		}
		if a.header.Get("Retry-After") == "" || a.status < 500 {
			return a
		}
		pause(100 * time.Millisecond)
	}
}

// racedBatch is how many rounds one batch serves.
const racedBatch = 300

// orderRaced orders the cards, and waits until the processes have made them.
func orderRaced(t *testing.T, servers []*server, debit caller, rounds int) (references []string) {
	t.Helper()
	for from := 0; from < rounds; from += racedBatch {
		var items []any
		for n := from; n < min(rounds, from+racedBatch); n++ {
			for _, what := range []string{"A", "G", "K"} {
				items = append(items, map[string]any{"card_identifier": fmt.Sprintf("%s-%05d", what, n)})
			}
		}
		a := debit.must(t, 200, "POST", servers[0].url+"/debit/v1/bulkOrderCard", map[string]any{"delivery_location": location(), "batch": items}).json(t)
		references = append(references, a["payload"].(map[string]any)["reference"].(string))
	}
	for _, reference := range references {
		awaitBatch(t, servers[0], debit, reference)
	}
	return references
}

// awaitBatch waits until a batch is made.
func awaitBatch(t *testing.T, s *server, debit caller, reference string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; pause(20 * time.Millisecond) {
		state := debit.must(t, 200, "GET", s.url+"/debit/v1/bulkOrderCard/"+reference, nil).json(t)["payload"].(map[string]any)
		if state["status"] == 4.0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the batch is not made: %v", state)
		}
	}
}

// crowded runs the crowd at once, and counts what came out.
func crowded(one func(i int) string) map[string]int {
	outcomes := make([]string, crowd)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range crowd {
		all.Go(func() {
			<-start
			outcomes[i] = one(i)
		})
	}
	close(start)
	all.Wait()
	counts := map[string]int{}
	for _, o := range outcomes {
		counts[o]++
	}
	return counts
}

// outcome is the answer of an activation in a word.
func outcome(a answer) string {
	for text, word := range map[string]string{
		"already been activated": "already", "Mismatch in reference batch.": "wrong", "activation is locked": "locked",
		"CARD_SHIPMENT_ALREADY_SUBMITTED": "submitted",
	} {
		if strings.Contains(string(a.body), text) {
			return word
		}
	}
	return strconv.Itoa(a.status)
}

func wantTally(t *testing.T, what string, got, want map[string]int) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}
