package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/firsttap/firsttap/internal/pgtest"
)

// soakEvents is how many events a soak makes; SOAK sets another number.
func soakEvents(t *testing.T) int {
	t.Helper()
	text := os.Getenv("SOAK")
	if text == "" {
		return 2000
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("SOAK=%q is no number of events", text)
	}
	return n
}

const soakDrivers = 16

// soak is two instances on one database, five receivers, and what the outside knows.
type soak struct {
	t         *testing.T
	in        *installation
	cards     caller
	instances [2]atomic.Pointer[server]
	receivers []*receiver

	mu      sync.Mutex
	changes map[string]bool // acknowledged by the server
	unknown int             // calls whose answer was lost
	kills   int
}

func TestSoak_WebhooksOnSQLite(t *testing.T) {
	t.Parallel()
	runSoak(t, newInstallation(t))
}

func TestSoak_WebhooksOnPostgres(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	cluster := pgtest.Start(t)
	in.url = cluster.URL(cluster.Database(t))
	runSoak(t, in)
}

// runSoak freezes and unfreezes cards through two instances that are killed at random, with five webhooks of
// which one fails half the time and one hangs. Every change that was acknowledged must arrive at each of the
// others, at least once, with a signature that fits.
func runSoak(t *testing.T, in *installation) {
	t.Helper()
	s := &soak{t: t, in: in, changes: map[string]bool{}}
	policies := []string{"program", "create", "soak", "--policy", "webhooks.allow_private_targets=true"}
	for _, tier := range []string{"default", "issuance", "operations", "identity", "account", "recovery"} {
		policies = append(policies, "--policy", "rate_limits."+tier+"=unlimited")
	}
	in.command(policies...)
	s.cards = cardsCaller(in.key(t, "soak"))
	for i := range s.instances {
		s.instances[i].Store(in.start())
	}
	held := s.setUp()
	started := time.Now()
	s.drive(held, soakEvents(t))
	driven := time.Since(started)
	s.settle(started)
	s.judge(driven, time.Since(started))
}

// setUp makes a card for each driver and then the webhooks, so that they hear of nothing else.
func (s *soak) setUp() []string {
	t, url := s.t, s.url(0)
	var held []string
	text := func(a answer, name string) string {
		v, _ := a.json(t)[name].(string)
		return v
	}
	for i := range soakDrivers {
		user := text(s.cards.must(t, 200, "POST", url+"/users", map[string]any{
			"email": "ana@example.com", "phoneNumber": fmt.Sprintf("+5255%08d", 10_000_000+i), "firstName": "Ana", "lastName": "Torres",
		}), "id")
		s.cards.must(t, 200, "POST", url+"/users/"+user+"/application", map[string]any{})
		s.cards.must(t, 204, "POST", url+"/simulation/users/"+user+"/application", map[string]any{"status": "APPROVED"})
		account := text(s.cards.must(t, 200, "POST", url+"/accounts", map[string]any{"ownerId": user}, "Idempotency-Key", "a-"+user), "id")
		held = append(held, text(s.cards.must(t, 200, "POST", url+"/cards", map[string]any{
			"userId": user, "accountId": account, "type": "PHYSICAL",
		}, "Idempotency-Key", "c-"+user), "id"))
	}
	s.receivers = []*receiver{
		newReceiver(t, "healthy-1", healthy), newReceiver(t, "healthy-2", healthy), newReceiver(t, "healthy-3", healthy),
		newReceiver(t, "failing-half", failingHalf), newReceiver(t, "hanging", hanging),
	}
	for _, r := range s.receivers {
		made := s.cards.must(t, 200, "POST", url+"/webhooks", map[string]any{"name": r.name, "url": r.URL})
		r.mu.Lock()
		r.secret, r.id = text(made, "signingSecret"), text(made, "id")
		r.mu.Unlock()
	}
	return held
}

func (s *soak) url(i int) string { return s.instances[i%2].Load().url }

// drive makes about so many changes, while one of the instances after the other is killed and started again.
func (s *soak) drive(held []string, events int) {
	var left atomic.Int64
	left.Store(int64(events))
	var drivers, killer sync.WaitGroup
	for i, card := range held {
		drivers.Go(func() {
			freeze := true
			for n := 0; left.Load() > 0; n++ {
				if !s.change(i+n, card, freeze) {
					pause(20 * time.Millisecond) // the instance is being started again
					continue
				}
				left.Add(-1)
				freeze = !freeze // only now: to freeze a frozen card is no change, and nothing is announced
			}
		})
	}
	stop := make(chan struct{})
	killer.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Duration(500+rand.IntN(1500)) * time.Millisecond):
				s.killOne()
			}
		}
	})
	drivers.Wait()
	close(stop)
	killer.Wait()
	if s.kills == 0 {
		s.killOne() // a short soak kills at least once, with deliveries on their way
	}
}

