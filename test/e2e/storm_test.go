package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/history"
	"github.com/firsttap/firsttap/internal/pgfault"
	"github.com/firsttap/firsttap/internal/pgtest"
)

// setting reads a number of the long form from the environment.
func setting(t *testing.T, name string, short int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return short
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s=%q is no number", name, text)
	}
	return n
}

// dice are seeded randomness that goroutines share.
type dice struct {
	mu sync.Mutex
	r  *rand.Rand
}

func (d *dice) below(n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.r.IntN(n)
}

// storm is three processes whose line to their database breaks, and those who call them.
type storm struct {
	t       *testing.T
	servers []*server
	cards   caller
	keys    atomic.Int64

	repeated, replayed, told503 atomic.Int64
}

// TestStorm_ThroughTheDoor is the storm of the store through real processes and over HTTP: whatever three
// servers answered about a card, while PostgreSQL and the line to it broke, must be what one card would have
// answered. A fault is told as 503 with Retry-After, and as nothing else.
func TestStorm_ThroughTheDoor(t *testing.T) {
	t.Parallel()
	strikes, seed := setting(t, "FAULTS", 15), uint64(setting(t, "SEED", 1))
	cluster := pgtest.Start(t, "max_connections=60")
	line, database := pgfault.NewLine(t, cluster), cluster.Database(t)
	calm := newInstallation(t)
	calm.url = cluster.URL(database)
	calm.command(append([]string{"program", "create", "storm"}, unlimited(fmt.Sprint("activation.tries=", history.Limit))...)...)
	s := &storm{t: t, cards: cardsCaller(calm.key(t, "storm", "--door", "cards"))}
	still := calm.start()
	sent := shippedCards(t, still, s.cards, 4*strikes+3)
	shaken := *calm
	shaken.url = line.URL(database, "pool_max_conns=4", "statement_timeout=400", "lock_timeout=300", "idle_in_transaction_session_timeout=600")
	for range 3 {
		s.servers = append(s.servers, shaken.start())
	}
	told := make([]*history.History, len(sent))
	var next atomic.Int64
	over := make(chan struct{})
	var playing sync.WaitGroup
	for player := range 3 {
		playing.Go(func() {
			throws := &dice{r: rand.New(rand.NewPCG(seed, uint64(player)+1))}
			for n := int(next.Add(1)) - 1; n < len(sent); n = int(next.Add(1)) - 1 {
				told[n] = history.Play(t.Context(), 6, 9, throws.below, func(ctx context.Context, caller int, a history.Ask) history.Answer {
					return s.ask(ctx, caller+n, sent[n], a, throws.below(2) == 0)
				})
				select {
				case <-over:
					return
				default:
				}
			}
		})
	}
	throws := &dice{r: rand.New(rand.NewPCG(seed, 0))}
	blown := pgfault.Storm{Line: line, Cluster: cluster, Database: database, Tables: []string{"plastics"}, Below: throws.below}
	struck := blown.Blow(t, strikes)
	close(over)
	playing.Wait()
	s.judge(calm, still, sent, told, struck, seed)
}

// judge asks every card once more, in the calm, and looks whether one card could have given all its answers.
func (s *storm) judge(calm *installation, still *server, sent []shipped, told []*history.History, struck map[string]int, seed uint64) {
	s.t.Helper()
	tries := calm.open(s.t).texts(`SELECT encode(card_id, 'hex'), guard_lifetime_wrong FROM plastics`)
	played, calls, unknown, counted := 0, 0, 0, 0
	for i, h := range told {
		if h == nil {
			continue
		}
		n, lost := h.Counts()
		played, calls, unknown = played+1, calls+n, unknown+lost
		wrong, perhaps := h.Tries()
		if got := tries[strings.ReplaceAll(sent[i].id, "-", "")]; got < wrong || got > wrong+perhaps {
			s.t.Errorf("card %s: %d wrong codes were counted, %d told as wrong, %d unknown", sent[i].id, got, wrong, perhaps)
		}
		counted += wrong
		for _, a := range []history.Ask{history.Look, history.Unblock, history.Activate, history.Look} {
			if got := h.Record(0, a, func() history.Answer { return s.once(s.t.Context(), still, sent[i], a, "") }); got.Outcome == history.Unknown {
				s.t.Errorf("after the storm: %s is not answered", a)
			}
		}
		if err := h.Check(time.Minute); err != nil {
			s.t.Errorf("card %s: %v", sent[i].id, err)
		}
	}
	if played < 3 || s.told503.Load() == 0 {
		s.t.Errorf("%d cards were asked, and %d answers were 503: the storm met no work", played, s.told503.Load())
	}
	s.t.Logf("seed %d: faults %d over %d cards through 3 processes, each linearizable; calls %d, answered %d, 503 with Retry-After %d, repeated under their key %d, replayed %d; wrong codes told %d, each counted once; lost: 0, doubled: 0",
		seed, pgfault.Sum(struck), played, calls, calls-unknown, s.told503.Load(), s.repeated.Load(), s.replayed.Load(), counted)
	for name, n := range struck {
		s.t.Logf("%4d × %s", n, name)
	}
}

