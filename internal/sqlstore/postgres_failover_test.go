package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/audit"
	"github.com/firsttap/firsttap/internal/card"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
	"github.com/firsttap/firsttap/internal/pgfault"
	"github.com/firsttap/firsttap/internal/pgtest"
	"github.com/firsttap/firsttap/internal/storetest"
)

// ordered is one card of the fail-over test, and what its callers were told.
type ordered struct {
	id          ident.CardID
	code        card.Code
	told        atomic.Int64 // activations that were acknowledged
	unknown     atomic.Int64
	wrong       atomic.Int64 // wrong codes that were told as counted
	wrongUnsure atomic.Int64
}

// TestFailOver_LosesNothingThatWasAcknowledged kills the primary under load and promotes its synchronous
// standby, again and again in both directions. Two instances know both servers and find the one that leads.
func TestFailOver_LosesNothingThatWasAcknowledged(t *testing.T) {
	t.Parallel()
	rounds := number(t, "FAILOVERS", 2)
	leads := pgtest.Start(t)
	url := leads.Database(t)
	follows := pgtest.StartStandby(t, leads)
	both := fmt.Sprintf("host=%s,%s", filepath.Dir(leads.Socket()), filepath.Dir(follows.Socket()))
	address := leads.URL(url, both, "target_session_attrs=read-write", "pool_max_conns=4")
	maker := openPostgres(t, address)
	if err := maker.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	w := storetest.NewWorld(t, maker, storetest.WithPolicy("activation.breaker_tries", "0"))
	rules := []*issuance.Service{w.Service(openPostgres(t, address)), w.Service(openPostgres(t, address))}
	var cards []*ordered
	acknowledged, unknown := 0, 0
	for round := range rounds {
		fresh := make([]*ordered, 120)
		for i := range fresh {
			v, code := w.NewShippedCard(w.Customer, w.Account)
			fresh[i] = &ordered{id: v.Card.ID, code: code}
		}
		cards = append(cards, fresh...)
		halfway := make(chan struct{})
		var once sync.Once
		var done atomic.Int64
		var callers sync.WaitGroup
		for caller := range 6 {
			callers.Go(func() {
				for i := caller; i < len(fresh); i += 6 {
					if done.Add(1) == int64(len(fresh)/3) {
						once.Do(func() { close(halfway) })
					}
					fresh[i].use(t, w, rules, caller+i, fmt.Sprint("over-", round, "-", i))
				}
			})
		}
		<-halfway
		leads.Kill(t)
		follows.Promote(t)
		callers.Wait()
		leads, follows = follows, leads
		follows.Follow(t, leads) // the old primary comes back as the standby of the new one
		// A connection that was used a moment ago is lent as it is, and may lead to the one that was killed: whoever asks through it
		// is told to ask again. Who looks afterwards is not what this is about.
		w.Store = openPostgres(t, address)
	}
	for _, c := range cards {
		p := w.View(c.id).Plastic
		told := int(c.told.Load())
		switch active := p.EverActivated(); {
		case told > 1:
			t.Errorf("card %s: acknowledged %d times", c.id, told)
		case told == 1 && !active:
			t.Errorf("card %s: the activation was acknowledged and is lost", c.id)
		case told == 0 && active && c.unknown.Load() == 0:
			t.Errorf("card %s: activated, and everybody was told no", c.id)
		}
		if wrong := int64(p.Guard.LifetimeWrong); wrong < c.wrong.Load() || wrong > c.wrong.Load()+c.wrongUnsure.Load() {
			t.Errorf("card %s: %d wrong codes counted, %d told, %d unknown", c.id, wrong, c.wrong.Load(), c.wrongUnsure.Load())
		}
		if rows := activations(t, w, c.id); (rows == 1) != p.EverActivated() || rows > 1 {
			t.Errorf("card %s: %d rows of activation in the trail", c.id, rows)
		}
		acknowledged += told
		unknown += int(c.unknown.Load())
	}
	if acknowledged < len(cards)*9/10 {
		t.Errorf("only %d of %d cards were activated", acknowledged, len(cards))
	}
	t.Logf("fail-overs %d, cards %d, acknowledged %d, unknown answers %d; lost: 0, doubled: 0", rounds, len(cards), acknowledged, unknown)
}