func (s *soak) killOne() {
	i := rand.IntN(2)
	s.instances[i].Load().kill()
	s.instances[i].Store(s.in.start())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kills++
}

// change freezes or unfreezes a card, and notes what was acknowledged; false when nobody knows.
func (s *soak) change(through int, card string, freeze bool) (acknowledged bool) {
	act := "/unfreeze"
	if freeze {
		act = "/freeze"
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	a, err := s.cards.try(ctx, "POST", s.url(through)+"/cards/"+card+act, nil)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err != nil || a.status == 503:
		s.unknown++
	case a.status == 200:
		if c := changeIn(a.body); c != "" {
			s.changes[c] = true
		}
	default:
		s.t.Errorf("%s: %d %s", act, a.status, a.body)
	}
	return err == nil && a.status != 503
}

// settle waits until everything that was acknowledged has arrived where it can arrive. The clock of the
// sandbox is moved on, which brings the retries of the receiver that fails.
func (s *soak) settle(started time.Time) {
	patience := 90*time.Second + 5*time.Since(started)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-tick.C {
		missing := 0
		for _, r := range s.receivers[:4] {
			missing += r.missing(s.changes)
		}
		if missing == 0 {
			return
		}
		if s.receivers[0].missing(s.changes)+s.receivers[1].missing(s.changes)+s.receivers[2].missing(s.changes) == 0 {
			s.in.command("sandbox", "clock", "advance", "soak", "24h")
			s.cards.must(s.t, 200, "POST", s.url(0)+"/webhooks/"+s.receivers[3].id+"/deliveries/replay", map[string]any{
				"from": "2000-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z",
			}) // of thousands of events a few fail 13 times
		}
	}
}

func (s *soak) judge(driven, whole time.Duration) {
	s.t.Logf("%d changes acknowledged in %s, %d answers lost, %d kills; all settled after %s", len(s.changes), driven.Round(time.Millisecond), s.unknown, s.kills, whole.Round(time.Millisecond))
	for _, r := range s.receivers {
		missing, duplicates := r.missing(s.changes), r.duplicates()
		r.mu.Lock()
		s.t.Logf("%-12s attempts %d, events acknowledged %d, duplicates %d, missing %d, wrong signatures %d", r.name, r.attempts, len(r.events), duplicates, missing, len(r.wrong))
		if len(r.wrong) > 0 {
			s.t.Errorf("%s: %d attempts were wrong, as in %q", r.name, len(r.wrong), r.wrong[0])
		}
		r.mu.Unlock()
		if r.name != "hanging" && missing > 0 {
			s.t.Errorf("%s misses %d of %d acknowledged changes", r.name, missing, len(s.changes))
		}
	}
	s.attemptsAreSeen()
}

// attemptsAreSeen looks at the hanging receiver through the API: its attempts are there, as time-outs.
// The attempts of an instance that was killed end unseen; those of its successor begin when its leases have
// passed and end with their time-out, so the look is taken again for a while.
func (s *soak) attemptsAreSeen() {
	for deadline := time.Now().Add(90 * time.Second); s.timeoutsSeen() == 0; pause(time.Second) {
		if time.Now().After(deadline) {
			s.t.Error("the attempts of the hanging receiver are not seen")
			return
		}
	}
}

// timeoutsSeen counts the deliveries of the hanging receiver that the API shows as timed out.
func (s *soak) timeoutsSeen() int {
	timeouts, cursor := 0, ""
	for {
		var page struct {
			Items []struct {
				LastFailure  string
				AttemptCount int
			}
			NextCursor string
		}
		answer := s.cards.must(s.t, 200, "GET", s.url(0)+"/webhooks/"+s.receivers[4].id+"/deliveries?limit=100"+cursor, nil)
		if err := json.Unmarshal(answer.body, &page); err != nil {
			s.t.Fatal(err)
		}
		for _, d := range page.Items {
			if d.AttemptCount > 0 && d.LastFailure == "timeout" {
				timeouts++
			}
		}
		if page.NextCursor == "" {
			break
		}
		cursor = "&cursor=" + page.NextCursor
	}
	return timeouts
}