// ask puts one question to a process. Under an idempotency key it is put again, to any process, until it is
// answered.
func (s *storm) ask(ctx context.Context, to int, c shipped, a history.Ask, keyed bool) history.Answer {
	if !keyed || a == history.Look {
		return s.once(ctx, s.servers[to%len(s.servers)], c, a, "")
	}
	key := fmt.Sprint("storm-", s.keys.Add(1))
	for try := range 600 { // a server that starts again on a busy machine takes its time
		if got := s.once(ctx, s.servers[(to+try)%len(s.servers)], c, a, key); got.Outcome != history.Unknown {
			return got
		}
		s.repeated.Add(1)
		pause(50 * time.Millisecond)
	}
	s.t.Errorf("%s under a key is never answered", a)
	return history.Answer{Outcome: history.Unknown}
}

// once makes one call.
func (s *storm) once(ctx context.Context, to *server, c shipped, a history.Ask, key string) history.Answer {
	card := to.url + "/cards/" + c.id
	method, path, body := "POST", "", any(nil)
	switch a {
	case history.Look:
		method = "GET"
	case history.Activate:
		path, body = "/activate", map[string]any{"activationCode": c.code}
	case history.Guess:
		path, body = "/activate", map[string]any{"activationCode": c.wrongCode()}
	case history.Freeze, history.Unfreeze, history.Block, history.Unblock:
		path = "/" + string(a)
	}
	var extra []string
	if key != "" {
		extra = []string{"Idempotency-Key", key}
	}
	got, err := s.cards.try(ctx, method, card+path, body, extra...)
	if err != nil {
		s.t.Errorf("%s: %v: the process did not answer", a, err)
		return history.Answer{Outcome: history.Unknown}
	}
	if got.header.Get("Idempotent-Replayed") == "true" {
		s.replayed.Add(1)
	}
	return s.answerOf(a, got)
}

// answerOf is an answer of the door in the words of the model. A fault must say when to come again.
func (s *storm) answerOf(a history.Ask, got answer) history.Answer {
	if got.status == 204 {
		return history.Answer{Outcome: history.Done}
	}
	body := got.json(s.t)
	if got.status == 200 {
		return history.Answer{
			Outcome: history.Shown, Activated: body["physicalCardStatus"] == "ACTIVATED", Frozen: body["frozen"] == true, Blocked: body["status"] == "BLOCKED",
		}
	}
	told, _ := body["error"].(map[string]any)
	detail, _ := told["detail"].(map[string]any)
	switch told["code"] {
	case "INVALID_ACTIVATION_CODE":
		left, _ := detail["attemptsRemaining"].(float64)
		return history.Answer{Outcome: history.Wrong, Left: int(left)}
	case "ACTIVATION_LOCKED":
		return history.Answer{Outcome: history.Locked}
	case "CARD_CANNOT_BE_ACTIVATED":
		switch detail["reason"] {
		case "BLOCKED":
			return history.Answer{Outcome: history.Stopped}
		case "ALREADY_ACTIVATED":
			return history.Answer{Outcome: history.Already}
		}
	case "IDEMPOTENCY_REQUEST_IN_PROGRESS":
		return history.Answer{Outcome: history.Unknown}
	}
	if got.status != 503 || got.header.Get("Retry-After") == "" {
		s.t.Errorf("%s is answered %d %s", a, got.status, got.body)
	}
	s.told503.Add(1)
	return history.Answer{Outcome: history.Unknown}
}