// use guesses once and activates, every second card under an idempotency key, and repeats until it has an
// answer.
func (c *ordered) use(t *testing.T, w *storetest.World, rules []*issuance.Service, instance int, key string) {
	cmd := issuance.Command{Caller: w.Caller()}
	if instance%2 == 0 {
		cmd.Key = &issuance.Key{
			Door: "cards", Value: key, Fingerprint: []byte(key),
			Record: func(any, error) (issuance.Answer, bool) { return issuance.Answer{Status: 204}, true },
		}
	}
	call := func(n int, cmd issuance.Command, code card.Code) error {
		ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
		defer cancel()
		return rules[n%len(rules)].Activate(ctx, issuance.ActivateCard{Command: cmd, Card: c.id, Code: code})
	}
	switch err := call(instance/2, issuance.Command{Caller: w.Caller()}, storetest.WrongCode(c.code)); {
	case errors.Is(err, card.CodeWrong):
		c.wrong.Add(1)
	case passes(t, err):
		c.wrongUnsure.Add(1)
	}
	for try := range 200 {
		err := call(instance/2+try, cmd, c.code)
		switch {
		case err == nil || errors.As(err, new(*issuance.Replayed)):
			c.told.Add(1)
			return
		case errors.Is(err, card.AlreadyActivated) && c.unknown.Load() > 0 && cmd.Key == nil:
			return // the one whose answer was lost
		case !passes(t, err):
			return
		}
		c.unknown.Add(1)
		<-time.After(50 * time.Millisecond) // another process heals meanwhile, which no fake clock reaches
	}
	t.Errorf("card %s: never answered", c.id)
}

// passes wants a fault that passes, with a time after which to come again.
func passes(t *testing.T, err error) bool {
	t.Helper()
	e := fault.Of(err)
	if e != nil && (e.Reason == issuance.KeyInProgress || e.Reason == fault.ReasonUnavailable && e.RetryAfter > 0) {
		return true
	}
	t.Errorf("answered %v", err)
	return false
}

// activations counts the rows of the trail that say so.
func activations(t *testing.T, w *storetest.World, id ident.CardID) int {
	t.Helper()
	n := 0
	w.Read(func(ctx context.Context, tx issuance.ReadTx) error {
		var err error
		n, err = tx.CountAudit(ctx, w.Program.ID, id, "card.activate", audit.OK, time.UnixMicro(0))
		return err
	})
	return n
}

// A connection that goes nowhere ends also the work that nobody waits for with a clock in his hand.
// Soon afterwards its place in the pool is free.
func TestPostgres_ABlackHoleHoldsNobodyForEver(t *testing.T) {
	t.Parallel()
	cluster := pgtest.Start(t)
	for name, work := range map[string]func(context.Context, issuance.Store, func(issuance.ReadTx) error) error{
		"read": func(ctx context.Context, s issuance.Store, body func(issuance.ReadTx) error) error {
			return s.Read(ctx, body)
		},
		"write": func(ctx context.Context, s issuance.Store, body func(issuance.ReadTx) error) error {
			return s.Write(ctx, func(tx issuance.Tx) error { return body(tx) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			line, database := pgfault.NewLine(t, cluster), cluster.Database(t)
			db := openPostgres(t, line.URL(database, "pool_max_conns=1"))
			if err := db.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() {
				ended <- work(t.Context(), db.Issuance(), func(tx issuance.ReadTx) error {
					line.Lose()
					_, _, err := tx.Program(t.Context(), ident.ProgramID{UUID: ident.UUID{1}})
					return err
				})
			}()
			select {
			case err := <-ended:
				if !errors.Is(err, fault.ReasonUnavailable) {
					t.Errorf("in a black hole: %v", err)
				}
			case <-time.After(20 * time.Second):
				t.Fatal("it does not end")
			}
			if _, _, err := db.Bulk().Claim(t.Context(), "worker", time.Now(), time.Second); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}
