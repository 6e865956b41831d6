package sqlstore_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/history"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/pgfault"
	"github.com/firsttap/firsttap/internal/pgtest"
	"github.com/firsttap/firsttap/internal/storetest"
)

// number reads a setting of the long form from the environment.
func number(t *testing.T, name string, short int) int {
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

// stormy is a world whose instances reach their server by a line that breaks.
type stormy struct {
	*storetest.World
	t         *testing.T
	instances []*issuance.Service
	keys      atomic.Int64
	replayed  atomic.Int64 // answers that came from the record of an idempotency key
	repeated  atomic.Int64 // calls that were sent again under their key
}

// impatient makes what a fault leaves behind pass soon, so that a storm has many.
var impatient = []string{
	"pool_max_conns=4", "statement_timeout=400", "lock_timeout=300", "idle_in_transaction_session_timeout=600",
}

// TestStorm_OneCardStaysOneCard lets three instances serve callers who ask the same cards, while their server
// and the line to it break again and again. Whatever a caller was told must be what one card would have told.
func TestStorm_OneCardStaysOneCard(t *testing.T) {
	t.Parallel()
	strikes, seed := number(t, "FAULTS", 25), uint64(number(t, "SEED", 1))
	cluster := pgtest.Start(t, "max_connections=40")
	line, database := pgfault.NewLine(t, cluster), cluster.Database(t)
	calm := openPostgres(t, cluster.URL(database, "pool_max_conns=2"))
	if err := calm.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := &stormy{t: t, World: storetest.NewWorld(t, calm,
		storetest.WithPolicy("activation.tries", fmt.Sprint(history.Limit)), storetest.WithPolicy("activation.breaker_tries", "0"))}
	type sent struct {
		id   ident.CardID
		code card.Code
		told *history.History
	}
	const players = 3
	cards := make([]*sent, 4*strikes+players)
	for i := range cards {
		v, code := s.NewShippedCard(s.Customer, s.Account)
		cards[i] = &sent{id: v.Card.ID, code: code}
	}
	for range 3 {
		s.instances = append(s.instances, s.Service(openPostgres(t, line.URL(database, impatient...))))
	}
	var next atomic.Int64
	over := make(chan struct{})
	var playing sync.WaitGroup
	for player := range players {
		playing.Go(func() {
			throws := &dice{r: rand.New(rand.NewPCG(seed, uint64(player)+1))}
			for n := int(next.Add(1)) - 1; n < len(cards); n = int(next.Add(1)) - 1 {
				c := cards[n]
				c.told = history.Play(t.Context(), 6, 9, throws.below, func(ctx context.Context, caller int, a history.Ask) history.Answer {
					return s.ask(ctx, caller+n, c.id, c.code, a, throws.below(2) == 0)
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
	storm := pgfault.Storm{Line: line, Cluster: cluster, Database: database, Tables: []string{"plastics"}, Below: throws.below}
	struck := storm.Blow(t, strikes)
	close(over)
	playing.Wait()

	played, calls, unknown, counted := 0, 0, 0, 0
	for _, c := range cards {
		if c.told == nil {
			continue
		}
		n, lost := c.told.Counts()
		played, calls, unknown = played+1, calls+n, unknown+lost
		// What is left after the storm is asked as well: it belongs to the same card.
		for _, a := range []history.Ask{history.Look, history.Unblock, history.Guess, history.Activate, history.Look} {
			if got := c.told.Record(0, a, func() history.Answer { return s.once(t.Context(), s.Service(calm), c.id, c.code, a, nil) }); got.Outcome == history.Unknown {
				t.Errorf("after the storm: %s is not answered", a)
			}
		}
		if err := c.told.Check(time.Minute); err != nil {
			t.Errorf("card %s: %v", c.id, err)
		}
		told, perhaps := c.told.Tries()
		if tries := s.View(c.id).Plastic.Guard.LifetimeWrong; tries < told || tries > told+perhaps {
			t.Errorf("card %s: %d wrong codes were counted, %d told as wrong, %d unknown", c.id, tries, told, perhaps)
		}
		counted += told
	}
	if played < players || pgfault.Sum(struck) != strikes {
		t.Errorf("only %d cards and %d faults", played, pgfault.Sum(struck))
	}
	t.Logf("seed %d: faults %d over %d cards, each linearizable; calls %d, answered %d, unknown %d, repeated under their key %d, replayed %d; wrong codes told %d, each counted once; lost: 0, doubled: 0",
		seed, pgfault.Sum(struck), played, calls, calls-unknown, unknown, s.repeated.Load(), s.replayed.Load(), counted)
	for name, n := range struck {
		t.Logf("%4d × %s", n, name)
	}
}

// ask puts one question to an instance. Under an idempotency key it is put again, to any instance, until it is
// answered.
func (s *stormy) ask(ctx context.Context, instance int, id ident.CardID, code card.Code, a history.Ask, keyed bool) history.Answer {
	if !keyed || a == history.Look {
		return s.once(ctx, s.instances[instance%len(s.instances)], id, code, a, nil)
	}
	key := &issuance.Key{
		Door: "cards", Value: fmt.Sprint("storm-", s.keys.Add(1)), Fingerprint: []byte(a),
		Record: func(result any, refusal error) (issuance.Answer, bool) {
			body, err := json.Marshal(s.answerOf(a, result, refusal))
			return issuance.Answer{Status: 200, Body: body}, err == nil
		},
	}
	for try := range 600 { // a server that starts again on a busy machine takes its time
		if got := s.once(ctx, s.instances[(instance+try)%len(s.instances)], id, code, a, key); got.Outcome != history.Unknown {
			return got
		}
		s.repeated.Add(1)
		<-time.After(50 * time.Millisecond) // another process heals meanwhile, which no fake clock reaches
	}
	s.t.Errorf("%s under a key is never answered", a)
	return history.Answer{Outcome: history.Unknown}
}

// once calls one rule, within the time that a request has.
func (s *stormy) once(ctx context.Context, rules *issuance.Service, id ident.CardID, code card.Code, a history.Ask, key *issuance.Key) history.Answer {
	ctx, cancel := context.WithTimeout(ctx, 8*time.Second)
	defer cancel()
	cmd := issuance.Command{Caller: s.Caller(), Key: key}
	turn := issuance.SwitchCard{Command: cmd, Card: id, Message: "stop"}
	var result any
	var err error
	switch a {
	case history.Activate:
		err = rules.Activate(ctx, issuance.ActivateCard{Command: cmd, Card: id, Code: code})
	case history.Guess:
		err = rules.Activate(ctx, issuance.ActivateCard{Command: cmd, Card: id, Code: storetest.WrongCode(code)})
	case history.Look:
		result, err = rules.Card(ctx, s.Program.ID, id)
	case history.Freeze:
		result, err = rules.Freeze(ctx, turn)
	case history.Unfreeze:
		result, err = rules.Unfreeze(ctx, turn)
	case history.Block:
		result, err = rules.Block(ctx, turn)
	case history.Unblock:
		result, err = rules.Unblock(ctx, turn)
	}
	var replay *issuance.Replayed
	if errors.As(err, &replay) {
		s.replayed.Add(1)
		var answer history.Answer
		if err := json.Unmarshal(replay.Answer.Body, &answer); err != nil {
			s.t.Error(err)
		}
		return answer
	}
	return s.answerOf(a, result, err)
}

// answerOf is the answer in the words of the model. A fault must be one that passes, and say when to come again.
func (s *stormy) answerOf(a history.Ask, result any, err error) history.Answer {
	e := fault.Of(err)
	switch {
	case e == nil:
		if at, shown := result.(issuance.CardAt); shown {
			return history.Answer{
				Outcome: history.Shown, Activated: at.Plastic.EverActivated(), Frozen: at.Card.FrozenBy != "", Blocked: at.Card.Block != card.Block{},
			}
		}
		return history.Answer{Outcome: history.Done}
	case e.Reason == card.CodeWrong:
		tries, _ := e.Detail.(card.Attempts)
		return history.Answer{Outcome: history.Wrong, Left: tries.Left}
	case e.Reason == card.GuardLocked:
		return history.Answer{Outcome: history.Locked}
	case e.Reason == card.IsBlocked:
		return history.Answer{Outcome: history.Stopped}
	case e.Reason == card.AlreadyActivated:
		return history.Answer{Outcome: history.Already}
	case e.Reason != issuance.KeyInProgress && (e.Reason != fault.ReasonUnavailable || e.RetryAfter == 0):
		s.t.Errorf("%s is answered %v", a, err)
	}
	return history.Answer{Outcome: history.Unknown}
}
